//! A store whose disk fails or loses power at any step.

use super::{disk::Disk, world::*};
use crate::{Store, StoreError};
use openledger_primitives_receipts::{SignedReceipt, SignedVoucher, SumFrontier, Voucher};
use rand::{Rng, SeedableRng, rngs::StdRng};
use sp_core::{Pair, sr25519};
use std::{
	path::Path,
	thread,
	time::{Duration, Instant},
};

fn open_on(disk: &Disk, path: &Path) -> Result<Store, StoreError> {
	Store::open_on(disk.clone(), path, GENESIS, agent(), settings())
}

/// What the payer saw: the receipts and vouchers that the operator said it has.
#[derive(Default)]
struct Seen {
	receipts: Vec<SignedReceipt>,
	tree: SumFrontier,
	voucher: Option<SignedVoucher>,
	batches: Chain,
	/// The batches that the store said it knows.
	told: usize,
}

/// Gives receipts and takes vouchers until the disk fails.
fn work(store: &Store, seen: &mut Seen, key: &sr25519::Pair, rng: &mut StdRng) -> StoreError {
	let mut work = || -> Result<(), StoreError> {
		store.open_session(SESSION, terms(key.public().into()))?.wait()?;
		loop {
			// Several at once, so that some commits hold more than one.
			let pending: Vec<_> = (0..rng.random_range(1..5))
				.map(|_| {
					let number = rng.random();
					let admission = store.admit(SESSION, rng.random(), question(number), 1_000)?;
					store.issue(admission, answered(number))
				})
				.collect::<Result<_, _>>()?;
			for pending in pending {
				let signed = pending.wait()?;
				assert_eq!(signed.receipt.position, seen.tree.count());
				seen.tree.push(signed.receipt.leaf()).unwrap();
				seen.receipts.push(signed);
			}
			let voucher = Voucher::of(SESSION, &seen.tree);
			let signature = key.sign(&voucher.payload(&GENESIS)).into();
			let signed = SignedVoucher { voucher, signature };
			store.accept(signed.clone())?.wait()?;
			seen.voucher = Some(signed);
			if rng.random_ratio(1, 3) {
				let due = store.due(MODEL, 9)?;
				if let Some((id, lines)) = seen.batches.commit(&due, |_| key.public().into()) {
					store.committed(id, MODEL, lines)?.wait()?;
					seen.told = seen.batches.batches.len();
				}
			}
		}
	};
	work().unwrap_err()
}

/// All that was said to be there is there, and what more there is fits onto it.
fn recover(store: &Store, seen: &mut Seen) {
	let Ok(held) = store.receipts(SESSION, 0, u32::MAX) else {
		assert!(seen.receipts.is_empty());
		return;
	};
	let held: Vec<SignedReceipt> = held.into_iter().map(|kept| kept.signed).collect();
	assert!(held.starts_with(&seen.receipts), "a receipt that was given out is gone");
	for signed in &held[seen.receipts.len()..] {
		assert!(signed.verify(&GENESIS, &agent().public().into()));
		assert_eq!(signed.receipt.position, seen.tree.count());
		seen.tree.push(signed.receipt.leaf()).unwrap();
	}
	seen.receipts = held;
	assert!(store.batches().len() >= seen.told, "a batch that was written down is gone");
	if let Some(voucher) = &seen.voucher {
		let again = store.accept(voucher.clone()).unwrap().wait().unwrap();
		assert!(!again.advanced, "a voucher that was taken is gone");
	}
	for (id, lines) in &seen.batches.batches {
		store.committed(*id, MODEL, lines.clone()).unwrap().wait().unwrap();
	}
	let paid = seen.batches.total();
	let due: u128 = store.owed().unwrap().values().sum();
	let unpaid = store.unpaid(SESSION).unwrap().amount;
	assert_eq!(paid + due + unpaid, seen.tree.sum());
}

/// Fails the disk at one step after another, and goes on with what the failure left.
fn survive(seed: u64, failures: u32, after: fn(&Disk, &mut StdRng) -> Disk) {
	let folder = tempfile::tempdir().unwrap();
	let path = folder.path().join("store");
	let key = sr25519::Pair::from_seed(&[4; 32]);
	let mut rng = StdRng::seed_from_u64(seed);
	let (mut disk, mut seen) = (Disk::default(), Seen::default());
	Store::prepare(disk.clone(), &path, &GENESIS).unwrap();
	for failure in 0..failures {
		disk.fail_after(rng.random_range(0..400));
		if let Ok(store) = open_on(&disk, &path) {
			fail(&store, &mut seen, &key, &mut rng);
		}
		disk = after(&disk, &mut rng);
		let store = open_on(&disk, &path).unwrap_or_else(|error| panic!("{failure}: {error}"));
		recover(&store, &mut seen);
		drop(store);
	}
	assert!(seen.receipts.len() > 10 && seen.told > 1, "it worked in between");
}

