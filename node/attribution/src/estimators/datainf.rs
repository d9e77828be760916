//! DataInf (Kwon et al. 2023, arXiv:2310.00902): influence in closed form, matrix by matrix.
//!
//! The inverse of the mean over records of `gᵢ·gᵢᵀ + λ` is taken for the mean of the inverses, each of
//! which Sherman and Morrison give: `H⁻¹·q ≈ 1/(N·λ) · Σᵢ (q − (q·gᵢ) / (λ + |gᵢ|²) · gᵢ)`, with
//! `λ = 0.1 · 1/(N·d) · Σᵢ |gᵢ|²` for a matrix of d parameters (section 3 and appendix).
//! The score is the sum over matrices of `(H⁻¹·q)·g`; the paper's influence is minus that, the change
//! of the query's loss.

use super::{
	Estimator, Item, Layers, Trained,
	gradient::first_layer,
	gradients::Gradients,
	layout::Layout,
	products::{Packed, Scores, cut, transposed},
};
use crate::error::{Error, Result};
use openlora::{Labels, Objective, Team, matmul::Weights};
use std::ops::Range;

/// The inner product with the query's gradient, preconditioned in closed form.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DataInf {
	/// What a query's gradient is of.
	pub query: Objective,
	/// What a record's gradient is of.
	pub record: Objective,
	/// λ as a part of the mean square of the matrix's gradients' components; positive.
	pub damping: f64,
}

impl Default for DataInf {
	fn default() -> Self {
		let (query, record) = (Objective::Likelihood, Objective::Likelihood);
		Self { query, record, damping: 0.1 }
	}
}

impl Estimator for DataInf {
	fn name(&self) -> String {
		let of = super::Gradient { query: self.query, record: self.record, ..Default::default() };
		format!("DataInf{}", of.details())
	}

