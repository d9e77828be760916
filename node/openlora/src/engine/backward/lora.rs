//! The way back through one adapted projection's low-rank update.

use crate::kernels::{
	Isa,
	gradient::Dots,
	lora::Pair,
	update::{Update as Product, View},
};

/// `y += s · B·(A·x)` for rows `x` of `input`, with `gradient` that of `y`.
pub(super) struct Update<'a> {
	pub(super) isa: Isa,
	pub(super) pair: Pair<'a>,
	/// `[rank, inputs]`.
	pub(super) a: &'a [f32],
	/// `[rows, inputs]`.
	pub(super) input: &'a [f32],
	/// `[rows, outputs]`.
	pub(super) gradient: &'a [f32],
}

impl Update<'_> {
	/// `u = s · A·x`, and `v = s · Bᵀ·g`, the sum over outputs by lanes; both `[rows, rank]`.
	pub(super) fn low(&self) -> (Vec<f32>, Vec<f32>) {
		let (rank, (inputs, outputs)) = (self.pair.rank(), self.pair.dimensions());
		let rows = self.input.len() / inputs;
		let scale = self.pair.scale();
		let mut low = vec![0.0; rows * rank];
		let mut of_low = vec![0.0; rows * rank];
		let b = self.pair.b_rows();
		for row in 0..rows {
			let low = &mut low[row * rank..][..rank];
			self.pair.down(self.isa, &self.input[row * inputs..][..inputs], low);
			low.iter_mut().for_each(|low| *low *= scale);
			let x = &self.gradient[row * outputs..][..outputs];
			let target = &mut of_low[row * rank..][..rank];
			self.isa.run(Dots { x, rows: &b, step: outputs, factor: scale, target });
		}
		(low, of_low)
	}

	/// Adds the gradient of the input, `Aᵀ·v`, one chain over ranks, to `target`.
	pub(super) fn add_of_input(&self, v: &[f32], target: &mut [f32]) {
		let (rank, (inputs, _)) = (self.pair.rank(), self.pair.dimensions());
		Product {
			a: View::rows(v, self.input.len() / inputs, rank, rank),
			b: self.a,
			b_step: inputs,
			c: target,
			c_step: inputs,
			columns: inputs,
		}
		.run(self.isa);
	}
}
