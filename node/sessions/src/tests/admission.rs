//! Requests that are answered and those that are not; what a receipt says.

use super::world::*;
use crate::{Access, StoreError, store::Terms};
use openledger_primitives_core::model::Usage;
use openledger_primitives_receipts::commitment;
use sp_core::{Pair, crypto::AccountId32, sr25519};

#[test]
fn receipt_says_what_was_asked_answered_and_charged() {
	let mut world = World::new();
	let asking = world.ask(4);
	let signed = answer(&world.store, &asking, 4).unwrap();
	assert!(signed.verify(&GENESIS, &agent().public().into()));
	let receipt = signed.receipt;
	assert_eq!((receipt.session, receipt.position, receipt.model), (SESSION, 0, MODEL));
	assert_eq!(receipt.fee, PRICE.fee(usage(4)).unwrap());
	assert_eq!(receipt.input, commitment::input(&asking.salt, &question(4)));
	assert_eq!(receipt.output, commitment::output(&asking.salt, &text(4)));
	let claim = claim(4);
	assert_eq!(receipt.claim, commitment::claim(&claim.sketch, claim.gain, &claim.trace));
}

#[test]
fn receipts_follow_one_another_across_restarts() {
	let mut world = World::new();
	for number in 0..5 {
		assert_eq!(world.exchange(number).voucher.count, number + 1);
		world = world.restart();
	}
	assert_eq!(world.store.unpaid(SESSION).unwrap().receipts, 1);
}

#[test]
fn payer_who_owes_too_much_is_not_served_until_a_voucher_comes() {
	let mut world = World::new();
	let vouchers: Vec<_> = (0..8)
		.map(|number| {
			let asking = world.ask(number);
			// The voucher that comes with a request is held back here.
			let asking = crate::protocol::Asking { voucher: None, ..asking };
			let signed = answer(&world.store, &asking, number).unwrap();
			let checked = world.purse.check(&given(signed, number), &text(number)).unwrap();
			world.purse.pay(checked).unwrap()
		})
		.collect();
	let mut world = world.restart();
	let asking = crate::protocol::Asking { voucher: None, ..world.ask(8) };
	assert!(matches!(
		answer(&world.store, &asking, 8),
		Err(StoreError::Unpaid { receipts: 8, .. })
	));
	world.store.accept(vouchers[0].clone()).unwrap().wait().unwrap();
	answer(&world.store, &asking, 8).unwrap();
}

#[test]
fn answers_under_way_count_as_unpaid_until_they_end() {
	let world = World::new();
	let admit = |salt: u8, most| world.store.admit(SESSION, [salt; 32], vec![1], most);
	let first = admit(1, 6_000).unwrap();
	assert!(matches!(admit(2, 4_001), Err(StoreError::Unpaid { receipts: 1, amount: 10_001 })));
	let second = admit(2, 4_000).unwrap();
	drop((first, second));
	let all: Vec<_> = (0..8).map(|salt| admit(salt, 1).unwrap()).collect();
	assert!(matches!(admit(8, 1), Err(StoreError::Unpaid { receipts: 8, .. })));
	drop(all);
	admit(8, 1).unwrap();
}

#[test]
fn payer_who_owes_nothing_is_trusted_with_one_answer_whatever_it_may_cost() {
	let mut world = World::new();
	let admit =
		|world: &World, salt: u8, most| world.store.admit(SESSION, [salt; 32], vec![1], most);
	let dear = admit(&world, 1, 10_001).unwrap();
	assert!(matches!(admit(&world, 2, 1), Err(StoreError::Unpaid { receipts: 1, amount: 10_002 })));
	drop(dear);
	let asking = world.ask(3);
	answer(&world.store, &asking, 3).unwrap();
	let refused = admit(&world, 2, 10_001);
	assert!(matches!(refused, Err(StoreError::Unpaid { receipts: 1, .. })));
}

#[test]
fn nothing_is_promised_beyond_the_escrow_and_more_escrow_helps() {
	let world = World::new();
	let small = Terms { escrow: 500, ..terms(world.purse.signer()) };
	world.store.open_session(4, small.clone()).unwrap().wait().unwrap();
	let first = world.store.admit(4, [1; 32], vec![], 300).unwrap();
	let refused = world.store.admit(4, [2; 32], vec![], 201);
	assert!(matches!(refused, Err(StoreError::EscrowSpent { most: 201, left: 200 })));
	world.store.issue(first, answered(1)).unwrap().wait().unwrap();
	let more = Terms { escrow: 600, ..small.clone() };
	world.store.open_session(4, more).unwrap().wait().unwrap();
	// An old event that is told again takes nothing back.
	world.store.open_session(4, small).unwrap().wait().unwrap();
	world.store.admit(4, [2; 32], vec![], 500).unwrap();
}

#[test]
fn no_more_is_promised_than_the_bond_has_room_for() {
	let mut world = World::with_paid(3);
	let owed = world.store.owed().unwrap()[&MODEL];
	world.store.mind(owed + 100);
	let admit = |world: &World, most| world.store.admit(SESSION, [1; 32], vec![], most);
	let refused = admit(&world, 101);
	assert!(
		matches!(refused, Err(StoreError::NoRoom { session: SESSION, room }) if room == owed + 100)
	);
	drop(admit(&world, 100).unwrap());
	// What is settled takes none of it.
	world.commit(&mut Chain::default());
	drop(admit(&world, owed + 100).unwrap());
	world.store.mind(0);
	assert!(matches!(admit(&world, 1), Err(StoreError::NoRoom { room: 0, .. })));
	let asking = world.ask(3);
	let failure = crate::protocol::Failure::from(&answer(&world.store, &asking, 3).unwrap_err());
	assert_eq!((failure.status, failure.error.code.as_str()), (503, "busy"));
}

