//! The state of training on disk: one safetensors file that is replaced atomically.
//!
//! It holds the parameters, both moments, the number of steps done and the identity of the run:
//! base, examples and every option that the result depends on. A run continues its own state only.

use std::{
	borrow::Cow,
	collections::{BTreeMap, HashMap},
	fs::{self, File},
	io::Write,
	path::{Path, PathBuf},
};

use rayon::prelude::*;
use safetensors::{Dtype, SafeTensors, View};
use serde::{Deserialize, Serialize};

use super::{Example, TrainOptions, optimizer::Moments};
use crate::{
	base::Base,
	error::{Error, Result},
	weights,
};

const FILE: &str = "checkpoint.safetensors";
const PARTIAL: &str = "checkpoint.safetensors.partial";
/// Where the file keeps [`State`].
const STATE_KEY: &str = "state";
/// Changes whenever an older reader would misunderstand the file.
const FORMAT: u32 = 1;
/// The header is far smaller; a file beyond parameters and this is not a checkpoint.
const HEADER_ROOM: u64 = 1 << 20;

/// What a run consists of, as readable pairs: two runs with the same identity give the same result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity(BTreeMap<String, String>);

impl Identity {
	pub(super) fn new(base: &Base, examples: &[Example], options: &TrainOptions) -> Result<Self> {
		let targets = options.adapter_config()?.modules(base.config.layers);
		let targets: Vec<_> = targets.iter().map(|module| module.name()).collect();
		let fields = [
			("base", format!("{:016x}", fingerprint_base(base))),
			("examples", format!("{:016x}", fingerprint_examples(examples))),
			("rank", options.rank.to_string()),
			("alpha", options.alpha.to_string()),
			("targets", targets.join(",")),
			("epochs", options.epochs.to_string()),
			("batch", options.batch.to_string()),
			("lr", options.lr.to_string()),
			("warmup", options.warmup.to_string()),
			("decay", format!("{:?}", options.decay)),
			("clip", options.clip.to_string()),
			("weight_decay", options.weight_decay.to_string()),
			("beta1", options.beta1.to_string()),
			("beta2", options.beta2.to_string()),
			("epsilon", options.epsilon.to_string()),
			("seed", options.seed.to_string()),
		];
		Ok(Self(fields.into_iter().map(|(name, value)| (name.to_string(), value)).collect()))
	}

	/// The first field in which a saved run differs, with its value there and here.
	fn difference<'a>(&'a self, saved: &'a Self) -> Option<(&'a str, &'a str, &'a str)> {
		let names = self.0.keys().chain(saved.0.keys());
		names.map(String::as_str).find_map(|name| {
			let value = |identity: &'a Self| identity.0.get(name).map_or("absent", String::as_str);
			(value(self) != value(saved)).then(|| (name, value(saved), value(self)))
		})
	}
}

/// What training needs in order to continue as if it had never stopped.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Checkpoint {
	/// Steps done.
	pub step: usize,
	/// Flat parameters after them.
	pub parameters: Vec<f32>,
	/// The optimizer's moments after them.
	pub moments: Moments,
}

#[derive(Serialize, Deserialize)]
struct State {
	format: u32,
	step: u64,
	identity: Identity,
}

impl Checkpoint {
	/// Replaces the folder's checkpoint: readers see the old one or the new one, never a part.
	pub(super) fn save(&self, folder: &Path, identity: &Identity) -> Result<()> {
		let state = State { format: FORMAT, step: self.step as u64, identity: identity.clone() };
		let state = serde_json::to_string(&state).map_err(|e| Error::malformed("checkpoint", e))?;
		let tensors = [
			("parameters", Values::new(&self.parameters)),
			("first_moment", Values::new(&self.moments.first)),
			("second_moment", Values::new(&self.moments.second)),
		];
		let metadata = HashMap::from([(STATE_KEY.to_string(), state)]);
		let bytes = safetensors::serialize(tensors, Some(metadata)).map_err(weights::refusal)?;

		fs::create_dir_all(folder).map_err(Error::io(folder))?;
		let partial = folder.join(PARTIAL);
		let write = || {
			let mut file = File::create(&partial)?;
			file.write_all(&bytes)?;
			// Renaming may reach the disk before the content does.
			file.sync_all()
		};
		write().map_err(Error::io(&partial))?;
		let path = folder.join(FILE);
		fs::rename(&partial, &path).map_err(Error::io(&path))
	}

