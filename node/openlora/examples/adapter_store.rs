//! Measures a store of adapters on a real base and prints one JSON object: how long an adapter takes from
//! the disk into memory, what a budget for half of what is asked costs, and the memory that it all takes.
//!
//! `adapter_store BASE [--adapters N] [--requests N] [--rank N] [--budget N] [--folder PATH]`; the budget of
//! the last part is in adapters. `OPENLORA_THREADS` chooses the number of threads. Linux only: it reads
//! `/proc`.

#[path = "shared/mod.rs"]
mod shared;

use std::{
	error::Error,
	fs,
	io::Read,
	path::{Path, PathBuf},
	process::Command,
	sync::Arc,
	time::Instant,
};

use openlora::{
	Base, Team,
	serve::{Answer, Limits, Server},
	store::{Store, Stored},
};
use rand::{Rng, SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use shared::{adapter, percentile, request};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Tokens of a prompt and of an answer.
const TOKENS: usize = 64;
/// Requests under way at once.
const STREAMS: usize = 16;
/// Adapters read from a disk whose cache has been dropped.
const COLD: usize = 60;

struct Arguments {
	base: PathBuf,
	adapters: usize,
	requests: usize,
	rank: usize,
	budget: u64,
	folder: Option<PathBuf>,
}

fn arguments() -> Result<Arguments> {
	let mut found = Arguments {
		base: PathBuf::new(),
		adapters: 1000,
		requests: 256,
		rank: 8,
		budget: 100,
		folder: None,
	};
	let mut rest = std::env::args().skip(1);
	while let Some(argument) = rest.next() {
		let mut value = || rest.next().ok_or_else(|| format!("{argument} needs a value"));
		match argument.as_str() {
			"--adapters" => found.adapters = value()?.parse()?,
			"--requests" => found.requests = value()?.parse()?,
			"--rank" => found.rank = value()?.parse()?,
			"--budget" => found.budget = value()?.parse()?,
			"--folder" => found.folder = Some(value()?.into()),
			path => found.base = path.into(),
		}
	}
	if found.base.as_os_str().is_empty() {
		return Err("usage: adapter_store BASE".into());
	}
	Ok(found)
}

fn key(number: usize) -> [u8; 32] {
	let mut key = [0; 32];
	key[..8].copy_from_slice(&number.to_le_bytes());
	key
}

/// Drops a file from the page cache; GNU dd does that without any rights.
fn drop_from_cache(path: &Path) -> Result<()> {
	let input = format!("if={}", path.display());
	let done =
		Command::new("dd").args([&input, "iflag=nocache", "count=0", "status=none"]).status()?;
	if done.success() { Ok(()) } else { Err("dd could not drop a file from the page cache".into()) }
}

/// Milliseconds from a request that misses an adapter until it is in memory; and for reading such a file.
fn cold(
	base: &Arc<Base>,
	team: &Arc<Team>,
	folder: &Path,
	files: &[PathBuf],
	bytes: u64,
) -> Result<Value> {
	let store = Store::open(folder, &base.config, bytes)?;
	let server = Server::start(Arc::clone(base), Arc::clone(team), Limits::default())?;
	let (mut usable, mut first, mut reads) = (Vec::new(), Vec::new(), Vec::new());
	let mut buffer = vec![0; fs::metadata(&files[0])?.len() as usize];
	let mut read = |file: &Path| -> Result<f64> {
		drop_from_cache(file)?;
		let begun = Instant::now();
		fs::File::open(file)?.read_exact(&mut buffer)?;
		Ok(begun.elapsed().as_secs_f64() * 1e3)
	};
	for (number, file) in files.iter().enumerate() {
		// Whichever comes second might find more in the caches of what is below.
		let before_it = number % 2 == 0;
		if before_it {
			reads.push(read(file)?);
		}
		let stored = store.find(key(number))?.ok_or("an adapter is missing")?;
		drop_from_cache(file)?;
		// There is room for one: every adapter makes room for the next.
		let ask = || -> Result<f64> {
			let asked = request(base, Some(Arc::clone(&stored).into()), number, (1, 1));
			let begun = Instant::now();
			server.submit(asked)?.finish()?;
			Ok(begun.elapsed().as_secs_f64() * 1e3)
		};
		let waited = stored.usage().waited;
		first.push(ask()?);
		usable.push((stored.usage().waited - waited).as_secs_f64() * 1e3);
		if !before_it {
			reads.push(read(file)?);
		}
	}
	let over: Vec<f64> = usable.iter().zip(&reads).map(|(usable, read)| usable / read).collect();
	Ok(json!({
		"usable_ms": { "p50": percentile(&mut usable, 50), "p95": percentile(&mut usable, 95) },
		"read_ms": { "p50": percentile(&mut reads, 50), "p95": percentile(&mut reads, 95) },
		"first_token_ms": { "p50": percentile(&mut first, 50), "p95": percentile(&mut first, 95) },
		"p95_over_read_p95": percentile(&mut usable, 95) / percentile(&mut reads, 95),
		"median_of_ratios": percentile(&mut over.clone(), 50),
		"bytes": buffer.len(),
	}))
}

/// Numbers of adapters, number n as often as 1/n.
fn zipf(adapters: usize, requests: usize, seed: u64) -> Vec<usize> {
	let mut rng = ChaCha8Rng::seed_from_u64(seed);
	let mut order: Vec<usize> = (0..adapters).collect();
	order.shuffle(&mut rng);
	let sums: Vec<f64> = (1..=adapters)
		.scan(0.0, |sum, rank| {
			*sum += 1.0 / rank as f64;
			Some(*sum)
		})
		.collect();
	let all = sums.last().copied().unwrap_or(1.0);
	(0..requests)
		.map(|_| {
			let at = rng.random_range(0.0..all);
			order[sums.partition_point(|sum| *sum <= at).min(adapters - 1)]
		})
		.collect()
}

/// Runs requests, sixteen under way at a time: tokens a second, of prompts and answers.
fn crowd(
	base: &Arc<Base>,
	server: &Server,
	stored: &[Arc<Stored>],
	asked: &[usize],
) -> Result<f64> {
	let begun = Instant::now();
	let mut under_way = std::collections::VecDeque::<Answer>::new();
	for (number, adapter) in asked.iter().enumerate() {
		if under_way.len() == STREAMS
			&& let Some(first) = under_way.pop_front()
		{
			first.finish()?;
		}
		let served = Arc::clone(&stored[*adapter]).into();
		under_way.push_back(server.submit(request(
			base,
			Some(served),
			number,
			(TOKENS, TOKENS),
		))?);
	}
	for answer in under_way {
		answer.finish()?;
	}
	Ok((asked.len() * 2 * TOKENS) as f64 / begun.elapsed().as_secs_f64())
}

/// Bytes of memory of this process: anonymous ones, and of files.
fn resident() -> Result<(u64, u64)> {
	let status = fs::read_to_string("/proc/self/status")?;
	let of = |name: &str| -> Option<u64> {
		let line = status.lines().find(|line| line.starts_with(name))?;
		line.split_whitespace().nth(1)?.parse().ok()
	};
	let (anonymous, file) = (of("RssAnon:"), of("RssFile:"));
	Ok((anonymous.ok_or("no RssAnon")? << 10, file.ok_or("no RssFile")? << 10))
}

/// One server with a budget, after the requests.
fn serve(
	base: &Arc<Base>,
	team: &Arc<Team>,
	folder: &Path,
	budget: u64,
	arguments: &Arguments,
) -> Result<Value> {
	let limits = Limits { running: STREAMS, cache_bytes: 64 << 20, ..Limits::default() };
	let store = Store::open(folder, &base.config, budget)?;
	let server = Server::start(Arc::clone(base), Arc::clone(team), limits)?;
	let stored: Vec<Arc<Stored>> = (0..arguments.adapters)
		.map(|number| Ok(store.find(key(number))?.ok_or("an adapter is missing")?))
		.collect::<Result<_>>()?;
	let asked = zipf(arguments.adapters, arguments.requests, 7);
	// What is asked most is in memory before the time counts.
	crowd(base, &server, &stored, &zipf(arguments.adapters, arguments.requests / 2, 8))?;
	let before = store.totals().loads;
	let speed = crowd(base, &server, &stored, &asked)?;
	let (anonymous, file) = resident()?;
	Ok(json!({
		"tokens_per_s": speed,
		"loads": store.totals().loads - before,
		"resident_anonymous_mb": anonymous as f64 / 1e6,
		"resident_file_mb": file as f64 / 1e6,
		"key_value_budget_mb": limits.cache_bytes as f64 / 1e6,
		"adapter_budget_mb": budget as f64 / 1e6,
	}))
}

fn main() -> Result<()> {
	let arguments = arguments()?;
	let base = Base::load(&arguments.base)?;
	let team = Arc::clone(Team::shared()?);
	let temporary = tempfile::tempdir()?;
	let folder = arguments.folder.as_deref().unwrap_or(temporary.path());
	let (bytes, files) = {
		let store = Store::open(folder, &base.config, u64::MAX)?;
		let adapter = adapter(&base, arguments.rank, 1)?;
		let bytes = store.add(key(0), &adapter)?.usage().bytes;
		let path = |number: usize| store.path_of(&key(number));
		// The same numbers under many keys: what matters is that they lie in files of their own.
		for number in 1..arguments.adapters.max(COLD) {
			if !path(number).exists() {
				fs::copy(path(0), path(number))?;
			}
		}
		(bytes, (0..COLD).map(path).collect::<Vec<_>>())
	};
	// Pages are dropped from the cache only once they are on the disk.
	for file in &files {
		fs::File::open(file)?.sync_all()?;
	}
	let cold = cold(&base, &team, folder, &files, bytes)?;
	// The smaller budgets first: memory that the allocator keeps would count for the others.
	let resident = serve(&base, &team, folder, bytes * arguments.budget, &arguments)?;
	let mut distinct = zipf(arguments.adapters, arguments.requests, 7);
	distinct.sort_unstable();
	distinct.dedup();
	let working_set = distinct.len() as u64;
	let half =
		serve(&base, &team, folder, bytes * (working_set / 2).max(STREAMS as u64), &arguments)?;
	let whole = serve(&base, &team, folder, bytes * arguments.adapters as u64, &arguments)?;
	let speed = |of: &Value| of["tokens_per_s"].as_f64().unwrap_or(f64::NAN);
	println!(
		"{}",
		json!({
			"cold": cold,
			"adapter_bytes": bytes,
			"adapters": arguments.adapters,
			"working_set": working_set,
			"requests": arguments.requests,
			"half": half,
			"whole": whole,
			"overflow_throughput_ratio": speed(&half) / speed(&whole),
			"budget": arguments.budget,
			"resident": resident,
			"threads": team.threads(),
			"instructions": team.isa().name(),
		})
	);
	Ok(())
}
