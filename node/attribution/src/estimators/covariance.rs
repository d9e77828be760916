//! Second moments of rows.

use super::products::transposed;
use crate::error::{Error, Result};
use openlora::{Team, matmul::Weights};

/// Rows whose products are summed in single precision; beyond, sums are in double precision.
const CHAIN: usize = 256;

/// `Σ r·rᵀ` of rows of one width, in the order in which they come.
#[derive(Debug)]
pub(super) struct Covariance {
	width: usize,
	/// Rows not yet added, fewer than [`CHAIN`].
	pending: Vec<f32>,
	/// `[width, width]`.
	sum: Vec<f64>,
}

impl Covariance {
	pub(super) fn new(width: usize) -> Self {
		Self { width, pending: Vec::new(), sum: vec![0.0; width * width] }
	}

	pub(super) fn width(&self) -> usize {
		self.width
	}

	/// Adds `rows`, `[rows, width]`: how they are cut makes no difference.
	pub(super) fn add(&mut self, rows: &[f32]) -> Result<()> {
		self.pending.extend_from_slice(rows);
		let chain = CHAIN * self.width;
		while chain > 0 && self.pending.len() >= chain {
			let rest = self.pending.split_off(chain);
			self.flush()?;
			self.pending = rest;
		}
		Ok(())
	}

	fn flush(&mut self) -> Result<()> {
		let (width, rows) = (self.width, self.pending.len() / self.width.max(1));
		if rows == 0 {
			return Ok(());
		}
		let columns = transposed(&self.pending, width);
		let mut products = vec![0.0; width * width];
		let weights = Weights::pack(width, rows, &columns)?;
		weights.multiply(Team::shared()?, &columns, &mut products)?;
		self.sum.iter_mut().zip(products).for_each(|(sum, of)| *sum += f64::from(of));
		self.pending.clear();
		Ok(())
	}

	/// The sum, `[width, width]`.
	///
	/// # Errors
	/// [`Error::NonFinite`].
	pub(super) fn finish(mut self) -> Result<Vec<f64>> {
		self.flush()?;
		match self.sum.iter().all(|value| value.is_finite()) {
			true => Ok(self.sum),
			false => Err(Error::NonFinite { what: "a covariance".into() }),
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn rows(count: usize, width: usize) -> Vec<f32> {
		(0..count * width).map(|i| ((i * 7_919) % 1_013) as f32 / 507.0 - 1.0).collect()
	}

	#[test]
	fn sum_is_that_of_outer_products_however_rows_are_cut() {
		let (count, width) = (3 * CHAIN + 17, 5);
		let rows = rows(count, width);
		let of = |cut: usize| {
			let mut covariance = Covariance::new(width);
			rows.chunks(cut * width).for_each(|rows| covariance.add(rows).unwrap());
			covariance.finish().unwrap()
		};
		let whole = of(count);
		for cut in [1, 3, CHAIN, CHAIN + 1] {
			assert_eq!(of(cut), whole);
		}
		for (i, j) in [(0, 0), (1, 4), (4, 1), (3, 2)] {
			let expected: f64 =
				rows.chunks(width).map(|row| f64::from(row[i]) * f64::from(row[j])).sum();
			assert!((whole[i * width + j] - expected).abs() < 1e-3);
			assert_eq!(whole[i * width + j], whole[j * width + i]);
		}
	}

	#[test]
	fn sum_is_refused_when_a_row_is_not_finite() {
		let mut covariance = Covariance::new(2);
		covariance.add(&[1.0, f32::NAN]).unwrap();
		assert!(matches!(covariance.finish(), Err(Error::NonFinite { .. })));
		assert_eq!(Covariance::new(2).finish().unwrap(), [0.0; 4]);
	}
}
