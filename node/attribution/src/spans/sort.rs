//! Sorting the suffixes of a text.

use super::{SpanError, check};
use libsais::SuffixArrayConstruction;

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

	/// Checks that it is the suffix array of the text that it was made of.
	///
	/// # Errors
	/// [`SpanError::Array`].
	pub fn check(&self, text: &[u8], width: usize) -> Result<(), SpanError> {
		match self {
			Self::Narrow(places) => check::order(text, width, places),
			Self::Wide(places) => check::order(text, width, places),
		}
	}
}
