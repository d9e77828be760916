//! Accounts that are opened, and paid for, before they earn.

use crate::{Accrual, Accrued, Config, Error, Event, Pallet};
use frame_support::{ensure, traits::Consideration};
use openledger_primitives_core::traits::RewardAccounts;
use sp_runtime::DispatchResult;

impl<T: Config> Pallet<T> {
	/// Stores what is left of an entry, as long as there is something in it or somebody pays for it.
	pub(crate) fn keep(account: &T::AccountId, entry: Accrual<T>) {
		if entry.amount > 0 || entry.is_open() {
			Accrued::<T>::insert(account, entry);
		} else {
			Accrued::<T>::remove(account);
		}
	}

	pub(crate) fn do_open(account: T::AccountId) -> DispatchResult {
		ensure!(!Accrued::<T>::get(&account).is_open(), Error::<T>::AlreadyOpen);
		Self::open(&account)
	}

	pub(crate) fn do_close(account: T::AccountId) -> DispatchResult {
		let entry = Accrued::<T>::get(&account);
		let ticket = entry.ticket.ok_or(Error::<T>::NotOpen)?;
		ensure!(entry.amount == 0, Error::<T>::StillAccrued);
		ticket.drop(&account)?;
		Accrued::<T>::remove(&account);
		Self::deposit_event(Event::AccountClosed { account });
		Ok(())
	}
}

impl<T: Config> RewardAccounts<T::AccountId> for Pallet<T> {
	fn open(account: &T::AccountId) -> DispatchResult {
		let mut entry = Accrued::<T>::get(account);
		if entry.is_open() {
			return Ok(());
		}
		// Whoever contributes pays other deposits in the same call, and is told which one it was.
		let ticket = T::AccountConsideration::new(account, Accrual::<T>::footprint())
			.map_err(|_| Error::<T>::DepositUnavailable)?;
		entry.ticket = Some(ticket);
		Accrued::<T>::insert(account, entry);
		Self::deposit_event(Event::AccountOpened { account: account.clone() });
		Ok(())
	}
}
