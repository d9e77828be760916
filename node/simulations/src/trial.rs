//! One audit, from the drawing of its first committee to the verdict.

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
	pub(crate) fn is_false(&self) -> bool {
		self.operator.is_none() || self.lie.is_some()
	}

	/// The vote of whoever executes and says what it found.
	fn truth(&self) -> Vote {
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
	/// and is right.
	fn trial(&mut self, case: &Case) -> Option<Trial> {
		let seats = self.rules.committee;
		let mut panels = vec![self.panel(seats, case, &[], false)?];
		let mut verdict = panels[0].verdict();
		if verdict.is_none()
			&& let Some(second) = self.panel(seats, case, &panels, false)
		{
			verdict = second.verdict();
			panels.push(second);
		}
		let Some(against) = verdict else {
			return Some(Trial { panels, appeal: None, verdict: case.truth() });
		};
		let appellant = self.appellant(case, &panels, against);
		let Some(appellant) = appellant else {
			// The chain knows of a canary that it is one.
			let verdict = if case.operator.is_none() { Vote::Refute } else { against };
			return Some(Trial { panels, appeal: None, verdict });
		};
		let hostile = !case.is_false() && against == Vote::Uphold;
		let last = self.panel(self.rules.appeal, case, &panels, hostile);
		let verdict = last.as_ref().and_then(Panel::verdict).unwrap_or(case.truth());
		panels.extend(last);
		Some(Trial { panels, appeal: Some(Appeal { appellant, against }), verdict })
	}

	/// A committee of so many, none of whom has had a seat in the audit, and its votes; none where
	/// there are not enough. `hostile` is where the ring appealed against the truth.
	fn panel(&mut self, seats: usize, case: &Case, had: &[Panel], hostile: bool) -> Option<Panel> {
		let seated: Vec<usize> =
			had.iter().flat_map(|panel| &panel.votes).map(|(verifier, _)| *verifier).collect();
		let drawn = self.urn.draw(seats, &seated, &mut self.rng);
		if drawn.len() < seats {
			return None;
		}
		let rings = drawn.iter().filter(|verifier| self.verifiers[**verifier].in_ring()).count();
		let captured = rings >= majority(seats);
		let votes = drawn
			.into_iter()
			.map(|verifier| (verifier, self.vote(verifier, case, captured, hostile)))
			.collect();
		Some(Panel { votes })
	}

	fn vote(&mut self, verifier: usize, case: &Case, captured: bool, hostile: bool) -> Vote {
		let bribed = case.offer > 0.0;
		let accuses = captured && !case.is_false();
		match self.verifiers[verifier] {
			Verifier::Abstaining | Verifier::Copying => Vote::Nothing,
			Verifier::Denying => Vote::Withheld,
			Verifier::Guessing if self.rng.random() => Vote::Withheld,
			Verifier::Guessing => Vote::Nothing,
			Verifier::Colluding if case.rings && captured => Vote::Uphold,
			Verifier::Accusing if accuses && case.fee >= self.market.high_fee => Vote::Invent,
			Verifier::Appealing if accuses && hostile => Vote::Invent,
			Verifier::Greedy if bribed => Vote::Uphold,
			Verifier::Calculating if bribed && self.worth_taking(verifier, case) => Vote::Uphold,
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
	fn worth_taking(&self, verifier: usize, case: &Case) -> bool {
		let trap = self.offers_by_canaries;
		let seats = self.rules.appeal + 2;
		let telling = 2.0 * self.rules.reward(self.rules.penalty(case.fee), seats);
		let caught = self.rules.canary_loss * self.verifier_bonds[verifier];
		(1.0 - trap) * case.offer > trap * caught + (1.0 - trap) * telling
	}

	fn appellant(&mut self, case: &Case, panels: &[Panel], verdict: Vote) -> Option<Appellant> {
		case.operator?;
		if verdict != Vote::Uphold {
			return self.operator_appeals(case).then_some(Appellant::Operator);
		}
		if !case.is_false() {
			let seated = panels.iter().flat_map(|panel| &panel.votes);
			let rings = seated.filter(|(verifier, _)| self.verifiers[*verifier].in_ring());
			let appeals = rings.count() == 0 && self.verifiers.contains(&Verifier::Appealing);
			return appeals.then(|| self.ringer().map(Appellant::Verifier)).flatten();
		}
		let mut votes = panels.iter().flat_map(|panel| &panel.votes);
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
