use super::{VOCABULARIES, bytes, file, saved};
use crate::{
	error::Error,
	spans::{
		Builder, MAX_VOCABULARY, SpanError, SpanIndex,
		layout::{HEAD, Header, SECTIONS, checksum, decode_head, encode_head},
	},
};
use openledger_primitives_core::Hash;
use proptest::prelude::*;
use std::ops::Range;

fn records() -> Vec<Vec<u32>> {
	let mut records: Vec<Vec<u32>> = (0..12u32)
		.map(|record| (0..record * 3).map(|at| at * at % (5 + record)).collect())
		.collect();
	records.push(vec![9]);
	records
}

fn opened(bytes: &[u8]) -> crate::Result<SpanIndex> {
	SpanIndex::open(&file(bytes).0)
}

fn refusal<T: std::fmt::Debug>(result: crate::Result<T>) -> SpanError {
	match result {
		Err(Error::Spans(refused)) => refused,
		other => panic!("{other:?}"),
	}
}

fn sections(file: &[u8]) -> Vec<Range<usize>> {
	let mut end = HEAD;
	let lengths = decode_head(file).unwrap().header.section_lengths();
	let section = |length: u64| {
		end += length as usize;
		end - length as usize..end
	};
	lengths.into_iter().map(section).collect()
}

/// The file with the checksums that belong to its sections.
fn signed(file: &[u8], header: &Header, sections: &[Range<usize>]) -> Vec<u8> {
	let mut checksums = [[0; 32]; SECTIONS.len()];
	for (checksum_of, section) in checksums.iter_mut().zip(sections) {
		*checksum_of = checksum(&file[section.clone()]);
	}
	[&encode_head(header, &checksums), &file[HEAD..]].concat()
}

/// Searches for what is in the records and what is not; that it ends is all that is asked.
fn search(index: &SpanIndex) {
	let answer: Vec<u32> = (0..30).map(|at| at * at % 11).collect();
	let length = index.tokens() as usize + index.records() as usize;
	for found in index.matches(&answer, 1) {
		assert!(found.entries.end <= length && found.start + found.tokens <= answer.len());
		assert!(index.occurrences(found.entries.clone()).count() <= found.entries.len());
	}
	assert!(index.count(&answer[..2]) <= length);
	assert!(index.occurrences(0..usize::MAX).count() <= length);
}

#[test]
fn index_is_the_same_when_saved_and_opened() {
	for vocabulary in VOCABULARIES {
		let (index, folder) = saved(&records(), vocabulary);
		let again = SpanIndex::open(&folder.path().join("spans")).unwrap();
		again.verify().unwrap();
		assert_eq!((again.hash(), again.size()), (index.hash(), index.size()));
		assert_eq!((again.vocabulary(), again.records()), (vocabulary, 13));
		assert_eq!(again.tokenizer(), Hash::repeat_byte(7));
		assert_eq!(again.tokens(), records().iter().map(|record| record.len() as u64).sum::<u64>());
		assert_eq!(bytes(&records(), vocabulary), bytes(&records(), vocabulary));
	}
	let mut other = records();
	other.swap(3, 4);
	assert_ne!(saved(&other, 50_000).0.hash(), saved(&records(), 50_000).0.hash());
}

#[test]
fn file_is_refused_when_cut_or_continued_anywhere() {
	let whole = bytes(&records(), 50_000);
	let mut ends: Vec<usize> = (0..=HEAD).collect();
	for section in sections(&whole) {
		ends.extend([section.start + 1, section.end - 1, section.end]);
	}
	ends.retain(|end| *end < whole.len());
	for end in ends {
		match refusal(opened(&whole[..end])) {
			SpanError::NotASpanIndex(start) => assert!(start.len() == end && end < 8),
			SpanError::SectionLength { found, expected, .. } => assert!(found < expected),
			other => panic!("{end}: {other:?}"),
		}
	}
	let longer = refusal(opened(&[&whole[..], &[0]].concat()));
	assert!(matches!(longer, SpanError::SectionLength { section: "file", .. }));
}

#[test]
fn file_is_refused_when_of_another_kind_or_version() {
	let mut other = bytes(&records(), 50_000);
	other[8] = 2;
	let expected = SpanError::UnsupportedVersion { found: 2, expected: 1 };
	assert_eq!(refusal(opened(&other)), expected);
	other[0] = b'X';
	assert_eq!(refusal(opened(&other)), SpanError::NotASpanIndex(b"XLSPANS\0".to_vec()));
	let missing = tempfile::tempdir().unwrap();
	assert!(matches!(SpanIndex::open(&missing.path().join("none")), Err(Error::Io { .. })));
}

#[test]
fn every_altered_byte_is_noticed() {
	let whole = bytes(&records(), 50_000);
	for at in 0..whole.len() {
		let mut altered = whole.clone();
		altered[at] ^= 0x10;
		let found = opened(&altered);
		assert_eq!(found.is_err(), at < HEAD, "{at}");
		if let Ok(index) = found {
			search(&index);
			assert!(matches!(refusal(index.verify()), SpanError::Checksum(_)), "{at}");
		}
	}
}

