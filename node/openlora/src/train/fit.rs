//! The training loop.

use std::{
	ops::ControlFlow,
	time::{Duration, Instant},
};

use super::{
	Example, TrainOptions,
	chain::{self, Link},
	checkpoint::{Checkpoint, Identity},
	example,
	trainer::Trainer,
};
use crate::{
	adapter::Adapter,
	base::Base,
	error::{Error, Result},
	parameters,
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

/// What happens during training.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
	/// A step is done.
	Step(Progress),
	/// The run has committed to a state, with the loss where it was evaluated.
	Link(Link),
}

/// What is learnt from.
#[derive(Debug, Clone, Copy, Default)]
pub struct Data<'a> {
	/// Examples to learn.
	pub examples: &'a [Example],
	/// Examples to evaluate on, possibly none.
	pub validation: &'a [Example],
}

/// A run that ended.
#[derive(Debug, Clone)]
pub struct Outcome {
	/// The adapter with the lowest validation loss, or the last where there was no validation.
	pub adapter: Adapter,
	/// The step after which it was taken.
	pub step: u64,
	/// Steps done.
	pub steps: u64,
	/// Whether training ended before its last step, because the loss no longer fell.
	pub stopped_early: bool,
	/// The chain of checkpoints.
	pub links: Vec<Link>,
}

/// Trains an adapter on `examples` and returns it: [`fit`] without validation.
///
/// # Errors
/// As [`fit`].
pub fn train(
	base: &Base,
	examples: &[Example],
	options: &TrainOptions,
	progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Adapter> {
	let data = Data { examples, validation: &[] };
	let outcome = fit(base, data, options, &mut |event| match event {
		Event::Step(step) => progress(step),
		Event::Link(_) => ControlFlow::Continue(()),
	})?;
	Ok(outcome.adapter)
}

/// Trains an adapter.
///
/// Each step averages the gradients of its examples' mean loss per learnt token. With a
/// checkpoint folder that holds a state of this very run, training continues from there and gives
/// the adapter, and the chain, that it would have given without the interruption; a finished run's
/// state gives them at once. Links from before the interruption are told again.
///
/// # Errors
/// Options out of range, no examples, or a faulty one, named by its position, before anything is
/// computed; [`Error::Checkpoint`] when the folder holds the state of another run;
/// [`Error::Cancelled`] when `progress` breaks, with the state saved; [`Error::Diverged`] when
/// training runs away, with the last checkpoint left as it was.
pub fn fit(
	base: &Base,
	data: Data<'_>,
	options: &TrainOptions,
	events: &mut dyn FnMut(Event) -> ControlFlow<()>,
) -> Result<Outcome> {
	let initial = prepare(base, data, options)?;
	let Data { examples, validation } = data;
	let trainer = Trainer { base, examples, validation, options, shape: initial.weights() };
	let mut run = Run::start(trainer)?;
	run.finish(events)?;
	let Checkpoint { state, links, best } = run.at;
	let values = best.unwrap_or(state.parameters);
	let weights = parameters::constants(initial.weights(), &values)?;
	let adapter = Adapter::new(initial.config().clone(), weights)?;
	let stopped_early = state.step < trainer.steps() as u64;
	Ok(Outcome { adapter, step: chain::chosen(&links), steps: state.step, stopped_early, links })
}

/// Checks what a run is asked to do, and draws the adapter that it begins with.
pub(super) fn prepare(base: &Base, data: Data<'_>, options: &TrainOptions) -> Result<Adapter> {
	options.validate()?;
	example::check_all(base, data.examples)?;
	if !data.validation.is_empty() {
		example::check_all(base, data.validation)?;
	} else if let Some(patience) = options.patience {
		let reason = "without validation examples there is nothing to wait for";
		let value = patience.to_string();
		return Err(Error::InvalidOption { option: "patience", value, reason });
	}
	Adapter::init(&base.config, options.adapter_config()?, options.seed)
}

struct Run<'a> {
	trainer: Trainer<'a>,
	/// Present when checkpoints are kept.
	identity: Option<Identity>,
	at: Checkpoint,
}

