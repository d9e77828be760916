//! The end of a version whose index was shown to be forged.

use crate::{Config, Error, Event, Models, Pallet};
use frame_support::{ensure, storage::with_storage_layer};
use openledger_primitives_core::{Balance, ModelId, model::ModelStatus};
use sp_runtime::DispatchError;

impl<T: Config> Pallet<T> {
	/// Ends the version and takes its bond. Returns what was taken.
	pub(crate) fn do_condemn(
		id: ModelId,
		challenger: &T::AccountId,
	) -> Result<Balance, DispatchError> {
		with_storage_layer(|| {
			let mut model = Models::<T>::get(id).ok_or(Error::<T>::NotFound)?;
			ensure!(model.index.is_some(), Error::<T>::WrongStatus);
			ensure!(model.status != ModelStatus::Condemned, Error::<T>::AlreadyCondemned);
			let shown = core::slice::from_ref(challenger);
			let (taken, rewarded) = Self::slash(id, &model.owner, shown, Balance::MAX)?;
			model.status = ModelStatus::Condemned;
			Models::<T>::insert(id, model);
			let challenger = challenger.clone();
			Self::deposit_event(Event::Condemned { model: id, challenger, taken, rewarded });
			Ok(taken)
		})
	}
}
