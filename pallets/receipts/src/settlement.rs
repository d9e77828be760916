//! What becomes of a draw whose claim is final or refuted.

use crate::{BatchOf, Batches, Config, Error, Event, HoldReason, Pallet, Stage};
use frame_support::{
	ensure,
	storage::with_storage_layer,
	traits::{
		fungible::hold::Mutate as _,
		tokens::{Fortitude, Precision, Restriction},
	},
};
use openledger_primitives_core::{
	Balance, BatchId, RequestId,
	draw::drawn,
	settlement::Distribution,
	traits::{Models, Rewards, Settlement},
};
use sp_runtime::{DispatchError, Permill};

impl<T: Config> Pallet<T> {
	/// The batch and the draw of a number whose claim is neither final nor refuted.
	fn open(id: RequestId) -> Result<(BatchId, u8, BatchOf<T>), Error<T>> {
		let (number, draw) = drawn(id).ok_or(Error::<T>::UnknownBatch)?;
		let batch = Batches::<T>::get(number).ok_or(Error::<T>::UnknownBatch)?;
		ensure!(batch.stage(draw) == Some(Stage::Open), Error::<T>::NotOpen);
		Ok((number, draw, batch))
	}

	/// Stores a batch of which a draw has come to its end, and has it concluded soon where that was
	/// the last one.
	fn close_draw(id: BatchId, batch: BatchOf<T>) {
		let open = batch.is_open();
		Batches::<T>::insert(id, batch);
		if !open && Self::schedule(id, Self::now().saturating_add(1)).is_none() {
			Self::deposit_event(Event::BatchDeferred { batch: id });
		}
	}
}

impl<T: Config> Settlement<T::AccountId> for Pallet<T> {
	fn settle(
		id: RequestId,
		shares: &[(T::AccountId, u64)],
		earned: Permill,
	) -> Result<Distribution<T::AccountId>, DispatchError> {
		with_storage_layer(|| {
			let (number, draw, mut batch) = Self::open(id)?;
			let fee = batch.fee(draw);
			let model = T::Models::served(batch.model).ok_or(Error::<T>::UnknownModel)?;
			// Force: an operator can't freeze its balance to keep what is others'.
			T::Currency::transfer_on_hold(
				&HoldReason::Escrow.into(),
				&batch.operator,
				&T::Rewards::pot(),
				fee,
				Precision::Exact,
				Restriction::Free,
				Fortitude::Force,
			)?;
			let sale = model.sale(fee, batch.operator.clone());
			let distribution = T::Rewards::distribute(id, sale, shares, earned)?;
			T::Models::earned(batch.model, &distribution);
			batch.held = batch.held.checked_sub(fee).ok_or(Error::<T>::Overflow)?;
			batch.put(draw, Stage::Settled);
			Self::close_draw(number, batch);
			Self::deposit_event(Event::DrawSettled { batch: number, draw, fee });
			Ok(distribution)
		})
	}

	fn slash(
		operator: &T::AccountId,
		amount: Balance,
		rewarded: &[T::AccountId],
	) -> Result<Balance, DispatchError> {
		T::Bonds::slash(operator, amount, rewarded)
	}

	fn restore(
		id: RequestId,
		operator: &T::AccountId,
		shares: &[(T::AccountId, u64)],
		amount: Balance,
	) -> Result<Balance, DispatchError> {
		T::Bonds::restore(id, operator, shares, amount)
	}

	fn refund(id: RequestId) -> Result<Balance, DispatchError> {
		let (number, draw, mut batch) = Self::open(id)?;
		let fee = batch.fee(draw);
		batch.returns = batch.returns.checked_add(fee).ok_or(Error::<T>::Overflow)?;
		batch.put(draw, Stage::Rejected);
		Self::close_draw(number, batch);
		Self::deposit_event(Event::DrawRejected { batch: number, draw, fee });
		Ok(fee)
	}

	fn at_stake(id: RequestId) -> Option<(Balance, Balance)> {
		let (_, draw, batch) = Self::open(id).ok()?;
		let fee = batch.fee(draw);
		Some((fee, T::Rewards::pool(fee)))
	}
}
