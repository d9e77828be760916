//! What an attack is: records that somebody contributes in place of honest ones.

use crate::data::{Data, Source};
use openledger_primitives_core::BlockNumber;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;

/// Before all honest records.
pub const EARLY: BlockNumber = 0;
/// After all honest records.
pub const LATE: BlockNumber = 1 << 20;
/// The attacker's account where it owns no honest records.
pub const OUTSIDER: usize = 40;
/// The first of the attacker's accounts where it has many.
pub const MANY: usize = 50;

/// A record as it is uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
	/// The number of the account that contributes it.
	pub account: usize,
	/// Its bytes.
	pub content: Vec<u8>,
	/// When it was committed.
	pub committed_at: BlockNumber,
}

/// Who attacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attacker {
	/// One of the contributors, in place of its own records.
	Owner(usize),
	/// Somebody without records, beside those of all contributors.
	Outsider,
}

impl Attacker {
	/// The account that it contributes by, unless it has many.
	pub fn account(self) -> usize {
		match self {
			Self::Owner(number) => number,
			Self::Outsider => OUTSIDER,
		}
	}

	/// Whether an account is the attacker's.
	pub fn has(self, account: usize) -> bool {
		account == self.account() || account >= OUTSIDER
	}

	/// Whether it contributed this record before it attacked.
	pub fn owns(self, record: &Source) -> bool {
		self == Self::Owner(record.contributor)
	}
}

/// What an attacker knows, and how many records it may contribute.
pub struct Scene<'a> {
	/// All honest records.
	pub data: &'a Data,
	/// Who attacks.
	pub attacker: Attacker,
	/// Records that it contributes.
	pub budget: usize,
}

impl<'a> Scene<'a> {
	/// The attacker's own honest records.
	pub fn own(&self) -> Vec<&'a Source> {
		self.data.records.iter().filter(|record| self.attacker.owns(record)).collect()
	}

	/// Everybody else's.
	pub fn others(&self) -> Vec<&'a Source> {
		self.data.records.iter().filter(|record| !self.attacker.owns(record)).collect()
	}

	/// As many of some records as may be contributed, drawn without repetition where there are enough.
	pub fn draw<T: Clone>(&self, from: &[T], rng: &mut ChaCha8Rng) -> Vec<T> {
		let mut left = from.to_vec();
		for at in 0..self.budget.min(left.len()) {
			let other = rng.random_range(at as u64..left.len() as u64) as usize;
			left.swap(at, other);
		}
		left.into_iter().cycle().take(if from.is_empty() { 0 } else { self.budget }).collect()
	}

	/// Contributes contents by the attacker's account.
	pub fn upload(&self, committed_at: BlockNumber, contents: Vec<Vec<u8>>) -> Vec<Entry> {
		let account = self.attacker.account();
		let upload = |content| Entry { account, content, committed_at };
		contents.into_iter().map(upload).collect()
	}

	/// Pairs of records of one fact, the question of one and the answer of the other, that no record has
	/// together: a fact that others told, in another wording of theirs.
	pub fn recombined(&self, rng: &mut ChaCha8Rng) -> Vec<(&'a Source, &'a Source)> {
		let told = |record: &'a Source| (record.text.question(), record.text.answer());
		let known: BTreeSet<(&str, &str)> = self.data.records.iter().map(told).collect();
		let (others, mut taken) = (self.others(), BTreeSet::new());
		let mut pairs = Vec::new();
		for asked in &others {
			for answered in others.iter().filter(|other| other.fact == asked.fact) {
				let pair = (asked.text.question(), answered.text.answer());
				if !known.contains(&pair) && taken.insert(pair) {
					pairs.push((*asked, *answered));
				}
			}
		}
		self.draw(&pairs, rng)
	}
}

/// A question with an answer, as bytes.
pub fn json(question: &str, answer: &str) -> Vec<u8> {
	serde_json::json!({ "question": question, "answer": answer }).to_string().into_bytes()
}

/// A way to earn more by records than by honest ones.
pub trait Attack: Sync {
	/// What the table calls it.
	fn name(&self) -> &'static str;

	/// What is to answer it.
	fn defence(&self) -> &'static str;

	/// What the attacker contributes.
	fn records(&self, scene: &Scene<'_>, rng: &mut ChaCha8Rng) -> Vec<Entry>;
}