impl<'a> Run<'a> {
	/// The beginning, or the folder's checkpoint.
	fn start(trainer: Trainer<'a>) -> Result<Self> {
		let Trainer { base, examples, validation, options, shape } = trainer;
		let mut identity = None;
		let mut saved = None;
		if let Some(folder) = &options.checkpoint_dir {
			let this = Identity::new(base, examples, validation, options)?;
			saved = Checkpoint::load(folder, &this, parameters::count(shape), trainer.steps())?;
			identity = Some(this);
		}
		let at = match saved {
			Some(at) => {
				log::info!("continuing training after step {}", at.state.step);
				at
			}
			None => Checkpoint { state: trainer.initial()?, links: Vec::new(), best: None },
		};
		Ok(Self { trainer, identity, at })
	}

	/// Takes all steps that are left.
	fn finish(&mut self, events: &mut dyn FnMut(Event) -> ControlFlow<()>) -> Result<()> {
		let steps = self.trainer.steps();
		let mut flow = ControlFlow::Continue(());
		for link in &self.at.links {
			if flow.is_continue() {
				flow = events(Event::Link(*link));
			}
		}
		if flow.is_continue() && self.at.links.is_empty() {
			flow = self.link(events)?;
		}
		let begun = Instant::now();
		let mut tokens_done = 0;
		let from = self.at.state.step as usize;
		let mut tokens_left: usize = (from..steps).map(|step| self.trainer.tokens(step)).sum();
		while flow.is_continue()
			&& (self.at.state.step as usize) < steps
			&& !self.is_patient_no_more()
		{
			let step = self.at.state.step as usize;
			let stepped = self.trainer.step(&mut self.at.state)?;
			let tokens = self.trainer.tokens(step);
			tokens_done += tokens;
			tokens_left -= tokens;
			let tokens_per_s = tokens_done as f64 / begun.elapsed().as_secs_f64().max(1e-9);
			flow = events(Event::Step(Progress {
				step: step + 1,
				steps,
				epoch: self.trainer.epoch(step),
				loss: stepped.loss,
				gradient_norm: stepped.norm,
				lr: stepped.lr,
				tokens_per_s,
				eta: Duration::from_secs_f64(tokens_left as f64 / tokens_per_s),
			}));
			if self.trainer.due(step + 1).0 {
				let after = self.link(events)?;
				flow = if flow.is_break() { flow } else { after };
			} else if flow.is_break() {
				self.save()?;
			}
		}
		match flow.is_break() {
			true => Err(Error::Cancelled),
			false => Ok(()),
		}
	}

	fn is_patient_no_more(&self) -> bool {
		let limit = self.trainer.options.patience;
		limit.is_some_and(|limit| chain::without_progress(&self.at.links) >= limit)
	}

	/// Commits to the state, evaluates it where that is due, and saves it.
	fn link(
		&mut self,
		events: &mut dyn FnMut(Event) -> ControlFlow<()>,
	) -> Result<ControlFlow<()>> {
		let Checkpoint { state, links, best } = &mut self.at;
		let (_, evaluated) = self.trainer.due(state.step as usize);
		let loss = if evaluated { self.trainer.evaluate(state)? } else { None };
		let before = links.last().map_or(self.trainer.options.genesis, |link| link.hash);
		let link = Link::after(before, state.step, state.hash(), loss);
		links.push(link);
		if loss.is_some() && state.step > 0 && chain::chosen(links) == state.step {
			*best = Some(self.trainer.handed_out(&state.parameters).into_owned());
		}
		if let (Some(folder), true) =
			(&self.trainer.options.checkpoint_dir, self.trainer.options.keep_states)
		{
			state.save(folder)?;
		}
		self.save()?;
		Ok(events(Event::Link(link)))
	}

	fn save(&self) -> Result<()> {
		match (&self.trainer.options.checkpoint_dir, &self.identity) {
			(Some(folder), Some(identity)) => self.at.save(folder, identity),
			_ => Ok(()),
		}
	}
}
