//! What batches take, and the receipts behind their units.

use super::world::*;
use crate::StoreError;
use codec::Encode;
use openledger_primitives_core::BatchId;
use openledger_primitives_receipts::{Line, batch};

#[test]
fn every_unit_of_a_batch_leads_to_one_new_receipt_and_its_claim() {
	let mut world = World::with_paid(5);
	let mut chain = Chain::default();
	let first = world.commit(&mut chain);
	for number in 5..11 {
		let voucher = world.exchange(number);
		world.store.accept(voucher).unwrap().wait().unwrap();
	}
	let second = world.commit(&mut chain);
	let world = world.restart();
	for (id, positions) in [(first, 0..5), (second, 5..11)] {
		let lines = &chain.batches[&id];
		let total = batch::total(lines).unwrap();
		assert_eq!(world.store.batches()[&id], (MODEL, total));
		let mut found = Vec::new();
		for unit in 0..total {
			let revealed = world.store.reveal(id, unit).unwrap();
			let receipt = &revealed.signed.receipt;
			let units = batch::interval(lines, receipt, &revealed.proof).unwrap();
			assert!(units.contains(&unit));
			assert_eq!(revealed.claim, claim(receipt.position).encode());
			found.push(receipt.position);
		}
		found.dedup();
		assert_eq!(found, positions.collect::<Vec<u32>>());
		let beyond = world.store.reveal(id, total);
		assert!(matches!(beyond, Err(StoreError::NoUnit { .. })));
	}
	assert!(matches!(world.store.reveal(7, 0), Err(StoreError::NoBatch(7))));
}

#[test]
fn what_a_batch_took_is_not_due_again() {
	let mut world = World::with_paid(3);
	let mut chain = Chain::default();
	let id = world.commit(&mut chain);
	assert!(world.store.due(MODEL, 9).unwrap().is_empty());
	assert!(world.store.owed().unwrap().is_empty());
	let voucher = world.exchange(3);
	world.store.accept(voucher.clone()).unwrap().wait().unwrap();
	let world = world.restart();
	assert_eq!(world.store.due(MODEL, 9).unwrap(), [voucher]);
	// The chain's batches are told again after a restart.
	let lines = chain.batches[&id].clone();
	world.store.committed(id, MODEL, lines).unwrap().wait().unwrap();
	world.store.finalised(id).unwrap().wait().unwrap();
	world.store.finalised(id).unwrap().wait().unwrap();
	assert!(world.store.batches().is_empty());
	world.commit(&mut chain);
	assert_eq!(chain.total(), world.purse.status().spent);
}

#[test]
fn batch_settles_a_voucher_that_a_crash_kept_from_the_disk() {
	let mut world = World::new();
	let voucher = world.exchange(0);
	let mut chain = Chain::default();
	let signer = world.purse.signer();
	let (id, lines) = chain.commit(std::slice::from_ref(&voucher), |_| signer.clone()).unwrap();
	world.store.committed(id, MODEL, lines).unwrap().wait().unwrap();
	assert_eq!(world.store.unpaid(SESSION).unwrap().receipts, 0);
	assert!(!world.store.accept(voucher).unwrap().wait().unwrap().advanced);
	assert!(world.store.due(MODEL, 9).unwrap().is_empty());
}

#[test]
fn lines_that_do_not_continue_or_are_of_another_tree_change_nothing() {
	let world = World::with_paid(4);
	let mut chain = Chain::default();
	let due = world.store.due(MODEL, 9).unwrap();
	let (_, lines) = chain.commit(&due, |_| world.purse.signer()).unwrap();
	let line = lines[0];
	let committed = |line| world.store.committed(0, MODEL, vec![line]);
	let gap = committed(Line { first: 1, from: 3, ..line });
	assert!(matches!(gap, Err(StoreError::OutOfOrder { batch: 0, session: SESSION })));
	let foreign: [fn(&mut Line); 3] =
		[|l| l.to += 1, |l| l.root = Default::default(), |l| l.count = 3];
	for change in foreign {
		let mut other = line;
		change(&mut other);
		let refused = committed(other);
		assert!(matches!(refused, Err(StoreError::ForeignTree { .. })), "{other:?}");
	}
	assert!(matches!(committed(Line { session: 8, ..line }), Err(StoreError::NoSession(8))));
	let twice = world.store.committed(0, MODEL, vec![line, line]);
	assert!(matches!(twice, Err(StoreError::OtherBatch(0))));
	assert_eq!(world.store.due(MODEL, 9).unwrap(), due);
	committed(line).unwrap().wait().unwrap();
	let other = world.store.committed(0, MODEL + 1, vec![line]);
	assert!(matches!(other, Err(StoreError::OtherBatch(0))));
}

