//! Eigenvectors of symmetric matrices.
//!
//! nalgebra's solver (Householder tridiagonalisation, then implicit QR: Golub and Van Loan, Matrix
//! Computations, section 8.3) takes nothing but sums, products, quotients and roots in one order, none
//! fused, so that its bits do not depend on the machine.

use crate::error::{Error, Result};
use nalgebra::{DMatrix, SymmetricEigen};

/// What a symmetric matrix is made of.
#[derive(Debug)]
pub(super) struct Eigen {
	/// In the order of the vectors.
	pub(super) values: Vec<f64>,
	/// `[width, width]`, a vector of unit length in each row.
	pub(super) vectors: Vec<f32>,
}

/// The eigenvalues and eigenvectors of a symmetric `matrix`, `[width, width]`.
///
/// # Errors
/// [`Error::NonFinite`], or [`Error::Malformed`] when the iteration does not converge.
pub(super) fn symmetric(matrix: &[f64], width: usize) -> Result<Eigen> {
	if matrix.iter().any(|value| !value.is_finite()) {
		return Err(Error::NonFinite { what: "a matrix".into() });
	}
	if width == 0 {
		return Ok(Eigen { values: Vec::new(), vectors: Vec::new() });
	}
	let matrix = DMatrix::from_row_slice(width, width, matrix);
	// Two or three for each eigenvalue are usual.
	let most = 100 * width;
	let found = SymmetricEigen::try_new(matrix, f64::EPSILON, most);
	let found = found.ok_or_else(|| Error::malformed("matrix", "its eigenvalues do not settle"))?;
	let vectors = found.eigenvectors.iter().map(|value| *value as f32).collect();
	// Columns lie one after the other.
	Ok(Eigen { values: found.eigenvalues.iter().copied().collect(), vectors })
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn vectors_are_orthonormal_and_stretched_by_their_values() {
		let width = 40;
		let number = |i: usize| ((i * 7_919) % 1_013) as f64 / 507.0 - 1.0;
		let mut matrix = vec![0.0; width * width];
		for i in 0..width {
			for j in 0..=i {
				let value = number(i * width + j);
				(matrix[i * width + j], matrix[j * width + i]) = (value, value);
			}
		}
		let Eigen { values, vectors } = symmetric(&matrix, width).unwrap();
		for (value, vector) in values.iter().zip(vectors.chunks(width)) {
			for (row, component) in matrix.chunks(width).zip(vector) {
				let image: f64 = row.iter().zip(vector).map(|(m, v)| m * f64::from(*v)).sum();
				assert!((image - value * f64::from(*component)).abs() < 1e-5);
			}
		}
		for (i, a) in vectors.chunks(width).enumerate() {
			for (j, b) in vectors.chunks(width).enumerate() {
				let dot: f64 = a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum();
				assert!((dot - f64::from(u8::from(i == j))).abs() < 1e-5);
			}
		}
	}

	#[test]
	fn zero_and_singular_matrices_have_vectors_too() {
		assert_eq!(symmetric(&[0.0; 9], 3).unwrap().values, [0.0; 3]);
		let found = symmetric(&[1.0, 1.0, 1.0, 1.0], 2).unwrap();
		let mut values = found.values;
		values.sort_by(f64::total_cmp);
		assert!(values[0].abs() < 1e-12 && (values[1] - 2.0).abs() < 1e-12);
		assert!(symmetric(&[], 0).unwrap().values.is_empty());
	}

	#[test]
	fn matrix_is_refused_when_not_finite() {
		assert!(matches!(symmetric(&[f64::NAN], 1), Err(Error::NonFinite { .. })));
	}
}
