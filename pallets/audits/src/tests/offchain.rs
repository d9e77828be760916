mod answered;
mod canaries;
mod memory;
mod pairs;
mod versions;

use crate::{
	Call, Verdict, Verdicts,
	memory::{Memory, Step, memory_key},
	mock::*,
};
use codec::Decode;
use frame_support::{assert_ok, traits::Hooks};
use openledger_primitives_attribution::{
	Claim,
	audit::{Execution, Finding, Level},
};
use openledger_primitives_core::{
	Hash, RequestId,
	draw::draw_id,
	model::{IndexCommitment, Method, PayBy, Usage},
	traits::Clearance,
};
use openledger_primitives_inference::{
	Command, Failure, Job, Material, Message, OPERATOR_KEY_TYPE, Outcome, Reply, Response,
	comparison::Comparison,
	examination::{Examination, Examined},
	host::{Engine, EngineExt},
	job::{Canary, Executed},
	pending,
	receipts::{Drawn, Recomputed},
};
use sp_core::{
	crypto::AccountId32,
	offchain::{
		OffchainDbExt, OffchainWorkerExt, TransactionPool, TransactionPoolExt,
		testing::{TestOffchainExt, TestTransactionPoolExt},
	},
};
use sp_keystore::{Keystore, KeystoreExt, testing::MemoryKeystore};
use sp_runtime::{generic::Preamble, traits::Dispatchable};
use std::sync::{
	Arc, Mutex,
	atomic::{AtomicBool, Ordering},
};

/// An engine that executes as told.
#[derive(Default)]
struct Double {
	executed: Mutex<Option<Executed>>,
	/// Where the operators are whose answers it was told to execute, as far as it was told.
	asked: Mutex<Vec<Option<Vec<u8>>>>,
	/// What it was told to execute of drawn receipts, and what that comes to.
	drawn: Mutex<Vec<Drawn>>,
	recomputed: Mutex<Option<Executed>>,
	/// What it was told to examine, and what that comes to.
	examinations: Mutex<Vec<Examination>>,
	examined: Mutex<Option<Executed>>,
	/// What it was told to compare, and what that comes to.
	comparisons: Mutex<Vec<Comparison>>,
	compared: Mutex<Option<Executed>>,
	/// What the engine knows of the canary that it has made.
	canary: Mutex<Option<Canary>>,
	forgotten: Mutex<usize>,
}

impl Engine for Double {
	fn exchange(&self, message: Message) -> Reply {
		let Message::V3(command) = message;
		Reply::V3(match command {
			Command::Execute(_) => self.execute(None),
			Command::ExecuteFrom(_, endpoint) => self.execute(Some(endpoint.into_inner())),
			Command::ExecuteDrawn(drawn) => {
				self.drawn.lock().unwrap().push(drawn);
				match self.recomputed.lock().unwrap().clone() {
					Some(executed) => Response::Executed(executed),
					None => Response::Failed(Failure::Busy),
				}
			}
			Command::Examine(examination) => {
				self.examinations.lock().unwrap().push(examination);
				match self.examined.lock().unwrap().clone() {
					Some(executed) => Response::Executed(executed),
					None => Response::Failed(Failure::Busy),
				}
			}
			Command::Compare(comparison) => {
				self.comparisons.lock().unwrap().push(comparison);
				match self.compared.lock().unwrap().clone() {
					Some(executed) => Response::Executed(executed),
					None => Response::Failed(Failure::Busy),
				}
			}
			Command::Canary(asked) => {
				let known = self.canary.lock().unwrap().clone();
				Response::Canary(known.filter(|_| asked == subject()))
			}
			Command::ForgetExecution(_) => {
				*self.forgotten.lock().unwrap() += 1;
				Response::Forgotten
			}
			other => panic!("{other:?}"),
		})
	}
}

impl Double {
	fn execute(&self, answered_by: Option<Vec<u8>>) -> Response {
		self.asked.lock().unwrap().push(answered_by);
		match self.executed.lock().unwrap().clone() {
			Some(executed) => Response::Executed(executed),
			None => Response::Failed(Failure::Busy),
		}
	}

