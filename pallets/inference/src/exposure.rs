//! What operators stand behind with their bonds.

use crate::{AgentOf, Config, Error, Exposed, Operators, Pallet, RequestOf, ServedBy, Unsettled};
use frame_support::{ensure, traits::Get};
use openledger_primitives_core::{
	Balance, ModelId, Prompt,
	model::{Price, Usage},
	traits::{self, Models},
};
use sp_runtime::DispatchResult;

impl<T: Config> Pallet<T> {
	/// The most tokens that a prompt comes to with the base's template and what is `quoted` of records.
	pub(crate) fn longest(prompt: &Prompt, quoted: u32) -> u32 {
		(prompt.len() as u32).saturating_add(T::MaxTemplate::get()).saturating_add(quoted)
	}

	/// What an answer may cost at most by this usage.
	pub(crate) fn dearest(price: &Price, longest: Usage, max_fee: Balance) -> Balance {
		price.fee(longest).unwrap_or(max_fee).min(max_fee)
	}

	/// What an open request counts as exposure: its fee, or before its answer the most that it can
	/// come to. What a payer offers beyond that counts for nothing, or an offer would take an
	/// operator's room.
	pub(crate) fn exposure(request: &RequestOf<T>) -> Balance {
		match &request.answered {
			Some(answered) => answered.fee,
			None => {
				let quoted = T::Models::quoted(request.model);
				let prompt = Self::longest(&request.prompt, quoted);
				let longest = Usage { prompt, output: request.max_tokens };
				Self::dearest(&request.price, longest, request.max_fee)
			}
		}
	}

	/// What an operator's bond stands behind at most.
	fn cover(bond: Balance) -> Balance {
		T::MaxExposure::get().mul_floor(bond)
	}

	/// Whether an operator can stand behind `fees` more.
	pub(crate) fn covers(operator: &T::AccountId, fees: Balance) -> bool {
		let bond = <Self as traits::Operators<T::AccountId>>::bond(operator);
		let exposed = Exposed::<T>::get(operator);
		exposed.checked_add(fees).is_some_and(|exposed| exposed <= Self::cover(bond))
	}
}

impl<T: Config> traits::Operators<T::AccountId> for Pallet<T> {
	fn of_agent(agent: &T::AccountId) -> Option<T::AccountId> {
		AgentOf::<T>::get(agent)
	}

	fn agent(operator: &T::AccountId) -> Option<T::AccountId> {
		Operators::<T>::get(operator).map(|registration| registration.operator.agent)
	}

	fn serves(operator: &T::AccountId, model: ModelId) -> bool {
		Self::staying(operator).is_ok_and(|registration| {
			registration.operator.bond >= T::MinBond::get()
				&& ServedBy::<T>::get(operator).contains(&model)
		})
	}

	fn bond(operator: &T::AccountId) -> Balance {
		Operators::<T>::get(operator).map_or(0, |registration| registration.operator.bond)
	}

	fn expose(operator: &T::AccountId, fees: Balance) -> DispatchResult {
		ensure!(Operators::<T>::contains_key(operator), Error::<T>::NotOperator);
		ensure!(Self::covers(operator, fees), Error::<T>::Overexposed);
		let count = Unsettled::<T>::get(operator).checked_add(1).ok_or(Error::<T>::Overflow)?;
		let exposed = Exposed::<T>::get(operator).checked_add(fees).ok_or(Error::<T>::Overflow)?;
		Unsettled::<T>::insert(operator, count);
		Exposed::<T>::insert(operator, exposed);
		Ok(())
	}

	fn discharge(operator: &T::AccountId, fees: Balance) {
		Unsettled::<T>::mutate_exists(operator, |count| {
			*count = count.and_then(|count| count.checked_sub(1)).filter(|count| *count > 0);
		});
		Exposed::<T>::mutate_exists(operator, |exposed| {
			*exposed = exposed.and_then(|sum| sum.checked_sub(fees)).filter(|sum| *sum > 0);
		});
	}
}
