//! Near-duplicate records: star clusters around the earliest committed (specification: The rule, 2).

use openledger_primitives_core::BlockNumber;
use std::collections::{BTreeMap, BTreeSet};

/// Words in a shingle.
const SHINGLE: usize = 3;

/// The set of a text's shingles: every run of three words, lower-cased and without punctuation, as
/// 64-bit hashes in ascending order. A shorter text is one shingle; one without words is a shingle
/// of its characters.
pub fn shingles(text: &str) -> Vec<u64> {
	let lower = text.to_lowercase();
	let words: Vec<&str> =
		lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
	let hash = |text: &str| {
		let [a, b, c, d, e, f, g, h, ..] = sp_io::hashing::blake2_128(text.as_bytes());
		u64::from_le_bytes([a, b, c, d, e, f, g, h])
	};
	let mut shingles: Vec<u64> = match words.len() {
		0 => vec![hash(lower.trim())],
		n if n < SHINGLE => vec![hash(&words.join(" "))],
		_ => words.windows(SHINGLE).map(|words| hash(&words.join(" "))).collect(),
	};
	shingles.sort_unstable();
	shingles.dedup();
	shingles
}

/// Whether the Jaccard index of two ascending sets, |a ∩ b| / |a ∪ b|, is at least 0.8.
pub fn near(a: &[u64], b: &[u64]) -> bool {
	let (mut i, mut j, mut both) = (0, 0, 0);
	while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
		both += usize::from(x == y);
		i += usize::from(x <= y);
		j += usize::from(y <= x);
	}
	let either = a.len() + b.len() - both;
	either > 0 && both * 5 >= either * 4
}

/// Each record's cluster head, by position. A record's head is the first near it, in order of
/// commitment and then position, of those that are heads themselves; itself where there is none.
///
/// `records` gives each record's block of commitment and its shingles; a record without any shingle
/// is no one's duplicate.
pub fn heads(records: &[(BlockNumber, Vec<u64>)]) -> Vec<u32> {
	let mut order: Vec<usize> = (0..records.len()).collect();
	order.sort_by_key(|position| (records[*position].0, *position));
	let mut heads: Vec<u32> = (0..records.len() as u32).collect();
	// For each shingle within some head's prefix, the ranks of those heads in `order`.
	let mut with: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
	for (rank, position) in order.iter().enumerate() {
		let set = &records[*position].1;
		let candidates: BTreeSet<usize> =
			prefix(set).iter().filter_map(|shingle| with.get(shingle)).flatten().copied().collect();
		match candidates.into_iter().find(|other| near(&records[order[*other]].1, set)) {
			Some(head) => heads[*position] = order[head] as u32,
			None => {
				for shingle in prefix(set) {
					with.entry(*shingle).or_default().push(rank);
				}
			}
		}
	}
	heads
}

/// The least shingles that two sets with a Jaccard index of 0.8 can't both miss: a set shares at
/// least ⌈0.8·n⌉ of its n shingles with a near one, so the first n − ⌈0.8·n⌉ + 1 of either, in one
/// common order, meet (Chaudhuri, Ganti and Kaushik 2006, doi:10.1109/ICDE.2006.9).
fn prefix(set: &[u64]) -> &[u64] {
	let shared = (set.len() * 4).div_ceil(5);
	&set[..(set.len() - shared + 1).min(set.len())]
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	#[test]
	fn shingles_ignore_case_punctuation_and_repetition() {
		assert_eq!(shingles("The cat, sat!"), shingles("the CAT sat"));
		assert_eq!(shingles("a b c a b c").len(), 3);
		assert_eq!(shingles("one two"), shingles("One. Two."));
		assert_ne!(shingles("one two"), shingles("two one"));
		assert_ne!(shingles("??"), shingles("!!"));
	}

	#[test]
	fn near_is_at_least_four_fifths() {
		let a: Vec<u64> = (0..10).collect();
		// 8 of 10, and 8 of 11.
		assert!(near(&a, &a[..8]));
		let eleven: Vec<u64> = (2..11).collect();
		assert!(near(&a, &[&a[..9], &[20]].concat()));
		assert!(!near(&a, &[&a[..8], &[20]].concat()));
		assert!(near(&a[1..], &eleven));
		assert!(!near(&[], &[]));
		assert!(!near(&a, &[]));
	}

	#[test]
	fn head_is_the_earliest_committed_whatever_its_position() {
		let set: Vec<u64> = (0..10).collect();
		let records = [(9, set.clone()), (3, set.clone()), (3, set.clone()), (5, vec![99])];
		assert_eq!(heads(&records), [1, 1, 1, 3]);
	}

	#[test]
	fn chain_of_neighbours_is_not_one_cluster_when_its_ends_are_apart() {
		// Neighbours share nine of eleven, the first and the third eight of twelve.
		let set = |from: u64| (from..from + 10).collect::<Vec<u64>>();
		let records: Vec<_> = (0..4).map(|i| (i as u32, set(i))).collect();
		assert!(near(&records[0].1, &records[1].1) && !near(&records[0].1, &records[2].1));
		assert_eq!(heads(&records), [0, 0, 2, 2]);
	}

	proptest! {
		#[test]
		fn every_cluster_is_a_star_around_an_earlier_head(
			sets in proptest::collection::vec((0u32..4, proptest::collection::btree_set(0u64..12, 0..12)), 0..40),
		) {
			let records: Vec<(u32, Vec<u64>)> =
				sets.into_iter().map(|(at, set)| (at, set.into_iter().collect())).collect();
			let heads = heads(&records);
			let key = |position: usize| (records[position].0, position);
			for (position, head) in heads.iter().map(|head| *head as usize).enumerate() {
				prop_assert_eq!(heads[head] as usize, head);
				if head != position {
					prop_assert!(near(&records[head].1, &records[position].1));
				}
				// No earlier head is near: the prefixes find what comparing all pairs finds.
				for other in (0..records.len()).filter(|other| heads[*other] as usize == *other) {
					let precedes = key(other) < key(head);
					prop_assert!(!precedes || !near(&records[other].1, &records[position].1));
				}
			}
		}
	}
}
