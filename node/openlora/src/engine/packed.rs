//! An adapter as the kernels read it.

use crate::{
	adapter::{AdapterWeights, Module},
	error::{Error, Result},
	kernels::{Precision, lora::Pair},
};

/// The matrices of an adapter, rounded to one precision.
#[derive(Debug, Clone)]
pub(crate) struct Packed {
	layers: Vec<[Option<Pair>; Module::ALL.len()]>,
}

impl Packed {
	/// Packs every pair of matrices.
	///
	/// # Errors
	/// [`Error::NonFinite`] when the precision does not reach a number, and candle's when a tensor is
	/// not f32 on the CPU.
	pub(crate) fn new(weights: &AdapterWeights, precision: Precision) -> Result<Self> {
		let mut packed = Self::empty(weights.layers());
		if !(weights.scale() as f32).is_finite() {
			return Err(Error::NonFinite { name: "the adapter's scale".into(), index: 0 });
		}
		for (layer, module, lora) in weights.iter() {
			let a = lora.a.flatten_all()?.to_vec1::<f32>()?;
			let b = lora.b.flatten_all()?.to_vec1::<f32>()?;
			if precision == Precision::F16 {
				for (letter, values) in [('A', &a), ('B', &b)] {
					let beyond = |value: &f32| half::f16::from_f32(*value).is_infinite();
					if let Some(index) = values.iter().position(beyond) {
						let name = format!("lora_{letter} of {module} in layer {layer}");
						return Err(Error::NonFinite { name, index });
					}
				}
			}
			let pair = Pair::pack(precision, lora.a.dim(0)?, weights.scale() as f32, &a, &b);
			packed.insert(layer, module, pair);
		}
		Ok(packed)
	}

	/// No matrices yet, for a base of so many layers.
	pub(super) fn empty(layers: usize) -> Self {
		let none = || [const { None }; Module::ALL.len()];
		Self { layers: (0..layers).map(|_| none()).collect() }
	}

	/// Puts the pair of a projection in place.
	pub(super) fn insert(&mut self, layer: usize, module: Module, pair: Pair) {
		self.layers[layer][module as usize] = Some(pair);
	}

	/// The pair of a projection, if it is adapted.
	pub(crate) fn get(&self, layer: usize, module: Module) -> Option<&Pair> {
		self.layers.get(layer)?[module as usize].as_ref()
	}
}
