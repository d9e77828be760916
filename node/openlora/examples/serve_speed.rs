//! Measures serving on a real base and prints one JSON object: one stream, a long prompt, sixteen
//! requests on the base alone, sixteen with an adapter each, and how long 1, 4 and 16 clients at once wait
//! for tokens.
//!
//! `serve_speed BASE [--streams N] [--tokens N] [--rank N]`; `OPENLORA_THREADS` and `OPENLORA_ISA`
//! choose threads and instructions.

#[path = "shared/mod.rs"]
mod shared;

use std::{
	collections::BTreeMap,
	error::Error,
	path::PathBuf,
	sync::Arc,
	thread,
	time::{Duration, Instant},
};

use openlora::{
	Adapter, Base, Team,
	serve::{Answer, Event, Limits, Request, Server},
};
use serde_json::{Value, json};
use shared::{adapter, percentile, request};

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
	if tokens < 2 || streams == 0 {
		return Err("at least one stream, and two tokens: there is something between them".into());
	}
	Ok(Arguments { base: base.ok_or("usage: serve_speed BASE")?, streams, tokens, rank })
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
	// What came before the last one's first token does not count.
	for answer in &answers {
		while let Ok(Event::Token(_)) = answer.next_within(Duration::ZERO) {}
	}
	let (begun, mut tokens) = (Instant::now(), 0);
	for answer in answers {
		tokens += answer.finish()?.0.len();
	}
	Ok(tokens as f64 / begun.elapsed().as_secs_f64())
}

/// Times that the base and the adapters take turns.
const ROUNDS: usize = 5;
/// Requests of each client whose waiting counts.
const ASKED: usize = 4;

/// Milliseconds to a request's first token and between two of its tokens, for so many clients that ask
/// again as soon as they have their answer.
fn latency(
	server: &Server,
	base: &Base,
	clients: usize,
	tokens: usize,
) -> Result<Value, openlora::Error> {
	let of_client = |client: usize| {
		let (mut first, mut between) = (Vec::new(), Vec::new());
		for number in 0..ASKED {
			let seed = 1000 * clients + ASKED * client + number;
			let mut last = Instant::now();
			let answer = server.submit(request(base, None, seed, (PROMPT, tokens)))?;
			let mut so_far = 0;
			while let Some(event) = answer.next() {
				match event {
					Event::Token(_) => {
						let waited = last.elapsed().as_secs_f64() * 1e3;
						if so_far == 0 {
							first.push(waited)
						} else {
							between.push(waited)
						}
						(so_far, last) = (so_far + 1, Instant::now());
					}
					Event::Done(_) => break,
					Event::Failed(error) => return Err(error),
				}
			}
		}
		Ok((first, between))
	};
	let waited = thread::scope(|scope| {
		let of_client = &of_client;
		let clients: Vec<_> =
			(0..clients).map(|client| scope.spawn(move || of_client(client))).collect();
		let waited = clients.into_iter().map(|client| client.join().expect("no panic"));
		waited.collect::<Result<Vec<_>, openlora::Error>>()
	})?;
	let (first, between): (Vec<_>, Vec<_>) = waited.into_iter().unzip();
	let (mut first, mut between) = (first.concat(), between.concat());
	Ok(json!({
		"first_ms_p50": percentile(&mut first, 50),
		"first_ms_p95": percentile(&mut first, 95),
		"between_ms_p50": percentile(&mut between, 50),
		"between_ms_p95": percentile(&mut between, 95),
	}))
}

fn main() -> Result<(), Box<dyn Error>> {
	let Arguments { base, streams, tokens, rank } = arguments()?;
	let base = Base::load(&base)?;
	let team = Arc::new(Team::new(Team::shared()?.threads(), Team::shared()?.isa())?);
	let limits = Limits { running: streams, chunk: LONG, ..Limits::default() };
	let server = Server::start(Arc::clone(&base), Arc::clone(&team), limits)?;
	let adapters = (0..streams as u64).map(|seed| Ok(Arc::new(adapter(&base, rank, seed)?)));
	let adapters: Vec<Arc<Adapter>> = adapters.collect::<Result<_, Box<dyn Error>>>()?;
	let request = |seed: usize, max_tokens: usize| request(&base, None, seed, (PROMPT, max_tokens));

	// What comes first pays for pages of memory that are touched for the first time.
	server.submit(request(0, 8))?.finish()?;
	let one = decode(&server, vec![request(1, 2 * tokens)])?;
	let begun = Instant::now();
	server.submit(shared::request(&base, None, 2, (LONG, 1)))?.finish()?;
	let prefill = LONG as f64 / begun.elapsed().as_secs_f64();
	// A machine's speed drifts; what follows each other at once meets the same.
	let (mut alone, mut mixed, mut slowdowns) = (Vec::new(), Vec::new(), Vec::new());
	for round in 0..=ROUNDS {
		let seed = |number: usize| 100 + round * streams + number;
		let base_alone = (0..streams).map(|number| request(seed(number), tokens));
		let of_base = decode(&server, base_alone.collect())?;
		let adapted = adapters.iter().enumerate().map(|(number, adapter)| Request {
			adapters: vec![(Arc::clone(adapter).into(), 1.0)],
			..request(seed(number), tokens)
		});
		let of_all = decode(&server, adapted.collect())?;
		// The first round touches every adapter's memory for the first time.
		if round > 0 {
			alone.push(of_base);
			mixed.push(of_all);
			slowdowns.push(1.0 - of_all / of_base);
		}
	}
	let latency = [1, 4, 16]
		.map(|clients| Ok((clients.to_string(), latency(&server, &base, clients, tokens)?)))
		.into_iter()
		.collect::<Result<BTreeMap<_, _>, openlora::Error>>()?;
	println!(
		"{}",
		json!({
			"decode_tokens_per_s": one,
			"prefill_256_tokens_per_s": prefill,
			"streams": streams,
			"base_tokens_per_s": percentile(&mut alone, 50),
			"mixed_tokens_per_s": percentile(&mut mixed, 50),
			"mixed_slowdown": percentile(&mut slowdowns, 50),
			"mixed_slowdowns": slowdowns,
			"latency": latency,
			"rank": rank,
			"threads": team.threads(),
			"instructions": team.isa().name(),
		})
	);
	Ok(())
}
