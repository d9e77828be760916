//! JSON of claims, and how they are named.

use crate::{
	Error,
	listing::address,
	trace::{Credit, Distribution, Evidence, Found},
};
use openledger_primitives_api::ClaimInfo;
use openledger_primitives_core::{
	Hash, RequestId,
	draw::{draw_id, drawn},
	subject::{Subject, pair_id, paired, subject, version_id, versioned},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sp_core::crypto::AccountId32;
use std::str::FromStr;

/// The largest number that JavaScript tells from its neighbours. The number of a draw's claim is
/// larger: rounded on its way here, it would name another draw.
const MAX_EXACT: u64 = (1 << 53) - 1;

/// How a claim is named: by its number, as a JSON number below 2^53 or as a decimal string, or as
/// `"BATCH/DRAW"`. The number of a request's claim is the request's. `"model/MODEL"` names the audit of a
/// model version, `"duplicate/CHALLENGE"` that of two records.
// Any JSON, since what is wrong with a name is ours to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClaimName(Value);

impl ClaimName {
	/// The number of the claim; [`Error::Claim`] where it can't be one.
	pub(crate) fn id(&self) -> Result<RequestId, Error> {
		let id = match &self.0 {
			Value::Number(number) => number.as_u64().filter(|id| *id <= MAX_EXACT),
			Value::String(text) => match text.split_once('/') {
				Some(("model", model)) => digits(model).map(version_id),
				Some(("duplicate", challenge)) => digits(challenge).map(pair_id),
				Some((batch, draw)) => {
					digits(batch).zip(digits(draw)).map(|(batch, draw)| draw_id(batch, draw))
				}
				None => digits(text).filter(|id| {
					is_request(*id) || drawn(*id).is_some() || subject(*id) != Subject::Claim
				}),
			},
			_ => None,
		};
		id.ok_or_else(|| Error::Claim(self.0.to_string()))
	}
}

impl From<RequestId> for ClaimName {
	fn from(id: RequestId) -> Self {
		Self(Value::String(id.to_string()))
	}
}

/// A number written in digits alone; parsing would take a sign too.
fn digits<N: FromStr>(text: &str) -> Option<N> {
	let plain = text.bytes().all(|byte| byte.is_ascii_digit());
	plain.then(|| text.parse().ok()).flatten()
}

/// Requests never reach the three highest bits.
fn is_request(id: RequestId) -> bool {
	id.leading_zeros() > 2
}

/// A claim as people read it: a request's number, or `BATCH/DRAW`; a version's audit as `model/MODEL`, that of
/// two records as `duplicate/CHALLENGE`.
pub(crate) fn shown(id: RequestId) -> String {
	if let Some(model) = versioned(id) {
		return format!("model/{model}");
	}
	if let Some(challenge) = paired(id) {
		return format!("duplicate/{challenge}");
	}
	match drawn(id) {
		None => id.to_string(),
		Some((batch, draw)) => format!("{batch}/{draw}"),
	}
}

/// Whose claim it is: a request's, or a draw's of a batch. Or the model version that is audited, or the challenge
/// whose records are compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimId {
	/// Its number as a decimal string, which every method takes that asks for a claim.
	pub claim: String,
	/// The request.
	pub request: Option<u64>,
	/// The draw's batch.
	pub batch: Option<u32>,
	/// The draw's number within the batch.
	pub draw: Option<u8>,
	/// The model version.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub model: Option<u32>,
	/// The challenge of a duplicate.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub duplicate: Option<u32>,
}

impl From<RequestId> for ClaimId {
	fn from(id: RequestId) -> Self {
		let place = drawn(id);
		Self {
			claim: id.to_string(),
			request: is_request(id).then_some(id),
			batch: place.map(|(batch, _)| batch),
			draw: place.map(|(_, draw)| draw),
			model: versioned(id),
			duplicate: paired(id),
		}
	}
}

/// A claim, as verified and, where it was challenged, corrected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
	/// Whose claim it is.
	#[serde(flatten)]
	pub id: ClaimId,
	/// The model version that answered.
	pub model: u32,
	/// Who answered.
	pub operator: String,
	/// Who asked and pays.
	pub payer: String,
	/// The block of the claim.
	pub submitted_at: u32,
	/// From which block on it is final.
	pub final_at: u32,
	/// Mean gain in log-probability under the adapter, thousandths of a nat a token.
	pub gain: i32,
	/// The share of the contributors' part that the gain earned, in millionths.
	pub earned_ppm: u32,
	/// blake2b-256 of the claim as it was submitted.
	pub digest: Hash,
	/// The salted hash of the execution trace.
	pub trace: Hash,
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
	/// Who corrected it, if anyone did.
	pub challenger: Option<String>,
	/// Whether its answer was found false.
	pub rejected: bool,
	/// Who was paid what, once settled.
	pub distribution: Option<Distribution>,
}

impl From<ClaimInfo<AccountId32>> for Claim {
	fn from(info: ClaimInfo<AccountId32>) -> Self {
		Self {
			id: info.claim.into(),
			model: info.model,
			operator: address(&info.operator),
			payer: address(&info.payer),
			submitted_at: info.submitted_at,
			final_at: info.final_at,
			gain: info.gain,
			earned_ppm: info.earned_ppm,
			digest: info.digest,
			trace: info.trace,
			sketch: info.sketch,
			paid: info.paid.into_iter().map(Credit::from).collect(),
			evidence: info.evidence.into_iter().map(Evidence::from).collect(),
			found: None,
			challenger: info.challenger.as_ref().map(address),
			rejected: info.rejected,
			distribution: info.distribution.map(Distribution::from),
		}
	}
}
