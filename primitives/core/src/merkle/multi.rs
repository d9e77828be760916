//! One proof for several leaves of a tree.
//!
//! Paths to the root meet, and what lies on two of them is shown once or not at all: a node that
//! follows from the leaves shown is not part of the proof. What is left are the roots of the largest
//! subtrees without any of the leaves. Which these are follows from the number of leaves and the
//! positions, and they stand in the order of the leaves below them. So there is one proof for a set of
//! positions, and its length is known before anything is hashed.

use super::{MAX_DEPTH, Proof, node_hash, root, split};
use crate::MAX_CREDITS;
use alloc::{collections::BTreeMap, vec::Vec};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::{ConstU32, H256};
use sp_runtime::BoundedVec;

/// The most nodes that a proof of [`MAX_CREDITS`] leaves can need: the leaves are then as far apart
/// as they can be, so that their paths, 32 long, have met only where there are fewer nodes than paths.
pub const MAX_NODES: u32 = MAX_CREDITS * (MAX_DEPTH - MAX_CREDITS.ilog2());

/// The leaves under a node: a subtree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
	/// The position of the first leaf.
	pub first: u32,
	/// How many leaves there are.
	pub count: u32,
}

impl Span {
	/// The whole tree of `count` leaves.
	pub fn whole(count: u32) -> Self {
		Self { first: 0, count }
	}

	/// The subtrees under the node's children; `None` for a leaf.
	fn halves(self) -> Option<(Self, Self)> {
		if self.count < 2 {
			return None;
		}
		let middle = u32::try_from(split(usize::try_from(self.count).ok()?)).ok()?;
		let right = self.count.checked_sub(middle)?;
		let first = self.first.checked_add(middle)?;
		Some((Self { first: self.first, count: middle }, Self { first, count: right }))
	}
}

/// The subtrees whose roots prove the leaves at `positions` in a tree of `count` leaves, in order.
///
/// `None` where the positions do not ascend, one stands twice, or there is no such leaf. Without
/// positions there is nothing to prove, and no subtree.
pub fn cover(count: u32, positions: &[u32]) -> Option<Vec<Span>> {
	fn walk(span: Span, positions: &[u32], spans: &mut Vec<Span>) {
		if positions.is_empty() {
			spans.push(span);
		} else if let Some((left, right)) = span.halves() {
			let (in_left, in_right) = part(positions, right);
			walk(left, in_left, spans);
			walk(right, in_right, spans);
		}
	}
	let ascending = positions.is_sorted_by(|one, next| one < next);
	let within = positions.last().is_none_or(|last| *last < count);
	if !ascending || !within {
		return None;
	}
	let mut spans = Vec::new();
	if !positions.is_empty() {
		walk(Span::whole(count), positions, &mut spans);
	}
	Some(spans)
}

/// The positions before those of `right`, and these.
fn part(positions: &[u32], right: Span) -> (&[u32], &[u32]) {
	positions.split_at(positions.partition_point(|position| *position < right.first))
}

/// Membership of several leaves. Positions and the number of leaves are the verifier's to know, as with
/// [`Proof`].
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
pub struct MultiProof {
	/// The roots of the subtrees that [`cover`] names.
	pub nodes: BoundedVec<H256, ConstU32<MAX_NODES>>,
}

impl MultiProof {
	/// The proof of the leaves at `positions`, with nodes from `node`. `None` where [`cover`] is, where
	/// `node` is, or where the nodes are more than a proof has room for: it has for any
	/// [`MAX_CREDITS`] leaves.
	pub fn of(
		count: u32,
		positions: &[u32],
		node: impl FnMut(Span) -> Option<H256>,
	) -> Option<Self> {
		let nodes = cover(count, positions)?.into_iter().map(node).collect::<Option<Vec<_>>>()?;
		Some(Self { nodes: BoundedVec::try_from(nodes).ok()? })
	}

	/// Whether `leaves`, hashes in the order of `positions`, stand at these in the tree of `count`
	/// leaves with the given `root`.
	///
	/// Positions that do not ascend, and a proof with more or fewer nodes than they imply, are refused
	/// before the first of `leaves` is asked for. No leaves are proven by no nodes.
	pub fn verify(
		&self,
		root: &H256,
		count: u32,
		positions: &[u32],
		leaves: impl IntoIterator<Item = H256>,
	) -> bool {
		if positions.is_empty() {
			return self.nodes.is_empty();
		}
		self.fold(count, positions, leaves, |_, _| ()).as_ref() == Some(root)
	}

