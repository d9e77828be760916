//! Gradients of an objective on one sequence with respect to an adapter's parameters.

mod factored;
mod head;
mod hidden;
mod pack;
mod scored;

use std::{ops::Range, sync::Arc};

pub use crate::engine::Factors;
use crate::{
	adapter::Adapter,
	base::Base,
	engine::{self, Trained},
	error::{Error, Result},
	kernels::Team,
	objective::Objective,
	parallel, parameters,
};
pub use factored::{FactorOptions, Labels, factored_gradients};
pub use hidden::hidden_states;
pub(crate) use pack::{PassOptions, Sequence, losses, losses_and_gradients, packs};
pub use scored::{ScoredGradient, Trail, scored_gradient};

/// Number of values in a gradient with respect to all of this adapter.
pub fn parameter_count(adapter: &Adapter) -> usize {
	parameters::count(adapter.weights())
}

/// Of what a gradient is, and with respect to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GradientOptions {
	/// What is asked of each token.
	pub objective: Objective,
	/// The first layer whose matrices count; those below are constants, and are not passed
	/// backwards through.
	pub first_layer: usize,
}

/// Gradient of the mean objective of `tokens[answer_start..]`, given all before, with respect to the
/// adapter's parameters.
///
/// The result is flat: layers ascending, then [`Module`](crate::Module) order, then `A` row-major,
/// then `B` row-major; [`parameter_count`] values with all layers. What the prompt's tokens
/// contribute through their keys and values counts as constant: only the positions that predict the
/// answer, the prompt's last token among them, are differentiated.
///
/// # Errors
/// [`Error::AnswerOutOfRange`] unless `1 <= answer_start < tokens.len()`,
/// [`Error::ContextExceeded`], [`Error::UnknownToken`], that the adapter was made for another
/// base, or [`Error::NonFiniteGradient`].
pub fn gradient(
	base: &Base,
	adapter: &Adapter,
	tokens: &[u32],
	answer_start: usize,
	options: GradientOptions,
) -> Result<Vec<f32>> {
	adapter.fits(&base.config)?;
	let values = parameters::flatten(adapter.weights())?;
	let trained = Trained::of(adapter, &values)?;
	let sequence = answer(tokens, answer_start);
	let (_, gradient) = loss_and_gradient(base, Team::shared()?, &trained, sequence, options)?;
	finite(gradient)
}

/// [`gradient`] of many sequences, several at once on each core, handed to `consume` in their order.
///
/// `sequences` holds tokens and the index of the first answer token. At most two passes' gradients for
/// each core are held, as long as sequences are of similar length; a pass has 256 answer tokens, or one
/// sequence.
///
/// # Errors
/// Those of [`gradient`] for the first sequence that has one, wrapped in [`Error::Example`] with
/// its position, and whatever `consume` returns.
pub fn gradients(
	base: &Base,
	adapter: &Adapter,
	sequences: &[(&[u32], usize)],
	options: GradientOptions,
	mut consume: impl FnMut(usize, Vec<f32>) -> Result<()>,
) -> Result<()> {
	adapter.fits(&base.config)?;
	let values = parameters::flatten(adapter.weights())?;
	let trained = Trained::of(adapter, &values)?;
	let sequences: Vec<_> =
		sequences.iter().map(|(tokens, start)| answer(tokens, *start)).collect();
	let options = PassOptions { gradient: options, ..PassOptions::default() };
	let cores = parallel::cores();
	let packs = packs(&sequences, cores);
	let team = team(packs.len())?;
	parallel::map_in_order(
		&packs,
		cores,
		|pack| {
			let of = &sequences[pack.clone()];
			let found = losses_and_gradients(base, &team, &trained, of, options);
			let named = |at: usize| Error::in_example(pack.start + at);
			let found = found.map_err(|(at, error)| named(at)(error))?;
			let gradients = found.into_iter().enumerate().map(|(at, (_, gradient))| {
				Ok((pack.start + at, finite(gradient).map_err(named(at))?))
			});
			gradients.collect::<Result<Vec<_>>>()
		},
		|_, gradients| gradients.into_iter().try_for_each(|(index, of)| consume(index, of)),
	)
}

/// What passes are computed by: a thread each, since then none waits for another, but all of the process's
/// where there is one pass.
fn team(passes: usize) -> Result<Arc<Team>> {
	match passes {
		1 => Team::shared().cloned(),
		_ => Ok(Arc::new(Team::alone())),
	}
}

/// The prompt counts as constant, but for its last token.
fn answer(tokens: &[u32], answer_start: usize) -> Sequence<'_> {
	let context = answer_start.saturating_sub(1);
	Sequence { tokens, answer_start, context, ..Sequence::default() }
}

fn finite(gradient: Vec<f32>) -> Result<Vec<f32>> {
	match gradient.iter().all(|value| value.is_finite()) {
		true => Ok(gradient),
		false => Err(Error::NonFiniteGradient),
	}
}

/// Refuses a sequence that has no answer, or does not fit the base.
pub(crate) fn check(base: &Base, tokens: &[u32], answer_start: usize) -> Result<()> {
	if answer_start == 0 || answer_start >= tokens.len() {
		return Err(Error::AnswerOutOfRange { answer_start, tokens: tokens.len() });
	}
	if tokens.len() > base.config.context {
		let (tokens, context) = (tokens.len(), base.config.context);
		return Err(Error::ContextExceeded { tokens, context });
	}
	engine::check_tokens(tokens, base.config.vocab)
}

/// Refuses stretches of given tokens that are not in order within what follows the answer's first token.
pub(crate) fn check_given(
	answer_start: usize,
	tokens: usize,
	given: &[Range<usize>],
) -> Result<()> {
	let mut end = answer_start + 1;
	for stretch in given {
		if stretch.start < end || stretch.is_empty() || stretch.end > tokens {
			let reason =
				format!("{stretch:?} of {tokens} tokens with an answer from {answer_start}");
			return Err(Error::malformed("stretches of given tokens", reason));
		}
		end = stretch.end;
	}
	Ok(())
}

/// The mean objective of the answer, and its gradient from the options' first layer on. Neither need
/// be finite.
pub(crate) fn loss_and_gradient(
	base: &Base,
	team: &Team,
	trained: &Trained<'_>,
	sequence: Sequence<'_>,
	options: GradientOptions,
) -> Result<(f32, Vec<f32>)> {
	let options = PassOptions { gradient: options, ..PassOptions::default() };
	let found = losses_and_gradients(base, team, trained, &[sequence], options);
	let found = found.map_err(|(_, error)| error)?;
	found.into_iter().next().ok_or(Error::EmptyPrompt)
}

#[cfg(test)]
mod tests;
