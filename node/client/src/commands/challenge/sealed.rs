//! What was committed to and is not opened yet: `challenges/<chain>/<account>/<target>`, below the
//! client's data folder, for its owner's eyes alone.

use anyhow::{Context as _, Result};
use codec::{Decode, DecodeAll, Encode};
use openledger_primitives_attribution::challenge::{Fault, Target, commitment};
use openledger_primitives_core::Hash;
use sp_core::crypto::{AccountId32, Ss58Codec};
use std::{
	io::{ErrorKind, Write},
	path::{Path, PathBuf},
};

/// A challenge with its secret.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Sealed {
	/// What it is against.
	pub target: Target,
	/// What it shows.
	pub fault: Fault<AccountId32>,
	/// What the commitment is salted with.
	pub salt: [u8; 32],
}

impl Sealed {
	/// With a salt of its own.
	pub fn new(target: Target, fault: Fault<AccountId32>) -> Self {
		Self { target, fault, salt: rand::random() }
	}

	/// What `account` commits to.
	pub fn commitment(&self, account: &AccountId32) -> Hash {
		commitment(self.target, &self.fault, account, &self.salt)
	}
}

/// The challenges of one account on one chain.
pub struct Shelf {
	path: PathBuf,
	account: AccountId32,
}

impl Shelf {
	/// Below the client's data folder.
	pub fn new(data: &Path, genesis: Hash, account: AccountId32) -> Self {
		let chain = hex::encode(&genesis.as_bytes()[..8]);
		let path = data.join("challenges").join(chain).join(account.to_ss58check());
		Self { path, account }
	}

	/// Whose they are.
	pub fn account(&self) -> &AccountId32 {
		&self.account
	}

	/// The folder.
	pub fn path(&self) -> &Path {
		&self.path
	}

	fn file(&self, target: Target) -> PathBuf {
		self.path.join(match target {
			Target::Claim(request) => format!("claim-{request}"),
			Target::Model(model) => format!("model-{model}"),
		})
	}

	/// Seals and keeps what was found. What is kept already and shows the same stays as it is: its
	/// commitment may be on its way to the chain, and can't be opened with another salt.
	pub fn seal(&self, target: Target, fault: &Fault<AccountId32>) -> Result<Sealed> {
		let kept = self.find(target)?.filter(|kept| kept.fault == *fault);
		let sealed = kept.unwrap_or_else(|| Sealed::new(target, fault.clone()));
		self.put(&sealed)?;
		Ok(sealed)
	}

	/// Keeps a challenge, and waits for the disk.
	pub fn put(&self, sealed: &Sealed) -> Result<()> {
		let path = self.file(sealed.target);
		let tell = || format!("can't write {}", path.display());
		std::fs::create_dir_all(&self.path).with_context(tell)?;
		let mut file = tempfile::NamedTempFile::new_in(&self.path).with_context(tell)?;
		file.write_all(&sealed.encode()).with_context(tell)?;
		file.as_file().sync_all().with_context(tell)?;
		file.persist(&path).map_err(|error| error.error).with_context(tell)?;
		Ok(())
	}

	/// The challenge to a target, where one is kept.
	pub fn find(&self, target: Target) -> Result<Option<Sealed>> {
		let path = self.file(target);
		let bytes = match std::fs::read(&path) {
			Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
			read => read.with_context(|| format!("can't read {}", path.display()))?,
		};
		let sealed = Sealed::decode_all(&mut &bytes[..]).ok();
		let sealed = sealed.filter(|sealed| sealed.target == target);
		sealed.map(Some).with_context(|| {
			format!(
				"{} is damaged: take the challenge back with openledger challenge withdraw",
				path.display()
			)
		})
	}

	/// Forgets the challenge to a target.
	pub fn remove(&self, target: Target) -> Result<()> {
		let path = self.file(target);
		match std::fs::remove_file(&path) {
			Err(error) if error.kind() != ErrorKind::NotFound => {
				Err(error).with_context(|| format!("can't remove {}", path.display()))
			}
			_ => Ok(()),
		}
	}
}
