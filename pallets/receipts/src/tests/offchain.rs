mod settle;

use crate::{
	Batches, Call, Due, Lines, Stage,
	mock::*,
	offchain::{Memory, memory_key},
};
use codec::Decode;
use frame_support::traits::Hooks;
use openledger_primitives_core::{BatchId, Hash, ModelId};
use openledger_primitives_inference::{
	Command, Failure, Message, OPERATOR_KEY_TYPE, Reply, Response,
	host::{Engine, EngineExt},
	pending,
	receipts::{Owed, Shown},
};
use openledger_primitives_receipts::{
	Line, Receipt, SignedVoucher, SumNode, batch, prove::prove_slice,
};
use sp_core::{
	crypto::AccountId32,
	offchain::{
		OffchainDbExt, OffchainWorkerExt, TransactionPool, TransactionPoolExt,
		testing::{TestOffchainExt, TestTransactionPoolExt},
	},
};
use sp_keystore::{Keystore, KeystoreExt, testing::MemoryKeystore};
use std::{
	collections::BTreeMap,
	sync::{
		Arc, Mutex,
		atomic::{AtomicBool, Ordering},
	},
};

/// An engine with a receipts store, which are the books of the test.
#[derive(Default)]
struct Double {
	books: Mutex<Vec<Book>>,
	vouchers: Mutex<Vec<(ModelId, SignedVoucher)>>,
	lines: Mutex<BTreeMap<BatchId, Vec<Line>>>,
	/// Whether it does not see the chain's batches as final yet.
	behind: AtomicBool,
	/// Whether it has the claims of receipts with even positions wrong.
	spoils_even: AtomicBool,
	/// The batches that it was told of.
	told: Mutex<Vec<BatchId>>,
	finalised: Mutex<Vec<BatchId>>,
	/// The room that it was told.
	room: Mutex<u128>,
}

impl Double {
	/// As the store does: the receipt in which a unit of a batch lies, under its line's voucher.
	fn show(&self, id: BatchId, unit: u128) -> Option<Shown> {
		let lines = self.lines.lock().unwrap();
		let (line, own) = batch::find(lines.get(&id)?, unit)?;
		let books = self.books.lock().unwrap();
		let book = books.iter().find(|book| book.session == line.session)?;
		let receipts = &book.receipts[..line.count as usize];
		let mut before = 0;
		let receipt = receipts.iter().find(|receipt| {
			before += receipt.fee;
			own < before
		})?;
		let leaves: Vec<SumNode> = receipts.iter().map(Receipt::leaf).collect();
		let mut claim = claim(book.credits(receipt.position));
		if self.spoils_even.load(Ordering::Relaxed) && receipt.position % 2 == 0 {
			claim.gain += 1;
		}
		let proof = prove_slice(&leaves, receipt.position)?;
		Some(Shown { receipt: receipt.clone(), proof, claim })
	}

	fn owed(&self, most: u32) -> Vec<Owed> {
		let mut owed = BTreeMap::<ModelId, Vec<SignedVoucher>>::new();
		for (model, signed) in self.vouchers.lock().unwrap().iter() {
			owed.entry(*model).or_default().push(signed.clone());
		}
		owed.values_mut().for_each(|vouchers| vouchers.truncate(most as usize));
		owed.into_iter().map(|(model, vouchers)| Owed { model, vouchers }).collect()
	}
}

impl Engine for Double {
	fn exchange(&self, message: Message) -> Reply {
		let Message::V3(command) = message;
		Reply::V3(match command {
			Command::Owed(most) => Response::Owed(self.owed(most)),
			Command::Committed(_) if self.behind.load(Ordering::Relaxed) => {
				Response::Failed(Failure::NotFinal)
			}
			Command::Committed(id) => {
				self.told.lock().unwrap().push(id);
				Response::Noted
			}
			Command::Room(agent, room) => {
				assert_eq!(agent, account(AGENT));
				*self.room.lock().unwrap() = room;
				Response::Noted
			}
			Command::Show(id, unit) => match self.show(id, unit) {
				Some(shown) => Response::Shown(shown),
				None => Response::Failed(Failure::Unknown),
			},
			Command::Finalise(id) => {
				self.finalised.lock().unwrap().push(id);
				Response::Noted
			}
			_ => Response::Failed(Failure::Unsupported),
		})
	}
}

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
	pool: Arc<parking_lot::RwLock<sp_core::offchain::testing::PoolState>>,
	refuses: Arc<AtomicBool>,
	included: usize,
}

