//! What the runtime API asks of this pallet.

use crate::{Accrued, Config, Paid, Pallet, Payees, Settlements};
use openledger_primitives_api::RewardsInfo;
use openledger_primitives_core::{RequestId, settlement::Distribution};

impl<T: Config> Pallet<T> {
	/// What `account` has accrued, what was paid of it, who is paid next, and whether it is open.
	pub fn rewards(account: &T::AccountId) -> RewardsInfo<T::AccountId> {
		let entry = Accrued::<T>::get(account);
		RewardsInfo {
			accrued: entry.amount,
			paid: Paid::<T>::get(account),
			payee: Payees::<T>::get(account).map(|(payee, _)| payee),
			open: entry.is_open(),
		}
	}

	/// How a request's fee was divided, once settled and until pruned.
	pub fn settlement(request: RequestId) -> Option<Distribution<T::AccountId>> {
		Settlements::<T>::get(request)
	}
}
