//! Low-rank adapters (LoRA, arXiv:2106.09685): what is trained, registered and served.
//!
//! A frozen projection `W` becomes `x·Wᵀ + s·(x·Aᵀ)·Bᵀ` with `A` of shape `[rank, inputs]`, `B` of
//! shape `[outputs, rank]` and `s = alpha / rank` (`alpha / √rank` with rank-stabilised scaling).

mod gguf;
mod peft;
mod store;

use std::sync::{
	Arc, OnceLock,
	atomic::{AtomicU64, Ordering},
};

use candle_core::{Device, Tensor};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub use gguf::ExportedGguf;
pub(crate) use peft::MAX_RANK;
pub use peft::{LayerFilter, Names, Pattern, PatternMap, PeftConfig, Target};

use crate::{
	config::Config,
	engine::Packed,
	error::{Error, Result},
	kernels::Precision,
	parameters,
};

/// A projection that an adapter can change, in the order in which parameters are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Module {
	/// Query projection.
	Q,
	/// Key projection.
	K,
	/// Value projection.
	V,
	/// Attention output projection.
	O,
	/// Gate of the feed-forward layer.
	Gate,
	/// Up-projection of the feed-forward layer.
	Up,
	/// Down-projection of the feed-forward layer.
	Down,
}

impl Module {
	/// Every module, in parameter order.
	pub const ALL: [Self; 7] =
		[Self::Q, Self::K, Self::V, Self::O, Self::Gate, Self::Up, Self::Down];

	/// The name in a PEFT configuration.
	pub const fn name(self) -> &'static str {
		match self {
			Self::Q => "q_proj",
			Self::K => "k_proj",
			Self::V => "v_proj",
			Self::O => "o_proj",
			Self::Gate => "gate_proj",
			Self::Up => "up_proj",
			Self::Down => "down_proj",
		}
	}

	/// The part of a Hugging Face tensor name that holds this module within a layer.
	pub const fn path(self) -> &'static str {
		match self {
			Self::Q => "self_attn.q_proj",
			Self::K => "self_attn.k_proj",
			Self::V => "self_attn.v_proj",
			Self::O => "self_attn.o_proj",
			Self::Gate => "mlp.gate_proj",
			Self::Up => "mlp.up_proj",
			Self::Down => "mlp.down_proj",
		}
	}

	/// The module of that PEFT name.
	pub fn from_name(name: &str) -> Option<Self> {
		Self::ALL.into_iter().find(|module| module.name() == name)
	}
}

impl std::fmt::Display for Module {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		f.write_str(self.name())
	}
}

/// The two matrices of one adapted projection.
#[derive(Debug, Clone)]
pub struct Lora {
	/// `[rank, inputs]`, f32.
	pub a: Tensor,
	/// `[outputs, rank]`, f32.
	pub b: Tensor,
}

/// The matrices of an adapter as the forward pass uses them: constants when serving, variables
/// when training. Ranks and scales may differ from one projection to the next.
#[derive(Debug, Clone)]
pub struct AdapterWeights {
	scale: f64,
	layers: Vec<[Option<(Lora, f64)>; Module::ALL.len()]>,
}

impl AdapterWeights {
	/// No matrices yet, for `layers` blocks of a base; `scale` multiplies the low-rank products that are
	/// put in place without one of their own.
	pub fn new(layers: usize, scale: f64) -> Self {
		Self { scale, layers: (0..layers).map(|_| [const { None }; Module::ALL.len()]).collect() }
	}

	/// Factor on the low-rank product of one projection, if it is adapted.
	pub fn scale(&self, layer: usize, module: Module) -> Option<f64> {
		self.slot(layer, module).map(|(_, scale)| *scale)
	}

	/// Number of blocks of a base up to the last that can be adapted.
	pub fn layers(&self) -> usize {
		self.layers.len()
	}

	/// Puts the matrices of one projection in place, with the scale of those that were there before;
	/// false when there is no such layer.
	pub fn insert(&mut self, layer: usize, module: Module, lora: Lora) -> bool {
		let scale = self.scale(layer, module).unwrap_or(self.scale);
		self.insert_scaled(layer, module, lora, scale)
	}

	/// As [`AdapterWeights::insert`], with a factor of its own on the low-rank product.
	pub fn insert_scaled(&mut self, layer: usize, module: Module, lora: Lora, scale: f64) -> bool {
		let Some(slots) = self.layers.get_mut(layer) else { return false };
		slots[module as usize] = Some((lora, scale));
		true
	}

	/// The matrices of one projection, if it is adapted.
	pub fn get(&self, layer: usize, module: Module) -> Option<&Lora> {
		self.slot(layer, module).map(|(lora, _)| lora)
	}

	fn slot(&self, layer: usize, module: Module) -> Option<&(Lora, f64)> {
		self.layers.get(layer)?[module as usize].as_ref()
	}

