//! Scores drawn at random: what an estimator has to beat.

use super::{Estimator, Item, Trained};
use crate::error::Result;
use sp_io::hashing::blake2_256;

/// Every score uniform in [0, 1): 32 bits of blake2b-256 of (seed, query, ⌊record / 8⌋), little-endian
/// u64 each.
#[derive(Debug, Clone, Copy, Default)]
pub struct Random {
	/// What the draws depend on, beside the numbers of query and record.
	pub seed: u64,
}

impl Random {
	fn row(self, query: u64, records: usize) -> Vec<f32> {
		let blocks = (0..records.div_ceil(8) as u64).flat_map(|block| {
			let input = [self.seed, query, block].map(u64::to_le_bytes);
			let hash = blake2_256(input.as_flattened());
			let words = hash.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes));
			// 24 bits are exact in single precision.
			words.map(|word| (word >> 8) as f32 / (1 << 24) as f32).collect::<Vec<_>>()
		});
		blocks.take(records).collect()
	}
}

impl Estimator for Random {
	fn name(&self) -> String {
		"random".into()
	}

	fn scores(
		&self,
		_: &Trained<'_>,
		records: &[Item<'_>],
		queries: &[Item<'_>],
	) -> Result<Vec<Vec<f32>>> {
		Ok((0..queries.len() as u64).map(|query| self.row(query, records.len())).collect())
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn scores_are_uniform_and_differ_between_queries_and_seeds() {
		let row = Random { seed: 3 }.row(0, 10_001);
		assert!(row.iter().all(|score| (0.0..1.0).contains(score)));
		let mean = row.iter().sum::<f32>() / row.len() as f32;
		assert!((mean - 0.5).abs() < 0.02, "{mean}");
		assert_eq!(row, Random { seed: 3 }.row(0, 10_001));
		assert_ne!(row, Random { seed: 3 }.row(1, 10_001));
		assert_ne!(row, Random { seed: 4 }.row(0, 10_001));
		assert_eq!(row[..5], Random { seed: 3 }.row(0, 5));
	}
}
