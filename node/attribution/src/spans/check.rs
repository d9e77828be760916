//! Whether the sections of an index are what they say.

use super::{
	SpanError,
	layout::{Header, SAMPLE, SAMPLING},
	search::{View, beginning},
};

/// Checks that the text is tokens of the vocabulary with a separator behind each record, and that the
/// starts are the records'.
pub(super) fn text(view: &View, header: &Header) -> Result<(), SpanError> {
	let width = view.token_width;
	let (mut record, mut starts_here) = (0u32, true);
	for (position, token) in view.text.chunks_exact(width).enumerate() {
		let at = position as u64;
		if starts_here {
			if view.start(record as usize) != Some(position) {
				return Err(SpanError::Start(record));
			}
			record += 1;
		}
		let number = token.iter().fold(0u32, |number, byte| number << 8 | u32::from(*byte));
		if number > header.vocabulary {
			let reason = "a token is not in the vocabulary";
			return Err(SpanError::Text { position: at, reason });
		}
		starts_here = number == 0;
	}
	if !starts_here {
		let reason = "the last record has no end";
		return Err(SpanError::Text { position: header.length, reason });
	}
	if record != header.records {
		return Err(SpanError::Head("it counts other records than the text has"));
	}
	Ok(())
}

/// Checks that the array is the suffix array of the text, and that the samples are of it.
///
/// The array is a permutation, and each suffix is before the next: its first token is less, or the
/// same and the suffix behind it is before the one behind the other's, by the places that the array
/// itself gives them (Burkhardt and Kärkkäinen 2003, doi:10.1007/3-540-44888-8_5, section 4).
pub(super) fn array(view: &View) -> Result<(), SpanError> {
	if u32::try_from(view.len()).is_ok_and(|length| length < u32::MAX) {
		order::<u32>(view)?;
	} else {
		order::<u64>(view)?;
	}
	for (at, sample) in view.samples.as_chunks::<SAMPLE>().0.iter().enumerate() {
		let position = view.position(at * SAMPLING).unwrap_or(usize::MAX);
		if u64::from_le_bytes(*sample) != beginning(view.text_from(position), 0) {
			return Err(SpanError::Sample(at as u64));
		}
	}
	Ok(())
}

/// A number of an entry, with its largest value for none.
trait Rank: Copy + Ord {
	const NONE: Self;
	fn of(entry: usize) -> Self;
}

impl Rank for u32 {
	const NONE: Self = Self::MAX;
	fn of(entry: usize) -> Self {
		entry as Self
	}
}

impl Rank for u64 {
	const NONE: Self = Self::MAX;
	fn of(entry: usize) -> Self {
		entry as Self
	}
}

fn order<R: Rank>(view: &View) -> Result<(), SpanError> {
	let refuse = |entry: usize, reason| SpanError::Array { entry: entry as u64, reason };
	let mut ranks = vec![R::NONE; view.len()];
	for entry in 0..view.len() {
		let rank = view.position(entry).and_then(|position| ranks.get_mut(position));
		let rank = rank.ok_or_else(|| refuse(entry, "it is beyond the text"))?;
		if *rank != R::NONE {
			return Err(refuse(entry, "its suffix is there twice"));
		}
		*rank = R::of(entry);
	}
	let token = |position: usize| view.text_from(position).get(..view.token_width);
	// The empty suffix is before all others: `None` is.
	let behind = |position: usize| ranks.get(position + 1).copied();
	let mut before = None;
	for entry in 0..view.len() {
		let Some(position) = view.position(entry) else { continue };
		let this = (token(position), behind(position));
		if before.is_some_and(|before| before >= this) {
			return Err(refuse(entry, "its suffix belongs before the one before"));
		}
		before = Some(this);
	}
	Ok(())
}
