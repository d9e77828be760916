//! What is learned from, and in which order.

use std::ops::Range;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Order, TrainOptions};
use crate::{
	base::Base,
	error::{Error, Result},
	gradient::{self, Sequence},
};

/// One training sequence; the loss is taken on `tokens[answer_start..]`, but for what is given there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
	/// Prompt and answer.
	pub tokens: Vec<u32>,
	/// Index of the first token of the answer, within `1..tokens.len()`.
	pub answer_start: usize,
	/// Stretches after that token that are not learnt, as later turns of a user: in order, without
	/// overlap, none of them empty.
	pub given: Vec<Range<usize>>,
}

impl Example {
	/// One answer to one prompt.
	pub fn new(tokens: Vec<u32>, answer_start: usize) -> Self {
		Self { tokens, answer_start, given: Vec::new() }
	}

	/// Number of tokens that the loss is taken on.
	pub fn learnt(&self) -> usize {
		let given: usize = self.given.iter().map(Range::len).sum();
		self.tokens.len().saturating_sub(self.answer_start).saturating_sub(given)
	}

	/// Cuts the sequence off after `limit` tokens; false when nothing is left to learn then.
	pub fn cut(&mut self, limit: usize) -> bool {
		self.tokens.truncate(limit);
		let end = self.tokens.len();
		self.given.retain_mut(|stretch| {
			stretch.end = stretch.end.min(end);
			stretch.start < stretch.end
		});
		// What comes after the last learnt token has nothing to say.
		if let Some(last) = self.given.pop_if(|stretch| stretch.end == end) {
			self.tokens.truncate(last.start);
		}
		self.answer_start > 0 && self.answer_start < self.tokens.len()
	}

	/// Refuses an example that has no answer, or does not fit the base.
	pub(super) fn check(&self, base: &Base) -> Result<()> {
		gradient::check(base, &self.tokens, self.answer_start)?;
		gradient::check_given(self.answer_start, self.tokens.len(), &self.given)
	}

	/// The sequence that training differentiates, the `record`-th of the training set.
	pub(super) fn sequence(&self, record: usize) -> Sequence<'_> {
		let Self { tokens, answer_start, given } = self;
		let (answer_start, record) = (*answer_start, record as u64);
		Sequence { tokens, answer_start, given, context: 0, record }
	}
}

/// Refuses a training set that is empty or has a faulty example, naming the first.
pub(super) fn check_all(base: &Base, examples: &[Example]) -> Result<()> {
	if examples.is_empty() {
		return Err(Error::NoExamples);
	}
	for (index, example) in examples.iter().enumerate() {
		example.check(base).map_err(Error::in_example(index))?;
	}
	Ok(())
}

/// The order of examples in an epoch, which is known without the ones before.
pub(super) fn order(examples: &[Example], options: &TrainOptions, epoch: usize) -> Vec<usize> {
	match options.order {
		Order::Shuffled => shuffled(examples.len(), options.seed, epoch),
		Order::Keyed => keyed(examples, options.seed, epoch),
	}
}

/// Ascending by blake2b-256 of domain, seed, epoch, start of the answer and tokens, numbers as little-endian u64;
/// equal examples by their numbers.
fn keyed(examples: &[Example], seed: u64, epoch: usize) -> Vec<usize> {
	let key = |example: &Example| {
		let mut state = blake2b_simd::Params::new().hash_length(32).to_state();
		state.update(b"openledger/training-order/1");
		for number in [seed, epoch as u64, example.answer_start as u64] {
			state.update(&number.to_le_bytes());
		}
		for token in &example.tokens {
			state.update(&u64::from(*token).to_le_bytes());
		}
		state.finalize()
	};
	let keys: Vec<blake2b_simd::Hash> = examples.iter().map(key).collect();
	let mut order: Vec<usize> = (0..examples.len()).collect();
	order.sort_by_key(|&number| (keys[number].as_bytes(), number));
	order
}

