//! Benchmarks.

use super::*;
use frame_benchmarking::v2::*;
use frame_support::traits::{
	Consideration, Get,
	fungible::{Inspect, Mutate},
};
use frame_system::RawOrigin;
use openledger_primitives_core::{Balance, MAX_CREDITS, settlement::Sale, traits::Rewards};
use sp_runtime::{Permill, traits::StaticLookup};

fn fee<T: Config>() -> Balance {
	T::Currency::minimum_balance().saturating_mul(1_000_000)
}

fn fund<T: Config>(amount: Balance) -> Result<(), BenchmarkError> {
	let amount = amount.saturating_add(T::Currency::minimum_balance());
	T::Currency::mint_into(&Pallet::<T>::account(), amount)?;
	Ok(())
}

/// Lets `who` name another account.
fn name_payee<T: Config>(who: &T::AccountId, payee: T::AccountId) -> Result<(), BenchmarkError> {
	T::PayeeConsideration::ensure_successful(who, Pallet::<T>::payee_footprint());
	Pallet::<T>::do_set_payee(who.clone(), Some(payee))?;
	Ok(())
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn claim() -> Result<(), BenchmarkError> {
		let who: T::AccountId = whitelisted_caller();
		fund::<T>(fee::<T>())?;
		// So much voice that it begins an entry.
		Pallet::<T>::accrue(&who, fee::<T>(), 1 << 90)
			.map_err(|_| BenchmarkError::Stop("accrue"))?;
		name_payee::<T>(&who, account("payee", 0, 0))?;
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()));
		assert_eq!(Accrued::<T>::get(&who).amount, 0);
		Ok(())
	}

	#[benchmark]
	fn sweep() -> Result<(), BenchmarkError> {
		let who: T::AccountId = whitelisted_caller();
		fund::<T>(fee::<T>())?;
		#[extrinsic_call]
		_(RawOrigin::Signed(who));
		assert!(Accrued::<T>::get(T::TreasuryAccount::get()).amount >= fee::<T>());
		Ok(())
	}

	#[benchmark]
	fn set_payee() -> Result<(), BenchmarkError> {
		let who: T::AccountId = whitelisted_caller();
		let payee: T::AccountId = account("payee", 0, 0);
		T::PayeeConsideration::ensure_successful(&who, Pallet::<T>::payee_footprint());
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), Some(T::Lookup::unlookup(payee.clone())));
		assert_eq!(Pallet::<T>::payee_of(&who), payee);
		Ok(())
	}

	#[benchmark]
	fn open_account() -> Result<(), BenchmarkError> {
		let who: T::AccountId = whitelisted_caller();
		T::AccountConsideration::ensure_successful(&who, Accrual::<T>::footprint());
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()));
		assert!(Accrued::<T>::get(&who).is_open());
		Ok(())
	}

	#[benchmark]
	fn close_account() -> Result<(), BenchmarkError> {
		let who: T::AccountId = whitelisted_caller();
		T::AccountConsideration::ensure_successful(&who, Accrual::<T>::footprint());
		Pallet::<T>::do_open(who.clone())?;
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()));
		assert!(!Accrued::<T>::contains_key(&who));
		Ok(())
	}

	#[benchmark]
	fn distribute(s: Linear<0, { MAX_CREDITS }>) -> Result<(), BenchmarkError> {
		fund::<T>(fee::<T>())?;
		let shares: alloc::vec::Vec<(T::AccountId, u64)> = (0..s)
			.map(|i| (account("contributor", i, 0), u64::from(i).saturating_add(1)))
			.collect();
		let sale = Sale {
			fee: fee::<T>(),
			owner: account("owner", 0, 0),
			base_owner: account("base", 0, 0),
			royalty: Permill::from_percent(5),
			operator: account("operator", 0, 0),
		};
		#[block]
		{
			<Pallet<T> as Rewards<T::AccountId>>::distribute(0, sale, &shares, Permill::one())?;
		}
		assert!(Settlements::<T>::contains_key(0));
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::unchecked(), crate::mock::Test);
}
