//! Audits of model versions: which there are, and what comes of them.
//!
//! A version is audited as a claim is, under a number that no claim has. What is drawn of it follows from the
//! seed that draws its first committee, and stays the same for every other one, in every later audit of the
//! version too; each audit and each level has traces of its own, as claims have.

use crate::{
	Audit, Audits, COMMITTEE, Config, Drawn, Error, Event, Examination, Examinations, HoldReason,
	Note, Notes, Pallet, Stage, Verdict, Verdicts, Verifiers, WeightInfo,
};
use codec::MaxEncodedLen;
use frame_support::{
	BoundedVec, ensure,
	traits::{
		Get,
		fungible::{Inspect as _, hold::Mutate as _},
		tokens::{DepositConsequence, Fortitude, Precision, Provenance, Restriction},
	},
	weights::Weight,
};
use openledger_primitives_attribution::audit::{Execution, Level};
use openledger_primitives_core::{
	Balance, Hash, ModelId, RequestId,
	model::{Assurance, Unaudited, Usage},
	subject::version_id,
	traits::{self, CommittedVersion, Lots, Rewards, Versions},
};
use sp_runtime::{DispatchError, DispatchResult, traits::Zero};

/// The most leaves of an index that one audit looks at, whatever is governed: each is a gradient.
pub const MAX_LEAVES: u32 = 64;

impl<T: Config> Pallet<T> {
	/// Clears a version of its audit before there was one: its owner has the fee back.
	pub(crate) fn leave_version(
		id: RequestId,
		model: ModelId,
		reason: Unaudited,
	) -> DispatchResult {
		Self::end_examination(model)?;
		Audits::<T>::remove(id);
		Notes::<T>::remove(id);
		T::Versions::assure(model, Assurance::Unaudited(reason));
		Self::deposit_event(Event::VersionNotAudited { model, reason });
		Ok(())
	}

	/// Names what is looked at of a version by the lots that draw the first committee of its first audit.
	/// Returns whether it was named before.
	pub(crate) fn fix_drawn(model: ModelId, seed: Hash) -> bool {
		let before = Drawn::<T>::contains_key(model);
		if !before {
			Drawn::<T>::insert(model, seed);
		}
		before
	}

	/// Keys the traces of an audit by the lots that draw its first committee.
	pub(crate) fn fix_seed(id: RequestId, note: &mut Note<T::AccountId>, seed: Hash) {
		note.subject = seed;
		Notes::<T>::insert(id, note);
	}

	/// Pays a seat whose finding the verdict on a version agrees with: out of what its owner put up, and
	/// beyond that as seats in the audits of claims.
	pub(crate) fn pay_examiner(model: ModelId, verifier: &T::AccountId) -> DispatchResult {
		let Some(mut examination) = Examinations::<T>::get(model) else { return Ok(()) };
		let Examination { ref payer, held, seat, .. } = examination;
		let part = seat.min(held);
		if part.is_zero() {
			T::Rewards::pay_verifier(verifier, T::SeatReward::get());
			return Ok(());
		}
		let receivable = T::Currency::can_deposit(verifier, part, Provenance::Extant);
		if receivable != DepositConsequence::Success {
			return Ok(());
		}
		T::Currency::transfer_on_hold(
			&HoldReason::Examination.into(),
			payer,
			verifier,
			part,
			Precision::Exact,
			Restriction::Free,
			Fortitude::Force,
		)?;
		examination.held = held.saturating_sub(part);
		Examinations::<T>::insert(model, examination);
		let verifier = verifier.clone();
		Self::deposit_event(Event::ExaminerPaid { model, verifier, amount: part });
		Ok(())
	}

	/// Gives back what is left of what an owner put up for an audit.
	fn end_examination(model: ModelId) -> DispatchResult {
		let Some(Examination { payer, held, .. }) = Examinations::<T>::take(model) else {
			return Ok(());
		};
		if !held.is_zero() {
			let reason = HoldReason::Examination.into();
			T::Currency::release(&reason, &payer, held, Precision::Exact)?;
		}
		Self::deposit_event(Event::ExaminationEnded { model, payer, returned: held });
		Ok(())
	}

