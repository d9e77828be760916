//! The salts of challenges to records that are committed and not opened.

use super::folder::Folder;
use anyhow::{Context as _, Result};
use openledger_primitives_core::{Hash, record::Pair};
use sp_core::crypto::AccountId32;
use std::path::Path;

/// The salts of one account on one chain.
pub struct Salts(Folder);

fn name(pair: Pair) -> String {
	let Pair { later, earlier } = pair;
	format!("{}-{}-{}-{}", later.datanet, later.index, earlier.datanet, earlier.index)
}

impl Salts {
	/// Below the client's data folder.
	pub fn new(data: &Path, genesis: Hash, account: &AccountId32) -> Self {
		Self(Folder::new(data, "duplicates", genesis, account))
	}

	/// The salt that a challenge was committed with, where one is kept.
	pub fn find(&self, pair: Pair) -> Result<Option<[u8; 32]>> {
		let name = name(pair);
		let Some(bytes) = self.0.find(&name)? else { return Ok(None) };
		let salt = bytes.try_into().ok();
		salt.map(Some).with_context(|| format!("{} is damaged", self.0.file(&name).display()))
	}

	/// Keeps a salt of its own for a challenge.
	pub fn make(&self, pair: Pair) -> Result<[u8; 32]> {
		let salt: [u8; 32] = rand::random();
		self.0.put(&name(pair), &salt)?;
		Ok(salt)
	}

	/// Forgets the salt of a challenge that is opened or taken back.
	pub fn remove(&self, pair: Pair) -> Result<()> {
		self.0.remove(&name(pair))
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
		salts.0.put(&name(pair), b"short").unwrap();
		assert!(salts.find(pair).unwrap_err().to_string().contains("damaged"));
		salts.remove(pair).unwrap();
		salts.remove(pair).unwrap();
		assert_eq!(salts.find(pair).unwrap(), None);
	}
}
