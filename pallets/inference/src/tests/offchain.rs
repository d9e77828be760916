use crate::{
	Call,
	mock::*,
	offchain::{Memory, memory_key},
};
use frame_support::traits::Hooks;
use openledger_primitives_core::{
	Hash, RequestId,
	model::{Arithmetic, ModelStatus, Usage},
	traits::ServedModel,
};
use openledger_primitives_inference::{
	Command, Failure, Job, Message, OPERATOR_KEY_TYPE, Outcome, Progress, Reply, Response,
	host::{Engine, EngineExt},
	pending, sampling_seed,
};
use sp_core::{
	crypto::AccountId32,
	offchain::{
		OffchainDbExt, OffchainWorkerExt, TransactionPoolExt,
		testing::{TestOffchainExt, TestTransactionPoolExt},
	},
};
use sp_keystore::{Keystore, KeystoreExt, testing::MemoryKeystore};
use sp_runtime::{generic::Preamble, traits::Verify};
use std::{
	collections::BTreeMap,
	sync::{Arc, Mutex},
};

/// An engine that hears everything and answers as told.
#[derive(Default)]
struct Double {
	heard: Mutex<Vec<Command>>,
	jobs: Mutex<BTreeMap<RequestId, Progress>>,
	/// Every job that was new, in order.
	taken: Mutex<Vec<Job>>,
	refuses: Mutex<Option<Failure>>,
}

impl Engine for Double {
	fn exchange(&self, message: Message) -> Reply {
		let Message::V3(command) = message;
		self.heard.lock().unwrap().push(command.clone());
		let mut jobs = self.jobs.lock().unwrap();
		Reply::V3(match command {
			Command::Enqueue(job) => match self.refuses.lock().unwrap().clone() {
				Some(failure) => Response::Failed(failure),
				None => {
					let mut taken = self.taken.lock().unwrap();
					let last = taken.iter().rev().find(|known| known.request == job.request);
					if !jobs.contains_key(&job.request) || last.is_some_and(|last| *last != job) {
						jobs.insert(job.request, Progress::Queued);
						taken.push(job.clone());
					}
					Response::Progress(jobs[&job.request].clone())
				}
			},
			Command::Poll(id) => match jobs.get(&id) {
				Some(progress) => Response::Progress(progress.clone()),
				None => Response::Failed(Failure::Unknown),
			},
			Command::Forget(id) => {
				jobs.remove(&id);
				Response::Forgotten
			}
			_ => Response::Failed(Failure::Unsupported),
		})
	}
}

impl Double {
	fn set(&self, id: RequestId, progress: Progress) {
		self.jobs.lock().unwrap().insert(id, progress);
	}

	fn count(&self, wanted: impl Fn(&Command) -> bool) -> usize {
		self.heard.lock().unwrap().iter().filter(|command| wanted(command)).count()
	}

	fn enqueued(&self) -> usize {
		self.count(|command| matches!(command, Command::Enqueue(_)))
	}

	fn forgot(&self, id: RequestId) -> usize {
		self.count(|command| *command == Command::Forget(id))
	}
}

fn done() -> Progress {
	Progress::Done(Outcome {
		answer: b"It scatters.".to_vec().try_into().unwrap(),
		usage: Usage { prompt: 20, output: 30 },
		claim: claim(),
	})
}

type Pool = Arc<parking_lot::RwLock<sp_core::offchain::testing::PoolState>>;

/// A node with the agent's key, whose operator 1 has `requests` requests, and perhaps an engine.
fn node(requests: usize, engine: bool, test: impl FnOnce(Arc<Double>, Pool, AccountId32)) {
	let (offchain, _) = TestOffchainExt::new();
	let (pool, state) = TestTransactionPoolExt::new();
	let keystore = MemoryKeystore::new();
	let key = keystore.sr25519_generate_new(OPERATOR_KEY_TYPE, Some("//Alice//operator")).unwrap();
	let agent = AccountId32::from(key);
	let double = Arc::new(Double::default());
	let mut ext = unchecked();
	ext.register_extension(OffchainDbExt::new(offchain.clone()));
	ext.register_extension(OffchainWorkerExt::new(offchain));
	ext.register_extension(TransactionPoolExt::new(pool));
	ext.register_extension(KeystoreExt::new(keystore));
	if engine {
		ext.register_extension(EngineExt::new(double.clone()));
	}
	ext.execute_with(|| {
		operate(1, 4);
		Inference::update_operator(signed(1), endpoint(), 4, agent.clone()).unwrap();
		for _ in 0..requests {
			ask(5).unwrap();
		}
		test(double, state, agent);
		check();
	});
}

