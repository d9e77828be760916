//! Records whose gradients are longer than those of any honest one.

use crate::attack::{Attack, Entry, LATE, Scene, json};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Words of an answer that is to be as long as the context allows.
const WORDS: usize = 24;
const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz";

/// Letters at random.
pub struct Gibberish;

impl Attack for Gibberish {
	fn name(&self) -> &'static str {
		"gibberish"
	}

	fn defence(&self) -> &'static str {
		"all leaves have one length"
	}

	fn records(&self, scene: &Scene<'_>, rng: &mut ChaCha8Rng) -> Vec<Entry> {
		let questions = scene.draw(&scene.others(), rng);
		let told = questions.iter().map(|of| {
			let words: Vec<String> = (0..WORDS / 3).map(|_| word(rng)).collect();
			json(of.text.question(), &words.join(" "))
		});
		scene.upload(LATE, told.collect())
	}
}

/// One word over and over.
pub struct Repetition;

impl Attack for Repetition {
	fn name(&self) -> &'static str {
		"repeated words"
	}

	fn defence(&self) -> &'static str {
		"all leaves have one length"
	}

	fn records(&self, scene: &Scene<'_>, rng: &mut ChaCha8Rng) -> Vec<Entry> {
		let questions = scene.draw(&scene.others(), rng);
		let told =
			questions.iter().map(|of| json(of.text.question(), &vec![word(rng); WORDS].join(" ")));
		scene.upload(LATE, told.collect())
	}
}

fn word(rng: &mut ChaCha8Rng) -> String {
	let letter = |rng: &mut ChaCha8Rng| {
		char::from(LETTERS[rng.random_range(0..LETTERS.len() as u64) as usize])
	};
	(0..rng.random_range(3..7u64)).map(|_| letter(rng)).collect()
}
