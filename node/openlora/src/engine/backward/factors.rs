//! The gradient of one adapted projection, as the rows that it is a sum over.

use crate::{
	adapter::Module,
	kernels::{
		Shared, Team,
		update::{Update, View},
	},
};

/// The gradient of the two matrices of one projection on one sequence, in factors.
///
/// A projection is `y = W·x + s·B·(A·x)`. With one row for each differentiated position and `δ` the
/// gradient of `y`, the gradients are sums of outer products: `Σ v·xᵀ` of `A` and `Σ δ·uᵀ` of `B`, with
/// `u = s·A·x` and `v = s·Bᵀ·δ`, the scale `s` being in both.
#[derive(Debug, Clone, Copy)]
pub struct Factors<'a> {
	/// The block of the base.
	pub layer: usize,
	/// The projection within it.
	pub module: Module,
	/// Rows of `A`.
	pub rank: usize,
	/// Columns of `A`.
	pub inputs: usize,
	/// Rows of `B`.
	pub outputs: usize,
	/// Where the gradient of `A`, `[rank, inputs]`, begins in the flat gradient from the first
	/// differentiated layer on; that of `B`, `[outputs, rank]`, follows it.
	pub offset: usize,
	/// What goes into the projection, `[rows, inputs]`.
	pub x: &'a [f32],
	/// `s·A·x`, `[rows, rank]`.
	pub u: &'a [f32],
	/// The gradient of the projection's result, `[rows, outputs]`.
	pub delta: &'a [f32],
	/// `s·Bᵀ·δ`, `[rows, rank]`.
	pub v: &'a [f32],
	pub(super) team: &'a Team,
}

impl Factors<'_> {
	/// Differentiated positions.
	pub fn rows(&self) -> usize {
		self.x.len() / self.inputs
	}

	/// Whether every number is finite.
	pub fn is_finite(&self) -> bool {
		[self.x, self.u, self.delta, self.v].iter().all(|of| of.iter().all(|v| v.is_finite()))
	}

	/// The gradients of `A`, `[rank, inputs]`, and of `B`, `[outputs, rank]`, one after the other: each
	/// element one chain of fused multiply-adds over the rows.
	pub fn gradient(&self) -> Vec<f32> {
		let mut gradient = vec![0.0; self.rank * (self.inputs + self.outputs)];
		self.write(&mut gradient);
		gradient
	}

	/// As [`Factors::gradient`], into as many values.
	pub(super) fn write(&self, target: &mut [f32]) {
		let Self { rank, inputs, outputs, .. } = *self;
		let (of_a, of_b) = target.split_at_mut(rank * inputs);
		let (of_a, of_b) = (Shared::new(of_a), Shared::new(of_b));
		self.team.for_each(2, &|task| match task {
			0 => {
				let mut transposed = vec![0.0; rank * outputs];
				self.add_products(self.u, self.delta, outputs, &mut transposed);
				// SAFETY: no other task has this matrix.
				let of_b = unsafe { of_b.slice(0, rank * outputs) };
				for (output, target) in of_b.chunks_exact_mut(rank).enumerate() {
					for (of, target) in target.iter_mut().enumerate() {
						*target = transposed[of * outputs + output];
					}
				}
			}
			_ => {
				// SAFETY: as above.
				let of_a = unsafe { of_a.slice(0, rank * inputs) };
				of_a.fill(0.0);
				self.add_products(self.v, self.x, inputs, of_a);
			}
		});
	}

	/// `c += lowᵀ · wide` for `low` of `[rows, rank]` and `wide` of `[rows, columns]`.
	fn add_products(&self, low: &[f32], wide: &[f32], columns: usize, c: &mut [f32]) {
		let a = View::rows(low, self.rows(), self.rank, self.rank).t();
		let isa = self.team.isa();
		Update { a, b: wide, b_step: columns, c, c_step: columns, columns }.run(isa);
	}
}

/// What becomes of the gradients of the adapted projections, from the last layer to the first.
pub(crate) trait Sink {
	/// Gets the gradient of one projection on the sequence of one run of the pass.
	fn take(&mut self, run: usize, factors: &Factors<'_>);
}

/// Each run's flat gradient from the first differentiated layer on.
pub(crate) struct Dense(pub(crate) Vec<Vec<f32>>);

impl Sink for Dense {
	fn take(&mut self, run: usize, factors: &Factors<'_>) {
		let size = factors.rank * (factors.inputs + factors.outputs);
		factors.write(&mut self.0[run][factors.offset..][..size]);
	}
}
