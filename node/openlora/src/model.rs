//! The forward pass of a llama-architecture transformer: one for serving and training alike.
//!
//! Every operation here has a gradient. candle's fused norm, softmax and rotary kernels have none
//! and would train nothing without saying so; [`crate::ops`] has twins that do.

use candle_core::{Device, Tensor};

use crate::{
	adapter::{AdapterWeights, Module},
	base::Base,
	cache::Cache,
	error::{Error, Result},
	linear::{adapted_linear, frozen_linear},
	ops,
	rope::Rotations,
	weights::Layer,
};

/// Longest stretch of a prompt that is run at once where the caller does not need the graph: it
/// bounds the memory that attention scores take at `heads · CHUNK · context` values.
pub(crate) const CHUNK: usize = 512;

/// Runs `tokens`, which follow the ones in `cache`, and adds them to it.
///
/// Returns the final hidden states after the last norm, `[tokens, hidden]`: row `i` predicts the
/// token after `tokens[i]`. Gradients reach the adapter's matrices when they are variables.
///
/// # Errors
/// [`Error::EmptyPrompt`], [`Error::UnknownToken`], [`Error::ContextExceeded`], or that the adapter
/// was made for another base. The cache is unchanged then.
pub fn forward(
	base: &Base,
	adapter: Option<&AdapterWeights>,
	tokens: &[u32],
	cache: &mut Cache,
) -> Result<Tensor> {
	let config = &base.config;
	check_tokens(tokens, config.vocab)?;
	cache.check_room(tokens.len())?;
	if let Some(adapter) = adapter {
		adapter.fits(config)?;
	}
	let ids = Tensor::new(tokens, &Device::Cpu)?;
	let rotations = base.rope.at(cache.len(), tokens.len())?;
	let mut x = base.weights.embedding.index_select(&ids, 0)?;
	for (index, layer) in base.weights.layers.iter().enumerate() {
		let block = Block { base, adapter, layer, index, rotations: &rotations };
		let normed = ops::rms_norm(&x, &layer.attention_norm, config.rms_eps)?;
		x = (x + block.attention(&normed, cache)?)?;
		let normed = ops::rms_norm(&x, &layer.feed_forward_norm, config.rms_eps)?;
		x = (x + block.feed_forward(&normed)?)?;
	}
	let hidden = ops::rms_norm(&x, &base.weights.norm, config.rms_eps)?;
	cache.advance(tokens.len());
	Ok(hidden)
}

/// Scores of every token of the vocabulary, `[n, vocab]`, for hidden states `[n, hidden]`.
///
/// # Errors
/// candle's, when the shape does not fit.
pub fn logits(base: &Base, hidden: &Tensor) -> Result<Tensor> {
	Ok(frozen_linear(hidden, base.weights.head())?)
}

/// Runs a whole prompt without keeping its hidden states and returns the logits after its last
/// token, `[vocab]`.
pub(crate) fn prefill(
	base: &Base,
	adapter: Option<&AdapterWeights>,
	prompt: &[u32],
	cache: &mut Cache,
) -> Result<Tensor> {
	check_tokens(prompt, base.config.vocab)?;
	cache.check_room(prompt.len())?;
	let mut last = None;
	for chunk in prompt.chunks(CHUNK) {
		let hidden = forward(base, adapter, chunk, cache)?;
		last = Some(hidden.narrow(0, chunk.len() - 1, 1)?);
	}
	let last = last.ok_or(Error::EmptyPrompt)?;
	Ok(logits(base, &last)?.squeeze(0)?)
}

pub(crate) fn check_tokens(tokens: &[u32], vocab: usize) -> Result<()> {
	if tokens.is_empty() {
		return Err(Error::EmptyPrompt);
	}
	match tokens.iter().find(|&&token| token as usize >= vocab) {
		Some(&token) => Err(Error::UnknownToken { token, vocab }),
		None => Ok(()),
	}
}

/// One transformer block with what it needs to run.
struct Block<'a> {
	base: &'a Base,
	adapter: Option<&'a AdapterWeights>,
	layer: &'a Layer,
	index: usize,
	rotations: &'a Rotations,
}

impl Block<'_> {
	/// A projection with its low-rank update: `[n, inputs]` to `[n, outputs]`.
	fn project(&self, module: Module, x: &Tensor) -> Result<Tensor> {
		let weight = self.layer.projection(module);
		let adapted = self
			.adapter
			.and_then(|adapter| Some((adapter.get(self.index, module)?, adapter.scale())));
		Ok(match adapted {
			Some((lora, scale)) => adapted_linear(x, weight, lora, scale)?,
			None => frozen_linear(x, weight)?,
		})
	}

	/// Grouped-query attention over the cached sequence and `x`, `[n, hidden]`.
	fn attention(&self, x: &Tensor, cache: &mut Cache) -> Result<Tensor> {
		let config = &self.base.config;
		let (n, heads, kv_heads) = (x.dim(0)?, config.heads, config.kv_heads);
		let queries = self.rotations.apply(&self.project(Module::Q, x)?, heads)?;
		let keys = self.rotations.apply(&self.project(Module::K, x)?, kv_heads)?;
		let values = self.project(Module::V, x)?;
		// [n, kv_heads · width] -> [kv_heads, n, width]
		let values = values.reshape((n, kv_heads, config.head_dim))?.transpose(0, 1)?;
		let (keys, values) = cache.append(self.index, &keys, &values.contiguous()?)?;
		self.project(Module::O, &ops::attention(&queries, &keys, &values)?)
	}

	/// SwiGLU feed-forward (arXiv:2002.05202): `down(silu(gate(x)) · up(x))`.
	fn feed_forward(&self, x: &Tensor) -> Result<Tensor> {
		let (gate, up) = (self.project(Module::Gate, x)?, self.project(Module::Up, x)?);
		self.project(Module::Down, &ops::swiglu(&gate, &up)?)
	}
}

#[cfg(test)]
mod tests;
