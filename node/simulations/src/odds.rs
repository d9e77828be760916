//! Closed forms: how likely committees are captured, and what a lie returns.

use crate::{
	agents::Lie,
	rules::{Market, Rules},
};

/// The least votes that are more than half of `seats`.
pub fn majority(seats: usize) -> usize {
	seats / 2 + 1
}

/// `n` over `k`.
pub fn choose(n: usize, k: usize) -> f64 {
	if k > n {
		return 0.0;
	}
	(0..k.min(n - k)).fold(1.0, |product, i| product * (n - i) as f64 / (i + 1) as f64)
}

/// How likely a majority of `seats`, each drawn by itself, belongs to who has the part `share` of
/// the bond: the upper tail of the binomial distribution.
pub fn captured(seats: usize, share: f64) -> f64 {
	(majority(seats)..=seats)
		.map(|k| choose(seats, k) * share.powi(k as i32) * (1.0 - share).powi((seats - k) as i32))
		.sum()
}

/// The same where `theirs` of `all` verifiers with equal bonds belong to one, and no verifier is
/// drawn twice: the upper tail of the hypergeometric distribution.
pub fn captured_without_replacement(seats: usize, theirs: usize, all: usize) -> f64 {
	(majority(seats)..=seats)
		.map(|k| choose(theirs, k) * choose(all - theirs, seats - k) / choose(all, seats))
		.sum()
}

/// What becomes of an audited lie whose operator may have a ring behind it.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Lying {
	/// What the lie brings where it stands, in fees (`g`).
	pub gain: f64,
	/// What its operator is not paid where the lie is found, in fees (`l`).
	pub lost: f64,
	/// The ring's part of verifiers' bonds (`φ`).
	pub share: f64,
	/// How likely somebody outside the committee appeals where the lie was upheld (`w`).
	pub watched: f64,
}

impl Lying {
	/// A lie of this kind by an operator with a ring of this share.
	pub fn of(rules: &Rules, market: &Market, lie: Lie, share: f64) -> Self {
		// The cost that a found liar has saved is not lost.
		let lost = if lie.skips() { rules.operator - market.cost } else { 0.0 };
		let gain = lie.gain(rules.contributors, market.cost);
		Self { gain, lost, share, watched: market.watched }
	}

	/// Whether the liar gains by appealing against what the first committee found: by what the lie
	/// brings and costs, where the last committee is captured (`p`), against the deposit where it is
	/// not: `p·(g + m/a + l) > (1 − p)·d`.
	pub fn appeals(&self, rules: &Rules) -> bool {
		let last = captured(rules.appeal, self.share);
		last * (self.gain + rules.penalty() + self.lost) > (1.0 - last) * rules.deposit
	}

	/// How likely the lie is found once audited. The first committee is captured with probability
	/// `p'`, and all of it is the ring's with `φ^c`. Whoever honest sits on it appeals:
	/// `(1 − p')·(1 − p) + (p' − φ^c·(1 − w))·(1 − p)`, the first term without its second factor where
	/// the liar does not appeal.
	pub fn found(&self, rules: &Rules) -> f64 {
		let first = captured(rules.committee, self.share);
		let rightly = 1.0 - captured(rules.appeal, self.share);
		let unseen = self.share.powi(rules.committee as i32) * (1.0 - self.watched);
		let kept = if self.appeals(rules) { rightly } else { 1.0 };
		(1.0 - first) * kept + (first - unseen) * rightly
	}

	/// What the lie returns beyond honesty, in fees, where it is found with probability `found` once
	/// audited and nothing of the penalty comes back:
	/// `(1 − a·found)·g − a·found·(m/a + l) − a·(1 − p')·(1 − p)·d`, the last for appeals in vain.
	pub fn returns(&self, rules: &Rules) -> f64 {
		let caught = rules.audit * self.found(rules);
		let vain = if self.appeals(rules) {
			let first = captured(rules.committee, self.share);
			(1.0 - first) * (1.0 - captured(rules.appeal, self.share))
		} else {
			0.0
		};
		(1.0 - caught) * self.gain
			- caught * (rules.penalty() + self.lost)
			- rules.audit * vain * rules.deposit
	}

	/// The least probability of being found, once audited, at which the lie loses:
	/// `g / (m·(1 − back) + a·(g + l))`, where the part `back` of the penalty comes back to the liar
	/// and no appeal is lost.
	pub fn least_found(&self, rules: &Rules, back: f64) -> f64 {
		self.gain / (rules.margin * (1.0 - back) + rules.audit * (self.gain + self.lost))
	}

	/// The ring's part of the bond from which on the lie pays, whatever `share` is: where
	/// [`Lying::returns`] crosses zero, by bisection. One where it never pays.
	pub fn pays_from(&self, rules: &Rules) -> f64 {
		let pays = |share| Self { share, ..*self }.returns(rules) >= 0.0;
		if !pays(1.0) {
			return 1.0;
		}
		let (mut low, mut high) = (0.0, 1.0);
		for _ in 0..60 {
			let middle = (low + high) / 2.0;
			if pays(middle) {
				high = middle;
			} else {
				low = middle;
			}
		}
		high
	}
}

/// The least deposit, in fees, at which a ring with the part `share` of the bond does not gain by
/// appealing wherever a true claim was upheld: `p·r·m/a / (1 − p)`. What it stands to win is what those
/// who find a claim false are given.
pub fn least_deposit(rules: &Rules, share: f64) -> f64 {
	let last = captured(rules.appeal, share);
	last * rules.rewarded * rules.penalty() / (1.0 - last)
}

/// The fee, in OPEN, from which on a ring with the part `share` of the bond gains by finding true claims
/// false, where `bond` is what its verifiers have on average for each seat that they are drawn for. It
/// does so only where the first committee is captured, and again in the last only where that is, which
/// its members know before they vote. So all it loses is `σ` of the first seats' bonds:
/// `(1 − p)·E[seats | captured]·σ·bond / (p·r·m/a)`.
pub fn accusation_pays_from(rules: &Rules, share: f64, bond: f64) -> f64 {
	let last = captured(rules.appeal, share);
	let seats = rules.committee;
	let expected: f64 = (majority(seats)..=seats)
		.map(|k| {
			let odds = share.powi(k as i32) * (1.0 - share).powi((seats - k) as i32);
			choose(seats, k) * odds * k as f64
		})
		.sum();
	let lost = expected / captured(seats, share) * rules.minority_loss * bond;
	(1.0 - last) * lost / (last * rules.rewarded * rules.penalty())
}
