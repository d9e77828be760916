//! The forward pass in operations that candle has for every device.

use candle_core::{D, DType, Device, Tensor};
use candle_nn::{
	ops::{rms_norm, silu, softmax_last_dim},
	rotary_emb::rope,
};

use super::{Accelerated, AcceleratedAdapter};
use crate::{adapter::Module, autograd::Layer, config::Config, error::Result};

type Candle<T> = candle_core::Result<T>;

/// Keys and values of one layer, both `[1, kv_heads, positions, head_dim]`.
pub(super) type Entry = (Tensor, Tensor);

/// Tokens that follow others.
pub(super) struct Pass<'a> {
	of: &'a Accelerated,
	adapter: Option<&'a AcceleratedAdapter>,
	/// `[tokens, head_dim / 2]`.
	cos: Tensor,
	sin: Tensor,
	/// `[tokens, positions]`: zero, or minus infinity where a token does not see a position. None for one
	/// token that sees all.
	mask: Option<Tensor>,
}

impl<'a> Pass<'a> {
	/// `count` tokens after `start` others.
	pub(super) fn new(
		of: &'a Accelerated,
		adapter: Option<&'a AcceleratedAdapter>,
		start: usize,
		count: usize,
	) -> Result<Self> {
		let config = &of.base.config;
		let (cos, sin) = of.base.rope.angles(start..start + count);
		let place = |values: Vec<f32>, shape: (usize, usize)| -> Candle<Tensor> {
			Tensor::from_vec(values, shape, &of.device)?.to_dtype(of.dtype)
		};
		let half = (count, config.head_dim / 2);
		let (cos, sin) = (place(cos, half)?, place(sin, half)?);
		let mask = mask(config, start, count, &of.device)?;
		Ok(Self { of, adapter, cos, sin, mask })
	}

	/// The logits after the last token, `[vocab]`; the entries get the tokens' keys and values.
	pub(super) fn run(&self, tokens: &[u32], entries: &mut [Option<Entry>]) -> Result<Vec<f32>> {
		let (tensors, eps) = (&self.of.tensors, self.of.base.config.rms_eps as f32);
		let ids = Tensor::new(tokens, &self.of.device)?;
		let mut x = tensors.embedding.index_select(&ids, 0)?;
		for (number, (layer, entry)) in tensors.layers.iter().zip(entries).enumerate() {
			let normed = rms_norm(&x, &layer.attention_norm, eps)?;
			x = (x + self.attention(number, layer, &normed, entry)?)?;
			let normed = rms_norm(&x, &layer.feed_forward_norm, eps)?;
			let gate = silu(&self.project(number, layer, Module::Gate, &normed)?)?;
			let up = self.project(number, layer, Module::Up, &normed)?;
			x = (x + self.project(number, layer, Module::Down, &(gate * up)?)?)?;
		}
		let last = x.narrow(0, tokens.len() - 1, 1)?.contiguous()?;
		let hidden = rms_norm(&last, &tensors.norm, eps)?;
		let logits = hidden.matmul(&tensors.head().t()?)?;
		Ok(logits.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?)
	}

	/// A projection with its low-rank update: `[tokens, inputs]` to `[tokens, outputs]`.
	fn project(&self, number: usize, layer: &Layer, module: Module, x: &Tensor) -> Candle<Tensor> {
		let y = x.matmul(&layer.projection(module).t()?)?;
		let adapted =
			self.adapter.and_then(|adapter| adapter.layers[number][module as usize].as_ref());
		match adapted {
			Some((a, b)) => y + x.matmul(a)?.matmul(b)?,
			None => Ok(y),
		}
	}

	/// Grouped-query attention over the entry and `x`, `[tokens, hidden]`.
	fn attention(
		&self,
		number: usize,
		layer: &Layer,
		x: &Tensor,
		entry: &mut Option<Entry>,
	) -> Candle<Tensor> {
		let config = &self.of.base.config;
		let (count, width) = (x.dim(0)?, config.head_dim);
		let (heads, kv_heads) = (config.heads, config.kv_heads);
		let head = |module: Module, heads: usize, norm: Option<&Tensor>| -> Candle<Tensor> {
			let mut y = self.project(number, layer, module, x)?;
			if let Some(biases) = &layer.biases {
				y = y.broadcast_add(&biases[module as usize])?;
			}
			let mut y = y.reshape((count, heads, width))?;
			if let Some(norm) = norm {
				y = rms_norm(&y, norm, config.rms_eps as f32)?;
			}
			y.transpose(0, 1)?.contiguous()?.unsqueeze(0)
		};
		let [q_norm, k_norm] = match &layer.head_norms {
			Some([q, k]) => [Some(q), Some(k)],
			None => [None, None],
		};
		let queries = rope(&head(Module::Q, heads, q_norm)?, &self.cos, &self.sin)?;
		let mut keys = rope(&head(Module::K, kv_heads, k_norm)?, &self.cos, &self.sin)?;
		let mut values = head(Module::V, kv_heads, None)?;
		if let Some((before_keys, before_values)) = entry.take() {
			keys = Tensor::cat(&[&before_keys, &keys], 2)?;
			values = Tensor::cat(&[&before_values, &values], 2)?;
		}
		let group = heads / kv_heads;
		let positions = keys.dim(2)?;
		// The heads of one group follow each other: they are rows of one product.
		let queries = queries.reshape((kv_heads, group * count, width))?;
		let scores = queries.matmul(&keys.squeeze(0)?.t()?)?.to_dtype(DType::F32)?;
		let mut scores = (scores / (width as f64).sqrt())?;
		if let Some(mask) = &self.mask {
			let apart = scores.reshape((kv_heads * group, count, positions))?;
			scores = apart.broadcast_add(mask)?.reshape((kv_heads, group * count, positions))?;
		}
		let shares = softmax_last_dim(&scores)?.to_dtype(self.of.dtype)?;
		let mixed = shares.matmul(&values.squeeze(0)?)?;
		*entry = Some((keys, values));
		let mixed = mixed.reshape((heads, count, width))?.transpose(0, 1)?.contiguous()?;
		self.project(number, layer, Module::O, &mixed.flatten_from(D::Minus2)?)
	}
}

/// Zero where a token sees a position, minus infinity elsewhere.
fn mask(config: &Config, start: usize, count: usize, device: &Device) -> Candle<Option<Tensor>> {
	if count == 1 && config.first_seen(start) == 0 {
		return Ok(None);
	}
	let positions = start + count;
	let seen = |at: usize| config.first_seen(at)..at + 1;
	let values = (start..positions).flat_map(|at| {
		let seen = seen(at);
		(0..positions).map(move |of| if seen.contains(&of) { 0.0 } else { f32::NEG_INFINITY })
	});
	Ok(Some(Tensor::from_vec(values.collect::<Vec<f32>>(), (count, positions), device)?))
}
