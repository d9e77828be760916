//! JSON of a trace: from an answer to its records, contributors and amounts.

use crate::listing::{address, amount};
use openledger_primitives_api::{FoundInfo, RequestState, Trace as TraceInfo};
use openledger_primitives_attribution as rule;
use openledger_primitives_core::{Hash, settlement};
use serde::{Deserialize, Serialize};
use sp_core::crypto::AccountId32;

/// From an answer to its records, contributors and amounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Trace {
	/// The request.
	pub request: u64,
	/// pending, answered, settled or refunded.
	pub state: String,
	/// The model version asked.
	pub model: u32,
	/// Who asked and pays.
	pub payer: String,
	/// Who answers.
	pub operator: String,
	/// The question.
	pub prompt: String,
	/// The answer.
	pub answer: Option<String>,
	/// The tokens it took.
	pub usage: Usage,
	/// The block of the request.
	pub requested_at: u32,
	/// The block by which it had to be answered.
	pub deadline: u32,
	/// The block of the answer.
	pub answered_at: Option<u32>,
	/// From which block on the claim is final.
	pub final_at: Option<u32>,
	/// The fee; before the answer, the most it may be.
	pub fee: String,
	/// Mean gain in log-probability under the adapter, thousandths of a nat a token.
	pub gain: i32,
	/// The share of the contributors' part that the gain earned, in millionths.
	pub earned_ppm: u32,
	/// blake2b-256 of the claim as it was submitted.
	pub claim: Option<Hash>,
	/// The salted hash of the execution trace.
	pub trace: Option<Hash>,
	/// The query sketch.
	pub sketch: Vec<i8>,
	/// What is paid, best first.
	pub paid: Vec<Credit>,
	/// The records that explain it.
	pub evidence: Vec<Evidence>,
	/// What was put into the prompt: none where the model version puts no records there, or the runtime
	/// knows of none.
	#[serde(default)]
	pub found: Option<Found>,
	/// Who corrected the claim, if anyone did.
	pub challenger: Option<String>,
	/// Who was paid what, once settled.
	pub distribution: Option<Distribution>,
}

/// Tokens used by an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
	/// Of the prompt.
	pub prompt: u32,
	/// Of the answer.
	pub output: u32,
}

/// A leaf that is paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Credit {
	/// Its place.
	pub position: u32,
	/// Who is paid.
	pub account: String,
	/// Its score.
	pub score: String,
	/// Its score above the floor, which its share is in proportion to.
	pub weight: String,
}

/// A record that explains an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
	/// Its place in the index.
	pub position: u32,
	/// Its Datanet.
	pub datanet: u32,
	/// Its place in the Datanet's tree.
	pub index: u32,
	/// Who contributed it.
	pub contributor: String,
	/// blake2b-256 of its content.
	pub content: Hash,
	/// Its score.
	pub score: String,
}

/// What was put into an answer's prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Found {
	/// What these records have of the contributors' part, in millionths, where there are any.
	pub part_ppm: u32,
	/// blake2b-256 of the question's sketch.
	pub question: Hash,
	/// What is paid, best first.
	pub paid: Vec<Credit>,
	/// The same records, as they explain the answer.
	pub evidence: Vec<Evidence>,
}

impl From<FoundInfo<AccountId32>> for Found {
	fn from(info: FoundInfo<AccountId32>) -> Self {
		Self {
			part_ppm: info.part_ppm,
			question: info.question,
			paid: info.paid.into_iter().map(Credit::from).collect(),
			evidence: info.evidence.into_iter().map(Evidence::from).collect(),
		}
	}
}

/// One payee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Payment {
	/// Who is paid.
	pub account: String,
	/// How much.
	pub amount: String,
}

/// A fee, divided; the parts add up to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Distribution {
	/// The whole fee.
	pub fee: String,
	/// To contributors.
	pub contributors: Vec<Payment>,
	/// To the model's owner.
	pub owner: Payment,
	/// To the base's owner.
	pub royalty: Payment,
	/// To the operator.
	pub operator: Payment,
	/// To the verifiers' account.
	pub verifiers: String,
	/// To the validators' account.
	pub validators: String,
	/// To the treasury.
	pub treasury: String,
}

impl From<rule::Credit<AccountId32>> for Credit {
	fn from(credit: rule::Credit<AccountId32>) -> Self {
		Self {
			position: credit.position,
			account: address(&credit.account),
			score: credit.score.to_string(),
			weight: credit.weight.to_string(),
		}
	}
}

impl From<rule::Evidence<AccountId32>> for Evidence {
	fn from(evidence: rule::Evidence<AccountId32>) -> Self {
		Self {
			position: evidence.position,
			datanet: evidence.datanet,
			index: evidence.index,
			contributor: address(&evidence.contributor),
			content: evidence.content,
			score: evidence.score.to_string(),
		}
	}
}

impl From<settlement::Payment<AccountId32>> for Payment {
	fn from(payment: settlement::Payment<AccountId32>) -> Self {
		Self { account: address(&payment.account), amount: amount(payment.amount) }
	}
}

impl From<settlement::Distribution<AccountId32>> for Distribution {
	fn from(parts: settlement::Distribution<AccountId32>) -> Self {
		Self {
			fee: amount(parts.fee),
			contributors: parts.contributors.into_iter().map(Payment::from).collect(),
			owner: parts.owner.into(),
			royalty: parts.royalty.into(),
			operator: parts.operator.into(),
			verifiers: amount(parts.verifiers),
			validators: amount(parts.validators),
			treasury: amount(parts.treasury),
		}
	}
}

impl From<TraceInfo<AccountId32>> for Trace {
	fn from(info: TraceInfo<AccountId32>) -> Self {
		let state = match info.state {
			RequestState::Pending => "pending",
			RequestState::Answered => "answered",
			RequestState::Settled => "settled",
			RequestState::Refunded => "refunded",
		};
		Self {
			request: info.request,
			state: state.into(),
			model: info.model,
			payer: address(&info.payer),
			operator: address(&info.operator),
			prompt: info.prompt,
			answer: info.answer,
			usage: Usage { prompt: info.usage.prompt, output: info.usage.output },
			requested_at: info.requested_at,
			deadline: info.deadline,
			answered_at: info.answered_at,
			final_at: info.final_at,
			fee: amount(info.fee),
			gain: info.gain,
			earned_ppm: info.earned_ppm,
			claim: info.claim,
			trace: info.trace,
			sketch: info.sketch,
			paid: info.paid.into_iter().map(Credit::from).collect(),
			evidence: info.evidence.into_iter().map(Evidence::from).collect(),
			found: None,
			challenger: info.challenger.as_ref().map(address),
			distribution: info.distribution.map(Distribution::from),
		}
	}
}
