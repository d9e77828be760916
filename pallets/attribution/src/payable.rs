//! What of a claim is paid: not what it owes to records that are excluded.

use crate::{ClaimRecord, Config, Pallet};
use alloc::vec::Vec;
use frame_support::{traits::Get, weights::Weight};
use openledger_primitives_attribution::{Credit, Evidence, shares};
use openledger_primitives_core::{
	MAX_CREDITS, ModelId,
	model::PayBy,
	record::RecordRef,
	traits::{Models, Records},
};
use sp_runtime::Permill;

/// The weights that are paid, and how much of the contributors' part.
pub(crate) type Payable<AccountId> = (Vec<(AccountId, u64)>, Permill);

/// Credits, told apart by what their records are.
struct Standing<AccountId> {
	/// Those that are paid.
	left: Vec<Credit<AccountId>>,
	/// The weight of those of excluded records.
	lost: u64,
}

impl<T: Config> Pallet<T> {
	/// What looking up the records of one claim costs at most.
	pub(crate) fn payable_weight() -> Weight {
		T::DbWeight::get().reads(u64::from(MAX_CREDITS).saturating_add(1))
	}

	/// What is paid of `paid` for an answer of `model`, of which `earned` is.
	///
	/// What an excluded record would have earned is the treasury's, and as much as it was. Nobody gains by
	/// having records excluded: neither others with credits, nor the base's owner, who has a royalty on what
	/// is not earned, nor who contributed what the record duplicates, who may be the payer, or have been
	/// excluded for a duplicate too. Where contributors' sums are paid, no part of a sum is known to be one
	/// record's: it is paid until there is an index without the record.
	pub(crate) fn payable(
		model: ModelId,
		paid: &[Credit<T::AccountId>],
		evidence: &[Evidence<T::AccountId>],
		earned: Permill,
	) -> Payable<T::AccountId> {
		let Standing { left, lost } = Self::standing(model, paid, evidence);
		let mut shares = shares(&left);
		if lost > 0 {
			shares.push((T::TreasuryAccount::get(), lost));
		}
		(shares, earned)
	}

	/// What contributors are owed of `paid` for an answer of `model`, of which `earned` is, by who kept them
	/// from it. Nothing is owed for excluded records: were that the treasury's, it would take its part of a
	/// bond that does not reach.
	pub(crate) fn owed(
		model: ModelId,
		paid: &[Credit<T::AccountId>],
		evidence: &[Evidence<T::AccountId>],
		earned: Permill,
	) -> Payable<T::AccountId> {
		let Standing { left, lost } = Self::standing(model, paid, evidence);
		if lost == 0 {
			return (shares(&left), earned);
		}
		let all = sum(&left).saturating_add(lost);
		// Rounded down: what is lost to that is not owed either.
		let part = Permill::from_rational(sum(&left), all);
		(shares(&left), Permill::from_parts(part.mul_floor(earned.deconstruct())))
	}

	/// Tells the credits of excluded records from others.
	fn standing(
		model: ModelId,
		paid: &[Credit<T::AccountId>],
		evidence: &[Evidence<T::AccountId>],
	) -> Standing<T::AccountId> {
		// A sum's place is one among contributors, and no record's.
		let pays_records = T::Models::pay_by(model) == Some(PayBy::Records);
		let is_excluded = |credit: &Credit<T::AccountId>| {
			let mut evidence = evidence.iter().filter(|_| pays_records);
			let record = evidence.find(|shown| shown.position == credit.position);
			record.is_some_and(|shown| {
				let (datanet, index) = (shown.datanet, shown.index);
				T::Records::is_excluded(RecordRef { datanet, index })
			})
		};
		let (lost, left): (Vec<_>, Vec<_>) = paid.iter().cloned().partition(is_excluded);
		Standing { left, lost: sum(&lost) }
	}

	/// What is paid of a claim.
	pub(crate) fn payable_of(claim: &ClaimRecord<T::AccountId>) -> Payable<T::AccountId> {
		Self::payable(claim.model, &claim.paid, &claim.evidence, claim.earned)
	}
}

/// The weights of credits together.
fn sum<AccountId>(credits: &[Credit<AccountId>]) -> u64 {
	credits.iter().fold(0, |sum: u64, credit| sum.saturating_add(credit.weight))
}
