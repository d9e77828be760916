//! What a receipt commits to without showing it.
//!
//! Each is `blake2b-256(SCALE(tag, …))` with a tag of its own, so that what is committed as one thing
//! can't be opened as another. Texts are hashed with a salt, without which short ones could be
//! guessed from their commitments.

use codec::Encode;
use openledger_primitives_core::{Hash, Sketch};

const INPUT: &[u8; 16] = b"openledger/input";
const OUTPUT: &[u8; 17] = b"openledger/output";
const CLAIM: &[u8; 16] = b"openledger/claim";

/// Makes a text's commitment unguessable: 32 random bytes, for each answer anew. The payer's client
/// chooses it and the operator learns it, so that either can show later what was asked and answered.
pub type Salt = [u8; 32];

fn hash(value: impl Encode) -> Hash {
	value.using_encoded(sp_io::hashing::blake2_256).into()
}

/// The commitment to what was asked: `asked` is the request's body byte for byte, sampling
/// parameters included, so that there is one way only to read it.
pub fn input(salt: &Salt, asked: &[u8]) -> Hash {
	hash((INPUT, salt, asked))
}

/// The commitment to what was answered: `answered` is the answer's text, UTF-8.
pub fn output(salt: &Salt, answered: &[u8]) -> Hash {
	hash((OUTPUT, salt, answered))
}

/// The commitment to what a claim takes on trust: the query sketch, the gain in thousandths of a nat
/// a token, and the hash of the execution trace. That hash is salted already, which hides the rest.
///
/// The leaves that a claim credits need none: they follow from the sketch.
pub fn claim(sketch: &Sketch, gain: i32, trace: &Hash) -> Hash {
	hash((CLAIM, sketch, gain, trace))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn commitments_differ_by_kind_salt_and_text() {
		let salt = [7; 32];
		assert_ne!(input(&salt, b"why?"), output(&salt, b"why?"));
		assert_ne!(input(&salt, b"why?"), input(&[8; 32], b"why?"));
		assert_ne!(input(&salt, b"why?"), input(&salt, b"why"));
		assert_ne!(output(&salt, b""), output(&[8; 32], b""));
	}

	#[test]
	fn claims_differ_by_each_part() {
		let sketch = Sketch::truncate_from(alloc::vec![1, 2]);
		let other = Sketch::truncate_from(alloc::vec![1, 3]);
		let trace = Hash::repeat_byte(1);
		let all = claim(&sketch, 5, &trace);
		assert_ne!(all, claim(&other, 5, &trace));
		assert_ne!(all, claim(&sketch, 6, &trace));
		assert_ne!(all, claim(&sketch, 5, &Hash::repeat_byte(2)));
	}
}
