//! Low-rank adapters (LoRA, arXiv:2106.09685): what is trained, registered and served.
//!
//! A frozen projection `W` becomes `x·Wᵀ + s·(x·Aᵀ)·Bᵀ` with `A` of shape `[rank, inputs]`, `B` of
//! shape `[outputs, rank]` and `s = alpha / rank` (`alpha / √rank` with rank-stabilised scaling).

mod peft;
mod store;

use std::sync::{
	Arc, OnceLock,
	atomic::{AtomicU64, Ordering},
};

use candle_core::{Device, Tensor};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub(crate) use peft::MAX_RANK;
pub use peft::PeftConfig;

use crate::{
	config::Config,
	engine::Packed,
	error::{Error, Result},
	kernels::Precision,
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
/// when training.
#[derive(Debug, Clone)]
pub struct AdapterWeights {
	scale: f64,
	layers: Vec<[Option<Lora>; Module::ALL.len()]>,
}

impl AdapterWeights {
	/// No matrices yet, for a base of `layers` blocks; `scale` multiplies each low-rank product.
	pub fn new(layers: usize, scale: f64) -> Self {
		Self { scale, layers: (0..layers).map(|_| [const { None }; Module::ALL.len()]).collect() }
	}

	/// Factor on every low-rank product.
	pub fn scale(&self) -> f64 {
		self.scale
	}

	/// Number of blocks of the base that this was made for.
	pub fn layers(&self) -> usize {
		self.layers.len()
	}

	/// Puts the matrices of one projection in place; false when there is no such layer.
	pub fn insert(&mut self, layer: usize, module: Module, lora: Lora) -> bool {
		let Some(slots) = self.layers.get_mut(layer) else { return false };
		slots[module as usize] = Some(lora);
		true
	}

	/// The matrices of one projection, if it is adapted.
	pub fn get(&self, layer: usize, module: Module) -> Option<&Lora> {
		self.layers.get(layer)?[module as usize].as_ref()
	}

	/// All matrices in parameter order: layers ascending, then [`Module`] order.
	pub fn iter(&self) -> impl Iterator<Item = (usize, Module, &Lora)> {
		self.layers.iter().enumerate().flat_map(|(layer, slots)| {
			Module::ALL
				.into_iter()
				.zip(slots)
				.filter_map(move |(module, lora)| Some((layer, module, lora.as_ref()?)))
		})
	}

	/// The same values, outside every gradient graph.
	pub fn detach(&self) -> Self {
		let mut detached = Self::new(self.layers(), self.scale);
		for (layer, module, lora) in self.iter() {
			detached.insert(layer, module, Lora { a: lora.a.detach(), b: lora.b.detach() });
		}
		detached
	}

	/// Checks that every matrix fits the base.
	///
	/// # Errors
	/// [`Error::AdapterLayers`] or [`Error::AdapterShape`].
	pub fn fits(&self, config: &Config) -> Result<()> {
		if self.layers() != config.layers {
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
}

impl Adapter {
	/// Joins a configuration with its matrices.
	///
	/// # Errors
	/// When a target module lacks its matrices in some layer, there are matrices for another
	/// module, a rank differs from the configuration's, or a weight is not finite.
	pub fn new(config: PeftConfig, weights: AdapterWeights) -> Result<Self> {
		config.validate()?;
		if weights.layers() == 0 {
			return Err(Error::malformed("adapter", "it has no layers"));
		}
		for layer in 0..weights.layers() {
			for module in Module::ALL {
				let listed = config.target_modules.contains(&module);
				match weights.get(layer, module) {
					None if listed => {
						return Err(Error::MissingTensor(store::tensor_name(layer, module, 'A')));
					}
					Some(_) if !listed => {
						return Err(Error::UnexpectedTensor(store::tensor_name(
							layer, module, 'A',
						)));
					}
					None => {}
					Some(lora) => check_pair(&config, layer, module, lora)?,
				}
			}
		}
		// A variable's storage changes with every training step: the adapter keeps copies.
		let mut copies = AdapterWeights::new(weights.layers(), config.scale());
		for (layer, module, lora) in weights.iter() {
			let copy = |tensor: &Tensor| tensor.detach().contiguous()?.copy();
			copies.insert(layer, module, Lora { a: copy(&lora.a)?, b: copy(&lora.b)? });
		}
		Ok(Self { config, weights: copies, generation: next_generation(), packed: OnceLock::new() })
	}

	/// A fresh adapter that changes nothing yet: `B` is zero and `A` is drawn uniformly from
	/// ±1/√inputs, PEFT's default (Kaiming uniform with a = √5), from a ChaCha8 stream of `seed`.
	///
	/// # Errors
	/// [`Error::InvalidOption`] when the configuration is out of range.
	pub fn init(base: &Config, config: PeftConfig, seed: u64) -> Result<Self> {
		config.validate()?;
		let mut rng = ChaCha8Rng::seed_from_u64(seed);
		let mut weights = AdapterWeights::new(base.layers, config.scale());
		for layer in 0..base.layers {
			for module in Module::ALL {
				if !config.target_modules.contains(&module) {
					continue;
				}
				let (inputs, outputs) = base.dimensions(module);
				let bound = 1.0 / (inputs as f32).sqrt();
				let a: Vec<f32> =
					(0..config.r * inputs).map(|_| rng.random_range(-bound..bound)).collect();
				let lora = Lora {
					a: Tensor::from_vec(a, (config.r, inputs), &Device::Cpu)?,
					b: Tensor::zeros((outputs, config.r), candle_core::DType::F32, &Device::Cpu)?,
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

	/// As [`Adapter::packed`], but not kept.
	pub(crate) fn pack(&self) -> Result<Packed> {
		Packed::new(&self.weights, Precision::F16)
	}

	/// Number of trainable parameters.
	pub fn parameter_count(&self) -> usize {
		self.weights.iter().map(|(_, _, lora)| lora.a.elem_count() + lora.b.elem_count()).sum()
	}

	/// Checks that this adapter was made for a base of that shape.
	///
	/// # Errors
	/// [`Error::AdapterLayers`] or [`Error::AdapterShape`].
	pub fn fits(&self, base: &Config) -> Result<()> {
		self.weights.fits(base)
	}
}

/// A number that was never given before.
pub(crate) fn next_generation() -> u64 {
	static NEXT: AtomicU64 = AtomicU64::new(1);
	NEXT.fetch_add(1, Ordering::Relaxed)
}

fn check_pair(config: &PeftConfig, layer: usize, module: Module, lora: &Lora) -> Result<()> {
	for (letter, tensor, rank_dim) in [('A', &lora.a, 0), ('B', &lora.b, 1)] {
		let name = store::tensor_name(layer, module, letter);
		let dims = tensor.dims();
		if dims.len() != 2 || dims[rank_dim] != config.r {
			let mut expected = dims.to_vec();
			expected.resize(2, 0);
			expected[rank_dim] = config.r;
			return Err(Error::WrongShape { name, expected, found: dims.to_vec() });
		}
		crate::weights::check_finite_tensor(&name, tensor)?;
	}
	Ok(())
}

#[cfg(test)]
mod tests;
