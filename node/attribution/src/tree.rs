//! A Merkle tree held in memory, for many proofs over the same leaves.
//!
//! The tree is that of [`openledger_primitives_core::merkle`], whose `prove` hashes all leaves again
//! for every proof; here each node is hashed once.

use openledger_primitives_core::{
	Hash,
	merkle::{EMPTY_ROOT, Proof, node_hash},
};

/// Every level of a tree, leaves first. A node without a sibling is carried up unchanged.
#[derive(Debug, Clone)]
pub struct Tree {
	levels: Vec<Vec<Hash>>,
}

impl Tree {
	/// The tree over leaf hashes, in order.
	pub fn new(leaves: Vec<Hash>) -> Self {
		let mut levels = vec![leaves];
		while let Some(last) = levels.last().filter(|level| level.len() > 1) {
			let next = last
				.chunks(2)
				.map(|pair| match pair {
					[left, right] => node_hash(left, right),
					[single, ..] => *single,
					[] => EMPTY_ROOT,
				})
				.collect();
			levels.push(next);
		}
		Self { levels }
	}

	/// The number of leaves.
	pub fn len(&self) -> usize {
		self.levels.first().map_or(0, Vec::len)
	}

	/// Whether there are no leaves.
	pub fn is_empty(&self) -> bool {
		self.len() == 0
	}

	/// The root; [`EMPTY_ROOT`] without leaves.
	pub fn root(&self) -> Hash {
		self.levels.last().and_then(|level| level.first()).copied().unwrap_or(EMPTY_ROOT)
	}

	/// The proof of the leaf at `position`; `None` where there is no such leaf.
	pub fn prove(&self, position: usize) -> Option<Proof> {
		if position >= self.len() {
			return None;
		}
		let mut siblings = Vec::new();
		let mut at = position;
		for level in &self.levels {
			siblings.extend(level.get(at ^ 1));
			at /= 2;
		}
		Some(Proof { siblings: siblings.try_into().ok()? })
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use openledger_primitives_core::merkle::{self, Domain, leaf_hash};

	fn leaves(count: u32) -> Vec<Hash> {
		(0..count).map(|i| leaf_hash(Domain::Index, &i)).collect()
	}

	#[test]
	fn tree_agrees_with_the_rule_at_every_count() {
		for count in 0..70 {
			let leaves = leaves(count);
			let tree = Tree::new(leaves.clone());
			assert_eq!(tree.root(), merkle::root(&leaves));
			assert_eq!(tree.len(), count as usize);
			for position in 0..count as usize {
				assert_eq!(tree.prove(position), merkle::prove(&leaves, position));
			}
		}
	}

	#[test]
	fn proof_is_none_when_there_is_no_such_leaf() {
		assert_eq!(Tree::new(leaves(3)).prove(3), None);
		assert_eq!(Tree::new(Vec::new()).prove(0), None);
	}
}
