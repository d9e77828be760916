//! The training loop.

use std::{
	ops::ControlFlow,
	time::{Duration, Instant},
};

use super::{
	Example, TrainOptions,
	checkpoint::{Checkpoint, Identity},
	example,
	optimizer::{AdamW, Moments, clip},
};
use crate::{
	adapter::{Adapter, AdapterWeights},
	base::Base,
	engine::Trained,
	error::{Error, Result},
	gradient::{GradientOptions, Sequence, loss_and_gradient},
	kernels::Team,
	parallel, parameters,
};

/// How far training is, after each step.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
	/// Steps done.
	pub step: usize,
	/// Steps in all.
	pub steps: usize,
	/// Passes over the examples begun, from 1.
	pub epoch: usize,
	/// Mean loss of the step's examples before its update, in nats per answer token.
	pub loss: f32,
	/// Global norm of the step's gradient before clipping.
	pub gradient_norm: f64,
	/// Learning rate of the step.
	pub lr: f64,
	/// Tokens learned from per second, since this call began.
	pub tokens_per_s: f64,
	/// Time left, from the tokens left at that speed.
	pub eta: Duration,
}

/// Trains an adapter on `examples` and returns it.
///
/// Each step averages the gradients of its examples' mean loss per answer token. With a
/// checkpoint folder that holds a state of this very run, training continues from there and gives
/// the adapter that it would have given without the interruption; a finished run's state gives its
/// adapter at once.
///
/// # Errors
/// Options out of range, no examples, or a faulty one, named by its position, before anything is
/// computed; [`Error::Checkpoint`] when the folder holds the state of another run;
/// [`Error::Cancelled`] when `progress` breaks, with the state saved; [`Error::Diverged`] when
/// training runs away, with the last checkpoint left as it was.
pub fn train(
	base: &Base,
	examples: &[Example],
	options: &TrainOptions,
	progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Adapter> {
	options.validate()?;
	example::check_all(base, examples)?;
	let initial = Adapter::init(&base.config, options.adapter_config()?, options.seed)?;
	let mut run = Run::start(base, examples, options, &initial)?;
	run.finish(progress)?;
	let weights = parameters::constants(initial.weights(), &run.state.parameters)?;
	Adapter::new(initial.config().clone(), weights)
}

struct Run<'a> {
	base: &'a Base,
	examples: &'a [Example],
	options: &'a TrainOptions,
	/// Shapes and scale of the parameters.
	shape: &'a AdapterWeights,
	/// Present when checkpoints are kept.
	identity: Option<Identity>,
	state: Checkpoint,
}

impl<'a> Run<'a> {
	/// The beginning, or the folder's checkpoint.
	fn start(
		base: &'a Base,
		examples: &'a [Example],
		options: &'a TrainOptions,
		initial: &'a Adapter,
	) -> Result<Self> {
		let shape = initial.weights();
		let count = parameters::count(shape);
		let mut identity = None;
		let mut saved = None;
		if let Some(folder) = &options.checkpoint_dir {
			let this = Identity::new(base, examples, options)?;
			saved = Checkpoint::load(folder, &this, count)?;
			identity = Some(this);
		}
		let state = match saved {
			Some(state) => {
				log::info!("continuing training after step {}", state.step);
				state
			}
			None => Checkpoint {
				step: 0,
				parameters: parameters::flatten(shape)?,
				moments: Moments::zeros(count),
			},
		};
		Ok(Self { base, examples, options, shape, identity, state })
	}

