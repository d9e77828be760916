//! Searching a suffix array, over bytes that nobody has to trust: whatever they are, a search ends
//! and stays within them.

use super::layout::{SAMPLE, SAMPLING};
use std::{cmp::Ordering, ops::Range};

/// A run of an answer's tokens that occurs in records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
	/// Where it starts, in tokens of the answer.
	pub start: usize,
	/// Its tokens.
	pub tokens: usize,
	/// Its occurrences, as entries of the suffix array.
	pub entries: Range<usize>,
}

/// The sections of an index. Patterns are the bytes that the text has for tokens.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
	pub text: &'a [u8],
	pub array: &'a [u8],
	pub starts: &'a [u8],
	pub samples: &'a [u8],
	/// Bytes of a token.
	pub token_width: usize,
	/// Bytes of a place in the text.
	pub entry_width: usize,
}

impl<'a> View<'a> {
	/// Entries of the array.
	pub fn len(&self) -> usize {
		self.array.len() / self.entry_width
	}

	/// Records.
	pub fn records(&self) -> usize {
		self.starts.len() / self.entry_width
	}

	/// The place in the text, in tokens, where the suffix of an entry starts.
	pub fn position(&self, entry: usize) -> Option<usize> {
		number(self.array, self.entry_width, entry)
	}

	/// Where a record starts, in tokens.
	pub fn start(&self, record: usize) -> Option<usize> {
		number(self.starts, self.entry_width, record)
	}

	/// The text from a place on; nothing beyond its end.
	pub fn text_from(&self, position: usize) -> &'a [u8] {
		let at = position.checked_mul(self.token_width);
		at.and_then(|at| self.text.get(at..)).unwrap_or_default()
	}

	/// The suffix of an entry.
	fn suffix(&self, entry: usize) -> &'a [u8] {
		self.position(entry).map(|position| self.text_from(position)).unwrap_or_default()
	}

	/// The record that has a place in the text, and the place within it.
	pub fn locate(&self, position: usize) -> Option<(usize, usize)> {
		if position >= self.text.len() / self.token_width {
			return None;
		}
		let record = partition(0..self.records(), |record| {
			self.start(record).is_some_and(|start| start <= position)
		})
		.checked_sub(1)?;
		Some((record, position.checked_sub(self.start(record)?)?))
	}

	/// The entries whose suffixes begin with a pattern; none for an empty one.
	pub fn find(&self, pattern: &[u8]) -> Range<usize> {
		if pattern.is_empty() {
			return 0..0;
		}
		let (below, above) = self.sampled(pattern);
		// A sample tells where a pattern within it begins and ends, not so a longer one.
		let whole = pattern.len() <= SAMPLE;
		let to = if whole { self.before_sample(below) } else { self.before_sample(above) };
		let start = self.bound(pattern, self.behind_sample(below)..to, false);
		let from = if whole { self.behind_sample(above).max(start) } else { start };
		start..self.bound(pattern, from..self.before_sample(above), true).max(start)
	}

	/// How many whole tokens of a pattern occur, from its first on.
	pub fn longest(&self, pattern: &[u8]) -> usize {
		if pattern.is_empty() {
			return 0;
		}
		let (below, above) = self.sampled(pattern);
		let at = self.bound(pattern, self.behind_sample(below)..self.before_sample(above), false);
		// The suffix that shares most with a pattern is beside the place where it would be.
		let before = at.checked_sub(1).map_or(0, |before| common(self.suffix(before), pattern));
		before.max(common(self.suffix(at), pattern)) / self.token_width
	}

	/// The matches of a pattern that no other contains, of at least `least` tokens and one.
	pub fn maximal(&self, pattern: &[u8], least: usize) -> Vec<Match> {
		let count = pattern.len() / self.token_width;
		let (mut found, mut reached) = (Vec::new(), 0);
		for start in 0..count {
			if reached == count {
				break;
			}
			let rest = &pattern[start * self.token_width..];
			let tokens = self.longest(rest);
			if tokens > 0 && start + tokens > reached {
				reached = start + tokens;
				if tokens >= least {
					let entries = self.find(&rest[..tokens * self.token_width]);
					found.push(Match { start, tokens, entries });
				}
			}
		}
		found
	}

	/// How many samples are less than a pattern, and how many are not greater.
	fn sampled(&self, pattern: &[u8]) -> (usize, usize) {
		let (low, high) = (beginning(pattern, 0), beginning(pattern, u8::MAX));
		let samples = self.samples.as_chunks::<SAMPLE>().0;
		let below = samples.partition_point(|sample| u64::from_le_bytes(*sample) < low);
		let above = samples.partition_point(|sample| u64::from_le_bytes(*sample) <= high);
		(below, above.max(below))
	}

	/// The first entry that the sample before one leaves open.
	fn behind_sample(&self, sample: usize) -> usize {
		sample.checked_sub(1).map_or(0, |before| before * SAMPLING + 1).min(self.len())
	}

	/// The end of the entries that a sample leaves open.
	fn before_sample(&self, sample: usize) -> usize {
		sample.saturating_mul(SAMPLING).min(self.len())
	}

	/// The first entry of `range` whose suffix, cut off at the pattern's length, is not less than it,
	/// or, `after` it, is greater; the range's end where there is none.
	///
	/// What two suffixes share with the pattern, all between them share, so no byte of the pattern is
	/// compared with more than a few suffixes (Manber and Myers 1993, doi:10.1137/0222058).
	fn bound(&self, pattern: &[u8], range: Range<usize>, after: bool) -> usize {
		let Range { mut start, mut end } = range;
		let (mut shared_before, mut shared_behind) = (0usize, 0usize);
		while start < end {
			let middle = start + (end - start) / 2;
			let skipped = shared_before.min(shared_behind);
			let suffix = self.suffix(middle);
			let shared = skipped
				+ common(
					suffix.get(skipped..).unwrap_or_default(),
					pattern.get(skipped..).unwrap_or_default(),
				);
			let order = match (suffix.get(shared), pattern.get(shared)) {
				(_, None) => Ordering::Equal,
				(None, Some(_)) => Ordering::Less,
				(Some(suffix), Some(pattern)) => suffix.cmp(pattern),
			};
			if order == Ordering::Less || after && order == Ordering::Equal {
				(start, shared_before) = (middle + 1, shared);
			} else {
				(end, shared_behind) = (middle, shared);
			}
		}
		start
	}
}

