//! Passing a Datanet on, in two steps: nobody is made an owner, and a depositor, unasked. A dispute
//! decides who may take the second one, and takes the first out of the owner's hands.

use crate::{Config, Datanet, Datanets, Error, Event, Pallet};
use frame_support::{ensure, traits::Consideration};
use openledger_primitives_core::DatanetId;
use sp_runtime::DispatchResult;

impl<T: Config> Pallet<T> {
	pub(crate) fn do_offer_ownership(
		who: &T::AccountId,
		id: DatanetId,
		to: T::AccountId,
	) -> DispatchResult {
		let mut datanet = Self::owned(who, id)?;
		let event = if to == *who {
			datanet.offered = None;
			Event::OwnershipOfferWithdrawn { datanet: id }
		} else {
			datanet.offered = Some(to.clone());
			Event::OwnershipOffered { datanet: id, to }
		};
		Datanets::<T>::insert(id, datanet);
		Self::deposit_event(event);
		Ok(())
	}

	pub(crate) fn do_award(id: DatanetId, to: T::AccountId) -> DispatchResult {
		let mut datanet = Datanets::<T>::get(id).ok_or(Error::<T>::NotFound)?;
		datanet.awarded = to != datanet.owner;
		datanet.offered = datanet.awarded.then(|| to.clone());
		Datanets::<T>::insert(id, datanet);
		Self::deposit_event(Event::OwnershipAwarded { datanet: id, to });
		Ok(())
	}

	pub(crate) fn do_accept_ownership(who: T::AccountId, id: DatanetId) -> DispatchResult {
		let mut datanet = Datanets::<T>::get(id).ok_or(Error::<T>::NotFound)?;
		ensure!(datanet.offered.as_ref() == Some(&who), Error::<T>::NotOffered);
		let footprint = Datanet::<T>::footprint(datanet.texts(), datanet.curators.len());
		let ticket = T::DatanetConsideration::new(&who, footprint)?;
		core::mem::replace(&mut datanet.ticket, ticket).drop(&datanet.owner)?;
		let from = core::mem::replace(&mut datanet.owner, who.clone());
		datanet.offered = None;
		datanet.awarded = false;
		Datanets::<T>::insert(id, datanet);
		Self::deposit_event(Event::OwnershipTransferred { datanet: id, from, to: who });
		Ok(())
	}
}
