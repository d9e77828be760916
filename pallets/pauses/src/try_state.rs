//! What always holds.

use crate::{Config, Pallet};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
	/// Every pause has an end in the schedule.
	///
	/// # Errors
	///
	/// Says that one has none.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		for name in Self::paused() {
			frame_support::ensure!(
				Self::end_of(&name).is_some(),
				"a call is paused without an end"
			);
		}
		Ok(())
	}
}
