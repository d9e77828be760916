//! Challenges that say one record duplicates another, as the runtime API shows them.

use alloc::vec::Vec;
use codec::{Decode, Encode};
use openledger_primitives_core::{Balance, BlockNumber, ChallengeId, Hash, record::Pair};
use scale_info::TypeInfo;

/// A challenge that is committed and not opened.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct SealInfo {
	/// What is committed to.
	pub commitment: Hash,
	/// The block of the commitment: it is opened in a later one.
	pub at: BlockNumber,
	/// What is held, in the smallest unit.
	#[cfg_attr(feature = "std", serde(with = "openledger_primitives_core::units"))]
	pub deposit: Balance,
}

/// What challenging a record takes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct DuplicateTerms {
	/// Whether records can be challenged.
	pub is_enabled: bool,
	/// What a challenge puts at stake, in the smallest unit.
	#[cfg_attr(feature = "std", serde(with = "openledger_primitives_core::units"))]
	pub deposit: Balance,
	/// What the account that was asked about has committed to and not opened.
	pub sealed: Vec<SealInfo>,
}

/// A challenge that is opened and not decided.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct DuplicateInfo<AccountId> {
	/// Its number.
	pub challenge: ChallengeId,
	/// The records.
	pub pair: Pair,
	/// Who challenges.
	pub challenger: AccountId,
	/// Who contributed the later record.
	pub contributor: AccountId,
	/// What the challenger has at stake, in the smallest unit.
	#[cfg_attr(feature = "std", serde(with = "openledger_primitives_core::units"))]
	pub deposit: Balance,
}
