//! `openledger model publish`.

use super::{
	checkpoints,
	datanet::all,
	publish_audit,
	publish_retrieval::{self, Drawn, Retrieved},
	sources::{self, Gathered},
	train::{ADAPTER, MANIFEST, console},
};
use crate::{
	Context, amount,
	chain::{self, Chain, bytes, list, number, option, record, retrieval, variant},
	keys::{self, Signer},
	output::Output,
};
use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use openledger_attribution::{
	BuildOptions, IndexFile, Manifest, Sources, Stage, build,
	examine::{check_read, check_size},
	local::LocalManifest,
	training_set,
};
use openledger_primitives_api::{BaseInfo, MAX_PAGE, ModelInfo};
use openledger_primitives_core::{
	BaseId, Hash, MAX_CREDITED, MAX_CREDITS, MAX_SKETCH, MIN_SKETCH, ModelId,
	model::{IndexCommitment, Method, MethodRefusal, ModelStatus, PayBy},
	record::content_hash,
};
use openlora::{Adapter, Base};
use serde_json::json;
use sp_core::crypto::AccountId32;
use std::{
	ops::ControlFlow,
	path::{Path, PathBuf},
};
use subxt::dynamic::Value;

/// The file of a model's folder that its attribution index is written to.
const INDEX: &str = "attribution.index";

/// Which leaves are paid.
#[derive(Clone, Copy, ValueEnum)]
pub enum Pay {
	/// The best records; each pays its contributor.
	Records,
	/// The best contributors, each by the sum over all of their records.
	Contributors,
}

/// Publish a trained adapter as a model.
///
/// With --retrieval its answers see records that fit the question: up to four are put into each prompt, and
/// share a part of what contributors are paid. Claims show both kinds, and have room for 16 credits in all:
///
///     openledger model publish legal --name legal --base model.gguf \
///       --retrieval legal.retrieval --credits 4
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Publish {
	/// The folder that openledger model train wrote; the attribution index is written there too.
	folder: PathBuf,
	/// The model's name, at most 64 bytes.
	#[arg(long)]
	name: String,
	/// The base it was trained on. A base that the chain does not know is registered as yours.
	#[arg(long)]
	base: PathBuf,
	/// The base's royalty in per cent of the owner's part, when it is registered.
	#[arg(long, default_value_t = 5)]
	royalty: u8,
	/// Price of 1,000 prompt tokens.
	#[arg(long, default_value = "1", value_parser = amount::parse)]
	price_prompt: u128,
	/// Price of 1,000 answer tokens.
	#[arg(long, default_value = "4", value_parser = amount::parse)]
	price_output: u128,
	/// Which leaves are paid.
	#[arg(long, value_enum, default_value = "records")]
	pay: Pay,
	/// The most leaves that one answer credits, 1 to 16.
	#[arg(long, default_value_t = 8)]
	credits: u8,
	/// Components of a sketch, 16 to 2,048. Times the credits, at most 16,384.
	#[arg(long, default_value_t = 2_048)]
	dimension: u16,
	#[command(flatten)]
	retrieved: Retrieved,
	/// The version that this one continues.
	#[arg(long)]
	parent: Option<ModelId>,
	/// Appeal where the audit finds the model false, for 15 OPEN, which come back if the verdict changes.
	#[arg(long)]
	appeal: bool,
}

/// The method that is asked for, refused as the chain would refuse it, but before anything is uploaded.
fn method(arguments: &Publish) -> Result<Method> {
	let pay_by = match arguments.pay {
		Pay::Records => PayBy::Records,
		Pay::Contributors => PayBy::Contributors,
	};
	let Publish { credits, dimension, .. } = *arguments;
	let method = Method { pay_by, credits, dimension };
	match method.check() {
		Ok(()) => Ok(method),
		Err(MethodRefusal::Credits) => bail!("--credits has to be within 1 and {MAX_CREDITS}"),
		Err(MethodRefusal::Dimension) => {
			bail!("--dimension has to be within {MIN_SKETCH} and {MAX_SKETCH}")
		}
		Err(MethodRefusal::Credited) => bail!(
			"{credits} credits of {dimension} components are more than a claim may show: {MAX_CREDITED} in \
			 all, so credit fewer or shorten the sketches"
		),
	}
}

