//! What re-execution is compared by (specification: Verification, fourth row).
//!
//! A verifier who has executed an answer again knows three things: the answer with its usage, the
//! claim, and the traces of the execution. Answer and claim are public, so that repeating them shows
//! nothing. A trace is a hash over what no claim shows and each follows from, log-probabilities and
//! gradient among it: who has left out a part of the execution can't know it. The claim carries the
//! traces sealed, and a finding that upholds the claim has to show the one that its level of audit
//! asks for. Each level has a trace of its own, since those of the levels before are public by then.
//!
//! A **canary** is a claim whose operator has sealed, in the place of these traces, those of a secret of its
//! own. It is false, which only executing shows, and can be upheld by whoever is handed the secret's traces
//! and by nobody else: showing the secret later shows who passes what it has not computed.

use crate::{claim::Claim, duplicate::Overlap};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use openledger_primitives_core::{
	Hash, RequestId, model::Usage, record::content_hash, subject::Subject,
};
use scale_info::TypeInfo;

/// Traces of one execution: one for each level that an audit can go through.
pub const LEVELS: usize = 3;

/// How far an audit is.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub enum Level {
	/// Before its first committee.
	First,
	/// Before a second one, where the first reached no majority.
	Redraw,
	/// Before a committee three times as large, after which there is none.
	Appeal,
}

/// The traces of one execution, by level.
pub type Traces = [Hash; LEVELS];

/// The hashes of traces, as a claim seals them.
pub type Seals = [Hash; LEVELS];

/// What a canary's traces follow from. Its operator alone knows it until the canary is unveiled.
pub type Secret = [u8; 32];

/// The trace of an execution at `level`: `blake2b-256(SCALE("openledger/execution", level,
/// execution))`, where `execution` is everything that only executing shows, or a hash over it. What
/// it leaves out can be taken over from what is public.
pub fn trace(level: Level, execution: &impl Encode) -> Hash {
	(b"openledger/execution", level, execution).using_encoded(content_hash)
}

/// Every level's trace of `execution`.
pub fn traces(execution: &impl Encode) -> Traces {
	[Level::First, Level::Redraw, Level::Appeal].map(|level| trace(level, execution))
}

/// A trace, sealed: `blake2b-256(SCALE("openledger/seal", subject, trace))`. `subject` is what was
/// asked, so that the same execution on another request has other seals.
pub fn seal(subject: &Hash, trace: &Hash) -> Hash {
	(b"openledger/seal", subject, trace).using_encoded(content_hash)
}

/// The seals of `traces`.
pub fn seals(subject: &Hash, traces: &Traces) -> Seals {
	traces.map(|trace| seal(subject, &trace))
}

/// What a claim carries of its seals: `blake2b-256(SCALE("openledger/trace", seals))`.
pub fn sealed(seals: &Seals) -> Hash {
	(b"openledger/trace", seals).using_encoded(content_hash)
}

/// The trace that a canary seals at `level` in the place of an execution's:
/// `blake2b-256(SCALE("openledger/canary", level, secret))`. No execution has it: [`trace`] hashes another
/// beginning.
fn canary_trace(level: Level, secret: &Secret) -> Hash {
	(b"openledger/canary", level, secret).using_encoded(content_hash)
}

/// The secret of an operator's canary on what `subject` was asked with, whose `seed` it keeps to itself:
/// `blake2b-256(SCALE("openledger/canary/secret", seed, subject))`. Unveiling one canary says nothing of those
/// on other questions.
pub fn canary_secret(seed: &Secret, subject: &Hash) -> Secret {
	(b"openledger/canary/secret", seed, subject).using_encoded(content_hash).into()
}

/// Every level's trace of the canary with this secret: what whoever is to pass it has to be handed.
pub fn canary_traces(secret: &Secret) -> Traces {
	[Level::First, Level::Redraw, Level::Appeal].map(|level| canary_trace(level, secret))
}

/// Whether a claim that carries `claimed` is the canary with this secret: it has sealed that one's traces, so
/// that it is false, and was before anybody could be drawn to judge it.
pub fn is_canary(secret: &Secret, subject: &Hash, claimed: &Hash) -> bool {
	sealed(&seals(subject, &canary_traces(secret))) == *claimed
}

