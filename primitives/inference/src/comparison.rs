//! What off-chain workers and the engine tell each other of audits of pairs of records.

use codec::{Decode, Encode};
use openledger_primitives_core::{Hash, RequestId, record::RecordEntry};

/// Two records to be compared, by what the chain knows of their content. Content of another size than its
/// contributor has said is not that record's: nobody has to read more than a record may have.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Comparison {
	/// The audit's number.
	pub audit: RequestId,
	/// The seed of the lots, which the traces are keyed by.
	pub seed: Hash,
	/// The later record.
	pub later: RecordEntry,
	/// The earlier record.
	pub earlier: RecordEntry,
}
