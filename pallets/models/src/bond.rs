//! What stands behind a version's index: held from whoever owns the version.

use crate::{Bonds, Config, HoldReason, Pallet};
use frame_support::traits::{
	Get,
	fungible::{Inspect, hold::Mutate as _},
	tokens::{DepositConsequence, Fortitude, Precision, Provenance, Restriction},
};
use openledger_primitives_core::{Balance, ModelId};
use sp_runtime::{DispatchError, DispatchResult};

impl<T: Config> Pallet<T> {
	/// Holds the bond for a version that `owner` commits to an index of. Returns how much that is.
	pub(crate) fn bond(owner: &T::AccountId, id: ModelId) -> Result<Balance, DispatchError> {
		let bond = T::Bond::get();
		T::Currency::hold(&HoldReason::Bond.into(), owner, bond)?;
		Self::put_bond(id, bond);
		Ok(bond)
	}

	fn put_bond(id: ModelId, bond: Balance) {
		Bonds::<T>::set(id, Some(bond).filter(|bond| *bond > 0));
	}

	/// Has `to` stand behind a version in the place of `from`, with as much.
	pub(crate) fn pass_bond(id: ModelId, from: &T::AccountId, to: &T::AccountId) -> DispatchResult {
		let Some(bond) = Bonds::<T>::get(id) else { return Ok(()) };
		T::Currency::hold(&HoldReason::Bond.into(), to, bond)?;
		Self::release(from, bond)
	}

	/// Gives the bond of a version that goes back to its owner.
	pub(crate) fn unbond(id: ModelId, owner: &T::AccountId) -> DispatchResult {
		Bonds::<T>::take(id).map_or(Ok(()), |bond| Self::release(owner, bond))
	}

	fn release(owner: &T::AccountId, bond: Balance) -> DispatchResult {
		T::Currency::release(&HoldReason::Bond.into(), owner, bond, Precision::Exact)?;
		Ok(())
	}

	/// Takes a version's bond: at most half to those `rewarded`, in equal parts, rounded down, of `most` at
	/// most, the rest to the treasury. An owner can't be rewarded for its own fault, nor an account that can't
	/// hold its part. What the treasury can't hold stays a bond. Returns what was taken and what of it was a
	/// reward.
	pub(crate) fn slash(
		id: ModelId,
		owner: &T::AccountId,
		rewarded: &[T::AccountId],
		most: Balance,
	) -> Result<(Balance, Balance), DispatchError> {
		let bond = Bonds::<T>::get(id).unwrap_or_default();
		let half = bond.checked_div(2).unwrap_or(0);
		let each = half.checked_div(rewarded.len() as Balance).unwrap_or(0).min(most);
		let mut reward: Balance = 0;
		for who in rewarded.iter().filter(|who| *who != owner) {
			reward = reward.saturating_add(Self::move_bond(owner, who, each)?);
		}
		let rest = bond.saturating_sub(reward);
		let fine = Self::move_bond(owner, &T::TreasuryAccount::get(), rest)?;
		Self::put_bond(id, rest.saturating_sub(fine));
		Ok((reward.saturating_add(fine), reward))
	}

	/// Moves a part of a bond to `to`, and nothing where `to` can't hold it. Force, since an owner
	/// could otherwise freeze its balance to escape.
	fn move_bond(
		owner: &T::AccountId,
		to: &T::AccountId,
		amount: Balance,
	) -> Result<Balance, DispatchError> {
		let receivable = T::Currency::can_deposit(to, amount, Provenance::Extant);
		if amount == 0 || receivable != DepositConsequence::Success {
			return Ok(0);
		}
		T::Currency::transfer_on_hold(
			&HoldReason::Bond.into(),
			owner,
			to,
			amount,
			Precision::Exact,
			Restriction::Free,
			Fortitude::Force,
		)
	}
}
