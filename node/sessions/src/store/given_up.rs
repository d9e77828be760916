//! Questions that were given up once their answers were begun: work that no receipt pays for.

use openledger_primitives_core::{Balance, Hash};
use std::time::{Duration, Instant};

/// How long one counts. Whoever gives up again and again costs an operator what a session is trusted with
/// in that time, and no more.
const COUNTS: Duration = Duration::from_secs(600);

#[derive(Debug)]
struct GivenUp {
	input: Hash,
	/// What of the most that its answer may have cost was not made up for.
	cost: Balance,
	since: Instant,
}

/// A session's, the oldest first. Not on disk: a restart forgives them.
#[derive(Debug, Default)]
pub(super) struct Begun(Vec<GivenUp>);

impl Begun {
	/// Counts a question that was given up, whose answer may have cost so much.
	pub(super) fn give_up(&mut self, input: Hash, cost: Balance, now: Instant) {
		self.0.push(GivenUp { input, cost, since: now });
	}

	/// How many count for whoever asks `input` now, and what they cost. A question whose connection was
	/// lost can be asked again, so once it does not count against itself.
	pub(super) fn count(&mut self, input: &Hash, now: Instant) -> (u32, Balance) {
		self.0.retain(|one| now.saturating_duration_since(one.since) < COUNTS);
		let own = self.0.iter().position(|one| one.input == *input);
		let others = self.0.iter().enumerate().filter(|(at, _)| Some(*at) != own);
		others.fold((0, 0), |(count, cost): (u32, Balance), (_, one)| {
			(count.saturating_add(1), cost.saturating_add(one.cost))
		})
	}

	/// Lets go of one that was answered after all.
	pub(super) fn answered(&mut self, input: &Hash) {
		if let Some(own) = self.0.iter().position(|one| one.input == *input) {
			self.0.remove(own);
		}
	}

	/// Lets go of as many as cost what the payer has signed for since.
	pub(super) fn paid(&mut self, mut amount: Balance) {
		self.0.retain_mut(|one| {
			let made_up = amount.min(one.cost);
			(amount, one.cost) = (amount.saturating_sub(made_up), one.cost.saturating_sub(made_up));
			one.cost > 0
		});
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn hash(number: u64) -> Hash {
		Hash::from_low_u64_be(number)
	}

	#[test]
	fn question_counts_until_its_time_is_over() {
		let (mut begun, now) = (Begun::default(), Instant::now());
		begun.give_up(hash(1), 5, now);
		begun.give_up(hash(2), 7, now + Duration::from_secs(1));
		assert_eq!(begun.count(&hash(3), now + COUNTS - Duration::from_millis(1)), (2, 12));
		assert_eq!(begun.count(&hash(3), now + COUNTS), (1, 7));
		assert_eq!(begun.count(&hash(3), now + COUNTS + Duration::from_secs(1)), (0, 0));
	}

	#[test]
	fn question_that_is_asked_again_does_not_count_once() {
		let (mut begun, now) = (Begun::default(), Instant::now());
		begun.give_up(hash(1), 5, now);
		assert_eq!(begun.count(&hash(1), now), (0, 0));
		begun.give_up(hash(1), 5, now);
		assert_eq!(begun.count(&hash(1), now), (1, 5));
		begun.answered(&hash(1));
		assert_eq!(begun.count(&hash(2), now), (1, 5));
	}

	#[test]
	fn vouchers_make_up_for_the_oldest_first() {
		let (mut begun, now) = (Begun::default(), Instant::now());
		begun.give_up(hash(1), 5, now);
		begun.give_up(hash(2), 7, now);
		begun.paid(4);
		assert_eq!(begun.count(&hash(3), now), (2, 8));
		begun.paid(2);
		assert_eq!(begun.count(&hash(3), now), (1, 6));
		begun.paid(9);
		assert_eq!(begun.count(&hash(3), now), (0, 0));
	}
}
