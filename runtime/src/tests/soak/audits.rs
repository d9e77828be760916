//! What committees, appellants and those who bring true claims try.

use super::{
	run::Maker,
	truth,
	world::{Attempt, Found, Rt, World, act, now, remember},
};
use crate::{AccountId, governance::Origin};
use openledger_primitives_attribution::audit::{Execution, Finding, Level, commitment, digest};
use openledger_primitives_core::{
	RequestId,
	model::Usage,
	subject::{Subject, paired, subject, versioned},
};
use pallet_audits::{
	Audit, Audits, Call, Canaries, Note, Notes, Private, Seat, Stage, Verdict, Verifiers,
};

pub const MAKERS: &[(&str, &str, u32, Maker)] = &[
	("Audits", "commit", 160, commit),
	("Audits", "reveal", 160, reveal),
	("Audits", "appeal", 40, appeal),
	("Audits", "correct", 90, correct),
	("Audits", "resolve", 8, resolve),
	("Audits", "advance", 20, advance),
	("Audits", "consent", 60, consent),
	("Audits", "dispute", 30, dispute),
	("Audits", "unveil", 30, unveil),
];

fn audit(
	world: &mut World,
	which: impl Fn(RequestId, &Audit<AccountId>) -> bool,
) -> Option<(RequestId, Audit<AccountId>)> {
	let audits = Audits::<Rt>::iter().filter(|(id, audit)| which(*id, audit)).collect();
	world.pick(audits)
}

/// A seat of a sitting committee of which this holds, and its audit.
fn seat(
	world: &mut World,
	which: impl Fn(&Audit<AccountId>, &Seat<AccountId>) -> bool,
) -> Option<(RequestId, Level, Seat<AccountId>)> {
	let seats = Audits::<Rt>::iter()
		.flat_map(|(id, audit)| {
			let sits = |seat: &&Seat<AccountId>| seat.level == audit.level && which(&audit, seat);
			let seats: Vec<_> = audit.seats.iter().filter(sits).cloned().collect();
			seats.into_iter().map(move |seat| (id, audit.level, seat))
		})
		.collect();
	world.pick(seats)
}

/// Whether a seat's duty is neglected, which does not change from one try to the next.
fn neglects(seat: &Seat<AccountId>, claim: RequestId, one_in: u64) -> bool {
	let first: &[u8] = seat.verifier.as_ref();
	(u64::from(first[0]) + claim % 1_009) % one_in == 0
}

/// What a verifier says who does not say the truth. Those of one claim agree with each other.
fn lie(claim: RequestId, note: &Note<AccountId>, level: Level, which: u32) -> Finding {
	if paired(claim).is_some() {
		return match which {
			0 => Finding::Withheld,
			1 => Finding::Unshown,
			// What can be said of claims alone.
			2 => Finding::Refuted(note.execution),
			_ => truth::compared(note, level, 90 - which),
		};
	}
	if versioned(claim).is_some() {
		let made_up = claim.to_le_bytes()[0] ^ 1;
		return match which {
			0 => Finding::Withheld,
			1 => truth::sound(note, level, made_up),
			2 | 3 => truth::unsound(note, made_up),
			// What can be said of claims alone.
			4 => Finding::Refuted(note.execution),
			_ => truth::unsound(note, claim.to_le_bytes()[0]),
		};
	}
	let Execution { answer, usage, claim: claimed } = note.execution;
	let made_up = sp_io::hashing::blake2_256(&claim.to_le_bytes()).into();
	match which {
		0 => Finding::Withheld,
		1 => truth::passed(note, level),
		2 => Finding::Refuted(Execution { answer, usage, claim: made_up }),
		3 => Finding::Refuted(Execution { answer: made_up, usage, claim: claimed }),
		4 => Finding::Refuted(note.execution),
		_ => {
			let usage = Usage { prompt: usage.prompt ^ 1, ..usage };
			Finding::Refuted(Execution { answer, usage, claim: claimed })
		}
	}
}

fn commit(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(200);
	let (claim, level, seat) = seat(world, |audit, seat| {
		careless || matches!(audit.stage, Stage::Committing { .. }) && seat.commitment.is_none()
	})?;
	// Some say nothing in time.
	if neglects(&seat, claim, 11) && !careless {
		return None;
	}
	let note = Notes::<Rt>::get(claim)?;
	let finding = match world.below(12) {
		// What is captured of a committee says the same.
		0 => lie(claim, &note, level, (claim % 4) as u32),
		1 if claim % 5 == 0 => lie(claim, &note, level, world.below(6)),
		_ => truth::finding(world, claim, &note, level),
	};
	let (verifier, salt) = (seat.verifier, world.bytes());
	let commitment = commitment(claim, level, &finding, &verifier, &salt);
	let agent = Verifiers::<Rt>::get(&verifier)?.agent;
	remember(&mut world.findings, Found { claim, verifier, finding, salt });
	world.signed(agent, Call::commit { claim, commitment })
}

fn reveal(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(200);
	let (claim, level, seat) = seat(world, |audit, seat| {
		let waits = seat.commitment.is_some() && seat.finding.is_none();
		careless || matches!(audit.stage, Stage::Revealing { .. }) && waits
	})?;
	if neglects(&seat, claim, 13) && !careless {
		return None;
	}
	let committed = |found: &&Found| {
		let known = commitment(claim, level, &found.finding, &seat.verifier, &found.salt);
		found.claim == claim && found.verifier == seat.verifier && seat.commitment == Some(known)
	};
	let mut found = world.findings.iter().find(committed)?.clone();
	if world.odds(30) {
		found.salt[0] ^= 1;
	}
	let agent = Verifiers::<Rt>::get(&seat.verifier)?.agent;
	let Found { finding, salt, .. } = found;
	world.signed(agent, Call::reveal { claim, finding, salt })
}

