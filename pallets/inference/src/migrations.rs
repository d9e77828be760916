//! Migrations.

use crate::{Config, Exposed, Pallet, Requests, Status};
use core::marker::PhantomData;
use frame_support::{
	migrations::VersionedMigration,
	traits::{Get, UncheckedOnRuntimeUpgrade},
	weights::Weight,
};

/// Counts what open requests may cost as their operators' exposure, which was not bounded before.
///
/// All requests are read in one block: those that are over stay until their payers prune them, and
/// each read takes 8 µs of weight. Where an operator is exposed by more than its bond allows now, it
/// takes on nothing new until enough is settled.
pub type CountExposure<T> = VersionedMigration<
	1,
	2,
	CountExposureUnchecked<T>,
	Pallet<T>,
	<T as frame_system::Config>::DbWeight,
>;

/// What [`CountExposure`] does, whatever the storage's version.
pub struct CountExposureUnchecked<T>(PhantomData<T>);

impl<T: Config> UncheckedOnRuntimeUpgrade for CountExposureUnchecked<T> {
	fn on_runtime_upgrade() -> Weight {
		let (mut read, mut written) = (1u64, 0u64);
		for request in Requests::<T>::iter_values() {
			read = read.saturating_add(1);
			if matches!(request.status, Status::Pending | Status::Answered) {
				Exposed::<T>::mutate(&request.operator, |exposed| {
					*exposed = exposed.saturating_add(Pallet::<T>::exposure(&request));
				});
				read = read.saturating_add(1);
				written = written.saturating_add(1);
			}
		}
		T::DbWeight::get().reads_writes(read, written)
	}

	#[cfg(feature = "try-runtime")]
	fn post_upgrade(_: alloc::vec::Vec<u8>) -> Result<(), sp_runtime::TryRuntimeError> {
		Pallet::<T>::do_try_state()
	}
}
