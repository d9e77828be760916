//! An adapter as the kernels read it.

use crate::{
	adapter::{AdapterWeights, Module},
	error::{Error, Result},
	kernels::{
		Bytes, Precision,
		lora::{Pair, Shape},
	},
};

/// The matrices of an adapter, rounded to one precision, in one stretch of memory and in the order in
/// which a pass reads them.
#[derive(Debug, Clone)]
pub(crate) struct Packed {
	slots: Vec<[Option<Slot>; Module::ALL.len()]>,
	bytes: Bytes,
}

/// Where the pair of one projection lies.
#[derive(Debug, Clone, Copy)]
struct Slot {
	shape: Shape,
	at: usize,
}

impl Packed {
	/// Packs every pair of matrices.
	///
	/// # Errors
	/// [`Error::NonFinite`] when the precision does not reach a number, and candle's when a tensor is
	/// not f32 on the CPU.
	pub(crate) fn new(weights: &AdapterWeights, precision: Precision) -> Result<Self> {
		let mut shapes = Vec::new();
		for (layer, module, lora) in weights.iter() {
			let scale = scale(weights, layer, module)?;
			let ((rank, inputs), outputs) = (lora.a.dims2()?, lora.b.dim(0)?);
			shapes.push((layer, module, Shape { precision, rank, inputs, outputs, scale }));
		}
		let mut packed = Self::empty(weights.layers(), shapes);
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
			packed.fill(layer, module, &a, &b);
		}
		Ok(packed)
	}

	/// Matrices of zeros, for a base of so many layers.
	pub(crate) fn empty(
		layers: usize,
		shapes: impl IntoIterator<Item = (usize, Module, Shape)>,
	) -> Self {
		let mut slots = vec![[None; Module::ALL.len()]; layers];
		let mut at = 0;
		for (layer, module, shape) in shapes {
			slots[layer][module as usize] = Some(Slot { shape, at });
			at += shape.bytes();
		}
		Self { slots, bytes: Bytes::zeroed(at) }
	}

	/// Packs `a`, `[rank, inputs]`, and `b`, `[outputs, rank]`, of a projection that has zeros.
	pub(super) fn fill(&mut self, layer: usize, module: Module, a: &[f32], b: &[f32]) {
		if let Some(Slot { shape, at }) = self.slots[layer][module as usize] {
			shape.pack(a, b, &mut self.bytes[at..at + shape.bytes()]);
		}
	}

	/// The shapes of all pairs, in the order in which they lie.
	pub(crate) fn pairs(&self) -> impl Iterator<Item = (usize, Module, Shape)> {
		self.slots.iter().enumerate().flat_map(|(layer, slots)| {
			let named = Module::ALL.into_iter().zip(slots);
			named.filter_map(move |(module, slot)| Some((layer, module, slot.as_ref()?.shape)))
		})
	}

	/// All matrices, one pair after the other.
	pub(crate) fn bytes(&self) -> &[u8] {
		&self.bytes
	}

	/// All matrices, to be read from where [`Packed::bytes`] went.
	pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
		&mut self.bytes
	}

	/// The pair of a projection, if it is adapted.
	pub(crate) fn get(&self, layer: usize, module: Module) -> Option<Pair<'_>> {
		let Slot { shape, at } = self.slots.get(layer)?[module as usize]?;
		Some(Pair::new(shape, &self.bytes[at..at + shape.bytes()]))
	}
}

/// The scale of a projection as the kernels multiply by it.
///
/// # Errors
/// [`Error::NonFinite`] when single precision does not reach it.
pub(super) fn scale(weights: &AdapterWeights, layer: usize, module: Module) -> Result<f32> {
	match weights.scale(layer, module).map(|scale| scale as f32) {
		Some(scale) if scale.is_finite() => Ok(scale),
		_ => Err(Error::NonFinite {
			name: format!("the scale of {module} in layer {layer}"),
			index: 0,
		}),
	}
}
