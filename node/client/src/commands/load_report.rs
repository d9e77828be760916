//! What a load came to: percentiles, rates, and how it is printed.

use super::load_calls::Mix;
use crate::amount;
use serde::Serialize;
use std::collections::BTreeMap;
use tabled::{builder::Builder, settings::Style};

/// Half of the samples are at most `p50`, 95 in a hundred at most `p95`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
	/// Samples.
	pub samples: usize,
	/// The median.
	pub p50: f64,
	/// The 95th percentile.
	pub p95: f64,
	/// The largest.
	pub max: f64,
}

impl Spread {
	/// Of these samples; none of none.
	pub fn of(mut samples: Vec<f64>) -> Option<Self> {
		samples.sort_by(f64::total_cmp);
		let max = samples.last().copied()?;
		let at = |share: f64| {
			let rank = (share * samples.len() as f64).ceil() as usize;
			round(samples[rank.clamp(1, samples.len()) - 1])
		};
		Some(Self { samples: samples.len(), p50: at(0.50), p95: at(0.95), max: round(max) })
	}
}

/// Three digits after the point.
pub fn round(number: f64) -> f64 {
	(number * 1_000.0).round() / 1_000.0
}

/// One block that was made meanwhile.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Block {
	/// Its number.
	pub number: u32,
	/// When it was seen, in seconds from the beginning.
	pub at: f64,
	/// All extrinsics in it.
	pub extrinsics: usize,
	/// The load's.
	pub sent_by_load: usize,
	/// The load's transfers.
	pub transfers: usize,
	/// The load's that were included and failed.
	pub failed: usize,
	/// Bytes of extrinsics.
	pub bytes: usize,
	/// The weight of normal extrinsics, as a share of what normal extrinsics may have.
	pub fill: Option<f64>,
}

/// Extrinsics a second: from the first block that holds some of the load to the last full one, all
/// but the first's over the time between the two. None where there are not enough blocks.
pub fn per_second(blocks: &[Block]) -> Option<f64> {
	let holds = |block: &Block| block.sent_by_load > 0;
	let first = blocks.iter().position(holds)?;
	let last = blocks.iter().rposition(holds)?;
	// The very last holds what was left over, unless there are few.
	let last = if last - first > 2 { last - 1 } else { last };
	let (first, rest) = blocks.get(first..=last)?.split_first()?;
	let seconds = rest.last()?.at - first.at;
	let extrinsics: usize = rest.iter().map(|block| block.sent_by_load).sum();
	(seconds > 0.0).then(|| round(extrinsics as f64 / seconds))
}

/// A stretch of sending at one rate.
#[derive(Debug, Serialize)]
pub struct Phase {
	/// `steady` or `overload`.
	pub name: &'static str,
	/// Extrinsics a second that were asked for.
	pub rate: f64,
	/// Extrinsics a second that were sent.
	pub sent_per_s: f64,
	/// Sent.
	pub submitted: u64,
	/// Taken by the pool.
	pub accepted: u64,
	/// Not taken, by reason.
	pub refused: BTreeMap<String, u64>,
	/// Included in the chain of best blocks.
	pub included_best: u64,
	/// Included in finalised blocks.
	pub included_finalised: u64,
	/// Included, and failed.
	pub failed: u64,
	/// Taken by the pool and not included.
	pub lost: u64,
	/// Extrinsics a second that were included, until there were no more.
	pub extrinsics_per_s: Option<f64>,
	/// Seconds from sending to the block.
	pub inclusion_s: Option<Spread>,
	/// The most transfers in one block.
	pub transfers_per_block: usize,
	/// The fullest block.
	pub fullest_block: Option<f64>,
	/// The most extrinsics that were sent, and not refused or included yet.
	pub most_outstanding: u64,
	/// The most extrinsics that the node listed as ready; none where its list was too long to send.
	pub most_in_pool: Option<usize>,
	/// Milliseconds of a request of another kind meanwhile (`system_health`).
	pub rpc_ms: Option<Spread>,
	/// Requests of that kind without an answer.
	pub rpc_failures: u64,
}

/// What happened once nothing more was sent.
#[derive(Debug, Serialize)]
pub struct Recovery {
	/// Whether the pool emptied.
	pub drained: bool,
	/// After how many seconds.
	pub drained_after_s: Option<f64>,
	/// Seconds from sending one more transfer to its block; none where it did not come.
	pub probe_s: Option<f64>,
	/// Whether the pool emptied and the transfer came.
	pub recovered: bool,
}

/// Everything.
#[derive(Debug, Serialize)]
pub struct Report {
	/// The chain's name.
	pub chain: String,
	/// The transactions that were sent.
	pub mix: &'static str,
	/// Accounts that sent.
	pub accounts: usize,
	/// Websocket connections.
	pub connections: usize,
	/// What the accounts were given.
	#[serde(serialize_with = "units")]
	pub funded: u128,
	/// What normal extrinsics may weigh, in picoseconds of a reference machine.
	pub block_weight: u64,
	/// The stretches.
	pub phases: Vec<Phase>,
	/// The end.
	pub recovery: Recovery,
	/// The blocks from the first stretch on.
	pub blocks: Vec<Block>,
}

fn units<S: serde::Serializer>(units: &u128, serializer: S) -> Result<S::Ok, S::Error> {
	serializer.collect_str(units)
}

impl Mix {
	/// Its name on the command line.
	pub fn name(self) -> &'static str {
		match self {
			Self::Transfers => "transfers",
			Self::Calls => "calls",
			Self::All => "all",
		}
	}
}

