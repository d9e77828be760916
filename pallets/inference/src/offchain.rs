//! The off-chain worker: hands assigned requests to the engine and submits its answers.
//!
//! Every run starts from the chain's state and the engine's own reports, so that skipped blocks,
//! re-orgs and restarts cost nothing but time. What it has to remember (failed attempts, the
//! answer under way) is in the off-chain database, one entry for each agent, under one lock.

use crate::{AgentOf, Assigned, Call, Config, Pallet, RequestOf, Requests};
use alloc::{boxed::Box, vec::Vec};
use codec::{Decode, DecodeAll, Encode};
use frame_support::{
	storage::{TransactionOutcome, with_transaction},
	traits::Get,
};
use frame_system::offchain::{Account, SendSignedTransaction, Signer};
use openledger_primitives_attribution::Claim;
use openledger_primitives_core::{BlockNumber, ModelId, RequestId, traits::Models};
use openledger_primitives_inference::{
	Command, Failure, Job, Material, Outcome, Progress, Response, host::exchange, pending,
	sampling_seed,
};
use sp_runtime::{
	DispatchError,
	offchain::{
		storage::StorageValueRef,
		storage_lock::{StorageLock, Time},
	},
};

const TARGET: &str = "runtime::inference";
const LOCK: &[u8] = b"openledger/inference/lock";
const MEMORY: &[u8] = b"openledger/inference/memory";

/// Attempts at a request before it is left to expire.
const MAX_FAILURES: u8 = 5;

/// What an agent's worker remembers between runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Memory {
	/// Requests that the engine has heard of.
	pub jobs: Vec<Note>,
	/// The request whose answer is under way, and the block until which that counts.
	pub in_flight: Option<(RequestId, BlockNumber)>,
}

/// A request that the engine has heard of.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Note {
	pub request: RequestId,
	pub failures: u8,
	pub retry_at: BlockNumber,
}

impl Memory {
	fn note(&mut self, request: RequestId) -> Note {
		match self.jobs.iter().find(|note| note.request == request) {
			Some(note) => note.clone(),
			None => {
				let note = Note { request, failures: 0, retry_at: 0 };
				self.jobs.push(note.clone());
				note
			}
		}
	}

	/// Counts a failed attempt; the next one waits a block longer each time.
	fn fail(&mut self, request: RequestId, now: BlockNumber, final_: bool) {
		if let Some(note) = self.jobs.iter_mut().find(|note| note.request == request) {
			note.failures = if final_ { MAX_FAILURES } else { note.failures.saturating_add(1) };
			note.retry_at = now.saturating_add(note.failures.into());
		}
	}
}

