//! Where what is committed to and not opened is kept: `<kind>/<chain>/<account>/<name>`, below the client's data
//! folder, for its owner's eyes alone. Without it no commitment can be opened.

use anyhow::{Context as _, Result};
use openledger_primitives_core::Hash;
use sp_core::crypto::{AccountId32, Ss58Codec};
use std::{
	io::{ErrorKind, Write},
	path::{Path, PathBuf},
};

/// What one account keeps of one kind on one chain, by name.
pub struct Folder {
	path: PathBuf,
}

impl Folder {
	/// Below the client's data folder.
	pub fn new(data: &Path, kind: &str, genesis: Hash, account: &AccountId32) -> Self {
		let chain = hex::encode(&genesis.as_bytes()[..8]);
		Self { path: data.join(kind).join(chain).join(account.to_ss58check()) }
	}

	/// Where it is.
	pub fn path(&self) -> &Path {
		&self.path
	}

	/// The file of this name.
	pub fn file(&self, name: &str) -> PathBuf {
		self.path.join(name)
	}

	/// Keeps `bytes` in the place of what had the name before, and waits for the disk.
	pub fn put(&self, name: &str, bytes: &[u8]) -> Result<()> {
		let path = self.file(name);
		let tell = || format!("can't write {}", path.display());
		std::fs::create_dir_all(&self.path).with_context(tell)?;
		let mut file = tempfile::NamedTempFile::new_in(&self.path).with_context(tell)?;
		file.write_all(bytes).with_context(tell)?;
		file.as_file().sync_all().with_context(tell)?;
		file.persist(&path).map_err(|error| error.error).with_context(tell)?;
		Ok(())
	}

	/// What is kept under a name, if anything is.
	pub fn find(&self, name: &str) -> Result<Option<Vec<u8>>> {
		let path = self.file(name);
		match std::fs::read(&path) {
			Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
			read => read.map(Some).with_context(|| format!("can't read {}", path.display())),
		}
	}

	/// Forgets what is kept under a name, if anything is.
	pub fn remove(&self, name: &str) -> Result<()> {
		let path = self.file(name);
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

	#[test]
	fn names_accounts_and_chains_are_kept_apart() {
		let data = tempfile::tempdir().unwrap();
		let of = |chain, account| {
			let account = AccountId32::new([account; 32]);
			Folder::new(data.path(), "kind", Hash::repeat_byte(chain), &account)
		};
		of(1, 1).put("a", b"one").unwrap();
		of(1, 1).put("a", b"two").unwrap();
		assert_eq!(of(1, 1).find("a").unwrap().as_deref(), Some(&b"two"[..]));
		for other in [of(1, 2), of(2, 1)] {
			assert_eq!(other.find("a").unwrap(), None);
			other.remove("a").unwrap();
		}
		assert_eq!(of(1, 1).find("b").unwrap(), None);
		of(1, 1).remove("a").unwrap();
		assert_eq!(of(1, 1).find("a").unwrap(), None);
	}
}
