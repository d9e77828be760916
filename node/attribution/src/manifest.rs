//! The training manifest: everything that a model version's adapter follows from.

use crate::error::{Error, Result};
use openledger_primitives_core::{
	Hash,
	record::{Snapshot, SnapshotRef},
};
use openlora::{Decay, Module, Order, TrainOptions};
use serde::{Deserialize, Serialize};
use sp_io::hashing::blake2_256;

/// The version of the manifest's format, where [`Training::extended`] is absent.
pub const VERSION: u32 = 1;
/// The version where it is there. A manifest of version 1 has the bytes, and the hash, that it always
/// had; version 2 says the same in the same words and adds what version 1 has no words for.
pub const EXTENDED: u32 = 2;

/// The training manifest of a model version. Its canonical bytes are JSON without spaces, fields in
/// the order below; their hash is what the registry holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
	/// [`VERSION`] or [`EXTENDED`]: [`Training::version`].
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
	/// What version 2 adds, where one of it is not as version 1 has it.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub extended: Option<Extended>,
}

/// Options that manifests of version 1 leave as they are here by default.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extended {
	/// Whether the scaling is `alpha / √rank`.
	pub rslora: bool,
	/// Share of the inputs of each low-rank product that a step leaves out.
	pub dropout: f64,
	/// Batches in a step; 1 unless more are accumulated.
	pub accumulate: usize,
	/// How the order of records follows from the seed.
	#[serde(default, skip_serializing_if = "is_shuffled")]
	pub order: Order,
	/// Whether training ends with rounding the adapter to half precision.
	#[serde(default, skip_serializing_if = "is_single")]
	pub half: bool,
}

/// Manifests from before there was a choice keep their bytes.
fn is_shuffled(order: &Order) -> bool {
	*order == Order::Shuffled
}

fn is_single(half: &bool) -> bool {
	!half
}

/// The options that manifests of version 1 leave unsaid. Those of trainings may have other defaults by now.
fn unsaid() -> TrainOptions {
	TrainOptions { half: false, ..TrainOptions::default() }
}

impl Extended {
	fn of(options: &TrainOptions) -> Option<Self> {
		let of = |options: &TrainOptions| {
			let TrainOptions { rslora, dropout, accumulate, order, half, .. } = *options;
			Self { rslora, dropout, accumulate, order, half }
		};
		Some(of(options)).filter(|extended| *extended != of(&unsaid()))
	}
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
			extended: Extended::of(options),
		}
	}
}

