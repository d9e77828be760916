//! Many callers at once, and a disk that is behind.

use super::{disk::Disk, world::*};
use crate::{Store, StoreError, store::Settings};
use futures::{executor::block_on, future::try_join_all};
use openledger_primitives_core::SessionId;
use openledger_primitives_receipts::{SignedVoucher, SumFrontier, Voucher};
use sp_core::{Pair, crypto::AccountId32, sr25519};
use std::{
	path::Path,
	sync::atomic::{AtomicBool, Ordering},
	thread,
};

fn trusting() -> Settings {
	Settings { receipts: u32::MAX, amount: u128::MAX, ..settings() }
}

fn on(disk: &Disk, path: &Path) -> Store {
	Store::prepare(disk.clone(), path, &GENESIS).unwrap();
	Store::open_on(disk.clone(), path, GENESIS, agent(), trusting()).unwrap()
}

/// The salt of a thread's request, unlike all others.
fn salt(thread: u8, number: u32) -> [u8; 32] {
	let mut salt = [thread; 32];
	salt[..4].copy_from_slice(&number.to_le_bytes());
	salt
}

#[test]
fn many_threads_make_one_tree_while_vouchers_settle_and_receipts_are_dropped() {
	let folder = tempfile::tempdir().unwrap();
	let store = on(&Disk::default(), &folder.path().join("store"));
	let key = sr25519::Pair::from_seed(&[4; 32]);
	let signer: AccountId32 = key.public().into();
	for session in 0..2 {
		store.open_session(session, terms(signer.clone())).unwrap().wait().unwrap();
	}
	let (done, mut trees) =
		(AtomicBool::new(false), [SumFrontier::default(), SumFrontier::default()]);
	let mut chain = Chain::default();
	thread::scope(|scope| {
		let issuers: Vec<_> = (0..4u8)
			.map(|issuer| {
				let store = &store;
				scope.spawn(move || {
					for round in 0..20 {
						// Awaited together, as the tasks of a server are.
						let pending = (0..8).map(|n| {
							let number = round * 8 + n;
							let session = SessionId::from(number % 2);
							let salt = salt(issuer, number);
							let admission = store.admit(session, salt, vec![], 1_000).unwrap();
							store.issue(admission, answered(number)).unwrap()
						});
						block_on(try_join_all(pending)).unwrap();
					}
				})
			})
			.collect();
		let settler = scope.spawn(|| {
			loop {
				let last = done.load(Ordering::Acquire);
				for (session, tree) in (0..).zip(&mut trees) {
					for kept in store.receipts(session, tree.count(), u32::MAX).unwrap() {
						assert_eq!(kept.signed.receipt.position, tree.count());
						tree.push(kept.signed.receipt.leaf()).unwrap();
					}
					let voucher = Voucher::of(session, tree);
					let signature = key.sign(&voucher.payload(&GENESIS)).into();
					store.accept(SignedVoucher { voucher, signature }).unwrap().wait().unwrap();
				}
				let due = store.due(MODEL, 9).unwrap();
				if let Some((id, lines)) = chain.commit(&due, |_| signer.clone()) {
					store.committed(id, MODEL, lines).unwrap().wait().unwrap();
					store.reveal(id, 0).unwrap();
					store.finalised(id).unwrap().wait().unwrap();
					store.prune(u32::MAX).unwrap().wait().unwrap();
				}
				if last {
					break;
				}
			}
		});
		for issuer in issuers {
			issuer.join().unwrap();
		}
		done.store(true, Ordering::Release);
		settler.join().unwrap();
	});
	assert_eq!(trees.map(|tree| tree.count()), [320, 320]);
	let fees: u128 = (0..160).map(|number| PRICE.fee(usage(number)).unwrap()).sum();
	assert_eq!(chain.total(), 4 * fees);
	assert!(store.owed().unwrap().is_empty());
}

#[test]
fn what_the_disk_cannot_take_is_refused_and_what_it_took_is_written() {
	let folder = tempfile::tempdir().unwrap();
	let (disk, path) = (Disk::default(), folder.path().join("store"));
	let store = on(&disk, &path);
	store.open_session(SESSION, terms(AccountId32::new([1; 32]))).unwrap().wait().unwrap();
	let pause = disk.pause();
	let mut waiting = Vec::new();
	let refused = loop {
		let salt = salt(0, waiting.len() as u32);
		let admission = store.admit(SESSION, salt, vec![], 1_000).unwrap();
		match store.issue(admission, answered(1)) {
			Ok(pending) => waiting.push(pending),
			Err(error) => break error,
		}
		assert!(waiting.len() < 5_000, "nothing bounds what waits");
	};
	assert!(matches!(refused, StoreError::Busy));
	drop(pause);
	let given = waiting.len() as u32;
	for (position, pending) in (0..).zip(waiting) {
		assert_eq!(pending.wait().unwrap().receipt.position, position);
	}
	// The refused one left no gap, and may be asked for again.
	let admission = store.admit(SESSION, salt(0, given), vec![], 1_000).unwrap();
	let signed = store.issue(admission, answered(1)).unwrap().wait().unwrap();
	assert_eq!(signed.receipt.position, given);
}

#[test]
fn what_was_begun_is_written_though_nobody_waits_for_it() {
	let folder = tempfile::tempdir().unwrap();
	let (disk, path) = (Disk::default(), folder.path().join("store"));
	let store = on(&disk, &path);
	store.open_session(SESSION, terms(AccountId32::new([1; 32]))).unwrap().wait().unwrap();
	for number in 0..20 {
		let admission = store.admit(SESSION, salt(0, number), vec![], 1_000).unwrap();
		drop(store.issue(admission, answered(number)).unwrap());
	}
	drop(store);
	let store = Store::open_on(disk.without_process(), &path, GENESIS, agent(), trusting());
	assert_eq!(store.unwrap().receipts(SESSION, 0, 99).unwrap().len(), 20);
}
