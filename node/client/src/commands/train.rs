//! `openledger model train`.

use super::sources::{self, Named};
use crate::{Context, keys, output::Output};
use anyhow::{Context as _, Result};
use indicatif::{ProgressBar, ProgressStyle};
use openledger_attribution::{Manifest, Training, manifest, training_set};
use openledger_primitives_core::record::content_hash;
use openlora::{Adapter, Base, TrainOptions};
use serde::Serialize;
use std::{
	ops::ControlFlow,
	path::{Path, PathBuf},
};

/// Train a LoRA adapter on frozen snapshots.
#[derive(clap::Args)]
pub struct Train {
	/// The snapshots: 0:2 is snapshot 2 of Datanet 0, 0 the newest of Datanet 0.
	#[arg(required = true)]
	snapshots: Vec<Named>,
	/// The base: a GGUF file, or a Hugging Face folder.
	#[arg(long)]
	base: PathBuf,
	/// Rank of the adapter.
	#[arg(long, default_value_t = TrainOptions::default().rank)]
	rank: usize,
	/// Passes over the records.
	#[arg(long, default_value_t = TrainOptions::default().epochs)]
	epochs: usize,
	/// Records in a step.
	#[arg(long, default_value_t = TrainOptions::default().batch)]
	batch: usize,
	/// Peak learning rate.
	#[arg(long, default_value_t = TrainOptions::default().lr)]
	learning_rate: f64,
	/// The most tokens of a record, question and answer together.
	#[arg(long, default_value_t = 128)]
	record_tokens: usize,
	/// Seed of the initial matrices and of the order of records.
	#[arg(long, default_value_t = TrainOptions::default().seed)]
	seed: u64,
}

/// A trained adapter.
#[derive(Serialize)]
struct Trained {
	/// Holds manifest.json and adapter.safetensors.
	folder: PathBuf,
	manifest: String,
	adapter: String,
	cached: bool,
}

/// The file of a model's folder that holds the training manifest.
pub const MANIFEST: &str = "manifest.json";
/// The file of a model's folder that holds the adapter.
pub const ADAPTER: &str = "adapter.safetensors";

/// Runs the command.
pub async fn run(arguments: Train, context: &Context) -> Result<()> {
	let output = context.output();
	let chain = context.chain().await?;
	let gathered =
		sources::gather(&chain, &context.content()?, output, &arguments.snapshots).await?;
	let options = TrainOptions {
		rank: arguments.rank,
		alpha: 2.0 * arguments.rank as f64,
		epochs: arguments.epochs,
		batch: arguments.batch,
		lr: arguments.learning_rate,
		seed: arguments.seed,
		..TrainOptions::default()
	};
	let (base, tokenizer) = sources::base_hashes(&arguments.base)?;
	let manifest = Manifest {
		version: manifest::VERSION,
		base,
		tokenizer,
		snapshots: gathered.trained(),
		records: gathered.records.iter().map(|(leaf, _)| leaf.content).collect(),
		record_tokens: arguments.record_tokens,
		training: Training::from(&options),
	};
	let hash = manifest.hash()?;
	let folder = keys::cache_folder().join("trained").join(hex::encode(hash));
	let work = keys::cache_folder().join("training").join(training_key(&manifest)?);
	let kept = work.join(ADAPTER);
	let cached = kept.is_file();
	let blob = if cached {
		output.say("this adapter was trained before");
		std::fs::read(&kept)?
	} else {
		let base = Base::load(&arguments.base)?;
		let sources = gathered.sources(&manifest);
		let examples = training_set(&base, &sources)?;
		let options = TrainOptions { checkpoint_dir: Some(work.join("checkpoint")), ..options };
		let adapter = train(&base, &examples, &options, output)?;
		let blob = adapter.to_bytes()?;
		write(&kept, &blob)?;
		std::fs::remove_dir_all(work.join("checkpoint")).ok();
		blob
	};
	write(&folder.join(ADAPTER), &blob)?;
	write(&folder.join(MANIFEST), &manifest.to_bytes()?)?;
	let trained = Trained {
		folder,
		manifest: format!("{hash:?}"),
		adapter: format!("{:?}", content_hash(&blob)),
		cached,
	};
	output.show(&trained, |trained| {
		format!(
			"{}\nopenledger model publish {} makes it a model",
			trained.folder.display(),
			trained.folder.display()
		)
	});
	Ok(())
}

/// What an adapter's bytes follow from: everything in the manifest but where the chain put the
/// records, so that the same records on another chain are not trained on again.
fn training_key(manifest: &Manifest) -> Result<String> {
	let follows = serde_json::to_vec(&(
		manifest.version,
		manifest.base,
		manifest.tokenizer,
		&manifest.records,
		manifest.record_tokens,
		&manifest.training,
	))?;
	Ok(hex::encode(content_hash(&follows)))
}

fn train(
	base: &Base,
	examples: &[openlora::Example],
	options: &TrainOptions,
	output: Output,
) -> Result<Adapter> {
	let bar = if output.json && !console() { ProgressBar::hidden() } else { ProgressBar::new(0) };
	bar.set_style(ProgressStyle::with_template(
		"training {wide_bar} step {pos}/{len}, {msg}, {elapsed} gone",
	)?);
	let adapter = openlora::train(base, examples, options, &mut |progress| {
		bar.set_length(progress.steps as u64);
		bar.set_position(progress.step as u64);
		bar.set_message(format!(
			"loss {:.3}, {:.0} tokens/s, {} s left",
			progress.loss,
			progress.tokens_per_s,
			progress.eta.as_secs()
		));
		ControlFlow::Continue(())
	})?;
	bar.finish_and_clear();
	Ok(adapter)
}

/// Whether progress bars can be seen, which go to standard error.
pub fn console() -> bool {
	std::io::IsTerminal::is_terminal(&std::io::stderr())
}

/// Writes a file as a whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> Result<()> {
	let tell = || format!("can't write {}", path.display());
	if let Some(folder) = path.parent() {
		std::fs::create_dir_all(folder).with_context(tell)?;
	}
	let part = path.with_extension("part");
	std::fs::write(&part, bytes).and_then(|()| std::fs::rename(&part, path)).with_context(tell)
}