fn appeal(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(200);
	let (claim, audit) = audit(world, |_, audit| {
		careless || matches!(audit.stage, Stage::Decided { until, .. } if now() < until)
	})?;
	let note = Notes::<Rt>::get(claim)?;
	let right = match audit.stage {
		Stage::Decided { verdict, .. } => {
			verdict == Verdict::of(&truth::finding(world, claim, &note, audit.level))
		}
		_ => false,
	};
	// Appealing against what is true costs, and some do.
	if right && !world.odds(5) {
		return None;
	}
	let who = world.user();
	world.signed(who, Call::appeal { claim })
}

/// A private claim; its payer lets lots call it, at times another would.
fn consent(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(200);
	let claims =
		Notes::<Rt>::iter_keys().filter(|id| careless || Private::<Rt>::contains_key(id)).collect();
	let claim = world.pick(claims)?;
	let payer = Notes::<Rt>::get(claim)?.payer;
	let who = if world.odds(20) { world.user() } else { payer };
	world.signed(who, Call::consent { claim })
}

/// A claim that is not audited yet: mostly one that is false, and at times one that is true.
fn dispute(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(200);
	let can_be = |id: &RequestId| {
		let told = crate::Audits::audit_of(*id);
		told.is_some_and(|told| told.dispute_deposit > 0)
	};
	let claims = Notes::<Rt>::iter_keys().filter(|id| careless || can_be(id)).collect();
	let claim = world.pick(claims)?;
	let note = Notes::<Rt>::get(claim)?;
	let honest = matches!(subject(claim), Subject::Claim)
		&& truth::execution(world, claim, &note) == note.execution;
	if honest && !world.odds(4) {
		return None;
	}
	let who = if world.odds(4) { note.payer } else { world.user() };
	world.signed(who, Call::dispute { claim })
}

/// A canary of whoever made it; at times one that can't be unveiled, or a claim that is none.
fn unveil(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(100);
	let (claim, _) = audit(world, |id, audit| {
		let counted = matches!(audit.stage, Stage::Decided { .. } | Stage::Undecided);
		let planted = || Notes::<Rt>::get(id).is_some_and(|note| truth::is_planted(&note));
		let over = matches!(audit.stage, Stage::Correcting { .. } | Stage::Restoring { .. });
		let opens = counted || audit.level == Level::Appeal && !over;
		careless || opens && !Canaries::<Rt>::contains_key(id) && planted()
	})?;
	let secret = truth::secret(&Notes::<Rt>::get(claim)?.subject);
	let who = world.user();
	world.signed(who, Call::unveil { claim, secret })
}

fn correct(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(200);
	let (claim, audit) = audit(world, |_, audit| {
		careless || matches!(audit.stage, Stage::Correcting { .. } | Stage::Restoring { .. })
	})?;
	let note = Notes::<Rt>::get(claim)?;
	let mut truth = truth::of(world, note.model, &note.payer, &note.subject);
	let wanted = match audit.stage {
		Stage::Correcting { truth, .. } => Some(truth),
		Stage::Restoring { truth, .. } => Some(truth.claim),
		_ => None,
	};
	// A verdict that was captured has a truth of its own, which nobody can bring; one may try.
	if wanted != Some(digest(&truth)) && !careless && !world.odds(100) {
		return None;
	}
	if world.odds(12) {
		truth.gain += 1;
	}
	let who = world.user();
	world.signed(who, Call::correct { claim, truth: Box::new(truth) })
}

fn ruling(world: &mut World, claim: RequestId, is_just: bool) -> Option<Attempt> {
	let note = Notes::<Rt>::get(claim)?;
	let finding = match is_just {
		true => truth::finding(world, claim, &note, Level::First),
		false => lie(claim, &note, Level::First, world.below(4)),
	};
	act(Origin::DatanetDisputes, Call::resolve { claim, verdict: Verdict::of(&finding) })
}

fn resolve(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(200);
	let (claim, _) = audit(world, |_, audit| careless || audit.stage == Stage::Undecided)?;
	let is_just = world.odds(3);
	ruling(world, claim, is_just)
}

/// What governance says of all that no committee decided.
pub fn rulings(world: &mut World) -> Vec<Option<Attempt>> {
	let undecided = |(id, audit): (RequestId, Audit<AccountId>)| {
		(audit.stage == Stage::Undecided).then_some(id)
	};
	let claims: Vec<RequestId> = Audits::<Rt>::iter().filter_map(undecided).collect();
	claims.into_iter().filter_map(|claim| Some(Some(ruling(world, claim, true)?))).collect()
}

fn advance(world: &mut World) -> Option<Attempt> {
	let careless = world.odds(60);
	let (claim, _) = audit(world, |_, audit| {
		let due = match audit.stage {
			Stage::Drawing { round } => {
				<crate::Lots as openledger_primitives_core::traits::Lots>::seed(round).is_some()
			}
			Stage::Committing { until }
			| Stage::Revealing { until }
			| Stage::Decided { until, .. }
			| Stage::Correcting { until, .. }
			| Stage::Restoring { until, .. } => now() >= until,
			Stage::Undecided => false,
		};
		careless || due
	})?;
	let who = world.user();
	world.signed(who, Call::advance { claim })
}
