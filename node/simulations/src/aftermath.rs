//! What follows from a verdict: who is paid, and who pays.

use crate::{
	agents::Verifier,
	books::Account,
	trial::{Appellant, Case, Trial, Vote},
	world::World,
};

impl World {
	/// Pays and fines seats, ends the appeal, and takes the penalty.
	pub(crate) fn carry_out(&mut self, case: &Case, trial: &Trial) {
		let mut rewarded = Vec::new();
		for (verifier, vote) in trial.votes() {
			if vote == trial.verdict {
				self.pay_seat(Account::Verifier(verifier));
				rewarded.push(Account::Verifier(verifier));
			} else {
				self.fine(case, verifier, vote, trial.decided);
			}
		}
		self.pay_bribes(case, trial);
		rewarded.extend(self.end_appeal(case, trial));
		if case.canary && trial.verdict == Vote::Refute {
			return self.pay_seat(Account::Operator(case.operator));
		}
		if trial.verdict == Vote::Uphold {
			return;
		}
		self.punish(case.operator, case.fee, &rewarded);
		if trial.verdict == Vote::Invent
			&& let Some(ringer) = self.ringer()
		{
			let aside = self.market.aside * case.fee;
			self.books.pay(Account::Payers, Account::Verifier(ringer), aside);
		}
	}

	/// Pays what a seat is paid out of what the verifiers' part has brought, as far as that goes.
	fn pay_seat(&mut self, to: Account) {
		let left = self.books.gained(Account::Fund).max(0.0);
		self.books.pay(Account::Fund, to, self.rules.seat_reward.min(left));
	}

	/// Fines a seat that does not agree with the verdict; half of what upholding a canary costs is for who
	/// planted it. Having revealed nothing is a strike where a committee
	/// `decided`.
	fn fine(&mut self, case: &Case, verifier: usize, vote: Vote, decided: bool) {
		let fell_for = case.canary && vote == Vote::Uphold;
		let bond = self.verifier_bonds[verifier];
		let loss =
			if fell_for { self.rules.canary_loss * bond } else { self.rules.fined(bond, case.fee) };
		self.verifier_bonds[verifier] -= loss;
		self.fines[verifier] += 1;
		if vote == Vote::Nothing && decided || fell_for || self.rules.minority_strikes {
			self.strikes[verifier] += 1;
		}
		let earned = if fell_for { loss / 2.0 } else { 0.0 };
		self.books.pay(Account::Verifier(verifier), Account::Operator(case.operator), earned);
		self.books.pay(Account::Verifier(verifier), Account::Treasury, loss - earned);
	}

	/// Pays what was promised, where the claim stands.
	fn pay_bribes(&mut self, case: &Case, trial: &Trial) {
		if trial.verdict != Vote::Uphold || case.offer == 0.0 {
			return;
		}
		for (verifier, vote) in trial.votes() {
			let takes =
				matches!(self.verifiers[verifier], Verifier::Greedy | Verifier::Calculating);
			if takes && vote == Vote::Uphold {
				let to = Account::Verifier(verifier);
				self.books.pay(Account::Operator(case.operator), to, case.offer);
			}
		}
	}

	/// Takes the deposit of an appeal that changed nothing. Returns who is to be rewarded for one that
	/// did.
	fn end_appeal(&mut self, case: &Case, trial: &Trial) -> Option<Account> {
		let appeal = trial.appeal?;
		let account = match appeal.appellant {
			Appellant::Operator => Account::Operator(case.operator),
			Appellant::Verifier(verifier) => Account::Verifier(verifier),
			Appellant::Outside => Account::Watchers,
		};
		if trial.verdict != appeal.against {
			return Some(account);
		}
		self.books.pay(account, Account::Treasury, self.rules.stake(case.fee));
		None
	}

	/// Takes the penalty, as far as the bond goes: an equal part, up to the cap, for each of those who
	/// are rewarded, the rest for the treasury.
	fn punish(&mut self, operator: usize, fee: f64, rewarded: &[Account]) {
		let penalty = self.rules.penalty(fee).min(self.operator_bonds[operator]);
		self.operator_bonds[operator] -= penalty;
		let from = Account::Operator(operator);
		let reward = self.rules.reward(penalty, rewarded.len());
		for account in rewarded {
			self.books.pay(from, *account, reward);
		}
		let rest = penalty - reward * rewarded.len() as f64;
		self.books.pay(from, Account::Treasury, rest);
	}
}
