//! A base's weights as candle tensors in single precision, for what candle differentiates.

use candle_core::{DType, Device, Tensor};

use crate::{
	adapter::Module,
	config::Config,
	error::Result,
	kernels::Isa,
	weights::{Matrix, Weights},
};

/// The frozen tensors of one transformer block, all f32.
#[derive(Debug, Clone)]
pub struct Layer {
	/// `[hidden]`.
	pub attention_norm: Tensor,
	/// `[hidden]`.
	pub feed_forward_norm: Tensor,
	/// What is added to queries, keys and values, where there is something.
	pub biases: Option<[Tensor; 3]>,
	/// Weights of the norms of query and key heads, `[head_dim]`, where they have some.
	pub head_norms: Option<[Tensor; 2]>,
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
pub struct Tensors {
	/// `[vocab, hidden]`.
	pub embedding: Tensor,
	/// The blocks, from the input on.
	pub layers: Vec<Layer>,
	/// `[hidden]`.
	pub norm: Tensor,
	head: Option<Tensor>,
}

impl Tensors {
	/// Expands packed weights.
	///
	/// # Errors
	/// candle's.
	pub(crate) fn expand(config: &Config, weights: &Weights) -> Result<Self> {
		let isa = Isa::best();
		let vector = |values: &[f32]| Tensor::new(values, &Device::Cpu);
		let matrix = |matrix: &Matrix| {
			let (inputs, outputs) = matrix.dimensions();
			Tensor::from_vec(matrix.values(isa), (outputs, inputs), &Device::Cpu)
		};
		let mut layers = Vec::with_capacity(config.layers);
		for layer in &weights.layers {
			let projection = |module| matrix(layer.projection(module));
			let biases = match &layer.biases {
				Some([q, k, v]) => Some([vector(q)?, vector(k)?, vector(v)?]),
				None => None,
			};
			let head_norms = match &layer.head_norms {
				Some([q, k]) => Some([vector(q)?, vector(k)?]),
				None => None,
			};
			layers.push(Layer {
				biases,
				head_norms,
				attention_norm: vector(&layer.attention_norm)?,
				feed_forward_norm: vector(&layer.feed_forward_norm)?,
				projections: [
					projection(Module::Q)?,
					projection(Module::K)?,
					projection(Module::V)?,
					projection(Module::O)?,
					projection(Module::Gate)?,
					projection(Module::Up)?,
					projection(Module::Down)?,
				],
			});
		}
		let head = if config.tied { None } else { Some(matrix(weights.head())?) };
		let (embedding, norm) = (matrix(&weights.embedding)?, vector(&weights.norm)?);
		Ok(Self { embedding, layers, norm, head })
	}

	/// A copy on a device, in another type.
	///
	/// # Errors
	/// candle's, when there is no room.
	pub(crate) fn to(&self, device: &Device, dtype: DType) -> Result<Self> {
		let place = |tensor: &Tensor| tensor.to_device(device)?.to_dtype(dtype);
		let several =
			|tensors: &[Tensor]| tensors.iter().map(place).collect::<candle_core::Result<Vec<_>>>();
		let mut layers = Vec::with_capacity(self.layers.len());
		for layer in &self.layers {
			let biases = layer.biases.as_ref().map(|biases| several(biases)).transpose()?;
			let norms = layer.head_norms.as_ref().map(|norms| several(norms)).transpose()?;
			let projections = several(&layer.projections)?;
			layers.push(Layer {
				attention_norm: place(&layer.attention_norm)?,
				feed_forward_norm: place(&layer.feed_forward_norm)?,
				biases: biases.and_then(|biases| biases.try_into().ok()),
				head_norms: norms.and_then(|norms| norms.try_into().ok()),
				projections: std::array::from_fn(|at| projections[at].clone()),
			});
		}
		Ok(Self {
			embedding: place(&self.embedding)?,
			layers,
			norm: place(&self.norm)?,
			head: self.head.as_ref().map(place).transpose()?,
		})
	}

	/// The output projection, `[vocab, hidden]`: the embedding where they are tied.
	pub fn head(&self) -> &Tensor {
		self.head.as_ref().unwrap_or(&self.embedding)
	}
}
