//! What is paid for spans: what answers say word for word as records do.

use crate::{
	Failure,
	market::{Model, Pay},
};
use openledger_attribution::spans::{Builder, Records, Rule, evidence, weights};
use openledger_primitives_core::Hash;
use openlora::{Base, Example};

/// Every match counts, however likely and common.
pub const PLAIN: Rule = Rule {
	min_tokens: 1,
	max_clusters: u32::MAX,
	max_occurrences: u32::MAX,
	likely: 0,
	chance_ppm: 1_000_000,
};

/// What is switched off in it.
pub const OFF: [&str; 4] = [
	"exact copies are admitted",
	"no clusters",
	"spans that the base finds likely count",
	"spans that many records have count",
];

/// The records that spans are looked for in, by position.
pub struct Texts<'a> {
	/// Each one's tokens.
	pub examples: &'a [Example],
	/// Its cluster's head.
	pub heads: Vec<u32>,
	/// When it was committed.
	pub committed_at: Vec<u32>,
	/// By which account.
	pub accounts: Vec<usize>,
}

/// What each account is paid of a pool for spans alone, by query.
pub fn pay(base: &Base, model: &Model, texts: &Texts<'_>, rule: &Rule) -> Result<Pay, Failure> {
	let folder = tempfile::tempdir()?;
	let mut builder = Builder::new(Hash::zero(), base.config.vocab as u32)?;
	for (position, example) in texts.examples.iter().enumerate() {
		// A record that is no head can't earn.
		let is_head = texts.heads[position] as usize == position;
		builder.push(if is_head { &example.tokens[example.answer_start..] } else { &[] })?;
	}
	let index = builder.save(&folder.path().join("spans"))?;
	let records = Records { heads: &texts.heads, committed_at: &texts.committed_at };
	let answers = model.answers.iter().zip(&model.surprise).zip(&model.earned);
	answers
		.map(|((answer, surprise), earned)| {
			let said = &answer.tokens[answer.answer_start..];
			let found = weights(&evidence(&index, said, surprise, &records, rule)?, surprise);
			let total: u64 = found.values().sum();
			let mut paid = vec![0.0; 256];
			for (record, weight) in found {
				let part = weight as f64 / total as f64 * earned;
				paid[texts.accounts[record as usize]] += part;
			}
			Ok(paid)
		})
		.collect()
}
