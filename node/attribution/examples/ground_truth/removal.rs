//! What becomes of an answer without the records that are said to have moved it most.

use crate::{Failure, Setting, runs::Run, stats::with_interval, table::Table};
use serde_json::{Value, json};

/// Queries whose records are removed.
pub const QUERIES: usize = 20;
/// How many records are: one and five of a hundred.
pub const SIZES: [usize; 2] = [10, 50];

/// A ranking whose first records are removed.
pub struct Ranking {
	/// What it is called.
	pub name: &'static str,
	/// `[query][record]`.
	pub scores: Vec<Vec<f32>>,
}

impl Ranking {
	/// The run without the best records for a query.
	fn run(&self, query: usize, size: usize) -> Run {
		let mut order: Vec<usize> = (0..self.scores[query].len()).collect();
		order.sort_by(|a, b| {
			self.scores[query][*b].total_cmp(&self.scores[query][*a]).then(a.cmp(b))
		});
		Run::Without(order.into_iter().take(size).collect())
	}
}

/// The rise of the loss of each query in nats a token, by ranking and size; `places` are the queries' in the
/// table. Runs that the table lacks are trained.
pub fn judge(setting: &Setting, rankings: &[Ranking], places: &[usize]) -> Result<Value, Failure> {
	let runs = |ranking: &Ranking, size: usize| -> Vec<Run> {
		(0..places.len()).map(|query| ranking.run(query, size)).collect()
	};
	let all: Vec<Run> = rankings
		.iter()
		.flat_map(|ranking| SIZES.iter().flat_map(|size| runs(ranking, *size)).collect::<Vec<_>>())
		.collect();
	setting.train(&all)?;
	let table = Table::read(&setting.table)?;
	let whole = table.losses(&Run::Whole)?;
	let mut found = json!({});
	for ranking in rankings {
		for size in SIZES {
			let rises = runs(ranking, size)
				.iter()
				.zip(places)
				.map(|(run, place)| {
					Ok(f64::from(table.losses(run)?[*place]) - f64::from(whole[*place]))
				})
				.collect::<Result<Vec<f64>, Failure>>()?;
			found[ranking.name][size.to_string()] = with_interval(&rises);
		}
	}
	found["queries"] = json!(places.len());
	Ok(found)
}
