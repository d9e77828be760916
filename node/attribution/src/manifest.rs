//! The training manifest: everything that a model version's adapter follows from.

use crate::error::{Error, Result};
use openledger_primitives_core::{
	Hash,
	record::{Snapshot, SnapshotRef},
};
use openlora::{Decay, Module, TrainOptions};
use serde::{Deserialize, Serialize};
use sp_io::hashing::blake2_256;

/// The version of the manifest's format.
pub const VERSION: u32 = 1;

/// The training manifest of a model version. Its canonical bytes are JSON without spaces, fields in
/// the order below; their hash is what the registry holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
	/// [`VERSION`].
	pub version: u32,
	/// blake2b-256 of the base's weights file.
	pub base: Hash,
	/// blake2b-256 of the tokenizer file; of the weights file where that holds the tokenizer.
	pub tokenizer: Hash,
	/// The snapshots trained on, in order.
	pub snapshots: Vec<TrainedSnapshot>,
	/// blake2b-256 of each record's content: the snapshots' records, one snapshot after the other.
	pub records: Vec<Hash>,
	/// The most tokens of a record that are trained on, prompt and answer together.
	pub record_tokens: usize,
	/// How the adapter was trained.
	pub training: Training,
}

/// A snapshot as the manifest names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainedSnapshot {
	/// The Datanet.
	pub datanet: u32,
	/// The snapshot within it.
	pub snapshot: u32,
	/// Root over its record leaves.
	pub root: Hash,
	/// How many there are.
	pub count: u32,
}

impl TrainedSnapshot {
	/// Names a snapshot as the chain has it.
	pub fn new(reference: SnapshotRef, snapshot: &Snapshot) -> Self {
		let SnapshotRef { datanet, snapshot: number } = reference;
		Self { datanet, snapshot: number, root: snapshot.root, count: snapshot.count }
	}
}

/// The part of [`TrainOptions`] that the adapter depends on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
	/// Rank of the adapter.
	pub rank: usize,
	/// Numerator of the scaling.
	pub alpha: f64,
	/// PEFT names of the adapted projections.
	pub targets: Vec<String>,
	/// Passes over the records.
	pub epochs: usize,
	/// Records in a step.
	pub batch: usize,
	/// Peak learning rate.
	pub lr: f64,
	/// Share of the steps over which the learning rate rises.
	pub warmup: f64,
	/// How it falls afterwards.
	pub decay: Decay,
	/// Largest norm of a step's gradient.
	pub clip: f64,
	/// Decoupled weight decay.
	pub weight_decay: f64,
	/// Decay of the running mean of gradients.
	pub beta1: f64,
	/// Decay of the running mean of squared gradients.
	pub beta2: f64,
	/// Added to the root of the second moment.
	pub epsilon: f64,
	/// Seed of the initial matrices and of the order of records.
	pub seed: u64,
}

impl From<&TrainOptions> for Training {
	fn from(options: &TrainOptions) -> Self {
		Self {
			rank: options.rank,
			alpha: options.alpha,
			targets: options.targets.iter().map(|module| module.name().to_owned()).collect(),
			epochs: options.epochs,
			batch: options.batch,
			lr: options.lr,
			warmup: options.warmup,
			decay: options.decay,
			clip: options.clip,
			weight_decay: options.weight_decay,
			beta1: options.beta1,
			beta2: options.beta2,
			epsilon: options.epsilon,
			seed: options.seed,
		}
	}
}

impl Training {
	/// Options that train the same adapter; where checkpoints go, and on how many threads, is the
	/// caller's to set.
	///
	/// # Errors
	/// [`Error::Malformed`] for a projection that is not known, or the engine's for a number out of
	/// range.
	pub fn options(&self) -> Result<TrainOptions> {
		let targets = self
			.targets
			.iter()
			.map(|name| {
				Module::from_name(name).ok_or_else(|| {
					Error::malformed("training manifest", format!("{name:?} is no projection"))
				})
			})
			.collect::<Result<_>>()?;
		let options = TrainOptions {
			rank: self.rank,
			alpha: self.alpha,
			targets,
			epochs: self.epochs,
			batch: self.batch,
			lr: self.lr,
			warmup: self.warmup,
			decay: self.decay,
			clip: self.clip,
			weight_decay: self.weight_decay,
			beta1: self.beta1,
			beta2: self.beta2,
			epsilon: self.epsilon,
			seed: self.seed,
			..TrainOptions::default()
		};
		options.validate()?;
		Ok(options)
	}
}

impl Manifest {
	/// The canonical bytes.
	///
	/// # Errors
	/// As [`Manifest::from_bytes`]: what could not be read again is not written either.
	pub fn to_bytes(&self) -> Result<Vec<u8>> {
		self.check()?;
		serde_json::to_vec(self).map_err(|error| Error::malformed("training manifest", error))
	}

