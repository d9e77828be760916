//! Wrong answers to questions that others answer.

use crate::attack::{Attack, Entry, LATE, Scene, json};
use rand_chacha::ChaCha8Rng;

/// Known questions in a known wording, with a wrong value.
pub struct WrongAnswers;

impl Attack for WrongAnswers {
	fn name(&self) -> &'static str {
		"wrong answers"
	}

	fn defence(&self) -> &'static str {
		"none: a gradient says what a record moved, not whether for the better"
	}

	fn records(&self, scene: &Scene<'_>, rng: &mut ChaCha8Rng) -> Vec<Entry> {
		let pairs = scene.recombined(rng);
		let wrong =
			pairs.iter().map(|(asked, told)| json(asked.text.question(), told.flipped.answer()));
		scene.upload(LATE, wrong.collect())
	}
}
