//! What always holds.

use crate::{
	Batches, Config, HoldReason, Lines, NextBatch, NextDue, NextSession, Pallet, Private, Sessions,
	Stage,
};
use alloc::{collections::BTreeMap, vec::Vec};
use codec::Encode;
use frame_support::{ensure, traits::fungible::hold::Inspect as _};
use openledger_primitives_core::{Balance, SessionId};
use openledger_primitives_receipts::batch;
use sp_runtime::TryRuntimeError;

type Held<AccountId> = BTreeMap<Vec<u8>, (AccountId, Balance)>;

impl<T: Config> Pallet<T> {
	/// Escrow and fees are what the balances pallet holds, the draws of a batch add up to what is
	/// held of it, and sessions count the batches that they are in.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		let mut held: Held<T::AccountId> = BTreeMap::new();
		let mut uses: BTreeMap<SessionId, u32> = BTreeMap::new();
		Self::check_batches(&mut held, &mut uses)?;
		Self::check_sessions(&mut held, &mut uses)?;
		for (who, sum) in held.values() {
			let on_hold = T::Currency::balance_on_hold(&HoldReason::Escrow.into(), who);
			ensure!(on_hold == *sum, "escrow and fees are not what is held");
		}
		ensure!(NextDue::<T>::get() <= Self::now().saturating_add(1), "the queue is ahead of time");
		Ok(())
	}

	fn add(held: &mut Held<T::AccountId>, who: T::AccountId, amount: Balance) {
		let (_, sum) = held.entry(who.encode()).or_insert((who, 0));
		*sum = sum.saturating_add(amount);
	}

	fn check_batches(
		held: &mut Held<T::AccountId>,
		uses: &mut BTreeMap<SessionId, u32>,
	) -> Result<(), TryRuntimeError> {
		for (id, batch) in Batches::<T>::iter() {
			ensure!(id < NextBatch::<T>::get(), "a batch has a number not given yet");
			let (mut open, mut returns): (Balance, Balance) = (0, 0);
			for (draw, stage) in batch.staged() {
				match stage {
					Stage::Pending => open = open.saturating_add(batch.share(draw)),
					Stage::Open => open = open.saturating_add(batch.fee(draw)),
					Stage::Rejected | Stage::Missed => {
						returns = returns.saturating_add(batch.fee(draw));
					}
					Stage::Settled => (),
					Stage::Joined(other) => ensure!(
						other < draw
							&& matches!(
								batch.stage(other),
								Some(Stage::Open | Stage::Settled | Stage::Rejected)
							),
						"a draw joined one that was not shown"
					),
				}
			}
			let decided = batch.drawn.is_some();
			let waits = batch.staged().all(|(_, stage)| stage == Stage::Pending);
			ensure!(decided || waits, "a draw was shown before it was decided");
			let lines = Lines::<T>::get(id);
			if batch.concluded {
				ensure!(open == 0 && batch.held == 0, "a concluded batch has something left");
				ensure!(lines.is_empty(), "a concluded batch has lines");
			} else {
				ensure!(batch.returns == returns, "what goes back is not what was given up");
				ensure!(
					batch.held == open.saturating_add(returns),
					"a batch's draws do not add up to what is held"
				);
				ensure!(batch::total(&lines) == Some(batch.total), "a batch's lines are off");
				ensure!(lines.len() == batch.vouchers as usize, "a batch's count is off");
				let sorted = lines.iter().zip(lines.iter().skip(1));
				ensure!(
					sorted.into_iter().all(|(a, b)| a.session < b.session),
					"a session stands twice in a batch"
				);
			}
			for line in lines {
				let count = uses.entry(line.session).or_default();
				*count = count.saturating_add(1);
			}
			Self::add(held, batch.operator, batch.held);
		}
		ensure!(Lines::<T>::iter_keys().all(Batches::<T>::contains_key), "lines have no batch");
		Ok(())
	}

	fn check_sessions(
		held: &mut Held<T::AccountId>,
		uses: &mut BTreeMap<SessionId, u32>,
	) -> Result<(), TryRuntimeError> {
		for (id, session) in Sessions::<T>::iter() {
			ensure!(id < NextSession::<T>::get(), "a session has a number not given yet");
			let used = uses.remove(&id).unwrap_or(0);
			ensure!(session.batches == used, "a session's count of batches is off");
			ensure!(!session.ended || session.escrow == 0, "an ended session has escrow");
			ensure!(!session.ended || used > 0, "an ended session is kept for nothing");
			Self::add(held, session.payer, session.escrow);
		}
		ensure!(uses.is_empty(), "a batch has a line of no session");
		let known = Private::<T>::iter_keys().all(Sessions::<T>::contains_key);
		ensure!(known, "what is private is no session");
		Ok(())
	}
}
