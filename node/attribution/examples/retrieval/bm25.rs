//! BM25 (Robertson and Zaragoza 2009, doi:10.1561/1500000019), the yardstick.

use std::collections::{BTreeMap, BTreeSet};

const K1: f64 = 1.2;
const B: f64 = 0.75;

/// Texts by the words in them.
pub struct Bm25 {
	/// For each text, how often each word is in it.
	texts: Vec<BTreeMap<String, f64>>,
	lengths: Vec<f64>,
	mean_length: f64,
}

fn words(text: &str) -> impl Iterator<Item = String> {
	let lower = text.to_lowercase();
	let words: Vec<String> = lower
		.split(|c: char| !c.is_alphanumeric())
		.filter(|word| !word.is_empty())
		.map(str::to_owned)
		.collect();
	words.into_iter()
}

impl Bm25 {
	/// An index over `texts`.
	pub fn new<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
		let texts: Vec<BTreeMap<String, f64>> = texts
			.into_iter()
			.map(|text| {
				let mut counts = BTreeMap::new();
				words(text).for_each(|word| *counts.entry(word).or_default() += 1.0);
				counts
			})
			.collect();
		let lengths: Vec<f64> = texts.iter().map(|counts| counts.values().sum()).collect();
		let mean_length = lengths.iter().sum::<f64>() / lengths.len().max(1) as f64;
		Self { texts, lengths, mean_length }
	}

	/// The score of every text for `query`.
	pub fn scores(&self, query: &str) -> Vec<f64> {
		let mut scores = vec![0.0; self.texts.len()];
		for word in words(query).collect::<BTreeSet<_>>() {
			let holding = self.texts.iter().filter(|text| text.contains_key(&word)).count() as f64;
			let rarity = (1.0 + (self.texts.len() as f64 - holding + 0.5) / (holding + 0.5)).ln();
			for ((score, text), length) in scores.iter_mut().zip(&self.texts).zip(&self.lengths) {
				let count = text.get(&word).copied().unwrap_or(0.0);
				let damped = count + K1 * (1.0 - B + B * length / self.mean_length);
				*score += rarity * count * (K1 + 1.0) / damped;
			}
		}
		scores
	}
}