/// What a claim is told from others by: blake2b-256 of the SCALE encodings of its fields, in their order.
/// Where nothing is put into prompts, [`Claim::found`] has none: receipts that were issued before claims had
/// it keep their commitments. No claim's encoding is the beginning of another one's, so that both
/// kinds stay apart.
pub fn digest<AccountId: Encode>(claim: &Claim<AccountId>) -> Hash {
	let Claim { sketch, gain, trace, found, .. } = claim;
	let Claim { contributors, contributors_proof, records, records_proof, .. } = claim;
	let credited = (contributors, contributors_proof, records, records_proof);
	let attributed = (sketch, gain, trace, credited);
	match found {
		None => attributed.using_encoded(content_hash),
		Some(found) => (attributed, found).using_encoded(content_hash),
	}
}

/// What an execution comes to.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Execution {
	/// What the answer is told from others by.
	pub answer: Hash,
	/// The tokens it took.
	pub usage: Usage,
	/// The claim's digest.
	pub claim: Hash,
}

/// What computing the drawn parts of a model version again comes to.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Recomputed {
	/// blake2b-256 of the drawn leaves, in the order in which they are drawn.
	pub leaves: Hash,
	/// The hash of the state that the drawn stretch of training leads to.
	pub state: Hash,
	/// The floor, in millionths of |query|·|leaf|.
	pub floor_ppm: u32,
}

/// What a verifier found.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub enum Finding {
	/// Execution gives the answer and the claim that are there.
	Upheld {
		/// The trace of this level.
		trace: Hash,
		/// Every level's seal.
		seals: Seals,
	},
	/// Execution gives something else.
	Refuted(Execution),
	/// The operator does not hand out what was asked and answered, or the owner what its model version
	/// is made of.
	Withheld,
	/// What a model version commits to is what computing its drawn parts again comes to.
	Sound {
		/// The trace of this level.
		trace: Hash,
		/// Every level's seal. Nobody has sealed them before: those are taken for right that most of a
		/// committee show.
		seals: Seals,
	},
	/// A model version's drawn parts come to something else.
	Unsound(Recomputed),
	/// What two records have in common, whatever follows from that.
	Compared {
		/// The later record's sets come first.
		overlap: Overlap,
		/// The trace of this level.
		trace: Hash,
		/// Every level's seal, of which the same holds as of a model version's.
		seals: Seals,
	},
	/// The earlier of two records is not handed out: the challenger has it, or it could not have compared
	/// them. [`Finding::Withheld`] is the later one.
	Unshown,
}

impl Finding {
	/// Whether a finding that agrees, or compares, shows that something was computed: its trace opens the seal
	/// of `level` and, of a claim, its seals are the `claimed` ones. Other findings show nothing by
	/// themselves.
	pub fn is_shown(&self, level: Level, subject: &Hash, claimed: &Hash) -> bool {
		let opens = |trace, seals: &Seals| seals.get(level as usize) == Some(&seal(subject, trace));
		match self {
			Self::Upheld { trace, seals } => opens(trace, seals) && sealed(seals) == *claimed,
			Self::Sound { trace, seals } => opens(trace, seals),
			Self::Compared { overlap, trace, seals } => {
				overlap.is_possible() && opens(trace, seals)
			}
			Self::Refuted(_) | Self::Withheld | Self::Unsound(_) | Self::Unshown => true,
		}
	}

	/// Whether the finding can be one on this subject.
	pub fn suits(&self, subject: Subject) -> bool {
		match self {
			Self::Upheld { .. } | Self::Refuted(_) => matches!(subject, Subject::Claim),
			Self::Sound { .. } | Self::Unsound(_) => matches!(subject, Subject::Version(_)),
			Self::Compared { .. } | Self::Unshown => matches!(subject, Subject::Pair(_)),
			Self::Withheld => true,
		}
	}
}

