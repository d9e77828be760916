//! Writing an index: records first, then leaves as they come, then all that follows from both.
//!
//! Memory is bounded by the records' contributors and a few batches of leaves. With an index over the
//! first of the records, its leaves and all hashes that only depend on them are taken over as they
//! are; the result is the same, byte for byte.

use super::{
	Header, Leaf, View,
	check::{check_heads, check_sketch},
	layout::{Layout, RECORD, Section},
	target::Target,
};
use crate::{
	error::{Error, Result},
	tree::{Node, Nodes, node_count, parents},
};
use codec::Encode;
use openledger_primitives_attribution::{ContributorLeaf, contributor, score};
use openledger_primitives_core::record::RecordLeaf;
use rayon::prelude::*;
use sp_core::crypto::AccountId32;
use std::{collections::HashSet, ops::Range};

/// Rows that are computed and written together.
const BATCH: usize = 1 << 14;
/// Leaves that are held back until they are written together.
const PENDING: usize = 1 << 10;
/// Bytes of contributors' sums that are computed together.
const SUM_BYTES: usize = 64 << 20;

/// A record leaf for each position.
pub(super) type Records<'a> = dyn Fn(usize) -> Option<RecordLeaf<AccountId32>> + Sync + 'a;

/// An index that is being written.
#[derive(Debug)]
pub(super) struct Draft<T> {
	target: T,
	header: Header,
	layout: Layout,
	written: usize,
	pending: Vec<Leaf>,
}

impl<T: Target> Draft<T> {
	/// Begins an index over as many records as the header's snapshots count, on the target that `make`
	/// gives for a number of bytes. With `old`, an index over the first of them, its leaves are written
	/// already.
	///
	/// # Errors
	/// As [`Header::check`]; [`Error::WrongRecord`] for one that stands where another belongs,
	/// [`Error::SnapshotRoot`] where they don't give a snapshot's root; [`Error::Io`].
	pub(super) fn begin(
		header: Header,
		records: &Records,
		old: Option<View>,
		make: impl FnOnce(usize) -> Result<T>,
	) -> Result<Self> {
		let count = header.check()? as usize;
		let record = |position: usize| {
			let missing = || Error::RecordCount { records: position, counted: count as u64 };
			records(position).ok_or_else(missing)
		};
		let places = header.snapshots.iter().flat_map(|(datanet, snapshot)| {
			(0..snapshot.count).map(move |index| (*datanet, index))
		});
		let mut accounts: HashSet<[u8; 32]> = HashSet::new();
		for (position, place) in places.enumerate() {
			let record = record(position)?;
			if (record.datanet, record.index) != place {
				let reason = "it is not the one that the snapshot has at this place";
				return Err(Error::WrongRecord { position, reason });
			}
			accounts.insert(record.contributor.into());
		}
		let mut accounts: Vec<[u8; 32]> = accounts.into_iter().collect();
		accounts.par_sort_unstable();
		let bytes = header.encode();
		let layout = Layout::new(&header, bytes.len(), accounts.len())?;
		let target = make(layout.length())?;
		let mut draft = Self { target, header, layout, written: 0, pending: Vec::new() };
		draft.put(Section::Header, 0, &bytes)?;
		draft.put(Section::Accounts, 0, accounts.as_flattened())?;
		draft.write_records(&accounts, &record)?;
		draft.write_record_trees(&record, old)?;
		if let Some(old) = old {
			draft.take_over(old)?;
		}
		Ok(draft)
	}

