//! What audits do to claims.

use crate::{
	ClaimRecord, Claims, Config, Event, Pallet, Revision, Revisions, Status, payable::Credits,
	submit::Credited,
};
use alloc::vec::Vec;
use frame_support::traits::Get;
use openledger_primitives_attribution::{Claim, lift::earned};
use openledger_primitives_core::{
	Balance, RequestId,
	traits::{self, Settlement},
};
use sp_runtime::{DispatchError, DispatchResult, Permill};

impl<T: Config> Pallet<T> {
	/// Takes all credits from a claim.
	pub(crate) fn credit_nobody(request: RequestId, claim: &mut ClaimRecord<T::AccountId>) {
		claim.paid = Default::default();
		claim.evidence = Default::default();
		if let Some(found) = &mut claim.found {
			found.paid = Default::default();
			found.evidence = Default::default();
		}
		Self::deposit_event(Event::ClaimDiscredited { request });
	}
}

impl<T: Config> traits::Claims<T::AccountId> for Pallet<T> {
	type Claim = Claim<T::AccountId>;

	fn is_open(request: RequestId) -> bool {
		Claims::<T>::get(request).is_some_and(|claim| claim.status == Status::Open)
	}

	fn replace(request: RequestId, truth: Self::Claim) -> DispatchResult {
		let mut claim = Self::open_claim(request)?;
		let Credited { paid, evidence, found, .. } =
			Self::credited(claim.model, &claim.payer, &truth)?;
		let credits = paid.len() as u32;
		claim.gain = truth.gain;
		claim.earned = earned(truth.gain, T::FullGain::get());
		claim.sketch = truth.sketch;
		claim.paid = paid;
		claim.evidence = evidence;
		claim.found = found;
		let earned = claim.earned;
		Claims::<T>::insert(request, claim);
		Revisions::<T>::insert(request, Revision::Replaced { at: Self::now() });
		Self::deposit_event(Event::ClaimReplaced { request, credits, earned });
		Ok(())
	}

	fn weigh(
		request: RequestId,
		truth: &Self::Claim,
	) -> Result<(Vec<(T::AccountId, u64)>, Permill), DispatchError> {
		let claim = Self::open_claim(request)?;
		let credited = Self::credited(claim.model, &claim.payer, truth)?;
		let Credited { paid, evidence, found, .. } = &credited;
		let credited = Credits { paid, evidence, found: found.as_ref() };
		Ok(Self::owed(claim.model, credited, earned(truth.gain, T::FullGain::get())))
	}

	fn discredit(request: RequestId) -> DispatchResult {
		let mut claim = Self::open_claim(request)?;
		Self::credit_nobody(request, &mut claim);
		Claims::<T>::insert(request, claim);
		Revisions::<T>::insert(request, Revision::Discredited);
		Ok(())
	}

	fn reject(request: RequestId) -> Result<Balance, DispatchError> {
		let mut claim = Self::open_claim(request)?;
		let fee = T::Settlement::refund(request)?;
		claim.status = Status::Rejected;
		Claims::<T>::insert(request, claim);
		Self::deposit_event(Event::ClaimRejected { request, fee });
		Ok(fee)
	}
}
