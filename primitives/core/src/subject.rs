//! What an audit is of, by one number: a claim by that of its request or draw, a model version by one that
//! neither has.
//!
//! Requests count up from zero and draws have the highest bit: the second highest is a version's.

use crate::{ModelId, RequestId};

const VERSION: RequestId = 1 << 62;

/// The number that the audit of a model version has.
pub const fn version_id(model: ModelId) -> RequestId {
	VERSION | model as RequestId
}

/// The model version that an audit's number stands for; `None` for that of a claim.
pub const fn versioned(id: RequestId) -> Option<ModelId> {
	if id & !(ModelId::MAX as RequestId) != VERSION {
		return None;
	}
	Some(id as ModelId)
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{
		BatchId,
		draw::{draw_id, drawn},
	};

	#[test]
	fn numbers_of_versions_come_back_and_are_no_claims() {
		for model in [0, 1, 77, ModelId::MAX] {
			assert_eq!(versioned(version_id(model)), Some(model));
			assert_eq!(drawn(version_id(model)), None);
		}
		for claim in
			[0, 1, u64::from(u32::MAX), u64::MAX, draw_id(0, 0), draw_id(BatchId::MAX, 255)]
		{
			assert_eq!(versioned(claim), None, "{claim}");
		}
	}
}
