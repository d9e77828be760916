//! Structured fuzzing of everything that reads a file from elsewhere: GGUF bases, GGUF adapters,
//! safetensors headers, Hugging Face configurations and PEFT configurations.
//!
//! Valid files are changed where their structure is: counts, lengths, offsets, types, strings, keys. A
//! reader may refuse what it gets; it may not panic, nor allocate beyond a small multiple of the file.
//! Every case follows from a seed and its number, so that one can be run again by itself.
//!
//! As a test it runs a few hundred cases of each kind. `scripts/fuzz` runs it for longer: see there for
//! what the environment variables mean.

mod bytes;
mod json;
mod memory;
mod targets;

use std::{
	panic::{AssertUnwindSafe, catch_unwind},
	time::{Duration, Instant},
};

use arbitrary::Unstructured;
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

use targets::{Outcome, Target};

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;

/// Names the one target that is wanted.
const TARGET: &str = "OPENLORA_FUZZ_TARGET";
/// Cases of each kind when nothing else is asked for.
const CASES: u64 = 300;
/// Bytes that decide what happens to one file.
const DECISIONS: usize = 2048;
/// The largest single allocation: so many times the file's size, and a constant for what does not depend
/// on it (compiled expressions, the tokenizer).
const MULTIPLE: usize = 16;
const CONSTANT: usize = 4 << 20;

fn number(name: &str) -> Option<u64> {
	std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text}")))
}

#[derive(Default)]
struct Counts {
	cases: u64,
	accepted: u64,
	largest: usize,
	slowest: Duration,
}

/// Runs one case; what is wrong with how it was taken.
fn run(target: &Target, seed: u64, case: u64, counts: &mut Counts) -> Result<(), String> {
	let mut rng = ChaCha8Rng::seed_from_u64(seed);
	rng.set_stream(case);
	let mut decisions = [0; DECISIONS];
	rng.fill_bytes(&mut decisions);
	let mut input = target.input(&mut Unstructured::new(&decisions));
	let start = Instant::now();
	memory::reset();
	let outcome = catch_unwind(AssertUnwindSafe(|| target.read(&mut input)));
	let (largest, peak) = memory::largest_and_peak();
	counts.cases += 1;
	counts.slowest = counts.slowest.max(start.elapsed());
	counts.largest = counts.largest.max(largest);
	let limit = MULTIPLE * input.len() + CONSTANT;
	if largest > limit || peak > 4 * limit {
		let len = input.len();
		return Err(format!("{largest} bytes at once, {peak} in all, for a file of {len}"));
	}
	match outcome {
		Ok(Outcome::Refused) => Ok(()),
		Ok(Outcome::Accepted) => {
			counts.accepted += 1;
			Ok(())
		}
		Ok(Outcome::Wrong(what)) => Err(what),
		Err(_) => Err("panicked".into()),
	}
}

/// The targets of a name, or all of them; those that there are, where none has the name.
fn chosen(name: Option<&str>) -> Result<Vec<Target>, String> {
	let all = Target::all();
	let names: Vec<_> = all.iter().map(Target::name).collect();
	match name {
		Some(name) if !names.contains(&name) => {
			Err(format!("there is no target {name}; there are: {}", names.join(", ")))
		}
		_ => Ok(all
			.into_iter()
			.filter(|target| name.is_none_or(|name| name == target.name()))
			.collect()),
	}
}

#[test]
fn readers_refuse_or_accept_every_file_when_its_structure_is_changed() {
	let seed = number("OPENLORA_FUZZ_SEED").unwrap_or(1);
	let seconds = number("OPENLORA_FUZZ_SECONDS").map(Duration::from_secs);
	let only = number("OPENLORA_FUZZ_CASE");
	let name = std::env::var(TARGET).ok();
	let targets = chosen(name.as_deref()).unwrap_or_else(|why| panic!("{TARGET}: {why}"));
	let share = targets.len() as u32;
	let mut failures = Vec::new();
	for target in &targets {
		assert!(target.takes_the_original(), "{} refuses a valid file", target.name());
		let mut counts = Counts::default();
		let start = Instant::now();
		let more = |case: u64| match (only, seconds) {
			(Some(_), _) => case == 0,
			(None, Some(all)) => start.elapsed() < all / share,
			(None, None) => case < CASES,
		};
		let mut case = 0;
		while more(case) && failures.len() < 20 {
			let number = only.unwrap_or(case);
			if let Err(what) = run(target, seed, number, &mut counts) {
				failures.push(format!("{} seed {seed} case {number}: {what}", target.name()));
			}
			case += 1;
		}
		println!(
			"{{\"target\": \"{}\", \"seed\": {seed}, \"cases\": {}, \"accepted\": {}, \
			 \"largest_allocation\": {}, \"slowest_ms\": {}}}",
			target.name(),
			counts.cases,
			counts.accepted,
			counts.largest,
			counts.slowest.as_millis()
		);
	}
	assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn unknown_target_is_refused_with_those_that_there_are() {
	// Other tests read the environment of this process.
	let run = std::process::Command::new(std::env::current_exe().unwrap())
		.args(["--exact", "readers_refuse_or_accept_every_file_when_its_structure_is_changed"])
		.env(TARGET, "gguf")
		.output()
		.unwrap();
	let (said, told) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
	assert!(!run.status.success(), "{said}{told}");
	let list = "no target gguf; there are: gguf-base, gguf-base-quantised";
	assert!(said.contains(list) || told.contains(list), "{said}{told}");
}
