//! Making proofs, and finding the leaf that a unit falls into.
//!
//! Every function takes the tree's nodes from `node(level, index)`: the root of the complete
//! subtree over the leaves `index · 2^level` up to, not including, `(index + 1) · 2^level`. These
//! never change as the tree grows, so who keeps what [`crate::SumFrontier::push_with`] hands out can
//! prove for any earlier voucher too. Each call reads O(log n) nodes, complete ones of the first
//! `count` leaves only.

use crate::sum_tree::{SumNode, SumProof};
use alloc::vec::Vec;
use core::{convert::Infallible, ops::Range};
use openledger_primitives_core::Balance;
use sp_runtime::BoundedVec;

/// The largest power of two below `length`, for a length of at least two.
fn split(length: u32) -> u32 {
	let halved = length.saturating_sub(1);
	1u32.checked_shl(u32::BITS.saturating_sub(1).saturating_sub(halved.leading_zeros()))
		.unwrap_or(1)
}

/// The root over `length` leaves from `start` on, which is a multiple of every power of two that
/// `length` is made of.
fn subtree<E>(
	start: u32,
	length: u32,
	node: &mut impl FnMut(u32, u32) -> Result<SumNode, E>,
) -> Result<Option<SumNode>, E> {
	let mut end = start.saturating_add(length);
	let mut left = length;
	let mut root: Option<SumNode> = None;
	while left > 0 {
		let level = left.trailing_zeros();
		let size = 1u32.checked_shl(level).unwrap_or(0);
		end = end.saturating_sub(size);
		left = left.saturating_sub(size);
		let peak = node(level, end.checked_shr(level).unwrap_or(0))?;
		root = match root {
			None => Some(peak),
			Some(right) => match SumNode::over(&peak, &right) {
				Some(both) => Some(both),
				None => return Ok(None),
			},
		};
	}
	Ok(root)
}

/// The root over the first `count` leaves; [`SumNode::EMPTY`] for none. `None` where the sum passes
/// what a balance can hold.
///
/// # Errors
/// What `node` fails with.
pub fn root<E>(
	count: u32,
	mut node: impl FnMut(u32, u32) -> Result<SumNode, E>,
) -> Result<Option<SumNode>, E> {
	if count == 0 {
		return Ok(Some(SumNode::EMPTY));
	}
	subtree(0, count, &mut node)
}

/// The proof for the leaf at `position` in the tree of the first `count` leaves. `None` where there
/// is no such leaf.
///
/// # Errors
/// What `node` fails with.
pub fn prove<E>(
	count: u32,
	position: u32,
	mut node: impl FnMut(u32, u32) -> Result<SumNode, E>,
) -> Result<Option<SumProof>, E> {
	if position >= count {
		return Ok(None);
	}
	let (mut start, mut length) = (0u32, count);
	let mut siblings = Vec::new();
	while length > 1 {
		let size = split(length);
		let middle = start.saturating_add(size);
		let right = length.saturating_sub(size);
		let sibling = if position < middle {
			length = size;
			subtree(middle, right, &mut node)?
		} else {
			let left = start;
			(start, length) = (middle, right);
			subtree(left, size, &mut node)?
		};
		let Some(sibling) = sibling else { return Ok(None) };
		siblings.push(sibling);
	}
	siblings.reverse();
	Ok(BoundedVec::try_from(siblings).ok().map(|siblings| SumProof { siblings }))
}

/// The position of the leaf that covers `unit` in the tree of the first `count` leaves, and all the
/// units that it covers. `None` where the unit is not below the tree's sum.
///
/// # Errors
/// What `node` fails with.
pub fn find<E>(
	count: u32,
	unit: Balance,
	mut node: impl FnMut(u32, u32) -> Result<SumNode, E>,
) -> Result<Option<(u32, Range<Balance>)>, E> {
	if count == 0 {
		return Ok(None);
	}
	let (mut start, mut length, mut before) = (0u32, count, 0);
	while length > 1 {
		let size = split(length);
		let Some(left) = subtree(start, size, &mut node)? else { return Ok(None) };
		let Some(middle) = left.sum.checked_add(before) else { return Ok(None) };
		if unit < middle {
			length = size;
		} else {
			start = start.saturating_add(size);
			length = length.saturating_sub(size);
			before = middle;
		}
	}
	let leaf = node(0, start)?;
	let Some(end) = leaf.sum.checked_add(before) else { return Ok(None) };
	let units = before..end;
	Ok(units.contains(&unit).then_some((start, units)))
}

