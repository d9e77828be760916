//! Merkle trees with every node at hand, for many proofs over the same leaves.
//!
//! The tree is that of [`openledger_primitives_core::merkle`], whose `prove` hashes all leaves again
//! for every proof; here each node is hashed once. A tree is one array: its levels one after the
//! other, leaves first, each half as long as the one before, rounded up. A node without a sibling is
//! carried up unchanged.

use openledger_primitives_core::{
	Hash,
	merkle::{EMPTY_ROOT, MultiProof, Proof, Span, node_hash},
};
use rayon::prelude::*;

/// A node's hash as it is stored.
pub type Node = [u8; 32];

/// Nodes below which hashing on several threads is not worth it.
const SERIAL: usize = 256;

/// The lengths of a tree's levels, leaves first.
pub fn levels(leaves: usize) -> impl Iterator<Item = usize> {
	std::iter::successors(Some(leaves), |below| (*below > 1).then(|| below.div_ceil(2)))
}

/// How many nodes a tree has, leaves among them.
pub fn node_count(leaves: usize) -> usize {
	levels(leaves).sum()
}

/// The level above some nodes, of which the first has an even place in its level.
pub(crate) fn parents(below: &[Node]) -> Vec<Node> {
	below
		.par_chunks(2)
		.with_min_len(SERIAL)
		.map(|pair| match pair {
			[left, right] => node_hash(&Hash(*left), &Hash(*right)).0,
			[single, ..] => *single,
			[] => EMPTY_ROOT.0,
		})
		.collect()
}

/// A tree whose nodes lie elsewhere.
#[derive(Debug, Clone, Copy)]
pub struct Nodes<'a> {
	nodes: &'a [Node],
	leaves: usize,
}

impl<'a> Nodes<'a> {
	/// The tree over `leaves` leaves; `None` where `nodes` are not as many as it has. Whether they are
	/// the tree's is not looked at.
	pub fn new(nodes: &'a [Node], leaves: usize) -> Option<Self> {
		(nodes.len() == node_count(leaves)).then_some(Self { nodes, leaves })
	}

	/// The number of leaves.
	pub fn len(&self) -> usize {
		self.leaves
	}

	/// Whether there are no leaves.
	pub fn is_empty(&self) -> bool {
		self.leaves == 0
	}

	/// The levels, leaves first.
	pub fn levels(&self) -> impl Iterator<Item = &'a [Node]> + use<'a> {
		let mut rest = self.nodes;
		levels(self.leaves).map_while(move |length| {
			let (level, above) = rest.split_at_checked(length)?;
			rest = above;
			Some(level)
		})
	}

	/// The root; [`EMPTY_ROOT`] without leaves.
	pub fn root(&self) -> Hash {
		self.nodes.last().map_or(EMPTY_ROOT, |root| Hash(*root))
	}

	/// The hash of the leaf at `position`.
	pub fn leaf(&self, position: usize) -> Option<Hash> {
		(position < self.leaves).then(|| self.nodes.get(position).map(|leaf| Hash(*leaf)))?
	}

	/// The proof of the leaf at `position`; `None` where there is no such leaf.
	pub fn prove(&self, position: usize) -> Option<Proof> {
		if position >= self.leaves {
			return None;
		}
		let mut siblings = Vec::new();
		let mut at = position;
		for level in self.levels() {
			siblings.extend(level.get(at ^ 1).map(|sibling| Hash(*sibling)));
			at /= 2;
		}
		Some(Proof { siblings: siblings.try_into().ok()? })
	}

	/// The root of a subtree; `None` where the tree has no such subtree.
	fn node(&self, span: Span) -> Option<Hash> {
		let level = span.count.checked_next_power_of_two()?.trailing_zeros();
		let nodes = self.levels().nth(level as usize)?;
		nodes.get((span.first >> level) as usize).map(|node| Hash(*node))
	}

	/// The proof of the leaves at `positions`; `None` where they do not ascend or one is not there, or
	/// where they are more than a proof has room for.
	pub fn prove_many(&self, positions: &[u32]) -> Option<MultiProof> {
		let count = u32::try_from(self.leaves).ok()?;
		MultiProof::of(count, positions, |span| self.node(span))
	}

