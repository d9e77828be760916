//! Are the records that are put into a prompt those that answer it? Prints one JSON object.
//!
//! All records of the full corpora are looked through for two kinds of questions: held-out ones, which
//! share words with their records, and descriptions of published vulnerabilities, which were written by others.
//! Only every other question is asked: weights, layer and ridge were chosen on the rest.

#[path = "retrieval/corpus.rs"]
#[allow(dead_code)]
mod corpus;

use corpus::Corpus;
use openledger_attribution::{
	estimators::bm25::{Bm25, Index},
	format::Record,
	retrieval::{MOST, Options, Records, RetrievalIndex, build},
	runs::longest,
	scan::{self, Ask, Probe, Search, Wanted},
};
use openledger_primitives_core::{Hash, Sketch};
use openlora::Base;
use rayon::prelude::*;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sp_io::hashing::blake2_256;
use std::{fs, ops::ControlFlow, path::Path, time::Instant};

const USAGE: &str = "usage: prompted BASE CORPORA [DIMENSION]...

BASE       a GGUF file or Hugging Face folder
CORPORA    the folder that scripts/corpora --full wrote
DIMENSION  components of a sketch, default 2,048";

type Failure = Box<dyn std::error::Error>;

/// A question, and the position of the record that it is about.
struct Asked {
	question: String,
	source: usize,
}

#[derive(Deserialize)]
struct Observed {
	question: String,
	record: Place,
}

#[derive(Deserialize)]
struct Place {
	file: String,
	line: usize,
}

fn main() -> Result<(), Failure> {
	let given: Vec<String> = std::env::args().skip(1).collect();
	let [base, corpora, dimensions @ ..] = &given[..] else {
		eprintln!("{USAGE}");
		std::process::exit(2);
	};
	let mut dimensions: Vec<u16> =
		dimensions.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
	if dimensions.is_empty() {
		dimensions.push(2_048);
	}
	println!("{}", run(base.as_ref(), corpora.as_ref(), &dimensions)?);
	Ok(())
}

fn run(base: &Path, corpora: &Path, dimensions: &[u16]) -> Result<Value, Failure> {
	let base_hash = Hash(blake2_256(&fs::read(base)?));
	let base = Base::load(base)?;
	let corpus = Corpus::read(&["weaknesses", "topics"].map(|name| corpora.join(name)))?;
	let asked = [("held_out", held_out(&corpus)), ("observed", observed(&corpus, corpora)?)];
	let texts: Vec<String> = corpus
		.records
		.iter()
		.map(|(_, content)| Ok(Record::parse(content)?.text()))
		.collect::<Result<_, Failure>>()?;

	let records = Records {
		base: base_hash,
		manifest: Hash::zero(),
		snapshots: &corpus.snapshots,
		records: &corpus.records,
	};
	let mut indexes = Vec::new();
	let mut seconds = Vec::new();
	for dimension in dimensions {
		let started = Instant::now();
		let options = Options {
			seed: Hash(blake2_256(b"prompted")),
			dimension: *dimension,
			most: MOST as u8,
		};
		indexes.push(build(&base, &records, &options, &mut |progress| {
			if progress.done % 256 == 0 {
				eprintln!("{:?} {}/{}", progress.step, progress.done, progress.total);
			}
			ControlFlow::Continue(())
		})?);
		seconds.push(started.elapsed().as_secs_f64());
	}

	let mut tables = Map::new();
	for (kind, asked) in &asked {
		let mut table = Map::new();
		for index in &indexes {
			of_index(&base, index, &corpus, asked, &mut table)?;
		}
		let exact = Index::new(Bm25::default(), texts.iter().map(String::as_str));
		let ranks = asked.par_iter().map(|of| rank(&exact.scores(&of.question), of.source));
		table.insert("BM25".into(), figures(&ranks.collect::<Vec<_>>()));
		let tokens: Vec<Vec<u32>> = texts
			.iter()
			.map(|text| base.tokenizer.encode(text, false))
			.collect::<Result<_, _>>()?;
		let ranks = asked.par_iter().map(|of| {
			let words = base.tokenizer.encode(&of.question, false)?;
			let scores = tokens.iter().map(|text| longest(&words, text) as f64);
			Ok::<usize, openlora::Error>(rank(&scores.collect::<Vec<_>>(), of.source))
		});
		let ranks = ranks.collect::<Result<Vec<_>, _>>()?;
		table.insert("longest match".into(), figures(&ranks));
		tables.insert((*kind).into(), json!({ "questions": asked.len(), "ranked_by": table }));
	}
	Ok(json!({
		"records": corpus.records.len(),
		"asked": tables,
		"built": dimensions.iter().zip(&indexes).zip(&seconds).map(|((dimension, index), seconds)| {
			json!({
				"dimension": dimension,
				"seconds": seconds,
				"floor_ppm": index.file().header().floor_ppm,
				"lens_bytes": index.lens().to_bytes().len(),
			})
		}).collect::<Vec<_>>(),
	}))
}

