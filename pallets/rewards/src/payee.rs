//! Who is paid in an account's place.

use crate::{Config, Error, Event, Pallet, Payees};
use codec::MaxEncodedLen;
use frame_support::{
	ensure,
	traits::{Consideration, Footprint},
};
use sp_runtime::DispatchResult;

impl<T: Config> Pallet<T> {
	/// Who is paid what `account` has accrued.
	///
	/// A payee's own payee is not looked for. A payout so costs one read however many accounts name
	/// one another, there is no circle to go around in, and whom an account's rewards go to is
	/// decided by that account and by nobody whom it named.
	pub fn payee_of(account: &T::AccountId) -> T::AccountId {
		Payees::<T>::get(account).map_or_else(|| account.clone(), |(payee, _)| payee)
	}

	/// What an account pays for when it names a payee, key included.
	pub(crate) fn payee_footprint() -> Footprint {
		let accounts = T::AccountId::max_encoded_len().saturating_mul(2);
		let ticket = T::PayeeConsideration::max_encoded_len();
		Footprint::from_parts(1, accounts.saturating_add(ticket))
	}

	pub(crate) fn do_set_payee(
		account: T::AccountId,
		payee: Option<T::AccountId>,
	) -> DispatchResult {
		let named = Payees::<T>::get(&account);
		match &payee {
			Some(payee) => {
				ensure!(*payee != account, Error::<T>::PayeeIsSelf);
				ensure!(*payee != Self::account(), Error::<T>::PayeeIsPot);
				let ticket = match named {
					// Entries are of one size, whomever they name: the deposit stays as it is.
					Some((_, ticket)) => ticket,
					None => T::PayeeConsideration::new(&account, Self::payee_footprint())?,
				};
				Payees::<T>::insert(&account, (payee, ticket));
			}
			None => {
				let (_, ticket) = named.ok_or(Error::<T>::NoPayee)?;
				ticket.drop(&account)?;
				Payees::<T>::remove(&account);
			}
		}
		Self::deposit_event(Event::PayeeSet { account, payee });
		Ok(())
	}
}
