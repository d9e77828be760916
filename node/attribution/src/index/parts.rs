//! What an index consists of, and what has to hold between the parts.

use crate::error::{Error, Result};
use codec::{Decode, Encode};
use openledger_primitives_core::{
	DatanetId, Hash, MAX_CREDITED, MAX_CREDITS, MAX_SKETCH, MAX_SNAPSHOTS, MIN_SKETCH, Sketch,
	model::{Method, MethodRefusal},
	record::{RecordLeaf, Snapshot},
};
use sp_core::crypto::AccountId32;

/// What an index was made from.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Header {
	/// The method of the model version.
	pub method: Method,
	/// blake2b-256 of the training manifest.
	pub manifest: Hash,
	/// blake2b-256 of the adapter blob; of the lens, where records are retrieved.
	pub adapter: Hash,
	/// The seed that the chain drew for the projection.
	pub projection: Hash,
	/// How sketches and clusters were made: [`super::GRADIENTS`], or [`crate::retrieval::VERSION`] of
	/// texts.
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
		if let Err(refusal) = self.method.check() {
			return refuse(match refusal {
				MethodRefusal::Dimension => {
					format!("{dimension} components, {MIN_SKETCH} to {MAX_SKETCH} can be")
				}
				MethodRefusal::Credits => format!("{credits} credits, 1 to {MAX_CREDITS} can be"),
				MethodRefusal::Credited => format!(
					"{credits} credits of {dimension} components, {MAX_CREDITED} in all can be"
				),
			});
		}
		if self.floor_ppm > 1_000_000 {
			return refuse(format!("a floor of {} millionths", self.floor_ppm));
		}
		if ![super::GRADIENTS, crate::retrieval::VERSION].contains(&self.features) {
			return refuse(format!(
				"sketches of version {}, which this release does not make: build the index again",
				self.features
			));
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