	fn scores(
		&self,
		trained: &Trained<'_>,
		records: &[Item<'_>],
		queries: &[Item<'_>],
	) -> Result<Vec<Vec<f32>>> {
		let layout = Layout::new(trained.adapter, first_layer(Layers::All, trained.adapter));
		let of = (trained.base, trained.adapter, &layout);
		let of_queries = Gradients::new(of, queries, self.query, Labels::Given).all()?;
		let mut of_records = Gradients::new(of, records, self.record, Labels::Given);
		let mut blocks = |consume: &mut Consume<'_>| of_records.again(consume);
		let matrices = Matrices { ranges: layout.ranges(), length: layout.length };
		matrices.scores(self.damping, &of_queries, (queries.len(), records.len()), &mut blocks)
	}
}

/// What gets the number of the first record of a block, and the block's gradients.
type Consume<'a> = dyn FnMut(usize, &[f32]) -> Result<()> + 'a;

/// The matrices that a gradient is of.
struct Matrices {
	ranges: Vec<Range<usize>>,
	length: usize,
}

impl Matrices {
	/// Scores for the gradients of queries, and blocks of those of records, which are gone through three
	/// times.
	fn scores(
		&self,
		damping: f64,
		queries: &[f32],
		(asked, count): (usize, usize),
		blocks: &mut dyn FnMut(&mut Consume<'_>) -> Result<()>,
	) -> Result<Vec<Vec<f32>>> {
		let mut scores = Scores::new(asked, count);
		if asked == 0 || count == 0 || self.length == 0 {
			return scores.finish();
		}
		let packed = Packed::new(queries, self.length, &self.ranges)?;
		let matrices = self.ranges.len();
		// Of each matrix: each record's square, and its products with the queries.
		let mut squares = vec![vec![0f64; count]; matrices];
		let mut products = vec![vec![0f32; count * asked]; matrices];
		blocks(&mut |first, rows| {
			for (squares, range) in squares.iter_mut().zip(&self.ranges) {
				for (square, row) in squares[first..].iter_mut().zip(rows.chunks(self.length)) {
					*square = row[range.clone()].iter().map(|v| f64::from(*v).powi(2)).sum();
				}
			}
			packed.by_stretch(rows, |matrix, of| {
				products[matrix][first * asked..][..of.len()].copy_from_slice(of);
				Ok(())
			})
		})?;
		let lambda: Vec<f64> = squares
			.iter()
			.zip(&self.ranges)
			.map(|(of, range)| {
				damping * of.iter().sum::<f64>() / (count * range.len().max(1)) as f64
			})
			.collect();
		if lambda.iter().any(|lambda| !lambda.is_finite()) {
			return Err(Error::NonFinite { what: "a gradient".into() });
		}
		// From products to the records' weights.
		for ((products, squares), lambda) in products.iter_mut().zip(&squares).zip(&lambda) {
			for (products, square) in products.chunks_mut(asked).zip(squares) {
				let factor = if *lambda > 0.0 { 1.0 / (lambda + square) } else { 0.0 };
				products.iter_mut().for_each(|of| *of = (f64::from(*of) * factor) as f32);
			}
		}
		let mut sums = vec![0f64; asked * self.length];
		blocks(&mut |first, rows| self.add(first, rows, (asked, &products), &mut sums))?;
		let mut preconditioned = vec![0f32; queries.len()];
		for (row, target) in preconditioned.chunks_mut(self.length).enumerate() {
			for (range, lambda) in self.ranges.iter().zip(&lambda).filter(|(_, of)| **of > 0.0) {
				for at in range.clone() {
					let place = row * self.length + at;
					let mean = sums[place] / count as f64;
					target[at] = ((f64::from(queries[place]) - mean) / lambda) as f32;
				}
			}
		}
		let packed = Packed::new(&preconditioned, self.length, &self.ranges)?;
		blocks(&mut |first, rows| {
			scores.put(first, &packed.products(rows)?);
			Ok(())
		})?;
		scores.finish()
	}

	/// Adds `Σᵢ wᵢ·gᵢ` over the records of a block to `sums`, `[queries, parameters]`.
	fn add(
		&self,
		first: usize,
		rows: &[f32],
		(asked, weights): (usize, &[Vec<f32>]),
		sums: &mut [f64],
	) -> Result<()> {
		let count = rows.len() / self.length;
		for (range, weights) in self.ranges.iter().zip(weights).filter(|(of, _)| !of.is_empty()) {
			let gradients = transposed(&cut(rows, self.length, range), range.len());
			let weights = transposed(&weights[first * asked..][..count * asked], asked);
			let mut products = vec![0.0; asked * range.len()];
			let gradients = Weights::pack(range.len(), count, &gradients)?;
			gradients.multiply(Team::shared()?, &weights, &mut products)?;
			for (row, of) in products.chunks(range.len()).enumerate() {
				let target = &mut sums[row * self.length..][range.clone()];
				target.iter_mut().zip(of).for_each(|(sum, of)| *sum += f64::from(*of));
			}
		}
		Ok(())
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::estimators::products;

	fn noise(count: usize, seed: usize) -> Vec<f32> {
		(0..count).map(|i| ((i * 7_919 + seed * 104_729) % 1_013) as f32 / 507.0 - 1.0).collect()
	}

	fn blocks(records: &[f32], length: usize, consume: &mut Consume<'_>) -> Result<()> {
		let mut first = 0;
		for block in records.chunks(3 * length) {
			consume(first, block)?;
			first += block.len() / length;
		}
		Ok(())
	}

	#[test]
	fn scores_are_those_of_the_formula_with_matrices_written_out() {
		let (length, count, asked) = (11, 8, 2);
		let ranges = vec![0..4, 4..4, 4..11];
		let (records, queries) = (noise(count * length, 1), noise(asked * length, 2));
		let matrices = Matrices { ranges: ranges.clone(), length };
		let found = matrices
			.scores(0.1, &queries, (asked, count), &mut |consume| blocks(&records, length, consume))
			.unwrap();
		let part = |rows: &[f32], row: usize, range: &Range<usize>| -> Vec<f64> {
			rows[row * length..][range.clone()].iter().map(|v| f64::from(*v)).collect()
		};
		let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
		for query in 0..asked {
			for record in 0..count {
				let mut expected = 0.0;
				for range in ranges.iter().filter(|range| !range.is_empty()) {
					let size = range.len();
					let g: Vec<Vec<f64>> = (0..count).map(|i| part(&records, i, range)).collect();
					let total: f64 = g.iter().map(|g| dot(g, g)).sum();
					let lambda = 0.1 * total / (count * size) as f64;
					// The mean of the inverses of λ + g·gᵀ, as a matrix.
					let mut inverse = vec![vec![0.0; size]; size];
					for g in &g {
						let factor = 1.0 / (lambda + dot(g, g));
						for i in 0..size {
							for j in 0..size {
								let identity = f64::from(u8::from(i == j));
								let of = (identity - factor * g[i] * g[j]) / lambda;
								inverse[i][j] += of / count as f64;
							}
						}
					}
					let query = part(&queries, query, range);
					let image: Vec<f64> = inverse.iter().map(|row| dot(row, &query)).collect();
					expected += dot(&image, &g[record]);
				}
				let found = f64::from(found[query][record]);
				assert!(
					(found - expected).abs() < 1e-4 * expected.abs().max(1.0),
					"{found} {expected}"
				);
			}
		}
	}

	#[test]
	fn matrix_without_gradients_counts_for_nothing() {
		let (length, count) = (4, 2);
		let records = [1.0, 2.0, 0.0, 0.0, 2.0, -1.0, 0.0, 0.0];
		let of = |ranges: Vec<Range<usize>>, length: usize, records: &[f32], queries: &[f32]| {
			let blocks = &mut |consume: &mut Consume<'_>| blocks(records, length, consume);
			Matrices { ranges, length }.scores(0.1, queries, (1, count), blocks).unwrap()
		};
		let with = of(vec![0..2, 2..4], length, &records, &[1.0, 1.0, 5.0, 5.0]);
		let without = of(products::stretches(2), 2, &[1.0, 2.0, 2.0, -1.0], &[1.0, 1.0]);
		assert_eq!(with, without);
	}

	#[test]
	fn gradients_are_refused_when_not_finite() {
		let matrices = Matrices { ranges: products::stretches(2), length: 2 };
		let records = [1.0, f32::NAN];
		let found =
			matrices.scores(0.1, &[1.0, 1.0], (1, 1), &mut |consume| blocks(&records, 2, consume));
		assert!(matches!(found, Err(Error::NonFinite { .. })));
	}
}
