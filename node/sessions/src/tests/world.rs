//! An operator, payers, and a chain that takes batches by the rules of the receipts pallet.

use crate::{
	Purse, Store, StoreError,
	protocol::{Again, Asking, Given, Opened},
	purse::{CaughtUp, Deal},
	store::{Answered, Kept, Settings, Terms},
};
use openledger_primitives_attribution::claim::Claim;
use openledger_primitives_core::{
	Balance, BatchId, Hash, ModelId, SessionId, Sketch,
	model::{Price, Usage},
};
use openledger_primitives_receipts::{Line, SignedReceipt, SignedVoucher, batch};
use sp_core::{Pair, crypto::AccountId32, sr25519};
use sp_runtime::BoundedVec;
use std::{
	collections::BTreeMap,
	path::{Path, PathBuf},
};
use tempfile::TempDir;

pub const GENESIS: Hash = Hash::repeat_byte(9);
pub const MODEL: ModelId = 5;
pub const PRICE: Price = Price { prompt: 1_000, output: 2_000 };
pub const ESCROW: Balance = 1_000_000;
pub const MOST: Usage = Usage { prompt: 100, output: 100 };

pub fn agent() -> sr25519::Pair {
	sr25519::Pair::from_seed(&[1; 32])
}

pub fn settings() -> Settings {
	Settings { receipts: 8, amount: 10_000, cache: 4 << 20 }
}

/// A claim whose parts differ by `number`.
pub fn claim(number: u32) -> Claim<AccountId32> {
	Claim {
		sketch: Sketch::truncate_from(vec![number as i8, 2, -3]),
		gain: number as i32,
		trace: Hash::from_low_u64_be(number.into()),
		contributors: BoundedVec::new(),
		contributors_proof: Default::default(),
		records: BoundedVec::new(),
		records_proof: Default::default(),
		found: None,
	}
}

/// Tokens, and so fees, that differ by `number`: from 3 to 27 units.
pub fn usage(number: u32) -> Usage {
	Usage { prompt: 1 + number % 7, output: 1 + number % 11 }
}

pub fn text(number: u32) -> Vec<u8> {
	format!("the answer to {number}").into_bytes()
}

pub fn open(path: &Path) -> Result<Store, StoreError> {
	Store::open(path, GENESIS, agent(), settings())
}

pub fn terms(signer: AccountId32) -> Terms {
	Terms { payer: AccountId32::new([7; 32]), signer, model: MODEL, price: PRICE, escrow: ESCROW }
}

/// A purse for a session that is open.
pub fn purse(path: &Path, session: SessionId) -> Purse {
	let agent = agent().public().into();
	let deal = Deal { genesis: GENESIS, agent, model: MODEL, price: PRICE };
	let mut purse = Purse::create(path, deal).unwrap();
	purse.opened(session, PRICE, ESCROW).unwrap();
	purse
}

pub fn question(number: u32) -> Vec<u8> {
	format!("{{\"question\":{number}}}").into_bytes()
}

/// The operator's answer to a request: taken up, made and receipted.
pub fn answer(store: &Store, asking: &Asking, number: u32) -> Result<SignedReceipt, StoreError> {
	let session = store.authorise(&asking.access)?;
	if let Some(voucher) = &asking.voucher {
		store.accept(voucher.clone())?.wait()?;
	}
	let admission = store.admit(session, asking.salt, question(number), asking.most)?;
	store.issue(admission, answered(number))?.wait()
}

pub fn answered(number: u32) -> Answered {
	Answered { text: text(number), usage: usage(number), claim: claim(number) }
}

pub fn given(signed: SignedReceipt, number: u32) -> Given {
	Given { signed, claim: Opened::from(&claim(number)) }
}

/// One request, answered and paid; the voucher stays with the payer.
pub fn exchange(store: &Store, purse: &mut Purse, number: u32) -> SignedVoucher {
	let asking = purse.ask(&question(number), MOST).unwrap();
	let signed = answer(store, &asking, number).unwrap();
	let checked = purse.check(&given(signed, number), &text(number)).unwrap();
	purse.pay(checked).unwrap()
}

