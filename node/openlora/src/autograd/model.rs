//! The forward pass in candle's tensors.
//!
//! Every operation here has a gradient. candle's fused norm, softmax and rotary kernels have none
//! and would train nothing without saying so; [`crate::autograd::ops`] has twins that do.

use candle_core::{Device, Tensor};

use super::{
	cache::Cache,
	linear::{adapted_linear, frozen_linear},
	ops,
	tensors::Layer,
};

use crate::{
	adapter::{AdapterWeights, Module},
	base::Base,
	engine::check_tokens,
	error::{Error, Result},
};

/// Runs `tokens`, which follow the ones in `cache`, and adds them to it.
///
/// Returns the final hidden states after the last norm, `[tokens, hidden]`: row `i` predicts the
/// token after `tokens[i]`. Gradients reach the adapter's matrices when they are variables.
///
/// # Errors
/// [`Error::EmptyPrompt`], [`Error::UnknownToken`], [`Error::ContextExceeded`], or that the adapter
/// was made for another base, or [`Error::UnsupportedBase`] when it has a sliding window that the
/// sequence exceeds, which only [`crate::engine`] has. The cache is unchanged then.
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
	if let Some(window) = config.window.filter(|&window| window < cache.len() + tokens.len()) {
		let reason = format!("a sliding window of {window} positions in candle's tensors");
		return Err(Error::UnsupportedBase(reason));
	}
	let ids = Tensor::new(tokens, &Device::Cpu)?;
	let rotations = Rotations::new(base, cache.len(), tokens.len())?;
	let tensors = base.tensors()?;
	let mut x = tensors.embedding.index_select(&ids, 0)?;
	for (index, layer) in tensors.layers.iter().enumerate() {
		let block = Block { base, adapter, layer, index, rotations: &rotations };
		let normed = ops::rms_norm(&x, &layer.attention_norm, config.rms_eps)?;
		x = (x + block.attention(&normed, cache)?)?;
		let normed = ops::rms_norm(&x, &layer.feed_forward_norm, config.rms_eps)?;
		x = (x + block.feed_forward(&normed)?)?;
	}
	let hidden = ops::rms_norm(&x, &tensors.norm, config.rms_eps)?;
	cache.advance(tokens.len());
	Ok(hidden)
}

/// Scores of every token of the vocabulary, `[n, vocab]`, for hidden states `[n, hidden]`.
///
/// # Errors
/// candle's, when the shape does not fit.
pub fn logits(base: &Base, hidden: &Tensor) -> Result<Tensor> {
	Ok(frozen_linear(hidden, base.tensors()?.head())?)
}

/// Cosines and sines for some positions, both `[n, head_dim / 2]`.
struct Rotations {
	cos: Tensor,
	sin: Tensor,
}

impl Rotations {
	fn new(base: &Base, start: usize, n: usize) -> Result<Self> {
		let (cos, sin) = base.rope.angles(start..start + n);
		let shape = (n, base.config.head_dim / 2);
		let (cos, sin) = (
			Tensor::from_vec(cos, shape, &Device::Cpu)?,
			Tensor::from_vec(sin, shape, &Device::Cpu)?,
		);
		Ok(Self { cos, sin })
	}

	/// Splits `x`, `[n, heads · head_dim]`, into heads and turns each: `[heads, n, head_dim]`.
	fn apply(&self, x: &Tensor, heads: usize) -> Result<Tensor> {
		Ok(ops::rotate_heads(x, heads, &self.cos, &self.sin)?)
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
		let adapted = self.adapter.and_then(|adapter| {
			Some((adapter.get(self.index, module)?, adapter.scale(self.index, module)?))
		});
		Ok(match adapted {
			Some((lora, scale)) => adapted_linear(x, weight, lora, scale)?,
			None => frozen_linear(x, weight)?,
		})
	}

	/// Grouped-query attention over the cached sequence and `x`, `[n, hidden]`.
	fn attention(&self, x: &Tensor, cache: &mut Cache) -> Result<Tensor> {
		let config = &self.base.config;
		let (n, heads, kv_heads) = (x.dim(0)?, config.heads, config.kv_heads);
		let [mut queries, mut keys, mut values] =
			[self.project(Module::Q, x)?, self.project(Module::K, x)?, self.project(Module::V, x)?];
		if let Some([q, k, v]) = &self.layer.biases {
			queries = queries.broadcast_add(q)?;
			keys = keys.broadcast_add(k)?;
			values = values.broadcast_add(v)?;
		}
		if let Some([q, k]) = &self.layer.head_norms {
			queries = self.norm_heads(&queries, q)?;
			keys = self.norm_heads(&keys, k)?;
		}
		let queries = self.rotations.apply(&queries, heads)?;
		let keys = self.rotations.apply(&keys, kv_heads)?;
		// [n, kv_heads · width] -> [kv_heads, n, width]
		let values = values.reshape((n, kv_heads, config.head_dim))?.transpose(0, 1)?;
		let (keys, values) = cache.append(self.index, &keys, &values.contiguous()?)?;
		self.project(Module::O, &ops::attention(&queries, &keys, &values)?)
	}

	/// Norms every head of `x`, `[n, heads · head_dim]`.
	fn norm_heads(&self, x: &Tensor, weight: &Tensor) -> Result<Tensor> {
		let (n, wide) = x.dims2()?;
		let config = &self.base.config;
		let heads = x.reshape((n * wide / config.head_dim, config.head_dim))?;
		Ok(ops::rms_norm(&heads, weight, config.rms_eps)?.reshape((n, wide))?)
	}

	/// SwiGLU feed-forward (arXiv:2002.05202): `down(silu(gate(x)) · up(x))`.
	fn feed_forward(&self, x: &Tensor) -> Result<Tensor> {
		let (gate, up) = (self.project(Module::Gate, x)?, self.project(Module::Up, x)?);
		self.project(Module::Down, &ops::swiglu(&gate, &up)?)
	}
}

#[cfg(test)]
mod tests;
