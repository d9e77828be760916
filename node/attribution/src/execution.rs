//! What traces are made of: hashes over what only executing shows (docs/reproducible-arithmetic.md, Traces).

use crate::{
	error::Result,
	index::IndexFile,
	scan::{self, Ask, Probe, Ranked, Search, Wanted},
};
use blake2b_simd::{Params, State};
use openledger_primitives_core::{Hash, MAX_CREDITS, model::PayBy};

/// The best leaves that are taken in. A claim shows half as many at most, so that who has it and not the index
/// does not know the others.
const BEST: usize = 2 * MAX_CREDITS as usize;

/// A hash under way.
pub(crate) struct Execution(State);

impl Execution {
	/// One of nothing yet, for what `domain` names.
	pub(crate) fn new(domain: &[u8]) -> Self {
		let mut state = Params::new().hash_length(32).to_state();
		state.update(domain);
		Self(state)
	}

	fn count(&mut self, count: usize) {
		self.0.update(&(count as u64).to_le_bytes());
	}

	/// Takes tokens in.
	pub(crate) fn tokens(&mut self, tokens: &[u32]) {
		self.count(tokens.len());
		tokens.iter().for_each(|token| {
			self.0.update(&token.to_le_bytes());
		});
	}

	/// Takes the bits of numbers in.
	pub(crate) fn values(&mut self, values: &[f32]) {
		self.count(values.len());
		values.iter().for_each(|value| {
			self.0.update(&value.to_bits().to_le_bytes());
		});
	}

	/// Takes in what reading an index for a query shows: its best leaves with their scores, whether or not they
	/// are paid and whosever they are. Where contributors are paid, their best leaves too.
	///
	/// # Errors
	/// As [`scan::best_records`], or for a sketch that no query can have.
	pub(crate) fn best(&mut self, index: &IndexFile, sketch: &[i8]) -> Result<()> {
		let probe = Probe::new(sketch)?;
		let probes = std::slice::from_ref(&probe);
		let ask = Ask { payer: None, wanted: Wanted::Any, count: BEST, search: Search::Auto };
		self.ranked(&scan::best_records(index, probes, ask)?.concat());
		if index.header().method.pay_by == PayBy::Contributors {
			self.ranked(&scan::best_contributors(index, probes, ask)?.concat());
		}
		Ok(())
	}

	fn ranked(&mut self, leaves: &[Ranked]) {
		self.count(leaves.len());
		for leaf in leaves {
			self.0.update(&leaf.position.to_le_bytes());
			self.0.update(&leaf.score.to_le_bytes());
		}
	}

	/// The hash of all that was taken in.
	pub(crate) fn finish(self) -> Hash {
		Hash::from_slice(self.0.finalize().as_bytes())
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::testing::{index, sketch};

	fn hash(take: impl FnOnce(&mut Execution)) -> Hash {
		let mut execution = Execution::new(b"test");
		take(&mut execution);
		execution.finish()
	}

	#[test]
	fn hash_differs_with_a_single_bit_and_with_where_one_list_ends() {
		let values = |values: &[f32]| hash(|of| of.values(values));
		assert_eq!(values(&[1.0, 0.0]), values(&[1.0, 0.0]));
		assert_ne!(values(&[1.0, 0.0]), values(&[1.0, -0.0]));
		assert_ne!(values(&[1.0]), values(&[f32::from_bits(1.0f32.to_bits() ^ 1)]));
		let tokens = |one: &[u32], other: &[u32]| {
			hash(|of| {
				of.tokens(one);
				of.tokens(other);
			})
		};
		assert_ne!(tokens(&[1, 2], &[3]), tokens(&[1], &[2, 3]));
		assert_ne!(hash(|_| {}), Execution::new(b"other").finish());
	}

	#[test]
	fn hash_is_that_of_the_bytes_that_the_definition_names() {
		let index = index(60, PayBy::Records, 0);
		let query = sketch(7, index.dimension());
		let mut bytes = b"test".to_vec();
		for word in [2u32, 0, 5, 6, 1, 0, 1.5f32.to_bits(), BEST as u32, 0] {
			bytes.extend(word.to_le_bytes());
		}
		for leaf in &scan::records(&index, &query, None)[..BEST] {
			bytes.extend(leaf.position.to_le_bytes());
			bytes.extend(leaf.score.to_le_bytes());
		}
		let found = hash(|of| {
			of.tokens(&[5, 6]);
			of.values(&[1.5]);
			of.best(&index, &query).unwrap();
		});
		assert_eq!(found.0, sp_io::hashing::blake2_256(&bytes));
	}

	#[test]
	fn best_leaves_are_those_that_a_claim_shows_and_as_many_others_on_any_number_of_threads() {
		for pay_by in [PayBy::Records, PayBy::Contributors] {
			let index = index(300, pay_by, 0);
			let query = sketch(7, index.dimension());
			let found = || hash(|of| of.best(&index, &query).unwrap());
			let on = |threads| {
				let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
				pool.install(found)
			};
			assert_eq!(on(1), on(3));
			let best = scan::records(&index, &query, None);
			let people = scan::best_contributors(
				&index,
				&[Probe::new(&query).unwrap()],
				Ask { payer: None, wanted: Wanted::Any, count: BEST, search: Search::Exact },
			);
			let people = people.unwrap().concat();
			let with = |count: usize| {
				hash(|of| {
					of.ranked(&best[..count]);
					if pay_by == PayBy::Contributors {
						of.ranked(&people);
					}
				})
			};
			assert_eq!(found(), with(BEST));
			assert_ne!(found(), with(BEST / 2), "what a claim shows is not enough");
		}
	}

	#[test]
	fn best_leaves_are_refused_for_a_sketch_that_no_query_can_have() {
		let index = index(8, PayBy::Records, 0);
		let mut query = sketch(7, index.dimension()).into_inner();
		query[3] = i8::MIN;
		assert!(Execution::new(b"test").best(&index, &query).is_err());
		assert!(Execution::new(b"test").best(&index, &query[..2]).is_err());
	}
}
