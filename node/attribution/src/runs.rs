//! Runs of tokens, or of words, that two sequences have in common.
//!
//! For two sequences that are at hand this takes a table's row of memory and no index;
//! [`spans`](crate::spans) finds the same runs among any number of records.

/// A run that two sequences have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
	/// Where it starts in the first sequence.
	pub first: usize,
	/// Where it starts in the second: the first of the places that have it.
	pub second: usize,
	/// Its length.
	pub length: usize,
}

impl Run {
	/// Where it ends in the first sequence.
	pub fn end(&self) -> usize {
		self.first + self.length
	}
}

/// The length of the longest run, in `a.len() · b.len()` steps.
pub fn longest<T: PartialEq>(a: &[T], b: &[T]) -> usize {
	let mut most = 0;
	rows(a, b, |_, ending| most = ending.iter().copied().fold(most, usize::max));
	most
}

/// The runs of at least `least` that no other run contains, as places of `a`, from left to right: each
/// starts and ends later than the one before. At most one ends at each place of `a`, whatever `b`
/// repeats.
pub fn maximal<T: PartialEq>(a: &[T], b: &[T], least: usize) -> Vec<Run> {
	let mut found: Vec<Run> = Vec::new();
	rows(a, b, |at, ending| {
		let length = ending.iter().copied().max().unwrap_or(0);
		if length < least.max(1) {
			return;
		}
		let first = at + 1 - length;
		let second = ending.iter().position(|other| *other == length).unwrap_or(0) + 1 - length;
		// What ended earlier and starts no earlier is within this one.
		while found.last().is_some_and(|last| last.first >= first) {
			found.pop();
		}
		found.push(Run { first, second, length });
	});
	found
}

/// Gives, for each place of `a`, the lengths of the runs that end there and at each place of `b`.
fn rows<T: PartialEq>(a: &[T], b: &[T], mut each: impl FnMut(usize, &[usize])) {
	let mut ending = vec![0usize; b.len() + 1];
	for (at, token) in a.iter().enumerate() {
		for (place, other) in b.iter().enumerate().rev() {
			ending[place + 1] = if token == other { ending[place] + 1 } else { 0 };
		}
		each(at, &ending[1..]);
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::spans::Builder;
	use openledger_primitives_core::Hash;
	use proptest::prelude::*;

	#[test]
	fn longest_run_is_found_wherever_it_stands() {
		assert_eq!(longest(&[1, 2, 3, 4], &[9, 2, 3, 4, 1, 2]), 3);
		assert_eq!(longest(&[1, 1, 1], &[1, 1]), 2);
		assert_eq!(longest(&[1, 2], &[3]), 0);
		assert_eq!(longest(&[], &[3]), 0);
		assert_eq!(longest(&[3], &[]), 0);
	}

	#[test]
	fn maximal_runs_are_in_no_other_and_say_where_they_are() {
		let run = |first, second, length| Run { first, second, length };
		assert_eq!(
			maximal(&[1, 2, 3, 9, 2, 3], &[2, 3, 7, 1, 2, 3], 2),
			[run(0, 3, 3), run(4, 0, 2)]
		);
		// They overlap in 2, and neither contains the other.
		assert_eq!(maximal(&[1, 2, 3], &[1, 2, 0, 2, 3], 2), [run(0, 0, 2), run(1, 3, 2)]);
		assert_eq!(maximal(&[5; 40], &[5; 40], 1), [run(0, 0, 40)]);
		assert!(maximal(&[1, 2], &[1, 2], 3).is_empty());
		assert!(maximal(&[1, 2], &[3, 4], 0).is_empty());
	}

	proptest! {
		#[test]
		fn longest_run_is_that_of_comparing_all_windows(
			a in proptest::collection::vec(0u32..3, 0..12),
			b in proptest::collection::vec(0u32..3, 0..12),
		) {
			let shared = |length: usize| {
				a.windows(length).any(|window| b.windows(length).any(|other| window == other))
			};
			let expected = (1..=a.len().min(b.len())).rev().find(|length| shared(*length));
			prop_assert_eq!(longest(&a, &b), expected.unwrap_or(0));
			prop_assert_eq!(longest(&b, &a), expected.unwrap_or(0));
		}
	}

	proptest! {
		#![proptest_config(ProptestConfig::with_cases(64))]

		#[test]
		fn maximal_runs_are_those_that_an_index_of_spans_finds(
			a in proptest::collection::vec(0u32..4, 0..20),
			b in proptest::collection::vec(0u32..4, 1..20),
			least in 1usize..4,
		) {
			let folder = tempfile::tempdir().unwrap();
			let mut builder = Builder::new(Hash::zero(), 4).unwrap();
			builder.push(&b).unwrap();
			let index = builder.save(&folder.path().join("spans")).unwrap();
			let found: Vec<_> = maximal(&a, &b, least);
			for run in &found {
				prop_assert_eq!(&a[run.first..run.end()], &b[run.second..run.second + run.length]);
			}
			let expected: Vec<_> =
				index.matches(&a, least).iter().map(|of| (of.start, of.tokens)).collect();
			let found: Vec<_> = found.iter().map(|run| (run.first, run.length)).collect();
			prop_assert_eq!(found, expected);
		}
	}
}
