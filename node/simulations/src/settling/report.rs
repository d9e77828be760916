//! The error of draws by their number, as a report, its tables and its chart.

use super::{
	closed,
	market::{Claims, Market},
	trial::{Batches, each_time},
};
use crate::plot::{Axis, Line, drawn};
use serde_json::{Value, json};

/// Answers of a batch.
const ANSWERS: usize = 10_000;
/// Batches that are settled, and after how many of them the error is looked at.
const COUNTS: [usize; 3] = [1, 10, 100];
/// What the runtime's parameter `Draws` is compared at; it can be 255 at most.
const DRAWS: [u8; 6] = [8, 16, 32, 64, 128, 255];
/// The parameter's value where governance has not said otherwise (`runtime/src/configs/parameters.rs`).
pub const DEFAULT_DRAWS: u8 = 32;
const RANKS: [usize; 4] = [1, 5, 20, 100];
/// The rank that the chart and the benchmark are about.
pub const RANK: usize = 20;
const TRIALS: usize = 200;

fn median(values: &[f64]) -> f64 {
	let mut sorted = values.to_vec();
	sorted.sort_by(f64::total_cmp);
	let middle = sorted.len() / 2;
	let upper = sorted.get(middle).copied().unwrap_or(f64::NAN);
	if sorted.len() % 2 == 1 { upper } else { (upper + sorted[middle - 1]) / 2.0 }
}

/// The error of the contributor of rank 20 after `batches` batches, once for each of `seeds` seeds.
pub fn payment_error(market: Market, batches: usize, seeds: u64) -> Value {
	let found = each_time(market, (batches, ANSWERS), DEFAULT_DRAWS, RANK, 1..=seeds);
	let p = Claims::new(market).probability(RANK - 1);
	json!({
		"market": market,
		"answers": ANSWERS,
		"batches": batches,
		"draws": DEFAULT_DRAWS,
		"rank": RANK,
		"seeds": seeds,
		"errors": found,
		"median": median(&found),
		"worst": found.iter().copied().fold(0.0, f64::max),
		"standard_deviation": closed::expected(&market, p, DEFAULT_DRAWS, batches as f64),
		"batches_for_a_twentieth": (closed::draws_for(&market, p, 0.05)
			/ f64::from(DEFAULT_DRAWS)).ceil(),
	})
}

/// The markets that answers are made up after: claims that credit many records, few, and one.
fn markets() -> [Market; 3] {
	[16, 4, 1].map(|credits| Market { credits, ..Market::default() })
}

/// Errors by draws, batches and rank, simulated and derived; and that of [`RANK`] for the first market, over
/// `seeds` seeds.
pub fn report(seed: u64, seeds: u64) -> Value {
	let markets: Vec<Value> = markets()
		.iter()
		.map(|market| {
			let most = COUNTS.into_iter().max().unwrap_or(0);
			let mut batches = Batches::new(*market, most, ANSWERS, seed);
			let rows: Vec<_> = DRAWS
				.into_iter()
				.flat_map(|draws| batches.errors(market, draws, &COUNTS, &RANKS, TRIALS))
				.collect();
			json!({
				"market": market,
				"errors": rows,
			})
		})
		.collect();
	json!({
		"seed": seed,
		"answers": ANSWERS,
		"trials": TRIALS,
		"default_draws": DEFAULT_DRAWS,
		"markets": markets,
		"payment_error": payment_error(Market::default(), 100, seeds),
	})
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
	value.as_array().into_iter().flatten()
}

fn percent(value: &Value) -> String {
	let value = 100.0 * value.as_f64().unwrap_or(f64::NAN);
	if value < 9.95 { format!("{value:.1}") } else { format!("{value:.0}") }
}

/// The tables of `docs/batches.md`, as Markdown: simulated errors with the derived ones beside, in
/// percent, of a report.
pub fn tables(report: &Value) -> String {
	let mut text = String::new();
	for of in list(&report["markets"]) {
		text += &format!("Claims of {} records:\n\n| batches | rank |", of["market"]["credits"]);
		text += &DRAWS.map(|draws| format!(" s = {draws} |")).concat();
		text += &format!("\n{}|\n", "| --- ".repeat(DRAWS.len() + 2));
		for (count, rank) in COUNTS.iter().flat_map(|count| RANKS.map(|rank| (*count, rank))) {
			let cells = DRAWS.map(|draws| {
				let row = list(&of["errors"]).find(|row| {
					(&row["draws"], &row["batches"], &row["rank"])
						== (&json!(draws), &json!(count), &json!(rank))
				});
				row.map_or(String::new(), |row| {
					format!(" {} ({}) |", percent(&row["simulated"]), percent(&row["derived"]))
				})
			});
			text += &format!("| {count} | {rank} |{}\n", cells.concat());
		}
		text.push('\n');
	}
	let error = &report["payment_error"];
	text += &format!(
		"Rank {RANK} after {} batches with s = {}: {} % (median), {} % (worst) of {} seeds.\n",
		error["batches"],
		error["draws"],
		percent(&error["median"]),
		percent(&error["worst"]),
		error["seeds"]
	);
	text
}

/// The chart of a report: the error of [`RANK`] by draws, after so many batches, with claims of the
/// first market; lines are derived, points simulated.
pub fn plot(report: &Value) -> String {
	let across = Axis {
		from: 8.0,
		to: 256.0,
		logarithmic: true,
		marks: vec![8.0, 16.0, 32.0, 64.0, 128.0, 256.0],
		write: |value| format!("{value:.0}"),
	};
	let up = Axis {
		from: 0.005,
		to: 10.0,
		logarithmic: true,
		marks: vec![0.01, 0.05, 0.1, 0.5, 1.0],
		write: |value| format!("{:.0} %", 100.0 * value),
	};
	let market = Market::default();
	let p = Claims::new(market).probability(RANK - 1);
	let counts = [(1, "#b22"), (10, "#26c"), (100, "#282"), (1_000, "#777")];
	let mut lines = Vec::new();
	for (count, colour) in counts {
		// Straight on these axes.
		let points = [8, 255]
			.map(|draws| (f64::from(draws), closed::expected(&market, p, draws, f64::from(count))));
		let name = if count == 1 { "1 batch".into() } else { format!("{count} batches") };
		lines.push(Line { name, colour, points: points.into(), dots: false });
	}
	let simulated = list(&report["markets"][0]["errors"])
		.filter(|row| row["rank"] == json!(RANK))
		.filter_map(|row| Some((row["draws"].as_f64()?, row["simulated"].as_f64()?)));
	let (name, points) = ("simulated".into(), simulated.collect());
	lines.push(Line { name, colour: "#222", points, dots: true });
	drawn(
		"error of the 20th largest contributor's pay (standard deviation)",
		"draws of each batch of 10,000 answers",
		(&across, &up),
		&lines,
	)
}
