//! Where each matrix of an adapter lies in a flat gradient.

use openlora::{Adapter, Module};
use std::ops::Range;

/// Which of the two matrices of a projection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
	/// `[rank, inputs]`: a sum of `v·xᵀ`.
	A,
	/// `[outputs, rank]`: a sum of `δ·uᵀ`.
	B,
}

/// One matrix: its gradient is a sum of products of short vectors of `rank` and long ones of `wide`
/// components.
#[derive(Debug, Clone)]
pub(super) struct Matrix {
	pub(super) layer: usize,
	pub(super) module: Module,
	pub(super) side: Side,
	pub(super) range: Range<usize>,
	pub(super) rank: usize,
	pub(super) wide: usize,
}

/// The flat gradient from one layer on, in the engine's order.
#[derive(Debug, Clone)]
pub(super) struct Layout {
	pub(super) first_layer: usize,
	pub(super) matrices: Vec<Matrix>,
	pub(super) length: usize,
}

impl Layout {
	pub(super) fn new(adapter: &Adapter, first_layer: usize) -> Self {
		let (mut matrices, mut length) = (Vec::new(), 0);
		for (layer, module, lora) in adapter.weights().iter() {
			if layer < first_layer {
				continue;
			}
			let [rank, inputs] = [0, 1].map(|axis| lora.a.dims().get(axis).copied().unwrap_or(0));
			let outputs = lora.b.dims().first().copied().unwrap_or(0);
			for (side, wide) in [(Side::A, inputs), (Side::B, outputs)] {
				let range = length..length + rank * wide;
				length = range.end;
				matrices.push(Matrix { layer, module, side, range, rank, wide });
			}
		}
		Self { first_layer, matrices, length }
	}

	/// Each matrix's place.
	pub(super) fn ranges(&self) -> Vec<Range<usize>> {
		self.matrices.iter().map(|matrix| matrix.range.clone()).collect()
	}
}
