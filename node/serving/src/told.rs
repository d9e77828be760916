//! Log-probabilities, in the two shapes of OpenAI's interface.

use std::collections::VecDeque;

use openlora::{LogProbs, Tokenizer};
use serde::{Serialize, Serializer, ser::SerializeStruct};

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

/// What `logprobs` of a choice, or of a part of it, is. It is written as it is serialised: as a tree of
/// values a token with its alternatives would take some twenty kilobytes.
pub(crate) struct Telling<'a> {
	pub(crate) told: &'a [Told],
	pub(crate) tokenizer: &'a Tokenizer,
	pub(crate) shape: Shape,
	/// Characters before the text that the tokens are of.
	pub(crate) offset: usize,
}

/// A token of a chat.
#[derive(Serialize)]
struct Entry<'a> {
	token: String,
	logprob: f32,
	bytes: &'a [u8],
	/// Those in its place; none for one of them.
	#[serde(skip_serializing_if = "Option::is_none")]
	top_logprobs: Option<Vec<Entry<'a>>>,
}

impl<'a> Telling<'a> {
	fn entry(&self, (token, logprob): (u32, f32)) -> Entry<'a> {
		let bytes = self.tokenizer.bytes(token).unwrap_or_default();
		Entry { token: text(self.tokenizer, token), logprob, bytes, top_logprobs: None }
	}

	fn with_alternatives(&self, one: &Told) -> Entry<'a> {
		let top = one.log_probs.alternatives.iter().map(|other| self.entry(*other)).collect();
		let entry = self.entry((one.token, one.log_probs.chosen));
		Entry { top_logprobs: Some(top), ..entry }
	}

	/// The alternatives of a completion's token, by their texts.
	fn by_text(&self, one: &Told) -> ByText {
		let mut all: Vec<(String, f32)> = Vec::new();
		for (token, log) in &one.log_probs.alternatives {
			let text = text(self.tokenizer, *token);
			// Several tokens may look alike; the likeliest comes first and stays.
			if !all.iter().any(|(other, _)| *other == text) {
				all.push((text, *log));
			}
		}
		ByText(all)
	}
}

impl Serialize for Telling<'_> {
	fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
		let told = self.told.iter();
		match self.shape {
			Shape::Chat => {
				let mut fields = serializer.serialize_struct("LogProbs", 2)?;
				let content = List(told.map(|one| self.with_alternatives(one)));
				fields.serialize_field("content", &content)?;
				fields.serialize_field("refusal", &())?;
				fields.end()
			}
			Shape::Completion => {
				let mut fields = serializer.serialize_struct("LogProbs", 4)?;
				let tokens = told.clone().map(|one| text(self.tokenizer, one.token));
				fields.serialize_field("tokens", &List(tokens))?;
				let logs = told.clone().map(|one| one.log_probs.chosen);
				fields.serialize_field("token_logprobs", &List(logs))?;
				let top = told.clone().map(|one| self.by_text(one));
				fields.serialize_field("top_logprobs", &List(top))?;
				let offsets = told.map(|one| self.offset + one.at.characters);
				fields.serialize_field("text_offset", &List(offsets))?;
				fields.end()
			}
		}
	}
}

/// Log-probabilities by text, as an object.
struct ByText(Vec<(String, f32)>);

impl Serialize for ByText {
	fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
		serializer.collect_map(self.0.iter().map(|(text, log)| (text, log)))
	}
}

/// What comes one after the other, none of it before it is written.
struct List<I>(I);

impl<I: Iterator<Item: Serialize> + Clone> Serialize for List<I> {
	fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
		serializer.collect_seq(self.0.clone())
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use openlora::testing;

	#[test]
	fn likeliest_of_tokens_that_look_alike_is_told() {
		let base = testing::tiny_base(1);
		let tokenizer = &base.tokenizer;
		let alike: Vec<u32> =
			(0..250).filter(|id| text(tokenizer, *id) == "\u{fffd}").take(2).collect();
		let alternatives = vec![(alike[0], -0.5), (alike[1], -1.5)];
		let log_probs = Box::new(LogProbs { chosen: -1.5, alternatives });
		let told = [Told { token: alike[1], log_probs, at: Length::default() }];
		let written = |shape| {
			let telling = Telling { told: &told, tokenizer, shape, offset: 3 };
			serde_json::to_string(&telling).unwrap()
		};
		let completion = "{\"tokens\":[\"\u{fffd}\"],\"token_logprobs\":[-1.5],\
			\"top_logprobs\":[{\"\u{fffd}\":-0.5}],\"text_offset\":[3]}";
		assert_eq!(written(Shape::Completion), completion);
		let entry = |at: usize, log: &str, more: &str| {
			let byte = tokenizer.bytes(alike[at]).unwrap()[0];
			format!("{{\"token\":\"\u{fffd}\",\"logprob\":{log},\"bytes\":[{byte}]{more}}}")
		};
		let both = [entry(0, "-0.5", ""), entry(1, "-1.5", "")].join(",");
		let content = entry(1, "-1.5", &format!(",\"top_logprobs\":[{both}]"));
		let chat = format!("{{\"content\":[{content}],\"refusal\":null}}");
		assert_eq!(written(Shape::Chat), chat);
	}
}