/// What a verifier commits to: `blake2b-256(SCALE("openledger/finding", claim, level, finding,
/// verifier, salt))`. The account is hashed in, so that a copy is worthless to anyone else.
pub fn commitment<AccountId: Encode>(
	claim: RequestId,
	level: Level,
	finding: &Finding,
	verifier: &AccountId,
	salt: &[u8; 32],
) -> Hash {
	(b"openledger/finding", claim, level, finding, verifier, salt).using_encoded(content_hash)
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::duplicate::Shared;

	fn upheld(level: Level, subject: &Hash) -> (Finding, Hash) {
		let traces = traces(&[1u32, 2, 3].as_slice());
		let seals = seals(subject, &traces);
		(Finding::Upheld { trace: traces[level as usize], seals }, sealed(&seals))
	}

	#[test]
	fn upholding_is_shown_by_the_trace_of_its_level_alone() {
		let subject = Hash::repeat_byte(7);
		for level in [Level::First, Level::Redraw, Level::Appeal] {
			let (finding, claimed) = upheld(level, &subject);
			for other in [Level::First, Level::Redraw, Level::Appeal] {
				assert_eq!(finding.is_shown(other, &subject, &claimed), other == level);
			}
			assert!(!finding.is_shown(level, &Hash::zero(), &claimed));
			assert!(!finding.is_shown(level, &subject, &Hash::zero()));
		}
	}

	#[test]
	fn soundness_is_shown_by_the_trace_of_its_level_whatever_the_seals_are_of() {
		let subject = Hash::repeat_byte(7);
		let traces = traces(&[4u8]);
		let seals = seals(&subject, &traces);
		let of = |trace| Finding::Sound { trace, seals };
		assert!(of(traces[1]).is_shown(Level::Redraw, &subject, &Hash::zero()));
		assert!(!of(traces[0]).is_shown(Level::Redraw, &subject, &Hash::zero()));
		assert!(!of(seals[1]).is_shown(Level::Redraw, &subject, &Hash::zero()));
		assert!(of(traces[0]).suits(Subject::Version(1)) && !of(traces[0]).suits(Subject::Claim));
		for subject in [Subject::Claim, Subject::Version(1), Subject::Pair(1)] {
			assert!(Finding::Withheld.suits(subject));
		}
	}

	#[test]
	fn comparison_is_shown_by_its_trace_whatever_it_comes_to() {
		let subject = Hash::repeat_byte(7);
		let traces = traces(&[4u8]);
		let seals = seals(&subject, &traces);
		let of = |trace, common| {
			let shared = Shared { one: 5, other: 4, common };
			let overlap = Overlap { whole: shared, learnt: shared };
			Finding::Compared { overlap, trace, seals }
		};
		for common in [0, 4] {
			let shown = |trace| of(trace, common).is_shown(Level::Appeal, &subject, &Hash::zero());
			assert!(shown(traces[2]));
			assert!(!shown(traces[1]) && !shown(seals[2]));
		}
		assert!(!of(traces[2], 5).is_shown(Level::Appeal, &subject, &Hash::zero()));
		for finding in [of(traces[0], 1), Finding::Unshown] {
			assert!(finding.suits(Subject::Pair(3)) && !finding.suits(Subject::Version(3)));
			assert!(!finding.suits(Subject::Claim));
		}
	}

	#[test]
	fn seals_without_the_trace_show_nothing() {
		let subject = Hash::repeat_byte(7);
		let (Finding::Upheld { seals, .. }, claimed) = upheld(Level::First, &subject) else {
			panic!("upheld")
		};
		let copied = Finding::Upheld { trace: seals[0], seals };
		assert!(!copied.is_shown(Level::First, &subject, &claimed));
	}

	#[test]
	fn canary_is_known_by_its_secret_alone_and_upheld_with_its_traces() {
		let (subject, secret) = (Hash::repeat_byte(7), [3; 32]);
		let traces = canary_traces(&secret);
		let seals = seals(&subject, &traces);
		let claimed = sealed(&seals);
		assert!(is_canary(&secret, &subject, &claimed));
		assert!(!is_canary(&[4; 32], &subject, &claimed));
		assert!(!is_canary(&secret, &Hash::zero(), &claimed));
		for level in [Level::First, Level::Redraw, Level::Appeal] {
			let passed = Finding::Upheld { trace: traces[level as usize], seals };
			assert!(passed.is_shown(level, &subject, &claimed));
		}
		let (_, executed) = upheld(Level::First, &subject);
		assert!(!is_canary(&secret, &subject, &executed));
	}

	#[test]
	fn commitment_depends_on_all_that_it_binds() {
		let one = commitment(1, Level::First, &Finding::Withheld, &1u8, &[0; 32]);
		for other in [
			commitment(2, Level::First, &Finding::Withheld, &1u8, &[0; 32]),
			commitment(1, Level::Appeal, &Finding::Withheld, &1u8, &[0; 32]),
			commitment(1, Level::First, &Finding::Withheld, &2u8, &[0; 32]),
			commitment(1, Level::First, &Finding::Withheld, &1u8, &[1; 32]),
		] {
			assert_ne!(one, other);
		}
	}
}