	/// Whether every node above the leaves is the hash of those below it.
	pub fn is_sound(&self) -> bool {
		let above = self.levels().skip(1);
		self.levels().zip(above).all(|(below, level)| {
			below
				.par_chunks(2 * SERIAL)
				.zip(level.par_chunks(SERIAL))
				.all(|(below, level)| parents(below) == level)
		})
	}
}

/// A tree held in memory.
#[derive(Debug, Clone)]
pub struct Tree {
	nodes: Vec<Node>,
	leaves: usize,
}

impl Tree {
	/// The tree over leaf hashes, in order.
	pub fn new(leaves: Vec<Hash>) -> Self {
		let count = leaves.len();
		let mut nodes: Vec<Node> = Vec::with_capacity(node_count(count));
		nodes.extend(leaves.iter().map(|leaf| leaf.0));
		let mut from = 0;
		for length in levels(count) {
			if length > 1 {
				let above = parents(&nodes[from..from + length]);
				nodes.extend(above);
			}
			from += length;
		}
		Self { nodes, leaves: count }
	}

	fn nodes(&self) -> Nodes<'_> {
		Nodes { nodes: &self.nodes, leaves: self.leaves }
	}

	/// The number of leaves.
	pub fn len(&self) -> usize {
		self.leaves
	}

	/// Whether there are no leaves.
	pub fn is_empty(&self) -> bool {
		self.leaves == 0
	}

	/// The root; [`EMPTY_ROOT`] without leaves.
	pub fn root(&self) -> Hash {
		self.nodes().root()
	}

	/// The hash of the leaf at `position`.
	pub fn leaf(&self, position: usize) -> Option<Hash> {
		self.nodes().leaf(position)
	}

	/// The proof of the leaf at `position`; `None` where there is no such leaf.
	pub fn prove(&self, position: usize) -> Option<Proof> {
		self.nodes().prove(position)
	}

	/// The proof of several leaves, as [`Nodes::prove_many`].
	pub fn prove_many(&self, positions: &[u32]) -> Option<MultiProof> {
		self.nodes().prove_many(positions)
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
		for count in (0..70).chain([1_000, 1_025]) {
			let leaves = leaves(count);
			let tree = Tree::new(leaves.clone());
			assert_eq!(tree.root(), merkle::root(&leaves));
			assert_eq!(tree.len(), count as usize);
			assert!(tree.nodes().is_sound());
			for position in (0..count as usize).filter(|at| count < 70 || at % 97 == 0) {
				assert_eq!(tree.prove(position), merkle::prove(&leaves, position));
				assert_eq!(tree.leaf(position), Some(leaves[position]));
			}
		}
	}

	#[test]
	fn proofs_of_several_leaves_agree_with_the_rule() {
		for count in (1..40).chain([1_000, 1_025]) {
			let leaves = leaves(count);
			let tree = Tree::new(leaves.clone());
			for step in [1, 2, 3, 7, 100] {
				let positions: Vec<u32> =
					(step / 2..count).step_by(step as usize).take(16).collect();
				let proof = tree.prove_many(&positions);
				assert!(proof.is_some());
				assert_eq!(proof, merkle::prove_many(&leaves, &positions), "{count} {step}");
			}
			assert_eq!(tree.prove_many(&[count]), None);
		}
	}

	#[test]
	fn proof_is_none_when_there_is_no_such_leaf() {
		assert_eq!(Tree::new(leaves(3)).prove(3), None);
		assert_eq!(Tree::new(Vec::new()).prove(0), None);
		assert_eq!(Tree::new(leaves(3)).leaf(3), None);
	}

	#[test]
	fn nodes_are_refused_when_not_as_many_and_unsound_when_altered() {
		let tree = Tree::new(leaves(700));
		assert!(Nodes::new(&tree.nodes, 701).is_none());
		for at in [0, 699, 700, tree.nodes.len() - 1] {
			let mut altered = tree.nodes.clone();
			altered[at][5] ^= 1;
			assert!(!Nodes::new(&altered, 700).unwrap().is_sound(), "{at}");
		}
	}
}
