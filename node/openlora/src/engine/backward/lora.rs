//! The way back through one adapted projection's low-rank update.

use crate::kernels::{
	Shared, Team,
	gradient::Dots,
	lora::Pair,
	update::{Update as Product, View},
};

/// Rows that are worth another thread: a tile of products.
const ROWS: usize = 12;

/// `y += s · B·(A·x)` for rows `x` of `input`, with `gradient` that of `y`.
pub(super) struct Update<'a> {
	pub(super) team: &'a Team,
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
		let (b, isa) = (self.pair.b_rows(), self.team.isa());
		let shared = Shared::new(&mut of_low);
		self.team.for_each_chunk(&mut low, ROWS * rank, &|number, low| {
			for (row, low) in (number * ROWS..).zip(low.chunks_exact_mut(rank)) {
				self.pair.down(isa, &self.input[row * inputs..][..inputs], low);
				low.iter_mut().for_each(|low| *low *= scale);
				let x = &self.gradient[row * outputs..][..outputs];
				// SAFETY: every task has rows of its own.
				let target = unsafe { shared.slice(row * rank, rank) };
				isa.run(Dots { x, rows: &b, step: outputs, factor: scale, target });
			}
		});
		(low, of_low)
	}

	/// Adds the gradient of the input, `Aᵀ·v`, one chain over ranks, to `target`.
	pub(super) fn add_of_input(&self, v: &[f32], target: &mut [f32]) {
		let (rank, (inputs, _)) = (self.pair.rank(), self.pair.dimensions());
		let isa = self.team.isa();
		self.team.for_each_chunk(target, ROWS * inputs, &|number, c| {
			let a = View::rows(&v[number * ROWS * rank..], c.len() / inputs, rank, rank);
			Product { a, b: self.a, b_step: inputs, c, c_step: inputs, columns: inputs }.run(isa);
		});
	}
}
