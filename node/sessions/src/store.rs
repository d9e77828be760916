//! The operator's side of its sessions: one file, written by one thread.
//!
//! | operation | when it answers | what a crash before that leaves |
//! |---|---|---|
//! | [`Store::issue`] | the receipt is on disk | the receipt, which the payer asks for again, or nothing |
//! | [`Store::accept`] | the voucher is on disk | the last one; the payer's next covers it |
//! | [`Store::open_session`], [`Store::close`], [`Store::end`] | on disk | told again from the chain |
//! | [`Store::committed`], [`Store::finalised`] | on disk | told again from the chain |
//! | [`Store::prune`] | on disk | done again |
//!
//! Each of them is one change, written as a whole or not at all, and in the order in which they were
//! called. All that wait are committed together, so that thousands a second share some hundred waits
//! for the disk. They answer with a [`Pending`], which async callers await and others wait for; the
//! call itself takes the processor for a signature made or checked, some 50 µs, and no disk, but for
//! [`Store::accept`], which may read a few pages. What reads says so.
//!
//! A failing disk stops the store: what is in memory may then be ahead of what is on disk, and
//! nothing is told from it any more.

mod admit;
mod batches;
mod claim;
mod error;
mod export;
mod given_up;
mod issue;
mod open;
mod prune;
mod resync;
mod seal;
mod session;
mod tables;
mod vouchers;
mod writer;

pub use admit::Admission;
pub use batches::Revealed;
pub use claim::claim;
pub use error::StoreError;
pub use export::ExportError;
pub use issue::{Agent, Answered};
pub use resync::Kept;
pub use seal::Contents;
pub use session::{Terms, Unpaid};
pub use vouchers::Accepted;
pub use writer::Pending;

use openledger_primitives_core::{Balance, BatchId, Hash, SessionId};
use openledger_primitives_receipts::{SumNode, prove};
use parking_lot::{Mutex, RwLock};
use redb::Database;
use seal::Sealer;
use session::{Live, Record};
use std::{
	collections::{BTreeMap, HashMap},
	sync::Arc,
};
use tables::{BatchRecord, Snapshot};
use writer::{Write, Writer};

/// How far payers are trusted, and what memory is used.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
	/// The most receipts of one session that are unpaid or under way.
	pub receipts: u32,
	/// The most that they may cost where there are several, in the smallest unit of OPEN.
	pub amount: Balance,
	/// Memory for pages of the file, in bytes.
	pub cache: usize,
}

/// The operator's store.
pub struct Store {
	/// Before the database, so that it ends first.
	writer: Writer,
	database: Arc<Database>,
	sealer: Sealer,
	agent: Box<dyn Agent>,
	genesis: Hash,
	settings: Settings,
	sessions: RwLock<HashMap<SessionId, Arc<Mutex<Live>>>>,
	/// Batches that are not final. Locked before sessions are, and these in order of their numbers.
	batches: Mutex<BTreeMap<BatchId, BatchRecord>>,
	/// What a session's answers may come to before they are settled.
	room: Mutex<Balance>,
}

impl Store {
	/// Enters a session whose opening is final on chain, or that its escrow was added to. What is known
	/// already changes nothing. One that was dropped after its end is not told again: it would begin
	/// anew.
	///
	/// # Errors
	/// [`StoreError::OtherTerms`].
	pub fn open_session(
		&self,
		session: SessionId,
		terms: Terms,
	) -> Result<Pending<()>, StoreError> {
		self.writer.check()?;
		let mut sessions = self.sessions.write();
		let Some(live) = sessions.get(&session) else {
			let record = Record::new(terms);
			let pending = self.writer.push(vec![record.write(session)], ())?;
			sessions.insert(session, Arc::new(Mutex::new(Live::new(record))));
			return Ok(pending);
		};
		let mut live = live.lock();
		let known = &live.record.terms;
		if (Terms { escrow: known.escrow, ..terms.clone() }) != *known {
			return Err(StoreError::OtherTerms(session));
		}
		let mut record = live.record.clone();
		record.terms.escrow = record.terms.escrow.max(terms.escrow);
		self.put(session, &mut live, record, Vec::new(), ())
	}

	/// The session's terms.
	///
	/// # Errors
	/// [`StoreError::NoSession`].
	pub fn terms(&self, session: SessionId) -> Result<Terms, StoreError> {
		Ok(self.session(session)?.lock().record.terms.clone())
	}

	/// The store's sessions, in order of their numbers.
	pub fn sessions(&self) -> Vec<SessionId> {
		let mut all: Vec<SessionId> = self.sessions.read().keys().copied().collect();
		all.sort_unstable();
		all
	}

	fn session(&self, session: SessionId) -> Result<Arc<Mutex<Live>>, StoreError> {
		self.writer.check()?;
		self.sessions.read().get(&session).cloned().ok_or(StoreError::NoSession(session))
	}

	/// Queues a session's new record with further changes, and then takes it over.
	fn put<T>(
		&self,
		session: SessionId,
		live: &mut Live,
		record: Record,
		mut writes: Vec<Write>,
		value: T,
	) -> Result<Pending<T>, StoreError> {
		if live.gone {
			return Err(StoreError::NoSession(session));
		}
		writes.push(record.write(session));
		let pending = self.writer.push(writes, value)?;
		live.record = record;
		Ok(pending)
	}

	/// The root over a session's first `count` receipts; `None` where they are not all on disk.
	fn root(
		&self,
		session: SessionId,
		record: &Record,
		count: u32,
	) -> Result<Option<SumNode>, StoreError> {
		if count == record.tree.count() {
			return Ok(Some(record.tree.root()));
		}
		if count > record.tree.count() {
			return Ok(None);
		}
		let snapshot = Snapshot::of(&self.database)?;
		let root = prove::root(count, |level, index| {
			snapshot.node(session, level, index).map_err(Some)?.ok_or(None)
		});
		match root {
			Ok(root) => Ok(root),
			Err(None) => Ok(None),
			Err(Some(error)) => Err(error),
		}
	}
}
