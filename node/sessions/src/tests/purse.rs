//! What a payer's purse pays for, and what it refuses.

use super::world::*;
use crate::{
	Purse,
	files::beside,
	protocol::Given,
	purse::{Deal, MOST_ASKED, PurseError},
};
use openledger_primitives_core::model::{Price, Usage};
use openledger_primitives_receipts::{Receipt, SignedReceipt, commitment};
use sp_core::{Pair, sr25519};
use std::{fs, os::unix::fs::PermissionsExt};

/// A right receipt for request 1, changed and signed again.
fn changed(world: &mut World, change: impl FnOnce(&mut Receipt)) -> Given {
	let asking = world.ask(1);
	let claim = claim(1);
	let mut receipt = Receipt {
		session: SESSION,
		position: world.purse.status().receipts,
		model: MODEL,
		input: commitment::input(&asking.salt, &question(1)),
		output: commitment::output(&asking.salt, &text(1)),
		usage: usage(1),
		fee: PRICE.fee(usage(1)).unwrap(),
		claim: commitment::claim(&claim.sketch, claim.gain, &claim.trace),
	};
	change(&mut receipt);
	let signature = Pair::sign(&agent(), &receipt.payload(&GENESIS)).into();
	given(SignedReceipt { receipt, signature }, 1)
}

#[test]
fn right_receipt_is_paid_once_and_stays_paid() {
	let mut world = World::new();
	let given = changed(&mut world, |_| {});
	let checked = world.purse.check(&given, &text(1)).unwrap();
	let again = checked.clone();
	let voucher = world.purse.pay(checked).unwrap();
	assert_eq!((voucher.voucher.count, voucher.voucher.amount), (1, given.signed.receipt.fee));
	assert!(voucher.verify(&GENESIS, &world.purse.signer()));
	assert!(matches!(world.purse.pay(again), Err(PurseError::Paid { position: 0 })));
	let world = world.restart();
	assert_eq!(world.purse.voucher(), Some(&voucher));
	let status = world.purse.status();
	assert_eq!((status.receipts, status.spent, status.asked), (1, voucher.voucher.amount, 0));
	assert!(matches!(world.purse.check(&given, &text(1)), Err(PurseError::Paid { position: 0 })));
}

#[test]
fn receipts_with_anything_wrong_are_refused_by_name() {
	type Change = fn(&mut Receipt);
	type Expected = fn(&PurseError) -> bool;
	let cases: [(Change, Expected); 11] = [
		(
			|r| r.session = 4,
			|e| matches!(e, PurseError::OtherSession { expected: SESSION, found: 4 }),
		),
		(|r| r.model = 6, |e| matches!(e, PurseError::OtherModel { expected: MODEL, found: 6 })),
		(|r| r.position = 1, |e| matches!(e, PurseError::Missing { position: 1, next: 0 })),
		(|r| r.input.0[0] ^= 1, |e| matches!(e, PurseError::NotAsked)),
		(|r| r.output.0[0] ^= 1, |e| matches!(e, PurseError::OtherAnswer)),
		(|r| r.claim.0[0] ^= 1, |e| matches!(e, PurseError::OtherClaim)),
		(|r| r.fee += 1, |e| matches!(e, PurseError::WrongFee { .. })),
		(|r| r.fee -= 1, |e| matches!(e, PurseError::WrongFee { .. })),
		(|r| r.usage.output += 1, |e| matches!(e, PurseError::WrongFee { .. })),
		(|r| (r.usage, r.fee) = (Usage::default(), 0), |e| matches!(e, PurseError::NoFee)),
		(
			|r| {
				r.usage = Usage { prompt: MOST.prompt, output: MOST.output + 1 };
				r.fee = PRICE.fee(r.usage).unwrap();
			},
			|e| matches!(e, PurseError::TooDear { fee: 302, most: 300 }),
		),
	];
	for (at, (change, expected)) in cases.into_iter().enumerate() {
		let mut world = World::new();
		let given = changed(&mut world, change);
		let error = world.purse.check(&given, &text(1)).unwrap_err();
		assert!(expected(&error), "case {at}: {error}");
		assert_eq!(world.purse.status().receipts, 0);
	}
	let mut world = World::new();
	let mut given = changed(&mut world, |_| {});
	let other = world.purse.check(&given, b"another answer");
	assert!(matches!(other, Err(PurseError::OtherAnswer)));
	given.claim.gain += 1;
	assert!(matches!(world.purse.check(&given, &text(1)), Err(PurseError::OtherClaim)));
	given.claim.gain -= 1;
	given.signed.signature =
		sr25519::Pair::from_seed(&[2; 32]).sign(&given.signed.receipt.payload(&GENESIS)).into();
	assert!(matches!(world.purse.check(&given, &text(1)), Err(PurseError::BadSignature)));
	world.purse.trust(sr25519::Pair::from_seed(&[2; 32]).public().into()).unwrap();
	world.purse.check(&given, &text(1)).unwrap();
}

