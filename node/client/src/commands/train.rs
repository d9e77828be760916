//! `openledger model train`.

mod chart;
pub mod material;
mod progress;
mod report;

use super::sources::{self, Named};
use crate::{
	Context, keys,
	output::{Output, write},
};
use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;
use material::{Learning, Material};
use openledger_attribution::{
	checkpoints::MOST_EXAMPLES,
	dataset::Statistics,
	local::{self, TrainingLog},
};
use openledger_primitives_core::record::content_hash;
use openlora::{
	Base, Decay, Module, TrainOptions,
	train::{Data, Digest, Outcome, fit},
};
use progress::Live;
use report::Report;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// How the learning rate falls after warm-up.
#[derive(Clone, Copy, ValueEnum)]
enum Schedule {
	/// It stays.
	Constant,
	/// In a straight line.
	Linear,
	/// Along half a cosine.
	Cosine,
}

/// Train a LoRA adapter on frozen snapshots, or on files without a chain.
///
/// From snapshots of Datanets, to be published as a model afterwards:
///
///     openledger model train 0:2 --base model.gguf
///
/// From files, .jsonl or .json; each example has either "messages" (a conversation, in the base's
/// chat template; every turn of the assistant is learnt), or "prompt" and "completion", or
/// "question" and "answer", or "text":
///
///     openledger model train --data talks.jsonl --base model.gguf \
///       --validation-share 0.1 --patience 3 --out my-adapter
///
/// The folder holds adapter.safetensors (served by openledger model serve --adapter NAME=FOLDER/...),
/// manifest.json (what it follows from), training.json (a chain of hashes of the states in between,
/// which openledger model verify-training repeats) and report.html.
///
/// Ctrl-C ends it after the step under way; the same command goes on from there, with the same result.
/// What was trained before is not trained again.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Train {
	/// The snapshots: 0:2 is snapshot 2 of Datanet 0, 0 the newest of Datanet 0.
	#[arg(required_unless_present = "data", conflicts_with = "data")]
	snapshots: Vec<Named>,
	/// The base: a GGUF file, or a Hugging Face folder.
	#[arg(long)]
	base: PathBuf,
	/// A file of examples, .jsonl or .json; can be repeated.
	#[arg(long, value_name = "FILE")]
	data: Vec<PathBuf>,
	/// A file of examples to evaluate on; can be repeated.
	#[arg(long, value_name = "FILE", conflicts_with_all = ["snapshots", "validation_share"])]
	validation_data: Vec<PathBuf>,
	/// Keep this share of the examples to evaluate on, for instance 0.1. Which ones follows from the
	/// seed and from what they say.
	#[arg(long, conflicts_with = "snapshots", value_parser = share)]
	validation_share: Option<f64>,
	/// Where the result goes (default: the cache, under the manifest's hash).
	#[arg(long, value_name = "FOLDER")]
	out: Option<PathBuf>,
	/// The most tokens of an example, longer ones are cut off (default: 128 with snapshots, 512 with
	/// files).
	#[arg(long, value_name = "TOKENS")]
	record_tokens: Option<usize>,
	/// Rank of the adapter.
	#[arg(long, default_value_t = TrainOptions::default().rank, help_heading = "Adapter")]
	rank: usize,
	/// Numerator of the scaling alpha / rank (default: twice the rank).
	#[arg(long, help_heading = "Adapter")]
	alpha: Option<f64>,
	/// Scale by alpha / √rank instead, so that high ranks learn as fast as low ones.
	#[arg(long, help_heading = "Adapter")]
	rslora: bool,
	/// Projections to adapt, of q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj
	/// (default: all).
	#[arg(
		long,
		value_name = "NAME,...",
		value_delimiter = ',',
		value_parser = module,
		help_heading = "Adapter"
	)]
	targets: Vec<Module>,
	/// Share of the inputs of each low-rank product that a step leaves out, for instance 0.05.
	#[arg(long, default_value_t = TrainOptions::default().dropout, help_heading = "Adapter")]
	dropout: f64,
	/// Leave the adapter's numbers in single precision. Answers are the same, since they are computed with
	/// numbers rounded to half precision either way, but attributing one takes longer.
	#[arg(long, help_heading = "Adapter")]
	single_precision: bool,
	/// Passes over the examples.
	#[arg(long, default_value_t = TrainOptions::default().epochs, help_heading = "Steps")]
	epochs: usize,
	/// Examples in a batch.
	#[arg(long, default_value_t = TrainOptions::default().batch, help_heading = "Steps")]
	batch: usize,
	/// Batches whose gradients are averaged in a step.
	#[arg(long, default_value_t = TrainOptions::default().accumulate, help_heading = "Steps")]
	accumulate: usize,
	/// Peak learning rate.
	#[arg(long, default_value_t = TrainOptions::default().lr, help_heading = "Steps")]
	learning_rate: f64,
	/// How the learning rate falls after warm-up.
	#[arg(long, value_enum, default_value = "cosine", help_heading = "Steps")]
	schedule: Schedule,
	/// Share of the steps over which the learning rate rises.
	#[arg(long, default_value_t = TrainOptions::default().warmup, help_heading = "Steps")]
	warmup: f64,
	/// Decoupled weight decay.
	#[arg(long, default_value_t = TrainOptions::default().weight_decay, help_heading = "Steps")]
	weight_decay: f64,
	/// Largest norm of a step's gradient.
	#[arg(long, default_value_t = TrainOptions::default().clip, help_heading = "Steps")]
	clip: f64,
	/// Seed of the initial matrices, of the order of examples, of dropout and of the validation share.
	#[arg(long, default_value_t = TrainOptions::default().seed, help_heading = "Steps")]
	seed: u64,
	/// Steps between two evaluations.
	#[arg(
		long,
		value_name = "STEPS",
		default_value_t = TrainOptions::default().evaluate_every,
		help_heading = "Evaluation"
	)]
	evaluate_every: usize,
	/// Stop after so many evaluations without a lower loss. The adapter with the lowest is the result
	/// in any case.
	#[arg(
		long,
		value_name = "EVALUATIONS",
		conflicts_with = "snapshots",
		help_heading = "Evaluation"
	)]
	patience: Option<usize>,
	/// Prompts to answer before and after training, for the report (default: 3 with files).
	#[arg(long, value_name = "PROMPTS", help_heading = "Evaluation")]
	samples: Option<usize>,
	/// Steps between two checkpoints (default: 20; with snapshots, as many as take half of the examples that
	/// an audit has time to repeat).
	#[arg(long, value_name = "STEPS", help_heading = "Checkpoints and memory")]
	checkpoint_every: Option<usize>,
	/// Keep the states of all checkpoints beside the adapter, so that others can repeat any stretch of
	/// the training by itself. Each takes twelve bytes for a parameter. Trainings on snapshots keep them in
	/// any case, to be audited.
	#[arg(long, help_heading = "Checkpoints and memory")]
	keep_checkpoints: bool,
	/// Compute layers once more on the way back rather than keeping their values: less memory, more
	/// time, the same result.
	#[arg(long, help_heading = "Checkpoints and memory")]
	recompute: bool,
}

