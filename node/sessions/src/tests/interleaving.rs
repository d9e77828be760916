//! Any order of what both sides and the chain do.

use super::{disk::Disk, world::*};
use crate::{Purse, Store};
use openledger_primitives_core::{Balance, BatchId, SessionId};
use openledger_primitives_receipts::batch;
use proptest::{collection::vec, prelude::*};
use rand::{SeedableRng, rngs::StdRng};
use std::collections::{BTreeMap, BTreeSet};
use tempfile::TempDir;

const SESSIONS: SessionId = 2;

#[derive(Clone, Debug)]
enum Step {
	/// An answer that is paid; the voucher goes with the next request.
	Exchange(SessionId),
	/// An answer that never comes.
	Lose(SessionId),
	/// The last voucher by itself.
	Pay(SessionId),
	CatchUp(SessionId),
	/// A batch of so many vouchers; the store is told of it, or only when it restarts.
	Commit(usize, bool),
	Reveal(prop::sample::Index),
	Finalise(prop::sample::Index),
	Prune(u32),
	RestartPurse(SessionId),
	/// An end of the store's process, or of the power.
	Crash(Option<u64>),
}

fn step() -> impl Strategy<Value = Step> {
	let session = 0..SESSIONS;
	prop_oneof![
		8 => session.clone().prop_map(Step::Exchange),
		3 => session.clone().prop_map(Step::Lose),
		3 => session.clone().prop_map(Step::Pay),
		3 => session.clone().prop_map(Step::CatchUp),
		4 => (1usize..4, any::<bool>()).prop_map(|(most, told)| Step::Commit(most, told)),
		2 => any::<prop::sample::Index>().prop_map(Step::Reveal),
		3 => any::<prop::sample::Index>().prop_map(Step::Finalise),
		2 => (0u32..9).prop_map(Step::Prune),
		1 => session.prop_map(Step::RestartPurse),
		2 => any::<Option<u64>>().prop_map(Step::Crash),
	]
}

struct All {
	folder: TempDir,
	disk: Disk,
	store: Option<Store>,
	purses: Vec<Option<Purse>>,
	chain: Chain,
	finals: BTreeSet<BatchId>,
	/// The fees of each session's receipts.
	owed: BTreeMap<SessionId, Balance>,
	/// Receipts that were found in a batch.
	settled: BTreeSet<(SessionId, u32)>,
	next: u32,
}

impl All {
	fn new() -> Self {
		let folder = tempfile::tempdir().unwrap();
		let mut all = Self {
			purses: (0..SESSIONS)
				.map(|session| Some(purse(&folder.path().join(session.to_string()), session)))
				.collect(),
			folder,
			disk: Disk::default(),
			store: None,
			chain: Chain::default(),
			finals: BTreeSet::new(),
			owed: BTreeMap::new(),
			settled: BTreeSet::new(),
			next: 0,
		};
		let path = all.folder.path().join("store");
		Store::prepare(all.disk.clone(), &path, &GENESIS).unwrap();
		all.start();
		all
	}

	fn start(&mut self) {
		let path = self.folder.path().join("store");
		let store = Store::open_on(self.disk.clone(), &path, GENESIS, agent(), settings()).unwrap();
		for (session, purse) in (0..).zip(&self.purses) {
			let terms = terms(purse.as_ref().unwrap().signer());
			store.open_session(session, terms).unwrap().wait().unwrap();
		}
		self.store = Some(store);
		self.tell();
	}

	fn store(&self) -> &Store {
		self.store.as_ref().unwrap()
	}

	fn purse(&mut self, session: SessionId) -> &mut Purse {
		self.purses[session as usize].as_mut().unwrap()
	}

	/// Tells the store of the chain's open batches, in order; of those that it knows again.
	fn tell(&mut self) {
		let open =
			self.chain.batches.clone().into_iter().filter(|(id, _)| !self.finals.contains(id));
		for (id, lines) in open {
			self.store().committed(id, MODEL, lines).unwrap().wait().unwrap();
		}
	}

	/// An answer that the payer does not see; `None` where it owes too much to get one.
	fn lose(&mut self, session: SessionId) -> Option<(u32, crate::protocol::Given)> {
		let number = self.next;
		let asking = self.purse(session).ask(&question(number), MOST).unwrap();
		match answer(self.store(), &asking, number) {
			Ok(signed) => {
				self.next += 1;
				*self.owed.entry(session).or_default() += PRICE.fee(usage(number)).unwrap();
				Some((number, given(signed, number)))
			}
			Err(crate::StoreError::Unpaid { .. }) => {
				self.purse(session).abandon(&asking.salt).unwrap();
				None
			}
			Err(error) => panic!("{error}"),
		}
	}

