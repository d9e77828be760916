//! Measures serving on a real base and prints one JSON object: one stream, a long prompt, sixteen
//! requests on the base alone, and sixteen with an adapter each.
//!
//! `serve_speed BASE [--streams N] [--tokens N] [--rank N]`; `OPENLORA_THREADS` and `OPENLORA_ISA`
//! choose threads and instructions.

use std::{error::Error, path::PathBuf, sync::Arc, time::Instant};

use candle_core::{Device, Tensor};
use openlora::{
	Adapter, AdapterWeights, Base, GenerateOptions, Lora, Module, PeftConfig, Sampling, Team,
	serve::{Answer, Event, Limits, Request, Server},
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

/// Tokens of the prompt of each stream.
const PROMPT: usize = 32;
/// Tokens of the long prompt.
const LONG: usize = 256;

struct Arguments {
	base: PathBuf,
	streams: usize,
	tokens: usize,
	rank: usize,
}

fn arguments() -> Result<Arguments, Box<dyn Error>> {
	let (mut base, mut streams, mut tokens, mut rank) = (None, 16, 64, 8);
	let mut rest = std::env::args().skip(1);
	while let Some(argument) = rest.next() {
		let mut number =
			|| rest.next().ok_or("a number is missing")?.parse().map_err(Box::<dyn Error>::from);
		match argument.as_str() {
			"--streams" => streams = number()?,
			"--tokens" => tokens = number()?,
			"--rank" => rank = number()?,
			path => base = Some(PathBuf::from(path)),
		}
	}
	Ok(Arguments { base: base.ok_or("usage: serve_speed BASE")?, streams, tokens, rank })
}

/// An adapter on every projection; which values it has makes no difference to the time.
fn adapter(base: &Base, rank: usize, seed: u64) -> Result<Adapter, Box<dyn Error>> {
	let config = PeftConfig::new(rank, 2.0 * rank as f64, Module::ALL)?;
	let mut weights = AdapterWeights::new(base.config.layers, 1.0);
	let mut rng = ChaCha8Rng::seed_from_u64(seed);
	for layer in 0..base.config.layers {
		for module in Module::ALL {
			let (inputs, outputs) = base.config.dimensions(module);
			let mut matrix = |rows: usize, columns: usize| {
				let values = (0..rows * columns).map(|_| rng.random_range(-0.01..0.01)).collect();
				Tensor::from_vec::<_, f32>(values, (rows, columns), &Device::Cpu)
			};
			weights.insert(
				layer,
				module,
				Lora { a: matrix(rank, inputs)?, b: matrix(outputs, rank)? },
			);
		}
	}
	Ok(Adapter::new(config, weights)?)
}

fn request(base: &Base, length: usize, seed: usize, max_tokens: usize) -> Request {
	let vocab = base.config.vocab;
	let prompt = (0..length).map(|i| ((i * 7919 + seed * 104_729 + 11) % vocab) as u32).collect();
	let options = GenerateOptions::new(max_tokens, Sampling::GREEDY, Vec::new());
	Request { prompt, adapters: Vec::new(), options, payer: seed as u64 }
}

/// Tokens per second that all streams together decode, from when the last has its first on.
fn decode(server: &Server, requests: Vec<Request>) -> Result<f64, Box<dyn Error>> {
	let answers: Vec<Answer> =
		requests.into_iter().map(|one| server.submit(one)).collect::<Result<_, _>>()?;
	for answer in &answers {
		if let Some(Event::Failed(error)) = answer.next() {
			return Err(error.into());
		}
	}
	let (begun, before) = (Instant::now(), server.load().tokens);
	for answer in answers {
		answer.finish()?;
	}
	Ok((server.load().tokens - before) as f64 / begun.elapsed().as_secs_f64())
}

fn main() -> Result<(), Box<dyn Error>> {
	let Arguments { base, streams, tokens, rank } = arguments()?;
	let base = Base::load(&base)?;
	let team = Arc::new(Team::new(Team::shared()?.threads(), Team::shared()?.isa())?);
	let limits = Limits { running: streams, chunk: LONG, ..Limits::default() };
	let server = Server::start(Arc::clone(&base), Arc::clone(&team), limits)?;
	let adapters = (0..streams as u64).map(|seed| Ok(Arc::new(adapter(&base, rank, seed)?)));
	let adapters: Vec<Arc<Adapter>> = adapters.collect::<Result<_, Box<dyn Error>>>()?;
	let request = |seed: usize, max_tokens: usize| request(&base, PROMPT, seed, max_tokens);

	// What comes first pays for pages of memory that are touched for the first time.
	server.submit(request(0, 8))?.finish()?;
	let one = decode(&server, vec![request(1, 2 * tokens)])?;
	let begun = Instant::now();
	server.submit(self::request(&base, LONG, 2, 1))?.finish()?;
	let prefill = LONG as f64 / begun.elapsed().as_secs_f64();
	let alone = decode(&server, (0..streams).map(|seed| request(100 + seed, tokens)).collect())?;
	let mixed = |first: usize| {
		let requests = adapters.iter().enumerate().map(|(number, adapter)| Request {
			adapters: vec![(Arc::clone(adapter).into(), 1.0)],
			..request(first + number, tokens)
		});
		decode(&server, requests.collect())
	};
	mixed(300)?;
	let mixed = mixed(200)?;
	println!(
		"{}",
		json!({
			"decode_tokens_per_s": one,
			"prefill_256_tokens_per_s": prefill,
			"streams": streams,
			"base_tokens_per_s": alone,
			"mixed_tokens_per_s": mixed,
			"mixed_slowdown": 1.0 - mixed / alone,
			"rank": rank,
			"threads": team.threads(),
			"instructions": team.isa().name(),
		})
	);
	Ok(())
}
