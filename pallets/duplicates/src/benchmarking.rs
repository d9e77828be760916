//! Benchmarks, and the stage that they need from the runtime.

use super::*;
use frame_benchmarking::v2::*;
use frame_support::traits::{Get, fungible::Inspect};
use frame_system::{Pallet as System, RawOrigin};
use openledger_primitives_core::{Balance, record::Pair};
use sp_runtime::{Saturating, traits::One};

/// What the runtime sets up for these benchmarks.
pub trait Helper<AccountId> {
	/// Two records of different contributors, each the last one of the largest contribution, of which the
	/// later one was committed in this block; and verifiers for a committee. The next block comes after.
	fn records() -> Pair;
	/// Gives an account what it needs.
	fn fund(who: &AccountId, balance: Balance);
}

const SALT: [u8; 32] = [7; 32];

fn challenger<T: Config>() -> Result<T::AccountId, BenchmarkError> {
	let who: T::AccountId = account("challenger", 0, 0);
	let balance =
		T::Deposit::get().saturating_add(T::Currency::minimum_balance().saturating_mul(1_000_000));
	T::BenchmarkHelper::fund(&who, balance);
	Ok(who)
}

fn next_block<T: Config>() {
	let next = System::<T>::block_number().saturating_add(One::one());
	System::<T>::set_block_number(next);
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn commit() -> Result<(), BenchmarkError> {
		let who = challenger::<T>()?;
		let commitment = [1; 32].into();
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), commitment);
		assert!(Seals::<T>::contains_key(who, commitment));
		Ok(())
	}

	#[benchmark]
	fn open() -> Result<(), BenchmarkError> {
		let pair = T::BenchmarkHelper::records();
		next_block::<T>();
		let who = challenger::<T>()?;
		Pallet::<T>::do_commit(who.clone(), pair.commitment(&who, &SALT))?;
		next_block::<T>();
		#[extrinsic_call]
		_(RawOrigin::Signed(who), pair, SALT);
		assert_eq!(Challenges::<T>::iter().count(), 1);
		Ok(())
	}

	#[benchmark]
	fn withdraw() -> Result<(), BenchmarkError> {
		let who = challenger::<T>()?;
		let commitment = [1; 32].into();
		Pallet::<T>::do_commit(who.clone(), commitment)?;
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), commitment);
		assert!(!Seals::<T>::contains_key(who, commitment));
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::externalities(), crate::mock::Test);
}
