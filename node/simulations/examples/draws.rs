//! Prints how far contributors' pay is from what it should be where draws decide, as one JSON
//! object. `docs/batches.md` says what it means.

use clap::Parser;
use openledger_simulations::settling::report::{plot, report, tables};
use std::{error::Error, path::PathBuf};

/// Settles batches of made-up answers by the chain's own draws and prints one JSON object; the same
/// seed prints the same.
#[derive(Parser)]
struct Arguments {
	/// What answers and draws are made from.
	#[arg(long, default_value_t = 1)]
	seed: u64,
	/// How many times one contributor's error is taken, each for other answers.
	#[arg(long, default_value_t = 101)]
	seeds: u64,
	/// Where to write a chart, as SVG.
	#[arg(long, value_name = "FILE")]
	plot: Option<PathBuf>,
	/// Prints the document's tables, as Markdown, in place of the object.
	#[arg(long)]
	tables: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
	let arguments = Arguments::parse();
	let report = report(arguments.seed, arguments.seeds);
	if let Some(file) = arguments.plot {
		std::fs::write(file, plot(&report))?;
	}
	if arguments.tables {
		print!("{}", tables(&report));
	} else {
		println!("{}", serde_json::to_string_pretty(&report)?);
	}
	Ok(())
}
