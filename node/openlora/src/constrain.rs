//! Answers that have to follow a schema or a grammar.
//!
//! Before each token the grammar says which tokens can come; the others are not drawn. The work is
//! [llguidance](https://github.com/guidance-ai/llguidance)'s, whose masks depend on the grammar and the
//! tokens so far alone, so that an answer can be repeated.

use std::{
	fmt,
	sync::{Arc, Mutex},
};

use llguidance::{
	Matcher, ParserFactory,
	api::TopLevelGrammar,
	toktrie::{ApproximateTokEnv, TokEnv, TokRxInfo, TokTrie},
};
use serde_json::{Value, json};

use crate::{
	base::Base,
	error::{Error, Result},
	lock::lock,
};

/// The largest schema or grammar, in bytes.
pub const MAX_GRAMMAR: usize = 64 << 10;
/// The longest text of a token that takes part, in bytes.
const MAX_PIECE: usize = 512;
/// Work on the grammar before the first token, in llguidance's units, of which a millisecond has some
/// 50,000.
const COMPILE_FUEL: u64 = 1_000_000;
/// States that the grammar's lexer may have, of one or two kilobytes each.
const STATES: usize = 16_384;
/// Symbols of the grammar's rules.
const SYMBOLS: usize = 100_000;

/// What an answer has to be.
#[derive(Debug, Clone, PartialEq)]
pub enum Grammar {
	/// JSON that a JSON Schema describes, its properties in the schema's order, with one space after
	/// commas and colons and none elsewhere. Keywords that are not understood are refused.
	JsonSchema(Value),
	/// A text that a regular expression matches whole, in the syntax of the Rust crate regex.
	Regex(String),
	/// One of several texts.
	Choice(Vec<String>),
	/// A context-free grammar in llguidance's dialect of Lark's syntax.
	Lark(String),
}

impl Grammar {
	/// Any JSON object.
	pub fn json_object() -> Self {
		Self::JsonSchema(json!({ "type": "object" }))
	}

	fn len(&self) -> usize {
		match self {
			Self::JsonSchema(schema) => schema.to_string().len(),
			Self::Regex(text) | Self::Lark(text) => text.len(),
			Self::Choice(texts) => texts.iter().map(|text| text.len() + 1).sum(),
		}
	}

	fn compiled(&self) -> Result<TopLevelGrammar> {
		Ok(match self {
			Self::JsonSchema(schema) => {
				let mut schema = match schema {
					Value::Object(fields) => Value::Object(fields.clone()),
					Value::Bool(true) => json!({}),
					_ => return Err(refusal("a schema has to be an object")),
				};
				// White space of any length would let a model go on for ever without a word.
				schema["x-guidance"] = json!({
					"whitespace_flexible": false, "item_separator": ", ", "key_separator": ": ",
				});
				TopLevelGrammar::from_json_schema(schema)
			}
			Self::Regex(text) => TopLevelGrammar::from_regex(text),
			Self::Choice(texts) if texts.is_empty() || texts.iter().any(String::is_empty) => {
				return Err(refusal("there has to be a choice, and none that is empty"));
			}
			// JSON's way to write texts is Lark's, too.
			Self::Choice(texts) => {
				let texts = texts.iter().map(|text| Value::from(text.as_str()).to_string());
				let texts = texts.collect::<Vec<_>>().join(" | ");
				TopLevelGrammar::from_lark(format!("start: {texts}"))
			}
			Self::Lark(text) => TopLevelGrammar::from_lark(text.clone()),
		})
	}
}

/// A grammar, compiled for a base's vocabulary.
pub struct Constraint {
	grammar: Grammar,
	/// Before the first token.
	start: Mutex<Matcher>,
}

impl fmt::Debug for Constraint {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.debug_tuple("Constraint").field(&self.grammar).finish()
	}
}

impl PartialEq for Constraint {
	fn eq(&self, other: &Self) -> bool {
		self.grammar == other.grammar
	}
}

