//! Demands: one position of a model version's index is asked for, and whoever shows its leaf ends that.

use crate::{Config, Demand, Demands, Error, Event, HoldReason, Pallet};
use frame_support::{
	ensure,
	traits::{
		Get,
		fungible::hold::Mutate as _,
		tokens::{Fortitude, Precision, Restriction},
	},
};
use openledger_primitives_attribution::IndexLeaf;
use openledger_primitives_core::{
	Balance, BlockNumber, ModelId, merkle::Proof, model::ModelStatus, traits::Models,
};
use sp_runtime::{DispatchResult, Permill};

impl<T: Config> Pallet<T> {
	pub(crate) fn do_demand(who: T::AccountId, model: ModelId, position: u32) -> DispatchResult {
		let served = T::Models::served(model).ok_or(Error::<T>::UnknownModel)?;
		let index = served.index.ok_or(Error::<T>::UnknownModel)?;
		ensure!(T::Models::condemned(model) == Some(false), Error::<T>::AlreadyCondemned);
		// Nobody is paid by it any more, and its owner has no reason to keep an index at hand, or nothing that
		// reads it.
		let answers = served.status != ModelStatus::Retired && served.arithmetic.is_computed();
		let in_use = T::Models::is_in_use(model) || answers;
		ensure!(in_use, Error::<T>::NotInUse);
		ensure!(position < index.records, Error::<T>::WrongPosition);
		let mut open = Demands::<T>::get(model);
		ensure!(
			!open.iter().any(|demand| demand.position == position),
			Error::<T>::AlreadyDemanded
		);
		let deposit = T::DemandDeposit::get();
		let until = Self::now().saturating_add(T::DemandWindow::get());
		open.try_push(Demand { position, demander: who.clone(), deposit, until })
			.map_err(|_| Error::<T>::TooManyDemands)?;
		T::Currency::hold(&HoldReason::Demand.into(), &who, deposit)?;
		Demands::<T>::insert(model, open);
		Self::deposit_event(Event::PositionDemanded { model, position, demander: who, until });
		Ok(())
	}

	pub(crate) fn do_answer_demand(
		who: T::AccountId,
		model: ModelId,
		leaf: IndexLeaf,
		proof: Proof,
		now: BlockNumber,
	) -> DispatchResult {
		let position = leaf.position;
		let demand = Self::demanded(model, position)?;
		ensure!(now < demand.until, Error::<T>::TooLate);
		let served = T::Models::served(model).ok_or(Error::<T>::UnknownModel)?;
		let index = served.index.ok_or(Error::<T>::UnknownModel)?;
		let proven = proof.verify(&index.records_root, index.records, position, &leaf.hash());
		ensure!(proven, Error::<T>::NotInIndex);
		Self::end_demand(model, position);
		let Demand { demander, deposit, .. } = demand;
		// Demanding has to cost even whoever can show: an index takes few demands at a time, and an owner
		// that answered its own for nothing would leave no room for others'.
		let reward = Permill::from_percent(50).mul_floor(deposit);
		Self::forfeit(&demander, &who, reward)?;
		Self::forfeit(&demander, &T::TreasuryAccount::get(), deposit.saturating_sub(reward))?;
		Self::deposit_event(Event::PositionShown {
			model,
			position,
			shown_by: who,
			deposit,
			reward,
		});
		Ok(())
	}

	fn forfeit(demander: &T::AccountId, to: &T::AccountId, amount: Balance) -> DispatchResult {
		if amount > 0 {
			T::Currency::transfer_on_hold(
				&HoldReason::Demand.into(),
				demander,
				to,
				amount,
				Precision::Exact,
				Restriction::Free,
				Fortitude::Force,
			)?;
		}
		Ok(())
	}

	/// Ends a demand that nobody answered. A version that is gone or condemned by then is judged no
	/// more.
	pub(crate) fn do_conclude_demand(model: ModelId, position: u32) -> DispatchResult {
		let demand = Self::demanded(model, position)?;
		ensure!(Self::now() >= demand.until, Error::<T>::DemandOpen);
		Self::end_demand(model, position);
		let Demand { demander, deposit, .. } = demand;
		if deposit > 0 {
			let reason = HoldReason::Demand.into();
			T::Currency::release(&reason, &demander, deposit, Precision::Exact)?;
		}
		let penalty = match T::Models::condemned(model) {
			Some(false) => Some(T::Models::condemn(model, &demander)?),
			_ => None,
		};
		Self::deposit_event(Event::DemandUnanswered { model, position, demander, penalty });
		Ok(())
	}

	fn demanded(model: ModelId, position: u32) -> Result<Demand<T::AccountId>, Error<T>> {
		let mut open = Demands::<T>::get(model).into_iter();
		open.find(|demand| demand.position == position).ok_or(Error::<T>::NoDemand)
	}

	fn end_demand(model: ModelId, position: u32) {
		Demands::<T>::mutate_exists(model, |open| {
			if let Some(demands) = open {
				demands.retain(|demand| demand.position != position);
				if demands.is_empty() {
					*open = None;
				}
			}
		});
	}
}
