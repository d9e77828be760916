//! Freezing the tree, and what models need of it.

use crate::{Config, Datanets, Error, Event, FrozenSnapshot, Pallet, Progresses, Snapshots};
use frame_support::{
	ensure,
	traits::{Consideration, Get},
};
use openledger_primitives_core::{
	DatanetId, SnapshotId,
	record::{Snapshot, SnapshotRef},
	traits,
};
use sp_runtime::DispatchResult;

impl<T: Config> Pallet<T> {
	pub(crate) fn do_snapshot(who: T::AccountId, id: DatanetId) -> DispatchResult {
		let datanet = Datanets::<T>::get(id).ok_or(Error::<T>::NotFound)?;
		ensure!(datanet.is_curated_by(&who), Error::<T>::NotCurator);
		// A closed Datanet's contributions can be archived, and a model trained on those would pay for records
		// that nobody can challenge.
		ensure!(!datanet.closed, Error::<T>::Closed);
		let mut progress = Progresses::<T>::get(id).ok_or(Error::<T>::NotFound)?;
		let (root, count) = (progress.tree.root(), progress.tree.count());
		let last = progress.snapshots.checked_sub(1).and_then(|last| Snapshots::<T>::get(id, last));
		ensure!(
			count > 0 && last.is_none_or(|last| last.snapshot.root != root),
			Error::<T>::NothingNew
		);
		let number = progress.snapshots;
		progress.snapshots = number.checked_add(1).ok_or(Error::<T>::NumbersExhausted)?;
		progress.frozen = progress.frozen.checked_add(1).ok_or(Error::<T>::NumbersExhausted)?;
		let ticket = T::SnapshotConsideration::new(&who, FrozenSnapshot::<T>::footprint())?;
		let frozen = FrozenSnapshot {
			snapshot: Snapshot { root, count, frozen_at: Self::now() },
			users: 0,
			depositor: who,
			ticket,
		};
		Snapshots::<T>::insert(id, number, frozen);
		Progresses::<T>::insert(id, progress);
		Self::deposit_event(Event::SnapshotFrozen { datanet: id, snapshot: number, root, count });
		Ok(())
	}

	pub(crate) fn do_remove_snapshot(
		who: &T::AccountId,
		id: DatanetId,
		number: SnapshotId,
	) -> DispatchResult {
		let datanet = Datanets::<T>::get(id).ok_or(Error::<T>::NotFound)?;
		let frozen = Snapshots::<T>::get(id, number).ok_or(Error::<T>::SnapshotNotFound)?;
		// Else one that nobody uses would keep all contributors' deposits in a Datanet that is over. Not at once,
		// since a closed one is not frozen again: who wants to train on it has time to register a model.
		let unused_until = frozen.snapshot.frozen_at.saturating_add(T::UnusedPeriod::get());
		let is_left = datanet.closed && Self::now() >= unused_until;
		if !is_left && frozen.depositor != *who {
			datanet.ensure_owned_by(who)?;
		}
		ensure!(frozen.users == 0, Error::<T>::SnapshotInUse);
		frozen.ticket.drop(&frozen.depositor)?;
		Snapshots::<T>::remove(id, number);
		Progresses::<T>::mutate(id, |progress| {
			if let Some(progress) = progress {
				progress.frozen = progress.frozen.saturating_sub(1);
			}
		});
		Self::deposit_event(Event::SnapshotRemoved { datanet: id, snapshot: number });
		Ok(())
	}
}

impl<T: Config> traits::Snapshots<T::AccountId> for Pallet<T> {
	fn snapshot(reference: SnapshotRef) -> Option<Snapshot> {
		Snapshots::<T>::get(reference.datanet, reference.snapshot).map(|frozen| frozen.snapshot)
	}

	fn acquire(reference: SnapshotRef) -> DispatchResult {
		let SnapshotRef { datanet, snapshot } = reference;
		let mut frozen =
			Snapshots::<T>::get(datanet, snapshot).ok_or(Error::<T>::SnapshotNotFound)?;
		frozen.users = frozen.users.checked_add(1).ok_or(Error::<T>::NumbersExhausted)?;
		Snapshots::<T>::insert(datanet, snapshot, frozen);
		Ok(())
	}

	fn release(reference: SnapshotRef) {
		Snapshots::<T>::mutate(reference.datanet, reference.snapshot, |frozen| {
			if let Some(frozen) = frozen {
				frozen.users = frozen.users.saturating_sub(1);
			}
		});
	}

	fn owner(datanet: DatanetId) -> Option<T::AccountId> {
		Datanets::<T>::get(datanet).map(|datanet| datanet.owner)
	}
}
