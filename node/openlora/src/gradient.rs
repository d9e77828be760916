//! Gradients of an objective on one sequence with respect to an adapter's parameters.

use crate::{
	adapter::{Adapter, AdapterWeights},
	base::Base,
	cache::Cache,
	error::{Error, Result},
	loss::{Objective, mean_loss},
	model::{self, CHUNK},
	parallel, parameters,
};
use candle_core::Tensor;

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
	let weights = prepare(base, adapter, options)?;
	parallel::on_large_stack(|| answer_gradient(base, &weights, tokens, answer_start, options))
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
	let weights = prepare(base, adapter, options)?;
	let numbered: Vec<_> = sequences.iter().enumerate().collect();
	parallel::map_in_order(
		&numbered,
		parallel::cores(),
		|(index, (tokens, answer_start))| {
			answer_gradient(base, &weights, tokens, *answer_start, options)
				.map_err(Error::in_example(*index))
		},
		&mut consume,
	)
}

/// The adapter's values, as variables where they are differentiated for.
fn prepare(base: &Base, adapter: &Adapter, options: GradientOptions) -> Result<AdapterWeights> {
	adapter.fits(&base.config)?;
	let values = parameters::flatten(adapter.weights())?;
	parameters::variables(adapter.weights(), &values, options.first_layer)
}

fn answer_gradient(
	base: &Base,
	weights: &AdapterWeights,
	tokens: &[u32],
	answer_start: usize,
	options: GradientOptions,
) -> Result<Vec<f32>> {
	check(base, tokens, answer_start)?;
	let mut cache = prompt_cache(base, weights, &tokens[..answer_start - 1])?;
	let loss = answer_loss(base, weights, tokens, answer_start, &mut cache, options.objective)?;
	let (_, gradient) = differentiate(weights, loss, options.first_layer)?;
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
	model::check_tokens(tokens, base.config.vocab)
}

/// Keys and values of the tokens that only provide context, as constants.
fn prompt_cache(base: &Base, weights: &AdapterWeights, prompt: &[u32]) -> Result<Cache> {
	let mut cache = Cache::new(&base.config);
	let constants = weights.detach();
	for chunk in prompt.chunks(CHUNK) {
		model::forward(base, Some(&constants), chunk, &mut cache)?;
	}
	cache.detach();
	Ok(cache)
}

/// Mean objective of `tokens[answer_start..]`; `cache` holds the first of `tokens`, fewer than
/// `answer_start`. Logits are computed only where the loss needs them.
pub(crate) fn answer_loss(
	base: &Base,
	weights: &AdapterWeights,
	tokens: &[u32],
	answer_start: usize,
	cache: &mut Cache,
	objective: Objective,
) -> Result<Tensor> {
	// The last token predicts nothing that is known, and the one before the answer predicts its
	// first token.
	let from = cache.len();
	let inputs = &tokens[from..tokens.len() - 1];
	let hidden = model::forward(base, Some(weights), inputs, cache)?;
	let first = answer_start - 1 - from;
	let predicting = hidden.narrow(0, first, tokens.len() - answer_start)?;
	let logits = model::logits(base, &predicting)?;
	Ok(mean_loss(&logits, &tokens[answer_start..], objective)?)
}

/// The loss and its gradient from layer `first` on; consumes the graph, so that it is freed on the
/// same large stack.
pub(crate) fn differentiate(
	weights: &AdapterWeights,
	loss: Tensor,
	first: usize,
) -> Result<(f32, Vec<f32>)> {
	let value = loss.to_scalar::<f32>()?;
	let gradient = parameters::gradient(weights, loss.backward()?, first)?;
	Ok((value, gradient))
}

#[cfg(test)]
mod tests;
