//! The tables of the documents, as Markdown, from a report.

use core::fmt::Write;
use serde_json::Value;

/// A cell of a mean and its interval.
fn interval(estimate: &Value) -> String {
	let part = |name: &str| estimate[name].as_f64().unwrap_or(f64::NAN);
	format!("{:+.3} ({:+.3} … {:+.3})", part("mean"), part("low"), part("high"))
}

fn number(value: &Value, digits: usize) -> String {
	value.as_f64().map_or("–".into(), |value| format!("{value:.digits$}"))
}

fn row(text: &mut String, cells: &[String]) {
	let _ = writeln!(text, "| {} |", cells.join(" | "));
}

fn table(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
	let mut text = String::new();
	let header: Vec<String> = header.iter().map(|cell| (*cell).into()).collect();
	row(&mut text, &header);
	row(&mut text, &vec!["---".into(); header.len()]);
	for cells in rows {
		row(&mut text, &cells);
	}
	text
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
	value.as_array().into_iter().flatten()
}

/// All tables, one after the other.
pub fn tables(report: &Value) -> String {
	let (alone, third) = (&report["operators"][0], &report["operators"][1]);
	let operators = alone["over_honest"].as_object().into_iter().flatten();
	let verifiers = report["verifiers"]["over_honest"].as_object().into_iter().flatten();
	let captures = &report["captures"];
	[
		table(
			&["an operator who", "alone", "with a third of the bond"],
			operators.map(|(name, estimate)| {
				vec![name.clone(), interval(estimate), interval(&third["over_honest"][name])]
			}),
		),
		table(
			&["a verifier who", "over honesty, in OPEN for each OPEN of bond"],
			verifiers.map(|(name, estimate)| vec![name.clone(), interval(estimate)]),
		),
		table(
			&[
				"φ",
				"first",
				"appeal",
				"found, unwatched",
				"found, watched",
				"least deposit, in fees",
			],
			list(&captures["shares"]).map(|share| {
				let names = ["share", "first", "appeal", "found_unwatched", "found_watched"];
				let mut cells: Vec<String> =
					names.iter().map(|name| number(&share[*name], 3)).collect();
				cells.push(number(&share["least_deposit"], 2));
				cells
			}),
		),
		table(
			&["lie", "gain", "loses if found at", "if half comes back", "pays from φ", "watched"],
			list(&captures["lies_pay_from"]).map(|lie| {
				let names =
					["gain", "least_found", "least_found_with_half_back", "unwatched", "watched"];
				let kind = lie["lie"].as_str().unwrap_or_default().to_owned();
				let numbers = names.iter().map(|name| number(&lie[*name], 3));
				core::iter::once(kind).chain(numbers).collect()
			}),
		),
		table(
			&["changed", "to", "simulated", "derived", "found", "derived"],
			report["sweeps"].as_object().into_iter().flatten().flat_map(|(name, rows)| {
				list(rows).filter(|row| row.get("simulated").is_some()).map(|row| {
					vec![
						name.replace('_', " "),
						row["value"].as_f64().map_or_else(
							|| row["value"].to_string().replace("null", "never"),
							|value| format!("{}", (value * 1e3).round() / 1e3),
						),
						interval(&row["simulated"]),
						number(&row["closed_form"], 3),
						number(&row["found"], 3),
						number(&row["found_closed_form"], 3),
					]
				})
			}),
		),
		table(
			&["φ", "where three strikes cost the place", "where they cost money only"],
			list(&report["takeovers"]).map(|row| {
				let of = |name: &str| format!("{} of {}", row[name], crate::report::WORLDS);
				vec![number(&row["ring"], 3), of("where_places_are_lost"), of("where_none_is")]
			}),
		),
		table(
			&[
				"φ",
				"accusers over honest verifiers",
				"honest operators",
				"true claims found false",
				"pays from a fee of",
			],
			list(&report["accusers"]).map(|ring| {
				vec![
					number(&ring["ring"], 3),
					interval(&ring["accusers_over_honest"]),
					interval(&ring["operators"]),
					ring["counts"]["wronged"].to_string(),
					format!("{} OPEN", number(&ring["pays_from_fee"], 1)),
				]
			}),
		),
		table(
			&[
				"f",
				"last block",
				"last block, BABE",
				"best play",
				"best play, BABE, about",
				"round foreseen",
				"round foreseen, BABE",
			],
			list(&report["lots"]).map(|lots| {
				let names =
					["coalition", "last_block", "last_block_babe", "steered", "steered_babe"];
				let mut cells: Vec<String> =
					names.iter().map(|name| number(&lots[*name], 4)).collect();
				for name in ["round_foreseen", "round_foreseen_babe"] {
					cells.push(format!("{:.1e}", lots[name].as_f64().unwrap_or(f64::NAN)));
				}
				cells
			}),
		),
	]
	.join("\n")
}
