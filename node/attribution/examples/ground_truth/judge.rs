//! Every estimator against the table of retrained losses, and what is paid against what leaving out does.

use crate::{
	Failure, Setting,
	contributors::{Contributions, corrected},
	data::Text,
	lds::Halves,
	mislabel,
	paid::{POOL, Paid},
	recall,
	removal::{self, Ranking},
	runs::{Checkpoints, Run},
	setting::Queries,
	stats::{self, interval, mean, pick, with_interval},
	table::Table,
	training::CONTRIBUTORS,
};
use openledger_attribution::estimators::{
	self, Bm25, Embedding, Estimator, Gradient, Item, LongestMatch, Random, Representation,
	Rounding, Sketch, Trained,
};
use openledger_primitives_core::{
	Hash,
	model::{Method, PayBy},
};
use openlora::Adapter;
use serde_json::{Value, json};
use std::time::Instant;

/// How model versions pay unless they say otherwise.
const METHOD: Method = Method { pay_by: PayBy::Records, credits: 8, dimension: 2_048 };
/// Components of the sketches that show what rounding loses.
const ROUNDED: usize = 512;
/// Projections beside the index's own, which show how much of recall is owed to the draw.
const DRAWS: u8 = 4;

/// What is asked of estimators, and by what they are judged.
struct Bench<'a> {
	setting: &'a Setting,
	table: Table,
	adapter: &'a Adapter,
	checkpoints: &'a [(Adapter, f32)],
	queries: Queries,
}

/// An estimator's scores on queries, `[query][record]`, and the seconds that they took.
type Scored = (Vec<Vec<f32>>, f64);

impl<'a> Bench<'a> {
	fn new(setting: &'a Setting, trained: &'a Checkpoints) -> Result<Self, Failure> {
		let (checkpoints, adapter) = trained;
		let queries = setting.queries(adapter)?;
		let table = Table::read(&setting.table)?;
		// Losses of another adapter's answers would be noise that looks like a result.
		let again = setting.losses(adapter, &queries)?;
		if again != table.losses(&Run::Whole)? {
			return Err(
				"the table was made by other code or data; remove it and train again".into()
			);
		}
		Ok(Self { setting, table, adapter, checkpoints, queries })
	}

	fn texts(&self, places: &[usize]) -> Vec<&Text> {
		places.iter().map(|place| &self.queries.0[*place]).collect()
	}

	fn scores(&self, estimator: &dyn Estimator, queries: &[&Text]) -> Result<Scored, Failure> {
		let begun = Instant::now();
		let records: Vec<Item<'_>> =
			self.setting.data.records.iter().map(|record| record.text.item()).collect();
		let queries: Vec<Item<'_>> = queries.iter().map(|query| query.item()).collect();
		let (base, checkpoints) = (&self.setting.base, self.checkpoints);
		let trained = Trained { base, adapter: self.adapter, checkpoints };
		let scores = estimator.scores(&trained, &records, &queries)?;
		Ok((scores, begun.elapsed().as_secs_f64()))
	}

	fn index(&self, method: Method) -> Result<Paid, Failure> {
		Paid::build(&self.setting.base, self.adapter, &self.setting.data, method)
	}

	/// The integers of the index for queries.
	fn integers(&self, paid: &Paid, queries: &[&Text]) -> Result<Vec<Vec<f32>>, Failure> {
		let records = self.setting.data.records.len();
		let of = |text: &&Text| {
			Ok(paid.scores(&paid.query(&self.setting.base, self.adapter, text)?, records))
		};
		queries.iter().map(of).collect()
	}

	/// What contributors get for queries, as parts of the pool.
	fn shares(&self, paid: &Paid, queries: &[&Text]) -> Result<Vec<Vec<f64>>, Failure> {
		let of = |text: &&Text| {
			let shares = paid.shares(&paid.query(&self.setting.base, self.adapter, text)?)?;
			Ok(shares.into_iter().map(|part| part as f64 / POOL as f64).collect())
		};
		queries.iter().map(of).collect()
	}
}

