//! A low-rank update added into the weights themselves.

use super::{Arch, Kernel};

/// Adds `scale · B·A` to rows of a matrix.
///
/// With `u = scale · B[row][r]` rounded, every weight becomes `fma(u, A[r][column], weight)` for one rank
/// after the other.
pub(crate) struct AddLowRank<'a> {
	/// Rows of `inputs` weights.
	pub(crate) weights: &'a mut [f32],
	/// `[rank, inputs]`.
	pub(crate) a: &'a [f32],
	/// The rows' own part of `B`, `[rows, rank]`.
	pub(crate) b: &'a [f32],
	/// Columns of the matrix.
	pub(crate) inputs: usize,
	/// Factor on the product.
	pub(crate) scale: f32,
}

impl Kernel for AddLowRank<'_> {
	type Output = ();

	#[inline(always)]
	fn run<A: Arch>(self) {
		let Self { weights, a, b, inputs, scale } = self;
		let rank = a.len() / inputs;
		for (weights, b) in weights.chunks_exact_mut(inputs).zip(b.chunks_exact(rank)) {
			for (a, b) in a.chunks_exact(inputs).zip(b) {
				let factor = scale * b;
				for (weight, a) in weights.iter_mut().zip(a) {
					*weight = factor.mul_add(*a, *weight);
				}
			}
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::kernels::Isa;

	#[test]
	fn update_is_fused_rank_by_rank_on_every_instruction_set() {
		let (rows, inputs, rank, scale) = (5, 37, 3, 0.7f32);
		let values = |count: usize, step: f32| -> Vec<f32> {
			(0..count).map(|i| (i as f32 * step).sin()).collect()
		};
		let (a, b) = (values(rank * inputs, 0.3), values(rows * rank, 0.7));
		let before = values(rows * inputs, 0.11);
		let mut expected = before.clone();
		for row in 0..rows {
			for column in 0..inputs {
				let weight = &mut expected[row * inputs + column];
				for r in 0..rank {
					*weight = (scale * b[row * rank + r]).mul_add(a[r * inputs + column], *weight);
				}
			}
		}
		for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
			let mut weights = before.clone();
			isa.run(AddLowRank { weights: &mut weights, a: &a, b: &b, inputs, scale });
			assert_eq!(weights, expected, "{isa:?}");
		}
	}
}
