//! Both sides in a process that is killed again and again.

use super::world::*;
use crate::{Purse, Store, protocol::Asking};
use codec::{Decode, Encode};
use openledger_primitives_core::BatchId;
use openledger_primitives_receipts::{Line, SignedReceipt, SignedVoucher};
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::{
	env,
	fs::{self, File},
	io::{BufRead, BufReader, Read, Write, stdout},
	path::{Path, PathBuf},
	process::{Command, Stdio},
	thread::sleep,
	time::Duration,
};

const FOLDER: &str = "OPENLEDGER_KILLED_FOLDER";
const SEED: &str = "OPENLEDGER_KILLED_SEED";
const KILLS: u64 = 30;

/// What the child says that it has done. All of it has to be there after the kill.
#[derive(Encode, Decode)]
enum Said {
	Receipt(SignedReceipt),
	/// The payer's voucher left.
	Signed(SignedVoucher),
	/// The operator took it.
	Taken(u32),
	Batch(BatchId),
}

fn say(said: Said) {
	// One call, so that a kill leaves whole lines and at most one that is not.
	stdout().write_all(format!("@{}\n", hex::encode(said.encode())).as_bytes()).unwrap();
	stdout().flush().unwrap();
}

/// The chain outlives the process: a file to which whole batches are appended.
fn chain(folder: &Path) -> Chain {
	let mut chain = Chain::default();
	let lines = fs::read_to_string(folder.join("chain")).unwrap_or_default();
	for (id, line) in (0..).zip(lines.lines()) {
		let bytes = hex::decode(line).unwrap();
		let lines = Vec::<Line>::decode(&mut bytes.as_slice()).unwrap();
		for line in &lines {
			chain.settled.insert(line.session, (line.count, line.to));
		}
		chain.batches.insert(id, lines);
	}
	chain
}

fn tell(store: &Store, chain: &Chain) {
	for (id, lines) in &chain.batches {
		store.committed(*id, MODEL, lines.clone()).unwrap().wait().unwrap();
	}
}

fn both(folder: &Path) -> (Store, Purse) {
	let store = open(&folder.join("store")).unwrap();
	let purse = Purse::open(&folder.join("purse")).unwrap();
	store.open_session(SESSION, terms(purse.signer())).unwrap().wait().unwrap();
	(store, purse)
}

/// Works until it is killed.
#[test]
#[ignore = "the process that its neighbour starts and kills"]
fn child() {
	let Some(folder) = env::var_os(FOLDER).map(PathBuf::from) else { return };
	let mut rng = StdRng::seed_from_u64(env::var(SEED).unwrap().parse().unwrap());
	let (store, mut purse) = both(&folder);
	let mut chain = chain(&folder);
	tell(&store, &chain);
	get_in_step(&store, &mut purse);
	let mut file = File::options().create(true).append(true).open(folder.join("chain")).unwrap();
	loop {
		let number = rng.random();
		let asking = purse.ask(&question(number), MOST).unwrap();
		let asking = Asking { voucher: None, ..asking };
		let signed = answer(&store, &asking, number).unwrap();
		say(Said::Receipt(signed.clone()));
		let checked = purse.check(&given(signed, number), &text(number)).unwrap();
		let voucher = purse.pay(checked).unwrap();
		say(Said::Signed(voucher.clone()));
		store.accept(voucher.clone()).unwrap().wait().unwrap();
		say(Said::Taken(voucher.voucher.count));
		if rng.random_ratio(1, 4) {
			let due = store.due(MODEL, 9).unwrap();
			let (id, lines) = chain.commit(&due, |_| purse.signer()).unwrap();
			file.write_all(format!("{}\n", hex::encode(lines.encode())).as_bytes()).unwrap();
			store.committed(id, MODEL, lines).unwrap().wait().unwrap();
			say(Said::Batch(id));
		}
	}
}

/// Starts the child, and kills it a random time after its first word.
fn run(folder: &Path, seed: u64, wait: Duration) -> Vec<Said> {
	let mut child = Command::new(env::current_exe().unwrap())
		.args(["--exact", "tests::killed::child", "--ignored", "--nocapture"])
		.env(FOLDER, folder)
		.env(SEED, seed.to_string())
		.stdout(Stdio::piped())
		.stderr(Stdio::inherit())
		.spawn()
		.unwrap();
	let mut out = BufReader::new(child.stdout.take().unwrap());
	let mut said = String::new();
	while !said.contains('@') {
		assert!(out.read_line(&mut said).unwrap() > 0, "the child ended by itself");
	}
	sleep(wait);
	child.kill().unwrap();
	child.wait().unwrap();
	out.read_to_string(&mut said).unwrap();
	said.split_inclusive('\n')
		.filter_map(|line| line.split_once('@')?.1.strip_suffix('\n'))
		.map(|line| Said::decode(&mut hex::decode(line).unwrap().as_slice()).unwrap())
		.collect()
}

#[test]
fn nothing_is_lost_or_settled_twice_when_both_are_killed() {
	let folder = tempfile::tempdir().unwrap();
	let folder = folder.path();
	drop(purse(&folder.join("purse"), SESSION));
	let mut rng = StdRng::seed_from_u64(1);
	let mut given_out: Vec<SignedReceipt> = Vec::new();
	for seed in 0..KILLS {
		let said = run(folder, seed, Duration::from_micros(rng.random_range(0..60_000)));
		let (store, mut purse) = both(folder);
		let chain = chain(folder);
		let (mut signed, mut taken, mut told) = (None, 0, None);
		for said in said {
			match said {
				Said::Receipt(receipt) => {
					given_out.push(receipt);
				}
				Said::Signed(voucher) => signed = Some(voucher),
				Said::Taken(count) => taken = count,
				Said::Batch(id) => told = Some(id),
			}
		}
		let held: Vec<SignedReceipt> = store
			.receipts(SESSION, 0, u32::MAX)
			.unwrap()
			.into_iter()
			.map(|kept| kept.signed)
			.collect();
		for receipt in &given_out {
			assert_eq!(held.get(receipt.receipt.position as usize), Some(receipt));
		}
		assert!(told.is_none_or(|id| store.batches().contains_key(&id)), "kill {seed}");
		tell(&store, &chain);
		let unpaid = store.unpaid(SESSION).unwrap().receipts;
		assert!(held.len() as u32 - unpaid >= taken, "kill {seed}: a voucher is gone");
		// What the payer signed last is what it goes on from, and the operator takes it.
		if let Some(signed) = signed {
			assert!(purse.status().receipts >= signed.voucher.count);
			store.accept(signed).unwrap().wait().unwrap();
		}
		get_in_step(&store, &mut purse);
		assert_eq!(purse.status().receipts as usize, held.len());
		let Some(voucher) = purse.voucher().cloned() else { continue };
		store.accept(voucher).unwrap().wait().unwrap();
		let due: u128 = store.owed().unwrap().values().sum();
		assert_eq!(chain.total() + due, purse.status().spent, "kill {seed}");
		let fees: u128 = held.iter().map(|signed| signed.receipt.fee).sum();
		assert_eq!(fees, purse.status().spent);
		// Requests that were killed before they were answered.
		for salt in purse.asked().collect::<Vec<_>>() {
			purse.abandon(&salt).unwrap();
		}
	}
	assert!(given_out.len() > KILLS as usize);
}
