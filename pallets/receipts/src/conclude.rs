//! Bringing batches to their end, and removing them.

use crate::{
	BatchOf, Batches, Config, Due, Error, Event, HoldReason, Lines, NextDue, Pallet, Sessions,
	Stage, WeightInfo, commit::SPREAD,
};
use alloc::vec::Vec;
use frame_support::{
	ensure,
	storage::with_storage_layer,
	traits::{
		Consideration, Get,
		fungible::{Inspect as _, hold::Mutate as _},
		tokens::{DepositConsequence, Fortitude, Precision, Provenance, Restriction},
	},
	weights::WeightMeter,
};
use openledger_primitives_attribution::split::apportion;
use openledger_primitives_core::{
	Balance, BatchId, BlockNumber, RoundId,
	draw::draw_id,
	traits::{Attribution, Lots, Operators, Rewards, Settlement},
};
use openledger_primitives_receipts::Line;
use sp_runtime::{DispatchError, DispatchResult};

impl<T: Config> Pallet<T> {
	/// Returns how many vouchers the batch has.
	pub(crate) fn do_conclude(id: BatchId) -> Result<u32, DispatchError> {
		let mut batch = Batches::<T>::get(id).ok_or(Error::<T>::UnknownBatch)?;
		ensure!(!batch.concluded, Error::<T>::AlreadyConcluded);
		let mut changed = Self::decide(id, &mut batch);
		changed |= Self::give_up(id, &mut batch)?;
		if !batch.is_open() {
			Self::pay_back(id, &mut batch)?;
			changed = true;
		}
		ensure!(changed, Error::<T>::NothingDue);
		let vouchers = batch.vouchers;
		Batches::<T>::insert(id, batch);
		Ok(vouchers)
	}

	/// Reads the seed, or sees to it that there will be one. Whether anything changed.
	fn decide(id: BatchId, batch: &mut BatchOf<T>) -> bool {
		if batch.drawn.is_some() {
			return false;
		}
		if Self::draw(id, batch).is_some() {
			return true;
		}
		// The seed is there from the end of the next round on, until it is forgotten.
		let round = T::Lots::round();
		if round <= batch.round.saturating_add(1) {
			return false;
		}
		batch.round = round;
		Self::deposit_event(Event::BatchPutOff { batch: id, round });
		true
	}

	/// Gives up draws that were not shown in time: their shares go back to the payers, and the
	/// operator pays for each. Whether there were any.
	fn give_up(id: BatchId, batch: &mut BatchOf<T>) -> Result<bool, DispatchError> {
		let over = batch.drawn.is_some_and(|drawn| Self::now() > drawn.reveal_by);
		if !over {
			return Ok(false);
		}
		let missed: Vec<u8> = batch
			.staged()
			.filter(|(_, stage)| *stage == Stage::Pending)
			.map(|(draw, _)| draw)
			.collect();
		if missed.is_empty() {
			return Ok(false);
		}
		let (mut fee, mut owed): (Balance, Balance) = (0, 0);
		for draw in &missed {
			let share = batch.share(*draw);
			let multiple = share.saturating_mul(Balance::from(T::MissFactor::get()));
			fee = fee.saturating_add(share);
			owed = owed.saturating_add(multiple.max(T::MissPenalty::get()));
			batch.put(*draw, Stage::Missed);
		}
		batch.returns = batch.returns.checked_add(fee).ok_or(Error::<T>::Overflow)?;
		let penalty = T::Bonds::slash(&batch.operator, owed, &[])?;
		let draws = missed.len() as u32;
		Self::deposit_event(Event::DrawsMissed { batch: id, draws, fee, penalty });
		Ok(true)
	}

	/// Pays what goes back to payers, and lets go of sessions and bond.
	fn pay_back(id: BatchId, batch: &mut BatchOf<T>) -> DispatchResult {
		let lines = Lines::<T>::take(id);
		let returned = batch.returns;
		let units: Vec<Balance> = lines.iter().map(Line::units).collect();
		for (line, amount) in lines.iter().zip(apportion(returned, &units)) {
			let mut session = Sessions::<T>::get(line.session).ok_or(Error::<T>::UnknownSession)?;
			Self::give_back(&batch.operator, &session.payer, amount)?;
			session.batches = session.batches.saturating_sub(1);
			Self::keep_or_remove(line.session, session)?;
		}
		batch.held = batch.held.checked_sub(returned).ok_or(Error::<T>::Overflow)?;
		batch.returns = 0;
		batch.concluded = true;
		T::Operators::discharge(&batch.operator, batch.total);
		Self::deposit_event(Event::BatchConcluded { batch: id, returned });
		Ok(())
	}

