//! Products of rows with frozen matrices.

use crate::{
	kernels::{Shared, Team, quantised::Rows},
	weights::Matrix,
};

/// Bytes of weights that are worth another task.
const TASK: usize = 1 << 14;

/// Rows of activations, `[rows, width]`, rounded to eight bits where a matrix asks for it.
pub(crate) struct Input<'a> {
	x: &'a [f32],
	rounded: &'a Rows,
}

impl<'a> Input<'a> {
	/// Rounds `x` into `rounded` if one of the matrices is quantised. None when a value is not finite.
	pub(crate) fn new(
		team: &Team,
		x: &'a [f32],
		rounded: &'a mut Rows,
		matrices: &[&Matrix],
	) -> Option<Self> {
		let width = matrices.first().map_or(1, |matrix| matrix.dimensions().0);
		let quantised = matrices.iter().any(|matrix| matches!(matrix, Matrix::Quantised(_)));
		if quantised && !rounded.assign(team, x, width) {
			return None;
		}
		Some(Self { x, rounded })
	}
}

/// A matrix, and where its products with every row go, `[rows, outputs]`.
pub(crate) type Target<'a> = (&'a Matrix, &'a mut [f32]);

/// The products of the input with several matrices at once.
pub(crate) fn multiply(team: &Team, input: &Input<'_>, targets: &mut [Target<'_>]) {
	let mut tasks = Vec::new();
	let mut shared = Vec::with_capacity(targets.len());
	for (number, (matrix, target)) in targets.iter_mut().enumerate() {
		let count = match matrix {
			Matrix::Quantised(panels) => panels.count(),
			Matrix::Dense(panels) => panels.count(),
		};
		let panel = matrix.data().len() / count.max(1);
		let each = TASK.div_ceil(panel.max(1)).clamp(1, count.div_ceil(team.threads()).max(1));
		tasks.extend((0..count).step_by(each).map(|from| (number, from..count.min(from + each))));
		shared.push((&**matrix, Shared::new(target)));
	}
	team.for_each(tasks.len(), &|task| {
		let (number, panels) = tasks[task].clone();
		let (matrix, target) = shared[number];
		// SAFETY: every task has panels of its own, and a target belongs to one matrix.
		unsafe {
			match matrix {
				Matrix::Quantised(of) => of.multiply(team.isa(), panels, input.rounded, target),
				Matrix::Dense(of) => of.multiply(team.isa(), panels, input.x, target),
			}
		}
	});
}
