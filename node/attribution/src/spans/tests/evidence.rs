use super::index;
use crate::spans::{
	Occurrence, Records, Rule, SpanError, SpanEvidence, SpanIndex, Surprise, evidence, weights,
};
use proptest::prelude::*;

const VOCABULARY: u32 = 50_000;

/// A run of tokens that is nowhere else.
fn passage(which: u32, tokens: u32) -> Vec<u32> {
	(0..tokens).map(|token| which * 100 + token).collect()
}

/// The surprise of tokens that the base gives each a log-probability of `log_prob`.
fn surprise(tokens: usize, log_prob: f32) -> Surprise {
	Surprise::new(&vec![log_prob; tokens], VOCABULARY).unwrap()
}

/// The spans of an answer in an index whose records are all heads, committed in order.
fn spans(index: &SpanIndex, answer: &[u32], surprise: &Surprise) -> Vec<SpanEvidence> {
	let positions: Vec<u32> = (0..index.records()).collect();
	let records = Records { heads: &positions, committed_at: &positions };
	evidence(index, answer, surprise, &records, &Rule::default()).unwrap()
}

#[test]
fn rare_passage_is_evidence_of_its_record() {
	let index = index(&[passage(9, 20), [passage(1, 3), passage(2, 20)].concat()], VOCABULARY);
	let answer = [passage(3, 5), passage(2, 20)[4..16].to_vec(), passage(4, 5)].concat();
	let found = spans(&index, &answer, &surprise(answer.len(), -4.0));
	let source = Occurrence { record: 1, offset: 3 + 4 };
	let expected = SpanEvidence { start: 5, tokens: 12, surprise: 48_000, source, clusters: 1 };
	assert_eq!(found, [expected]);
	assert_eq!(weights(&found, &surprise(22, -4.0)), [(1, 48_000)].into());
}

#[test]
fn phrase_that_the_base_says_by_itself_earns_nothing_however_long() {
	let index = index(&[passage(1, 90)], VOCABULARY);
	for log_prob in [0.0, -0.1, -0.69] {
		assert_eq!(spans(&index, &passage(1, 90), &surprise(90, log_prob)), []);
	}
	assert_eq!(spans(&index, &passage(1, 90), &surprise(90, -0.8)).len(), 1);
}

#[test]
fn common_words_earn_nothing() {
	// One token that every record has, unlikely as it may be where it stands.
	let records: Vec<Vec<u32>> =
		(1..40).map(|which| [vec![7], passage(which, 9)].concat()).collect();
	let index = index(&records, VOCABULARY);
	assert_eq!(spans(&index, &[7, 8, 7], &surprise(3, -9.0)), []);
}

#[test]
fn phrase_of_many_records_earns_nothing() {
	let phrase = passage(1, 12);
	let with_phrase = |count: u32| -> Vec<Vec<u32>> {
		(0..count).map(|which| [passage(50 + which, 8), phrase.clone()].concat()).collect()
	};
	let found =
		|count| spans(&index(&with_phrase(count), VOCABULARY), &phrase, &surprise(12, -5.0));
	assert_eq!(found(9), []);
	assert_eq!(found(8)[0].clusters, 8);
}

#[test]
fn phrase_repeated_without_end_in_one_record_earns_nothing() {
	let repeated = |times| vec![passage(1, 6).repeat(times)];
	let found =
		|times| spans(&index(&repeated(times), VOCABULARY), &passage(1, 6), &surprise(6, -6.0));
	assert_eq!(found(4_097), []);
	assert_eq!(found(4_096)[0].source, Occurrence { record: 0, offset: 0 });
}

#[test]
fn near_duplicates_count_as_their_head_and_earn_nothing_themselves() {
	let records: Vec<Vec<u32>> = (0..30).map(|_| passage(1, 12)).collect();
	let index = index(&records, VOCABULARY);
	let committed_at = [5; 30];
	let of = |heads: &[u32]| {
		let records = Records { heads, committed_at: &committed_at };
		evidence(&index, &passage(1, 12), &surprise(12, -5.0), &records, &Rule::default()).unwrap()
	};
	let found = of(&[4; 30]);
	assert_eq!((found[0].source.record, found[0].clusters), (4, 1));
	// A head that is no head of its own is in no cluster that could be paid.
	let mut heads = [4; 30];
	heads[4] = 3;
	assert_eq!(of(&heads), []);
}

