//! The challenger's side: commit, open, withdraw.

use crate::{
	Challenge, Challenges, Config, Error, Event, HoldReason, NextChallenge, Pallet, Sealed, Seals,
};
use frame_support::{
	ensure,
	traits::{Get, fungible::hold::Mutate as _, tokens::Precision},
};
use openledger_primitives_core::{
	Balance, BlockNumber, Hash,
	record::Pair,
	traits::{Comparison, Comparisons, Records},
};
use sp_runtime::{DispatchResult, traits::UniqueSaturatedInto};

impl<T: Config> Pallet<T> {
	fn now() -> BlockNumber {
		frame_system::Pallet::<T>::block_number().unique_saturated_into()
	}

	pub(crate) fn do_commit(who: T::AccountId, commitment: Hash) -> DispatchResult {
		ensure!(T::Enabled::get(), Error::<T>::Disabled);
		ensure!(!Seals::<T>::contains_key(&who, commitment), Error::<T>::AlreadyCommitted);
		let deposit = T::Deposit::get();
		T::Currency::hold(&HoldReason::Challenge.into(), &who, deposit)?;
		Seals::<T>::insert(&who, commitment, Sealed { at: Self::now(), deposit });
		Self::deposit_event(Event::Committed { challenger: who, commitment });
		Ok(())
	}

	pub(crate) fn do_withdraw(who: T::AccountId, commitment: Hash) -> DispatchResult {
		let sealed = Seals::<T>::take(&who, commitment).ok_or(Error::<T>::NotCommitted)?;
		Self::give_back(&who, sealed.deposit)?;
		Self::deposit_event(Event::Withdrawn { challenger: who, commitment });
		Ok(())
	}

	pub(crate) fn do_open(who: T::AccountId, pair: Pair, salt: [u8; 32]) -> DispatchResult {
		ensure!(T::Enabled::get(), Error::<T>::Disabled);
		let commitment = pair.commitment(&who, &salt);
		let sealed = Seals::<T>::get(&who, commitment).ok_or(Error::<T>::NotCommitted)?;
		ensure!(Self::now() > sealed.at, Error::<T>::OpenedTooEarly);
		let later = T::Records::record(pair.later).ok_or(Error::<T>::RecordNotFound)?;
		let earlier = T::Records::record(pair.earlier).ok_or(Error::<T>::RecordNotFound)?;
		ensure!(later.contributor != earlier.contributor, Error::<T>::SameContributor);
		ensure!(later.contributor != who, Error::<T>::OwnRecord);
		ensure!(earlier.committed_at < later.committed_at, Error::<T>::NotLater);
		ensure!(later.committed_at < sealed.at, Error::<T>::NotOlder);
		ensure!(T::Comparisons::is_possible(), Error::<T>::TooFewVerifiers);

		let challenge = NextChallenge::<T>::get();
		let next = challenge.checked_add(1).ok_or(Error::<T>::NumbersExhausted)?;
		T::Records::dispute(pair.later)?;
		let contributor = later.contributor.clone();
		T::Comparisons::ask(Comparison {
			challenge,
			challenger: who.clone(),
			contributor: contributor.clone(),
			deposit: sealed.deposit,
		})?;
		NextChallenge::<T>::put(next);
		Seals::<T>::remove(&who, commitment);
		let opened = Challenge {
			challenger: who.clone(),
			deposit: sealed.deposit,
			seat: T::SeatReward::get(),
			later,
			earlier,
		};
		Challenges::<T>::insert(challenge, opened);
		Self::deposit_event(Event::Opened { challenge, challenger: who, contributor, pair });
		Ok(())
	}

	/// Releases what is held from a challenger.
	pub(crate) fn give_back(who: &T::AccountId, amount: Balance) -> DispatchResult {
		if amount > 0 {
			T::Currency::release(&HoldReason::Challenge.into(), who, amount, Precision::Exact)?;
		}
		Ok(())
	}
}
