//! A model version's life: its index, its states, its price.

use crate::{Config, Error, Event, Model, Models, Pallet};
use frame_support::ensure;
use openledger_primitives_core::{
	ModelId,
	model::{IndexCommitment, ModelStatus, Price},
};
use sp_runtime::DispatchResult;

/// A floor of one, in millionths.
pub(crate) const ONE_PPM: u32 = 1_000_000;

impl<T: Config> Pallet<T> {
	pub(crate) fn do_commit_index(
		who: &T::AccountId,
		id: ModelId,
		index: IndexCommitment,
	) -> DispatchResult {
		let mut model = Self::owned(who, id)?;
		ensure!(model.status == ModelStatus::Draft, Error::<T>::WrongStatus);
		let records = Self::counted(&model.spec.snapshots)?;
		Self::ensure_index(&index, records)?;
		let bond = Self::bond(who, id)?;
		model.index = Some(index);
		model.status = ModelStatus::Indexed;
		Models::<T>::insert(id, &model);
		Self::open_audit(id, &model, bond)?;
		Self::deposit_event(Event::IndexCommitted { model: id, index, bond });
		Ok(())
	}

	pub(crate) fn do_set_status(
		who: &T::AccountId,
		id: ModelId,
		status: ModelStatus,
	) -> DispatchResult {
		let mut model = Self::owned(who, id)?;
		ensure!(follows(model.status, status), Error::<T>::WrongStatus);
		if status == ModelStatus::Published {
			Self::ensure_earns(id)?;
		}
		model.status = status;
		Models::<T>::insert(id, model);
		Self::deposit_event(Event::StatusSet { model: id, status });
		Ok(())
	}

	pub(crate) fn do_set_price(who: &T::AccountId, id: ModelId, price: Price) -> DispatchResult {
		let mut model = Self::owned(who, id)?;
		let ended = matches!(model.status, ModelStatus::Retired | ModelStatus::Condemned);
		ensure!(!ended, Error::<T>::WrongStatus);
		Self::ensure_price(&price)?;
		model.price = price;
		Models::<T>::insert(id, model);
		Self::deposit_event(Event::PriceSet { model: id, price });
		Ok(())
	}

	/// The version, if `who` owns it.
	pub(crate) fn owned(who: &T::AccountId, id: ModelId) -> Result<Model<T>, Error<T>> {
		let model = Models::<T>::get(id).ok_or(Error::<T>::NotFound)?;
		ensure!(model.owner == *who, Error::<T>::NotOwner);
		Ok(model)
	}
}

/// Whether an owner may move a version from one state to the other. Drafts move by their index, and
/// nothing leads out of being condemned.
fn follows(from: ModelStatus, to: ModelStatus) -> bool {
	use ModelStatus::*;
	matches!(
		(from, to),
		(Indexed, Published)
			| (Published, Deprecated)
			| (Indexed | Published | Deprecated, Retired)
	)
}
