//! Measures training and per-record gradients on a real base and prints one JSON object.
//!
//! `train_speed [BASE] [RECORDS] [TOKENS] [ANSWER] [BATCH] [RECOMPUTE]`: by default the demonstration's
//! base and 8 records of 128 tokens, 64 of which are answer, two in a step, with everything kept for the
//! way back (RECOMPUTE 1 keeps layers' inputs alone). With BATCH only training is measured when the
//! environment has `ONLY_TRAINING`. `OPENLORA_THREADS` chooses the number of threads; a step has a use for as
//! many as its records.

use std::{error::Error, ops::ControlFlow, path::PathBuf, time::Instant};

use openlora::{
	Adapter, Base, Example, GenerateOptions, GradientOptions, Objective, PeftConfig, Team,
	TrainOptions, autograd, generate, gradients, log_probs, train,
};
use serde_json::json;

fn default_base() -> Option<PathBuf> {
	let cache = std::env::var_os("XDG_CACHE_HOME")
		.map(PathBuf::from)
		.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))?;
	Some(cache.join("openledger/models/SmolLM2-135M-Instruct.Q4_1.gguf"))
}

/// Seconds that all threads together have computed, where the system tells: on a busy machine it
/// says more than the clock on the wall.
fn cpu_seconds() -> Option<f64> {
	const TICKS_PER_SECOND: f64 = 100.0;
	let status = std::fs::read_to_string("/proc/self/stat").ok()?;
	// The second field may hold spaces; user and system time are the 12th and 13th after it.
	let mut fields = status.rsplit_once(')')?.1.split_whitespace().skip(11);
	let mut ticks = || fields.next()?.parse::<f64>().ok();
	Some((ticks()? + ticks()?) / TICKS_PER_SECOND)
}

/// Runs `work` and returns wall and processor seconds.
fn timed<E>(work: impl FnOnce() -> Result<(), E>) -> Result<(f64, Option<f64>), E> {
	let (begun, before) = (Instant::now(), cpu_seconds());
	work()?;
	let cpu = cpu_seconds().zip(before).map(|(after, before)| after - before);
	Ok((begun.elapsed().as_secs_f64(), cpu))
}

/// Most memory that the process has held, in MiB, where the system tells.
fn peak_memory() -> Option<u64> {
	let status = std::fs::read_to_string("/proc/self/status").ok()?;
	let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
	Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? / 1024)
}

/// 32 tokens, whatever they are.
fn greedy(base: &Base) -> GenerateOptions {
	GenerateOptions { stop_tokens: Vec::new(), ..GenerateOptions::greedy(base, 32) }
}

