//! The salts of challenges that are committed and not opened: `duplicates/<chain>/<account>/<records>`, below the
//! client's data folder, for its owner's eyes alone.

use anyhow::{Context as _, Result};
use openledger_primitives_core::{Hash, record::Pair};
use sp_core::crypto::{AccountId32, Ss58Codec};
use std::{
	io::{ErrorKind, Write},
	path::{Path, PathBuf},
};

/// The salts of one account on one chain.
pub struct Salts {
	path: PathBuf,
}

impl Salts {
	/// Below the client's data folder.
	pub fn new(data: &Path, genesis: Hash, account: &AccountId32) -> Self {
		let chain = hex::encode(&genesis.as_bytes()[..8]);
		Self { path: data.join("duplicates").join(chain).join(account.to_ss58check()) }
	}

	fn file(&self, pair: Pair) -> PathBuf {
		let Pair { later, earlier } = pair;
		let name =
			format!("{}-{}-{}-{}", later.datanet, later.index, earlier.datanet, earlier.index);
		self.path.join(name)
	}

	/// The salt that a challenge was committed with, where one is kept.
	pub fn find(&self, pair: Pair) -> Result<Option<[u8; 32]>> {
		let path = self.file(pair);
		let bytes = match std::fs::read(&path) {
			Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
			read => read.with_context(|| format!("can't read {}", path.display()))?,
		};
		let salt = bytes.try_into().ok();
		salt.map(Some).with_context(|| format!("{} is damaged", path.display()))
	}

	/// Keeps a salt of its own for a challenge, and waits for the disk: without it the commitment can't be
	/// opened.
	pub fn make(&self, pair: Pair) -> Result<[u8; 32]> {
		let path = self.file(pair);
		let salt: [u8; 32] = rand::random();
		let tell = || format!("can't write {}", path.display());
		std::fs::create_dir_all(&self.path).with_context(tell)?;
		let mut file = tempfile::NamedTempFile::new_in(&self.path).with_context(tell)?;
		file.write_all(&salt).with_context(tell)?;
		file.as_file().sync_all().with_context(tell)?;
		file.persist(&path).map_err(|error| error.error).with_context(tell)?;
		Ok(salt)
	}

	/// Forgets the salt of a challenge that is opened or taken back.
	pub fn remove(&self, pair: Pair) -> Result<()> {
		let path = self.file(pair);
		match std::fs::remove_file(&path) {
			Err(error) if error.kind() != ErrorKind::NotFound => {
				Err(error).with_context(|| format!("can't remove {}", path.display()))
			}
			_ => Ok(()),
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use openledger_primitives_core::record::RecordRef;

	#[test]
	fn salt_is_kept_for_its_records_until_it_is_removed() {
		let folder = tempfile::tempdir().unwrap();
		let salts = Salts::new(folder.path(), Hash::zero(), &AccountId32::new([9; 32]));
		let at = |datanet, index| RecordRef { datanet, index };
		let pair = Pair { later: at(2, 11), earlier: at(1, 7) };
		assert_eq!(salts.find(pair).unwrap(), None);
		let salt = salts.make(pair).unwrap();
		assert_eq!(salts.find(pair).unwrap(), Some(salt));
		let swapped = Pair { later: pair.earlier, earlier: pair.later };
		assert_eq!(salts.find(swapped).unwrap(), None);
		assert_ne!(salts.make(swapped).unwrap(), salt);
		std::fs::write(salts.file(pair), b"short").unwrap();
		assert!(salts.find(pair).unwrap_err().to_string().contains("damaged"));
		salts.remove(pair).unwrap();
		salts.remove(pair).unwrap();
		assert_eq!(salts.find(pair).unwrap(), None);
	}
}
