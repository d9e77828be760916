//! Closed forms: what disputing a claim returns, and how much of what nobody else looks at has to be looked
//! at so that lying does not pay (`docs/incentives.md`).

use crate::{
	bisect,
	lying::Lying,
	odds::captured,
	rings::Ring,
	rules::{Market, Rules},
};

/// A dispute.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Dispute {
	/// A ring's part of verifiers' bonds (`φ`).
	pub share: f64,
	/// The claim's fee, in OPEN (`F`).
	pub fee: f64,
	/// Whether it is the payer's, who keeps half of its deposit where the claim is true.
	pub by_payer: bool,
}

impl Dispute {
	/// What it puts at stake, in OPEN: what an appeal does, and never less than the least (`d`).
	pub fn stake(&self, rules: &Rules) -> f64 {
		rules.stake(self.fee).max(rules.least_dispute)
	}

	/// What is lost of it where the claim is found true, in OPEN.
	fn lost(&self, rules: &Rules) -> f64 {
		self.stake(rules) * if self.by_payer { 0.5 } else { 1.0 }
	}

	/// What being right brings, in OPEN: a reward among the seats of a first committee, and the fee where
	/// the payer is refunded, which is where the answer is false (`F·back`).
	fn won(&self, rules: &Rules, back: bool) -> f64 {
		let refunded = if self.by_payer && back { self.fee } else { 0.0 };
		rules.reward(rules.penalty(self.fee), rules.committee + 1) + refunded
	}

	/// How sure of being right one has to be for it to pay where verifiers are honest:
	/// `lost / (lost + won)`.
	pub fn sure_from(&self, rules: &Rules, back: bool) -> f64 {
		let lost = self.lost(rules);
		lost / (lost + self.won(rules, back))
	}

	/// What it returns to who knows that the claim is false, in OPEN, and appeals where it is upheld:
	/// `D·won − (1 − D)·lost − p'·p·s`, where `D` is how likely the lie is found, `s` the appeal's deposit.
	pub fn rightly_returns(&self, rules: &Rules, lying: Lying, back: bool) -> f64 {
		let Self { share, fee, .. } = *self;
		let found = Lying { share, fee, watched: 1.0, ..lying }.found(rules);
		let vain = captured(rules.committee, share) * captured(rules.appeal, share);
		found * self.won(rules, back) - (1.0 - found) * self.lost(rules) - vain * rules.stake(fee)
	}

	/// The share of verifiers' bonds up to which that pays, whatever `share` is, by bisection.
	pub fn pays_rightly_up_to(&self, rules: &Rules, lying: Lying, back: bool) -> f64 {
		let pays = |share| Self { share, ..*self }.rightly_returns(rules, lying, back) > 0.0;
		bisect::up_to(0.0, 1.0, pays)
	}

	/// What it returns to a ring that disputes what is true, in OPEN, and accuses the operator where it
	/// has most of the first committee: what accusing returns with `p'`, with one more reward, less
	/// what is lost of the deposit unless the last committee is the ring's as well.
	pub fn falsely_returns(&self, rules: &Rules, bond: f64) -> f64 {
		let Self { share, fee, .. } = *self;
		let aside = if self.by_payer { 1.0 } else { 0.0 };
		let first = captured(rules.committee, share);
		let both = first * captured(rules.appeal, share);
		let accusing = Ring { share, bond, fee, aside }.accusing_returns(rules);
		first * accusing + both * rules.cap - (1.0 - both) * self.lost(rules)
	}

	/// The share of verifiers' bonds from which on that pays, by bisection; one where it never does.
	pub fn pays_falsely_from(&self, rules: &Rules, bond: f64) -> f64 {
		let pays = |share| Self { share, ..*self }.falsely_returns(rules, bond) > 0.0;
		if pays(0.999) { bisect::from(0.0, 0.999, pays) } else { 1.0 }
	}

	/// What having a true claim's text read by one's own verifiers costs on average, in OPEN, for each text
	/// that one of them is handed: `d / (1 − (1 − φ)^c)`.
	pub fn read_for(&self, rules: &Rules) -> f64 {
		let seated = 1.0 - (1.0 - self.share).powi(rules.committee as i32);
		self.stake(rules) / seated
	}
}

/// The part of lies that has to be audited for lying to lose, whether lots call them by consent or they are
/// disputed: `g / (D·(P·(1 − back) + g + l))`, where the part `back` of the penalty comes back to the liar.
pub fn looked_at(rules: &Rules, market: &Market, lying: Lying, back: f64) -> f64 {
	let watched = Lying { watched: market.watched, ..lying };
	rules.audit * lying.least_found(rules, back) / watched.found(rules)
}
