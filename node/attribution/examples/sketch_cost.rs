//! What sketches cost beside the work that they are made of. Prints one JSON object.
//!
//! Of answers: the time that a worker takes for a sketch and for the gain once the answer is generated,
//! beside that of a prefill of the same tokens and of generating the answer; from the answer's trail, and
//! of an answer that is read, as one is whose text is spelled in other tokens. Of records: tokens a second
//! beside training on them. Times are medians, in milliseconds. `processor` has the time of all
//! threads on a processor instead, which changes less with what else the machine does: the least of some
//! rounds' means, missing where the system doesn't tell.

use openledger_attribution::{
	estimator::{self, Scored},
	features,
	format::Record,
	projection::Projection,
};
use openledger_primitives_core::{Hash, MAX_SKETCH};
use openlora::{
	Adapter, Base, Example, Finish, GenerateOptions, Sampling, Team, Trail, TrainOptions, generate,
	log_probs,
	serve::{Limits, Request, Server},
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
/// Rounds of runs.
const ROUNDS: usize = 3;
/// Runs in each.
const RUNS: usize = 5;
/// Records that are sketched and trained on.
const RECORDS: usize = 64;
/// The most tokens of a record.
const RECORD_TOKENS: usize = 128;

type Failure = Box<dyn std::error::Error>;

/// What some runs took, in milliseconds.
struct Times {
	/// The median.
	median: f64,
	/// Of all threads on a processor: the least of the rounds' means.
	processor: Option<f64>,
}

/// Milliseconds that this process has been on a processor, as Linux counts it in hundredths of a second.
fn on_processor() -> Option<f64> {
	let status = fs::read_to_string("/proc/self/stat").ok()?;
	let (_, fields) = status.rsplit_once(") ")?;
	let ticks = fields.split(' ').skip(11).take(2).map(|field| field.parse::<u64>().ok());
	Some(ticks.sum::<Option<u64>>()? as f64 * 10.0)
}

/// Times runs with what `prepare` makes, which is not timed.
fn timed<P>(
	mut prepare: impl FnMut() -> Result<P, Failure>,
	mut run: impl FnMut(P) -> Result<(), Failure>,
) -> Result<Times, Failure> {
	let (mut times, mut least) = (Vec::new(), None);
	for _ in 0..ROUNDS {
		// The clock is coarse: what it adds to one run is missing from another.
		let mut processor = Some(0.0);
		for _ in 0..RUNS {
			let prepared = prepare()?;
			let (begun, before) = (Instant::now(), on_processor());
			run(prepared)?;
			times.push(begun.elapsed().as_secs_f64() * 1e3);
			let spent = on_processor().zip(before).map(|(after, before)| after - before);
			processor = processor.zip(spent).map(|(sum, spent)| sum + spent);
		}
		let mean = processor.map(|sum| sum / RUNS as f64);
		least = mean.map(|mean| least.map_or(mean, |least: f64| least.min(mean)));
	}
	times.sort_by(f64::total_cmp);
	Ok(Times { median: times[times.len() / 2], processor: least })
}

fn repeated(mut run: impl FnMut() -> Result<(), Failure>) -> Result<Times, Failure> {
	timed(|| Ok(()), |()| run())
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

/// An answer's tokens, and the trail that it leaves.
fn answered(
	server: &Server,
	request: &Request,
	first: usize,
) -> Result<(Vec<u32>, Trail), Failure> {
	let (answer, trail) = server.submit_keeping(request.clone(), first)?;
	match answer.finish()? {
		(tokens, Finish::Length) => {
			Ok((tokens, trail.try_recv().map_err(|_| "the answer left no trail")?))
		}
		_ => Err("the answer ended before its time".into()),
	}
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
	let generation = repeated(|| {
		let options = request.options.clone();
		let mut go_on = |_| ControlFlow::Continue(());
		generate(base, Some(adapter), &prompt, &options, &mut go_on).map(drop)?;
		Ok(())
	})?;
	let first = estimator::first_layer(adapter);
	let given = answered(server, &request, first)?.0;
	let whole = [&prompt[..], &given].concat();
	let last = whole.len() - 1;
	let prefill = repeated(|| {
		log_probs(base, Some(adapter), &whole, last)?;
		Ok(())
	})?;
	let sketch = timed(
		|| Ok(answered(server, &request, first)?.1),
		|trail| {
			let scored = Scored::of_trail(base, adapter, trail, given.len())?;
			estimator::sketch(&projection, &scored.feature)?;
			Ok(())
		},
	)?;
	let read = repeated(|| {
		let scored = Scored::read(base, adapter, &whole, prompt.len())?;
		estimator::sketch(&projection, &scored.feature)?;
		Ok(())
	})?;
	let gain = repeated(|| {
		log_probs(base, None, &whole, prompt.len())?;
		Ok(())
	})?;
	let all = [&generation, &prefill, &sketch, &read, &gain];
	let processor: Option<Vec<f64>> = all.iter().map(|times| times.processor).collect();
	let mut found = figures(&all.map(|times| times.median));
	found["prompt"] = json!(prompt.len());
	found["answer"] = json!(given.len());
	found["processor"] = json!(processor.map(|times| figures(&times)));
	Ok(found)
}

/// Times of generating, of a prefill, of the sketch from a trail, of reading for it, and of the gain.
fn figures(times: &[f64]) -> Value {
	let &[generation, prefill, sketch, read, gain] = times else { return Value::Null };
	json!({
		"generation_ms": generation, "prefill_ms": prefill, "sketch_ms": sketch,
		"sketch_read_ms": read, "gain_ms": gain,
		"sketch_over_prefill": sketch / prefill, "sketch_read_over_prefill": read / prefill,
		"share_of_generation": (sketch + gain) / generation,
	})
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
	let adapter = Arc::new(adapter);
	let answers = PROMPTS.iter().map(|prompt| answer(&base, &server, &adapter, &text, *prompt));
	let answers = answers.collect::<Result<Vec<_>, Failure>>()?;
	let largest = |name| answers.iter().filter_map(|of| of[name].as_f64()).fold(0.0, f64::max);
	println!(
		"{}",
		json!({
			"sketch_over_prefill": largest("sketch_over_prefill"),
			"sketch_read_over_prefill": largest("sketch_read_over_prefill"),
			"build_tokens_per_s": tokens as f64 / building,
			"build_over_training": training / building,
			"sketches": {
				"records": examples.len(), "tokens": tokens,
				"training_tokens_per_s": tokens as f64 / training,
				"answers": answers,
			},
		})
	);
	Ok(())
}
