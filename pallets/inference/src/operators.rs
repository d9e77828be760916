//! Operators: registering, serving, leaving.

use crate::{
	AgentOf, Assigned, Config, Error, Event, HoldReason, Operators, Pallet, Registration,
	RegistrationOf, ServedBy, Serving, Unsettled,
};
use codec::MaxEncodedLen;
use frame_support::{
	BoundedVec, ensure,
	traits::{Consideration, Footprint, Get, fungible::hold::Mutate as _, tokens::Precision},
};
use openledger_primitives_core::{Balance, Endpoint, ModelId, is_text, traits::Models};
use openledger_primitives_inference::operator::Operator;
use sp_runtime::{DispatchResult, traits::Zero};

/// What the deposit covers: the operator, its agent's entry, and its places in the lists of
/// models and requests, each at its largest.
fn footprint<T: Config>() -> Footprint {
	let account = T::AccountId::max_encoded_len();
	let models = (T::MaxModelsPerOperator::get() as usize)
		.saturating_mul(account.saturating_add(ModelId::max_encoded_len()));
	let requests = (T::MaxCapacity::get() as usize).saturating_mul(8);
	let size = Operator::<T::AccountId>::max_encoded_len()
		.saturating_add(account.saturating_mul(4))
		.saturating_add(models)
		.saturating_add(requests);
	Footprint::from_parts(1, size)
}

impl<T: Config> Pallet<T> {
	fn check_terms(endpoint: &Endpoint, capacity: u32) -> Result<(), Error<T>> {
		ensure!(is_text(endpoint), Error::<T>::InvalidEndpoint);
		let range = 1..=T::MaxCapacity::get();
		ensure!(range.contains(&capacity), Error::<T>::CapacityOutOfRange);
		Ok(())
	}

	/// The registration of an operator that is not leaving.
	pub(crate) fn staying(who: &T::AccountId) -> Result<RegistrationOf<T>, Error<T>> {
		let registration = Operators::<T>::get(who).ok_or(Error::<T>::NotOperator)?;
		ensure!(registration.operator.leaving.is_none(), Error::<T>::Leaving);
		Ok(registration)
	}

	pub(crate) fn do_register(
		who: T::AccountId,
		agent: T::AccountId,
		bond: Balance,
		endpoint: Endpoint,
		capacity: u32,
	) -> DispatchResult {
		ensure!(!Operators::<T>::contains_key(&who), Error::<T>::AlreadyRegistered);
		Self::check_terms(&endpoint, capacity)?;
		ensure!(bond >= T::MinBond::get(), Error::<T>::BondTooSmall);
		ensure!(!AgentOf::<T>::contains_key(&agent), Error::<T>::AgentTaken);
		T::Currency::hold(&HoldReason::Bond.into(), &who, bond)?;
		let ticket = T::OperatorConsideration::new(&who, footprint::<T>())?;
		let operator = Operator {
			agent: agent.clone(),
			bond,
			endpoint,
			capacity,
			answered: 0,
			missed: 0,
			leaving: None,
		};
		AgentOf::<T>::insert(&agent, &who);
		Operators::<T>::insert(&who, Registration { operator, ticket });
		Self::deposit_event(Event::OperatorRegistered { operator: who, agent, bond });
		Ok(())
	}

	pub(crate) fn do_update(
		who: T::AccountId,
		endpoint: Endpoint,
		capacity: u32,
		agent: T::AccountId,
	) -> DispatchResult {
		let mut registration = Operators::<T>::get(&who).ok_or(Error::<T>::NotOperator)?;
		Self::check_terms(&endpoint, capacity)?;
		let operator = &mut registration.operator;
		if operator.agent != agent {
			ensure!(!AgentOf::<T>::contains_key(&agent), Error::<T>::AgentTaken);
			AgentOf::<T>::remove(&operator.agent);
			AgentOf::<T>::insert(&agent, &who);
			operator.agent = agent.clone();
		}
		operator.endpoint = endpoint;
		operator.capacity = capacity;
		Operators::<T>::insert(&who, registration);
		Self::deposit_event(Event::OperatorUpdated { operator: who, agent });
		Ok(())
	}

