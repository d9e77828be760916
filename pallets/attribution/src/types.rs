//! What the pallet stores.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use openledger_primitives_attribution::{Credit, Evidence};
use openledger_primitives_core::{
	Balance, BlockNumber, Hash, MAX_CREDITS, MAX_FOUND, ModelId, Sketch,
};
use scale_info::TypeInfo;
use sp_runtime::{BoundedVec, Permill, traits::ConstU32};

/// Whether a claim still stands to be challenged.
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
pub enum Status {
	/// Not final: it can be challenged within its window, and is paid after it.
	Open,
	/// Final and paid.
	Final,
	/// The answer was found false, and its fee given back.
	Rejected,
}

/// The last correction of a claim.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Correction<AccountId> {
	/// Who opened what the claim had left out.
	pub challenger: AccountId,
	/// The place of the leaf that was left out.
	pub omitted: u32,
}

/// What was put into an answer's prompt, as verified and, where it was challenged, corrected.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Prompted<AccountId> {
	/// The hash of the question's sketch, which challengers bring
	/// ([`openledger_primitives_attribution::found::question`]).
	pub question: Hash,
	/// What these records have of the contributors' part, where there are any.
	pub part: Permill,
	/// What is paid, best first.
	pub paid: BoundedVec<Credit<AccountId>, ConstU32<MAX_FOUND>>,
	/// The same records, as they explain the answer.
	pub evidence: BoundedVec<Evidence<AccountId>, ConstU32<MAX_FOUND>>,
}

/// A claim, as verified and, where it was challenged, corrected.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct ClaimRecord<AccountId> {
	/// The model version that answered.
	pub model: ModelId,
	/// Who answered, and stands by the claim with its bond.
	pub operator: AccountId,
	/// Who asked and pays.
	pub payer: AccountId,
	/// The block of the claim.
	pub submitted_at: BlockNumber,
	/// The first block at which it can be final.
	pub final_at: BlockNumber,
	/// Mean gain under the adapter, thousandths of a nat a token.
	pub gain: i32,
	/// The share of the contributors' part that the gain earns, fixed at submission.
	pub earned: Permill,
	/// The salted hash of the execution trace.
	pub trace: Hash,
	/// blake2b-256 of the claim as submitted, SCALE-encoded.
	pub digest: Hash,
	/// The query sketch.
	pub sketch: Sketch,
	/// What is paid, best first.
	pub paid: BoundedVec<Credit<AccountId>, ConstU32<MAX_CREDITS>>,
	/// The records that explain it, best first.
	pub evidence: BoundedVec<Evidence<AccountId>, ConstU32<MAX_CREDITS>>,
	/// Challenges that are committed and neither opened nor withdrawn.
	pub standing: u32,
	/// The last correction, if any.
	pub correction: Option<Correction<AccountId>>,
	/// Whether it is final.
	pub status: Status,
	/// What was put into the prompt, where the model version puts records there.
	pub found: Option<Prompted<AccountId>>,
}

/// What an audit has done to a claim that it refuted.
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
pub enum Revision {
	/// The true claim took its place.
	Replaced {
		/// At this block.
		at: BlockNumber,
	},
	/// It credits nobody, since nobody brought the true one.
	Discredited,
}

/// A position of an index that somebody asked for, and nobody has shown yet.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Demand<AccountId> {
	/// The position.
	pub position: u32,
	/// Who asked.
	pub demander: AccountId,
	/// What is held from who asked, and lost to who shows the leaf and to the treasury.
	pub deposit: Balance,
	/// The first block at which it is too late to show it.
	pub until: BlockNumber,
}

/// A challenge that is committed and not opened.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Challenge {
	/// `blake2b-256(SCALE(target, fault, challenger, salt))`.
	pub commitment: Hash,
	/// The block of the commitment.
	pub at: BlockNumber,
	/// What is held from the challenger until it opens or withdraws.
	pub deposit: Balance,
}

/// The challenges that stand against a model version's index.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Contest {
	/// The block of the first of them.
	pub since: BlockNumber,
	/// How many stand that were committed from then on.
	pub standing: u32,
	/// The first block at which the version can be removed although they stand.
	pub until: BlockNumber,
}
