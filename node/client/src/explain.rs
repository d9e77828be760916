//! An answer explained: which records it is credited to, what they say in the same words, and who has
//! which part of what it earned.
//!
//! One [`View`] is made of what the chain, or the engine, says of an answer. It is shown as text, as
//! JSON or as a page. Nothing here scores or ranks: the credits are those of the rule, and the shares
//! are divided by it.

mod html;
mod pieces;
mod shares;
#[cfg(test)]
pub mod testing;
mod text;
mod words;

use crate::output::{Output, write};
use anyhow::Result;
use html::to_html;
use openledger_attribution::{IndexFile, format::Record, retrieval::Cited};
use openledger_primitives_api::RequestState;
use openledger_primitives_attribution::{Credit, Evidence};
use openledger_primitives_core::{
	Balance, Hash,
	model::{IndexCommitment, PayBy},
};
use pieces::{Excerpt, Mark, Piece};
use serde::Serialize;
use sp_core::crypto::{AccountId32, Ss58Codec};
use sp_runtime::Permill;
use std::{collections::HashMap, path::Path};
use text::to_text;
use words::Words;

pub use shares::{Owed, Pool, Share, divide};

/// Where an answer comes from.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Origin {
	/// A request on chain.
	Request {
		/// Its number.
		request: u64,
		/// The model version that answered.
		model: u32,
		/// That version's name.
		name: String,
		/// How far the request is.
		state: RequestState,
	},
	/// Files, without a chain.
	Files {
		/// The base's file.
		base: String,
		/// The adapter's file.
		adapter: String,
		/// The index's file.
		index: String,
		/// Whether the answer was given along, and not generated.
		given: bool,
	},
}

/// What a record is credited for. The specification's third kind, spans, is in no claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
	/// Its gradient: learning the record moves the model towards the answer.
	Gradient,
	/// Its relevance to the question: it was put into the prompt.
	Retrieval,
}

impl Kind {
	/// What it did.
	pub fn name(self) -> &'static str {
		match self {
			Self::Gradient => "moved the answer",
			Self::Retrieval => "in the prompt",
		}
	}
}

/// What is known of the records that were put into an answer's prompt.
#[derive(Clone, Debug, Default)]
pub struct Prompted {
	/// What they have of the contributors' part, in millionths.
	pub part_ppm: u32,
	/// What is paid, best first: as they stand in the prompt.
	pub paid: Vec<Credit<AccountId32>>,
	/// The records, best first.
	pub evidence: Vec<Evidence<AccountId32>>,
	/// The index that proofs lead to.
	pub index: Option<IndexCommitment>,
}

impl Prompted {
	/// What its records have of the contributors' part, in millionths; zero where there are none.
	pub fn paid_ppm(&self) -> u32 {
		if self.paid.is_empty() { 0 } else { self.part_ppm }
	}

	/// What a record of the prompt scores of what a text that is the question itself would, in millionths;
	/// `None` without the index, or where every record of it would do.
	pub fn relevance_ppm(&self, credit: &Credit<AccountId32>) -> Option<u32> {
		let floor_ppm = self.index.as_ref()?.floor_ppm;
		// The floor is the same share of both lengths for every record.
		let floor = u128::try_from(i128::from(credit.score) - i128::from(credit.weight)).ok()?;
		let score = u128::try_from(credit.score).ok()?;
		let ppm = score.saturating_mul(floor_ppm.into()).checked_div(floor)?;
		Some(ppm.min(1_000_000) as u32)
	}
}

/// What is known of an answer and its claim.
#[derive(Clone, Debug)]
pub struct Answered {
	/// Where it comes from.
	pub origin: Origin,
	/// The question.
	pub question: String,
	/// The answer.
	pub answer: String,
	/// Mean gain in log-probability under the adapter, thousandths of a nat a token.
	pub gain: i32,
	/// The part of the contributors' pool that the gain earned, in millionths.
	pub earned_ppm: u32,
	/// Which leaves are paid.
	pub pay_by: PayBy,
	/// What is paid, best first.
	pub paid: Vec<Credit<AccountId32>>,
	/// The records that explain it, best first.
	pub evidence: Vec<Evidence<AccountId32>>,
	/// What is divided.
	pub pool: Pool,
	/// The index that proofs lead to.
	pub index: Option<IndexCommitment>,
	/// What was put into the prompt; none where the version puts nothing there.
	pub found: Option<Prompted>,
}

