//! Migrations.

use crate::{Config, Event, Pallet, WeightInfo};
use core::marker::PhantomData;
use frame_support::{
	traits::{Get, OnRuntimeUpgrade},
	weights::Weight,
};

/// The most pauses that the migration looks at: each took a vote to make.
pub const MOST_PAUSES: usize = 64;

/// Gives an end to each pause that was made when pauses had none: [`Config::LongestPause`] from the
/// upgrade on. A pause whose end can't be scheduled is lifted, since none may be without.
///
/// Looks at what has no end alone, so that it changes nothing the second time.
pub struct EndEveryPause<T>(PhantomData<T>);

impl<T: Config> OnRuntimeUpgrade for EndEveryPause<T> {
	fn on_runtime_upgrade() -> Weight {
		let mut weight = T::DbWeight::get().reads(1);
		let paused = Pallet::<T>::paused().take(MOST_PAUSES);
		for name in paused.collect::<alloc::vec::Vec<_>>() {
			weight.saturating_accrue(<T as Config>::WeightInfo::prolong());
			if Pallet::<T>::end_of(&name).is_some() {
				continue;
			}
			match Pallet::<T>::set_end(&name, T::LongestPause::get()) {
				Ok(until) => Pallet::<T>::deposit_event(Event::EndAdded { call: name, until }),
				Err(_) => {
					weight.saturating_accrue(<T as Config>::WeightInfo::resume());
					let _ = Pallet::<T>::do_resume(name);
				}
			}
		}
		weight
	}

	#[cfg(feature = "try-runtime")]
	fn post_upgrade(_: alloc::vec::Vec<u8>) -> Result<(), sp_runtime::TryRuntimeError> {
		Pallet::<T>::do_try_state()
	}
}