/// The report for people.
pub fn text(report: &Report) -> String {
	let mut rows = Builder::new();
	let mut row = |what: &str, of: &dyn Fn(&Phase) -> String| {
		rows.push_record([what.to_owned()].into_iter().chain(report.phases.iter().map(of)));
	};
	row("", &|p| p.name.into());
	let percent = |share: Option<f64>| share.map_or("?".into(), |s| format!("{:.1} %", s * 100.0));
	let spread = |spread: Option<Spread>, unit: &str| {
		spread.map_or("none".into(), |s| format!("{:.2} / {:.2} {unit}", s.p50, s.p95))
	};
	row("asked for", &|p| format!("{} /s", p.rate));
	row("sent", &|p| format!("{} ({:.0} /s)", p.submitted, p.sent_per_s));
	row("taken by the pool", &|p| p.accepted.to_string());
	row("refused", &|p| p.refused.values().sum::<u64>().to_string());
	row("in best blocks", &|p| p.included_best.to_string());
	row("in finalised blocks", &|p| p.included_finalised.to_string());
	row("failed in their block", &|p| p.failed.to_string());
	row("taken, and never included", &|p| p.lost.to_string());
	row("included a second", &|p| {
		p.extrinsics_per_s.map_or("too short to say".into(), |rate| format!("{rate:.0} /s"))
	});
	row("most transfers in a block", &|p| p.transfers_per_block.to_string());
	row("fullest block", &|p| percent(p.fullest_block));
	row("sent to block, p50 / p95", &|p| spread(p.inclusion_s, "s"));
	row("most outstanding", &|p| p.most_outstanding.to_string());
	row("most ready in the pool", &|p| {
		p.most_in_pool.map_or("too many to list".into(), |most| most.to_string())
	});
	row("RPC meanwhile, p50 / p95", &|p| spread(p.rpc_ms, "ms"));
	row("RPC without an answer", &|p| p.rpc_failures.to_string());
	let mut out = format!(
		"{}: {} from {} accounts over {} connections, given {}\n",
		report.chain,
		report.mix,
		report.accounts,
		report.connections,
		amount::show(report.funded),
	);
	out += &rows.build().with(Style::sharp()).to_string();
	for phase in &report.phases {
		for (reason, count) in &phase.refused {
			out += &format!("\nrefused while {}: {count} × {reason}", phase.name);
		}
	}
	let recovery = &report.recovery;
	out += &match recovery.drained_after_s {
		Some(seconds) => format!("\nthe pool was empty {seconds:.1} s after the last was sent"),
		None => "\nTHE POOL DID NOT EMPTY".into(),
	};
	out += &match recovery.probe_s {
		Some(seconds) => format!("; one more transfer was in a block after {seconds:.1} s"),
		None => "; ONE MORE TRANSFER WAS NOT INCLUDED".into(),
	};
	out
}

#[cfg(test)]
mod tests {
	use super::*;

	fn block(at: f64, sent_by_load: usize) -> Block {
		Block {
			number: 1,
			at,
			extrinsics: sent_by_load + 1,
			sent_by_load,
			transfers: 0,
			failed: 0,
			bytes: 0,
			fill: None,
		}
	}

	#[test]
	fn percentiles_are_samples_that_occurred() {
		let spread = Spread::of((1..=100).rev().map(f64::from).collect()).unwrap();
		assert_eq!((spread.p50, spread.p95, spread.max, spread.samples), (50.0, 95.0, 100.0, 100));
		let one = Spread::of(vec![7.0]).unwrap();
		assert_eq!((one.p50, one.p95), (7.0, 7.0));
		assert_eq!(Spread::of(vec![]), None);
	}

	#[test]
	fn rate_leaves_out_what_the_first_block_had_gathered() {
		assert_eq!(per_second(&[block(1.0, 900), block(4.0, 30), block(7.0, 60)]), Some(15.0));
		assert_eq!(per_second(&[block(1.0, 900)]), None);
		let whole = [(1.0, 0), (2.0, 9), (5.0, 60), (8.0, 60), (11.0, 3), (14.0, 0)];
		let whole = whole.map(|(at, sent)| block(at, sent));
		assert_eq!(per_second(&whole), Some(20.0));
		assert_eq!(per_second(&[]), None);
		assert_eq!(per_second(&[block(1.0, 1), block(1.0, 1)]), None);
	}

	#[test]
	fn report_is_printed_with_one_stretch_or_two() {
		let phase = || Phase {
			name: "steady",
			rate: 10.0,
			sent_per_s: 9.5,
			submitted: 100,
			accepted: 90,
			refused: BTreeMap::from([("full".into(), 10)]),
			included_best: 90,
			included_finalised: 90,
			failed: 0,
			lost: 0,
			extrinsics_per_s: None,
			inclusion_s: Spread::of(vec![1.0]),
			transfers_per_block: 30,
			fullest_block: Some(0.5),
			most_outstanding: 30,
			most_in_pool: None,
			rpc_ms: None,
			rpc_failures: 0,
		};
		for count in 1..=2 {
			let report = Report {
				chain: "dev".into(),
				mix: Mix::All.name(),
				accounts: 3,
				connections: 1,
				funded: 1,
				block_weight: 1,
				phases: (0..count).map(|_| phase()).collect(),
				recovery: Recovery {
					drained: false,
					drained_after_s: None,
					probe_s: None,
					recovered: false,
				},
				blocks: Vec::new(),
			};
			let shown = text(&report);
			assert!(shown.contains("10 × full"), "{shown}");
			assert!(shown.contains("DID NOT EMPTY"), "{shown}");
			assert_eq!(serde_json::to_value(&report).unwrap()["funded"], "1");
		}
	}
}
