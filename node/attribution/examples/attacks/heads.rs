//! Records that later honest ones become near-duplicates of.

use crate::attack::{Attack, EARLY, Entry, Scene, json};
use openledger_attribution::cluster;
use rand_chacha::ChaCha8Rng;

/// What others are going to say, with guessed values, committed before they do: whoever knows the names and
/// the usual wordings needs no facts.
pub struct Templates;

impl Attack for Templates {
	fn name(&self) -> &'static str {
		"templates as cluster heads"
	}

	fn defence(&self) -> &'static str {
		"answers are compared by themselves too: another answer is no near-duplicate"
	}

	fn records(&self, scene: &Scene<'_>, rng: &mut ChaCha8Rng) -> Vec<Entry> {
		let mut templates: Vec<_> = scene.others();
		// Whole texts are what clusters are made of where answers are not looked at.
		templates.retain(|record| {
			let shingles = |text: &str| cluster::shingles(text);
			cluster::near(&shingles(&record.text.text), &shingles(&record.flipped.text))
		});
		let drawn = scene.draw(&templates, rng);
		let guessed = drawn.iter().map(|of| json(of.flipped.question(), of.flipped.answer()));
		scene.upload(EARLY, guessed.collect())
	}
}