fn share(text: &str) -> Result<f64, String> {
	let number = text.parse::<f64>().map_err(|error| error.to_string())?;
	match number > 0.0 && number < 1.0 {
		true => Ok(number),
		false => Err("a share is above 0 and below 1".into()),
	}
}

fn module(name: &str) -> Result<Module, String> {
	let known = || Module::ALL.map(Module::name).join(", ");
	Module::from_name(name).ok_or_else(|| format!("known projections are {}", known()))
}

impl Train {
	fn options(&self) -> TrainOptions {
		let targets = match self.targets.is_empty() {
			true => Module::ALL.to_vec(),
			// As adapters list them, so that the manifest does not depend on how they were written.
			false => Module::ALL.into_iter().filter(|of| self.targets.contains(of)).collect(),
		};
		let in_step = (self.batch as u64).saturating_mul(self.accumulate as u64).max(1);
		let audited = (MOST_EXAMPLES / 2).checked_div(in_step).unwrap_or(1).max(1) as usize;
		let usual = match self.data.is_empty() {
			true => audited,
			false => TrainOptions::default().checkpoint_every,
		};
		TrainOptions {
			rank: self.rank,
			alpha: self.alpha.unwrap_or(2.0 * self.rank as f64),
			rslora: self.rslora,
			targets,
			dropout: self.dropout,
			half: !self.single_precision,
			epochs: self.epochs,
			batch: self.batch,
			accumulate: self.accumulate,
			lr: self.learning_rate,
			decay: match self.schedule {
				Schedule::Constant => Decay::Constant,
				Schedule::Linear => Decay::Linear,
				Schedule::Cosine => Decay::Cosine,
			},
			warmup: self.warmup,
			weight_decay: self.weight_decay,
			clip: self.clip,
			seed: self.seed,
			evaluate_every: self.evaluate_every,
			patience: self.patience,
			checkpoint_every: self.checkpoint_every.unwrap_or(usual),
			recompute: self.recompute,
			..TrainOptions::default()
		}
	}
}

