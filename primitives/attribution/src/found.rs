//! Records that were put into the prompt: evidence with the relevance that the version's retrieval commits
//! to (specification: Evidence, retrieval).
//!
//! Relevance is the rule's score, by an index of its own over the same records
//! ([`openledger_primitives_core::model::Retrieval`]), and so is everything else: which records count,
//! who is paid for them, how an omission is corrected and a forged leaf exposed. A record is not put
//! into a prompt because it is credited; it is credited because it was put there, and which ones have to
//! be is what the rule says.

use crate::{
	claim::{Claim, Credit, Evidence, RecordCredit},
	verify::{Refusal, Terms},
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use openledger_primitives_core::{
	Hash, MAX_FOUND, Sketch, merkle::MultiProof, record::content_hash,
};
use scale_info::TypeInfo;
use sp_core::ConstU32;
use sp_runtime::BoundedVec;

/// What a claim shows of the records that were put into the prompt.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Found<AccountId> {
	/// The question's sketch, as the lens has it.
	pub sketch: Sketch,
	/// The records, best first: all that the rule finds, as they stand in the prompt.
	pub records: BoundedVec<RecordCredit<AccountId>, ConstU32<MAX_FOUND>>,
	/// Their leaves' membership in the retrieval's index, in ascending order of position.
	pub proof: MultiProof,
}

/// Records that were put into a prompt, as verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retrieved<AccountId> {
	/// What is paid, best first.
	pub paid: Vec<Credit<AccountId>>,
	/// The same records, as they explain the answer.
	pub evidence: Vec<Evidence<AccountId>>,
}

/// What a question's sketch is told from others by: blake2b-256 of its SCALE encoding.
pub fn question(sketch: &Sketch) -> Hash {
	sketch.using_encoded(content_hash)
}

impl<'a> Terms<'a> {
	/// What is found is verified against: none where nothing is put into prompts.
	pub fn retrieving(&self) -> Option<Terms<'a>> {
		let retrieval = self.retrieval.as_ref()?;
		Some(Terms {
			method: retrieval.method(),
			index: retrieval.index,
			snapshots: self.snapshots,
			retrieval: None,
		})
	}
}

/// What `claim` says was found, as the terms of what is found have it, where the version's say that
/// anything is put into prompts.
///
/// # Errors
/// [`Refusal::Retrieval`] where only one of both has it.
pub(crate) fn of<'a, 'c, AccountId>(
	terms: &Terms<'a>,
	claim: &'c Claim<AccountId>,
) -> Result<Option<(Terms<'a>, &'c Found<AccountId>)>, Refusal> {
	match (terms.retrieving(), &claim.found) {
		(None, None) => Ok(None),
		(Some(terms), Some(found)) => Ok(Some((terms, found))),
		_ => Err(Refusal::Retrieval),
	}
}
