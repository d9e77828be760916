//! One Merkle tree for every commitment: append-only, domain-separated, with inclusion proofs of one
//! leaf ([`Proof`]) or of several ([`MultiProof`]).
//!
//! The shape is that of RFC 6962 (Certificate Transparency), section 2.1: a tree of n leaves splits
//! at the largest power of two below n. Leaves and nodes are hashed under different prefixes, and
//! each kind of leaf under a tag of its own, so that no node and no leaf of another tree can be
//! passed off as a leaf. The hash is blake2b-256.

mod multi;

pub use multi::{MAX_NODES, MultiProof, Opened, Span, cover, prove_many};

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::{ConstU32, H256};
use sp_runtime::BoundedVec;

/// The most siblings in a proof: leaf counts are `u32`, so no tree is deeper.
pub const MAX_DEPTH: u32 = 32;

const LEAF: u8 = 0;
const NODE: u8 = 1;

/// What a leaf is a leaf of. The tag is hashed with the leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Domain {
	/// A record in its Datanet's tree.
	Record = 0,
	/// A training record in a model version's attribution index.
	Index = 1,
	/// A contributor in a model version's attribution index.
	Contributor = 2,
	/// A receipt in its session's tree of fees.
	Receipt = 3,
}

/// The hash of a leaf: `H(0x00 ‖ domain ‖ SCALE(value))`.
pub fn leaf_hash(domain: Domain, value: &impl Encode) -> H256 {
	let mut bytes = Vec::with_capacity(value.size_hint().saturating_add(2));
	bytes.push(LEAF);
	bytes.push(domain as u8);
	value.encode_to(&mut bytes);
	sp_io::hashing::blake2_256(&bytes).into()
}

/// The hash of an inner node: `H(0x01 ‖ left ‖ right)`.
pub fn node_hash(left: &H256, right: &H256) -> H256 {
	let mut bytes = Vec::with_capacity(65);
	bytes.push(NODE);
	bytes.extend_from_slice(left.as_bytes());
	bytes.extend_from_slice(right.as_bytes());
	sp_io::hashing::blake2_256(&bytes).into()
}

/// The root of a tree without leaves: all zeros, which no hash of a leaf or node is known to equal.
pub const EMPTY_ROOT: H256 = H256::zero();

/// Membership of one leaf: its siblings from the leaf upwards. The position and the number of
/// leaves are the verifier's to know, never the prover's to say.
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
pub struct Proof {
	/// Sibling hashes, the leaf's own first.
	pub siblings: BoundedVec<H256, ConstU32<MAX_DEPTH>>,
}

impl Proof {
	/// Whether `leaf` stands at `position` in the tree of `count` leaves with the given `root`.
	///
	/// Proofs with too few or too many siblings are refused (RFC 9162, section 2.1.3.2).
	pub fn verify(&self, root: &H256, count: u32, position: u32, leaf: &H256) -> bool {
		if position >= count {
			return false;
		}
		let mut at = position;
		let mut last = count.saturating_sub(1);
		let mut hash = *leaf;
		for sibling in &self.siblings {
			if last == 0 {
				return false;
			}
			if at & 1 == 1 || at == last {
				hash = node_hash(sibling, &hash);
				// A right edge without a sibling on its own level was carried up unpaired.
				while at & 1 == 0 && at != 0 {
					at >>= 1;
					last >>= 1;
				}
			} else {
				hash = node_hash(&hash, sibling);
			}
			at >>= 1;
			last >>= 1;
		}
		last == 0 && hash == *root
	}
}

/// The roots of the complete subtrees of an append-only tree, largest first: all that is needed to
/// append and to compute the root. At most one for each set bit of the leaf count.
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
pub struct Frontier {
	count: u32,
	peaks: BoundedVec<H256, ConstU32<MAX_DEPTH>>,
}

impl Frontier {
	/// The number of leaves.
	pub fn count(&self) -> u32 {
		self.count
	}

	/// Appends one leaf hash. `None`, and no change, once the tree holds `u32::MAX` leaves.
	pub fn push(&mut self, leaf: H256) -> Option<()> {
		let count = self.count.checked_add(1)?;
		let mut hash = leaf;
		// Each trailing one of the old count is a complete subtree as large as the one carried.
		for _ in 0..self.count.trailing_ones() {
			if let Some(left) = self.peaks.pop() {
				hash = node_hash(&left, &hash);
			}
		}
		self.peaks.try_push(hash).ok()?;
		self.count = count;
		Some(())
	}

	/// The root of the tree as it stands; [`EMPTY_ROOT`] without leaves.
	pub fn root(&self) -> H256 {
		let mut peaks = self.peaks.iter().rev();
		match peaks.next() {
			None => EMPTY_ROOT,
			Some(last) => peaks.fold(*last, |right, left| node_hash(left, &right)),
		}
	}
}

/// The root over `leaves` (leaf hashes, in order).
pub fn root(leaves: &[H256]) -> H256 {
	match leaves {
		[] => EMPTY_ROOT,
		[leaf] => *leaf,
		_ => {
			let (left, right) = leaves.split_at(split(leaves.len()));
			node_hash(&root(left), &root(right))
		}
	}
}

