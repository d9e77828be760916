//! What off-chain workers and the engine tell each other of audits of model versions.

use crate::job::Material;
use alloc::{collections::BTreeSet, vec::Vec};
use codec::{Decode, Encode};
use openledger_primitives_attribution::audit::Recomputed;
use openledger_primitives_core::{Hash, ModelId, RequestId};

/// How many numbers are tried for each one that is wanted, before a draw without repetition gives up.
const TRIES: u32 = 64;

/// A model version, and what of it lots have drawn to be computed again.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Examination {
	/// The audit's number.
	pub audit: RequestId,
	/// The model version.
	pub model: ModelId,
	/// What it computes and is attributed with.
	pub material: Material,
	/// blake2b-256 of its training manifest.
	pub manifest: Hash,
	/// blake2b-256 of the list of its training's checkpoints.
	pub training: Hash,
	/// The seed that names what is looked at: of the lots that drew the version's first committee, whichever
	/// of its audits this is.
	pub drawn: Hash,
	/// The seed of the lots that drew this audit's first committee, which keys its traces.
	pub seed: Hash,
	/// How many leaves are looked at.
	pub leaves: u32,
}

/// What an examination came to.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Examined {
	/// Whether that is what was committed to.
	pub sound: bool,
	/// What was computed.
	pub found: Recomputed,
}

impl Examination {
	/// A number below `count` from the seed that names what is looked at: the first sixteen bytes of
	/// `blake2b-256(SCALE(domain, drawn, at))`, little-endian, of which the remainder is taken.
	fn number(&self, domain: &[u8], at: u32, count: u32) -> Option<u32> {
		let hash = (domain, &self.drawn, at).using_encoded(sp_io::hashing::blake2_256);
		let mut bytes = [0u8; 16];
		bytes.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
		u128::from_le_bytes(bytes).checked_rem(u128::from(count)).map(|number| number as u32)
	}

	/// The positions of the leaves that are looked at, ascending: all of them where there are no more.
	pub fn positions(&self) -> Vec<u32> {
		let records = self.material.index.records;
		if records <= self.leaves {
			return (0..records).collect();
		}
		let mut positions = BTreeSet::new();
		for at in 0..self.leaves.saturating_mul(TRIES) {
			if positions.len() >= self.leaves as usize {
				break;
			}
			positions.extend(self.number(b"openledger/examined-leaf", at, records));
		}
		positions.into_iter().collect()
	}

	/// Which of so many stretches of training, each between two checkpoints, is repeated. None where there
	/// is none.
	pub fn stretch(&self, stretches: u32) -> Option<u32> {
		self.number(b"openledger/examined-stretch", 0, stretches)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use openledger_primitives_core::model::{IndexCommitment, Method, PayBy};

	fn examination(seed: u8, records: u32, leaves: u32) -> Examination {
		let material = Material {
			base: Hash::zero(),
			adapter: Hash::zero(),
			method: Method { pay_by: PayBy::Records, credits: 1, dimension: 16 },
			index: IndexCommitment {
				records_root: Hash::zero(),
				records,
				contributors_root: Hash::zero(),
				contributors: 1,
				floor_ppm: 0,
				file: Hash::zero(),
			},
			projection: Hash::zero(),
			snapshots: Vec::new(),
			retrieval: None,
		};
		let (manifest, training) = (Hash::zero(), Hash::zero());
		let drawn = Hash::repeat_byte(seed);
		let seed = Hash::repeat_byte(0x5e);
		Examination { audit: 1, model: 1, material, manifest, training, drawn, seed, leaves }
	}

	#[test]
	fn positions_are_distinct_within_the_index_and_others_for_another_seed() {
		let positions = examination(1, 1_000_000, 8).positions();
		assert_eq!(positions.len(), 8);
		assert!(positions.iter().all(|position| *position < 1_000_000));
		assert_ne!(positions, examination(2, 1_000_000, 8).positions());
		assert_eq!(examination(1, 5, 8).positions(), [0, 1, 2, 3, 4]);
		assert_eq!(examination(1, 9, 8).positions().len(), 8);
		assert!(examination(1, 0, 8).positions().is_empty());
	}

	#[test]
	fn later_audit_of_a_version_looks_at_the_same() {
		let first = examination(1, 1_000_000, 8);
		let later = Examination { seed: Hash::repeat_byte(9), ..first.clone() };
		assert_eq!(later.positions(), first.positions());
		assert_eq!(later.stretch(1_000_000), first.stretch(1_000_000));
	}

	#[test]
	fn every_leaf_and_every_stretch_is_drawn_by_some_seed() {
		let (mut leaves, mut stretches) = (BTreeSet::new(), BTreeSet::new());
		for seed in 0..=255 {
			leaves.extend(examination(seed, 20, 2).positions());
			stretches.extend(examination(seed, 20, 2).stretch(5));
		}
		assert_eq!((leaves.len(), stretches.len()), (20, 5));
		assert_eq!(examination(1, 20, 2).stretch(0), None);
	}
}
