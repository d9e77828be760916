//! What the file holds, and how it is read.

use super::{StoreError, error::disk};
use codec::{Decode, DecodeAll, Encode};
use openledger_primitives_core::{BatchId, Hash, ModelId, SessionId};
use openledger_primitives_receipts::{Line, SignedReceipt, SumNode};
use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition};
use std::ops::Range;

/// The layout that this code reads and writes.
pub(super) const LAYOUT: u32 = 1;

/// The layout and the chain's genesis hash, under an empty key.
pub(super) const META: TableDefinition<(), (u32, [u8; 32])> = TableDefinition::new("meta");
/// A session to its SCALE-encoded record.
pub(super) const SESSIONS: TableDefinition<SessionId, &[u8]> = TableDefinition::new("sessions");
/// Session, level and index to the root of a complete subtree: hash and sum.
pub(super) const NODES: TableDefinition<(SessionId, u32, u32), ([u8; 32], u128)> =
	TableDefinition::new("nodes");
/// Session and position to the SCALE-encoded signed receipt.
pub(super) const RECEIPTS: TableDefinition<(SessionId, u32), &[u8]> =
	TableDefinition::new("receipts");
/// Session, position and part to that part of the sealed contents.
///
/// The database gives a value that is longer than a page as many pages as the next power of two has:
/// 32 KiB for 21. In parts of a page each, little is wasted.
pub(super) const CONTENTS: TableDefinition<(SessionId, u32, u32), &[u8]> =
	TableDefinition::new("contents");
/// A batch that is not final to its SCALE-encoded record.
pub(super) const BATCHES: TableDefinition<BatchId, &[u8]> = TableDefinition::new("batches");

/// How long a part of contents is, in bytes: with its key and the page's own fields, one page.
pub(super) const PART: usize = 4_000;

/// A batch that is not final.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct BatchRecord {
	pub(super) model: ModelId,
	pub(super) lines: Vec<Line>,
}

pub(super) fn decode<T: Decode>(bytes: &[u8], what: &'static str) -> Result<T, StoreError> {
	T::decode_all(&mut &*bytes).map_err(|_| StoreError::Damaged(what))
}

/// One state of the file: what is committed later does not change it.
pub(super) struct Snapshot(ReadTransaction);

impl Snapshot {
	pub(super) fn of(database: &Database) -> Result<Self, StoreError> {
		Ok(Self(database.begin_read().map_err(disk)?))
	}

	/// A complete subtree's root; `None` where it is not kept.
	pub(super) fn node(
		&self,
		session: SessionId,
		level: u32,
		index: u32,
	) -> Result<Option<SumNode>, StoreError> {
		let table = self.0.open_table(NODES).map_err(disk)?;
		let found = table.get((session, level, index)).map_err(disk)?;
		Ok(found.map(|entry| {
			let (hash, sum) = entry.value();
			SumNode { hash: Hash(hash), sum }
		}))
	}

	/// Receipts of a session in order; those that are not kept are left out.
	pub(super) fn receipts(
		&self,
		session: SessionId,
		positions: Range<u32>,
	) -> Result<Vec<SignedReceipt>, StoreError> {
		if positions.is_empty() {
			return Ok(Vec::new());
		}
		let table = self.0.open_table(RECEIPTS).map_err(disk)?;
		let range = (session, positions.start)..(session, positions.end);
		table
			.range(range)
			.map_err(disk)?
			.map(|entry| decode(entry.map_err(disk)?.1.value(), "a receipt"))
			.collect()
	}

	/// The sealed contents behind a receipt; `None` where they are not kept.
	pub(super) fn contents(
		&self,
		session: SessionId,
		position: u32,
	) -> Result<Option<Vec<u8>>, StoreError> {
		let table = self.0.open_table(CONTENTS).map_err(disk)?;
		let mut sealed = Vec::new();
		let range = (session, position, 0)..=(session, position, u32::MAX);
		for part in table.range(range).map_err(disk)? {
			sealed.extend_from_slice(part.map_err(disk)?.1.value());
		}
		Ok(Some(sealed).filter(|sealed| !sealed.is_empty()))
	}

	/// All records of sessions.
	pub(super) fn sessions<T: Decode>(&self) -> Result<Vec<(SessionId, T)>, StoreError> {
		let table = self.0.open_table(SESSIONS).map_err(disk)?;
		table
			.iter()
			.map_err(disk)?
			.map(|entry| {
				let (id, record) = entry.map_err(disk)?;
				Ok((id.value(), decode(record.value(), "a session")?))
			})
			.collect()
	}

	/// All batches that are not final.
	pub(super) fn batches(&self) -> Result<Vec<(BatchId, BatchRecord)>, StoreError> {
		let table = self.0.open_table(BATCHES).map_err(disk)?;
		table
			.iter()
			.map_err(disk)?
			.map(|entry| {
				let (id, record) = entry.map_err(disk)?;
				Ok((id.value(), decode(record.value(), "a batch")?))
			})
			.collect()
	}

	/// Hands every receipt to `each`, session after session, in order.
	pub(super) fn each_receipt<E: From<StoreError>>(
		&self,
		mut each: impl FnMut(SignedReceipt) -> Result<(), E>,
	) -> Result<(), E> {
		let table = self.0.open_table(RECEIPTS).map_err(disk)?;
		for entry in table.iter().map_err(disk)? {
			each(decode(entry.map_err(disk)?.1.value(), "a receipt")?)?;
		}
		Ok(())
	}
}