fn fail(store: &Store, seen: &mut Seen, key: &sr25519::Pair, rng: &mut StdRng) {
	let error = work(store, seen, key, rng);
	assert!(matches!(error, StoreError::Disk(_) | StoreError::Stopped), "{error}");
	// Nothing is told any more: what is in memory may not be on disk.
	assert!(store.due(MODEL, 9).is_err());
	assert!(store.unpaid(SESSION).is_err());
	assert!(store.admit(SESSION, [0; 32], vec![], 1).is_err());
}

#[test]
fn nothing_is_lost_or_settled_twice_when_the_power_goes() {
	for seed in 0..6 {
		survive(seed, 12, Disk::without_power);
	}
}

#[test]
fn nothing_is_lost_or_settled_twice_when_the_disk_fails_and_comes_back() {
	for seed in 6..12 {
		survive(seed, 12, |disk, _| disk.without_process());
	}
}

#[test]
fn what_nobody_waits_for_is_written_with_what_somebody_does_and_soon_without() {
	let folder = tempfile::tempdir().unwrap();
	let path = folder.path().join("store");
	let key = sr25519::Pair::from_seed(&[4; 32]);
	let disk = Disk::default();
	Store::prepare(disk.clone(), &path, &GENESIS).unwrap();
	let store = open_on(&disk, &path).unwrap();
	store.open_session(SESSION, terms(key.public().into())).unwrap().wait().unwrap();
	let mut tree = SumFrontier::default();
	let mut give = |number: u8| {
		let admission = store.admit(SESSION, [number; 32], question(number.into()), 1_000).unwrap();
		let pending = store.issue(admission, answered(number.into())).unwrap();
		let receipt = pending.wait().unwrap().receipt;
		tree.push(receipt.leaf()).unwrap();
		let voucher = Voucher::of(SESSION, &tree);
		SignedVoucher { voucher, signature: key.sign(&voucher.payload(&GENESIS)).into() }
	};
	let before = disk.syncs();
	let mut last = give(0);
	let each = disk.syncs() - before;
	// A machine that is busy for a tenth of a second lets one be written by itself.
	let together = (1..20).filter(|number| {
		let before = disk.syncs();
		drop(store.accept(last.clone()).unwrap());
		last = give(*number);
		disk.syncs() == before + each
	});
	assert!(together.count() > 0, "no voucher was written with a receipt");
	let before = disk.syncs();
	drop(store.accept(last).unwrap());
	let deadline = Instant::now() + Duration::from_secs(60);
	while disk.syncs() == before {
		assert!(Instant::now() < deadline, "the last voucher is never written");
		thread::sleep(Duration::from_millis(5));
	}
}

#[test]
fn store_that_was_half_made_is_made_again() {
	let folder = tempfile::tempdir().unwrap();
	let path = folder.path().join("store");
	std::fs::write(crate::files::beside(&path, ".new"), b"half a database").unwrap();
	drop(open(&path).unwrap());
	open(&path).unwrap();
	// A database of something else is left alone.
	let other = folder.path().join("other");
	drop(redb::Database::create(&other).unwrap());
	assert!(matches!(open(&other), Err(StoreError::NoStore(_))));
}

#[test]
fn truncated_file_is_refused_and_a_whole_copy_works() {
	let world = World::with_paid(12);
	let path = world.path();
	let World { folder, store, purse } = world;
	drop((store, purse));
	let whole = std::fs::read(&path).unwrap();
	for part in 1..16 {
		let length = whole.len() * part / 16;
		std::fs::write(&path, &whole[..length]).unwrap();
		let refused = open(&path);
		assert!(
			matches!(refused, Err(StoreError::Damaged(_) | StoreError::Disk(_))),
			"{length} of {} bytes",
			whole.len()
		);
	}
	std::fs::write(&path, &whole).unwrap();
	assert_eq!(open(&path).unwrap().receipts(SESSION, 0, 99).unwrap().len(), 12);
	drop(folder);
}
