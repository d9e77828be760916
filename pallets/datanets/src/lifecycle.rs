//! Creating, governing, closing and removing a Datanet.

use crate::{
	Config, Contributions, Datanet, Datanets, Error, Event, Kind, NextDatanet, Pallet, Policy,
	Progress, Progresses, Status,
};
use frame_support::{ensure, pallet_prelude::BoundedVec, traits::Consideration};
use openledger_primitives_core::{BlockNumber, ContributionId, DatanetId, Name, Text, is_text};
use sp_runtime::{DispatchError, DispatchResult, SaturatedConversion};

impl<T: Config> Pallet<T> {
	pub(crate) fn do_create(
		owner: T::AccountId,
		name: Name,
		description: Text,
		kind: Kind,
		terms: Text,
		policy: Policy,
		curators: BoundedVec<T::AccountId, T::MaxCurators>,
	) -> DispatchResult {
		ensure!(is_text(&name), Error::<T>::NotText);
		for text in [&description, &terms] {
			ensure!(core::str::from_utf8(text).is_ok(), Error::<T>::NotText);
		}
		Self::ensure_curators(policy, &curators)?;
		let id = NextDatanet::<T>::get();
		NextDatanet::<T>::put(id.checked_add(1).ok_or(Error::<T>::NumbersExhausted)?);
		let texts = name.len().saturating_add(description.len()).saturating_add(terms.len());
		let footprint = Datanet::<T>::footprint(texts, curators.len());
		let ticket = T::DatanetConsideration::new(&owner, footprint)?;
		let datanet = Datanet {
			owner: owner.clone(),
			offered: None,
			awarded: false,
			name,
			description,
			kind,
			terms,
			policy,
			curators,
			closed: false,
			ticket,
		};
		Datanets::<T>::insert(id, datanet);
		Progresses::<T>::insert(id, Progress::default());
		Self::deposit_event(Event::Created { datanet: id, owner });
		Ok(())
	}

	pub(crate) fn do_set_policy(
		who: &T::AccountId,
		id: DatanetId,
		policy: Policy,
		curators: BoundedVec<T::AccountId, T::MaxCurators>,
	) -> DispatchResult {
		let mut datanet = Self::owned(who, id)?;
		Self::ensure_curators(policy, &curators)?;
		let footprint = Datanet::<T>::footprint(datanet.texts(), curators.len());
		datanet.ticket = datanet.ticket.update(who, footprint)?;
		datanet.policy = policy;
		datanet.curators = curators;
		let curators = datanet.curators.len() as u32;
		Datanets::<T>::insert(id, datanet);
		Self::deposit_event(Event::PolicySet { datanet: id, policy, curators });
		Ok(())
	}

	/// Closes the Datanet, by its owner or, where `who` is nobody, by a dispute.
	pub(crate) fn do_close(who: Option<&T::AccountId>, id: DatanetId) -> DispatchResult {
		let mut datanet = match who {
			Some(who) => Self::owned(who, id)?,
			None => Datanets::<T>::get(id).ok_or(Error::<T>::NotFound)?,
		};
		ensure!(!datanet.closed, Error::<T>::Closed);
		datanet.closed = true;
		Datanets::<T>::insert(id, datanet);
		Self::deposit_event(Event::Closed { datanet: id });
		Ok(())
	}

	/// Returns how many records the list had, and how many of them were excluded.
	pub(crate) fn do_archive(
		who: &T::AccountId,
		id: DatanetId,
		number: ContributionId,
	) -> Result<(u32, u32), DispatchError> {
		let datanet = Datanets::<T>::get(id).ok_or(Error::<T>::NotFound)?;
		ensure!(datanet.closed, Error::<T>::NotClosed);
		let contribution =
			Contributions::<T>::get(id, number).ok_or(Error::<T>::ContributionNotFound)?;
		let progress = Progresses::<T>::get(id).ok_or(Error::<T>::NotFound)?;
		if contribution.contributor != *who {
			ensure!(datanet.owner == *who, Error::<T>::NotContributor);
			datanet.ensure_owned_by(who)?;
		}
		ensure!(contribution.status != Status::Pending, Error::<T>::StillPending);
		// What models are trained on can be challenged, and an exclusion is not forgotten while they pay.
		ensure!(progress.frozen == 0, Error::<T>::HasSnapshots);
		let dispute = Self::disputes(id, number);
		ensure!(dispute.open == 0, Error::<T>::RecordDisputed);
		let excluded = dispute.excluded.len() as u32;
		let records = Self::discard(id, number, contribution)?;
		Self::deposit_event(Event::Archived { datanet: id, contribution: number });
		Ok((records, excluded))
	}

	pub(crate) fn do_remove(who: &T::AccountId, id: DatanetId) -> DispatchResult {
		let datanet = Self::owned(who, id)?;
		ensure!(datanet.closed, Error::<T>::NotClosed);
		let progress = Progresses::<T>::get(id).ok_or(Error::<T>::NotFound)?;
		ensure!(progress.frozen == 0, Error::<T>::HasSnapshots);
		ensure!(progress.stored == 0, Error::<T>::HasContributions);
		datanet.ticket.drop(who)?;
		Datanets::<T>::remove(id);
		Progresses::<T>::remove(id);
		Self::deposit_event(Event::Removed { datanet: id });
		Ok(())
	}

	/// The Datanet, if `who` owns it.
	pub(crate) fn owned(who: &T::AccountId, id: DatanetId) -> Result<Datanet<T>, Error<T>> {
		let datanet = Datanets::<T>::get(id).ok_or(Error::<T>::NotFound)?;
		datanet.ensure_owned_by(who)?;
		Ok(datanet)
	}

	/// The Datanet, if it takes contributions.
	pub(crate) fn open(id: DatanetId) -> Result<Datanet<T>, Error<T>> {
		let datanet = Datanets::<T>::get(id).ok_or(Error::<T>::NotFound)?;
		ensure!(!datanet.closed, Error::<T>::Closed);
		Ok(datanet)
	}

	/// The block being built.
	pub(crate) fn now() -> BlockNumber {
		frame_system::Pallet::<T>::block_number().saturated_into()
	}

	fn ensure_curators(policy: Policy, curators: &[T::AccountId]) -> Result<(), Error<T>> {
		if policy == Policy::Curators {
			ensure!(!curators.is_empty(), Error::<T>::NoCurators);
		} else {
			ensure!(curators.is_empty(), Error::<T>::UnusedCurators);
		}
		let mut sorted: alloc::vec::Vec<_> = curators.iter().collect();
		sorted.sort();
		ensure!(
			sorted.windows(2).all(|pair| pair.first() != pair.last()),
			Error::<T>::DuplicateCurator
		);
		Ok(())
	}
}