	fn comes_to(&self, claim: &Claim<AccountId32>) {
		let outcome = Outcome {
			answer: b"It scatters.".to_vec().try_into().unwrap(),
			usage: Usage { prompt: 3, output: 4 },
			claim: claim.clone(),
		};
		let done = Executed::Done(outcome, traces(claim.gain));
		*self.executed.lock().unwrap() = Some(done);
	}
}

fn job() -> Job {
	Job {
		request: CLAIM,
		model: 1,
		payer: account(5),
		prompt: b"Why?".to_vec().try_into().unwrap(),
		max_tokens: 8,
		temperature: 0,
		seed: subject().into(),
		deadline: 100,
		material: Material {
			base: Hash::zero(),
			adapter: Hash::zero(),
			method: Method { pay_by: PayBy::Records, credits: 4, dimension: 16 },
			index: IndexCommitment {
				records_root: Hash::zero(),
				records: 0,
				contributors_root: Hash::zero(),
				contributors: 0,
				floor_ppm: 0,
				file: Hash::zero(),
			},
			projection: Hash::zero(),
			snapshots: Vec::new(),
			retrieval: None,
		},
	}
}

type Pool = Arc<parking_lot::RwLock<sp_core::offchain::testing::PoolState>>;

/// A pool that can refuse whatever comes.
struct Moody {
	pool: TestTransactionPoolExt,
	refuses: Arc<AtomicBool>,
}

impl TransactionPool for Moody {
	fn submit_transaction(&mut self, extrinsic: Vec<u8>) -> Result<(), ()> {
		if self.refuses.load(Ordering::Relaxed) {
			return Err(());
		}
		self.pool.submit_transaction(extrinsic)
	}
}

struct Node {
	refuses: Arc<AtomicBool>,
	engine: Arc<Double>,
	pool: Pool,
	agent: AccountId32,
}

/// A node with the key of an agent whose verifier, 10, is one of three.
fn node(claimed: &Claim<AccountId32>, engine: bool, test: impl FnOnce(Node)) {
	let (offchain, _) = TestOffchainExt::new();
	let (pool, state) = TestTransactionPoolExt::new();
	let keystore = MemoryKeystore::new();
	let key = keystore.sr25519_generate_new(OPERATOR_KEY_TYPE, Some("//Alice//verifier")).unwrap();
	let agent = AccountId32::from(key);
	let double = Arc::new(Double::default());
	let mut ext = unchecked();
	ext.register_extension(OffchainDbExt::new(offchain.clone()));
	ext.register_extension(OffchainWorkerExt::new(offchain));
	let refuses = Arc::new(AtomicBool::new(false));
	ext.register_extension(TransactionPoolExt::new(Moody { pool, refuses: refuses.clone() }));
	ext.register_extension(KeystoreExt::new(keystore));
	if engine {
		ext.register_extension(EngineExt::new(double.clone()));
	}
	ext.execute_with(|| {
		Verification::register_verifier(signed(10), agent.clone(), BOND).unwrap();
		register(11, BOND);
		register(12, BOND);
		called(claimed);
		JobOf::set(Some(job()));
		test(Node { refuses, engine: double, pool: state, agent });
		check();
	});
}

impl Node {
	/// What a worker changes of the state, its agent's nonce among it, is no block's.
	fn run(&self) {
		let nonce = System::account_nonce(&self.agent);
		Verification::offchain_worker(System::block_number());
		frame_system::Account::<Test>::mutate(&self.agent, |account| account.nonce = nonce);
	}

	/// The agent's nonce after all that was sent, as it is in a block that includes it.
	fn included(&self) {
		let sent = self.sent().len() as u32;
		frame_system::Account::<Test>::mutate(&self.agent, |account| account.nonce = sent.into());
	}

	/// Runs in as many blocks as agents take turns in, without what chains do in between.
	fn take_turns(&self) {
		for _ in 0..32 {
			System::set_block_number(System::block_number() + 1);
			self.run();
			self.included();
		}
	}

