//! Gradients of an objective on one sequence with respect to an adapter's parameters.

use crate::{
	adapter::Adapter,
	base::Base,
	engine::{self, Backward, CHUNK, Single, Tape, Trained, add_product},
	error::{Error, Result},
	kernels::{Team, gradient::LossGradient},
	objective::Objective,
	parallel, parameters,
};

/// Rows of logits held at once.
const ROWS: usize = 64;

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
	let trained = Trained::new(adapter.weights(), &values)?;
	let sequence = Sequence { tokens, answer_start, context: answer_start.saturating_sub(1) };
	answer_gradient(base, Team::shared()?, &trained, sequence, options)
}

/// [`gradient`] of many sequences, one core for each, handed to `consume` in their order.
///
/// `sequences` holds tokens and the index of the first answer token. At most one gradient for each
/// core is held besides the one being consumed, as long as sequences are of similar length.
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
	let trained = Trained::new(adapter.weights(), &values)?;
	let numbered: Vec<_> = sequences.iter().enumerate().collect();
	parallel::map_in_order(
		&numbered,
		parallel::cores(),
		|(index, (tokens, answer_start))| {
			let context = answer_start.saturating_sub(1);
			let sequence = Sequence { tokens, answer_start: *answer_start, context };
			answer_gradient(base, &Team::alone(), &trained, sequence, options)
				.map_err(Error::in_example(*index))
		},
		&mut consume,
	)
}

/// Tokens to differentiate.
#[derive(Clone, Copy)]
pub(crate) struct Sequence<'a> {
	pub(crate) tokens: &'a [u32],
	/// The first token that the objective is asked of.
	pub(crate) answer_start: usize,
	/// Tokens whose keys and values count as constant, fewer than `answer_start`.
	pub(crate) context: usize,
}

fn answer_gradient(
	base: &Base,
	team: &Team,
	trained: &Trained<'_>,
	sequence: Sequence<'_>,
	options: GradientOptions,
) -> Result<Vec<f32>> {
	let (_, gradient) = loss_and_gradient(base, team, trained, sequence, options)?;
	if gradient.iter().any(|value| !value.is_finite()) {
		return Err(Error::NonFiniteGradient);
	}
	Ok(gradient)
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

/// The mean objective of the answer, and its gradient from the options' first layer on. Neither need
/// be finite.
pub(crate) fn loss_and_gradient(
	base: &Base,
	team: &Team,
	trained: &Trained<'_>,
	sequence: Sequence<'_>,
	options: GradientOptions,
) -> Result<(f32, Vec<f32>)> {
	let Sequence { tokens, answer_start, context } = sequence;
	check(base, tokens, answer_start)?;
	let adapters = [(&trained.packed, 1.0)];
	let mut single = Single::new(base, team, &adapters);
	for chunk in tokens[..context].chunks(CHUNK) {
		single.extend(chunk, &mut ())?;
	}
	// The last token predicts nothing that is known, and the one before the answer predicts its
	// first token.
	let mut tape = Tape::new(options.first_layer);
	let (hidden, vocab) = (base.config.hidden, base.config.vocab);
	let states = single.extend(&tokens[context..tokens.len() - 1], &mut tape)?;
	let first = answer_start - 1 - context;
	let weight = 1.0 / (tokens.len() - answer_start) as f32;
	let mut of_states = vec![0.0; states.len()];
	let mut loss = 0.0;
	let mut logits = Vec::new();
	let predicting = states[first * hidden..].chunks(ROWS * hidden);
	let targets = tokens[answer_start..].chunks(ROWS);
	for ((states, targets), of_states) in
		predicting.zip(targets).zip(of_states[first * hidden..].chunks_mut(ROWS * hidden))
	{
		engine::logits(base, team, states, &mut logits)?;
		for (logits, target) in logits.chunks_exact_mut(vocab).zip(targets) {
			let (target, objective) = (*target as usize, options.objective);
			loss += team.isa().run(LossGradient { logits, target, objective, weight });
		}
		add_product(team, base.weights.head(), &logits, of_states);
	}
	let way = Backward { base, team, trained, cache: single.cache(), start: context };
	Ok(((loss * f64::from(weight)) as f32, way.run(tape, of_states)))
}

#[cfg(test)]
mod tests;
