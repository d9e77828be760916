use super::{VOCABULARIES, index};
use crate::spans::{
	Match, Occurrence,
	build::encode,
	layout::{SAMPLING, token_width},
	place::{Place, pack},
	search::{View, beginning},
	sort::SuffixArray,
};
use proptest::prelude::*;

/// Every place where a sequence is within a record.
fn occurrences(records: &[Vec<u32>], tokens: &[u32]) -> Vec<Occurrence> {
	let mut found = Vec::new();
	for (record, of_record) in records.iter().enumerate() {
		for (offset, window) in of_record.windows(tokens.len().max(1)).enumerate() {
			if window == tokens {
				found.push(Occurrence { record: record as u32, offset: offset as u32 });
			}
		}
	}
	found
}

fn longest(records: &[Vec<u32>], tokens: &[u32]) -> usize {
	let occurs = |length: &usize| !occurrences(records, &tokens[..*length]).is_empty();
	(1..=tokens.len()).take_while(occurs).last().unwrap_or(0)
}

/// The longest matches that are in no other, as start and length.
fn maximal(records: &[Vec<u32>], answer: &[u32], least: usize) -> Vec<(usize, usize)> {
	let all: Vec<(usize, usize)> = (0..answer.len())
		.map(|start| (start, longest(records, &answer[start..])))
		.filter(|(_, length)| *length >= least.max(1))
		.collect();
	let within = |(start, length): (usize, usize)| {
		all.iter().any(|other| {
			*other != (start, length) && other.0 <= start && start + length <= other.0 + other.1
		})
	};
	all.iter().copied().filter(|one| !within(*one)).collect()
}

/// Records and an answer of few different tokens, the largest of which no record has.
fn case() -> impl Strategy<Value = (Vec<Vec<u32>>, Vec<u32>)> {
	(1u32..4).prop_flat_map(|alphabet| {
		let record = proptest::collection::vec(0..alphabet, 0..40);
		let records = proptest::collection::vec(record, 0..16);
		(records, proptest::collection::vec(0..=alphabet, 0..24))
	})
}

proptest! {
	#[test]
	fn searches_find_what_reading_all_records_finds((records, answer) in case(), wide: bool) {
		let index = index(&records, VOCABULARIES[usize::from(wide)]);
		index.verify().unwrap();
		prop_assert_eq!(index.tokens(), records.iter().map(|r| r.len() as u64).sum::<u64>());
		for start in 0..answer.len() {
			let found = index.longest_match(&answer, start);
			prop_assert_eq!(found.tokens, longest(&records, &answer[start..]));
			for end in start + 1..=answer.len() {
				let expected = occurrences(&records, &answer[start..end]);
				prop_assert_eq!(index.count(&answer[start..end]), expected.len());
				let mut found: Vec<_> = index.occurrences(index.find(&answer[start..end])).collect();
				found.sort();
				prop_assert_eq!(found, expected);
			}
		}
		for least in 0..3 {
			let found = index.matches(&answer, least);
			for Match { start, tokens, entries } in &found {
				prop_assert_eq!(entries, &index.find(&answer[*start..start + tokens]));
			}
			let found: Vec<_> = found.iter().map(|found| (found.start, found.tokens)).collect();
			prop_assert_eq!(found, maximal(&records, &answer, least));
		}
	}

	#[test]
	fn suffixes_are_in_order_whatever_the_widths(
		(records, answer) in case(),
		vocabulary in proptest::sample::select(&VOCABULARIES[..]),
		wide: bool,
		entry_width in 4usize..=5,
	) {
		let width = token_width(vocabulary);
		let (mut text, mut starts) = (Vec::new(), Vec::new());
		for record in &records {
			starts.push((text.len() / width) as u64);
			encode(record, vocabulary, &mut text);
			text.resize(text.len() + width, 0);
		}
		let array = SuffixArray::new(&text, width, wide).unwrap();
		array.check(&text, width).unwrap();
		let array: Vec<u64> = match array {
			SuffixArray::Narrow(places) => places.iter().map(|place| place.index() as u64).collect(),
			SuffixArray::Wide(places) => places.iter().map(|place| place.index() as u64).collect(),
		};
		let mut sorted: Vec<u64> = (0..(text.len() / width) as u64).collect();
		sorted.sort_by_key(|place| &text[*place as usize * width..]);
		prop_assert_eq!(&array, &sorted);

		let packed = |numbers: &[u64]| {
			let mut packed = Vec::new();
			pack(numbers, entry_width, &mut packed);
			packed
		};
		let samples: Vec<u8> = array
			.iter()
			.step_by(SAMPLING)
			.flat_map(|place| beginning(&text[*place as usize * width..], 0).to_le_bytes())
			.collect();
		let (array, starts) = (packed(&array), packed(&starts));
		let view = View {
			text: &text,
			array: &array,
			starts: &starts,
			samples: &samples,
			token_width: width,
			entry_width,
		};
		for end in 1..=answer.len() {
			let mut pattern = Vec::new();
			encode(&answer[..end], vocabulary, &mut pattern);
			prop_assert_eq!(view.find(&pattern).len(), occurrences(&records, &answer[..end]).len());
		}
	}
}