	fn sent(&self) -> Vec<RuntimeCall> {
		let pool = self.pool.read();
		let decoded = |bytes: &Vec<u8>| Extrinsic::decode(&mut &bytes[..]).unwrap().function;
		pool.transactions.iter().map(decoded).collect()
	}

	/// Includes the last transaction in a block.
	fn include(&self) {
		let call = self.sent().pop().unwrap();
		call.dispatch(RuntimeOrigin::signed(self.agent.clone())).unwrap();
		self.included();
		System::set_block_number(System::block_number() + 1);
	}

	fn memory(&self) -> Memory<AccountId32> {
		let key = memory_key(&self.agent);
		let store = sp_runtime::offchain::storage::StorageValueRef::persistent(&key);
		store.get().unwrap().unwrap_or_default()
	}
}

#[test]
fn verifier_commits_reveals_and_forgets_without_a_person() {
	node(&truth(), true, |node| {
		*node.engine.executed.lock().unwrap() = Some(Executed::Running);
		node.run();
		assert!(node.sent().is_empty());
		node.engine.comes_to(&truth());
		node.run();
		node.run();
		let [RuntimeCall::Verification(Call::commit { claim: CLAIM, .. })] = &node.sent()[..]
		else {
			panic!("{:?}", node.sent())
		};
		assert_eq!(node.memory().in_flight, Some((CLAIM, Step::Commit(Level::First), 6)));
		let (next, now) = (System::account_nonce(&node.agent) + 1, 5);
		assert!(pending::waits(&node.agent, next - 1, now), "others that sign with the key see it");
		assert!(
			!pending::waits(&node.agent, next, now) && !pending::waits(&node.agent, next - 1, 6)
		);
		node.include();
		node.run();
		assert_eq!(node.sent().len(), 1, "others have not committed");
		let finding = honest(&truth());
		for n in [11, 12] {
			commit(n, &finding).unwrap();
		}
		node.run();
		node.run();
		assert_eq!(node.sent().len(), 2);
		node.include();
		for n in [11, 12] {
			reveal(n, finding.clone()).unwrap();
		}
		wait(WINDOW);
		assert_eq!(Verdicts::<Test>::get(CLAIM), Some(Verdict::Upheld));
		assert_eq!(paid(10), 3);
		node.run();
		assert_eq!((node.memory(), *node.engine.forgotten.lock().unwrap()), (Memory::default(), 1));
	});
}

#[test]
fn all_duties_are_done_in_one_run() {
	node(&truth(), true, |node| {
		let claims: Vec<_> = (1..6).map(|n| CLAIM + n).collect();
		for (n, claim) in (2..).zip(&claims) {
			noted(*claim, &truth());
			lots(n);
			drawn(*claim).unwrap();
		}
		node.engine.comes_to(&truth());
		node.run();
		let pool = node.pool.read();
		let nonces: Vec<u32> = pool
			.transactions
			.iter()
			.map(|bytes| match Extrinsic::decode(&mut &bytes[..]).unwrap().preamble {
				Preamble::Signed(_, _, nonce) => nonce.0,
				other => panic!("{other:?}"),
			})
			.collect();
		assert_eq!(nonces, (0..6).collect::<Vec<_>>());
		drop(pool);
		for call in node.sent() {
			assert!(matches!(call, RuntimeCall::Verification(Call::commit { .. })), "{call:?}");
			call.dispatch(RuntimeOrigin::signed(node.agent.clone())).unwrap();
		}
		let waits = |claim: &RequestId| {
			let audit = crate::Audits::<Test>::get(claim).unwrap();
			audit.seats.iter().any(|s| s.verifier == account(10) && s.commitment.is_none())
		};
		assert!(!waits(&CLAIM) && !claims.iter().any(waits));
	});
}

#[test]
fn audit_that_no_block_had_room_for_is_advanced() {
	node(&truth(), true, |node| {
		let _ = crate::Due::<Test>::clear(u32::MAX, None);
		for block in 0..1 + COMMIT + 16 + 2 {
			System::set_block_number(block.into());
			node.run();
			assert!(node.sent().is_empty(), "it may still have been put off");
		}
		node.take_turns();
		assert_eq!(node.sent(), [Call::advance { claim: CLAIM }.into()]);
		node.include();
		assert_eq!(level(), Level::Redraw);
	});
}

