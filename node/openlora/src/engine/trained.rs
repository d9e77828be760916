//! The parameters of an adapter that is differentiated.

use super::{Packed, packed::scale};
use crate::{
	adapter::{Adapter, AdapterWeights, Module},
	error::{Error, Result},
	kernels::{Precision, lora::Shape},
};
use std::borrow::Cow;

/// One adapted projection within the flat vector of parameters.
#[derive(Debug)]
pub(crate) struct Part {
	/// Where its `A`, `[rank, inputs]`, begins; its `B`, `[outputs, rank]`, follows.
	pub(crate) offset: usize,
	pub(crate) rank: usize,
	pub(crate) inputs: usize,
	pub(crate) outputs: usize,
}

/// By layers and modules.
type Parts = Vec<[Option<Part>; Module::ALL.len()]>;
/// Of the adapted projections, in the order of [`crate::parameters`].
type Shapes = Vec<(usize, Module, Shape)>;

/// Parameters, as one vector in single precision and as the kernels read them.
#[derive(Debug)]
pub(crate) struct Trained<'a> {
	pub(crate) values: &'a [f32],
	pub(crate) packed: Cow<'a, Packed>,
	parts: Parts,
}

impl<'a> Trained<'a> {
	/// The parameters `values`, in the order of [`crate::parameters`], of an adapter of that shape.
	///
	/// # Errors
	/// [`Error::Malformed`] when there are not as many as the shape asks for, [`Error::NonFinite`] for a
	/// scale beyond single precision.
	pub(crate) fn new(like: &AdapterWeights, values: &'a [f32]) -> Result<Self> {
		let (parts, shapes) = parts(like, values)?;
		let mut packed = Packed::empty(like.layers(), shapes.iter().copied());
		let mut rest = values;
		for (layer, module, Shape { rank, inputs, outputs, .. }) in shapes {
			let (a, after) = rest.split_at(rank * inputs);
			let (b, after) = after.split_at(outputs * rank);
			packed.fill(layer, module, a, b);
			rest = after;
		}
		Ok(Self { values, packed: Cow::Owned(packed), parts })
	}

	/// The parameters of an adapter, which `values` are. Where they are in half precision, they are read as
	/// they are when the adapter is run: that changes no bit and is half as much to read.
	///
	/// # Errors
	/// As [`Trained::new`], and those of packing the adapter.
	pub(crate) fn of(adapter: &'a Adapter, values: &'a [f32]) -> Result<Self> {
		if !adapter.is_half() {
			return Self::new(adapter.weights(), values);
		}
		let packed = Cow::Borrowed(adapter.packed()?);
		Ok(Self { values, packed, parts: parts(adapter.weights(), values)?.0 })
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

/// Where each projection's parameters are, and its shape, of an adapter like that one.
fn parts(like: &AdapterWeights, values: &[f32]) -> Result<(Parts, Shapes)> {
	let none = || [const { None }; Module::ALL.len()];
	let mut parts: Parts = (0..like.layers()).map(|_| none()).collect();
	let (mut offset, mut shapes) = (0, Vec::new());
	for (layer, module, lora) in like.iter() {
		let ((rank, inputs), outputs) = (lora.a.dims2()?, lora.b.dim(0)?);
		let scale = scale(like, layer, module)?;
		let precision = Precision::F32;
		shapes.push((layer, module, Shape { precision, rank, inputs, outputs, scale }));
		parts[layer][module as usize] = Some(Part { offset, rank, inputs, outputs });
		offset += rank * (inputs + outputs);
	}
	match offset == values.len() {
		true => Ok((parts, shapes)),
		false => Err(wrong_length(values.len())),
	}
}

fn wrong_length(found: usize) -> Error {
	Error::malformed("parameter vector", format!("{found} values do not fit the adapter"))
}
