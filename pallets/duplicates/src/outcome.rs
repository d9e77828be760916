//! What comes of a challenge.

use crate::{Challenge, Challenges, Config, Error, Event, HoldReason, Pallet};
use frame_support::traits::{
	Get,
	fungible::{Inspect as _, hold::Mutate as _},
	tokens::{DepositConsequence, Fortitude, Precision, Provenance, Restriction},
};
use openledger_primitives_core::{
	Balance, ChallengeId,
	record::{Compared, RecordLeaf},
	traits::{self, Records},
};
use sp_runtime::{DispatchError, DispatchResult};

impl<T: Config> Pallet<T> {
	/// Moves `amount` of what is held from a challenger to `to`. Returns whether `to` can hold it: nothing
	/// is moved otherwise.
	fn pass_on(
		challenger: &T::AccountId,
		to: &T::AccountId,
		amount: Balance,
	) -> Result<bool, DispatchError> {
		if amount == 0 {
			return Ok(true);
		}
		let receivable = T::Currency::can_deposit(to, amount, Provenance::Extant);
		if receivable != DepositConsequence::Success {
			return Ok(false);
		}
		T::Currency::transfer_on_hold(
			&HoldReason::Challenge.into(),
			challenger,
			to,
			amount,
			Precision::Exact,
			Restriction::Free,
			Fortitude::Force,
		)?;
		Ok(true)
	}

	fn take(challenge: ChallengeId) -> Result<Challenge<T::AccountId>, Error<T>> {
		Challenges::<T>::take(challenge).ok_or(Error::<T>::UnknownChallenge)
	}
}

impl<T: Config> traits::Pairs<T::AccountId> for Pallet<T> {
	fn is_open(challenge: ChallengeId) -> bool {
		Challenges::<T>::contains_key(challenge)
	}

	fn records(challenge: ChallengeId) -> Option<[RecordLeaf<T::AccountId>; 2]> {
		Challenges::<T>::get(challenge).map(|challenge| [challenge.later, challenge.earlier])
	}

	fn pay(challenge: ChallengeId, verifier: &T::AccountId) -> DispatchResult {
		let Some(mut stored) = Challenges::<T>::get(challenge) else { return Ok(()) };
		let amount = stored.seat.min(stored.deposit);
		if amount == 0 || !Self::pass_on(&stored.challenger, verifier, amount)? {
			return Ok(());
		}
		stored.deposit = stored.deposit.saturating_sub(amount);
		Challenges::<T>::insert(challenge, stored);
		Self::deposit_event(Event::SeatPaid { challenge, verifier: verifier.clone(), amount });
		Ok(())
	}

	fn settle(challenge: ChallengeId, found: Compared) -> Result<Balance, DispatchError> {
		let over = Self::take(challenge)?;
		let later = over.pair().later;
		let Challenge { challenger, deposit, later: leaf, .. } = over;
		let pass_on = |to: &T::AccountId| {
			let passed = Self::pass_on(&challenger, to, deposit)?;
			Ok::<_, DispatchError>(if passed { deposit } else { 0 })
		};
		let (compensated, forfeited) = match found {
			Compared::Distinct => (pass_on(&leaf.contributor)?, 0),
			Compared::Unshown => (0, pass_on(&T::TreasuryAccount::get())?),
			Compared::Duplicate | Compared::Withheld => (0, 0),
		};
		let returned = deposit.saturating_sub(compensated).saturating_sub(forfeited);
		Self::give_back(&challenger, returned)?;
		let burned = match found {
			Compared::Duplicate => T::Records::exclude(later, Some(&challenger))?,
			Compared::Withheld => T::Records::exclude(later, None)?,
			Compared::Distinct | Compared::Unshown => {
				T::Records::settle(later);
				0
			}
		};
		Self::deposit_event(Event::Decided { challenge, found, returned, compensated, forfeited });
		Ok(burned)
	}

	fn abandon(challenge: ChallengeId) -> DispatchResult {
		let over = Self::take(challenge)?;
		Self::give_back(&over.challenger, over.deposit)?;
		T::Records::settle(over.pair().later);
		Self::deposit_event(Event::Abandoned { challenge });
		Ok(())
	}
}