#[test]
fn audit_whose_draw_no_block_had_room_for_is_advanced_by_who_is_drawn_or_not() {
	node(&truth(), true, |node| {
		[11, 12].iter().for_each(|n| commit(*n, &honest(&truth())).unwrap());
		wait(COMMIT);
		[11, 12].iter().for_each(|n| reveal(*n, honest(&truth())).unwrap());
		assert_ok!(Verification::appeal(signed(9), CLAIM));
		(13..22).for_each(|n| register(n, BOND));
		noted(CLAIM + 1, &truth());
		lots(2);
		assert!(matches!(clearance(CLAIM + 1), Clearance::Until(_)));
		let _ = crate::Due::<Test>::clear(u32::MAX, None);
		Round::set(Round::get() + 2);
		node.take_turns();
		assert!(node.sent().is_empty(), "it may still have been put off");
		Round::set(Round::get() + 4);
		node.take_turns();
		let mut sent = node.sent();
		sent.sort_by_key(|call| format!("{call:?}"));
		let advanced = [CLAIM, CLAIM + 1].map(|claim| Call::advance { claim }.into());
		assert_eq!(sent, advanced);
	});
}

#[test]
fn verifier_refutes_a_false_claim_and_brings_the_true_one() {
	let claimed = claim(250);
	node(&claimed, true, |node| {
		node.engine.comes_to(&truth());
		node.run();
		node.include();
		let finding = honest(&claimed);
		assert!(matches!(finding, Finding::Refuted(_)));
		for n in [11, 12] {
			commit(n, &finding).unwrap();
		}
		node.run();
		node.include();
		for n in [11, 12] {
			reveal(n, finding.clone()).unwrap();
		}
		node.run();
		assert_eq!(node.sent().len(), 2, "the verdict can still be appealed");
		wait(WINDOW);
		node.run();
		node.include();
		assert_eq!(state(), State::Replaced(truth()));
		assert_eq!(Slashed::get().iter().map(|(_, amount, _)| amount).sum::<u128>(), 20 * FEE);
	});
}

#[test]
fn nothing_is_sent_while_the_engine_is_missing_busy_or_fails() {
	node(&truth(), false, |node| {
		node.run();
		assert!(node.sent().is_empty());
	});
	node(&truth(), true, |node| {
		node.run();
		let failed = Executed::Failed(Failure::MissingContent(Hash::zero()));
		*node.engine.executed.lock().unwrap() = Some(failed);
		let before = *node.engine.forgotten.lock().unwrap();
		node.run();
		assert!(node.sent().is_empty());
		// It is tried again, and from the start.
		assert_eq!(*node.engine.forgotten.lock().unwrap(), before + 1);
		node.engine.comes_to(&truth());
		node.run();
		assert_eq!(node.sent().len(), 1);
	});
}

#[test]
fn commitment_can_be_opened_after_a_restart() {
	node(&truth(), true, |node| {
		node.engine.comes_to(&truth());
		node.run();
		let before = node.memory();
		node.include();
		// The engine knows nothing any more; what was found is in the database.
		*node.engine.executed.lock().unwrap() = None;
		for n in [11, 12] {
			commit(n, &honest(&truth())).unwrap();
		}
		node.run();
		let Some(RuntimeCall::Verification(Call::reveal { salt, .. })) = node.sent().pop() else {
			panic!("nothing is revealed")
		};
		assert_eq!(salt, before.found[0].salt);
		node.include();
	});
}

/// The chain is re-organised before a commitment is in a block: it is lost, and `then` holds.
fn reorganised(node: &Node, then: impl FnOnce(&mut crate::Note<AccountId32>)) {
	node.pool.write().transactions.clear();
	crate::Notes::<Test>::mutate(CLAIM, |note| then(note.as_mut().unwrap()));
	// The time that the transaction counted as under way.
	System::set_block_number(System::block_number() + 5);
}

