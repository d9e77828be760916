//! The frozen numbers of a base, packed for the kernels, and how every loader hands them over.

use std::borrow::Cow;

use candle_core::Tensor;
use safetensors::{Dtype, SafeTensorError};

use crate::{
	adapter::Module,
	config::Config,
	error::{Error, Result},
	kernels::{
		Isa, Precision, dense,
		quantised::{self, BlockFormat, LANES},
	},
	rope::RopeScaling,
};

/// One tensor of a base.
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
	/// What is added to a projection of a layer, one of [`Slot::BIASED`].
	Bias(usize, Module),
	/// The norm of each head of a projection of a layer, one of [`Slot::NORMED`].
	HeadNorm(usize, Module),
	/// What the frequency of every rotated pair is divided by.
	RopeFactors,
}

impl Slot {
	/// The projections that have a bias where any has.
	pub(crate) const BIASED: [Module; 3] = [Module::Q, Module::K, Module::V];
	/// The projections whose heads are normed where any are.
	pub(crate) const NORMED: [Module; 2] = [Module::Q, Module::K];

	/// Every tensor that a base of that shape consists of.
	pub(crate) fn all(config: &Config) -> Vec<Self> {
		let facts = config.architecture.facts();
		let mut slots = vec![Self::Embedding, Self::Norm];
		if !config.tied {
			slots.push(Self::Head);
		}
		for layer in 0..config.layers {
			slots.extend([Self::AttentionNorm(layer), Self::FeedForwardNorm(layer)]);
			slots.extend(Module::ALL.map(|module| Self::Projection(layer, module)));
			if facts.biases {
				slots.extend(Self::BIASED.map(|module| Self::Bias(layer, module)));
			}
			if facts.head_norms {
				slots.extend(Self::NORMED.map(|module| Self::HeadNorm(layer, module)));
			}
		}
		if config.rope_scaling == RopeScaling::Factors {
			slots.push(Self::RopeFactors);
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
			Self::Bias(_, module) => vec![config.dimensions(module).1],
			Self::HeadNorm(..) => vec![config.head_dim],
			Self::RopeFactors => vec![config.head_dim / 2],
		}
	}
}

/// A tensor as its file has it.
#[derive(Debug)]
pub(crate) struct Stored {
	/// Its name in the file, for messages.
	pub(crate) name: String,
	/// Outermost dimension first.
	pub(crate) shape: Vec<usize>,
	/// Its numbers.
	pub(crate) numbers: Numbers,
	/// For each row of the matrix, which one of the file it is; none when they are in order.
	pub(crate) order: Option<Vec<usize>>,
}

/// The numbers of a [`Stored`] tensor, row-major.
#[derive(Debug)]
pub(crate) enum Numbers {
	/// As they are, with the precision that they had.
	Plain(Precision, Vec<f32>),
	/// In blocks that the kernels multiply without expanding them.
	Blocks(BlockFormat, Vec<u8>),
}

/// A frozen matrix, `[outputs, inputs]`.
#[derive(Debug, Clone)]
pub(crate) enum Matrix {
	/// Quantised in blocks.
	Quantised(quantised::Panels),
	/// Numbers by themselves.
	Dense(dense::Panels),
}

impl Matrix {
	/// Packs a stored matrix.
	///
	/// # Errors
	/// [`Error::NonFinite`] when a number or a scale is not finite, [`Error::Malformed`] when its
	/// bytes are not as many as its shape asks for.
	pub(crate) fn new(stored: Stored) -> Result<Self> {
		let Stored { name, shape, numbers, order } = stored;
		let &[outputs, inputs] = shape.as_slice() else {
			return Err(Error::malformed(name, "it is not a matrix"));
		};
		let source = |row: usize| order.as_ref().map_or(row, |order| order[row]);
		let matrix = match numbers {
			Numbers::Plain(precision, values) => {
				check_finite(&name, &values)?;
				let row = |output| values[source(output) * inputs..][..inputs].to_vec();
				Self::Dense(dense::Panels::pack(precision, outputs, inputs, row))
			}
			Numbers::Blocks(format, bytes) => {
				let row = format.row_bytes(inputs).filter(|row| row * outputs == bytes.len());
				let Some(row) = row else {
					let reason = format!("{} bytes for {outputs} × {inputs}", bytes.len());
					return Err(Error::malformed(name, reason));
				};
				let of = |output| &bytes[source(output) * row..][..row];
				let panels = quantised::Panels::pack(format, outputs, inputs, of);
				Self::Quantised(panels.map_err(|output| Error::NonFinite {
					name: name.clone(),
					index: output * inputs,
				})?)
			}
		};
		Ok(matrix)
	}

