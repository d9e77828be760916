//! The parameters of an adapter that is differentiated.

use super::{Packed, packed::scale};
use crate::{
	adapter::{AdapterWeights, Module},
	error::{Error, Result},
	kernels::{Precision, lora::Shape},
};

/// One adapted projection within the flat vector of parameters.
#[derive(Debug)]
pub(crate) struct Part {
	/// Where its `A`, `[rank, inputs]`, begins; its `B`, `[outputs, rank]`, follows.
	pub(crate) offset: usize,
	pub(crate) rank: usize,
	pub(crate) inputs: usize,
	pub(crate) outputs: usize,
}

/// Parameters in single precision: as one vector, and as the kernels read them.
#[derive(Debug)]
pub(crate) struct Trained<'a> {
	pub(crate) values: &'a [f32],
	pub(crate) packed: Packed,
	parts: Vec<[Option<Part>; Module::ALL.len()]>,
}

impl<'a> Trained<'a> {
	/// The parameters `values`, in the order of [`crate::parameters`], of an adapter of that shape.
	///
	/// # Errors
	/// [`Error::Malformed`] when there are not as many as the shape asks for, [`Error::NonFinite`] for a
	/// scale beyond single precision.
	pub(crate) fn new(like: &AdapterWeights, values: &'a [f32]) -> Result<Self> {
		let none = || [const { None }; Module::ALL.len()];
		let mut parts: Vec<_> = (0..like.layers()).map(|_| none()).collect();
		let (mut offset, mut shapes) = (0, Vec::new());
		for (layer, module, lora) in like.iter() {
			let ((rank, inputs), outputs) = (lora.a.dims2()?, lora.b.dim(0)?);
			let scale = scale(like, layer, module)?;
			let precision = Precision::F32;
			shapes.push((layer, module, Shape { precision, rank, inputs, outputs, scale }));
			parts[layer][module as usize] = Some(Part { offset, rank, inputs, outputs });
			offset += rank * (inputs + outputs);
		}
		if offset != values.len() {
			return Err(wrong_length(values.len()));
		}
		let mut packed = Packed::empty(like.layers(), shapes.iter().copied());
		let mut rest = values;
		for (layer, module, Shape { rank, inputs, outputs, .. }) in shapes {
			let (a, after) = rest.split_at(rank * inputs);
			let (b, after) = after.split_at(outputs * rank);
			packed.fill(layer, module, a, b);
			rest = after;
		}
		Ok(Self { values, packed, parts })
	}

	/// Where a projection's parameters are, if it is adapted.
	pub(crate) fn part(&self, layer: usize, module: Module) -> Option<&Part> {
		self.parts.get(layer)?[module as usize].as_ref()
	}

	/// Where the parameters from a layer on begin.
	pub(crate) fn offset(&self, layer: usize) -> usize {
		let parts = self.parts.iter().skip(layer).flatten().flatten();
		parts.map(|part| part.offset).next().unwrap_or(self.values.len())
	}
}

fn wrong_length(found: usize) -> Error {
	Error::malformed("parameter vector", format!("{found} values do not fit the adapter"))
}