#[test]
fn finding_of_another_chains_claim_is_not_used_again() {
	let claimed = claim(250);
	node(&claimed, true, |node| {
		node.engine.comes_to(&truth());
		node.run();
		assert!(matches!(node.memory().found[0].finding, Finding::Refuted(_)));
		// Under the same number the true claim is submitted.
		reorganised(&node, |note| {
			note.execution.claim = openledger_primitives_attribution::audit::digest(&truth());
			note.trace = truth().trace;
		});
		node.run();
		let found = node.memory().found.pop().unwrap();
		assert_eq!(found.finding, honest(&truth()));
		node.include();
		for n in [11, 12] {
			commit(n, &honest(&truth())).unwrap();
		}
		node.run();
		node.include();
		let seats = crate::Audits::<Test>::get(CLAIM).unwrap().seats;
		assert_eq!(seats.iter().filter(|seat| seat.finding.is_some()).count(), 1);
	});
}

#[test]
fn commitment_that_comes_back_with_its_chain_is_opened() {
	let claimed = claim(250);
	node(&claimed, true, |node| {
		node.engine.comes_to(&truth());
		node.run();
		let (before, sent) =
			(crate::Notes::<Test>::get(CLAIM).unwrap(), node.sent().pop().unwrap());
		reorganised(&node, |note| note.subject = Hash::repeat_byte(9));
		node.run();
		assert_eq!(node.memory().found.len(), 2);
		// Back on the first chain, where the first commitment is in a block.
		crate::Notes::<Test>::insert(CLAIM, before);
		sent.dispatch(RuntimeOrigin::signed(node.agent.clone())).unwrap();
		for n in [11, 12] {
			commit(n, &honest(&claimed)).unwrap();
		}
		node.run();
		node.include();
		let seats = crate::Audits::<Test>::get(CLAIM).unwrap().seats;
		assert_eq!(seats.iter().filter(|seat| seat.finding.is_some()).count(), 1);
	});
}

#[test]
fn transaction_that_the_pool_refused_is_sent_with_the_next_block() {
	node(&truth(), true, |node| {
		node.engine.comes_to(&truth());
		node.refuses.store(true, Ordering::Relaxed);
		node.run();
		assert_eq!((node.sent().len(), node.memory().in_flight), (0, None));
		node.refuses.store(false, Ordering::Relaxed);
		node.run();
		node.include();
		for n in [11, 12] {
			commit(n, &honest(&truth())).unwrap();
		}
		// For a reveal nothing else is remembered anew: the mark has to go by itself.
		node.refuses.store(true, Ordering::Relaxed);
		node.run();
		assert_eq!(node.memory().in_flight, None);
		node.refuses.store(false, Ordering::Relaxed);
		node.run();
		assert_eq!(node.sent().len(), 2);
	});
}

#[test]
fn transaction_that_was_lost_is_sent_again() {
	node(&truth(), true, |node| {
		node.engine.comes_to(&truth());
		node.run();
		node.pool.write().transactions.clear();
		wait(4);
		node.run();
		assert!(node.sent().is_empty());
		wait(1);
		node.run();
		assert_eq!(node.sent().len(), 1);
	});
}

#[test]
fn transaction_that_came_to_nothing_in_a_block_is_under_way_no_more() {
	node(&truth(), true, |node| {
		node.engine.comes_to(&truth());
		node.run();
		node.run();
		assert_eq!(node.sent().len(), 1, "it may still come into a block");
		node.included();
		node.run();
		assert_eq!(node.sent().len(), 2);
		node.include();
	});
}

#[test]
fn what_is_nowhere_to_be_had_is_found_withheld_at_the_last_chance() {
	node(&truth(), true, |node| {
		let failed = Executed::Failed(Failure::MissingContent(Hash::zero()));
		*node.engine.executed.lock().unwrap() = Some(failed);
		wait(5);
		node.run();
		assert!(node.sent().is_empty());
		wait(2);
		node.run();
		node.include();
		assert_eq!(node.memory().found[0].finding, Finding::Withheld);
	});
}

