//! Benchmarks.

use super::*;
use frame_benchmarking::v2::*;
use frame_support::traits::{Get, Hooks};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives_core::{Hash, RoundId};
use sp_runtime::traits::{One, Saturating};

/// A round that goes on until `next`, with as many seeds before it as are kept, and `extra`.
fn kept<T: Config>(next: BlockNumberFor<T>, extra: u32) -> RoundId {
	let number = T::Kept::get().saturating_add(extra);
	for round in 0..number {
		Seeds::<T>::insert(round, Hash::repeat_byte(1));
	}
	UnderWay::<T>::put(Round { number, next, accumulator: Hash::repeat_byte(2) });
	number
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn mix() -> Result<(), BenchmarkError> {
		let now = frame_system::Pallet::<T>::block_number();
		let number = kept::<T>(now.saturating_add(One::one()), 0);
		#[block]
		{
			Pallet::<T>::on_initialize(now);
		}
		let round = UnderWay::<T>::get().ok_or(BenchmarkError::Stop("no round"))?;
		assert_eq!(round.number, number);
		assert!(round.accumulator != Hash::repeat_byte(2));
		Ok(())
	}

	#[benchmark]
	fn end_round() -> Result<(), BenchmarkError> {
		let now = frame_system::Pallet::<T>::block_number();
		let number = kept::<T>(now, 1);
		#[block]
		{
			Pallet::<T>::on_initialize(now);
		}
		assert!(Seeds::<T>::contains_key(number));
		assert!(!Seeds::<T>::contains_key(0) && !Seeds::<T>::contains_key(1));
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::unchecked(), crate::mock::Test);
}
