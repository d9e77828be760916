//! The off-chain worker of an operator: commits what its sessions owe, shows what is drawn, has batches
//! concluded that nothing else looks at, and prunes what is concluded.
//!
//! Every run starts from the chain's state and the receipts store's. What is remembered only saves
//! work: which batches are this operator's, and what was sent and may not be included yet.

mod settle;

use crate::{
	AllShown, BatchOf, Batches, Call, Config, Due, NextBatch, NextDue, Pallet, Sessions, Shown,
	Stage, commit::SPREAD_ALL,
};
use alloc::vec::Vec;
use codec::{Decode, DecodeAll, Encode};
use frame_support::{
	storage::{TransactionOutcome, with_transaction},
	traits::Get,
};
use frame_system::offchain::{Account, SendSignedTransaction, Signer};
use openledger_primitives_attribution::Claim;
use openledger_primitives_core::{
	Balance, BatchId, BlockNumber, SessionId,
	traits::{Lots, Operators},
};
use openledger_primitives_inference::{Command, Response, host::exchange, pending};
use openledger_primitives_receipts::draw;
use sp_runtime::{
	DispatchError, DispatchResult,
	offchain::{
		storage::StorageValueRef,
		storage_lock::{StorageLock, Time},
	},
};

const TARGET: &str = "runtime::receipts";
const LOCK: &[u8] = b"openledger/receipts/lock";
const MEMORY: &[u8] = b"openledger/receipts/memory";

/// The most transactions that one run sends, so that an operator's batches do not fill a block.
const MAX_SENT: usize = 4;
/// How many of them are commitments, where there are any to send: what is not committed in time is lost.
const FOR_COMMITS: usize = 1;
/// The most blocks whose lists of due batches are searched for one batch.
const MAX_SEARCHED: usize = 512;
/// Recent batches that are looked at again: after a re-organisation their numbers may be others'.
const UNSURE: BatchId = 64;

/// What an agent's worker remembers between runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Memory {
	/// Batches below this number were looked at.
	pub scanned: BatchId,
	/// Those of them that are this operator's and not pruned.
	pub batches: Vec<BatchId>,
	/// When whatever was owed had been committed last.
	pub settled_at: Option<BlockNumber>,
	/// What was sent, and the block until which that counts.
	pub in_flight: Vec<(Step, BlockNumber)>,
}

/// What a transaction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) enum Step {
	/// Commits a batch, one voucher of which is of that session with so many receipts.
	Commit(SessionId, u32),
	/// Shows the receipt of a draw, and maybe others with it.
	Reveal(BatchId, u8),
	/// Prunes a batch.
	Prune(BatchId),
	/// Does for a batch what its time has come for.
	Conclude(BatchId),
}

/// The key of an agent's memory.
pub(crate) fn memory_key<AccountId: Encode>(agent: &AccountId) -> Vec<u8> {
	(MEMORY, agent).encode()
}

/// One run for one agent.
struct Run<'a, T: Config> {
	agent: &'a Account<T>,
	operator: T::AccountId,
	store: StorageValueRef<'a>,
	memory: Memory,
}

impl<T: Config> Pallet<T> {
	/// One run, for every agent whose key is in the keystore.
	pub(crate) fn work() {
		let mut lock = StorageLock::<Time>::new(LOCK);
		let Ok(_guard) = lock.try_lock() else {
			log::debug!(target: TARGET, "another run is under way");
			return;
		};
		for agent in Signer::<T, T::AuthorityId>::keystore_accounts() {
			let Some(operator) = T::Operators::of_agent(&agent.id) else { continue };
			let key = memory_key(&agent.id);
			let store = StorageValueRef::persistent(&key);
			let before = store.get::<Memory>().ok().flatten().unwrap_or_default();
			let memory = before.clone();
			let mut run = Run { agent: &agent, operator, store, memory };
			run.go();
			if run.memory != before {
				run.store.set(&run.memory);
			}
		}
	}

	/// Whether the chain still waits for what a step does.
	fn is_wanted(step: Step) -> bool {
		match step {
			Step::Commit(session, count) => Sessions::<T>::get(session)
				.is_some_and(|session| !session.ended && session.count < count),
			Step::Reveal(batch, draw) => Batches::<T>::get(batch)
				.is_some_and(|batch| batch.stage(draw) == Some(Stage::Pending)),
			Step::Prune(batch) => Batches::<T>::contains_key(batch),
			Step::Conclude(id) => {
				Batches::<T>::get(id).is_some_and(|batch| Self::is_overlooked(id, &batch))
			}
		}
	}

