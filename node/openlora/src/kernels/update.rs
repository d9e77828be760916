//! Products that are added to what is there, `c += a · b`: what gradients are made of.

use std::array::from_fn;

use super::{Arch, Isa, Kernel, lanes::Vector, quantised::LANES};

/// Rows of a tile that is two vectors wide.
const WIDE_ROWS: usize = 12;

/// A matrix in borrowed memory whose elements are read one by one; steps are in elements.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
	pub(crate) values: &'a [f32],
	pub(crate) rows: usize,
	pub(crate) columns: usize,
	pub(crate) row_step: usize,
	pub(crate) column_step: usize,
}

impl<'a> View<'a> {
	/// `rows × columns`, row-major, whose rows begin `row_step` apart.
	pub(crate) fn rows(values: &'a [f32], rows: usize, columns: usize, row_step: usize) -> Self {
		Self { values, rows, columns, row_step, column_step: 1 }
	}

	/// The transpose, of the same memory.
	pub(crate) fn t(self) -> Self {
		let Self { values, rows, columns, row_step, column_step } = self;
		let (rows, columns) = (columns, rows);
		Self { values, rows, columns, row_step: column_step, column_step: row_step }
	}
}

/// `c[i][j] = fma(a[i][p], b[p][j], c[i][j])` for one `p` after the other.
///
/// `c` has `a.rows` rows and `b` has `a.columns` rows, both row-major and `columns` wide, with the
/// given steps from row to row.
pub(crate) struct Update<'a> {
	pub(crate) a: View<'a>,
	pub(crate) b: &'a [f32],
	pub(crate) b_step: usize,
	pub(crate) c: &'a mut [f32],
	pub(crate) c_step: usize,
	pub(crate) columns: usize,
}

impl Update<'_> {
	/// Computes it.
	pub(crate) fn run(self, isa: Isa) {
		isa.run(self);
	}
}

impl Kernel for Update<'_> {
	type Output = ();

	#[inline(always)]
	fn run<A: Arch>(self) {
		let Self { a, b, b_step, c, c_step, columns } = self;
		if a.rows == 0 || a.columns == 0 || columns == 0 {
			return;
		}
		let last = (a.rows - 1) * a.row_step + (a.columns - 1) * a.column_step;
		assert!(last < a.values.len(), "left side of an update");
		assert!((a.columns - 1) * b_step + columns <= b.len(), "right side of an update");
		assert!((a.rows - 1) * c_step + columns <= c.len(), "target of an update");
		let (b_at, c_at) = (b.as_ptr(), c.as_mut_ptr());
		let mut column = 0;
		while column + LANES <= columns {
			let wide = A::SUMS >= 2 * WIDE_ROWS && column + 2 * LANES <= columns;
			let mut row = 0;
			while row < a.rows {
				// SAFETY: the rows and columns of the tile are within what was asserted.
				unsafe {
					let tile = Tile {
						a: a.values.as_ptr().add(row * a.row_step),
						a_steps: (a.row_step, a.column_step),
						b: b_at.add(column),
						b_step,
						c: c_at.add(row * c_step + column),
						c_step,
						depth: a.columns,
					};
					row += match a.rows - row {
						WIDE_ROWS.. if wide => tile.run::<A, WIDE_ROWS, 2>(),
						4.. if wide => tile.run::<A, 4, 2>(),
						3 if wide => tile.run::<A, 3, 2>(),
						2 if wide => tile.run::<A, 2, 2>(),
						_ if wide => tile.run::<A, 1, 2>(),
						6.. if A::SUMS >= 6 => tile.run::<A, 6, 1>(),
						4.. if A::SUMS >= 4 => tile.run::<A, 4, 1>(),
						2.. if A::SUMS >= 2 => tile.run::<A, 2, 1>(),
						_ => tile.run::<A, 1, 1>(),
					};
				}
			}
			column += if wide { 2 * LANES } else { LANES };
		}
		for row in 0..a.rows {
			for column in column..columns {
				let target = &mut c[row * c_step + column];
				for p in 0..a.columns {
					let a = a.values[row * a.row_step + p * a.column_step];
					*target = a.mul_add(b[p * b_step + column], *target);
				}
			}
		}
	}
}

/// Some rows and columns of the target, held in registers.
struct Tile {
	a: *const f32,
	/// From row to row, and from column to column.
	a_steps: (usize, usize),
	b: *const f32,
	b_step: usize,
	c: *mut f32,
	c_step: usize,
	/// Columns of the left side.
	depth: usize,
}

impl Tile {
	/// How many rows that were.
	///
	/// # Safety
	/// All sides must have `R` rows and `C` vectors of columns, and `depth` of what is summed.
	#[inline(always)]
	unsafe fn run<A: Arch, const R: usize, const C: usize>(self) -> usize {
		let Self { a, a_steps, b, b_step, c, c_step, depth } = self;
		// SAFETY: as the caller promises.
		unsafe {
			let at = |row: usize, of: usize| c.add(row * c_step + of * LANES);
			let mut sums: [[A::Sixteen; C]; R] =
				from_fn(|row| from_fn(|of| A::Sixteen::load(at(row, of))));
			for p in 0..depth {
				let (a, b) = (a.add(p * a_steps.1), b.add(p * b_step));
				let b: [A::Sixteen; C] = from_fn(|of| A::Sixteen::load(b.add(of * LANES)));
				for (row, sums) in sums.iter_mut().enumerate() {
					let a = A::Sixteen::splat(*a.add(row * a_steps.0));
					for (sum, b) in sums.iter_mut().zip(b) {
						*sum = a.fma(b, *sum);
					}
				}
			}
			for (row, sums) in sums.into_iter().enumerate() {
				for (of, sum) in sums.into_iter().enumerate() {
					sum.store(at(row, of));
				}
			}
		}
		R
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use rand::{Rng, SeedableRng};
	use rand_chacha::ChaCha8Rng;

	fn uniform(count: usize, seed: u64) -> Vec<f32> {
		let mut rng = ChaCha8Rng::seed_from_u64(seed);
		(0..count).map(|_| rng.random_range(-1.0..1.0)).collect()
	}

	#[test]
	fn every_element_is_one_chain_on_every_instruction_set() {
		for (m, n, k) in [(1, 1, 1), (3, 16, 5), (4, 35, 7), (9, 48, 33), (31, 70, 9), (2, 7, 0)] {
			let (a, b, c) = (uniform(m * k, 1), uniform(k * (n + 3), 2), uniform(m * (n + 1), 3));
			for transposed in [false, true] {
				let view = match transposed {
					false => View::rows(&a, m, k, k),
					true => View::rows(&a, k, m, m).t(),
				};
				let at = |i: usize, p: usize| if transposed { a[p * m + i] } else { a[i * k + p] };
				let mut expected = c.clone();
				for i in 0..m {
					for j in 0..n {
						for p in 0..k {
							let target = &mut expected[i * (n + 1) + j];
							*target = at(i, p).mul_add(b[p * (n + 3) + j], *target);
						}
					}
				}
				for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
					let mut c = c.clone();
					let (b_step, c_step) = (n + 3, n + 1);
					Update { a: view, b: &b, b_step, c: &mut c, c_step, columns: n }.run(isa);
					assert_eq!(c, expected, "{m} {n} {k} {isa:?}");
				}
			}
		}
	}
}
