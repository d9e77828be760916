//! What making claims final weighs where several do so in one run.
//!
//! The claims of a batch pay the same owner out of the same account, and mostly the same contributors. An
//! entry is read from the database and written back once in a block, however often it changes in between,
//! so that a run is charged for each entry once.

use crate::{ClaimRecord, Config, WeightInfo};
use alloc::collections::BTreeSet;
use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};
use openledger_primitives_core::{ModelId, record::RecordRef, settlement::Distribution};

/// What a run has paid for and paid out of so far.
pub(crate) struct Touched<T: Config> {
	sales: BTreeSet<(ModelId, T::AccountId)>,
	accounts: BTreeSet<T::AccountId>,
	records: BTreeSet<RecordRef>,
	_config: PhantomData<T>,
}

impl<T: Config> Default for Touched<T> {
	fn default() -> Self {
		Self {
			sales: BTreeSet::new(),
			accounts: BTreeSet::new(),
			records: BTreeSet::new(),
			_config: PhantomData,
		}
	}
}

impl<T: Config> Touched<T> {
	/// What making a claim final weighed beyond its clearance: with all that its sale touches, for the
	/// first of a model version and an operator, and for others what is the claim's own; and for every
	/// account and every record that this run has not touched yet, its entries.
	pub(crate) fn weigh(
		&mut self,
		claim: &ClaimRecord<T::AccountId>,
		distribution: &Distribution<T::AccountId>,
	) -> Weight {
		let sale = self.sales.insert((claim.model, claim.operator.clone()));
		let sellers = [&distribution.owner.account, &distribution.royalty.account];
		let contributors = distribution.contributors.iter().map(|payment| &payment.account);
		let paid = contributors
			.chain(sellers)
			.filter(|account| self.accounts.insert((*account).clone()))
			.count() as u32;
		// What a payer has held is another entry than its account.
		let payer = if self.accounts.insert(claim.payer.clone()) { 2 } else { 0 };
		let accounts = paid.saturating_add(payer);
		let found = claim.found.iter().flat_map(|found| &found.evidence);
		let records = claim.evidence.iter().chain(found);
		let records = records.map(|shown| RecordRef { datanet: shown.datanet, index: shown.index });
		let records = records.filter(|record| self.records.insert(*record)).count() as u64;
		let own = T::WeightInfo::finalize_due(1, accounts)
			.saturating_add(T::DbWeight::get().reads(records));
		match sale {
			true => own,
			false => own.saturating_sub(T::WeightInfo::finalize_due(0, 0)),
		}
	}
}
