//! The same model in tensors that candle differentiates.
//!
//! It runs on expanded weights and unrounded activations, an order of magnitude slower than
//! [`crate::engine`]. What the kernels compute and differentiate is held against it, in tests and in
//! benchmarks.

pub(crate) mod cache;
mod linear;
mod loss;
pub(crate) mod model;
mod ops;
mod tensors;

use candle_core::Tensor;

pub use cache::Cache;
pub use model::{forward, logits};
pub(crate) use tensors::{Layer, Tensors};

use crate::{
	adapter::{Adapter, AdapterWeights},
	base::Base,
	error::Result,
	gradient::check,
	objective::Objective,
	parallel, parameters,
};

/// Mean objective of `tokens[answer_start..]` and its gradient, all of the sequence differentiated,
/// with so many threads for large products.
///
/// # Errors
/// As [`crate::gradient()`], and candle's.
pub fn loss_and_gradient(
	base: &Base,
	adapter: &Adapter,
	tokens: &[u32],
	answer_start: usize,
	objective: Objective,
	threads: usize,
) -> Result<(f32, Vec<f32>)> {
	adapter.fits(&base.config)?;
	check(base, tokens, answer_start)?;
	let values = parameters::flatten(adapter.weights())?;
	let weights = parameters::variables(adapter.weights(), &values)?;
	// Graphs are freed recursively, on the stack that they were made on.
	parallel::on_large_stack(threads, || {
		let mut cache = Cache::new(&base.config);
		let loss = answer_loss(base, &weights, tokens, answer_start, &mut cache, objective)?;
		let value = loss.to_scalar::<f32>()?;
		Ok((value, parameters::gradient(&weights, loss.backward()?)?))
	})
}

/// Mean objective of `tokens[answer_start..]`; `cache` holds the first of `tokens`, fewer than
/// `answer_start`. Logits are computed only where the loss needs them.
fn answer_loss(
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
	let hidden = forward(base, Some(weights), inputs, cache)?;
	let first = answer_start - 1 - from;
	let predicting = hidden.narrow(0, first, tokens.len() - answer_start)?;
	let logits = logits(base, &predicting)?;
	Ok(loss::mean_loss(&logits, &tokens[answer_start..], objective)?)
}
