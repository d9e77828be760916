//! What a training run is asked to do.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{
	chain::Digest,
	schedule::{Decay, Schedule},
};
use crate::{
	adapter::{Module, PeftConfig},
	error::{Error, Result},
	parallel,
};

/// In which order an epoch takes the examples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
	/// A shuffle of their numbers.
	#[default]
	Shuffled,
	/// By a hash of seed, epoch and tokens, so that without some of them the others keep their order. What
	/// two runs on different parts of one set have in common then differs as little as it can.
	Keyed,
}

/// Hyperparameters of a training run. The defaults suit a few hundred short records on a base of
/// a hundred million parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainOptions {
	/// Rank of the adapter.
	pub rank: usize,
	/// Numerator of the scaling `alpha / rank`.
	pub alpha: f64,
	/// Whether the scaling is `alpha / √rank` instead (rank-stabilised, arXiv:2312.03732).
	pub rslora: bool,
	/// Projections to adapt.
	pub targets: Vec<Module>,
	/// Share of the inputs of each low-rank product that a step leaves out, within 0..1. Which ones
	/// follows from seed, step, record and place alone.
	pub dropout: f64,
	/// Passes over the examples, at least 1.
	pub epochs: usize,
	/// Examples whose gradients are averaged in one step, at least 1; the last step of an epoch
	/// takes what is left.
	pub batch: usize,
	/// Batches whose gradients are averaged before a step is taken, at least 1 (gradient accumulation);
	/// the last step of an epoch takes what is left.
	pub accumulate: usize,
	/// Peak learning rate, above 0 and at most 1.
	pub lr: f64,
	/// Share of all steps over which the learning rate rises to its peak, within 0..=1.
	pub warmup: f64,
	/// How the learning rate falls afterwards.
	pub decay: Decay,
	/// Largest global Euclidean norm of a step's gradient, above 0.
	pub clip: f64,
	/// Decoupled weight decay, at least 0.
	pub weight_decay: f64,
	/// Decay of the running mean of gradients, within 0..1.
	pub beta1: f64,
	/// Decay of the running mean of squared gradients, within 0..1.
	pub beta2: f64,
	/// Added to the root of the second moment, above 0.
	pub epsilon: f64,
	/// Seed of the initial matrices and of the order of examples.
	pub seed: u64,
	/// How the order of examples follows from the seed.
	pub order: Order,
	/// Whether the last step ends with rounding each parameter to the nearest in half precision. Adapters
	/// are run rounded, so the answers are the same; but only an adapter that
	/// [is in half precision](crate::Adapter::is_half) has the gradients of the pass that they came from.
	pub half: bool,
	/// Steps between two evaluations on the validation examples, at least 1. There is also one before
	/// the first step and one after the last. Without validation examples there is none.
	pub evaluate_every: usize,
	/// Evaluations without a lower loss after which training stops, at least 1; it never does when this
	/// is absent.
	pub patience: Option<usize>,
	/// What the chain of checkpoints begins with: the hash of whatever else the run follows from.
	pub genesis: Digest,
	/// Where the state of training is kept; an interrupted run that finds its own state there
	/// continues from it.
	pub checkpoint_dir: Option<PathBuf>,
	/// Steps between two checkpoints, at least 1. There is also one before the first step, one at each
	/// evaluation and one at the end. All of them are links of the chain; another one, that isn't, is
	/// made when the caller cancels.
	pub checkpoint_every: usize,
	/// Keep the state of every link in the folder, so that any stretch of the run can be repeated alone.
	pub keep_states: bool,
	/// Keep each layer's inputs alone and compute the rest once more on the way back: less memory, more
	/// time. The result does not depend on it.
	pub recompute: bool,
	/// Examples worked on at once, at least 1. The result does not depend on it.
	pub threads: usize,
}