/// The operator's node, with its agent's key.
fn node(test: impl FnOnce(Node)) {
	let (offchain, _) = TestOffchainExt::new();
	let (pool, state) = TestTransactionPoolExt::new();
	let keystore = MemoryKeystore::new();
	let seed = format!("0x{}", format!("{AGENT:02x}").repeat(32));
	keystore.sr25519_generate_new(OPERATOR_KEY_TYPE, Some(&seed)).unwrap();
	let (engine, refuses) = (Arc::new(Double::default()), Arc::new(AtomicBool::new(false)));
	let mut ext = start(4, 25);
	ext.register_extension(OffchainDbExt::new(offchain.clone()));
	ext.register_extension(OffchainWorkerExt::new(offchain));
	ext.register_extension(TransactionPoolExt::new(Moody { pool, refuses: refuses.clone() }));
	ext.register_extension(KeystoreExt::new(keystore));
	ext.register_extension(EngineExt::new(engine.clone()));
	ext.execute_with(|| {
		test(Node { engine, pool: state, refuses, included: 0 });
		check();
	});
}

impl Node {
	fn run(&self) {
		let lines = Lines::<Test>::iter().map(|(id, lines)| (id, lines.into_inner())).collect();
		*self.engine.lines.lock().unwrap() = lines;
		Receipts::offchain_worker(System::block_number());
	}

	/// Runs `blocks` blocks on.
	fn after(&self, blocks: u64) {
		skip(blocks);
		self.run();
	}

	/// What was sent and is not included.
	fn sent(&self) -> Vec<RuntimeCall> {
		let pool = self.pool.read();
		let decoded = |bytes: &Vec<u8>| Extrinsic::decode(&mut &bytes[..]).unwrap().function;
		pool.transactions[self.included..].iter().map(decoded).collect()
	}

	/// Includes in a block all that was sent, of which the chain refuses nothing. How much that was.
	fn include(&mut self) -> usize {
		let calls = self.sent();
		let count = calls.len();
		for call in calls {
			dispatch(call, AGENT).unwrap();
		}
		self.included += count;
		skip(1);
		count
	}

	fn keep(&self, books: &[&Book]) {
		*self.engine.books.lock().unwrap() = books.iter().map(|book| (*book).clone()).collect();
		*self.engine.vouchers.lock().unwrap() =
			books.iter().map(|book| (book.model, book.signed())).collect();
	}

	fn memory(&self) -> Memory {
		let agent: AccountId32 = account(AGENT);
		let key = memory_key(&agent);
		let store = sp_runtime::offchain::storage::StorageValueRef::persistent(&key);
		store.get().unwrap().unwrap_or_default()
	}
}

/// Two sessions with ten answers each.
fn answered() -> (Book, Book) {
	let (mut one, mut two) = (session(3, 9_000), session(4, 9_000));
	for at in 0..10 {
		one.answer(at % 4, 13);
		two.answer(at % 4, 29);
	}
	(one, two)
}

/// A batch of both books that the node sent and a block included.
fn committed(node: &mut Node, books: &[&Book]) -> BatchId {
	let id = crate::NextBatch::<Test>::get();
	node.keep(books);
	node.run();
	node.after(20);
	assert_eq!(node.include(), 1);
	assert!(Batches::<Test>::contains_key(id));
	id
}

#[test]
fn node_commits_shows_and_prunes_without_a_person() {
	node(|mut node| {
		let (one, two) = answered();
		let id = committed(&mut node, &[&one, &two]);
		node.run();
		assert!(node.sent().is_empty(), "nothing is drawn");
		spin(Hash::repeat_byte(5));
		node.run();
		let [RuntimeCall::Receipts(Call::reveal { shown, .. })] = &node.sent()[..] else {
			panic!("one transaction shows what fits in one")
		};
		assert!(shown.len() > 1, "one unit of 420 decided everything");
		let (_, until) = node.memory().in_flight[0];
		let (next, now) = (System::account_nonce(&account(AGENT)), until - 1);
		assert!(
			pending::waits(&account(AGENT), next - 1, now),
			"others that sign with the key see it"
		);
		assert!(
			!pending::waits(&account(AGENT), next, now)
				&& !pending::waits(&account(AGENT), next - 1, until)
		);
		node.run();
		assert_eq!(node.sent().len(), 1, "what is under way is not sent again");
		node.include();
		let stages = Batches::<Test>::get(id).unwrap().stages;
		assert!(stages.iter().all(|stage| matches!(stage, Stage::Open | Stage::Joined(_))));
		node.after(20);
		assert!(Batches::<Test>::get(id).unwrap().concluded);
		assert!(node.sent().is_empty(), "whoever wants to see it still can");
		node.after(20);
		assert!(matches!(
			node.sent()[..],
			[RuntimeCall::Receipts(Call::prune_batch { batch })] if batch == id
		));
		assert_eq!(*node.engine.finalised.lock().unwrap(), [id]);
		node.include();
		node.run();
		assert_eq!((node.memory().batches, node.memory().in_flight), (vec![], vec![]));
		assert_eq!(held(OPERATOR), 0);
	});
}

