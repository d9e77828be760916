//! The longest verbatim match between a query's answer and a record, in tokens: what an index of spans
//! sees (OLMoTrace: Liu et al. 2025, arXiv:2504.07096).

use super::{Estimator, Item, Trained};
use crate::error::Result;
use rayon::prelude::*;

/// The length of the longest run of tokens of the query's answer that the record has as well, its prompt
/// included.
#[derive(Debug, Clone, Copy, Default)]
pub struct LongestMatch;

impl Estimator for LongestMatch {
	fn name(&self) -> String {
		"longest match".into()
	}

	fn scores(
		&self,
		_: &Trained<'_>,
		records: &[Item<'_>],
		queries: &[Item<'_>],
	) -> Result<Vec<Vec<f32>>> {
		let row = |query: &Item<'_>| {
			let answer = query.tokens.get(query.answer_start..).unwrap_or_default();
			records.iter().map(|record| longest(answer, record.tokens) as f32).collect()
		};
		Ok(queries.par_iter().map(row).collect())
	}
}

/// The length of the longest common run of tokens, in `a.len() · b.len()` steps.
fn longest(a: &[u32], b: &[u32]) -> usize {
	// Lengths of the common runs that end at the last token of `a` that was looked at, and each of `b`.
	let mut ending = vec![0usize; b.len() + 1];
	let mut most = 0;
	for token in a {
		for (at, other) in b.iter().enumerate().rev() {
			ending[at + 1] = if token == other { ending[at] + 1 } else { 0 };
			most = most.max(ending[at + 1]);
		}
	}
	most
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	#[test]
	fn longest_run_is_found_wherever_it_stands() {
		assert_eq!(longest(&[1, 2, 3, 4], &[9, 2, 3, 4, 1, 2]), 3);
		assert_eq!(longest(&[1, 1, 1], &[1, 1]), 2);
		assert_eq!(longest(&[1, 2], &[3]), 0);
		assert_eq!(longest(&[], &[3]), 0);
		assert_eq!(longest(&[3], &[]), 0);
	}

	proptest! {
		#[test]
		fn longest_run_is_that_of_comparing_all_windows(
			a in proptest::collection::vec(0u32..3, 0..12),
			b in proptest::collection::vec(0u32..3, 0..12),
		) {
			let shared = |length: usize| {
				a.windows(length).any(|window| b.windows(length).any(|other| window == other))
			};
			let expected = (1..=a.len().min(b.len())).rev().find(|length| shared(*length));
			prop_assert_eq!(longest(&a, &b), expected.unwrap_or(0));
			prop_assert_eq!(longest(&b, &a), expected.unwrap_or(0));
		}
	}
}
