//! What a run on files follows from, and what any run has committed to.

use openledger_primitives_core::Hash;
use openlora::{
	TrainOptions,
	train::{Digest, Link, chain},
};
use serde::{Deserialize, Serialize};
use sp_io::hashing::blake2_256;

use crate::{
	error::{Error, Result},
	manifest::Training,
};

/// The version of [`LocalManifest`]'s and [`TrainingLog`]'s format.
pub const VERSION: u32 = 1;

/// A file of examples as a manifest names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListedFile {
	/// Its name, without folders.
	pub name: String,
	/// blake2b-256 of its bytes.
	pub hash: Hash,
	/// How many examples it holds.
	pub examples: usize,
}

/// The manifest of an adapter that was trained on files rather than snapshots. Its canonical bytes are
/// JSON without spaces, fields in the order below.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalManifest {
	/// [`VERSION`].
	pub version: u32,
	/// blake2b-256 of the base's weights file.
	pub base: Hash,
	/// blake2b-256 of the tokenizer file; of the weights file where that holds the tokenizer.
	pub tokenizer: Hash,
	/// What was trained on, in order.
	pub files: Vec<ListedFile>,
	/// What was evaluated on besides.
	pub validation_files: Vec<ListedFile>,
	/// The share of the files' examples that was kept for validation, chosen by the seed.
	pub validation_share: f64,
	/// The most tokens of an example.
	pub record_tokens: usize,
	/// How the adapter was trained.
	pub training: Training,
	/// Steps between two evaluations.
	pub evaluate_every: usize,
	/// Evaluations without a lower loss after which training stops.
	pub patience: Option<usize>,
}

impl LocalManifest {
	/// The canonical bytes.
	///
	/// # Errors
	/// [`Error::Malformed`] for what makes no sense, and the engine's for options out of range.
	pub fn to_bytes(&self) -> Result<Vec<u8>> {
		let refuse =
			|reason: &str| Err(Error::malformed("manifest of a training on files", reason));
		if self.version != VERSION {
			return refuse("its version is not 1");
		}
		if self.files.is_empty() {
			return refuse("it lists no files");
		}
		if !(0.0..1.0).contains(&self.validation_share) {
			return refuse("its share of validation is not at least 0 and below 1");
		}
		if self.record_tokens < 2 {
			return refuse("its examples have fewer than 2 tokens");
		}
		self.options(Hash::zero())?.validate()?;
		let bytes = serde_json::to_vec(self);
		bytes.map_err(|error| Error::malformed("manifest of a training on files", error))
	}

	/// Reads a manifest from its canonical bytes.
	///
	/// # Errors
	/// As [`LocalManifest::to_bytes`], and for another spelling of the same.
	pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
		const WHAT: &str = "manifest of a training on files";
		let manifest: Self =
			serde_json::from_slice(bytes).map_err(|error| Error::malformed(WHAT, error))?;
		if manifest.to_bytes()? != bytes {
			return Err(Error::malformed(WHAT, "its spelling is not canonical"));
		}
		Ok(manifest)
	}

	/// blake2b-256 of the canonical bytes, with which the chain of checkpoints begins.
	///
	/// # Errors
	/// As [`LocalManifest::to_bytes`].
	pub fn hash(&self) -> Result<Hash> {
		Ok(blake2_256(&self.to_bytes()?).into())
	}

	/// Options that train the same adapter, with a chain that begins with `genesis`.
	///
	/// # Errors
	/// As [`Training::options`].
	pub fn options(&self, genesis: Hash) -> Result<TrainOptions> {
		Ok(TrainOptions {
			evaluate_every: self.evaluate_every,
			patience: self.patience,
			genesis: Digest(genesis.0),
			..self.training.options()?
		})
	}
}

/// What a run has committed to, beside its manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingLog {
	/// [`VERSION`].
	pub version: u32,
	/// What the chain begins with: the hash of what the run follows from.
	pub genesis: Digest,
	/// Steps between two checkpoints.
	pub checkpoint_every: usize,
	/// The chain.
	pub links: Vec<Link>,
	/// The step that the adapter was taken after.
	pub step: u64,
	/// blake2b-256 of the adapter's file.
	pub adapter: Hash,
}

