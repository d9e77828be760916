//! `openledger model verify-training`.

use super::{
	sources::{self, Named},
	train::{
		ADAPTER, LOG, MANIFEST, console,
		material::{Learning, Material},
	},
};
use crate::{Context, output::Output};
use anyhow::{Context as _, Result, bail, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use openledger_attribution::{
	Manifest,
	local::{LocalManifest, TrainingLog},
};
use openledger_primitives_core::record::content_hash;
use openlora::{
	Adapter, Base, TrainOptions,
	train::{Data, Digest, Mismatch, State, Verdict, replay},
};
use serde::Serialize;
use std::{ops::ControlFlow, path::PathBuf};

/// Repeat a training and compare it, to the bit, with what it has committed to.
///
/// FOLDER is what openledger model train wrote. What was trained on comes from the chain, or is given:
///
///     openledger model verify-training my-adapter --base model.gguf --data talks.jsonl
///
/// A training that kept its checkpoints can be checked in parts, by several people or by samples:
///
///     openledger model verify-training my-adapter --base model.gguf --data talks.jsonl \
///       --from 40 --to 60
///
/// It says where the training first differs, and fails then.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct VerifyTraining {
	/// The folder with manifest.json, training.json and adapter.safetensors.
	folder: PathBuf,
	/// The base: a GGUF file, or a Hugging Face folder.
	#[arg(long)]
	base: PathBuf,
	/// The files of examples, in the order in which they were trained on.
	#[arg(long, value_name = "FILE")]
	data: Vec<PathBuf>,
	/// The files of examples that were evaluated on.
	#[arg(long, value_name = "FILE")]
	validation_data: Vec<PathBuf>,
	/// Begin with the kept state after this step (default: the beginning).
	#[arg(long, value_name = "STEP")]
	from: Option<u64>,
	/// End with this step (default: the last).
	#[arg(long, value_name = "STEP")]
	to: Option<u64>,
}

/// What was found.
#[derive(Debug, Serialize)]
struct Found {
	same: bool,
	/// The steps that were repeated.
	from: u64,
	to: u64,
	/// How many links were compared.
	links: usize,
	/// Whether the adapter came out too.
	adapter: bool,
}

/// Runs the command.
pub async fn run(arguments: VerifyTraining, context: &Context) -> Result<()> {
	let output = context.output();
	let read = |name: &str| {
		let path = arguments.folder.join(name);
		std::fs::read(&path).with_context(|| format!("can't read {}", path.display()))
	};
	let (manifest, blob) = (read(MANIFEST)?, read(ADAPTER)?);
	let log = TrainingLog::from_bytes(&read(LOG)?)?;
	let (material, options) = match LocalManifest::from_bytes(&manifest) {
		Ok(manifest) => from_files(&arguments, manifest)?,
		Err(_) => from_snapshots(&arguments, Manifest::from_bytes(&manifest)?, context).await?,
	};
	ensure!(
		log.genesis == options.genesis,
		"training.json belongs to another manifest: its chain begins with {}, not {}",
		log.genesis,
		options.genesis
	);
	ensure!(
		content_hash(&blob) == log.adapter,
		"{ADAPTER} is not the adapter that training.json names"
	);
	let options = TrainOptions { checkpoint_every: log.checkpoint_every, ..options };
	let base = Base::load(&arguments.base)?;
	let learning = material.prepare(&base)?;
	let found = verify(&arguments, &base, &learning, &options, &log, &blob, output)?;
	output.show(&found, |found| {
		let adapter = if found.adapter { ", and so is the adapter" } else { "" };
		format!(
			"steps {} to {} are the same to the bit: {} links{adapter}",
			found.from, found.to, found.links
		)
	});
	Ok(())
}

fn from_files(
	arguments: &VerifyTraining,
	manifest: LocalManifest,
) -> Result<(Material, TrainOptions)> {
	let hashes = sources::base_hashes(&arguments.base)?;
	let genesis = manifest.hash()?;
	let options = manifest.options(genesis)?;
	let names = |files: &[openledger_attribution::local::ListedFile]| {
		files.iter().map(|file| file.name.clone()).collect::<Vec<_>>().join(", ")
	};
	ensure!(
		arguments.data.len() == manifest.files.len()
			&& arguments.validation_data.len() == manifest.validation_files.len(),
		"it was trained on {}: give each with --data{}",
		names(&manifest.files),
		match manifest.validation_files.is_empty() {
			true => String::new(),
			false => format!(", and {} with --validation-data", names(&manifest.validation_files)),
		}
	);
	let material = Material::files(
		&arguments.data,
		&arguments.validation_data,
		manifest.validation_share,
		hashes,
		manifest.record_tokens,
		&options,
	)?;
	let Material::Files { manifest: given, .. } = &material else { bail!("files are files") };
	ensure!(
		(given.base, given.tokenizer) == (manifest.base, manifest.tokenizer),
		"{} is not the base that was trained on",
		arguments.base.display()
	);
	let listed = manifest.files.iter().chain(&manifest.validation_files);
	for (listed, given) in listed.zip(given.files.iter().chain(&given.validation_files)) {
		ensure!(
			listed.hash == given.hash,
			"{} is not the {} that was trained on: its hash is {:?}, not {:?}",
			given.name,
			listed.name,
			given.hash,
			listed.hash
		);
	}
	Ok((material, options))
}

