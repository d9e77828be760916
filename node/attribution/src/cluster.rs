//! Near-duplicate records: star clusters around the earliest committed (specification: The rule, 2).
//!
//! Answers are compared by themselves too. Of a long question with a short answer the answer is too small a
//! part to tell two records apart: whoever guessed the answers to questions that others are about to answer
//! would be the head of all their clusters, and the right answers would be neither trained on nor paid.

use crate::{alphabet, format::Record};
use openledger_primitives_attribution::duplicate::{Overlap, Shared};
use openledger_primitives_core::BlockNumber;
use std::collections::{BTreeMap, BTreeSet};

/// Identifies the rule that clusters are made by, in index files; changes with every change of it.
pub const VERSION: u32 = 1;

/// Words in a shingle.
const SHINGLE: usize = 3;

/// The set of a text's shingles: every run of three words, in one case and without punctuation, as
/// 64-bit hashes in ascending order. A shorter text is one shingle; one without words is a shingle
/// of its characters.
pub fn shingles(text: &str) -> Vec<u64> {
	let plain = alphabet::plain(text);
	let words: Vec<&str> = alphabet::words(&plain).collect();
	let hash = |text: &str| {
		let [a, b, c, d, e, f, g, h, ..] = sp_io::hashing::blake2_128(text.as_bytes());
		u64::from_le_bytes([a, b, c, d, e, f, g, h])
	};
	let mut shingles: Vec<u64> = match words.len() {
		0 => vec![hash(&plain)],
		n if n < SHINGLE => vec![hash(&words.join(" "))],
		_ => words.windows(SHINGLE).map(|words| hash(&words.join(" "))).collect(),
	};
	shingles.sort_unstable();
	shingles.dedup();
	shingles
}

/// Whether the Jaccard index of two ascending sets, |a ∩ b| / |a ∪ b|, is at least 0.8.
pub fn near(a: &[u64], b: &[u64]) -> bool {
	shared(a, b).is_near()
}

/// The members that two ascending sets have in common, ascending.
pub fn common(a: &[u64], b: &[u64]) -> Vec<u64> {
	in_both(a, b).collect()
}

/// How many members two ascending sets have, and have in common.
fn shared(a: &[u64], b: &[u64]) -> Shared {
	// A record has a megabyte at most, and fewer shingles than bytes.
	let count = |members: usize| u32::try_from(members).unwrap_or(u32::MAX);
	Shared { one: count(a.len()), other: count(b.len()), common: count(in_both(a, b).count()) }
}

fn in_both<'a>(a: &'a [u64], b: &'a [u64]) -> impl Iterator<Item = u64> + 'a {
	let (mut i, mut j) = (0, 0);
	std::iter::from_fn(move || {
		while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
			i += usize::from(x <= y);
			j += usize::from(y <= x);
			if x == y {
				return Some(*x);
			}
		}
		None
	})
}

/// What a record is compared by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shingled {
	/// The block that it was committed at.
	pub committed_at: BlockNumber,
	/// The shingles of all its words; a record without any is no one's duplicate.
	pub whole: Vec<u64>,
	/// The shingles of what is learnt of it: the answer, or all of a text.
	pub learnt: Vec<u64>,
}

impl Shingled {
	/// A record as it is read; what can't be read is no one's duplicate.
	pub fn new(committed_at: BlockNumber, record: Option<&Record>) -> Self {
		let whole = record.map(|record| shingles(&record.text())).unwrap_or_default();
		let learnt = record.map(|record| shingles(record.learnt())).unwrap_or_default();
		Self { committed_at, whole, learnt }
	}

	/// What the records have in common.
	pub fn overlap(&self, other: &Self) -> Overlap {
		Overlap {
			whole: shared(&self.whole, &other.whole),
			learnt: shared(&self.learnt, &other.learnt),
		}
	}

	/// Whether the records are near-duplicates, by the rule that the chain has too
	/// ([`Overlap::is_duplicate`]).
	pub fn near(&self, other: &Self) -> bool {
		near(&self.whole, &other.whole) && shared(&self.learnt, &other.learnt).repeats()
	}
}

/// Each record's cluster head, by position. A record's head is the first near it, in order of
/// commitment and then position, of those that are heads themselves; itself where there is none.
pub fn heads(records: &[Shingled]) -> Vec<u32> {
	let mut order: Vec<usize> = (0..records.len()).collect();
	order.sort_by_key(|position| (records[*position].committed_at, *position));
	let mut heads: Vec<u32> = (0..records.len() as u32).collect();
	// What near records share of the whole, and of what is learnt: whichever fewer heads have is looked
	// through. Many records can have one question, but then their answers differ, or there are few heads.
	let (mut by_whole, mut by_learnt) = (Heads::default(), [Heads::default(), Heads::default()]);
	for (rank, position) in order.iter().enumerate() {
		let record = &records[*position];
		let (whole, learnt) = (prefix(&record.whole), &record.learnt[..]);
		// The smaller set's prefix meets the larger set, and either can be the smaller.
		let [all, first] = &by_learnt;
		let candidates =
			match by_whole.count(whole) <= all.count(prefix(learnt)) + first.count(learnt) {
				true => by_whole.of(whole),
				false => &all.of(prefix(learnt)) | &first.of(learnt),
			};
		match candidates.into_iter().find(|other| records[order[*other]].near(record)) {
			Some(head) => heads[*position] = order[head] as u32,
			None => {
				by_whole.add(whole, rank);
				by_learnt[0].add(learnt, rank);
				by_learnt[1].add(prefix(learnt), rank);
			}
		}
	}
	heads
}

