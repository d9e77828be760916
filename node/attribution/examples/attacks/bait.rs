//! Records made of what answers say most often.

use crate::attack::{Attack, EARLY, Entry, Scene, json};
use rand_chacha::ChaCha8Rng;
use std::{cmp::Reverse, collections::BTreeMap};

/// Words of a phrase.
const WORDS: usize = 3;
/// The commonest phrases that records are made of.
const PHRASES: usize = 60;
/// How many of them a record has.
const EACH: usize = 4;

/// The commonest phrases of others' answers, under questions of theirs, committed before all of them.
pub struct Phrases;

/// The commonest runs of words in texts, the most frequent first.
fn commonest<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<String> {
	let mut counts: BTreeMap<String, usize> = BTreeMap::new();
	for text in texts {
		let words: Vec<&str> = text.split_whitespace().collect();
		for run in words.windows(WORDS) {
			*counts.entry(run.join(" ")).or_default() += 1;
		}
	}
	let mut phrases: Vec<(String, usize)> = counts.into_iter().collect();
	phrases.sort_by_key(|(_, count)| Reverse(*count));
	phrases.into_iter().map(|(phrase, _)| phrase).take(PHRASES).collect()
}

impl Attack for Phrases {
	fn name(&self) -> &'static str {
		"the commonest phrases"
	}

	fn defence(&self) -> &'static str {
		"none for sketches; spans that are likely or common earn nothing"
	}

	fn records(&self, scene: &Scene<'_>, rng: &mut ChaCha8Rng) -> Vec<Entry> {
		let others = scene.others();
		let phrases = commonest(others.iter().map(|record| record.text.answer()));
		let bait = |(at, question): (usize, &str)| {
			let of = |number: usize| phrases[(at * EACH + number) % phrases.len()].as_str();
			json(question, &(0..EACH).map(of).collect::<Vec<_>>().join(" "))
		};
		let drawn = scene.draw(&others, rng);
		let questions = drawn.iter().map(|record| record.text.question());
		scene.upload(EARLY, questions.enumerate().map(bait).collect())
	}
}