#[test]
fn nothing_is_shown_before_the_store_has_the_batch() {
	node(|mut node| {
		let (one, two) = answered();
		committed(&mut node, &[&one, &two]);
		spin(Hash::repeat_byte(5));
		node.engine.behind.store(true, Ordering::Relaxed);
		node.run();
		assert!(node.sent().is_empty());
		node.engine.behind.store(false, Ordering::Relaxed);
		node.run();
		assert!(!node.sent().is_empty());
	});
}

#[test]
fn large_batch_is_shown_over_several_blocks() {
	node(|mut node| {
		Draws::set(60);
		let mut book = session(3, 90_000);
		for at in 0..400 {
			book.answer(at % 4, 50);
		}
		let id = committed(&mut node, &[&book]);
		spin(Hash::repeat_byte(5));
		let mut blocks = 0;
		loop {
			node.run();
			let count = node.include();
			assert!(count <= 4);
			if count == 0 {
				break;
			}
			blocks += 1;
		}
		assert!(blocks > 1);
		assert!(!Batches::<Test>::get(id).unwrap().stages.contains(&Stage::Pending));
	});
}

#[test]
fn batch_that_became_anothers_is_let_go() {
	node(|mut node| {
		let (one, two) = answered();
		let id = committed(&mut node, &[&one, &two]);
		node.run();
		assert_eq!(node.memory().batches, [id]);
		let mut batch = Batches::<Test>::get(id).unwrap();
		batch.operator = account(RIVAL);
		Batches::<Test>::insert(id, &batch);
		node.run();
		assert!(node.memory().batches.is_empty());
		batch.operator = account(OPERATOR);
		Batches::<Test>::insert(id, batch);
	});
}

#[test]
fn receipts_that_the_runtime_would_refuse_keep_no_others_from_being_shown() {
	node(|mut node| {
		Draws::set(16);
		let mut book = session(3, 90_000);
		for at in 0..8 {
			book.answer(at % 4, 100);
		}
		let id = committed(&mut node, &[&book]);
		spin(Hash::repeat_byte(5));
		node.engine.spoils_even.store(true, Ordering::Relaxed);
		node.run();
		let [RuntimeCall::Receipts(Call::reveal { shown, .. })] = &node.sent()[..] else {
			panic!("the others are shown")
		};
		assert!(shown.iter().all(|one| one.receipt.position % 2 == 1));
		node.include();
		let stages = Batches::<Test>::get(id).unwrap().stages;
		assert!(stages.contains(&Stage::Open) && stages.contains(&Stage::Pending));
	});
}

#[test]
fn batches_are_told_in_order_where_one_comes_in_below_others() {
	node(|mut node| {
		let (one, two) = answered();
		let first = commit(&[&one]).unwrap();
		let second = commit(&[&two]).unwrap();
		// As on another branch, where the first one is another's.
		let own = Batches::<Test>::get(first).unwrap();
		Batches::<Test>::mutate(first, |batch| batch.as_mut().unwrap().operator = account(RIVAL));
		node.run();
		assert_eq!(node.memory().batches, [second]);
		Batches::<Test>::insert(first, own);
		node.engine.told.lock().unwrap().clear();
		node.run();
		assert_eq!(node.memory().batches, [first, second]);
		assert_eq!(*node.engine.told.lock().unwrap(), [first, second]);
		assert_eq!(node.include(), 0);
	});
}

#[test]
fn batch_that_no_list_has_is_concluded_once_its_time_has_come() {
	node(|mut node| {
		let (one, two) = answered();
		let id = committed(&mut node, &[&one, &two]);
		node.engine.behind.store(true, Ordering::Relaxed);
		spin(Hash::repeat_byte(5));
		node.after(3);
		let shown_by = Batches::<Test>::get(id).unwrap().drawn.unwrap().reveal_by;
		go_to(shown_by.into());
		node.run();
		assert!(node.sent().is_empty(), "its time has not come");
		System::set_block_number(System::block_number() + 1);
		node.run();
		assert!(node.sent().is_empty(), "the chain is about to look at it");
		// As where there was no room.
		Due::<Test>::remove(shown_by + 1);
		node.run();
		assert!(matches!(
			node.sent()[..],
			[RuntimeCall::Receipts(Call::conclude { batch })] if batch == id
		));
		node.run();
		assert_eq!(node.include(), 1);
		assert!(Batches::<Test>::get(id).unwrap().concluded);
	});
}

#[test]
fn batch_whose_seed_is_forgotten_is_put_off_where_no_list_has_it() {
	node(|mut node| {
		let (one, two) = answered();
		let id = committed(&mut node, &[&one, &two]);
		let before = Batches::<Test>::get(id).unwrap().round;
		Round::set(before + 2);
		let _ = Due::<Test>::clear(u32::MAX, None);
		node.run();
		assert_eq!(node.include(), 1);
		assert_eq!(Batches::<Test>::get(id).unwrap().round, before + 2);
	});
}
