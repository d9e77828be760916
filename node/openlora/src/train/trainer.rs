//! One step after the other.

use std::borrow::Cow;

use super::{
	Example, TrainOptions, example,
	optimizer::{AdamW, Moments, clip},
	state::State,
};
use crate::{
	adapter::AdapterWeights,
	base::Base,
	engine::{Trained, dropout::Dropout},
	error::{Error, Result},
	gradient::{PassOptions, losses, losses_and_gradients, packs},
	kernels::Team,
	objective::Objective,
	parallel, parameters,
};

/// What every step of a run works on.
#[derive(Clone, Copy)]
pub(super) struct Trainer<'a> {
	pub(super) base: &'a Base,
	pub(super) examples: &'a [Example],
	pub(super) validation: &'a [Example],
	pub(super) options: &'a TrainOptions,
	/// Shapes and scale of the parameters.
	pub(super) shape: &'a AdapterWeights,
}

/// A step's figures.
pub(super) struct Stepped {
	/// Mean loss of its examples before the update, in nats per learnt token.
	pub(super) loss: f32,
	/// Norm of the gradient before clipping.
	pub(super) norm: f64,
	pub(super) lr: f64,
}

impl<'a> Trainer<'a> {
	/// The state before the first step.
	pub(super) fn initial(&self) -> Result<State> {
		let parameters = parameters::flatten(self.shape)?;
		let moments = Moments::zeros(parameters.len());
		Ok(State { step: 0, parameters, moments })
	}

	/// Steps in all.
	pub(super) fn steps(&self) -> usize {
		self.options.schedule(self.examples.len()).steps
	}

	/// Passes over the examples begun with a step, from 1.
	pub(super) fn epoch(&self, step: usize) -> usize {
		step / self.options.steps_per_epoch(self.examples.len()) + 1
	}

	/// Tokens that a step reads.
	pub(super) fn tokens(&self, step: usize) -> usize {
		self.batches(step).iter().flatten().map(|&index| self.examples[index].tokens.len()).sum()
	}

	/// The examples of a step by number, batch by batch, each longest first: with the short ones last,
	/// no core waits long for another.
	fn batches(&self, step: usize) -> Vec<Vec<usize>> {
		let (per_step, count) = (self.options.per_step(), self.examples.len());
		let per_epoch = self.options.steps_per_epoch(count);
		let (epoch, within) = (step / per_epoch, step % per_epoch);
		let order = example::order(self.examples, self.options, epoch);
		let end = count.min((within + 1).saturating_mul(per_step));
		let batches = order[within * per_step..end].chunks(self.options.batch);
		let sorted = batches.map(|batch| {
			let mut batch = batch.to_vec();
			batch.sort_by_key(|&index| std::cmp::Reverse(self.examples[index].tokens.len()));
			batch
		});
		sorted.collect()
	}