	/// (inputs, outputs).
	pub(crate) fn dimensions(&self) -> (usize, usize) {
		match self {
			Self::Quantised(panels) => (panels.inputs(), panels.outputs()),
			Self::Dense(panels) => (panels.inputs(), panels.outputs()),
		}
	}

	/// The packed weights.
	pub(crate) fn data(&self) -> &[u8] {
		match self {
			Self::Quantised(panels) => panels.data(),
			Self::Dense(panels) => panels.data(),
		}
	}

	/// Sixteen rows from `panel · 16` on, of which some inputs (whole blocks of 32, or to the end), in
	/// single precision, `stride` apart; rows beyond the last are zero.
	pub(crate) fn expand(
		&self,
		isa: Isa,
		panel: usize,
		inputs: std::ops::Range<usize>,
		target: &mut [f32],
		stride: usize,
	) {
		match self {
			Self::Quantised(panels) => panels.expand(isa, panel, inputs, target, stride),
			Self::Dense(panels) => panels.expand(isa, panel, inputs, target, stride),
		}
	}

	/// All of it in single precision, `[outputs, inputs]`.
	pub(crate) fn values(&self, isa: Isa) -> Vec<f32> {
		let (inputs, outputs) = self.dimensions();
		let panels = outputs.div_ceil(LANES);
		let mut values = vec![0.0; panels * LANES * inputs];
		for (panel, target) in values.chunks_mut(LANES * inputs).enumerate() {
			self.expand(isa, panel, 0..inputs, target, inputs);
		}
		values.truncate(outputs * inputs);
		values
	}
}

/// The frozen numbers of one transformer block.
#[derive(Debug, Clone)]
pub(crate) struct Layer {
	/// `[hidden]`.
	pub(crate) attention_norm: Vec<f32>,
	/// `[hidden]`.
	pub(crate) feed_forward_norm: Vec<f32>,
	/// What is added to queries, keys and values, as wide as they are.
	pub(crate) biases: Option<[Vec<f32>; Slot::BIASED.len()]>,
	/// Weights of the norms of every query head and every key head, `[head_dim]`.
	pub(crate) head_norms: Option<[Vec<f32>; Slot::NORMED.len()]>,
	projections: [Matrix; Module::ALL.len()],
}

impl Layer {
	/// The weight of a projection, `[outputs, inputs]`.
	pub(crate) fn projection(&self, module: Module) -> &Matrix {
		&self.projections[module as usize]
	}

	fn vectors(&self) -> impl Iterator<Item = &Vec<f32>> {
		let more = self.biases.iter().flatten().chain(self.head_norms.iter().flatten());
		[&self.attention_norm, &self.feed_forward_norm].into_iter().chain(more)
	}
}

/// All frozen numbers of a base.
#[derive(Debug, Clone)]
pub struct Weights {
	/// `[vocab, hidden]`.
	pub(crate) embedding: Matrix,
	/// The blocks, from the input on.
	pub(crate) layers: Vec<Layer>,
	/// `[hidden]`.
	pub(crate) norm: Vec<f32>,
	/// `[head_dim / 2]`, where the base brings them along.
	pub(crate) rope_factors: Option<Vec<f32>>,
	head: Option<Matrix>,
}

