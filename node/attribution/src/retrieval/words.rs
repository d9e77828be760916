//! The lexical half: BM25 as an inner product of two sketches.
//!
//! A text's score by BM25 ([`crate::estimators::bm25`]) is a sum over words, so that it is the inner product
//! of a vector of the record's words with one of the question's. The rarity of a word is split evenly:
//! its root goes to either side. The sum is the same, and a question's length, which the floor is a share
//! of, is then that of its telling words. Both vectors are count-sketched (Charikar, Chen and Farach-Colton
//! 2002, doi:10.1007/3-540-45465-9_59): each word is added with a sign to one of as many buckets as
//! the half has components. Which, the chain's seed says, so that nobody can invent a word that falls onto
//! another one.

use crate::{
	error::{Error, Result},
	estimators::bm25::{Bm25, words},
};
use codec::{Decode, Encode};
use openledger_primitives_core::Hash;
use sp_io::hashing::blake2_128;
use std::collections::BTreeMap;

const DOMAIN: &[u8] = b"openledger/retrieval";

/// What BM25 has to know of all texts.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(super) struct Vocabulary {
	/// How many texts there are.
	texts: u32,
	/// How many words they have in all.
	words: u64,
	/// How many texts have a word, by the word's key, ascending.
	holding: Vec<(u64, u32)>,
}

/// What tells words apart: the first eight bytes of blake2b-128, little end first.
fn key(word: &str) -> u64 {
	let [a, b, c, d, e, f, g, h, ..] = blake2_128(word.as_bytes());
	u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

/// How often a text has each of its words, by key.
fn counted(text: &str) -> BTreeMap<u64, u32> {
	let mut counts = BTreeMap::new();
	for word in words(text) {
		let count: &mut u32 = counts.entry(key(&word)).or_default();
		*count = count.saturating_add(1);
	}
	counts
}

impl Vocabulary {
	/// Of these texts.
	pub(super) fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
		let (mut count, mut words) = (0u32, 0u64);
		let mut holding: BTreeMap<u64, u32> = BTreeMap::new();
		for text in texts {
			count = count.saturating_add(1);
			for (key, times) in counted(text) {
				words = words.saturating_add(times.into());
				let texts = holding.entry(key).or_default();
				*texts = texts.saturating_add(1);
			}
		}
		Self { texts: count, words, holding: holding.into_iter().collect() }
	}

	/// Whether it can be a vocabulary of texts.
	///
	/// # Errors
	/// [`Error::Malformed`].
	pub(super) fn check(&self) -> Result<()> {
		let ascending = self.holding.is_sorted_by(|(a, _), (b, _)| a < b);
		let held = self.holding.iter().all(|(_, texts)| (1..=self.texts).contains(texts));
		let held_in_all: u64 = self.holding.iter().map(|(_, texts)| u64::from(*texts)).sum();
		match ascending && held && held_in_all <= self.words {
			true => Ok(()),
			false => Err(Error::malformed("lens", "its vocabulary is none of texts")),
		}
	}

	/// The root of a word's rarity, `ln(1 + (N − n + ½) / (n + ½))`.
	fn root(&self, key: u64) -> f64 {
		let found = self.holding.binary_search_by_key(&key, |(key, _)| *key);
		let holding = found.ok().and_then(|at| self.holding.get(at)).map_or(0, |(_, n)| *n);
		let (texts, holding) = (f64::from(self.texts), f64::from(holding));
		libm::log(1.0 + (texts - holding + 0.5) / (holding + 0.5)).sqrt()
	}

	/// A record's words in so many buckets.
	pub(super) fn record(&self, seed: &Hash, text: &str, buckets: usize) -> Vec<f64> {
		let Bm25 { k1, b } = Bm25::default();
		let counts = counted(text);
		let length: u64 = counts.values().map(|count| u64::from(*count)).sum();
		let mean = self.words as f64 / f64::from(self.texts.max(1));
		let damping = k1 * (1.0 - b + b * length as f64 / mean.max(1.0));
		let weight = |count: u32| f64::from(count) * (k1 + 1.0) / (f64::from(count) + damping);
		self.sketch(seed, counts.into_iter().map(|(key, count)| (key, weight(count))), buckets)
	}

	/// A question's words in so many buckets: each of its different words once.
	pub(super) fn question(&self, seed: &Hash, text: &str, buckets: usize) -> Vec<f64> {
		self.sketch(seed, counted(text).into_keys().map(|key| (key, 1.0)), buckets)
	}

	fn sketch(
		&self,
		seed: &Hash,
		weights: impl Iterator<Item = (u64, f64)>,
		buckets: usize,
	) -> Vec<f64> {
		let mut sums = vec![0.0; buckets];
		for (key, weight) in weights {
			let (bucket, sign) = place(seed, key, buckets);
			if let Some(sum) = sums.get_mut(bucket) {
				*sum += sign * self.root(key) * weight;
			}
		}
		sums
	}
}

