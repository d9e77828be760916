//! What can be challenged, as the runtime API tells it.

use alloc::vec::Vec;
use codec::{Decode, Encode};
use openledger_primitives_core::{Balance, BlockNumber, Hash};
use scale_info::TypeInfo;

/// A challenge that is committed and not opened.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct ChallengeInfo<AccountId> {
	/// Who challenges.
	pub challenger: AccountId,
	/// What it commits to.
	pub commitment: Hash,
	/// The block of the commitment: it is opened in a later one.
	pub at: BlockNumber,
	/// What is held from the challenger, in the smallest unit.
	#[cfg_attr(feature = "std", serde(with = "openledger_primitives_core::units"))]
	pub deposit: Balance,
}

/// What challenging a claim or a model version's index takes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct ChallengesInfo<AccountId> {
	/// Whether it is over: the claim is final, the model version condemned.
	pub is_over: bool,
	/// The first block at which a claim's window is over: no more challenges are committed. None for an
	/// index, which can be challenged at any time.
	pub commit_before: Option<BlockNumber>,
	/// The first block at which none is opened any more.
	pub open_before: Option<BlockNumber>,
	/// What a challenge puts at stake, in the smallest unit.
	#[cfg_attr(feature = "std", serde(with = "openledger_primitives_core::units"))]
	pub deposit: Balance,
	/// The contributors' part of a claim's fee, before the lift; zero for an index.
	#[cfg_attr(feature = "std", serde(with = "openledger_primitives_core::units"))]
	pub at_stake: Balance,
	/// The challenges that stand, some of them where they are more than [`crate::MAX_PAGE`].
	pub standing: Vec<ChallengeInfo<AccountId>>,
}
