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

/// A fee from which on something pays.
fn fee(value: &Value) -> String {
	if value.is_null() { "no fee".into() } else { format!("{} OPEN", number(value, 1)) }
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
			&["φ", "first", "appeal", "found, unwatched", "found, watched"],
			list(&captures["shares"]).map(|share| {
				let names = ["share", "first", "appeal", "found_unwatched", "found_watched"];
				names.iter().map(|name| number(&share[*name], 3)).collect()
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
			&[
				"φ",
				"disagreeing costs places too",
				"not: all add to their bonds",
				"the ring alone adds",
				"nobody adds",
			],
			list(&report["takeovers"]).map(|row| {
				let of = |name: &str| format!("{} of {}", row[name], crate::report::WORLDS);
				vec![
					number(&row["ring"], 3),
					of("where_disagreeing_costs_places"),
					of("where_it_does_not"),
					of("where_the_ring_alone_refills"),
					of("where_nobody_refills"),
				]
			}),
		),
		table(
			&[
				"φ",
				"rule",
				"over honesty",
				"honest operators",
				"true claims found false",
				"pays from a fee of",
				"with least bonds",
			],
			list(&report["accusers"]).flat_map(|ring| {
				[
					"rewards_only",
					"its_fee_back_besides",
					"its_fee_back,_fines_of_bonds_alone",
					"rewards_without_the_cap",
				]
				.map(|rule| {
					let row = &ring[rule];
					vec![
						number(&ring["ring"], 3),
						rule.replace('_', " "),
						interval(&row["over_its_honesty"]),
						interval(&row["operators"]),
						row["wronged"].to_string(),
						fee(&row["pays_from_fee"]),
						fee(&row["pays_from_fee_with_least_bonds"]),
					]
				})
			}),
		),
		table(
			&[
				"fee",
				"deposit",
				"least",
				"an appeal returns",
				"simulated, for each OPEN of bond",
				"honest operators",
				"deposit of three fees",
				"an appeal returns",
				"constant deposit, returns",
			],
			list(&report["false_appeals"]).map(|row| {
				let (decided, in_fees) = (&row["of_the_penalty"], &row["in_fees"]);
				vec![
					row["fee"].to_string(),
					number(&decided["deposit"], 2),
					number(&decided["least_deposit"], 2),
					number(&decided["closed_form"], 2),
					interval(&decided["over_its_honesty"]),
					interval(&decided["operators"]),
					number(&in_fees["deposit"], 2),
					number(&in_fees["closed_form"], 2),
					number(&row["constant"]["closed_form"], 2),
				]
			}),
		),
		table(
			&[
				"fee",
				"lies, unwatched",
				"lies, watched",
				"lies, nobody appeals",
				"accusing for rewards",
				"accusing as payer",
				"fines of bonds alone",
				"with mean bonds",
				"appealing",
				"with deposits of three fees",
				"with a fifth of the penalty",
			],
			list(&report["limits"]).map(|row| {
				let names = [
					"lie_about_both_unwatched",
					"lie_about_both_watched",
					"lie_about_both_that_nobody_appeals_for",
					"accusing_for_rewards",
					"accusing_as_payer",
					"accusing_as_payer_where_fines_are_of_bonds_alone",
					"accusing_as_payer_with_mean_bonds",
					"appealing",
					"appealing_where_deposits_are_in_fees",
					"appealing_where_deposits_are_a_fifth_of_the_penalty",
				];
				let shares = names.iter().map(|name| number(&row[*name], 3));
				core::iter::once(row["fee"].to_string()).chain(shares).collect()
			}),
		),
		table(
			&[
				"φ",
				"an outsider's appeal pays up to",
				"an outvoted seat's",
				"an outsider's about a common fee",
				"with deposits of three fees",
				"with a constant deposit",
			],
			list(&report["right_appeals"]).map(|row| {
				vec![
					number(&row["share"], 3),
					fee(&row["outsider_up_to"]),
					fee(&row["outvoted_up_to"]),
					number(&row["outsider_about_a_common_fee"], 2),
					number(&row["outsider_where_deposits_are_in_fees"], 2),
					number(&row["outsider_where_deposits_are_constant"], 2),
				]
			}),
		),
		table(
			&["lie", "alone", "with a third of the bond", "and half of the penalty back"],
			list(&report["private"]["lies"]).map(|lie| {
				let names = ["alone", "with_a_third", "with_a_third_and_half_back"];
				let kind = lie["lie"].as_str().unwrap_or_default().to_owned();
				let parts = names.iter().map(|name| number(&lie[*name], 3));
				core::iter::once(kind).chain(parts).collect()
			}),
		),
		table(
			&["φ", "a text read costs"],
			list(&report["private"]["reading"])
				.map(|row| vec![number(&row["share"], 3), fee(&row["read_for"])]),
		),
		table(
			&[
				"fee",
				"deposit",
				"pays who is this sure",
				"the payer, of the claim",
				"of the answer",
				"returns who knows, a tenth colluding",
				"a fifth",
				"a third",
				"the payer, of the answer",
				"who knows gains up to φ",
				"the payer, of the answer",
				"with twice the deposit",
				"falsely pays from φ",
				"the payer",
			],
			list(&report["disputes"]).map(|row| {
				let names = [
					("stake", 0),
					("sure_from", 3),
					("payer_sure_from_about_a_sketch", 3),
					("payer_sure_from_about_an_answer", 3),
					("rightly_with_a_tenth", 2),
					("rightly_with_a_fifth", 2),
					("rightly_with_a_third", 2),
					("payer_rightly_with_a_third", 2),
					("rightly_pays_up_to", 3),
					("payers_rightly_pays_up_to", 3),
					("rightly_pays_up_to_with_twice_the_deposit", 3),
					("falsely_pays_from", 3),
					("payers_falsely_pays_from", 3),
				];
				let cells = names.iter().map(|(name, digits)| number(&row[*name], *digits));
				core::iter::once(row["fee"].to_string()).chain(cells).collect()
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