/// Runs the command.
pub async fn run(arguments: Publish, context: &Context) -> Result<()> {
	let method = method(&arguments)?;
	let plan = arguments.retrieved.plan(&method)?;
	let output = context.output();
	let signer = context.signer()?;
	let chain = context.chain().await?;
	let store = context.content()?;
	let read = |name: &str| {
		let path = arguments.folder.join(name);
		std::fs::read(&path).with_context(|| {
			format!("can't read {}: openledger model train makes it", path.display())
		})
	};
	let (manifest_bytes, adapter_bytes) = (read(MANIFEST)?, read(ADAPTER)?);
	if LocalManifest::from_bytes(&manifest_bytes).is_ok() {
		bail!(
			"{} was trained on files, which nobody can be paid for: contribute them to a Datanet and \
			 train on its snapshot",
			arguments.folder.display()
		);
	}
	let manifest = Manifest::from_bytes(&manifest_bytes)?;
	let adapter = Adapter::from_bytes(&adapter_bytes)?;
	let (weights, tokenizer) = sources::base_hashes(&arguments.base)?;
	if weights != manifest.base || tokenizer != manifest.tokenizer {
		bail!("{} is not the base that the adapter was trained on", arguments.base.display());
	}
	let named: Vec<sources::Named> = manifest
		.snapshots
		.iter()
		.map(|of| format!("{}:{}", of.datanet, of.snapshot).parse().map_err(anyhow::Error::msg))
		.collect::<Result<_>>()?;
	let gathered = sources::gather(&chain, &store, output, &named).await?;
	gathered.sources(&manifest).check()?;
	// All that can be refused is, before anything costs a fee.
	check_room(&arguments.folder)?;
	let engine = Base::load(&arguments.base)?;
	let examples = training_set(&engine, &gathered.sources(&manifest))?.len();
	let kept = checkpoints::read(&arguments.folder, &manifest, &adapter)?;
	match &kept {
		Some(kept) => {
			kept.check(&manifest, examples)?;
			check_size(gathered.records.iter().map(|(leaf, _)| leaf.clone()))?;
			if plan.is_some() {
				check_read(gathered.records.iter().map(|(leaf, _)| leaf.clone()))?;
			}
		}
		None => output.say(format!(
			"{} has no checkpoints, without which no version can be audited: where the chain audits, train \
			 again, which keeps them",
			arguments.folder.display()
		)),
	}
	let drafted = Draft {
		adapter: content_hash(&adapter_bytes),
		manifest: content_hash(&manifest_bytes),
		method,
	};
	let known = registered(&chain, &signer.account(), &arguments.name, &drafted).await?;
	if let Some(plan) = &plan {
		let seed = known.as_ref().map(|model| model.projection);
		plan.check_file(&gathered.sources(&manifest), seed)?;
	}
	let base = registered_base(&chain, &signer, &arguments, weights, tokenizer).await?;
	store.put(&signer, adapter_bytes).await?;
	store.put(&signer, manifest_bytes).await?;
	let mut model = match known {
		Some(known) => known,
		None => register(&chain, &signer, &arguments, base, &drafted, &gathered, &adapter).await?,
	};
	output.say(format!("model {} is registered; building its attribution index", model.id));
	// Stored whatever the version's status is: verifiers may have found it nowhere.
	let training = match kept {
		Some(kept) => Some(checkpoints::store(&store, &signer, &kept).await?),
		None => None,
	};
	let (sources, folder) = (gathered.sources(&manifest), &arguments.folder);
	let index = index(&engine, &sources, &adapter, folder, method, model.projection, output)?;
	let commitment = index.commitment();
	if model.index.is_some_and(|committed| committed != commitment) {
		bail!("model {} has committed to another index than this folder's gives", model.id);
	}
	store.put(&signer, index.to_bytes().to_vec()).await?;
	let retrieval = match &plan {
		Some(plan) => {
			let drawn = Drawn { sources: gathered.sources(&manifest), seed: model.projection };
			let index = plan.index(&engine, &drawn, output)?;
			Some(plan.store(&index, &store, &signer).await?)
		}
		None => None,
	};
	publish_retrieval::commit(&chain, &signer, &model, retrieval).await?;
	if model.status == ModelStatus::Draft {
		if let Some(training) = training {
			let call = vec![("model", number(model.id)), ("training", bytes(training))];
			chain.submit(&signer, "Models", "commit_training", call).await?;
		}
		commit_index(&chain, &signer, model.id, commitment).await?;
		model.status = ModelStatus::Indexed;
	}
	if model.status == ModelStatus::Indexed {
		publish_audit::wait(&chain, &signer, model.id, arguments.appeal, output).await?;
		chain.submit(&signer, "Models", "publish", vec![("model", number(model.id))]).await?;
	}
	let told = json!({ "model": model.id, "name": arguments.name, "retrieval": retrieval });
	output.show(&told, |_| {
		let found = retrieval.map_or(String::new(), |of| {
			format!(
				"\nup to {} records are put into a prompt, and have {} % of what its contributors are paid",
				of.most,
				of.part.deconstruct() / 10_000
			)
		});
		format!("model {} is published: operators can serve it{found}", model.id)
	});
	Ok(())
}

