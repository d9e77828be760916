//! `openledger retrieve`: which records would be put into the prompt of a question.

#[cfg(test)]
mod tests;

use super::{attribute::material, sources};
use crate::{Context, keys, output};
use anyhow::{Context as _, Result, ensure};
use openledger_attribution::{
	floor,
	format::Record,
	retrieval::{Options, Records, RetrievalIndex, build, prompt},
};
use openledger_primitives_attribution::split::largest_remainder;
use openledger_primitives_core::Hash;
use openlora::Base;
use serde::Serialize;
use sp_core::crypto::Ss58Codec;
use std::{
	collections::HashMap,
	ops::ControlFlow,
	path::{Path, PathBuf},
	sync::Arc,
};

/// Characters of a record that are shown.
const EXCERPT: usize = 240;
/// What parts are given in.
const WHOLE: u128 = 1_000_000;

/// Look up the records for a question, as they would be put into a prompt.
#[derive(clap::Subcommand)]
pub enum Command {
	Index(Index),
	Find(Find),
}

/// Build a retrieval index over the records of an attribution index.
///
/// It holds what the base, without any adapter, makes of each record, and the record's words. Beside
/// it is written what sketches are made with, as FILE.lens: both follow from base and records.
///
///     openledger retrieve index --base model.gguf --index legal.index \
///       --records contributed.jsonl --out legal.retrieval
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Index {
	/// The base: a GGUF file, or a Hugging Face folder.
	#[arg(long)]
	base: PathBuf,
	/// The attribution index whose records it is to be over.
	#[arg(long, value_name = "FILE")]
	index: PathBuf,
	/// A file or folder of records as they were contributed; can be repeated. Every record of the index
	/// has to be in them.
	#[arg(long, value_name = "PATH", required = true)]
	records: Vec<PathBuf>,
	/// Components of a sketch.
	#[arg(long, value_name = "K", default_value_t = 2_048)]
	dimension: u16,
	/// The most records in one prompt, 1 to 4.
	#[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=4))]
	most: u8,
	/// Where the index is written.
	#[arg(long, value_name = "FILE")]
	out: PathBuf,
}

/// List the records that would be put into the prompt of a question.
///
/// Each with its relevance: what it scores of what a text that is the question itself would. Below
/// the floor, nothing is put into a prompt, and nobody is paid.
///
///     openledger retrieve find --base model.gguf --retrieval legal.retrieval \
///       --records contributed.jsonl --question "What is a lien?"
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Find {
	/// The base: a GGUF file, or a Hugging Face folder.
	#[arg(long)]
	base: PathBuf,
	/// The index that openledger retrieve index wrote; its lens lies beside it.
	#[arg(long, value_name = "FILE")]
	retrieval: PathBuf,
	/// A file or folder of records as they were contributed; can be repeated.
	#[arg(long, value_name = "PATH", required = true)]
	records: Vec<PathBuf>,
	/// The question.
	#[arg(long, value_name = "TEXT")]
	question: String,
	/// The account that asks, whose own records are left out (default: nobody's are).
	#[arg(long, value_name = "ACCOUNT")]
	payer: Option<String>,
	/// Show the prompt itself too.
	#[arg(long)]
	prompt: bool,
}

#[derive(Serialize)]
struct Built {
	records: usize,
	floor: f64,
	index: Hash,
	lens: Hash,
}

/// What would be put into a prompt.
#[derive(Serialize)]
struct Found {
	floor: f64,
	records: Vec<Source>,
	#[serde(skip_serializing_if = "Option::is_none")]
	prompt: Option<String>,
}

#[derive(Serialize)]
struct Source {
	number: usize,
	datanet: u32,
	record: u32,
	contributor: String,
	relevance: f64,
	/// Of what retrieved records are paid, in millionths.
	part_ppm: u128,
	text: String,
}

impl Command {
	/// Runs the command.
	pub fn run(self, context: &Context) -> Result<()> {
		let output = context.output();
		match self {
			Self::Index(command) => output.show(&command.build(context)?, |built| {
				format!(
					"{} records; a record is put into a prompt from a relevance of {:.3} on",
					built.records, built.floor
				)
			}),
			Self::Find(command) => output.show(&command.find(context)?, to_text),
		}
		Ok(())
	}
}

/// Where the lens of an index lies.
pub(super) fn lens_of(index: &Path) -> PathBuf {
	let mut name = index.as_os_str().to_owned();
	name.push(".lens");
	name.into()
}

fn load(base: &Path) -> Result<(Arc<Base>, Hash)> {
	let (weights, _) = sources::base_hashes(base)?;
	let loaded = Base::load(base);
	let loaded = loaded.with_context(|| format!("can't use the base {}", base.display()))?;
	Ok((loaded, weights))
}

