//! Repeating a run, or a stretch of it, and comparing it with what it has committed to.

use std::ops::ControlFlow;

use super::{
	Data, Progress, TrainOptions,
	chain::{self, Digest, Link},
	fit::prepare,
	state::State,
	trainer::Trainer,
};
use crate::{
	adapter::Adapter,
	base::Base,
	error::{Error, Result},
	parameters,
};

/// What repeating found.
#[derive(Debug, Clone)]
pub enum Verdict {
	/// Every link came out to the bit.
	Same {
		/// How many were compared.
		links: usize,
		/// The adapter that the run hands out, where the step that it was taken after was passed.
		adapter: Option<Box<Adapter>>,
	},
	/// The run is not what its links say.
	Differs {
		/// The last step whose state was the same.
		after: u64,
		/// The first whose link is not.
		step: u64,
		/// What the link says, and what came out.
		what: Mismatch,
		/// The state that came out, to be compared with one that was kept.
		state: Box<State>,
	},
}

/// A part of a link that did not come out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mismatch {
	/// The state's hash.
	State {
		/// As the link has it.
		committed: Digest,
		/// As it came out.
		found: Digest,
	},
	/// The validation loss.
	Loss {
		/// As the link has it.
		committed: Option<f32>,
		/// As it came out.
		found: Option<f32>,
	},
	/// The run evaluates, commits or ends at other steps than its options say.
	Steps,
}

/// Repeats the steps from `from`, or from the beginning, up to `to`, and compares every link in between.
///
/// `from` is a state that was kept; its own link is compared first. Progress counts the steps of the
/// whole run; its speed is not measured.
///
/// # Errors
/// Those of [`fit`](super::fit) about its arguments; [`Error::BrokenChain`] when the links don't follow
/// each other from the options' genesis; [`Error::NoLink`] when `to`, or the step of `from`, has none;
/// [`Error::Cancelled`]; [`Error::Diverged`].
pub fn replay(
	base: &Base,
	data: Data<'_>,
	options: &TrainOptions,
	links: &[Link],
	from: Option<State>,
	to: u64,
	progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Verdict> {
	let initial = prepare(base, data, options)?;
	chain::check(options.genesis, links)?;
	let Data { examples, validation } = data;
	let trainer = Trainer { base, examples, validation, options, shape: initial.weights() };
	let mut state = match from {
		Some(state) => state,
		None => trainer.initial()?,
	};
	let first = state.step;
	if to < first || !links.iter().any(|link| link.step == to) {
		return Err(Error::NoLink { step: to });
	}
	if !links.iter().any(|link| link.step == first) {
		return Err(Error::NoLink { step: first });
	}
	let chosen = chain::chosen(links);
	let (mut after, mut compared, mut adapter) = (first, 0, None);
	loop {
		let step = state.step;
		let committed = links.iter().find(|link| link.step == step);
		let last = links.last().is_some_and(|link| link.step == step);
		let (due, evaluated) = trainer.due(step as usize);
		let differs = |what, state: &State| {
			Ok(Verdict::Differs { after, step, what, state: Box::new(state.clone()) })
		};
		if due != committed.is_some() || last && !is_end(&trainer, links) {
			return differs(Mismatch::Steps, &state);
		}
		if let Some(link) = committed {
			let found = state.hash();
			if found != link.state {
				return differs(Mismatch::State { committed: link.state, found }, &state);
			}
			let found = if evaluated { trainer.evaluate(&state)? } else { None };
			if found.map(f32::to_bits) != link.loss.map(f32::to_bits) {
				return differs(Mismatch::Loss { committed: link.loss, found }, &state);
			}
			(after, compared) = (step, compared + 1);
		}
		if step == chosen {
			let values = trainer.handed_out(&state.parameters);
			let weights = parameters::constants(initial.weights(), &values)?;
			adapter = Some(Box::new(Adapter::new(initial.config().clone(), weights)?));
		}
		if step == to {
			return Ok(Verdict::Same { links: compared, adapter });
		}
		let stepped = trainer.step(&mut state)?;
		let flow = progress(Progress {
			step: state.step as usize,
			steps: trainer.steps(),
			epoch: trainer.epoch(step as usize),
			loss: stepped.loss,
			gradient_norm: stepped.norm,
			lr: stepped.lr,
			tokens_per_s: 0.0,
			eta: std::time::Duration::ZERO,
		});
		if flow.is_break() {
			return Err(Error::Cancelled);
		}
	}
}

/// Whether a run whose links these are has ended with the last of them, and not before.
fn is_end(trainer: &Trainer<'_>, links: &[Link]) -> bool {
	let stops = |links: &[Link]| {
		let limit = trainer.options.patience;
		limit.is_some_and(|limit| chain::without_progress(links) >= limit)
	};
	let all = links.last().is_some_and(|link| link.step == trainer.steps() as u64);
	let before = (1..links.len()).any(|count| stops(&links[..count]));
	(all || stops(links)) && !before
}
