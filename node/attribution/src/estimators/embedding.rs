//! Similarity of texts by their tokens' embeddings, without any training.
//!
//! A text is the mean of its tokens' input embeddings, rare ones counting more, which is hard to beat
//! without a model made for it (Arora, Liang and Ma 2017, "A simple but tough-to-beat baseline for
//! sentence embeddings", ICLR).

use super::{
	Estimator, Item, Trained,
	representation::{cosines, mean},
};
use crate::error::Result;
use std::collections::{BTreeMap, BTreeSet};

/// The cosine of mean input embeddings of the base, a token that `n` of the N records have weighing
/// `ln((1 + N) / (1 + n))`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Embedding;

impl Estimator for Embedding {
	fn name(&self) -> String {
		"embedding".into()
	}

	fn scores(
		&self,
		trained: &Trained<'_>,
		records: &[Item<'_>],
		queries: &[Item<'_>],
	) -> Result<Vec<Vec<f32>>> {
		let mut holding: BTreeMap<u32, usize> = BTreeMap::new();
		for record in records {
			for token in record.tokens.iter().collect::<BTreeSet<_>>() {
				*holding.entry(*token).or_default() += 1;
			}
		}
		let weight = |token: u32| {
			let holding = holding.get(&token).copied().unwrap_or(0);
			libm::log((1 + records.len()) as f64 / (1 + holding) as f64)
		};
		let width = trained.base.config.hidden;
		let side = |items: &[Item<'_>]| {
			let mut means = Vec::new();
			for item in items {
				let rows: Vec<Vec<f32>> = item
					.tokens
					.iter()
					.map(|token| trained.base.embedding(*token))
					.collect::<Result<_, _>>()?;
				let rows = rows.iter().zip(item.tokens);
				means.extend(mean(rows.map(|(row, token)| (&row[..], weight(*token))), width));
			}
			Ok::<_, crate::Error>(means)
		};
		cosines(&side(queries)?, &side(records)?, width)
	}
}
