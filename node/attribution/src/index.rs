//! The attribution index of a model version: what its commitment is over, and all that a claim is
//! built from.

mod file;
mod parts;

use crate::{
	error::{Error, Result},
	features,
	projection::Projection,
	tree::Tree,
};
use openledger_primitives_attribution::{ContributorLeaf, IndexLeaf, contributor, score};
use openledger_primitives_core::{
	Hash, Sketch,
	model::IndexCommitment,
	record::{RecordLeaf, Snapshot},
};
use sp_core::crypto::AccountId32;
use sp_io::hashing::blake2_256;
use std::{collections::BTreeMap, path::Path};

pub use file::VERSION;
pub use parts::{Header, Leaf, Parts};

/// An attribution index, validated.
///
/// Whatever it was read from, every leaf has the method's dimension, every head is a head, the
/// records give the snapshots' roots and the contributor leaves are the sums of their records.
#[derive(Debug, Clone)]
pub struct IndexFile {
	parts: Parts,
	contributors: Vec<ContributorLeaf<AccountId32>>,
	projection: Projection,
	leaf_tree: Tree,
	contributor_tree: Tree,
	record_trees: Vec<Tree>,
	bytes: Vec<u8>,
}

impl IndexFile {
	/// Puts an index together and checks it.
	///
	/// # Errors
	/// Typed, for whatever does not fit together.
	pub fn new(parts: Parts) -> Result<Self> {
		parts.check()?;
		let record_hashes: Vec<Hash> = parts.records.iter().map(RecordLeaf::hash).collect();
		let record_trees = record_trees(&parts.header.snapshots, &record_hashes)?;
		let leaf_hashes = (0..parts.leaves.len())
			.map(|position| index_leaf(&parts, &record_hashes, position).map(|leaf| leaf.hash()))
			.collect::<Result<_>>()?;
		let contributors = contributors(&parts)?;
		let contributor_tree = Tree::new(contributors.iter().map(ContributorLeaf::hash).collect());
		let dimension = parts.dimension();
		let projection = Projection::new(&parts.header.projection, dimension, features::DIMENSION);
		let bytes = file::encode(&parts, &contributors);
		let leaf_tree = Tree::new(leaf_hashes);
		Ok(Self {
			parts,
			contributors,
			projection,
			leaf_tree,
			contributor_tree,
			record_trees,
			bytes,
		})
	}

	/// The same index with another floor.
	///
	/// # Errors
	/// [`Error::Malformed`] for a floor above one million.
	pub fn with_floor(mut self, floor_ppm: u32) -> Result<Self> {
		self.parts.header.floor_ppm = floor_ppm;
		self.parts.header.check()?;
		self.bytes = file::encode(&self.parts, &self.contributors);
		Ok(self)
	}