async fn from_snapshots(
	arguments: &VerifyTraining,
	manifest: Manifest,
	context: &Context,
) -> Result<(Material, TrainOptions)> {
	ensure!(arguments.data.is_empty(), "it was trained on snapshots, which the chain names");
	let (weights, tokenizer) = sources::base_hashes(&arguments.base)?;
	ensure!(
		weights == manifest.base && tokenizer == manifest.tokenizer,
		"{} is not the base that was trained on",
		arguments.base.display()
	);
	let named = manifest
		.snapshots
		.iter()
		.map(|of| format!("{}:{}", of.datanet, of.snapshot).parse().map_err(anyhow::Error::msg))
		.collect::<Result<Vec<Named>>>()?;
	let chain = context.chain().await?;
	let gathered = sources::gather(&chain, &context.content()?, context.output(), &named).await?;
	gathered.sources(&manifest).check()?;
	let genesis = Digest(manifest.training_hash()?.0);
	let options = TrainOptions { genesis, ..manifest.training.options()? };
	Ok((Material::Snapshots { gathered, manifest }, options))
}

fn verify(
	arguments: &VerifyTraining,
	base: &Base,
	learning: &Learning,
	options: &TrainOptions,
	log: &TrainingLog,
	blob: &[u8],
	output: Output,
) -> Result<Found> {
	let adapter = Adapter::from_bytes(blob)?;
	let kept = |step| State::load(&arguments.folder, step, adapter.parameter_count());
	let start = match arguments.from {
		None => None,
		Some(step) => {
			let steps = || {
				let links = log.links.iter().map(|link| link.step.to_string());
				links.collect::<Vec<_>>().join(", ")
			};
			let state = kept(step)?.with_context(|| {
				format!(
					"the state after step {step} was not kept (openledger model train \
					 --keep-checkpoints does); the chain has steps {}",
					steps()
				)
			})?;
			Some(state)
		}
	};
	let end = log.links.last().map_or(0, |link| link.step);
	let to = arguments.to.unwrap_or(end);
	let from = start.as_ref().map_or(0, State::step);
	let hidden = output.json && !console();
	let bar = if hidden { ProgressBar::hidden() } else { ProgressBar::new(to - from.min(to)) };
	bar.set_style(ProgressStyle::with_template("repeating {wide_bar} step {pos}/{len} {eta}")?);
	let data = Data { examples: &learning.examples, validation: &learning.validation };
	let verdict = replay(base, data, options, &log.links, start, to, &mut |progress| {
		bar.set_position(progress.step as u64 - from);
		ControlFlow::Continue(())
	})?;
	bar.finish_and_clear();
	match verdict {
		Verdict::Same { links, adapter } => {
			let bytes = adapter.map(|adapter| adapter.to_bytes()).transpose()?;
			if bytes.as_ref().is_some_and(|bytes| bytes != blob) {
				bail!("the states are the same, but {ADAPTER} is not that of step {}", log.step);
			}
			Ok(Found { same: true, from, to, links, adapter: bytes.is_some() })
		}
		Verdict::Differs { after, step, what, state } => {
			let mut message = format!("the training differs after step {step}; ");
			message += &match step == after {
				true => "already where the repetition began: ".to_string(),
				false => format!("after step {after} it was still the same: "),
			};
			message += &match what {
				Mismatch::State { committed, found } => {
					format!("the state's hash is {found}, it has committed to {committed}")
				}
				Mismatch::Loss { committed, found } => {
					format!("the validation loss is {found:?}, it has committed to {committed:?}")
				}
				Mismatch::Steps => {
					"it has committed to other steps than its options say, or ended elsewhere"
						.into()
				}
			};
			let theirs = kept(step).ok().flatten();
			let difference = theirs.and_then(|theirs| state.difference(&theirs, adapter.weights()));
			if let Some(difference) = difference {
				let place = difference.place.map_or(String::new(), |(layer, module, matrix)| {
					format!(", {matrix} of {module} in layer {layer}")
				});
				let [ours, kept] = difference.bits;
				message += &format!(
					"; first in {} {}{place}: {ours:08x} here, {kept:08x} in the kept state",
					difference.values, difference.index
				);
			}
			bail!(message)
		}
	}
}

#[cfg(test)]
mod tests;