	/// The index as far as it is written.
	pub(super) fn view(&self) -> View<'_> {
		View { bytes: self.target.bytes(), layout: &self.layout, header: &self.header }
	}

	pub(super) fn target(&self) -> &T {
		&self.target
	}

	/// Leaves pushed, written or not.
	pub(super) fn len(&self) -> usize {
		self.written + self.pending.len()
	}

	/// Says that the first `count` leaves are in the target already.
	pub(super) fn go_on_at(&mut self, count: usize) {
		self.written = count.min(self.layout.records);
	}

	fn put(&mut self, section: Section, from: usize, bytes: &[u8]) -> Result<()> {
		let at = self.layout.range(section).start + from;
		self.target.write_at(at, bytes)
	}

	/// The records' rows, and which are whose.
	fn write_records(
		&mut self,
		accounts: &[[u8; 32]],
		record: &(dyn Fn(usize) -> Result<RecordLeaf<AccountId32>> + Sync),
	) -> Result<()> {
		let count = self.layout.records;
		let mut numbers = vec![0u32; count];
		for batch in batches(0..count, BATCH) {
			let rows: Vec<[u8; RECORD]> = batch
				.clone()
				.into_par_iter()
				.map(|position| {
					let record = record(position)?;
					let account: &[u8; 32] = record.contributor.as_ref();
					let number = accounts.binary_search(account).map_err(|_| {
						Error::WrongRecord { position, reason: "its contributor changed" }
					})? as u32;
					let mut row = [0; RECORD];
					row[..4].copy_from_slice(&number.to_le_bytes());
					row[4..36].copy_from_slice(record.content.as_bytes());
					row[36..40].copy_from_slice(&record.size.to_le_bytes());
					row[40..].copy_from_slice(&record.committed_at.to_le_bytes());
					Ok(row)
				})
				.collect::<Result<_>>()?;
			for (number, row) in numbers[batch.clone()].iter_mut().zip(&rows) {
				*number = u32::from_le_bytes([row[0], row[1], row[2], row[3]]);
			}
			self.put(Section::Records, batch.start * RECORD, rows.as_flattened())?;
		}
		let (starts, members) = grouped(&numbers, accounts.len());
		self.put(Section::Starts, 0, starts.as_flattened())?;
		self.put(Section::Members, 0, members.as_flattened())
	}

	/// Each snapshot's tree, checked against its root.
	fn write_record_trees(
		&mut self,
		record: &(dyn Fn(usize) -> Result<RecordLeaf<AccountId32>> + Sync),
		old: Option<View>,
	) -> Result<()> {
		let mut at = self.layout.range(Section::RecordNodes).start;
		let mut first = 0;
		for (number, (datanet, snapshot)) in self.header.snapshots.clone().iter().enumerate() {
			let count = snapshot.count as usize;
			let kept = old.and_then(|old| old.record_tree(number));
			grow(&mut self.target, at, count, kept, |_, places| {
				places
					.into_par_iter()
					.map(|place| Ok(record(first + place)?.hash().0))
					.collect::<Result<_>>()
			})?;
			let right = match node_count(count).checked_sub(1) {
				None => snapshot.root == openledger_primitives_core::merkle::EMPTY_ROOT,
				Some(last) => {
					let root = at + last * size_of::<Node>();
					self.target.bytes()[root..][..size_of::<Node>()] == *snapshot.root.as_bytes()
				}
			};
			if !right {
				return Err(Error::SnapshotRoot { datanet: *datanet });
			}
			at += node_count(count) * size_of::<Node>();
			first += count;
		}
		Ok(())
	}

	/// Takes over an older index's leaves.
	fn take_over(&mut self, old: View) -> Result<()> {
		let piece = BATCH * self.layout.dimension;
		for section in [Section::Heads, Section::Scales, Section::Squares, Section::Sketches] {
			for (at, bytes) in old.layout.section(old.bytes, section).chunks(piece).enumerate() {
				self.put(section, at * piece, bytes)?;
			}
		}
		self.go_on_at(old.len());
		Ok(())
	}

	/// Adds the next leaf.
	///
	/// # Errors
	/// [`Error::Dimension`], [`Error::Asymmetric`], [`Error::RecordCount`] for one too many,
	/// [`Error::Io`].
	pub(super) fn push(&mut self, leaf: Leaf) -> Result<()> {
		let position = self.len();
		if position >= self.layout.records {
			return Err(self.miscounted(position + 1));
		}
		check_sketch(&leaf.sketch, self.layout.dimension, position as u32)?;
		self.pending.push(leaf);
		if self.pending.len() >= PENDING {
			self.flush()?;
		}
		Ok(())
	}

	/// Writes the leaves that are held back.
	///
	/// # Errors
	/// [`Error::Io`].
	pub(super) fn flush(&mut self) -> Result<()> {
		let leaves = std::mem::take(&mut self.pending);
		let mut sketches = Vec::with_capacity(leaves.len() * self.layout.dimension);
		let (mut heads, mut scales, mut squares) = (Vec::new(), Vec::new(), Vec::new());
		for Leaf { head, scale, sketch } in &leaves {
			heads.extend_from_slice(&head.to_le_bytes());
			scales.extend_from_slice(&scale.to_le_bytes());
			squares.extend_from_slice(&square(sketch).to_le_bytes());
			sketches.extend_from_slice(bytemuck::cast_slice(sketch));
		}
		let from = self.written;
		self.put(Section::Heads, from * 4, &heads)?;
		self.put(Section::Scales, from * 2, &scales)?;
		self.put(Section::Squares, from * 4, &squares)?;
		self.put(Section::Sketches, from * self.layout.dimension, &sketches)?;
		self.written += leaves.len();
		Ok(())
	}

	fn miscounted(&self, records: usize) -> Error {
		Error::RecordCount { records, counted: self.layout.records as u64 }
	}

	/// Writes what follows from the leaves: trees and contributor leaves. `old` as at the beginning.
	///
	/// # Errors
	/// [`Error::RecordCount`] where leaves are missing, [`Error::BadHead`], [`Error::ContributorSums`]
	/// for sums out of range, [`Error::Io`].
	pub(super) fn complete(&mut self, old: Option<View>) -> Result<()> {
		self.flush()?;
		if self.written != self.layout.records {
			return Err(self.miscounted(self.written));
		}
		check_heads(&self.view())?;
		let (header, layout) = (&self.header, &self.layout);
		let at = layout.range(Section::LeafNodes).start;
		let kept = old.and_then(|old| old.leaf_tree());
		grow(&mut self.target, at, layout.records, kept, |bytes, places| {
			let view = View { bytes, layout, header };
			let hash = |position| {
				let leaf = view.index_leaf(position);
				leaf.map(|leaf| leaf.hash().0).ok_or(Error::ContributorSums)
			};
			places.into_par_iter().map(hash).collect::<Result<_>>()
		})?;
		let mut leaves: Vec<Node> = Vec::with_capacity(layout.contributors);
		let batch = (SUM_BYTES / (8 * layout.dimension)).max(1);
		for batch in batches(0..layout.contributors, batch) {
			let view = self.view();
			let sums: Vec<(ContributorLeaf<AccountId32>, Node)> = batch
				.clone()
				.into_par_iter()
				.map(|number| sum(&view, number, old))
				.collect::<Result<_>>()?;
			let (mut scales, mut squares, mut sketches) = (Vec::new(), Vec::new(), Vec::new());
			for (leaf, hash) in &sums {
				scales.extend_from_slice(&leaf.scale.to_le_bytes());
				squares.extend_from_slice(&square(&leaf.sketch).to_le_bytes());
				sketches.extend_from_slice(bytemuck::cast_slice(&leaf.sketch));
				leaves.push(*hash);
			}
			self.put(Section::SumScales, batch.start * 4, &scales)?;
			self.put(Section::SumSquares, batch.start * 4, &squares)?;
			self.put(Section::Sums, batch.start * self.layout.dimension, &sketches)?;
		}
		let at = self.layout.range(Section::SumNodes).start;
		grow(&mut self.target, at, leaves.len(), None, |_, places| Ok(leaves[places].to_vec()))
	}

	/// Ends the index with a floor.
	///
	/// # Errors
	/// [`Error::Malformed`] for a floor above one million, [`Error::Io`].
	pub(super) fn seal(mut self, floor_ppm: u32) -> Result<(T, Header, Layout)> {
		self.header.floor_ppm = floor_ppm;
		self.header.check()?;
		let header = self.header.encode();
		self.put(Section::Header, 0, &header)?;
		let table = self.layout.table(self.target.bytes());
		self.target.write_at(0, &table)?;
		Ok((self.target, self.header, self.layout))
	}
}

