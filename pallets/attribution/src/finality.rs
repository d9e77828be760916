//! Making claims final.

use crate::{
	ClaimRecord, Claims, Config, Due, Error, Event, NextDue, Pallet, Status, WeightInfo,
	submit::SPREAD, touched::Touched,
};
use frame_support::{
	ensure,
	storage::with_storage_layer,
	traits::Get,
	weights::{Weight, WeightMeter},
};
use openledger_primitives_core::{
	RequestId,
	settlement::Distribution,
	traits::{Audits, Clearance, Models, Settlement},
};
use sp_runtime::DispatchError;

/// A claim that was made final, and how its fee was divided.
type Finalized<AccountId> = (ClaimRecord<AccountId>, Distribution<AccountId>);

impl<T: Config> Pallet<T> {
	pub(crate) fn do_finalize(
		request: RequestId,
	) -> Result<Finalized<T::AccountId>, DispatchError> {
		let mut claim = Claims::<T>::get(request).ok_or(Error::<T>::UnknownClaim)?;
		ensure!(claim.status == Status::Open, Error::<T>::AlreadyFinal);
		let now = Self::now();
		ensure!(now >= claim.final_at, Error::<T>::WindowOpen);
		let waits = claim.standing > 0 && now < Self::closes_at(&claim);
		ensure!(!waits, Error::<T>::ChallengeStanding);
		ensure!(T::Audits::clearance(request) == Clearance::Clear, Error::<T>::NotCleared);
		// Whom the claim credits is what a forged index says.
		if T::Models::condemned(claim.model) == Some(true) {
			Self::credit_nobody(request, &mut claim);
		}
		let (shares, earned) = Self::payable_of(&claim);
		let distribution = T::Settlement::settle(request, &shares, earned)?;
		claim.status = Status::Final;
		Claims::<T>::insert(request, &claim);
		let contributors = distribution.contributed();
		Self::deposit_event(Event::ClaimFinalized { request, contributors });
		Ok((claim, distribution))
	}

	/// What making one claim final costs at most, with its clearance and a look at the records that it
	/// credits.
	pub(crate) fn finality_weight() -> Weight {
		T::WeightInfo::finalize()
			.saturating_add(T::Audits::weight())
			.saturating_add(Self::payable_weight())
	}

	/// Looks at one claim whose time has come: makes it final, or puts it off until no challenge
	/// to it can be committed or opened any more and no audit is in its way. Returns what that weighed, which is
	/// [`Pallet::finality_weight`] at most.
	pub(crate) fn look_at(request: RequestId, touched: &mut Touched<T>) -> Weight {
		let look = T::DbWeight::get().reads(1);
		let Some(claim) = Claims::<T>::get(request).filter(|claim| claim.status == Status::Open)
		else {
			return look;
		};
		let closes_at = Self::closes_at(&claim);
		let waits_until = if Self::now() < claim.final_at {
			// A correction began another window.
			Some(claim.final_at)
		} else if claim.standing > 0 && Self::now() < closes_at {
			Some(closes_at)
		} else {
			match T::Audits::clearance(request) {
				Clearance::Clear => None,
				Clearance::Until(block) => Some(block.max(Self::now().saturating_add(1))),
			}
		};
		if let Some(block) = waits_until {
			let found = Self::schedule(request, block);
			if found.is_none() {
				Self::deposit_event(Event::FinalityDeferred { request });
			}
			let tried = found.map_or(SPREAD, |found| found.saturating_sub(block).saturating_add(1));
			let queue = T::DbWeight::get().reads_writes(tried.into(), 1);
			return look.saturating_add(queue).saturating_add(T::Audits::weight());
		}
		match with_storage_layer(|| Self::do_finalize(request)) {
			Ok((claim, distribution)) => {
				touched.weigh(&claim, &distribution).saturating_add(T::Audits::weight_of_clear())
			}
			Err(error) => {
				Self::deposit_event(Event::SettlementFailed { request, error });
				Self::finality_weight()
			}
		}
	}

	/// Looks at the claims that are due, one after the other, as far as the weight goes.
	pub(crate) fn finalize_due(meter: &mut WeightMeter) {
		let now = Self::now();
		let one = Self::finality_weight();
		let look = T::DbWeight::get().reads_writes(2, 1);
		if meter.try_consume(T::DbWeight::get().reads(1)).is_err() {
			return;
		}
		let mut touched = Touched::default();
		let mut block = NextDue::<T>::get();
		while block <= now {
			if meter.try_consume(look).is_err() {
				return;
			}
			while let Some(request) = Due::<T>::get(block).first().copied() {
				if !meter.can_consume(one) {
					return;
				}
				Due::<T>::mutate(block, |due| due.retain(|other| *other != request));
				meter.consume(Self::look_at(request, &mut touched).min(one));
			}
			Due::<T>::remove(block);
			block = block.saturating_add(1);
			NextDue::<T>::put(block);
		}
	}
}