	/// The folder's checkpoint, if it has one.
	///
	/// # Errors
	/// [`Error::Checkpoint`] when it belongs to a run of another identity, and what is malformed
	/// about it when it is not a whole checkpoint of `count` parameters.
	pub(super) fn load(folder: &Path, identity: &Identity, count: usize) -> Result<Option<Self>> {
		let path = folder.join(FILE);
		let size = match fs::metadata(&path) {
			Ok(metadata) => metadata.len(),
			Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
			Err(error) => return Err(Error::io(&path)(error)),
		};
		let limit = 12 * count as u64 + HEADER_ROOM;
		if size > limit {
			return Err(refused(&path, &format!("it has {size} bytes, expected at most {limit}")));
		}
		let bytes = fs::read(&path).map_err(Error::io(&path))?;
		Self::read(&bytes, &path, identity, count).map(Some)
	}

	fn read(bytes: &[u8], path: &Path, identity: &Identity, count: usize) -> Result<Self> {
		let broken = |reason: &dyn std::fmt::Display| refused(path, &reason.to_string());
		let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| broken(&e))?;
		let state = header.metadata().as_ref().and_then(|metadata| metadata.get(STATE_KEY));
		let state = state.ok_or_else(|| broken(&"it has no state"))?;
		let state: State = serde_json::from_str(state).map_err(|e| broken(&e))?;
		if state.format != FORMAT {
			return Err(broken(&format!("its format is {}, expected {FORMAT}", state.format)));
		}
		if let Some((name, saved, ours)) = identity.difference(&state.identity) {
			return Err(broken(&format!(
				"it is of another run, whose {name} is {saved}, not {ours}"
			)));
		}
		let tensors = SafeTensors::deserialize(bytes).map_err(|e| broken(&e))?;
		let values = |name: &str| {
			let view = tensors.tensor(name).map_err(|e| broken(&e))?;
			if view.dtype() != Dtype::F32 || view.shape() != [count] {
				return Err(broken(&format!("{name} has shape {:?}", view.shape())));
			}
			let values = weights::to_f32(name, view.dtype(), view.data())?;
			if values.iter().any(|value| !value.is_finite()) {
				return Err(broken(&format!("{name} has a value that is not finite")));
			}
			Ok(values)
		};
		let moments = Moments { first: values("first_moment")?, second: values("second_moment")? };
		let step = usize::try_from(state.step).map_err(|e| broken(&e))?;
		Ok(Self { step, parameters: values("parameters")?, moments })
	}
}

fn refused(path: &Path, reason: &str) -> Error {
	let path: PathBuf = path.to_path_buf();
	Error::Checkpoint(format!(
		"{}: {reason}; remove the file to start again, or choose another folder",
		path.display()
	))
}

/// A flat vector as little-endian f32.
struct Values<'a> {
	shape: [usize; 1],
	values: &'a [f32],
}

impl<'a> Values<'a> {
	fn new(values: &'a [f32]) -> Self {
		Self { shape: [values.len()], values }
	}
}

impl View for Values<'_> {
	fn dtype(&self) -> Dtype {
		Dtype::F32
	}

	fn shape(&self) -> &[usize] {
		&self.shape
	}

	fn data(&self) -> Cow<'_, [u8]> {
		Cow::Owned(self.values.iter().flat_map(|value| value.to_le_bytes()).collect())
	}

	fn data_len(&self) -> usize {
		4 * self.values.len()
	}
}

/// Step of FNV-1a (Fowler, Noll, Vo), over words: it tells runs apart, it does not resist forgery.
fn absorb(hash: u64, word: u64) -> u64 {
	(hash ^ word).wrapping_mul(0x0000_0100_0000_01b3)
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;

fn fingerprint_examples(examples: &[Example]) -> u64 {
	examples.iter().fold(FNV_OFFSET, |hash, example| {
		let lengths = [example.tokens.len() as u64, example.answer_start as u64];
		let words = lengths.into_iter().chain(example.tokens.iter().map(|&token| token.into()));
		words.fold(hash, absorb)
	})
}

fn fingerprint_base(base: &Base) -> u64 {
	let config = format!("{:?}", base.config);
	let seed = config.bytes().fold(FNV_OFFSET, |hash, byte| absorb(hash, byte.into()));
	let hashes: Vec<u64> = base
		.weights
		.parts()
		.par_iter()
		.map(|part| {
			let (words, rest) = part.as_chunks::<8>();
			let words = words.iter().map(|word| u64::from_le_bytes(*word));
			words.chain(rest.iter().map(|byte| u64::from(*byte))).fold(FNV_OFFSET, absorb)
		})
		.collect();
	hashes.into_iter().fold(seed, absorb)
}
