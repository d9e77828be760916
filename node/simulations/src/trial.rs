//! One audit, from the drawing of its committee to who pays for what was found.

use crate::{
	agents::{Lie, Verifier},
	books::Account,
	odds::majority,
	world::World,
};
use rand::Rng;

/// What is audited.
pub(crate) struct Case {
	/// Who claims; nobody for a canary, which is false.
	pub operator: Option<usize>,
	/// What is false about it.
	pub lie: Option<Lie>,
	/// Its fee, in OPEN.
	pub fee: f64,
	/// Whether the ring is given the false trace, and stands behind the claim.
	pub rings: bool,
	/// What everyone who is drawn is offered for upholding it, in OPEN.
	pub offer: f64,
}

impl Case {
	fn is_false(&self) -> bool {
		self.operator.is_none() || self.lie.is_some()
	}
}

/// What a verifier reveals.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Vote {
	Uphold,
	Reject,
	/// Nothing, or nothing valid.
	Nothing,
}

/// Who appeals.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Appellant {
	Operator,
	Verifier(usize),
	Outside,
	/// Nobody has to: the first committee has no majority.
	Nobody,
}

/// The votes of one committee.
struct Panel {
	seats: usize,
	votes: Vec<(usize, Vote)>,
}

impl Panel {
	/// What more than half of the seats say.
	fn verdict(&self) -> Option<Vote> {
		[Vote::Uphold, Vote::Reject].into_iter().find(|side| {
			self.votes.iter().filter(|(_, vote)| vote == side).count() >= majority(self.seats)
		})
	}
}

impl World {
	/// Audits a claim. Returns whether it is found false.
	pub(crate) fn audit(&mut self, case: &Case) -> bool {
		let first = self.panel(self.rules.committee, case);
		let verdict = first.verdict();
		let appellant = self.appellant(case, &first, verdict);
		let last = appellant.map(|_| self.panel(self.rules.appeal, case));
		let decided = match &last {
			Some(last) => last.verdict(),
			None => verdict,
		};
		// Where even the last committee has no majority, the claim stands, and no vote was wrong.
		let found = if case.operator.is_none() { true } else { decided == Some(Vote::Reject) };
		let right = match decided {
			_ if case.operator.is_none() => Some(Vote::Reject),
			decided => decided,
		};
		let mut agreed = Vec::new();
		for (panel, payer) in [(Some(&first), Account::Fund), (last.as_ref(), Account::Treasury)] {
			let Some(panel) = panel else { continue };
			// What a canary costs is nobody's fee.
			let payer = if case.operator.is_none() { Account::Treasury } else { payer };
			self.pay_seats(case, panel, right, payer, &mut agreed);
		}
		self.settle_bribes(case, &first, last.as_ref(), found);
		let overturned = self.settle_appeal(case, appellant, verdict, decided);
		if found && let Some(operator) = case.operator {
			self.punish(operator, case.fee, &agreed, overturned);
		}
		found
	}

	fn panel(&mut self, seats: usize, case: &Case) -> Panel {
		let drawn = self.urn.draw(seats, &mut self.rng);
		let rings = drawn.iter().filter(|verifier| self.verifiers[**verifier].in_ring()).count();
		let captured = rings >= majority(seats);
		let votes =
			drawn.into_iter().map(|verifier| (verifier, self.vote(verifier, case, captured)));
		Panel { seats, votes: votes.collect() }
	}

	fn vote(&mut self, verifier: usize, case: &Case, captured: bool) -> Vote {
		let bribed = case.offer > 0.0;
		match self.verifiers[verifier] {
			Verifier::Abstaining | Verifier::Copying => Vote::Nothing,
			Verifier::Denying => Vote::Reject,
			Verifier::Guessing if self.rng.random() => Vote::Reject,
			Verifier::Guessing => Vote::Nothing,
			Verifier::Colluding if case.rings && captured => Vote::Uphold,
			Verifier::Accusing
				if captured && !case.is_false() && case.fee >= self.market.high_fee =>
			{
				Vote::Reject
			}
			Verifier::Greedy if bribed => Vote::Uphold,
			Verifier::Calculating if bribed && self.worth_taking(verifier, case.offer) => {
				Vote::Uphold
			}
			_ => {
				let cost = self.market.cost * case.fee;
				self.books.pay(Account::Verifier(verifier), Account::Computing, cost);
				if case.is_false() { Vote::Reject } else { Vote::Uphold }
			}
		}
	}

