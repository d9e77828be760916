//! Products that are added to what is there, `c += a · b`: what gradients are made of.

use super::{Arch, Isa, Kernel};

/// Rows and columns of `c` that are held in registers.
const ROWS: usize = 4;
const COLUMNS: usize = 16;

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
		let whole = columns - columns % COLUMNS;
		let mut row = 0;
		while row < a.rows {
			let c = &mut c[row * c_step..];
			for column in (0..whole).step_by(COLUMNS) {
				if a.rows - row >= ROWS {
					tile::<ROWS>(a, row, &b[column..], b_step, &mut c[column..], c_step);
				} else {
					tile::<1>(a, row, &b[column..], b_step, &mut c[column..], c_step);
				}
			}
			let rows = if a.rows - row >= ROWS { ROWS } else { 1 };
			for i in 0..rows {
				for j in whole..columns {
					let target = &mut c[i * c_step + j];
					for p in 0..a.columns {
						let a = a.values[(row + i) * a.row_step + p * a.column_step];
						*target = a.mul_add(b[p * b_step + j], *target);
					}
				}
			}
			row += rows;
		}
	}
}

#[inline(always)]
fn tile<const R: usize>(
	a: View<'_>,
	row: usize,
	b: &[f32],
	b_step: usize,
	c: &mut [f32],
	c_step: usize,
) {
	let mut sums = [[0f32; COLUMNS]; R];
	for (i, sums) in sums.iter_mut().enumerate() {
		sums.copy_from_slice(&c[i * c_step..][..COLUMNS]);
	}
	for p in 0..a.columns {
		let b = &b[p * b_step..][..COLUMNS];
		for (i, sums) in sums.iter_mut().enumerate() {
			let a = a.values[(row + i) * a.row_step + p * a.column_step];
			for (sum, b) in sums.iter_mut().zip(b) {
				*sum = a.mul_add(*b, *sum);
			}
		}
	}
	for (i, sums) in sums.iter().enumerate() {
		c[i * c_step..][..COLUMNS].copy_from_slice(sums);
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
		for (m, n, k) in [(1, 1, 1), (3, 16, 5), (4, 35, 7), (9, 48, 33), (2, 7, 0)] {
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
