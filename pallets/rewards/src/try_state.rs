//! What always holds.

use crate::{Accrued, Config, Pallet, Payees, Settlements, TotalAccrued};
use frame_support::{ensure, traits::fungible::Inspect};
use openledger_primitives_core::Balance;
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
	/// The pot covers all that is accrued beside its existential deposit, the total is the sum of
	/// the entries, no entry is empty but of an account that is open, no voice comes without an amount,
	/// every settlement adds up to its fee, and no account is its own payee or has the pot as one.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		let mut sum: Balance = 0;
		for entry in Accrued::<T>::iter_values() {
			ensure!(
				entry.amount > 0 || entry.is_open(),
				"an empty entry is kept that nobody pays for"
			);
			ensure!(entry.amount > 0 || entry.voice == 0, "voice has accrued without an amount");
			sum = sum.checked_add(entry.amount).ok_or("accrued amounts overflow")?;
		}
		ensure!(sum == TotalAccrued::<T>::get(), "the total is not the sum of the entries");
		let owed = T::Currency::minimum_balance().checked_add(sum).ok_or("accrued overflows")?;
		ensure!(
			T::Currency::total_balance(&Self::account()) >= owed,
			"the pot does not cover what is accrued"
		);
		for distribution in Settlements::<T>::iter_values() {
			ensure!(
				distribution.total() == Some(distribution.fee),
				"a settlement does not add up to its fee"
			);
		}
		for (account, (payee, _)) in Payees::<T>::iter() {
			ensure!(account != payee, "an account is its own payee");
			ensure!(payee != Self::account(), "the pot is a payee");
		}
		Ok(())
	}
}