#[test]
fn verifier_appeals_against_a_verdict_that_it_found_to_be_false() {
	let claimed = claim(250);
	node(&claimed, true, |node| {
		Balances::transfer_allow_death(signed(2), node.agent.clone(), 1_000).unwrap();
		node.engine.comes_to(&truth());
		node.run();
		node.include();
		let lie = colluding(&claimed);
		for n in [11, 12] {
			commit(n, &lie).unwrap();
		}
		node.run();
		node.include();
		for n in [11, 12] {
			reveal(n, lie.clone()).unwrap();
		}
		assert!(matches!(stage(), crate::Stage::Decided { verdict: Verdict::Upheld, .. }));
		node.run();
		node.include();
		assert_eq!(
			crate::Audits::<Test>::get(CLAIM).unwrap().appeal.unwrap().appellant,
			node.agent
		);
		node.run();
		assert_eq!(node.sent().len(), 3);
	});
}

/// What is drawn of a batch, and called to audit.
const DRAW: u64 = draw_id(3, 1);

fn batched(claimed: &Claim<AccountId32>) {
	noted(DRAW, claimed);
	lots(1);
	drawn(DRAW).unwrap();
}

#[test]
fn drawn_receipt_is_executed_with_what_its_operator_hands_out() {
	node(&truth(), true, |node| {
		frame_system::BlockHash::<Test>::insert(0, Hash::repeat_byte(7));
		batched(&truth());
		let recomputed =
			Recomputed { answer: answer(DRAW).answer, usage: answer(DRAW).usage, claim: truth() };
		let done = Executed::Drawn(recomputed, traces(100));
		*node.engine.recomputed.lock().unwrap() = Some(done);
		node.run();
		assert!(matches!(
			&node.sent()[..],
			[RuntimeCall::Verification(Call::commit { claim: DRAW, .. })]
		));
		assert!(matches!(node.memory().found[0].finding, Finding::Upheld { .. }));
		let told = node.engine.drawn.lock().unwrap().pop().unwrap();
		assert_eq!((told.claim, told.model, told.input), (DRAW, 1, subject()));
		assert_eq!((&told.payer, &told.material), (&account(5), &job().material));
		assert_eq!(told.endpoint.to_vec(), b"http://operator");
		assert_eq!(told.pass.agent, node.agent);
		assert!(told.pass.verify(&Hash::repeat_byte(7), DRAW));
	});
}

#[test]
fn drawn_receipt_is_refuted_when_its_answer_is_another() {
	node(&truth(), true, |node| {
		batched(&truth());
		let recomputed =
			Recomputed { answer: Hash::repeat_byte(9), usage: answer(DRAW).usage, claim: truth() };
		let done = Executed::Drawn(recomputed.clone(), traces(100));
		*node.engine.recomputed.lock().unwrap() = Some(done);
		node.run();
		let Finding::Refuted(found) = &node.memory().found[0].finding else { panic!("upheld") };
		assert_eq!(found.answer, recomputed.answer);
	});
}

#[test]
fn operator_appeals_against_a_verdict_that_refutes_its_answer() {
	node(&truth(), true, |node| {
		Balances::transfer_allow_death(signed(2), node.agent.clone(), 1_000).unwrap();
		let lie = honest(&claim(250));
		assert!(matches!(lie, Finding::Refuted(_)));
		let lie = match lie {
			Finding::Refuted(found) => Finding::Refuted(Execution { claim: Hash::zero(), ..found }),
			other => other,
		};
		for n in [11, 12] {
			commit(n, &lie).unwrap();
		}
		wait(COMMIT);
		for n in [11, 12] {
			reveal(n, lie.clone()).unwrap();
		}
		assert!(matches!(stage(), crate::Stage::Decided { verdict: Verdict::Refuted(_), .. }));
		node.run();
		assert!(node.sent().is_empty(), "the answer is another operator's");
		OperatorsAgent::set(node.agent.clone());
		node.run();
		node.run();
		assert_eq!(node.sent().len(), 1);
		node.include();
		assert_eq!(level(), Level::Appeal);
		OperatorsAgent::set(account(30));
	});
}
