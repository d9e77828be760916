//! Challenges: committed first, opened in a later block.

use crate::{
	Challenge, Challenges, ClaimRecord, Claims, Config, Error, Event, Fault, HoldReason, Pallet,
	Status, Target, commitment,
	judge::{Shown, judge},
};
use frame_support::{
	ensure,
	traits::{
		Get,
		fungible::hold::Mutate as _,
		tokens::{Fortitude, Precision, Restriction},
	},
};
use openledger_primitives_attribution::{Refusal, Terms};
use openledger_primitives_core::{
	BlockNumber, Hash, ModelId, RequestId,
	model::ModelStatus,
	traits::{Models, ServedModel},
};
use sp_runtime::DispatchResult;

impl<T: Config> Pallet<T> {
	/// The first block at which nothing can be opened against a claim any more.
	pub(crate) fn closes_at(claim: &ClaimRecord<T::AccountId>) -> BlockNumber {
		claim.final_at.saturating_add(T::RevealGrace::get())
	}

	pub(crate) fn open_claim(request: RequestId) -> Result<ClaimRecord<T::AccountId>, Error<T>> {
		let claim = Claims::<T>::get(request).ok_or(Error::<T>::UnknownClaim)?;
		ensure!(claim.status == Status::Open, Error::<T>::AlreadyFinal);
		Ok(claim)
	}

	pub(crate) fn do_commit(
		who: T::AccountId,
		target: Target,
		commitment: Hash,
		now: BlockNumber,
	) -> DispatchResult {
		match target {
			Target::Claim(request) => {
				ensure!(now < Self::open_claim(request)?.final_at, Error::<T>::WindowClosed);
			}
			Target::Model(model) => {
				let condemned = T::Models::condemned(model).ok_or(Error::<T>::UnknownModel)?;
				ensure!(!condemned, Error::<T>::AlreadyCondemned);
			}
		}
		ensure!(!Challenges::<T>::contains_key(target, &who), Error::<T>::AlreadyChallenged);
		let deposit = T::ChallengeDeposit::get();
		T::Currency::hold(&HoldReason::Challenge.into(), &who, deposit)?;
		Challenges::<T>::insert(target, &who, Challenge { commitment, at: now, deposit });
		match target {
			Target::Claim(request) => Self::stand(request, |standing| standing.saturating_add(1)),
			Target::Model(model) => Self::contest(model, now),
		}
		Self::deposit_event(Event::ChallengeCommitted { target, challenger: who });
		Ok(())
	}

	pub(crate) fn do_withdraw(who: T::AccountId, target: Target) -> DispatchResult {
		let challenge = Self::end(&who, target)?;
		Self::release(&who, &challenge)?;
		Self::deposit_event(Event::ChallengeWithdrawn { target, challenger: who });
		Ok(())
	}

	pub(crate) fn do_open(
		who: T::AccountId,
		target: Target,
		fault: Fault<T::AccountId>,
		salt: [u8; 32],
		now: BlockNumber,
	) -> DispatchResult {
		let challenge = Challenges::<T>::get(target, &who).ok_or(Error::<T>::NoChallenge)?;
		ensure!(now > challenge.at, Error::<T>::TooEarly);
		let model = match target {
			Target::Claim(request) => {
				let claim = Self::open_claim(request)?;
				ensure!(now < Self::closes_at(&claim), Error::<T>::TooLate);
				claim.model
			}
			Target::Model(model) => model,
		};
		let opened = commitment(target, &fault, &who, &salt);
		ensure!(opened == challenge.commitment, Error::<T>::WrongOpening);
		let served = T::Models::served(model).ok_or(Error::<T>::UnknownModel)?;
		ensure!(served.status != ModelStatus::Condemned, Error::<T>::AlreadyCondemned);
		ensure!(Self::can_have(target, &fault), Error::<T>::Superseded);

		Self::end(&who, target)?;
		let claim = match target {
			Target::Claim(request) => Some((request, Self::open_claim(request)?)),
			Target::Model(_) => None,
		};
		ensure!(claim.is_some() || !fault.is_of_claim(), Error::<T>::WrongTarget);
		let judged = judge(&Self::terms(&served)?, claim.as_ref().map(|(_, claim)| claim), &fault);
		match (judged, claim) {
			(Ok(Shown::Forged(position)), _) => Self::condemn(who, model, challenge, position),
			(Ok(Shown::Omitted(replaced)), Some((request, claim))) => {
				Self::correct(who, request, claim, challenge, replaced)
			}
			(Ok(Shown::Relevant(replaced)), Some((request, claim))) => {
				Self::correct_found(who, request, claim, challenge, replaced)
			}
			(Ok(Shown::Omitted(_) | Shown::Relevant(_)), None) => {
				Err(Error::<T>::WrongTarget.into())
			}
			(Err(reason), claim) => {
				let spared = |(request, claim)| Self::spared(request, &claim, &challenge, reason);
				match claim.and_then(spared) {
					Some(error) => Err(error.into()),
					None => Self::fail(who, target, challenge, reason),
				}
			}
		}
	}

	/// What claims on a model version are verified against.
	pub(crate) fn terms(model: &ServedModel<T::AccountId>) -> Result<Terms<'_>, Error<T>> {
		Ok(Terms {
			method: model.method,
			index: model.index.ok_or(Error::<T>::UnknownModel)?,
			snapshots: &model.snapshots,
			retrieval: model.retrieval,
		})
	}

	/// Takes a challenge out of what stands.
	fn end(who: &T::AccountId, target: Target) -> Result<Challenge, Error<T>> {
		let challenge = Challenges::<T>::take(target, who).ok_or(Error::<T>::NoChallenge)?;
		match target {
			Target::Claim(request) => Self::stand(request, |standing| standing.saturating_sub(1)),
			Target::Model(model) => Self::uncontest(model, &challenge),
		}
		Ok(challenge)
	}

	/// Counts what stands against a claim. One that is pruned has nothing to wait for.
	fn stand(request: RequestId, count: impl Fn(u32) -> u32) {
		Claims::<T>::mutate(request, |claim| {
			if let Some(claim) = claim {
				claim.standing = count(claim.standing);
			}
		});
	}

	/// Gives a challenge's deposit back.
	pub(crate) fn release(who: &T::AccountId, challenge: &Challenge) -> DispatchResult {
		if challenge.deposit > 0 {
			let reason = HoldReason::Challenge.into();
			T::Currency::release(&reason, who, challenge.deposit, Precision::Exact)?;
		}
		Ok(())
	}

	/// Takes the deposit of a challenge that showed nothing.
	fn fail(
		who: T::AccountId,
		target: Target,
		challenge: Challenge,
		reason: Refusal,
	) -> DispatchResult {
		let deposit = challenge.deposit;
		if deposit > 0 {
			T::Currency::transfer_on_hold(
				&HoldReason::Challenge.into(),
				&who,
				&T::TreasuryAccount::get(),
				deposit,
				Precision::Exact,
				Restriction::Free,
				Fortitude::Force,
			)?;
		}
		Self::deposit_event(Event::ChallengeFailed { target, challenger: who, deposit, reason });
		Ok(())
	}

	/// Ends the model version whose index is forged. Its claims end with it when they come to be final
	/// ([`Pallet::do_finalize`]).
	fn condemn(
		who: T::AccountId,
		model: ModelId,
		challenge: Challenge,
		position: u32,
	) -> DispatchResult {
		Self::release(&who, &challenge)?;
		let penalty = T::Models::condemn(model, &who)?;
		Self::deposit_event(Event::ForgeryShown { model, challenger: who, position, penalty });
		Ok(())
	}
}
