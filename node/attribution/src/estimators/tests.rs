use super::*;
use crate::{format::Record, testing};
use std::sync::OnceLock;

/// A record's text as it is trained on.
pub(super) struct Owned {
	tokens: Vec<u32>,
	answer_start: usize,
	text: String,
}

impl Owned {
	pub(super) fn item(&self) -> Item<'_> {
		Item { tokens: &self.tokens, answer_start: self.answer_start, text: &self.text }
	}
}

/// A tiny trained model with its records.
pub(super) struct Model {
	pub(super) trained: testing::Trained,
	pub(super) items: Vec<Owned>,
}

pub(super) fn model() -> &'static Model {
	static MODEL: OnceLock<Model> = OnceLock::new();
	MODEL.get_or_init(|| {
		let trained = testing::trained();
		let mut items = Vec::new();
		for content in testing::contents().into_iter().flatten() {
			let Ok(record) = Record::parse(content.as_bytes()) else { continue };
			let Ok((tokens, answer_start)) = record.encode(&trained.base, 120) else { continue };
			items.push(Owned { tokens, answer_start, text: record.text() });
		}
		Model { trained, items }
	})
}

impl Model {
	fn trained(&self) -> Trained<'_> {
		Trained { base: &self.trained.base, adapter: &self.trained.adapter, checkpoints: &[] }
	}

	fn items(&self) -> Vec<Item<'_>> {
		self.items.iter().map(Owned::item).collect()
	}

	fn scores(&self, estimator: &dyn Estimator) -> Vec<Vec<f32>> {
		let items = self.items();
		estimator.scores(&self.trained(), &items, &items[..3]).unwrap()
	}
}

/// Pearson's correlation of all scores.
fn correlation(a: &[Vec<f32>], b: &[Vec<f32>]) -> f64 {
	let flat = |scores: &[Vec<f32>]| -> Vec<f64> {
		let all: Vec<f64> = scores.iter().flatten().map(|score| f64::from(*score)).collect();
		let mean = all.iter().sum::<f64>() / all.len() as f64;
		all.into_iter().map(|score| score - mean).collect()
	};
	let (a, b) = (flat(a), flat(b));
	let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
	dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt()
}

#[test]
fn every_estimator_scores_every_record_and_has_a_name_of_its_own() {
	let model = model();
	let mut names = Vec::new();
	for estimator in all() {
		let scores = model.scores(&*estimator);
		let name = estimator.name();
		assert_eq!(scores.len(), 3, "{name}");
		assert!(scores.iter().all(|row| row.len() == model.items.len()), "{name}");
		assert!(scores.iter().flatten().all(|score| score.is_finite()), "{name}");
		assert!(scores.iter().flatten().any(|score| *score != 0.0), "{name}");
		assert_eq!(scores, model.scores(&*estimator), "{name}");
		names.push(name);
	}
	let count = names.len();
	names.sort();
	names.dedup();
	assert_eq!(names.len(), count, "{names:?}");
}

#[test]
fn no_records_and_no_queries_have_no_scores() {
	let model = model();
	let items = model.items();
	for estimator in all() {
		let none = estimator.scores(&model.trained(), &[], &items[..2]).unwrap();
		assert_eq!(none, vec![Vec::<f32>::new(); 2], "{}", estimator.name());
		let none = estimator.scores(&model.trained(), &items, &[]).unwrap();
		assert!(none.is_empty(), "{}", estimator.name());
	}
}

#[test]
fn a_record_s_own_answer_is_nearest_to_it_by_every_cosine_and_by_text() {
	let model = model();
	let unit = Gradient { length: Length::Unit, ..Gradient::ekfac() };
	let estimators: [&dyn Estimator; 7] = [
		&Gradient::cosine(),
		&Gradient::by_matrix(),
		&unit,
		&Representation,
		&Embedding,
		&LongestMatch,
		&Bm25::default(),
	];
	for estimator in estimators {
		for (query, row) in model.scores(estimator).into_iter().enumerate() {
			let best = row.iter().copied().fold(f32::MIN, f32::max);
			assert!(row[query] >= best - 1e-5, "{}: {row:?}", estimator.name());
		}
	}
}

