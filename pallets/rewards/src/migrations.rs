//! Migrations.

use crate::{Accrual, Accrued, Config, Pallet};
use core::marker::PhantomData;
use frame_support::{
	migrations::VersionedMigration,
	traits::{Get, UncheckedOnRuntimeUpgrade},
	weights::Weight,
};
use openledger_primitives_core::Balance;

/// Entries of version 2.
pub(crate) mod v2 {
	use crate::{Config, Pallet};
	use codec::{Decode, Encode};
	use frame_support::{Blake2_128Concat, storage_alias};
	use openledger_primitives_core::Balance;

	/// What an account had accrued.
	#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
	pub(crate) struct Accrual {
		/// OPEN, in its smallest unit.
		#[codec(compact)]
		pub amount: Balance,
		/// Voice, in points.
		#[codec(compact)]
		pub voice: u128,
	}

	/// What each account had accrued.
	#[storage_alias]
	pub(crate) type Accrued<T: Config> =
		StorageMap<Pallet<T>, Blake2_128Concat, <T as frame_system::Config>::AccountId, Accrual>;
}

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
		v2::Accrued::<T>::translate_values(|amount: Balance| {
			count = count.saturating_add(1);
			Some(v2::Accrual { amount, voice: 0 })
		});
		T::DbWeight::get().reads_writes(count.saturating_add(1), count)
	}

	#[cfg(feature = "try-runtime")]
	fn pre_upgrade() -> Result<alloc::vec::Vec<u8>, sp_runtime::TryRuntimeError> {
		counted::<T>()
	}

	#[cfg(feature = "try-runtime")]
	fn post_upgrade(before: alloc::vec::Vec<u8>) -> Result<(), sp_runtime::TryRuntimeError> {
		frame_support::ensure!(counted::<T>()? == before, "an entry was lost");
		let readable = v2::Accrued::<T>::iter().count() as u64;
		frame_support::ensure!(
			codec::Encode::encode(&readable) == before,
			"an entry is unreadable"
		);
		Ok(())
	}
}

/// Gives every account's entry room for a deposit. Nobody has paid one: whoever contributes again does, or
/// asks for it, and the entries of the others go with their payout as they did.
///
/// All entries are migrated in one block, for the reasons that [`AccrueVoice`] does it.
pub type KeepTickets<T> = VersionedMigration<
	2,
	3,
	KeepTicketsUnchecked<T>,
	Pallet<T>,
	<T as frame_system::Config>::DbWeight,
>;

/// What [`KeepTickets`] does, whatever the storage's version.
pub struct KeepTicketsUnchecked<T>(PhantomData<T>);

impl<T: Config> UncheckedOnRuntimeUpgrade for KeepTicketsUnchecked<T> {
	fn on_runtime_upgrade() -> Weight {
		let mut count = 0u64;
		Accrued::<T>::translate_values(|v2::Accrual { amount, voice }: v2::Accrual| {
			count = count.saturating_add(1);
			Some(Accrual { amount, voice, ticket: None })
		});
		T::DbWeight::get().reads_writes(count.saturating_add(1), count)
	}

	#[cfg(feature = "try-runtime")]
	fn pre_upgrade() -> Result<alloc::vec::Vec<u8>, sp_runtime::TryRuntimeError> {
		counted::<T>()
	}

	#[cfg(feature = "try-runtime")]
	fn post_upgrade(before: alloc::vec::Vec<u8>) -> Result<(), sp_runtime::TryRuntimeError> {
		frame_support::ensure!(counted::<T>()? == before, "an entry was lost");
		Pallet::<T>::do_try_state()
	}
}

#[cfg(feature = "try-runtime")]
fn counted<T: Config>() -> Result<alloc::vec::Vec<u8>, sp_runtime::TryRuntimeError> {
	Ok(codec::Encode::encode(&(Accrued::<T>::iter_keys().count() as u64)))
}
