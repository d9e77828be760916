//! Models as they were before versions named their arithmetic.

use super::{Arithmetic, Method};
use crate::{BaseId, Hash, MAX_SNAPSHOTS, ModelId, record::SnapshotRef};
use codec::{Decode, Encode};
use scale_info::TypeInfo;
use sp_core::ConstU32;
use sp_runtime::BoundedVec;

/// What a developer registered.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct ModelSpec {
	/// The base that the adapter belongs to.
	pub base: BaseId,
	/// The version that this one continues, if any.
	pub parent: Option<ModelId>,
	/// blake2b-256 of the adapter blob.
	pub adapter: Hash,
	/// The adapter's rank.
	pub rank: u16,
	/// blake2b-256 of the training manifest.
	pub manifest: Hash,
	/// The snapshots trained on, in the manifest's order.
	pub snapshots: BoundedVec<SnapshotRef, ConstU32<MAX_SNAPSHOTS>>,
	/// How answers are attributed.
	pub method: Method,
}

impl From<ModelSpec> for super::ModelSpec {
	/// There was one arithmetic.
	fn from(old: ModelSpec) -> Self {
		let ModelSpec { base, parent, adapter, rank, manifest, snapshots, method } = old;
		let arithmetic = Arithmetic::Canonical(1);
		Self { base, parent, adapter, rank, manifest, snapshots, method, arithmetic }
	}
}
