//! Products of strided matrices of many rows, through the gemm crate.

use gemm::Parallelism;

/// A matrix in borrowed memory; steps are in elements.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a> {
	values: &'a [f32],
	rows: usize,
	columns: usize,
	row_step: usize,
	column_step: usize,
}

impl<'a> Matrix<'a> {
	/// `rows × columns`, row-major without gaps.
	pub(crate) fn new(values: &'a [f32], rows: usize, columns: usize) -> Self {
		Self::strided(values, rows, columns, columns)
	}

	/// `rows × columns`, whose rows begin `row_step` elements apart.
	///
	/// # Panics
	/// When the last element would lie beyond `values`.
	pub(crate) fn strided(values: &'a [f32], rows: usize, columns: usize, row_step: usize) -> Self {
		let needed = if rows == 0 { 0 } else { (rows - 1) * row_step + columns };
		assert!(needed <= values.len(), "{rows} × {columns} in {} values", values.len());
		Self { values, rows, columns, row_step, column_step: 1 }
	}

	/// The transpose, of the same memory.
	pub(crate) fn t(self) -> Self {
		Self {
			rows: self.columns,
			columns: self.rows,
			row_step: self.column_step,
			column_step: self.row_step,
			..self
		}
	}
}

/// What a product does to its target.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
	/// It takes its place.
	Replace,
	/// It is added to it.
	Add,
}

/// `target = scale · left · right`, or `target += …`; `target` is row-major without gaps.
///
/// # Panics
/// When the shapes do not fit each other.
pub(crate) fn multiply(
	target: &mut [f32],
	left: Matrix<'_>,
	right: Matrix<'_>,
	scale: f32,
	mode: Mode,
) {
	let (m, n, k) = (left.rows, right.columns, left.columns);
	assert_eq!(right.rows, k, "inner dimensions of a product");
	assert_eq!(target.len(), m * n, "size of a product");
	if m == 0 || n == 0 {
		return;
	}
	let parallelism = match rayon::current_num_threads() {
		1 => Parallelism::None,
		threads => Parallelism::Rayon(threads),
	};
	let step = |step: usize| step as isize;
	// SAFETY: `Matrix` guarantees that every element addressed by its shape and steps is within
	// its memory, and `target` holds exactly the m · n elements addressed by steps (n, 1). The
	// exclusive borrow of `target` rules out overlap.
	unsafe {
		gemm::gemm(
			m,
			n,
			k,
			target.as_mut_ptr(),
			1,
			step(n),
			mode == Mode::Add,
			left.values.as_ptr(),
			step(left.column_step),
			step(left.row_step),
			right.values.as_ptr(),
			step(right.column_step),
			step(right.row_step),
			1.0,
			scale,
			false,
			false,
			false,
			parallelism,
		);
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	const LEFT: [f32; 6] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
	const RIGHT: [f32; 6] = [7.0, 8.0, 9.0, 10.0, 11.0, 12.0];

	#[test]
	fn product_replaces_or_adds_when_asked_to() {
		let (left, right) = (Matrix::new(&LEFT, 2, 3), Matrix::new(&RIGHT, 3, 2));
		let mut target = [1.0; 4];
		multiply(&mut target, left, right, 2.0, Mode::Replace);
		assert_eq!(target, [116.0, 128.0, 278.0, 308.0]);
		multiply(&mut target, left, right, -1.0, Mode::Add);
		assert_eq!(target, [58.0, 64.0, 139.0, 154.0]);
	}

	#[test]
	fn product_reads_transposed_and_gapped_memory_when_told_the_steps() {
		let mut target = [0.0; 9];
		let (left, right) = (Matrix::new(&LEFT, 2, 3), Matrix::new(&RIGHT, 2, 3));
		multiply(&mut target, left.t(), right, 1.0, Mode::Replace);
		assert_eq!(target, [47.0, 52.0, 57.0, 64.0, 71.0, 78.0, 81.0, 90.0, 99.0]);
		let gapped = Matrix::strided(&LEFT[1..], 2, 2, 3);
		let mut target = [0.0; 4];
		multiply(&mut target, gapped, Matrix::new(&[1.0, 0.0, 0.0, 1.0], 2, 2), 1.0, Mode::Replace);
		assert_eq!(target, [2.0, 3.0, 5.0, 6.0]);
	}

	#[test]
	fn product_is_zero_when_the_inner_dimension_is() {
		let mut target = [3.0; 4];
		multiply(&mut target, Matrix::new(&[], 2, 0), Matrix::new(&[], 0, 2), 1.0, Mode::Replace);
		assert_eq!(target, [0.0; 4]);
	}

	#[test]
	#[should_panic(expected = "2 × 3 in 5 values")]
	fn matrix_is_refused_when_memory_is_short() {
		Matrix::new(&LEFT[..5], 2, 3);
	}

	#[test]
	#[should_panic(expected = "inner dimensions")]
	fn product_is_refused_when_shapes_do_not_fit() {
		let left = Matrix::new(&LEFT, 2, 3);
		multiply(&mut [0.0; 4], left, Matrix::new(&RIGHT, 2, 3), 1.0, Mode::Replace);
	}
}
