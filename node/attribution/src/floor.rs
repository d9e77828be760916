//! The floor: what a leaf has to score before it is paid (specification: The rule, 4).
//!
//! One answer in a hundred about other things may pay someone. Null queries are a sample of such answers:
//! the floor that one in a hundred of *them* exceeds is too low for the next ones as often as it is too
//! high. The floor is therefore an order statistic that lies above the quantile which is meant with a
//! confidence of 95 %, whatever the distribution (Wilks 1941, doi:10.1214/aoms/1177731788): of n queries
//! the r-th strongest, for the largest r that a binomial draw of n with a chance of 1 % reaches with a
//! probability of 95 %. It says nothing about answers that are unlike all null queries.

use openledger_primitives_attribution::score;

/// The share of answers about other things that may pay someone.
const PAID: f64 = 0.01;
/// How sure it has to be that no more of them do.
const CONFIDENCE: f64 = 0.95;
/// Null queries that are told apart from more of them, which only make the floor more careful: with more,
/// the chance that none exceeds the quantile would no longer be a normal number.
const COUNTED: usize = 1 << 16;

/// What a leaf scores for `query`, as a share of |query|·|leaf| in millionths, rounded up so that a
/// floor of that share refuses it. Zero where the score is zero or less.
pub fn share(query: &[i8], scale: u32, sketch: &[i8]) -> u32 {
	let most = score::floor(query, scale, sketch, 1_000_000);
	let (Ok(score), Ok(most)) =
		(u128::try_from(score::score(query, scale, sketch)), u128::try_from(most))
	else {
		return 0;
	};
	let share = (score * 1_000_000).div_ceil(most.max(1));
	share.min(1_000_000) as u32
}

/// The floor above which at most one answer in a hundred about other things has a leaf, given the largest
/// [`share`] of any leaf for each null query; `None` without any. With fewer than 299 of them, which can't
/// make sure of it, the strongest.
pub fn calibrate(mut strongest: Vec<u32>) -> Option<u32> {
	strongest.sort_unstable_by(|a, b| b.cmp(a));
	strongest.get(rank(strongest.len()).saturating_sub(1)).copied()
}

/// The largest number of `count` draws that are at least as many with [`CONFIDENCE`], each with a chance
/// of [`PAID`]; zero where even one is not. Sums and products alone, so that every machine finds the same.
fn rank(count: usize) -> usize {
	let count = count.min(COUNTED);
	let mut exactly = (0..count).fold(1.0, |chance, _| chance * (1.0 - PAID));
	let mut fewer = exactly;
	let mut rank = 0;
	while rank < count && fewer <= 1.0 - CONFIDENCE {
		exactly *= (count - rank) as f64 / (rank + 1) as f64 * PAID / (1.0 - PAID);
		rank += 1;
		fewer += exactly;
	}
	rank
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	#[test]
	fn floor_is_the_largest_when_there_are_too_few_nulls_to_be_sure() {
		assert_eq!(calibrate(Vec::new()), None);
		assert_eq!(calibrate(vec![10, 300, 20]), Some(300));
		assert_eq!(calibrate((0..298).collect()), Some(297));
		assert_eq!((rank(298), rank(299)), (0, 1));
	}

	#[test]
	fn fewer_nulls_exceed_the_floor_than_one_in_a_hundred() {
		// As tables of the one-sided tolerance limits of order statistics have them.
		for (count, expected) in [(299, 1), (472, 1), (473, 2), (628, 3), (773, 4), (913, 5)] {
			assert_eq!(rank(count), expected, "{count}");
		}
		assert_eq!(calibrate((0..1_000).collect()), Some(995));
	}

	#[test]
	fn rank_approaches_one_in_a_hundred_and_never_reaches_it() {
		for count in [1_000, 10_000, COUNTED] {
			let (most, found) = (count / 100, rank(count));
			assert!(found < most && most - found < 2 * most.isqrt(), "{found} of {count}");
		}
		assert_eq!(rank(usize::MAX), rank(COUNTED));
	}

	#[test]
	fn floor_lies_above_the_quantile_for_nineteen_samples_in_twenty() {
		// Numbers below a million, of which one in a hundred is at least 990,000.
		let mut state = 9u64;
		let mut draw = || {
			state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
			((state >> 33) % 1_000_000) as u32
		};
		let mut held = 0;
		for _ in 0..1_000 {
			let floor = calibrate((0..1_024).map(|_| draw()).collect()).unwrap();
			held += usize::from(floor >= 990_000);
		}
		// 95 % of them at the least, within four standard deviations of such a count.
		assert!((922..1_000).contains(&held), "{held}");
	}

	#[test]
	fn share_is_zero_when_the_leaf_does_not_score_above_zero() {
		let query = [1i8, 0, 0];
		assert_eq!(share(&query, 5, &[-3, 1, 1]), 0);
		assert_eq!(share(&query, 0, &[9, 9, 9]), 0);
		assert_eq!(share(&[0, 0, 0], 5, &[3, 1, 1]), 0);
	}

	proptest! {
		#[test]
		fn no_leaf_is_paid_when_its_own_share_is_the_floor(
			query in proptest::collection::vec(-127i8..=127, 24),
			sketch in proptest::collection::vec(-127i8..=127, 24),
			scale in 0u32..40_000,
		) {
			let share = share(&query, scale, &sketch);
			let score = score::score(&query, scale, &sketch);
			let floor = score::floor(&query, scale, &sketch, share);
			// A share is capped at one, which rounding of the norms' root may still fall short of.
			prop_assert!(share == 1_000_000 || score::excess(score, floor).is_none());
		}
	}
}
