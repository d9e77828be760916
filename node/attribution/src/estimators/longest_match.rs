//! The longest verbatim match between a query's answer and a record, in tokens: what an index of spans
//! sees (OLMoTrace: Liu et al. 2025, arXiv:2504.07096).

use super::{Estimator, Item, Trained};
use crate::{error::Result, runs::longest};
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
