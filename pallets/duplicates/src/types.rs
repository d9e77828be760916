//! What the pallet stores.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use openledger_primitives_core::{
	Balance, BlockNumber,
	record::{Pair, RecordLeaf, RecordRef},
};
use scale_info::TypeInfo;

/// A challenge that is committed and not opened.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Sealed {
	/// The block of the commitment.
	pub at: BlockNumber,
	/// What is held from the challenger.
	pub deposit: Balance,
}

/// A challenge that waits for what a committee finds.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Challenge<AccountId> {
	/// Who challenges.
	pub challenger: AccountId,
	/// What is held from the challenger still.
	pub deposit: Balance,
	/// What a seat is paid of it where the challenge is wrong.
	pub seat: Balance,
	/// The record that is challenged.
	pub later: RecordLeaf<AccountId>,
	/// The one that it is said to duplicate.
	pub earlier: RecordLeaf<AccountId>,
}

/// How a record is named.
fn named<AccountId>(leaf: &RecordLeaf<AccountId>) -> RecordRef {
	RecordRef { datanet: leaf.datanet, index: leaf.index }
}

impl<AccountId> Challenge<AccountId> {
	/// The records' names.
	pub fn pair(&self) -> Pair {
		Pair { later: named(&self.later), earlier: named(&self.earlier) }
	}
}