/// Sends the payer what it misses, until both have the same receipts.
pub fn get_in_step(store: &Store, purse: &mut Purse) -> Vec<CaughtUp> {
	let mut all = Vec::new();
	loop {
		let status = purse.status();
		let missed = store.receipts(status.session.unwrap(), status.receipts, 3).unwrap();
		if missed.is_empty() {
			return all;
		}
		let again = |kept: Kept| Again::try_from(kept).unwrap();
		let caught = purse.catch_up(missed.into_iter().map(again).collect()).unwrap();
		let refused = caught.refused.is_some();
		all.push(caught);
		if refused {
			return all;
		}
	}
}

/// The chain: what it settled of each session, and its batches.
#[derive(Default)]
pub struct Chain {
	pub settled: BTreeMap<SessionId, (u32, Balance)>,
	pub batches: BTreeMap<BatchId, Vec<Line>>,
}

impl Chain {
	/// Takes a batch of vouchers; each has to owe more, for more receipts.
	pub fn commit(
		&mut self,
		vouchers: &[SignedVoucher],
		signer: impl Fn(SessionId) -> AccountId32,
	) -> Option<(BatchId, Vec<Line>)> {
		let mut lines = Vec::new();
		for signed in vouchers {
			let voucher = signed.voucher;
			let (first, from) = self.settled.get(&voucher.session).copied().unwrap_or_default();
			let right = voucher.amount > from && voucher.count > first && voucher.amount <= ESCROW;
			if !right || !signed.verify(&GENESIS, &signer(voucher.session)) {
				return None;
			}
			lines.push(Line {
				session: voucher.session,
				first,
				count: voucher.count,
				from,
				to: voucher.amount,
				root: voucher.root,
			});
		}
		for line in &lines {
			self.settled.insert(line.session, (line.count, line.to));
		}
		let id = self.batches.len() as BatchId;
		self.batches.insert(id, lines.clone());
		(!lines.is_empty()).then_some((id, lines))
	}

	/// What all batches took.
	pub fn total(&self) -> Balance {
		self.batches.values().map(|lines| batch::total(lines).unwrap()).sum()
	}
}

/// A store and one session with its purse, in a folder of their own.
pub struct World {
	pub folder: TempDir,
	pub store: Store,
	pub purse: Purse,
}

pub const SESSION: SessionId = 3;

impl World {
	pub fn new() -> Self {
		let folder = tempfile::tempdir().unwrap();
		let store = open(&folder.path().join("store")).unwrap();
		let purse = purse(&folder.path().join("purse"), SESSION);
		store.open_session(SESSION, terms(purse.signer())).unwrap().wait().unwrap();
		Self { folder, store, purse }
	}

	pub fn path(&self) -> PathBuf {
		self.folder.path().join("store")
	}

	/// A world with so many receipts that are paid, and whose last voucher the operator has.
	pub fn with_paid(receipts: u32) -> Self {
		let mut world = Self::new();
		for number in 0..receipts {
			let voucher = world.exchange(number);
			world.store.accept(voucher).unwrap().wait().unwrap();
		}
		world
	}

	pub fn exchange(&mut self, number: u32) -> SignedVoucher {
		exchange(&self.store, &mut self.purse, number)
	}

	pub fn ask(&mut self, number: u32) -> Asking {
		self.purse.ask(&question(number), MOST).unwrap()
	}

	/// Closes both sides and opens them from their files.
	pub fn restart(self) -> Self {
		let Self { folder, store, purse } = self;
		drop((store, purse));
		let store = open(&folder.path().join("store")).unwrap();
		let purse = Purse::open(&folder.path().join("purse")).unwrap();
		Self { folder, store, purse }
	}

	/// Takes what is due as one batch.
	pub fn commit(&self, chain: &mut Chain) -> BatchId {
		let due = self.store.due(MODEL, 9).unwrap();
		let (id, lines) = chain.commit(&due, |_| self.purse.signer()).unwrap();
		self.store.committed(id, MODEL, lines).unwrap().wait().unwrap();
		id
	}
}
