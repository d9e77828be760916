//! The network's days as a report, and as a table.

use super::{
	blocks::Kind,
	costs::Costs,
	network::{DAY, Network},
	run::Run,
};
use serde_json::{Map, Value, json};

/// Picoseconds of a block's time.
const BLOCK_S: f64 = 3.0;

/// What the stages of one batch take of a block, with its sessions left out and no audits.
fn batch_ps(network: &Network, costs: &Costs, shown: f64) -> f64 {
	let together = f64::from(network.together).min(shown);
	let kinds = [
		(Kind::Commit, 1.0),
		(Kind::Reveal, shown / together),
		(Kind::Finality, shown),
		(Kind::Conclude, 1.0),
		(Kind::Prune, 1.0),
	];
	let one = |kind: Kind| {
		let shown = shown.round() as u32;
		kind.takes(costs, network.sessions, shown, together.round() as u32).0 as f64
	};
	kinds.into_iter().map(|(kind, count)| count * one(kind)).sum()
}

fn hours(blocks: Option<u32>) -> Value {
	blocks.map_or(Value::Null, |blocks| json!(f64::from(blocks) * BLOCK_S / 3_600.0))
}

fn minutes(blocks: Option<u32>) -> Value {
	blocks.map_or(Value::Null, |blocks| json!(f64::from(blocks) * BLOCK_S / 60.0))
}

/// Runs the network for its days.
pub fn report(network: &Network, costs: &Costs) -> Value {
	let mut run = Run::new(network, costs);
	run.pass(0, DAY);
	let day = run.pay.bands(run.claims(), &network.market, network.draws);
	run.pass(DAY, DAY * network.days.max(1));
	let all = run.pay.bands(run.claims(), &network.market, network.draws);
	let outcome = &run.outcome;
	let filled = &outcome.filled;
	let (blocks, days) = (filled.blocks as f64, filled.blocks as f64 / f64::from(DAY));
	let of_blocks = |time_ps: u64| time_ps as f64 / (blocks * costs.block_ps as f64);
	let transactions: u64 = Kind::ALL
		.into_iter()
		.filter(|kind| !kind.is_hook())
		.map(|kind| filled.time_ps[kind as usize])
		.sum();
	let mut shares = Map::new();
	for kind in Kind::ALL {
		let name = json!(kind).as_str().unwrap_or_default().to_owned();
		shares.insert(
			name,
			json!({
				"a_day": filled.count[kind as usize] as f64 / days,
				"of_blocks": of_blocks(filled.time_ps[kind as usize]),
			}),
		);
	}
	let shown = outcome.shown as f64 / outcome.batches.max(1) as f64;
	let work: u64 = filled.time_ps.iter().sum();
	let batch = batch_ps(network, costs, shown);
	let free = (costs.block_ps - costs.empty_ps) as f64 * f64::from(DAY);
	let executions = (outcome.audits * u64::from(network.committee)) as f64 / days;
	let a_verifier = executions / f64::from(network.verifiers);
	let at_once = f64::from(outcome.most_seats) / f64::from(network.verifiers);
	json!({
		"network": network,
		"counted_by_hand": costs.counted(),
		"a_day": {
			"answers": outcome.answers / days,
			"batches": outcome.batches as f64 / days,
			"answers_a_batch": outcome.answers / outcome.batches.max(1) as f64,
			"draws": outcome.draws as f64 / days,
			"shown": outcome.shown as f64 / days,
			"audits": outcome.audits as f64 / days,
		},
		"blocks": {
			"of_time": of_blocks(work),
			"of_transactions_time":
				transactions as f64 / (blocks * costs.normal_ps as f64),
			"of_transactions_bytes":
				filled.bytes as f64 / (blocks * costs.normal_bytes as f64),
			"fullest_of_time": filled.most_ps as f64 / costs.block_ps as f64,
			"fullest_of_transactions_bytes":
				filled.most_bytes as f64 / costs.normal_bytes as f64,
			"full": filled.full as f64 / blocks,
			"full_of_hooks": filled.full_of_hooks as f64 / blocks,
			"waiting_at_the_end": outcome.waiting,
			"unfinished_batches_at_the_end": outcome.unfinished,
			"shown_too_late": outcome.late,
			"by_work": shares,
		},
		"most": {
			"batch_ms": batch / 1e9,
			"batches_a_day": free / batch,
			"answers_a_day": free / batch * outcome.answers / outcome.batches.max(1) as f64,
		},
		"time_to_pay": {
			"from_commitment_minutes": {
				"median": minutes(outcome.from_commitment.within(0.5)),
				"p95": minutes(outcome.from_commitment.within(0.95)),
			},
			"from_answer_hours": {
				"median": hours(outcome.from_answer.within(0.5)),
				"p95": hours(outcome.from_answer.within(0.95)),
			},
		},
		"verifiers": {
			"executions_a_day_each": a_verifier,
			"busy": a_verifier * f64::from(network.execution) / f64::from(DAY),
			"most_duties_at_once_each": at_once,
			"too_late": outcome.neglected,
		},
		"payment_error": { "after_a_day": day, "after_all_days": all },
	})
}