/// The key of an agent's memory.
pub(crate) fn memory_key<AccountId: Encode>(agent: &AccountId) -> Vec<u8> {
	(MEMORY, agent).encode()
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
			let key = memory_key(&agent.id);
			let store = StorageValueRef::persistent(&key);
			let before = store.get::<Memory>().ok().flatten().unwrap_or_default();
			let mut memory = before.clone();
			let assigned = AgentOf::<T>::get(&agent.id)
				.map(|operator| Assigned::<T>::get(&operator).into_inner())
				.unwrap_or_default();
			Self::work_for(&agent, &assigned, &mut memory, &store);
			if memory != before {
				store.set(&memory);
			}
		}
	}

	fn work_for(
		agent: &Account<T>,
		assigned: &[RequestId],
		memory: &mut Memory,
		store: &StorageValueRef,
	) {
		let now = Self::now();
		memory.jobs.retain(|note| {
			let pending = assigned.contains(&note.request);
			if !pending {
				exchange(Command::Forget(note.request));
			}
			pending
		});
		memory.in_flight =
			memory.in_flight.filter(|(request, until)| assigned.contains(request) && now < *until);
		for id in assigned {
			let Some(request) = Requests::<T>::get(id) else { continue };
			// What the next block can't include any more is left to expire.
			if now >= request.deadline {
				continue;
			}
			let note = memory.note(*id);
			if note.failures >= MAX_FAILURES || now < note.retry_at {
				continue;
			}
			match Self::advance(*id, &request) {
				Ok(Progress::Queued | Progress::Running) => (),
				Ok(Progress::Done(outcome)) => {
					if memory.in_flight.is_none() {
						Self::submit(agent, *id, outcome, memory, store);
					}
				}
				Ok(Progress::Failed(failure)) => {
					log::warn!(target: TARGET, "request {id} failed: {failure:?}");
					exchange(Command::Forget(*id));
					memory.fail(*id, now, failure == Failure::PromptTooLong);
				}
				Err(Failure::Busy) => log::debug!(target: TARGET, "the engine's queue is full"),
				Err(Failure::Unavailable) => {
					log::debug!(target: TARGET, "an agent's key is here, and no engine");
					return;
				}
				Err(failure) => {
					log::warn!(target: TARGET, "request {id} was not taken on: {failure:?}");
					memory.fail(*id, now, failure == Failure::PromptTooLong);
				}
			}
		}
	}

	/// How far a request is.
	///
	/// The whole job is sent each time, which changes nothing where the engine has it: after a
	/// re-organisation of the chain the same number can be another request, and polling by number
	/// would bring the other's answer.
	fn advance(id: RequestId, request: &RequestOf<T>) -> Result<Progress, Failure> {
		// Without the model no new job can be made, but one taken on before may be done.
		let command = Self::job(id, request).map_or(Command::Poll(id), Command::Enqueue);
		match exchange(command) {
			Response::Progress(progress) => Ok(progress),
			Response::Failed(failure) => Err(failure),
			_ => Err(Failure::Unsupported),
		}
	}

	/// What a model version computes with: none where it is unknown, has no index, or computes another
	/// arithmetic than engines that understand this runtime's messages.
	pub fn material(model: ModelId) -> Option<Material> {
		let model = T::Models::served(model).filter(|model| model.arithmetic.is_computed())?;
		Some(Material {
			base: model.base,
			adapter: model.adapter,
			method: model.method,
			index: model.index?,
			projection: model.projection,
			snapshots: model.snapshots,
			retrieval: model.retrieval,
		})
	}

	/// Everything of the chain's state that answering takes.
	pub(crate) fn job(id: RequestId, request: &RequestOf<T>) -> Option<Job> {
		Some(Job {
			request: id,
			model: request.model,
			payer: request.payer.clone().into(),
			prompt: request.prompt.clone(),
			max_tokens: request.max_tokens,
			temperature: request.temperature,
			seed: sampling_seed(id, &request.payer, &request.nonce),
			deadline: request.deadline,
			material: Self::material(request.model)?,
		})
	}

	/// Submits one answer, unless the runtime would refuse it. The mark is written before the
	/// transaction, so that no crash in between can make two of them.
	fn submit(
		agent: &Account<T>,
		id: RequestId,
		outcome: Outcome,
		memory: &mut Memory,
		store: &StorageValueRef,
	) {
		let now = Self::now();
		let Outcome { answer, usage, claim } = outcome;
		// An account is 32 bytes in the job and in every runtime that this pallet is part of.
		let Ok(claim) = Claim::<T::AccountId>::decode_all(&mut &claim.encode()[..]) else {
			log::error!(target: TARGET, "request {id}: the claim's accounts are not the runtime's");
			memory.fail(id, now, true);
			return;
		};
		let rehearsal = with_transaction(|| {
			let result =
				Self::do_answer(agent.id.clone(), id, answer.clone(), usage, claim.clone());
			TransactionOutcome::Rollback(
				result.map_or_else(|error| Ok::<_, DispatchError>(Some(error)), |()| Ok(None)),
			)
		});
		if let Ok(Some(error)) | Err(error) = rehearsal {
			log::error!(target: TARGET, "request {id}: the runtime would refuse it: {error:?}");
			exchange(Command::Forget(id));
			memory.fail(id, now, false);
			return;
		}
		let until = now.saturating_add(T::SubmissionPeriod::get());
		memory.in_flight = Some((id, until));
		store.set(memory);
		let call = Call::answer { request: id, answer, usage, claim: Box::new(claim) };
		let signer = Signer::<T, T::AuthorityId>::any_account();
		match signer.send_single_signed_transaction(agent, call) {
			Some(Ok(())) => {
				log::info!(target: TARGET, "request {id}: answer submitted");
				let next = frame_system::Pallet::<T>::account_nonce(&agent.id);
				pending::note(&agent.id, next, until);
			}
			Some(Err(())) => {
				log::warn!(target: TARGET, "request {id}: the pool refused the answer");
				memory.in_flight = None;
				store.set(memory);
			}
			None => {
				log::error!(target: TARGET, "request {id}: the answer could not be signed");
				memory.in_flight = None;
				store.set(memory);
			}
		}
	}
}
