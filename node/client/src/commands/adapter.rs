//! `openledger model adapter`: adapters from and for other tools.

use crate::{
	commands::{serve::stop_signal, train::console},
	output::{self, Output},
};
use anyhow::{Context as _, Result};
use clap::{Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use openlora::{
	Adapter, Config, Error, MergeOptions, Merged, MergedNumbers, Module, Precision, merge,
	output::{file, folder},
};
use serde::Serialize;
use std::{
	collections::BTreeMap,
	ops::ControlFlow,
	path::{Path, PathBuf},
	sync::{
		Arc,
		atomic::{AtomicBool, Ordering},
	},
};
use tabled::Tabled;

/// Look at adapters, bring them from and to other tools, merge them into their base.
#[derive(Subcommand)]
pub enum Command {
	// Without comments here, those of the arguments are the help, all of it.
	Inspect(Inspect),
	Convert(Convert),
	Merge(Merge),
}

/// Show what an adapter changes: which projections, with which ranks and scales.
///
/// It reads what PEFT saves (a folder with adapter_config.json and adapter_model.safetensors), the one
/// file that training here gives (adapter.safetensors), and llama.cpp's GGUF adapters. With --base it
/// also says whether the adapter fits that base; a GGUF adapter cannot be read without.
///
///     openledger model adapter inspect adapters/legal
///     openledger model adapter inspect legal.gguf --base model.gguf
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Inspect {
	/// A PEFT folder, a safetensors file, or a GGUF file.
	adapter: PathBuf,
	/// The base that it is for: a GGUF file, or a Hugging Face folder. Its weights are not read.
	#[arg(long)]
	base: Option<PathBuf>,
}

/// Write an adapter in the form that another tool reads.
///
///     peft    a folder for PEFT, vLLM and others
///     blob    one safetensors file with the configuration inside, which a model on chain commits to
///     gguf    a file for llama.cpp; needs --base, whose heads decide the order of rows
///
/// What can be said in both forms is the same afterwards, to the last digit. llama.cpp has one alpha for
/// a whole file: where an adapter's scales cannot be said with one, they go into the matrices, and the
/// command tells what was rounded by that. Nothing is replaced without --force.
///
///     openledger model adapter convert adapters/legal legal.gguf --base model.gguf
///     openledger model adapter convert legal.gguf adapters/legal --to peft --base model.gguf
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Convert {
	/// A PEFT folder, a safetensors file, or a GGUF file.
	adapter: PathBuf,
	/// Where it goes.
	target: PathBuf,
	/// The form (default: by the target's ending; peft without one).
	#[arg(long)]
	to: Option<Form>,
	/// The base that it is for: a GGUF file, or a Hugging Face folder. Its weights are not read.
	#[arg(long)]
	base: Option<PathBuf>,
	/// Write a GGUF file in half precision, in which adapters are run here in any case.
	#[arg(long)]
	half: bool,
	/// Replace what is at the target.
	#[arg(long)]
	force: bool,
}

/// A form in which adapters are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
	/// A folder for PEFT.
	Peft,
	/// One safetensors file with the configuration inside.
	Blob,
	/// A file for llama.cpp.
	Gguf,
}

impl Form {
	fn of(target: &Path) -> Self {
		match target.extension().and_then(|ending| ending.to_str()) {
			Some("gguf") => Self::Gguf,
			Some("safetensors") => Self::Blob,
			_ => Self::Peft,
		}
	}
}

/// Merge an adapter into its base: one model for tools that know no adapters.
///
/// A GGUF file becomes a GGUF file, a Hugging Face folder a folder with its tokenizer; everything but the
/// adapted projections is copied. Quantised projections are quantised again to their own type unless
/// --numbers says otherwise, which loses some of what the adapter learned; f16 loses next to nothing.
///
/// A merged model is another model than base and adapter together: its answers are close, not equal, and
/// no chain can check them against the adapter's. To serve an adapter here, don't merge it.
///
///     openledger model adapter merge --base model.gguf --adapter adapters/legal legal-model.gguf
///     openledger model adapter merge --base llama/ --adapter adapters/legal --numbers f16 legal-model
///
/// The target appears when it is whole; Ctrl-C leaves nothing behind.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Merge {
	/// The base: a GGUF file, or a Hugging Face folder.
	#[arg(long)]
	base: PathBuf,
	/// The adapter: a PEFT folder, a safetensors file, or a GGUF file.
	#[arg(long)]
	adapter: PathBuf,
	/// Where the merged model goes.
	target: PathBuf,
	/// How its matrices are stored.
	#[arg(long, value_enum, default_value_t = Numbers::Own)]
	numbers: Numbers,
	/// Replace what is at the target.
	#[arg(long)]
	force: bool,
}

/// How matrices are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Numbers {
	/// As in the base.
	Own,
	/// In 32 bits.
	F32,
	/// In 16 bits, IEEE.
	F16,
	/// In the upper 16 of 32 bits.
	Bf16,
}