fn run() {
	Inference::offchain_worker(System::block_number());
}

fn memory(agent: &AccountId32) -> Memory {
	sp_runtime::offchain::storage::StorageValueRef::persistent(&memory_key(agent))
		.get()
		.unwrap()
		.unwrap_or_default()
}

#[test]
fn request_is_enqueued_once_with_all_that_answering_takes() {
	node(1, true, |engine, pool, _| {
		for _ in 0..3 {
			run();
		}
		assert!(pool.read().transactions.is_empty());
		let [job] = &engine.taken.lock().unwrap()[..] else { panic!("not one job") };
		assert_eq!(job.seed, sampling_seed(0, &account(5), &[7; 32]));
		assert_eq!((&job.payer, job.deadline, job.max_tokens), (&account(5), 11, 100));
		assert_eq!(
			(job.material.base, job.material.projection),
			(Hash::repeat_byte(4), Hash::repeat_byte(6))
		);
	});
}

#[test]
fn engine_is_given_nothing_of_a_version_that_it_computes_no_more() {
	let of = |arithmetic| ServedModel { arithmetic, ..model(ModelStatus::Published) };
	for (version, given) in [
		(outdated(), false),
		(of(Arithmetic::Tolerant), true),
		(of(Arithmetic::Canonical(0)), false),
	] {
		node(1, true, |engine, _, _| {
			Registry::mutate(|all| all.insert(1, version));
			run();
			assert_eq!(Inference::material(1).is_some(), given);
			assert_eq!(engine.enqueued(), usize::from(given));
			Registry::mutate(|all| all.insert(1, model(ModelStatus::Published)));
		});
	}
}

#[test]
fn done_job_is_submitted_once_signed_by_the_agent() {
	node(1, true, |engine, pool, agent| {
		run();
		engine.set(0, done());
		for _ in 0..3 {
			run();
		}
		assert_eq!(pool.read().transactions.len(), 1);
		let extrinsic = decoded(&pool.read().transactions[0]);
		let Preamble::Signed(signer, signature, _) = extrinsic.preamble else { panic!("unsigned") };
		assert_eq!(signer, agent);
		let payload = codec::Encode::encode(&(&extrinsic.function, 0u32));
		assert!(signature.verify(&payload[..], &agent));
		let RuntimeCall::Inference(Call::answer { request, usage, .. }) = extrinsic.function else {
			panic!("another call")
		};
		assert_eq!((request, usage.output), (0, 30));
		assert_eq!(memory(&agent).in_flight, Some((0, 6)));
		let (next, now) = (System::account_nonce(&agent), 5);
		assert!(pending::waits(&agent, next - 1, now), "others that sign with the key see it");
		assert!(!pending::waits(&agent, next, now) && !pending::waits(&agent, next - 1, 6));
	});
}

#[test]
fn rehearsal_leaves_no_trace_in_state() {
	node(1, true, |engine, _, _| {
		engine.set(0, done());
		run();
		assert_eq!(submitted(0), None);
		assert_eq!(crate::Requests::<Test>::get(0).unwrap().status, crate::Status::Pending);
	});
}

#[test]
fn second_answer_waits_while_one_is_in_flight() {
	node(2, true, |engine, pool, agent| {
		engine.set(0, done());
		engine.set(1, done());
		run();
		run();
		assert_eq!(pool.read().transactions.len(), 1);
		// The first is included; the second goes next.
		let call = decoded(&pool.read().transactions[0]).function;
		use sp_runtime::traits::Dispatchable;
		call.dispatch(RuntimeOrigin::signed(agent.clone())).unwrap();
		System::set_block_number(2);
		run();
		assert_eq!(pool.read().transactions.len(), 2);
		assert_eq!(engine.forgot(0), 1);
		assert_eq!(memory(&agent).in_flight, Some((1, 7)));
	});
}

#[test]
fn answer_is_submitted_again_when_its_mark_expires() {
	node(1, true, |engine, pool, _| {
		engine.set(0, done());
		run();
		System::set_block_number(5);
		run();
		assert_eq!(pool.read().transactions.len(), 1);
		System::set_block_number(6);
		run();
		assert_eq!(pool.read().transactions.len(), 2);
	});
}

