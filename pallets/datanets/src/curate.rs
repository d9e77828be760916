//! The curator's side: accept and reject.

use crate::{
	Config, Contribution, Contributions, Datanets, Error, Event, Holders, Pallet, Placements,
	Policy, Progresses, Status, types::Holder,
};
use frame_support::{ensure, pallet_prelude::BoundedVec, traits::Consideration};
use openledger_primitives_core::{ContributionId, DatanetId, Text, is_text, record::RecordLeaf};
use sp_runtime::DispatchError;

impl<T: Config> Pallet<T> {
	/// Returns how many records were looked at.
	pub(crate) fn do_accept(
		who: &T::AccountId,
		id: DatanetId,
		number: ContributionId,
	) -> Result<u32, DispatchError> {
		let datanet = Self::open(id)?;
		ensure!(
			datanet.policy == Policy::Open || datanet.is_curated_by(who),
			Error::<T>::NotCurator
		);
		let mut contribution = Self::pending(id, number)?;
		let committed_at = contribution.committed_at;
		ensure!(Self::now() >= Self::acceptable_at(committed_at), Error::<T>::NotYetAcceptable);
		let mut progress = Progresses::<T>::get(id).ok_or(Error::<T>::NotFound)?;
		let first_index = progress.tree.count();
		let listed = contribution.records.len() as u32;
		let mut kept = BoundedVec::new();
		for record in &contribution.records {
			let elsewhere = Holders::<T>::get(id, record.content).is_some_and(|holder| {
				holder.contribution != number && holder.precedes(number, committed_at)
			});
			if elsewhere {
				continue;
			}
			let leaf = RecordLeaf {
				datanet: id,
				index: progress.tree.count(),
				contributor: contribution.contributor.clone(),
				content: record.content,
				size: record.size,
				committed_at,
			};
			progress.tree.push(leaf.hash()).ok_or(Error::<T>::TreeFull)?;
			let holder = Holder { contribution: number, committed_at, accepted: true };
			Holders::<T>::insert(id, record.content, holder);
			kept.try_push(*record).map_err(|_| Error::<T>::TreeFull)?;
		}
		ensure!(!kept.is_empty(), Error::<T>::NothingLeft);
		let end = progress.tree.count();
		let records = end.saturating_sub(first_index);
		let root = progress.tree.root();
		contribution.ticket = contribution
			.ticket
			.update(&contribution.contributor, Contribution::<T>::footprint(kept.len()))?;
		contribution.records = kept;
		contribution.status = Status::Accepted { first_index };
		Contributions::<T>::insert(id, number, contribution);
		Placements::<T>::insert(id, end.to_be_bytes(), number);
		Progresses::<T>::insert(id, progress);
		Self::deposit_event(Event::Accepted {
			datanet: id,
			contribution: number,
			first_index,
			records,
			skipped: listed.saturating_sub(records),
			root,
		});
		Ok(listed)
	}

	/// Returns how many records the contribution had.
	pub(crate) fn do_reject(
		who: &T::AccountId,
		id: DatanetId,
		number: ContributionId,
		reason: Text,
	) -> Result<u32, DispatchError> {
		ensure!(is_text(&reason), Error::<T>::NotText);
		let datanet = Datanets::<T>::get(id).ok_or(Error::<T>::NotFound)?;
		ensure!(datanet.is_curated_by(who), Error::<T>::NotCurator);
		let contribution = Self::pending(id, number)?;
		let records = Self::discard(id, number, contribution)?;
		Self::deposit_event(Event::Rejected { datanet: id, contribution: number, reason });
		Ok(records)
	}
}