/// The ratio of two means over the same queries, with its interval.
fn ratio(of: &[f64], to: &[f64]) -> Value {
	let at = |drawn: &[usize]| mean(&pick(of, drawn)) / mean(&pick(to, drawn));
	json!({ "value": mean(of) / mean(to), "ci": interval(of.len(), at) })
}

/// What is written into the report.
pub fn judge(setting: &Setting) -> Result<Value, Failure> {
	let trained = Run::Whole.checkpoints(&setting.base, &setting.data)?;
	let bench = Bench::new(setting, &trained)?;
	let places = setting.reported();
	let texts = bench.texts(&places);
	let halves = Halves::new(&setting.data, &bench.table, &places)?;
	let ceiling = halves.ceiling();

	let begun = Instant::now();
	let paid = bench.index(METHOD)?;
	let integers = bench.integers(&paid, &texts)?;
	let ours = halves.lds(&integers);
	let mut rows = vec![row("index", &ours, begun.elapsed().as_secs_f64())];
	let baselines: [Box<dyn Estimator>; 5] = [
		Box::new(Random::default()),
		Box::new(Bm25::default()),
		Box::new(LongestMatch),
		Box::new(Embedding),
		Box::new(Representation),
	];
	let mut best: Option<(String, Vec<f64>)> = None;
	for estimator in estimators::all() {
		let (scores, seconds) = bench.scores(&*estimator, &texts)?;
		let (name, lds) = (estimator.name(), halves.lds(&scores));
		rows.push(row(&name, &lds, seconds));
		eprintln!("{}", rows[rows.len() - 1]);
		let baseline = baselines.iter().any(|baseline| baseline.name() == name);
		if baseline && best.as_ref().is_none_or(|(_, best)| mean(&lds) > mean(best)) {
			best = Some((name, lds));
		}
	}
	let (best, of_best) = best.ok_or("there are no baselines")?;
	let gains: Vec<f64> = ours.iter().zip(&of_best).map(|(ours, best)| ours - best).collect();
	let gain = with_interval(&gains);

	let of = Gradient::paid();
	let lds = |estimator: &dyn Estimator| -> Result<Vec<f64>, Failure> {
		Ok(halves.lds(&bench.scores(estimator, &texts)?.0))
	};
	let bytes = lds(&Sketch::new(of, ROUNDED))?;
	let float = lds(&Sketch { rounding: Rounding::None, ..Sketch::new(of, ROUNDED) })?;
	let full = lds(&of)?;

	let (contributors, spearman) = contributors(&bench, &paid, &places)?;
	let removed = removed(&bench, &paid)?;
	let (recalls, recall) = recalled(&bench, &paid)?;
	let asked = texts_of_reported(setting);
	let labels = mislabel::judge(
		setting,
		&[
			("ours", &Sketch::new(of, usize::from(METHOD.dimension))),
			("ours, not projected", &of),
			("gradient dot", &Gradient::dot()),
			("gradient cosine", &Gradient::cosine()),
			("EK-FAC", &Gradient::ekfac()),
			("BM25", &Bm25::default()),
		],
		&asked,
	)?;
	let nulls = recall::nulls(setting, bench.adapter, &paid, &setting.data.elsewhere)?;
	Ok(json!({
		"lds_over_ceiling": ratio(&ours, &ceiling)["value"],
		"lds_over_ceiling_ci": ratio(&ours, &ceiling)["ci"],
		"lds_gain_low": gain["ci"][0],
		"lds_gain": gain,
		"contributor_spearman": spearman["value"],
		"contributor_spearman_ci": spearman["ci"],
		"mislabel_auc": labels["ours"]["mean"],
		"mislabel_auc_ci": labels["ours"]["ci"],
		"int8_over_float_lds": ratio(&bytes, &float)["value"],
		"int8_over_float_lds_ci": ratio(&bytes, &float)["ci"],
		"sketch_over_full_lds": ratio(&ours, &full)["value"],
		"sketch_over_full_lds_ci": ratio(&ours, &full)["ci"],
		"style_swapped_recall": recall["mean"],
		"style_swapped_recall_ci": recall["ci"],
		"null_paid": nulls["above_floor"]["mean"],
		"null_paid_ci": nulls["above_floor"]["ci"],
		"best_baseline": best,
		"queries": places.len(),
		"ceiling": with_interval(&ceiling),
		"lds": rows,
		"contributors": contributors,
		"removed": removed,
		"mislabelled": labels,
		"style_swapped": recalls,
		"nulls": nulls,
	}))
}

