//! A Merkle tree in which every node knows the sum below it.
//!
//! The shape is that of [`openledger_primitives_core::merkle`] (RFC 6962, section 2.1), and so is the
//! rule that leaves and nodes are hashed under different prefixes. A node hashes both children with
//! both their sums, so that a proof fixes where a leaf's fee begins and ends: the sums to its left
//! can't be shifted, nor a sum hidden in a sibling.

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::ops::Range;
use openledger_primitives_core::{
	Balance, Hash,
	merkle::{EMPTY_ROOT, MAX_DEPTH},
};
use scale_info::TypeInfo;
use sp_core::ConstU32;
use sp_runtime::BoundedVec;

/// Beside 0 and 1, which the tree without sums hashes its leaves and nodes under.
const SUM_NODE: u8 = 2;

/// A node or leaf: its hash, and the sum of the fees below it.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct SumNode {
	/// The hash. A leaf's commits to its fee by itself ([`crate::Receipt::leaf`]).
	pub hash: Hash,
	/// The sum of the fees, in the smallest unit of OPEN.
	pub sum: Balance,
}

impl SumNode {
	/// The root of a tree without leaves.
	pub const EMPTY: Self = Self { hash: EMPTY_ROOT, sum: 0 };

	/// The node over two others:
	/// `H(0x02 ‖ left hash ‖ left sum ‖ right hash ‖ right sum)`, the sums as 16 bytes,
	/// little-endian. `None` where the sum passes what a balance can hold.
	pub fn over(left: &Self, right: &Self) -> Option<Self> {
		let sum = left.sum.checked_add(right.sum)?;
		let mut bytes = Vec::with_capacity(97);
		bytes.push(SUM_NODE);
		for child in [left, right] {
			bytes.extend_from_slice(child.hash.as_bytes());
			bytes.extend_from_slice(&child.sum.to_le_bytes());
		}
		Some(Self { hash: sp_io::hashing::blake2_256(&bytes).into(), sum })
	}
}

/// Where one leaf's fee lies: the siblings of its path with their sums, the leaf's own first. The
/// position and the number of leaves are the verifier's to know.
#[derive(
	Clone,
	Debug,
	Default,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct SumProof {
	/// The siblings, the leaf's own first.
	pub siblings: BoundedVec<SumNode, ConstU32<MAX_DEPTH>>,
}

impl SumProof {
	/// The units that `leaf` covers in the tree of `count` leaves with the given `root`, at whose
	/// `position` it stands: from the sum of all leaves before it, as many as its fee. `None` where
	/// it does not stand there, or has no fee.
	///
	/// Proofs with too few or too many siblings are refused (RFC 9162, section 2.1.3.2).
	pub fn interval(
		&self,
		root: &SumNode,
		count: u32,
		position: u32,
		leaf: &SumNode,
	) -> Option<Range<Balance>> {
		if position >= count || leaf.sum == 0 {
			return None;
		}
		let mut at = position;
		let mut last = count.saturating_sub(1);
		let mut node = *leaf;
		let mut start: Balance = 0;
		for sibling in &self.siblings {
			if last == 0 {
				return None;
			}
			if at & 1 == 1 || at == last {
				node = SumNode::over(sibling, &node)?;
				start = start.checked_add(sibling.sum)?;
				// A right edge without a sibling on its own level was carried up unpaired.
				while at & 1 == 0 && at != 0 {
					at >>= 1;
					last >>= 1;
				}
			} else {
				node = SumNode::over(&node, sibling)?;
			}
			at >>= 1;
			last >>= 1;
		}
		if last != 0 || node != *root {
			return None;
		}
		Some(start..start.checked_add(leaf.sum)?)
	}
}

/// Why a leaf was not appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
	/// Its fee is zero: no draw could ever reach it.
	NoFee,
	/// The tree holds `u32::MAX` leaves.
	Full,
	/// The sum would pass what a balance can hold.
	Overflow,
	/// The frontier is not one that appending made, as after a fault of the disk that it was on.
	Damaged,
}

/// The roots of the complete subtrees of an append-only tree, largest first: all that is needed to
/// append and to compute the root. Both sides of a session keep it, and it survives a restart as
/// what it encodes to.
#[derive(
	Clone,
	Debug,
	Default,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct SumFrontier {
	count: u32,
	peaks: BoundedVec<SumNode, ConstU32<MAX_DEPTH>>,
}

impl SumFrontier {
	/// The number of leaves.
	pub fn count(&self) -> u32 {
		self.count
	}

	/// The sum of all leaves.
	pub fn sum(&self) -> Balance {
		self.peaks.iter().fold(0, |sum: Balance, peak| sum.saturating_add(peak.sum))
	}

	/// The root of the tree as it stands; [`SumNode::EMPTY`] without leaves.
	pub fn root(&self) -> SumNode {
		let mut peaks = self.peaks.iter().rev();
		let Some(last) = peaks.next() else { return SumNode::EMPTY };
		// Appending keeps the sum of all peaks within a balance, so this never ends early.
		peaks.try_fold(*last, |right, left| SumNode::over(left, &right)).unwrap_or(SumNode::EMPTY)
	}

	/// Appends one leaf.
	///
	/// # Errors
	/// [`Refused`]; nothing has changed then.
	pub fn push(&mut self, leaf: SumNode) -> Result<(), Refused> {
		self.push_with(leaf, |_, _, _| {})
	}

	/// Appends one leaf, and hands `keep` every complete subtree that this finishes: its level (a
	/// subtree of level `l` has 2ˡ leaves; the leaf itself is of level 0), its place among those of
	/// its level, and its root. Who keeps them can prove and find leaves in O(log n)
	/// ([`crate::prove`]).
	///
	/// # Errors
	/// [`Refused`]; nothing has changed then, and `keep` was not called.
	pub fn push_with(
		&mut self,
		leaf: SumNode,
		mut keep: impl FnMut(u32, u32, SumNode),
	) -> Result<(), Refused> {
		if leaf.sum == 0 {
			return Err(Refused::NoFee);
		}
		let count = self.count.checked_add(1).ok_or(Refused::Full)?;
		if self.peaks.len() != self.count.count_ones() as usize {
			return Err(Refused::Damaged);
		}
		self.peaks
			.iter()
			.try_fold(leaf.sum, |sum, peak| sum.checked_add(peak.sum))
			.ok_or(Refused::Overflow)?;

		let mut peaks = self.peaks.clone();
		let mut made = alloc::vec![leaf];
		let mut node = leaf;
		// Each trailing one of the old count is a complete subtree as large as the one carried.
		for _ in 0..self.count.trailing_ones() {
			let left = peaks.pop().ok_or(Refused::Damaged)?;
			node = SumNode::over(&left, &node).ok_or(Refused::Overflow)?;
			made.push(node);
		}
		peaks.try_push(node).map_err(|_| Refused::Full)?;
		for (level, node) in (0u32..).zip(made) {
			keep(level, self.count.checked_shr(level).unwrap_or(0), node);
		}
		self.peaks = peaks;
		self.count = count;
		Ok(())
	}
}

#[cfg(test)]
mod tests;
