//! Comparing two records, and showing that they were compared.

use crate::{
	cluster::{Shingled, common},
	format::Record,
};
use openledger_primitives_attribution::{
	audit::{Traces, traces},
	duplicate::Overlap,
};
use openledger_primitives_core::Hash;

/// What two records have in common, by which clusters are made. Content that is no record is nobody's duplicate.
pub fn overlap(later: &[u8], earlier: &[u8]) -> Overlap {
	shingled(later).overlap(&shingled(earlier))
}

fn shingled(content: &[u8]) -> Shingled {
	// When it was committed decides nothing here.
	Shingled::new(0, Record::parse(content).ok().as_ref())
}

/// What two records have in common, and the traces that only who has both can show.
///
/// They are over `seed`, the counts, the shingles that both have, and the bytes of both, hashed with the
/// seed: counts can be guessed, the hashes that the records are known by are public, and without anything
/// in common there are no shingles. So that what is shown of one audit does not serve in another, the
/// seed is drawn for it.
pub fn compare(later: &[u8], earlier: &[u8], seed: &Hash) -> (Overlap, Traces) {
	let (one, other) = (shingled(later), shingled(earlier));
	let overlap = one.overlap(&other);
	let both = (common(&one.whole, &other.whole), common(&one.learnt, &other.learnt));
	let execution =
		(b"openledger/comparison", seed, overlap, both, keyed(seed, later), keyed(seed, earlier));
	(overlap, traces(&execution))
}

/// A hash of content that needs all of it: `blake2b-256(seed ‖ content)`.
fn keyed(seed: &Hash, content: &[u8]) -> [u8; 32] {
	sp_io::hashing::blake2_256(&[seed.as_bytes(), content].concat())
}

#[cfg(test)]
mod tests {
	use super::*;

	const SEED: Hash = Hash([7; 32]);

	fn asked(question: &str, answer: &str) -> Vec<u8> {
		serde_json::json!({ "question": question, "answer": answer }).to_string().into_bytes()
	}

	fn original() -> Vec<u8> {
		asked(
			"Which weakness is it when a program copies input into a buffer without looking at its size?",
			"It is a classic buffer overflow, CWE-120, since the input may be longer than the buffer.",
		)
	}

	#[test]
	fn copy_with_other_bytes_is_a_duplicate_and_another_answer_is_none() {
		let copy =
			String::from_utf8(original()).unwrap().replace("classic", "Classic ").into_bytes();
		assert_ne!(copy, original());
		let found = overlap(&copy, &original());
		assert!(found.is_duplicate());
		assert_eq!(found.whole.jaccard_ppm(), 1_000_000);
		let question = "Which weakness is it when a program copies input into a buffer without looking at its size?";
		let other = asked(question, "None that matters.");
		assert!(!overlap(&other, &original()).is_duplicate());
	}

	#[test]
	fn what_cannot_be_read_is_nobodys_duplicate_not_even_of_itself() {
		let found = overlap(b"no record", b"no record");
		assert_eq!(found, Overlap::default());
		assert!(!found.is_duplicate());
		assert!(!overlap(b"no record", &original()).is_duplicate());
	}

	#[test]
	fn everybody_computes_the_same_and_the_sides_are_told_apart() {
		let short = asked("Which weakness is it?", "It is a classic buffer overflow.");
		let (found, traces) = compare(&short, &original(), &SEED);
		assert_eq!(compare(&short, &original(), &SEED), (found, traces));
		let (swapped, others) = compare(&original(), &short, &SEED);
		assert_eq!((swapped.whole.one, swapped.whole.other), (found.whole.other, found.whole.one));
		assert_eq!(swapped.whole.common, found.whole.common);
		assert_ne!(others, traces);
	}

	#[test]
	fn traces_need_the_seed_and_all_bytes_of_both_records() {
		let (one, other) = (b"no record".as_slice(), b"none either".as_slice());
		let (_, traces) = compare(one, other, &SEED);
		for (changed, rest, seed) in [
			(b"no recorD".as_slice(), other, SEED),
			(one, b"none eitheR".as_slice(), SEED),
			(one, other, Hash([8; 32])),
		] {
			let (overlap, different) = compare(changed, rest, &seed);
			assert_eq!(overlap, Overlap::default());
			assert!(different.iter().zip(&traces).all(|(a, b)| a != b));
		}
	}
}
