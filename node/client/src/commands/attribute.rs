//! `openledger attribute`: an answer explained without a chain.

mod engine;
pub(super) mod material;

use crate::{
	Context, amount,
	explain::{self, Answered, Origin, Pool, View},
	keys,
};
use anyhow::{Context as _, Result, ensure};
use openledger_primitives_attribution::lift;
use openledger_primitives_core::Balance;
use openlora::Base;
use std::path::{Path, PathBuf};

/// Explain an answer without a chain: which records moved it, and who would be paid what part.
///
/// It asks the model, or takes the answer that is given, and does what an operator's worker and
/// the runtime do with it: the same sketch, the same claim, checked by the same rule. It shows each
/// credited record with what it says in the answer's very words.
///
///     openledger attribute --base model.gguf --adapter my-adapter --index legal.index \
///       --records contributed.jsonl --question "What is a lien?"
///
/// A version's index is content of its operators' workers. Its hash is in the version's commitment:
///
///     openledger model list --json            # "index": {"file": "0xHASH", …}
///     curl -o legal.index http://127.0.0.1:9955/content/HASH
///
/// An answer that was given on chain is explained by giving it along, and leaving the payer's own
/// records out. The result is a page that can be sent to anyone and opened without a network:
///
///     openledger attribute … --answer "A right over another's goods." --payer ADDRESS \
///       --html why.html
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Attribute {
	/// The base: a GGUF file, or a Hugging Face folder.
	#[arg(long)]
	base: PathBuf,
	/// The adapter: a folder that openledger model train wrote, a PEFT folder, a safetensors file or a
	/// GGUF file.
	#[arg(long)]
	adapter: PathBuf,
	/// The attribution index that was built for this adapter.
	#[arg(long, value_name = "FILE")]
	index: PathBuf,
	/// A file or folder of records as they were contributed, .jsonl, .md or .txt; can be repeated.
	/// Records are known by their hashes, so order and names don't matter, and every byte of a line does.
	/// What is in none of the files is credited all the same, without its text.
	#[arg(long, value_name = "PATH")]
	records: Vec<PathBuf>,
	/// The question.
	#[arg(long, value_name = "TEXT")]
	question: String,
	/// The answer (default: the likeliest one that the model gives).
	#[arg(long, value_name = "TEXT")]
	answer: Option<String>,
	/// The most tokens of an answer that is not given.
	#[arg(long, value_name = "TOKENS", default_value_t = 64, conflicts_with = "answer")]
	max_tokens: usize,
	/// The account that pays, whose own records earn nothing (default: nobody's are left out).
	#[arg(long, value_name = "ACCOUNT")]
	payer: Option<String>,
	/// Components of a sketch that the index has to have (default: those that it has).
	#[arg(long, value_name = "K")]
	dimension: Option<u16>,
	/// What contributors would be paid for an answer that earned all of it, to see amounts.
	#[arg(long, value_name = "AMOUNT", value_parser = amount::parse)]
	pool: Option<Balance>,
	/// The gain that earns all of it, in thousandths of a nat a token.
	#[arg(long, value_name = "GAIN", default_value_t = lift::FULL_GAIN)]
	full_gain: i32,
	/// Write the same as one page that needs nothing else.
	#[arg(long, value_name = "FILE")]
	html: Option<PathBuf>,
}

impl Attribute {
	/// Runs the command.
	pub fn run(self, context: &Context) -> Result<()> {
		let view = self.view(context)?;
		explain::show(&view, context.output(), self.html.as_deref())
	}

	fn view(&self, context: &Context) -> Result<View> {
		ensure!(!self.question.trim().is_empty(), "--question is empty: ask something");
		ensure!(
			self.answer.as_deref().is_none_or(|answer| !answer.trim().is_empty()),
			"--answer is empty: leave it out, and the model answers"
		);
		let payer = self.payer.as_deref().map(keys::account).transpose()?;
		// What takes a moment comes before what takes a minute.
		let index = material::index(&self.index, self.dimension)?;
		let contents = material::contents(&self.records, &index, context.output())?;
		let base = Base::load(&self.base)
			.with_context(|| format!("can't use the base {}", self.base.display()))?;
		let adapter = material::adapter(&self.adapter, &self.base, &base, &index)?;
		let engine = engine::Engine { base: &base, adapter: &adapter, index: &index };
		let given = self.answer.as_deref();
		let found = engine.explain(&self.question, given, self.max_tokens, payer)?;
		let earned = lift::earned(found.gain, self.full_gain);
		let contents: Vec<_> =
			found.verified.evidence.iter().map(|of| contents.get(&of.content).cloned()).collect();
		let answered = Answered {
			origin: Origin::Files {
				base: name(&self.base),
				adapter: name(&self.adapter),
				index: name(&self.index),
				given: given.is_some(),
			},
			question: self.question.clone(),
			answer: found.answer,
			gain: found.gain,
			earned_ppm: earned.deconstruct(),
			pay_by: index.header().method.pay_by,
			paid: found.verified.paid,
			evidence: found.verified.evidence,
			pool: self.pool.map_or(Pool::Unknown, |pool| Pool::Of(earned.mul_floor(pool))),
			index: Some(index.commitment()),
			found: None,
		};
		Ok(View::new(answered, &contents, Some(&index)))
	}
}

fn name(path: &Path) -> String {
	path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests;
