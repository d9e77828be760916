//! Forged index leaves: what whoever watches a model version looks for, and what a challenge shows of it
//! ([`openledger_primitives_attribution::forgery`]).
//!
//! An [`IndexFile`](crate::IndexFile) has none, since it doesn't open with records that are not the
//! snapshots' own. What is looked at here is what the chain was told instead: the leaves behind a
//! committed root, or those that a claim shows of them, which are all that is to be had where the
//! index is withheld.

use crate::{
	error::{Error, Result},
	index::IndexFile,
	tree::Tree,
};
use openledger_primitives_attribution::{
	Claim, Found, IndexLeaf, RecordCredit, Terms, forgery::Forgery,
};
use openledger_primitives_core::{
	Hash,
	merkle::{MultiProof, Proof},
};
use rayon::prelude::*;
use sp_core::crypto::AccountId32;

/// The trees of the snapshots that a model version was trained on, in the manifest's order.
pub struct Records {
	trees: Vec<Tree>,
}

impl Records {
	/// From the leaf hashes of each snapshot's records, in order.
	///
	/// # Errors
	/// [`Error::SnapshotRoot`] where they are not a snapshot's, [`Error::RecordCount`] where there are
	/// more or fewer snapshots.
	pub fn new(terms: &Terms, snapshots: Vec<Vec<Hash>>) -> Result<Self> {
		let counted = terms.snapshots.iter().map(|(_, snapshot)| u64::from(snapshot.count)).sum();
		if snapshots.len() != terms.snapshots.len() {
			return Err(Error::RecordCount { records: snapshots.concat().len(), counted });
		}
		let trees: Vec<Tree> = snapshots.into_iter().map(Tree::new).collect();
		for (tree, (datanet, snapshot)) in trees.iter().zip(terms.snapshots) {
			if tree.root() != snapshot.root || tree.len() != snapshot.count as usize {
				return Err(Error::SnapshotRoot { datanet: *datanet });
			}
		}
		Ok(Self { trees })
	}

	/// From the snapshots' trees in an index file, which lie there whatever its rows say.
	///
	/// # Errors
	/// As [`Records::new`], where the file's trees are others.
	pub fn in_file(terms: &Terms, index: &IndexFile) -> Result<Self> {
		let view = index.view();
		let leaves = |(number, (datanet, _)): (usize, &(u32, _))| {
			let leaves = view.record_tree(number).and_then(|tree| tree.levels().next());
			let leaves = leaves.ok_or(Error::SnapshotRoot { datanet: *datanet })?;
			Ok(leaves.iter().map(|leaf| Hash(*leaf)).collect())
		};
		let listed = index.header().snapshots.iter().enumerate();
		Self::new(terms, listed.map(leaves).collect::<Result<_>>()?)
	}

	/// The tree that holds a position of the index, and the place in it.
	fn locate(&self, position: u32) -> Option<(&Tree, usize)> {
		let mut rest = position as usize;
		self.trees.iter().find_map(|tree| {
			let place = rest;
			rest = rest.saturating_sub(tree.len());
			(place < tree.len()).then_some((tree, place))
		})
	}

	/// The leaf hash of the snapshots' record at a position of the index.
	fn own(&self, position: u32) -> Option<Hash> {
		self.locate(position).and_then(|(tree, place)| tree.leaf(place))
	}

	/// What is shown of a leaf that names another record.
	fn forgery(&self, leaf: IndexLeaf, proof: Option<Proof>) -> Option<Forgery> {
		let (tree, place) = self.locate(leaf.position)?;
		let (record, membership) = (tree.leaf(place)?, tree.prove(place)?);
		Some(Forgery { leaf, proof: proof?, record, membership })
	}
}