	/// Reads a manifest from its canonical bytes.
	///
	/// # Errors
	/// [`Error::Malformed`] for other JSON, another spelling of the same, another version, or counts
	/// that don't add up; the engine's for hyperparameters out of range.
	pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
		let manifest: Self = serde_json::from_slice(bytes)
			.map_err(|error| Error::malformed("training manifest", error))?;
		if manifest.to_bytes()? != bytes {
			return Err(Error::malformed("training manifest", "its spelling is not canonical"));
		}
		Ok(manifest)
	}

	/// blake2b-256 of the canonical bytes.
	///
	/// # Errors
	/// As [`Manifest::to_bytes`].
	pub fn hash(&self) -> Result<Hash> {
		Ok(blake2_256(&self.to_bytes()?).into())
	}

	fn check(&self) -> Result<()> {
		let refuse = |reason: String| Err(Error::malformed("training manifest", reason));
		if self.version != VERSION {
			return refuse(format!("version {}, {VERSION} is read here", self.version));
		}
		let counted: u64 = self.snapshots.iter().map(|s| u64::from(s.count)).sum();
		if counted == 0 || counted != self.records.len() as u64 {
			let records = self.records.len();
			return refuse(format!("{records} records for snapshots that count {counted}"));
		}
		if self.record_tokens < 2 {
			return refuse(format!("records of at most {} tokens", self.record_tokens));
		}
		self.training.options().map(|_| ())
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn manifest() -> Manifest {
		Manifest {
			version: VERSION,
			base: Hash::repeat_byte(1),
			tokenizer: Hash::repeat_byte(1),
			snapshots: vec![
				TrainedSnapshot { datanet: 3, snapshot: 0, root: Hash::repeat_byte(2), count: 2 },
				TrainedSnapshot { datanet: 1, snapshot: 7, root: Hash::repeat_byte(3), count: 1 },
			],
			records: (4..7).map(Hash::repeat_byte).collect(),
			record_tokens: 128,
			training: Training::from(&TrainOptions { seed: u64::MAX, ..Default::default() }),
		}
	}

	#[test]
	fn manifest_is_the_same_when_written_and_read() {
		let manifest = manifest();
		let bytes = manifest.to_bytes().unwrap();
		assert_eq!(Manifest::from_bytes(&bytes).unwrap(), manifest);
		assert_eq!(manifest.hash().unwrap(), Hash(blake2_256(&bytes)));
		assert_eq!(Training::from(&manifest.training.options().unwrap()), manifest.training);
	}

	#[test]
	fn hash_differs_when_anything_differs() {
		let changes: [fn(&mut Manifest); 5] = [
			|m| m.base = Hash::zero(),
			|m| m.snapshots.swap(0, 1),
			|m| m.records.swap(0, 1),
			|m| m.record_tokens = 127,
			|m| m.training.seed = 0,
		];
		let hash = manifest().hash().unwrap();
		for change in changes {
			let mut changed = manifest();
			change(&mut changed);
			assert_ne!(changed.hash().unwrap(), hash);
		}
	}

	#[test]
	fn manifest_is_refused_when_spelled_otherwise() {
		let text = String::from_utf8(manifest().to_bytes().unwrap()).unwrap();
		for other in [
			format!(" {text}"),
			text.replace("\"alpha\":16.0", "\"alpha\":16"),
			text.replace(",\"record_tokens\":128", "")
				.replace("{\"version\"", "{\"record_tokens\":128,\"version\""),
			text.replace("\"version\":1", "\"version\":1,\"more\":0"),
		] {
			assert_ne!(other, text);
			assert!(matches!(Manifest::from_bytes(other.as_bytes()), Err(Error::Malformed { .. })));
		}
	}

	#[test]
	fn manifest_is_refused_when_counts_or_numbers_are_wrong() {
		let changes: [fn(&mut Manifest); 6] = [
			|m| m.version = 2,
			|m| m.records.truncate(2),
			|m| m.snapshots[1].count = u32::MAX,
			|m| (m.snapshots.clear(), m.records.clear()).0,
			|m| m.record_tokens = 1,
			|m| m.training.targets.push("embed_tokens".into()),
		];
		for change in changes {
			let mut changed = manifest();
			change(&mut changed);
			assert!(matches!(changed.to_bytes(), Err(Error::Malformed { .. })));
		}
		let mut changed = manifest();
		changed.training.lr = f64::NAN;
		assert!(matches!(changed.to_bytes(), Err(Error::Engine(_))));
	}

	#[test]
	fn manifest_is_refused_when_truncated() {
		let bytes = manifest().to_bytes().unwrap();
		for cut in [0, 1, bytes.len() / 2, bytes.len() - 1] {
			assert!(Manifest::from_bytes(&bytes[..cut]).is_err());
		}
	}
}
