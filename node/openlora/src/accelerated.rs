//! Answers from another processor than the CPU, through candle: nearly the same numbers as the canonical
//! arithmetic's, not the same bits. On the chain such answers are `Tolerant`; nobody can check one by
//! repeating it.

mod pass;

use std::{ops::ControlFlow, sync::Arc};

use candle_core::{DType, Device, Tensor};

use crate::{
	adapter::{Adapter, Module},
	autograd::Tensors,
	base::Base,
	engine,
	error::{Error, Result},
	generate::{self, GenerateOptions, Generation, Logits},
};
use pass::{Entry, Pass};

/// A base on a device, its weights expanded there.
#[derive(Debug)]
pub struct Accelerated {
	base: Arc<Base>,
	device: Device,
	dtype: DType,
	tensors: Tensors,
}

/// An adapter on the same device.
#[derive(Debug)]
pub struct AcceleratedAdapter {
	/// `A` transposed, `[inputs, rank]`, and `B` transposed times the scale, `[rank, outputs]`, of each
	/// layer's projections.
	layers: Vec<[Option<(Tensor, Tensor)>; Module::ALL.len()]>,
}

impl Accelerated {
	/// Copies the base's weights to a device, in bf16 unless that is the CPU.
	///
	/// # Errors
	/// candle's, when there is no room.
	pub fn load(base: Arc<Base>, device: Device) -> Result<Self> {
		let dtype = if device.is_cpu() { DType::F32 } else { DType::BF16 };
		let tensors = base.tensors()?.to(&device, dtype)?;
		Ok(Self { base, device, dtype, tensors })
	}

	/// The first NVIDIA GPU.
	///
	/// # Errors
	/// [`Error::NoDevice`] when the crate was built without its feature `cuda`, or there is none.
	pub fn on_gpu(base: Arc<Base>) -> Result<Self> {
		if !cfg!(feature = "cuda") {
			return Err(Error::NoDevice("build openlora with --features cuda".into()));
		}
		let device = Device::new_cuda(0).map_err(|error| Error::NoDevice(error.to_string()))?;
		Self::load(base, device)
	}

	/// Copies an adapter there.
	///
	/// # Errors
	/// That it was made for another base, or candle's.
	pub fn adapter(&self, adapter: &Adapter) -> Result<AcceleratedAdapter> {
		adapter.fits(&self.base.config)?;
		let weights = adapter.weights();
		let place = |tensor: &Tensor| tensor.to_device(&self.device)?.to_dtype(self.dtype);
		let of = |layer: usize, module: Module| -> candle_core::Result<Option<(Tensor, Tensor)>> {
			let found = weights.get(layer, module).zip(weights.scale(layer, module));
			let Some((lora, scale)) = found else { return Ok(None) };
			let a = place(&lora.a.t()?.contiguous()?)?;
			let b = place(&(lora.b.t()?.contiguous()? * scale)?)?;
			Ok(Some((a, b)))
		};
		let mut layers = Vec::with_capacity(self.base.config.layers);
		for layer in 0..self.base.config.layers {
			let mut modules = [const { None }; Module::ALL.len()];
			for module in Module::ALL {
				modules[module as usize] = of(layer, module)?;
			}
			layers.push(modules);
		}
		Ok(AcceleratedAdapter { layers })
	}

	/// As [`generate()`](crate::generate()), with other bits.
	///
	/// # Errors
	/// As there, and candle's.
	pub fn generate(
		&self,
		adapter: Option<&AcceleratedAdapter>,
		prompt: &[u32],
		options: &GenerateOptions,
		on_token: &mut dyn FnMut(u32) -> ControlFlow<()>,
	) -> Result<Generation> {
		options.validate(&self.base)?;
		engine::check_tokens(prompt, self.base.config.vocab)?;
		let mut sequence = Sequence {
			of: self,
			adapter,
			entries: (0..self.base.config.layers).map(|_| None).collect(),
			len: 0,
		};
		generate::answer(&mut sequence, prompt, options, on_token)
	}
}

/// One sequence that grows.
struct Sequence<'a> {
	of: &'a Accelerated,
	adapter: Option<&'a AcceleratedAdapter>,
	/// Each layer's keys and values.
	entries: Vec<Option<Entry>>,
	len: usize,
}

impl Logits for Sequence<'_> {
	fn check_room(&self, count: usize) -> Result<()> {
		let (tokens, context) = (self.len.saturating_add(count), self.of.base.config.context);
		if tokens > context {
			return Err(Error::ContextExceeded { tokens, context });
		}
		Ok(())
	}

	fn after(&mut self, tokens: &[u32]) -> Result<Vec<f32>> {
		self.check_room(tokens.len())?;
		let pass = Pass::new(self.of, self.adapter, self.len, tokens.len())?;
		let logits = pass.run(tokens, &mut self.entries)?;
		self.len += tokens.len();
		match logits.iter().all(|logit| logit.is_finite()) {
			true => Ok(logits),
			false => Err(Error::NonFiniteActivation { layer: self.of.base.config.layers }),
		}
	}
}

#[cfg(test)]
mod tests;
