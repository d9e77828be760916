//! Verifiers and audits, as the runtime API shows them.

use alloc::vec::Vec;
use codec::{Decode, Encode};
use openledger_primitives_attribution::{
	audit::{Execution, Level, Recomputed},
	duplicate::Overlap,
};
use openledger_primitives_core::{
	Balance, BlockNumber, Hash, ModelId, RequestId, RoundId, model::Assurance,
};
use scale_info::TypeInfo;

/// A bonded verifier.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct VerifierInfo<AccountId> {
	/// The verifier.
	pub account: AccountId,
	/// The hot key that its worker signs with.
	pub agent: AccountId,
	/// What it has at stake.
	#[cfg_attr(feature = "std", serde(with = "openledger_primitives_core::units"))]
	pub bond: Balance,
	/// The round of lots from which on it is drawn.
	pub since: RoundId,
	/// Audits that it has a seat in now.
	pub duties: u32,
	/// Findings of it that verdicts agreed with.
	pub upheld: u64,
	/// Duties neglected: the third one costs the place.
	pub strikes: u8,
	/// Whether it is drawn no more.
	pub leaving: bool,
}

/// Where a claim's audit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "std", serde(rename_all = "lowercase"))]
pub enum AuditStage {
	/// Lots have not decided yet whether there is one.
	Undrawn,
	/// The next committee waits for lots.
	Drawing,
	/// The committee executes, and commits to its findings.
	Committing,
	/// The committee reveals its findings.
	Revealing,
	/// There is a verdict, which can be appealed.
	Decided,
	/// The claim was refuted, and waits for the true one.
	Correcting,
	/// No committee reached a majority; governance has to decide.
	Undecided,
	/// It is over.
	Concluded,
	/// The answer is false, and anyone can bring the true one's claim: contributors are made whole by it.
	Restoring,
}

/// What an audit comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "std", serde(rename_all = "lowercase"))]
pub enum AuditVerdict {
	/// The claim is true.
	Upheld,
	/// Execution comes to this instead.
	Refuted(Execution),
	/// What was asked and answered is not handed out.
	Withheld,
	/// The model version is what was committed to.
	Sound,
	/// The model version is not; computing it again comes to this.
	Unsound(Recomputed),
	/// What two records have in common; whether one duplicates the other follows.
	Compared(Overlap),
	/// The earlier of two records is not handed out.
	Unshown,
}

/// A verifier's seat.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct SeatInfo<AccountId> {
	/// Who sits there.
	pub verifier: AccountId,
	/// The committee that it belongs to.
	pub level: Level,
	/// Whether it has committed to a finding.
	pub committed: bool,
	/// What it revealed.
	pub found: Option<AuditVerdict>,
}

/// The audit of a claim.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct AuditInfo<AccountId> {
	/// The request, or draw, whose claim it is, or the number of the audit of a model version or of two
	/// records.
	pub claim: RequestId,
	/// Where it stands.
	pub stage: AuditStage,
	/// The first block at which the stage is over, where it ends by time.
	pub until: Option<BlockNumber>,
	/// What it came to so far.
	pub verdict: Option<AuditVerdict>,
	/// The seats that wait for the last verdict.
	pub seats: Vec<SeatInfo<AccountId>>,
	/// Who appealed.
	pub appellant: Option<AccountId>,
	/// Whether lots can't call the claim, unless its payer consents.
	pub private: bool,
	/// Who disputed the claim, while that is not decided.
	pub disputer: Option<AccountId>,
	/// What disputing the claim puts at stake; zero where that can't be done.
	#[cfg_attr(feature = "std", serde(with = "openledger_primitives_core::units"))]
	pub dispute_deposit: Balance,
}

/// What stands behind the index of a model version, beside its bond.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct StandingInfo {
	/// The version.
	pub model: ModelId,
	/// Whether it is audited, and why not.
	pub assurance: Assurance,
	/// How many audits were asked for.
	pub asked: u8,
	/// blake2b-256 of the list of its training's checkpoints, where it committed to one.
	pub training: Option<Hash>,
}
