use crate::{
	Call, Challenges, Claims, Fault, Target,
	mock::*,
	offchain::{Memory, Opened, Step, memory_key, opened_key},
};
use codec::{Decode, Encode};
use frame_support::{
	storage::{TransactionOutcome, with_storage_layer, with_transaction},
	traits::Hooks,
	weights::Weight,
};
use openledger_primitives_attribution::{Claim, claim::v1, forgery::Forgery, omission::Omission};
use openledger_primitives_core::{
	ModelId, RequestId,
	model::Usage,
	traits::{Claims as _, Models as _},
};
use openledger_primitives_inference::{
	Command, Failure, Message, OPERATOR_KEY_TYPE, Reply, Response, WATCHER_KEY_TYPE,
	host::{Engine, EngineExt},
	pending,
	watch::{Deed, Sighting, Watched},
};
use sp_core::{
	crypto::{AccountId32, KeyTypeId},
	offchain::{
		OffchainDbExt, OffchainWorkerExt, TransactionPool, TransactionPoolExt,
		testing::{TestOffchainExt, TestTransactionPoolExt},
	},
};
use sp_keystore::{Keystore, KeystoreExt, testing::MemoryKeystore};
use sp_runtime::{DispatchError, offchain::storage::StorageValueRef, traits::Dispatchable};
use std::{
	collections::BTreeMap,
	sync::{
		Arc, Mutex,
		atomic::{AtomicBool, Ordering},
	},
};

/// A watcher that sees as told, and nothing otherwise.
#[derive(Default)]
struct Double {
	claims: Mutex<BTreeMap<RequestId, Sighting>>,
	indexes: Mutex<BTreeMap<ModelId, Sighting>>,
	asked: Mutex<Vec<Watched>>,
	deeds: Mutex<Vec<Deed>>,
	/// Whether it has the leaves that are demanded.
	shows: AtomicBool,
	/// Whether the node has an engine that does not watch.
	blind: AtomicBool,
}

impl Engine for Double {
	fn exchange(&self, message: Message) -> Reply {
		let Message::V3(command) = message;
		if self.blind.load(Ordering::Relaxed) {
			return Reply::V3(Response::Failed(Failure::Unavailable));
		}
		Reply::V3(match command {
			Command::Look(watched) => {
				if let (Some(position), true) = (watched.show, self.shows.load(Ordering::Relaxed)) {
					let Forgery { leaf, proof, .. } = forgery(position as usize);
					return Reply::V3(Response::Sighted(Sighting::Leaf(leaf, proof)));
				}
				let told = match &watched.claim {
					None if watched.show.is_some() => Some(Sighting::Looking),
					Some(claim) => self.claims.lock().unwrap().get(&claim.request).cloned(),
					None => self.indexes.lock().unwrap().get(&watched.model).cloned(),
				};
				self.asked.lock().unwrap().push(watched);
				Response::Sighted(told.unwrap_or(Sighting::Clean))
			}
			Command::Count(deed) => {
				self.deeds.lock().unwrap().push(deed);
				Response::Noted
			}
			other => panic!("{other:?}"),
		})
	}
}

impl Double {
	fn sees(&self, request: RequestId, fault: &Fault<AccountId32>) {
		self.claims.lock().unwrap().insert(request, Sighting::Found(fault.clone()));
	}

	fn sees_in_index(&self, model: ModelId, fault: &Fault<AccountId32>) {
		self.indexes.lock().unwrap().insert(model, Sighting::Found(fault.clone()));
	}

	/// What was asked since the last time.
	fn asked(&self) -> Vec<Watched> {
		std::mem::take(&mut self.asked.lock().unwrap())
	}

