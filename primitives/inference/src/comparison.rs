//! What off-chain workers and the engine tell each other of audits of pairs of records.

use codec::{Decode, Encode};
use openledger_primitives_core::{Hash, RequestId};

/// Two records to be compared, by what their content is known by.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Comparison {
	/// The audit's number.
	pub audit: RequestId,
	/// The seed of the lots, which the traces are keyed by.
	pub seed: Hash,
	/// blake2b-256 of the later record's content.
	pub later: Hash,
	/// blake2b-256 of the earlier record's content.
	pub earlier: Hash,
}
