//! What is learned from, and in which order.

use std::ops::Range;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

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

/// The order of `examples` examples in an epoch: a Fisher–Yates shuffle by a ChaCha8 stream of the
/// seed, one stream for each epoch, so that any epoch's order is known without the ones before.
pub(super) fn order(examples: usize, seed: u64, epoch: usize) -> Vec<usize> {
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
		let mut seen = order(97, 5, 2);
		assert_ne!(seen, (0..97).collect::<Vec<_>>());
		seen.sort_unstable();
		assert_eq!(seen, (0..97).collect::<Vec<_>>());
	}

	#[test]
	fn order_depends_on_seed_and_epoch_alone() {
		assert_eq!(order(50, 1, 3), order(50, 1, 3));
		assert_ne!(order(50, 1, 3), order(50, 1, 4));
		assert_ne!(order(50, 1, 3), order(50, 2, 3));
	}

	#[test]
	fn order_is_trivial_when_there_is_one_example() {
		assert_eq!(order(1, 9, 0), [0]);
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
