//! Getting in step again, after one side missed what the other did.

use super::world::*;
use crate::{
	StoreError,
	protocol::{Again, Asking},
	purse::PurseError,
	store::Kept,
};

/// Receipts that were given and never came.
fn lose(world: &mut World, numbers: std::ops::Range<u32>) -> Vec<Asking> {
	numbers
		.map(|number| {
			let asking = world.ask(number);
			answer(&world.store, &asking, number).unwrap();
			asking
		})
		.collect()
}

#[test]
fn payer_gets_and_pays_the_answers_that_it_missed() {
	let mut world = World::with_paid(2);
	let asked = lose(&mut world, 2..7);
	let mut world = world.restart();
	let caught = get_in_step(&world.store, &mut world.purse);
	let answers: Vec<_> = caught.iter().flat_map(|caught| &caught.answers).collect();
	assert_eq!(answers.len(), 5);
	for ((answer, asking), number) in answers.iter().zip(&asked).zip(2..) {
		assert_eq!((answer.salt, answer.position), (asking.salt, number));
		assert_eq!(answer.answered.as_bytes(), text(number));
	}
	assert_eq!(world.purse.status().asked, 0);
	let voucher = caught.last().unwrap().voucher.clone().unwrap();
	assert!(world.store.accept(voucher).unwrap().wait().unwrap().advanced);
	assert_eq!(world.store.unpaid(SESSION).unwrap().receipts, 0);
	let world = world.restart();
	assert_eq!(world.store.owed().unwrap()[&MODEL], world.purse.status().spent);
}

#[test]
fn later_answer_waits_for_the_one_that_was_missed() {
	let mut world = World::new();
	lose(&mut world, 0..1);
	let asking = world.ask(1);
	let signed = answer(&world.store, &asking, 1).unwrap();
	let ahead = world.purse.check(&given(signed, 1), &text(1));
	assert!(matches!(ahead, Err(PurseError::Missing { position: 1, next: 0 })));
	get_in_step(&world.store, &mut world.purse);
	assert_eq!(world.purse.status().receipts, 2);
}

#[test]
fn request_that_was_never_answered_is_let_go() {
	let mut world = World::with_paid(1);
	let asking = world.ask(1);
	assert!(get_in_step(&world.store, &mut world.purse).is_empty());
	assert_eq!(world.purse.asked().collect::<Vec<_>>(), [asking.salt]);
	world.purse.abandon(&asking.salt).unwrap();
	let mut world = world.restart();
	assert_eq!(world.purse.status().asked, 0);
	world.exchange(2);
}

#[test]
fn receipts_for_what_was_not_asked_are_not_paid_though_those_before_are() {
	let mut world = World::with_paid(1);
	lose(&mut world, 1..3);
	// Whoever has the access asks for more; the payer's purse does not know of it.
	let admission = world.store.admit(SESSION, [9; 32], question(3), 1_000).unwrap();
	world.store.issue(admission, answered(3)).unwrap().wait().unwrap();
	let caught = get_in_step(&world.store, &mut world.purse);
	let last = caught.last().unwrap();
	assert!(matches!(last.refused, Some(PurseError::NotAsked)));
	assert_eq!(world.purse.status().receipts, 3);
	assert_eq!(last.voucher.as_ref().unwrap().voucher.count, 3);
}

#[test]
fn resent_answer_that_was_changed_is_refused() {
	let mut world = World::new();
	lose(&mut world, 0..1);
	let kept = world.store.receipts(SESSION, 0, 1).unwrap();
	let mut again = Again::try_from(kept[0].clone()).unwrap();
	again.answered.push('!');
	let caught = world.purse.catch_up(vec![again]).unwrap();
	assert!(matches!(caught.refused, Some(PurseError::OtherAnswer)));
	assert_eq!((world.purse.status().receipts, caught.voucher), (0, None));
}

#[test]
fn old_copy_of_the_store_is_found_out() {
	let mut world = World::with_paid(2);
	let path = world.path();
	let copy = world.folder.path().join("copy");
	drop(world.store);
	std::fs::copy(&path, &copy).unwrap();
	world.store = open(&path).unwrap();
	let voucher = world.exchange(2);
	drop(world.store);
	std::fs::copy(&copy, &path).unwrap();
	let store = open(&path).unwrap();
	let refused = store.accept(voucher.clone());
	assert!(matches!(refused, Err(StoreError::Ahead { count: 3, held: 2, .. })));
	let refused = store.receipts(SESSION, 3, 9);
	assert!(matches!(refused, Err(StoreError::Ahead { count: 3, held: 2, .. })));
	// Another answer in the place of the one that was lost: neither side takes the other's.
	let asking = world.purse.ask(&question(3), MOST).unwrap();
	let admission = store.admit(SESSION, asking.salt, question(3), asking.most).unwrap();
	let signed = store.issue(admission, answered(3)).unwrap().wait().unwrap();
	let paid = world.purse.check(&given(signed, 3), &text(3));
	assert!(matches!(paid, Err(PurseError::Paid { position: 2 })));
	assert!(matches!(store.accept(voucher), Err(StoreError::ForeignTree { .. })));
	// What was paid before the copy is still due.
	assert_eq!(store.due(MODEL, 9).unwrap()[0].voucher.count, 2);
}

#[test]
fn receipts_come_in_parts() {
	let mut world = World::new();
	lose(&mut world, 0..5);
	let part = |after, most| -> Vec<u32> {
		let kept: Vec<Kept> = world.store.receipts(SESSION, after, most).unwrap();
		kept.into_iter().map(|kept| kept.signed.receipt.position).collect()
	};
	assert_eq!(part(0, 2), [0, 1]);
	assert_eq!(part(3, 9), [3, 4]);
	assert!(part(5, 9).is_empty());
}