#[test]
fn copied_passage_is_evidence_of_the_record_committed_first() {
	let (original, copy) = ([passage(5, 9), passage(1, 12)].concat(), passage(1, 12));
	let index = index(&[copy, original], VOCABULARY);
	let records = Records { heads: &[0, 1], committed_at: &[30, 20] };
	let surprise = surprise(12, -5.0);
	let found = evidence(&index, &passage(1, 12), &surprise, &records, &Rule::default()).unwrap();
	assert_eq!((found[0].source, found[0].clusters), (Occurrence { record: 1, offset: 9 }, 2));
	assert_eq!(weights(&found, &surprise), [(1, 60_000)].into());
}

#[test]
fn match_that_is_likely_by_chance_earns_nothing() {
	// ln(1,000 · 10 / 0.01) is 13.82.
	let filler = (0..990).map(|token| 20_000 + token).collect();
	let index = index(&[passage(1, 10), filler], VOCABULARY);
	let answer = [passage(1, 5), passage(9, 5)].concat();
	assert_eq!(spans(&index, &answer, &surprise(10, -2.76)), []);
	assert_eq!(spans(&index, &answer, &surprise(10, -2.77)).len(), 1);
}

#[test]
fn rare_sentence_is_found_within_boilerplate_that_adds_nothing() {
	let record = [passage(1, 60), passage(2, 10), passage(3, 60)].concat();
	let index = index(std::slice::from_ref(&record), VOCABULARY);
	let log_probs: Vec<f32> =
		(0..130).map(|token| if (60..70).contains(&token) { -5.0 } else { -0.1 }).collect();
	let surprise = Surprise::new(&log_probs, VOCABULARY).unwrap();
	let found = spans(&index, &record, &surprise);
	let source = Occurrence { record: 0, offset: 60 };
	let expected = SpanEvidence { start: 60, tokens: 10, surprise: 50_000, source, clusters: 1 };
	assert_eq!(found, [expected]);
}

#[test]
fn both_rare_sentences_of_a_match_are_found() {
	let record = [passage(1, 10), passage(2, 90), passage(3, 10)].concat();
	let index = index(std::slice::from_ref(&record), VOCABULARY);
	let log_probs: Vec<f32> =
		(0..110).map(|token| if (10..100).contains(&token) { -0.1 } else { -5.0 }).collect();
	let found = spans(&index, &record, &Surprise::new(&log_probs, VOCABULARY).unwrap());
	let found: Vec<_> = found.iter().map(|span| (span.start, span.tokens)).collect();
	assert_eq!(found, [(0, 10), (100, 10)]);
}

#[test]
fn span_within_another_is_left_out() {
	// Two overlapping matches with the same unlikely part.
	let (left, middle, right) = (passage(1, 6), passage(2, 10), passage(3, 6));
	let records =
		[[left.clone(), middle.clone()].concat(), [middle.clone(), right.clone()].concat()];
	let index = index(&records, VOCABULARY);
	let answer = [left, middle, right].concat();
	let log_probs: Vec<f32> =
		(0..22).map(|token| if (6..16).contains(&token) { -5.0 } else { -0.1 }).collect();
	let found = spans(&index, &answer, &Surprise::new(&log_probs, VOCABULARY).unwrap());
	assert_eq!(found.len(), 1);
	assert_eq!((found[0].start, found[0].tokens, found[0].clusters), (6, 10, 2));
}

