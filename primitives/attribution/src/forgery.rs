//! A forged index: a leaf that names another record than the snapshot holds at its position
//! (specification: Verification, third row).
//!
//! Claims don't prove that records are the snapshots' own, since the index is committed once and its
//! positions are the snapshots': one leaf that differs shows that whoever committed it lied, whatever
//! claims say of it.

use crate::{
	claim::IndexLeaf,
	verify::{Refusal, Terms},
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use openledger_primitives_core::{Hash, merkle::Proof};
use scale_info::TypeInfo;

/// A leaf of the committed index, and what the snapshot holds at its position.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Forgery {
	/// The index leaf.
	pub leaf: IndexLeaf,
	/// Its membership in the index.
	pub proof: Proof,
	/// The leaf hash of the snapshot's own record at that position.
	pub record: Hash,
	/// Its membership in the snapshot.
	pub membership: Proof,
}

/// Whether `forgery` shows that the index is forged: a leaf that the index commits to, another record
/// that the snapshot holds in its place.
///
/// # Errors
/// [`Refusal::TrueLeaf`] where the records are the same, [`Refusal::WrongPosition`],
/// [`Refusal::NotInIndex`], [`Refusal::NotInSnapshot`], or [`Refusal::BadTerms`].
pub fn expose(terms: &Terms, forgery: &Forgery) -> Result<(), Refusal> {
	terms.check()?;
	let Forgery { leaf, proof, record, membership } = forgery;
	let position = leaf.position;
	terms.locate(position).ok_or(Refusal::WrongPosition)?;
	if leaf.record == *record {
		return Err(Refusal::TrueLeaf);
	}
	if !proof.verify(&terms.index.records_root, terms.index.records, position, &leaf.hash()) {
		return Err(Refusal::NotInIndex);
	}
	terms.prove_membership(position, record, membership)
}
