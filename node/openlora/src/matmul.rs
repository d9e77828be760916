//! Products of single-precision matrices with the same bits everywhere, for use by themselves.
//!
//! ```
//! use openlora::{Team, matmul::Weights};
//!
//! let weights = Weights::pack(2, 3, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])?;
//! let mut y = [0.0; 2];
//! weights.multiply(&Team::alone(), &[1.0, 0.0, -1.0], &mut y)?;
//! assert_eq!(y, [-2.0, -2.0]);
//! # Ok::<_, openlora::Error>(())
//! ```

use crate::{
	engine::product::{Input, multiply},
	error::{Error, Result},
	kernels::{Precision, Team, dense::Panels, quantised::Rows},
	weights::Matrix,
};

/// A matrix of weights, `[outputs, inputs]`, packed for products with rows of inputs.
#[derive(Debug)]
pub struct Weights(Matrix);

impl Weights {
	/// Packs `values`, row-major, a row for each output.
	///
	/// # Errors
	/// [`Error::Product`] when they are not `outputs · inputs`, or there are none.
	pub fn pack(outputs: usize, inputs: usize, values: &[f32]) -> Result<Self> {
		if values.is_empty() || outputs.checked_mul(inputs) != Some(values.len()) {
			let expected = format!("{outputs} rows of {inputs} weights");
			return Err(Error::Product { expected, found: values.len() });
		}
		let row = |output: usize| values[output * inputs..][..inputs].to_vec();
		Ok(Self(Matrix::Dense(Panels::pack(Precision::F32, outputs, inputs, row))))
	}

	/// (inputs, outputs).
	pub fn dimensions(&self) -> (usize, usize) {
		self.0.dimensions()
	}

	/// `y[r][o] = Σᵢ x[r][i] · w[o][i]` for rows `x[r]`: one chain of fused multiply-adds from the first
	/// input to the last, beginning with zero, whatever the instruction set, the number of threads or of
	/// rows. Both sides are row-major.
	///
	/// # Errors
	/// [`Error::Product`] when `x` has no whole rows or `y` not as many; `y` is unchanged then.
	pub fn multiply(&self, team: &Team, x: &[f32], y: &mut [f32]) -> Result<()> {
		let (inputs, outputs) = self.dimensions();
		if !x.len().is_multiple_of(inputs) {
			let expected = format!("rows of {inputs} inputs");
			return Err(Error::Product { expected, found: x.len() });
		}
		let rows = x.len() / inputs;
		if rows * outputs != y.len() {
			let expected = format!("{rows} rows of {outputs} results");
			return Err(Error::Product { expected, found: y.len() });
		}
		let mut rounded = Rows::default();
		// Only what is quantised can be refused.
		if let Some(input) = Input::new(team, x, &mut rounded, &[&self.0]) {
			multiply(team, &input, &mut [(&self.0, y)]);
		}
		Ok(())
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::Isa;

	#[test]
	fn products_have_the_same_bits_for_any_number_of_threads_and_rows() {
		let (inputs, outputs, rows) = (70, 33, 29);
		let number = |i: usize| ((i * 7919) % 1013) as f32 / 507.0 - 1.0;
		let values: Vec<f32> = (0..inputs * outputs).map(number).collect();
		let x: Vec<f32> = (0..inputs * rows).map(|i| number(i + 5)).collect();
		let weights = Weights::pack(outputs, inputs, &values).unwrap();
		let mut expected = vec![0.0; rows * outputs];
		for (row, y) in expected.chunks_exact_mut(outputs).enumerate() {
			weights.multiply(&Team::alone(), &x[row * inputs..][..inputs], y).unwrap();
		}
		let double: f64 =
			(0..inputs).map(|i| f64::from(x[i]) * f64::from(values[inputs + i])).sum();
		assert!((f64::from(expected[1]) - double).abs() < 1e-5);
		for threads in [1, 2, 3] {
			let team = Team::new(threads, Isa::best()).unwrap();
			let mut y = vec![f32::NAN; rows * outputs];
			weights.multiply(&team, &x, &mut y).unwrap();
			assert_eq!(y, expected);
		}
		weights.multiply(&Team::alone(), &[], &mut []).unwrap();
	}

	#[test]
	fn sides_that_do_not_fit_are_refused() {
		assert!(Weights::pack(0, 3, &[]).is_err());
		assert!(Weights::pack(2, 3, &[0.0; 5]).is_err());
		assert!(Weights::pack(usize::MAX, 2, &[0.0; 2]).is_err());
		let weights = Weights::pack(2, 3, &[1.0; 6]).unwrap();
		let mut y = [7.0; 2];
		assert!(weights.multiply(&Team::alone(), &[1.0; 4], &mut y).is_err());
		assert!(weights.multiply(&Team::alone(), &[1.0; 6], &mut y).is_err());
		assert_eq!(y, [7.0; 2]);
	}
}
