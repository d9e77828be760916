//! The span index file, version 1. Numbers are little-endian, tokens big-endian.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | magic `OLSPANS` and a zero byte |
//! | 4 | version |
//! | 4 | number of sections, 4 |
//! | 32 | hash of the tokenizer |
//! | 4 | V, the size of its vocabulary |
//! | 4 | R, the number of records |
//! | 8 | N, their tokens and one separator for each |
//! | 4 × (8 + 32) | for each section its length in bytes and its blake2b-256 |
//! | 32 | blake2b-256 of everything before |
//! | … | the sections, one after the other |
//!
//! Sections, with w the fewest of two and three bytes that V fits and e the fewest of four and five
//! that N − 1 fits:
//! text (N × w: the records in order, each token as its number plus one, a zero after each record);
//! array (N × e: the suffix array of the text);
//! starts (R × e: where in the text each record starts);
//! samples (⌈N/64⌉ × 8: the first eight bytes of every 64th suffix, zeros after the text's end, as a
//! number whose highest byte is the first).
//!
//! Tokens are big-endian so that the order of the text's bytes is the order of its tokens, and a
//! comparison of either is one of bytes. The checksum of the head, which has the others in it, names
//! the whole file.

use super::SpanError;
use openledger_primitives_core::Hash;

/// The version of the format.
pub const VERSION: u32 = 1;

/// The largest vocabulary that can be indexed: what three bytes hold beside the separator.
pub const MAX_VOCABULARY: u32 = (1 << 24) - 1;

/// Entries of the suffix array for each sample. A sample saves every search below it a step that
/// misses the cache, at 8/64 bytes a token.
pub(super) const SAMPLING: usize = 64;

/// Bytes of a sample.
pub(super) const SAMPLE: usize = 8;

/// The sections' names, in the file's order.
pub(super) const SECTIONS: [&str; 4] = ["text", "array", "starts", "samples"];

/// Bytes before the first section.
pub(super) const HEAD: usize =
	MAGIC.len() + 4 + 4 + 32 + 4 + 4 + 8 + SECTIONS.len() * 40 + CHECKSUM;

const MAGIC: [u8; 8] = *b"OLSPANS\0";
const CHECKSUM: usize = 32;

/// The most tokens and separators: what five bytes hold.
const MAX_LENGTH: u64 = 1 << 40;

/// blake2b-256 of something.
pub(super) type Checksum = [u8; CHECKSUM];

/// What an index is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
	pub tokenizer: Hash,
	pub vocabulary: u32,
	pub records: u32,
	/// Tokens and separators.
	pub length: u64,
}

impl Header {
	pub fn check(&self) -> Result<(), SpanError> {
		if self.vocabulary == 0 || self.vocabulary > MAX_VOCABULARY {
			return Err(SpanError::Vocabulary(self.vocabulary));
		}
		if self.length > MAX_LENGTH {
			return Err(SpanError::TooMany("tokens"));
		}
		if u64::from(self.records) > self.length {
			return Err(SpanError::Head("it counts more records than separators fit"));
		}
		if self.records == 0 && self.length > 0 {
			return Err(SpanError::Head("it counts tokens of no record"));
		}
		Ok(())
	}

	/// Bytes of a token.
	pub fn token_width(&self) -> usize {
		token_width(self.vocabulary)
	}

	/// Bytes of a place in the text.
	pub fn entry_width(&self) -> usize {
		if self.length <= 1 << 32 { 4 } else { 5 }
	}

	/// Length of each section, in bytes.
	pub fn section_lengths(&self) -> [u64; SECTIONS.len()] {
		let entry = self.entry_width() as u64;
		[
			self.length * self.token_width() as u64,
			self.length * entry,
			u64::from(self.records) * entry,
			self.length.div_ceil(SAMPLING as u64) * SAMPLE as u64,
		]
	}
}

/// Bytes of a token of a vocabulary.
pub(super) fn token_width(vocabulary: u32) -> usize {
	if vocabulary <= u32::from(u16::MAX) { 2 } else { 3 }
}

pub(super) fn checksum(bytes: &[u8]) -> Checksum {
	let mut state = hasher();
	state.update(bytes);
	finish(&state)
}