/// Commits a draft to its index.
async fn commit_index(
	chain: &Chain,
	signer: &Signer,
	model: ModelId,
	commitment: IndexCommitment,
) -> Result<()> {
	let call = vec![("model", number(model)), ("index", retrieval::index(commitment))];
	chain.submit(signer, "Models", "commit_index", call).await?;
	Ok(())
}

/// The registered base with these weights, registered now if need be.
async fn registered_base(
	chain: &Chain,
	signer: &Signer,
	arguments: &Publish,
	weights: Hash,
	tokenizer: Hash,
) -> Result<BaseId> {
	let bases = all(
		|start| chain.api("bases", (start, MAX_PAGE)),
		|found: &BaseInfo<AccountId32>| found.id,
	)
	.await?;
	if let Some(known) = bases.iter().find(|b| b.weights == weights && b.tokenizer == tokenizer) {
		return Ok(known.id);
	}
	let name = arguments.base.file_stem().map(|name| name.to_string_lossy().into_owned());
	let name: String = name.unwrap_or_else(|| "base".into()).chars().take(32).collect();
	let call = vec![
		("name", bytes(name)),
		("architecture", bytes("llama")),
		("weights", bytes(weights)),
		("tokenizer", bytes(tokenizer)),
		("royalty", number(u32::from(arguments.royalty) * 10_000)),
	];
	let events = chain.submit(signer, "Models", "register_base", call).await?;
	let base = chain::find(&events, "Models", "BaseRegistered")?.number("base");
	Ok(base.context("the event names no base")? as BaseId)
}

/// What a version is registered with.
struct Draft {
	adapter: Hash,
	manifest: Hash,
	method: Method,
}

/// The version, where an earlier run has registered it.
async fn registered(
	chain: &Chain,
	owner: &AccountId32,
	name: &str,
	draft: &Draft,
) -> Result<Option<ModelInfo<AccountId32>>> {
	let models = all(
		|start| chain.api("models", (start, MAX_PAGE)),
		|found: &ModelInfo<AccountId32>| found.id,
	)
	.await?;
	let same = |info: &ModelInfo<AccountId32>| {
		info.owner == *owner
			&& info.name == name
			&& info.spec.manifest == draft.manifest
			&& info.spec.adapter == draft.adapter
			&& info.spec.method == draft.method
			&& matches!(info.status, ModelStatus::Draft | ModelStatus::Indexed)
	};
	Ok(models.into_iter().find(same))
}

/// Registers the version.
async fn register(
	chain: &Chain,
	signer: &Signer,
	arguments: &Publish,
	base: BaseId,
	draft: &Draft,
	gathered: &Gathered,
	adapter: &Adapter,
) -> Result<ModelInfo<AccountId32>> {
	let snapshots = gathered.references.iter().map(|reference| {
		record([("datanet", number(reference.datanet)), ("snapshot", number(reference.snapshot))])
	});
	let pay_by = match draft.method.pay_by {
		PayBy::Records => "Records",
		PayBy::Contributors => "Contributors",
	};
	let method: Value = record([
		("pay_by", variant(pay_by)),
		("credits", number(draft.method.credits)),
		("dimension", number(draft.method.dimension)),
	]);
	let canonical = Value::unnamed_variant("Canonical", [number(openlora::ARITHMETIC)]);
	let spec = record([
		("base", number(base)),
		("parent", option(arguments.parent.map(number))),
		("adapter", bytes(draft.adapter)),
		("rank", number(adapter.rank() as u32)),
		("manifest", bytes(draft.manifest)),
		("snapshots", list(snapshots)),
		("method", method),
		("arithmetic", canonical),
	]);
	let price = record([
		("prompt", number(arguments.price_prompt)),
		("output", number(arguments.price_output)),
	]);
	let call = vec![("name", bytes(&arguments.name)), ("spec", spec), ("price", price)];
	let events = chain.submit(signer, "Models", "register", call).await?;
	let model = chain::find(&events, "Models", "Registered")?.number("model");
	let model = model.context("the event names no model")? as ModelId;
	let info: Option<ModelInfo<AccountId32>> = chain.api("model", model).await?;
	info.with_context(|| format!("model {model} is not there any more"))
}