	/// Whether a bribe exceeds what upholding a canary would cost, by the odds that the offer comes
	/// from one. That the vote may fail otherwise is left out, in favour of taking it.
	fn worth_taking(&self, verifier: usize, offer: f64) -> bool {
		let trap = self.offers_by_canaries;
		(1.0 - trap) * offer > trap * self.rules.canary_loss * self.verifier_bonds[verifier]
	}

	fn appellant(
		&mut self,
		case: &Case,
		first: &Panel,
		verdict: Option<Vote>,
	) -> Option<Appellant> {
		case.operator?;
		match verdict {
			None => Some(Appellant::Nobody),
			Some(Vote::Reject) => self.operator_appeals(case).then_some(Appellant::Operator),
			_ if case.is_false() => {
				let honest = first.votes.iter().find(|(_, vote)| *vote == Vote::Reject);
				let outside = self.rng.random::<f64>() < self.market.watched;
				honest
					.map(|(verifier, _)| Appellant::Verifier(*verifier))
					.or(outside.then_some(Appellant::Outside))
			}
			_ => None,
		}
	}

	/// Honest operators do always, liars where that pays.
	fn operator_appeals(&self, case: &Case) -> bool {
		let Some(lie) = case.lie else { return true };
		case.rings && self.lying(lie).appeals(&self.rules)
	}

	/// Pays the seats whose votes were right, and takes their part from the others.
	fn pay_seats(
		&mut self,
		case: &Case,
		panel: &Panel,
		right: Option<Vote>,
		payer: Account,
		agreed: &mut Vec<usize>,
	) {
		for (verifier, vote) in &panel.votes {
			let wrong = match right {
				Some(right) => *vote != right,
				None => *vote == Vote::Nothing,
			};
			if wrong {
				let fell_for = case.operator.is_none() && *vote == Vote::Uphold;
				let part = if fell_for { self.rules.canary_loss } else { self.rules.minority_loss };
				let loss = part * self.verifier_bonds[*verifier];
				self.verifier_bonds[*verifier] -= loss;
				self.strikes[*verifier] += 1;
				self.books.pay(Account::Verifier(*verifier), Account::Treasury, loss);
			} else {
				let pay = self.rules.seat() * case.fee;
				self.books.pay(payer, Account::Verifier(*verifier), pay);
				agreed.push(*verifier);
			}
		}
	}

	/// Pays what was promised, where the claim stands.
	fn settle_bribes(&mut self, case: &Case, first: &Panel, last: Option<&Panel>, found: bool) {
		let Some(operator) = case.operator.filter(|_| !found && case.offer > 0.0) else { return };
		for (verifier, vote) in first.votes.iter().chain(last.iter().flat_map(|l| &l.votes)) {
			let taken = match self.verifiers[*verifier] {
				Verifier::Greedy | Verifier::Calculating => *vote == Vote::Uphold,
				_ => false,
			};
			if taken {
				let to = Account::Verifier(*verifier);
				self.books.pay(Account::Operator(operator), to, case.offer);
			}
		}
	}

	/// Takes the deposit of an appeal that changed nothing. Returns who appealed against what was
	/// overturned.
	fn settle_appeal(
		&mut self,
		case: &Case,
		appellant: Option<Appellant>,
		verdict: Option<Vote>,
		decided: Option<Vote>,
	) -> Option<Account> {
		let account = match appellant? {
			Appellant::Operator => Account::Operator(case.operator?),
			Appellant::Verifier(verifier) => Account::Verifier(verifier),
			Appellant::Outside => Account::Watchers,
			Appellant::Nobody => return None,
		};
		if decided.is_some() && decided != verdict {
			return Some(account);
		}
		self.books.pay(account, Account::Treasury, self.rules.deposit * case.fee);
		None
	}

	/// Takes the penalty: a part for those who found the claim false, half of it to whoever appealed
	/// against its being upheld; the rest is the treasury's.
	fn punish(&mut self, operator: usize, fee: f64, agreed: &[usize], overturned: Option<Account>) {
		let penalty = (self.rules.penalty() * fee).min(self.operator_bonds[operator]);
		self.operator_bonds[operator] -= penalty;
		let mut reward = self.rules.rewarded * penalty;
		let from = Account::Operator(operator);
		self.books.pay(from, Account::Treasury, penalty - reward);
		if let Some(appellant) = overturned {
			reward /= 2.0;
			self.books.pay(from, appellant, reward);
		}
		let share = reward / agreed.len() as f64;
		for verifier in agreed {
			self.books.pay(from, Account::Verifier(*verifier), share);
		}
	}
}
