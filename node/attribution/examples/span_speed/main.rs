//! How large a span index is, how long it takes to build and to search. Prints one JSON object.
//!
//! The records' tokens are indexed and searched for runs of tokens: half of them taken from the
//! records, half with one token replaced. With each query's count, they are written to the work
//! folder beside the tokens as infini-gram reads them, so that it can be asked the same.

mod peer;
mod queries;

use openledger_attribution::{
	format::Record,
	spans::{Builder, SpanIndex},
};
use openledger_primitives_core::Hash;
use openlora::Base;
use queries::Queries;
use serde_json::{Value, json};
use sp_io::hashing::blake2_256;
use std::{
	fs::File,
	io::{BufRead, BufReader},
	path::PathBuf,
	time::Instant,
};

const USAGE: &str = "usage: span_speed BASE RECORDS WORK [TOKENS] [QUERIES]

BASE     a GGUF file or Hugging Face folder, for its tokenizer
RECORDS  a file of records, one JSON object a line
WORK     a folder for the index and what infini-gram is given
TOKENS   the most tokens, default 10000000
QUERIES  of each kind, default 20000";

/// Tokens of the answers that longest matches are searched in.
const ANSWER: usize = 64;

type Failure = Box<dyn std::error::Error>;

struct Arguments {
	base: PathBuf,
	records: PathBuf,
	work: PathBuf,
	tokens: usize,
	queries: usize,
}

fn arguments() -> Option<Arguments> {
	let given: Vec<String> = std::env::args().skip(1).collect();
	let number = |at: usize, default: usize| match given.get(at) {
		Some(text) => text.parse().ok().filter(|number| *number > 0),
		None => Some(default),
	};
	Some(Arguments {
		base: given.first()?.into(),
		records: given.get(1)?.into(),
		work: given.get(2)?.into(),
		tokens: number(3, 10_000_000)?,
		queries: number(4, 20_000)?,
	})
}

fn main() -> Result<(), Failure> {
	let Some(arguments) = arguments() else {
		eprintln!("{USAGE}");
		std::process::exit(2);
	};
	println!("{}", measure(&arguments)?);
	Ok(())
}

fn measure(arguments: &Arguments) -> Result<Value, Failure> {
	let base = Base::load(&arguments.base)?;
	let vocabulary = u32::try_from(base.config.vocab)?;
	let records = tokens(&base, arguments)?;
	let count: usize = records.iter().map(Vec::len).sum();
	std::fs::create_dir_all(&arguments.work)?;

	let path = arguments.work.join("spans.index");
	let started = Instant::now();
	let mut builder = Builder::new(Hash(blake2_256(b"span_speed")), vocabulary)?;
	records.iter().try_for_each(|record| builder.push(record))?;
	let index = builder.save(&path)?;
	let build_s = started.elapsed().as_secs_f64();

	let started = Instant::now();
	SpanIndex::open(&path)?;
	let open_us = micros(started);
	let started = Instant::now();
	index.verify()?;
	let verify_s = started.elapsed().as_secs_f64();

	let mut queries = Queries::new(&records, vocabulary);
	let mut counts = Vec::with_capacity(arguments.queries);
	let mut count_us = Vec::with_capacity(arguments.queries);
	for _ in 0..arguments.queries {
		let query = queries.run(1, 16);
		let started = Instant::now();
		let found = index.count(&query);
		count_us.push(micros(started));
		counts.push((query, found));
	}
	let mut longest_us = Vec::with_capacity(arguments.queries);
	let mut longest_tokens = 0;
	for _ in 0..arguments.queries {
		let answer = queries.run(ANSWER, ANSWER);
		let started = Instant::now();
		longest_tokens += index.longest_match(&answer, 0).tokens;
		longest_us.push(micros(started));
	}
	peer::write(&arguments.work, &records, &counts)?;
	let found = counts.iter().filter(|(_, found)| *found > 0).count();
	Ok(json!({
		"tokens": count,
		"records": records.len(),
		"vocabulary": vocabulary,
		"build_s": build_s,
		"verify_s": verify_s,
		"open_us": open_us,
		"bytes": index.size(),
		"bytes_per_token": index.size() as f64 / count as f64,
		"queries": arguments.queries,
		"queries_found": found,
		"count_us": percentiles(count_us),
		"longest_match_us": percentiles(longest_us),
		"longest_match_tokens": longest_tokens as f64 / arguments.queries as f64,
	}))
}

/// The records' tokens, up to the most that are wanted.
fn tokens(base: &Base, arguments: &Arguments) -> Result<Vec<Vec<u32>>, Failure> {
	let mut records = Vec::new();
	let mut left = arguments.tokens;
	for line in BufReader::new(File::open(&arguments.records)?).lines() {
		let text = Record::parse(line?.as_bytes())?.text();
		let mut tokens = base.tokenizer.encode(&text, false)?;
		tokens.truncate(left);
		left -= tokens.len();
		records.push(tokens);
		if left == 0 {
			break;
		}
	}
	if records.iter().all(Vec::is_empty) {
		return Err("the records have no tokens".into());
	}
	Ok(records)
}

fn micros(started: Instant) -> f64 {
	started.elapsed().as_secs_f64() * 1e6
}

fn percentiles(mut samples: Vec<f64>) -> Value {
	samples.sort_by(f64::total_cmp);
	let at = |percent: usize| samples.get((samples.len() * percent / 100).min(samples.len() - 1));
	json!({ "p50": at(50), "p95": at(95), "p99": at(99) })
}
