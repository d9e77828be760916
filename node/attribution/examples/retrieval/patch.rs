//! Tail patches: what one step of training on a credited record does to the answer (Chang et al. 2024,
//! arXiv:2410.17413, section 3.3).

use crate::{Asked, Failure, score::Truth};
use openledger_attribution::{
	estimator,
	estimators::bm25::{Bm25, Index},
	scan,
};
use openlora::{Adapter, Base, Example, GradientOptions, Objective, gradient, log_probs};
use rand::{SeedableRng, seq::IteratorRandom};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

/// How far a step moves the adapter, in parts of its own length: the same for all records, so that none wins by
/// having a larger gradient.
const STEP: f64 = 0.003;

/// The ways in which records are picked.
const PICKED: [&str; 3] = ["index", "BM25", "random"];

/// The mean rise of the answer's log-probability, in nats a token, by how the record was picked, and how often
/// the index's record raises it more than another's.
pub fn judge(
	base: &Base,
	adapter: &Adapter,
	truth: &Truth<'_>,
	examples: &[Option<Example>],
	asked: &[Asked],
) -> Result<Value, Failure> {
	let words = Index::new(Bm25::default(), truth.texts.iter().map(String::as_str));
	let mut rng = ChaCha8Rng::seed_from_u64(1);
	let mut rises = Vec::new();
	for (number, asked) in asked.iter().enumerate() {
		let (tokens, start) = &asked.sequences[0];
		let usable = |at: &usize| examples[*at].is_some();
		let sketch = estimator::sketch(truth.index.projection(), &asked.features[0])?;
		let credited = scan::records(truth.index, &sketch, None);
		let credited = credited.iter().map(|leaf| leaf.position as usize).find(usable);
		let scores = words.scores(&format!("{} {}", asked.question, asked.generated));
		let worded =
			(0..scores.len()).filter(usable).max_by(|a, b| scores[*a].total_cmp(&scores[*b]));
		let drawn = (0..examples.len()).filter(usable).choose(&mut rng);
		let before = mean(&log_probs(base, Some(adapter), tokens, *start)?);
		let mut rise = [0.0; PICKED.len()];
		for (rise, record) in rise.iter_mut().zip([credited, worded, drawn]) {
			let record = record.ok_or("no record can be trained on")?;
			let example = examples[record].as_ref().ok_or("a record has no tokens")?;
			let patched = patch(base, adapter, example)?;
			*rise = mean(&log_probs(base, Some(&patched), tokens, *start)?) - before;
		}
		eprintln!("patched {}", number + 1);
		rises.push(rise);
	}
	let count = rises.len().max(1) as f64;
	let mut found = json!({});
	for (at, name) in PICKED.iter().enumerate() {
		found[*name] = json!({
			"mean_rise": rises.iter().map(|rise| rise[at]).sum::<f64>() / count,
			"index_no_worse": rises.iter().filter(|rise| rise[0] >= rise[at]).count() as f64 / count,
		});
	}
	Ok(found)
}

fn mean(values: &[f32]) -> f64 {
	values.iter().map(|value| f64::from(*value)).sum::<f64>() / values.len() as f64
}

/// The adapter after one step down the likelihood's gradient on a record.
fn patch(base: &Base, adapter: &Adapter, example: &Example) -> Result<Adapter, Failure> {
	let options = GradientOptions { objective: Objective::Likelihood, first_layer: 0 };
	let gradient = gradient(base, adapter, &example.tokens, example.answer_start, options)?;
	let mut values = adapter.values()?;
	let length =
		|values: &[f32]| values.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
	let factor = (STEP * length(&values) / length(&gradient)) as f32;
	for (value, slope) in values.iter_mut().zip(&gradient) {
		*value -= factor * slope;
	}
	Ok(adapter.with_values(&values)?)
}
