//! Prints what lying, laziness and collusion return, and how far randomness can be biased, as one
//! JSON object. `docs/incentives.md` and `docs/randomness.md` say what it means.

use clap::Parser;
use openledger_simulations::{
	report::{plot, report},
	tables::tables,
};
use std::{error::Error, path::PathBuf};

/// Simulates the market under audits and prints one JSON object; the same seed prints the same.
#[derive(Parser)]
struct Arguments {
	/// What the simulation's chance is drawn from.
	#[arg(long, default_value_t = 1)]
	seed: u64,
	/// Where to write a chart, as SVG.
	#[arg(long, value_name = "FILE")]
	plot: Option<PathBuf>,
	/// Prints the documents' tables, as Markdown, in place of the object.
	#[arg(long)]
	tables: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
	let arguments = Arguments::parse();
	let report = report(arguments.seed);
	if let Some(file) = arguments.plot {
		std::fs::write(file, plot(&report))?;
	}
	if arguments.tables {
		println!("{}", tables(&report));
	} else {
		println!("{}", serde_json::to_string_pretty(&report)?);
	}
	Ok(())
}