impl Index {
	fn build(&self, context: &Context) -> Result<Built> {
		let output = context.output();
		let index = material::index(&self.index, None)?;
		let contents = material::contents(&self.records, &index, output)?;
		let total = index.len();
		let records: Vec<_> = index
			.records()
			.iter()
			.filter_map(|leaf| contents.get(&leaf.content).cloned().map(|content| (leaf, content)))
			.collect();
		ensure!(
			records.len() == total,
			"{} of the index's {total} records are not in the files given: give all of them",
			total - records.len()
		);
		let (base, weights) = load(&self.base)?;
		let header = index.header();
		let of = Records {
			base: weights,
			manifest: header.manifest,
			snapshots: &header.snapshots,
			records: &records,
		};
		let Self { dimension, most, .. } = *self;
		let options = Options { seed: header.projection, dimension, most };
		let built = build(&base, &of, &options, &mut |_| ControlFlow::Continue(()))?;
		built.save(&self.out, &lens_of(&self.out))?;
		Ok(Built {
			records: total,
			floor: share(built.file().header().floor_ppm),
			index: built.file().commitment().file,
			lens: built.lens().hash(),
		})
	}
}

impl Find {
	fn find(&self, context: &Context) -> Result<Found> {
		ensure!(!self.question.trim().is_empty(), "--question is empty: ask something");
		let payer = self.payer.as_deref().map(keys::account).transpose()?;
		let index = RetrievalIndex::open(&self.retrieval, &lens_of(&self.retrieval))
			.with_context(|| format!("can't use the index {}", self.retrieval.display()))?;
		let contents = material::contents(&self.records, index.file(), context.output())?;
		let (base, weights) = load(&self.base)?;
		ensure!(
			weights == index.lens().base(),
			"{} is not the base that the index was built with",
			self.base.display()
		);
		let sketch = index.question(&base, &self.question)?;
		let found = index.find(&sketch, payer.as_ref())?;
		let weights: Vec<u64> =
			found.iter().map(|leaf| (leaf.score - leaf.floor).max(0) as u64).collect();
		let parts = largest_remainder(WHOLE, &weights);
		let mut records = Vec::new();
		let mut read = Vec::new();
		for ((number, leaf), part_ppm) in (1..).zip(&found).zip(parts) {
			let (record, text) = text_of(&index, leaf.position, &contents)?;
			let shown = index.file().leaf(leaf.position as usize).context("no such leaf")?;
			records.push(Source {
				number,
				datanet: record.0,
				record: record.1,
				contributor: record.2,
				relevance: share(floor::share(&sketch, shown.scale.into(), &shown.sketch)),
				part_ppm,
				text: text.text(),
			});
			read.push(text);
		}
		let prompt =
			self.prompt.then(|| prompt(&base.tokenizer, &read, &self.question)).transpose()?;
		Ok(Found { floor: share(index.file().header().floor_ppm), records, prompt })
	}
}

fn share(ppm: u32) -> f64 {
	f64::from(ppm) / WHOLE as f64
}

/// A record's Datanet, number and contributor, and what it says.
fn text_of(
	index: &RetrievalIndex,
	position: u32,
	contents: &HashMap<Hash, Vec<u8>>,
) -> Result<((u32, u32, String), Record)> {
	let leaf = index.file().records().get(position as usize).context("no such record")?;
	let content = contents.get(&leaf.content).with_context(|| {
		let (datanet, number) = (leaf.datanet, leaf.index);
		format!("record {datanet}/{number} would be put into the prompt, and is in no file given")
	})?;
	Ok(((leaf.datanet, leaf.index, leaf.contributor.to_ss58check()), Record::parse(content)?))
}

fn to_text(found: &Found) -> String {
	if found.records.is_empty() {
		return format!(
			"No record is as relevant as {:.3}: nothing would be put into the prompt.",
			found.floor
		);
	}
	let mut out = format!("relevant from {:.3} on", found.floor);
	for source in &found.records {
		let Source { number, datanet, record, contributor, relevance, part_ppm, text } = source;
		out += &format!(
			"\n\n[{number}] record {datanet}/{record} by {contributor}\n    relevance {relevance:.3}, \
			 {:.1} % of what retrieved records are paid\n    ",
			*part_ppm as f64 / 1e4
		);
		out.extend(text.chars().take(EXCERPT).map(|character| match output::visible(character) {
			'\n' | '\t' => ' ',
			other => other,
		}));
		if text.chars().nth(EXCERPT).is_some() {
			out += " …";
		}
	}
	if let Some(prompt) = &found.prompt {
		out += "\n\nThe prompt:\n\n";
		out.extend(prompt.chars().map(output::visible));
	}
	out
}