/// For each shingle, the ranks of the heads that have it.
#[derive(Default)]
struct Heads(BTreeMap<u64, Vec<usize>>);

impl Heads {
	fn add(&mut self, shingles: &[u64], rank: usize) {
		for one in shingles {
			self.0.entry(*one).or_default().push(rank);
		}
	}

	fn lists(&self, shingles: &[u64]) -> impl Iterator<Item = &Vec<usize>> {
		shingles.iter().filter_map(|one| self.0.get(one))
	}

	/// How many ranks there are, those of several shingles several times.
	fn count(&self, shingles: &[u64]) -> usize {
		self.lists(shingles).map(Vec::len).sum()
	}

	fn of(&self, shingles: &[u64]) -> BTreeSet<usize> {
		self.lists(shingles).flatten().copied().collect()
	}
}

/// The least shingles that two sets with a Jaccard index of 0.8 can't both miss: a set shares at
/// least ⌈0.8·n⌉ of its n shingles with a near one, so the first n − ⌈0.8·n⌉ + 1 of either, in one
/// common order, meet (Chaudhuri, Ganti and Kaushik 2006, doi:10.1109/ICDE.2006.9). They also meet all
/// of a set that has 0.8 of this one in it.
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

	/// A record all of which is learnt.
	fn text(committed_at: BlockNumber, set: impl IntoIterator<Item = u64>) -> Shingled {
		let whole: Vec<u64> = set.into_iter().collect();
		Shingled { committed_at, learnt: whole.clone(), whole }
	}

	#[test]
	fn head_is_the_earliest_committed_whatever_its_position() {
		let records = [text(9, 0..10), text(3, 0..10), text(3, 0..10), text(5, [99])];
		assert_eq!(heads(&records), [1, 1, 1, 3]);
	}

	#[test]
	fn chain_of_neighbours_is_not_one_cluster_when_its_ends_are_apart() {
		// Neighbours share nine of eleven, the first and the third eight of twelve.
		let records: Vec<_> = (0..4).map(|i| text(i as u32, i..i + 10)).collect();
		assert!(records[0].near(&records[1]) && !records[0].near(&records[2]));
		assert_eq!(heads(&records), [0, 0, 2, 2]);
	}

	#[test]
	fn another_answer_is_no_duplicate_when_the_question_is_the_same() {
		let asked = "On which days of the week does the market in the old town begin at dawn?";
		let record =
			|answer: &str| Record::QuestionAnswer { question: asked.into(), answer: answer.into() };
		let told = ["On Mondays.", "On Fridays.", "on fridays", "On Mondays and Fridays."];
		let records: Vec<_> =
			(1..).zip(told).map(|(at, answer)| Shingled::new(at, Some(&record(answer)))).collect();
		assert!(near(&records[0].whole, &records[1].whole));
		assert_eq!(heads(&records), [0, 1, 1, 3]);
	}

	#[test]
	fn answer_is_a_duplicate_when_a_few_words_are_added_to_it() {
		let asked =
			"In which county of the south do most of the old oaks of the kingdom still grow?";
		let record = |answer: &str| {
			let (question, answer) = (asked.to_owned(), answer.to_owned());
			Shingled::new(1, Some(&Record::QuestionAnswer { question, answer }))
		};
		let told = ["They grow in Kent.", "They grow in Kent indeed, yes.", "They grow in Sussex."];
		assert_eq!(heads(&told.map(record)), [0, 0, 2]);
		assert_eq!(heads(&["Kent.", "Sussex.", "kent"].map(record)), [0, 1, 0]);
	}

	#[test]
	fn near_records_are_what_the_chain_calls_duplicates() {
		let records = [text(1, 0..10), text(2, 0..9), text(3, 2..12), text(4, []), text(5, 0..1)];
		for one in &records {
			for other in &records {
				assert_eq!(one.near(other), one.overlap(other).is_duplicate());
			}
		}
		assert_eq!(common(&[1, 3, 5, 7], &[2, 3, 4, 7, 9]), [3, 7]);
		assert!(common(&[], &[1]).is_empty());
	}

	#[test]
	fn what_cannot_be_read_is_no_one_s_duplicate() {
		let records = [Shingled::new(1, None), Shingled::new(2, None)];
		assert_eq!(heads(&records), [0, 1]);
	}

	proptest! {
		#[test]
		fn every_cluster_is_a_star_around_an_earlier_head(
			sets in proptest::collection::vec(
				(
					0u32..4,
					proptest::collection::btree_set(0u64..12, 0..12),
					proptest::collection::btree_set(0u64..3, 1..3),
				),
				0..40,
			),
		) {
			let record = |(committed_at, whole, learnt): (u32, BTreeSet<u64>, BTreeSet<u64>)| {
				let (whole, learnt) = (whole.into_iter().collect(), learnt.into_iter().collect());
				Shingled { committed_at, whole, learnt }
			};
			let records: Vec<Shingled> = sets.into_iter().map(record).collect();
			let heads = heads(&records);
			let key = |position: usize| (records[position].committed_at, position);
			for (position, head) in heads.iter().map(|head| *head as usize).enumerate() {
				prop_assert_eq!(heads[head] as usize, head);
				if head != position {
					prop_assert!(records[head].near(&records[position]));
				}
				// No earlier head is near: the prefixes find what comparing all pairs finds.
				for other in (0..records.len()).filter(|other| heads[*other] as usize == *other) {
					let precedes = key(other) < key(head);
					prop_assert!(!precedes || !records[other].near(&records[position]));
				}
			}
		}
	}
}