/// Every other one.
fn half<T>(all: impl Iterator<Item = T>) -> Vec<T> {
	all.skip(1).step_by(2).collect()
}

fn held_out(corpus: &Corpus) -> Vec<Asked> {
	let all = corpus.held_out.iter().flatten();
	half(all.map(|of| Asked { question: of.question.clone(), source: of.source }))
}

fn observed(corpus: &Corpus, corpora: &Path) -> Result<Vec<Asked>, Failure> {
	let mut found = Vec::new();
	for line in fs::read_to_string(corpora.join("observed.jsonl"))?.lines() {
		let Observed { question, record } = serde_json::from_str(line)?;
		let source = corpus.position("weaknesses", &record.file, record.line);
		let source = source.ok_or("a description of a record that isn't there")?;
		found.push(Asked { question, source });
	}
	Ok(half(found.into_iter()))
}

/// How an index ranks, in all and by each half alone, and what its floor lets through.
fn of_index(
	base: &Base,
	index: &RetrievalIndex,
	corpus: &Corpus,
	asked: &[Asked],
	table: &mut Map<String, Value>,
) -> Result<(), Failure> {
	let (dimension, count) = (index.lens().dimension(), corpus.records.len());
	let questions: Vec<&str> = asked.iter().map(|of| of.question.as_str()).collect();
	let sketches = index.lens().questions(base, &questions)?;
	// Without its other half a question is scored by one alone.
	let part = |sketch: &Sketch, kept: std::ops::Range<usize>| -> Vec<i8> {
		let of = |(at, value): (usize, &i8)| if kept.contains(&at) { *value } else { 0 };
		sketch.iter().enumerate().map(of).collect()
	};
	let halves = [
		("both", 0..dimension),
		("dense half", 0..dimension / 2),
		("lexical half", dimension / 2..dimension),
	];
	for (name, kept) in halves {
		let probes = sketches
			.iter()
			.map(|sketch| Probe::new(&part(sketch, kept.clone())))
			.collect::<Result<Vec<_>, _>>()?;
		let ask = Ask { payer: None, wanted: Wanted::Any, count, search: Search::Exact };
		let found = scan::best_records(index.file(), &probes, ask)?;
		let ranks = asked.iter().zip(&found).map(|(of, found)| {
			let at = found.iter().position(|leaf| leaf.position as usize == of.source);
			at.unwrap_or(count)
		});
		table.insert(format!("{name}, {dimension}"), figures(&ranks.collect::<Vec<_>>()));
	}
	let (mut any, mut right) = (0usize, 0usize);
	for (sketch, of) in sketches.iter().zip(asked) {
		let found = index.find(sketch, None)?;
		any += usize::from(!found.is_empty());
		right += usize::from(found.iter().any(|leaf| leaf.position as usize == of.source));
	}
	let share = |count: usize| count as f64 / asked.len().max(1) as f64;
	let floor = json!({ "anything_found": share(any), "source_found": share(right) });
	table.insert(format!("above the floor, {dimension}"), floor);
	Ok(())
}

/// The place of a record by these scores; of equals, the earlier first.
fn rank(scores: &[f64], source: usize) -> usize {
	let own = scores[source];
	let before = |(at, score): (usize, &f64)| *score > own || *score == own && at < source;
	scores.iter().enumerate().filter(|of| before(*of)).count()
}

fn figures(ranks: &[usize]) -> Value {
	let share = |of: &dyn Fn(usize) -> f64| {
		ranks.iter().map(|rank| of(*rank)).sum::<f64>() / ranks.len().max(1) as f64
	};
	json!({
		"first": share(&|rank| f64::from(u8::from(rank == 0))),
		"among_five": share(&|rank| f64::from(u8::from(rank < 5))),
		"mean_reciprocal_rank": share(&|rank| 1.0 / (rank + 1) as f64),
	})
}
