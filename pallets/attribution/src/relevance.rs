//! What was put into a prompt: as a claim says it, and as a challenge corrects it.

use crate::{Challenge, ClaimRecord, Config, Error, Event, Pallet, Prompted, omission::Corrected};
use alloc::vec::Vec;
use openledger_primitives_attribution::{
	Evidence, Found, Retrieved, found::question, omission::Replaced,
};
use openledger_primitives_core::{Balance, RequestId, model::Retrieval, traits::Settlement};
use sp_runtime::{BoundedVec, DispatchResult};

impl<AccountId> ClaimRecord<AccountId> {
	/// What of the contributors' part of the fee is for what moved the answer, before the lift.
	pub(crate) fn for_moved(&self, pool: Balance) -> Balance {
		let found = self.found.as_ref().filter(|found| !found.paid.is_empty());
		pool.saturating_sub(found.map_or(0, |found| found.part.mul_floor(pool)))
	}
}

impl<T: Config> Pallet<T> {
	/// What is kept of what a claim has found.
	pub(crate) fn prompted(
		retrieved: Retrieved<T::AccountId>,
		found: &Found<T::AccountId>,
		retrieval: &Retrieval,
	) -> Result<Prompted<T::AccountId>, Error<T>> {
		let Retrieved { paid, evidence } = retrieved;
		Ok(Prompted {
			question: question(&found.sketch),
			part: retrieval.part,
			paid: BoundedVec::try_from(paid).map_err(|_| Error::<T>::TooManyCredits)?,
			evidence: BoundedVec::try_from(evidence).map_err(|_| Error::<T>::TooManyCredits)?,
		})
	}

	/// Puts a record into the place that it should have had in the prompt, and makes the operator pay what it
	/// would have lost of the part that is for such records.
	pub(crate) fn correct_found(
		who: T::AccountId,
		request: RequestId,
		mut claim: ClaimRecord<T::AccountId>,
		challenge: Challenge,
		replaced: Replaced<T::AccountId>,
	) -> DispatchResult {
		let found = claim.found.as_mut().ok_or(Error::<T>::Retrieval)?;
		let (_, pool) = T::Settlement::at_stake(request).ok_or(Error::<T>::UnknownClaim)?;
		let lost = replaced.lost(found.part.mul_floor(pool));
		let Replaced { paid, evidence, at } = replaced;
		let omitted = paid.get(at).ok_or(Error::<T>::NotBetter)?;
		let (position, account) = (omitted.position, omitted.account.clone());
		let mut shown = core::mem::take(&mut found.evidence).into_inner();
		shown.push(evidence);
		// Each record that is paid stands for itself, in the same order.
		let explained: Vec<Evidence<T::AccountId>> = paid
			.iter()
			.filter_map(|credit| shown.iter().find(|other| other.position == credit.position))
			.cloned()
			.collect();
		found.evidence = BoundedVec::try_from(explained).map_err(|_| Error::<T>::TooManyCredits)?;
		found.paid = BoundedVec::try_from(paid).map_err(|_| Error::<T>::TooManyCredits)?;
		let corrected =
			Self::settle_correction(&who, request, claim, &challenge, (position, lost))?;
		let Corrected { penalty, final_at } = corrected;
		Self::deposit_event(Event::RelevanceCorrected {
			request,
			challenger: who,
			position,
			account,
			penalty,
			final_at,
		});
		Ok(())
	}
}
