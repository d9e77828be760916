//! From a question to what the model is asked: with the records that the version's retrieval finds for it, where
//! the version puts any into prompts. Operators, sessions and verifiers have this one way.

use std::{path::PathBuf, sync::Arc};

use codec::Encode;
use openledger_attribution::{
	format::Record,
	retrieval::{Sought, conversation, question},
};
use openledger_primitives_attribution::Found;
use openledger_primitives_core::{
	model::Retrieval,
	record::{RecordLeaf, content_hash},
};
use openledger_primitives_inference::Failure;
use openlora::Base;
use sp_core::crypto::AccountId32;

use super::{
	Served, Server, engine,
	load::{Search, bad},
};
use crate::question::{Question, Unanswered};

/// Bytes of what was found of late that are kept: pricing a question and answering it ask for the same.
pub(super) const KNOWN: u64 = 1 << 20;

/// A question in the model's tokens.
pub(super) struct Prompted<'a> {
	/// The base that it is for.
	pub served: &'a Served,
	/// The prompt.
	pub tokens: Vec<u32>,
	/// What looking for records came to, where the version puts any there.
	pub sought: Option<Arc<Sought>>,
}

impl Server {
	/// The base that a question is for, and the prompt's tokens where no records are put into it: the fewest,
	/// since records stand beside the question and take none of it away.
	pub(super) fn plain(&self, question: &Question) -> Result<(&Served, usize), Unanswered> {
		let served = self.served(question)?;
		let tokens = asked(&served.base, question, &[])?;
		Ok((served, tokens.len()))
	}

	fn served(&self, question: &Question) -> Result<&Served, Failure> {
		let base = &question.material.base;
		self.bases.get(base).ok_or(Failure::MissingBase(*base))
	}

	/// The base that a question is for, and what it is asked.
	pub(super) fn prompt(
		&self,
		question: &Question,
		search: Search<'_>,
	) -> Result<Prompted<'_>, Unanswered> {
		let served = self.served(question)?;
		let base = &served.base;
		let sought = match &question.material.retrieval {
			Some(retrieval) => Some(self.sought(question, retrieval, base, search)?),
			None => None,
		};
		let records = match &sought {
			Some(sought) => self.quoted(&sought.found, search)?,
			None => Vec::new(),
		};
		let tokens = asked(base, question, &records)?;
		Ok(Prompted { served, tokens, sought })
	}

	/// What a retrieval finds for the last message of the user's.
	fn sought(
		&self,
		asked: &Question,
		retrieval: &Retrieval,
		base: &Base,
		search: Search<'_>,
	) -> Result<Arc<Sought>, Unanswered> {
		let Question { messages, payer, material, .. } = asked;
		let text = question(messages).and_then(|at| messages.get(at)).map(|of| &of.content);
		let text = text.ok_or_else(|| {
			Unanswered::NoPrompt("there is no message of the user's to find records for".into())
		})?;
		// Whatever it was checked against is in its key.
		let key = (material, payer, text).using_encoded(content_hash);
		if let Some(known) = self.sought.lock().get(&key) {
			return Ok(known);
		}
		let index = self.loader.retrieval(material, retrieval, base, search)?;
		let sought = self.pool.install(|| index.seek(base, text, payer));
		let sought = Arc::new(sought.map_err(engine)?);
		let size = sought.found.encoded_size() + sought.execution.encoded_size();
		self.sought.lock().insert(key, sought.clone(), size as u64);
		Ok(sought)
	}

	/// The records themselves.
	fn quoted(
		&self,
		found: &Found<AccountId32>,
		search: Search<'_>,
	) -> Result<Vec<Record>, Failure> {
		let leaves: Vec<_> = found.records.iter().map(|credit| &credit.record).collect();
		let paths = self.loader.records(&leaves, search)?;
		let read = |(leaf, path): (&RecordLeaf<AccountId32>, PathBuf)| {
			let size = std::fs::metadata(&path).map_err(engine)?.len();
			if size > u64::from(leaf.size) {
				return Err(bad("record")("it has more bytes than its leaf says"));
			}
			let bytes = std::fs::read(path).map_err(engine)?;
			Record::parse(&bytes).map_err(bad("record"))
		};
		leaves.into_iter().zip(paths).map(read).collect()
	}
}

/// A question with these records in its prompt, which leaves room for an answer.
fn asked(base: &Base, question: &Question, records: &[Record]) -> Result<Vec<u32>, Unanswered> {
	let max_tokens = usize::try_from(question.max_tokens).unwrap_or(usize::MAX);
	let tokens = conversation(base, &question.messages, records, max_tokens)
		.map_err(|error| Unanswered::NoPrompt(error.to_string()))?;
	let (prompt, context) = (tokens.len(), base.config.context);
	match prompt < context {
		true => Ok(tokens),
		false => Err(Unanswered::TooLong { prompt, context }),
	}
}

#[cfg(test)]
mod tests;
