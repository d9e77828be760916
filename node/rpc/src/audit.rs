//! JSON of verifiers and audits.

use crate::{
	claims::ClaimId,
	listing::{address, amount},
};
use openledger_primitives_api::{AuditInfo, AuditStage, AuditVerdict, SeatInfo, VerifierInfo};
use openledger_primitives_attribution::audit::{Execution as ExecutionInfo, Level};
use openledger_primitives_core::Hash;
use serde::{Deserialize, Serialize};
use sp_core::crypto::AccountId32;

/// A bonded verifier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Verifier {
	/// The verifier.
	pub account: String,
	/// The hot key that its worker signs with.
	pub agent: String,
	/// What it has at stake.
	pub bond: String,
	/// The round of lots from which on it is drawn.
	pub since: u32,
	/// Audits that it has a seat in now.
	pub duties: u32,
	/// Findings of it that verdicts agreed with.
	pub upheld: u64,
	/// Duties neglected: the third one costs the place.
	pub strikes: u8,
	/// Whether it is drawn no more.
	pub leaving: bool,
}

impl From<VerifierInfo<AccountId32>> for Verifier {
	fn from(info: VerifierInfo<AccountId32>) -> Self {
		Self {
			account: address(&info.account),
			agent: address(&info.agent),
			bond: amount(info.bond),
			since: info.since,
			duties: info.duties,
			upheld: info.upheld,
			strikes: info.strikes,
			leaving: info.leaving,
		}
	}
}

/// What an execution comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Execution {
	/// blake2b-256 of the answer's text, or what a drawn receipt commits to.
	pub answer: Hash,
	/// Tokens of the prompt.
	pub prompt_tokens: u32,
	/// Tokens of the answer.
	pub output_tokens: u32,
	/// blake2b-256 of the claim.
	pub claim: Hash,
}

impl From<ExecutionInfo> for Execution {
	fn from(info: ExecutionInfo) -> Self {
		Self {
			answer: info.answer,
			prompt_tokens: info.usage.prompt,
			output_tokens: info.usage.output,
			claim: info.claim,
		}
	}
}

/// What an audit comes to, or a verifier found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Verdict {
	/// The claim is true.
	Upheld,
	/// Execution comes to this instead.
	Refuted(Execution),
	/// What was asked and answered is not handed out.
	Withheld,
}

impl From<AuditVerdict> for Verdict {
	fn from(info: AuditVerdict) -> Self {
		match info {
			AuditVerdict::Upheld => Self::Upheld,
			AuditVerdict::Refuted(execution) => Self::Refuted(execution.into()),
			AuditVerdict::Withheld => Self::Withheld,
		}
	}
}

/// A verifier's seat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Seat {
	/// Who sits there.
	pub verifier: String,
	/// The committee: `first`, `redraw` or `appeal`.
	pub committee: String,
	/// Whether it has committed to a finding.
	pub committed: bool,
	/// What it revealed.
	pub found: Option<Verdict>,
}

impl From<SeatInfo<AccountId32>> for Seat {
	fn from(info: SeatInfo<AccountId32>) -> Self {
		let committee = match info.level {
			Level::First => "first",
			Level::Redraw => "redraw",
			Level::Appeal => "appeal",
		};
		Self {
			verifier: address(&info.verifier),
			committee: committee.into(),
			committed: info.committed,
			found: info.found.map(Verdict::from),
		}
	}
}

/// The audit of a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Audit {
	/// Whose claim it is.
	#[serde(flatten)]
	pub id: ClaimId,
	/// Where it stands: `undrawn`, `drawing`, `committing`, `revealing`, `decided`, `correcting`,
	/// `restoring`, `undecided` or `concluded`.
	pub stage: String,
	/// The first block at which the stage is over, where it ends by time.
	pub until: Option<u32>,
	/// What it came to so far.
	pub verdict: Option<Verdict>,
	/// The seats that wait for the last verdict.
	pub seats: Vec<Seat>,
	/// Who appealed.
	pub appellant: Option<String>,
}

impl From<AuditInfo<AccountId32>> for Audit {
	fn from(info: AuditInfo<AccountId32>) -> Self {
		let stage = match info.stage {
			AuditStage::Undrawn => "undrawn",
			AuditStage::Drawing => "drawing",
			AuditStage::Committing => "committing",
			AuditStage::Revealing => "revealing",
			AuditStage::Decided => "decided",
			AuditStage::Correcting => "correcting",
			AuditStage::Restoring => "restoring",
			AuditStage::Undecided => "undecided",
			AuditStage::Concluded => "concluded",
		};
		Self {
			id: info.claim.into(),
			stage: stage.into(),
			until: info.until,
			verdict: info.verdict.map(Verdict::from),
			seats: info.seats.into_iter().map(Seat::from).collect(),
			appellant: info.appellant.as_ref().map(address),
		}
	}
}
