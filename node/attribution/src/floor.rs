//! The floor: what a leaf has to score before it is paid (specification: The rule, 4).

use openledger_primitives_attribution::score;

/// The share of null queries that may still pay someone, in percent.
const PAID_PERCENT: usize = 1;

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

/// The largest [`share`] of any leaf; zero without any.
pub fn strongest<'a>(query: &[i8], leaves: impl IntoIterator<Item = (u32, &'a [i8])>) -> u32 {
	leaves.into_iter().map(|(scale, sketch)| share(query, scale, sketch)).max().unwrap_or(0)
}

/// The smallest floor above which at most one null query in a hundred has a leaf, given each one's
/// [`strongest`]; `None` without any.
pub fn calibrate(mut strongest: Vec<u32>) -> Option<u32> {
	strongest.sort_unstable_by(|a, b| b.cmp(a));
	strongest.get(strongest.len() * PAID_PERCENT / 100).copied()
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	#[test]
	fn floor_is_the_largest_when_there_are_few_nulls() {
		assert_eq!(calibrate(vec![10, 300, 20]), Some(300));
		assert_eq!(calibrate((0..99).collect()), Some(98));
	}

	#[test]
	fn one_null_in_a_hundred_may_exceed_the_floor() {
		assert_eq!(calibrate((0..100).collect()), Some(98));
		assert_eq!(calibrate((0..1_000).collect()), Some(989));
		assert_eq!(calibrate(Vec::new()), None);
	}

	#[test]
	fn strongest_is_zero_when_no_leaf_scores_above_zero() {
		let query = [1i8, 0, 0];
		assert_eq!(strongest(&query, []), 0);
		assert_eq!(strongest(&query, [(5, &[-3i8, 1, 1][..]), (0, &[9, 9, 9])]), 0);
		assert_eq!(strongest(&[0, 0, 0], [(5, &[3i8, 1, 1][..])]), 0);
	}

	proptest! {
		#[test]
		fn no_leaf_is_paid_when_its_own_share_is_the_floor(
			query in proptest::collection::vec(-127i8..=127, 24),
			sketch in proptest::collection::vec(-127i8..=127, 24),
			scale in 0u32..40_000,
		) {
			let share = strongest(&query, [(scale, &sketch[..])]);
			let score = score::score(&query, scale, &sketch);
			let floor = score::floor(&query, scale, &sketch, share);
			// A share is capped at one, which rounding of the norms' root may still fall short of.
			prop_assert!(share == 1_000_000 || score::excess(score, floor).is_none());
		}
	}
}
