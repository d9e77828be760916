//! Training examples from files of JSON: conversations, completions, and records as Datanets have them.

use std::{
	fmt,
	path::{Path, PathBuf},
};

use openledger_primitives_core::Hash;
use openlora::{Base, Example, Message, train::conversation};
use serde::{Deserialize, Serialize};
use sp_io::hashing::blake2_256;

use crate::{
	error::{Error, Result},
	format::{FormatError, Record},
};

/// The most bytes of a file. Larger ones are refused before they are read.
pub const MAX_FILE: u64 = 256 << 20;

/// What one example is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Item {
	/// Turns of a conversation, of which the assistant's are learnt.
	Chat(Vec<Message>),
	/// A completion is learnt, given the text before it; both as they stand, without a chat template.
	Completion {
		/// What comes before.
		prompt: String,
		/// What is learnt.
		completion: String,
	},
	/// A question with its answer, or a text, as a record of a Datanet.
	Record(Record),
}

/// Why a line, or an element of an array, is no example.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DataError {
	/// Bytes that are not UTF-8.
	#[error("byte {0} is not UTF-8")]
	NotUtf8(usize),
	/// Not a JSON object of the kind.
	#[error("{0}")]
	NotJson(String),
	/// Fields of no kind of example, or of several.
	#[error(
		"an example has either \"messages\", or \"prompt\" and \"completion\", or \"question\" and \
		 \"answer\", or \"text\""
	)]
	Fields,
	/// A field is empty.
	#[error("its {0} is empty")]
	Empty(&'static str),
	/// The base's chat template or tokenizer refuses it.
	#[error("{0}")]
	Engine(String),
}

/// Where an example is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
	/// The file.
	pub file: PathBuf,
	/// The line, or, in an array, the element; counted from 1.
	pub number: usize,
	/// Whether it is an element.
	pub element: bool,
}

impl fmt::Display for Place {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		let kind = if self.element { "example" } else { "line" };
		write!(f, "{}, {kind} {}", self.file.display(), self.number)
	}
}

/// The examples of one file.
#[derive(Debug, Clone)]
pub struct DataFile {
	/// blake2b-256 of its bytes.
	pub hash: Hash,
	/// The examples, each with its place.
	pub items: Vec<(Place, Item)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Turn {
	role: String,
	content: String,
}

#[derive(Deserialize)]
struct Fields {
	messages: Option<Vec<Turn>>,
	prompt: Option<String>,
	completion: Option<String>,
	question: Option<String>,
	answer: Option<String>,
	text: Option<String>,
}

impl Item {
	/// Reads one JSON object.
	///
	/// # Errors
	/// [`DataError`].
	pub fn parse(bytes: &[u8]) -> Result<Self, DataError> {
		let text = std::str::from_utf8(bytes)
			.map_err(|error| DataError::NotUtf8(error.valid_up_to() + 1))?;
		let fields = serde_json::from_str::<Fields>(text)
			.map_err(|error| DataError::NotJson(error.to_string()))?;
		fields.item()
	}