#[test]
fn batch_is_taken_down_after_ones_that_were_over_before_the_store_heard_of_them() {
	let mut world = World::with_paid(3);
	let mut chain = Chain::default();
	let due = world.store.due(MODEL, 9).unwrap();
	chain.commit(&due, |_| world.purse.signer()).unwrap();
	let voucher = world.exchange(3);
	world.store.accept(voucher.clone()).unwrap().wait().unwrap();
	let signer = world.purse.signer();
	let (id, lines) = chain.commit(&[voucher], |_| signer.clone()).unwrap();
	let [line] = lines[..] else { panic!("{lines:?}") };
	let late = world.store.committed(id, MODEL, lines.clone());
	assert!(matches!(late, Err(StoreError::OutOfOrder { session: SESSION, .. })));
	let wrong = world.store.passed(SESSION, line.first, line.from + 1);
	assert!(matches!(wrong, Err(StoreError::ForeignTree { .. })));
	let beyond = world.store.passed(SESSION, line.count + 1, line.to);
	assert!(matches!(beyond, Err(StoreError::ForeignTree { .. })));
	world.store.passed(SESSION, line.first, line.from).unwrap().wait().unwrap();
	let world = world.restart();
	world.store.passed(SESSION, line.first, line.from).unwrap().wait().unwrap();
	world.store.committed(id, MODEL, lines).unwrap().wait().unwrap();
	assert_eq!(world.store.reveal(id, 0).unwrap().signed.receipt.position, 3);
	assert!(world.store.due(MODEL, 9).unwrap().is_empty());
}

/// A world with two batches of three receipts each, of which the store was told the later one only.
fn told_of_the_later() -> (World, Chain, BatchId) {
	let mut world = World::with_paid(3);
	let mut chain = Chain::default();
	let due = world.store.due(MODEL, 9).unwrap();
	let (first, _) = chain.commit(&due, |_| world.purse.signer()).unwrap();
	for number in 3..6 {
		let voucher = world.exchange(number);
		world.store.accept(voucher).unwrap().wait().unwrap();
	}
	let due = world.store.due(MODEL, 9).unwrap();
	let (second, lines) = chain.commit(&due, |_| world.purse.signer()).unwrap();
	world.store.passed(SESSION, lines[0].first, lines[0].from).unwrap().wait().unwrap();
	world.store.committed(second, MODEL, lines).unwrap().wait().unwrap();
	(world, chain, first)
}

#[test]
fn batch_that_comes_after_a_later_one_is_shown_all_the_same() {
	let (world, chain, first) = told_of_the_later();
	let lines = chain.batches[&first].clone();
	let foreign = Line { root: Default::default(), ..lines[0] };
	let refused = world.store.committed(first, MODEL, vec![foreign]);
	assert!(matches!(refused, Err(StoreError::ForeignTree { .. })));
	let (owed, unpaid) = (world.store.owed().unwrap(), world.store.unpaid(SESSION).unwrap());
	world.store.committed(first, MODEL, lines.clone()).unwrap().wait().unwrap();
	let world = world.restart();
	let total = batch::total(&lines).unwrap();
	assert_eq!(world.store.reveal(first, total - 1).unwrap().signed.receipt.position, 2);
	assert_eq!(world.store.owed().unwrap(), owed);
	assert_eq!(world.store.unpaid(SESSION).unwrap(), unpaid);
}

#[test]
fn batch_that_comes_once_its_receipts_are_dropped_is_refused() {
	let (world, chain, first) = told_of_the_later();
	assert_eq!(world.store.prune(2).unwrap().wait().unwrap(), 2);
	let refused = world.store.committed(first, MODEL, chain.batches[&first].clone());
	assert!(matches!(refused, Err(StoreError::Pruned { session: SESSION, kept: 2 })));
	assert!(!world.store.batches().contains_key(&first));
}

#[test]
fn contents_open_for_verifiers() {
	let mut world = World::new();
	let asking = world.ask(2);
	answer(&world.store, &asking, 2).unwrap();
	let contents = world.store.contents(SESSION, 0).unwrap();
	assert_eq!((contents.salt, contents.asked), (asking.salt, question(2)));
	assert_eq!((contents.answered, contents.claim), (text(2), claim(2).encode()));
	let beyond = world.store.contents(SESSION, 1);
	assert!(matches!(beyond, Err(StoreError::Ahead { held: 1, .. })));
}