#[test]
fn surprise_is_rounded_and_limited_by_the_vocabulary() {
	let given = [-0.0004, -0.0006, 0.0, -0.0, -9.5, -11.0, f32::MIN];
	let surprise = Surprise::new(&given, VOCABULARY).unwrap();
	assert_eq!(surprise.tokens(), [0, 1, 0, 0, 9_500, 10_820, 10_820]);
	for (place, value) in [f32::NAN, f32::NEG_INFINITY, f32::INFINITY, 0.1].into_iter().enumerate()
	{
		let mut log_probs = vec![-1.0; place];
		log_probs.push(value);
		let refused = Surprise::new(&log_probs, VOCABULARY);
		assert_eq!(refused, Err(SpanError::LogProbability(place)));
	}
}

#[test]
fn evidence_is_refused_when_the_parts_do_not_fit() {
	let index = index(&[passage(1, 12), passage(2, 12)], VOCABULARY);
	let refused = |heads: &[u32], committed_at: &[u32], values| {
		let records = Records { heads, committed_at };
		let surprise = surprise(values, -5.0);
		match evidence(&index, &passage(1, 12), &surprise, &records, &Rule::default()) {
			Err(crate::Error::Spans(refused)) => refused,
			other => panic!("{other:?}"),
		}
	};
	let count = |what, expected, found| SpanError::Count { what, expected, found };
	assert_eq!(refused(&[0], &[1, 1], 12), count("cluster heads", 2, 1));
	assert_eq!(refused(&[0, 1], &[1, 1, 1], 12), count("blocks", 2, 3));
	assert_eq!(refused(&[0, 1], &[1, 1], 11), count("log-probabilities", 12, 11));
	assert_eq!(refused(&[0, 2], &[1, 1], 12), SpanError::BadHead { record: 1, head: 2 });
}

fn span(start: u32, tokens: u32, record: u32) -> SpanEvidence {
	let source = Occurrence { record, offset: 0 };
	SpanEvidence { start, tokens, surprise: 0, source, clusters: 1 }
}

#[test]
fn token_counts_for_the_longest_span_that_covers_it() {
	let surprise = Surprise::new(&[-1.0, -2.0, -3.0, -4.0, -5.0], VOCABULARY).unwrap();
	let found = weights(&[span(0, 3, 8), span(1, 4, 2)], &surprise);
	assert_eq!(found, [(8, 1_000), (2, 14_000)].into());
	// The first of equally long ones; what is beyond the answer has nothing to give.
	let found = weights(&[span(2, 3, 8), span(1, 3, 2), span(9, 9, 1)], &surprise);
	assert_eq!(found, [(2, 9_000), (8, 5_000)].into());
}

proptest! {
	#[test]
	fn weights_sum_to_the_surprise_of_what_is_covered(
		log_probs in proptest::collection::vec(-12.0f32..0.0, 1..40),
		spans in proptest::collection::vec((0u32..50, 1u32..20, 0u32..6), 0..12),
	) {
		let surprise = Surprise::new(&log_probs, VOCABULARY).unwrap();
		let spans: Vec<_> = spans.into_iter().map(|(start, tokens, record)| span(start, tokens, record)).collect();
		let covered = |place: usize| {
			spans.iter().any(|span| (span.start..span.start + span.tokens).contains(&(place as u32)))
		};
		let expected: u64 = surprise.tokens().iter().enumerate()
			.filter(|(place, _)| covered(*place))
			.map(|(_, token)| u64::from(*token))
			.sum();
		prop_assert_eq!(weights(&spans, &surprise).values().sum::<u64>(), expected);
	}

	#[test]
	fn text_cut_into_records_is_owed_no_more_than_whole(
		cuts in proptest::collection::btree_set(1usize..60, 0..6),
		log_probs in proptest::collection::vec(-8.0f32..0.0, 60),
	) {
		let text = passage(1, 60);
		let mut parts = Vec::new();
		let mut from = 0;
		for cut in cuts.into_iter().chain([60]) {
			parts.push(text[from..cut].to_vec());
			from = cut;
		}
		let surprise = Surprise::new(&log_probs, VOCABULARY).unwrap();
		let owed = |records: &[Vec<u32>]| {
			weights(&spans(&index(records, VOCABULARY), &text, &surprise), &surprise).values().sum::<u64>()
		};
		prop_assert!(owed(&parts) <= owed(std::slice::from_ref(&text)));
	}
}
