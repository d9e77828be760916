//! BM25 (Robertson and Zaragoza 2009, doi:10.1561/1500000019), the yardstick of retrieval.
//!
//! A text's score is the sum over the query's different words of
//! `ln(1 + (N − n + ½) / (n + ½)) · f·(k₁ + 1) / (f + k₁·(1 − b + b·|d| / mean |d|))`, for N texts, n of
//! which have the word, and a text of |d| words that has it f times.

use super::{Estimator, Item, Trained};
use crate::{alphabet, error::Result};
use std::collections::{BTreeMap, BTreeSet};

/// The score of a record's text for the query's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bm25 {
	/// How slowly more of the same word stops counting.
	pub k1: f64,
	/// How much a long text is held against it, from 0 to 1.
	pub b: f64,
}

impl Default for Bm25 {
	fn default() -> Self {
		Self { k1: 1.2, b: 0.75 }
	}
}

impl Estimator for Bm25 {
	fn name(&self) -> String {
		"BM25".into()
	}

	fn scores(
		&self,
		_: &Trained<'_>,
		records: &[Item<'_>],
		queries: &[Item<'_>],
	) -> Result<Vec<Vec<f32>>> {
		let index = Index::new(*self, records.iter().map(|record| record.text));
		let row = |query: &Item<'_>| {
			let scores = index.scores(query.text);
			scores.into_iter().map(|score| score as f32).collect()
		};
		Ok(queries.iter().map(row).collect())
	}
}

/// Texts by the words in them.
#[derive(Debug)]
pub struct Index {
	parameters: Bm25,
	/// For each word, the texts that have it, ascending, and how often.
	words: BTreeMap<String, Vec<(usize, f64)>>,
	/// Words of each text.
	lengths: Vec<f64>,
	mean_length: f64,
}

/// A text's words, in one case.
pub(crate) fn words(text: &str) -> Vec<String> {
	alphabet::words(&alphabet::plain(text)).map(str::to_owned).collect()
}

impl Index {
	/// An index over `texts`.
	pub fn new<'a>(parameters: Bm25, texts: impl IntoIterator<Item = &'a str>) -> Self {
		let mut found: BTreeMap<String, Vec<(usize, f64)>> = BTreeMap::new();
		let mut lengths = Vec::new();
		for (at, text) in texts.into_iter().enumerate() {
			let words = words(text);
			lengths.push(words.len() as f64);
			for word in words {
				let places = found.entry(word).or_default();
				match places.last_mut() {
					Some((text, count)) if *text == at => *count += 1.0,
					_ => places.push((at, 1.0)),
				}
			}
		}
		let mean_length = lengths.iter().sum::<f64>() / lengths.len().max(1) as f64;
		Self { parameters, words: found, lengths, mean_length }
	}

	/// The score of every text for `query`: at least zero, and zero for texts without any of its words.
	pub fn scores(&self, query: &str) -> Vec<f64> {
		let Bm25 { k1, b } = self.parameters;
		let mut scores = vec![0.0; self.lengths.len()];
		for word in words(query).into_iter().collect::<BTreeSet<_>>() {
			let places = self.words.get(&word).map_or(&[][..], Vec::as_slice);
			let holding = places.len() as f64;
			let rarity = (1.0 + (scores.len() as f64 - holding + 0.5) / (holding + 0.5)).ln();
			for (at, count) in places {
				let damped = count + k1 * (1.0 - b + b * self.lengths[*at] / self.mean_length);
				scores[*at] += rarity * count * (k1 + 1.0) / damped;
			}
		}
		scores
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn score_is_the_formula_s() {
		let index = Index::new(Bm25::default(), ["a b a", "b", "C! c d d"]);
		// Three texts of 8/3 words on average; "a" is in one of them, twice.
		let rarity = (1.0f64 + 2.5 / 1.5).ln();
		let expected = rarity * 2.0 * 2.2 / (2.0 + 1.2 * (0.25 + 0.75 * 3.0 / (8.0 / 3.0)));
		let scores = index.scores("A, a?");
		assert!((scores[0] - expected).abs() < 1e-12, "{scores:?}");
		assert_eq!(scores[1..], [0.0, 0.0]);
	}

	#[test]
	fn shorter_text_scores_higher_when_both_have_the_word_once() {
		let scores = Index::new(Bm25::default(), ["oak and ash by the river", "oak"]).scores("oak");
		assert!(scores[1] > scores[0] && scores[0] > 0.0);
	}

	#[test]
	fn scores_are_zero_when_no_text_has_a_word_of_the_query() {
		let index = Index::new(Bm25::default(), ["one two", "", "?"]);
		assert_eq!(index.scores("three, four"), [0.0; 3]);
		assert_eq!(index.scores(""), [0.0; 3]);
		assert!(Index::new(Bm25::default(), []).scores("one").is_empty());
	}
}