#[test]
fn nothing_is_asked_beyond_the_escrow_or_the_most_requests() {
	let folder = tempfile::tempdir().unwrap();
	let deal =
		|| Deal { genesis: GENESIS, agent: agent().public().into(), model: MODEL, price: PRICE };
	let mut purse = Purse::create(&folder.path().join("a"), deal()).unwrap();
	assert!(matches!(purse.ask(b"", MOST), Err(PurseError::NotOpen)));
	let dearer = Price { output: PRICE.output + 1, ..PRICE };
	assert!(matches!(purse.opened(SESSION, dearer, 1), Err(PurseError::PriceRaised)));
	purse.opened(SESSION, PRICE, 700).unwrap();
	assert!(matches!(purse.opened(4, PRICE, 700), Err(PurseError::OtherSession { .. })));
	// A request may cost 300.
	let first = purse.ask(b"1", MOST).unwrap();
	purse.ask(b"2", MOST).unwrap();
	let third = purse.ask(b"3", MOST);
	assert!(matches!(third, Err(PurseError::EscrowSpent { most: 300, left: 100 })));
	purse.abandon(&first.salt).unwrap();
	purse.ask(b"3", MOST).unwrap();
	purse.opened(SESSION, PRICE, 900).unwrap();
	purse.ask(b"4", MOST).unwrap();
	let most = purse.ask(b"5", Usage { prompt: u32::MAX, output: u32::MAX });
	assert!(matches!(most, Err(PurseError::EscrowSpent { left: 0, .. })));
	purse.opened(SESSION, PRICE, ESCROW).unwrap();
	for _ in purse.status().asked..MOST_ASKED {
		purse.ask(b"6", Usage { prompt: 1, output: 0 }).unwrap();
	}
	let beyond = purse.ask(b"7", Usage { prompt: 1, output: 0 });
	assert!(matches!(beyond, Err(PurseError::TooManyAsked)));
}

#[test]
fn purse_is_for_one_process_and_its_owner() {
	let world = World::with_paid(1);
	let path = world.folder.path().join("purse");
	assert!(matches!(Purse::open(&path), Err(PurseError::InUse(_))));
	let World { folder, store, purse } = world;
	drop((store, purse));
	let deal =
		Deal { genesis: GENESIS, agent: agent().public().into(), model: MODEL, price: PRICE };
	assert!(matches!(Purse::create(&path, deal), Err(PurseError::Exists(_))));
	assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
	fs::set_permissions(&path, fs::Permissions::from_mode(0o604)).unwrap();
	assert!(matches!(Purse::open(&path), Err(PurseError::Shared(_))));
	drop(folder);
}

#[test]
fn half_written_and_changed_files_are_told_from_whole_ones() {
	let world = World::with_paid(3);
	let path = world.folder.path().join("purse");
	let World { folder, store, purse } = world;
	let status = purse.status();
	drop((store, purse));
	let whole = fs::read(&path).unwrap();
	// What a crash leaves of the next state is beside the file, not in it.
	fs::write(beside(&path, ".new"), &whole[..whole.len() / 2]).unwrap();
	let mut purse = Purse::open(&path).unwrap();
	assert_eq!(purse.status(), status);
	purse.ask(b"more", MOST).unwrap();
	drop(purse);
	for length in 0..whole.len() {
		fs::write(&path, &whole[..length]).unwrap();
		assert!(matches!(Purse::open(&path), Err(PurseError::Damaged(_))), "{length} bytes");
	}
	for at in (0..whole.len()).step_by(7) {
		let mut bytes = whole.clone();
		bytes[at] ^= 4;
		fs::write(&path, bytes).unwrap();
		assert!(matches!(Purse::open(&path), Err(PurseError::Damaged(_))), "byte {at}");
	}
	fs::write(&path, whole).unwrap();
	assert_eq!(Purse::open(&path).unwrap().status(), status);
	drop(folder);
}

#[test]
fn no_voucher_leaves_when_it_cannot_be_written_down() {
	let mut world = World::new();
	let given = changed(&mut world, |_| {});
	let checked = world.purse.check(&given, &text(1)).unwrap();
	// A folder in the way of the draft fails as a full disk does.
	let draft = beside(&world.folder.path().join("purse"), ".new");
	fs::create_dir(&draft).unwrap();
	let failed = world.purse.pay(checked.clone());
	assert!(matches!(failed, Err(PurseError::File { .. })));
	assert_eq!((world.purse.status().receipts, world.purse.voucher()), (0, None));
	fs::remove_dir(&draft).unwrap();
	world.purse.pay(checked).unwrap();
}
