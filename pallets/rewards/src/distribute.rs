//! Dividing a fee, accruing its parts and paying the validators'.

use crate::{Accrued, Config, Error, Event, Pallet, Settlements, TotalAccrued};
use alloc::vec::Vec;
use frame_support::{
	ensure,
	traits::{
		Get,
		fungible::{Inspect, Mutate},
		tokens::Preservation,
	},
};
use openledger_primitives_attribution::split::largest_remainder;
use openledger_primitives_core::{
	Balance, RequestId,
	settlement::{Distribution, FeeSplit, Payment, Sale},
	traits::{Rewards, Voice},
};
use sp_runtime::{BoundedVec, DispatchError, DispatchResult, Permill, traits::AccountIdConversion};

/// Why a fee can't be divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
	/// The split's parts add up to more than the whole.
	InvalidSplit,
	/// More accounts than a distribution has room for.
	TooManyShares,
	/// A sum passes what a balance can hold.
	Overflow,
}

/// Divides `sale.fee`. The parts of the result add up to the fee, whatever the inputs.
///
/// Each named part of `split` is rounded down, and the treasury has the remainder. `earned` of the
/// contributors' part, rounded down, is divided by largest remainders; what contributors do not
/// earn goes to the base's owner at the royalty's rate, and otherwise to the treasury. The royalty
/// on the model owner's part comes out of that part (specification: The rule, 4 and 5).
pub fn divide<AccountId: Clone + PartialEq>(
	split: &FeeSplit,
	sale: Sale<AccountId>,
	shares: &[(AccountId, u64)],
	earned: Permill,
) -> Result<Distribution<AccountId>, Fault> {
	if !split.is_valid() {
		return Err(Fault::InvalidSplit);
	}
	let fee = sale.fee;
	let pool = split.contributors.mul_floor(fee);
	let owners = split.owner.mul_floor(fee);
	let operator = split.operator.mul_floor(fee);
	let verifiers = split.verifiers.mul_floor(fee);
	let validators = split.validators.mul_floor(fee);
	let rest = [pool, owners, operator, verifiers, validators]
		.iter()
		.try_fold(fee, |left: Balance, part| left.checked_sub(*part))
		.ok_or(Fault::InvalidSplit)?;

	let mut merged: Vec<(AccountId, u64)> = Vec::new();
	for (account, weight) in shares {
		match merged.iter_mut().find(|(other, _)| other == account) {
			Some((_, sum)) => *sum = sum.saturating_add(*weight),
			None => merged.push((account.clone(), *weight)),
		}
	}
	let weights: Vec<u64> = merged.iter().map(|(_, weight)| *weight).collect();
	let amounts = largest_remainder(earned.mul_floor(pool), &weights);
	let paid: Vec<Payment<AccountId>> = merged
		.into_iter()
		.zip(amounts)
		.map(|((account, _), amount)| Payment { account, amount })
		.collect();
	let contributors = BoundedVec::try_from(paid).map_err(|_| Fault::TooManyShares)?;
	let contributed = contributors
		.iter()
		.try_fold(0, |sum: Balance, payment| sum.checked_add(payment.amount))
		.ok_or(Fault::Overflow)?;

	let unearned = pool.checked_sub(contributed).ok_or(Fault::Overflow)?;
	let from_owner = sale.royalty.mul_floor(owners);
	let from_unearned = sale.royalty.mul_floor(unearned);
	let royalty = from_owner.checked_add(from_unearned).ok_or(Fault::Overflow)?;
	let treasury = unearned
		.checked_sub(from_unearned)
		.and_then(|left| left.checked_add(rest))
		.ok_or(Fault::Overflow)?;
	let owner = owners.checked_sub(from_owner).ok_or(Fault::Overflow)?;
	Ok(Distribution {
		fee,
		contributors,
		owner: Payment { account: sale.owner, amount: owner },
		royalty: Payment { account: sale.base_owner, amount: royalty },
		operator: Payment { account: sale.operator, amount: operator },
		verifiers,
		validators,
		treasury,
	})
}

impl<T: Config> From<Fault> for Error<T> {
	fn from(fault: Fault) -> Self {
		match fault {
			Fault::InvalidSplit => Self::InvalidSplit,
			Fault::TooManyShares => Self::TooManyShares,
			Fault::Overflow => Self::Overflow,
		}
	}
}

impl<T: Config> Pallet<T> {
	/// The pot.
	pub fn account() -> T::AccountId {
		T::PalletId::get().into_account_truncating()
	}

	/// What the pot holds beyond its existential deposit and all that is accrued.
	pub(crate) fn surplus() -> Balance {
		T::Currency::total_balance(&Self::account())
			.saturating_sub(T::Currency::minimum_balance())
			.saturating_sub(TotalAccrued::<T>::get())
	}

