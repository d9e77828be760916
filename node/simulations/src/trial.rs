//! One audit, from the drawing of its first committee to the verdict.

use crate::{
	agents::{Lie, Verifier},
	books::Account,
	odds::majority,
	rings::Ring,
	scenarios::seat_bond,
	world::World,
};
use rand::Rng;

/// What is audited.
pub(crate) struct Case {
	/// Who claims.
	pub operator: usize,
	/// What is false about it.
	pub lie: Option<Lie>,
	/// Whether it is a canary: false in its seal alone.
	pub canary: bool,
	/// Its fee, in OPEN.
	pub fee: f64,
	/// Whether the ring is given the false trace, and stands behind the claim.
	pub rings: bool,
	/// What everyone who is drawn is offered for upholding it, in OPEN.
	pub offer: f64,
}

impl Case {
	pub(crate) fn is_false(&self) -> bool {
		self.canary || self.lie.is_some()
	}

	/// The vote of whoever executes and says what it found.
	pub(crate) fn truth(&self) -> Vote {
		if self.is_false() { Vote::Refute } else { Vote::Uphold }
	}
}

/// What a verifier reveals, and what a verdict says. Findings agree only where they are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vote {
	Uphold,
	/// The claim is false, and this is the true execution.
	Refute,
	/// The claim is false, by an execution that the ring invented.
	Invent,
	/// What was asked and answered is not handed out.
	Withheld,
	/// Nothing, or nothing valid.
	Nothing,
}

/// Who appeals.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Appellant {
	Operator,
	Verifier(usize),
	Outside,
}

/// An appeal.
#[derive(Clone, Copy)]
pub(crate) struct Appeal {
	pub appellant: Appellant,
	/// The verdict that it is against.
	pub against: Vote,
}

/// The votes of one committee.
pub(crate) struct Panel {
	pub votes: Vec<(usize, Vote)>,
}

impl Panel {
	/// What more than half of the seats say.
	fn verdict(&self) -> Option<Vote> {
		[Vote::Uphold, Vote::Refute, Vote::Invent, Vote::Withheld].into_iter().find(|side| {
			self.votes.iter().filter(|(_, vote)| vote == side).count() >= majority(self.votes.len())
		})
	}
}

/// An audit that came to its end.
pub(crate) struct Trial {
	pub panels: Vec<Panel>,
	pub appeal: Option<Appeal>,
	/// The last verdict.
	pub verdict: Vote,
	/// Whether a committee found it, and not governance.
	pub decided: bool,
}

impl Trial {
	/// The votes of all seats of all committees.
	pub(crate) fn votes(&self) -> impl Iterator<Item = (usize, Vote)> {
		self.panels.iter().flat_map(|panel| panel.votes.iter().copied())
	}
}

impl World {
	/// Audits a claim and carries out what follows. Returns the verdict; none where there are not
	/// enough verifiers for a first committee.
	pub(crate) fn audit(&mut self, case: &Case) -> Option<Vote> {
		let trial = self.trial(case)?;
		self.carry_out(case, &trial);
		Some(trial.verdict)
	}

	/// Draws the committees of an audit, and counts their votes. Where a first and a second one, or
	/// the appeal's, has no majority, or there are not enough verifiers for it, governance decides,
	/// and is right. Where nobody revealed anything the seats are freed without a fine.
	fn trial(&mut self, case: &Case) -> Option<Trial> {
		let seats = self.rules.committee;
		let mut panels = vec![self.panel(seats, case, &[], None)?];
		let mut verdict = panels[0].verdict();
		if verdict.is_none()
			&& let Some(second) = self.panel(seats, case, &panels, None)
		{
			verdict = second.verdict();
			panels.push(second);
		}
		let Some(against) = verdict else {
			let mut votes = panels.iter().flat_map(|panel| &panel.votes);
			if votes.all(|(_, vote)| *vote == Vote::Nothing) {
				panels.clear();
			}
			return Some(Trial { panels, appeal: None, verdict: case.truth(), decided: false });
		};
		let appellant = self.appellant(case, &panels, against);
		let Some(appellant) = appellant else {
			return Some(Trial { panels, appeal: None, verdict: against, decided: true });
		};
		let last = self.panel(self.rules.appeal, case, &panels, Some(against));
		// By then it is known of a canary that it is false.
		let possible = |vote: &Vote| !(case.canary && *vote == Vote::Uphold);
		let found = last.as_ref().and_then(Panel::verdict).filter(possible);
		panels.extend(last);
		Some(Trial {
			panels,
			appeal: Some(Appeal { appellant, against }),
			verdict: found.unwrap_or(case.truth()),
			decided: found.is_some(),
		})
	}

