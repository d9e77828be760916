//! What sketches cost beside the work that they are made of. Prints one JSON object.
//!
//! Of answers: the time that a worker takes for a sketch and for the gain once the answer is generated,
//! beside that of a prefill of the same tokens and of generating the answer; of the adapter as it was
//! trained, and with its numbers in half precision, by which an answer's pass is the sketch's. Of records:
//! tokens a second beside training on them. Times are medians, in milliseconds.

use openledger_attribution::{
	Generated,
	estimator::{self, Scored},
	features,
	format::Record,
	projection::Projection,
};
use openledger_primitives_core::{Hash, MAX_SKETCH};
use openlora::{
	Adapter, Base, Example, Finish, GenerateOptions, Sampling, Team, TrainOptions, generate,
	log_probs,
	serve::{Event, Limits, Request, Server},
	train,
};
use serde_json::{Value, json};
use std::{fs, ops::ControlFlow, path::Path, sync::Arc, time::Instant};

const USAGE: &str = "usage: sketch_cost BASE RECORDS...

BASE     a GGUF file or Hugging Face folder
RECORDS  files of records, a line of JSON each";

/// Tokens of an answer.
const ANSWER: usize = 64;
/// Tokens of prompts.
const PROMPTS: [usize; 2] = [32, 500];
const RUNS: usize = 15;
/// Records that are sketched and trained on.
const RECORDS: usize = 64;
/// The most tokens of a record.
const RECORD_TOKENS: usize = 128;

type Failure = Box<dyn std::error::Error>;

/// The median of some runs, in milliseconds.
fn median(mut run: impl FnMut() -> Result<(), Failure>) -> Result<f64, Failure> {
	let mut times = Vec::new();
	for _ in 0..RUNS {
		let begun = Instant::now();
		run()?;
		times.push(begun.elapsed().as_secs_f64() * 1e3);
	}
	times.sort_by(f64::total_cmp);
	Ok(times[RUNS / 2])
}

fn examples(base: &Base, files: &[String]) -> Result<Vec<Example>, Failure> {
	let mut found = Vec::new();
	for file in files {
		let lines = fs::read_to_string(file)?;
		// Some of each file.
		for line in lines.lines().take(RECORDS.div_ceil(files.len())) {
			match Record::parse(line.as_bytes())?.encode(base, RECORD_TOKENS) {
				Ok((tokens, answer_start)) => found.push(Example::new(tokens, answer_start)),
				Err(openledger_attribution::Error::Format(_)) => {}
				Err(error) => return Err(error.into()),
			}
		}
	}
	Ok(found)
}

/// What a worker has of an answer when it is over.
fn answered(
	server: &Server,
	request: &Request,
	first: Option<usize>,
) -> Result<Generated, Failure> {
	let mut request = request.clone();
	request.options.log_probs = first.is_none().then_some(0);
	let (answer, trail) = match first {
		Some(first) => {
			let (answer, trail) = server.submit_keeping(request, first)?;
			(answer, Some(trail))
		}
		None => (server.submit(request)?, None),
	};
	let mut found = Generated::default();
	while let Some(event) = answer.next() {
		match event {
			Event::Token(chosen) => {
				found.tokens.push(chosen.token);
				found.log_probs.extend(chosen.log_probs.map(|of| of.chosen));
			}
			Event::Done(Finish::Length) => break,
			Event::Done(_) => return Err("the answer ended before its time".into()),
			Event::Failed(error) => return Err(error.into()),
		}
	}
	found.trail = trail.and_then(|trail| trail.try_recv().ok());
	Ok(found)
}

