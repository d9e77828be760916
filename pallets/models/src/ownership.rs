//! Passing a model version on, in two steps: nobody is made an owner, and a depositor, unasked.

use crate::{Config, Error, Event, Model, Models, Pallet};
use frame_support::{ensure, traits::Consideration};
use openledger_primitives_core::{ModelId, traits::Versions};
use sp_runtime::DispatchResult;

impl<T: Config> Pallet<T> {
	pub(crate) fn do_offer_ownership(
		who: &T::AccountId,
		id: ModelId,
		to: T::AccountId,
	) -> DispatchResult {
		let mut model = Self::owned(who, id)?;
		let event = if to == *who {
			model.offered = None;
			Event::OwnershipOfferWithdrawn { model: id }
		} else {
			model.offered = Some(to.clone());
			Event::OwnershipOffered { model: id, to }
		};
		Models::<T>::insert(id, model);
		Self::deposit_event(event);
		Ok(())
	}

	pub(crate) fn do_accept_ownership(who: T::AccountId, id: ModelId) -> DispatchResult {
		let mut model = Models::<T>::get(id).ok_or(Error::<T>::NotFound)?;
		ensure!(model.offered.as_ref() == Some(&who), Error::<T>::NotOffered);
		// The audit's fee and the bond that it may take are of whoever asked for it, and whoever owns it has
		// no seat.
		ensure!(!<Self as Versions<_>>::is_waiting(id), Error::<T>::AuditPending);
		let footprint = Model::<T>::footprint(model.spec.snapshots.len());
		let ticket = T::ModelConsideration::new(&who, footprint)?;
		core::mem::replace(&mut model.ticket, ticket).drop(&model.owner)?;
		Self::pass_bond(id, &model.owner, &who)?;
		let from = core::mem::replace(&mut model.owner, who.clone());
		model.offered = None;
		Models::<T>::insert(id, model);
		Self::deposit_event(Event::OwnershipTransferred { model: id, from, to: who });
		Ok(())
	}
}
