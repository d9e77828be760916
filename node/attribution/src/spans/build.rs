//! Building a span index.

use super::{
	SpanError, SpanIndex,
	layout::{Header, MAX_VOCABULARY, token_width},
	sort::SuffixArray,
	write,
};
use crate::{
	error::{Error, Result},
	store::replace_atomically,
};
use openledger_primitives_core::Hash;
use std::path::Path;

/// Collects the tokens of records and writes their index.
///
/// While the array is built, memory holds eight bytes for each token of a vocabulary that fits two
/// bytes, eleven where it takes three, and 12 or 19 from 2³¹ tokens on: the text, once more as the
/// numbers that are sorted, and the array.
#[derive(Debug)]
pub struct Builder {
	tokenizer: Hash,
	vocabulary: u32,
	/// As the file has it.
	text: Vec<u8>,
	starts: Vec<u64>,
}

impl Builder {
	/// An index without records, of the tokens of a tokenizer with `vocabulary` of them.
	///
	/// # Errors
	/// [`SpanError::Vocabulary`] for none, or more than [`MAX_VOCABULARY`].
	pub fn new(tokenizer: Hash, vocabulary: u32) -> Result<Self> {
		if vocabulary == 0 || vocabulary > MAX_VOCABULARY {
			return Err(SpanError::Vocabulary(vocabulary).into());
		}
		Ok(Self { tokenizer, vocabulary, text: Vec::new(), starts: Vec::new() })
	}

	/// Adds the record at the next position. A record without tokens keeps its position and is
	/// never found.
	///
	/// # Errors
	/// [`SpanError::UnknownToken`] and [`SpanError::TooMany`]; nothing is added then.
	pub fn push(&mut self, tokens: &[u32]) -> Result<()> {
		let record = u32::try_from(self.starts.len()).ok().filter(|record| *record < u32::MAX);
		let record = record.ok_or(SpanError::TooMany("records"))?;
		if u32::try_from(tokens.len()).is_err() {
			return Err(SpanError::TooMany("tokens of a record").into());
		}
		if let Some(token) = tokens.iter().find(|token| **token >= self.vocabulary) {
			let (token, vocabulary) = (*token, self.vocabulary);
			return Err(SpanError::UnknownToken { record, token, vocabulary }.into());
		}
		self.starts.push((self.text.len() / token_width(self.vocabulary)) as u64);
		encode(tokens, self.vocabulary, &mut self.text);
		self.text.resize(self.text.len() + token_width(self.vocabulary), 0);
		Ok(())
	}

	/// Builds the index and writes it; readers see the old file or the whole new one. The array that
	/// the library built is checked before anything is at `path`.
	///
	/// # Errors
	/// [`Error::Io`]; [`SpanError::TooMany`], [`SpanError::Construction`] and [`SpanError::Array`].
	pub fn save(self, path: &Path) -> Result<SpanIndex> {
		let width = token_width(self.vocabulary);
		let length = self.text.len() / width;
		let header = Header {
			tokenizer: self.tokenizer,
			vocabulary: self.vocabulary,
			records: self.starts.len() as u32,
			length: length as u64,
		};
		header.check()?;
		replace_atomically(path, |file| {
			let (array, written) = rayon::join(
				|| SuffixArray::new(&self.text, width, length > i32::MAX as usize),
				|| write::text(file, &self.text),
			);
			let (array, text) = (array?, written.map_err(Error::io(path))?);
			let (checked, written) = rayon::join(
				|| array.check(&self.text, width),
				|| match &array {
					SuffixArray::Narrow(places) => {
						write::places(file, &header, &self.text, places, &self.starts)
					}
					SuffixArray::Wide(places) => {
						write::places(file, &header, &self.text, places, &self.starts)
					}
				},
			);
			checked?;
			let [array, starts, samples] = written.map_err(Error::io(path))?;
			write::head(file, &header, &[text, array, starts, samples]).map_err(Error::io(path))?;
			SpanIndex::map(file, path)
		})
	}
}

/// Tokens as the text has them, added to `text`.
pub(super) fn encode(tokens: &[u32], vocabulary: u32, text: &mut Vec<u8>) {
	let (start, width) = (text.len(), token_width(vocabulary));
	text.resize(start + tokens.len() * width, 0);
	let added = &mut text[start..];
	if width == 2 {
		for (bytes, token) in added.as_chunks_mut::<2>().0.iter_mut().zip(tokens) {
			let [.., a, b] = (token + 1).to_be_bytes();
			*bytes = [a, b];
		}
	} else {
		for (bytes, token) in added.as_chunks_mut::<3>().0.iter_mut().zip(tokens) {
			let [_, a, b, c] = (token + 1).to_be_bytes();
			*bytes = [a, b, c];
		}
	}
}
