//! Verifiers: registering, bonding, leaving.

use crate::{AgentOf, Config, Error, Event, HoldReason, Pallet, Verifier, VerifierOf, Verifiers};
use codec::MaxEncodedLen;
use frame_support::{
	ensure,
	traits::{
		Consideration, Footprint, Get,
		fungible::{Inspect as _, hold::Mutate as _},
		tokens::{DepositConsequence, Fortitude, Precision, Provenance, Restriction},
	},
};
use openledger_primitives_core::{Balance, BlockNumber, RequestId, traits::Lots};
use sp_runtime::{DispatchResult, Permill, traits::UniqueSaturatedInto};

/// Neglected duties, or canaries passed, that cost a verifier its place.
///
/// Disagreeing with the verdict costs a part of the bond and never the place: if it did, whoever has
/// somewhat more than a third of the bond would drive the others out one captured committee after
/// the other (`docs/incentives.md`).
pub const STRIKES: u8 = 3;

/// The part of a claim's fee by which fines grow.
const FINE_OF_FEE: Permill = Permill::from_percent(10);

/// What the deposit covers: the verifier, its agent's entry and its list of duties.
fn footprint<T: Config>() -> Footprint {
	let account = T::AccountId::max_encoded_len();
	let duties = (T::MaxDuties::get() as usize).saturating_mul(RequestId::max_encoded_len());
	let size = Verifier::<T::AccountId, T::VerifierConsideration>::max_encoded_len()
		.saturating_add(account.saturating_mul(4))
		.saturating_add(duties);
	Footprint::from_parts(1, size)
}

impl<T: Config> Pallet<T> {
	/// The current block, as shared types count.
	pub(crate) fn now() -> BlockNumber {
		frame_system::Pallet::<T>::block_number().unique_saturated_into()
	}

	pub(crate) fn do_register(
		who: T::AccountId,
		agent: T::AccountId,
		bond: Balance,
	) -> DispatchResult {
		ensure!(!Verifiers::<T>::contains_key(&who), Error::<T>::AlreadyRegistered);
		ensure!(Verifiers::<T>::count() < T::MaxVerifiers::get(), Error::<T>::TooManyVerifiers);
		ensure!(bond >= T::MinBond::get(), Error::<T>::BondTooSmall);
		ensure!(!AgentOf::<T>::contains_key(&agent), Error::<T>::AgentTaken);
		T::Currency::hold(&HoldReason::Bond.into(), &who, bond)?;
		let round = T::Lots::round();
		let ticket = T::VerifierConsideration::new(&who, footprint::<T>())?;
		AgentOf::<T>::insert(&agent, &who);
		Verifiers::<T>::insert(
			&who,
			Verifier {
				agent: agent.clone(),
				bond,
				joined: round,
				settled: bond,
				since: round,
				duties: 0,
				upheld: 0,
				strikes: 0,
				leaving: None,
				ticket,
			},
		);
		Self::deposit_event(Event::VerifierRegistered { verifier: who, agent, bond });
		Ok(())
	}

	pub(crate) fn do_bond_extra(who: T::AccountId, amount: Balance) -> DispatchResult {
		let mut verifier = Verifiers::<T>::get(&who).ok_or(Error::<T>::NotVerifier)?;
		ensure!(verifier.leaving.is_none(), Error::<T>::Leaving);
		let round = T::Lots::round();
		// No draw is left then for what was committed before it was all there.
		if verifier.since.saturating_add(T::Lots::kept()) < round {
			verifier.settled = verifier.bond;
		}
		verifier.bond = verifier.bond.checked_add(amount).ok_or(Error::<T>::Overflow)?;
		verifier.since = round;
		T::Currency::hold(&HoldReason::Bond.into(), &who, amount)?;
		Verifiers::<T>::insert(&who, verifier);
		Self::deposit_event(Event::BondAdded { verifier: who, amount });
		Ok(())
	}

	pub(crate) fn do_leave(who: T::AccountId) -> DispatchResult {
		let mut verifier = Verifiers::<T>::get(&who).ok_or(Error::<T>::NotVerifier)?;
		ensure!(verifier.leaving.is_none(), Error::<T>::Leaving);
		let now = Self::now();
		verifier.leaving = Some(now);
		Verifiers::<T>::insert(&who, verifier);
		let free_at = now.saturating_add(T::UnbondingPeriod::get());
		Self::deposit_event(Event::VerifierLeaving { verifier: who, free_at });
		Ok(())
	}

	pub(crate) fn do_withdraw(who: T::AccountId) -> DispatchResult {
		let verifier = Verifiers::<T>::get(&who).ok_or(Error::<T>::NotVerifier)?;
		let since = verifier.leaving.ok_or(Error::<T>::NotLeaving)?;
		let free_at = since.saturating_add(T::UnbondingPeriod::get());
		ensure!(Self::now() >= free_at, Error::<T>::StillBonded);
		ensure!(verifier.duties == 0, Error::<T>::OpenDuties);
		let bond = verifier.bond;
		if bond > 0 {
			T::Currency::release(&HoldReason::Bond.into(), &who, bond, Precision::Exact)?;
		}
		verifier.ticket.drop(&who)?;
		AgentOf::<T>::remove(&verifier.agent);
		Verifiers::<T>::remove(&who);
		Self::deposit_event(Event::BondWithdrawn { verifier: who, bond });
		Ok(())
	}

	/// Takes `amount` of a verifier's bond for `to`, as far as the bond goes and `to` can hold it. Returns what
	/// was taken. Force, since an account could otherwise freeze its balance to escape.
	pub(crate) fn take(
		who: &T::AccountId,
		verifier: &mut VerifierOf<T>,
		to: &T::AccountId,
		amount: Balance,
	) -> Balance {
		let part = amount.min(verifier.bond);
		let receivable = T::Currency::can_deposit(to, part, Provenance::Extant);
		if part == 0 || receivable != DepositConsequence::Success {
			return 0;
		}
		let taken = T::Currency::transfer_on_hold(
			&HoldReason::Bond.into(),
			who,
			to,
			part,
			Precision::BestEffort,
			Restriction::Free,
			Fortitude::Force,
		)
		.unwrap_or(0);
		verifier.bond = verifier.bond.saturating_sub(taken);
		taken
	}

	/// Notes a strike against a verifier; the last one costs its place.
	pub(crate) fn strike(who: &T::AccountId, mut verifier: VerifierOf<T>) {
		verifier.strikes = verifier.strikes.saturating_add(1);
		let expelled = verifier.strikes >= STRIKES && verifier.leaving.is_none();
		if expelled {
			verifier.leaving = Some(Self::now());
		}
		Verifiers::<T>::insert(who, verifier);
		if expelled {
			Self::deposit_event(Event::VerifierExpelled { verifier: who.clone() });
		}
	}

	/// Takes a part of a verifier's bond to the treasury. Where it `neglected` its duty that is a
	/// strike too.
	pub(crate) fn fine(who: &T::AccountId, fee: Balance, neglected: bool) {
		let Some(mut verifier) = Verifiers::<T>::get(who) else { return };
		// With the claim's fee, or a ring could gain more from a captured committee than it risks.
		let part =
			T::Fine::get().mul_floor(verifier.bond).saturating_add(FINE_OF_FEE.mul_floor(fee));
		let amount = Self::take(who, &mut verifier, &T::TreasuryAccount::get(), part);
		Self::deposit_event(Event::VerifierFined { verifier: who.clone(), amount, neglected });
		if neglected {
			Self::strike(who, verifier);
		} else {
			Verifiers::<T>::insert(who, verifier);
		}
	}
}
