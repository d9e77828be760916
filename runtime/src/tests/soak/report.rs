//! What a run counts, and how it tells.

use crate::RuntimeCall;
use frame_support::traits::GetCallMetadata;
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt::Write, time::Instant};

/// Our own pallets that have calls.
const OURS: [&str; 10] = [
	"Datanets",
	"Models",
	"Inference",
	"Attribution",
	"Audits",
	"Duplicates",
	"Receipts",
	"Rewards",
	"Voice",
	"Pauses",
];

/// Each of our calls has to be accepted this many times in as many extrinsics.
const LEAST: u32 = 10;
const IN: u32 = 10_000;

/// A pallet's name and a call's.
pub type Name = (&'static str, &'static str);

/// Whether this pallet is one of our own.
pub fn is_ours(pallet: &str) -> bool {
	OURS.contains(&pallet)
}

/// All calls of our own pallets.
pub fn ours() -> Vec<Name> {
	OURS.iter()
		.flat_map(|pallet| {
			RuntimeCall::get_call_names(pallet).iter().map(move |call| (*pallet, *call))
		})
		.collect()
}

/// Something that should always hold and did not.
struct Violation {
	block: u32,
	what: String,
	calls: Vec<String>,
}

/// What came of a run.
pub struct Report {
	seed: u64,
	/// How many calls were tried.
	pub extrinsics: u32,
	/// How many of them succeeded.
	pub accepted: u32,
	/// How many were refused, before or in their dispatch.
	pub refused: u32,
	/// Blocks, empty ones included.
	pub blocks: u32,
	calls: BTreeMap<Name, (u32, u32)>,
	refusals: BTreeMap<(Name, String), u32>,
	violations: Vec<Violation>,
	started: Instant,
}

impl Report {
	pub fn new(seed: u64) -> Self {
		Self {
			seed,
			extrinsics: 0,
			accepted: 0,
			refused: 0,
			blocks: 0,
			calls: BTreeMap::new(),
			refusals: BTreeMap::new(),
			violations: Vec::new(),
			started: Instant::now(),
		}
	}

	pub fn count(&mut self, call: &RuntimeCall, outcome: &Result<(), String>) {
		let metadata = call.get_call_metadata();
		let name = (metadata.pallet_name, metadata.function_name);
		let counts = self.calls.entry(name).or_default();
		self.extrinsics += 1;
		match outcome {
			Ok(()) => {
				self.accepted += 1;
				counts.0 += 1;
			}
			Err(reason) => {
				self.refused += 1;
				counts.1 += 1;
				*self.refusals.entry((name, reason.clone())).or_default() += 1;
			}
		}
	}

	pub fn violated(&mut self, block: u32, what: String, calls: Vec<String>) {
		self.violations.push(Violation { block, what, calls });
	}

	/// Whether everything held.
	pub fn is_sound(&self) -> bool {
		self.violations.is_empty()
	}

	/// How often this call was accepted.
	pub fn accepted_of(&self, name: Name) -> u32 {
		self.calls.get(&name).map_or(0, |counts| counts.0)
	}

	fn least_accepted(&self) -> (Name, u32) {
		ours()
			.into_iter()
			.map(|name| (name, self.accepted_of(name)))
			.min_by_key(|(_, count)| *count)
			.expect("we have calls")
	}

	/// The run in one object.
	pub fn json(&self) -> Value {
		let ((pallet, call), count) = self.least_accepted();
		json!({
			"seed": self.seed,
			"extrinsics": self.extrinsics,
			"accepted": self.accepted,
			"refused": self.refused,
			"violations": self.violations.len(),
			"least_accepted_call": { "name": format!("{pallet}.{call}"), "count": count },
			"blocks": self.blocks,
			"seconds": self.started.elapsed().as_secs(),
		})
	}

	/// What a run of this length has to reach and this one did not.
	pub fn shortfalls(&self) -> Vec<String> {
		let mut short = Vec::new();
		if self.accepted * 10 < self.extrinsics * 4 {
			short.push(format!("{} of {} were accepted", self.accepted, self.extrinsics));
		}
		for (pallet, call) in ours() {
			let count = self.accepted_of((pallet, call));
			if u64::from(count) * u64::from(IN) < u64::from(LEAST) * u64::from(self.extrinsics) {
				short.push(format!("{pallet}.{call} was accepted {count} times"));
			}
		}
		short
	}

	/// Every call with how often it was accepted, and refused for which reasons.
	pub fn table(&self) -> String {
		let mut table = String::from("accepted refused call: reasons\n");
		for (name, (accepted, refused)) in &self.calls {
			let mut reasons: Vec<_> =
				self.refusals.iter().filter(|((of, _), _)| of == name).collect();
			reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
			let reasons: Vec<String> =
				reasons.iter().map(|((_, reason), count)| format!("{reason} {count}")).collect();
			let (pallet, call) = name;
			let reasons = reasons.join(", ");
			let _ = writeln!(table, "{accepted:8} {refused:7} {pallet}.{call}: {reasons}");
		}
		table
	}

	/// Each violation with the calls of its block.
	pub fn violations(&self) -> String {
		let mut text = String::new();
		for violation in &self.violations {
			let Violation { block, what, calls } = violation;
			let _ = writeln!(text, "violation: seed {}, block {block}: {what}", self.seed);
			for call in calls {
				let _ = writeln!(text, "  {call}");
			}
		}
		text
	}
}
