//! What holds of the pallet's storage after every call.

use crate::{
	Config, Contributions, Datanets, Disputes, Excluded, Holders, NextDatanet, Pallet, Placements,
	Policy, Progress, Progresses, Snapshots, Status,
};
use alloc::vec::Vec;
use frame_support::ensure;
use openledger_primitives_core::{ContributionId, DatanetId, Hash, is_text, merkle};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
	/// Checks every invariant; names the first that fails.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		let next = NextDatanet::<T>::get();
		for (id, datanet) in Datanets::<T>::iter() {
			ensure!(id < next, "a Datanet has a number not given yet");
			ensure!(is_text(&datanet.name), "a Datanet's name is no text");
			ensure!(
				(datanet.policy == Policy::Curators) != datanet.curators.is_empty(),
				"curators and policy of a Datanet don't fit"
			);
			ensure!(
				datanet.offered.as_ref() != Some(&datanet.owner),
				"a Datanet is offered to its owner"
			);
			ensure!(
				!datanet.awarded || datanet.offered.is_some(),
				"a Datanet is awarded to nobody"
			);
			let progress = Progresses::<T>::get(id).ok_or("a Datanet has no progress")?;
			Self::try_contributions(id, &progress, datanet.closed)?;
			Self::try_holders(id)?;
			Self::try_snapshots(id, &progress)?;
		}
		for id in Progresses::<T>::iter_keys() {
			ensure!(Datanets::<T>::contains_key(id), "a progress has no Datanet");
		}
		let contributions = Contributions::<T>::iter_keys().map(|(id, _)| id);
		let holders = Holders::<T>::iter_keys().map(|(id, _)| id);
		let snapshots = Snapshots::<T>::iter_keys().map(|(id, _)| id);
		let placements = Placements::<T>::iter_keys().map(|(id, _)| id);
		for id in contributions.chain(holders).chain(snapshots).chain(placements) {
			ensure!(Datanets::<T>::contains_key(id), "an entry outlived its Datanet");
		}
		Self::try_disputes()
	}

	fn try_disputes() -> Result<(), TryRuntimeError> {
		let mut excluded = 0usize;
		for (id, number, dispute) in Disputes::<T>::iter() {
			ensure!(!dispute.is_empty(), "nothing is remembered of challenges");
			let contribution = Contributions::<T>::get(id, number)
				.ok_or("a record is challenged whose contribution is gone")?;
			let leaves = Self::leaves(id, contribution);
			ensure!(!leaves.is_empty(), "a pending contribution is challenged");
			let mut listed = dispute.excluded.into_inner();
			for index in &listed {
				let found = leaves.iter().any(|leaf| leaf.index == *index);
				ensure!(found, "a record is excluded that its contribution has not");
				ensure!(Excluded::<T>::contains_key(id, index), "an exclusion has no entry");
			}
			excluded = excluded.saturating_add(listed.len());
			listed.sort_unstable();
			ensure!(
				listed.windows(2).all(|pair| pair.first() != pair.last()),
				"a record is excluded twice"
			);
		}
		ensure!(Excluded::<T>::iter().count() == excluded, "an excluded record is of no list");
		Ok(())
	}

	fn try_contributions(
		id: DatanetId,
		progress: &Progress,
		closed: bool,
	) -> Result<(), TryRuntimeError> {
		let mut stored = 0u32;
		let mut accepted: Vec<(u32, ContributionId)> = Vec::new();
		for (number, contribution) in Contributions::<T>::iter_prefix(id) {
			stored = stored.saturating_add(1);
			ensure!(number < progress.contributions, "a contribution has a number not given yet");
			ensure!(!contribution.records.is_empty(), "a contribution has no records");
			let Status::Accepted { first_index } = contribution.status else { continue };
			let end = first_index.saturating_add(contribution.records.len() as u32);
			ensure!(
				Placements::<T>::get(id, end.to_be_bytes()) == Some(number),
				"an accepted contribution is not placed"
			);
			accepted.push((first_index, number));
			for record in &contribution.records {
				let holder = Holders::<T>::get(id, record.content);
				ensure!(
					holder.is_some_and(|holder| holder.accepted && holder.contribution == number),
					"an accepted record is not held by its contribution"
				);
			}
		}
		ensure!(stored == progress.stored, "stored contributions are miscounted");
		ensure!(
			Placements::<T>::iter_prefix(id).count() == accepted.len(),
			"a placement has no accepted contribution"
		);
		accepted.sort_unstable();
		let mut leaves: Vec<Hash> = Vec::new();
		let mut reached = 0u32;
		for (first_index, number) in accepted {
			ensure!(first_index >= reached, "two contributions share a place in the tree");
			let contribution = Contributions::<T>::get(id, number).ok_or("just listed")?;
			reached = first_index.saturating_add(contribution.records.len() as u32);
			leaves.extend(Self::leaves(id, contribution).iter().map(|leaf| leaf.hash()));
		}
		ensure!(reached <= progress.tree.count(), "a contribution lies beyond the tree");
		// Only archiving, which needs a closed Datanet, takes leaves out of storage.
		let complete = leaves.len() as u32 == progress.tree.count();
		ensure!(complete || closed, "leaves of an open Datanet are missing");
		ensure!(
			complete || progress.frozen == 0,
			"models can be trained on records that nobody can challenge"
		);
		ensure!(
			!complete || merkle::root(&leaves) == progress.tree.root(),
			"the tree's root is not the root over the stored leaves"
		);
		Ok(())
	}

	fn try_holders(id: DatanetId) -> Result<(), TryRuntimeError> {
		for (content, holder) in Holders::<T>::iter_prefix(id) {
			let contribution = Contributions::<T>::get(id, holder.contribution)
				.ok_or("a record is held by a contribution that is gone")?;
			ensure!(
				contribution.records.iter().any(|record| record.content == content),
				"a record is held by a contribution without it"
			);
			ensure!(
				contribution.committed_at == holder.committed_at
					&& (contribution.status != Status::Pending) == holder.accepted,
				"a holder differs from its contribution"
			);
		}
		Ok(())
	}

	fn try_snapshots(id: DatanetId, progress: &Progress) -> Result<(), TryRuntimeError> {
		let mut frozen = 0u32;
		for (number, entry) in Snapshots::<T>::iter_prefix(id) {
			frozen = frozen.saturating_add(1);
			let (root, count) = (entry.snapshot.root, entry.snapshot.count);
			ensure!(number < progress.snapshots, "a snapshot has a number not given yet");
			ensure!((1..=progress.tree.count()).contains(&count), "a snapshot's count is off");
			ensure!(
				(count == progress.tree.count()) == (root == progress.tree.root()),
				"a snapshot's root is not that of its count"
			);
		}
		ensure!(frozen == progress.frozen, "stored snapshots are miscounted");
		Ok(())
	}
}
