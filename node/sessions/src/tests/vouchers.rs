//! What vouchers change, and which ones are refused.

use super::world::*;
use crate::StoreError;
use openledger_primitives_core::Hash;
use openledger_primitives_receipts::{SignedVoucher, Voucher};
use sp_core::{Pair, sr25519};

fn signed_by(pair: &sr25519::Pair, voucher: Voucher, genesis: &Hash) -> SignedVoucher {
	SignedVoucher { voucher, signature: pair.sign(&voucher.payload(genesis)).into() }
}

#[test]
fn voucher_pays_all_before_it_and_older_ones_change_nothing() {
	let mut world = World::new();
	let vouchers: Vec<_> = (0..4).map(|number| world.exchange(number)).collect();
	// The last three requests carried the ones before.
	let unpaid = world.store.unpaid(SESSION).unwrap();
	assert_eq!((unpaid.receipts, unpaid.amount), (1, PRICE.fee(usage(3)).unwrap()));
	let accepted = world.store.accept(vouchers[3].clone()).unwrap().wait().unwrap();
	assert!(accepted.advanced);
	assert_eq!(accepted.unpaid.receipts, 0);
	for old in &vouchers {
		let accepted = world.store.accept(old.clone()).unwrap().wait().unwrap();
		assert!(!accepted.advanced);
	}
	let world = world.restart();
	assert_eq!(world.store.due(MODEL, 9).unwrap(), [vouchers[3].clone()]);
	assert_eq!(world.store.owed().unwrap()[&MODEL], vouchers[3].voucher.amount);
}

#[test]
fn voucher_in_the_middle_of_the_tree_is_taken() {
	let mut world = World::new();
	let mut vouchers = Vec::new();
	for number in 0..7 {
		let asking = crate::protocol::Asking { voucher: None, ..world.ask(number) };
		let signed = answer(&world.store, &asking, number).unwrap();
		let checked = world.purse.check(&given(signed, number), &text(number)).unwrap();
		vouchers.push(world.purse.pay(checked).unwrap());
	}
	for (at, voucher) in vouchers.into_iter().enumerate() {
		let accepted = world.store.accept(voucher).unwrap().wait().unwrap();
		assert!(accepted.advanced);
		assert_eq!(accepted.unpaid.receipts as usize, 6 - at);
	}
}

#[test]
fn vouchers_for_other_trees_signers_and_chains_are_refused_by_name() {
	let folder = tempfile::tempdir().unwrap();
	let store = open(&folder.path().join("store")).unwrap();
	let key = sr25519::Pair::from_seed(&[4; 32]);
	store.open_session(SESSION, terms(key.public().into())).unwrap().wait().unwrap();
	let mut tree = openledger_primitives_receipts::SumFrontier::default();
	for number in 0..3 {
		let admission = store.admit(SESSION, [number as u8; 32], question(number), 1_000).unwrap();
		let receipt = store.issue(admission, answered(number)).unwrap().wait().unwrap().receipt;
		tree.push(receipt.leaf()).unwrap();
	}
	let voucher = Voucher::of(SESSION, &tree);
	let accept = |voucher, genesis: &Hash| store.accept(signed_by(&key, voucher, genesis));
	let foreign: [fn(&mut Voucher); 3] =
		[|v| v.root = Hash::zero(), |v| v.amount += 1, |v| v.count -= 1];
	for change in foreign {
		let mut other = voucher;
		change(&mut other);
		let refused = accept(other, &GENESIS);
		assert!(
			matches!(refused, Err(StoreError::ForeignTree { session: SESSION, .. })),
			"{other:?}"
		);
	}
	let ahead = accept(Voucher { count: 4, ..voucher }, &GENESIS);
	assert!(matches!(ahead, Err(StoreError::Ahead { count: 4, held: 3, .. })));
	let elsewhere = accept(Voucher { session: 8, ..voucher }, &GENESIS);
	assert!(matches!(elsewhere, Err(StoreError::NoSession(8))));
	let other_chain = accept(voucher, &Hash::zero());
	assert!(matches!(other_chain, Err(StoreError::BadSignature(SESSION))));
	let stranger = sr25519::Pair::from_seed(&[5; 32]);
	let forged = store.accept(signed_by(&stranger, voucher, &GENESIS));
	assert!(matches!(forged, Err(StoreError::BadSignature(SESSION))));
	assert_eq!(store.unpaid(SESSION).unwrap().receipts, 3);
	assert!(accept(voucher, &GENESIS).unwrap().wait().unwrap().advanced);
}

#[test]
fn due_vouchers_are_of_one_model_those_first_that_end_first_or_owe_most() {
	let folder = tempfile::tempdir().unwrap();
	let store = open(&folder.path().join("store")).unwrap();
	let counts = [(1, 2), (2, 4), (3, 0), (4, 3)];
	for (session, receipts) in counts {
		let path = folder.path().join(session.to_string());
		let mut purse = purse(&path, session);
		store.open_session(session, terms(purse.signer())).unwrap().wait().unwrap();
		for _ in 0..receipts {
			let voucher = exchange(&store, &mut purse, 5);
			store.accept(voucher).unwrap().wait().unwrap();
		}
	}
	let due = |most| -> Vec<u64> {
		store.due(MODEL, most).unwrap().iter().map(|signed| signed.voucher.session).collect()
	};
	assert_eq!(due(9), [2, 4, 1]);
	assert_eq!(due(2), [2, 4]);
	assert!(store.due(MODEL + 1, 9).unwrap().is_empty());
	// Where not all have room, half of it is for those that end first.
	store.lasts(1, 700).unwrap();
	store.lasts(2, 800).unwrap();
	assert_eq!((due(2), due(1)), (vec![1, 2], vec![1]));
	assert_eq!(due(3), [1, 2, 4]);
	let all: Vec<_> = store.all_due(9).unwrap().into_iter().collect();
	assert_eq!(all, [(MODEL, store.due(MODEL, 9).unwrap())]);
	assert_eq!(store.owed().unwrap()[&MODEL], 9 * PRICE.fee(usage(5)).unwrap());
}