/// A Fisher–Yates shuffle by a ChaCha8 stream of the seed, one stream for each epoch.
fn shuffled(examples: usize, seed: u64, epoch: usize) -> Vec<usize> {
	let mut rng = ChaCha8Rng::seed_from_u64(seed);
	// Stream 0 draws the initial matrices.
	rng.set_stream(epoch as u64 + 1);
	let mut order: Vec<usize> = (0..examples).collect();
	for last in (1..examples).rev() {
		// u64, so that the draw is the same where usize is narrower.
		order.swap(last, rng.random_range(0..=last as u64) as usize);
	}
	order
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::testing;

	#[test]
	fn order_holds_every_example_once_when_shuffled() {
		let mut seen = shuffled(97, 5, 2);
		assert_ne!(seen, (0..97).collect::<Vec<_>>());
		seen.sort_unstable();
		assert_eq!(seen, (0..97).collect::<Vec<_>>());
	}

	#[test]
	fn order_depends_on_seed_and_epoch_alone() {
		assert_eq!(shuffled(50, 1, 3), shuffled(50, 1, 3));
		assert_ne!(shuffled(50, 1, 3), shuffled(50, 1, 4));
		assert_ne!(shuffled(50, 1, 3), shuffled(50, 2, 3));
	}

	#[test]
	fn order_is_trivial_when_there_is_one_example() {
		assert_eq!(shuffled(1, 9, 0), [0]);
	}

	#[test]
	fn keyed_order_of_the_rest_stays_when_some_examples_are_left_out() {
		let all: Vec<Example> = (0..40).map(|at| Example::new(vec![7, at, 9], 1)).collect();
		let some: Vec<Example> = all.iter().step_by(3).cloned().collect();
		let order_of = |examples: &[Example], seed, epoch| -> Vec<u32> {
			let options = TrainOptions { order: Order::Keyed, seed, ..TrainOptions::default() };
			let order = order(examples, &options, epoch);
			order.into_iter().map(|number| examples[number].tokens[1]).collect()
		};
		let mut whole = order_of(&all, 1, 0);
		assert_ne!(whole, order_of(&all, 1, 1));
		assert_ne!(whole, order_of(&all, 2, 0));
		whole.retain(|at| at % 3 == 0);
		assert_eq!(whole, order_of(&some, 1, 0));
	}

	fn turns() -> Example {
		Example { tokens: (0..12).collect(), answer_start: 3, given: vec![5..7, 9..10] }
	}

	#[test]
	fn example_ends_with_a_learnt_token_when_it_is_cut() {
		for (limit, tokens, given) in [
			(20, 12, vec![5..7, 9..10]),
			(10, 9, vec![5..7]),
			(8, 8, vec![5..7]),
			(6, 5, vec![]),
			(4, 4, vec![]),
		] {
			let mut example = turns();
			assert!(example.cut(limit), "{limit}");
			assert_eq!((example.tokens.len(), &example.given), (tokens, &given), "{limit}");
		}
		for limit in [0, 1, 3] {
			assert!(!turns().cut(limit), "{limit}");
		}
	}

	#[test]
	fn learnt_tokens_are_those_that_are_not_given() {
		assert_eq!(turns().learnt(), 6);
		assert_eq!(Example::new(vec![0; 4], 9).learnt(), 0);
	}

	#[test]
	fn given_stretches_are_refused_when_out_of_order_or_out_of_range() {
		let base = testing::tiny_base(1);
		turns().check(&base).unwrap();
		for given in
			[vec![3..4], vec![2..3], vec![7..9, 5..6], vec![5..8, 7..9], vec![5..5], vec![5..13]]
		{
			let example = Example { given: given.clone(), ..turns() };
			let refused = example.check(&base);
			assert!(matches!(refused, Err(Error::Malformed { .. })), "{given:?}");
		}
	}
}