/// A trained adapter.
#[derive(Serialize)]
struct Trained {
	/// Holds the files below.
	folder: PathBuf,
	manifest: String,
	adapter: String,
	cached: bool,
	/// The last link of the chain of checkpoints.
	chain: Option<String>,
	/// The step that the adapter was taken after.
	step: Option<u64>,
	/// The lowest validation loss.
	loss: Option<f32>,
	data: Option<Statistics>,
}

/// The file of a model's folder that holds the training manifest.
pub const MANIFEST: &str = "manifest.json";
/// The file of a model's folder that holds the adapter.
pub const ADAPTER: &str = "adapter.safetensors";
/// The file that holds the chain of checkpoints.
pub const LOG: &str = "training.json";
/// The folder that holds kept states.
pub const STATES: &str = "states";
/// The file for people.
const REPORT: &str = "report.html";

/// Runs the command.
pub async fn run(arguments: Train, context: &Context) -> Result<()> {
	let output = context.output();
	let options = arguments.options();
	options.validate()?;
	let hashes = sources::base_hashes(&arguments.base)?;
	let material = if arguments.data.is_empty() {
		let chain = context.chain().await?;
		let gathered =
			sources::gather(&chain, &context.content()?, output, &arguments.snapshots).await?;
		Material::snapshots(gathered, hashes, arguments.record_tokens.unwrap_or(128), &options)
	} else {
		let (files, validation) = (&arguments.data, &arguments.validation_data);
		let share = arguments.validation_share.unwrap_or_default();
		let tokens = arguments.record_tokens.unwrap_or(512);
		Material::files(files, validation, share, hashes, tokens, &options)?
	};
	let genesis = material.genesis()?;
	let manifest = material.to_bytes()?;
	let hash = content_hash(&manifest);
	let name = hex::encode(hash);
	let folder = arguments.out.clone();
	let folder = folder.unwrap_or_else(|| keys::cache_folder().join("trained").join(name));
	let work = keys::cache_folder().join("training").join(hex::encode(genesis));
	let states = work.join("checkpoint").join(STATES);
	// What is trained on snapshots may be published, and then audited.
	let keep = arguments.keep_checkpoints || arguments.data.is_empty();
	let cached = work.join(ADAPTER).is_file() && (!keep || states.is_dir());
	let mut statistics = None;
	if cached {
		output.say("this adapter was trained before");
	} else {
		let options = TrainOptions {
			genesis: Digest(genesis.0),
			checkpoint_dir: Some(work.join("checkpoint")),
			keep_states: keep,
			..options
		};
		let base = Base::load(&arguments.base)?;
		let learning = material.prepare(&base)?;
		tell(output, &learning);
		statistics = Some(learning.statistics);
		let samples = arguments.samples.unwrap_or(if arguments.data.is_empty() { 0 } else { 3 });
		train(&base, &learning, &options, &material.describe(), samples, &work, output)?;
	}
	let blob = std::fs::read(work.join(ADAPTER))?;
	write(&folder.join(ADAPTER), &blob)?;
	write(&folder.join(MANIFEST), &manifest)?;
	for name in [LOG, REPORT] {
		// What an earlier version of this program trained has neither.
		if let Ok(bytes) = std::fs::read(work.join(name)) {
			write(&folder.join(name), &bytes)?;
		}
	}
	if keep {
		copy_states(&states, &folder.join(STATES))?;
	}
	let log = std::fs::read(folder.join(LOG)).ok();
	let log = log.map(|bytes| TrainingLog::from_bytes(&bytes)).transpose()?;
	let at_step = |log: &TrainingLog| log.links.iter().find(|link| link.step == log.step)?.loss;
	let trained = Trained {
		folder,
		manifest: format!("{hash:?}"),
		adapter: format!("{:?}", content_hash(&blob)),
		cached,
		chain: log.as_ref().and_then(|log| Some(log.links.last()?.hash.to_string())),
		step: log.as_ref().map(|log| log.step),
		loss: log.as_ref().and_then(at_step),
		data: statistics,
	};
	output.show(&trained, |trained| {
		let folder = trained.folder.display();
		match arguments.data.is_empty() {
			true => format!("{folder}\nopenledger model publish {folder} makes it a model"),
			false => format!(
				"{folder}\nopenledger model serve --base {} --adapter NAME={folder}/{ADAPTER} serves it",
				arguments.base.display()
			),
		}
	});
	Ok(())
}