/// The bucket of a word, and its sign: from the low and the high half of the first eight bytes of
/// `blake2b-128("openledger/retrieval" ‖ seed ‖ key)`.
fn place(seed: &Hash, key: u64, buckets: usize) -> (usize, f64) {
	let hash = blake2_128(&[DOMAIN, seed.as_bytes(), &key.to_le_bytes()].concat());
	let [a, b, c, d, e, ..] = hash;
	let low = u64::from(u32::from_le_bytes([a, b, c, d]));
	let bucket = (low * buckets as u64) >> 32;
	(bucket as usize, if e & 1 == 0 { 1.0 } else { -1.0 })
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::estimators::bm25::Index;

	const TEXTS: [&str; 4] = [
		"the oak has acorns and the ash has keys",
		"A queue is first in, first out.",
		"A stack is last in, first out: plates!",
		"Oak, oak, OAK; elm.",
	];

	fn dot(a: &[f64], b: &[f64]) -> f64 {
		a.iter().zip(b).map(|(a, b)| a * b).sum()
	}

	#[test]
	fn product_of_sketches_is_bm25_s_score_where_no_words_fall_together() {
		let (vocabulary, seed) = (Vocabulary::of(TEXTS), Hash::repeat_byte(3));
		let index = Index::new(Bm25::default(), TEXTS);
		for question in
			["Which oak has acorns?", "what is first in a queue", "oak", "nothing at all"]
		{
			let asked = vocabulary.question(&seed, question, 1 << 20);
			for (text, expected) in TEXTS.iter().zip(index.scores(question)) {
				let found = dot(&asked, &vocabulary.record(&seed, text, 1 << 20));
				assert!((found - expected).abs() < 1e-9, "{question}: {found} {expected}");
			}
		}
	}

	#[test]
	fn sketches_keep_products_approximately_in_few_buckets() {
		let vocabulary = Vocabulary::of(TEXTS);
		let wide: Vec<f64> =
			TEXTS.iter().map(|text| product(&vocabulary, text, 1 << 20, 1)).collect();
		for (text, expected) in TEXTS.iter().zip(wide) {
			let seeds = 1..=64u8;
			let mean: f64 =
				seeds.map(|seed| product(&vocabulary, text, 64, seed)).sum::<f64>() / 64.0;
			assert!((mean - expected).abs() < 0.5, "{mean} {expected}");
		}
	}

	fn product(vocabulary: &Vocabulary, text: &str, buckets: usize, seed: u8) -> f64 {
		let seed = Hash::repeat_byte(seed);
		let asked = vocabulary.question(&seed, "first oak in, last out", buckets);
		dot(&asked, &vocabulary.record(&seed, text, buckets))
	}

	#[test]
	fn seeds_put_words_elsewhere() {
		let vocabulary = Vocabulary::of(TEXTS);
		let [one, other] =
			[1, 2].map(|seed| vocabulary.record(&Hash::repeat_byte(seed), TEXTS[0], 64));
		assert_ne!(one, other);
	}

	#[test]
	fn texts_without_words_have_empty_sketches() {
		let vocabulary = Vocabulary::of(["", "?!"]);
		vocabulary.check().unwrap();
		assert_eq!(vocabulary.record(&Hash::zero(), "…", 8), [0.0; 8]);
		assert_eq!(vocabulary.question(&Hash::zero(), "", 8), [0.0; 8]);
		let known = Vocabulary::of(std::iter::empty()).question(&Hash::zero(), "word", 8);
		assert!(known.iter().all(|sum| sum.is_finite()));
	}

	#[test]
	fn vocabulary_is_refused_when_it_is_none_of_texts() {
		let good = Vocabulary::of(TEXTS);
		good.check().unwrap();
		let changes: [fn(&mut Vocabulary); 4] = [
			|v| v.holding.swap(0, 1),
			|v| v.holding[0].1 = 0,
			|v| v.holding[0].1 = 5,
			|v| v.words = 3,
		];
		for change in changes {
			let mut changed = good.clone();
			change(&mut changed);
			assert!(matches!(changed.check(), Err(Error::Malformed { .. })), "{changed:?}");
		}
	}
}
