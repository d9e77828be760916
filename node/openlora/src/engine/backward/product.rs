//! The gradient through a frozen matrix.

use crate::{
	kernels::{
		Floats, Shared, Team,
		quantised::LANES,
		update::{Update, View},
	},
	weights::Matrix,
};

/// Inputs whose weights lie beside each other when they are expanded: whole blocks of every quantised
/// layout.
const COLUMNS: usize = 2 * LANES;
/// Strips of so many inputs that one task has at most: the more, the fewer times gradients are read.
const STRIPS: usize = 3;
/// Outputs whose weights are expanded at once: with the columns, half of a first-level cache.
const OUTPUTS: usize = 8 * LANES;

/// `target += gradient · matrix`, for `gradient` of `[rows, outputs]` and `target` of
/// `[rows, inputs]`: every element continues its chain over the outputs, from the first to the last.
pub(crate) fn add_product(team: &Team, matrix: &Matrix, gradient: &[f32], target: &mut [f32]) {
	let (inputs, outputs) = matrix.dimensions();
	let (rows, isa) = (target.len() / inputs, team.isa());
	let shared = Shared::new(target);
	let strips = inputs.div_ceil(COLUMNS);
	let each = strips.div_ceil(team.threads()).min(STRIPS);
	team.for_each(strips.div_ceil(each), &|task| {
		let from = task * each * COLUMNS;
		let columns = (each * COLUMNS).min(inputs - from);
		// SAFETY: every task has columns of its own.
		let place = |row: usize| unsafe { shared.slice(row * inputs + from, columns) };
		let mut sums = Floats::zeroed(rows * columns);
		for (row, sums) in sums.chunks_exact_mut(columns).enumerate() {
			sums.copy_from_slice(place(row));
		}
		let mut weights = Floats::zeroed(OUTPUTS * COLUMNS);
		// Rows of a gradient may be a power of two apart, and then no cache keeps several.
		let mut near = Floats::zeroed(rows * OUTPUTS);
		for first in (0..outputs).step_by(OUTPUTS) {
			let count = OUTPUTS.min(outputs - first);
			for (row, near) in near.chunks_exact_mut(OUTPUTS).enumerate() {
				near[..count].copy_from_slice(&gradient[row * outputs + first..][..count]);
			}
			for strip in (0..columns).step_by(COLUMNS) {
				let width = COLUMNS.min(columns - strip);
				let of = from + strip..from + strip + width;
				for panel in 0..count.div_ceil(LANES) {
					let target = &mut weights[panel * LANES * width..];
					matrix.expand(isa, first / LANES + panel, of.clone(), target, width);
				}
				let a = View::rows(&near, rows, count, OUTPUTS);
				let (b, c) = (&weights[..], &mut sums[strip..]);
				Update { a, b, b_step: width, c, c_step: columns, columns: width }.run(isa);
			}
		}
		for (row, sums) in sums.chunks_exact(columns).enumerate() {
			place(row).copy_from_slice(sums);
		}
	});
}