impl Default for TrainOptions {
	fn default() -> Self {
		Self {
			rank: 8,
			alpha: 16.0,
			rslora: false,
			targets: Module::ALL.to_vec(),
			dropout: 0.0,
			epochs: 3,
			batch: 2,
			accumulate: 1,
			lr: 2e-3,
			warmup: 0.1,
			decay: Decay::Cosine,
			clip: 1.0,
			weight_decay: 0.0,
			beta1: 0.9,
			beta2: 0.999,
			epsilon: 1e-8,
			seed: 0,
			order: Order::Shuffled,
			half: true,
			evaluate_every: 20,
			patience: None,
			genesis: Digest::default(),
			checkpoint_dir: None,
			checkpoint_every: 20,
			keep_states: false,
			recompute: false,
			threads: parallel::cores(),
		}
	}
}

impl TrainOptions {
	/// Checks the ranges.
	///
	/// # Errors
	/// [`Error::InvalidOption`] naming the first option out of range.
	pub fn validate(&self) -> Result<()> {
		self.adapter_config()?;
		let at_least_one = "it has to be at least 1";
		let within_unit = "it has to be at least 0 and below 1";
		let above_zero = "it has to be above 0 and finite";
		let positive = |value: f64| value.is_finite() && value > 0.0;
		let checks = [
			("epochs", self.epochs.to_string(), self.epochs > 0, at_least_one),
			("batch", self.batch.to_string(), self.batch > 0, at_least_one),
			("accumulate", self.accumulate.to_string(), self.accumulate > 0, at_least_one),
			("dropout", self.dropout.to_string(), (0.0..1.0).contains(&self.dropout), within_unit),
			(
				"evaluate_every",
				self.evaluate_every.to_string(),
				self.evaluate_every > 0,
				at_least_one,
			),
			(
				"patience",
				self.patience.unwrap_or_default().to_string(),
				self.patience != Some(0),
				at_least_one,
			),
			(
				"keep_states",
				self.keep_states.to_string(),
				!self.keep_states || self.checkpoint_dir.is_some(),
				"there is no folder to keep them in",
			),
			(
				"lr",
				self.lr.to_string(),
				self.lr > 0.0 && self.lr <= 1.0,
				"it has to be above 0 and at most 1",
			),
			(
				"warmup",
				self.warmup.to_string(),
				(0.0..=1.0).contains(&self.warmup),
				"it is a share of all steps, from 0 to 1",
			),
			("clip", self.clip.to_string(), positive(self.clip), above_zero),
			(
				"weight_decay",
				self.weight_decay.to_string(),
				self.weight_decay.is_finite() && self.weight_decay >= 0.0,
				"it has to be at least 0 and finite",
			),
			("beta1", self.beta1.to_string(), (0.0..1.0).contains(&self.beta1), within_unit),
			("beta2", self.beta2.to_string(), (0.0..1.0).contains(&self.beta2), within_unit),
			("epsilon", self.epsilon.to_string(), positive(self.epsilon), above_zero),
			(
				"checkpoint_every",
				self.checkpoint_every.to_string(),
				self.checkpoint_every > 0,
				at_least_one,
			),
			("threads", self.threads.to_string(), self.threads > 0, at_least_one),
		];
		for (option, value, accepted, reason) in checks {
			if !accepted {
				return Err(Error::InvalidOption { option, value, reason });
			}
		}
		Ok(())
	}

	/// The configuration of the adapter that training yields.
	///
	/// # Errors
	/// [`Error::InvalidOption`] when rank, alpha or the list of modules is out of range.
	pub fn adapter_config(&self) -> Result<PeftConfig> {
		let config = PeftConfig::new(self.rank, self.alpha, self.targets.iter().copied())?;
		Ok(PeftConfig { rslora: self.rslora, ..config })
	}

	/// Examples that a step takes, but for the last of an epoch.
	pub(super) fn per_step(&self) -> usize {
		self.batch.saturating_mul(self.accumulate)
	}

	/// Steps that one pass over the examples takes.
	pub(super) fn steps_per_epoch(&self, examples: usize) -> usize {
		examples.div_ceil(self.per_step())
	}