#[test]
fn wrong_sections_are_refused_when_their_checksums_are_right() {
	let whole = bytes(&records(), 50_000);
	let header = decode_head(&whole).unwrap().header;
	let sections = sections(&whole);
	let [text, array, starts, samples] = [0, 1, 2, 3].map(|which: usize| sections[which].start);
	type Change<'a> = (&'a str, &'a dyn Fn(&mut [u8]));
	let changes: [Change; 8] = [
		("token", &|file| file[text + 2..text + 4].fill(0xff)),
		("separator", &|file| file[text + 4..text + 6].fill(0)),
		("no end", &|file| file[array - 1] = 1),
		("start", &|file| file[starts + 4] += 1),
		("sample", &|file| file[samples] ^= 1),
		("beyond", &|file| file[array..array + 4].fill(0xff)),
		("twice", &|file| file.copy_within(array..array + 4, array + 4)),
		("order", &|file| file[array..array + 8].rotate_left(4)),
	];
	for (what, change) in changes {
		let mut changed = whole.clone();
		change(&mut changed);
		let index = opened(&signed(&changed, &header, &sections)).unwrap();
		search(&index);
		let refused = refusal(index.verify());
		let expected = match what {
			"token" | "no end" => matches!(refused, SpanError::Text { .. }),
			"separator" | "start" => matches!(refused, SpanError::Start(_)),
			"sample" => refused == SpanError::Sample(0),
			_ => matches!(refused, SpanError::Array { .. }),
		};
		assert!(expected, "{what}: {refused:?}");
	}
}

#[test]
fn head_is_refused_when_its_numbers_are_impossible() {
	let whole = bytes(&records(), 50_000);
	let sane = decode_head(&whole).unwrap().header;
	let with = |change: &dyn Fn(&mut Header)| {
		let mut header = sane;
		change(&mut header);
		refusal(opened(&[&encode_head(&header, &[[0; 32]; 4]), &whole[HEAD..]].concat()))
	};
	assert_eq!(with(&|header| header.vocabulary = 0), SpanError::Vocabulary(0));
	assert_eq!(with(&|header| header.vocabulary = u32::MAX), SpanError::Vocabulary(u32::MAX));
	assert_eq!(with(&|header| header.length = 1 << 41), SpanError::TooMany("tokens"));
	assert!(matches!(with(&|header| header.length = 3), SpanError::Head(_)));
	assert!(matches!(with(&|header| header.records = 0), SpanError::Head(_)));
	for length in [sane.length + 1, 1 << 33, 1 << 40] {
		let refused = with(&|header| header.length = length);
		assert!(matches!(refused, SpanError::SectionLength { .. }), "{refused:?}");
	}
	// One record fewer has the length of another file.
	let refused = with(&|header| header.records -= 1);
	assert!(matches!(refused, SpanError::SectionLength { .. }));
}

#[test]
fn builder_refuses_what_can_not_be_indexed() {
	for vocabulary in [0, MAX_VOCABULARY + 1] {
		let refused = refusal(Builder::new(Hash::zero(), vocabulary));
		assert_eq!(refused, SpanError::Vocabulary(vocabulary));
	}
	let mut builder = Builder::new(Hash::zero(), 5).unwrap();
	builder.push(&[4]).unwrap();
	for token in [5, u32::MAX] {
		let expected = SpanError::UnknownToken { record: 1, token, vocabulary: 5 };
		assert_eq!(refusal(builder.push(&[1, token])), expected);
	}
	// What was refused left nothing behind.
	builder.push(&[1]).unwrap();
	let folder = tempfile::tempdir().unwrap();
	let index = builder.save(&folder.path().join("spans")).unwrap();
	assert_eq!((index.records(), index.tokens(), index.count(&[1])), (2, 2, 1));
}

#[test]
fn saving_is_refused_when_the_folder_is_a_file() {
	let (path, _folder) = file(b"");
	let builder = Builder::new(Hash::zero(), 5).unwrap();
	assert!(matches!(builder.save(&path.join("below")), Err(Error::Io { .. })));
}

proptest! {
	#[test]
	fn searching_ends_within_the_file_whatever_is_in_it(
		noise in proptest::collection::vec(any::<u8>(), 4_096),
		small: bool,
		vocabulary in proptest::sample::select(&VOCABULARIES[..]),
	) {
		let mut whole = bytes(&records(), vocabulary);
		let header = decode_head(&whole).unwrap().header;
		let sections = sections(&whole);
		// Small numbers are often within the text, large ones never.
		let mask = if small { 0x0f } else { 0xff };
		for (byte, noise) in whole[HEAD..].iter_mut().zip(noise.iter().cycle()) {
			*byte = noise & mask;
		}
		let index = opened(&signed(&whole, &header, &sections)).unwrap();
		search(&index);
		prop_assert!(index.verify().is_err());
	}
}
