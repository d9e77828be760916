//! From a record's bytes to tokens: the one reading that training, indexing and queries share.
//!
//! A record is one line of JSON, without its line break: `{"question": …, "answer": …}` or
//! `{"text": …}`. Other fields may stand beside and are not trained on.

use crate::{alphabet, error::Result};
use openlora::{Base, Message};
use serde::{Deserialize, Serialize};

/// Tokens of a text that are given rather than learnt: nothing comes before them to predict them
/// from.
pub const TEXT_CONTEXT: usize = 4;

/// Why bytes are not a record that can be trained on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
	/// The bytes are not UTF-8.
	#[error("the record is not UTF-8")]
	NotUtf8,
	/// The bytes are not one JSON object with texts in its fields.
	#[error("the record is not a JSON object with texts: {0}")]
	NotJson(String),
	/// Neither kind of record, or both.
	#[error("a record has either \"question\" and \"answer\", or \"text\"")]
	Fields,
	/// A field is empty once trimmed.
	#[error("the record's {0} is empty")]
	Empty(&'static str),
	/// No token of the answer is within the limit.
	#[error("{prompt} tokens come before the answer, of {limit} in all: nothing is left to learn")]
	TooLong {
		/// Tokens of the prompt.
		prompt: usize,
		/// The most tokens of a record.
		limit: usize,
	},
}

/// A record that can be trained on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Record {
	/// The answer is learnt, given the question.
	QuestionAnswer {
		/// What a user asks.
		question: String,
		/// What the model should answer.
		answer: String,
	},
	/// The text is learnt.
	Text(String),
}

#[derive(Deserialize)]
struct Line {
	question: Option<String>,
	answer: Option<String>,
	text: Option<String>,
}

impl Record {
	/// Reads a record.
	///
	/// # Errors
	/// [`FormatError`], for whatever is not a record.
	pub fn parse(bytes: &[u8]) -> Result<Self, FormatError> {
		let line = std::str::from_utf8(bytes).map_err(|_| FormatError::NotUtf8)?;
		let line: Line =
			serde_json::from_str(line).map_err(|error| FormatError::NotJson(error.to_string()))?;
		Self::from_fields(line.question, line.answer, line.text)
	}

	/// The record that has these fields.
	///
	/// # Errors
	/// [`FormatError::Fields`] and [`FormatError::Empty`].
	pub fn from_fields(
		question: Option<String>,
		answer: Option<String>,
		text: Option<String>,
	) -> Result<Self, FormatError> {
		let filled = |text: String, field: &'static str| match text.trim_matches(alphabet::is_space)
		{
			"" => Err(FormatError::Empty(field)),
			text => Ok(text.to_owned()),
		};
		match (question, answer, text) {
			(Some(question), Some(answer), None) => Ok(Self::QuestionAnswer {
				question: filled(question, "question")?,
				answer: filled(answer, "answer")?,
			}),
			(None, None, Some(text)) => Ok(Self::Text(filled(text, "text")?)),
			_ => Err(FormatError::Fields),
		}
	}

	/// What is learnt of it: the answer, or all of a text.
	pub fn learnt(&self) -> &str {
		match self {
			Self::QuestionAnswer { answer, .. } => answer,
			Self::Text(text) => text,
		}
	}

	/// Everything that the record says, for comparing records with each other.
	pub fn text(&self) -> String {
		match self {
			Self::QuestionAnswer { question, answer } => format!("{question}\n{answer}"),
			Self::Text(text) => text.clone(),
		}
	}

	/// The record's tokens and where the learnt part starts, cut off after `limit` tokens.
	///
	/// # Errors
	/// The tokenizer's or the chat template's, or [`FormatError::TooLong`].
	pub fn encode(&self, base: &Base, limit: usize) -> Result<(Vec<u32>, usize)> {
		let (mut tokens, start) = match self {
			Self::QuestionAnswer { question, answer } => {
				let mut tokens = prompt(base, question)?;
				let start = tokens.len();
				tokens.extend(base.tokenizer.encode(answer, false)?);
				tokens.extend(base.special.eos);
				(tokens, start)
			}
			Self::Text(text) => {
				let mut tokens = base.tokenizer.encode(text, true)?;
				tokens.extend(base.special.eos);
				let start = TEXT_CONTEXT.min(tokens.len().saturating_sub(1));
				(tokens, start)
			}
		};
		tokens.truncate(limit);
		if start == 0 || start >= tokens.len() {
			return Err(FormatError::TooLong { prompt: start, limit }.into());
		}
		Ok((tokens, start))
	}
}

/// A user's question as the model is asked it: in the base's chat template, or as it stands where
/// the base has none.
///
/// # Errors
/// The tokenizer's or the chat template's.
pub fn prompt(base: &Base, question: &str) -> Result<Vec<u32>> {
	conversation(base, &[Message::new("user", question)])
}

/// A conversation up to the answer, as the model is asked it. Where the base has no chat template, one
/// message of the user's stands as it is, and there is no reading of several.
///
/// # Errors
/// The tokenizer's or the chat template's.
pub fn conversation(base: &Base, messages: &[Message]) -> Result<Vec<u32>> {
	let text = match (base.render_chat(messages, true), messages) {
		(Err(openlora::Error::NoChatTemplate), [only]) if only.role == "user" => {
			return Ok(base.tokenizer.encode(&only.content, true)?);
		}
		(text, _) => text?,
	};
	Ok(base.tokenizer.encode(&text, false)?)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn record_is_read_when_of_either_kind() {
		let record = Record::parse(br#"{"question":" Why? ","answer":"Because.","id":7}"#).unwrap();
		let expected =
			Record::QuestionAnswer { question: "Why?".into(), answer: "Because.".into() };
		assert_eq!(record, expected);
		assert_eq!(record.text(), "Why?\nBecause.");
		assert_eq!(Record::parse(br#"{"text":"One."}"#), Ok(Record::Text("One.".into())));
	}

	#[test]
	fn record_is_refused_when_not_utf8_or_not_an_object() {
		assert_eq!(Record::parse(b"{\"text\":\"\xff\"}"), Err(FormatError::NotUtf8));
		for bytes in [&b""[..], b"text", b"[1]", b"{\"text\":3}", b"{\"text\":\"a\"}{}"] {
			assert!(matches!(Record::parse(bytes), Err(FormatError::NotJson(_))), "{bytes:?}");
		}
	}

	#[test]
	fn record_is_refused_when_fields_are_missing_or_of_both_kinds() {
		for line in [
			r#"{}"#,
			r#"{"question":"a"}"#,
			r#"{"answer":"a"}"#,
			r#"{"question":"a","answer":"b","text":"c"}"#,
			r#"{"question":"a","text":"c"}"#,
		] {
			assert_eq!(Record::parse(line.as_bytes()), Err(FormatError::Fields), "{line}");
		}
	}

	#[test]
	fn record_is_refused_when_a_field_is_empty() {
		for (line, field) in [
			(r#"{"question":" ","answer":"b"}"#, "question"),
			(r#"{"question":"a","answer":"\n"}"#, "answer"),
			(r#"{"text":""}"#, "text"),
		] {
			assert_eq!(Record::parse(line.as_bytes()), Err(FormatError::Empty(field)));
		}
	}
}
