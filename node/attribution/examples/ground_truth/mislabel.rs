//! Finding wrong records by the influence that they have on right answers.

use crate::{
	Failure, Setting,
	data::Text,
	runs::{self, FLIPPED, Run},
	stats::{auc, mean, with_interval},
};
use openledger_attribution::estimators::{Estimator, Item, Trained};
use serde_json::{Value, json};

/// The AUC of each way to tell wrong records from right ones, over trainings with one wrong record in five: by
/// the mean score of a record for clean queries, the least first, and by the record's own loss, the largest
/// first.
pub fn judge(
	setting: &Setting,
	estimators: &[(&str, &dyn Estimator)],
	queries: &[&Text],
) -> Result<Value, Failure> {
	let mut found: Vec<Vec<f64>> = vec![Vec::new(); estimators.len() + 1];
	let items: Vec<Item<'_>> = queries.iter().map(|query| query.item()).collect();
	for run in (0..FLIPPED).map(Run::Flipped) {
		let adapter = run.train(&setting.base, &setting.data)?;
		let wrong = run.flipped(&setting.data);
		let texts = run.texts(&setting.data);
		let auc_of = |scores: Vec<f64>| {
			let part = |is_wrong: bool| -> Vec<f64> {
				let of = scores.iter().enumerate().filter(|(at, _)| wrong.contains(at) == is_wrong);
				of.map(|(_, score)| *score).collect()
			};
			auc(&part(true), &part(false))
		};
		let records: Vec<Item<'_>> = texts.iter().map(|text| text.item()).collect();
		let trained = Trained { base: &setting.base, adapter: &adapter, checkpoints: &[] };
		for ((_, estimator), found) in estimators.iter().zip(&mut found) {
			let scores = estimator.scores(&trained, &records, &items)?;
			let of_record = |record: usize| {
				-mean(&scores.iter().map(|query| f64::from(query[record])).collect::<Vec<_>>())
			};
			found.push(auc_of((0..records.len()).map(of_record).collect()));
		}
		let losses = texts
			.iter()
			.map(|text| runs::loss(&setting.base, Some(&adapter), text).map(f64::from))
			.collect::<Result<Vec<f64>, _>>()?;
		if let Some(found) = found.last_mut() {
			found.push(auc_of(losses));
		}
	}
	let names = estimators.iter().map(|(name, _)| *name).chain(["loss"]);
	let mut rows = json!({});
	for (name, found) in names.zip(found) {
		rows[name] = with_interval(&found);
	}
	Ok(rows)
}
