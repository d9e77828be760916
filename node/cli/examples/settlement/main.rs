//! What settling a batch of answers costs the chain, as one JSON object.
//!
//! Everything is the runtime's own: blocks are initialised, filled with signed transactions and
//! finalised by its native build over state in memory, and the call that verifies a claim is timed
//! in its WASM. Claims come from an attribution index by the function that workers make them with,
//! receipts lie in the trees that payers sign, and what a draw is shown with is a real proof.
//! `docs/benchmarks.md` says what the figures are.

mod blocks;
mod books;
mod costs;
mod index;
mod settle;
mod settled;
mod stage;
mod wasm;

use clap::Parser;
use serde_json::{Value, json};
use std::path::PathBuf;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Settles batches of answers on the runtime and prints what they cost it.
#[derive(Parser)]
struct Arguments {
	/// The runtime's WASM; without it the one that was built along.
	#[arg(long, value_name = "FILE")]
	wasm: Option<PathBuf>,
	/// Leaves of the index that claims are made from.
	#[arg(long, default_value_t = 1 << 20)]
	leaves: u32,
	/// Answers of the smaller batch of which weights are compared, and of the larger.
	#[arg(long, num_args = 2, default_values_t = [1_000, 1_000_000])]
	compare: Vec<u32>,
	/// Answers of a batch of which blocks are filled.
	#[arg(long, default_value_t = 10_000)]
	answers: u32,
	/// Answers of the batches after which state is counted.
	#[arg(long, default_value_t = 100_000)]
	settled: u32,
	/// Sessions of each batch.
	#[arg(long, default_value_t = 16)]
	sessions: u32,
	/// Verifiers that there are.
	#[arg(long, default_value_t = 256)]
	verifiers: u32,
	/// The part of drawn receipts that is audited, of which `answers_per_block_audited` speaks.
	#[arg(long, default_value_t = 0.1)]
	audit_rate: f64,
	/// How many times the claim is verified.
	#[arg(long, default_value_t = 200)]
	repeat: usize,
}

fn main() -> Result<(), Failure> {
	let arguments = Arguments::parse();
	println!("{}", serde_json::to_string_pretty(&measure(&arguments)?)?);
	Ok(())
}

fn measure(arguments: &Arguments) -> Result<Value, Failure> {
	let code = match &arguments.wasm {
		Some(file) => std::fs::read(file)?,
		None => openledger_runtime::WASM_BINARY
			.ok_or("the runtime was built without its WASM: name one with --wasm")?
			.to_vec(),
	};
	let folder = tempfile::tempdir()?;
	let ground = index::Ground::new(&folder.path().join("index"), arguments.leaves)?;
	let setting = settle::Setting {
		code: &code,
		genesis: blocks::genesis(&code)?,
		ground: &ground,
		sessions: arguments.sessions,
		verifiers: arguments.verifiers,
	};
	let batch = |answers: u32| setting.settle(&[answers]);

	let filling = setting.settled_once(arguments.answers, arguments.repeat)?;
	let [small, large] = arguments.compare[..] else { return Err("compare takes two".into()) };
	let (small, large) = (batch(small)?, batch(large)?);
	let state = setting.settle(&[arguments.settled, arguments.settled])?;
	let left = |at: usize| state.batches[at].bytes_left() as f64 / f64::from(arguments.settled);
	let filled = |batch: &settled::Settled| costs::fill(batch, filling.life.empty_ps);
	let fill = filled(&filling.life.batches[0]);
	let audited = filled(&costs::audited(&filling.life.batches[0], arguments.audit_rate));
	let answers = |batches: f64| batches * f64::from(arguments.answers);
	Ok(json!({
		"claim_ms": filling.verifying.median_ms,
		"proof_kib": ground.proof_bytes() as f64 / 1024.0,
		"weight_million_over_thousand":
			large.batches[0].weight_ps() as f64 / small.batches[0].weight_ps() as f64,
		"length_million_over_thousand":
			large.batches[0].bytes() as f64 / small.batches[0].bytes() as f64,
		"answers_per_block": answers(fill.batches),
		"answers_per_block_with_idle_time": answers(fill.batches_with_idle),
		"answers_per_block_audited": answers(audited.batches_with_idle),
		"state_bytes_per_answer": left(0),
		"state_bytes_per_answer_next": left(1),
		"claim": {
			"leaves": arguments.leaves,
			"credits": index::CREDITS,
			"components": index::DIMENSION,
			"encoded_bytes": ground.claim_bytes(),
			"proof_bytes": ground.proof_bytes(),
			"transaction_bytes": filling.transaction_bytes,
			"verifying": filling.verifying,
		},
		"fill": fill,
		"fill_audited": audited,
		"batch": filling.life.batches[0],
		"compared": [small.batches[0], large.batches[0]],
		"state": state.batches,
		"sessions": arguments.sessions,
		"verifiers": arguments.verifiers,
		"costs": costs::all(&filling.life),
	}))
}
