//! Queries for the runtime API. Pages hold at most [`MAX_PAGE`] entries.

use crate::{
	Config, Contribution, Contributions, Datanets, Disputes, NextDatanet, Pallet, Placements,
	Progresses, Snapshots, Status,
};
use alloc::{string::String, vec::Vec};
use openledger_primitives_api::{ContributionInfo, DatanetInfo, MAX_PAGE};
use openledger_primitives_core::{ContributionId, DatanetId, record::RecordLeaf};

impl<T: Config> Pallet<T> {
	/// Datanets from `start` on, in ascending order.
	pub fn datanets(start: DatanetId, limit: u32) -> Vec<DatanetInfo<T::AccountId>> {
		(start..NextDatanet::<T>::get())
			.filter_map(Self::datanet)
			.take(limit.min(MAX_PAGE) as usize)
			.collect()
	}

	/// One Datanet.
	pub fn datanet(id: DatanetId) -> Option<DatanetInfo<T::AccountId>> {
		let datanet = Datanets::<T>::get(id)?;
		let progress = Progresses::<T>::get(id)?;
		let mut snapshots: Vec<_> = Snapshots::<T>::iter_prefix(id)
			.map(|(number, frozen)| (number, frozen.snapshot))
			.collect();
		snapshots.sort_by_key(|(number, _)| *number);
		Some(DatanetInfo {
			id,
			owner: datanet.owner,
			name: text(&datanet.name),
			description: text(&datanet.description),
			kind: datanet.kind.as_str().into(),
			terms: text(&datanet.terms),
			policy: datanet.policy.as_str().into(),
			curators: datanet.curators.into_inner(),
			closed: datanet.closed,
			root: progress.tree.root(),
			records: progress.tree.count(),
			contributions: progress.contributions,
			snapshots,
		})
	}

	/// Contributions in storage from `start` on, in ascending order.
	pub fn contributions(
		id: DatanetId,
		start: ContributionId,
		limit: u32,
	) -> Vec<ContributionInfo<T::AccountId>> {
		let end = Progresses::<T>::get(id).map_or(0, |progress| progress.contributions);
		(start..end)
			.filter_map(|number| Some((number, Contributions::<T>::get(id, number)?)))
			.take(limit.min(MAX_PAGE) as usize)
			.map(|(number, contribution)| {
				let (status, first_index) = match contribution.status {
					Status::Pending => ("pending", None),
					Status::Accepted { first_index } => ("accepted", Some(first_index)),
				};
				ContributionInfo {
					id: number,
					contributor: contribution.contributor,
					committed_at: contribution.committed_at,
					status: status.into(),
					acceptable_at: Self::acceptable_at(contribution.committed_at),
					first_index,
					records: contribution.records.into_inner(),
				}
			})
			.collect()
	}

	/// Record leaves from `start` on, in the tree's order. Those of archived contributions are
	/// missing.
	pub fn records(id: DatanetId, start: u32, limit: u32) -> Vec<RecordLeaf<T::AccountId>> {
		// A contribution is placed under the index past its last record, so the first key beyond
		// `start` is the one whose records reach it.
		let from = Placements::<T>::hashed_key_for(id, start.to_be_bytes());
		Placements::<T>::iter_prefix_from(id, from)
			.filter_map(|(_, number)| Contributions::<T>::get(id, number))
			.flat_map(|contribution| Self::leaves(id, contribution))
			.skip_while(|leaf| leaf.index < start)
			.take(limit.min(MAX_PAGE) as usize)
			.collect()
	}

	/// The places of records that are excluded, from `start` on.
	pub fn excluded(id: DatanetId, start: u32, limit: u32) -> Vec<u32> {
		let mut excluded: Vec<u32> = Disputes::<T>::iter_prefix_values(id)
			.flat_map(|dispute| dispute.excluded.into_inner())
			.filter(|index| *index >= start)
			.collect();
		excluded.sort_unstable();
		excluded.truncate(limit.min(MAX_PAGE) as usize);
		excluded
	}

	/// The leaves of an accepted contribution; none while it is pending.
	pub(crate) fn leaves(
		id: DatanetId,
		contribution: Contribution<T>,
	) -> Vec<RecordLeaf<T::AccountId>> {
		let Status::Accepted { first_index } = contribution.status else { return Vec::new() };
		(first_index..)
			.zip(&contribution.records)
			.map(|(index, record)| RecordLeaf {
				datanet: id,
				index,
				contributor: contribution.contributor.clone(),
				content: record.content,
				size: record.size,
				committed_at: contribution.committed_at,
			})
			.collect()
	}
}

fn text(bytes: &[u8]) -> String {
	String::from_utf8_lossy(bytes).into_owned()
}
