//! What the pallet stores.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use openledger_primitives_attribution::Claim;
use openledger_primitives_core::{Balance, BlockNumber, Hash, ModelId, RoundId, model::Price};
use openledger_primitives_receipts::{Receipt, SumProof, draw::share};
use scale_info::TypeInfo;
use sp_core::ConstU32;
use sp_runtime::BoundedVec;

/// The most receipts that one transaction shows: all draws of a usual batch take four, none of which
/// fills a twentieth of a block.
pub const MAX_SHOWN: u32 = 8;

/// Receipts that are shown together.
pub type AllShown<AccountId> = BoundedVec<Shown<AccountId>, ConstU32<MAX_SHOWN>>;

/// A drawn receipt that is shown.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct Shown<AccountId> {
	/// The receipt.
	pub receipt: Receipt,
	/// Its place in the tree that its session's payer signed.
	pub proof: SumProof,
	/// Its claim.
	pub claim: Claim<AccountId>,
}

/// The most draws of a batch.
pub(crate) type MaxDraws = ConstU32<{ u8::MAX as u32 }>;

/// A session, with the deposit for its entry.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Session<AccountId, Ticket> {
	/// Who asks and pays.
	pub payer: AccountId,
	/// Who answers.
	pub operator: AccountId,
	/// The model version.
	pub model: ModelId,
	/// Whose key signs vouchers.
	pub signer: AccountId,
	/// The price at the opening, which no receipt may exceed.
	pub price: Price,
	/// What it may still cost, held from the payer.
	pub escrow: Balance,
	/// What its batches covered.
	pub settled: Balance,
	/// The receipts that its batches covered.
	pub count: u32,
	/// The last block of the session.
	pub expires_at: BlockNumber,
	/// The block in which the payer closed it.
	pub closed_at: Option<BlockNumber>,
	/// Whether it pays nothing more.
	pub ended: bool,
	/// Batches with a line of it that are not concluded.
	pub batches: u32,
	/// The payer's deposit.
	pub ticket: Ticket,
}

impl<AccountId, Ticket> Session<AccountId, Ticket> {
	/// The last block that is left to the operator, with `period` blocks from the session's close.
	pub fn left_until(&self, period: BlockNumber) -> BlockNumber {
		let closed = self.closed_at.unwrap_or(self.expires_at).min(self.expires_at);
		closed.saturating_add(period)
	}
}

/// How far a draw is.
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
pub enum Stage {
	/// Its receipt was not shown yet.
	Pending,
	/// Its receipt was shown, and the claim is not final.
	Open,
	/// It falls into the receipt of an earlier draw, and shares that one's fate.
	Joined(u8),
	/// Paid.
	Settled,
	/// Its answer was found false, and its share goes back to the payers.
	Rejected,
	/// Its receipt was not shown in time, and its share goes back to the payers.
	Missed,
}

/// A batch's draws, decided.
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
pub struct Drawn {
	/// The seed that decides them.
	pub seed: Hash,
	/// The last block in which they can be shown.
	pub reveal_by: BlockNumber,
}

/// A batch, with the deposit for all that is stored of it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Batch<AccountId, Ticket> {
	/// Who answered.
	pub operator: AccountId,
	/// The model version.
	pub model: ModelId,
	/// The fees of all its lines.
	pub total: Balance,
	/// How many lines it has.
	pub vouchers: u32,
	/// What of the fees is still held from the operator.
	pub held: Balance,
	/// What of that goes back to the payers.
	pub returns: Balance,
	/// The block of the commitment.
	pub committed_at: BlockNumber,
	/// The round after which its draws are decided.
	pub round: RoundId,
	/// Its draws, once they are decided.
	pub drawn: Option<Drawn>,
	/// How far each draw is.
	pub stages: BoundedVec<Stage, MaxDraws>,
	/// Whether nothing of it is left to pay.
	pub concluded: bool,
	/// The operator's deposit.
	pub ticket: Ticket,
}

impl<AccountId, Ticket> Batch<AccountId, Ticket> {
	/// How many draws it is paid by.
	pub fn draws(&self) -> u8 {
		self.stages.len() as u8
	}

	/// Its draws with their stages.
	pub fn staged(&self) -> impl Iterator<Item = (u8, Stage)> + '_ {
		(0u8..=u8::MAX).zip(self.stages.iter().copied())
	}

	/// How far a draw is; `None` where there is no such draw.
	pub fn stage(&self, draw: u8) -> Option<Stage> {
		self.stages.get(usize::from(draw)).copied()
	}

	/// Sets how far a draw is.
	pub(crate) fn put(&mut self, draw: u8, stage: Stage) {
		if let Some(kept) = self.stages.get_mut(usize::from(draw)) {
			*kept = stage;
		}
	}

	/// The part of the batch that a draw decides, with those that joined it.
	pub fn fee(&self, draw: u8) -> Balance {
		self.staged()
			.filter(|(other, stage)| *other == draw || *stage == Stage::Joined(draw))
			.fold(0, |sum, (other, _)| sum.saturating_add(self.share(other)))
	}

	/// The part of the batch that one draw decides by itself.
	pub fn share(&self, draw: u8) -> Balance {
		share(self.total, self.draws(), draw)
	}

	/// Whether a draw is neither paid nor given back.
	pub fn is_open(&self) -> bool {
		self.stages.iter().any(|stage| matches!(stage, Stage::Pending | Stage::Open))
	}
}