	/// Carries out the last verdict on a version, once seats and appeal are paid for.
	pub(crate) fn settle_version(
		id: RequestId,
		model: ModelId,
		verdict: Verdict,
		rewarded: &[T::AccountId],
	) -> DispatchResult {
		Self::end_examination(model)?;
		match verdict {
			Verdict::Sound(_) => T::Versions::assure(model, Assurance::Audited),
			Verdict::Withheld => T::Versions::assure(model, Assurance::Withheld),
			Verdict::Unsound(_) => {
				T::Versions::refute(model, rewarded, Self::largest_reward())?;
			}
			Verdict::Upheld | Verdict::Refuted(_) | Verdict::Compared(..) | Verdict::Unshown => {
				return Err(Error::<T>::WrongVerdict.into());
			}
		}
		Self::conclude(id, verdict);
		Ok(())
	}
}

impl<T: Config> traits::Examinations<T::AccountId> for Pallet<T> {
	fn hindrance() -> Option<Unaudited> {
		if T::ModelsRate::get().is_zero() {
			return Some(Unaudited::Off);
		}
		(Verifiers::<T>::count() < COMMITTEE).then_some(Unaudited::TooFewVerifiers)
	}

	fn ask(version: CommittedVersion<T::AccountId>, times: u32) -> Result<Balance, DispatchError> {
		let CommittedVersion { model, owner, bond } = version;
		let id = version_id(model);
		ensure!(!Audits::<T>::contains_key(id), Error::<T>::UnderAudit);
		let seat = T::SeatReward::get().saturating_mul(times.into());
		let held = seat.saturating_mul(COMMITTEE.into());
		T::Currency::hold(&HoldReason::Examination.into(), &owner, held)?;
		Self::schedule(id, Self::now().saturating_add(T::LookAgain::get()))?;
		let leaves = T::Leaves::get().clamp(1, MAX_LEAVES);
		Examinations::<T>::insert(model, Examination { payer: owner.clone(), held, seat, leaves });
		let round = T::Lots::round();
		let note = Note {
			operator: owner.clone(),
			agent: None,
			payer: owner.clone(),
			model,
			// The fee for which a claim would cost as much: what fines and an appeal are in proportion to.
			fee: bond.checked_div(T::PenaltyFactor::get().into()).unwrap_or(0),
			round,
			at: Self::now(),
			subject: Hash::zero(),
			trace: Hash::zero(),
			execution: Execution {
				answer: Hash::zero(),
				usage: Usage::default(),
				claim: Hash::zero(),
			},
		};
		Notes::<T>::insert(id, note);
		let audit = Audit {
			level: Level::First,
			stage: Stage::Drawing { round },
			seats: BoundedVec::new(),
			appeal: None,
		};
		Audits::<T>::insert(id, audit);
		Verdicts::<T>::remove(id);
		Self::deposit_event(Event::ExaminationAsked { model, payer: owner, fee: held });
		Ok(held)
	}

	fn weight() -> Weight {
		T::WeightInfo::ask()
	}

	fn is_open(model: ModelId) -> bool {
		Audits::<T>::contains_key(version_id(model))
	}

	fn forget(model: ModelId) {
		Verdicts::<T>::remove(version_id(model));
		Drawn::<T>::remove(model);
	}

	fn footprint() -> u32 {
		let model = ModelId::max_encoded_len();
		let drawn = Hash::max_encoded_len().saturating_add(model);
		let id = RequestId::max_encoded_len().saturating_add(model);
		Note::<T::AccountId>::max_encoded_len()
			.saturating_add(Examination::<T::AccountId>::max_encoded_len())
			.max(Verdict::max_encoded_len())
			.saturating_add(id)
			.saturating_add(drawn) as u32
	}
}
