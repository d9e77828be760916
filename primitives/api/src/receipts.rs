//! Sessions and batches, as the runtime API shows them.

use alloc::vec::Vec;
use codec::{Decode, Encode};
use openledger_primitives_core::{
	Balance, BatchId, BlockNumber, Hash, ModelId, RoundId, SessionId, model::Price,
};
use scale_info::TypeInfo;

/// A session between a payer and an operator.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct SessionInfo<AccountId> {
	/// Its number.
	pub id: SessionId,
	/// Who asks and pays.
	pub payer: AccountId,
	/// Who answers.
	pub operator: AccountId,
	/// The model version.
	pub model: ModelId,
	/// Whose key signs vouchers.
	pub signer: AccountId,
	/// The price that no receipt may exceed.
	pub price: Price,
	/// What it may still cost.
	#[cfg_attr(feature = "std", serde(with = "openledger_primitives_core::units"))]
	pub escrow: Balance,
	/// What its batches covered: a voucher is worth what it exceeds this by.
	#[cfg_attr(feature = "std", serde(with = "openledger_primitives_core::units"))]
	pub settled: Balance,
	/// The receipts that its batches covered.
	pub receipts: u32,
	/// The last block of the session.
	pub expires_at: BlockNumber,
	/// The last block that is left to the operator's vouchers as things stand.
	pub left_until: BlockNumber,
	/// Whether its payer closed it.
	pub closing: bool,
	/// Whether it pays nothing more.
	pub ended: bool,
	/// Its batches that are not concluded.
	pub batches: u32,
	/// Whether its receipts are opened to auditors by consent or dispute alone.
	pub private: bool,
}

/// What one voucher adds to a batch.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct LineInfo {
	/// The session.
	pub session: SessionId,
	/// The position of its first receipt that is new.
	pub first: u32,
	/// The receipts of the voucher's tree.
	pub count: u32,
	/// What earlier batches settled.
	#[cfg_attr(feature = "std", serde(with = "openledger_primitives_core::units"))]
	pub from: Balance,
	/// The voucher's amount.
	#[cfg_attr(feature = "std", serde(with = "openledger_primitives_core::units"))]
	pub to: Balance,
	/// The voucher's root.
	pub root: Hash,
}

/// How far a draw is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "std", serde(rename_all = "lowercase"))]
pub enum DrawStage {
	/// Its receipt was not shown yet.
	Pending,
	/// Its receipt was shown, and the claim is not final.
	Open,
	/// It shares the fate of this earlier draw, which fell into the same receipt.
	Joined(u8),
	/// Paid.
	Settled,
	/// Its answer was found false.
	Rejected,
	/// Its receipt was not shown in time.
	Missed,
}

/// One draw of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct DrawInfo {
	/// Its number within the batch.
	pub draw: u8,
	/// How far it is.
	pub stage: DrawStage,
	/// The part of the batch that it decides.
	#[cfg_attr(feature = "std", serde(with = "openledger_primitives_core::units"))]
	pub share: Balance,
	/// The session that it falls into, once it is decided and until the batch is concluded.
	pub session: Option<SessionId>,
	/// The unit of that session's tree that it takes; zero where there is no session to name.
	#[cfg_attr(feature = "std", serde(with = "openledger_primitives_core::units"))]
	pub unit: Balance,
}

/// A batch of receipts.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct BatchInfo<AccountId> {
	/// Its number.
	pub id: BatchId,
	/// Who answered.
	pub operator: AccountId,
	/// The model version.
	pub model: ModelId,
	/// The fees of all its lines.
	#[cfg_attr(feature = "std", serde(with = "openledger_primitives_core::units"))]
	pub total: Balance,
	/// What of the fees is neither paid nor given back.
	#[cfg_attr(feature = "std", serde(with = "openledger_primitives_core::units"))]
	pub held: Balance,
	/// What of that goes back to the payers.
	#[cfg_attr(feature = "std", serde(with = "openledger_primitives_core::units"))]
	pub returns: Balance,
	/// The block of the commitment.
	pub committed_at: BlockNumber,
	/// The round after which its draws are decided.
	pub round: RoundId,
	/// The seed that decides them, once it is read.
	pub seed: Option<Hash>,
	/// The last block in which they can be shown.
	pub reveal_by: Option<BlockNumber>,
	/// Whether nothing of it is left to pay.
	pub concluded: bool,
	/// Its lines, until it is concluded.
	pub lines: Vec<LineInfo>,
	/// Its draws.
	pub draws: Vec<DrawInfo>,
}
