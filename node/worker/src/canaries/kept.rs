//! The true claims in whose place canaries are, until nobody can ask for them any more.

use std::{
	fs::OpenOptions,
	path::Path,
	time::{Duration, SystemTime, UNIX_EPOCH},
};

use codec::{DecodeAll, Encode};
use openledger_primitives_attribution::Claim;
use openledger_primitives_core::Hash;
use redb::{Database, Error, ReadableDatabase, ReadableTable, TableDefinition};
use sp_core::crypto::AccountId32;

/// Claims in SCALE, by what was asked.
const CLAIMS: TableDefinition<[u8; 32], &[u8]> = TableDefinition::new("claims");
/// When they were kept, in seconds since 1970, with what was asked.
const AGES: TableDefinition<(u64, [u8; 32]), ()> = TableDefinition::new("ages");

/// How long a claim is kept: longer than any session lasts, with the batch and the audit after it.
const LASTS: Duration = Duration::from_hours(24 * 45);
/// As many that are too old are dropped with each that is kept: more than come, so that they become fewer.
const DROPPED: usize = 4;

/// The claims, in a file that its owner alone can read.
pub(super) struct Kept(Database);

impl Kept {
	/// Opens the file, or makes it.
	pub(super) fn open(path: &Path) -> Result<Self, Error> {
		let mut options = OpenOptions::new();
		options.read(true).write(true).create(true).truncate(false);
		#[cfg(unix)]
		std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
		let database = Database::builder().create_file(options.open(path)?)?;
		let transaction = database.begin_write()?;
		transaction.open_table(CLAIMS)?;
		transaction.open_table(AGES)?;
		transaction.commit()?;
		Ok(Self(database))
	}

	/// Keeps a claim. It is on disk then.
	pub(super) fn keep(&self, subject: &Hash, claim: &Claim<AccountId32>) -> Result<(), Error> {
		let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
		self.keep_at(now, subject, claim)
	}

	fn keep_at(
		&self,
		now: Duration,
		subject: &Hash,
		claim: &Claim<AccountId32>,
	) -> Result<(), Error> {
		let transaction = self.0.begin_write()?;
		{
			let mut claims = transaction.open_table(CLAIMS)?;
			let mut ages = transaction.open_table(AGES)?;
			let before = now.saturating_sub(LASTS).as_secs();
			let mut old = Vec::new();
			for entry in ages.range(..(before, [0; 32]))?.take(DROPPED) {
				old.push(entry?.0.value());
			}
			for (at, subject) in old {
				ages.remove((at, subject))?;
				claims.remove(subject)?;
			}
			// A job that is answered again keeps its first age.
			if claims.insert(subject.0, claim.encode().as_slice())?.is_none() {
				ages.insert((now.as_secs(), subject.0), ())?;
			}
		}
		transaction.commit()?;
		Ok(())
	}

	/// The claim on what was asked, if it is kept.
	pub(super) fn get(&self, subject: &Hash) -> Option<Claim<AccountId32>> {
		let found = || -> Result<Option<Vec<u8>>, Error> {
			let claims = self.0.begin_read()?.open_table(CLAIMS)?;
			Ok(claims.get(subject.0)?.map(|bytes| bytes.value().to_vec()))
		};
		match found() {
			Ok(bytes) => Claim::decode_all(&mut bytes?.as_slice()).ok(),
			Err(error) => {
				log::error!("the true claim of a canary can't be read: {error}");
				None
			}
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::testing::outcome;

	#[test]
	fn claims_are_dropped_once_nobody_can_ask_for_them() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("canaries.redb");
		let kept = Kept::open(&path).unwrap();
		let (claim, subject) = (outcome(1).claim, Hash::repeat_byte);
		let day = |days: u64| Duration::from_hours(24 * days);
		for n in 0..8 {
			kept.keep_at(day(100), &subject(n), &claim).unwrap();
		}
		kept.keep_at(day(144), &subject(8), &claim).unwrap();
		assert!((0..9).all(|n| kept.get(&subject(n)) == Some(claim.clone())));
		for n in 9..11 {
			kept.keep_at(day(146), &subject(n), &claim).unwrap();
		}
		assert!((0..8).all(|n| kept.get(&subject(n)).is_none()));
		drop(kept);
		let kept = Kept::open(&path).unwrap();
		assert!((8..11).all(|n| kept.get(&subject(n)) == Some(claim.clone())));
		#[cfg(unix)]
		{
			use std::os::unix::fs::PermissionsExt;
			let mode = std::fs::metadata(&path).unwrap().permissions().mode();
			assert_eq!(mode & 0o077, 0);
		}
	}
}
