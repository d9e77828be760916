//! Similarity of representations: the cosine of what the model makes of two answers.
//!
//! Known to rank records of the same class first and to be blind to what they taught (Hanawa et al.
//! 2021, arXiv:2006.04528; Pezeshkpour et al. 2021, arXiv:2104.04128).

use super::{
	Estimator, Item, Trained, consumed,
	products::{Packed, Scores, stretches},
	sequences,
};
use crate::{error::Result, features};
use openlora::hidden_states;

/// The cosine of the last hidden states, after the last norm, each the mean over the positions that
/// predict the answer's tokens.
#[derive(Debug, Clone, Copy, Default)]
pub struct Representation;

impl Estimator for Representation {
	fn name(&self) -> String {
		"representation".into()
	}

	fn scores(
		&self,
		trained: &Trained<'_>,
		records: &[Item<'_>],
		queries: &[Item<'_>],
	) -> Result<Vec<Vec<f32>>> {
		let of_queries = means(trained, queries)?;
		cosines(&of_queries, &means(trained, records)?, trained.base.config.hidden)
	}
}

/// Each item's mean hidden state, `[items, hidden]`.
fn means(trained: &Trained<'_>, items: &[Item<'_>]) -> Result<Vec<f32>> {
	let width = trained.base.config.hidden;
	let mut means = Vec::new();
	let add = |_, states: Vec<f32>| {
		means.extend(mean(states.chunks_exact(width).map(|row| (row, 1.0)), width));
		Ok(())
	};
	consumed(add, |add| hidden_states(trained.base, trained.adapter, &sequences(items), add))?;
	Ok(means)
}

/// The weighted mean of rows; zeros for no weight.
pub(super) fn mean<'a>(rows: impl Iterator<Item = (&'a [f32], f64)>, width: usize) -> Vec<f32> {
	let (mut sums, mut total) = (vec![0f64; width], 0.0);
	for (row, weight) in rows {
		sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += weight * f64::from(*value));
		total += weight;
	}
	let factor = if total > 0.0 { 1.0 / total } else { 0.0 };
	sums.into_iter().map(|sum| (sum * factor) as f32).collect()
}

/// The cosine of each record's vector with each query's, both of so many components; zero for a vector of
/// zeros.
pub(super) fn cosines(queries: &[f32], records: &[f32], width: usize) -> Result<Vec<Vec<f32>>> {
	let unit = |rows: &[f32]| {
		let mut rows = rows.to_vec();
		rows.chunks_exact_mut(width).for_each(features::normalize);
		rows
	};
	let (queries, records) = (unit(queries), unit(records));
	let mut scores = Scores::new(queries.len() / width, records.len() / width);
	let packed = Packed::new(&queries, width, &stretches(width))?;
	scores.put(0, &packed.products(&records)?);
	scores.finish()
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn cosine_is_one_of_parallel_and_zero_of_orthogonal_and_zero_vectors() {
		let queries = [1.0, 1.0];
		let found = cosines(&queries, &[2.0, 2.0, -1.0, 1.0, 0.0, 0.0, -3.0, -3.0], 2).unwrap();
		let expected = [1.0, 0.0, 0.0, -1.0];
		assert!(found[0].iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?}");
	}

	#[test]
	fn mean_is_weighted() {
		let rows = [(&[1.0, 0.0][..], 1.0), (&[0.0, 4.0], 3.0)];
		assert_eq!(mean(rows.into_iter(), 2), [0.25, 3.0]);
		assert_eq!(mean([].into_iter(), 2), [0.0, 0.0]);
	}
}