	/// Takes all steps that are left.
	fn finish(&mut self, progress: &mut dyn FnMut(Progress) -> ControlFlow<()>) -> Result<()> {
		let schedule = self.options.schedule(self.examples.len());
		let begun = Instant::now();
		let mut tokens_done = 0;
		let mut tokens_left: usize =
			(self.state.step..schedule.steps).map(|step| self.tokens(&self.batch(step))).sum();
		while self.state.step < schedule.steps {
			let step = self.state.step;
			let batch = self.batch(step);
			let lr = schedule.rate(step);
			let (loss, gradient_norm) = self.step(&batch, lr)?;

			let tokens = self.tokens(&batch);
			tokens_done += tokens;
			tokens_left -= tokens;
			let tokens_per_s = tokens_done as f64 / begun.elapsed().as_secs_f64().max(1e-9);
			let flow = progress(Progress {
				step: self.state.step,
				steps: schedule.steps,
				epoch: step / self.options.steps_per_epoch(self.examples.len()) + 1,
				loss,
				gradient_norm,
				lr,
				tokens_per_s,
				eta: Duration::from_secs_f64(tokens_left as f64 / tokens_per_s),
			});
			let last = self.state.step == schedule.steps;
			let due = self.state.step.is_multiple_of(self.options.checkpoint_every);
			if last || due || flow.is_break() {
				self.save()?;
			}
			if flow.is_break() {
				return Err(Error::Cancelled);
			}
		}
		Ok(())
	}

	/// The examples of a step, longest first: with the short ones last, no core waits long for
	/// another.
	fn batch(&self, step: usize) -> Vec<&'a Example> {
		let per_epoch = self.options.steps_per_epoch(self.examples.len());
		let (epoch, within) = (step / per_epoch, step % per_epoch);
		let order = example::order(self.examples.len(), self.options.seed, epoch);
		let chosen = order.iter().skip(within * self.options.batch).take(self.options.batch);
		let mut batch: Vec<_> = chosen.map(|&index| &self.examples[index]).collect();
		batch.sort_by_key(|example| std::cmp::Reverse(example.tokens.len()));
		batch
	}

	fn tokens(&self, batch: &[&Example]) -> usize {
		batch.iter().map(|example| example.tokens.len()).sum()
	}

	/// One update; returns the mean loss and the gradient's norm before clipping.
	fn step(&mut self, batch: &[&Example], lr: f64) -> Result<(f32, f64)> {
		let step = self.state.step;
		let diverged = |what| Error::Diverged { step, what };
		let trained = Trained::new(self.shape, &self.state.parameters)?;
		let share = 1.0 / batch.len() as f32;
		let mut mean_loss = 0.0;
		let mut mean_gradient = vec![0f32; self.state.parameters.len()];
		parallel::map_in_order(
			batch,
			self.options.threads,
			|example| {
				let (tokens, answer_start) = (&example.tokens, example.answer_start);
				let sequence = Sequence { tokens, answer_start, context: 0 };
				let (team, options) = (Team::alone(), GradientOptions::default());
				let result = loss_and_gradient(self.base, &team, &trained, sequence, options);
				match result {
					Ok((loss, _)) if !loss.is_finite() => Err(diverged("the loss")),
					Err(Error::NonFiniteActivation { .. }) => Err(diverged("an activation")),
					other => other,
				}
			},
			|_, (loss, gradient)| {
				mean_loss += share * loss;
				for (mean, value) in mean_gradient.iter_mut().zip(gradient) {
					*mean += share * value;
				}
				Ok(())
			},
		)?;
		let norm = clip(&mut mean_gradient, self.options.clip);
		if !norm.is_finite() {
			return Err(diverged("the gradient"));
		}
		let rule = AdamW {
			beta1: self.options.beta1,
			beta2: self.options.beta2,
			epsilon: self.options.epsilon,
			weight_decay: self.options.weight_decay,
		};
		let Checkpoint { parameters, moments, .. } = &mut self.state;
		rule.update(parameters, moments, &mean_gradient, lr, step);
		if parameters.iter().any(|parameter| !parameter.is_finite()) {
			return Err(diverged("a parameter"));
		}
		self.state.step += 1;
		Ok((mean_loss, norm))
	}

	fn save(&self) -> Result<()> {
		match (&self.options.checkpoint_dir, &self.identity) {
			(Some(folder), Some(identity)) => self.state.save(folder, identity),
			_ => Ok(()),
		}
	}
}
