//! A span index, mapped from its file.

use super::{
	Match, SpanError,
	build::encode,
	check,
	layout::{HEAD, Head, SECTIONS, checksum, decode_head},
	search::View,
};
use crate::error::{Error, Result};
use memmap2::Mmap;
use openledger_primitives_core::Hash;
use std::{fs::File, ops::Range, path::Path};

/// Where in the records a sequence of tokens occurs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Occurrence {
	/// The record's position in the manifest.
	pub record: u32,
	/// The first token's place in the record.
	pub offset: u32,
}

/// A span index.
///
/// Opening one checks its head and lengths and nothing that would take reading it whole. Whatever
/// the rest is, searching ends, stays within it and never panics; that what it finds is true of a
/// file from elsewhere, [`SpanIndex::verify`] tells once.
#[derive(Debug)]
pub struct SpanIndex {
	file: Mmap,
	head: Head,
	sections: [Range<usize>; SECTIONS.len()],
}

impl SpanIndex {
	/// Maps an index file, which must not be written to from then on; replacing it by another is
	/// harmless.
	///
	/// # Errors
	/// [`Error::Io`], and typed, for what is no index, of another version, truncated or has a damaged
	/// head.
	pub fn open(path: &Path) -> Result<Self> {
		let file = File::open(path).map_err(Error::io(path))?;
		Self::map(&file, path)
	}

	pub(super) fn map(file: &File, path: &Path) -> Result<Self> {
		if file.metadata().map_err(Error::io(path))?.len() == 0 {
			return Err(SpanError::NotASpanIndex(Vec::new()).into());
		}
		// SAFETY: index files are written whole and then renamed into place, never altered; that
		// nobody else alters one is asked of the caller of `open`.
		let file = unsafe { Mmap::map(file) }.map_err(Error::io(path))?;
		let head = decode_head(&file)?;
		let mut end = HEAD;
		// They fit the file, which is in memory.
		let sections = head.header.section_lengths().map(|length| {
			let start = end;
			end += length as usize;
			start..end
		});
		Ok(Self { file, head, sections })
	}

	/// Reads the whole file and checks that it is what [`Builder`](super::Builder) makes of some
	/// records' tokens: the checksums, the text, and that the array is the text's suffix array, in
	/// time proportional to its length and with eight bytes of memory for each token of the vocabulary.
	///
	/// # Errors
	/// [`SpanError`], naming the first thing that is wrong.
	pub fn verify(&self) -> Result<()> {
		for ((name, stored), section) in
			SECTIONS.into_iter().zip(&self.head.checksums).zip(&self.sections)
		{
			if checksum(self.file.get(section.clone()).unwrap_or_default()) != *stored {
				return Err(SpanError::Checksum(name).into());
			}
		}
		check::text(&self.view(), &self.head.header)?;
		Ok(check::array(&self.view())?)
	}

	/// What names the file: blake2b-256 of its head, which has the hashes of all else.
	pub fn hash(&self) -> Hash {
		Hash(self.head.checksum)
	}

	/// The hash of the tokenizer that the tokens are of.
	pub fn tokenizer(&self) -> Hash {
		self.head.header.tokenizer
	}

	/// The size of the tokenizer's vocabulary.
	pub fn vocabulary(&self) -> u32 {
		self.head.header.vocabulary
	}

	/// The number of records.
	pub fn records(&self) -> u32 {
		self.head.header.records
	}

	/// The number of tokens of all records.
	pub fn tokens(&self) -> u64 {
		self.head.header.length - u64::from(self.head.header.records)
	}

	/// The size of the file in bytes.
	pub fn size(&self) -> u64 {
		self.file.len() as u64
	}

	/// How often a sequence of tokens occurs within records. An empty one does not, nor one with a
	/// token that is not in the vocabulary.
	pub fn count(&self, tokens: &[u32]) -> usize {
		self.find(tokens).len()
	}

	/// The entries of the suffix array where a sequence of tokens begins.
	pub fn find(&self, tokens: &[u32]) -> Range<usize> {
		let known = self.known(tokens);
		if known.len() < tokens.len() { 0..0 } else { self.view().find(&self.encode(known)) }
	}

	/// The most tokens from `start` on that occur together, and where.
	pub fn longest_match(&self, tokens: &[u32], start: usize) -> Match {
		let pattern = self.encode(self.known(tokens.get(start..).unwrap_or_default()));
		let view = self.view();
		let longest = view.longest(&pattern);
		let entries = view.find(&pattern[..longest * view.token_width]);
		Match { start, tokens: longest, entries }
	}

	/// All matches of an answer that no other of its matches contains, of at least `least` tokens,
	/// from left to right: each starts and ends later than the one before.
	pub fn matches(&self, answer: &[u32], least: usize) -> Vec<Match> {
		let mut found = Vec::new();
		let mut offset = 0;
		while offset < answer.len() {
			let known = self.known(&answer[offset..]);
			found.extend(
				self.view()
					.maximal(&self.encode(known), least)
					.into_iter()
					.map(|found| Match { start: offset + found.start, ..found }),
			);
			offset += known.len() + 1;
		}
		found
	}

	/// Where the suffixes of some entries start, in the entries' order.
	pub fn occurrences(&self, entries: Range<usize>) -> impl Iterator<Item = Occurrence> + '_ {
		let view = self.view();
		let entries = entries.start.min(view.len())..entries.end.min(view.len());
		entries.filter_map(move |entry| {
			let (record, offset) = view.locate(view.position(entry)?)?;
			Some(Occurrence { record: record.try_into().ok()?, offset: offset.try_into().ok()? })
		})
	}

	/// The tokens up to the first that is not in the vocabulary.
	fn known<'a>(&self, tokens: &'a [u32]) -> &'a [u32] {
		let unknown = tokens.iter().position(|token| *token >= self.vocabulary());
		&tokens[..unknown.unwrap_or(tokens.len())]
	}

	fn encode(&self, known: &[u32]) -> Vec<u8> {
		let mut pattern = Vec::new();
		encode(known, self.vocabulary(), &mut pattern);
		pattern
	}

	fn view(&self) -> View<'_> {
		let [text, array, starts, samples] = self
			.sections
			.each_ref()
			.map(|section| self.file.get(section.clone()).unwrap_or_default());
		let header = &self.head.header;
		let (token_width, entry_width) = (header.token_width(), header.entry_width());
		View { text, array, starts, samples, token_width, entry_width }
	}
}
