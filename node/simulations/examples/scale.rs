//! Prints what a network of ten thousand operators does to the chain that it settles on, as a table
//! or as one JSON object. `docs/scale.md` says what it means.

use clap::Parser;
use openledger_simulations::scale::{
	costs::Costs,
	network::Network,
	report::{report, table},
};
use serde::Deserialize;
use std::{error::Error, path::PathBuf};

/// Simulates operators that settle by draws and prints one JSON object; the same seed prints the
/// same.
#[derive(Parser)]
struct Arguments {
	/// What the node's example `settlement` printed.
	costs: PathBuf,
	/// Answers a day, of all operators.
	#[arg(long, default_value_t = Network::default().answers)]
	answers: f64,
	/// Operators.
	#[arg(long, default_value_t = Network::default().operators)]
	operators: usize,
	/// Answers of a batch.
	#[arg(long, default_value_t = Network::default().batch)]
	batch: f64,
	/// Sessions of a batch.
	#[arg(long, default_value_t = Network::default().sessions)]
	sessions: u32,
	/// Draws of a batch.
	#[arg(long, default_value_t = Network::default().draws)]
	draws: u8,
	/// The part of drawn claims that is audited; zero is the chain as it is.
	#[arg(long, default_value_t = Network::default().audit_rate)]
	audit_rate: f64,
	/// Days.
	#[arg(long, default_value_t = Network::default().days)]
	days: u32,
	/// What everything is drawn from.
	#[arg(long, default_value_t = 1)]
	seed: u64,
	/// Prints a table, as Markdown, in place of the object.
	#[arg(long)]
	table: bool,
}

#[derive(Deserialize)]
struct Settlement {
	costs: Costs,
}

fn main() -> Result<(), Box<dyn Error>> {
	let arguments = Arguments::parse();
	let settlement: Settlement = serde_json::from_slice(&std::fs::read(&arguments.costs)?)?;
	let Arguments { answers, operators, batch, sessions, draws, audit_rate, days, seed, .. } =
		arguments;
	let network = Network {
		answers,
		operators,
		batch,
		sessions,
		draws,
		audit_rate,
		days,
		seed,
		..Network::default()
	};
	let report = report(&network, &settlement.costs);
	if arguments.table {
		print!("{}", table(&report));
	} else {
		println!("{}", serde_json::to_string_pretty(&report)?);
	}
	Ok(())
}
