//! Whether the sections of an index are what they say.

use super::{
	SpanError,
	layout::{Header, SAMPLE, SAMPLING},
	place::Place,
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
pub(super) fn array(view: &View) -> Result<(), SpanError> {
	if view.entry_width == 4 {
		order(view.text, view.token_width, view.array.as_chunks::<4>().0)?;
	} else {
		order(view.text, view.token_width, view.array.as_chunks::<5>().0)?;
	}
	for (at, sample) in view.samples.as_chunks::<SAMPLE>().0.iter().enumerate() {
		let position = view.position(at * SAMPLING).unwrap_or(usize::MAX);
		if u64::from_le_bytes(*sample) != beginning(view.text_from(position), 0) {
			return Err(SpanError::Sample(at as u64));
		}
	}
	Ok(())
}

/// Checks that an array is the suffix array of a text whose tokens are `width` bytes, two or three, in
/// time proportional to its length whatever it holds.
pub(super) fn order(text: &[u8], width: usize, array: &[impl Place]) -> Result<(), SpanError> {
	if width == 2 {
		order_of(text.as_chunks::<2>().0, array)
	} else {
		order_of(text.as_chunks::<3>().0, array)
	}
}

/// Entries that are looked at together, so that the processor waits for many places of memory at once.
const BLOCK: usize = 128;

/// The suffixes that begin with one token are a run of entries, in the order of what is behind that
/// token. So whoever goes through the suffixes in order, the empty one first, finds the suffix that is
/// one token longer than each at the next free entry of its first token's run.
///
/// Where this holds of all, the array is right. From the empty suffix on, each is found from the one
/// after it, so that the array has them all, and each once; therefore each run was filled to its end.
/// In a run they are in the order of the suffixes behind the token, and that is all that has to be
/// shown of a permutation (Burkhardt and Kärkkäinen 2003, doi:10.1007/3-540-44888-8_5, section 4).
fn order_of<const WIDTH: usize, P: Place>(
	text: &[[u8; WIDTH]],
	array: &[P],
) -> Result<(), SpanError> {
	let refuse = |entry: usize, reason| Err(SpanError::Array { entry: entry as u64, reason });
	let misplaced = |entry| refuse(entry, "another suffix belongs there");
	if array.len() != text.len() {
		return refuse(array.len().min(text.len()), "there are not as many entries as tokens");
	}
	let Some(largest) = text.iter().map(number).max() else { return Ok(()) };
	// The entry that the next suffix with a token as its first belongs at. Behind the tokens', one for
	// the suffix that is the whole text, which none is longer than: it is beyond the array.
	let none = largest + 1;
	let mut next = vec![0usize; none + 1];
	for token in text {
		next[number(token)] += 1;
	}
	let mut end = 0;
	for count in &mut next {
		(*count, end) = (end, end + *count);
	}

	let found = |entry: usize| array.get(entry).map_or(usize::MAX, |place| place.index());
	// The suffix one longer than the empty one.
	if let Some(last) = text.last() {
		let entry = &mut next[number(last)];
		if found(*entry) != text.len() - 1 {
			return misplaced(*entry);
		}
		*entry += 1;
	}
	let (mut tokens, mut entries) = ([0; BLOCK], [0; BLOCK]);
	for (block, places) in array.chunks(BLOCK).enumerate() {
		// Nothing is before the whole text; nothing is at `usize::MAX` either.
		let before = |place: &P| place.index().wrapping_sub(1);
		for (token, place) in tokens.iter_mut().zip(places) {
			*token = text.get(before(place)).map_or(none, number);
		}
		for (entry, token) in entries.iter_mut().zip(&tokens[..places.len()]) {
			let next = &mut next[*token];
			*entry = *next;
			*next += 1;
		}
		let is_right = |(place, entry): (&P, &usize)| {
			(place.index() < text.len()) & (found(*entry) == before(place))
		};
		let right = places.iter().zip(&entries).fold(true, |right, one| right & is_right(one));
		if !right {
			let wrong = places.iter().zip(&entries).position(|one| !is_right(one)).unwrap_or(0);
			if places[wrong].index() >= text.len() {
				return refuse(block * BLOCK + wrong, "it is beyond the text");
			}
			return misplaced(entries[wrong].min(text.len() - 1));
		}
	}
	Ok(())
}

fn number<const WIDTH: usize>(token: &[u8; WIDTH]) -> usize {
	token.iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
}
