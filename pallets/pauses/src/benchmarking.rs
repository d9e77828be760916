//! Benchmarks.

use super::*;
use alloc::vec::Vec;
use frame_benchmarking::v2::*;
use frame_support::traits::{EnsureOrigin, Get, GetCallMetadata, TransactionPause};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::traits::{One, Saturating};

type Calls<T> = <T as frame_system::Config>::RuntimeCall;

/// Calls of the runtime that can be paused.
fn pausable<T: Config>() -> Vec<RuntimeCallNameOf<T>> {
	let names = Calls::<T>::get_module_names().iter().flat_map(|pallet| {
		Calls::<T>::get_call_names(pallet).iter().filter_map(|call| {
			let pallet = pallet.as_bytes().to_vec().try_into().ok()?;
			Some((pallet, call.as_bytes().to_vec().try_into().ok()?))
		})
	});
	names
		.filter(|name: &RuntimeCallNameOf<T>| {
			<pallet_tx_pause::Pallet<T> as TransactionPause>::can_pause(name.clone())
		})
		.collect()
}

/// A call to pause, with the schedule of the block at which the pause ends as full as it can be
/// with ends of pauses.
fn prepared<T: Config>(blocks: BlockNumberFor<T>) -> Result<RuntimeCallNameOf<T>, BenchmarkError> {
	let mut names = pausable::<T>().into_iter();
	let name = names.next().ok_or(BenchmarkError::Stop("no call can be paused"))?;
	let mut ends = Vec::new();
	for other in names {
		if Pallet::<T>::set_end(&other, blocks).is_err() {
			break;
		}
		ends.push(other);
	}
	if let Some(last) = ends.last() {
		Pallet::<T>::set_end(last, blocks.saturating_add(One::one()))?;
	}
	Ok(name)
}

fn root<T: Config, O: EnsureOrigin<T::RuntimeOrigin>>() -> Result<T::RuntimeOrigin, BenchmarkError>
{
	O::try_successful_origin().map_err(|()| BenchmarkError::Weightless)
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn pause() -> Result<(), BenchmarkError> {
		let blocks = One::one();
		let name = prepared::<T>(blocks)?;
		let origin = root::<T, <T as Config>::PauseOrigin>()?;
		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, name.clone(), blocks);
		assert!(pallet_tx_pause::Pallet::<T>::is_paused(&name));
		assert!(Pallet::<T>::end_of(&name).is_some());
		Ok(())
	}

	#[benchmark]
	fn prolong() -> Result<(), BenchmarkError> {
		let longest = T::LongestPause::get();
		let name = prepared::<T>(longest)?;
		Pallet::<T>::do_pause(name.clone(), One::one(), longest)?;
		let before = Pallet::<T>::end_of(&name);
		let origin = root::<T, T::ProlongOrigin>()?;
		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, name.clone(), longest);
		assert!(Pallet::<T>::end_of(&name) > before);
		Ok(())
	}

	#[benchmark]
	fn resume() -> Result<(), BenchmarkError> {
		let longest = T::LongestPause::get();
		let name = prepared::<T>(longest)?;
		Pallet::<T>::do_pause(name.clone(), longest, longest)?;
		let origin = root::<T, T::ResumeOrigin>()?;
		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, name.clone());
		assert!(!pallet_tx_pause::Pallet::<T>::is_paused(&name));
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::unchecked(), crate::mock::Test);
}
