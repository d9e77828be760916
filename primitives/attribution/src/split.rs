//! Dividing an amount by weights, to the last unit.

use alloc::vec::Vec;
use openledger_primitives_core::Balance;
use sp_core::U256;

/// Divides `pool` in proportion to `weights` by the method of largest remainders (Hamilton): each
/// share is rounded down, and the units left go one each to the largest remainders, earlier
/// weights first among equals. The shares add up to `pool`; without a positive weight there are
/// none, and the result is empty.
pub fn largest_remainder(pool: Balance, weights: &[u64]) -> Vec<Balance> {
	let weights: Vec<Balance> = weights.iter().map(|weight| Balance::from(*weight)).collect();
	apportion(pool, &weights)
}

/// [`largest_remainder`] with amounts as weights. Their sum has to be within what a balance can
/// hold; where it passes that, the result is empty.
pub fn apportion(pool: Balance, weights: &[Balance]) -> Vec<Balance> {
	let total = weights.iter().try_fold(0, |sum: Balance, weight| sum.checked_add(*weight));
	let Some(total) = total.filter(|total| *total > 0) else { return Vec::new() };
	let mut left = pool;
	let mut shares: Vec<(Balance, Balance)> = weights
		.iter()
		.map(|weight| {
			let product = U256::from(pool).saturating_mul(U256::from(*weight));
			let (share, remainder) = product.div_mod(U256::from(total));
			// Both fit: the share is at most the pool, the remainder below the total.
			let (share, remainder) = (share.low_u128(), remainder.low_u128());
			left = left.saturating_sub(share);
			(share, remainder)
		})
		.collect();
	let mut order: Vec<usize> = (0..shares.len()).collect();
	order.sort_by_key(|at| core::cmp::Reverse(shares.get(*at).map_or(0, |(_, rest)| *rest)));
	for at in order {
		if left == 0 {
			break;
		}
		if let Some((share, _)) = shares.get_mut(at) {
			*share = share.saturating_add(1);
			left = left.saturating_sub(1);
		}
	}
	shares.into_iter().map(|(share, _)| share).collect()
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	#[test]
	fn units_left_go_to_largest_remainders_then_earlier_weights() {
		assert_eq!(largest_remainder(10, &[1, 1, 1]), [4, 3, 3]);
		assert_eq!(largest_remainder(1, &[1, 2, 2]), [0, 1, 0]);
		assert_eq!(largest_remainder(100, &[0, 1]), [0, 100]);
		assert_eq!(largest_remainder(0, &[5, 7]), [0, 0]);
	}

	#[test]
	fn amounts_weigh_to_the_largest_and_their_sum_is_bounded() {
		assert_eq!(apportion(u128::MAX, &[u128::MAX - 1, 1]), [u128::MAX - 1, 1]);
		assert_eq!(apportion(3, &[u128::MAX / 2, u128::MAX / 2]), [2, 1]);
		assert!(apportion(3, &[u128::MAX, 1]).is_empty());
	}

	#[test]
	fn nothing_is_paid_when_nothing_weighs() {
		assert!(largest_remainder(10, &[]).is_empty());
		assert!(largest_remainder(10, &[0, 0]).is_empty());
	}

	proptest! {
		#[test]
		fn shares_add_up_and_stay_within_one_unit(
			pool in any::<u128>(),
			weights in proptest::collection::vec(any::<u64>(), 1..17),
		) {
			let shares = largest_remainder(pool, &weights);
			let total: u128 = weights.iter().map(|w| u128::from(*w)).sum();
			prop_assume!(total > 0);
			prop_assert_eq!(shares.iter().try_fold(0u128, |s, x| s.checked_add(*x)), Some(pool));
			for (share, weight) in shares.iter().zip(&weights) {
				let exact = U256::from(pool) * U256::from(*weight) / U256::from(total);
				let share = U256::from(*share);
				prop_assert!(share == exact || share == exact + 1);
			}
		}

		#[test]
		fn more_weight_never_earns_less(pool in any::<u64>(), weights in proptest::collection::vec(1u64..1_000_000, 2..17), extra in 1u64..1_000_000) {
			let before = largest_remainder(pool.into(), &weights);
			let mut raised = weights.clone();
			raised[0] += extra;
			let after = largest_remainder(pool.into(), &raised);
			// The unit that rounding hands out may move, hence at most one less.
			prop_assert!(after[0] + 1 > before[0]);
		}

		#[test]
		fn order_changes_no_share_by_more_than_the_unit_of_a_tie(pool in any::<u64>(), weights in proptest::collection::vec(1u64..1_000, 2..17)) {
			let forward = largest_remainder(pool.into(), &weights);
			let mut backward = largest_remainder(pool.into(), &weights.iter().rev().copied().collect::<Vec<_>>());
			backward.reverse();
			for (a, b) in forward.iter().zip(&backward) {
				prop_assert!(a.abs_diff(*b) <= 1);
			}
		}
	}
}
