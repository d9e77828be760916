//! Asks a server of a tiny base, or of one that is named, many things over HTTP, and prints as JSON how
//! long clients waited and whether its memory came back to where it was.
//!
//!     cargo run --release -p openlora-http --example soak -- [REQUESTS] [BASE]
//!
//! Of the requests some stream, some leave in the middle, some follow a schema, and some make no sense.

use std::{
	error::Error,
	fs,
	path::Path,
	sync::Arc,
	time::{Duration, Instant},
};

use openlora::{
	Base, Isa, Module, PeftConfig, Team,
	serve::{Limits, Server},
	store::Store,
	testing,
};
use openlora_http::{Connections, Models, Service, bind, router, serve};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

type Failure = Box<dyn Error + Send + Sync>;

/// Clients at once while the memory is watched.
const CLIENTS: usize = 16;
/// Requests of each measurement of time, for each client.
const MEASURED: usize = 8;
/// Tokens of their answers.
const TOKENS: usize = 64;
/// Positions whose keys and values fit: kept prompts have filled them before the memory is measured.
const POSITIONS: usize = 8_192;

#[tokio::main]
async fn main() -> Result<(), Failure> {
	let mut arguments = std::env::args().skip(1);
	let requests: usize = arguments.next().map_or(Ok(10_000), |count| count.parse())?;
	let base = match arguments.next() {
		Some(path) => Base::load(Path::new(&path))?,
		None => testing::tiny_base(1),
	};
	let folder = tempfile::tempdir()?;
	let url = start(base, folder.path()).await?;
	let client = Client::new();
	// What is made once, grammars' tables and kept pages among it, is there before it is measured.
	ask_all(&client, &url, requests.div_ceil(10)).await?;
	let before = resident()?;
	let began = Instant::now();
	let counts = ask_all(&client, &url, requests).await?;
	let seconds = began.elapsed().as_secs_f64();
	tokio::time::sleep(Duration::from_secs(1)).await;
	let after = resident()?;
	let mut latency = Vec::new();
	for clients in [1, 4, 16] {
		latency.push(measure(&client, &url, clients).await?);
	}
	let report = json!({
		"requests": requests,
		"seconds": seconds,
		"answered": counts.0,
		"refused": counts.1,
		"resident_before_kib": before,
		"resident_after_kib": after,
		"latency": latency,
	});
	println!("{report:#}");
	Ok(())
}

/// Starts a server with an adapter and returns its address.
async fn start(base: Arc<Base>, folder: &Path) -> Result<String, Failure> {
	let team = Team::new(std::thread::available_parallelism()?.get(), Isa::best())?;
	let config = &base.config;
	// Keys and values of two bytes each.
	let position = 4 * config.layers * config.kv_heads * config.head_dim.next_multiple_of(16);
	let limits = Limits { cache_bytes: POSITIONS * position, ..Limits::default() };
	let server = Server::start(Arc::clone(&base), Arc::new(team), limits)?;
	let adapter = testing::random_adapter(&base.config, PeftConfig::new(4, 8.0, Module::ALL)?, 1);
	let store = Store::open(folder, &base.config, 1 << 30)?;
	let models = Models::new(base, "base".into(), store, 8)?;
	models.insert("first", &adapter)?;
	let service = Service {
		server: Arc::new(server),
		models: Arc::new(models),
		key: None,
		admin_key: None,
		answer_tokens: 32,
	};
	let listener = bind(([127, 0, 0, 1], 0).into())?;
	let url = format!("http://{}/v1/chat/completions", listener.local_addr()?);
	let shutdown = CancellationToken::new();
	tokio::spawn(serve(listener, router(service), Connections::default(), shutdown));
	Ok(url)
}

/// Asks so many requests of every kind; how many were answered, and refused.
async fn ask_all(client: &Client, url: &str, count: usize) -> Result<(usize, usize), Failure> {
	let mut tasks = JoinSet::new();
	for first in 0..CLIENTS {
		let (client, url) = (client.clone(), url.to_string());
		tasks.spawn(async move {
			let mut counts = (0, 0);
			for number in (first..count).step_by(CLIENTS) {
				match ask(&client, &url, number).await? {
					true => counts.0 += 1,
					false => counts.1 += 1,
				}
			}
			Ok::<_, Failure>(counts)
		});
	}
	let mut sum = (0, 0);
	while let Some(counts) = tasks.join_next().await {
		let (answered, refused) = counts??;
		sum = (sum.0 + answered, sum.1 + refused);
	}
	Ok(sum)
}