	pub(crate) fn do_bond_extra(who: T::AccountId, amount: Balance) -> DispatchResult {
		let mut registration = Self::staying(&who)?;
		let bond = &mut registration.operator.bond;
		*bond = bond.checked_add(amount).ok_or(Error::<T>::Overflow)?;
		T::Currency::hold(&HoldReason::Bond.into(), &who, amount)?;
		Operators::<T>::insert(&who, registration);
		Self::deposit_event(Event::BondAdded { operator: who, amount });
		Ok(())
	}

	pub(crate) fn do_serve(
		who: T::AccountId,
		models: BoundedVec<ModelId, T::MaxModelsPerOperator>,
	) -> DispatchResult {
		Self::staying(&who)?;
		let mut served = ServedBy::<T>::get(&who);
		for model in models {
			let terms = T::Models::served(model).ok_or(Error::<T>::UnknownModel)?;
			ensure!(terms.answers(), Error::<T>::ModelNotServing);
			ensure!(!served.contains(&model), Error::<T>::AlreadyServing);
			served.try_push(model).map_err(|_| Error::<T>::TooManyModels)?;
			Serving::<T>::try_mutate(model, |operators| operators.try_push(who.clone()))
				.map_err(|_| Error::<T>::TooManyOperators)?;
			Self::deposit_event(Event::ServingStarted { operator: who.clone(), model });
		}
		ServedBy::<T>::insert(&who, served);
		Ok(())
	}

	pub(crate) fn do_unserve(who: T::AccountId, model: ModelId) -> DispatchResult {
		let mut served = ServedBy::<T>::get(&who);
		let at = served.iter().position(|other| *other == model).ok_or(Error::<T>::NotServing)?;
		served.remove(at);
		if served.is_empty() {
			ServedBy::<T>::remove(&who);
		} else {
			ServedBy::<T>::insert(&who, served);
		}
		Self::strike(&who, model);
		Ok(())
	}

	/// Takes an operator off a model version's list.
	fn strike(who: &T::AccountId, model: ModelId) {
		Serving::<T>::mutate_exists(model, |operators| {
			if let Some(list) = operators {
				list.retain(|other| other != who);
				if list.is_empty() {
					*operators = None;
				}
			}
		});
		Self::deposit_event(Event::ServingStopped { operator: who.clone(), model });
	}

	pub(crate) fn do_leave(who: T::AccountId) -> DispatchResult {
		let mut registration = Self::staying(&who)?;
		let now = Self::now();
		for model in ServedBy::<T>::take(&who) {
			Self::strike(&who, model);
		}
		registration.operator.leaving = Some(now);
		Operators::<T>::insert(&who, registration);
		let free_at = now.saturating_add(T::UnbondingPeriod::get());
		Self::deposit_event(Event::OperatorLeaving { operator: who, free_at });
		Ok(())
	}

	pub(crate) fn do_withdraw(who: T::AccountId) -> DispatchResult {
		let registration = Operators::<T>::get(&who).ok_or(Error::<T>::NotOperator)?;
		let since = registration.operator.leaving.ok_or(Error::<T>::NotLeaving)?;
		let free_at = since.saturating_add(T::UnbondingPeriod::get());
		ensure!(Self::now() >= free_at, Error::<T>::StillBonded);
		ensure!(Unsettled::<T>::get(&who).is_zero(), Error::<T>::UnsettledRequests);
		let bond = registration.operator.bond;
		if bond > 0 {
			T::Currency::release(&HoldReason::Bond.into(), &who, bond, Precision::Exact)?;
		}
		registration.ticket.drop(&who)?;
		AgentOf::<T>::remove(&registration.operator.agent);
		Operators::<T>::remove(&who);
		Assigned::<T>::remove(&who);
		Self::deposit_event(Event::BondWithdrawn { operator: who, bond });
		Ok(())
	}
}
