//! Requests that nobody answered in time.

use crate::{
	Config, Error, Event, Expiries, HoldReason, NextExpiry, Operators, Pallet, Requests, Status,
	WeightInfo,
};
use frame_support::{
	ensure,
	storage::with_storage_layer,
	traits::{Get, fungible::hold::Mutate as _, tokens::Precision},
	weights::WeightMeter,
};
use openledger_primitives_core::{
	RequestId,
	traits::{Models, Operators as _},
};
use sp_runtime::DispatchResult;

impl<T: Config> Pallet<T> {
	pub(crate) fn do_expire(id: RequestId) -> DispatchResult {
		let mut request = Requests::<T>::get(id).ok_or(Error::<T>::UnknownRequest)?;
		ensure!(request.status == Status::Pending, Error::<T>::NotPending);
		ensure!(Self::now() > request.deadline, Error::<T>::DeadlineNotPassed);
		let amount = request.max_fee;
		if amount > 0 {
			let escrow = HoldReason::Escrow.into();
			T::Currency::release(&escrow, &request.payer, amount, Precision::Exact)?;
		}
		let operator = request.operator.clone();
		Self::unassign(id, &operator, request.deadline);
		Self::discharge(&operator, Self::exposure(&request));
		T::Models::release(request.model);
		// An upgrade that came in between is not the operator's fault.
		let computed = T::Models::is_computed(request.model);
		request.status = Status::Refunded;
		Requests::<T>::insert(id, request);
		Self::deposit_event(Event::Refunded { request: id, operator: operator.clone(), amount });
		if computed { Self::count_miss(&operator) } else { Ok(()) }
	}

	fn count_miss(operator: &T::AccountId) -> DispatchResult {
		let Some(mut registration) = Operators::<T>::get(operator) else { return Ok(()) };
		let missed = registration.operator.missed.saturating_add(1);
		let penalised = missed >= T::MaxMissed::get();
		registration.operator.missed = if penalised { 0 } else { missed };
		Operators::<T>::insert(operator, registration);
		if penalised {
			Self::take_bond(operator, T::MissPenalty::get(), &[])?;
		}
		Ok(())
	}

	/// Refunds what is past its deadline, one request after the other, as far as the weight goes.
	/// A request that can't be refunded leaves the list and waits for [`crate::Call::expire`].
	pub(crate) fn expire_due(meter: &mut WeightMeter) {
		let now = Self::now();
		let one = T::WeightInfo::expire();
		let look = T::DbWeight::get().reads_writes(2, 1);
		if meter.try_consume(T::DbWeight::get().reads(1)).is_err() {
			return;
		}
		let mut deadline = NextExpiry::<T>::get();
		while deadline < now {
			if meter.try_consume(look).is_err() {
				return;
			}
			while let Some(id) = Expiries::<T>::get(deadline).first().copied() {
				if meter.try_consume(one).is_err() {
					return;
				}
				if let Err(error) = with_storage_layer(|| Self::do_expire(id)) {
					Expiries::<T>::mutate(deadline, |due| due.retain(|other| *other != id));
					Self::deposit_event(Event::ExpiryFailed { request: id, error });
				}
			}
			Expiries::<T>::remove(deadline);
			deadline = deadline.saturating_add(1);
			NextExpiry::<T>::put(deadline);
		}
	}
}