impl TrainingLog {
	/// Reads a log and checks that its links follow each other and lead to the step of its adapter.
	///
	/// # Errors
	/// [`Error::Malformed`], or [`openlora::Error::BrokenChain`].
	pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
		const WHAT: &str = "training log";
		let log: Self = serde_json::from_slice(bytes).map_err(|e| Error::malformed(WHAT, e))?;
		if log.version != VERSION {
			return Err(Error::malformed(WHAT, "its version is not 1"));
		}
		chain::check(log.genesis, &log.links)?;
		if log.step != chain::chosen(&log.links) {
			return Err(Error::malformed(
				WHAT,
				"its adapter is not of the step with the lowest loss",
			));
		}
		Ok(log)
	}

	/// The log as JSON.
	///
	/// # Errors
	/// [`Error::Malformed`], which it never is.
	pub fn to_bytes(&self) -> Result<Vec<u8>> {
		serde_json::to_vec(self).map_err(|error| Error::malformed("training log", error))
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn manifest() -> LocalManifest {
		let hash = Hash::repeat_byte(3);
		LocalManifest {
			version: VERSION,
			base: Hash::repeat_byte(1),
			tokenizer: Hash::repeat_byte(1),
			files: vec![ListedFile { name: "a.jsonl".into(), hash, examples: 3 }],
			validation_files: Vec::new(),
			validation_share: 0.25,
			record_tokens: 64,
			training: Training::from(&TrainOptions { dropout: 0.5, ..Default::default() }),
			evaluate_every: 10,
			patience: Some(3),
		}
	}

	#[test]
	fn manifest_is_the_same_when_written_and_read() {
		let bytes = manifest().to_bytes().unwrap();
		assert_eq!(LocalManifest::from_bytes(&bytes).unwrap(), manifest());
		let options = manifest().options(Hash::repeat_byte(9)).unwrap();
		assert_eq!((options.genesis, options.patience), (Digest([9; 32]), Some(3)));
		assert_eq!((options.evaluate_every, options.dropout), (10, 0.5));
	}

	#[test]
	fn manifest_is_refused_when_it_makes_no_sense_or_is_spelled_otherwise() {
		let changes: [fn(&mut LocalManifest); 7] = [
			|m| m.version = 2,
			|m| m.files.clear(),
			|m| m.validation_share = 1.0,
			|m| m.validation_share = f64::NAN,
			|m| m.record_tokens = 1,
			|m| m.evaluate_every = 0,
			|m| m.training.rank = 0,
		];
		for change in changes {
			let mut changed = manifest();
			change(&mut changed);
			assert!(changed.to_bytes().is_err(), "{changed:?}");
		}
		let text = String::from_utf8(manifest().to_bytes().unwrap()).unwrap();
		for other in [format!("{text} "), text.replace("\"files\"", "\"more\":1,\"files\"")] {
			assert!(LocalManifest::from_bytes(other.as_bytes()).is_err());
		}
		assert!(LocalManifest::from_bytes(&text.as_bytes()[..40]).is_err());
	}

	fn log() -> TrainingLog {
		let genesis = Digest([4; 32]);
		let first = Link::after(genesis, 0, Digest([1; 32]), Some(3.0));
		let second = Link::after(first.hash, 5, Digest([2; 32]), Some(2.0));
		let third = Link::after(second.hash, 9, Digest([3; 32]), Some(2.5));
		TrainingLog {
			version: VERSION,
			genesis,
			checkpoint_every: 5,
			links: vec![first, second, third],
			step: 5,
			adapter: Hash::zero(),
		}
	}

	#[test]
	fn log_is_accepted_only_when_its_chain_holds() {
		let bytes = log().to_bytes().unwrap();
		assert_eq!(TrainingLog::from_bytes(&bytes).unwrap(), log());
		let changes: [fn(&mut TrainingLog); 5] = [
			|log| log.version = 0,
			|log| log.genesis = Digest::default(),
			|log| log.step = 9,
			|log| log.links[1].loss = None,
			|log| log.links.clear(),
		];
		for change in changes {
			let mut changed = log();
			change(&mut changed);
			assert!(TrainingLog::from_bytes(&changed.to_bytes().unwrap()).is_err(), "{changed:?}");
		}
		assert!(TrainingLog::from_bytes(&bytes[1..]).is_err());
	}
}