impl Constraint {
	/// Compiles a grammar for a base, which takes some milliseconds; the first time for a base, some
	/// tenths of a second.
	///
	/// # Errors
	/// [`Error::Constraint`] when the grammar is malformed, asks for what is not done, or is too large.
	pub fn new(base: &Base, grammar: Grammar) -> Result<Self> {
		if grammar.len() > MAX_GRAMMAR {
			let reason = format!("it has {} bytes, the limit is {MAX_GRAMMAR}", grammar.len());
			return Err(refusal(reason));
		}
		let compiled = grammar.compiled()?;
		let parser = base.grammars()?.0.create_parser(compiled).map_err(refusal)?;
		let mut matcher = Matcher::new(Ok(parser));
		// What the lexer cannot do shows with the first mask.
		matcher.compute_mask().map_err(refusal)?;
		Ok(Self { grammar, start: Mutex::new(matcher) })
	}

	/// What it was made from.
	pub fn grammar(&self) -> &Grammar {
		&self.grammar
	}
}

fn refusal(error: impl fmt::Display) -> Error {
	let text = error.to_string();
	// The library adds where in its own parser it was.
	let first = text.lines().next().unwrap_or_default();
	Error::Constraint(first.chars().take(500).collect())
}

/// Compiles grammars for a base.
pub(crate) struct Grammars(ParserFactory);

impl fmt::Debug for Grammars {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str("Grammars")
	}
}

impl Grammars {
	/// # Errors
	/// [`Error::Constraint`] when no token ends an answer.
	pub(crate) fn new(base: &Base) -> Result<Self> {
		let tokenizer = &base.tokenizer;
		let has_text = |token: &&u32| (**token as usize) < tokenizer.len();
		let stops: Vec<u32> = base.stop_tokens.iter().filter(has_text).copied().collect();
		let Some(first) = stops.first() else {
			return Err(refusal("the base has no token that ends an answer"));
		};
		// Special tokens are no text, and tokens without a text are never allowed.
		let words: Vec<Vec<u8>> = (0..tokenizer.len() as u32)
			.map(|id| tokenizer.bytes(id).unwrap_or_default())
			.map(|bytes| if bytes.len() > MAX_PIECE { Vec::new() } else { bytes.to_vec() })
			.collect();
		let trie = TokTrie::from(&TokRxInfo::new(words.len() as u32, *first), &words);
		let trie = trie.with_eos_tokens(&stops);
		let environment: TokEnv = Arc::new(ApproximateTokEnv::new(trie));
		let mut factory = ParserFactory::new_simple(&environment).map_err(refusal)?;
		factory.quiet();
		let limits = factory.limits_mut();
		limits.initial_lexer_fuel = COMPILE_FUEL;
		limits.max_lexer_states = STATES;
		limits.max_grammar_size = SYMBOLS;
		limits.verbose_errors = false;
		Ok(Self(factory))
	}
}

/// How far an answer has come in its grammar.
pub(crate) struct Progress(Matcher);

impl Progress {
	/// Before the first token.
	pub(crate) fn new(constraint: &Constraint) -> Self {
		Self(lock(&constraint.start).deep_clone())
	}

	/// A bit for each token that can come, those that end an answer among them where it is whole.
	///
	/// # Errors
	/// [`Error::Constraint`] when nothing can, or the grammar is too much work.
	pub(crate) fn allowed(&mut self) -> Result<Vec<u32>> {
		let mask = self.0.compute_mask_or_eos().map_err(refusal)?;
		if mask.is_zero() {
			return Err(refusal("the vocabulary has no token that can follow"));
		}
		Ok(mask.as_slice().to_vec())
	}

	/// Goes on by a token that was allowed.
	///
	/// # Errors
	/// [`Error::Constraint`].
	pub(crate) fn push(&mut self, token: u32) -> Result<()> {
		self.0.consume_token(token).map_err(refusal)
	}

	/// Whether nothing can follow.
	pub(crate) fn is_over(&self) -> bool {
		self.0.is_stopped()
	}
}

#[cfg(test)]
mod tests;
