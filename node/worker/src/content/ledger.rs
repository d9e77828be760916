//! Who stores how much: one entry for each uploaded blob, and what uploads under way will need.

use std::{collections::HashMap, path::Path, sync::Arc};

use openledger_primitives_core::Hash;
use parking_lot::Mutex;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use sp_core::crypto::AccountId32;

use super::ContentError;

/// Blob to the account that it counts for, and the bytes that it counts as.
const BLOBS: TableDefinition<[u8; 32], ([u8; 32], u64)> = TableDefinition::new("blobs");

/// What the smallest blob counts as: what a file takes on most disks.
pub const SMALLEST: u64 = 4 << 10;

/// The ledger; one for each store.
pub(super) struct Ledger {
	database: Database,
	quota: u64,
	capacity: u64,
	held: Arc<Mutex<Held>>,
}

#[derive(Default)]
struct Held {
	/// Stored and reserved bytes of each account.
	accounts: HashMap<[u8; 32], u64>,
	total: u64,
}

impl Held {
	fn add(&mut self, account: [u8; 32], size: u64) {
		let used = self.accounts.entry(account).or_default();
		*used = used.saturating_add(size);
		self.total = self.total.saturating_add(size);
	}

	fn take(&mut self, account: &[u8; 32], size: u64) {
		if let Some(used) = self.accounts.get_mut(account) {
			*used = used.saturating_sub(size);
			if *used == 0 {
				self.accounts.remove(account);
			}
		}
		self.total = self.total.saturating_sub(size);
	}
}

/// Room for one upload, given back when dropped unless it was entered.
pub(super) struct Reservation {
	held: Arc<Mutex<Held>>,
	account: [u8; 32],
	size: u64,
}

impl Drop for Reservation {
	fn drop(&mut self) {
		self.held.lock().take(&self.account, self.size);
	}
}

fn failed(error: impl Into<redb::Error>) -> ContentError {
	ContentError::Ledger(Box::new(error.into()))
}

impl Ledger {
	/// Opens or creates the ledger. `quota` bounds one account, `capacity` all of them, in bytes.
	pub(super) fn open(path: &Path, quota: u64, capacity: u64) -> Result<Self, ContentError> {
		let database = Database::create(path).map_err(failed)?;
		let transaction = database.begin_write().map_err(failed)?;
		let mut held = Held::default();
		{
			let table = transaction.open_table(BLOBS).map_err(failed)?;
			for entry in table.iter().map_err(failed)? {
				let (account, size) = entry.map_err(failed)?.1.value();
				held.add(account, size);
			}
		}
		transaction.commit().map_err(failed)?;
		Ok(Self { database, quota, capacity, held: Arc::new(Mutex::new(held)) })
	}

	/// Sets room for `size` bytes aside.
	///
	/// # Errors
	/// [`ContentError::QuotaExceeded`] or [`ContentError::Full`].
	pub(super) fn reserve(
		&self,
		account: &AccountId32,
		size: u64,
	) -> Result<Reservation, ContentError> {
		let size = size.max(SMALLEST);
		let key: [u8; 32] = *account.as_ref();
		let mut held = self.held.lock();
		let used = held.accounts.get(&key).copied().unwrap_or(0);
		if used.checked_add(size).is_none_or(|sum| sum > self.quota) {
			let (account, quota) = (account.clone(), self.quota);
			return Err(ContentError::QuotaExceeded { account, size, used, quota });
		}
		if held.total.checked_add(size).is_none_or(|sum| sum > self.capacity) {
			return Err(ContentError::Full { capacity: self.capacity });
		}
		held.add(key, size);
		Ok(Reservation { held: self.held.clone(), account: key, size })
	}

	/// Writes the blob down under the account that made the reservation. An earlier entry for the
	/// same blob is replaced, so that no blob counts twice. Waits for the disk.
	pub(super) fn enter(&self, blob: &Hash, room: Reservation) -> Result<(), ContentError> {
		let transaction = self.database.begin_write().map_err(failed)?;
		let earlier = {
			let mut table = transaction.open_table(BLOBS).map_err(failed)?;
			let earlier = table.insert(blob.0, (room.account, room.size)).map_err(failed)?;
			earlier.map(|entry| entry.value())
		};
		transaction.commit().map_err(failed)?;
		let mut held = self.held.lock();
		held.add(room.account, room.size);
		if let Some((account, size)) = earlier {
			held.take(&account, size);
		}
		drop(held);
		// The reservation's own bytes go with it; the entry's were added above.
		drop(room);
		Ok(())
	}

