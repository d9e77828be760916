//! The state of training on disk: one safetensors file that is replaced atomically.
//!
//! It holds the state, the links committed to so far, the best parameters where there is a validation,
//! and the identity of the run: base, examples and every option that the result depends on. A run
//! continues its own state only.

use std::{
	collections::{BTreeMap, HashMap},
	path::Path,
};

use rayon::prelude::*;
use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};

use super::{
	Example, Link, Order, TrainOptions,
	state::{State, Values, read_bounded, values, write},
};
use crate::{
	base::Base,
	error::{Error, Result},
	weights,
};

const FILE: &str = "checkpoint.safetensors";
/// Where the file keeps [`Progress`].
const STATE_KEY: &str = "state";
/// Changes whenever an older reader would misunderstand the file.
const FORMAT: u32 = 2;
/// The header is far smaller, but for the links; a file beyond parameters and this is no checkpoint.
const HEADER_ROOM: u64 = 1 << 20;
/// Bytes that a link takes in the header at most.
const LINK_ROOM: u64 = 512;

/// What a run consists of, as readable pairs: two runs with the same identity give the same result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity(BTreeMap<String, String>);

impl Identity {
	pub(super) fn new(
		base: &Base,
		examples: &[Example],
		validation: &[Example],
		options: &TrainOptions,
	) -> Result<Self> {
		let targets = options.adapter_config()?.modules(base.config.layers);
		let targets: Vec<_> = targets.iter().map(|module| module.name()).collect();
		let fields = [
			("base", format!("{:016x}", fingerprint_base(base))),
			("examples", format!("{:016x}", fingerprint_examples(examples))),
			("validation", format!("{:016x}", fingerprint_examples(validation))),
			("evaluate_every", options.evaluate_every.to_string()),
			("checkpoint_every", options.checkpoint_every.to_string()),
			("patience", options.patience.map_or("none".into(), |limit| limit.to_string())),
			("genesis", options.genesis.to_string()),
			("rslora", options.rslora.to_string()),
			("dropout", options.dropout.to_string()),
			("accumulate", options.accumulate.to_string()),
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
		// Runs that were begun before there was a choice go on.
		let order = Some(("order", format!("{:?}", options.order)));
		let order = order.filter(|_| options.order != Order::default());
		let half = options.half.then(|| ("half", true.to_string()));
		let fields = fields.into_iter().chain(order).chain(half);
		Ok(Self(fields.map(|(name, value)| (name.to_string(), value)).collect()))
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
	/// Where training is.
	pub state: State,
	/// The links so far.
	pub links: Vec<Link>,
	/// The parameters with the lowest validation loss so far, where there was an evaluation.
	pub best: Option<Vec<f32>>,
}

#[derive(Serialize, Deserialize)]
struct Progress {
	format: u32,
	step: u64,
	identity: Identity,
	links: Vec<Link>,
}

impl Checkpoint {
	/// Replaces the folder's checkpoint: readers see the old one or the new one, never a part.
	pub(super) fn save(&self, folder: &Path, identity: &Identity) -> Result<()> {
		let Self { state, links, best } = self;
		let (step, identity, links) = (state.step, identity.clone(), links.clone());
		let progress = Progress { format: FORMAT, step, identity, links };
		let progress =
			serde_json::to_string(&progress).map_err(|e| Error::malformed("checkpoint", e))?;
		let metadata = HashMap::from([(STATE_KEY.to_string(), progress)]);
		let best = best.as_ref().map(|best| ("best", Values::new(best)));
		let tensors = state.tensors().into_iter().chain(best);
		let bytes = safetensors::serialize(tensors, Some(metadata)).map_err(weights::refusal)?;
		write(&folder.join(FILE), &bytes)
	}

	/// The folder's checkpoint, if it has one.
	///
	/// # Errors
	/// [`Error::Checkpoint`] when it belongs to a run of another identity, and what is malformed
	/// about it when it is not a whole checkpoint of `count` parameters after at most `steps` steps.
	pub(super) fn load(
		folder: &Path,
		identity: &Identity,
		count: usize,
		steps: usize,
	) -> Result<Option<Self>> {
		let path = folder.join(FILE);
		let links = LINK_ROOM.saturating_mul(steps as u64 + 1);
		let limit = (16 * count as u64 + HEADER_ROOM).saturating_add(links);
		let Some(bytes) = read_bounded(&path, limit)? else { return Ok(None) };
		Self::read(&bytes, &path, identity, count, steps).map(Some)
	}

	fn read(
		bytes: &[u8],
		path: &Path,
		identity: &Identity,
		count: usize,
		steps: usize,
	) -> Result<Self> {
		let broken = |reason: &dyn std::fmt::Display| refused(path, &reason.to_string());
		let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| broken(&e))?;
		let progress = header.metadata().as_ref().and_then(|metadata| metadata.get(STATE_KEY));
		let progress = progress.ok_or_else(|| broken(&"it has no state"))?;
		let progress: Progress = serde_json::from_str(progress).map_err(|e| broken(&e))?;
		let Progress { format, step, identity: saved, links } = progress;
		if format != FORMAT {
			return Err(broken(&format!("its format is {format}, expected {FORMAT}")));
		}
		if let Some((name, saved, ours)) = identity.difference(&saved) {
			return Err(broken(&format!(
				"it is of another run, whose {name} is {saved}, not {ours}"
			)));
		}
		if step > steps as u64 || links.last().is_some_and(|link| link.step > step) {
			return Err(broken(&format!("its step is {step}, of {steps} in all")));
		}
		let tensors = SafeTensors::deserialize(bytes).map_err(|e| broken(&e))?;
		let state = State::from_tensors(step, &tensors, count).map_err(|e| broken(&e))?;
		if links.last().is_some_and(|link| link.step == step && link.state != state.hash()) {
			return Err(broken(&"its values are not those that its last link commits to"));
		}
		let evaluated = links.iter().any(|link| link.step > 0 && link.loss.is_some());
		let best = evaluated.then(|| values(&tensors, "best", count).map_err(|e| broken(&e)));
		Ok(Self { state, links, best: best.transpose()? })
	}
}

fn refused(path: &Path, reason: &str) -> Error {
	Error::Checkpoint(format!(
		"{}: {reason}; remove the file to start again, or choose another folder",
		path.display()
	))
}

/// Step of FNV-1a (Fowler, Noll, Vo), over words: it tells runs apart, it does not resist forgery.
fn absorb(hash: u64, word: u64) -> u64 {
	(hash ^ word).wrapping_mul(0x0000_0100_0000_01b3)
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;

fn fingerprint_examples(examples: &[Example]) -> u64 {
	examples.iter().fold(FNV_OFFSET, |hash, example| {
		let Example { tokens, answer_start, given } = example;
		let lengths = [tokens.len() as u64, *answer_start as u64, given.len() as u64];
		let given = given.iter().flat_map(|stretch| [stretch.start as u64, stretch.end as u64]);
		let words = lengths.into_iter().chain(given);
		let words = words.chain(tokens.iter().map(|&token| token.into()));
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