/// Shows how far what is built is.
pub(super) fn bar(output: Output, what: &str) -> Result<ProgressBar> {
	let bar = if output.json && !console() { ProgressBar::hidden() } else { ProgressBar::new(0) };
	let style = format!("{what}: {{msg}} {{wide_bar}} {{pos}}/{{len}}, {{eta}} left");
	bar.set_style(ProgressStyle::with_template(&style)?);
	Ok(bar)
}

/// Refuses a folder that the index can't be written to.
fn check_room(folder: &Path) -> Result<()> {
	let written = tempfile::tempfile_in(folder);
	let why = || format!("{INDEX} can't be written to {}", folder.display());
	written.map(drop).with_context(why)
}

/// The attribution index, in a file of the folder: `openledger attribute` and `trace --explain` read it.
fn index(
	base: &Base,
	sources: &Sources,
	adapter: &Adapter,
	folder: &Path,
	method: Method,
	projection: Hash,
	output: Output,
) -> Result<IndexFile> {
	let (cache, file) = (keys::cache_folder(), folder.join(INDEX));
	let options = BuildOptions { method, projection, file: &file, cache_dir: Some(&cache) };
	let bar = bar(output, "index")?;
	let index = build(base, adapter, sources, &options, &mut |progress| {
		bar.set_message(match progress.stage {
			Stage::Records => "records",
			Stage::Nulls => "null queries",
		});
		bar.set_length(progress.total as u64);
		bar.set_position(progress.done as u64);
		ControlFlow::Continue(())
	})?;
	bar.finish_and_clear();
	output.say(format!("wrote {}", file.display()));
	// What is committed to has to be what the store hands out.
	if content_hash(index.to_bytes()) != index.commitment().file {
		bail!("the index does not have the hash that it commits to");
	}
	Ok(index)
}

#[cfg(test)]
mod tests {
	use super::*;
	use clap::Parser;

	#[derive(Parser)]
	struct Line {
		#[command(flatten)]
		publish: Publish,
	}

	fn asked(more: &str) -> Result<Method> {
		let line = format!("publish folder --name n --base b {more}");
		method(&Line::try_parse_from(line.split_whitespace()).unwrap().publish)
	}

	#[test]
	fn method_is_what_the_chain_takes_when_nothing_is_said() {
		let method = asked("").unwrap();
		assert_eq!(method, Method { pay_by: PayBy::Records, credits: 8, dimension: 2_048 });
		method.check().unwrap();
	}

	#[test]
	fn folder_is_refused_that_nothing_can_be_written_to() {
		let folder = tempfile::tempdir().unwrap();
		check_room(folder.path()).unwrap();
		assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
		let file = folder.path().join("file");
		std::fs::write(&file, "").unwrap();
		for other in [file, folder.path().join("absent")] {
			let refused = check_room(&other).unwrap_err().to_string();
			assert!(refused.starts_with("attribution.index can't be written to /"), "{refused}");
		}
	}

	#[test]
	fn method_is_refused_with_what_to_do_when_it_is_out_of_range() {
		let refused = |more: &str| asked(more).unwrap_err().to_string();
		assert!(refused("--credits 0").contains("--credits"));
		assert!(refused("--credits 17").contains("--credits"));
		assert!(refused("--dimension 15").contains("--dimension"));
		assert!(refused("--credits 1 --dimension 2049").contains("--dimension"));
		assert!(refused("--credits 9").contains("credit fewer"));
		assert_eq!(asked("--credits 16 --dimension 1024").unwrap().credits, 16);
	}
}
