//! The contributor's side: commit, reveal, withdraw.

use crate::{
	Commitments, Config, Contribution, Contributions, Error, Event, Holders, Pallet, Placements,
	Progresses, Status,
	types::{Commitment, Holder},
};
use alloc::vec::Vec;
use frame_support::{
	ensure,
	pallet_prelude::BoundedVec,
	traits::{Consideration, Get},
};
use openledger_primitives_core::{
	BlockNumber, ContributionId, DatanetId, Hash,
	record::{RecordEntry, contribution_commitment},
	traits::RewardAccounts,
};
use sp_runtime::{DispatchError, DispatchResult, SaturatedConversion};

impl<T: Config> Pallet<T> {
	pub(crate) fn do_commit(who: T::AccountId, id: DatanetId, commitment: Hash) -> DispatchResult {
		Self::open(id)?;
		let key = (id, &who, commitment);
		ensure!(!Commitments::<T>::contains_key(key), Error::<T>::AlreadyCommitted);
		let ticket = T::CommitmentConsideration::new(&who, Commitment::<T>::footprint())?;
		Commitments::<T>::insert(key, Commitment { at: Self::now(), ticket });
		Self::deposit_event(Event::Committed { datanet: id, contributor: who, commitment });
		Ok(())
	}

	/// The Datanet may be closed or gone: whatever became of it, its commitments can leave.
	pub(crate) fn do_drop_commitment(
		who: &T::AccountId,
		id: DatanetId,
		contributor: T::AccountId,
		commitment: Hash,
	) -> DispatchResult {
		let key = (id, &contributor, commitment);
		let stored = Commitments::<T>::get(key).ok_or(Error::<T>::NotCommitted)?;
		ensure!(
			*who == contributor || Self::now() >= Self::acceptable_at(stored.at),
			Error::<T>::NotExpired
		);
		stored.ticket.drop(&contributor)?;
		Commitments::<T>::remove(key);
		Self::deposit_event(Event::CommitmentDropped { datanet: id, contributor, commitment });
		Ok(())
	}

	pub(crate) fn do_reveal(
		who: T::AccountId,
		id: DatanetId,
		records: BoundedVec<RecordEntry, T::MaxRecords>,
		salt: [u8; 32],
	) -> DispatchResult {
		Self::ensure_records(&records)?;
		Self::open(id)?;
		let commitment = contribution_commitment(&records, &who, &salt);
		let Commitment { at: committed_at, ticket } =
			Commitments::<T>::take((id, &who, commitment)).ok_or(Error::<T>::NotCommitted)?;
		let now = Self::now();
		ensure!(now > committed_at, Error::<T>::RevealedTooEarly);
		ensure!(now < Self::acceptable_at(committed_at), Error::<T>::CommitmentExpired);
		// Freed before the larger deposit is taken, which it may have to pay for.
		ticket.drop(&who)?;
		let ticket =
			T::ContributionConsideration::new(&who, Contribution::<T>::footprint(records.len()))?;
		T::Accounts::open(&who)?;
		let mut progress = Progresses::<T>::get(id).ok_or(Error::<T>::NotFound)?;
		let number = progress.contributions;
		progress.contributions = number.checked_add(1).ok_or(Error::<T>::NumbersExhausted)?;
		progress.stored = progress.stored.checked_add(1).ok_or(Error::<T>::NumbersExhausted)?;
		Progresses::<T>::insert(id, progress);
		for record in &records {
			Self::hold_record(id, number, committed_at, record.content)?;
		}
		let count = records.len() as u32;
		let contribution = Contribution {
			contributor: who.clone(),
			committed_at,
			status: Status::Pending,
			records,
			ticket,
		};
		Contributions::<T>::insert(id, number, contribution);
		Self::deposit_event(Event::Revealed {
			datanet: id,
			contribution: number,
			contributor: who,
			records: count,
		});
		Ok(())
	}

	/// Returns how many records the contribution had.
	pub(crate) fn do_withdraw(
		who: &T::AccountId,
		id: DatanetId,
		number: ContributionId,
	) -> Result<u32, DispatchError> {
		let contribution = Self::pending(id, number)?;
		ensure!(contribution.contributor == *who, Error::<T>::NotContributor);
		let records = Self::discard(id, number, contribution)?;
		Self::deposit_event(Event::Withdrawn { datanet: id, contribution: number });
		Ok(records)
	}

	/// The first block at which what was committed at `committed_at` can be accepted, and no
	/// longer be revealed.
	pub(crate) fn acceptable_at(committed_at: BlockNumber) -> BlockNumber {
		committed_at.saturating_add(T::RevealPeriod::get().saturated_into())
	}

	/// The contribution, if it is pending.
	pub(crate) fn pending(
		id: DatanetId,
		number: ContributionId,
	) -> Result<Contribution<T>, Error<T>> {
		let contribution =
			Contributions::<T>::get(id, number).ok_or(Error::<T>::ContributionNotFound)?;
		ensure!(contribution.status == Status::Pending, Error::<T>::AlreadyAccepted);
		Ok(contribution)
	}

	/// Takes a contribution out of storage with everything that its deposit paid for, and frees the
	/// deposit. Records that another contribution holds stay with that one. Returns how many
	/// records were listed.
	pub(crate) fn discard(
		id: DatanetId,
		number: ContributionId,
		contribution: Contribution<T>,
	) -> Result<u32, DispatchError> {
		let count = contribution.records.len() as u32;
		for record in &contribution.records {
			if Holders::<T>::get(id, record.content)
				.is_some_and(|holder| holder.contribution == number)
			{
				Holders::<T>::remove(id, record.content);
			}
		}
		if let Status::Accepted { first_index } = contribution.status {
			Placements::<T>::remove(id, first_index.saturating_add(count).to_be_bytes());
			Self::forget_disputes(id, number);
		}
		Contributions::<T>::remove(id, number);
		Progresses::<T>::mutate(id, |progress| {
			if let Some(progress) = progress {
				progress.stored = progress.stored.saturating_sub(1);
			}
		});
		contribution.ticket.drop(&contribution.contributor)?;
		Ok(count)
	}

	fn ensure_records(records: &[RecordEntry]) -> Result<(), Error<T>> {
		ensure!(!records.is_empty(), Error::<T>::NoRecords);
		let sizes = 1..=T::MaxRecordSize::get();
		ensure!(
			records.iter().all(|record| sizes.contains(&record.size)),
			Error::<T>::RecordSizeOutOfRange
		);
		let mut contents: Vec<Hash> = records.iter().map(|record| record.content).collect();
		contents.sort_unstable();
		ensure!(
			contents.windows(2).all(|pair| pair.first() != pair.last()),
			Error::<T>::DuplicateRecord
		);
		Ok(())
	}

	/// Makes the contribution the holder of `content`, unless an earlier one is.
	fn hold_record(
		id: DatanetId,
		number: ContributionId,
		committed_at: BlockNumber,
		content: Hash,
	) -> DispatchResult {
		if let Some(holder) = Holders::<T>::get(id, content) {
			ensure!(!holder.precedes(number, committed_at), Error::<T>::RecordTaken);
			Self::deposit_event(Event::RecordSuperseded {
				datanet: id,
				content,
				contribution: holder.contribution,
				by: number,
			});
		}
		let holder = Holder { contribution: number, committed_at, accepted: false };
		Holders::<T>::insert(id, content, holder);
		Ok(())
	}
}