/// A record's near-duplicates. Only the head of a cluster is trained on and credited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Cluster {
	/// How many records it has, the head among them; `None` without the index.
	pub members: Option<usize>,
}

/// Where a record's proofs lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proof {
	/// The leaf's place in the index, from zero.
	pub position: u32,
	/// How many leaves the index has.
	pub leaves: Option<u32>,
	/// The root of the index's leaves, which the chain has.
	pub root: Option<Hash>,
	/// blake2b-256 of the record.
	pub content: Hash,
}

/// A record's place in a prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Source {
	/// By what number the model is shown it, from one.
	pub number: usize,
	/// What it scores of what a text that is the question itself would, in millionths; `None` where
	/// the floor does not tell.
	pub relevance_ppm: Option<u32>,
	/// Whether the answer names it.
	pub cited: bool,
}

/// A record that an answer is credited to.
#[derive(Clone, Debug, Serialize)]
pub struct Credited {
	/// Its rank, from one, by which pieces of texts name it.
	pub number: usize,
	/// Its Datanet.
	pub datanet: u32,
	/// Its place in the Datanet.
	pub record: u32,
	/// Who contributed it.
	pub contributor: String,
	/// What it is credited for.
	pub kind: Kind,
	/// Where it stood in the prompt, where that is what it is credited for.
	#[serde(skip_serializing_if = "Option::is_none")]
	pub source: Option<Source>,
	/// `scale · (query · sketch)`.
	pub score: i64,
	/// What it earned; `None` where contributors are paid by all of their records together.
	pub share: Option<Share>,
	/// Its near-duplicates.
	pub cluster: Cluster,
	/// Where its proofs lead.
	pub proof: Proof,
	/// The words of its longest run that the answer has too; zero without one.
	pub shared_words: usize,
	/// What it says; `None` where its content is not at hand.
	pub excerpt: Option<Excerpt>,
}

/// A contributor that an answer is credited to.
#[derive(Clone, Debug, Serialize)]
pub struct Contributor {
	/// The account.
	pub account: String,
	/// Its part of what is divided.
	pub share: Share,
	/// The numbers of its records.
	pub records: Vec<usize>,
}

/// An answer, explained.
#[derive(Clone, Debug, Serialize)]
pub struct View {
	/// Where it comes from.
	#[serde(flatten)]
	pub origin: Origin,
	/// The question.
	pub question: String,
	/// The answer, cut where it says the same as records.
	pub answer: Vec<Piece>,
	/// Mean gain in log-probability under the adapter, thousandths of a nat a token.
	pub gain: i32,
	/// The part of the contributors' pool that the gain earned, in millionths: of what the records in the
	/// prompt leave of it, where there are any.
	pub earned_ppm: u32,
	/// The part that the records in the prompt have, in millionths; zero without any.
	pub part_ppm: u32,
	/// What is paid: records or contributors.
	pub pays: &'static str,
	/// What is divided among contributors, after the gain; `None` where it is not known.
	#[serde(serialize_with = "shares::units")]
	pub pool: Option<Balance>,
	/// Whether it was paid.
	pub settled: bool,
	/// Contributors, best first.
	pub contributors: Vec<Contributor>,
	/// Records, best first.
	pub records: Vec<Credited>,
}

