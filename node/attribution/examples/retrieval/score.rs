//! The estimators side by side.

use crate::{Asked, Failure};
use openledger_attribution::{
	IndexFile, estimator,
	estimators::bm25::{Bm25, Index},
	scan,
};
use serde_json::{Value, json};

/// What answers are measured against.
pub struct Truth<'a> {
	/// The index.
	pub index: &'a IndexFile,
	/// The records' texts.
	pub texts: &'a [String],
	/// The records' features, where they have any.
	pub features: &'a [Option<Vec<f32>>],
}

/// How well positions were ranked, over all questions.
#[derive(Default)]
struct Ranking {
	datanet_first: usize,
	source_first: usize,
	source_in_five: usize,
	reciprocal: f64,
	questions: usize,
}

impl Ranking {
	fn json(&self) -> Value {
		let share = |value: f64| value / self.questions.max(1) as f64;
		json!({
			"datanet_first": share(self.datanet_first as f64),
			"source_first": share(self.source_first as f64),
			"source_in_five": share(self.source_in_five as f64),
			"mean_reciprocal_rank": share(self.reciprocal),
		})
	}
}

fn by_score(scores: Vec<f64>) -> Vec<usize> {
	let mut order: Vec<usize> = (0..scores.len()).collect();
	order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b)));
	order
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
	a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

impl Truth<'_> {
	/// Every estimator's figures for one kind of answer.
	pub fn table(&self, asked: &[Asked], which: usize) -> Result<Value, Failure> {
		let texts = self.texts.iter().map(String::as_str);
		let with_question = Index::new(Bm25::default(), texts);
		let float = |records: &[Option<Vec<f32>>], query: &[f32]| {
			let score = |record: &Option<Vec<f32>>| {
				record.as_ref().map_or(f64::NEG_INFINITY, |record| dot(record, query))
			};
			by_score(records.iter().map(score).collect())
		};
		let mut table = serde_json::Map::new();
		let mut add = |name: &str, rank: &dyn Fn(&Asked) -> Result<Vec<usize>, Failure>| {
			let ranking = self.rank(asked, rank)?;
			table.insert(name.to_owned(), ranking.json());
			Ok::<(), Failure>(())
		};
		add("index", &|asked| {
			let sketch = estimator::sketch(self.index.projection(), &asked.features[which])?;
			let ranked = scan::records(self.index, &sketch, None);
			Ok(ranked.iter().map(|leaf| leaf.position as usize).collect())
		})?;
		add("gradient cosine", &|asked| Ok(float(self.features, &asked.features[which])))?;
		add("BM25 on the question", &|asked| Ok(by_score(with_question.scores(&asked.question))))?;
		if which == 0 {
			add("BM25 on question and answer", &|asked| {
				let text = format!("{} {}", asked.question, asked.generated);
				Ok(by_score(with_question.scores(&text)))
			})?;
		}
		Ok(Value::Object(table))
	}

	fn rank(
		&self,
		asked: &[Asked],
		rank: &dyn Fn(&Asked) -> Result<Vec<usize>, Failure>,
	) -> Result<Ranking, Failure> {
		let datanet = |position: usize| self.index.records().get(position).map(|r| r.datanet);
		let mut ranking = Ranking { questions: asked.len(), ..Ranking::default() };
		for asked in asked {
			let order = rank(asked)?;
			let first = order.first().and_then(|position| datanet(*position));
			ranking.datanet_first += usize::from(first == datanet(asked.source));
			if let Some(at) = order.iter().position(|position| *position == asked.source) {
				ranking.source_first += usize::from(at == 0);
				ranking.source_in_five += usize::from(at < 5);
				ranking.reciprocal += 1.0 / (at + 1) as f64;
			}
		}
		Ok(ranking)
	}
}