/// The squared norm of a sketch; below 2²⁴ as all products are.
pub(super) fn square(sketch: &[i8]) -> u32 {
	score::dot(sketch, sketch) as u32
}

fn batches(range: Range<usize>, size: usize) -> impl Iterator<Item = Range<usize>> {
	let end = range.end;
	range.step_by(size).map(move |from| from..end.min(from + size))
}

/// The positions of each number, one number after the other, and where each one's begin.
pub(super) fn grouped(numbers: &[u32], count: usize) -> (Vec<[u8; 4]>, Vec<[u8; 4]>) {
	let mut next = vec![0u32; count];
	numbers.iter().for_each(|number| next[*number as usize] += 1);
	let mut before = 0;
	for start in &mut next {
		before += std::mem::replace(start, before);
	}
	let starts = next.iter().map(|start| start.to_le_bytes()).collect();
	let mut members = vec![[0; 4]; numbers.len()];
	for (position, number) in numbers.iter().enumerate() {
		let place = &mut next[*number as usize];
		members[*place as usize] = (position as u32).to_le_bytes();
		*place += 1;
	}
	(starts, members)
}

/// A contributor's leaf and its hash; the older index's where nothing was added.
pub(super) fn sum(
	view: &View,
	number: usize,
	old: Option<View>,
) -> Result<(ContributorLeaf<AccountId32>, Node)> {
	let found = || {
		let account = view.account(number)?;
		let members = view.members(number)?;
		if let Some(old) = old {
			let before = old.number_of(&account).map(|number| number as usize);
			let before = before
				.filter(|before| old.members(*before).is_some_and(|b| b.len() == members.len()));
			if let Some(before) = before {
				return Some((old.contributor(before)?, old.contributor_tree()?.leaf(before)?.0));
			}
		}
		let mut sum = contributor::Sum::new(view.layout.dimension);
		for position in members {
			let leaf = view.leaf(position as usize)?;
			if leaf.head == position {
				sum.add(leaf.scale, leaf.sketch)?;
			}
		}
		let leaf = sum.leaf(account)?;
		let hash = leaf.hash().0;
		Some((leaf, hash))
	};
	found().ok_or(Error::ContributorSums)
}

