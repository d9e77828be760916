//! Closed forms: what a ring of verifiers gains against operators who are honest.
//!
//! Its members know who was drawn before they vote, and vote against the truth only where they have
//! most of the committee. With `p'` and `p` they have most of a first and of a last one, with `k` and
//! `j` seats, and are rewarded alone where they win, since nobody else agrees. What it has besides
//! (`x`) are the contributors' part or the whole fee ([`crate::rules::Market::aside`]).
//!
//! Its seats in a last committee, which nobody would have drawn without it, agree with the verdict
//! whichever that is, and are paid for it. Seats are taken to be paid in full and to execute for
//! nothing, both of which favours the ring.

use crate::{
	bisect,
	odds::{captured, exactly, majority},
	rules::Rules,
};

/// A ring and a claim that it acts against.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Ring {
	/// Its part of verifiers' bonds (`φ`).
	pub share: f64,
	/// What its verifiers have bonded on average for each seat that they are drawn for, in OPEN (`B`).
	pub bond: f64,
	/// The claim's fee, in OPEN (`F`).
	pub fee: f64,
	/// What it has besides rewards where it wins, in fees (`x`).
	pub aside: f64,
}

/// How likely each number of seats is the ring's in a committee that it has most of.
fn seats_where_captured(seats: usize, share: f64) -> impl Iterator<Item = (usize, f64)> {
	let all = captured(seats, share).max(f64::MIN_POSITIVE);
	(majority(seats)..=seats).map(move |k| (k, exactly(seats, k, share) / all))
}

/// The share from which on something pays that pays the more the larger a share is, by bisection. One
/// where it never does.
fn pays_from(pays: impl Fn(f64) -> bool) -> f64 {
	if pays(0.999) { bisect::from(0.001, 0.999, pays) } else { 1.0 }
}

/// The fee in OPEN up to which something holds that does at low fees only, by bisection. None where it
/// does at a million OPEN; zero where it does at none.
fn highest(holds: impl Fn(f64) -> bool) -> Option<f64> {
	(!holds(1e6)).then(|| bisect::up_to(0.0, 1e6, holds))
}

impl Ring {
	/// What `count` seats and appellants of the ring are rewarded together, in OPEN.
	fn rewards(&self, rules: &Rules, count: usize) -> f64 {
		count as f64 * rules.reward(rules.penalty(self.fee), count)
	}

	/// What the ring's seats in a last committee are paid on average, in OPEN: `n·φ·seat reward`.
	fn paid_in_last(&self, rules: &Rules) -> f64 {
		rules.appeal as f64 * self.share * rules.seat_reward
	}

	/// What it returns beyond honesty, in OPEN, that of the ring's `seats` in a first committee so many
	/// as `accusing` find a true claim false, and the others find it true, where the operator appeals:
	/// `p·(E[rewards of accusing + j] + x·F − others·f) − (1 − p)·accusing·f + n·φ·seat reward`, where
	/// `f` is a fine with the seat's pay. Its seats in the last committee vote as honest ones where they
	/// have not most of it.
	fn accusing_with(&self, rules: &Rules, seats: usize, accusing: usize) -> f64 {
		let last = captured(rules.appeal, self.share);
		let rewards: f64 = seats_where_captured(rules.appeal, self.share)
			.map(|(theirs, odds)| odds * self.rewards(rules, accusing + theirs))
			.sum();
		let lost = rules.fined(self.bond, self.fee) + rules.seat_reward;
		let won = rewards + self.aside * self.fee - (seats - accusing) as f64 * lost;
		last * won - (1.0 - last) * accusing as f64 * lost + self.paid_in_last(rules)
	}

	/// How many of the ring's `seats` in a first committee it is best to accuse with, where it has most
	/// of it: a bare majority carries the verdict, and the others are fined for the truth only where the
	/// ring wins.
	pub fn accusers(&self, rules: &Rules, seats: usize) -> usize {
		let returns = |accusing| self.accusing_with(rules, seats, accusing);
		(majority(rules.committee)..=seats)
			.max_by(|a, b| returns(*a).total_cmp(&returns(*b)))
			.unwrap_or(seats)
	}

	/// What finding a true claim false returns, in OPEN, for each first committee that the ring has most
	/// of, with as many of its seats as is best.
	pub fn accusing_returns(&self, rules: &Rules) -> f64 {
		seats_where_captured(rules.committee, self.share)
			.map(|(seats, odds)| {
				odds * self.accusing_with(rules, seats, self.accusers(rules, seats))
			})
			.sum()
	}

