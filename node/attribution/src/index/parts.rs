//! What an index consists of, and what has to hold between the parts.

use super::check_sketch;
use crate::error::{Error, Result};
use codec::{Decode, Encode};
use openledger_primitives_attribution::IndexLeaf;
use openledger_primitives_core::{
	DatanetId, Hash, MAX_CREDITS, MAX_SKETCH, MAX_SNAPSHOTS, Sketch,
	model::Method,
	record::{RecordLeaf, Snapshot},
};
use sp_core::crypto::AccountId32;

/// The smallest dimension of a sketch.
const MIN_SKETCH: u16 = 16;

/// What an index was made from.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Header {
	/// The method of the model version.
	pub method: Method,
	/// blake2b-256 of the training manifest.
	pub manifest: Hash,
	/// blake2b-256 of the adapter blob.
	pub adapter: Hash,
	/// The seed that the chain drew for the projection.
	pub projection: Hash,
	/// How features were made ([`crate::features::VERSION`]).
	pub features: u32,
	/// The floor, as a share of |query|·|leaf| in millionths.
	pub floor_ppm: u32,
	/// blake2b-256 of the null queries that the floor was calibrated on.
	pub nulls: Hash,
	/// The snapshots trained on, in the manifest's order.
	pub snapshots: Vec<(DatanetId, Snapshot)>,
}

/// A training record's leaf, without what follows from its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
	/// The position of its cluster's head; its own for a head.
	pub head: u32,
	/// The clipped size of its gradient; zero for a duplicate and for what can't be trained on.
	pub scale: u16,
	/// The direction of its gradient.
	pub sketch: Sketch,
}

impl Leaf {
	/// The leaf as it is hashed.
	pub fn to_index_leaf(&self, position: u32, record: Hash) -> IndexLeaf {
		let Self { head, scale, sketch } = self.clone();
		IndexLeaf { position, record, head, scale, sketch }
	}
}

/// All that an index is made of; everything else follows.
#[derive(Clone, Debug, PartialEq)]
pub struct Parts {
	/// What it was made from.
	pub header: Header,
	/// The leaves, in manifest order.
	pub leaves: Vec<Leaf>,
	/// The record leaves behind them.
	pub records: Vec<RecordLeaf<AccountId32>>,
}

impl Header {
	/// Checks the numbers, and returns how many records the snapshots count.
	///
	/// # Errors
	/// [`Error::Malformed`] naming what is out of range.
	pub(super) fn check(&self) -> Result<u32> {
		let refuse = |reason: String| Err(Error::malformed("index header", reason));
		let Method { credits, dimension, .. } = self.method;
		if !(MIN_SKETCH..=MAX_SKETCH as u16).contains(&dimension) {
			return refuse(format!("{dimension} components, {MIN_SKETCH} to {MAX_SKETCH} can be"));
		}
		if !(1..=MAX_CREDITS).contains(&u32::from(credits)) {
			return refuse(format!("{credits} credits, 1 to {MAX_CREDITS} can be"));
		}
		if self.floor_ppm > 1_000_000 {
			return refuse(format!("a floor of {} millionths", self.floor_ppm));
		}
		if self.features != crate::features::VERSION {
			return refuse(format!("features of version {}, rebuild the index", self.features));
		}
		if self.snapshots.is_empty() || self.snapshots.len() > MAX_SNAPSHOTS as usize {
			return refuse(format!("{} snapshots", self.snapshots.len()));
		}
		let counted: u64 = self.snapshots.iter().map(|(_, s)| u64::from(s.count)).sum();
		match u32::try_from(counted) {
			Ok(0) | Err(_) => refuse(format!("snapshots that count {counted} records")),
			Ok(counted) => Ok(counted),
		}
	}
}

impl Parts {
	/// Components of a sketch.
	pub(super) fn dimension(&self) -> usize {
		self.header.method.dimension.into()
	}

	/// Checks all that does not need hashing.
	pub(super) fn check(&self) -> Result<()> {
		let counted = self.header.check()?;
		for found in [self.leaves.len(), self.records.len()] {
			if found != counted as usize {
				return Err(Error::RecordCount { records: found, counted: counted.into() });
			}
		}
		for (position, leaf) in self.leaves.iter().enumerate() {
			self.check_leaf(position, leaf)?;
		}
		let places = self.header.snapshots.iter().flat_map(|(datanet, snapshot)| {
			(0..snapshot.count).map(move |index| (*datanet, index))
		});
		for (position, (record, place)) in self.records.iter().zip(places).enumerate() {
			if (record.datanet, record.index) != place {
				let reason = "it is not the one that the snapshot has at this place";
				return Err(Error::WrongRecord { position, reason });
			}
		}
		Ok(())
	}

	fn check_leaf(&self, position: usize, leaf: &Leaf) -> Result<()> {
		let refuse =
			|reason| Err(Error::BadHead { position: position as u32, head: leaf.head, reason });
		check_sketch(&leaf.sketch, self.dimension(), position as u32)?;
		if leaf.head as usize == position {
			return Ok(());
		}
		let key = |at: usize| self.records.get(at).map(|record| (record.committed_at, at));
		match self.leaves.get(leaf.head as usize) {
			None => refuse("there is no such record"),
			Some(head) if head.head != leaf.head => refuse("it is a duplicate itself"),
			Some(_) if key(leaf.head as usize) > key(position) => refuse("it was committed later"),
			Some(_) if leaf.scale != 0 || leaf.sketch.iter().any(|c| *c != 0) => {
				refuse("a duplicate has no sketch of its own")
			}
			Some(_) => Ok(()),
		}
	}
}