fn tell(output: Output, learning: &Learning) {
	let say = |what: &str, of: &Statistics| {
		let Statistics { examples, tokens, learnt, longest, cut, left_out } = of;
		output.say(format!(
			"{what}: {examples} examples, {tokens} tokens of which {learnt} are learnt, {longest} in the \
			 longest; {cut} cut off, {left_out} left out"
		));
	};
	say("training", &learning.statistics);
	if !learning.validation.is_empty() {
		say("validation", &learning.validation_statistics);
	}
}

/// Trains, and leaves adapter, log and report in the work folder.
fn train(
	base: &Base,
	learning: &Learning,
	options: &TrainOptions,
	about: &[(String, String)],
	samples: usize,
	work: &Path,
	output: Output,
) -> Result<()> {
	let mut live = Live::start(work, output)?;
	let data = Data { examples: &learning.examples, validation: &learning.validation };
	let outcome = match fit(base, data, options, &mut |event| live.take(event)) {
		Err(openlora::Error::Cancelled) => {
			bail!("stopped; the same command goes on from there")
		}
		outcome => outcome?,
	};
	let points = live.finish();
	let blob = outcome.adapter.to_bytes()?;
	let Outcome { step, links, .. } = &outcome;
	let log = TrainingLog {
		version: local::VERSION,
		genesis: options.genesis,
		checkpoint_every: options.checkpoint_every,
		links: links.clone(),
		step: *step,
		adapter: content_hash(&blob),
	};
	write(&work.join(LOG), &log.to_bytes()?)?;
	let report = Report { about, learning, options, outcome: &outcome, points: &points };
	let samples = report::samples(base, learning, &outcome.adapter, samples)?;
	write(&work.join(REPORT), report.to_html(&samples).as_bytes())?;
	write(&work.join(ADAPTER), &blob)?;
	std::fs::remove_file(work.join("checkpoint").join("checkpoint.safetensors")).ok();
	Ok(())
}

fn copy_states(from: &Path, to: &Path) -> Result<()> {
	let tell = || format!("can't copy {} to {}", from.display(), to.display());
	std::fs::create_dir_all(to).with_context(tell)?;
	for entry in std::fs::read_dir(from).with_context(tell)? {
		let entry = entry.with_context(tell)?;
		let target = to.join(entry.file_name());
		// The same file under another name where the folders are on one disk.
		if std::fs::hard_link(entry.path(), &target).is_err() {
			std::fs::copy(entry.path(), &target).with_context(tell)?;
		}
	}
	Ok(())
}

/// Whether progress bars can be seen, which go to standard error.
pub fn console() -> bool {
	std::io::IsTerminal::is_terminal(&std::io::stderr())
}
