//! Structured fuzzing of our pallets' calls, on chains that users have lived on for a while.
//!
//! Valid calls are changed where their structure is, by the types that the metadata tell: numbers,
//! lengths, orders, doubles, parts of other calls. They are made by whoever it is, and taken back. A call
//! may be refused; it may not panic, change anything when it is refused, make money, weigh more than it
//! says, or break what always holds, then or in the blocks that follow. Every case follows from a seed
//! and its number.
//!
//! `scripts/fuzz` runs it for longer: see there for what the environment variables mean.

mod case;
mod change;
mod order;
mod stage;
mod value;

use super::soak::alarms;
use case::Outcome;
use stage::Stage;
use std::time::{Duration, Instant};

/// The pallets whose calls are tried.
const TARGETS: [&str; 10] = [
	"Audits",
	"Receipts",
	"Inference",
	"Attribution",
	"Duplicates",
	"Models",
	"Datanets",
	"Rewards",
	"Voice",
	"Pauses",
];
/// Cases of each when nothing else is asked for.
const CASES: u64 = 150;
/// How many of those are on one chain.
const EACH: u64 = 30;
/// Cases on one chain of a long run.
const ON_ONE: u64 = 4_000;

fn number(name: &str) -> Option<u64> {
	std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text}")))
}

#[derive(Default)]
struct Counts {
	cases: u64,
	accepted: u64,
	refused: u64,
	no_call: u64,
	slowest: Duration,
}

/// Runs cases of each of these targets while there are more; what did not hold.
fn fuzz(targets: &[&str], seed: u64, more: impl Fn(u64, Instant) -> Option<u64>) -> Vec<String> {
	let _ear = alarms::listen();
	let types = stage::types();
	let mut stages: Option<(u64, Stage)> = None;
	let mut failures = Vec::new();
	for target in targets {
		let mut counts = Counts::default();
		let mut start = Instant::now();
		let mut turn = 0;
		while let Some(case) = more(turn, start) {
			let wanted = case / ON_ONE;
			if stages.as_ref().is_none_or(|(number, _)| *number != wanted) {
				let built = Instant::now();
				stages = Some((wanted, Stage::new(seed, wanted, &types)));
				// The time is for the cases.
				start += built.elapsed();
			}
			let Some((_, stage)) = &mut stages else { break };
			let began = Instant::now();
			let outcome = case::run(stage, target, seed, case);
			counts.slowest = counts.slowest.max(began.elapsed());
			counts.cases += 1;
			match outcome {
				Outcome::NoCall => counts.no_call += 1,
				Outcome::Refused => counts.refused += 1,
				Outcome::Accepted => counts.accepted += 1,
				Outcome::Wrong(what) => {
					let name = target.to_lowercase();
					failures.push(format!("{name} seed {seed} case {case}: {what}"));
					// A panic leaves the state as it was in the middle of a call.
					stages = None;
					if failures.len() >= 10 {
						return failures;
					}
				}
			}
			turn += 1;
		}
		let Counts { cases, accepted, refused, no_call, slowest } = counts;
		println!(
			"{{\"target\": \"{}\", \"seed\": {seed}, \"cases\": {cases}, \"accepted\": {accepted}, \
			 \"refused\": {refused}, \"no_call\": {no_call}, \"slowest_ms\": {}}}",
			target.to_lowercase(),
			slowest.as_millis()
		);
		if accepted == 0 && cases >= CASES {
			failures.push(format!("{target}: nothing was accepted, so nothing was reached"));
		}
	}
	failures
}

#[test]
fn calls_are_refused_whole_or_accepted_when_their_structure_is_changed() {
	// A few of each on several chains: no chain has something of every pallet's.
	let case = |turn| turn / EACH * ON_ONE + turn % EACH;
	let failures = fuzz(&TARGETS, 1, |turn, _| (turn < CASES).then(|| case(turn)));
	assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The long run, which `scripts/fuzz` starts.
#[test]
#[ignore = "takes minutes; scripts/fuzz runs it"]
fn fuzz_long() {
	let seed = number("OPENLEDGER_FUZZ_SEED").unwrap_or(1);
	let only = number("OPENLEDGER_FUZZ_CASE");
	let chosen = std::env::var("OPENLEDGER_FUZZ_TARGET").ok();
	let wanted = |target: &&str| chosen.as_ref().is_none_or(|name| *name == target.to_lowercase());
	let targets: Vec<&str> = TARGETS.into_iter().filter(wanted).collect();
	assert!(!targets.is_empty(), "there is no such target: {TARGETS:?}");
	let seconds = number("OPENLEDGER_FUZZ_SECONDS").unwrap_or(60);
	let share = Duration::from_secs(seconds) / targets.len() as u32;
	let failures = fuzz(&targets, seed, |turn, start| match only {
		Some(case) => (turn == 0).then_some(case),
		None => (Instant::now() < start + share).then_some(turn),
	});
	assert!(failures.is_empty(), "{}", failures.join("\n"));
}
