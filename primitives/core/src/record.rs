//! Records: one item of a Datanet each, as the chain knows them.

use crate::{BlockNumber, DatanetId, Hash, SnapshotId, merkle};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// What a contributor reveals of a record: the hash of its content and the content's size.
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
pub struct RecordEntry {
	/// blake2b-256 of the content.
	pub content: Hash,
	/// Bytes of the content, at least one.
	pub size: u32,
}

/// A record in its Datanet's tree. Built by the runtime alone.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct RecordLeaf<AccountId> {
	/// The Datanet that holds the record.
	pub datanet: DatanetId,
	/// The record's place in the Datanet's tree, from zero.
	pub index: u32,
	/// Who contributed it, and is paid for it.
	pub contributor: AccountId,
	/// blake2b-256 of the content.
	pub content: Hash,
	/// Bytes of the content.
	pub size: u32,
	/// The block of the contribution's first step, which decides priority among copies.
	pub committed_at: BlockNumber,
}

impl<AccountId: Encode> RecordLeaf<AccountId> {
	/// The record's leaf hash in its Datanet's tree.
	pub fn hash(&self) -> Hash {
		merkle::leaf_hash(merkle::Domain::Record, self)
	}
}

/// Names a record.
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
pub struct RecordRef {
	/// The Datanet.
	pub datanet: DatanetId,
	/// The record's place in the Datanet's tree, from zero.
	pub index: u32,
}

/// A record, and an earlier one that it is said to duplicate.
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
pub struct Pair {
	/// The one that was committed later.
	pub later: RecordRef,
	/// The one that was committed earlier, in whatever Datanet.
	pub earlier: RecordRef,
}

impl Pair {
	/// What who challenges commits to before it says which records it means:
	/// `blake2b-256(SCALE("openledger/duplicate", pair, challenger, salt))`.
	///
	/// The account is hashed in, so that a copy of the commitment is worthless to anyone else.
	pub fn commitment<AccountId: Encode>(&self, challenger: &AccountId, salt: &[u8; 32]) -> Hash {
		(b"openledger/duplicate", self, challenger, salt).using_encoded(content_hash)
	}
}

/// What a committee found of a [`Pair`].
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
pub enum Compared {
	/// The later record duplicates the earlier one.
	Duplicate,
	/// It does not.
	Distinct,
	/// The later one's content is nowhere to be had.
	Withheld,
	/// The earlier one's content is nowhere to be had, which the challenger has to see to.
	Unshown,
}

/// A Datanet's tree, frozen.
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
pub struct Snapshot {
	/// Root over the Datanet's record leaves.
	pub root: Hash,
	/// How many leaves the root covers.
	pub count: u32,
	/// The block it was frozen at.
	pub frozen_at: BlockNumber,
}

/// Names a snapshot.
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
pub struct SnapshotRef {
	/// The Datanet.
	pub datanet: DatanetId,
	/// The snapshot within it.
	pub snapshot: SnapshotId,
}

/// The hash under which content is committed to and stored: blake2b-256 of its bytes.
pub fn content_hash(bytes: &[u8]) -> Hash {
	sp_io::hashing::blake2_256(bytes).into()
}

/// What an account signs to put content into a worker's store:
/// `blake2b-256("openledger/content" ‖ hash ‖ size as u64, little-endian)`.
pub fn upload_message(hash: &Hash, size: u64) -> [u8; 32] {
	let mut bytes = b"openledger/content".to_vec();
	bytes.extend_from_slice(hash.as_bytes());
	bytes.extend_from_slice(&size.to_le_bytes());
	sp_io::hashing::blake2_256(&bytes)
}

/// The first step of a contribution: `blake2b-256(SCALE(records, account, salt))`.
///
/// The account is hashed in, so that a copy of the commitment is worthless to anyone else.
pub fn contribution_commitment<AccountId: Encode>(
	records: &[RecordEntry],
	account: &AccountId,
	salt: &[u8; 32],
) -> Hash {
	let mut bytes = Vec::new();
	records.encode_to(&mut bytes);
	account.encode_to(&mut bytes);
	salt.encode_to(&mut bytes);
	sp_io::hashing::blake2_256(&bytes).into()
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn commitment_differs_when_any_part_differs() {
		let entry = RecordEntry { content: Hash::repeat_byte(1), size: 3 };
		let other = RecordEntry { size: 4, ..entry };
		let of = |records: &[RecordEntry], account: u64, salt| {
			contribution_commitment(records, &account, &[salt; 32])
		};
		let commitment = of(&[entry], 1, 0);
		assert_eq!(commitment, of(&[entry], 1, 0));
		for changed in
			[of(&[other], 1, 0), of(&[entry], 2, 0), of(&[entry], 1, 1), of(&[entry, entry], 1, 0)]
		{
			assert_ne!(commitment, changed);
		}
	}
}
