//! What is dropped, and what later proofs still find.

use super::world::*;
use crate::StoreError;
use openledger_primitives_receipts::batch;

fn prune(world: &World, most: u32) -> u32 {
	world.store.prune(most).unwrap().wait().unwrap()
}

#[test]
fn only_settled_receipts_of_final_batches_are_dropped_up_to_a_number() {
	let mut world = World::with_paid(6);
	assert_eq!(prune(&world, 9), 0);
	let mut chain = Chain::default();
	let first = world.commit(&mut chain);
	for number in 6..9 {
		let voucher = world.exchange(number);
		world.store.accept(voucher).unwrap().wait().unwrap();
	}
	let second = world.commit(&mut chain);
	assert_eq!(prune(&world, 9), 0);
	// The later batch is final first: its receipts are behind those of the earlier one.
	world.store.finalised(second).unwrap().wait().unwrap();
	assert_eq!(prune(&world, 9), 0);
	world.store.finalised(first).unwrap().wait().unwrap();
	assert_eq!(prune(&world, 4), 4);
	assert!(matches!(world.store.contents(SESSION, 3), Err(StoreError::Pruned { kept: 4, .. })));
	world.store.contents(SESSION, 4).unwrap();
	let world = world.restart();
	assert_eq!(prune(&world, 9), 5);
	assert_eq!(prune(&world, 9), 0);
	assert!(matches!(world.store.receipts(SESSION, 8, 9), Err(StoreError::Pruned { kept: 9, .. })));
	assert!(world.store.receipts(SESSION, 9, 9).unwrap().is_empty());
}

#[test]
fn later_receipts_are_proved_after_any_number_was_dropped() {
	for dropped in 1..14 {
		let mut world = World::with_paid(dropped);
		let mut chain = Chain::default();
		let first = world.commit(&mut chain);
		world.store.finalised(first).unwrap().wait().unwrap();
		// In two steps, so that the second begins where the first ended.
		assert_eq!(prune(&world, dropped / 2) + prune(&world, 99), dropped);
		world = world.restart();
		for number in dropped..dropped + 6 {
			let voucher = world.exchange(number);
			world.store.accept(voucher).unwrap().wait().unwrap();
		}
		let second = world.commit(&mut chain);
		let lines = &chain.batches[&second];
		for unit in 0..batch::total(lines).unwrap() {
			let revealed = world.store.reveal(second, unit).unwrap();
			let units = batch::interval(lines, &revealed.signed.receipt, &revealed.proof);
			assert!(units.unwrap().contains(&unit));
		}
		let nodes = world.store.count_nodes(SESSION);
		let most = 2 * 6 + dropped.ilog2() + 3;
		assert!(nodes <= most as usize, "{nodes} nodes after {dropped} dropped");
	}
}

#[test]
fn ended_session_goes_with_all_that_was_never_paid() {
	let mut world = World::with_paid(3);
	let mut chain = Chain::default();
	let id = world.commit(&mut chain);
	world.exchange(3);
	world.store.end(SESSION).unwrap().wait().unwrap();
	assert_eq!(prune(&world, 99), 0, "an open batch needs all of its receipts and those behind");
	world.store.finalised(id).unwrap().wait().unwrap();
	assert_eq!(prune(&world, 3), 3);
	let world = world.restart();
	assert_eq!(world.store.sessions(), [SESSION]);
	assert_eq!(prune(&world, 3), 1);
	assert!(world.store.sessions().is_empty());
	assert_eq!(world.store.count_nodes(SESSION), 0);
	assert!(matches!(world.store.unpaid(SESSION), Err(StoreError::NoSession(SESSION))));
	world.restart();
}