	fn deeds(&self) -> Vec<Deed> {
		self.deeds.lock().unwrap().clone()
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
	engine: Arc<Double>,
	pool: Pool,
	refuses: Arc<AtomicBool>,
	watcher: AccountId32,
}

/// A node with a watcher's key, whose account has `balance`.
fn node_with(balance: u128, test: impl FnOnce(Node)) {
	node_of(&[WATCHER_KEY_TYPE], balance, test);
}

/// A node with keys of some types, one of them its watcher's.
fn node_of(keys: &[KeyTypeId], balance: u128, test: impl FnOnce(Node)) {
	let mut ext = stage();
	let (offchain, _) = TestOffchainExt::with_offchain_db(ext.offchain_db());
	let (pool, state) = TestTransactionPoolExt::new();
	let keystore = MemoryKeystore::new();
	let of = |kind: &KeyTypeId| keystore.sr25519_generate_new(*kind, Some("//Watcher")).unwrap();
	let key = keys.iter().map(of).last().unwrap();
	let (engine, refuses) = (Arc::new(Double::default()), Arc::new(AtomicBool::new(false)));
	ext.register_extension(OffchainDbExt::new(offchain.clone()));
	ext.register_extension(OffchainWorkerExt::new(offchain));
	ext.register_extension(TransactionPoolExt::new(Moody { pool, refuses: refuses.clone() }));
	ext.register_extension(KeystoreExt::new(keystore));
	ext.register_extension(EngineExt::new(engine.clone()));
	let watcher = AccountId32::from(key);
	let node = Node { engine, pool: state, refuses, watcher };
	ext.execute_with(|| {
		if balance > 0 {
			Balances::transfer_allow_death(signed(12), node.watcher.clone(), balance).unwrap();
		}
		test(node);
		check();
	});
}

fn node(test: impl FnOnce(Node)) {
	node_with(10 * DEPOSIT, test);
}

impl Node {
	/// One run, which leaves nothing in the chain's state.
	fn run(&self) {
		let run = with_transaction(|| {
			Attribution::offchain_worker(System::block_number());
			TransactionOutcome::Rollback(Ok::<_, DispatchError>(()))
		});
		run.unwrap();
	}

	fn sent(&self) -> Vec<Call<Test>> {
		let decoded = |bytes: &Vec<u8>| match Extrinsic::decode(&mut &bytes[..]).unwrap().function {
			RuntimeCall::Attribution(call) => call,
			other => panic!("{other:?}"),
		};
		self.pool.read().transactions.iter().map(decoded).collect()
	}

	/// Includes all that was sent in the next block.
	fn include(&self) {
		let refused = self.dispatch();
		assert!(refused.is_empty(), "{refused:?}");
	}

	/// The same with what the runtime refuses.
	fn include_refused(&self) {
		assert!(!self.dispatch().is_empty());
	}

	/// Returns why what was refused was.
	fn dispatch(&self) -> Vec<DispatchError> {
		let sent = std::mem::take(&mut self.pool.write().transactions);
		// What is idle work comes after a block's transactions.
		let block = System::block_number() + 1;
		System::set_block_number(block);
		let dispatched = sent.into_iter().filter_map(|bytes| {
			let call = Extrinsic::decode(&mut &bytes[..]).unwrap().function;
			let origin = RuntimeOrigin::signed(self.watcher.clone());
			System::inc_account_nonce(&self.watcher);
			let done = with_storage_layer(|| call.dispatch(origin));
			done.err().map(|refused| refused.error)
		});
		let refused = dispatched.collect();
		Inference::on_idle(block, Weight::MAX);
		Attribution::on_idle(block, Weight::MAX);
		refused
	}

	fn memory(&self) -> Memory<AccountId32> {
		let key = memory_key(&self.watcher);
		StorageValueRef::persistent(&key).get().unwrap().unwrap_or_default()
	}

	/// As if the node's database had been lost.
	fn forget(&self) {
		StorageValueRef::persistent(&memory_key(&self.watcher)).clear();
	}

