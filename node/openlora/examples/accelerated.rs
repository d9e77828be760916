//! Answers by candle on a GPU beside the canonical engine's on the CPU, and prints one JSON object: how
//! fast each was, and how many tokens they have in common.
//!
//! `accelerated BASE [--cpu] [--tokens N]`; with `--cpu` candle computes on the CPU too. Without it the crate
//! has to be built with `--features cuda`.

use std::{error::Error, ops::ControlFlow, path::PathBuf, time::Instant};

use candle_core::Device;
use openlora::{Base, GenerateOptions, Message, Sampling, accelerated::Accelerated, generate};
use serde_json::json;

fn main() -> Result<(), Box<dyn Error>> {
	let (mut path, mut on_cpu, mut tokens) = (None, false, 64);
	let mut rest = std::env::args().skip(1);
	while let Some(argument) = rest.next() {
		match argument.as_str() {
			"--cpu" => on_cpu = true,
			"--tokens" => tokens = rest.next().ok_or("--tokens needs a number")?.parse()?,
			path_given => path = Some(PathBuf::from(path_given)),
		}
	}
	let base = Base::load(&path.ok_or("usage: accelerated BASE [--cpu] [--tokens N]")?)?;
	let other = match on_cpu {
		true => Accelerated::load(base.clone(), Device::Cpu)?,
		false => Accelerated::on_gpu(base.clone())?,
	};
	let text = base.render_chat(&[Message::new("user", "Why is the sky blue?")], true)?;
	let prompt = base.tokenizer.encode(&text, false)?;
	let options = GenerateOptions::new(tokens, Sampling::GREEDY, Vec::new());
	let mut nothing = |_| ControlFlow::Continue(());
	// The first pass loads what the device computes with.
	other.generate(
		None,
		&prompt,
		&GenerateOptions::new(2, Sampling::GREEDY, Vec::new()),
		&mut nothing,
	)?;
	let begun = Instant::now();
	let theirs = other.generate(None, &prompt, &options, &mut nothing)?;
	let their_seconds = begun.elapsed().as_secs_f64();
	let begun = Instant::now();
	let ours = generate(&base, None, &prompt, &options, &mut nothing)?;
	let our_seconds = begun.elapsed().as_secs_f64();
	let pairs = ours.tokens.iter().zip(&theirs.tokens);
	println!(
		"{}",
		json!({
			"device": if on_cpu { "cpu" } else { "gpu" },
			"tokens": tokens,
			"prompt_tokens": prompt.len(),
			"accelerated_tokens_per_s": tokens as f64 / their_seconds,
			"canonical_tokens_per_s": tokens as f64 / our_seconds,
			"alike_until": pairs.take_while(|(a, b)| a == b).count(),
		})
	);
	Ok(())
}
