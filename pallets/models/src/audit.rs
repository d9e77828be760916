//! The audit of a version's index and training, which decides whether the version may earn.

use crate::{Config, Error, Event, Model, Models, Pallet, Standings, Trainings, types::Standing};
use codec::MaxEncodedLen;
use frame_support::ensure;
use openledger_primitives_core::{
	Balance, Hash, ModelId,
	model::{Arithmetic, Assurance, ModelStatus, Unaudited},
	traits::{CommittedVersion, Examinations, Versions},
};
use sp_runtime::{DispatchError, DispatchResult};

/// How often the owner of a version can have it audited: content that is not handed out then never will
/// be, and each audit takes the time of a committee.
pub const MAX_ASKED: u8 = 3;

impl<T: Config> Pallet<T> {
	pub(crate) fn do_commit_training(
		who: &T::AccountId,
		id: ModelId,
		training: Hash,
	) -> DispatchResult {
		let model = Self::owned(who, id)?;
		ensure!(model.status == ModelStatus::Draft, Error::<T>::WrongStatus);
		Trainings::<T>::insert(id, training);
		Self::deposit_event(Event::TrainingCommitted { model: id, training });
		Ok(())
	}

	/// Refuses tolerant arithmetic while there are audits, which are of what can be repeated: else whoever has
	/// something to hide would declare its version tolerant, and nobody would look.
	pub(crate) fn ensure_repeatable(arithmetic: Arithmetic) -> Result<(), Error<T>> {
		let repeatable = !matches!(arithmetic, Arithmetic::Tolerant);
		let off = || T::Examinations::hindrance() == Some(Unaudited::Off);
		ensure!(repeatable || off(), Error::<T>::NotRepeatable);
		Ok(())
	}

	/// Has a version audited whose index was just committed, or says why it is not.
	pub(crate) fn open_audit(id: ModelId, model: &Model<T>, bond: Balance) -> DispatchResult {
		Self::ensure_repeatable(model.spec.arithmetic)?;
		let tolerant = matches!(model.spec.arithmetic, Arithmetic::Tolerant);
		let hindrance =
			if tolerant { Some(Unaudited::Tolerant) } else { T::Examinations::hindrance() };
		match hindrance {
			Some(reason) => {
				let assurance = Assurance::Unaudited(reason);
				Self::stand(id, Standing { assurance, asked: 0 });
				Ok(())
			}
			None => Self::ask(id, model, bond),
		}
	}

	/// Asks for an audit, each one for twice the fee of the one before.
	fn ask(id: ModelId, model: &Model<T>, bond: Balance) -> DispatchResult {
		ensure!(Trainings::<T>::contains_key(id), Error::<T>::TrainingNotCommitted);
		let asked = Standings::<T>::get(id).map_or(0, |standing| standing.asked);
		ensure!(asked < MAX_ASKED, Error::<T>::AskedTooOften);
		let times = 1u32.checked_shl(asked.into()).ok_or(Error::<T>::AskedTooOften)?;
		let version = CommittedVersion { model: id, owner: model.owner.clone(), bond };
		T::Examinations::ask(version, times)?;
		let asked = asked.saturating_add(1);
		Self::stand(id, Standing { assurance: Assurance::Waiting, asked });
		Ok(())
	}

	fn stand(id: ModelId, standing: Standing) {
		Standings::<T>::insert(id, standing);
		let assurance = standing.assurance;
		Self::deposit_event(Event::AssuranceSet { model: id, assurance });
	}

	pub(crate) fn do_ask_audit(who: &T::AccountId, id: ModelId) -> DispatchResult {
		let model = Self::owned(who, id)?;
		let standing = Standings::<T>::get(id).ok_or(Error::<T>::NotWithheld)?;
		ensure!(standing.assurance == Assurance::Withheld, Error::<T>::NotWithheld);
		ensure!(model.status == ModelStatus::Indexed, Error::<T>::WrongStatus);
		// What was found withheld once earns by being found sound alone.
		ensure!(T::Examinations::hindrance().is_none(), Error::<T>::NoAudits);
		let bond = crate::Bonds::<T>::get(id).unwrap_or_default();
		Self::ask(id, &model, bond)
	}

	/// Takes the bond of a version that stays withheld. Were it given back, who has forged one would
	/// withhold what lots name of it, and lose nothing.
	pub(crate) fn forfeit_withheld(id: ModelId, owner: &T::AccountId) -> DispatchResult {
		let standing = Standings::<T>::get(id);
		if standing.is_some_and(|standing| standing.assurance == Assurance::Withheld) {
			let (amount, _) = Self::slash(id, owner, &[], 0)?;
			Self::deposit_event(Event::BondForfeited { model: id, amount });
		}
		Ok(())
	}

	/// Refuses to publish what is not audited yet. Versions from before there were audits have no
	/// standing, and go on.
	pub(crate) fn ensure_earns(id: ModelId) -> Result<(), Error<T>> {
		match Standings::<T>::get(id).map(|standing| standing.assurance) {
			Some(Assurance::Waiting) => Err(Error::<T>::AuditPending),
			Some(assurance) if !assurance.earns() => Err(Error::<T>::NotAudited),
			_ => Ok(()),
		}
	}

	/// What a version stands on: none while it has no index.
	pub fn assurance(id: ModelId) -> Option<Standing> {
		Models::<T>::get(id).filter(|model| model.index.is_some())?;
		let before = Standing { assurance: Assurance::Unaudited(Unaudited::Before), asked: 0 };
		Some(Standings::<T>::get(id).unwrap_or(before))
	}

	/// Forgets what is known of the audits of a version that is removed.
	pub(crate) fn forget_audits(id: ModelId) {
		Trainings::<T>::remove(id);
		Standings::<T>::remove(id);
		T::Examinations::forget(id);
	}
}

impl<T: Config> Versions<T::AccountId> for Pallet<T> {
	fn is_waiting(id: ModelId) -> bool {
		Standings::<T>::get(id).is_some_and(|standing| standing.assurance == Assurance::Waiting)
	}

	fn trained(id: ModelId) -> Option<(Hash, Hash)> {
		Some((Models::<T>::get(id)?.spec.manifest, Trainings::<T>::get(id)?))
	}

	fn assure(id: ModelId, assurance: Assurance) {
		if let Some(standing) = Standings::<T>::get(id) {
			Self::stand(id, Standing { assurance, ..standing });
		}
	}

	fn refute(
		id: ModelId,
		rewarded: &[T::AccountId],
		most: Balance,
	) -> Result<Balance, DispatchError> {
		Self::assure(id, Assurance::Refuted);
		let mut model = Models::<T>::get(id).ok_or(Error::<T>::NotFound)?;
		if model.status == ModelStatus::Condemned {
			return Ok(0);
		}
		let (taken, rewarded) = Self::slash(id, &model.owner, rewarded, most)?;
		model.status = ModelStatus::Condemned;
		Models::<T>::insert(id, model);
		Self::deposit_event(Event::CondemnedByAudit { model: id, taken, rewarded });
		Ok(taken)
	}
}

/// What a version's audits leave in this pallet's storage, keys included.
pub(crate) fn footprint<T: Config>() -> usize {
	let keys = ModelId::max_encoded_len().saturating_mul(2);
	Standing::max_encoded_len()
		.saturating_add(Hash::max_encoded_len())
		.saturating_add(keys)
		.saturating_add(T::Examinations::footprint() as usize)
}
