//! Closed forms: what becomes of a lie, and of those who vote about it.

use crate::{
	agents::Lie,
	bisect,
	odds::{captured, exactly, majority},
	rules::{Market, Rules},
};

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
	/// How likely an honest verifier appeals that was outvoted about it (`i`).
	pub outvoted: f64,
	/// The claim's fee, in OPEN.
	pub fee: f64,
}

impl Lying {
	/// A lie of this kind, about a claim with this fee, by an operator with a ring of this share.
	pub fn of(rules: &Rules, market: &Market, lie: Lie, share: f64, fee: f64) -> Self {
		// The cost that a found liar has saved is not lost.
		let lost = if lie.skips() { rules.operator - market.cost } else { 0.0 };
		let gain = lie.gain(rules.contributors, market.cost);
		Self { gain, lost, share, watched: market.watched, outvoted: market.outvoted, fee }
	}

	/// What the lie costs where it is found, in fees, beside what is not paid (`P`).
	fn penalty(&self, rules: &Rules) -> f64 {
		rules.penalty(self.fee) / self.fee
	}

	/// What an appeal puts at stake, in fees (`d`).
	fn deposit(&self, rules: &Rules) -> f64 {
		rules.stake(self.fee) / self.fee
	}

	/// Whether the liar gains by appealing against what the first committee found: by what the lie
	/// brings and costs, where the last committee is captured (`p`), against the deposit where it is
	/// not: `p·(g + P + l) > (1 − p)·d`.
	pub fn appeals(&self, rules: &Rules) -> bool {
		let last = captured(rules.appeal, self.share);
		last * (self.gain + self.penalty(rules) + self.lost) > (1.0 - last) * self.deposit(rules)
	}

	/// How likely the lie is found once audited. The first committee is captured with probability
	/// `p'`, and all of it is the ring's with `φ^c`. Nobody appeals with `u`:
	/// `(1 − p')·(1 − p) + (p' − u)·(1 − p)`, `u = (φ^c + (p' − φ^c)·(1 − i))·(1 − w)`, the first term without its second factor where
	/// the liar does not appeal.
	pub fn found(&self, rules: &Rules) -> f64 {
		let first = captured(rules.committee, self.share);
		let rightly = 1.0 - captured(rules.appeal, self.share);
		let whole = self.share.powi(rules.committee as i32);
		let unseen = (whole + (first - whole) * (1.0 - self.outvoted)) * (1.0 - self.watched);
		let kept = if self.appeals(rules) { rightly } else { 1.0 };
		(1.0 - first) * kept + (first - unseen) * rightly
	}

	/// What the lie returns beyond honesty, in fees, where it is found with probability `found` once
	/// audited and nothing of the penalty comes back:
	/// `(1 − a·found)·g − a·found·(P + l) − a·(1 − p')·(1 − p)·d`, the last for appeals in vain.
	pub fn returns(&self, rules: &Rules) -> f64 {
		let caught = rules.audit * self.found(rules);
		let vain = if self.appeals(rules) {
			let first = captured(rules.committee, self.share);
			(1.0 - first) * (1.0 - captured(rules.appeal, self.share))
		} else {
			0.0
		};
		(1.0 - caught) * self.gain
			- caught * (self.penalty(rules) + self.lost)
			- rules.audit * vain * self.deposit(rules)
	}

	/// The least probability of being found, once audited, at which the lie loses:
	/// `g / (a·(P·(1 − back) + g + l))`, where the part `back` of the penalty comes back to the liar
	/// and no appeal is lost.
	pub fn least_found(&self, rules: &Rules, back: f64) -> f64 {
		let penalty = self.penalty(rules) * (1.0 - back);
		self.gain / (rules.audit * (penalty + self.gain + self.lost))
	}

	/// The ring's part of the bond from which on the lie pays, whatever `share` is: where
	/// [`Lying::returns`] crosses zero, by bisection. One where it never pays.
	pub fn pays_from(&self, rules: &Rules) -> f64 {
		let pays = |share| Self { share, ..*self }.returns(rules) >= 0.0;
		if pays(1.0) { bisect::from(0.0, 1.0, pays) } else { 1.0 }
	}

	/// How many fines an audit of this lie costs honest verifiers and the ring's, each for a verifier
	/// with all of the bond, so that who has the higher figure would be driven out faster if fines
	/// cost places.
	///
	/// Both committees are summed over by the ring's seats in them. Where the ring lacks the majority of
	/// a committee its members vote as honest ones.
	pub fn fines(&self, rules: &Rules) -> (f64, f64) {
		let (mut honest, mut rings) = (0.0, 0.0);
		for first in 0..=rules.committee {
			let upheld = first >= majority(rules.committee);
			let appealed = match (upheld, first == rules.committee) {
				(true, true) => self.watched,
				(true, false) => 1.0 - (1.0 - self.outvoted) * (1.0 - self.watched),
				(false, _) => f64::from(self.appeals(rules)),
			};
			for last in 0..=rules.appeal {
				let odds = appealed
					* exactly(rules.committee, first, self.share)
					* exactly(rules.appeal, last, self.share);
				let captured = last >= majority(rules.appeal);
				let others = rules.committee - first;
				match (upheld, captured) {
					(true, true) => honest += odds * (others + rules.appeal - last) as f64,
					(true, false) => rings += odds * first as f64,
					(false, true) => {
						honest += odds * (others + rules.appeal - last) as f64;
						rings += odds * first as f64;
					}
					(false, false) => {}
				}
			}
		}
		(honest / (1.0 - self.share), rings / self.share)
	}

	/// The ring's part of the bond from which on honest verifiers are fined more often than the
	/// ring's, for their bond, by bisection between a hundredth and one half.
	pub fn fines_turn_at(&self, rules: &Rules) -> f64 {
		bisect::from(0.01, 0.5, |share| {
			let (honest, rings) = Self { share, ..*self }.fines(rules);
			honest > rings
		})
	}
}
