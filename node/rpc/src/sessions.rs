//! JSON of sessions and batches.

use crate::listing::{Price, address, amount};
use openledger_primitives_api::{BatchInfo, DrawInfo, DrawStage, LineInfo, SessionInfo};
use openledger_primitives_core::{BatchId, Hash, draw::draw_id};
use serde::{Deserialize, Serialize};
use sp_core::crypto::AccountId32;

/// A session between a payer and an operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
	/// Its number.
	pub id: u64,
	/// Who asks and pays.
	pub payer: String,
	/// Who answers.
	pub operator: String,
	/// The model version.
	pub model: u32,
	/// Whose key signs vouchers.
	pub signer: String,
	/// The price that no receipt may exceed.
	pub price: Price,
	/// What it may still cost.
	pub escrow: String,
	/// What its batches covered: a voucher is worth what it exceeds this by.
	pub settled: String,
	/// The receipts that its batches covered.
	pub receipts: u32,
	/// The last block of the session.
	pub expires_at: u32,
	/// The last block that is left to the operator's vouchers as things stand.
	pub left_until: u32,
	/// Whether its payer closed it.
	pub closing: bool,
	/// Whether it pays nothing more.
	pub ended: bool,
	/// Its batches that are not concluded.
	pub batches: u32,
	/// Whether what its receipts were asked is opened to auditors by consent or dispute alone.
	pub private: bool,
}

impl From<SessionInfo<AccountId32>> for Session {
	fn from(info: SessionInfo<AccountId32>) -> Self {
		Self {
			id: info.id,
			payer: address(&info.payer),
			operator: address(&info.operator),
			model: info.model,
			signer: address(&info.signer),
			price: info.price.into(),
			escrow: amount(info.escrow),
			settled: amount(info.settled),
			receipts: info.receipts,
			expires_at: info.expires_at,
			left_until: info.left_until,
			closing: info.closing,
			ended: info.ended,
			batches: info.batches,
			private: info.private,
		}
	}
}

/// What one voucher adds to a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
	/// The session.
	pub session: u64,
	/// The position of its first receipt that is new.
	pub first: u32,
	/// The receipts of the voucher's tree.
	pub count: u32,
	/// What earlier batches settled.
	pub from: String,
	/// The voucher's amount.
	pub to: String,
	/// The voucher's root.
	pub root: Hash,
}

impl From<LineInfo> for Line {
	fn from(info: LineInfo) -> Self {
		Self {
			session: info.session,
			first: info.first,
			count: info.count,
			from: amount(info.from),
			to: amount(info.to),
			root: info.root,
		}
	}
}

/// One draw of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Draw {
	/// Its number within the batch.
	pub draw: u8,
	/// How far it is: `pending`, `open`, `joined`, `settled`, `rejected` or `missed`.
	pub stage: String,
	/// The earlier draw whose fate it shares, since both fell into one receipt.
	pub joined: Option<u8>,
	/// The number of the claim that decides it, which `openledger_claim` and `openledger_audit`
	/// take: none where no receipt was shown for it.
	pub claim: Option<String>,
	/// The part of the batch that it decides.
	pub share: String,
	/// The session that it falls into, once it is decided and until the batch is concluded.
	pub session: Option<u64>,
	/// The unit of that session's tree that it takes.
	pub unit: Option<String>,
}

impl Draw {
	fn new(batch: BatchId, info: DrawInfo) -> Self {
		let stage = match info.stage {
			DrawStage::Pending => "pending",
			DrawStage::Open => "open",
			DrawStage::Joined(_) => "joined",
			DrawStage::Settled => "settled",
			DrawStage::Rejected => "rejected",
			DrawStage::Missed => "missed",
		};
		let (joined, claimed) = match info.stage {
			DrawStage::Pending | DrawStage::Missed => (None, None),
			DrawStage::Joined(first) => (Some(first), Some(first)),
			DrawStage::Open | DrawStage::Settled | DrawStage::Rejected => (None, Some(info.draw)),
		};
		Self {
			draw: info.draw,
			stage: stage.into(),
			joined,
			claim: claimed.map(|draw| draw_id(batch, draw).to_string()),
			share: amount(info.share),
			session: info.session,
			unit: info.session.map(|_| amount(info.unit)),
		}
	}
}

/// A batch of receipts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Batch {
	/// Its number.
	pub id: u32,
	/// Who answered.
	pub operator: String,
	/// The model version.
	pub model: u32,
	/// The fees of all its lines.
	pub total: String,
	/// What of the fees is neither paid nor given back.
	pub held: String,
	/// What of that goes back to the payers.
	pub returns: String,
	/// The block of the commitment.
	pub committed_at: u32,
	/// The round of lots after which its draws are decided.
	pub round: u32,
	/// The seed that decides them, once it is read.
	pub seed: Option<Hash>,
	/// The last block in which they can be shown.
	pub reveal_by: Option<u32>,
	/// Whether nothing of it is left to pay.
	pub concluded: bool,
	/// Its lines, until it is concluded.
	pub lines: Vec<Line>,
	/// Its draws.
	pub draws: Vec<Draw>,
}

impl From<BatchInfo<AccountId32>> for Batch {
	fn from(info: BatchInfo<AccountId32>) -> Self {
		Self {
			id: info.id,
			operator: address(&info.operator),
			model: info.model,
			total: amount(info.total),
			held: amount(info.held),
			returns: amount(info.returns),
			committed_at: info.committed_at,
			round: info.round,
			seed: info.seed,
			reveal_by: info.reveal_by,
			concluded: info.concluded,
			lines: info.lines.into_iter().map(Line::from).collect(),
			draws: info.draws.into_iter().map(|draw| Draw::new(info.id, draw)).collect(),
		}
	}
}