#[test]
fn finished_and_expired_jobs_are_forgotten() {
	node(1, true, |engine, _, agent| {
		run();
		assert_eq!(memory(&agent).jobs.len(), 1);
		go_to(12);
		run();
		run();
		assert_eq!(engine.forgot(0), 1);
		assert!(memory(&agent).jobs.is_empty());
	});
}

#[test]
fn nothing_is_submitted_when_no_block_is_left_for_it() {
	node(1, true, |engine, pool, _| {
		engine.set(0, done());
		System::set_block_number(11);
		run();
		assert!(pool.read().transactions.is_empty());
	});
}

#[test]
fn job_is_enqueued_again_after_a_restart_lost_it() {
	node(1, true, |engine, _, _| {
		run();
		engine.jobs.lock().unwrap().clear();
		run();
		assert_eq!(engine.taken.lock().unwrap().len(), 2);
	});
}

#[test]
fn request_is_answered_anew_when_a_reorganisation_gives_its_number_to_another() {
	node(1, true, |engine, pool, _| {
		run();
		engine.set(0, done());
		crate::Requests::<Test>::mutate(0, |request| request.as_mut().unwrap().nonce = [8; 32]);
		run();
		assert!(pool.read().transactions.is_empty());
		let seeds: Vec<_> = engine.taken.lock().unwrap().iter().map(|job| job.seed).collect();
		assert_eq!(seeds, [[7; 32], [8; 32]].map(|nonce| sampling_seed(0, &account(5), &nonce)));
	});
}

#[test]
fn missing_engine_is_survived() {
	node(2, false, |_, pool, agent| {
		run();
		run();
		assert!(pool.read().transactions.is_empty());
		assert_eq!(memory(&agent).in_flight, None);
		assert!(memory(&agent).jobs.iter().all(|note| note.failures == 0));
	});
}

#[test]
fn failed_job_is_tried_a_bounded_number_of_times() {
	node(1, true, |engine, pool, agent| {
		*engine.refuses.lock().unwrap() = Some(Failure::MissingContent(Hash::zero()));
		for block in 1..11 {
			System::set_block_number(block);
			run();
			run();
		}
		// At blocks 1, 2, 4 and 7; the fifth would come at 11, where no block is left.
		assert_eq!(engine.enqueued(), 4);
		assert_eq!(memory(&agent).jobs[0].failures, 4);
		assert!(pool.read().transactions.is_empty());
	});
}

#[test]
fn hopeless_job_is_not_tried_again() {
	node(1, true, |engine, _, _| {
		run();
		engine.set(0, Progress::Failed(Failure::PromptTooLong));
		run();
		for block in 2..11 {
			System::set_block_number(block);
			run();
		}
		assert_eq!((engine.taken.lock().unwrap().len(), engine.forgot(0)), (1, 1));
	});
}

#[test]
fn full_queue_costs_no_attempt() {
	node(1, true, |engine, _, agent| {
		*engine.refuses.lock().unwrap() = Some(Failure::Busy);
		for _ in 0..9 {
			run();
		}
		assert_eq!(memory(&agent).jobs[0].failures, 0);
		*engine.refuses.lock().unwrap() = None;
		run();
		assert_eq!(engine.jobs.lock().unwrap().len(), 1);
	});
}

#[test]
fn answer_that_the_runtime_would_refuse_is_not_submitted() {
	node(1, true, |engine, pool, agent| {
		Refuse::set(true);
		engine.set(0, done());
		run();
		assert!(pool.read().transactions.is_empty());
		assert_eq!((engine.forgot(0), memory(&agent).jobs[0].failures), (1, 1));
		assert_eq!(memory(&agent).in_flight, None);
	});
}

#[test]
fn nothing_is_done_when_no_agent_is_here() {
	node(1, true, |engine, _, _| {
		Inference::update_operator(signed(1), endpoint(), 4, account(44)).unwrap();
		run();
		assert!(engine.heard.lock().unwrap().is_empty());
	});
}

#[test]
fn run_is_skipped_while_another_holds_the_lock() {
	node(1, true, |engine, _, _| {
		use sp_runtime::offchain::storage_lock::{StorageLock, Time};
		let mut lock = StorageLock::<Time>::new(b"openledger/inference/lock");
		let guard = lock.try_lock();
		assert!(guard.is_ok());
		run();
		assert!(engine.heard.lock().unwrap().is_empty());
		drop(guard);
		run();
		assert_eq!(engine.enqueued(), 1);
	});
}