	fn pay(&mut self, session: SessionId) {
		if let Some(voucher) = self.purse(session).voucher().cloned() {
			self.store().accept(voucher).unwrap().wait().unwrap();
		}
	}

	fn commit(&mut self, most: usize, told: bool) {
		let due = self.store().due(MODEL, most).unwrap();
		let signers: Vec<_> =
			self.purses.iter().map(|purse| purse.as_ref().unwrap().signer()).collect();
		// The chain refuses vouchers of a batch that the store was not told of.
		let Some((id, lines)) = self.chain.commit(&due, |at| signers[at as usize].clone()) else {
			return;
		};
		if !told {
			return;
		}
		self.tell();
		for unit in 0..batch::total(&lines).unwrap() {
			let revealed = self.store().reveal(id, unit).unwrap();
			let receipt = &revealed.signed.receipt;
			let units = batch::interval(&lines, receipt, &revealed.proof).unwrap();
			assert!(units.contains(&unit));
			if units.start == unit {
				assert!(self.settled.insert((receipt.session, receipt.position)), "settled twice");
			}
		}
	}

	fn step(&mut self, step: Step) {
		let open: Vec<BatchId> = self.store().batches().keys().copied().collect();
		match step {
			Step::Exchange(session) => {
				if let Some((number, given)) = self.lose(session) {
					match self.purse(session).check(&given, &text(number)) {
						Ok(checked) => drop(self.purse(session).pay(checked).unwrap()),
						Err(crate::purse::PurseError::Missing { .. }) => {}
						Err(error) => panic!("{error}"),
					}
				}
			}
			Step::Lose(session) => drop(self.lose(session)),
			Step::Pay(session) => self.pay(session),
			Step::CatchUp(session) => self.get_in_step(session),
			Step::Commit(most, told) => self.commit(most, told),
			Step::Reveal(at) if !open.is_empty() => {
				let id = *at.get(&open);
				let total = batch::total(&self.chain.batches[&id]).unwrap();
				self.store().reveal(id, at.index(total as usize) as Balance).unwrap();
			}
			Step::Finalise(at) if !open.is_empty() => {
				let id = *at.get(&open);
				self.store().finalised(id).unwrap().wait().unwrap();
				self.finals.insert(id);
			}
			Step::Reveal(_) | Step::Finalise(_) => {}
			Step::Prune(most) => drop(self.store().prune(most).unwrap().wait().unwrap()),
			Step::RestartPurse(session) => {
				self.purses[session as usize] = None;
				let path = self.folder.path().join(session.to_string());
				self.purses[session as usize] = Some(Purse::open(&path).unwrap());
			}
			Step::Crash(power) => {
				self.disk = match power {
					Some(seed) => self.disk.without_power(&mut StdRng::seed_from_u64(seed)),
					None => self.disk.without_process(),
				};
				self.store = None;
				self.start();
			}
		}
	}

	fn get_in_step(&mut self, session: SessionId) {
		let purse = self.purses[session as usize].as_mut().unwrap();
		let caught = get_in_step(self.store.as_ref().unwrap(), purse);
		assert!(caught.iter().all(|caught| caught.refused.is_none()));
	}

	/// What holds at any time.
	fn check(&mut self) {
		for session in 0..SESSIONS {
			let owed = self.owed.get(&session).copied().unwrap_or_default();
			let spent = self.purse(session).status().spent;
			let unpaid = self.store().unpaid(session).unwrap();
			assert!(unpaid.receipts <= settings().receipts);
			assert!(spent <= owed);
			let settled = self.chain.settled.get(&session).map_or(0, |(_, amount)| *amount);
			assert!(settled <= spent, "more is settled than the payer signed for");
			assert!(owed - unpaid.amount <= spent, "more is due than the payer signed for");
		}
		let known = self.store().batches();
		assert!(known.keys().all(|id| !self.finals.contains(id)));
	}

	/// Ends in step, with all settled.
	fn finish(&mut self) {
		for session in 0..SESSIONS {
			self.get_in_step(session);
			self.pay(session);
			let owed = self.owed.get(&session).copied().unwrap_or_default();
			assert_eq!(self.purse(session).status().spent, owed);
			assert_eq!(self.store().unpaid(session).unwrap().receipts, 0);
			assert_eq!(self.purse(session).status().asked, 0);
		}
		self.tell();
		self.commit(9, true);
		assert!(self.store().owed().unwrap().is_empty());
		assert_eq!(self.chain.total(), self.owed.values().sum());
	}
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(24))]

	#[test]
	fn both_sides_agree_and_all_is_settled_once(steps in vec(step(), 1..60)) {
		let mut all = All::new();
		for step in steps {
			all.step(step);
			all.check();
		}
		all.finish();
	}
}