	/// As many layers with the same scales, and matrices made from these.
	///
	/// # Errors
	/// What `change` returns.
	pub(crate) fn map(&self, mut change: impl FnMut(&Lora) -> Result<Lora>) -> Result<Self> {
		let mut layers = Self::new(self.layers(), self.scale).layers;
		for (slots, targets) in self.layers.iter().zip(&mut layers) {
			for (slot, target) in slots.iter().zip(targets) {
				if let Some((lora, scale)) = slot {
					*target = Some((change(lora)?, *scale));
				}
			}
		}
		Ok(Self { scale: self.scale, layers })
	}

	/// All matrices in parameter order: layers ascending, then [`Module`] order.
	pub fn iter(&self) -> impl Iterator<Item = (usize, Module, &Lora)> {
		self.layers.iter().enumerate().flat_map(|(layer, slots)| {
			Module::ALL
				.into_iter()
				.zip(slots)
				.filter_map(move |(module, slot)| Some((layer, module, &slot.as_ref()?.0)))
		})
	}

	/// The same values, outside every gradient graph.
	pub fn detach(&self) -> Self {
		let detached = |slot: &Option<(Lora, f64)>| {
			let (lora, scale) = slot.as_ref()?;
			Some((Lora { a: lora.a.detach(), b: lora.b.detach() }, *scale))
		};
		let layers = self.layers.iter().map(|slots| slots.each_ref().map(detached)).collect();
		Self { scale: self.scale, layers }
	}

	/// Checks that every matrix fits the base.
	///
	/// # Errors
	/// [`Error::AdapterLayers`] when there are matrices beyond its last layer, or
	/// [`Error::AdapterShape`].
	pub fn fits(&self, config: &Config) -> Result<()> {
		if self.layers() > config.layers {
			return Err(Error::AdapterLayers { expected: config.layers, found: self.layers() });
		}
		for (layer, module, lora) in self.iter() {
			let found = (lora.a.dim(1)?, lora.b.dim(0)?);
			let expected = config.dimensions(module);
			if found != expected {
				return Err(Error::AdapterShape { layer, module, expected, found });
			}
		}
		Ok(())
	}
}

/// An adapter with its PEFT configuration: immutable once loaded or trained.
#[derive(Debug, Clone)]
pub struct Adapter {
	config: PeftConfig,
	weights: AdapterWeights,
	generation: u64,
	/// The weights in half precision, from the first time that they are run.
	packed: OnceLock<Arc<Packed>>,
	/// Whether they are the weights, from the first time that it is asked.
	half: OnceLock<bool>,
}

impl Adapter {
	/// Joins a configuration with its matrices.
	///
	/// # Errors
	/// When a projection that the configuration targets lacks its matrices, up to the last layer that
	/// there are; there are matrices for another one, or for none; a rank differs from the
	/// configuration's, or a weight is not finite.
	pub fn new(config: PeftConfig, weights: AdapterWeights) -> Result<Self> {
		config.validate()?;
		config.check_others(weights.layers())?;
		// A variable's storage changes with every training step: the adapter keeps copies.
		let copy = |tensor: &Tensor| tensor.detach().contiguous()?.copy();
		let mut copies = AdapterWeights::new(weights.layers(), 1.0);
		for layer in 0..weights.layers() {
			for module in Module::ALL {
				let name = || store::tensor_name(layer, module, 'A');
				match (config.target(layer, module), weights.get(layer, module)) {
					(None, None) => {}
					(Some(_), None) => return Err(Error::MissingTensor(name())),
					(None, Some(_)) => return Err(Error::UnexpectedTensor(name())),
					(Some(target), Some(lora)) => {
						check_pair(target.rank, layer, module, lora)?;
						let lora = Lora { a: copy(&lora.a)?, b: copy(&lora.b)? };
						copies.insert_scaled(layer, module, lora, target.scale);
					}
				}
			}
		}
		if copies.iter().next().is_none() {
			return Err(Error::malformed("adapter", "it changes no projection"));
		}
		let (packed, half) = (OnceLock::new(), OnceLock::new());
		Ok(Self { config, weights: copies, generation: next_generation(), packed, half })
	}

	/// A fresh adapter that changes nothing yet: `B` is zero and `A` is drawn uniformly from
	/// ±1/√inputs, PEFT's default (Kaiming uniform with a = √5), from a ChaCha8 stream of `seed`.
	///
	/// # Errors
	/// [`Error::InvalidOption`] when the configuration is out of range.
	pub fn init(base: &Config, config: PeftConfig, seed: u64) -> Result<Self> {
		config.validate()?;
		let mut rng = ChaCha8Rng::seed_from_u64(seed);
		let mut weights = AdapterWeights::new(base.layers, 1.0);
		for layer in 0..base.layers {
			for module in Module::ALL {
				let Some(Target { rank, .. }) = config.target(layer, module) else { continue };
				let (inputs, outputs) = base.dimensions(module);
				let bound = 1.0 / (inputs as f32).sqrt();
				let a: Vec<f32> =
					(0..rank * inputs).map(|_| rng.random_range(-bound..bound)).collect();
				let lora = Lora {
					a: Tensor::from_vec(a, (rank, inputs), &Device::Cpu)?,
					b: Tensor::zeros((outputs, rank), candle_core::DType::F32, &Device::Cpu)?,
				};
				weights.insert(layer, module, lora);
			}
		}
		Self::new(config, weights)
	}