/// The first eight bytes as a number whose highest is the first, filled up with `filler`.
pub(super) fn beginning(bytes: &[u8], filler: u8) -> u64 {
	let mut first = [filler; SAMPLE];
	for (first, byte) in first.iter_mut().zip(bytes) {
		*first = *byte;
	}
	u64::from_be_bytes(first)
}

/// The number at `place` in a row of numbers of `width` bytes.
fn number(bytes: &[u8], width: usize, place: usize) -> Option<usize> {
	let at = place.checked_mul(width)?;
	let bytes = bytes.get(at..at.checked_add(width)?)?;
	if let Ok(bytes) = <[u8; 4]>::try_from(bytes) {
		return Some(u32::from_le_bytes(bytes) as usize);
	}
	let number = bytes.iter().rev().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
	usize::try_from(number).ok()
}

/// How many bytes two slices have in common from their first on.
fn common(a: &[u8], b: &[u8]) -> usize {
	const BLOCK: usize = 16;
	let blocks = a.chunks_exact(BLOCK).zip(b.chunks_exact(BLOCK));
	let same = blocks.take_while(|(a, b)| a == b).count() * BLOCK;
	let rest = a[same..].iter().zip(&b[same..]);
	same + rest.take_while(|(a, b)| a == b).count()
}

/// The first of `range` that `is_before` is false of, where it is true of a part at the start.
fn partition(range: Range<usize>, is_before: impl Fn(usize) -> bool) -> usize {
	let Range { mut start, mut end } = range;
	while start < end {
		let middle = start + (end - start) / 2;
		if is_before(middle) {
			start = middle + 1;
		} else {
			end = middle;
		}
	}
	start
}