/// One request; whether it was answered.
async fn ask(client: &Client, url: &str, number: usize) -> Result<bool, Failure> {
	let model = if number % 2 == 0 { "base" } else { "first" };
	let mut body = question(model, &format!("request {number}"), 8);
	match number % 8 {
		1 | 2 => body["stream"] = true.into(),
		3 => body["guided_choice"] = json!([format!("yes{}", number % 1_000), "no"]),
		4 => {
			body["logprobs"] = true.into();
			body["n"] = 2.into();
		}
		5 => body["temperature"] = (-1).into(),
		6 => body["model"] = "none".into(),
		_ => {}
	}
	let mut response = client.post(url).body(body.to_string()).send().await?;
	let answered = response.status().is_success();
	if number % 8 == 2 {
		// Leaves after the first bytes.
		response.chunk().await?;
		return Ok(answered);
	}
	response.bytes().await?;
	Ok(answered)
}

fn question(model: &str, text: &str, tokens: usize) -> Value {
	let messages = json!([{ "role": "user", "content": text }]);
	json!({ "model": model, "messages": messages, "max_tokens": tokens })
}

/// Times to the first token and between tokens, with so many clients at once.
async fn measure(client: &Client, url: &str, clients: usize) -> Result<Value, Failure> {
	let mut tasks = JoinSet::new();
	for number in 0..clients {
		let (client, url) = (client.clone(), url.to_string());
		tasks.spawn(async move {
			let (mut first, mut between) = (Vec::new(), Vec::new());
			for turn in 0..MEASURED {
				let text = format!("What is number {number} in turn {turn}?");
				let mut body = question("first", &text, TOKENS);
				body["stream"] = true.into();
				// Every token has an event of its own then, also those that complete no character.
				body["logprobs"] = true.into();
				let began = Instant::now();
				let response = client.post(&url).body(body.to_string()).send().await?;
				let times = arrivals(response).await?;
				let Some(one) = times.first() else { continue };
				first.push(one.duration_since(began));
				between.extend(times.windows(2).map(|pair| pair[1].duration_since(pair[0])));
			}
			Ok::<_, Failure>((first, between))
		});
	}
	let (mut first, mut between) = (Vec::new(), Vec::new());
	while let Some(times) = tasks.join_next().await {
		let (one, other) = times??;
		first.extend(one);
		between.extend(other);
	}
	Ok(json!({
		"clients": clients,
		"first_token_ms": percentiles(&mut first),
		"between_tokens_ms": percentiles(&mut between),
	}))
}

/// When each event with text came.
async fn arrivals(mut response: Response) -> Result<Vec<Instant>, Failure> {
	let mut times = Vec::new();
	let mut rest = String::new();
	while let Some(bytes) = response.chunk().await? {
		rest.push_str(&String::from_utf8_lossy(&bytes));
		while let Some((line, after)) = rest.split_once('\n') {
			if line.contains("\"logprob\"") {
				times.push(Instant::now());
			}
			rest = after.to_string();
		}
	}
	Ok(times)
}

fn percentiles(times: &mut [Duration]) -> Value {
	times.sort_unstable();
	let at = |share: f64| {
		let index = (share * times.len() as f64) as usize;
		times.get(index.min(times.len().saturating_sub(1))).map(|time| time.as_secs_f64() * 1e3)
	};
	json!({ "p50": at(0.5), "p95": at(0.95), "count": times.len() })
}

/// Memory of this process, which the server is part of, in KiB.
fn resident() -> Result<u64, Failure> {
	let status = fs::read_to_string("/proc/self/status")?;
	let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
	let number = line.and_then(|line| line.split_whitespace().next()).ok_or("no VmRSS")?;
	Ok(number.parse()?)
}