	/// The PEFT configuration.
	pub fn config(&self) -> &PeftConfig {
		&self.config
	}

	/// The matrices.
	pub fn weights(&self) -> &AdapterWeights {
		&self.weights
	}

	/// A number that no other adapter of this process has, whatever its values: what was computed with
	/// one is never taken for another's.
	pub fn generation(&self) -> u64 {
		self.generation
	}

	/// Makes the adapter ready to run, which its first use would do otherwise.
	///
	/// # Errors
	/// [`Error::NonFinite`] when half precision does not reach a number.
	pub fn prepare(&self) -> Result<()> {
		self.packed().map(drop)
	}

	/// The matrices as they are run: rounded to half precision.
	///
	/// # Errors
	/// [`Error::NonFinite`] when half precision does not reach a number.
	pub(crate) fn packed(&self) -> Result<&Packed> {
		self.shared().map(|packed| &**packed)
	}

	/// As [`Adapter::packed`], to be kept without the adapter.
	pub(crate) fn shared(&self) -> Result<&Arc<Packed>> {
		if let Some(packed) = self.packed.get() {
			return Ok(packed);
		}
		let packed = Arc::new(self.pack()?);
		Ok(self.packed.get_or_init(|| packed))
	}

	/// Whether rounding to half precision, as adapters are run, leaves every number as it is: gradients,
	/// which are taken of the numbers as they are, are then of the very pass that an answer came from.
	pub fn is_half(&self) -> bool {
		*self.half.get_or_init(|| {
			let same = |v: &f32| half::f16::from_f32(*v).to_f32().to_bits() == v.to_bits();
			self.values().is_ok_and(|values| values.iter().all(same))
		})
	}

	/// An adapter with the numbers that this one is run with, each the nearest in half precision.
	///
	/// # Errors
	/// [`Error::NonFinite`] when half precision does not reach a number.
	pub fn to_half(&self) -> Result<Self> {
		let values = self.values()?;
		let rounded = values.iter().map(|v| half::f16::from_f32(*v).to_f32());
		self.with_values(&rounded.collect::<Vec<_>>())
	}

	/// As [`Adapter::packed`], but not kept.
	pub(crate) fn pack(&self) -> Result<Packed> {
		Packed::new(&self.weights, Precision::F16)
	}

	/// The largest rank of its projections.
	pub fn rank(&self) -> usize {
		let ranks = self.weights.iter().filter_map(|(_, _, lora)| lora.a.dim(0).ok());
		ranks.max().unwrap_or_default()
	}

	/// Number of trainable parameters.
	pub fn parameter_count(&self) -> usize {
		self.weights.iter().map(|(_, _, lora)| lora.a.elem_count() + lora.b.elem_count()).sum()
	}

	/// The matrices' values in one row, in the order of gradients ([`crate::gradient()`]).
	///
	/// # Errors
	/// candle's.
	pub fn values(&self) -> Result<Vec<f32>> {
		parameters::flatten(&self.weights)
	}

	/// An adapter of the same shape with these values, in the order of [`Adapter::values`].
	///
	/// # Errors
	/// [`Error::Malformed`] for another number of values; a value that is not finite.
	pub fn with_values(&self, values: &[f32]) -> Result<Self> {
		Self::new(self.config.clone(), parameters::constants(&self.weights, values)?)
	}

	/// Checks that this adapter was made for a base of that shape: that its matrices fit, and that there
	/// are all that its configuration asks for there.
	///
	/// # Errors
	/// [`Error::AdapterLayers`] or [`Error::AdapterShape`].
	pub fn fits(&self, base: &Config) -> Result<()> {
		self.weights.fits(base)?;
		let targeted = |layer: &usize| {
			Module::ALL.iter().any(|module| self.config.target(*layer, *module).is_some())
		};
		match (self.weights.layers()..base.layers).rev().find(targeted) {
			None => Ok(()),
			Some(last) => {
				Err(Error::AdapterLayers { expected: last + 1, found: self.weights.layers() })
			}
		}
	}
}

/// A number that was never given before.
pub(crate) fn next_generation() -> u64 {
	static NEXT: AtomicU64 = AtomicU64::new(1);
	NEXT.fetch_add(1, Ordering::Relaxed)
}

fn check_pair(rank: usize, layer: usize, module: Module, lora: &Lora) -> Result<()> {
	for (letter, tensor, rank_dim) in [('A', &lora.a, 0), ('B', &lora.b, 1)] {
		let name = store::tensor_name(layer, module, letter);
		let dims = tensor.dims();
		if dims.len() != 2 || dims[rank_dim] != rank || tensor.elem_count() == 0 {
			let mut expected = dims.to_vec();
			expected.resize(2, 0);
			expected[rank_dim] = rank;
			return Err(Error::WrongShape { name, expected, found: dims.to_vec() });
		}
		crate::weights::check_finite_tensor(&name, tensor)?;
	}
	Ok(())
}

#[cfg(test)]
mod tests;