/// The proof for the leaf at `position` of `leaves`; `None` where there is no such leaf.
pub fn prove(leaves: &[H256], position: usize) -> Option<Proof> {
	fn walk(leaves: &[H256], position: usize, siblings: &mut Vec<H256>) {
		if leaves.len() < 2 {
			return;
		}
		let middle = split(leaves.len());
		let (left, right) = leaves.split_at(middle);
		if position < middle {
			walk(left, position, siblings);
			siblings.push(root(right));
		} else {
			walk(right, position.saturating_sub(middle), siblings);
			siblings.push(root(left));
		}
	}
	if position >= leaves.len() {
		return None;
	}
	let mut siblings = Vec::new();
	walk(leaves, position, &mut siblings);
	Some(Proof { siblings: BoundedVec::try_from(siblings).ok()? })
}

/// The largest power of two below `length`, for a length of at least two.
fn split(length: usize) -> usize {
	length.div_ceil(2).next_power_of_two()
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	fn leaves(count: u32) -> Vec<H256> {
		(0..count).map(|i| leaf_hash(Domain::Record, &i)).collect()
	}

	#[test]
	fn split_is_largest_power_of_two_below() {
		for (length, expected) in [(2, 1), (3, 2), (4, 2), (5, 4), (8, 4), (9, 8), (1025, 1024)] {
			assert_eq!(split(length), expected, "{length}");
		}
	}

	#[test]
	fn frontier_agrees_with_root_at_every_count() {
		let all = leaves(70);
		let mut frontier = Frontier::default();
		for count in 0..=all.len() {
			assert_eq!(frontier.root(), root(&all[..count]), "{count}");
			if let Some(leaf) = all.get(count) {
				frontier.push(*leaf).unwrap();
			}
		}
		assert_eq!(frontier.count(), 70);
	}

	#[test]
	fn proof_verifies_at_its_position_and_nowhere_else() {
		for count in 1..=40 {
			let all = leaves(count);
			let root = root(&all);
			for position in 0..count {
				let proof = prove(&all, position as usize).unwrap();
				for other in 0..count + 3 {
					assert_eq!(
						proof.verify(&root, count, other, &all[position as usize]),
						other == position,
						"count {count}, position {position}, claimed at {other}"
					);
				}
			}
		}
	}

	#[test]
	fn proof_is_refused_when_count_differs_and_shape_changes() {
		let all = leaves(5);
		let root = root(&all);
		let proof = prove(&all, 4).unwrap();
		assert!(proof.verify(&root, 5, 4, &all[4]));
		for count in [0, 4, 6, 8, 9, u32::MAX] {
			assert!(!proof.verify(&root, count, 4, &all[4]), "{count}");
		}
	}

	#[test]
	fn proof_is_refused_when_siblings_are_missing_added_or_swapped() {
		let all = leaves(11);
		let root = root(&all);
		for position in 0..11 {
			let good = prove(&all, position).unwrap();
			let leaf = all[position];
			let mut short = good.clone();
			short.siblings.pop();
			assert!(!short.verify(&root, 11, position as u32, &leaf));
			let mut long = good.clone();
			long.siblings.try_push(H256::zero()).unwrap();
			assert!(!long.verify(&root, 11, position as u32, &leaf));
			let mut swapped = good.clone();
			if swapped.siblings.len() > 1 {
				swapped.siblings.as_mut().swap(0, 1);
				assert!(!swapped.verify(&root, 11, position as u32, &leaf));
			}
		}
	}

	#[test]
	fn node_is_refused_as_leaf_and_domains_differ() {
		let all = leaves(4);
		let node = node_hash(&all[0], &all[1]);
		let sibling = node_hash(&all[2], &all[3]);
		let proof = Proof { siblings: BoundedVec::truncate_from(alloc::vec![sibling]) };
		// With the count as the tree has it, an inner node proves nothing.
		assert!(!proof.verify(&root(&all), 4, 0, &node));
		assert_ne!(leaf_hash(Domain::Record, &7u32), leaf_hash(Domain::Index, &7u32));
		assert_ne!(leaf_hash(Domain::Index, &7u32), leaf_hash(Domain::Contributor, &7u32));
	}

	#[test]
	fn empty_tree_proves_nothing() {
		assert_eq!(root(&[]), EMPTY_ROOT);
		assert_eq!(prove(&[], 0), None);
		assert!(!Proof::default().verify(&EMPTY_ROOT, 0, 0, &EMPTY_ROOT));
	}

	proptest! {
		#[test]
		fn any_altered_sibling_is_refused(count in 2u32..200, seed in any::<u32>(), bit in 0usize..256) {
			let all = leaves(count);
			let root = root(&all);
			let position = seed % count;
			let mut proof = prove(&all, position as usize).unwrap();
			prop_assert!(proof.verify(&root, count, position, &all[position as usize]));
			let at = seed as usize % proof.siblings.len();
			proof.siblings[at].0[bit / 8] ^= 1 << (bit % 8);
			prop_assert!(!proof.verify(&root, count, position, &all[position as usize]));
		}
	}
}