#[test]
fn questions_given_up_count_as_unpaid_until_vouchers_make_up_for_them() {
	let world = World::new();
	let fee = PRICE.fee(usage(8)).unwrap();
	let admit =
		|world: &World, salt: u8, most| world.store.admit(SESSION, [salt; 32], vec![1], most);
	for salt in 1..8 {
		admit(&world, salt, 1).unwrap().give_up();
	}
	admit(&world, 8, fee).unwrap().give_up();
	assert!(matches!(admit(&world, 9, 1), Err(StoreError::Unpaid { receipts: 8, .. })));
	// One is asked again, as where its connection was lost; and given up again.
	admit(&world, 1, 1).unwrap().give_up();
	assert!(matches!(admit(&world, 1, 1), Err(StoreError::Unpaid { receipts: 8, .. })));
	let world = world.restart();
	admit(&world, 9, 1).unwrap().give_up();
	let mut world = world;
	let voucher = world.exchange(8);
	world.store.accept(voucher).unwrap().wait().unwrap();
	let all: Vec<_> = (0..8).map(|salt| admit(&world, salt, 1).unwrap()).collect();
	assert_eq!(all.len(), 8, "what was paid made up for it");
}

#[test]
fn one_request_is_answered_once() {
	let mut world = World::new();
	let asking = world.ask(1);
	let admit = |world: &World| world.store.admit(SESSION, asking.salt, question(1), asking.most);
	let under_way = admit(&world).unwrap();
	assert!(matches!(admit(&world), Err(StoreError::Repeated)));
	drop(under_way);
	answer(&world.store, &asking, 1).unwrap();
	assert!(matches!(admit(&world), Err(StoreError::Repeated)));
	let world = world.restart();
	assert!(matches!(admit(&world), Err(StoreError::Repeated)));
}

#[test]
fn answer_above_what_was_agreed_or_without_fee_has_no_receipt() {
	let world = World::new();
	let fee = PRICE.fee(usage(6)).unwrap();
	let admit = |most| world.store.admit(SESSION, [1; 32], vec![], most).unwrap();
	let refused = world.store.issue(admit(fee - 1), answered(6));
	assert!(matches!(refused, Err(StoreError::TooDear { fee: dear, .. }) if dear == fee));
	let free = crate::store::Answered { usage: Usage::default(), ..answered(6) };
	assert!(matches!(world.store.issue(admit(fee), free), Err(StoreError::NoFee)));
	assert_eq!(world.store.unpaid(SESSION).unwrap().receipts, 0);
	// The room of both was given back.
	world.store.issue(admit(fee), answered(6)).unwrap().wait().unwrap();
}

#[test]
fn closed_session_gives_no_more_answers_and_takes_vouchers() {
	let mut world = World::new();
	let voucher = world.exchange(0);
	let late = world.ask(1);
	let admission = world.store.admit(SESSION, late.salt, question(1), late.most).unwrap();
	world.store.close(SESSION).unwrap().wait().unwrap();
	let world = world.restart();
	let refused = world.store.admit(SESSION, [1; 32], vec![], 1);
	assert!(matches!(refused, Err(StoreError::Closed(SESSION))));
	assert!(world.store.accept(voucher).unwrap().wait().unwrap().advanced);
	drop(admission);
	world.store.end(SESSION).unwrap().wait().unwrap();
	world.store.close(SESSION).unwrap().wait().unwrap();
	assert!(world.store.due(MODEL, 9).unwrap().is_empty(), "an ended session pays nothing");
}

#[test]
fn access_is_for_one_session_chain_and_key() {
	let world = World::new();
	let access = world.purse.access().unwrap();
	assert_eq!(world.store.authorise(&access).unwrap(), SESSION);
	assert_eq!(world.store.authorise(&access).unwrap(), SESSION);
	let other = sr25519::Pair::from_seed(&[8; 32]);
	let forged = Access {
		session: SESSION,
		signature: other.sign(&Access::payload(&GENESIS, SESSION)).into(),
	};
	assert!(matches!(world.store.authorise(&forged), Err(StoreError::NoAccess(SESSION))));
	world.store.open_session(4, terms(world.purse.signer())).unwrap().wait().unwrap();
	let moved = Access { session: 4, ..access.clone() };
	assert!(matches!(world.store.authorise(&moved), Err(StoreError::NoAccess(4))));
	let unknown = Access { session: 5, ..access };
	assert!(matches!(world.store.authorise(&unknown), Err(StoreError::NoSession(5))));
}

#[test]
fn session_with_other_terms_is_refused() {
	let world = World::new();
	let known = terms(world.purse.signer());
	world.store.open_session(SESSION, known.clone()).unwrap().wait().unwrap();
	let changes: [fn(&mut Terms); 4] = [
		|terms| terms.payer = AccountId32::new([0; 32]),
		|terms| terms.signer = AccountId32::new([0; 32]),
		|terms| terms.model = 0,
		|terms| terms.price.output = 0,
	];
	for change in changes {
		let mut other = known.clone();
		change(&mut other);
		let refused = world.store.open_session(SESSION, other);
		assert!(matches!(refused, Err(StoreError::OtherTerms(SESSION))));
	}
	assert_eq!(world.store.terms(SESSION).unwrap(), known);
}
