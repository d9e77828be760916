//! Which units of a batch are drawn, and how much of it each draw stands for.

use codec::Encode;
use openledger_primitives_core::{Balance, BatchId, Hash};
use sp_core::U256;

const TAG: &[u8; 15] = b"openledger/draw";

/// The unit that one draw of a batch takes, from zero up to, not including, `total`; `None` for an
/// empty batch.
///
/// It is `blake2b-256(SCALE("openledger/draw", seed, batch, draw))`, read as a little-endian number,
/// modulo `total`. Some units are likelier than others by one in 2²⁵⁶ ÷ total at most, which is less
/// than 2⁻¹²⁸ for every total.
pub fn unit(seed: &Hash, batch: BatchId, draw: u8, total: Balance) -> Option<Balance> {
	let hash = (TAG, seed, batch, draw).using_encoded(sp_io::hashing::blake2_256);
	let rest = U256::from_little_endian(&hash).checked_rem(U256::from(total))?;
	// Below the total, so it fits.
	Some(rest.low_u128())
}

/// The part of `total` that draw `draw` of `draws` stands for. The parts are equal but for what does
/// not divide, of which the first draws have a unit each; so they add up to `total`.
pub fn share(total: Balance, draws: u8, draw: u8) -> Balance {
	let draws = Balance::from(draws);
	let draw = Balance::from(draw);
	if draw >= draws {
		return 0;
	}
	let whole = total.checked_div(draws).unwrap_or(0);
	let rest = total.checked_rem(draws).unwrap_or(0);
	whole.saturating_add(Balance::from(draw < rest))
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{
		prove::prove_slice,
		sum_tree::{SumFrontier, SumNode},
	};
	use proptest::{collection::vec, prelude::*};

	#[test]
	fn units_are_below_the_total_and_differ_by_seed_batch_and_draw() {
		let seed = Hash::repeat_byte(1);
		assert_eq!(unit(&seed, 0, 0, 0), None);
		assert_eq!(unit(&seed, 0, 0, 1), Some(0));
		let total = u128::MAX;
		let first = unit(&seed, 1, 1, total);
		assert_ne!(first, unit(&seed, 1, 2, total));
		assert_ne!(first, unit(&seed, 2, 1, total));
		assert_ne!(first, unit(&Hash::repeat_byte(2), 1, 1, total));
	}

	#[test]
	fn units_are_spread_evenly() {
		// 70,000 draws over seven units: each is expected 10,000 times, with a deviation of 93.
		let mut hit = [0u32; 7];
		for batch in 0..700 {
			for draw in 0..100 {
				hit[unit(&Hash::zero(), batch, draw, 7).unwrap() as usize] += 1;
			}
		}
		assert!(hit.iter().all(|count| count.abs_diff(10_000) < 500), "{hit:?}");
	}

	#[test]
	fn shares_are_those_of_largest_remainders() {
		assert_eq!([0, 1, 2].map(|draw| share(10, 3, draw)), [4, 3, 3]);
		assert_eq!(share(10, 3, 3), 0);
		assert_eq!(share(10, 0, 0), 0);
		assert_eq!([0, 1, 2].map(|draw| share(2, 3, draw)), [1, 1, 0]);
	}

	proptest! {
		#[test]
		fn units_stay_below_any_total(seed in any::<[u8; 32]>(), batch in any::<u32>(), draw in any::<u8>(), total in 1..=u128::MAX) {
			prop_assert!(unit(&seed.into(), batch, draw, total).unwrap() < total);
		}

		#[test]
		fn shares_add_up_and_differ_by_one_at_most(total in any::<u128>(), draws in 1u8..=255) {
			let shares: std::vec::Vec<u128> = (0..draws).map(|draw| share(total, draws, draw)).collect();
			prop_assert_eq!(shares.iter().sum::<u128>(), total);
			prop_assert!(shares.iter().max().unwrap() - shares.iter().min().unwrap() <= 1);
		}

		/// Summed over all units that a draw can take, each receipt is paid its fee for as many times
		/// as the draw's share has units: its fee's part of the share, exactly, on average.
		#[test]
		fn pay_over_all_units_is_the_mean_by_fee(fees in vec(1u128..40, 1..12), draws in 1u8..9) {
			let leaves: std::vec::Vec<SumNode> = (0..).zip(&fees)
				.map(|(n, fee)| SumNode { hash: Hash::from_low_u64_be(n), sum: *fee })
				.collect();
			let mut tree = SumFrontier::default();
			for leaf in &leaves {
				tree.push(*leaf).unwrap();
			}
			let (root, count) = (tree.root(), tree.count());
			let mut paid = std::vec![0u128; fees.len()];
			for draw in 0..draws {
				for taken in 0..root.sum {
					let hit: std::vec::Vec<usize> = (0..leaves.len())
						.filter(|at| {
							let proof = prove_slice(&leaves, *at as u32).unwrap();
							proof.interval(&root, count, *at as u32, &leaves[*at]).unwrap().contains(&taken)
						})
						.collect();
					prop_assert_eq!(hit.len(), 1);
					paid[hit[0]] += share(root.sum, draws, draw);
				}
			}
			// The draws together pay out the total for each way to draw them.
			for (paid, fee) in paid.iter().zip(&fees) {
				prop_assert_eq!(*paid, fee * root.sum);
			}
		}
	}
}