/// Writes the tree over `leaves` leaves at a place of the target. `hash` gives the hashes of leaves
/// from the target's bytes; what `kept`, the tree over the first of them, has is copied.
fn grow<T: Target>(
	target: &mut T,
	at: usize,
	leaves: usize,
	kept: Option<Nodes>,
	hash: impl Fn(&[u8], Range<usize>) -> Result<Vec<Node>>,
) -> Result<()> {
	const NODE: usize = size_of::<Node>();
	let mut old = kept.into_iter().flat_map(|kept| kept.levels());
	let mut stable = kept.map_or(0, |kept| kept.len()).min(leaves);
	let (mut below, mut level_at) = (None, at);
	for length in crate::tree::levels(leaves) {
		let known = old.next().and_then(|level| level.get(..stable)).unwrap_or_default();
		for (batch, nodes) in known.chunks(BATCH).enumerate() {
			target.write_at(level_at + batch * BATCH * NODE, nodes.as_flattened())?;
		}
		for batch in batches(known.len()..length, BATCH) {
			let nodes = match below {
				None => hash(target.bytes(), batch.clone())?,
				Some((below_at, below)) => {
					let from: usize = below_at + 2 * batch.start * NODE;
					let to = below_at + (2 * batch.end).min(below) * NODE;
					parents(target.bytes()[from..to].as_chunks().0)
				}
			};
			target.write_at(level_at + batch.start * NODE, nodes.as_flattened())?;
		}
		below = Some((level_at, length));
		level_at += length * NODE;
		// A node is as it was where both of its children are.
		stable /= 2;
	}
	Ok(())
}