/// The first leaf of a committed index that names another record than the snapshots have in its place;
/// `None` where the index is true.
///
/// # Errors
/// [`Error::Tree`] where `leaves` are not those that the index commits to, so that nothing can be said
/// of it.
pub fn forged_leaf(
	terms: &Terms,
	leaves: &[IndexLeaf],
	records: &Records,
) -> Result<Option<Forgery>> {
	let tree = Tree::new(leaves.par_iter().map(IndexLeaf::hash).collect());
	if tree.root() != terms.index.records_root || tree.len() != terms.index.records as usize {
		return Err(Error::Tree("index leaves"));
	}
	// A leaf that stands elsewhere than it says can't be credited, nor shown.
	let placed = leaves.iter().enumerate().filter(|(at, leaf)| leaf.position as usize == *at);
	let forged = placed
		.map(|(_, leaf)| leaf)
		.find(|leaf| records.own(leaf.position).is_some_and(|own| own != leaf.record));
	Ok(forged.and_then(|leaf| records.forgery(leaf.clone(), tree.prove(leaf.position as usize))))
}

/// As [`forged_leaf`], of the leaves in an index file that does not open as one
/// ([`IndexFile::open_own`], [`IndexFile::open_own_retrieval`]): with the records that its rows name, or else those that its trees hold.
///
/// # Errors
/// [`Error::Tree`] where neither gives the committed root.
pub fn forged_in_file(
	terms: &Terms,
	index: &IndexFile,
	records: &Records,
) -> Result<Option<Forgery>> {
	let view = index.view();
	let by_trees = |at: usize| view.index_leaf(at);
	let by_rows = |at: usize| {
		let record = view.record(at)?.hash();
		Some(IndexLeaf { record, ..view.index_leaf(at)? })
	};
	let look = |leaf: &(dyn Fn(usize) -> Option<IndexLeaf> + Sync)| {
		let leaves: Option<Vec<_>> = (0..view.len()).into_par_iter().map(leaf).collect();
		forged_leaf(terms, &leaves.unwrap_or_default(), records)
	};
	match look(&by_rows) {
		Err(Error::Tree(_)) => look(&by_trees),
		found => found,
	}
}

/// The first record that a verified claim credits, best first, and that is not the snapshots' own;
/// `None` where all of them are. The proof in the index is taken out of the claim's.
///
/// # Errors
/// [`Error::Tree`] where the claim's proof is not one of the committed index: it was never verified.
pub fn forged_credit(
	terms: &Terms,
	claim: &Claim<AccountId32>,
	records: &Records,
) -> Result<Option<Forgery>> {
	forged_shown(terms, &claim.records, &claim.records_proof, records)
}

/// As [`forged_credit`], of the records that were put into the prompt, with the terms of what is found
/// ([`Terms::retrieving`]).
///
/// # Errors
/// As [`forged_credit`].
pub fn forged_found(
	terms: &Terms,
	found: &Found<AccountId32>,
	records: &Records,
) -> Result<Option<Forgery>> {
	forged_shown(terms, &found.records, &found.proof, records)
}

fn forged_shown(
	terms: &Terms,
	shown: &[RecordCredit<AccountId32>],
	proof: &MultiProof,
	records: &Records,
) -> Result<Option<Forgery>> {
	if shown.is_empty() {
		return Ok(None);
	}
	let mut credits: Vec<_> = shown.iter().collect();
	credits.sort_by_key(|credit| credit.position);
	let positions: Vec<u32> = credits.iter().map(|credit| credit.position).collect();
	let hashes = credits.iter().map(|credit| credit.hash());
	let opened = proof.open(terms.index.records, &positions, hashes);
	let opened = opened
		.filter(|opened| opened.root() == Some(terms.index.records_root))
		.ok_or(Error::Tree("index leaves"))?;
	let forged = shown
		.iter()
		.find(|credit| records.own(credit.position).is_some_and(|own| own != credit.record.hash()));
	Ok(forged.and_then(|credit| records.forgery(credit.leaf(), opened.prove(credit.position))))
}

#[cfg(test)]
mod tests;
