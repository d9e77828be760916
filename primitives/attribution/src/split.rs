//! Dividing an amount by weights, to the last unit.

use alloc::vec::Vec;
use openledger_primitives_core::Balance;
use sp_core::U256;
use sp_runtime::{Permill, Saturating};

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

/// Weights, by account.
pub type Weights<AccountId> = Vec<(AccountId, u64)>;

/// What the weights of one millionth of the contributors' part add up to where two kinds of evidence are paid.
const MILLIONTH: Balance = 1_000_000_000;

/// Who is paid how much of the contributors' part where two kinds of evidence moved an answer: `found` have
/// `part` of it, and of the rest `moved` have what their gain has `earned`, each by their weights. Returns
/// weights and the part that is paid, of which they divide it.
///
/// Where nothing was found, the others are paid as if nothing could be. Rounded down, to what is not earned.
pub fn combine<AccountId>(
	(moved, earned): (Weights<AccountId>, Permill),
	(found, part): (Weights<AccountId>, Permill),
) -> (Weights<AccountId>, Permill) {
	let weighs = |of: &Weights<AccountId>| of.iter().any(|(_, weight)| *weight > 0);
	if !weighs(&found) {
		return (moved, earned);
	}
	let rest = Permill::one().saturating_sub(part);
	let earned = match weighs(&moved) {
		true => Permill::from_parts(earned.mul_floor(rest.deconstruct())),
		false => Permill::zero(),
	};
	let share = |of: Weights<AccountId>, part: Permill| {
		let weights: Vec<u64> = of.iter().map(|(_, weight)| *weight).collect();
		let amounts = largest_remainder(
			Balance::from(part.deconstruct()).saturating_mul(MILLIONTH),
			&weights,
		);
		// All of them together are 10¹⁵ at most.
		let weights = amounts.into_iter().map(|amount| amount as u64);
		of.into_iter().map(|(account, _)| account).zip(weights).collect::<Weights<AccountId>>()
	};
	let mut shares = share(moved, earned);
	shares.extend(share(found, part));
	(shares, part.saturating_add(earned))
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

	fn amounts(pool: Balance, (shares, earned): &(Weights<u8>, Permill)) -> Vec<(u8, Balance)> {
		let weights: Vec<u64> = shares.iter().map(|(_, weight)| *weight).collect();
		let amounts = largest_remainder(earned.mul_floor(pool), &weights);
		shares.iter().map(|(account, _)| *account).zip(amounts).collect()
	}

	#[test]
	fn found_records_have_their_part_and_the_gain_lifts_the_rest() {
		let (moved, found) = (vec![(1, 3), (2, 1)], vec![(3, 5), (1, 5)]);
		let part = Permill::from_percent(40);
		let paid = combine((moved.clone(), Permill::from_percent(50)), (found.clone(), part));
		assert_eq!(amounts(1_000, &paid), [(1, 225), (2, 75), (3, 200), (1, 200)]);
		// Without a gain, or anything that cleared the floor, what was found is paid all the same.
		let paid = combine((moved.clone(), Permill::zero()), (found.clone(), part));
		assert_eq!(amounts(1_000, &paid), [(1, 0), (2, 0), (3, 200), (1, 200)]);
		let paid = combine((Vec::new(), Permill::one()), (found.clone(), part));
		assert_eq!(amounts(1_000, &paid), [(3, 200), (1, 200)]);
		let paid = combine((moved, Permill::one()), (found, Permill::one()));
		assert_eq!(amounts(1_000, &paid), [(1, 0), (2, 0), (3, 500), (1, 500)]);
	}

	#[test]
	fn nothing_changes_when_nothing_is_found() {
		let (moved, earned) = (vec![(1u8, 3), (2, u64::MAX)], Permill::from_percent(50));
		for found in [Vec::new(), vec![(3, 0)]] {
			let paid = combine((moved.clone(), earned), (found, Permill::one()));
			assert_eq!(paid, (moved.clone(), earned));
		}
	}

	proptest! {
		#[test]
		fn each_kind_has_its_part_to_a_unit_for_each_account(
			pool in 0u128..1 << 90,
			moved in proptest::collection::vec(any::<u64>(), 0..13),
			found in proptest::collection::vec(1u64.., 1..5),
			(part, earned) in (1u32..=1_000_000, 0u32..=1_000_000),
		) {
			let (part, earned) = (Permill::from_parts(part), Permill::from_parts(earned));
			let of = |weights: &[u64], account: u8| -> Weights<u8> {
				weights.iter().map(|weight| (account, *weight)).collect()
			};
			let paid = combine((of(&moved, 1), earned), (of(&found, 2), part));
			let amounts = amounts(pool, &paid);
			let sum = |account| -> Balance {
				amounts.iter().filter(|(who, _)| *who == account).map(|(_, amount)| amount).sum()
			};
			prop_assert!(sum(1) + sum(2) <= pool);
			let slack = 32 + pool / 1_000_000_000_000;
			prop_assert!(sum(2).abs_diff(part.mul_floor(pool)) <= slack);
			let lifted = match moved.iter().any(|weight| *weight > 0) {
				true => earned.mul_floor(pool - part.mul_floor(pool)),
				false => 0,
			};
			// The lift is rounded down to a millionth of the pool.
			prop_assert!(sum(1) <= lifted + slack && sum(1) + pool / 1_000_000 + slack >= lifted);
		}

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
