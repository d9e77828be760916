//! Answers one question with a base and, optionally, an adapter, and prints what it took as JSON.
//!
//! `decode BASE [ADAPTER_FOLDER] [--prompt TEXT] [--tokens N] [--threads N] [--ignore-stop]`

use std::{error::Error, ops::ControlFlow, path::PathBuf, time::Instant};

use openlora::{Adapter, Base, Finish, GenerateOptions, Message, Team, generate};
use serde_json::json;

struct Arguments {
	base: PathBuf,
	adapter: Option<PathBuf>,
	prompt: String,
	tokens: usize,
	/// One for each core where there is none.
	threads: Option<String>,
	ignore_stop: bool,
}

fn arguments() -> Result<Arguments, Box<dyn Error>> {
	let mut paths = Vec::new();
	let mut prompt = "Why is the sky blue? Explain it in detail.".to_string();
	let (mut tokens, mut threads, mut ignore_stop) = (128, None, false);
	let mut rest = std::env::args().skip(1);
	while let Some(argument) = rest.next() {
		match argument.as_str() {
			"--prompt" => prompt = rest.next().ok_or("--prompt needs a text")?,
			"--tokens" => tokens = rest.next().ok_or("--tokens needs a number")?.parse()?,
			"--threads" => threads = Some(rest.next().ok_or("--threads needs a number")?),
			"--ignore-stop" => ignore_stop = true,
			other if other.starts_with("--") => {
				return Err(format!("unknown option {other}").into());
			}
			path => paths.push(PathBuf::from(path)),
		}
	}
	let mut paths = paths.into_iter();
	let base = paths.next().ok_or("usage: decode BASE [ADAPTER_FOLDER] [--prompt TEXT]")?;
	Ok(Arguments { base, adapter: paths.next(), prompt, tokens, threads, ignore_stop })
}

/// A field of `/proc/self/status` in MiB; none where there is no such file.
fn memory(field: &str) -> Option<f64> {
	let status = std::fs::read_to_string("/proc/self/status").ok()?;
	let line = status.lines().find_map(|line| line.strip_prefix(field))?;
	let kib: f64 = line.trim_start_matches(':').trim().strip_suffix("kB")?.trim().parse().ok()?;
	Some(kib / 1024.0)
}

fn main() -> Result<(), Box<dyn Error>> {
	let arguments = arguments()?;
	if let Some(threads) = &arguments.threads {
		// SAFETY: no other thread has been started yet.
		unsafe { std::env::set_var("OPENLORA_THREADS", threads) };
	}
	let started = Instant::now();
	let base = Base::load(&arguments.base)?;
	let load_seconds = started.elapsed().as_secs_f64();
	let resident_after_load = memory("VmRSS");
	let adapter = arguments.adapter.as_deref().map(Adapter::load_dir).transpose()?;

	let text = base.render_chat(&[Message::new("user", &arguments.prompt)], true)?;
	let prompt = base.tokenizer.encode(&text, false)?;
	let mut options = GenerateOptions::greedy(&base, arguments.tokens);
	if arguments.ignore_stop {
		options.stop_tokens.clear();
	}
	let started = Instant::now();
	let mut first = None;
	let answer = generate(&base, adapter.as_ref(), &prompt, &options, &mut |_| {
		first.get_or_insert_with(|| started.elapsed().as_secs_f64());
		ControlFlow::Continue(())
	})?;
	let total = started.elapsed().as_secs_f64();
	let prefill = first.unwrap_or(total);
	// The first token comes out of the prompt's pass.
	let decoded = answer.tokens.len().saturating_sub(1);
	println!(
		"{}",
		json!({
			"answer": base.tokenizer.decode(&answer.tokens)?,
			"finish": match answer.finish {
				Finish::Stop => "stop",
				Finish::Length => "length",
				Finish::Cancelled => "cancelled",
			},
			"prompt_ids": prompt,
			"prompt_tokens": answer.prompt_tokens,
			"output_tokens": answer.tokens.len(),
			"load_seconds": load_seconds,
			"prefill_seconds": prefill,
			"prefill_tokens_per_second": answer.prompt_tokens as f64 / prefill,
			"decode_tokens_per_second": decoded as f64 / (total - prefill),
			"resident_after_load_mib": resident_after_load,
			"resident_mib": memory("VmRSS"),
			"peak_resident_mib": memory("VmHWM"),
			"threads": Team::shared()?.threads(),
			"instructions": Team::shared()?.isa().name(),
		})
	);
	Ok(())
}
