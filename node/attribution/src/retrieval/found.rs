//! What a claim shows of the records that were put into a prompt.

use super::RetrievalIndex;
use crate::{
	claim::shown_records,
	error::{Error, Result},
	execution::Execution,
	index::check_sketch,
};
use openledger_primitives_attribution::Found;
use openledger_primitives_core::{Hash, Sketch};
use openlora::Base;
use sp_core::crypto::AccountId32;

const EXECUTION: &[u8] = b"openledger/question/1";

/// What looking for records came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sought {
	/// What claims show of it.
	pub found: Found<AccountId32>,
	/// What nobody knows who did not look: a hash over the question before it was rounded to the sketch, and the
	/// best leaves of the index, with their scores. The traces of the answer take it in
	/// ([`Query::traces`](crate::Query::traces)).
	pub execution: Hash,
}

impl RetrievalIndex {
	/// Looks for the records of a question that `payer` asks.
	///
	/// # Errors
	/// As [`RetrievalIndex::question`].
	pub fn seek(&self, base: &Base, question: &str, payer: &AccountId32) -> Result<Sought> {
		let seen = self.lens().asked(base, &[question])?.pop().ok_or(Error::EmptyAnswer)?;
		let mut execution = Execution::new(EXECUTION);
		execution.values(&seen.exact);
		execution.best(self.file(), &seen.sketch)?;
		let found = self.found(seen.sketch, payer)?;
		Ok(Sought { found, execution: execution.finish() })
	}

	/// What claims show of a question with this sketch where `payer` asks it: the records for its prompt
	/// ([`RetrievalIndex::find`]), with their proof.
	///
	/// Verifies against the index's own commitment
	/// ([`verify`](openledger_primitives_attribution::verify)), and leaves out nothing that the rule would
	/// have there, up to [`COARSE_ABOVE`](crate::scan::COARSE_ABOVE) records.
	///
	/// # Errors
	/// [`Error::Dimension`] or [`Error::Asymmetric`] for a sketch that no question can have.
	pub fn found(&self, question: Sketch, payer: &AccountId32) -> Result<Found<AccountId32>> {
		check_sketch(&question, self.file().dimension(), 0)?;
		let best = self.find(&question, Some(payer))?;
		let positions: Vec<u32> = best.iter().map(|leaf| leaf.position).collect();
		self.found_on(question, &positions)
	}

	/// The same of the records at these positions, in the order given. Whether the rule would have it so is
	/// not looked at.
	///
	/// # Errors
	/// [`Error::ClaimBounds`] where there is no such record, one stands twice, or a claim has no room for
	/// as many.
	pub fn found_on(&self, question: Sketch, positions: &[u32]) -> Result<Found<AccountId32>> {
		let (records, proof) = shown_records(self.file(), positions)?;
		let records = records.try_into().map_err(|_| Error::ClaimBounds("records in a prompt"))?;
		Ok(Found { sketch: question, records, proof })
	}
}