	/// Reads an index and checks everything in it.
	///
	/// # Errors
	/// Typed, for bytes that are truncated, damaged, of another version or inconsistent.
	pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
		let (parts, contributors) = file::decode(bytes)?;
		let index = Self::new(parts)?;
		if index.contributors != contributors {
			return Err(Error::ContributorSums);
		}
		// Two encodings of one index would have two hashes.
		if index.bytes != bytes {
			return Err(Error::malformed("index", "its encoding is not the canonical one"));
		}
		Ok(index)
	}

	/// Opens an index file.
	///
	/// # Errors
	/// [`Error::Io`], or as [`IndexFile::from_bytes`].
	pub fn open(path: &Path) -> Result<Self> {
		Self::from_bytes(&std::fs::read(path).map_err(Error::io(path))?)
	}

	/// Writes the index file; readers see the old file or the whole new one.
	///
	/// # Errors
	/// [`Error::Io`].
	pub fn save(&self, path: &Path) -> Result<()> {
		crate::store::write_atomically(path, &self.bytes)
	}

	/// The index file's bytes, under whose blake2b-256 the content store has it.
	pub fn to_bytes(&self) -> &[u8] {
		&self.bytes
	}

	/// What is committed to on chain.
	pub fn commitment(&self) -> IndexCommitment {
		IndexCommitment {
			records_root: self.leaf_tree.root(),
			records: self.leaf_tree.len() as u32,
			contributors_root: self.contributor_tree.root(),
			contributors: self.contributor_tree.len() as u32,
			floor_ppm: self.parts.header.floor_ppm,
			file: blake2_256(&self.bytes).into(),
		}
	}

	/// What the index was made from.
	pub fn header(&self) -> &Header {
		&self.parts.header
	}

	/// The projection of the header's seed.
	pub fn projection(&self) -> &Projection {
		&self.projection
	}

	/// Components of a sketch.
	pub fn dimension(&self) -> usize {
		self.parts.dimension()
	}

	/// How many records there are.
	pub fn len(&self) -> usize {
		self.parts.leaves.len()
	}

	/// Whether there are no records; never so in a valid index.
	pub fn is_empty(&self) -> bool {
		self.parts.leaves.is_empty()
	}

	/// The leaves, in manifest order.
	pub fn leaves(&self) -> &[Leaf] {
		&self.parts.leaves
	}

	/// The record leaves behind them.
	pub fn records(&self) -> &[RecordLeaf<AccountId32>] {
		&self.parts.records
	}

	/// The contributor leaves, in ascending order of account.
	pub fn contributors(&self) -> &[ContributorLeaf<AccountId32>] {
		&self.contributors
	}

	/// The leaf at `position` as it is hashed.
	pub fn leaf(&self, position: usize) -> Option<IndexLeaf> {
		let record = self.parts.records.get(position)?.hash();
		self.parts.leaves.get(position).map(|leaf| leaf.to_index_leaf(position as u32, record))
	}

	pub(crate) fn leaf_tree(&self) -> &Tree {
		&self.leaf_tree
	}

	pub(crate) fn contributor_tree(&self) -> &Tree {
		&self.contributor_tree
	}

	/// The tree of the snapshot that holds `position`, and the record's place in it.
	pub(crate) fn record_tree(&self, position: usize) -> Option<(&Tree, usize)> {
		let mut rest = position;
		for tree in &self.record_trees {
			match rest.checked_sub(tree.len()) {
				Some(beyond) => rest = beyond,
				None => return Some((tree, rest)),
			}
		}
		None
	}
}

fn index_leaf(parts: &Parts, records: &[Hash], position: usize) -> Result<IndexLeaf> {
	match (parts.leaves.get(position), records.get(position)) {
		(Some(leaf), Some(record)) => Ok(leaf.to_index_leaf(position as u32, *record)),
		_ => Err(Error::RecordCount { records: records.len(), counted: parts.leaves.len() as u64 }),
	}
}

/// One tree for each snapshot, checked against the frozen roots.
fn record_trees(snapshots: &[(u32, Snapshot)], hashes: &[Hash]) -> Result<Vec<Tree>> {
	let mut rest = hashes;
	let mut trees = Vec::with_capacity(snapshots.len());
	for (datanet, snapshot) in snapshots {
		let (of_this, others) =
			rest.split_at_checked(snapshot.count as usize).ok_or(Error::RecordCount {
				records: hashes.len(),
				counted: u64::from(snapshot.count),
			})?;
		let tree = Tree::new(of_this.to_vec());
		if tree.root() != snapshot.root {
			return Err(Error::SnapshotRoot { datanet: *datanet });
		}
		trees.push(tree);
		rest = others;
	}
	Ok(trees)
}

/// The contributor leaves, in ascending order of account.
fn contributors(parts: &Parts) -> Result<Vec<ContributorLeaf<AccountId32>>> {
	let mut by_account: BTreeMap<&AccountId32, Vec<IndexLeaf>> = BTreeMap::new();
	for (position, (leaf, record)) in parts.leaves.iter().zip(&parts.records).enumerate() {
		let leaf = leaf.to_index_leaf(position as u32, Hash::zero());
		by_account.entry(&record.contributor).or_default().push(leaf);
	}
	by_account
		.into_iter()
		.map(|(account, leaves)| {
			contributor::sum(account.clone(), parts.dimension(), &leaves)
				.ok_or(Error::ContributorSums)
		})
		.collect()
}

/// Whether a sketch is one that a leaf or a query can have.
pub(crate) fn check_sketch(sketch: &Sketch, dimension: usize, position: u32) -> Result<()> {
	if sketch.len() != dimension {
		return Err(Error::Dimension { expected: dimension, found: sketch.len() });
	}
	if !score::is_symmetric(sketch) {
		return Err(Error::Asymmetric(position));
	}
	Ok(())
}

#[cfg(test)]
mod tests;
