//! Paying out what has accrued.

use crate::{Accrual, Accrued, Config, Error, Event, Paid, Pallet, TotalAccrued};
use frame_support::{
	ensure,
	traits::{
		Get,
		fungible::{Inspect, Mutate},
		tokens::{DepositConsequence, Preservation, Provenance},
	},
};
use openledger_primitives_core::traits::Voice;
use sp_runtime::DispatchResult;

impl<T: Config> Pallet<T> {
	pub(crate) fn do_claim(account: T::AccountId) -> DispatchResult {
		let entry = Accrued::<T>::get(&account);
		let (amount, voice) = (entry.amount, entry.voice);
		ensure!(amount > 0, Error::<T>::NothingAccrued);
		let payee = Self::payee_of(&account);
		match T::Currency::can_deposit(&payee, amount, Provenance::Extant) {
			DepositConsequence::Success => {}
			DepositConsequence::BelowMinimum | DepositConsequence::CannotCreate => {
				return Err(Error::<T>::BelowMinimum.into());
			}
			other => other.into_result()?,
		}
		let total = TotalAccrued::<T>::get().checked_sub(amount).ok_or(Error::<T>::Overflow)?;
		T::Currency::transfer(&Self::account(), &payee, amount, Preservation::Preserve)?;
		Self::keep(&account, Accrual { amount: 0, voice: 0, ..entry });
		TotalAccrued::<T>::put(total);
		T::Voice::credit(&account, voice);
		Paid::<T>::mutate(&account, |paid| *paid = paid.saturating_add(amount));
		Self::deposit_event(Event::Claimed { account, payee, amount });
		Ok(())
	}

	pub(crate) fn do_sweep() -> DispatchResult {
		let amount = Self::surplus();
		ensure!(amount > 0, Error::<T>::NothingToSweep);
		Self::accrue(&T::TreasuryAccount::get(), amount, 0)?;
		Self::deposit_event(Event::Swept { amount });
		Ok(())
	}
}
