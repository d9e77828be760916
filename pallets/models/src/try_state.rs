//! What holds of the pallet's storage after every call.

use crate::{
	Activities, Bases, Bonds, Config, HoldReason, MAX_ASKED, Models, NextBase, NextModel, Pallet,
	Standings, Trainings,
};
use alloc::{collections::BTreeMap, vec::Vec};
use codec::Encode;
use frame_support::{
	ensure,
	traits::{Get, fungible::hold::Inspect as _},
};
use openledger_primitives_core::{
	Balance, BaseId, ModelId, is_text,
	model::{Assurance, ModelStatus},
	traits::Examinations,
};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
	/// Checks every invariant; names the first that fails.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		let next = NextModel::<T>::get();
		let mut on_base: BTreeMap<BaseId, u32> = BTreeMap::new();
		let mut children: BTreeMap<ModelId, u32> = BTreeMap::new();
		for (id, model) in Models::<T>::iter() {
			ensure!(id < next, "a version has a number not given yet");
			ensure!(is_text(&model.name), "a version's name is no text");
			ensure!(
				(model.status == ModelStatus::Draft) == model.index.is_none(),
				"index and state of a version don't fit"
			);
			ensure!(
				model.offered.as_ref() != Some(&model.owner),
				"a version is offered to its owner"
			);
			ensure!(model.spec.arithmetic.is_known(), "a version's arithmetic is unknown");
			let records = Self::counted(&model.spec.snapshots)?;
			ensure!(
				model.index.is_none_or(|index| index.records == records),
				"an index doesn't cover its snapshots"
			);
			if let Some(retrieval) = &model.retrieval {
				let fits = retrieval.check(&model.spec.method).is_ok();
				ensure!(fits, "no claim has room for what a version finds");
				let covers = retrieval.index.records == records;
				ensure!(covers, "a retrieval doesn't cover its snapshots");
			}
			let activity = Activities::<T>::get(id).ok_or("a version has no activity")?;
			ensure!(
				activity.to_contributors <= activity.fees,
				"contributors were paid more than the fees"
			);
			ensure!(
				activity.open == 0
					|| model.answers()
					|| matches!(model.status, ModelStatus::Retired | ModelStatus::Condemned),
				"requests are open to a version that never answered"
			);
			let count = on_base.entry(model.spec.base).or_default();
			*count = count.saturating_add(1);
			if let Some(parent) = model.spec.parent {
				ensure!(parent < id, "a version continues a later one");
				let count = children.entry(parent).or_default();
				*count = count.saturating_add(1);
			}
		}
		let mut bonds: BTreeMap<Vec<u8>, Balance> = BTreeMap::new();
		for (id, bond) in Bonds::<T>::iter() {
			let model = Models::<T>::get(id).ok_or("a bond has no version")?;
			ensure!(bond > 0 && model.index.is_some(), "a bond stands behind nothing");
			let sum = bonds.entry(model.owner.encode()).or_default();
			*sum = sum.saturating_add(bond);
		}
		for model in Models::<T>::iter_values() {
			let held = T::Currency::balance_on_hold(&HoldReason::Bond.into(), &model.owner);
			let bonded = bonds.get(&model.owner.encode()).copied().unwrap_or_default();
			ensure!(held == bonded, "an owner's bonds are not what is held");
		}
		for (id, standing) in Standings::<T>::iter() {
			let model = Models::<T>::get(id).ok_or("a standing has no version")?;
			ensure!(model.index.is_some(), "a standing is of no index");
			ensure!(standing.asked <= MAX_ASKED, "a version was audited too often");
			let refuted = standing.assurance == Assurance::Refuted;
			ensure!(
				!refuted || model.status == ModelStatus::Condemned,
				"a refuted version goes on"
			);
			// That whatever is audited waits is the audits' to check.
			let waits = standing.assurance == Assurance::Waiting;
			ensure!(!waits || T::Examinations::is_open(id), "a version waits for no audit");
			let answered = model.answers();
			ensure!(!answered || standing.assurance.earns(), "a version earns before its audit");
		}
		for id in Trainings::<T>::iter_keys() {
			ensure!(Models::<T>::contains_key(id), "a training has no version");
		}
		for id in Activities::<T>::iter_keys() {
			ensure!(Models::<T>::contains_key(id), "an activity has no version");
		}
		for (id, model) in Models::<T>::iter() {
			let counted = children.remove(&id).unwrap_or_default();
			ensure!(model.children == counted, "a version's children are miscounted");
		}
		ensure!(children.is_empty(), "a version continues one that is gone");
		for (id, base) in Bases::<T>::iter() {
			ensure!(id < NextBase::<T>::get(), "a base has a number not given yet");
			ensure!(base.royalty <= T::MaxRoyalty::get(), "a base's royalty is above the limit");
			let counted = on_base.remove(&id).unwrap_or_default();
			ensure!(base.models == counted, "a base's versions are miscounted");
		}
		ensure!(on_base.is_empty(), "a version stands on a base that is gone");
		Ok(())
	}
}