	/// Strikes a blob off: it is gone. Waits for the disk.
	pub(super) fn strike(&self, blob: &Hash) -> Result<(), ContentError> {
		let transaction = self.database.begin_write().map_err(failed)?;
		let earlier = {
			let mut table = transaction.open_table(BLOBS).map_err(failed)?;
			let earlier = table.remove(blob.0).map_err(failed)?;
			earlier.map(|entry| entry.value())
		};
		transaction.commit().map_err(failed)?;
		if let Some((account, size)) = earlier {
			self.held.lock().take(&account, size);
		}
		Ok(())
	}

	/// How many blobs were uploaded, and how many bytes they and uploads under way count as.
	pub(super) fn totals(&self) -> Result<(u64, u64), ContentError> {
		use redb::ReadableTableMetadata;
		let transaction = self.database.begin_read().map_err(failed)?;
		let blobs = transaction.open_table(BLOBS).map_err(failed)?.len().map_err(failed)?;
		Ok((blobs, self.held.lock().total))
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	const ALICE: AccountId32 = AccountId32::new([1; 32]);
	const BOB: AccountId32 = AccountId32::new([2; 32]);

	fn blob(byte: u8) -> Hash {
		Hash::repeat_byte(byte)
	}

	#[test]
	fn quota_counts_stored_blobs_and_uploads_under_way() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("ledger.redb");
		let ledger = Ledger::open(&path, 100_000, 1 << 40).unwrap();
		ledger.enter(&blob(1), ledger.reserve(&ALICE, 60_000).unwrap()).unwrap();
		let under_way = ledger.reserve(&ALICE, 40_000).unwrap();
		let refused = ledger.reserve(&ALICE, 1);
		assert!(matches!(
			refused,
			Err(ContentError::QuotaExceeded { used: 100_000, quota: 100_000, .. })
		));
		ledger.reserve(&BOB, 100_000).unwrap();
		drop(under_way);
		ledger.reserve(&ALICE, 40_000).unwrap();
		drop(ledger);
		let reopened = Ledger::open(&path, 100_000, 1 << 40).unwrap();
		assert!(reopened.reserve(&ALICE, 40_001).is_err());
		assert_eq!(reopened.totals().unwrap(), (1, 60_000));
	}

	#[test]
	fn blob_counts_once_when_it_is_entered_again() {
		let folder = tempfile::tempdir().unwrap();
		let ledger = Ledger::open(&folder.path().join("l"), 100_000, 1 << 40).unwrap();
		ledger.enter(&blob(1), ledger.reserve(&ALICE, 60_000).unwrap()).unwrap();
		ledger.enter(&blob(1), ledger.reserve(&BOB, 60_000).unwrap()).unwrap();
		assert_eq!(ledger.totals().unwrap(), (1, 60_000));
		ledger.reserve(&ALICE, 100_000).unwrap();
		ledger.strike(&blob(1)).unwrap();
		ledger.strike(&blob(1)).unwrap();
		assert_eq!(ledger.totals().unwrap(), (0, 0));
	}

	#[test]
	fn many_accounts_are_refused_when_the_store_is_full() {
		let folder = tempfile::tempdir().unwrap();
		let ledger = Ledger::open(&folder.path().join("l"), 10_000, 20_000).unwrap();
		let _first = ledger.reserve(&ALICE, 10_000).unwrap();
		let _second = ledger.reserve(&BOB, 10_000).unwrap();
		let third = ledger.reserve(&AccountId32::new([3; 32]), 1);
		assert!(matches!(third, Err(ContentError::Full { capacity: 20_000 })));
	}

	#[test]
	fn tiny_blobs_count_as_what_a_file_takes() {
		let folder = tempfile::tempdir().unwrap();
		let ledger = Ledger::open(&folder.path().join("l"), 2 * SMALLEST, 1 << 40).unwrap();
		let _first = ledger.reserve(&ALICE, 1).unwrap();
		let _second = ledger.reserve(&ALICE, 1).unwrap();
		assert!(ledger.reserve(&ALICE, 1).is_err());
		assert!(ledger.reserve(&BOB, u64::MAX).is_err());
	}
}
