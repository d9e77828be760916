//! What the pallet stores, and what of it is paid for.

use crate::Config;
use codec::{Decode, Encode, MaxEncodedLen};
use frame_support::{CloneNoBound, DebugNoBound, EqNoBound, PartialEqNoBound, traits::Footprint};
use openledger_primitives_core::{
	Balance, BaseId, BlockNumber, Hash, ModelId, Name,
	model::{Assurance, IndexCommitment, ModelSpec, ModelStatus, Price, Retrieval},
	record::SnapshotRef,
};
use scale_info::TypeInfo;
use sp_runtime::Permill;

/// A base model: the frozen weights that adapters belong to.
#[derive(
	CloneNoBound, DebugNoBound, PartialEqNoBound, EqNoBound, Encode, Decode, MaxEncodedLen, TypeInfo,
)]
#[codec(mel_bound(T: Config))]
#[scale_info(skip_type_params(T))]
pub struct Base<T: Config> {
	/// Who registered it, earns its royalty and paid its deposit.
	pub owner: T::AccountId,
	/// Its name.
	pub name: Name,
	/// Its architecture.
	pub architecture: Name,
	/// blake2b-256 of its weights file.
	pub weights: Hash,
	/// blake2b-256 of its tokenizer file; of the weights file where that holds the tokenizer.
	pub tokenizer: Hash,
	/// Its share of an owner's part, and of what contributors did not earn.
	pub royalty: Permill,
	/// How many model versions stand on it.
	pub models: u32,
	/// The owner's deposit.
	pub ticket: T::BaseConsideration,
}

impl<T: Config> Base<T> {
	/// What the owner pays for, key included.
	pub fn footprint() -> Footprint {
		let key = BaseId::max_encoded_len();
		Footprint::from_parts(1, Self::max_encoded_len().saturating_add(key))
	}
}

/// A model version.
#[derive(
	CloneNoBound, DebugNoBound, PartialEqNoBound, EqNoBound, Encode, Decode, MaxEncodedLen, TypeInfo,
)]
#[codec(mel_bound(T: Config))]
#[scale_info(skip_type_params(T))]
pub struct Model<T: Config> {
	/// Who is paid the owner's part, and paid the deposit.
	pub owner: T::AccountId,
	/// Who may take it over.
	pub offered: Option<T::AccountId>,
	/// Its name.
	pub name: Name,
	/// What was registered; frozen.
	pub spec: ModelSpec,
	/// How far its life is.
	pub status: ModelStatus,
	/// What an answer costs.
	pub price: Price,
	/// The seed of the index's projection, drawn for the manifest.
	pub projection: Hash,
	/// The block at which the seed's randomness was fixed.
	pub projection_fixed_at: BlockNumber,
	/// The block of registration.
	pub registered_at: BlockNumber,
	/// The committed index; absent while the version is a draft.
	pub index: Option<IndexCommitment>,
	/// What finds records for prompts, where any are put there.
	pub retrieval: Option<Retrieval>,
	/// How many versions continue this one.
	pub children: u32,
	/// The owner's deposit.
	pub ticket: T::ModelConsideration,
}

impl<T: Config> Model<T> {
	/// What the owner pays for, keys, counters, bond and audit included: everything as large as it can get but
	/// the list of snapshots, which is as long as it is.
	pub fn footprint(snapshots: usize) -> Footprint {
		let reference = SnapshotRef::max_encoded_len();
		let unused = (openledger_primitives_core::MAX_SNAPSHOTS as usize).saturating_sub(snapshots);
		let size = Self::max_encoded_len()
			.saturating_sub(reference.saturating_mul(unused))
			.saturating_add(Activity::max_encoded_len())
			.saturating_add(Balance::max_encoded_len())
			.saturating_add(ModelId::max_encoded_len().saturating_mul(3))
			.saturating_add(crate::audit::footprint::<T>());
		Footprint::from_parts(1, size)
	}

	/// Whether the version answers requests.
	pub fn answers(&self) -> bool {
		matches!(self.status, ModelStatus::Published | ModelStatus::Deprecated)
	}
}

/// What changes with every request to a model version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Activity {
	/// Requests not settled or refunded yet.
	pub open: u32,
	/// Settled answers.
	pub answers: u64,
	/// Fees settled, in the smallest unit.
	pub fees: Balance,
	/// Of these, what contributors were paid.
	pub to_contributors: Balance,
}

/// What a version's index and training were checked by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Standing {
	/// What stands behind them.
	pub assurance: Assurance,
	/// How many audits were asked for.
	pub asked: u8,
}