	/// All nodes that the proof and `leaves` give, for other proofs of the same leaves. Says nothing on
	/// whether they are a tree's: see [`Opened::root`].
	///
	/// `None` where the proof's length is not what the positions imply, or there are none.
	pub fn open(
		&self,
		count: u32,
		positions: &[u32],
		leaves: impl IntoIterator<Item = H256>,
	) -> Option<Opened> {
		let mut nodes = BTreeMap::new();
		self.fold(count, positions, leaves, |span, hash| {
			nodes.insert(span, *hash);
		})?;
		Some(Opened { count, nodes })
	}

	/// The root, with every node on the way to it given to `visit`.
	fn fold(
		&self,
		count: u32,
		positions: &[u32],
		leaves: impl IntoIterator<Item = H256>,
		visit: impl FnMut(Span, &H256),
	) -> Option<H256> {
		if positions.is_empty() || cover(count, positions)?.len() != self.nodes.len() {
			return None;
		}
		let nodes = self.nodes.iter().copied();
		Fold { nodes, leaves: leaves.into_iter(), visit }.node(Span::whole(count), positions)
	}
}

struct Fold<Nodes, Leaves, Visit> {
	nodes: Nodes,
	leaves: Leaves,
	visit: Visit,
}

impl<Nodes, Leaves, Visit> Fold<Nodes, Leaves, Visit>
where
	Nodes: Iterator<Item = H256>,
	Leaves: Iterator<Item = H256>,
	Visit: FnMut(Span, &H256),
{
	/// A node's hash. No deeper than a tree is: [`MAX_DEPTH`].
	fn node(&mut self, span: Span, positions: &[u32]) -> Option<H256> {
		let hash = match (positions, span.halves()) {
			([], _) => self.nodes.next()?,
			(_, None) => self.leaves.next()?,
			(_, Some((left, right))) => {
				let (in_left, in_right) = part(positions, right);
				let left = self.node(left, in_left)?;
				node_hash(&left, &self.node(right, in_right)?)
			}
		};
		(self.visit)(span, &hash);
		Some(hash)
	}
}

/// The nodes that a proof shows: those on the paths of its leaves, and their siblings.
#[derive(Clone, Debug)]
pub struct Opened {
	count: u32,
	nodes: BTreeMap<Span, H256>,
}

impl Opened {
	/// The root that the proof leads to.
	pub fn root(&self) -> Option<H256> {
		self.node(Span::whole(self.count))
	}

	/// The root of a subtree, where the proof shows it.
	pub fn node(&self, span: Span) -> Option<H256> {
		self.nodes.get(&span).copied()
	}

	/// The proof of one of the leaves alone.
	pub fn prove(&self, position: u32) -> Option<Proof> {
		if position >= self.count {
			return None;
		}
		let (mut span, mut siblings) = (Span::whole(self.count), Vec::new());
		while let Some((left, right)) = span.halves() {
			let (next, sibling) =
				if position < right.first { (left, right) } else { (right, left) };
			siblings.push(self.node(sibling)?);
			span = next;
		}
		siblings.reverse();
		Some(Proof { siblings: BoundedVec::try_from(siblings).ok()? })
	}

	/// The proof of some of the leaves.
	pub fn prove_many(&self, positions: &[u32]) -> Option<MultiProof> {
		MultiProof::of(self.count, positions, |span| self.node(span))
	}
}

/// The proof of the leaves at `positions` of `leaves` (leaf hashes, in order); `None` as with
/// [`MultiProof::of`].
pub fn prove_many(leaves: &[H256], positions: &[u32]) -> Option<MultiProof> {
	let count = u32::try_from(leaves.len()).ok()?;
	MultiProof::of(count, positions, |span| {
		let first = usize::try_from(span.first).ok()?;
		let end = first.checked_add(usize::try_from(span.count).ok()?)?;
		Some(root(leaves.get(first..end)?))
	})
}

#[cfg(test)]
mod tests;
