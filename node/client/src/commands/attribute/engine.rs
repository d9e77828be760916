//! From a question to a claim that has been verified, as a worker and the runtime make it.

use anyhow::{Result, anyhow, ensure};
use openledger_attribution::{IndexFile, claim, format, query};
use openledger_primitives_attribution::{Terms, Verified, verify};
use openledger_primitives_core::Hash;
use openlora::{Adapter, Base, GenerateOptions, generate};
use sp_core::crypto::AccountId32;
use std::ops::ControlFlow;

/// A model with its index.
pub struct Engine<'a> {
	/// The base.
	pub base: &'a Base,
	/// The adapter, which fits the base.
	pub adapter: &'a Adapter,
	/// The index, which was built for the adapter.
	pub index: &'a IndexFile,
}

/// An answer with what it owes.
pub struct Found {
	/// The answer.
	pub answer: String,
	/// Mean gain in log-probability under the adapter, thousandths of a nat a token.
	pub gain: i32,
	/// The claim, as the runtime sees it.
	pub verified: Verified<AccountId32>,
}

impl Engine<'_> {
	/// Answers, unless an answer is given, and claims on it.
	pub fn explain(
		&self,
		question: &str,
		given: Option<&str>,
		max_tokens: usize,
		payer: Option<AccountId32>,
	) -> Result<Found> {
		let prompt = format::prompt(self.base, question)?;
		let answer = match given {
			Some(answer) => answer.to_owned(),
			None => self.answer(&prompt, max_tokens)?,
		};
		// As a worker does: what is claimed on is the text that was handed out, whatever it was
		// generated from.
		let tokens = self.base.tokenizer.encode(&answer, false)?;
		let payer = payer.map_or_else(|| self.nobody(), Ok)?;
		let method = self.index.header().method;
		let found = query(self.base, self.adapter, self.index, &prompt, &tokens)?;
		// Nobody executes it again, so that nothing is sealed.
		let claim = claim(self.index, found.sketch, found.gain, Hash::zero(), &payer, method)?;
		let snapshots = &self.index.header().snapshots;
		let terms = Terms { method, index: self.index.commitment(), snapshots, retrieval: None };
		let verified = verify(&terms, &payer, &claim)
			.map_err(|refusal| anyhow!("a chain would refuse the claim: {refusal:?}"))?;
		Ok(Found { answer, gain: found.gain, verified })
	}

	fn answer(&self, prompt: &[u32], max_tokens: usize) -> Result<String> {
		let options = GenerateOptions::greedy(self.base, max_tokens);
		let found = generate(self.base, Some(self.adapter), prompt, &options, &mut |_| {
			ControlFlow::Continue(())
		})?;
		let text = self.base.tokenizer.decode(&found.tokens)?;
		ensure!(
			!text.trim().is_empty(),
			"the model ended its answer before the first word: ask otherwise, or give an --answer"
		);
		Ok(text)
	}

	/// An account without records, for the rule always leaves out a payer's.
	fn nobody(&self) -> Result<AccountId32> {
		let view = self.index.view();
		let mut accounts = (0..=u8::MAX).map(|byte| AccountId32::new([byte; 32]));
		accounts
			.find(|account| view.number_of(account).is_none())
			.ok_or_else(|| anyhow!("name a --payer: every account tried has records in the index"))
	}
}
