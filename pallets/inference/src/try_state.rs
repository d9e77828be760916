//! What always holds.

use crate::{
	AgentOf, Assigned, Config, Expiries, Exposed, HoldReason, NextRequest, Operators, Pallet,
	Requests, ServedBy, Serving, Status, Unsettled,
};
use alloc::collections::BTreeMap;
use codec::Encode;
use frame_support::{ensure, traits::fungible::hold::Inspect as _};
use openledger_primitives_core::Balance;
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
	/// Bonds and escrow are what the balances pallet holds, every list agrees with the entries that
	/// it lists, and every count with what it counts.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		Self::check_operators()?;
		Self::check_lists()?;
		Self::check_requests()
	}

	fn check_operators() -> Result<(), TryRuntimeError> {
		for (who, registration) in Operators::<T>::iter() {
			let operator = registration.operator;
			let held = T::Currency::balance_on_hold(&HoldReason::Bond.into(), &who);
			ensure!(held == operator.bond, "a bond is not what is held");
			let agent_of = AgentOf::<T>::get(&operator.agent);
			ensure!(agent_of.as_ref() == Some(&who), "an agent does not lead to its operator");
		}
		ensure!(
			AgentOf::<T>::iter().count() == Operators::<T>::iter().count(),
			"an agent has no operator"
		);
		Ok(())
	}

	fn check_lists() -> Result<(), TryRuntimeError> {
		let mut listed = 0usize;
		for (who, models) in ServedBy::<T>::iter() {
			ensure!(!models.is_empty(), "an empty list is kept");
			let staying = Self::staying(&who).is_ok();
			ensure!(staying, "one who is no operator, or leaving, serves");
			for model in &models {
				ensure!(Serving::<T>::get(model).contains(&who), "a server is not listed");
			}
			listed = listed.saturating_add(models.len());
		}
		let servers: usize = Serving::<T>::iter_values().map(|operators| operators.len()).sum();
		ensure!(listed == servers, "a model's list has one who does not serve it");
		for (deadline, due) in Expiries::<T>::iter() {
			ensure!(!due.is_empty(), "an empty deadline is kept");
			for id in due {
				let request = Requests::<T>::get(id).ok_or("a deadline lists no request")?;
				ensure!(
					request.status == Status::Pending && request.deadline == deadline,
					"a deadline lists a request that is not due then"
				);
			}
		}
		Ok(())
	}

	fn check_requests() -> Result<(), TryRuntimeError> {
		let mut escrow: BTreeMap<alloc::vec::Vec<u8>, Balance> = BTreeMap::new();
		let mut unsettled: BTreeMap<alloc::vec::Vec<u8>, (u32, Balance)> = BTreeMap::new();
		let mut pending = 0usize;
		for (id, request) in Requests::<T>::iter() {
			ensure!(id < NextRequest::<T>::get(), "a request has a number not given yet");
			let answered = request.answered.as_ref().map(|answered| answered.fee);
			let open = match (request.status, answered) {
				(Status::Pending, None) => {
					pending = pending.saturating_add(1);
					ensure!(
						Assigned::<T>::get(&request.operator).contains(&id),
						"a pending request is not assigned"
					);
					Some(request.max_fee)
				}
				(Status::Answered, Some(fee)) => Some(fee),
				(Status::Settled | Status::Refunded, Some(_)) | (Status::Refunded, None) => None,
				_ => return Err("a request's status and answer disagree".into()),
			};
			ensure!(answered.unwrap_or(0) <= request.max_fee, "a fee exceeds its highest");
			if let Some(held) = open {
				let sum = escrow.entry(request.payer.encode()).or_default();
				*sum = sum.saturating_add(held);
				let (count, fees) = unsettled.entry(request.operator.encode()).or_default();
				*count = count.saturating_add(1);
				*fees = fees.saturating_add(Self::exposure(&request));
			}
			let held = T::Currency::balance_on_hold(&HoldReason::Escrow.into(), &request.payer);
			let known = escrow.get(&request.payer.encode()).copied().unwrap_or(0);
			ensure!(known <= held, "less is in escrow than requests need");
		}
		for request in Requests::<T>::iter_values() {
			let held = T::Currency::balance_on_hold(&HoldReason::Escrow.into(), &request.payer);
			let known = escrow.get(&request.payer.encode()).copied().unwrap_or(0);
			ensure!(known == held, "more is in escrow than requests need");
		}
		let assigned: usize = Assigned::<T>::iter_values().map(|list| list.len()).sum();
		ensure!(assigned == pending, "an operator is assigned what is not pending");
		for (who, count) in Unsettled::<T>::iter() {
			// Others than requests may count too.
			let (requests, fees) = unsettled.remove(&who.encode()).unwrap_or_default();
			ensure!(count > 0 && requests <= count, "an operator's count of requests is off");
			ensure!(fees <= Exposed::<T>::get(&who), "an operator is exposed by more than counts");
			ensure!(Operators::<T>::contains_key(&who), "one who is no operator is unsettled");
		}
		ensure!(
			Exposed::<T>::iter_keys().all(|who| Unsettled::<T>::contains_key(&who)),
			"an operator is exposed by nothing"
		);
		ensure!(unsettled.is_empty(), "an unsettled request is not counted");
		Ok(())
	}
}
