//! How far a training is: a bar on a terminal, lines elsewhere, and what is kept for the report.

use super::console;
use crate::output::Output;
use anyhow::{Context as _, Result};
use indicatif::{ProgressBar, ProgressStyle};
use openlora::train::Event;
use serde::{Deserialize, Serialize};
use std::{
	collections::BTreeMap,
	fs::File,
	io::Write,
	ops::ControlFlow,
	path::Path,
	sync::{
		Arc,
		atomic::{AtomicBool, Ordering},
	},
	time::{Duration, Instant},
};
use tokio::{signal, task::JoinHandle};

/// Time between two lines where there is no terminal.
const PAUSE: Duration = Duration::from_secs(10);

/// A step's figures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
	/// Steps done.
	pub step: usize,
	/// Mean loss of the step's examples.
	pub loss: f32,
	/// Learning rate.
	pub lr: f64,
}

/// Where a training is.
pub struct Live {
	bar: Option<ProgressBar>,
	lines: bool,
	told: Option<Instant>,
	/// The points of this and earlier calls.
	points: BTreeMap<usize, Point>,
	history: File,
	evaluated: Option<f32>,
	stop: Arc<AtomicBool>,
	signal: Option<JoinHandle<()>>,
}

impl Live {
	/// Begins to watch for Ctrl-C. Points of interrupted calls are in the work folder.
	pub fn start(work: &Path, output: Output) -> Result<Self> {
		let path = work.join("history.jsonl");
		let tell = || format!("can't write {}", path.display());
		std::fs::create_dir_all(work).with_context(tell)?;
		let earlier = std::fs::read_to_string(&path).unwrap_or_default();
		// The last line of a call that was killed may be half a one.
		let points = earlier.lines().filter_map(|line| serde_json::from_str::<Point>(line).ok());
		let points = points.map(|point| (point.step, point)).collect();
		let mut history =
			File::options().create(true).append(true).open(&path).with_context(tell)?;
		if !earlier.is_empty() && !earlier.ends_with('\n') {
			writeln!(history).with_context(tell)?;
		}
		let bar = console().then(|| ProgressBar::new(0));
		if let Some(bar) = &bar {
			bar.set_style(ProgressStyle::with_template(
				"training {wide_bar} step {pos}/{len}, {msg}, {elapsed} gone",
			)?);
		}
		let stop = Arc::new(AtomicBool::new(false));
		let signal = tokio::runtime::Handle::try_current().ok().map(|runtime| {
			let stop = stop.clone();
			runtime.spawn(async move {
				if signal::ctrl_c().await.is_ok() {
					eprintln!("\nstopping after this step; Ctrl-C again ends it at once");
					stop.store(true, Ordering::Relaxed);
				}
				if signal::ctrl_c().await.is_ok() {
					std::process::exit(130);
				}
			})
		});
		let lines = bar.is_none() && !output.json;
		let (told, evaluated) = (None, None);
		Ok(Self { bar, lines, told, points, history, evaluated, stop, signal })
	}

	/// Shows what happened; breaks after Ctrl-C.
	pub fn take(&mut self, event: Event) -> ControlFlow<()> {
		match event {
			Event::Link(link) => {
				if let Some(loss) = link.loss {
					self.evaluated = Some(loss);
					if self.lines {
						eprintln!("after step {}: validation loss {loss:.4}", link.step);
					}
				}
			}
			Event::Step(step) => {
				let point = Point { step: step.step, loss: step.loss, lr: step.lr };
				self.points.insert(step.step, point);
				// The report alone lacks a point if this fails.
				if let Ok(line) = serde_json::to_string(&point) {
					writeln!(self.history, "{line}").ok();
				}
				let validation =
					self.evaluated.map_or(String::new(), |loss| format!(" (validation {loss:.3})"));
				let message = format!(
					"loss {:.3}{validation}, {:.0} tokens/s, {} s left",
					step.loss,
					step.tokens_per_s,
					step.eta.as_secs()
				);
				let due = self.told.is_none_or(|told| told.elapsed() >= PAUSE);
				if let Some(bar) = &self.bar {
					bar.set_length(step.steps as u64);
					bar.set_position(step.step as u64);
					bar.set_message(message);
				} else if self.lines && (due || step.step == step.steps) {
					eprintln!("step {}/{}: {message}", step.step, step.steps);
				}
				if due {
					self.told = Some(Instant::now());
				}
			}
		}
		match self.stop.load(Ordering::Relaxed) {
			true => ControlFlow::Break(()),
			false => ControlFlow::Continue(()),
		}
	}

	/// Every step's figures.
	pub fn finish(&self) -> Vec<Point> {
		if let Some(bar) = &self.bar {
			bar.finish_and_clear();
		}
		self.points.values().copied().collect()
	}
}

impl Drop for Live {
	fn drop(&mut self) {
		if let Some(signal) = &self.signal {
			signal.abort();
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use openlora::train::Progress;

	fn step(step: usize, loss: f32) -> Event {
		let (steps, epoch, gradient_norm, lr, tokens_per_s) = (9, 1, 1.0, 0.5, 1.0);
		let eta = Duration::ZERO;
		Event::Step(Progress { step, steps, epoch, loss, gradient_norm, lr, tokens_per_s, eta })
	}

	#[test]
	fn points_of_interrupted_calls_are_kept_and_those_of_repeated_steps_replaced() {
		let folder = tempfile::tempdir().unwrap();
		let output = Output { json: true };
		let mut live = Live::start(folder.path(), output).unwrap();
		for (at, loss) in [(1, 3.0), (2, 2.5)] {
			assert!(live.take(step(at, loss)).is_continue());
		}
		drop(live);
		let path = folder.path().join("history.jsonl");
		let half = std::fs::read_to_string(&path).unwrap() + "{\"step\":3,\"lo";
		std::fs::write(&path, half).unwrap();
		let mut live = Live::start(folder.path(), output).unwrap();
		assert!(live.take(step(2, 2.25)).is_continue());
		assert!(live.take(step(3, 2.0)).is_continue());
		drop(live);
		let live = Live::start(folder.path(), output).unwrap();
		let losses: Vec<_> = live.finish().into_iter().map(|point| point.loss).collect();
		assert_eq!(losses, [3.0, 2.25, 2.0]);
	}

	#[test]
	fn training_is_told_to_stop_after_ctrl_c() {
		let folder = tempfile::tempdir().unwrap();
		let mut live = Live::start(folder.path(), Output { json: true }).unwrap();
		assert!(live.take(step(1, 1.0)).is_continue());
		live.stop.store(true, Ordering::Relaxed);
		assert!(live.take(step(2, 1.0)).is_break());
	}
}
