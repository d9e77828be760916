//! Summing a contributor's records into one leaf.

use crate::claim::{ContributorLeaf, IndexLeaf};
use alloc::{vec, vec::Vec};
use openledger_primitives_core::Sketch;

/// The sum of `scale · sketch` over a contributor's cluster heads, exact in whatever order they are
/// added.
#[derive(Clone, Debug)]
pub struct Sum {
	sums: Vec<i64>,
}

impl Sum {
	/// The sum over no heads.
	pub fn new(dimension: usize) -> Self {
		Self { sums: vec![0; dimension] }
	}

	/// Adds a head. `None` where its sketch has another length, or a component of the sum passes
	/// `i64`.
	pub fn add(&mut self, scale: u16, sketch: &[i8]) -> Option<()> {
		if sketch.len() != self.sums.len() {
			return None;
		}
		for (sum, component) in self.sums.iter_mut().zip(sketch) {
			let product = i64::from(scale).checked_mul(i64::from(*component))?;
			*sum = sum.checked_add(product)?;
		}
		Some(())
	}

	/// The leaf: the sum divided by the smallest whole scale that brings every component to
	/// −127…127, halves away from zero. Every step is exact or rounds the same way on every machine,
	/// and negating all sketches negates the result.
	///
	/// `None` where the scale passes `u32`, or the sketch its longest.
	pub fn leaf<AccountId>(&self, account: AccountId) -> Option<ContributorLeaf<AccountId>> {
		let most = self.sums.iter().map(|sum| sum.unsigned_abs()).max().unwrap_or(0);
		let scale = u32::try_from(most.div_ceil(127)).ok()?;
		let divisor = u64::from(scale.max(1));
		let sketch: Vec<i8> = self
			.sums
			.iter()
			.map(|sum| {
				let rounded = sum
					.unsigned_abs()
					.saturating_mul(2)
					.saturating_add(divisor)
					.checked_div(divisor.saturating_mul(2))?;
				let magnitude = i8::try_from(rounded).ok()?;
				Some(if *sum < 0 { magnitude.saturating_neg() } else { magnitude })
			})
			.collect::<Option<_>>()?;
		Some(ContributorLeaf { account, scale, sketch: Sketch::try_from(sketch).ok()? })
	}
}

/// The contributor leaf over `leaves`, all of one contributor: the [`Sum`] of those that are cluster
/// heads.
///
/// `None` where the sketches' lengths are not `dimension`, or the scale passes `u32`.
pub fn sum<'a, AccountId>(
	account: AccountId,
	dimension: usize,
	leaves: impl IntoIterator<Item = &'a IndexLeaf>,
) -> Option<ContributorLeaf<AccountId>> {
	let mut sum = Sum::new(dimension);
	for leaf in leaves {
		if leaf.head == leaf.position {
			sum.add(leaf.scale, &leaf.sketch)?;
		}
	}
	sum.leaf(account)
}

#[cfg(test)]
mod tests {
	use super::*;
	use openledger_primitives_core::Hash;
	use proptest::prelude::*;

	fn leaf(position: u32, head: u32, scale: u16, sketch: &[i8]) -> IndexLeaf {
		IndexLeaf {
			position,
			record: Hash::zero(),
			head,
			scale,
			sketch: Sketch::truncate_from(sketch.to_vec()),
		}
	}

	#[test]
	fn sum_nets_negatives_and_skips_duplicates() {
		let leaves =
			[leaf(0, 0, 10, &[100, 50]), leaf(1, 1, 10, &[-100, 50]), leaf(2, 0, 9, &[127, 127])];
		let sum = sum(7u64, 2, &leaves).unwrap();
		assert_eq!((sum.scale, sum.sketch.to_vec()), (8, vec![0, 125]));
	}

	#[test]
	fn sum_is_zero_when_there_are_no_records() {
		let sum = sum(7u64, 3, []).unwrap();
		assert_eq!((sum.scale, sum.sketch.to_vec()), (0, vec![0, 0, 0]));
	}

	#[test]
	fn sum_is_refused_when_a_sketch_has_another_length() {
		assert_eq!(sum(7u64, 3, &[leaf(0, 0, 1, &[1, 2])]), None);
	}

	proptest! {
		#[test]
		fn rounding_stays_within_half_a_unit(
			records in proptest::collection::vec((0u16..2_000, proptest::collection::vec(-127i8..=127, 8)), 1..40),
		) {
			let leaves: Vec<_> = records.iter().enumerate()
				.map(|(i, (scale, sketch))| leaf(i as u32, i as u32, *scale, sketch)).collect();
			let leaf = sum(0u64, 8, &leaves).unwrap();
			for (j, component) in leaf.sketch.iter().enumerate() {
				let exact: i64 = records.iter().map(|(scale, s)| i64::from(*scale) * i64::from(s[j])).sum();
				let error = exact - i64::from(leaf.scale) * i64::from(*component);
				prop_assert!(error.abs() * 2 <= i64::from(leaf.scale));
			}
		}
	}
}