fn row(name: &str, lds: &[f64], seconds: f64) -> Value {
	let lds = with_interval(lds);
	json!({ "name": name, "lds": lds["mean"], "ci": lds["ci"], "seconds": seconds })
}

fn texts_of_reported(setting: &Setting) -> Vec<&Text> {
	recall::reported(setting).into_iter().map(|fact| &setting.data.facts[fact].asked).collect()
}

/// The rows of the contributors' table, and the first of them with its interval over families.
fn contributors(
	bench: &Bench<'_>,
	paid: &Paid,
	places: &[usize],
) -> Result<(Value, Value), Failure> {
	let contributions = Contributions::new(&bench.setting.data, &bench.table, places)?;
	let texts = bench.texts(places);
	let shares = bench.shares(paid, &texts)?;
	let data = &bench.setting.data;
	let count = |fits: &dyn Fn(usize) -> bool| -> Vec<f64> {
		let mut counts = vec![0.0; CONTRIBUTORS];
		for record in data.records.iter().filter(|record| fits(record.fact)) {
			counts[record.contributor] += 1.0;
		}
		counts
	};
	let fact = |place: &usize| place % data.facts.len();
	let family = |fact: usize| &data.facts[fact].family;
	let bm25 = bench.scores(&Bm25::default(), &texts)?.0;
	let sums = |scores: &Vec<f32>| {
		let mut sums = vec![0.0; CONTRIBUTORS];
		for (record, score) in data.records.iter().zip(scores) {
			sums[record.contributor] += f64::from(*score);
		}
		sums
	};
	let of_fact = |place: &usize| count(&|other| other == fact(place));
	let of_family = |place: &usize| count(&|other| family(other) == family(fact(place)));
	let rows: [(&str, Vec<Vec<f64>>); 6] = [
		("paid", shares),
		("equal pay", vec![vec![1.0; CONTRIBUTORS]; places.len()]),
		("pay by count", vec![count(&|_| true); places.len()]),
		("BM25 sums", bm25.iter().map(sums).collect()),
		("records of the family, which nobody knows", places.iter().map(of_family).collect()),
		("records of the fact, which nobody knows", places.iter().map(of_fact).collect()),
	];
	let families: Vec<usize> = (0..contributions.families()).collect();
	let mut found = json!({});
	for (name, pay) in &rows {
		let agreements = contributions.correlations(pay);
		let of = |value: fn(&crate::contributors::Agreement) -> f64| {
			mean(&agreements.iter().map(value).collect::<Vec<_>>())
		};
		found[*name] = json!({
			"value": corrected(&agreements, &families),
			"ci": interval(families.len(), |drawn| corrected(&agreements, drawn)),
			"raw": of(|agreement| agreement.correlation),
			"reliability": of(|agreement| agreement.reliability),
		});
	}
	let first = found["paid"].clone();
	Ok((found, first))
}

/// What removing the best records does, by the adapter's own answers to facts that are reported.
fn removed(bench: &Bench<'_>, paid: &Paid) -> Result<Value, Failure> {
	let facts = bench.setting.data.facts.len();
	let places: Vec<usize> = recall::reported(bench.setting)
		.into_iter()
		.map(|fact| fact + facts)
		.take(removal::QUERIES)
		.collect();
	let texts = bench.texts(&places);
	let by = |estimator: &dyn Estimator| -> Result<Vec<Vec<f32>>, Failure> {
		Ok(bench.scores(estimator, &texts)?.0)
	};
	let rankings = [
		Ranking { name: "ours", scores: bench.integers(paid, &texts)? },
		Ranking { name: "BM25", scores: by(&Bm25::default())? },
		Ranking { name: "random", scores: by(&Random::default())? },
	];
	removal::judge(bench.setting, &rankings, &places)
}

