//! Others' records again: as they are, in other bytes, with a few words more, in another wording.

use crate::{
	attack::{Attack, Entry, LATE, Scene, json},
	data::Source,
};
use openledger_attribution::cluster;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Words that say nothing.
const FILLERS: [&str; 10] =
	["well", "now", "then", "so", "please", "kindly", "friend", "listen", "again", "here"];

/// The same bytes.
pub struct Exact;

impl Attack for Exact {
	fn name(&self) -> &'static str {
		"exact copies"
	}

	fn defence(&self) -> &'static str {
		"the chain refuses a hash that an earlier contribution holds"
	}

	fn records(&self, scene: &Scene<'_>, rng: &mut ChaCha8Rng) -> Vec<Entry> {
		let copy = |record: &&Source| record.text.json().into_bytes();
		let copies = scene.draw(&scene.others(), rng).iter().map(copy).collect();
		scene.upload(LATE, copies)
	}
}

/// The same words in other bytes.
pub struct OtherBytes;

impl Attack for OtherBytes {
	fn name(&self) -> &'static str {
		"copies in other bytes"
	}

	fn defence(&self) -> &'static str {
		"clusters of near-duplicates"
	}

	fn records(&self, scene: &Scene<'_>, rng: &mut ChaCha8Rng) -> Vec<Entry> {
		let copy = |record: &&Source| {
			let (question, answer) = (record.text.question(), record.text.answer());
			// Fields that are not trained on may stand beside.
			let again = serde_json::json!({ "question": question, "answer": answer, "by": "me" });
			again.to_string().into_bytes()
		};
		let copies = scene.draw(&scene.others(), rng).iter().map(copy).collect();
		scene.upload(LATE, copies)
	}
}

/// The same words with fillers before the question.
pub struct Padded {
	/// Whether there are so many that it is no near-duplicate any more, and no more than that.
	pub apart: bool,
}

impl Attack for Padded {
	fn name(&self) -> &'static str {
		if self.apart {
			"padded copies, Jaccard below .8"
		} else {
			"padded copies, Jaccard .8 or more"
		}
	}

	fn defence(&self) -> &'static str {
		if self.apart {
			"none: less than four fifths of its shingles are the original's"
		} else {
			"clusters of near-duplicates"
		}
	}

	fn records(&self, scene: &Scene<'_>, rng: &mut ChaCha8Rng) -> Vec<Entry> {
		let shingles =
			|question: &str, answer: &str| cluster::shingles(&format!("{question}\n{answer}"));
		let pad = |record: &&Source, rng: &mut ChaCha8Rng| {
			let (question, answer) = (record.text.question(), record.text.answer());
			let original = shingles(question, answer);
			let (mut padded, mut last) = (question.to_owned(), question.to_owned());
			while cluster::near(&original, &shingles(&padded, answer)) {
				last = padded.clone();
				let filler = FILLERS[rng.random_range(0..FILLERS.len() as u64) as usize];
				padded = format!("{filler} {padded}");
			}
			json(if self.apart { &padded } else { &last }, answer)
		};
		let drawn = scene.draw(&scene.others(), rng);
		let copies = drawn.iter().map(|record| pad(record, rng)).collect();
		scene.upload(LATE, copies)
	}
}

/// The same facts in another wording of the generator's.
pub struct Paraphrase;

impl Attack for Paraphrase {
	fn name(&self) -> &'static str {
		"paraphrases"
	}

	fn defence(&self) -> &'static str {
		"none: another wording of a fact is a record of its own, which teaches the model"
	}

	fn records(&self, scene: &Scene<'_>, rng: &mut ChaCha8Rng) -> Vec<Entry> {
		let pairs = scene.recombined(rng);
		let told =
			pairs.iter().map(|(asked, told)| json(asked.text.question(), told.text.answer()));
		scene.upload(LATE, told.collect())
	}
}