	/// A committee of so many, none of whom has had a seat in the audit, and its votes; none where
	/// there are not enough. `appealed` is the verdict that an appeal is against.
	fn panel(
		&mut self,
		seats: usize,
		case: &Case,
		had: &[Panel],
		appealed: Option<Vote>,
	) -> Option<Panel> {
		let seated: Vec<usize> =
			had.iter().flat_map(|panel| &panel.votes).map(|(verifier, _)| *verifier).collect();
		let drawn = self.urn.draw(seats, &seated, &mut self.rng);
		if drawn.len() < seats {
			return None;
		}
		let rings = drawn.iter().filter(|verifier| self.verifiers[**verifier].in_ring()).count();
		let captured = rings >= majority(seats);
		let mut inventing = match (captured && case.lie.is_none(), appealed) {
			(true, None) => self.accusers(case.fee, rings),
			(true, Some(_)) => rings,
			(false, _) => 0,
		};
		let mut votes = Vec::with_capacity(seats);
		for verifier in drawn {
			let vote = self.vote(verifier, case, captured, inventing > 0, appealed);
			inventing -= usize::from(vote == Vote::Invent);
			votes.push((verifier, vote));
		}
		Some(Panel { votes })
	}

	/// How many of a ring's seats in a first committee that it has most of accuse.
	fn accusers(&self, fee: f64, seats: usize) -> usize {
		let share = self.ring_urn.total() / self.urn.total();
		let bond = seat_bond(&self.market);
		Ring { share, bond, fee, aside: self.market.aside }.accusers(&self.rules, seats)
	}

	fn vote(
		&mut self,
		verifier: usize,
		case: &Case,
		captured: bool,
		accuses: bool,
		appealed: Option<Vote>,
	) -> Vote {
		let (last, hostile) = (appealed.is_some(), appealed == Some(Vote::Uphold));
		// What is unveiled nobody upholds who knows it.
		let bribed = case.offer > 0.0 && !(case.canary && last);
		match self.verifiers[verifier] {
			Verifier::Abstaining | Verifier::Copying => Vote::Nothing,
			Verifier::Denying => Vote::Withheld,
			Verifier::Guessing if self.rng.random() => Vote::Withheld,
			Verifier::Guessing => Vote::Nothing,
			Verifier::Colluding if case.rings && captured => Vote::Uphold,
			Verifier::Accusing if accuses && case.fee >= self.market.high_fee => Vote::Invent,
			Verifier::Appealing if accuses && hostile => Vote::Invent,
			Verifier::Greedy if bribed => Vote::Uphold,
			Verifier::Calculating if bribed && self.worth_taking(verifier, case, last) => {
				Vote::Uphold
			}
			_ => {
				let cost = self.market.cost * case.fee;
				self.books.pay(Account::Verifier(verifier), Account::Computing, cost);
				case.truth()
			}
		}
	}

	/// Whether a bribe exceeds what taking it gives up, if all others who are drawn take it: what
	/// upholding a canary costs, by the odds that the offer comes from one, and otherwise what
	/// refuting the claim and appealing brings, which is two rewards.
	///
	/// Who sits in the `last` committee knows of every canary that it is one.
	fn worth_taking(&self, verifier: usize, case: &Case, last: bool) -> bool {
		let trap = if last { 0.0 } else { self.offers_by_canaries };
		let seats = self.rules.appeal + 2;
		let telling = 2.0 * self.rules.reward(self.rules.penalty(case.fee), seats);
		let caught = self.rules.canary_loss * self.verifier_bonds[verifier];
		(1.0 - trap) * case.offer > trap * caught + (1.0 - trap) * telling
	}

	fn appellant(&mut self, case: &Case, panels: &[Panel], verdict: Vote) -> Option<Appellant> {
		if case.canary && verdict == Vote::Refute {
			return None;
		}
		// Its operator unveils a canary that was upheld, which calls the other committee too.
		if case.canary && verdict == Vote::Uphold {
			return Some(Appellant::Operator);
		}
		if verdict != Vote::Uphold {
			return self.operator_appeals(case).then_some(Appellant::Operator);
		}
		if !case.is_false() {
			let seated = panels.iter().flat_map(|panel| &panel.votes);
			let rings = seated.filter(|(verifier, _)| self.verifiers[*verifier].in_ring());
			let appeals = rings.count() == 0 && self.verifiers.contains(&Verifier::Appealing);
			return appeals.then(|| self.ringer().map(Appellant::Verifier)).flatten();
		}
		// A verifier's node appeals against a verdict of its own committee alone.
		let mut votes = panels.last()?.votes.iter();
		let honest = votes.find(|(_, vote)| *vote == Vote::Refute);
		let dares = self.rng.random::<f64>() < self.market.outvoted;
		let outside = self.rng.random::<f64>() < self.market.watched;
		honest
			.filter(|_| dares)
			.map(|(verifier, _)| Appellant::Verifier(*verifier))
			.or(outside.then_some(Appellant::Outside))
	}

	/// A member of the ring, by bond: whose turn it is to pay, or to be paid, for all.
	pub(crate) fn ringer(&mut self) -> Option<usize> {
		self.ring_urn.draw(1, &[], &mut self.rng).first().copied()
	}

	/// Honest operators do always, liars where that pays.
	fn operator_appeals(&self, case: &Case) -> bool {
		let Some(lie) = case.lie else { return true };
		case.rings && self.lying(lie, case.fee).appeals(&self.rules)
	}
}