/// Recall in the other style, of each way to rank, and ours.
fn recalled(bench: &Bench<'_>, paid: &Paid) -> Result<(Value, Value), Failure> {
	let setting = bench.setting;
	let facts = recall::reported(setting);
	let texts: Vec<&Text> = facts.iter().map(|fact| &setting.data.facts[*fact].swapped).collect();
	let ours = with_interval(&recall::recall(setting, &facts, &bench.integers(paid, &texts)?));
	let mut rows = json!({ "ours": ours });
	let mut drawn = vec![0.0; facts.len()];
	for seed in 1..=DRAWS {
		let sketch = Sketch::new(Gradient::paid(), METHOD.dimension.into());
		let (scores, _) =
			bench.scores(&Sketch { seed: Hash::repeat_byte(seed), ..sketch }, &texts)?;
		for (mean, recall) in drawn.iter_mut().zip(recall::recall(setting, &facts, &scores)) {
			*mean += recall / f64::from(DRAWS);
		}
	}
	rows[format!("ours, mean of {DRAWS} other projections")] = with_interval(&drawn);
	let others: [Box<dyn Estimator>; 7] = [
		Box::new(Gradient::paid()),
		Box::new(Gradient::cosine()),
		Box::new(Gradient::ekfac()),
		Box::new(Representation),
		Box::new(Embedding),
		Box::new(Bm25::default()),
		Box::new(LongestMatch),
	];
	for estimator in others {
		let (scores, _) = bench.scores(&*estimator, &texts)?;
		rows[estimator.name()] = with_interval(&recall::recall(setting, &facts, &scores));
	}
	Ok((rows, ours))
}

/// Variants on the queries that are kept for choosing.
pub fn choose(setting: &Setting) -> Result<Value, Failure> {
	let trained = Run::Whole.checkpoints(&setting.base, &setting.data)?;
	let bench = Bench::new(setting, &trained)?;
	let places = setting.choosing();
	let texts = bench.texts(&places);
	let halves = Halves::new(&setting.data, &bench.table, &places)?;
	let contributions = Contributions::new(&setting.data, &bench.table, &places)?;
	let families: Vec<usize> = (0..contributions.families()).collect();
	let mut paid = Vec::new();
	for pay_by in [PayBy::Contributors, PayBy::Records] {
		// As many components as the credits leave room for, and no more than the default has.
		for (credits, dimension) in [(4, 2_048), (8, 2_048), (8, 1_024), (16, 1_024)] {
			let index = bench.index(Method { pay_by, credits, dimension })?;
			let agreements = contributions.correlations(&bench.shares(&index, &texts)?);
			let elsewhere = &setting.data.elsewhere_choosing;
			paid.push(json!({
				"pay_by": format!("{pay_by:?}"), "credits": credits, "dimension": dimension,
				"contributor_spearman": corrected(&agreements, &families),
				"nulls": recall::nulls(setting, bench.adapter, &index, elsewhere)?,
			}));
			eprintln!("{}", paid[paid.len() - 1]);
		}
	}
	let mut rows = Vec::new();
	for (name, estimator) in crate::variants::all() {
		let (scores, seconds) = bench.scores(&*estimator, &texts)?;
		rows.push(row(&name, &halves.lds(&scores), seconds));
		eprintln!("{}", rows[rows.len() - 1]);
	}
	let facts = recall::choosing(setting);
	let swapped: Vec<&Text> = facts.iter().map(|fact| &setting.data.facts[*fact].swapped).collect();
	let mut recalls = Vec::new();
	for (name, estimator) in crate::variants::projected() {
		let (scores, _) = bench.scores(&*estimator, &swapped)?;
		let recall = with_interval(&recall::recall(setting, &facts, &scores));
		recalls.push(json!({ "name": name, "mean": recall["mean"], "ci": recall["ci"] }));
		eprintln!("{}", recalls[recalls.len() - 1]);
	}
	Ok(json!({
		"ceiling": stats::with_interval(&halves.ceiling()), "queries": places.len(),
		"lds": rows, "paid": paid, "style_swapped": recalls,
	}))
}