	fn held(&self) -> u128 {
		use frame_support::traits::fungible::InspectHold;
		Balances::balance_on_hold(&crate::HoldReason::Challenge.into(), &self.watcher)
	}
}

fn left_out(position: usize) -> Fault<AccountId32> {
	Fault::Omission(Omission::Record(shown(position)))
}

/// A claim that leaves out the best record.
fn cheating() -> RequestId {
	answered(RECORDS, claim(&[], &[1, 2])).unwrap()
}

fn paid(request: RequestId) -> Vec<u32> {
	Claims::<Test>::get(request).unwrap().paid.iter().map(|credit| credit.position).collect()
}

#[test]
fn omission_is_committed_opened_and_won_without_a_person() {
	node(|node| {
		let id = cheating();
		node.engine.sees(id, &left_out(0));
		node.run();
		assert!(
			matches!(&node.sent()[..], [Call::commit_challenge { target: Target::Claim(of), .. }]
			if *of == id)
		);
		node.run();
		assert_eq!(node.sent().len(), 1, "it is under way");
		node.include();
		node.run();
		assert!(matches!(&node.sent()[..], [Call::open_challenge { .. }]));
		node.include();
		assert_eq!(paid(id), [0, 1]);
		let before = node.engine.asked().len();
		node.engine.claims.lock().unwrap().clear();
		node.run();
		assert_eq!(node.engine.deeds(), [Deed::Committed, Deed::Won]);
		assert_eq!((node.sent().len(), node.held()), (0, 0));
		// What is left of the claim is looked at anew, and once.
		let again = node.engine.asked();
		assert!(before > 0);
		let credits = again[0].claim.as_ref().unwrap().paid.iter().map(|of| of.position);
		assert_eq!(credits.collect::<Vec<_>>(), [0, 1]);
		node.run();
		assert!(node.engine.asked().is_empty());
	});
}

#[test]
fn honest_claims_and_indexes_are_looked_at_once_and_left_alone() {
	node(|node| {
		let id = answered(RECORDS, claim(&[], &[0, 1])).unwrap();
		node.run();
		let asked = node.engine.asked();
		let of = |watched: &Watched| watched.claim.as_ref().map(|claim| claim.request);
		assert_eq!(asked.iter().map(of).collect::<Vec<_>>(), [Some(id), None, None]);
		assert_eq!(asked[0].claim.as_ref().unwrap().at_stake, 500);
		assert_eq!([asked[1].model, asked[2].model], [RECORDS, CONTRIBUTORS]);
		for _ in 0..3 {
			go_to(System::block_number() + 1);
			node.run();
		}
		assert!(node.engine.asked().is_empty() && node.sent().is_empty());
		go_to(20);
		node.run();
		assert!(node.memory().clean.is_empty(), "it is final");
	});
}

#[test]
fn forged_index_is_challenged_once_however_many_claims_show_it() {
	node(|node| {
		Forged::set(Some((0, 49)));
		let fault = Fault::Forgery(forgery(0));
		for _ in 0..3 {
			let id = answered(RECORDS, claim(&[], &[0, 1])).unwrap();
			node.engine.sees(id, &fault);
		}
		node.engine.sees_in_index(RECORDS, &fault);
		node.run();
		assert!(matches!(
			&node.sent()[..],
			[Call::commit_challenge { target: Target::Model(RECORDS), .. }]
		));
		node.include();
		node.run();
		node.include();
		assert_eq!(Registered::condemned(RECORDS), Some(true));
		node.engine.asked();
		node.run();
		assert_eq!(node.engine.deeds(), [Deed::Committed, Deed::Won]);
		let asked = node.engine.asked();
		assert!(asked.iter().all(|watched| watched.model != RECORDS), "it is over");
		assert!(node.sent().is_empty());
	});
}

#[test]
fn claim_is_handed_over_as_submitted_where_the_node_indexes() {
	let mut ext = stage();
	let (offchain, _) = TestOffchainExt::with_offchain_db(ext.offchain_db());
	let keystore = MemoryKeystore::new();
	keystore.sr25519_generate_new(WATCHER_KEY_TYPE, Some("//Watcher")).unwrap();
	let engine = Arc::new(Double::default());
	let (pool, _) = TestTransactionPoolExt::new();
	ext.register_extension(TransactionPoolExt::new(pool));
	ext.register_extension(OffchainDbExt::new(offchain.clone()));
	ext.register_extension(OffchainWorkerExt::new(offchain));
	ext.register_extension(KeystoreExt::new(keystore));
	ext.register_extension(EngineExt::new(engine.clone()));
	let made = claim(&[], &[0, 1]);
	let submitted = |watched: &Watched| watched.claim.as_ref().unwrap().submitted.clone();
	let id = ext.execute_with(|| {
		let id = answered(RECORDS, made.clone()).unwrap();
		engine.claims.lock().unwrap().insert(id, Sighting::Looking);
		Attribution::offchain_worker(System::block_number());
		assert_eq!(submitted(&engine.asked()[0]), None, "nothing is written down yet");
		id
	});
	ext.persist_offchain_overlay();
	ext.execute_with(|| {
		Attribution::offchain_worker(System::block_number());
		let found: Option<Claim<AccountId32>> = submitted(&engine.asked()[0]);
		assert_eq!(found, Some(made));
		go_to(20);
		let record = Claims::<Test>::get(id).unwrap();
		assert!(Attribution::submitted(id, &record).is_some());
		// One that was written down before claims said what was put into prompts.
		let key = (&b"openledger/claims"[..], id, record.digest).encode();
		let before = v1::Claim::from(claim(&[], &[0, 1])).encode();
		let persistent = sp_core::offchain::StorageKind::PERSISTENT;
		sp_io::offchain::local_storage_set(persistent, &key, &before);
		assert_eq!(Attribution::submitted(id, &record), Some(claim(&[], &[0, 1])));
		Inference::prune(signed(5), id).unwrap();
		engine.asked();
	});
	ext.persist_offchain_overlay();
	ext.execute_with(|| {
		// What another request of the same number would find.
		let other = answered(RECORDS, claim(&[], &[0, 1])).unwrap();
		let mut record = Claims::<Test>::get(other).unwrap();
		record.digest = openledger_primitives_attribution::audit::digest(&claim(&[], &[0, 1]));
		assert_eq!(Attribution::submitted(id, &record), None);
		check();
	});
}

#[test]
fn content_that_is_missing_is_asked_for_again() {
	node(|node| {
		let id = cheating();
		let missing = Sighting::Failed(Failure::MissingContent(Default::default()));
		node.engine.claims.lock().unwrap().insert(id, missing.clone());
		node.engine.indexes.lock().unwrap().insert(RECORDS, missing);
		for _ in 0..2 {
			node.run();
			let asked = node.engine.asked();
			assert!(asked.iter().any(|watched| watched.claim.is_some()));
			assert!(asked.iter().any(|of| of.claim.is_none() && of.model == RECORDS));
			go_to(System::block_number() + 1);
		}
		node.engine.sees(id, &left_out(0));
		node.run();
		assert_eq!(node.sent().len(), 1);
	});
}

#[test]
fn nothing_is_looked_at_or_sent_when_the_node_does_not_watch() {
	node(|node| {
		let id = cheating();
		node.engine.sees(id, &left_out(0));
		node.engine.blind.store(true, Ordering::Relaxed);
		node.run();
		assert!(node.sent().is_empty() && node.engine.asked().is_empty());
		assert_eq!(node.memory(), Memory { claim: id + 1, ..Memory::default() });
	});
}

#[test]
fn challenge_is_opened_after_a_restart_without_looking_again() {
	node(|node| {
		let id = cheating();
		node.engine.sees(id, &left_out(0));
		node.run();
		let salt = node.memory().found[0].salt;
		node.include();
		// The engine knows nothing any more, nor does the node watch.
		node.engine.claims.lock().unwrap().clear();
		node.engine.blind.store(true, Ordering::Relaxed);
		node.run();
		let [Call::open_challenge { salt: opened, .. }] = &node.sent()[..] else {
			panic!("{:?}", node.sent())
		};
		assert_eq!(*opened, salt);
		node.include();
		assert_eq!(paid(id), [0, 1]);
	});
}

#[test]
fn challenge_is_withdrawn_when_what_it_commits_to_was_lost() {
	node(|node| {
		let id = cheating();
		node.engine.sees(id, &left_out(0));
		node.run();
		node.include();
		assert_eq!(node.held(), DEPOSIT);
		node.forget();
		node.engine.claims.lock().unwrap().clear();
		node.run();
		assert!(node.sent().is_empty(), "a transaction of its own may be under way");
		go_to(System::block_number() + 5);
		node.run();
		assert!(matches!(&node.sent()[..], [Call::withdraw_challenge { .. }]));
		node.include();
		node.run();
		assert_eq!((node.held(), node.engine.deeds().last()), (0, Some(&Deed::Withdrawn)));
	});
}

#[test]
fn challenge_is_withdrawn_when_another_showed_the_same_first() {
	node(|node| {
		let id = cheating();
		node.engine.sees(id, &left_out(0));
		node.run();
		commit(9, Target::Claim(id), &left_out(0)).unwrap();
		node.include();
		reveal(9, Target::Claim(id), &left_out(0)).unwrap();
		node.run();
		assert!(matches!(&node.sent()[..], [Call::withdraw_challenge { .. }]));
		node.include();
		node.engine.claims.lock().unwrap().clear();
		node.run();
		assert_eq!(node.engine.deeds(), [Deed::Committed, Deed::Withdrawn]);
		assert_eq!(node.held(), 0);
		assert!(node.sent().is_empty() && node.memory().found.is_empty());
	});
}

#[test]
fn challenge_is_withdrawn_when_an_audit_replaced_the_claim_or_took_all_its_credits() {
	let revise: [fn(RequestId); 2] = [
		|id| Attribution::replace(id, claim(&[], &[0, 1])).unwrap(),
		|id| Attribution::discredit(id).unwrap(),
	];
	for revise in revise {
		node(|node| {
			let id = cheating();
			node.engine.sees(id, &left_out(0));
			node.run();
			node.include();
			revise(id);
			node.run();
			assert!(matches!(&node.sent()[..], [Call::withdraw_challenge { .. }]));
			node.include();
			node.run();
			assert_eq!(node.engine.deeds(), [Deed::Committed, Deed::Withdrawn]);
			assert_eq!(node.held(), 0);
		});
	}
}

#[test]
fn claim_that_credits_nobody_is_looked_at_once_and_left_alone() {
	node(|node| {
		let id = cheating();
		Attribution::discredit(id).unwrap();
		node.engine.sees(id, &left_out(0));
		for looks in [1, 0] {
			node.run();
			let asked = node.engine.asked();
			let looked = asked.iter().filter(|watched| watched.claim.is_some()).count();
			assert_eq!((looked, node.sent().len(), node.memory().found.len()), (looks, 0, 0));
		}
	});
}

#[test]
fn what_another_has_shown_already_is_not_committed_to() {
	node(|node| {
		let id = cheating();
		challenge(9, Target::Claim(id), &left_out(0));
		// Told of what it looked at before.
		node.engine.sees(id, &left_out(0));
		node.run();
		assert!(node.sent().is_empty());
		assert!(node.memory().found.is_empty());
	});
}

#[test]
fn challenge_that_another_opened_just_before_costs_no_deposit() {
	node(|node| {
		let id = cheating();
		commit(9, Target::Claim(id), &left_out(0)).unwrap();
		go_to(System::block_number() + 1);
		node.engine.sees(id, &left_out(0));
		node.run();
		node.include();
		node.run();
		assert!(matches!(&node.sent()[..], [Call::open_challenge { .. }]));
		// In the same block, and before it.
		reveal(9, Target::Claim(id), &left_out(0)).unwrap();
		node.include_refused();
		assert_eq!(node.held(), DEPOSIT);
		node.engine.claims.lock().unwrap().clear();
		// It is in a block, if refused there: nothing has to wait for it.
		node.run();
		assert!(matches!(&node.sent()[..], [Call::withdraw_challenge { .. }]));
		node.include();
		node.run();
		assert_eq!(node.engine.deeds(), [Deed::Committed, Deed::Withdrawn]);
		assert_eq!(node.held(), 0);
	});
}

#[test]
fn challenge_committed_in_the_last_block_of_the_window_is_opened_in_the_grace() {
	node(|node| {
		let id = cheating();
		go_to(9);
		node.engine.sees(id, &left_out(0));
		node.run();
		node.include();
		assert_eq!(Challenges::<Test>::iter_values().next().unwrap().at, 10);
		go_to(14);
		node.run();
		assert!(matches!(&node.sent()[..], [Call::open_challenge { .. }]));
		node.include();
		assert_eq!(paid(id), [0, 1]);
	});
}

#[test]
fn challenge_that_no_block_of_the_grace_can_open_any_more_is_withdrawn() {
	node(|node| {
		let id = cheating();
		node.engine.sees(id, &left_out(0));
		node.run();
		node.include();
		go_to(15);
		node.run();
		assert!(matches!(&node.sent()[..], [Call::withdraw_challenge { .. }]));
		node.include();
		assert_eq!((node.held(), paid(id)), (0, vec![1, 2]));
	});
}

#[test]
fn nothing_is_committed_once_the_window_is_over() {
	node(|node| {
		let id = cheating();
		node.engine.sees(id, &left_out(0));
		node.refuses.store(true, Ordering::Relaxed);
		go_to(9);
		node.run();
		assert_eq!((node.memory().found.len(), node.sent().len()), (1, 0));
		node.refuses.store(false, Ordering::Relaxed);
		// What is sent now is in block 11 at the earliest.
		go_to(10);
		node.run();
		assert!(node.memory().found.is_empty() && node.sent().is_empty());
	});
}

#[test]
fn nothing_is_sent_that_the_deposit_is_missing_for() {
	node_with(DEPOSIT, |node| {
		let id = cheating();
		node.engine.sees(id, &left_out(0));
		node.run();
		assert!(node.sent().is_empty());
		Balances::transfer_allow_death(signed(12), node.watcher.clone(), DEPOSIT).unwrap();
		node.run();
		assert_eq!(node.sent().len(), 1);
	});
}

#[test]
fn transaction_that_the_pool_refused_or_lost_is_sent_again() {
	node(|node| {
		let id = cheating();
		node.engine.sees(id, &left_out(0));
		node.refuses.store(true, Ordering::Relaxed);
		node.run();
		assert!(node.sent().is_empty() && node.memory().in_flight.is_empty());
		node.refuses.store(false, Ordering::Relaxed);
		node.run();
		assert_eq!(node.memory().in_flight, [(Target::Claim(id), Step::Commit, 5)]);
		node.pool.write().transactions.clear();
		go_to(4);
		node.run();
		assert!(node.sent().is_empty());
		go_to(5);
		node.run();
		assert_eq!(node.sent().len(), 1);
	});
}

#[test]
fn commitment_that_a_reorganisation_took_back_is_sent_again() {
	node(|node| {
		let id = cheating();
		node.engine.sees(id, &left_out(0));
		node.run();
		node.include();
		node.refuses.store(true, Ordering::Relaxed);
		node.run();
		assert!(node.memory().found[0].committed);
		// Another branch, in which it never was.
		Attribution::withdraw_challenge(
			RuntimeOrigin::signed(node.watcher.clone()),
			Target::Claim(id),
		)
		.unwrap();
		node.refuses.store(false, Ordering::Relaxed);
		node.run();
		assert!(matches!(&node.sent()[..], [Call::commit_challenge { .. }]));
	});
}

#[test]
fn opening_that_a_reorganisation_took_back_is_sent_again() {
	node(|node| {
		let id = cheating();
		node.engine.sees(id, &left_out(0));
		node.run();
		node.include();
		node.run();
		let rolled_back = with_transaction(|| {
			node.include();
			assert_eq!(paid(id), [0, 1]);
			node.run();
			assert!(node.sent().is_empty() && node.memory().found.is_empty());
			TransactionOutcome::Rollback(Ok::<_, DispatchError>(()))
		});
		rolled_back.unwrap();
		// The branch in which it was opened is gone, and the node looks no more.
		assert_eq!(paid(id), [1, 2]);
		node.engine.blind.store(true, Ordering::Relaxed);
		node.run();
		assert!(matches!(&node.sent()[..], [Call::open_challenge { .. }]));
		node.include();
		assert_eq!((paid(id), node.held()), (vec![0, 1], 0));
		// What no re-organisation takes back any more is forgotten.
		node.run();
		let opened = || StorageValueRef::persistent(&opened_key(&node.watcher)).get();
		assert_eq!(opened().unwrap().map(|kept: Opened<AccountId32>| kept.len()), Some(1));
		go_to(System::block_number() + 5);
		node.run();
		assert_eq!(opened().unwrap().map(|kept: Opened<AccountId32>| kept.len()), Some(0));
	});
}

#[test]
fn looks_and_transactions_of_one_run_are_bounded_and_all_have_their_turn() {
	node_with(80 * DEPOSIT, |node| {
		// Sixteen blocks are tried for finality.
		DueEach::set(8);
		let ids: Vec<_> = (0..70).map(|_| cheating()).collect();
		for id in &ids {
			node.engine.claims.lock().unwrap().insert(*id, Sighting::Looking);
		}
		node.run();
		let asked = |asked: Vec<Watched>| -> Vec<RequestId> {
			asked.into_iter().filter_map(|of| of.claim.map(|claim| claim.request)).collect()
		};
		assert_eq!(asked(node.engine.asked()), ids[..64]);
		node.run();
		assert_eq!(asked(node.engine.asked()), [&ids[64..], &ids[..64]].concat());
		for id in &ids {
			node.engine.sees(*id, &left_out(0));
		}
		node.run();
		assert_eq!(node.sent().len(), 64);
		node.include();
		node.run();
		let sent = node.sent();
		let (committed, opened) = sent.split_at(6);
		assert!(committed.iter().all(|call| matches!(call, Call::commit_challenge { .. })));
		assert!(opened.iter().all(|call| matches!(call, Call::open_challenge { .. })));
		assert_eq!(opened.len(), 58);
		node.include();
		node.run();
		assert_eq!(node.sent().len(), 12);
		node.include();
		assert_eq!(Challenges::<Test>::iter().count(), 0);
		assert!(ids.iter().all(|id| paid(*id) == [0, 1]));
	});
}

#[test]
fn claims_that_can_not_be_looked_at_hold_up_no_new_ones() {
	node(|node| {
		DueEach::set(32);
		let withheld = Sighting::Failed(Failure::MissingContent(Default::default()));
		for _ in 0..64 {
			let id = answered(RECORDS, claim(&[], &[0, 1])).unwrap();
			node.engine.claims.lock().unwrap().insert(id, withheld.clone());
		}
		node.run();
		let new: Vec<_> = (0..8).map(|_| cheating()).collect();
		new.iter().for_each(|id| node.engine.sees(*id, &left_out(0)));
		node.run();
		assert_eq!(node.sent().len(), new.len());
	});
}

/// As many claims as an operator can show in a block, each of which leaves out the best record. The engine is done
/// with `each` more of them every block. Returns the block by which the last was committed to.
fn watched_until_all_are_committed(node: &Node, each: usize) -> u64 {
	let ids: Vec<_> = (0..32).map(|_| cheating()).collect();
	for id in &ids {
		node.engine.claims.lock().unwrap().insert(*id, Sighting::Looking);
	}
	let ends = Claims::<Test>::get(ids[0]).unwrap().final_at;
	let mut looked = ids.chunks(each);
	let mut last = 0;
	while System::block_number() < ends.into() {
		node.run();
		for id in looked.next().unwrap_or_default() {
			node.engine.sees(*id, &left_out(0));
		}
		node.include();
		let committed = Challenges::<Test>::iter().map(|(_, _, challenge)| challenge.at.into());
		last = committed.fold(last, u64::max);
		for id in &ids {
			if paid(*id) == [0, 1] {
				node.engine.claims.lock().unwrap().remove(id);
			}
		}
	}
	assert_eq!(node.engine.deeds().iter().filter(|deed| **deed == Deed::Committed).count(), 32);
	while Challenges::<Test>::iter().next().is_some() {
		node.run();
		node.include();
	}
	assert!(ids.iter().all(|id| paid(*id) == [0, 1]));
	last
}

#[test]
fn one_watcher_commits_to_all_that_a_block_of_claims_leaves_out_before_its_windows_end() {
	node_with(40 * DEPOSIT, |node| {
		assert_eq!(watched_until_all_are_committed(&node, 32), 3);
	});
}

#[test]
fn what_is_found_late_is_committed_to_while_what_was_found_early_is_opened() {
	node_with(40 * DEPOSIT, |node| {
		assert_eq!(watched_until_all_are_committed(&node, 4), 10);
	});
}

#[test]
fn deposits_go_to_the_challenges_that_end_first_and_have_most_at_stake() {
	node_with(2 * DEPOSIT + ED, |node| {
		let late = ask(RECORDS);
		let small = ask(RECORDS);
		let usage = Usage { prompt: 20, output: 48 };
		let text = b"It scatters.".to_vec().try_into().unwrap();
		let made = Box::new(claim(&[], &[1, 2]));
		Inference::answer(signed(21), small, text, usage, made).unwrap();
		let [large, other] = [cheating(), cheating()];
		go_to(3);
		answer(late, claim(&[], &[1, 2])).unwrap();
		for id in [late, small, large, other] {
			node.engine.sees(id, &left_out(0));
		}
		node.run();
		let targets = node.sent().into_iter().map(|call| match call {
			Call::commit_challenge { target: Target::Claim(request), .. } => request,
			other => panic!("{other:?}"),
		});
		// The block's state has room for any two of them, and no third is sent to be refused.
		assert_eq!(targets.collect::<Vec<_>>(), [large, other]);
		node.include();
	});
}

#[test]
fn indexes_that_are_withheld_hold_up_no_others() {
	node(|node| {
		Versions::set(8);
		let withheld = Sighting::Failed(Failure::MissingContent(Default::default()));
		for model in 1..=5 {
			node.engine.indexes.lock().unwrap().insert(model, withheld.clone());
		}
		node.run();
		let asked = || -> Vec<ModelId> {
			node.engine.asked().into_iter().map(|watched| watched.model).collect()
		};
		assert_eq!(asked(), [1, 2, 3, 4]);
		node.run();
		assert_eq!(asked(), [5, 6, 7, 1], "the clean ones have their turn");
		node.run();
		assert_eq!(asked(), [2, 3, 4, 5]);
	});
}

#[test]
fn demanded_leaf_is_shown_for_half_of_the_deposit_once_it_is_to_be_had() {
	node(|node| {
		for position in [5, 2] {
			Attribution::demand_position(signed(9), RECORDS, position).unwrap();
		}
		node.run();
		assert!(node.sent().is_empty(), "the index is missing");
		node.engine.shows.store(true, Ordering::Relaxed);
		let before = Balances::free_balance(&node.watcher);
		node.run();
		assert!(matches!(
			&node.sent()[..],
			[Call::answer_demand { .. }, Call::answer_demand { .. }]
		));
		node.run();
		assert_eq!(node.sent().len(), 2, "they are under way");
		node.include();
		assert_eq!(Balances::free_balance(&node.watcher), before + 2 * (DEMAND / 2));
		node.run();
		assert_eq!(node.engine.deeds(), [Deed::Shown, Deed::Shown]);
		assert!(node.sent().is_empty());
		// What it is too late for is left alone.
		Attribution::demand_position(signed(9), RECORDS, 3).unwrap();
		go_to(System::block_number() + 19);
		node.run();
		assert!(node.sent().is_empty());
	});
}

/// Makes the node an operator's that serves a version.
fn serves(node: &Node) {
	let endpoint = b"http://127.0.0.1:1".to_vec().try_into().unwrap();
	Inference::register_operator(signed(12), node.watcher.clone(), BOND, endpoint, 32).unwrap();
	Inference::serve(signed(12), vec![RECORDS].try_into().unwrap()).unwrap();
}

#[test]
fn operators_show_what_is_demanded_in_their_turn_and_challenge_nothing() {
	node_of(&[OPERATOR_KEY_TYPE], 10 * DEPOSIT, |node| {
		serves(&node);
		let id = cheating();
		node.engine.sees(id, &left_out(0));
		node.engine.shows.store(true, Ordering::Relaxed);
		let window = 20;
		for position in [5, 2] {
			Attribution::demand_position(signed(9), RECORDS, position).unwrap();
		}
		let until = System::block_number() + window;
		let before = Balances::free_balance(&node.watcher);
		let mut turns = Vec::new();
		while System::block_number() < until {
			node.run();
			if !node.sent().is_empty() {
				assert!(matches!(&node.sent()[..], [Call::answer_demand { .. }]));
				turns.push(until - System::block_number());
			}
			node.include();
		}
		assert_eq!(Balances::free_balance(&node.watcher), before + 2 * (DEMAND / 2));
		assert_eq!(node.engine.deeds(), [Deed::Shown, Deed::Shown]);
		// Watchers come first, there is time to try again, and it is not for all positions the same block.
		let [first, second] = turns[..] else { panic!("{turns:?}") };
		assert!(first <= window - window / 4 && first > second, "{turns:?}");
		assert!(second > window / 4, "{turns:?}");
		assert!(node.engine.asked().iter().all(|watched| watched.show.is_some()));
		assert_eq!(paid(id), [1, 2]);
	});
}

#[test]
fn operators_show_nothing_of_versions_that_they_do_not_serve() {
	node_of(&[OPERATOR_KEY_TYPE], 10 * DEPOSIT, |node| {
		node.engine.shows.store(true, Ordering::Relaxed);
		Attribution::demand_position(signed(9), RECORDS, 5).unwrap();
		for _ in 0..19 {
			node.run();
			node.include();
		}
		assert!(node.engine.asked().is_empty());
	});
}

#[test]
fn operators_wait_for_what_else_their_agents_have_sent() {
	node_of(&[OPERATOR_KEY_TYPE], 10 * DEPOSIT, |node| {
		serves(&node);
		node.engine.shows.store(true, Ordering::Relaxed);
		Attribution::demand_position(signed(9), RECORDS, 5).unwrap();
		go_to(System::block_number() + 16);
		let now = System::block_number();
		let nonce = System::account_nonce(&node.watcher);
		pending::note(&node.watcher, nonce + 1, (now + 2).try_into().unwrap());
		node.run();
		assert!(node.sent().is_empty(), "it has the same nonce");
		System::inc_account_nonce(&node.watcher);
		node.run();
		assert!(matches!(&node.sent()[..], [Call::answer_demand { .. }]));
		node.pool.write().transactions.clear();
		node.forget();
		let nonce = System::account_nonce(&node.watcher);
		pending::note(&node.watcher, nonce + 1, (now + 2).try_into().unwrap());
		go_to(now + 2);
		node.run();
		assert!(matches!(&node.sent()[..], [Call::answer_demand { .. }]), "it was lost");
	});
}

#[test]
fn operators_that_can_not_pay_do_not_try_in_every_block() {
	node_of(&[OPERATOR_KEY_TYPE], 10 * DEPOSIT, |node| {
		serves(&node);
		node.engine.shows.store(true, Ordering::Relaxed);
		Attribution::demand_position(signed(9), RECORDS, 5).unwrap();
		go_to(System::block_number() + 13);
		node.refuses.store(true, Ordering::Relaxed);
		node.run();
		node.refuses.store(false, Ordering::Relaxed);
		go_to(System::block_number() + 1);
		node.run();
		assert!(node.sent().is_empty());
		go_to(System::block_number() + 3);
		node.run();
		assert!(matches!(&node.sent()[..], [Call::answer_demand { .. }]));
	});
}

#[test]
fn nothing_is_shown_twice_where_a_node_has_both_keys() {
	node_of(&[OPERATOR_KEY_TYPE, WATCHER_KEY_TYPE], 10 * DEPOSIT, |node| {
		serves(&node);
		node.engine.shows.store(true, Ordering::Relaxed);
		Attribution::demand_position(signed(9), RECORDS, 5).unwrap();
		node.run();
		assert!(matches!(&node.sent()[..], [Call::answer_demand { .. }]));
		node.include();
		node.run();
		assert!(node.sent().is_empty());
	});
}
