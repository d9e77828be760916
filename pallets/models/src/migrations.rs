//! Migrations.

use crate::{Config, Model, Models, Pallet};
use codec::{Decode, Encode};
use core::marker::PhantomData;
use frame_support::{
	migrations::VersionedMigration,
	traits::{Get, UncheckedOnRuntimeUpgrade},
	weights::Weight,
};
use openledger_primitives_core::{
	BlockNumber, Hash, Name,
	model::{IndexCommitment, ModelStatus, Price, v1::ModelSpec},
};

/// Writes on every version that it is computed with canonical arithmetic 1, the only one there was. The
/// deposits stay as they are.
///
/// All versions are migrated in one block. Each cost a deployment fee and a deposit, and reading and
/// writing one takes an eighth of a millisecond of weight: thousands fit.
pub type NameArithmetic<T> = VersionedMigration<
	1,
	2,
	NameArithmeticUnchecked<T>,
	Pallet<T>,
	<T as frame_system::Config>::DbWeight,
>;

/// What [`NameArithmetic`] does, whatever the storage's version.
pub struct NameArithmeticUnchecked<T>(PhantomData<T>);

/// A model version before.
#[derive(Encode, Decode)]
pub(crate) struct Old<T: Config> {
	pub(crate) owner: T::AccountId,
	pub(crate) offered: Option<T::AccountId>,
	pub(crate) name: Name,
	pub(crate) spec: ModelSpec,
	pub(crate) status: ModelStatus,
	pub(crate) price: Price,
	pub(crate) projection: Hash,
	pub(crate) projection_fixed_at: BlockNumber,
	pub(crate) registered_at: BlockNumber,
	pub(crate) index: Option<IndexCommitment>,
	pub(crate) children: u32,
	pub(crate) ticket: T::ModelConsideration,
}

impl<T: Config> From<Old<T>> for Model<T> {
	fn from(old: Old<T>) -> Self {
		Self {
			owner: old.owner,
			offered: old.offered,
			name: old.name,
			spec: old.spec.into(),
			status: old.status,
			price: old.price,
			projection: old.projection,
			projection_fixed_at: old.projection_fixed_at,
			registered_at: old.registered_at,
			index: old.index,
			children: old.children,
			ticket: old.ticket,
		}
	}
}

impl<T: Config> UncheckedOnRuntimeUpgrade for NameArithmeticUnchecked<T> {
	fn on_runtime_upgrade() -> Weight {
		let mut count = 0u64;
		Models::<T>::translate_values(|old: Old<T>| {
			count = count.saturating_add(1);
			Some(old.into())
		});
		T::DbWeight::get().reads_writes(count.saturating_add(1), count)
	}

	#[cfg(feature = "try-runtime")]
	fn pre_upgrade() -> Result<alloc::vec::Vec<u8>, sp_runtime::TryRuntimeError> {
		Ok((Models::<T>::iter_keys().count() as u64).encode())
	}

	#[cfg(feature = "try-runtime")]
	fn post_upgrade(before: alloc::vec::Vec<u8>) -> Result<(), sp_runtime::TryRuntimeError> {
		let before = u64::decode(&mut &before[..]).map_err(|_| "no count of versions")?;
		frame_support::ensure!(Models::<T>::iter().count() as u64 == before, "a version was lost");
		Pallet::<T>::do_try_state()
	}
}
