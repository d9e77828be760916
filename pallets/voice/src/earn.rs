//! Earning voice, and losing what has faded.

use crate::{
	Config, Error, Event, Pallet, Standing, TotalPoints, Voices,
	index::{Index, UNIT},
};
use alloc::vec::Vec;
use frame_support::{ensure, traits::Get};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives_core::{Balance, MAX_CREDITS, settlement::Payment, traits::Voice};
use sp_runtime::{
	DispatchResult, Rounding, SaturatedConversion,
	helpers_128bit::multiply_by_rational_with_rounding,
};

impl<T: Config> Pallet<T> {
	pub(crate) fn now() -> BlockNumberFor<T> {
		frame_system::Pallet::<T>::block_number()
	}

	/// The index now; `None` once points don't fit any more.
	pub(crate) fn current_index() -> Option<Index> {
		Index::at(Self::now().saturated_into(), T::Year::get().saturated_into())
	}

	/// What `points` weigh now. Past the index's range it is so high that they weigh nothing.
	pub(crate) fn weight(points: u128) -> Balance {
		Self::current_index().map_or(0, |index| index.weight(points))
	}

	/// Credits `account` with points that the total has already. Credits nothing at all where anything
	/// doesn't fit.
	fn try_credit(account: &T::AccountId, earned: u128) -> Option<()> {
		let standing = match Voices::<T>::get(account) {
			Some(standing) => standing,
			None if Self::weight(earned) < T::MinEarned::get() => return None,
			None => Standing::default(),
		};
		let points = standing.points.checked_add(earned)?;
		Voices::<T>::insert(account, Standing { points, ..standing });
		Some(())
	}

	/// Takes points that are nobody's any more from the total.
	fn discount(points: u128) {
		TotalPoints::<T>::mutate(|total| *total = total.saturating_sub(points));
	}

	/// Adds what was earned to the total. `None` where it does not fit.
	fn count(earned: &[u128]) -> Option<()> {
		let sum = earned.iter().try_fold(0u128, |sum, points| sum.checked_add(*points))?;
		if sum > 0 {
			TotalPoints::<T>::put(TotalPoints::<T>::get().checked_add(sum)?);
		}
		Some(())
	}

	pub(crate) fn do_forget(account: T::AccountId) -> DispatchResult {
		let standing = Voices::<T>::get(&account).ok_or(Error::<T>::NoVoice)?;
		ensure!(standing.votes == 0, Error::<T>::HasVotes);
		let twice = Self::weight(standing.points).saturating_mul(2);
		ensure!(twice < T::MinEarned::get().max(1), Error::<T>::StillHeard);
		Voices::<T>::remove(&account);
		Self::discount(standing.points);
		Self::deposit_event(Event::Forgotten { account });
		Ok(())
	}
}

impl<T: Config> Voice<T::AccountId> for Pallet<T> {
	fn earned(payments: &[Payment<T::AccountId>], sunk: Balance) -> Vec<u128> {
		let units = sunk.checked_div(UNIT).unwrap_or_default();
		let payments = || payments.iter().take(MAX_CREDITS as usize);
		let paid = payments()
			.try_fold(0, |sum: Balance, payment| sum.checked_add(payment.amount))
			.zip(Self::current_index());
		let points = |amount: Balance| {
			let (paid, index) = paid?;
			let share = multiply_by_rational_with_rounding(units, amount, paid, Rounding::Down);
			share.and_then(|units| index.points(units))
		};
		// What does not fit is nobody's, as what rounding leaves is.
		let mut earned: Vec<u128> =
			payments().map(|payment| points(payment.amount).unwrap_or(0)).collect();
		if Self::count(&earned).is_none() {
			earned.fill(0);
		}
		earned
	}

	fn credit(account: &T::AccountId, points: u128) {
		if points > 0 && Self::try_credit(account, points).is_none() {
			Self::discount(points);
		}
	}

	fn forgo(points: u128) {
		if points > 0 {
			Self::discount(points);
		}
	}
}
