//! What always holds.

use crate::{Challenges, Config, HoldReason, NextChallenge, Pallet, Seals};
use alloc::{collections::BTreeMap, vec::Vec};
use codec::Encode;
use frame_support::{ensure, traits::fungible::InspectHold as _};
use openledger_primitives_core::{Balance, traits::Records};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
	/// Deposits are what the balances pallet holds, and whatever is challenged is there.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		let mut deposits: BTreeMap<Vec<u8>, (T::AccountId, Balance)> = BTreeMap::new();
		let mut owe = |who: T::AccountId, amount: Balance| {
			let (_, sum) = deposits.entry(who.encode()).or_insert((who, 0));
			*sum = sum.saturating_add(amount);
		};
		for (who, _, sealed) in Seals::<T>::iter() {
			owe(who, sealed.deposit);
		}
		for (number, challenge) in Challenges::<T>::iter() {
			ensure!(number < NextChallenge::<T>::get(), "a challenge has a number not given yet");
			let (later, earlier) = (&challenge.later, &challenge.earlier);
			ensure!(earlier.committed_at < later.committed_at, "an earlier record is challenged");
			ensure!(later.contributor != earlier.contributor, "records are of one contributor");
			let found = T::Records::record(challenge.pair().later);
			ensure!(found.as_ref() == Some(later), "a challenged record is gone");
			owe(challenge.challenger, challenge.deposit);
		}
		for (who, sum) in deposits.into_values() {
			let held = T::Currency::balance_on_hold(&HoldReason::Challenge.into(), &who);
			ensure!(held == sum, "deposits are not what is held");
		}
		Ok(())
	}
}
