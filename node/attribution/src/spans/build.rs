//! Building a span index.

use super::{
	SpanError, SpanIndex,
	layout::{
		Checksum, HEAD, Header, MAX_VOCABULARY, SAMPLE, SAMPLING, encode_head, finish, hasher,
		token_width,
	},
	search::beginning,
};
use crate::{
	error::{Error, Result},
	store::replace_atomically,
};
use libsais::SuffixArrayConstruction;
use openledger_primitives_core::Hash;
use std::{
	fs::File,
	io::{self, BufWriter, Seek, SeekFrom, Write},
	path::Path,
};

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
	/// [`Error::Io`]; [`SpanError::TooMany`] and [`SpanError::Construction`].
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
		let array = SuffixArray::new(&self.text, width, length > i32::MAX as usize)?;
		let index = replace_atomically(path, |file| {
			self.write(&header, &array, file).map_err(Error::io(path))?;
			drop(array);
			let index = SpanIndex::map(file, path)?;
			index.check_order()?;
			Ok(index)
		})?;
		Ok(index)
	}

	fn write(&self, header: &Header, array: &SuffixArray, file: &mut File) -> io::Result<()> {
		let (width, entry) = (header.token_width(), header.entry_width());
		let mut out = BufWriter::with_capacity(1 << 20, &mut *file);
		out.write_all(&[0; HEAD])?;
		let checksums = [
			section(&mut out, self.text.chunks(1 << 20))?,
			section(&mut out, array.places().map(|place| place.to_le_bytes()).map(cut(entry)))?,
			section(&mut out, self.starts.iter().map(|start| start.to_le_bytes()).map(cut(entry)))?,
			section(
				&mut out,
				array.places().step_by(SAMPLING).map(|place| {
					let suffix = self.text.get(place as usize * width..).unwrap_or_default();
					Cut(beginning(suffix, 0).to_le_bytes(), SAMPLE)
				}),
			)?,
		];
		out.seek(SeekFrom::Start(0))?;
		out.write_all(&encode_head(header, &checksums))?;
		out.flush()
	}
}

/// Tokens as the text has them, added to `text`.
pub(super) fn encode(tokens: &[u32], vocabulary: u32, text: &mut Vec<u8>) {
	let width = token_width(vocabulary);
	text.reserve(tokens.len() * width);
	for token in tokens {
		let bytes = (token + 1).to_be_bytes();
		text.extend_from_slice(&bytes[bytes.len() - width..]);
	}
}

/// The first bytes of a number.
struct Cut([u8; 8], usize);

impl AsRef<[u8]> for Cut {
	fn as_ref(&self) -> &[u8] {
		&self.0[..self.1]
	}
}

fn cut(width: usize) -> impl Fn([u8; 8]) -> Cut {
	move |bytes| Cut(bytes, width)
}

/// Writes a section and gives its checksum.
fn section(
	out: &mut impl Write,
	pieces: impl Iterator<Item = impl AsRef<[u8]>>,
) -> io::Result<Checksum> {
	let mut state = hasher();
	// Hashed and written in large pieces: both are slow with few bytes at a time.
	let mut buffer = Vec::with_capacity(1 << 16);
	for piece in pieces {
		buffer.extend_from_slice(piece.as_ref());
		if buffer.len() >= 1 << 16 {
			state.update(&buffer);
			out.write_all(&buffer)?;
			buffer.clear();
		}
	}
	state.update(&buffer);
	out.write_all(&buffer)?;
	Ok(finish(&state))
}

/// The suffix array of a text.
pub(super) enum SuffixArray {
	/// Of fewer than 2³¹ tokens and separators.
	Narrow(Vec<i32>),
	/// Of more.
	Wide(Vec<i64>),
}

impl SuffixArray {
	/// Sorts the suffixes of a text whose tokens are `width` bytes, two or three, by induced sorting
	/// (Nong, Zhang and Chan 2011, doi:10.1109/TC.2010.188) in time proportional to its length,
	/// whatever it repeats. `wide` where the text is too long for places of 31 bits.
	///
	/// # Errors
	/// [`SpanError::Construction`].
	pub fn new(text: &[u8], width: usize, wide: bool) -> Result<Self, SpanError> {
		let refused = |error: libsais::LibsaisError| SpanError::Construction(error.to_string());
		if width == 2 {
			let (pairs, _) = text.as_chunks::<2>();
			let text: Vec<u16> = pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
			let sort = SuffixArrayConstruction::for_text(&text);
			return if wide {
				let sorted = sort.in_owned_buffer64().single_threaded().run().map_err(refused)?;
				Ok(Self::Wide(sorted.into_vec()))
			} else {
				let sorted = sort.in_owned_buffer32().single_threaded().run().map_err(refused)?;
				Ok(Self::Narrow(sorted.into_vec()))
			};
		}
		let (triples, _) = text.as_chunks::<3>();
		let token = |[a, b, c]: &[u8; 3]| i32::from_be_bytes([0, *a, *b, *c]);
		if wide {
			let mut text: Vec<i64> = triples.iter().map(token).map(i64::from).collect();
			let sort = SuffixArrayConstruction::for_text_mut(&mut text);
			let sorted = sort.in_owned_buffer64().single_threaded().run().map_err(refused)?;
			Ok(Self::Wide(sorted.into_vec()))
		} else {
			let mut text: Vec<i32> = triples.iter().map(token).collect();
			let sort = SuffixArrayConstruction::for_text_mut(&mut text);
			let sorted = sort.in_owned_buffer32().single_threaded().run().map_err(refused)?;
			Ok(Self::Narrow(sorted.into_vec()))
		}
	}

	/// The places of the suffixes, in their order.
	pub fn places(&self) -> Box<dyn Iterator<Item = u64> + '_> {
		// No place is negative.
		match self {
			Self::Narrow(places) => Box::new(places.iter().map(|place| *place as u64)),
			Self::Wide(places) => Box::new(places.iter().map(|place| *place as u64)),
		}
	}
}