	/// Whether the time of a batch has come, and no block's list has it: there was no room for it, or its
	/// look failed.
	fn is_overlooked(id: BatchId, batch: &BatchOf<T>) -> bool {
		let now = Self::now();
		let has_come = match batch.drawn {
			None => T::Lots::round() > batch.round.saturating_add(1),
			Some(drawn) => {
				let is_over = now > drawn.reveal_by && batch.stages.contains(&Stage::Pending);
				is_over || !batch.is_open()
			}
		};
		let last = now.saturating_add(SPREAD_ALL);
		let listed = |block| Due::<T>::get(block).contains(&id);
		has_come && !batch.concluded && !(NextDue::<T>::get()..=last).take(MAX_SEARCHED).any(listed)
	}
}

/// What the runtime would say to a step, of which nothing is kept.
fn rehearse(step: impl FnOnce() -> DispatchResult) -> DispatchResult {
	with_transaction(|| {
		let said = step();
		TransactionOutcome::Rollback(Ok::<_, DispatchError>(said))
	})?
}

impl<T: Config> Run<'_, T> {
	fn go(&mut self) {
		let now = Pallet::<T>::now();
		// Also while something is under way: answers are given all the time.
		let room = settle::room::<T>(&self.operator);
		if !matches!(exchange(Command::Room(self.agent.id.clone().into(), room)), Response::Noted) {
			log::debug!(target: TARGET, "the worker minds no room");
		}
		self.memory.in_flight.retain(|(step, until)| now < *until && Pallet::<T>::is_wanted(*step));
		// Accounts' nonces are those of the block: a second transaction would have the same one.
		if !self.memory.in_flight.is_empty() {
			return;
		}
		self.look_for_batches();
		for id in self.memory.batches.clone() {
			let own = Batches::<T>::get(id).filter(|batch| batch.operator == self.operator);
			let Some(batch) = own else {
				self.memory.batches.retain(|known| *known != id);
				continue;
			};
			// In order: one can't be taken down before those that its sessions were in earlier.
			if !self.bring_on(id, &batch) {
				break;
			}
		}
		self.settle(room);
	}

	/// Whether something may be sent that commits nothing.
	fn has_place(&self) -> bool {
		self.memory.in_flight.len().saturating_add(FOR_COMMITS) < MAX_SENT
	}

	/// Finds the operator's batches among those that were not looked at yet.
	fn look_for_batches(&mut self) {
		let next = NextBatch::<T>::get();
		for id in self.memory.scanned.saturating_sub(UNSURE)..next {
			let own = Batches::<T>::get(id).is_some_and(|batch| batch.operator == self.operator);
			if own && !self.memory.batches.contains(&id) {
				self.memory.batches.push(id);
			}
		}
		// One may have come in below others by a re-organisation.
		self.memory.batches.sort_unstable();
		self.memory.scanned = next;
	}

	/// Does for one batch what its stage asks of the operator. Returns whether the store has taken it
	/// down.
	fn bring_on(&mut self, id: BatchId, batch: &BatchOf<T>) -> bool {
		if batch.concluded {
			// Kept for a while for those who follow an answer to what was paid for it.
			let shown_by = batch.drawn.map_or(0, |drawn| drawn.reveal_by);
			if Pallet::<T>::now() < shown_by.saturating_add(T::BatchPeriod::get()) {
				return true;
			}
			if !self.has_place() {
				return true;
			}
			// Before the chain forgets it: a store that was told nothing would keep it for ever.
			if matches!(exchange(Command::Finalise(id)), Response::Noted) {
				let agent = self.agent.id.clone();
				self.send(Step::Prune(id), Call::prune_batch { batch: id }, || {
					Pallet::<T>::do_prune_batch(agent, id).map(drop)
				});
			}
			return true;
		}
		if self.has_place() && Pallet::<T>::is_overlooked(id, batch) {
			self.send(Step::Conclude(id), Call::conclude { batch: id }, || {
				Pallet::<T>::do_conclude(id).map(drop)
			});
		}
		match exchange(Command::Committed(id)) {
			Response::Noted => {}
			Response::Failed(failure) => {
				log::debug!(target: TARGET, "batch {id} is not taken down yet: {failure:?}");
				return false;
			}
			_ => return false,
		}
		let seed = batch.drawn.map(|drawn| drawn.seed).or_else(|| T::Lots::seed(batch.round));
		let Some(seed) = seed else { return true };
		let mut places = Vec::new();
		let mut together = AllShown::new();
		let mut first = None;
		for (draw, stage) in batch.staged() {
			let unit = draw::unit(&seed, id, draw, batch.total);
			let (Stage::Pending, Some(unit)) = (stage, unit) else { continue };
			if !self.has_place() {
				return true;
			}
			let Some(one) = self.shown(id, draw, unit, &mut places) else { continue };
			first.get_or_insert(draw);
			if together.try_push(one).is_ok() && together.is_full() {
				self.show(id, first.take(), core::mem::take(&mut together));
			}
		}
		self.show(id, first, together);
		true
	}

	/// The receipt that a draw falls into, unless an earlier one fell into it too, or the runtime would
	/// refuse it: one that it refuses keeps no other from being shown.
	fn shown(
		&self,
		id: BatchId,
		draw: u8,
		unit: Balance,
		places: &mut Vec<(SessionId, u32)>,
	) -> Option<Shown<T::AccountId>> {
		let (receipt, proof, claim) = match exchange(Command::Show(id, unit)) {
			Response::Shown(shown) => (shown.receipt, shown.proof, shown.claim),
			other => {
				log::error!(target: TARGET, "batch {id}: draw {draw} can't be shown: {other:?}");
				return None;
			}
		};
		let place = (receipt.session, receipt.position);
		if places.contains(&place) {
			return None;
		}
		places.push(place);
		// An account is 32 bytes in the claim and in every runtime that this pallet is part of.
		let Ok(claim) = Claim::<T::AccountId>::decode_all(&mut &claim.encode()[..]) else {
			log::error!(target: TARGET, "batch {id}: the claim's accounts are not the runtime's");
			return None;
		};
		let one = Shown { receipt, proof, claim };
		let alone = AllShown::truncate_from(alloc::vec![one.clone()]);
		let agent = self.agent.id.clone();
		match rehearse(|| Pallet::<T>::do_reveal(agent, id, alone)) {
			Ok(()) => Some(one),
			Err(error) => {
				log::warn!(target: TARGET, "batch {id}: draw {draw} would be refused: {error:?}");
				None
			}
		}
	}

	/// Shows receipts together, the first of them for the draw `first`.
	fn show(&mut self, id: BatchId, first: Option<u8>, together: AllShown<T::AccountId>) {
		let Some(first) = first else { return };
		let agent = self.agent.id.clone();
		let call = Call::reveal { batch: id, shown: together.clone() };
		self.send(Step::Reveal(id, first), call, || Pallet::<T>::do_reveal(agent, id, together));
	}

	/// Sends one transaction, unless the runtime would refuse it. That it is under way is written
	/// before, so that no crash in between can make two of them. Returns whether it was sent.
	fn send(&mut self, step: Step, call: Call<T>, action: impl FnOnce() -> DispatchResult) -> bool {
		if let Err(error) = rehearse(action) {
			log::warn!(target: TARGET, "{step:?}: the runtime would refuse it: {error:?}");
			return false;
		}
		let until = Pallet::<T>::now().saturating_add(T::SubmissionPeriod::get());
		self.memory.in_flight.push((step, until));
		self.store.set(&self.memory);
		let signer = Signer::<T, T::AuthorityId>::any_account();
		let sent = match signer.send_single_signed_transaction(self.agent, call) {
			Some(Ok(())) => {
				log::info!(target: TARGET, "{step:?}: submitted");
				let next = frame_system::Pallet::<T>::account_nonce(&self.agent.id);
				pending::note(&self.agent.id, next, until);
				return true;
			}
			Some(Err(())) => "the pool refused the transaction",
			None => "the transaction could not be signed",
		};
		log::warn!(target: TARGET, "{step:?}: {sent}");
		self.memory.in_flight.pop();
		self.store.set(&self.memory);
		false
	}
}
