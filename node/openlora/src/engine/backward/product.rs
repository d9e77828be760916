//! The gradient through a frozen matrix.

use crate::{
	kernels::{
		Floats, Shared, Team,
		quantised::LANES,
		update::{Update, View},
	},
	weights::Matrix,
};

/// Inputs of one task: whole blocks of every quantised layout.
const COLUMNS: usize = 2 * LANES;
/// Outputs whose weights are expanded at once: with the columns, a first-level cache.
const OUTPUTS: usize = 16 * LANES;

/// `target += gradient · matrix`, for `gradient` of `[rows, outputs]` and `target` of
/// `[rows, inputs]`: every element continues its chain over the outputs, from the first to the last.
pub(crate) fn add_product(team: &Team, matrix: &Matrix, gradient: &[f32], target: &mut [f32]) {
	let (inputs, outputs) = matrix.dimensions();
	let (rows, isa) = (target.len() / inputs, team.isa());
	let shared = Shared::new(target);
	team.for_each(inputs.div_ceil(COLUMNS), &|task| {
		let from = task * COLUMNS;
		let columns = COLUMNS.min(inputs - from);
		// SAFETY: every task has columns of its own.
		let place = |row: usize| unsafe { shared.slice(row * inputs + from, columns) };
		let mut sums = Floats::zeroed(rows * columns);
		for (row, sums) in sums.chunks_exact_mut(columns).enumerate() {
			sums.copy_from_slice(place(row));
		}
		let mut weights = Floats::zeroed(OUTPUTS * columns);
		for first in (0..outputs).step_by(OUTPUTS) {
			let count = OUTPUTS.min(outputs - first);
			for panel in 0..count.div_ceil(LANES) {
				let target = &mut weights[panel * LANES * columns..];
				matrix.expand(isa, first / LANES + panel, from..from + columns, target, columns);
			}
			let a = View::rows(&gradient[first..], rows, count, outputs);
			let (b, c) = (&weights[..], &mut sums[..]);
			Update { a, b, b_step: columns, c, c_step: columns, columns }.run(isa);
		}
		for (row, sums) in sums.chunks_exact(columns).enumerate() {
			place(row).copy_from_slice(sums);
		}
	});
}
