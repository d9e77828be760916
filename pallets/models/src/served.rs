//! What inference and attribution need of the registry.

use crate::{Activities, Bases, Config, Error, Models, Pallet};
use frame_support::{ensure, traits::Get};
use openledger_primitives_core::{
	Balance, ModelId,
	model::{ModelStatus, PayBy},
	settlement::Distribution,
	traits::{self, ServedModel, Snapshots},
};
use sp_runtime::{DispatchError, DispatchResult, Permill};

impl<T: Config> traits::Models<T::AccountId> for Pallet<T> {
	fn pay_by(id: ModelId) -> Option<PayBy> {
		Models::<T>::get(id).map(|model| model.spec.method.pay_by)
	}

	fn quoted(id: ModelId) -> u32 {
		let retrieval = Models::<T>::get(id).and_then(|model| model.retrieval);
		retrieval.map_or(0, |retrieval| retrieval.quoted())
	}

	fn served(id: ModelId) -> Option<ServedModel<T::AccountId>> {
		let model = Models::<T>::get(id)?;
		let base = Bases::<T>::get(model.spec.base)?;
		let snapshots = model
			.spec
			.snapshots
			.iter()
			.map(|reference| Some((reference.datanet, T::Snapshots::snapshot(*reference)?)))
			.collect::<Option<_>>()?;
		// The base has none either: whoever owns both could gain by condemning itself, since what
		// contributors don't get is shared with the base.
		let (owner, royalty) = match model.status {
			ModelStatus::Condemned => (T::TreasuryAccount::get(), Permill::zero()),
			_ => (model.owner, base.royalty),
		};
		Some(ServedModel {
			owner,
			status: model.status,
			price: model.price,
			method: model.spec.method,
			arithmetic: model.spec.arithmetic,
			snapshots,
			index: model.index,
			retrieval: model.retrieval,
			base_owner: base.owner,
			royalty,
			base: base.weights,
			adapter: model.spec.adapter,
			projection: model.projection,
		})
	}

	fn is_computed(id: ModelId) -> bool {
		Models::<T>::get(id).is_some_and(|model| model.spec.arithmetic.is_computed())
	}

	fn acquire(id: ModelId) -> DispatchResult {
		let model = Models::<T>::get(id).ok_or(Error::<T>::NotFound)?;
		ensure!(model.answers(), Error::<T>::NotAnswering);
		let mut activity = Activities::<T>::get(id).ok_or(Error::<T>::NotFound)?;
		activity.open = activity.open.checked_add(1).ok_or(Error::<T>::NumbersExhausted)?;
		Activities::<T>::insert(id, activity);
		Ok(())
	}

	fn release(id: ModelId) {
		Activities::<T>::mutate(id, |activity| {
			if let Some(activity) = activity {
				activity.open = activity.open.saturating_sub(1);
			}
		});
	}

	fn is_in_use(id: ModelId) -> bool {
		Activities::<T>::get(id).is_some_and(|activity| activity.open > 0)
	}

	fn condemned(id: ModelId) -> Option<bool> {
		let model = Models::<T>::get(id).filter(|model| model.index.is_some())?;
		Some(model.status == ModelStatus::Condemned)
	}

	fn condemn(id: ModelId, challenger: &T::AccountId) -> Result<Balance, DispatchError> {
		Self::do_condemn(id, challenger)
	}

	fn earned(id: ModelId, distribution: &Distribution<T::AccountId>) {
		Activities::<T>::mutate(id, |activity| {
			if let Some(activity) = activity {
				activity.answers = activity.answers.saturating_add(1);
				activity.fees = activity.fees.saturating_add(distribution.fee);
				activity.to_contributors =
					activity.to_contributors.saturating_add(distribution.contributed());
			}
		});
	}
}