/// What the answer to a prompt of so many tokens costs, and what is done with it after it was generated.
fn answer(
	base: &Arc<Base>,
	server: &Server,
	adapter: &Arc<Adapter>,
	tokens: &[u32],
	prompt: usize,
) -> Result<Value, Failure> {
	let projection = Projection::new(&Hash::zero(), MAX_SKETCH as usize, features::DIMENSION);
	let prompt: Vec<u32> = tokens.iter().copied().cycle().take(prompt).collect();
	let request = Request {
		prompt: prompt.clone(),
		adapters: vec![(adapter.clone().into(), 1.0)],
		options: GenerateOptions::new(ANSWER, Sampling::GREEDY, Vec::new()),
		payer: 0,
	};
	let first = adapter.is_half().then(|| estimator::first_layer(adapter));
	let plain = median(|| {
		let options = request.options.clone();
		let mut go_on = |_| ControlFlow::Continue(());
		generate(base, Some(adapter), &prompt, &options, &mut go_on).map(drop)?;
		Ok(())
	})?;
	let given = answered(server, &request, first)?.tokens;
	let whole = [&prompt[..], &given].concat();
	let last = whole.len() - 1;
	let prefill = median(|| {
		log_probs(base, Some(adapter), &whole, last)?;
		Ok(())
	})?;
	let mut trails = Vec::new();
	for _ in 0..RUNS {
		trails.push(answered(server, &request, first)?.trail);
	}
	let sketch = median(|| {
		let feature = match trails.pop().flatten() {
			Some(trail) => Scored::of_trail(base, adapter, trail, given.len())?.feature,
			None => {
				let (mut found, of) = (Vec::new(), [(&whole[..], prompt.len())]);
				estimator::compute(base, adapter, &of, |_, feature| {
					found = feature;
					Ok(())
				})?;
				found
			}
		};
		estimator::sketch(&projection, &feature)?;
		Ok(())
	})?;
	let gain = median(|| {
		log_probs(base, None, &whole, prompt.len())?;
		Ok(())
	})?;
	Ok(json!({
		"prompt": prompt.len(), "answer": given.len(), "trail": first.is_some(), "generation_ms": plain,
		"prefill_ms": prefill, "sketch_ms": sketch, "gain_ms": gain,
		"sketch_over_prefill": sketch / prefill, "share_of_generation": (sketch + gain) / plain,
	}))
}

fn main() -> Result<(), Failure> {
	let given: Vec<String> = std::env::args().skip(1).collect();
	let Some((base, files)) = given.split_first().filter(|(_, files)| !files.is_empty()) else {
		eprintln!("{USAGE}");
		std::process::exit(2);
	};
	let base = Base::load(Path::new(base))?;
	let server = Server::start(base.clone(), Team::shared()?.clone(), Limits::default())?;
	let examples = examples(&base, files)?;
	let tokens: usize = examples.iter().map(|example| example.tokens.len()).sum();

	let options = TrainOptions { epochs: 1, ..TrainOptions::default() };
	let begun = Instant::now();
	let adapter = train(&base, &examples, &options, &mut |_| ControlFlow::Continue(()))?;
	let training = begun.elapsed().as_secs_f64();

	let projection = Projection::new(&Hash::zero(), MAX_SKETCH as usize, features::DIMENSION);
	let sequences: Vec<(&[u32], usize)> =
		examples.iter().map(|example| (&example.tokens[..], example.answer_start)).collect();
	let begun = Instant::now();
	estimator::compute(&base, &adapter, &sequences, |at, feature| {
		estimator::leaf(&projection, &feature, at as u32).map(drop)
	})?;
	let building = begun.elapsed().as_secs_f64();

	let text: Vec<u32> = examples.iter().flat_map(|example| example.tokens.clone()).collect();
	let (half, adapter) = (Arc::new(adapter.to_half()?), Arc::new(adapter));
	let answers = |adapter| {
		let each = PROMPTS.iter().map(|prompt| answer(&base, &server, adapter, &text, *prompt));
		each.collect::<Result<Vec<_>, Failure>>()
	};
	let (answers, rounded) = (answers(&adapter)?, answers(&half)?);
	let largest = |of: &[Value]| {
		of.iter().filter_map(|of| of["sketch_over_prefill"].as_f64()).fold(0.0, f64::max)
	};
	println!(
		"{}",
		json!({
			"sketch_over_prefill": largest(&answers),
			"sketch_over_prefill_in_half_precision": largest(&rounded),
			"build_tokens_per_s": tokens as f64 / building,
			"build_over_training": training / building,
			"sketches": {
				"records": examples.len(), "tokens": tokens,
				"training_tokens_per_s": tokens as f64 / training,
				"answers": answers, "answers_in_half_precision": rounded,
			},
		})
	);
	Ok(())
}
