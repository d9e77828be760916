//! Challenges: what a claim left out.

use crate::{
	Challenge, Challenges, ClaimRecord, Claims, Config, Correction, Error, Event, HoldReason,
	Pallet, Status,
};
use codec::Encode;
use frame_support::{
	ensure,
	traits::{
		Get,
		fungible::hold::Mutate as _,
		tokens::{Fortitude, Precision, Restriction},
	},
};
use openledger_primitives_attribution::{
	Terms,
	omission::{Omission, Replaced, replace},
	split::largest_remainder,
};
use openledger_primitives_core::{
	BlockNumber, Hash, RequestId,
	traits::{Models, Settlement},
};
use sp_runtime::{BoundedVec, DispatchResult};

/// What a challenger commits to: `blake2b-256(SCALE(request, omission, challenger, salt))`. The
/// account is hashed in, so that a copy of the commitment is worthless to anyone else.
pub fn commitment<AccountId: Encode>(
	request: RequestId,
	omission: &Omission<AccountId>,
	challenger: &AccountId,
	salt: &[u8; 32],
) -> Hash {
	(request, omission, challenger, salt).using_encoded(sp_io::hashing::blake2_256).into()
}

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
		request: RequestId,
		commitment: Hash,
	) -> DispatchResult {
		let mut claim = Self::open_claim(request)?;
		let now = Self::now();
		ensure!(now < claim.final_at, Error::<T>::WindowClosed);
		ensure!(!Challenges::<T>::contains_key(request, &who), Error::<T>::AlreadyChallenged);
		let deposit = T::ChallengeDeposit::get();
		T::Currency::hold(&HoldReason::Challenge.into(), &who, deposit)?;
		claim.standing = claim.standing.saturating_add(1);
		Claims::<T>::insert(request, claim);
		Challenges::<T>::insert(request, &who, Challenge { commitment, at: now, deposit });
		Self::deposit_event(Event::ChallengeCommitted { request, challenger: who });
		Ok(())
	}

	pub(crate) fn do_withdraw(who: T::AccountId, request: RequestId) -> DispatchResult {
		let challenge = Challenges::<T>::take(request, &who).ok_or(Error::<T>::NoChallenge)?;
		Self::release(&who, &challenge)?;
		// A claim that is pruned has nothing to wait for.
		Claims::<T>::mutate(request, |claim| {
			if let Some(claim) = claim {
				claim.standing = claim.standing.saturating_sub(1);
			}
		});
		Self::deposit_event(Event::ChallengeWithdrawn { request, challenger: who });
		Ok(())
	}

	fn release(who: &T::AccountId, challenge: &Challenge) -> DispatchResult {
		if challenge.deposit > 0 {
			let reason = HoldReason::Challenge.into();
			T::Currency::release(&reason, who, challenge.deposit, Precision::Exact)?;
		}
		Ok(())
	}

	pub(crate) fn do_open(
		who: T::AccountId,
		request: RequestId,
		omission: Omission<T::AccountId>,
		salt: [u8; 32],
	) -> DispatchResult {
		let challenge = Challenges::<T>::get(request, &who).ok_or(Error::<T>::NoChallenge)?;
		let mut claim = Self::open_claim(request)?;
		let now = Self::now();
		ensure!(now > challenge.at, Error::<T>::TooEarly);
		ensure!(now < Self::closes_at(&claim), Error::<T>::TooLate);
		let opened = commitment(request, &omission, &who, &salt);
		ensure!(opened == challenge.commitment, Error::<T>::WrongOpening);

		let model = T::Models::served(claim.model).ok_or(Error::<T>::UnknownModel)?;
		let terms = Terms {
			method: model.method,
			index: model.index.ok_or(Error::<T>::UnknownModel)?,
			snapshots: &model.snapshots,
		};
		Challenges::<T>::remove(request, &who);
		claim.standing = claim.standing.saturating_sub(1);
		match replace(&terms, &claim.payer, &claim.sketch, &claim.paid, &omission) {
			Ok(replaced) => Self::correct(who, request, claim, challenge, replaced),
			Err(reason) => {
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
				Claims::<T>::insert(request, claim);
				Self::deposit_event(Event::ChallengeFailed {
					request,
					challenger: who,
					deposit,
					reason,
				});
				Ok(())
			}
		}
	}

	/// Replaces what the omission displaces, and makes the operator pay what the omitted leaf
	/// would have lost: its share of the contributors' part before the lift.
	fn correct(
		who: T::AccountId,
		request: RequestId,
		mut claim: ClaimRecord<T::AccountId>,
		challenge: Challenge,
		replaced: Replaced<T::AccountId>,
	) -> DispatchResult {
		let Replaced { paid, evidence, at } = replaced;
		let (_, pool) = T::Settlement::at_stake(request).ok_or(Error::<T>::UnknownClaim)?;
		let weights: alloc::vec::Vec<u64> = paid.iter().map(|credit| credit.weight).collect();
		let lost = largest_remainder(pool, &weights).get(at).copied().unwrap_or(0);
		let omitted = paid.get(at).ok_or(Error::<T>::NotBetter)?;
		let (position, account) = (omitted.position, omitted.account.clone());
		claim.paid = BoundedVec::try_from(paid).map_err(|_| Error::<T>::TooManyCredits)?;

		let mut shown = claim.evidence.into_inner();
		if !shown.iter().any(|other| other.position == evidence.position) {
			let before = |other: &openledger_primitives_attribution::Evidence<T::AccountId>| {
				(other.score, core::cmp::Reverse(other.position))
					>= (evidence.score, core::cmp::Reverse(evidence.position))
			};
			let place = shown.partition_point(before);
			shown.insert(place, evidence);
		}
		if shown.len() > openledger_primitives_core::MAX_CREDITS as usize {
			// One who is paid no more needs no record; without such, the least record goes.
			let unpaid = |contributor: &T::AccountId| {
				!claim.paid.iter().any(|credit| credit.account == *contributor)
			};
			match shown.iter().rposition(|other| unpaid(&other.contributor)) {
				Some(place) => {
					shown.remove(place);
				}
				None => {
					shown.pop();
				}
			}
		}
		claim.evidence = BoundedVec::try_from(shown).map_err(|_| Error::<T>::TooManyCredits)?;
		claim.correction = Some(Correction { challenger: who.clone(), omitted: position });
		let operator = claim.operator.clone();
		Claims::<T>::insert(request, claim);
		Self::release(&who, &challenge)?;
		let penalty = T::Settlement::slash(&operator, lost, core::slice::from_ref(&who))?;
		Self::deposit_event(Event::ClaimCorrected {
			request,
			challenger: who,
			position,
			account,
			penalty,
		});
		Ok(())
	}
}