impl From<Numbers> for MergedNumbers {
	fn from(numbers: Numbers) -> Self {
		match numbers {
			Numbers::Own => Self::Own,
			Numbers::F32 => Self::Plain(Precision::F32),
			Numbers::F16 => Self::Plain(Precision::F16),
			Numbers::Bf16 => Self::Plain(Precision::BF16),
		}
	}
}

impl Command {
	/// Runs the command; Ctrl-C ends it with nothing half-written.
	pub async fn run(self, output: Output) -> Result<()> {
		let stop = Arc::new(AtomicBool::new(false));
		let asked = Arc::clone(&stop);
		let mut work = tokio::task::spawn_blocking(move || match self {
			Self::Inspect(arguments) => inspect(&arguments, output),
			Self::Convert(arguments) => convert(&arguments, &asked, output),
			Self::Merge(arguments) => merge_into(&arguments, &asked, output),
		});
		tokio::select! {
			done = &mut work => return done?,
			() = stop_signal() => stop.store(true, Ordering::Relaxed),
		}
		work.await?
	}
}

fn shape(base: Option<&Path>) -> Result<Option<Config>> {
	let load = |base: &Path| Config::load(base).with_context(|| format!("base {}", base.display()));
	base.map(load).transpose()
}

fn read(adapter: &Path, base: Option<&Config>) -> Result<Adapter> {
	let adapter_name = || format!("adapter {}", adapter.display());
	Adapter::load(adapter, base).with_context(adapter_name)
}

#[derive(Serialize)]
struct Inspected {
	parameters: usize,
	layers: usize,
	rank: usize,
	modules: Vec<Row>,
	base_model: Option<String>,
	fits: Option<bool>,
	reason: Option<String>,
}

/// Projections of one name that have rank and scale in common.
#[derive(Serialize, Tabled)]
struct Row {
	module: &'static str,
	layers: String,
	rank: usize,
	alpha: f64,
	scale: String,
}

fn inspect(arguments: &Inspect, output: Output) -> Result<()> {
	let base = shape(arguments.base.as_deref())?;
	let adapter = read(&arguments.adapter, base.as_ref())?;
	let fit = base.map(|base| adapter.fits(&base));
	let inspected = Inspected {
		parameters: adapter.parameter_count(),
		layers: adapter.weights().layers(),
		rank: adapter.rank(),
		modules: rows(&adapter),
		base_model: adapter.config().base_model.clone(),
		fits: fit.as_ref().map(Result::is_ok),
		reason: fit.and_then(Result::err).map(|error| error.to_string()),
	};
	output.show(&inspected, |found| {
		let fits = match (found.fits, &found.reason) {
			(Some(true), _) => "It fits this base.".to_string(),
			(_, Some(reason)) => format!("It does not fit this base: {reason}"),
			_ => "Whether it fits a base, --base tells.".to_string(),
		};
		let named = found.base_model.as_ref();
		let named = named.map_or(String::new(), |name| format!(" Its base is said to be {name}."));
		format!(
			"{}\n{} parameters in {} layers, ranks up to {}.{named}\n{fits}",
			output::table(&found.modules, "It changes nothing."),
			found.parameters,
			found.layers,
			found.rank,
		)
	});
	Ok(())
}

/// A module with its rank and the bits of its alpha.
type Kind = (Module, usize, u64);

fn rows(adapter: &Adapter) -> Vec<Row> {
	let mut groups: BTreeMap<Kind, (Vec<usize>, f64, f64)> = BTreeMap::new();
	for (layer, module, _) in adapter.weights().iter() {
		if let Some(target) = adapter.config().target(layer, module) {
			let key = (module, target.rank, target.alpha.to_bits());
			let group =
				groups.entry(key).or_insert_with(|| (Vec::new(), target.alpha, target.scale));
			group.0.push(layer);
		}
	}
	groups
		.into_iter()
		.map(|((module, rank, _), (layers, alpha, scale))| Row {
			module: module.name(),
			layers: ranges(&layers),
			rank,
			alpha,
			scale: format!("{scale:.4}"),
		})
		.collect()
}

/// Ascending numbers as text: 0-3, 7.
fn ranges(numbers: &[usize]) -> String {
	let runs = numbers.chunk_by(|left, right| left + 1 == *right);
	let text = runs.map(|run| match run {
		[first, .., last] => format!("{first}-{last}"),
		other => other.first().map(usize::to_string).unwrap_or_default(),
	});
	text.collect::<Vec<_>>().join(", ")
}

#[derive(Serialize)]
struct Converted {
	target: PathBuf,
	exact: bool,
	/// What could not be said as it was.
	notes: Vec<String>,
}

