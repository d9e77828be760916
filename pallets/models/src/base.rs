//! Bases.

use crate::{Base, Bases, Config, Error, Event, NextBase, Pallet};
use frame_support::{
	ensure,
	traits::{Consideration, Get},
};
use openledger_primitives_core::{BaseId, Hash, Name, is_text};
use sp_runtime::{DispatchResult, Permill};

impl<T: Config> Pallet<T> {
	pub(crate) fn do_register_base(
		owner: T::AccountId,
		name: Name,
		architecture: Name,
		weights: Hash,
		tokenizer: Hash,
		royalty: Permill,
	) -> DispatchResult {
		ensure!(is_text(&name) && is_text(&architecture), Error::<T>::NotText);
		ensure!(royalty <= T::MaxRoyalty::get(), Error::<T>::RoyaltyTooHigh);
		let id = NextBase::<T>::get();
		NextBase::<T>::put(id.checked_add(1).ok_or(Error::<T>::NumbersExhausted)?);
		let ticket = T::BaseConsideration::new(&owner, Base::<T>::footprint())?;
		let base = Base {
			owner: owner.clone(),
			name,
			architecture,
			weights,
			tokenizer,
			royalty,
			models: 0,
			ticket,
		};
		Bases::<T>::insert(id, base);
		Self::deposit_event(Event::BaseRegistered { base: id, owner, weights, royalty });
		Ok(())
	}

	pub(crate) fn do_remove_base(who: &T::AccountId, id: BaseId) -> DispatchResult {
		let base = Bases::<T>::get(id).ok_or(Error::<T>::BaseNotFound)?;
		ensure!(base.owner == *who, Error::<T>::NotOwner);
		ensure!(base.models == 0, Error::<T>::BaseInUse);
		base.ticket.drop(who)?;
		Bases::<T>::remove(id);
		Self::deposit_event(Event::BaseRemoved { base: id });
		Ok(())
	}
}
