//! TracIn (Pruthi et al. 2020, arXiv:2002.08484): what steps of training on a record did to a query.
//!
//! `Σ over checkpoints of lr · ∇ℓ(query)·∇ℓ(record)`, both gradients at the checkpoint: the first-order
//! change of the query's loss over a step on the record from each of them (TracInCP).

use super::{Estimator, Gradient, Item, Trained};
use crate::error::Result;

/// Inner products of gradients, summed over the checkpoints of training; where there are none, those
/// at the trained adapter.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct TracIn {
	/// What is summed.
	pub gradient: Gradient,
}

impl Estimator for TracIn {
	fn name(&self) -> String {
		format!("TracIn{}", self.gradient.details())
	}

	fn scores(
		&self,
		trained: &Trained<'_>,
		records: &[Item<'_>],
		queries: &[Item<'_>],
	) -> Result<Vec<Vec<f32>>> {
		if trained.checkpoints.is_empty() {
			return self.gradient.scores(trained, records, queries);
		}
		let mut sums = vec![vec![0f64; records.len()]; queries.len()];
		for (adapter, rate) in trained.checkpoints {
			let at = Trained { adapter, checkpoints: &[], ..*trained };
			let scores = self.gradient.scores(&at, records, queries)?;
			for (sum, score) in sums.iter_mut().flatten().zip(scores.into_iter().flatten()) {
				*sum += f64::from(*rate) * f64::from(score);
			}
		}
		let single = |row: Vec<f64>| row.into_iter().map(|sum| sum as f32).collect::<Vec<_>>();
		let scores: Vec<Vec<f32>> = sums.into_iter().map(single).collect();
		scores.iter().try_for_each(|row| super::check_finite("a score", row))?;
		Ok(scores)
	}
}
