//! What always holds.

use crate::{Config, Oldest, Pallet, Seeds, UnderWay};
use frame_support::ensure;
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
	/// The round under way is not over; the seeds are those of the rounds from the oldest kept to
	/// the last that is over, without a gap. Before the first round there is nothing.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		let oldest = Oldest::<T>::get();
		let number = match UnderWay::<T>::get() {
			Some(round) => {
				let now = frame_system::Pallet::<T>::block_number();
				ensure!(now < round.next, "the round under way should have ended");
				round.number
			}
			None => 0,
		};
		let mut seeds = 0u32;
		for round in Seeds::<T>::iter_keys() {
			ensure!(oldest <= round, "a seed is kept for too long");
			ensure!(round < number, "a seed comes before its round's end");
			seeds = seeds.saturating_add(1);
		}
		ensure!(Some(seeds) == number.checked_sub(oldest), "a seed is missing");
		Ok(())
	}
}
