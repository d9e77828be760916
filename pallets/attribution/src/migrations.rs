//! Migrations.

use crate::{Challenge, Challenges, Config, Pallet, Target};
use alloc::vec::Vec;
use core::marker::PhantomData;
use frame_support::{
	migrations::VersionedMigration,
	traits::{Get, UncheckedOnRuntimeUpgrade},
	weights::Weight,
};

pub(crate) mod old {
	use super::*;
	use frame_support::{Blake2_128Concat, Twox64Concat, storage_alias};
	use openledger_primitives_core::RequestId;

	/// Challenges when there were none but those to claims.
	#[storage_alias]
	pub(crate) type Challenges<T: Config> = StorageDoubleMap<
		Pallet<T>,
		Twox64Concat,
		RequestId,
		Blake2_128Concat,
		<T as frame_system::Config>::AccountId,
		Challenge,
	>;
}

/// Names what standing challenges are against. What they commit to was encoded in another way, so that
/// none of them can be opened any more: they are withdrawn, and their deposits freed.
///
/// All are migrated in one block. Each has a deposit and none stands for long.
pub type NameTargets<T> = VersionedMigration<
	1,
	2,
	NameTargetsUnchecked<T>,
	Pallet<T>,
	<T as frame_system::Config>::DbWeight,
>;

/// What [`NameTargets`] does, whatever the storage's version.
pub struct NameTargetsUnchecked<T>(PhantomData<T>);

impl<T: Config> UncheckedOnRuntimeUpgrade for NameTargetsUnchecked<T> {
	fn on_runtime_upgrade() -> Weight {
		let standing: Vec<_> = old::Challenges::<T>::drain().collect();
		let count = standing.len() as u64;
		for (request, who, challenge) in standing {
			Challenges::<T>::insert(Target::Claim(request), who, challenge);
		}
		T::DbWeight::get().reads_writes(count.saturating_add(1), count.saturating_mul(2))
	}

	#[cfg(feature = "try-runtime")]
	fn pre_upgrade() -> Result<Vec<u8>, sp_runtime::TryRuntimeError> {
		Ok(codec::Encode::encode(&(old::Challenges::<T>::iter_keys().count() as u64)))
	}

	#[cfg(feature = "try-runtime")]
	fn post_upgrade(before: Vec<u8>) -> Result<(), sp_runtime::TryRuntimeError> {
		let before: u64 =
			codec::Decode::decode(&mut &before[..]).map_err(|_| "no count of challenges")?;
		let after = Challenges::<T>::iter().count() as u64;
		frame_support::ensure!(after == before, "a challenge was lost");
		Pallet::<T>::do_try_state()
	}
}