impl View {
	/// Explains an answer. `contents` are those of its evidence, and then of the records in its prompt, in
	/// the same order, where they are at hand; so is the index.
	pub fn new(
		answered: Answered,
		contents: &[Option<Vec<u8>>],
		index: Option<&IndexFile>,
	) -> Self {
		let found = answered.found.clone().unwrap_or_default();
		let part_ppm = found.paid_ppm();
		let owed = Owed {
			moved: &answered.paid,
			earned: Permill::from_parts(answered.earned_ppm),
			found: &found.paid,
			part: Permill::from_parts(part_ppm),
		};
		let division = divide(&owed, &answered.pool);
		let cited = Cited::of(&answered.answer, found.evidence.len());
		let said = Words::of(&answered.answer);
		let members = index.map(members).unwrap_or_default();
		let mut marks: Vec<Mark> = Vec::new();
		let moved = answered.evidence.iter().map(|shown| (Kind::Gradient, shown));
		let shown: Vec<(Kind, &Evidence<AccountId32>)> =
			moved.chain(found.evidence.iter().map(|shown| (Kind::Retrieval, shown))).collect();
		let mut records = Vec::with_capacity(shown.len());
		for (at, (kind, shown)) in shown.iter().enumerate() {
			let number = at + 1;
			let text = contents.get(at).and_then(|content| content.as_deref()).map(readable);
			let matches = text.as_deref().map(|text| said.matches(&Words::of(text)));
			let matches = matches.unwrap_or_default();
			marks.extend(matches.iter().map(|of| (of.answer.clone(), number)));
			let own: Vec<Mark> = matches.iter().map(|of| (of.record.clone(), number)).collect();
			let (paid, parts, of) = match kind {
				Kind::Gradient => (&answered.paid, &division.moved, &answered.index),
				Kind::Retrieval => (&found.paid, &division.found, &found.index),
			};
			let credit = match (kind, answered.pay_by) {
				(Kind::Gradient, PayBy::Contributors) => None,
				_ => paid.iter().position(|credit| credit.position == shown.position),
			};
			let source = at.checked_sub(answered.evidence.len()).map(|at| Source {
				number: at + 1,
				relevance_ppm: found.paid.get(at).and_then(|credit| found.relevance_ppm(credit)),
				cited: cited.numbers().contains(&(at + 1)),
			});
			records.push(Credited {
				number,
				datanet: shown.datanet,
				record: shown.index,
				contributor: shown.contributor.to_ss58check(),
				kind: *kind,
				source,
				score: shown.score,
				share: credit.and_then(|at| parts.get(at).copied()),
				cluster: Cluster { members: members.get(&shown.position).copied() },
				proof: Proof {
					position: shown.position,
					leaves: of.as_ref().map(|index| index.records),
					root: of.as_ref().map(|index| index.records_root),
					content: shown.content,
				},
				shared_words: matches.iter().map(|of| of.words).max().unwrap_or(0),
				excerpt: text.as_deref().map(|text| pieces::excerpt(text, &own)),
			});
		}
		let contributors = division.accounts.into_iter().map(|(account, share)| Contributor {
			records: (1..)
				.zip(&shown)
				.filter(|(_, (_, shown))| shown.contributor == account)
				.map(|(number, _)| number)
				.collect(),
			account: account.to_ss58check(),
			share,
		});
		let mut contributors: Vec<Contributor> = contributors.collect();
		// By account they come in the order of their best record, not of what they have in all.
		contributors.sort_by_key(|of| std::cmp::Reverse(of.share.ppm));
		Self {
			origin: answered.origin,
			question: answered.question,
			answer: pieces::pieces(&answered.answer, &marks),
			gain: answered.gain,
			earned_ppm: answered.earned_ppm,
			part_ppm,
			pays: match answered.pay_by {
				PayBy::Records => "records",
				PayBy::Contributors => "contributors",
			},
			pool: answered.pool.amount(),
			settled: matches!(answered.pool, Pool::Paid(_)),
			contributors,
			records,
		}
	}
}

/// Prints a view, and writes it as a page where one is asked for.
pub fn show(view: &View, output: Output, page: Option<&Path>) -> Result<()> {
	if let Some(path) = page {
		write(path, to_html(view).as_bytes())?;
		output.say(format!("wrote {}", path.display()));
	}
	output.show(view, to_text);
	Ok(())
}

/// What a record says: its texts where it is one, else what can be read of it.
fn readable(content: &[u8]) -> String {
	match Record::parse(content) {
		Ok(record) => record.text(),
		Err(_) => String::from_utf8_lossy(content).into_owned(),
	}
}

/// How many records each cluster has, by its head.
fn members(index: &IndexFile) -> HashMap<u32, usize> {
	let mut members = HashMap::new();
	for leaf in index.leaves().iter() {
		*members.entry(leaf.head).or_insert(0) += 1;
	}
	members
}

#[cfg(test)]
mod tests;
