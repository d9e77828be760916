//! What an audit is of, by one number: a claim by that of its request or draw; a model version, or a
//! challenge that says one record duplicates another, by one that no claim has.
//!
//! Requests count up from zero and draws have the highest bit: the second highest is a version's, the third
//! highest a challenge's.

use crate::{ChallengeId, ModelId, RequestId};

const VERSION: RequestId = 1 << 62;
const PAIR: RequestId = 1 << 61;

/// What an audit is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
	/// A claim.
	Claim,
	/// A model version.
	Version(ModelId),
	/// Two records, one of which is said to duplicate the other.
	Pair(ChallengeId),
}

/// The number that the audit of a model version has.
pub const fn version_id(model: ModelId) -> RequestId {
	VERSION | model as RequestId
}

/// The number that the audit of two records has.
pub const fn pair_id(challenge: ChallengeId) -> RequestId {
	PAIR | challenge as RequestId
}

/// What an audit's number stands for.
pub const fn subject(id: RequestId) -> Subject {
	match id & !(u32::MAX as RequestId) {
		VERSION => Subject::Version(id as ModelId),
		PAIR => Subject::Pair(id as ChallengeId),
		_ => Subject::Claim,
	}
}

/// The model version that an audit's number stands for; `None` for every other.
pub const fn versioned(id: RequestId) -> Option<ModelId> {
	match subject(id) {
		Subject::Version(model) => Some(model),
		Subject::Claim | Subject::Pair(_) => None,
	}
}

/// The challenge that an audit's number stands for; `None` for every other.
pub const fn paired(id: RequestId) -> Option<ChallengeId> {
	match subject(id) {
		Subject::Pair(challenge) => Some(challenge),
		Subject::Claim | Subject::Version(_) => None,
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{
		BatchId,
		draw::{draw_id, drawn},
	};

	#[test]
	fn numbers_of_versions_and_pairs_come_back_and_are_no_claims() {
		for number in [0, 1, 77, u32::MAX] {
			let (version, pair) = (version_id(number), pair_id(number));
			assert_eq!((versioned(version), paired(version)), (Some(number), None));
			assert_eq!((versioned(pair), paired(pair)), (None, Some(number)));
			assert_eq!((drawn(version), drawn(pair)), (None, None));
		}
		for claim in
			[0, 1, u64::from(u32::MAX), u64::MAX, draw_id(0, 0), draw_id(BatchId::MAX, 255)]
		{
			assert_eq!(subject(claim), Subject::Claim, "{claim}");
		}
	}
}
