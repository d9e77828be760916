//! JSON of verifiers and audits.

use crate::{
	claims::{ClaimId, shown},
	listing::{address, amount},
};
use openledger_primitives_api::{
	AuditInfo, AuditStage, AuditVerdict, SeatInfo, StandingInfo, VerifierInfo,
};
use openledger_primitives_attribution::{
	audit::{Execution as ExecutionInfo, Level, Recomputed as RecomputedInfo},
	duplicate::{Overlap as OverlapInfo, Shared as SharedInfo},
};
use openledger_primitives_core::{
	Hash,
	model::{Assurance, Unaudited},
	subject::version_id,
};
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

/// What computing a model version's drawn parts again comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recomputed {
	/// blake2b-256 of the drawn leaves.
	pub leaves: Hash,
	/// The hash of the state that the drawn stretch of training leads to.
	pub state: Hash,
	/// The floor, in millionths.
	pub floor_ppm: u32,
}

impl From<RecomputedInfo> for Recomputed {
	fn from(info: RecomputedInfo) -> Self {
		let RecomputedInfo { leaves, state, floor_ppm } = info;
		Self { leaves, state, floor_ppm }
	}
}

/// Two sets of shingles, by how many each has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shared {
	/// Shingles of the later record.
	pub later: u32,
	/// Shingles of the earlier one.
	pub earlier: u32,
	/// Shingles that both have.
	pub common: u32,
	/// The Jaccard index, in millionths.
	pub jaccard_ppm: u32,
}

impl From<SharedInfo> for Shared {
	fn from(info: SharedInfo) -> Self {
		let jaccard_ppm = info.jaccard_ppm();
		let SharedInfo { one: later, other: earlier, common } = info;
		Self { later, earlier, common, jaccard_ppm }
	}
}

/// What two records have in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Overlap {
	/// Of all their words.
	pub whole: Shared,
	/// Of what is learnt of them.
	pub learnt: Shared,
	/// Whether the later one duplicates the earlier one.
	pub duplicate: bool,
}

impl From<OverlapInfo> for Overlap {
	fn from(info: OverlapInfo) -> Self {
		let duplicate = info.is_duplicate();
		Self { whole: info.whole.into(), learnt: info.learnt.into(), duplicate }
	}
}

/// What stands behind a model version's index, beside its bond.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
	/// `waiting`, `audited`, `unaudited`, `withheld` or `refuted`.
	pub state: String,
	/// Why it earns without an audit: `before`, `off`, `notCalled`, `tooFewVerifiers` or `tolerant`.
	pub reason: Option<String>,
	/// How many audits were asked for.
	pub asked: u8,
	/// blake2b-256 of the list of its training's checkpoints, where it committed to one.
	pub training: Option<Hash>,
	/// The audit's name, which every method takes that asks for a claim.
	pub audit: String,
}

impl From<StandingInfo> for Standing {
	fn from(info: StandingInfo) -> Self {
		let (state, reason) = match info.assurance {
			Assurance::Waiting => ("waiting", None),
			Assurance::Audited => ("audited", None),
			Assurance::Withheld => ("withheld", None),
			Assurance::Refuted => ("refuted", None),
			Assurance::Unaudited(reason) => ("unaudited", Some(reason)),
		};
		let reason = reason.map(|reason| match reason {
			Unaudited::Before => "before",
			Unaudited::Off => "off",
			Unaudited::NotCalled => "notCalled",
			Unaudited::TooFewVerifiers => "tooFewVerifiers",
			Unaudited::Tolerant => "tolerant",
		});
		Self {
			state: state.into(),
			reason: reason.map(String::from),
			asked: info.asked,
			training: info.training,
			audit: shown(version_id(info.model)),
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
	/// What was asked and answered is not handed out, or what a model version is made of.
	Withheld,
	/// The model version is what was committed to.
	Sound,
	/// The model version is not; computing it again comes to this.
	Unsound(Recomputed),
	/// What two records have in common.
	Compared(Overlap),
	/// The earlier of two records is not handed out.
	Unshown,
}

impl From<AuditVerdict> for Verdict {
	fn from(info: AuditVerdict) -> Self {
		match info {
			AuditVerdict::Upheld => Self::Upheld,
			AuditVerdict::Refuted(execution) => Self::Refuted(execution.into()),
			AuditVerdict::Withheld => Self::Withheld,
			AuditVerdict::Sound => Self::Sound,
			AuditVerdict::Unsound(found) => Self::Unsound(found.into()),
			AuditVerdict::Compared(overlap) => Self::Compared(overlap.into()),
			AuditVerdict::Unshown => Self::Unshown,
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
	/// Whether lots can't call the claim, unless its payer consents.
	pub private: bool,
	/// Who disputed the claim, while that is not decided.
	pub disputer: Option<String>,
	/// What disputing the claim puts at stake, where that can be done.
	pub dispute_deposit: Option<String>,
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
			private: info.private,
			disputer: info.disputer.as_ref().map(address),
			dispute_deposit: (info.dispute_deposit > 0).then(|| amount(info.dispute_deposit)),
		}
	}
}
