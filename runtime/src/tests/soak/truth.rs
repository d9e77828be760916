//! What executing an answer comes to, and what its operator says of it.

use super::{
	claims::{asked, blank, sketch},
	world::{Rt, World},
};
use crate::AccountId;
use openledger_primitives_attribution::{
	Claim, Found,
	audit::{
		Execution, Finding, Level, Recomputed, Secret, Traces, canary_traces, digest, is_canary,
		sealed, seals, traces,
	},
	duplicate::{Overlap, Shared},
};
use openledger_primitives_core::{
	ChallengeId, Hash, ModelId, RequestId, Sketch,
	draw::drawn,
	record::content_hash,
	subject::{Subject, subject},
};
use openledger_primitives_receipts::commitment;
use pallet_audits::Note;

/// Components of every sketch here.
const DIMENSION: u16 = 16;

/// The answer to everything, or another one.
pub fn answer(right: bool) -> &'static [u8] {
	if right { b"It scatters." } else { b"It is painted." }
}

/// What a receipt commits to of an answer: whoever knows what was asked knows the salt.
pub fn output(subject: &Hash, answer: &[u8]) -> Hash {
	commitment::output(&subject.0, answer)
}

/// The secret of the canary on what was asked.
pub fn secret(subject: &Hash) -> Secret {
	content_hash(subject.as_bytes()).0
}

/// Whether a noted claim is a canary.
pub fn is_planted(note: &Note<AccountId>) -> bool {
	is_canary(&secret(&note.subject), &note.subject, &note.trace)
}

fn traces_of(subject: &Hash) -> Traces {
	traces(subject)
}

/// A claim that leaves out the best `omitted` of what it should credit.
fn claim(
	world: &World,
	model: ModelId,
	payer: &AccountId,
	subject: &Hash,
	omitted: usize,
) -> Claim<AccountId> {
	let query = sketch(*subject, DIMENSION);
	let gain = i32::from(subject.0[0]) * 2 - 100;
	let indexed = pallet_models::Models::<Rt>::get(model).and_then(|model| model.index);
	let index = world.indexes.get(&model).filter(|index| indexed == Some(index.commitment));
	let mut claim = match index {
		Some(index) => index.claim(&query, payer, gain, omitted),
		None => blank(&query, gain),
	};
	claim.trace = sealed(&seals(subject, &traces_of(subject)));
	claim.found = found(world, model, &query, payer, omitted);
	claim
}

/// What is put into a prompt, where the version puts anything there.
fn found(
	world: &World,
	model: ModelId,
	query: &[i8],
	payer: &AccountId,
	omitted: usize,
) -> Option<Found<AccountId>> {
	pallet_models::Models::<Rt>::get(model)?.retrieval?;
	let asked = asked(query);
	Some(match world.retrieval(model) {
		Some(index) => index.found(&asked, payer, omitted),
		None => Found {
			sketch: Sketch::truncate_from(asked),
			records: Default::default(),
			proof: Default::default(),
		},
	})
}

/// The true claim.
pub fn of(world: &World, model: ModelId, payer: &AccountId, subject: &Hash) -> Claim<AccountId> {
	claim(world, model, payer, subject, 0)
}

/// The claim of an operator that is honest most of the time: it may leave the best out, make the
/// gain up, not have run the model at all, show what isn't so, or make it a canary.
pub fn told(
	world: &mut World,
	model: ModelId,
	payer: &AccountId,
	subject: &Hash,
) -> Claim<AccountId> {
	let omitted = if world.odds(3) { world.between(1, 2) as usize } else { 0 };
	let mut claim = claim(world, model, payer, subject, omitted);
	match world.below(60) {
		0 => claim.records.as_mut().reverse(),
		1 => claim.sketch.truncate(15),
		2 => {
			if let Some(shown) = claim.records.as_mut().first_mut() {
				shown.record.contributor = world.user();
			}
		}
		3 => {
			if let Some(credit) = claim.contributors.as_mut().first_mut() {
				credit.leaf.scale = credit.leaf.scale.saturating_mul(2);
			}
		}
		4 => {
			claim.records_proof.nodes.pop();
		}
		5 => {
			if let Some(twice) = claim.records.first().cloned() {
				let _ = claim.records.try_push(twice);
			}
		}
		// What it says of the prompt is false, or nothing.
		10 => {
			if let Some(found) = &mut claim.found {
				found.records.as_mut().reverse();
			}
		}
		11 => claim.found = None,
		6..8 => claim.trace = world.hash(),
		20..38 => claim.trace = sealed(&seals(subject, &canary_traces(&secret(subject)))),
		12..16 => claim.gain = world.between(0, 500) as i32 - 100,
		_ => {}
	}
	claim
}