/// A blake2b-256 to be fed piece by piece.
pub(super) fn hasher() -> blake2b_simd::State {
	blake2b_simd::Params::new().hash_length(CHECKSUM).to_state()
}

/// What a hasher was fed, as a checksum.
pub(super) fn finish(state: &blake2b_simd::State) -> Checksum {
	let mut checksum = [0; CHECKSUM];
	checksum.copy_from_slice(state.finalize().as_bytes());
	checksum
}

/// The bytes before the sections.
pub(super) fn encode_head(header: &Header, checksums: &[Checksum; SECTIONS.len()]) -> Vec<u8> {
	let mut head = MAGIC.to_vec();
	head.extend_from_slice(&VERSION.to_le_bytes());
	head.extend_from_slice(&(SECTIONS.len() as u32).to_le_bytes());
	head.extend_from_slice(header.tokenizer.as_bytes());
	head.extend_from_slice(&header.vocabulary.to_le_bytes());
	head.extend_from_slice(&header.records.to_le_bytes());
	head.extend_from_slice(&header.length.to_le_bytes());
	for (length, checksum) in header.section_lengths().iter().zip(checksums) {
		head.extend_from_slice(&length.to_le_bytes());
		head.extend_from_slice(checksum);
	}
	let checksum = checksum(&head);
	head.extend_from_slice(&checksum);
	head
}

/// A head, once magic, version, checksum and numbers hold.
#[derive(Debug)]
pub(super) struct Head {
	pub header: Header,
	pub checksums: [Checksum; SECTIONS.len()],
	/// The head's own.
	pub checksum: Checksum,
}

/// Reads the head of a file and checks that the sections that it lists fill the rest of it.
pub(super) fn decode_head(file: &[u8]) -> Result<Head, SpanError> {
	if !file.starts_with(&MAGIC) {
		return Err(SpanError::NotASpanIndex(file.iter().take(MAGIC.len()).copied().collect()));
	}
	let short = SpanError::SectionLength {
		section: "head",
		expected: HEAD as u64,
		found: file.len() as u64,
	};
	let mut rest = &file[MAGIC.len()..];
	let version = u32::from_le_bytes(take(&mut rest).ok_or_else(|| short.clone())?);
	if version != VERSION {
		return Err(SpanError::UnsupportedVersion { found: version, expected: VERSION });
	}
	let head = file.get(..HEAD).ok_or_else(|| short.clone())?;
	let (body, stored) = head.split_last_chunk::<CHECKSUM>().ok_or_else(|| short.clone())?;
	if checksum(body) != *stored {
		return Err(SpanError::Checksum("head"));
	}
	let mut field = || take::<4>(&mut rest).ok_or_else(|| short.clone());
	if u32::from_le_bytes(field()?) as usize != SECTIONS.len() {
		return Err(SpanError::Head("its number of sections is not four"));
	}
	let tokenizer = Hash(take(&mut rest).ok_or_else(|| short.clone())?);
	let mut field = || take::<4>(&mut rest).ok_or_else(|| short.clone());
	let (vocabulary, records) = (u32::from_le_bytes(field()?), u32::from_le_bytes(field()?));
	let length = u64::from_le_bytes(take(&mut rest).ok_or_else(|| short.clone())?);
	let header = Header { tokenizer, vocabulary, records, length };
	header.check()?;
	let mut checksums = [[0; CHECKSUM]; SECTIONS.len()];
	let mut end = HEAD as u64;
	for ((section, expected), checksum) in
		SECTIONS.into_iter().zip(header.section_lengths()).zip(&mut checksums)
	{
		let found = u64::from_le_bytes(take(&mut rest).ok_or_else(|| short.clone())?);
		if found != expected {
			return Err(SpanError::SectionLength { section, expected, found });
		}
		let left = (file.len() as u64).saturating_sub(end);
		if left < expected {
			return Err(SpanError::SectionLength { section, expected, found: left });
		}
		end += expected;
		*checksum = take(&mut rest).ok_or_else(|| short.clone())?;
	}
	if file.len() as u64 != end {
		let found = file.len() as u64;
		return Err(SpanError::SectionLength { section: "file", expected: end, found });
	}
	Ok(Head { header, checksums, checksum: *stored })
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
	let (first, rest) = bytes.split_first_chunk::<N>()?;
	*bytes = rest;
	Some(*first)
}