impl Weights {
	/// Collects every tensor of the architecture from `fetch`, checking shapes and values.
	pub(crate) fn collect(
		config: &Config,
		mut fetch: impl FnMut(Slot) -> Result<Stored>,
	) -> Result<Self> {
		let mut take = |slot: Slot| {
			let stored = fetch(slot)?;
			let expected = slot.shape(config);
			if stored.shape != expected {
				let Stored { name, shape: found, .. } = stored;
				return Err(Error::WrongShape { name, expected, found });
			}
			Ok(stored)
		};
		let vector = |stored: Stored| match stored.numbers {
			Numbers::Plain(_, values) => {
				check_finite(&stored.name, &values)?;
				Ok(values)
			}
			Numbers::Blocks(..) => Err(Error::malformed(stored.name, "a quantised vector")),
		};
		// The largest tensor first, while the least memory is in use.
		let embedding = Matrix::new(take(Slot::Embedding)?)?;
		let head = match config.tied {
			true => None,
			false => Some(Matrix::new(take(Slot::Head)?)?),
		};
		let norm = vector(take(Slot::Norm)?)?;
		let facts = config.architecture.facts();
		let mut layers = Vec::with_capacity(config.layers);
		for layer in 0..config.layers {
			let mut projection = |module| Matrix::new(take(Slot::Projection(layer, module))?);
			let projections = [
				projection(Module::Q)?,
				projection(Module::K)?,
				projection(Module::V)?,
				projection(Module::O)?,
				projection(Module::Gate)?,
				projection(Module::Up)?,
				projection(Module::Down)?,
			];
			let mut vector = |slot| vector(take(slot)?);
			let [q, k, v] = Slot::BIASED.map(|module| Slot::Bias(layer, module));
			let biases = match facts.biases {
				true => Some([vector(q)?, vector(k)?, vector(v)?]),
				false => None,
			};
			let [q, k] = Slot::NORMED.map(|module| Slot::HeadNorm(layer, module));
			let head_norms = match facts.head_norms {
				true => Some([vector(q)?, vector(k)?]),
				false => None,
			};
			layers.push(Layer {
				attention_norm: vector(Slot::AttentionNorm(layer))?,
				feed_forward_norm: vector(Slot::FeedForwardNorm(layer))?,
				biases,
				head_norms,
				projections,
			});
		}
		let rope_factors = match config.rope_scaling {
			RopeScaling::Factors => Some(vector(take(Slot::RopeFactors)?)?),
			_ => None,
		};
		Ok(Self { embedding, layers, norm, rope_factors, head })
	}

	/// The output projection, `[vocab, hidden]`: the embedding where they are tied.
	pub(crate) fn head(&self) -> &Matrix {
		self.head.as_ref().unwrap_or(&self.embedding)
	}

	/// The bytes of every tensor, in one order.
	pub(crate) fn parts(&self) -> Vec<Cow<'_, [u8]>> {
		let vector = |values: &[f32]| {
			Cow::from(values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>())
		};
		let mut parts =
			vec![self.embedding.data().into(), vector(&self.norm), self.head().data().into()];
		for layer in &self.layers {
			parts.extend(layer.vectors().map(|values| vector(values)));
			parts.extend(layer.projections.iter().map(|matrix| Cow::from(matrix.data())));
		}
		parts.extend(self.rope_factors.iter().map(|factors| vector(factors)));
		parts
	}

	/// Bytes in memory.
	pub fn bytes(&self) -> usize {
		let of_layer = |layer: &Layer| {
			let vectors = layer.vectors().map(Vec::len).sum::<usize>();
			layer.projections.iter().map(|matrix| matrix.data().len()).sum::<usize>() + 4 * vectors
		};
		let ends =
			self.embedding.data().len() + self.head.as_ref().map_or(0, |head| head.data().len());
		ends + 4 * self.norm.len() + self.layers.iter().map(of_layer).sum::<usize>()
	}
}

/// Refuses a NaN or an infinity.
fn check_finite(name: &str, values: &[f32]) -> Result<()> {
	match values.iter().position(|value| !value.is_finite()) {
		Some(index) => Err(Error::NonFinite { name: name.to_string(), index }),
		None => Ok(()),
	}
}

/// Refuses a tensor with a NaN or an infinity in it.
pub(crate) fn check_finite_tensor(name: &str, tensor: &Tensor) -> Result<()> {
	if tensor.dtype() != candle_core::DType::F32 {
		let dtype = format!("{:?}", tensor.dtype());
		return Err(Error::UnsupportedDtype { name: name.to_string(), dtype });
	}
	check_finite(name, &tensor.flatten_all()?.to_vec1::<f32>()?)
}

/// The precision of a safetensors type.
pub(crate) fn precision(name: &str, dtype: Dtype) -> Result<Precision> {
	match dtype {
		Dtype::F32 => Ok(Precision::F32),
		Dtype::F16 => Ok(Precision::F16),
		Dtype::BF16 => Ok(Precision::BF16),
		other => {
			Err(Error::UnsupportedDtype { name: name.to_string(), dtype: format!("{other:?}") })
		}
	}
}

/// Little-endian safetensors data as f32.
pub(crate) fn to_f32(name: &str, dtype: Dtype, data: &[u8]) -> Result<Vec<f32>> {
	Ok(precision(name, dtype)?.read(data))
}

/// The typed refusal for what the safetensors crate found.
pub(crate) fn refusal(error: SafeTensorError) -> Error {
	match error {
		SafeTensorError::TensorNotFound(name) => Error::MissingTensor(name),
		other => Error::malformed("safetensors file", other),
	}
}
