//! The soak: random users make random calls of the whole runtime, and what always holds is checked
//! after every block. `docs/soak.md` says how to run it and how to read what it prints.

pub(super) mod alarms;
mod attribution;
mod audits;
mod batches;
mod books;
pub(super) mod checks;
mod claims;
mod datanets;
mod demands;
mod duplicates;
mod dust;
mod emergencies;
mod ending;
mod governance;
mod inference;
mod models;
mod money;
mod pools;
mod report;
mod rewards;
pub(super) mod run;
mod sessions;
mod shared;
mod staking;
mod truth;
mod users;
mod verifiers;
mod voice;
pub(super) mod world;

use run::{Maker, soak};

/// Runs that once broke something: seed and extrinsics. What they broke has a test of its own too,
/// since another call among those below makes another run of every seed.
const REGRESSIONS: &[(u64, u32)] = &[
	// A slashed pool's members lacked a few units, which `dust` tells apart from a violation.
	(8, 2_400),
];

/// What can be tried, and how often: pallet and call where the call is one of ours, and each of
/// those is tried more while it is behind.
pub(super) fn makers() -> Vec<(&'static str, &'static str, u32, Maker)> {
	[
		datanets::MAKERS,
		duplicates::MAKERS,
		models::MAKERS,
		inference::MAKERS,
		attribution::MAKERS,
		demands::MAKERS,
		verifiers::MAKERS,
		audits::MAKERS,
		sessions::MAKERS,
		batches::MAKERS,
		rewards::MAKERS,
		voice::MAKERS,
		money::MAKERS,
		shared::MAKERS,
		staking::MAKERS,
		pools::MAKERS,
		governance::MAKERS,
		emergencies::MAKERS,
	]
	.concat()
}

#[test]
fn runtime_stays_sound_under_random_calls() {
	let report = soak(1, 1_400);
	assert!(report.is_sound(), "{}", report.violations());
	assert!(report.accepted * 10 >= report.extrinsics * 4, "{}", report.json());
}

#[test]
fn runs_that_once_broke_something_are_sound() {
	for (seed, extrinsics) in REGRESSIONS {
		let report = soak(*seed, *extrinsics);
		assert!(report.is_sound(), "{}", report.violations());
	}
}

#[test]
fn run_is_repeated_by_its_seed() {
	let run = || {
		let report = soak(2, 120);
		(report.accepted, report.refused, report.blocks, report.table())
	};
	assert_eq!(run(), run());
}

#[test]
fn every_call_of_ours_has_a_maker() {
	for (pallet, call) in report::ours() {
		let known = makers().iter().any(|(of, name, ..)| (*of, *name) == (pallet, call));
		assert!(known, "nobody ever tries {pallet}.{call}");
	}
}

/// The long run, which `scripts/soak` starts: seed, length and the file for its report are given by
/// the environment.
#[test]
#[ignore = "takes minutes; scripts/soak runs it"]
fn soak_long() {
	let number = |name: &str, usual: u64| {
		std::env::var(name).map_or(usual, |text| text.parse().expect("a number"))
	};
	let seed = number("OPENLEDGER_SOAK_SEED", 1);
	let extrinsics = number("OPENLEDGER_SOAK_EXTRINSICS", 10_000) as u32;
	let report = soak(seed, extrinsics);
	eprintln!("{}", report.table());
	eprint!("{}", report.violations());
	let line = report.json();
	match std::env::var("OPENLEDGER_SOAK_REPORT") {
		Ok(file) => std::fs::write(file, format!("{line}\n")).expect("the report is written"),
		Err(_) => println!("{line}"),
	}
	assert!(report.is_sound(), "violations");
	let shortfalls = report.shortfalls();
	assert!(shortfalls.is_empty(), "{}", shortfalls.join("; "));
}