/// The table of `docs/scale.md`, as Markdown, of a report.
pub fn table(report: &Value) -> String {
	let number = |path: &str| report.pointer(path).and_then(Value::as_f64).unwrap_or(f64::NAN);
	let percent = |path: &str| format!("{:.1} %", 100.0 * number(path));
	let thousands = |value: f64| {
		let digits = format!("{value:.0}");
		let mut text = String::new();
		for (at, digit) in digits.chars().enumerate() {
			if at > 0 && (digits.len() - at).is_multiple_of(3) {
				text.push(',');
			}
			text.push(digit);
		}
		text
	};
	let count = |path: &str| thousands(number(path));
	let mut rows = vec![
		("answers a day", count("/a_day/answers")),
		(
			"batches a day, of which each has answers",
			format!("{}, {}", count("/a_day/batches"), count("/a_day/answers_a_batch")),
		),
		("receipts shown a day", count("/a_day/shown")),
		("audits a day", count("/a_day/audits")),
		("of blocks' time", percent("/blocks/of_time")),
		("of what transactions may take: time", percent("/blocks/of_transactions_time")),
		("of what transactions may take: bytes", percent("/blocks/of_transactions_bytes")),
		(
			"blocks in which transactions waited, hooks waited",
			format!("{}, {}", percent("/blocks/full"), percent("/blocks/full_of_hooks")),
		),
		("work that waited at the end", count("/blocks/waiting_at_the_end")),
		("receipts shown too late", count("/blocks/shown_too_late")),
		("the most answers a day in such batches", count("/most/answers_a_day")),
		(
			"minutes from commitment to pay, median and p95",
			format!(
				"{:.1}, {:.1}",
				number("/time_to_pay/from_commitment_minutes/median"),
				number("/time_to_pay/from_commitment_minutes/p95")
			),
		),
		(
			"hours from answer to pay, median and p95",
			format!(
				"{:.1}, {:.1}",
				number("/time_to_pay/from_answer_hours/median"),
				number("/time_to_pay/from_answer_hours/p95")
			),
		),
		("executions a day of each verifier", count("/verifiers/executions_a_day_each")),
		("of verifiers' time", percent("/verifiers/busy")),
	];
	let bands = |when: &str| {
		report["payment_error"][when]
			.as_array()
			.into_iter()
			.flatten()
			.map(|band| {
				format!(
					"{}–{}: {:.2} % ({:.2} %)",
					band["from"],
					band["to"],
					100.0 * band["error"].as_f64().unwrap_or(f64::NAN),
					100.0 * band["derived"].as_f64().unwrap_or(f64::NAN)
				)
			})
			.collect::<Vec<_>>()
			.join("; ")
	};
	rows.push(("error of pay after a day, by rank (derived)", bands("after_a_day")));
	rows.push(("error of pay after all days", bands("after_all_days")));
	let mut text = String::from("| | |\n| --- | --- |\n");
	for (name, value) in rows {
		text += &format!("| {name} | {value} |\n");
	}
	text += "\n| work | a day | of blocks' time |\n| --- | --- | --- |\n";
	for (name, of) in report["blocks"]["by_work"].as_object().into_iter().flatten() {
		let a_day = thousands(of["a_day"].as_f64().unwrap_or(f64::NAN));
		let share = 100.0 * of["of_blocks"].as_f64().unwrap_or(f64::NAN);
		text += &format!("| {name} | {a_day} | {share:.2} % |\n");
	}
	text
}