fn convert(arguments: &Convert, stop: &AtomicBool, output: Output) -> Result<()> {
	let base = shape(arguments.base.as_deref())?;
	let adapter = read(&arguments.adapter, base.as_ref())?;
	let Convert { target, force, .. } = arguments;
	let mut converted = Converted { target: target.clone(), exact: true, notes: Vec::new() };
	let form = arguments.to.unwrap_or_else(|| Form::of(target));
	let write_file = |bytes: &[u8]| {
		file(target, *force, |out| {
			for part in bytes.chunks(1 << 20) {
				if stop.load(Ordering::Relaxed) {
					return Err(Error::Cancelled);
				}
				let failed = |source| Error::Io { path: target.clone(), source };
				out.write_all(part).map_err(failed)?;
			}
			Ok(())
		})
	};
	match form {
		Form::Peft => folder(target, *force, |folder| match stop.load(Ordering::Relaxed) {
			true => Err(Error::Cancelled),
			false => adapter.save_dir(folder),
		}),
		Form::Blob => write_file(&adapter.to_bytes()?),
		Form::Gguf => {
			let base = base.as_ref().context("llama.cpp's form needs --base")?;
			let precision = if arguments.half { Precision::F16 } else { Precision::F32 };
			let exported = adapter.to_gguf(base, precision)?;
			converted.exact = exported.is_exact();
			for (count, what) in [
				(exported.folded_exactly, "projections have their scale in B, to the last digit"),
				(exported.folded_with_rounding, "projections have their scale in B, rounded once"),
				(exported.scales_rounded, "projections have a scale rounded to single precision"),
				(exported.values_rounded, "values were rounded to half precision"),
			] {
				if count > 0 {
					converted.notes.push(format!("{count} {what}"));
				}
			}
			write_file(&exported.bytes)
		}
	}
	.map_err(explain)?;
	output.show(&converted, |converted| {
		let notes: String = converted.notes.iter().map(|note| format!("\n{note}")).collect();
		format!("wrote {}{notes}", converted.target.display())
	});
	Ok(())
}

#[derive(Serialize)]
struct MergedModel {
	target: PathBuf,
	changed: usize,
	requantised: usize,
	tensors: usize,
	bytes: u64,
}

fn merge_into(arguments: &Merge, stop: &AtomicBool, output: Output) -> Result<()> {
	let base = shape(Some(&arguments.base))?;
	let adapter = read(&arguments.adapter, base.as_ref())?;
	let options = MergeOptions { numbers: arguments.numbers.into(), replace: arguments.force };
	let bar = if output.json && !console() { ProgressBar::hidden() } else { ProgressBar::new(0) };
	bar.set_style(ProgressStyle::with_template(
		"merging {wide_bar} tensor {pos}/{len}, {elapsed} gone, {eta} left",
	)?);
	let result = merge(&arguments.base, &adapter, &arguments.target, options, &mut |progress| {
		bar.set_length(progress.tensors as u64);
		bar.set_position(progress.done as u64);
		match stop.load(Ordering::Relaxed) {
			true => ControlFlow::Break(()),
			false => ControlFlow::Continue(()),
		}
	});
	bar.finish_and_clear();
	let Merged { changed, requantised, tensors, bytes } = result.map_err(explain)?;
	let target = arguments.target.clone();
	output.show(&MergedModel { target, changed, requantised, tensors, bytes }, |merged| {
		format!(
			"wrote {}: {} of {} tensors changed, {} of them quantised again, {:.1} MB",
			merged.target.display(),
			merged.changed,
			merged.tensors,
			merged.requantised,
			merged.bytes as f64 / 1e6
		)
	});
	Ok(())
}

/// What to do about it, in terms of this command.
fn explain(error: Error) -> anyhow::Error {
	match error {
		Error::Exists(path) if path.exists() => anyhow::anyhow!(
			"{} exists already: name another path, or replace it with --force (never the base itself, \
			 nor a file by a folder)",
			path.display()
		),
		Error::Cancelled => anyhow::anyhow!("stopped; nothing was written"),
		other => other.into(),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn form_follows_the_ending_when_it_is_not_given() {
		for (target, form) in [
			("a/b.gguf", Form::Gguf),
			("adapter.safetensors", Form::Blob),
			("adapters/legal", Form::Peft),
			("legal.v2", Form::Peft),
		] {
			assert_eq!(Form::of(Path::new(target)), form);
		}
	}

	#[test]
	fn layers_are_told_in_runs() {
		assert_eq!(ranges(&[0, 1, 2, 5, 7, 8]), "0-2, 5, 7-8");
		assert_eq!(ranges(&[]), "");
	}

	#[test]
	fn refusal_names_the_option_when_the_target_is_taken() {
		let taken = tempfile::tempdir().unwrap();
		let message = explain(Error::Exists(taken.path().to_path_buf())).to_string();
		assert!(message.contains("--force"), "{message}");
	}
}