	/// Adds `amount`, with the voice that was earned with it, to what `account` has accrued. All voice there is
	/// fits into one entry.
	pub(crate) fn accrue(
		account: &T::AccountId,
		amount: Balance,
		voice: u128,
	) -> Result<(), Error<T>> {
		if amount == 0 {
			return Ok(());
		}
		let total = TotalAccrued::<T>::get().checked_add(amount).ok_or(Error::<T>::Overflow)?;
		Accrued::<T>::try_mutate(account, |accrued| {
			accrued.amount = accrued.amount.checked_add(amount).ok_or(Error::<T>::Overflow)?;
			accrued.voice = accrued.voice.saturating_add(voice);
			TotalAccrued::<T>::put(total);
			Ok(())
		})
	}

	/// Adds to the treasury's part what it has a share of among contributors, which is of records that are
	/// paid no more. Returns the contributors' `voices` without its own, which nobody has. Theirs are of what
	/// was divided before, so that nobody has more voice for what another is not paid.
	fn sink(distribution: &mut Distribution<T::AccountId>, voices: Vec<u128>) -> Vec<u128> {
		let treasury = T::TreasuryAccount::get();
		let is_paid = |payment: &Payment<T::AccountId>| payment.account != treasury;
		let voices = distribution
			.contributors
			.iter()
			.zip(voices.into_iter().chain(core::iter::repeat(0)))
			.filter_map(|(payment, voice)| {
				if is_paid(payment) {
					return Some(voice);
				}
				T::Voice::forgo(voice);
				None
			})
			.collect();
		let before = distribution.contributed();
		distribution.contributors.retain(is_paid);
		let sunk = before.saturating_sub(distribution.contributed());
		distribution.treasury = distribution.treasury.saturating_add(sunk);
		voices
	}

	/// Pays the validators' part out of the pot.
	fn pay_validators(amount: Balance) -> DispatchResult {
		if amount > 0 {
			let validators = T::ValidatorsAccount::get();
			T::Currency::transfer(&Self::account(), &validators, amount, Preservation::Preserve)?;
		}
		Ok(())
	}
}

impl<T: Config> Rewards<T::AccountId> for Pallet<T> {
	fn pot() -> T::AccountId {
		Self::account()
	}

	fn distribute(
		request: RequestId,
		sale: Sale<T::AccountId>,
		shares: &[(T::AccountId, u64)],
		earned: Permill,
	) -> Result<Distribution<T::AccountId>, DispatchError> {
		ensure!(!Settlements::<T>::contains_key(request), Error::<T>::AlreadyDistributed);
		ensure!(Self::surplus() >= sale.fee, Error::<T>::NotFunded);
		let mut distribution =
			divide(&T::Split::get(), sale, shares, earned).map_err(Error::<T>::from)?;
		frame_support::storage::with_storage_layer(|| {
			let voices = T::Voice::earned(&distribution.contributors, distribution.treasury);
			let voices = Self::sink(&mut distribution, voices);
			for (payment, voice) in distribution.contributors.iter().zip(voices) {
				Self::accrue(&payment.account, payment.amount, voice)?;
			}
			for payment in [&distribution.owner, &distribution.royalty, &distribution.operator] {
				Self::accrue(&payment.account, payment.amount, 0)?;
			}
			Self::accrue(&T::VerifiersAccount::get(), distribution.verifiers, 0)?;
			Self::accrue(&T::TreasuryAccount::get(), distribution.treasury, 0)?;
			Self::pay_validators(distribution.validators)?;
			Settlements::<T>::insert(request, &distribution);
			Ok::<_, DispatchError>(())
		})?;
		Self::deposit_event(Event::Distributed {
			request,
			fee: distribution.fee,
			contributors: distribution.contributed(),
		});
		Ok(distribution)
	}

	fn pool(fee: Balance) -> Balance {
		T::Split::get().contributors.mul_floor(fee)
	}

	fn compensate(
		request: RequestId,
		shares: &[(T::AccountId, u64)],
		amount: Balance,
	) -> DispatchResult {
		ensure!(Self::surplus() >= amount, Error::<T>::NotFunded);
		let weights: Vec<u64> = shares.iter().map(|(_, weight)| *weight).collect();
		let amounts = largest_remainder(amount, &weights);
		frame_support::storage::with_storage_layer(|| {
			for ((account, _), amount) in shares.iter().zip(amounts) {
				Self::accrue(account, amount, 0)?;
			}
			Self::deposit_event(Event::Compensated { request, amount });
			Ok(())
		})
	}

	fn forget(request: RequestId) {
		Settlements::<T>::remove(request);
	}

	fn pay_verifier(verifier: &T::AccountId, amount: Balance) -> Balance {
		let pool = T::VerifiersAccount::get();
		let mut left = Accrued::<T>::get(&pool);
		let paid = left.amount.min(amount);
		if paid == 0 || *verifier == pool {
			return 0;
		}
		// The total stays as it is, so nothing can overflow that the total does not.
		left.amount = left.amount.saturating_sub(paid);
		Self::keep(&pool, left);
		Accrued::<T>::mutate(verifier, |accrued| {
			accrued.amount = accrued.amount.saturating_add(paid);
		});
		Self::deposit_event(Event::VerifierPaid { verifier: verifier.clone(), amount: paid });
		paid
	}
}
