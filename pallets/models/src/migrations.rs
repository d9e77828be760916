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
	model::{IndexCommitment, ModelSpec, ModelStatus, Price, v1},
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

/// Gives every version room for what finds records for prompts, of which none had any. The deposits stay as
/// they are; all versions are migrated in one block, as by [`NameArithmetic`].
pub type AddRetrieval<T> = VersionedMigration<
	2,
	3,
	AddRetrievalUnchecked<T>,
	Pallet<T>,
	<T as frame_system::Config>::DbWeight,
>;

/// What [`NameArithmetic`] does, whatever the storage's version.
pub struct NameArithmeticUnchecked<T>(PhantomData<T>);

/// What [`AddRetrieval`] does, whatever the storage's version.
pub struct AddRetrievalUnchecked<T>(PhantomData<T>);

/// A model version without a retrieval, and with what was registered as `Spec` has it.
#[derive(Encode, Decode)]
pub(crate) struct Old<T: Config, Spec> {
	pub(crate) owner: T::AccountId,
	pub(crate) offered: Option<T::AccountId>,
	pub(crate) name: Name,
	pub(crate) spec: Spec,
	pub(crate) status: ModelStatus,
	pub(crate) price: Price,
	pub(crate) projection: Hash,
	pub(crate) projection_fixed_at: BlockNumber,
	pub(crate) registered_at: BlockNumber,
	pub(crate) index: Option<IndexCommitment>,
	pub(crate) children: u32,
	pub(crate) ticket: T::ModelConsideration,
}

/// A version before it named its arithmetic.
pub(crate) type First<T> = Old<T, v1::ModelSpec>;
/// A version before it could have a retrieval.
pub(crate) type Second<T> = Old<T, ModelSpec>;

pub(crate) mod second {
	use super::{Config, Pallet, Second};
	use frame_support::{Twox64Concat, storage_alias};
	use openledger_primitives_core::ModelId;

	/// The model versions before they could have retrievals.
	#[storage_alias]
	pub(crate) type Models<T: Config> = StorageMap<Pallet<T>, Twox64Concat, ModelId, Second<T>>;
}

impl<T: Config> From<First<T>> for Second<T> {
	fn from(old: First<T>) -> Self {
		let First { owner, offered, name, spec, status, price, .. } = old;
		let First {
			projection, projection_fixed_at, registered_at, index, children, ticket, ..
		} = old;
		Self {
			owner,
			offered,
			name,
			spec: spec.into(),
			status,
			price,
			projection,
			projection_fixed_at,
			registered_at,
			index,
			children,
			ticket,
		}
	}
}

impl<T: Config> From<Second<T>> for Model<T> {
	fn from(old: Second<T>) -> Self {
		Self {
			owner: old.owner,
			offered: old.offered,
			name: old.name,
			spec: old.spec,
			status: old.status,
			price: old.price,
			projection: old.projection,
			projection_fixed_at: old.projection_fixed_at,
			registered_at: old.registered_at,
			index: old.index,
			retrieval: None,
			children: old.children,
			ticket: old.ticket,
		}
	}
}

impl<T: Config> UncheckedOnRuntimeUpgrade for NameArithmeticUnchecked<T> {
	fn on_runtime_upgrade() -> Weight {
		let mut count = 0u64;
		second::Models::<T>::translate_values(|old: First<T>| {
			count = count.saturating_add(1);
			Some(old.into())
		});
		T::DbWeight::get().reads_writes(count.saturating_add(1), count)
	}

	#[cfg(feature = "try-runtime")]
	fn pre_upgrade() -> Result<alloc::vec::Vec<u8>, sp_runtime::TryRuntimeError> {
		Ok(counted::<T>().encode())
	}

	#[cfg(feature = "try-runtime")]
	fn post_upgrade(before: alloc::vec::Vec<u8>) -> Result<(), sp_runtime::TryRuntimeError> {
		none_lost(&before, second::Models::<T>::iter().count())
	}
}

impl<T: Config> UncheckedOnRuntimeUpgrade for AddRetrievalUnchecked<T> {
	fn on_runtime_upgrade() -> Weight {
		let mut count = 0u64;
		Models::<T>::translate_values(|old: Second<T>| {
			count = count.saturating_add(1);
			Some(old.into())
		});
		T::DbWeight::get().reads_writes(count.saturating_add(1), count)
	}

	#[cfg(feature = "try-runtime")]
	fn pre_upgrade() -> Result<alloc::vec::Vec<u8>, sp_runtime::TryRuntimeError> {
		Ok(counted::<T>().encode())
	}

	#[cfg(feature = "try-runtime")]
	fn post_upgrade(before: alloc::vec::Vec<u8>) -> Result<(), sp_runtime::TryRuntimeError> {
		none_lost(&before, Models::<T>::iter().count())?;
		Pallet::<T>::do_try_state()
	}
}

/// How many versions there are, however they are written.
#[cfg(feature = "try-runtime")]
fn counted<T: Config>() -> u64 {
	Models::<T>::iter_keys().count() as u64
}

#[cfg(feature = "try-runtime")]
fn none_lost(before: &[u8], after: usize) -> Result<(), sp_runtime::TryRuntimeError> {
	let before = u64::decode(&mut &before[..]).map_err(|_| "no count of versions")?;
	frame_support::ensure!(after as u64 == before, "a version was lost");
	Ok(())
}