	/// Takes the next step.
	pub(super) fn step(&self, state: &mut State) -> Result<Stepped> {
		let step = state.step as usize;
		let options = self.options;
		let diverged = |what| Error::Diverged { step, what };
		let lr = options.schedule(self.examples.len()).rate(step);
		let batches = self.batches(step);
		let share = 1.0 / batches.iter().map(Vec::len).sum::<usize>() as f32;
		let mut mean_loss = 0.0;
		let mut mean_gradient = vec![0f32; state.parameters.len()];
		let trained = Trained::new(self.shape, &state.parameters)?;
		let dropout = Dropout { seed: options.seed, step: state.step, rate: options.dropout };
		let dropout = (options.dropout > 0.0).then_some(dropout);
		let pass = PassOptions { dropout, recompute: options.recompute, ..PassOptions::default() };
		for batch in &batches {
			let of = |&index: &usize| self.examples[index].sequence(index);
			let sequences: Vec<_> = batch.iter().map(of).collect();
			parallel::map_in_order(
				&packs(&sequences, options.threads),
				options.threads,
				|pack| {
					let (team, of) = (Team::alone(), &sequences[pack.clone()]);
					match losses_and_gradients(self.base, &team, &trained, of, pass) {
						Ok(found) if found.iter().any(|(loss, _)| !loss.is_finite()) => {
							Err(diverged("the loss"))
						}
						Err((_, Error::NonFiniteActivation { .. })) => {
							Err(diverged("an activation"))
						}
						other => other.map_err(|(_, error)| error),
					}
				},
				|_, found| {
					for (loss, gradient) in found {
						mean_loss += share * loss;
						for (mean, value) in mean_gradient.iter_mut().zip(gradient) {
							*mean += share * value;
						}
					}
					Ok(())
				},
			)?;
		}
		drop(trained);
		let norm = clip(&mut mean_gradient, options.clip);
		if !norm.is_finite() {
			return Err(diverged("the gradient"));
		}
		let rule = AdamW {
			beta1: options.beta1,
			beta2: options.beta2,
			epsilon: options.epsilon,
			weight_decay: options.weight_decay,
		};
		rule.update(&mut state.parameters, &mut state.moments, &mean_gradient, lr, step);
		// In the state itself, so that what the run commits to last is what it hands out.
		if step + 1 == self.steps() {
			state.parameters = self.handed_out(&state.parameters).into_owned();
		}
		if state.parameters.iter().any(|parameter| !parameter.is_finite()) {
			return Err(diverged("a parameter"));
		}
		state.step += 1;
		Ok(Stepped { loss: mean_loss, norm, lr })
	}

	/// Parameters as a run hands them out.
	pub(super) fn handed_out<'p>(&self, parameters: &'p [f32]) -> Cow<'p, [f32]> {
		match self.options.half {
			true => parameters.iter().map(|value| half::f16::from_f32(*value).to_f32()).collect(),
			false => Cow::Borrowed(parameters),
		}
	}

	/// The mean loss on the validation examples with the parameters that would be handed out now, nothing
	/// left out: that of each in nats per learnt token, added in f64 in their order. None when there are
	/// none.
	pub(super) fn evaluate(&self, state: &State) -> Result<Option<f32>> {
		if self.validation.is_empty() {
			return Ok(None);
		}
		let diverged = |what| Error::Diverged { step: state.step as usize, what };
		let parameters = self.handed_out(&state.parameters);
		if parameters.iter().any(|parameter| !parameter.is_finite()) {
			return Err(diverged("a parameter"));
		}
		let trained = Trained::new(self.shape, &parameters)?;
		let sequences: Vec<_> =
			self.validation.iter().enumerate().map(|(at, example)| example.sequence(at)).collect();
		let threads = self.options.threads;
		let mut sum = 0f64;
		parallel::map_in_order(
			&packs(&sequences, threads),
			threads,
			|pack| {
				let (team, of) = (Team::alone(), &sequences[pack.clone()]);
				match losses(self.base, &team, &trained, of, Objective::Likelihood) {
					Err((_, Error::NonFiniteActivation { .. })) => Err(diverged("an activation")),
					other => other.map_err(|(_, error)| error),
				}
			},
			|_, losses| {
				losses.into_iter().for_each(|loss| sum += f64::from(loss));
				Ok(())
			},
		)?;
		let mean = (sum / self.validation.len() as f64) as f32;
		if !mean.is_finite() {
			return Err(diverged("the validation loss"));
		}
		Ok(Some(mean))
	}

	/// Whether the state after a step is a link of the chain, and whether it is evaluated then.
	pub(super) fn due(&self, step: usize) -> (bool, bool) {
		let end = step == 0 || step == self.steps();
		let evaluated = !self.validation.is_empty()
			&& (end || step.is_multiple_of(self.options.evaluate_every));
		(end || evaluated || step.is_multiple_of(self.options.checkpoint_every), evaluated)
	}
}
