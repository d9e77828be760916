//! Migrations.

use crate::{Config, Pallet, TotalPoints};
use core::marker::PhantomData;
use frame_support::{
	migrations::VersionedMigration,
	traits::{Get, UncheckedOnRuntimeUpgrade},
	weights::Weight,
};

/// What was earned and not paid out yet, and in how many entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unpaid {
	/// The sum of the points.
	pub points: u128,
	/// The entries that were read for it.
	pub entries: u64,
}

/// Adds to the total what was earned and not paid out yet, which was left out until then. `Earned` says how
/// much that is, after whatever migrates it.
pub type CountEarned<T, Earned> = VersionedMigration<
	1,
	2,
	CountEarnedUnchecked<T, Earned>,
	Pallet<T>,
	<T as frame_system::Config>::DbWeight,
>;

/// What [`CountEarned`] does, whatever the storage's version.
pub struct CountEarnedUnchecked<T, Earned>(PhantomData<(T, Earned)>);

impl<T: Config, Earned: Get<Unpaid>> UncheckedOnRuntimeUpgrade for CountEarnedUnchecked<T, Earned> {
	fn on_runtime_upgrade() -> Weight {
		let Unpaid { points, entries } = Earned::get();
		TotalPoints::<T>::mutate(|total| *total = total.saturating_add(points));
		T::DbWeight::get().reads_writes(entries.saturating_add(1), 1)
	}

	#[cfg(feature = "try-runtime")]
	fn post_upgrade(_: alloc::vec::Vec<u8>) -> Result<(), sp_runtime::TryRuntimeError> {
		Pallet::<T>::do_try_state()
	}
}
