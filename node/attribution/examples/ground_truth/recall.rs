//! Whether a query in another style finds the records that tell its fact, and whether answers about other
//! things find anyone.

use crate::{
	Failure, Setting, data::Text, paid::Paid, setting::is_for_choosing, stats::with_interval,
};
use openledger_attribution::nulls;
use openlora::Adapter;
use serde_json::{Value, json};

/// Records that are looked at.
const FIRST: usize = 10;

/// The share of the records that tell a query's fact which are among the first ten, of each of the facts;
/// `scores[query][record]`.
pub fn recall(setting: &Setting, facts: &[usize], scores: &[Vec<f32>]) -> Vec<f64> {
	let of = |(fact, scores): (&usize, &Vec<f32>)| {
		let tells = |record: &usize| setting.data.records[*record].fact == *fact;
		let mut order: Vec<usize> = (0..scores.len()).collect();
		order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b)));
		let all = order.iter().filter(|record| tells(record)).count().clamp(1, FIRST);
		let found = order.iter().take(FIRST).filter(|record| tells(record)).count();
		found as f64 / all as f64
	};
	facts.iter().zip(scores).map(of).collect()
}

/// The facts that are reported.
pub fn reported(setting: &Setting) -> Vec<usize> {
	(0..setting.data.facts.len()).filter(|fact| !is_for_choosing(*fact)).collect()
}

/// The facts that choices are made by.
pub fn choosing(setting: &Setting) -> Vec<usize> {
	(0..setting.data.facts.len()).filter(|fact| is_for_choosing(*fact)).collect()
}

/// The share of answers about other things that pay anyone: by the floor alone, and after the lift.
pub fn nulls(
	setting: &Setting,
	adapter: &Adapter,
	paid: &Paid,
	texts: &[Text],
) -> Result<Value, Failure> {
	let (mut floor, mut lift) = (Vec::new(), Vec::new());
	for text in texts {
		let (above, earned) = paid.pays(&paid.query(&setting.base, adapter, text)?)?;
		floor.push(f64::from(u8::from(above)));
		lift.push(f64::from(u8::from(earned)));
	}
	Ok(json!({
		"queries": floor.len(),
		"calibrated_on": nulls::examples(&setting.base)?.len(),
		"above_floor": with_interval(&floor),
		"paid": with_interval(&lift),
		"floor_ppm": paid.index.header().floor_ppm,
	}))
}
