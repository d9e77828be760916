//! Refusals, in the shape that OpenAI's clients read.

use super::BadHeader;
use crate::StoreError;
use serde::{Deserialize, Serialize};

/// A refusal: `{"error": {"message", "type", "code"}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
	/// The refusal.
	pub error: Problem,
	/// The HTTP status that it is sent with.
	#[serde(skip)]
	pub status: u16,
}

/// What was refused, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
	/// For people: what is wrong, and what to do.
	pub message: String,
	/// OpenAI's kind of error.
	#[serde(rename = "type")]
	pub kind: String,
	/// For programs: which refusal it is.
	pub code: String,
}

impl Failure {
	/// A refusal with an HTTP status, a code for programs and a message for people.
	pub fn new(status: u16, code: &str, message: String) -> Self {
		let kind = match status {
			401 | 403 => "authentication_error",
			402 => "insufficient_quota",
			429 => "rate_limit_error",
			500..=599 => "server_error",
			_ => "invalid_request_error",
		};
		Self { error: Problem { message, kind: kind.into(), code: code.into() }, status }
	}
}

impl From<&BadHeader> for Failure {
	fn from(error: &BadHeader) -> Self {
		Self::new(400, "bad_header", error.to_string())
	}
}

impl From<&StoreError> for Failure {
	/// Faults of the operator's own are told as such, without their particulars.
	fn from(error: &StoreError) -> Self {
		use StoreError::*;
		let (status, code) = match error {
			NoSession(_) => (404, "session_not_found"),
			NoAccess(_) => (401, "session_access_denied"),
			Closed(_) | Full(_) => (409, "session_closed"),
			Unpaid { .. } => (402, "voucher_needed"),
			EscrowSpent { .. } => (402, "escrow_spent"),
			Repeated => (409, "request_repeated"),
			NoFee => (400, "no_fee"),
			TooDear { .. } => (400, "too_dear"),
			Busy | NoRoom { .. } => (503, "busy"),
			ForeignTree { .. } => (409, "voucher_of_other_tree"),
			Ahead { .. } => (409, "receipts_unknown"),
			Pruned { .. } => (410, "receipts_dropped"),
			BadSignature(_) => (401, "voucher_signature"),
			OtherTerms(_)
			| NoBatch(_)
			| OtherBatch(_)
			| OutOfOrder { .. }
			| NoUnit { .. }
			| Unsigned(_)
			| NoStore(_)
			| InUse(_)
			| OtherChain(_)
			| OtherLayout { .. }
			| NoKey(_)
			| BadKey(_)
			| Damaged(_)
			| File { .. }
			| Disk(_)
			| Stopped => {
				return Self::new(500, "operator_fault", "the operator's store failed".into());
			}
		};
		Self::new(status, code, error.to_string())
	}
}
