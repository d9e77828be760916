//! Inner products of many rows with many others.

use crate::error::Result;
use openlora::{Team, matmul::Weights};
use std::ops::Range;

/// Components whose products are summed in single precision; beyond, sums are in double precision.
const CHAIN: usize = 4_096;

/// Stretches of at most [`CHAIN`] components that make up a vector.
pub(super) fn stretches(length: usize) -> Vec<Range<usize>> {
	(0..length).step_by(CHAIN).map(|from| from..length.min(from + CHAIN)).collect()
}

/// Rows that others are multiplied with, packed stretch by stretch.
#[derive(Debug)]
pub(super) struct Packed {
	rows: usize,
	length: usize,
	/// Without the empty ones, each with its number.
	stretches: Vec<(usize, Range<usize>, Weights)>,
}

impl Packed {
	/// Packs `rows` of `length` components each, which `stretches` divides. No rows are fine.
	///
	/// # Errors
	/// The engine's, for rows that are not whole.
	pub(super) fn new(rows: &[f32], length: usize, stretches: &[Range<usize>]) -> Result<Self> {
		let count = rows.len().checked_div(length).unwrap_or(0);
		let mut packed = Vec::new();
		for (number, stretch) in stretches.iter().enumerate() {
			if count > 0 && !stretch.is_empty() {
				let part = Weights::pack(count, stretch.len(), &cut(rows, length, stretch))?;
				packed.push((number, stretch.clone(), part));
			}
		}
		Ok(Self { rows: count, length, stretches: packed })
	}

	/// The inner products of each of `others` with each row, `[others, rows]`, of one stretch after the
	/// other, handed to `each` with the stretch's number.
	pub(super) fn by_stretch(
		&self,
		others: &[f32],
		mut each: impl FnMut(usize, &[f32]) -> Result<()>,
	) -> Result<()> {
		let count = others.len().checked_div(self.length).unwrap_or(0);
		let mut products = vec![0.0; count * self.rows];
		for (number, stretch, weights) in &self.stretches {
			weights.multiply(Team::shared()?, &cut(others, self.length, stretch), &mut products)?;
			each(*number, &products)?;
		}
		Ok(())
	}

	/// The inner products of each of `others` with each row, `[others, rows]`, stretches added in
	/// double precision.
	pub(super) fn products(&self, others: &[f32]) -> Result<Vec<f32>> {
		let count = others.len().checked_div(self.length).unwrap_or(0);
		let mut sums = vec![0f64; count * self.rows];
		self.by_stretch(others, |_, products| {
			sums.iter_mut().zip(products).for_each(|(sum, of)| *sum += f64::from(*of));
			Ok(())
		})?;
		Ok(sums.into_iter().map(|sum| sum as f32).collect())
	}
}

/// One stretch of every row.
pub(super) fn cut(rows: &[f32], length: usize, stretch: &Range<usize>) -> Vec<f32> {
	rows.chunks_exact(length).flat_map(|row| &row[stretch.clone()]).copied().collect()
}

/// `[rows, width]` as `[width, rows]`.
pub(super) fn transposed(rows: &[f32], width: usize) -> Vec<f32> {
	(0..width).flat_map(|column| rows.iter().skip(column).step_by(width).copied()).collect()
}

/// Scores as they come in, record by record.
#[derive(Debug)]
pub(super) struct Scores(Vec<Vec<f32>>);

impl Scores {
	pub(super) fn new(queries: usize, records: usize) -> Self {
		Self(vec![vec![0.0; records]; queries])
	}

	/// Takes the scores of records from `first` on, `[records, queries]`.
	pub(super) fn put(&mut self, first: usize, of: &[f32]) {
		for (at, of) in of.chunks_exact(self.0.len().max(1)).enumerate() {
			self.0.iter_mut().zip(of).for_each(|(row, score)| row[first + at] = *score);
		}
	}

	/// All of them.
	///
	/// # Errors
	/// [`Error::NonFinite`](crate::Error::NonFinite).
	pub(super) fn finish(self) -> Result<Vec<Vec<f32>>> {
		self.0.iter().try_for_each(|row| super::check_finite("a score", row))?;
		Ok(self.0)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn products_are_those_of_whole_rows_however_they_are_cut() {
		let number = |i: usize| ((i * 7_919) % 1_013) as f32 / 507.0 - 1.0;
		let (rows, others, length) = (3, 5, 10_000);
		let a: Vec<f32> = (0..rows * length).map(number).collect();
		let b: Vec<f32> = (0..others * length).map(|i| number(i + 77)).collect();
		for ranges in [stretches(length), vec![0..1, 1..9_000, 9_000..length]] {
			let products = Packed::new(&a, length, &ranges).unwrap().products(&b).unwrap();
			for (other, b) in b.chunks(length).enumerate() {
				for (row, a) in a.chunks(length).enumerate() {
					let exact: f64 = a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum();
					let found = f64::from(products[other * rows + row]);
					assert!((found - exact).abs() < 1e-2, "{found} {exact}");
				}
			}
		}
	}

	#[test]
	fn no_rows_have_no_products() {
		assert!(
			Packed::new(&[], 7, &stretches(7)).unwrap().products(&[1.0; 14]).unwrap().is_empty()
		);
		assert!(
			Packed::new(&[1.0; 7], 7, &stretches(7)).unwrap().products(&[]).unwrap().is_empty()
		);
	}

	#[test]
	fn scores_are_refused_when_one_is_not_finite() {
		let mut scores = Scores::new(2, 2);
		scores.put(1, &[3.0, f32::NAN]);
		assert!(matches!(scores.finish(), Err(crate::Error::NonFinite { .. })));
	}
}