/// What execution of a noted claim comes to. That the tokens are as many as the operator says is
/// not doubted here: a wrong answer leads the same way.
pub fn execution(world: &World, id: RequestId, note: &Note<AccountId>) -> Execution {
	let right = answer(true);
	let answer = match drawn(id) {
		Some(_) => output(&note.subject, right),
		None => content_hash(right),
	};
	let claim = digest(&of(world, note.model, &note.payer, &note.subject));
	Execution { answer, usage: note.execution.usage, claim }
}

/// What an honest verifier finds.
pub fn finding(world: &World, id: RequestId, note: &Note<AccountId>, level: Level) -> Finding {
	match subject(id) {
		Subject::Version(_) => return of_version(note, level),
		Subject::Pair(challenge) => return of_pair(challenge, note, level),
		Subject::Claim => {}
	}
	let truth = execution(world, id, note);
	if truth == note.execution { shown(&note.subject, level) } else { Finding::Refuted(truth) }
}

/// What upholds a claim, if its traces are those of an execution.
pub fn shown(subject: &Hash, level: Level) -> Finding {
	let traces = traces_of(subject);
	Finding::Upheld { trace: traces[level as usize], seals: seals(subject, &traces) }
}

/// What upholds a claim whoever made it, by the traces that it has sealed.
pub fn passed(note: &Note<AccountId>, level: Level) -> Finding {
	if !is_planted(note) {
		return shown(&note.subject, level);
	}
	let traces = canary_traces(&secret(&note.subject));
	Finding::Upheld { trace: traces[level as usize], seals: seals(&note.subject, &traces) }
}

/// What examining a version comes to. Some are false, and some have it at another time that nobody hands out
/// what they are made of.
fn of_version(note: &Note<AccountId>, level: Level) -> Finding {
	match (note.model % 5, note.round % 5) {
		(4, _) => unsound(note, 0),
		(_, 0..3) => Finding::Withheld,
		_ => sound(note, level, 0),
	}
}

/// What comparing two records comes to. Most are no duplicates; of some, content is not handed out.
fn of_pair(challenge: ChallengeId, note: &Note<AccountId>, level: Level) -> Finding {
	match challenge % 7 {
		0 => Finding::Withheld,
		1 => Finding::Unshown,
		2 | 3 => compared(note, level, 95),
		_ => compared(note, level, 10),
	}
}

/// What says that of a hundred shingles of each of two records so many are common.
pub fn compared(note: &Note<AccountId>, level: Level, common: u32) -> Finding {
	let shared = Shared { one: 100, other: 100, common };
	let overlap = Overlap { whole: shared, learnt: shared };
	let traces = traces(&(note.subject, overlap));
	let seals = seals(&note.subject, &traces);
	Finding::Compared { overlap, trace: traces[level as usize], seals }
}

/// What says that a version is sound, for whom computing it comes to `seen`.
pub fn sound(note: &Note<AccountId>, level: Level, seen: u8) -> Finding {
	let traces = traces(&(note.subject, seen));
	let seals = seals(&note.subject, &traces);
	Finding::Sound { trace: traces[level as usize], seals }
}

/// What says that it is not.
pub fn unsound(note: &Note<AccountId>, seen: u8) -> Finding {
	let state = Hash::repeat_byte(seen);
	Finding::Unsound(Recomputed { leaves: note.subject, state, floor_ppm: seen.into() })
}