	/// What the ring wins by an appeal against a true claim's being upheld by a committee that it has no
	/// seat in, in OPEN, where it has most of the last committee: `E[rewards of j + 1] + x·F`. The
	/// appellant is rewarded like a seat.
	fn won_by_appealing(&self, rules: &Rules) -> f64 {
		let rewards = seats_where_captured(rules.appeal, self.share)
			.map(|(theirs, odds)| odds * self.rewards(rules, theirs + 1));
		rewards.sum::<f64>() + self.aside * self.fee
	}

	/// What an honest appeal against a false claim's being upheld returns, in OPEN, to one who was
	/// `outvoted`, and so is fined otherwise, or to anybody else: a reward, with `1 − p`, among all
	/// seats of the last committee, the appellant and its seat; less the deposit with `p`.
	pub fn appealing_rightly_returns(&self, rules: &Rules, outvoted: bool) -> f64 {
		let last = captured(rules.appeal, self.share);
		let accounts = rules.appeal + 1 + usize::from(outvoted);
		let reward = rules.reward(rules.penalty(self.fee), accounts);
		let saved = if outvoted { reward + rules.fined(self.bond, self.fee) } else { 0.0 };
		(1.0 - last) * (reward + saved) - last * rules.stake(self.fee)
	}

	/// The fee in OPEN up to which that pays, whatever `fee` is; none where it does at a million OPEN.
	pub fn appealing_rightly_pays_up_to_fee(&self, rules: &Rules, outvoted: bool) -> Option<f64> {
		highest(|fee| Self { fee, ..*self }.appealing_rightly_returns(rules, outvoted) > 0.0)
	}

	/// What an appeal against the truth returns, in OPEN: what is won with `p`, less the deposit with
	/// `1 − p`, and what its seats are paid either way.
	pub fn appealing_returns(&self, rules: &Rules) -> f64 {
		let last = captured(rules.appeal, self.share);
		let won = last * self.won_by_appealing(rules) + self.paid_in_last(rules);
		won - (1.0 - last) * rules.stake(self.fee)
	}

	/// The least deposit at which such an appeal does not pay, in OPEN: `p / (1 − p)` of what it wins,
	/// and `1 / (1 − p)` of what its seats are paid.
	pub fn least_deposit(&self, rules: &Rules) -> f64 {
		let last = captured(rules.appeal, self.share);
		(last * self.won_by_appealing(rules) + self.paid_in_last(rules)) / (1.0 - last)
	}

	/// What a seat can be paid at most, in OPEN, without an appeal against the truth paying at the
	/// fee that brings the least penalty, where it loses the least, whatever `fee` is.
	pub fn seat_reward_up_to(&self, rules: &Rules) -> f64 {
		let fee = rules.least_penalty * rules.audit / rules.margin;
		let unpaid = Rules { seat_reward: 0.0, ..rules.clone() };
		-Self { fee, ..*self }.appealing_returns(&unpaid) / (rules.appeal as f64 * self.share)
	}

	/// The share from which on accusing pays, whatever `share` is.
	pub fn accusing_pays_from(&self, rules: &Rules) -> f64 {
		pays_from(|share| Self { share, ..*self }.accusing_returns(rules) > 0.0)
	}

	/// The share from which on appealing falsely pays, whatever `share` is.
	pub fn appealing_pays_from(&self, rules: &Rules) -> f64 {
		pays_from(|share| Self { share, ..*self }.appealing_returns(rules) > 0.0)
	}

	/// The lowest fee in OPEN at which accusing pays, whatever `fee` is, looked for in steps of a
	/// twentieth from a thousandth on; none where it pays at none up to a million OPEN. Above, fines that
	/// grow with the fee can make it lose again.
	pub fn accusing_pays_from_fee(&self, rules: &Rules) -> Option<f64> {
		let pays = |fee: f64| Self { fee, ..*self }.accusing_returns(rules) > 0.0;
		let first = core::iter::successors(Some(1e-3), |fee| Some(fee * 1.05))
			.take_while(|fee| *fee < 1e6)
			.find(|fee| pays(*fee))?;
		Some(bisect::from(first / 1.05, first, pays))
	}

	/// The fee in OPEN up to which appealing falsely pays, whatever `fee` is; zero where it does at none,
	/// none where it does at a million OPEN. Deposits in proportion to the fee are meant, for which what
	/// it returns, in fees, never rises with them.
	pub fn appealing_pays_up_to_fee(&self, rules: &Rules) -> Option<f64> {
		highest(|fee| Self { fee, ..*self }.appealing_returns(rules) > 0.0)
	}
}
