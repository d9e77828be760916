//! The tensors of a base, and the conversions to f32 that all loaders share.

use candle_core::{CpuStorage, DType, Storage, Tensor};
use safetensors::{Dtype, SafeTensorError};

use crate::{
	adapter::Module,
	config::Config,
	error::{Error, Result},
};

/// One tensor of a llama-architecture base.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Slot {
	/// Token embedding.
	Embedding,
	/// Norm before the output projection.
	Norm,
	/// Output projection, where it is not the embedding.
	Head,
	/// Norm before the attention of a layer.
	AttentionNorm(usize),
	/// Norm before the feed-forward part of a layer.
	FeedForwardNorm(usize),
	/// A projection of a layer.
	Projection(usize, Module),
}

impl Slot {
	/// Every tensor that a base of that shape consists of.
	pub(crate) fn all(config: &Config) -> Vec<Self> {
		let mut slots = vec![Self::Embedding, Self::Norm];
		if !config.tied {
			slots.push(Self::Head);
		}
		for layer in 0..config.layers {
			slots.extend([Self::AttentionNorm(layer), Self::FeedForwardNorm(layer)]);
			slots.extend(Module::ALL.map(|module| Self::Projection(layer, module)));
		}
		slots
	}

	/// The shape that the configuration asks for.
	pub(crate) fn shape(self, config: &Config) -> Vec<usize> {
		match self {
			Self::Embedding | Self::Head => vec![config.vocab, config.hidden],
			Self::Norm | Self::AttentionNorm(_) | Self::FeedForwardNorm(_) => vec![config.hidden],
			Self::Projection(_, module) => {
				let (inputs, outputs) = config.dimensions(module);
				vec![outputs, inputs]
			}
		}
	}
}

/// The frozen tensors of one transformer block, all f32.
#[derive(Debug, Clone)]
pub struct Layer {
	/// `[hidden]`.
	pub attention_norm: Tensor,
	/// `[hidden]`.
	pub feed_forward_norm: Tensor,
	projections: [Tensor; Module::ALL.len()],
}

impl Layer {
	/// The weight of a projection, `[outputs, inputs]`.
	pub fn projection(&self, module: Module) -> &Tensor {
		&self.projections[module as usize]
	}

	#[cfg(test)]
	pub(crate) fn projection_mut(&mut self, module: Module) -> &mut Tensor {
		&mut self.projections[module as usize]
	}
}

/// All frozen tensors of a base, f32 on the CPU.
#[derive(Debug, Clone)]
pub struct Weights {
	/// `[vocab, hidden]`.
	pub embedding: Tensor,
	/// The blocks, from the input on.
	pub layers: Vec<Layer>,
	/// `[hidden]`.
	pub norm: Tensor,
	head: Option<Tensor>,
}

impl Weights {
	/// Collects every tensor of the architecture from `fetch`, checking shapes and values.
	///
	/// `fetch` returns the tensor's name in its file, for messages, and the tensor itself.
	pub(crate) fn collect(
		config: &Config,
		mut fetch: impl FnMut(Slot) -> Result<(String, Tensor)>,
	) -> Result<Self> {
		let mut take = |slot: Slot| {
			let (name, tensor) = fetch(slot)?;
			let expected = slot.shape(config);
			if tensor.dims() != expected {
				return Err(Error::WrongShape { name, expected, found: tensor.dims().to_vec() });
			}
			check_finite(&name, &tensor)?;
			Ok(tensor)
		};
		// The largest tensor first, while the least memory is in use.
		let embedding = take(Slot::Embedding)?;
		let head = if config.tied { None } else { Some(take(Slot::Head)?) };
		let norm = take(Slot::Norm)?;
		let mut layers = Vec::with_capacity(config.layers);
		for layer in 0..config.layers {
			let mut projection = |module| take(Slot::Projection(layer, module));
			let projections = [
				projection(Module::Q)?,
				projection(Module::K)?,
				projection(Module::V)?,
				projection(Module::O)?,
				projection(Module::Gate)?,
				projection(Module::Up)?,
				projection(Module::Down)?,
			];
			layers.push(Layer {
				attention_norm: take(Slot::AttentionNorm(layer))?,
				feed_forward_norm: take(Slot::FeedForwardNorm(layer))?,
				projections,
			});
		}
		Ok(Self { embedding, layers, norm, head })
	}

	/// The output projection, `[vocab, hidden]`: the embedding where they are tied.
	pub fn head(&self) -> &Tensor {
		self.head.as_ref().unwrap_or(&self.embedding)
	}
}

/// Refuses a tensor with a NaN or an infinity in it.
pub(crate) fn check_finite(name: &str, tensor: &Tensor) -> Result<()> {
	if tensor.dtype() != DType::F32 {
		let dtype = format!("{:?}", tensor.dtype());
		return Err(Error::UnsupportedDtype { name: name.to_string(), dtype });
	}
	let tensor = tensor.contiguous()?;
	let (storage, layout) = tensor.storage_and_layout();
	let (Storage::Cpu(CpuStorage::F32(values)), Some((from, to))) =
		(&*storage, layout.contiguous_offsets())
	else {
		return Err(Error::malformed(name, "not held in main memory"));
	};
	match values[from..to].iter().position(|value| !value.is_finite()) {
		Some(index) => Err(Error::NonFinite { name: name.to_string(), index }),
		None => Ok(()),
	}
}

/// Little-endian safetensors data as f32.
pub(crate) fn to_f32(name: &str, dtype: Dtype, data: &[u8]) -> Result<Vec<f32>> {
	let halves = data.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]]));
	match dtype {
		Dtype::F32 => {
			Ok(data.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
		}
		Dtype::F16 => Ok(halves.map(|bits| half::f16::from_bits(bits).to_f32()).collect()),
		Dtype::BF16 => Ok(halves.map(|bits| half::bf16::from_bits(bits).to_f32()).collect()),
		other => {
			Err(Error::UnsupportedDtype { name: name.to_string(), dtype: format!("{other:?}") })
		}
	}
}

/// The typed refusal for what the safetensors crate found.
pub(crate) fn refusal(error: SafeTensorError) -> Error {
	match error {
		SafeTensorError::TensorNotFound(name) => Error::MissingTensor(name),
		other => Error::malformed("safetensors file", other),
	}
}