fn main() -> Result<(), Box<dyn Error>> {
	// SAFETY: no other thread has been started yet.
	unsafe { openlora::leave_candle_single_threaded() };
	let mut arguments = std::env::args().skip(1);
	let path = arguments.next().map(PathBuf::from).or_else(default_base).ok_or("no base given")?;
	let mut number = |default: usize| arguments.next().map_or(Ok(default), |text| text.parse());
	let (records, tokens, answer) = (number(8)?, number(128)?, number(64)?);
	let (batch, recompute) = (number(2)?, number(0)? > 0);

	let begun = Instant::now();
	let base = Base::load(&path)?;
	let load = begun.elapsed().as_secs_f64();

	let vocab = base.config.vocab;
	let examples: Vec<Example> = (0..records)
		.map(|record| {
			// Which tokens they are makes no difference to the time.
			let token = |i: usize| ((record * 7919 + i * 104_729) % vocab) as u32;
			let start = tokens.saturating_sub(answer).max(1);
			Example::new((0..tokens).map(token).collect(), start)
		})
		.collect();

	let (forward, forward_cpu) = timed(|| {
		let measured = if std::env::var_os("ONLY_TRAINING").is_some() { 0 } else { records };
		examples[..measured].iter().try_for_each(|example| {
			log_probs(&base, None, &example.tokens, example.tokens.len() - 1).map(drop)
		})
	})?;

	let threads = Team::shared()?.threads();
	let options = TrainOptions { epochs: 1, batch, recompute, threads, ..TrainOptions::default() };
	let mut show = |progress: openlora::Progress| {
		eprintln!(
			"step {}/{}: loss {:.3}, {:.0} tokens/s, {:.0} s left",
			progress.step,
			progress.steps,
			progress.loss,
			progress.tokens_per_s,
			progress.eta.as_secs_f64()
		);
		ControlFlow::Continue(())
	};
	let (training, training_cpu) =
		timed(|| train(&base, &examples, &options, &mut show).map(drop))?;

	if std::env::var_os("ONLY_TRAINING").is_some() {
		let all = (records * tokens) as f64;
		println!(
			"{}",
			json!({
				"batch": batch,
				"recompute": recompute,
				"train_tokens_per_s": all / training,
				"train_tokens_per_cpu_s": training_cpu.map(|seconds| all / seconds),
				"peak_memory_mib": peak_memory(),
			})
		);
		return Ok(());
	}

	let config = PeftConfig::new(options.rank, options.alpha, options.targets)?;
	let adapter = Adapter::init(&base.config, config, 0)?;
	let sequences: Vec<_> =
		examples.iter().map(|example| (&example.tokens[..], example.answer_start)).collect();
	let (many, many_cpu) = timed(|| {
		gradients(&base, &adapter, &sequences, GradientOptions::default(), |_, _| Ok(()))
	})?;
	let (by_candle, by_candle_cpu) = timed(|| {
		// As training has it: a record for each core.
		std::thread::scope(|scope| {
			let (base, adapter, examples) = (&base, &adapter, &examples);
			let workers: Vec<_> = (0..options.threads)
				.map(|worker| {
					scope.spawn(move || {
						let own = examples.iter().skip(worker).step_by(options.threads);
						own.into_iter().try_for_each(|example| {
							let (tokens, start) = (&example.tokens, example.answer_start);
							let asked = Objective::Likelihood;
							autograd::loss_and_gradient(base, adapter, tokens, start, asked, 1)
								.map(drop)
						})
					})
				})
				.collect();
			workers.into_iter().try_for_each(|worker| worker.join().expect("no panic"))
		})
	})?;
	let (tokens_of_one, start_of_one) = sequences[0];
	let (one, _) = timed(|| {
		openlora::gradient(&base, &adapter, tokens_of_one, start_of_one, GradientOptions::default())
			.map(drop)
	})?;
	let (empty_prompt, _) = timed(|| {
		generate(&base, Some(&adapter), &[1], &greedy(&base), &mut |_| ControlFlow::Continue(()))
			.map(drop)
	})?;

	let all = (records * tokens) as f64;
	let per_record = |seconds: Option<f64>| seconds.map(|seconds| seconds / records as f64);
	println!(
		"{}",
		json!({
			"records": records,
			"tokens": tokens,
			"answer_tokens": answer,
			"parameters": adapter.parameter_count(),
			"threads": options.threads,
			"load_s": load,
			"forward_tokens_per_s": all / forward,
			"forward_cpu_s_per_record": per_record(forward_cpu),
			"train_s_per_record": training / records as f64,
			"train_tokens_per_s": all / training,
			"autograd_tokens_per_s": all / by_candle,
			"autograd_cpu_s_per_record": per_record(by_candle_cpu),
			"train_over_autograd": by_candle / training,
			"train_cpu_s_per_record": per_record(training_cpu),
			"gradient_s_per_record": many / records as f64,
			"gradient_cpu_s_per_record": per_record(many_cpu),
			"gradient_s_single": one,
			"decode_adapted_tokens_per_s": 32.0 / empty_prompt,
			"peak_memory_mib": peak_memory(),
		})
	);
	Ok(())
}
