//! What was committed to and is not opened yet of challenges to claims and model versions.

use super::folder::Folder;
use anyhow::{Context as _, Result};
use codec::{Decode, DecodeAll, Encode};
use openledger_primitives_attribution::challenge::{Fault, Target, commitment};
use openledger_primitives_core::Hash;
use sp_core::crypto::AccountId32;
use std::path::Path;

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
	folder: Folder,
	account: AccountId32,
}

fn name(target: Target) -> String {
	match target {
		Target::Claim(request) => format!("claim-{request}"),
		Target::Model(model) => format!("model-{model}"),
	}
}

impl Shelf {
	/// Below the client's data folder.
	pub fn new(data: &Path, genesis: Hash, account: AccountId32) -> Self {
		Self { folder: Folder::new(data, "challenges", genesis, &account), account }
	}

	/// Whose they are.
	pub fn account(&self) -> &AccountId32 {
		&self.account
	}

	/// The folder.
	pub fn path(&self) -> &Path {
		self.folder.path()
	}

	/// Seals and keeps what was found. What is kept already and shows the same stays as it is: its
	/// commitment may be on its way to the chain, and can't be opened with another salt.
	pub fn seal(&self, target: Target, fault: &Fault<AccountId32>) -> Result<Sealed> {
		let kept = self.find(target)?.filter(|kept| kept.fault == *fault);
		let sealed = kept.unwrap_or_else(|| Sealed::new(target, fault.clone()));
		self.put(&sealed)?;
		Ok(sealed)
	}

	/// Keeps a challenge.
	pub fn put(&self, sealed: &Sealed) -> Result<()> {
		self.folder.put(&name(sealed.target), &sealed.encode())
	}

	/// The challenge to a target, where one is kept.
	pub fn find(&self, target: Target) -> Result<Option<Sealed>> {
		let name = name(target);
		let Some(bytes) = self.folder.find(&name)? else { return Ok(None) };
		let sealed = Sealed::decode_all(&mut &bytes[..]).ok();
		let sealed = sealed.filter(|sealed| sealed.target == target);
		sealed.map(Some).with_context(|| {
			format!(
				"{} is damaged: take the challenge back with openledger challenge withdraw",
				self.folder.file(&name).display()
			)
		})
	}

	/// Forgets the challenge to a target.
	pub fn remove(&self, target: Target) -> Result<()> {
		self.folder.remove(&name(target))
	}
}
