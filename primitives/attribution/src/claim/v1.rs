//! Claims as they were before they said what was put into prompts: nodes keep some.

use super::{ContributorCredit, RecordCredit};
use codec::{Decode, Encode};
use openledger_primitives_core::{Hash, MAX_CREDITS, Sketch, merkle::MultiProof};
use sp_core::ConstU32;
use sp_runtime::BoundedVec;

/// What came with an answer: which leaves moved it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Claim<AccountId> {
	/// As in [`super::Claim::sketch`].
	pub sketch: Sketch,
	/// As in [`super::Claim::gain`].
	pub gain: i32,
	/// As in [`super::Claim::trace`].
	pub trace: Hash,
	/// As in [`super::Claim::contributors`].
	pub contributors: BoundedVec<ContributorCredit<AccountId>, ConstU32<MAX_CREDITS>>,
	/// As in [`super::Claim::contributors_proof`].
	pub contributors_proof: MultiProof,
	/// As in [`super::Claim::records`].
	pub records: BoundedVec<RecordCredit<AccountId>, ConstU32<MAX_CREDITS>>,
	/// As in [`super::Claim::records_proof`].
	pub records_proof: MultiProof,
}

impl<AccountId> From<Claim<AccountId>> for super::Claim<AccountId> {
	/// No version put records into prompts.
	fn from(old: Claim<AccountId>) -> Self {
		let Claim { sketch, gain, trace, contributors, contributors_proof, .. } = old;
		let Claim { records, records_proof, .. } = old;
		Self {
			sketch,
			gain,
			trace,
			contributors,
			contributors_proof,
			records,
			records_proof,
			found: None,
		}
	}
}

impl<AccountId> From<super::Claim<AccountId>> for Claim<AccountId> {
	/// Without what was put into the prompt.
	fn from(new: super::Claim<AccountId>) -> Self {
		let super::Claim { sketch, gain, trace, contributors, contributors_proof, .. } = new;
		let super::Claim { records, records_proof, .. } = new;
		Self { sketch, gain, trace, contributors, contributors_proof, records, records_proof }
	}
}
