//! Challenges to records: what is noted of them, and what a record loses that is excluded.

use crate::{
	Config, Contribution, Contributions, Dispute, Disputes, Error, Event, Excluded, Pallet,
	Placements,
};
use frame_support::{
	ensure,
	traits::{
		Consideration, Get,
		fungible::{Inspect, InspectHold, Mutate, MutateHold},
		tokens::{DepositConsequence, Fortitude, Precision, Preservation, Provenance, Restriction},
	},
	weights::Weight,
};
use openledger_primitives_core::{
	Balance, ContributionId, DatanetId,
	record::{RecordLeaf, RecordRef},
	traits,
};
use sp_runtime::{DispatchError, DispatchResult};

impl<T: Config> Pallet<T> {
	/// What looking up and forgetting a contribution's challenges costs, so many of whose records are excluded.
	pub(crate) fn disputes_weight(excluded: u32) -> Weight {
		T::DbWeight::get().reads_writes(1, u64::from(excluded).saturating_add(1))
	}

	/// Forgets the challenges to a contribution that leaves storage.
	pub(crate) fn forget_disputes(datanet: DatanetId, number: ContributionId) {
		for index in Disputes::<T>::take(datanet, number).excluded {
			Excluded::<T>::remove(datanet, index);
		}
	}

	/// The accepted contribution that a place of the tree belongs to, if it is listed.
	fn placed(at: RecordRef) -> Option<(ContributionId, Contribution<T>)> {
		let RecordRef { datanet, index } = at;
		// The first key beyond the place is that of the contribution which reaches it.
		let from = Placements::<T>::hashed_key_for(datanet, index.to_be_bytes());
		let (_, number) = Placements::<T>::iter_prefix_from(datanet, from).next()?;
		let contribution = Contributions::<T>::get(datanet, number)?;
		Some((number, contribution))
	}

	fn leaf(at: RecordRef, contribution: Contribution<T>) -> Option<RecordLeaf<T::AccountId>> {
		Self::leaves(at.datanet, contribution).into_iter().find(|leaf| leaf.index == at.index)
	}

	/// What there is of challenges to a contribution's records.
	pub(crate) fn disputes(datanet: DatanetId, number: ContributionId) -> Dispute<T> {
		Disputes::<T>::get(datanet, number)
	}

	/// Counts one challenge less to a contribution's records.
	fn close_dispute(datanet: DatanetId, number: ContributionId) {
		Disputes::<T>::mutate_exists(datanet, number, |entry| {
			let mut dispute = entry.take().unwrap_or_default();
			dispute.open = dispute.open.saturating_sub(1);
			*entry = Some(dispute).filter(|dispute| !dispute.is_empty());
		});
	}

	/// Takes what a deposit is lowered by from whom it was released to: half of it, rounded down, to who is
	/// rewarded, the rest is burned. Force, since an account could otherwise freeze its balance to
	/// escape. Returns how much went to who is rewarded, and how much was burned.
	fn forfeit(
		who: &T::AccountId,
		amount: Balance,
		rewarded: Option<&T::AccountId>,
	) -> Result<(Balance, Balance), DispatchError> {
		let half = amount.checked_div(2).unwrap_or(0);
		let reward = rewarded.map_or(0, |to| Self::pass_on(who, to, half));
		let burned = T::Currency::burn_from(
			who,
			amount.saturating_sub(reward),
			Preservation::Expendable,
			Precision::BestEffort,
			Fortitude::Force,
		)?;
		Ok((reward, burned))
	}

	/// Moves what was just released from one account to another. Held again for it, since a transfer knows no
	/// force. Returns how much was moved: nothing to who can't hold it, as an account that is not there.
	fn pass_on(from: &T::AccountId, to: &T::AccountId, amount: Balance) -> Balance {
		let reason = crate::HoldReason::Contribution.into();
		let receivable = T::Currency::can_deposit(to, amount, Provenance::Extant);
		if amount == 0
			|| receivable != DepositConsequence::Success
			|| T::Currency::hold(&reason, from, amount).is_err()
		{
			return 0;
		}
		let moved = T::Currency::transfer_on_hold(
			&reason,
			from,
			to,
			amount,
			Precision::Exact,
			Restriction::Free,
			Fortitude::Force,
		);
		moved.unwrap_or_else(|_| {
			let _ = T::Currency::release(&reason, from, amount, Precision::BestEffort);
			0
		})
	}
}

impl<T: Config> traits::Records<T::AccountId> for Pallet<T> {
	fn record(record: RecordRef) -> Option<RecordLeaf<T::AccountId>> {
		let (_, contribution) = Self::placed(record)?;
		Self::leaf(record, contribution)
	}

	fn is_excluded(record: RecordRef) -> bool {
		Excluded::<T>::contains_key(record.datanet, record.index)
	}

	fn dispute(record: RecordRef) -> DispatchResult {
		let (number, contribution) = Self::placed(record).ok_or(Error::<T>::RecordNotFound)?;
		ensure!(Self::leaf(record, contribution).is_some(), Error::<T>::RecordNotFound);
		let mut dispute = Self::disputes(record.datanet, number);
		ensure!(!dispute.excludes(record.index), Error::<T>::RecordExcluded);
		dispute.open = dispute.open.checked_add(1).ok_or(Error::<T>::NumbersExhausted)?;
		Disputes::<T>::insert(record.datanet, number, dispute);
		Ok(())
	}

	fn settle(record: RecordRef) {
		if let Some((number, _)) = Self::placed(record) {
			Self::close_dispute(record.datanet, number);
		}
	}

	fn exclude(
		record: RecordRef,
		rewarded: Option<&T::AccountId>,
	) -> Result<Balance, DispatchError> {
		let RecordRef { datanet, index } = record;
		let (number, mut contribution) = Self::placed(record).ok_or(Error::<T>::RecordNotFound)?;
		let who = contribution.contributor.clone();
		let mut dispute = Self::disputes(datanet, number);
		if dispute.excludes(index) {
			Self::close_dispute(datanet, number);
			return Ok(0);
		}
		dispute.open = dispute.open.saturating_sub(1);
		dispute.excluded.try_push(index).map_err(|_| Error::<T>::RecordNotFound)?;
		let footprint =
			Contribution::<T>::covered(contribution.records.len(), dispute.excluded.len());
		let reason = crate::HoldReason::Contribution.into();
		let before = T::Currency::balance_on_hold(&reason, &who);
		contribution.ticket = contribution.ticket.update(&who, footprint)?;
		let lowered = before.saturating_sub(T::Currency::balance_on_hold(&reason, &who));
		let (reward, burned) = Self::forfeit(&who, lowered, rewarded)?;
		Disputes::<T>::insert(datanet, number, dispute);
		Excluded::<T>::insert(datanet, index, ());
		Contributions::<T>::insert(datanet, number, contribution);
		Self::deposit_event(Event::RecordExcluded {
			datanet,
			index,
			contributor: who,
			rewarded: rewarded.cloned(),
			reward,
			burned,
		});
		Ok(burned)
	}
}
