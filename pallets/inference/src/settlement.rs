//! Paying fees out of escrow, and penalties out of bonds.

use crate::{Config, Error, Event, HoldReason, Operators, Pallet, Requests, Status};
use frame_support::{
	ensure,
	storage::with_storage_layer,
	traits::{
		Get,
		fungible::{Inspect as _, hold::Mutate as _},
		tokens::{DepositConsequence, Fortitude, Precision, Provenance, Restriction},
	},
};
use openledger_primitives_core::{
	Balance, RequestId,
	settlement::Distribution,
	traits::{Models, Operators as _, Rewards, Settlement},
};
use sp_runtime::{DispatchError, Permill};

impl<T: Config> Pallet<T> {
	/// Moves up to `amount` of a bond to `to`, and nothing where `to` can't hold it. Force, since
	/// an account could otherwise freeze its balance to escape.
	fn move_bond(
		operator: &T::AccountId,
		to: &T::AccountId,
		amount: Balance,
	) -> Result<Balance, DispatchError> {
		let receivable = T::Currency::can_deposit(to, amount, Provenance::Extant);
		if amount == 0 || receivable != DepositConsequence::Success {
			return Ok(0);
		}
		T::Currency::transfer_on_hold(
			&HoldReason::Bond.into(),
			operator,
			to,
			amount,
			Precision::BestEffort,
			Restriction::Free,
			Fortitude::Force,
		)
	}

	/// Takes up to `amount` from an operator's bond: half in equal parts, rounded down, to those
	/// `rewarded`, the rest to the treasury. An operator can't be rewarded for its own fault, nor an
	/// account that can't hold the reward; the treasury has those parts too.
	pub(crate) fn take_bond(
		operator: &T::AccountId,
		amount: Balance,
		rewarded: &[T::AccountId],
	) -> Result<Balance, DispatchError> {
		with_storage_layer(|| {
			let mut registration = Operators::<T>::get(operator).ok_or(Error::<T>::NotOperator)?;
			let amount = amount.min(registration.operator.bond);
			let half = amount.checked_div(2).unwrap_or(0);
			let part = half.checked_div(rewarded.len() as Balance).unwrap_or(0);
			let mut reward: Balance = 0;
			for to in rewarded.iter().filter(|to| *to != operator) {
				reward = reward.saturating_add(Self::move_bond(operator, to, part)?);
			}
			let rest = amount.saturating_sub(reward);
			let fine = Self::move_bond(operator, &T::TreasuryAccount::get(), rest)?;
			let taken = reward.saturating_add(fine);
			let bond = &mut registration.operator.bond;
			*bond = bond.saturating_sub(taken);
			Operators::<T>::insert(operator, registration);
			Self::deposit_event(Event::OperatorSlashed {
				operator: operator.clone(),
				amount: taken,
				rewarded: reward,
			});
			Ok(taken)
		})
	}

	/// Takes up to `amount` from an operator's bond for those it kept from being paid.
	fn restore_from_bond(
		request: RequestId,
		operator: &T::AccountId,
		shares: &[(T::AccountId, u64)],
		amount: Balance,
	) -> Result<Balance, DispatchError> {
		if amount == 0 || shares.iter().all(|(_, weight)| *weight == 0) {
			return Ok(0);
		}
		with_storage_layer(|| {
			let mut registration = Operators::<T>::get(operator).ok_or(Error::<T>::NotOperator)?;
			let amount = amount.min(registration.operator.bond);
			let taken = Self::move_bond(operator, &T::Rewards::pot(), amount)?;
			T::Rewards::compensate(request, shares, taken)?;
			let bond = &mut registration.operator.bond;
			*bond = bond.saturating_sub(taken);
			Operators::<T>::insert(operator, registration);
			Self::deposit_event(Event::OperatorSlashed {
				operator: operator.clone(),
				amount: taken,
				rewarded: taken,
			});
			Ok(taken)
		})
	}
}

impl<T: Config> Settlement<T::AccountId> for Pallet<T> {
	fn settle(
		id: RequestId,
		shares: &[(T::AccountId, u64)],
		earned: Permill,
	) -> Result<Distribution<T::AccountId>, DispatchError> {
		with_storage_layer(|| {
			let mut request = Requests::<T>::get(id).ok_or(Error::<T>::UnknownRequest)?;
			ensure!(request.status == Status::Answered, Error::<T>::NotAnswered);
			let fee = request.answered.as_ref().ok_or(Error::<T>::NotAnswered)?.fee;
			let model = T::Models::served(request.model).ok_or(Error::<T>::UnknownModel)?;
			if fee > 0 {
				// Force: a payer can't freeze its balance to escape either.
				T::Currency::transfer_on_hold(
					&HoldReason::Escrow.into(),
					&request.payer,
					&T::Rewards::pot(),
					fee,
					Precision::Exact,
					Restriction::Free,
					Fortitude::Force,
				)?;
			}
			let sale = model.sale(fee, request.operator.clone());
			let distribution = T::Rewards::distribute(id, sale, shares, earned)?;
			T::Models::earned(request.model, &distribution);
			T::Models::release(request.model);
			Self::discharge(&request.operator, Self::exposure(&request));
			request.status = Status::Settled;
			Requests::<T>::insert(id, request);
			Self::deposit_event(Event::Settled { request: id, fee });
			Ok(distribution)
		})
	}

	fn slash(
		operator: &T::AccountId,
		amount: Balance,
		rewarded: &[T::AccountId],
	) -> Result<Balance, DispatchError> {
		Self::take_bond(operator, amount, rewarded)
	}

	fn restore(
		id: RequestId,
		operator: &T::AccountId,
		shares: &[(T::AccountId, u64)],
		amount: Balance,
	) -> Result<Balance, DispatchError> {
		Self::restore_from_bond(id, operator, shares, amount)
	}

	fn refund(id: RequestId) -> Result<Balance, DispatchError> {
		let mut request = Requests::<T>::get(id).ok_or(Error::<T>::UnknownRequest)?;
		ensure!(request.status == Status::Answered, Error::<T>::NotAnswered);
		let fee = request.answered.as_ref().ok_or(Error::<T>::NotAnswered)?.fee;
		if fee > 0 {
			let escrow = HoldReason::Escrow.into();
			T::Currency::release(&escrow, &request.payer, fee, Precision::Exact)?;
		}
		T::Models::release(request.model);
		Self::discharge(&request.operator, Self::exposure(&request));
		request.status = Status::Refunded;
		let operator = request.operator.clone();
		Requests::<T>::insert(id, request);
		Self::deposit_event(Event::AnswerRejected { request: id, operator, fee });
		Ok(fee)
	}

	fn at_stake(id: RequestId) -> Option<(Balance, Balance)> {
		let request = Requests::<T>::get(id)?;
		if request.status != Status::Answered {
			return None;
		}
		let fee = request.answered?.fee;
		Some((fee, T::Rewards::pool(fee)))
	}
}