/// The proof for the leaf at `position` of all `leaves`; reads each of them. `None` where there is
/// no such leaf, or the sum passes what a balance can hold.
pub fn prove_slice(leaves: &[SumNode], position: u32) -> Option<SumProof> {
	let count = u32::try_from(leaves.len()).ok()?;
	let mut faulty = false;
	let node = |level: u32, index: u32| {
		let found = complete(leaves, level, index);
		faulty |= found.is_none();
		Ok::<_, Infallible>(found.unwrap_or(SumNode::EMPTY))
	};
	let Ok(proof) = prove(count, position, node);
	proof.filter(|_| !faulty)
}

/// The root of a complete subtree of `leaves`.
fn complete(leaves: &[SumNode], level: u32, index: u32) -> Option<SumNode> {
	let Some(below) = level.checked_sub(1) else { return leaves.get(index as usize).copied() };
	let left = index.checked_mul(2)?;
	SumNode::over(&complete(leaves, below, left)?, &complete(leaves, below, left.checked_add(1)?)?)
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::sum_tree::SumFrontier;
	use openledger_primitives_core::Hash;
	use std::collections::BTreeMap;

	#[test]
	fn split_is_largest_power_of_two_below() {
		for (length, expected) in [(2, 1), (3, 2), (4, 2), (5, 4), (8, 4), (9, 8), (1025, 1024)] {
			assert_eq!(split(length), expected, "{length}");
		}
		assert_eq!(split(u32::MAX), 1 << 31);
	}

	#[test]
	fn kept_nodes_prove_and_find_every_leaf_at_every_earlier_count() {
		let (mut tree, mut kept) = (SumFrontier::default(), BTreeMap::new());
		let leaves: Vec<SumNode> = (0..37u128)
			.map(|i| SumNode { hash: Hash::from_low_u64_be(i as u64), sum: 1 + i * i % 5 })
			.collect();
		let mut roots = vec![tree.root()];
		for leaf in &leaves {
			tree.push_with(*leaf, |level, index, node| {
				assert_eq!(kept.insert((level, index), node), None);
			})
			.unwrap();
			roots.push(tree.root());
		}
		for count in 0..=leaves.len() as u32 {
			let first = &leaves[..count as usize];
			let top = roots[count as usize];
			// A node beyond the tree is an error here, so none is asked for.
			let node = |level, index: u32| match (index + 1) << level {
				end if end <= count => Ok(kept[&(level, index)]),
				end => Err(end),
			};
			assert_eq!(root(count, node), Ok(Some(top)));
			assert_eq!(prove(count, count, node), Ok(None));
			let mut start = 0;
			for (position, leaf) in (0..).zip(first) {
				let proof = prove(count, position, node).unwrap().unwrap();
				assert_eq!(prove_slice(first, position), Some(proof.clone()));
				let units = start..start + leaf.sum;
				assert_eq!(proof.interval(&top, count, position, leaf), Some(units.clone()));
				for unit in units.clone() {
					assert_eq!(find(count, unit, node), Ok(Some((position, units.clone()))));
				}
				start = units.end;
			}
			assert_eq!(find(count, top.sum, node), Ok(None));
		}
	}

	#[test]
	fn proofs_read_few_nodes() {
		let leaves: Vec<SumNode> =
			(0..1000).map(|i| SumNode { hash: Hash::from_low_u64_be(i), sum: 1 }).collect();
		for position in [0, 511, 512, 999] {
			let mut read = 0;
			let node = |level, index| {
				read += 1;
				complete(&leaves, level, index).ok_or(())
			};
			assert!(prove(1000, position, node).unwrap().is_some());
			assert!(read <= 2 * 10, "{read} nodes for leaf {position}");
		}
	}

	#[test]
	fn nothing_is_proved_of_sums_that_overflow() {
		let leaf = SumNode { hash: Hash::zero(), sum: u128::MAX };
		assert_eq!(prove_slice(&[leaf, leaf, leaf], 2), None);
		assert_eq!(prove_slice(&[], 0), None);
	}

	#[test]
	fn failures_to_read_are_passed_on() {
		assert_eq!(prove(2, 0, |_, _| Err("disk")), Err("disk"));
		assert_eq!(find(2, 0, |_, _| Err("disk")), Err("disk"));
		assert_eq!(root(2, |_, _| Err("disk")), Err("disk"));
	}
}
