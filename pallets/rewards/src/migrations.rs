//! Migrations.

use crate::{Accrual, Accrued, Config, Pallet};
use core::marker::PhantomData;
use frame_support::{
	migrations::VersionedMigration,
	traits::{Get, UncheckedOnRuntimeUpgrade},
	weights::Weight,
};
use openledger_primitives_core::Balance;

/// Gives every account's entry room for the voice that accrues in it. What was earned before is credited
/// already.
///
/// All entries are migrated in one block: reading and writing one takes a twentieth of a millisecond of
/// weight, and anyone can have the number of entries reduced before by paying them out.
pub type AccrueVoice<T> = VersionedMigration<
	1,
	2,
	AccrueVoiceUnchecked<T>,
	Pallet<T>,
	<T as frame_system::Config>::DbWeight,
>;

/// What [`AccrueVoice`] does, whatever the storage's version.
pub struct AccrueVoiceUnchecked<T>(PhantomData<T>);

impl<T: Config> UncheckedOnRuntimeUpgrade for AccrueVoiceUnchecked<T> {
	fn on_runtime_upgrade() -> Weight {
		let mut count = 0u64;
		Accrued::<T>::translate_values(|amount: Balance| {
			count = count.saturating_add(1);
			Some(Accrual { amount, voice: 0 })
		});
		T::DbWeight::get().reads_writes(count.saturating_add(1), count)
	}

	#[cfg(feature = "try-runtime")]
	fn pre_upgrade() -> Result<alloc::vec::Vec<u8>, sp_runtime::TryRuntimeError> {
		use codec::Encode;
		Ok((Accrued::<T>::iter_keys().count() as u64).encode())
	}

	#[cfg(feature = "try-runtime")]
	fn post_upgrade(before: alloc::vec::Vec<u8>) -> Result<(), sp_runtime::TryRuntimeError> {
		use codec::Decode;
		let before = u64::decode(&mut &before[..]).map_err(|_| "no count of entries")?;
		frame_support::ensure!(Accrued::<T>::iter().count() as u64 == before, "an entry was lost");
		Pallet::<T>::do_try_state()
	}
}
