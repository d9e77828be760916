//! What travels between a payer's client and an operator's server.
//!
//! A request is OpenAI's, byte for byte; what the session needs goes beside it in headers
//! ([`Asking`]). The response is OpenAI's too, with one more field, [`FIELD`], that holds the receipt
//! ([`Given`]): in the body, or in the last chunk of a stream. One request has one answer, whose text
//! is that of its only choice. Vouchers may also be sent by themselves ([`Payment`]), and receipts
//! that were missed are asked for ([`Missing`]). These types do no I/O and never block.
//!
//! | request | with | answers with |
//! |---|---|---|
//! | any that makes an answer | headers of [`Asking`] | the field [`Given`] |
//! | `POST /v1/session/voucher` | header [`ACCESS`], [`Payment`] | [`Owing`] |
//! | `POST /v1/session/receipts` | header [`ACCESS`], [`Missing`] | [`Resent`] |
//! | `GET /v1/audits/CLAIM` | headers of [`audit::headers`] | [`audit::Content`] |
//! | `POST /v1/stock/MODEL` | a signature over [`stock::payload`] | [`stock::Standing`] |

pub mod audit;
mod failure;
mod headers;
mod json;
pub mod stock;

pub use failure::{Failure, Problem};
pub use headers::{ACCESS, Asking, BadHeader, MOST, SALT, VOUCHER, access};

use crate::store::{self, Kept, Unpaid};
use openledger_primitives_attribution::claim::Claim;
use openledger_primitives_core::{Balance, DatanetId, Hash, Sketch, units};
use openledger_primitives_receipts::{SignedReceipt, SignedVoucher};
use serde::{Deserialize, Serialize};
use sp_core::crypto::AccountId32;

/// The field of a response that holds the receipt.
pub const FIELD: &str = "openledger";
/// Where vouchers are sent.
pub const VOUCHER_PATH: &str = "/v1/session/voucher";
/// Where receipts are asked for again.
pub const RECEIPTS_PATH: &str = "/v1/session/receipts";
/// The most receipts that one response sends again.
pub const MOST_RESENT: u32 = 64;

/// A receipt, and what its claim's commitment opens to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
	/// The receipt.
	#[serde(rename = "receipt", with = "json::receipt")]
	pub signed: SignedReceipt,
	/// Its claim.
	pub claim: Opened,
}

/// What a claim takes on trust, and whom it credits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
	/// The query sketch.
	#[serde(with = "json::sketch")]
	pub sketch: Sketch,
	/// The mean gain in log-probability, in thousandths of a nat a token.
	pub gain: i32,
	/// The salted hash of the execution trace.
	pub trace: Hash,
	/// The records that moved the answer, best first. They follow from the sketch and the model's
	/// index, so nothing signs them here; the chain checks them for receipts that are drawn.
	pub records: Vec<Credited>,
	/// The contributors that are paid, best first, where the model pays contributors.
	pub contributors: Vec<AccountId32>,
	/// The records that were put into the prompt, as they are numbered there, where the model puts any
	/// there. They follow from the question and the model's retrieval.
	#[serde(default, skip_serializing_if = "Vec::is_empty")]
	pub found: Vec<Credited>,
}

/// A record that moved an answer, or was put into its prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credited {
	/// Its place in the model's index.
	pub position: u32,
	/// Its Datanet.
	pub datanet: DatanetId,
	/// Its place in the Datanet's tree.
	pub index: u32,
	/// Who contributed it.
	pub contributor: AccountId32,
	/// blake2b-256 of its content.
	pub content: Hash,
}

impl From<&Claim<AccountId32>> for Opened {
	fn from(claim: &Claim<AccountId32>) -> Self {
		let record =
			|credit: &openledger_primitives_attribution::claim::RecordCredit<_>| Credited {
				position: credit.position,
				datanet: credit.record.datanet,
				index: credit.record.index,
				contributor: AccountId32::clone(&credit.record.contributor),
				content: credit.record.content,
			};
		let found = claim.found.iter().flat_map(|found| &found.records);
		Self {
			sketch: claim.sketch.clone(),
			gain: claim.gain,
			trace: claim.trace,
			records: claim.records.iter().map(record).collect(),
			contributors: claim
				.contributors
				.iter()
				.map(|credit| credit.leaf.account.clone())
				.collect(),
			found: found.map(record).collect(),
		}
	}
}

/// A voucher by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
	/// The voucher.
	#[serde(with = "json::voucher")]
	pub voucher: SignedVoucher,
}

/// What is unpaid after a voucher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owing {
	/// How many receipts.
	pub receipts: u32,
	/// What they cost, in the smallest unit of OPEN.
	#[serde(with = "units")]
	pub amount: Balance,
}

impl From<Unpaid> for Owing {
	fn from(unpaid: Unpaid) -> Self {
		Self { receipts: unpaid.receipts, amount: unpaid.amount }
	}
}

/// Asks for the receipts that a payer does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
	/// How many it has: the position of the first one that it wants.
	pub after: u32,
}

/// Receipts that are sent again, in order. Where there are [`MOST_RESENT`], there may be more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resent {
	/// They, with their answers.
	pub receipts: Vec<Again>,
}

/// A receipt that is sent again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Again {
	/// The receipt and its claim.
	#[serde(flatten)]
	pub given: Given,
	/// The answer's text.
	pub answered: String,
}

/// Why a receipt in the store cannot be sent: it was not made by this software.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
	/// Its claim.
	#[error("a claim in the store is not SCALE: {0}")]
	Claim(#[from] codec::Error),
	/// Its answer.
	#[error("an answer in the store is not UTF-8: {0}")]
	Text(#[from] std::string::FromUtf8Error),
}

impl TryFrom<Kept> for Again {
	type Error = Unreadable;

	fn try_from(kept: Kept) -> Result<Self, Unreadable> {
		let claim = store::claim(&kept.contents.claim)?;
		let given = Given { signed: kept.signed, claim: Opened::from(&claim) };
		Ok(Self { given, answered: String::from_utf8(kept.contents.answered)? })
	}
}
