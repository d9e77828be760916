//! What of a claim is paid: not what it owes to records that are excluded.

use crate::{ClaimRecord, Config, Pallet, Prompted};
use alloc::vec::Vec;
use frame_support::{traits::Get, weights::Weight};
use openledger_primitives_attribution::{
	Credit, Evidence, shares,
	split::{Weights, combine},
};
use openledger_primitives_core::{
	MAX_CREDITS, ModelId,
	model::PayBy,
	record::RecordRef,
	traits::{Models, Records},
};
use sp_runtime::Permill;

/// The weights that are paid, and how much of the contributors' part.
pub(crate) type Payable<AccountId> = (Vec<(AccountId, u64)>, Permill);

/// What a claim credits.
pub(crate) struct Credits<'a, AccountId> {
	/// What moved the answer, best first.
	pub paid: &'a [Credit<AccountId>],
	/// The records that explain it.
	pub evidence: &'a [Evidence<AccountId>],
	/// What was put into the prompt.
	pub found: Option<&'a Prompted<AccountId>>,
}

impl<T: Config> Pallet<T> {
	/// What looking up the records of one claim costs at most.
	pub(crate) fn payable_weight() -> Weight {
		T::DbWeight::get().reads(u64::from(MAX_CREDITS).saturating_add(1))
	}

	/// What is paid of what a claim on an answer of `model` credits, of which `earned` is.
	///
	/// What an excluded record would have earned is the treasury's, and as much as it was. Nobody gains by
	/// having records excluded: neither others with credits, nor the base's owner, who has a royalty on what
	/// is not earned, nor who contributed what the record duplicates, who may be the payer, or have been
	/// excluded for a duplicate too. Where contributors' sums are paid, no part of a sum is known to be one
	/// record's: it is paid until there is an index without the record.
	pub(crate) fn payable(
		model: ModelId,
		credited: Credits<'_, T::AccountId>,
		earned: Permill,
	) -> Payable<T::AccountId> {
		let (weights, earned) = Self::weighed(model, credited, earned);
		let treasury = T::TreasuryAccount::get;
		let paid = |(account, weight): (Option<_>, u64)| (account.unwrap_or_else(treasury), weight);
		(weights.into_iter().map(paid).collect(), earned)
	}

	/// What contributors are owed of what a claim credits, by who kept them from it. Nothing is owed for
	/// excluded records: were that the treasury's, it would take its part of a bond that does not reach.
	pub(crate) fn owed(
		model: ModelId,
		credited: Credits<'_, T::AccountId>,
		earned: Permill,
	) -> Payable<T::AccountId> {
		let (weights, earned) = Self::weighed(model, credited, earned);
		let sum = |of: &mut dyn Iterator<Item = u64>| of.fold(0, u64::saturating_add);
		let all = sum(&mut weights.iter().map(|(_, weight)| *weight));
		let left: Weights<T::AccountId> =
			weights.into_iter().filter_map(|(account, weight)| Some((account?, weight))).collect();
		let owed = sum(&mut left.iter().map(|(_, weight)| *weight));
		if owed == all {
			return (left, earned);
		}
		// Rounded down: what is lost to that is not owed either.
		let part = Permill::from_rational(owed, all);
		(left, Permill::from_parts(part.mul_floor(earned.deconstruct())))
	}

	/// The weights of what a claim credits, of both kinds of evidence, and how much of the contributors' part
	/// they divide. What excluded records weigh is nobody's.
	fn weighed(
		model: ModelId,
		credited: Credits<'_, T::AccountId>,
		earned: Permill,
	) -> (Weights<Option<T::AccountId>>, Permill) {
		let Credits { paid, evidence, found } = credited;
		// A sum's place is one among contributors, and no record's.
		let pays_records = T::Models::pay_by(model) == Some(PayBy::Records);
		let moved = Self::standing(paid, if pays_records { evidence } else { &[] });
		match found {
			None => (moved, earned),
			Some(found) => {
				let retrieved = Self::standing(&found.paid, &found.evidence);
				combine((moved, earned), (retrieved, found.part))
			}
		}
	}

	/// The weights of accounts, and of nobody for those of credits whose record, among `evidence`, is
	/// excluded.
	fn standing(
		paid: &[Credit<T::AccountId>],
		evidence: &[Evidence<T::AccountId>],
	) -> Weights<Option<T::AccountId>> {
		let is_excluded = |credit: &Credit<T::AccountId>| {
			let record = evidence.iter().find(|shown| shown.position == credit.position);
			record.is_some_and(|shown| {
				let (datanet, index) = (shown.datanet, shown.index);
				T::Records::is_excluded(RecordRef { datanet, index })
			})
		};
		let (lost, left): (Vec<_>, Vec<_>) = paid.iter().cloned().partition(is_excluded);
		let weights = shares(&left).into_iter().map(|(account, weight)| (Some(account), weight));
		let lost = lost.iter().fold(0, |sum: u64, credit| sum.saturating_add(credit.weight));
		weights.chain(Some((None, lost)).filter(|_| lost > 0)).collect()
	}

	/// What is paid of a claim.
	pub(crate) fn payable_of(claim: &ClaimRecord<T::AccountId>) -> Payable<T::AccountId> {
		let ClaimRecord { paid, evidence, found, .. } = claim;
		let credited = Credits { paid, evidence, found: found.as_ref() };
		Self::payable(claim.model, credited, claim.earned)
	}
}
