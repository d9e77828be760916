//! Log-probabilities, in the two shapes of OpenAI's interface.

use std::collections::VecDeque;

use openlora::{LogProbs, Tokenizer};
use serde_json::{Map, Value, json};

use crate::{
	answer::{Length, Text},
	respond::Shape,
};

/// A token whose probability is told.
#[derive(Debug)]
pub(crate) struct Told {
	token: u32,
	log_probs: Box<LogProbs>,
	/// Where its text begins.
	at: Length,
}

/// Tokens that wait for their text to be settled.
#[derive(Debug, Default)]
pub(crate) struct Waiting(VecDeque<Told>);

impl Waiting {
	/// Adds a token whose text begins at `at`.
	pub(crate) fn push(&mut self, token: u32, log_probs: Box<LogProbs>, at: Length) {
		self.0.push_back(Told { token, log_probs, at });
	}

	/// Those whose text has begun to be told; all of them at the end, unless a stop cut the text.
	pub(crate) fn settled(&mut self, text: &Text<'_>, at_end: bool) -> Vec<Told> {
		let mut settled = Vec::new();
		let all = at_end && !text.is_over();
		while let Some(told) = self.0.pop_front_if(|one| all || one.at.bytes < text.settled) {
			settled.push(told);
		}
		settled
	}
}

/// A token's text: as much of it as is text, the name of a special one.
fn text(tokenizer: &Tokenizer, token: u32) -> String {
	match tokenizer.bytes(token) {
		Ok([]) | Err(_) => tokenizer.text(token).unwrap_or_default(),
		Ok(bytes) => String::from_utf8_lossy(bytes).into_owned(),
	}
}

/// What `logprobs` of a choice, or of a part of it, is; `offset` characters come before its text.
pub(crate) fn to_json(told: &[Told], tokenizer: &Tokenizer, shape: Shape, offset: usize) -> Value {
	match shape {
		Shape::Chat => {
			let entry = |(token, log): (u32, f32)| {
				let bytes = tokenizer.bytes(token).unwrap_or_default();
				json!({ "token": text(tokenizer, token), "logprob": log, "bytes": bytes })
			};
			let content = told.iter().map(|one| {
				let mut token = entry((one.token, one.log_probs.chosen));
				let top = one.log_probs.alternatives.iter().copied().map(entry);
				token["top_logprobs"] = top.collect();
				token
			});
			json!({ "content": content.collect::<Value>(), "refusal": null })
		}
		Shape::Completion => {
			let tokens = told.iter().map(|one| text(tokenizer, one.token));
			let logs = told.iter().map(|one| one.log_probs.chosen);
			let offsets = told.iter().map(|one| offset + one.at.characters);
			let top = told.iter().map(|one| {
				let mut all = Map::new();
				// Several tokens may look alike; the likeliest comes first and stays.
				for (token, log) in &one.log_probs.alternatives {
					all.entry(text(tokenizer, *token)).or_insert_with(|| json!(log));
				}
				Value::from(all)
			});
			json!({
				"tokens": tokens.collect::<Value>(),
				"token_logprobs": logs.collect::<Value>(),
				"top_logprobs": top.collect::<Value>(),
				"text_offset": offsets.collect::<Value>(),
			})
		}
	}
}