	/// The example, without a limit of tokens.
	///
	/// # Errors
	/// [`DataError::Engine`].
	fn encode(&self, base: &Base) -> Result<Example, DataError> {
		let refusal = |error: openlora::Error| DataError::Engine(error.to_string());
		match self {
			Self::Chat(messages) => conversation(base, messages).map_err(refusal),
			Self::Completion { prompt, completion } => {
				let mut tokens = base.tokenizer.encode(prompt, true).map_err(refusal)?;
				let start = tokens.len();
				tokens.extend(base.tokenizer.encode(completion, false).map_err(refusal)?);
				tokens.extend(base.special.eos);
				if start == 0 {
					return Err(DataError::Empty("prompt"));
				}
				Ok(Example::new(tokens, start))
			}
			Self::Record(record) => match record.encode(base, usize::MAX) {
				Ok((tokens, start)) => Ok(Example::new(tokens, start)),
				Err(error) => Err(DataError::Engine(error.to_string())),
			},
		}
	}
}

impl Fields {
	fn item(self) -> Result<Item, DataError> {
		let Self { messages, prompt, completion, question, answer, text } = self;
		match (messages, prompt, completion, question, answer, text) {
			(Some(turns), None, None, None, None, None) => {
				if turns.is_empty() {
					return Err(DataError::Empty("list of messages"));
				}
				let turns = turns.into_iter().map(|turn| Message::new(turn.role, turn.content));
				Ok(Item::Chat(turns.collect()))
			}
			(None, Some(prompt), Some(completion), None, None, None) => {
				if prompt.is_empty() {
					return Err(DataError::Empty("prompt"));
				}
				if completion.is_empty() {
					return Err(DataError::Empty("completion"));
				}
				Ok(Item::Completion { prompt, completion })
			}
			(None, None, None, question, answer, text) => {
				let record = Record::from_fields(question, answer, text);
				record.map(Item::Record).map_err(|error| match error {
					FormatError::Empty(field) => DataError::Empty(field),
					_ => DataError::Fields,
				})
			}
			_ => Err(DataError::Fields),
		}
	}
}

/// Reads a file: `.jsonl` or `.ndjson`, one object in a line, or `.json`, an array of objects.
///
/// # Errors
/// [`Error::Io`], [`Error::DataFile`] for a file of another kind, too large or without an example, and
/// [`Error::Data`] for the first line or element that is no example.
pub fn read(path: &Path) -> Result<DataFile> {
	let io = |source| Error::Io { path: path.to_path_buf(), source };
	let refuse = |reason: String| Err(Error::DataFile { path: path.to_path_buf(), reason });
	let extension = path.extension().and_then(|extension| extension.to_str());
	let is_array = match extension {
		Some("jsonl" | "ndjson") => false,
		Some("json") => true,
		_ => return refuse("its name ends neither in .jsonl nor in .json".into()),
	};
	let size = std::fs::metadata(path).map_err(io)?.len();
	if size > MAX_FILE {
		return refuse(format!("it has {size} bytes, of at most {MAX_FILE}: split it"));
	}
	let bytes = std::fs::read(path).map_err(io)?;
	let hash = blake2_256(&bytes).into();
	let content = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
	let place = |at: usize| Place { file: path.to_path_buf(), number: at + 1, element: is_array };
	let bad = |at| move |source| Error::Data { place: place(at), source };
	let mut items = Vec::new();
	if is_array {
		let text = match std::str::from_utf8(content) {
			Ok(text) => text,
			Err(error) => {
				let line = content[..error.valid_up_to()].iter().filter(|b| **b == b'\n').count();
				return refuse(format!("line {} is not UTF-8", line + 1));
			}
		};
		let elements: Vec<Fields> = match serde_json::from_str(text) {
			Ok(elements) => elements,
			Err(error) => return refuse(format!("it is no array of examples: {error}")),
		};
		for (at, fields) in elements.into_iter().enumerate() {
			items.push((place(at), fields.item().map_err(bad(at))?));
		}
	} else {
		for (at, line) in content.split(|byte| *byte == b'\n').enumerate() {
			if !line.trim_ascii().is_empty() {
				items.push((place(at), Item::parse(line).map_err(bad(at))?));
			}
		}
	}
	if items.is_empty() {
		return refuse("it holds no example".into());
	}
	Ok(DataFile { hash, items })
}

/// How many of what there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statistics {
	/// Examples that are used.
	pub examples: usize,
	/// Their tokens.
	pub tokens: usize,
	/// Tokens that the loss is taken on.
	pub learnt: usize,
	/// Tokens of the longest.
	pub longest: usize,
	/// Examples that were cut off at the limit; what was within it is used.
	pub cut: usize,
	/// Examples with nothing to learn within the limit; they are not used.
	pub left_out: usize,
}

/// The examples that a base learns from.
#[derive(Debug, Clone, Default)]
pub struct Prepared {
	/// In the order of the files.
	pub examples: Vec<Example>,
	/// What there is.
	pub statistics: Statistics,
}

/// Turns items into examples of at most `limit` tokens.
///
/// # Errors
/// [`Error::Data`] for one that the base refuses, [`Error::NothingUsable`] when none is left.
pub fn prepare<'a>(
	base: &Base,
	items: impl IntoIterator<Item = &'a (Place, Item)>,
	limit: usize,
) -> Result<Prepared> {
	let limit = limit.min(base.config.context);
	let (mut prepared, mut count) = (Prepared::default(), 0);
	for (place, item) in items {
		count += 1;
		let mut example =
			item.encode(base).map_err(|source| Error::Data { place: place.clone(), source })?;
		let whole = example.tokens.len();
		let statistics = &mut prepared.statistics;
		if !example.cut(limit) {
			statistics.left_out += 1;
			continue;
		}
		statistics.examples += 1;
		statistics.tokens += example.tokens.len();
		statistics.learnt += example.learnt();
		statistics.longest = statistics.longest.max(example.tokens.len());
		statistics.cut += usize::from(whole > limit);
		prepared.examples.push(example);
	}
	if prepared.examples.is_empty() {
		return Err(Error::NothingUsable(count));
	}
	Ok(prepared)
}

/// Whether an item is kept for validation, where a share of all is.
///
/// The first eight bytes of blake2b-256 of `"openledger/validation"`, the seed and the item's own JSON,
/// little end first, are below ⌊share · 2⁶⁴⌋: what is said twice is on one side.
pub fn is_validation(item: &Item, seed: u64, share: f64) -> bool {
	let mut bytes = b"openledger/validation".to_vec();
	bytes.extend(seed.to_le_bytes());
	bytes.extend(serde_json::to_vec(item).unwrap_or_default());
	let hash = blake2_256(&bytes);
	let (first, _) = hash.split_at(8);
	let number = first.iter().rev().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
	number < (share * 18_446_744_073_709_551_616.0) as u64
}

#[cfg(test)]
mod tests;
