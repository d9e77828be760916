//! What a version finds records for prompts by.

use crate::{Config, Error, Event, Models, Pallet, lifecycle::ONE_PPM};
use frame_support::ensure;
use openledger_primitives_core::{
	ModelId,
	model::{IndexCommitment, ModelStatus, Retrieval, RetrievalRefusal},
};
use sp_runtime::DispatchResult;

impl<T: Config> Pallet<T> {
	pub(crate) fn do_commit_retrieval(
		who: &T::AccountId,
		id: ModelId,
		retrieval: Option<Retrieval>,
	) -> DispatchResult {
		let mut model = Self::owned(who, id)?;
		ensure!(model.status == ModelStatus::Draft, Error::<T>::WrongStatus);
		if let Some(retrieval) = &retrieval {
			retrieval.check(&model.spec.method).map_err(|refusal| match refusal {
				RetrievalRefusal::Together => Error::<T>::ClaimsTooLong,
				RetrievalRefusal::Most | RetrievalRefusal::Dimension | RetrievalRefusal::Part => {
					Error::<T>::RetrievalOutOfRange
				}
			})?;
			let records = Self::counted(&model.spec.snapshots)?;
			Self::ensure_index(&retrieval.index, records)?;
		}
		model.retrieval = retrieval;
		Models::<T>::insert(id, model);
		Self::deposit_event(Event::RetrievalCommitted { model: id, retrieval });
		Ok(())
	}

	/// Refuses what can't be an index of so many records.
	pub(crate) fn ensure_index(index: &IndexCommitment, records: u32) -> Result<(), Error<T>> {
		ensure!(index.records == records, Error::<T>::WrongRecordCount);
		ensure!((1..=records).contains(&index.contributors), Error::<T>::WrongContributorCount);
		ensure!(index.floor_ppm <= ONE_PPM, Error::<T>::FloorOutOfRange);
		Ok(())
	}
}