#[test]
fn dot_is_the_inner_product_of_the_engine_s_gradients() {
	let model = model();
	let items = model.items();
	let found = model.scores(&Gradient { query: Objective::Odds, ..Gradient::dot() });
	let of = |item: &Item<'_>, objective| {
		let options = openlora::GradientOptions { objective, first_layer: 0 };
		let (base, adapter) = (&model.trained.base, &model.trained.adapter);
		openlora::gradient(base, adapter, item.tokens, item.answer_start, options).unwrap()
	};
	for (query, row) in items.iter().zip(&found) {
		let query = of(query, Objective::Odds);
		for (record, found) in items.iter().zip(row) {
			let record = of(record, Objective::Likelihood);
			let expected: f64 =
				query.iter().zip(&record).map(|(q, r)| f64::from(*q) * f64::from(*r)).sum();
			assert!((f64::from(*found) - expected).abs() < 1e-4 * expected.abs().max(1e-3));
		}
	}
}

#[test]
fn tracin_adds_up_checkpoints_by_their_rates() {
	let model = model();
	let items = model.items();
	let first = openlora::Adapter::init(
		&model.trained.base.config,
		model.trained.adapter.config().clone(),
		9,
	)
	.unwrap();
	let of = |checkpoints: &[(Adapter, f32)]| {
		let trained = Trained { checkpoints, ..model.trained() };
		TracIn::default().scores(&trained, &items, &items[..2]).unwrap()
	};
	let one = (first.clone(), 1.0);
	let other = (model.trained.adapter.clone(), 1.0);
	assert_eq!(of(&[other]), of(&[]));
	let (at_first, at_last) = (of(&[one]), of(&[]));
	let both = of(&[(first, 0.5), (model.trained.adapter.clone(), 0.25)]);
	for ((a, b), sum) in
		at_first.iter().flatten().zip(at_last.iter().flatten()).zip(both.iter().flatten())
	{
		assert!((0.5 * a + 0.25 * b - sum).abs() <= 1e-5 * sum.abs().max(1e-3));
	}
}

#[test]
fn sketches_approach_the_full_scores_as_they_grow_and_bytes_keep_them() {
	let model = model();
	for of in [Gradient::ekfac(), Gradient::by_matrix(), Gradient::dot()] {
		let full = model.scores(&of);
		let sketch = |dimension, rounding| {
			correlation(&full, &model.scores(&Sketch { rounding, ..Sketch::new(of, dimension) }))
		};
		let (small, large) = (sketch(16, Rounding::None), sketch(SKETCH, Rounding::None));
		assert!(large > 0.95 && large > small, "{}: {small} {large}", of.name());
		let bytes = sketch(SKETCH, Rounding::Bytes);
		assert!(bytes > 0.95, "{}: {bytes}", of.name());
	}
}

#[test]
fn projected_factors_approach_the_full_scores_as_they_grow() {
	let model = model();
	let full = model.scores(&Gradient::dot());
	let of = |dimension| {
		let projected = LoGra { dimension, curvature: None, ..LoGra::default() };
		correlation(&full, &model.scores(&projected))
	};
	let (small, large) = (of(24), of(4_096));
	assert!(large > 0.95 && large > small, "{small} {large}");
}

#[test]
fn words_that_no_record_has_score_nothing() {
	let model = model();
	let query = Item { text: "Xylophone zeppelin", ..model.items()[0] };
	let scores = Bm25::default().scores(&model.trained(), &model.items(), &[query]).unwrap();
	assert_eq!(scores, [vec![0.0; model.items.len()]]);
}

#[test]
fn sequence_without_an_answer_is_refused_by_its_position() {
	let model = model();
	let mut items = model.items();
	items[1].answer_start = items[1].tokens.len();
	for estimator in all() {
		// Text is compared whether or not there is an answer.
		if let Err(error) = estimator.scores(&model.trained(), &items, &items[..1]) {
			let engine = matches!(&error, Error::Engine(openlora::Error::Example { index: 1, .. }));
			assert!(engine, "{}: {error:?}", estimator.name());
		}
	}
	assert!(Gradient::dot().scores(&model.trained(), &items, &items[..1]).is_err());
}