impl Training {
	/// The version of the manifests that can say this.
	pub fn version(&self) -> u32 {
		if self.extended.is_some() { EXTENDED } else { VERSION }
	}

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
			..unsaid()
		};
		let options = match &self.extended {
			None => options,
			Some(Extended { rslora, dropout, accumulate, order, half }) => TrainOptions {
				rslora: *rslora,
				dropout: *dropout,
				accumulate: *accumulate,
				order: *order,
				half: *half,
				..options
			},
		};
		options.validate()?;
		if Extended::of(&options) != self.extended {
			let reason = "it extends version 1 by nothing";
			return Err(Error::malformed("training manifest", reason));
		}
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

	/// The hash of what the adapter's bytes follow from: everything here but where the chain put the
	/// records, so that the same records on another chain give the same. The chain of checkpoints
	/// begins with it.
	///
	/// # Errors
	/// As [`Manifest::to_bytes`].
	pub fn training_hash(&self) -> Result<Hash> {
		self.check()?;
		let follows = serde_json::to_vec(&(
			self.version,
			self.base,
			self.tokenizer,
			&self.records,
			self.record_tokens,
			&self.training,
		));
		let follows = follows.map_err(|error| Error::malformed("training manifest", error))?;
		Ok(blake2_256(&follows).into())
	}

	fn check(&self) -> Result<()> {
		let refuse = |reason: String| Err(Error::malformed("training manifest", reason));
		if self.version != self.training.version() {
			let (found, expected) = (self.version, self.training.version());
			return refuse(format!("version {found}, what it says is of version {expected}"));
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
			training: Training::from(&TrainOptions { seed: u64::MAX, ..unsaid() }),
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
	fn hash_of_version_1_is_what_it_always_was() {
		let text = r#"{"version":1,"base":"0x0101010101010101010101010101010101010101010101010101010101010101","tokenizer":"0x0101010101010101010101010101010101010101010101010101010101010101","snapshots":[{"datanet":3,"snapshot":0,"root":"0x0202020202020202020202020202020202020202020202020202020202020202","count":1}],"records":["0x0404040404040404040404040404040404040404040404040404040404040404"],"record_tokens":128,"training":{"rank":8,"alpha":16.0,"targets":["q_proj","k_proj","v_proj","o_proj","gate_proj","up_proj","down_proj"],"epochs":3,"batch":2,"lr":0.002,"warmup":0.1,"decay":"cosine","clip":1.0,"weight_decay":0.0,"beta1":0.9,"beta2":0.999,"epsilon":1e-8,"seed":0}}"#;
		let manifest = Manifest::from_bytes(text.as_bytes()).unwrap();
		assert_eq!(manifest.training, Training::from(&unsaid()));
		assert!(!manifest.training.options().unwrap().half);
		assert_eq!(manifest.hash().unwrap(), Hash(blake2_256(text.as_bytes())));
	}

	#[test]
	fn manifest_is_of_version_2_only_when_it_extends_version_1() {
		let options = TrainOptions { dropout: 0.25, ..unsaid() };
		let extended =
			Manifest { version: EXTENDED, training: Training::from(&options), ..manifest() };
		let bytes = extended.to_bytes().unwrap();
		assert_eq!(Manifest::from_bytes(&bytes).unwrap(), extended);
		assert_eq!(extended.training.options().unwrap().dropout, 0.25);
		assert_ne!(extended.training_hash().unwrap(), manifest().training_hash().unwrap());
		let changes: [fn(&mut Manifest); 4] = [
			|m| m.version = VERSION,
			|m| m.training.extended = None,
			|m| m.training.extended = Some(Extended { accumulate: 1, ..Extended::default() }),
			|m| m.version = 3,
		];
		for change in changes {
			let mut changed = extended.clone();
			change(&mut changed);
			assert!(matches!(changed.to_bytes(), Err(Error::Malformed { .. })), "{changed:?}");
		}
		let mut wrong = extended;
		wrong.training.extended =
			Some(Extended { rslora: true, dropout: 1.0, accumulate: 1, ..Extended::default() });
		assert!(matches!(wrong.to_bytes(), Err(Error::Engine(_))));
	}

	#[test]
	fn order_is_written_only_where_it_is_not_a_shuffle() {
		let manifest_of = |options: &TrainOptions| Manifest {
			version: EXTENDED,
			training: Training::from(options),
			..manifest()
		};
		let text = |manifest: Manifest| String::from_utf8(manifest.to_bytes().unwrap()).unwrap();
		let shuffled = manifest_of(&TrainOptions { dropout: 0.25, ..unsaid() });
		assert!(!text(shuffled.clone()).contains("order"));
		let keyed = manifest_of(&TrainOptions { order: Order::Keyed, ..Default::default() });
		assert_eq!(keyed.training.options().unwrap().order, Order::Keyed);
		assert!(text(keyed).contains(r#""order":"keyed""#));
		// Nor is the precision where it is single, as it was before there was a choice.
		assert!(!text(shuffled).contains("half"));
	}

	#[test]
	fn manifest_says_that_the_adapter_is_rounded_to_half_precision() {
		let options = TrainOptions::default();
		let rounded =
			Manifest { version: EXTENDED, training: Training::from(&options), ..manifest() };
		let bytes = rounded.to_bytes().unwrap();
		assert_eq!(Manifest::from_bytes(&bytes).unwrap(), rounded);
		assert!(String::from_utf8(bytes).unwrap().contains(r#""half":true"#));
		assert!(rounded.training.options().unwrap().half);
		let single = Manifest { training: Training::from(&unsaid()), ..manifest() };
		assert!(!single.training.options().unwrap().half);
		assert_ne!(rounded.training_hash().unwrap(), single.training_hash().unwrap());
	}

	#[test]
	fn hash_of_the_training_differs_only_when_the_adapter_would() {
		let hash = manifest().training_hash().unwrap();
		let mut elsewhere = manifest();
		elsewhere.snapshots[0].datanet = 17;
		assert_eq!(elsewhere.training_hash().unwrap(), hash);
		let mut other = manifest();
		other.records.swap(0, 1);
		assert_ne!(other.training_hash().unwrap(), hash);
	}

	#[test]
	fn manifest_is_refused_when_truncated() {
		let bytes = manifest().to_bytes().unwrap();
		for cut in [0, 1, bytes.len() / 2, bytes.len() - 1] {
			assert!(Manifest::from_bytes(&bytes[..cut]).is_err());
		}
	}
}
