//! The gradient of one adapted projection's low-rank update.

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
	/// Writes the gradients of `A` and then `B` into `of`, and adds that of `x` to `of_input`.
	///
	/// With `t = s · A·x` and `u = s · Bᵀ·g`, the sum over outputs by lanes: `g · tᵀ` of `B`, `u · xᵀ` of
	/// `A`, and `Aᵀ·u` of `x`, each one chain over rows or ranks.
	pub(super) fn gradients(&self, of: &mut [f32], of_input: Option<&mut [f32]>) {
		let (rank, (inputs, outputs)) = (self.pair.rank(), self.pair.dimensions());
		let rows = self.input.len() / inputs;
		let scale = self.pair.scale();
		let (of_a, of_b) = of.split_at_mut(rank * inputs);

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

		let mut transposed = vec![0.0; rank * outputs];
		Product {
			a: View::rows(&low, rows, rank, rank).t(),
			b: self.gradient,
			b_step: outputs,
			c: &mut transposed,
			c_step: outputs,
			columns: outputs,
		}
		.run(self.isa);
		for (output, target) in of_b.chunks_exact_mut(rank).enumerate() {
			for (of, target) in target.iter_mut().enumerate() {
				*target = transposed[of * outputs + output];
			}
		}
		of_a.fill(0.0);
		Product {
			a: View::rows(&of_low, rows, rank, rank).t(),
			b: self.input,
			b_step: inputs,
			c: of_a,
			c_step: inputs,
			columns: inputs,
		}
		.run(self.isa);
		if let Some(of_input) = of_input {
			Product {
				a: View::rows(&of_low, rows, rank, rank),
				b: self.a,
				b_step: inputs,
				c: of_input,
				c_step: inputs,
				columns: inputs,
			}
			.run(self.isa);
		}
	}
}