	/// The steps after which a run on so many examples commits to its state, where it evaluates on none.
	/// No more than `most` of them: a run can be longer than memory has room for.
	pub fn commits(&self, examples: usize, most: usize) -> Vec<u64> {
		let end = self.schedule(examples).steps;
		let between = (0..end).step_by(self.checkpoint_every.max(1));
		between.chain([end]).take(most).map(|step| step as u64).collect()
	}

	/// Examples that the steps from one after `from` up to `to` take at most.
	pub fn examples_between(&self, from: u64, to: u64) -> u64 {
		to.saturating_sub(from).saturating_mul(self.per_step() as u64)
	}

	/// The learning rate of a step, counted from 0, of a run on so many examples.
	pub fn rate(&self, examples: usize, step: usize) -> f64 {
		self.schedule(examples).rate(step)
	}

	/// The learning rate of every step.
	pub(super) fn schedule(&self, examples: usize) -> Schedule {
		let steps = self.epochs.saturating_mul(self.steps_per_epoch(examples));
		let warmup = (steps as f64 * self.warmup).ceil() as usize;
		Schedule { peak: self.lr, warmup, steps, decay: self.decay }
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn options_are_accepted_when_left_at_their_defaults() {
		TrainOptions::default().validate().unwrap();
	}

	#[test]
	fn options_are_refused_by_name_when_out_of_range() {
		type Change = fn(&mut TrainOptions);
		let refusals: [(&str, Change); 27] = [
			("r", |o| o.rank = 0),
			("lora_alpha", |o| o.alpha = 0.0),
			("target_modules", |o| o.targets.clear()),
			("epochs", |o| o.epochs = 0),
			("batch", |o| o.batch = 0),
			("lr", |o| o.lr = 0.0),
			("lr", |o| o.lr = 1.5),
			("lr", |o| o.lr = f64::NAN),
			("warmup", |o| o.warmup = -0.1),
			("warmup", |o| o.warmup = 1.1),
			("warmup", |o| o.warmup = f64::NAN),
			("clip", |o| o.clip = 0.0),
			("clip", |o| o.clip = f64::INFINITY),
			("weight_decay", |o| o.weight_decay = -1.0),
			("beta1", |o| o.beta1 = 1.0),
			("beta2", |o| o.beta2 = -0.5),
			("epsilon", |o| o.epsilon = 0.0),
			("epsilon", |o| o.epsilon = f64::NAN),
			("checkpoint_every", |o| o.checkpoint_every = 0),
			("threads", |o| o.threads = 0),
			("accumulate", |o| o.accumulate = 0),
			("dropout", |o| o.dropout = 1.0),
			("dropout", |o| o.dropout = -0.1),
			("dropout", |o| o.dropout = f64::NAN),
			("evaluate_every", |o| o.evaluate_every = 0),
			("patience", |o| o.patience = Some(0)),
			("keep_states", |o| o.keep_states = true),
		];
		for (name, change) in refusals {
			let mut options = TrainOptions::default();
			change(&mut options);
			match options.validate() {
				Err(Error::InvalidOption { option, .. }) => assert_eq!(option, name),
				other => panic!("{name} gave {other:?}"),
			}
		}
	}

	#[test]
	fn commits_are_at_the_beginning_every_checkpoint_and_the_end() {
		let options =
			TrainOptions { epochs: 3, batch: 4, checkpoint_every: 4, ..Default::default() };
		assert_eq!(options.commits(9, 100), [0, 4, 8, 9]);
		assert_eq!(options.commits(9, 2), [0, 4]);
		let whole = TrainOptions { checkpoint_every: 3, ..options.clone() };
		assert_eq!(whole.commits(9, 100), [0, 3, 6, 9]);
		assert_eq!(options.examples_between(4, 8), 16);
	}

	#[test]
	fn schedule_counts_a_last_smaller_batch_when_examples_do_not_divide() {
		let options = TrainOptions { epochs: 3, batch: 4, warmup: 0.25, ..Default::default() };
		let schedule = options.schedule(9);
		assert_eq!((schedule.steps, schedule.warmup), (9, 3));
		let schedule = TrainOptions { accumulate: 2, ..options }.schedule(9);
		assert_eq!((schedule.steps, schedule.warmup), (6, 2));
	}
}
