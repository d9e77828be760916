//! One contributor as many accounts.

use crate::{
	attack::{Attack, Attacker, Entry, LATE, MANY, Scene, json},
	data::Source,
};
use rand_chacha::ChaCha8Rng;

/// Every record by an account of its own: the attacker's honest ones, or paraphrases of others' where it has
/// none.
pub struct Splitting;

impl Attack for Splitting {
	fn name(&self) -> &'static str {
		"one account for each record"
	}

	fn defence(&self) -> &'static str {
		"records are paid whoever's they are; sums above a floor are no answer"
	}

	fn records(&self, scene: &Scene<'_>, rng: &mut ChaCha8Rng) -> Vec<Entry> {
		let own = |record: &Source| json(record.text.question(), record.text.answer());
		let contents: Vec<Vec<u8>> = match scene.attacker {
			Attacker::Owner(_) => scene.own().into_iter().map(own).collect(),
			Attacker::Outsider => {
				let pairs = scene.recombined(rng).into_iter();
				pairs.map(|(asked, told)| json(asked.text.question(), told.text.answer())).collect()
			}
		};
		let mut entries = scene.upload(LATE, contents);
		for (number, entry) in entries.iter_mut().enumerate() {
			entry.account = MANY + number;
		}
		entries
	}
}
