//! Registering and removing a model version.

use crate::{Activities, Activity, Bases, Config, Error, Event, Model, Models, NextModel, Pallet};
use alloc::vec::Vec;
use frame_support::{
	ensure,
	traits::{Consideration, Get, fungible::Mutate, tokens::Preservation},
};
use openledger_primitives_core::{
	DatanetId, ModelId, Name, is_text,
	model::{Method, MethodRefusal, ModelSpec, ModelStatus, Price, Usage},
	record::SnapshotRef,
	traits::{Contests, Seeds, Snapshots, Versions},
};
use sp_runtime::{DispatchError, DispatchResult, SaturatedConversion};

impl<T: Config> Pallet<T> {
	pub(crate) fn do_register(
		owner: T::AccountId,
		name: Name,
		spec: ModelSpec,
		price: Price,
	) -> DispatchResult {
		ensure!(is_text(&name), Error::<T>::NotText);
		ensure!(spec.rank > 0, Error::<T>::RankOutOfRange);
		Self::ensure_method(&spec.method)?;
		ensure!(spec.arithmetic.is_computed(), Error::<T>::UnknownArithmetic);
		// Its index would be refused, when the fee is paid.
		Self::ensure_repeatable(spec.arithmetic)?;
		Self::ensure_price(&price)?;
		let mut base = Bases::<T>::get(spec.base).ok_or(Error::<T>::BaseNotFound)?;
		Self::counted(&spec.snapshots)?;
		Self::add_child(&owner, &spec)?;
		for reference in &spec.snapshots {
			T::Snapshots::acquire(*reference)?;
		}
		base.models = base.models.checked_add(1).ok_or(Error::<T>::NumbersExhausted)?;
		Bases::<T>::insert(spec.base, base);
		let id = NextModel::<T>::get();
		NextModel::<T>::put(id.checked_add(1).ok_or(Error::<T>::NumbersExhausted)?);
		let fee = T::DeploymentFee::get();
		T::Currency::transfer(&owner, &T::TreasuryAccount::get(), fee, Preservation::Preserve)?;
		let footprint = Model::<T>::footprint(spec.snapshots.len());
		let ticket = T::ModelConsideration::new(&owner, footprint)?;
		let (projection, projection_fixed_at) = T::Seeds::seed(spec.manifest.as_bytes());
		let event = Event::Registered {
			model: id,
			owner: owner.clone(),
			base: spec.base,
			parent: spec.parent,
			adapter: spec.adapter,
			manifest: spec.manifest,
			projection,
			fee,
		};
		let model = Model {
			owner,
			offered: None,
			name,
			spec,
			status: ModelStatus::Draft,
			price,
			projection,
			projection_fixed_at,
			registered_at: frame_system::Pallet::<T>::block_number().saturated_into(),
			index: None,
			retrieval: None,
			children: 0,
			ticket,
		};
		Models::<T>::insert(id, model);
		Activities::<T>::insert(id, Activity::default());
		Self::deposit_event(event);
		Ok(())
	}

	/// Returns how many snapshots were released.
	pub(crate) fn do_remove(who: &T::AccountId, id: ModelId) -> Result<u32, DispatchError> {
		let model = Models::<T>::get(id).ok_or(Error::<T>::NotFound)?;
		// Whoever was condemned has no reason to tidy up.
		let condemned = model.status == ModelStatus::Condemned;
		ensure!(condemned || model.owner == *who, Error::<T>::NotOwner);
		let over = matches!(model.status, ModelStatus::Draft | ModelStatus::Retired);
		ensure!(condemned || over, Error::<T>::WrongStatus);
		ensure!(model.children == 0, Error::<T>::HasChildren);
		let open = Activities::<T>::get(id).map_or(0, |activity| activity.open);
		ensure!(open == 0, Error::<T>::HasOpenRequests);
		ensure!(!<Self as Versions<_>>::is_waiting(id), Error::<T>::AuditPending);
		// Its bond would be gone before what it was put up for is decided.
		ensure!(condemned || !T::Contests::is_contested(id), Error::<T>::Contested);
		for reference in &model.spec.snapshots {
			T::Snapshots::release(*reference);
		}
		Bases::<T>::mutate(model.spec.base, |base| {
			if let Some(base) = base {
				base.models = base.models.saturating_sub(1);
			}
		});
		if let Some(parent) = model.spec.parent {
			Models::<T>::mutate(parent, |parent| {
				if let Some(parent) = parent {
					parent.children = parent.children.saturating_sub(1);
				}
			});
		}
		Self::forfeit_withheld(id, &model.owner)?;
		Self::unbond(id, &model.owner)?;
		model.ticket.drop(&model.owner)?;
		Self::forget_audits(id);
		Models::<T>::remove(id);
		Activities::<T>::remove(id);
		Self::deposit_event(Event::Removed { model: id });
		Ok(model.spec.snapshots.len() as u32)
	}

	/// The records of all snapshots together.
	pub(crate) fn counted(snapshots: &[SnapshotRef]) -> Result<u32, Error<T>> {
		ensure!(!snapshots.is_empty(), Error::<T>::NoSnapshots);
		let mut datanets: Vec<DatanetId> = snapshots.iter().map(|one| one.datanet).collect();
		datanets.sort_unstable();
		ensure!(
			datanets.windows(2).all(|pair| pair.first() != pair.last()),
			Error::<T>::DuplicateDatanet
		);
		snapshots.iter().try_fold(0u32, |sum, reference| {
			let snapshot =
				T::Snapshots::snapshot(*reference).ok_or(Error::<T>::SnapshotNotFound)?;
			sum.checked_add(snapshot.count).ok_or(Error::<T>::TooManyRecords)
		})
	}

	/// Refuses prices at which some usage has no fee.
	pub(crate) fn ensure_price(price: &Price) -> Result<(), Error<T>> {
		let longest = Usage { prompt: u32::MAX, output: u32::MAX };
		price.fee(longest).map(|_| ()).ok_or(Error::<T>::PriceTooHigh)
	}

	fn ensure_method(method: &Method) -> Result<(), Error<T>> {
		method.check().map_err(|refusal| match refusal {
			MethodRefusal::Credits | MethodRefusal::Dimension => Error::<T>::MethodOutOfRange,
			MethodRefusal::Credited => Error::<T>::ClaimsTooLong,
		})
	}

	fn add_child(owner: &T::AccountId, spec: &ModelSpec) -> DispatchResult {
		let Some(id) = spec.parent else { return Ok(()) };
		let mut parent = Models::<T>::get(id).ok_or(Error::<T>::ParentNotFound)?;
		ensure!(parent.owner == *owner || parent.answers(), Error::<T>::ParentNotPublished);
		ensure!(parent.spec.base == spec.base, Error::<T>::ParentOnOtherBase);
		parent.children = parent.children.checked_add(1).ok_or(Error::<T>::NumbersExhausted)?;
		Models::<T>::insert(id, parent);
		Ok(())
	}
}