#[test]
fn match_does_not_go_on_in_the_next_record() {
	let records = [vec![1, 2], vec![3, 4], Vec::new(), vec![5]];
	let index = index(&records, 10);
	for crossing in [[2, 3], [4, 5]] {
		assert_eq!(index.count(&crossing), 0);
	}
	let found = index.matches(&[1, 2, 3, 4, 5], 1);
	let found: Vec<_> = found.iter().map(|found| (found.start, found.tokens)).collect();
	assert_eq!(found, [(0, 2), (2, 2), (4, 1)]);
}

#[test]
fn nothing_is_found_of_no_tokens_or_unknown_ones() {
	for records in [vec![], vec![vec![]], vec![vec![0, 1, 2]]] {
		let index = index(&records, 3);
		for tokens in [&[][..], &[3], &[0, 3], &[u32::MAX], &[u32::MAX, 0]] {
			assert_eq!(index.count(tokens), 0, "{tokens:?}");
		}
		assert_eq!(index.longest_match(&[0, 1], 2).tokens, 0);
		assert_eq!(index.longest_match(&[0, 1], usize::MAX).tokens, 0);
		assert!(index.matches(&[], 0).is_empty());
		assert!(index.matches(&[3, u32::MAX, 3], 0).is_empty());
	}
}

#[test]
fn unknown_token_parts_an_answer() {
	let index = index(&[vec![0, 1, 2]], 3);
	let found = index.matches(&[0, 1, 9, 1, 2, 9], 2);
	let found: Vec<_> = found.iter().map(|found| (found.start, found.tokens)).collect();
	assert_eq!(found, [(0, 2), (3, 2)]);
	assert_eq!(index.longest_match(&[0, 1, 9, 1], 0).tokens, 2);
}

#[test]
fn last_token_of_the_vocabulary_is_found() {
	for vocabulary in [1, 65_535, 65_536, super::super::MAX_VOCABULARY] {
		let index = index(&[vec![vocabulary - 1], vec![0, vocabulary - 1]], vocabulary);
		index.verify().unwrap();
		assert_eq!(index.count(&[vocabulary - 1]), if vocabulary == 1 { 3 } else { 2 });
	}
}

#[test]
fn record_of_one_repeated_token_is_searched_like_any_other() {
	const TOKENS: usize = 1_000_000;
	let records = [vec![5; TOKENS], vec![5, 6]];
	let index = index(&records, 10);
	index.verify().unwrap();
	assert_eq!(index.count(&[5]), TOKENS + 1);
	assert_eq!(index.count(&vec![5; TOKENS]), 1);
	assert_eq!(index.count(&vec![5; TOKENS + 1]), 0);
	let answer = [vec![5; 5_000], vec![6]].concat();
	let found = index.matches(&answer, 1);
	let found: Vec<_> = found.iter().map(|found| (found.start, found.tokens)).collect();
	assert_eq!(found, [(0, 5_000), (4_999, 2)]);
}
