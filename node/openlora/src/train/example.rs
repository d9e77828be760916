//! What is learned from, and in which order.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::{
	base::Base,
	error::{Error, Result},
	gradient,
};

/// One training sequence; the loss is taken on `tokens[answer_start..]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
	/// Prompt and answer.
	pub tokens: Vec<u32>,
	/// Index of the first token of the answer, within `1..tokens.len()`.
	pub answer_start: usize,
}

impl Example {
	/// Refuses an example that has no answer, or does not fit the base.
	pub(super) fn check(&self, base: &Base) -> Result<()> {
		gradient::check(base, &self.tokens, self.answer_start)
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
}
