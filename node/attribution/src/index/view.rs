//! An index as its bytes say it, without an object for each leaf.

use super::{
	Header,
	layout::{Layout, RECORD, Section},
};
use crate::{
	scan::{Rows, Scales},
	tree::{Node, Nodes, node_count},
};
use openledger_primitives_attribution::{ContributorLeaf, IndexLeaf};
use openledger_primitives_core::{Hash, Sketch, merkle::Proof, record::RecordLeaf};
use sp_core::crypto::AccountId32;

/// A training record's leaf, in the index's own bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeafRef<'a> {
	/// The position of its cluster's head; its own for a head.
	pub head: u32,
	/// The clipped size of its gradient; zero for a duplicate and for what can't be trained on.
	pub scale: u16,
	/// The direction of its gradient.
	pub sketch: &'a [i8],
}

/// All that an index's sections hold, once their lengths are those of its layout. What is asked for
/// beyond the last row is `None`.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
	pub(super) bytes: &'a [u8],
	pub(super) layout: &'a Layout,
	pub(super) header: &'a Header,
}

impl<'a> View<'a> {
	fn section(&self, section: Section) -> &'a [u8] {
		self.layout.section(self.bytes, section)
	}

	fn column<const N: usize>(&self, section: Section) -> &'a [[u8; N]] {
		self.section(section).as_chunks().0
	}

	fn nodes(&self, section: Section) -> &'a [Node] {
		self.column(section)
	}

	/// What the index was made from.
	pub fn header(&self) -> &'a Header {
		self.header
	}

	/// How many records there are.
	pub fn len(&self) -> usize {
		self.layout.records
	}

	/// Whether there are no records; never so in a valid index.
	pub fn is_empty(&self) -> bool {
		self.len() == 0
	}

	/// The position of a record's cluster head.
	pub fn head(&self, position: usize) -> Option<u32> {
		self.column(Section::Heads).get(position).map(|head| u32::from_le_bytes(*head))
	}

	/// Whether a record is the head of its cluster.
	pub fn is_head(&self, position: usize) -> bool {
		self.head(position).is_some_and(|head| head as usize == position)
	}

	/// A record's leaf.
	pub fn leaf(&self, position: usize) -> Option<LeafRef<'a>> {
		let scale = self.column(Section::Scales).get(position)?;
		Some(LeafRef {
			head: self.head(position)?,
			scale: u16::from_le_bytes(*scale),
			sketch: self.sketch(Section::Sketches, position)?,
		})
	}

	fn sketch(&self, section: Section, row: usize) -> Option<&'a [i8]> {
		let width = self.layout.dimension;
		let from = row.checked_mul(width)?;
		let bytes = self.section(section).get(from..from.checked_add(width)?)?;
		Some(bytemuck::cast_slice(bytes))
	}

	/// A record's leaf as it is hashed.
	pub fn index_leaf(&self, position: usize) -> Option<IndexLeaf> {
		let LeafRef { head, scale, sketch } = self.leaf(position)?;
		let record = self.record_hash(position)?;
		let sketch = Sketch::try_from(sketch.to_vec()).ok()?;
		Some(IndexLeaf { position: position as u32, record, head, scale, sketch })
	}

	/// The number of a record's contributor.
	pub fn contributor_of(&self, position: usize) -> Option<u32> {
		let row = self.column::<RECORD>(Section::Records).get(position)?;
		row.first_chunk().map(|number| u32::from_le_bytes(*number))
	}

	/// The block that a record was committed at.
	pub(super) fn committed_at(&self, position: usize) -> Option<u32> {
		let row = self.column::<RECORD>(Section::Records).get(position)?;
		row.last_chunk().map(|block| u32::from_le_bytes(*block))
	}

	/// The snapshot that holds a position, by its number, and the record's place in it.
	pub(super) fn locate(&self, position: usize) -> Option<(usize, usize)> {
		let mut rest = position;
		for (number, (_, snapshot)) in self.header.snapshots.iter().enumerate() {
			match rest.checked_sub(snapshot.count as usize) {
				Some(beyond) => rest = beyond,
				None => return Some((number, rest)),
			}
		}
		None
	}

	/// The record leaf behind a position.
	pub fn record(&self, position: usize) -> Option<RecordLeaf<AccountId32>> {
		let row = self.column::<RECORD>(Section::Records).get(position)?;
		let (contributor, rest) = row.split_first_chunk::<4>()?;
		let (content, rest) = rest.split_first_chunk::<32>()?;
		let (size, rest) = rest.split_first_chunk::<4>()?;
		let (snapshot, index) = self.locate(position)?;
		Some(RecordLeaf {
			datanet: self.header.snapshots.get(snapshot)?.0,
			index: index as u32,
			contributor: self.account(u32::from_le_bytes(*contributor) as usize)?,
			content: Hash(*content),
			size: u32::from_le_bytes(*size),
			committed_at: u32::from_le_bytes(*rest.first_chunk()?),
		})
	}

	/// How many contributors there are.
	pub fn contributors(&self) -> usize {
		self.layout.contributors
	}

	/// A contributor's account.
	pub fn account(&self, number: usize) -> Option<AccountId32> {
		self.column(Section::Accounts).get(number).map(|account| AccountId32::new(*account))
	}

	/// The number of a contributor's account.
	pub fn number_of(&self, account: &AccountId32) -> Option<u32> {
		let account: &[u8; 32] = account.as_ref();
		let found = self.column(Section::Accounts).binary_search(account);
		found.ok().map(|number| number as u32)
	}

	/// The positions of a contributor's records, in ascending order.
	pub fn members(&self, number: usize) -> Option<impl ExactSizeIterator<Item = u32> + 'a> {
		let starts = self.column::<4>(Section::Starts);
		let start = u32::from_le_bytes(*starts.get(number)?) as usize;
		let end = starts.get(number + 1).map(|end| u32::from_le_bytes(*end) as usize);
		let members = self.column::<4>(Section::Members);
		let members = members.get(start..end.unwrap_or(members.len()))?;
		Some(members.iter().map(|position| u32::from_le_bytes(*position)))
	}

	/// A contributor's leaf.
	pub fn contributor(&self, number: usize) -> Option<ContributorLeaf<AccountId32>> {
		let scale = self.column(Section::SumScales).get(number)?;
		let sketch = self.sketch(Section::Sums, number)?;
		Some(ContributorLeaf {
			account: self.account(number)?,
			scale: u32::from_le_bytes(*scale),
			sketch: Sketch::try_from(sketch.to_vec()).ok()?,
		})
	}

	/// The record leaves' sketches, for a scan.
	pub fn rows(&self) -> Rows<'a> {
		Rows::of_index(
			bytemuck::cast_slice(self.section(Section::Sketches)),
			Scales::Narrow(self.column(Section::Scales)),
			self.column(Section::Squares),
			self.layout.dimension,
		)
	}

	/// The contributor leaves' sketches, for a scan.
	pub fn contributor_rows(&self) -> Rows<'a> {
		Rows::of_index(
			bytemuck::cast_slice(self.section(Section::Sums)),
			Scales::Wide(self.column(Section::SumScales)),
			self.column(Section::SumSquares),
			self.layout.dimension,
		)
	}

	/// The tree of index leaves.
	pub(crate) fn leaf_tree(&self) -> Option<Nodes<'a>> {
		Nodes::new(self.nodes(Section::LeafNodes), self.len())
	}

	/// The tree of contributor leaves.
	pub(crate) fn contributor_tree(&self) -> Option<Nodes<'a>> {
		Nodes::new(self.nodes(Section::SumNodes), self.contributors())
	}

	/// The tree of a snapshot's record leaves.
	pub(crate) fn record_tree(&self, snapshot: usize) -> Option<Nodes<'a>> {
		let counts = || self.header.snapshots.iter().map(|(_, s)| s.count as usize);
		let from: usize = counts().take(snapshot).map(node_count).sum();
		let count = counts().nth(snapshot)?;
		let nodes = self.nodes(Section::RecordNodes).get(from..from + node_count(count))?;
		Nodes::new(nodes, count)
	}

	/// The proof that a position's record leaf is in its snapshot.
	pub(crate) fn membership(&self, position: usize) -> Option<Proof> {
		let (snapshot, at) = self.locate(position)?;
		self.record_tree(snapshot)?.prove(at)
	}

	/// The hash of a record leaf.
	pub(super) fn record_hash(&self, position: usize) -> Option<Hash> {
		let (snapshot, at) = self.locate(position)?;
		self.record_tree(snapshot)?.leaf(at)
	}
}