	/// Moves held fees to their payer's free balance, or to the treasury where an account that was
	/// emptied meanwhile can't hold them.
	pub(crate) fn give_back(
		operator: &T::AccountId,
		payer: &T::AccountId,
		amount: Balance,
	) -> DispatchResult {
		if amount == 0 {
			return Ok(());
		}
		let receivable = T::Currency::can_deposit(payer, amount, Provenance::Extant);
		let treasury = T::TreasuryAccount::get();
		let to = if receivable == DepositConsequence::Success { payer } else { &treasury };
		T::Currency::transfer_on_hold(
			&HoldReason::Escrow.into(),
			operator,
			to,
			amount,
			Precision::Exact,
			Restriction::Free,
			Fortitude::Force,
		)?;
		Ok(())
	}

	/// The first block from the next one on in which a batch of this round may be drawn.
	pub(crate) fn known_from(round: RoundId) -> BlockNumber {
		T::Lots::known_from(round).max(Self::now().saturating_add(1))
	}

	/// When a batch has to be looked at next by itself; `None` where a claim's end will say so.
	fn next_look(id: BatchId, batch: &BatchOf<T>) -> Option<BlockNumber> {
		if batch.concluded {
			return None;
		}
		match batch.drawn {
			None => Some(Self::known_from(batch.round).saturating_add(Self::first_look(id))),
			Some(drawn) => batch
				.stages
				.contains(&Stage::Pending)
				.then(|| drawn.reveal_by.saturating_add(1).max(Self::now().saturating_add(1))),
		}
	}

	/// How many sessions a look at a batch touches: all of them where it comes to its end, and none before.
	fn reach(batch: &BatchOf<T>) -> u32 {
		let over = batch.drawn.is_some_and(|drawn| Self::now() > drawn.reveal_by);
		if batch.is_open() && !over { 0 } else { batch.vouchers }
	}

	/// Looks at one batch whose time has come.
	fn look_at(id: BatchId) {
		let nothing = DispatchError::from(Error::<T>::NothingDue);
		match with_storage_layer(|| Self::do_conclude(id)) {
			Ok(_) => (),
			Err(error) if error == nothing => (),
			Err(error) => {
				Self::deposit_event(Event::BatchStuck { batch: id, error });
				return;
			}
		}
		let next = Batches::<T>::get(id).and_then(|batch| Self::next_look(id, &batch));
		if next.is_some_and(|at| Self::schedule(id, at).is_none()) {
			Self::deposit_event(Event::BatchDeferred { batch: id });
		}
	}

	/// Looks at the batches that are due, one after the other, as far as the weight goes.
	pub(crate) fn conclude_due(meter: &mut WeightMeter) {
		let now = Self::now();
		let look = T::DbWeight::get().reads_writes(2, 1);
		let next = T::DbWeight::get().reads_writes(SPREAD.into(), 1);
		if meter.try_consume(T::DbWeight::get().reads(1)).is_err() || !NextDue::<T>::exists() {
			return;
		}
		let mut block = NextDue::<T>::get();
		while block <= now {
			if meter.try_consume(look).is_err() {
				return;
			}
			while let Some(id) = Due::<T>::get(block).first().copied() {
				if meter.try_consume(look).is_err() {
					return;
				}
				// A batch that anyone concluded before has nothing left to look at.
				let open = Batches::<T>::get(id).filter(|batch| !batch.concluded);
				let one = open.as_ref().map(|batch| match Self::reach(batch) {
					// Only one that goes on is looked at again.
					0 => T::WeightInfo::conclude(0).saturating_add(next),
					vouchers => T::WeightInfo::conclude(vouchers),
				});
				if one.is_some_and(|one| meter.try_consume(one).is_err()) {
					return;
				}
				Due::<T>::mutate(block, |due| due.retain(|other| *other != id));
				if open.is_some() {
					Self::look_at(id);
				}
			}
			Due::<T>::remove(block);
			block = block.saturating_add(1);
			NextDue::<T>::put(block);
		}
	}

	/// Removes a concluded batch. Returns how many claims went with it.
	pub(crate) fn do_prune_batch(who: T::AccountId, id: BatchId) -> Result<u32, DispatchError> {
		let batch = Batches::<T>::get(id).ok_or(Error::<T>::UnknownBatch)?;
		ensure!(Self::acts_for(&who, &batch.operator), Error::<T>::NotOperator);
		ensure!(batch.concluded, Error::<T>::NotConcluded);
		let mut forgotten = 0u32;
		for (draw, stage) in batch.staged() {
			if matches!(stage, Stage::Settled | Stage::Rejected) {
				T::Attribution::forget(draw_id(id, draw));
				T::Rewards::forget(draw_id(id, draw));
				forgotten = forgotten.saturating_add(1);
			}
		}
		Batches::<T>::remove(id);
		batch.ticket.drop(&batch.operator)?;
		Self::deposit_event(Event::BatchPruned { batch: id });
		Ok(forgotten)
	}
}
