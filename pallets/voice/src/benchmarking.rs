//! Benchmarks. Polls come from the referenda instance itself, so the runtime sets no stage.

use super::*;
use crate::types::PollIndexOf;
use alloc::boxed::Box;
use codec::Encode;
use frame_benchmarking::v2::*;
use frame_support::{
	dispatch::GetDispatchInfo,
	traits::{Consideration, EnsureOrigin, Get, Polling, StorePreimage},
};
use frame_system::RawOrigin;
use openledger_primitives_core::{Balance, settlement::Payment, traits::Voice};
use sp_runtime::traits::{Bounded, Hash};

fn enough<T: Config>() -> Balance {
	T::MinEarned::get().max(T::VetoMinimum::get()).saturating_add(index::UNIT).saturating_mul(1_000)
}

/// An account with voice, and the deposit for a vote.
fn voter<T: Config>(name: &'static str) -> T::AccountId {
	let who: T::AccountId = account(name, 0, 0);
	let payment = Payment { account: who.clone(), amount: 1 };
	for points in Pallet::<T>::earned(&[payment], enough::<T>()) {
		Pallet::<T>::credit(&who, points);
	}
	T::VoteConsideration::ensure_successful(&who, Ballot::<T>::footprint());
	who
}

fn poll<T: Config>() -> Result<PollIndexOf<T>, BenchmarkError> {
	let class = T::Polls::classes().into_iter().next().ok_or(BenchmarkError::Weightless)?;
	T::Polls::create_ongoing(class).map_err(|()| BenchmarkError::Weightless)
}

fn contributors<T: Config>() -> Result<T::RuntimeOrigin, BenchmarkError> {
	T::ContributorsOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)
}

fn dispatcher<T: Config>() -> Result<T::RuntimeOrigin, BenchmarkError> {
	T::ApprovedOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)
}

/// An approved call whose remark has `length` bytes.
fn approved<T: Config>(length: u32) -> Result<(T::RuntimeCall, T::Hash), BenchmarkError> {
	let remark = alloc::vec![1u8; length as usize];
	let call: T::RuntimeCall = frame_system::Call::<T>::remark { remark }.into();
	let hash = T::Hashing::hash_of(&call);
	Pallet::<T>::do_approve(hash)?;
	Ok((call, hash))
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn vote() -> Result<(), BenchmarkError> {
		let who = voter::<T>("voter");
		let poll = poll::<T>()?;
		// To vote anew reads and writes less: the deposit is there already.
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), poll, false);
		assert!(Ballots::<T>::get(&who, poll).is_some_and(|ballot| !ballot.aye));
		Ok(())
	}

	#[benchmark]
	fn remove_vote() -> Result<(), BenchmarkError> {
		let who = voter::<T>("voter");
		let poll = poll::<T>()?;
		Pallet::<T>::do_vote(who.clone(), poll, true)?;
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), poll, None);
		assert!(!Ballots::<T>::contains_key(&who, poll));
		Ok(())
	}

	#[benchmark]
	fn forget() -> Result<(), BenchmarkError> {
		let who = voter::<T>("voter");
		let caller: T::AccountId = whitelisted_caller();
		// By then it weighs nothing, whatever the minimum.
		frame_system::Pallet::<T>::set_block_number(Bounded::max_value());
		#[extrinsic_call]
		_(RawOrigin::Signed(caller), who.clone());
		assert!(!Voices::<T>::contains_key(&who));
		Ok(())
	}

	#[benchmark]
	fn approve() -> Result<(), BenchmarkError> {
		let origin = contributors::<T>()?;
		let hash = T::Hashing::hash(b"call");
		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, hash);
		assert_eq!(Pallet::<T>::verdict(hash), Some(Verdict::Approved));
		Ok(())
	}

	#[benchmark]
	fn reject() -> Result<(), BenchmarkError> {
		let origin = contributors::<T>()?;
		voter::<T>("voter");
		let hash = T::Hashing::hash(b"call");
		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, hash);
		assert_eq!(Pallet::<T>::verdict(hash), Some(Verdict::Rejected));
		Ok(())
	}

	#[benchmark]
	fn withdraw() -> Result<(), BenchmarkError> {
		let origin = contributors::<T>()?;
		let hash = T::Hashing::hash(b"call");
		Pallet::<T>::do_approve(hash)?;
		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, hash);
		assert!(!Verdicts::<T>::contains_key(hash));
		Ok(())
	}

	#[benchmark]
	fn clear() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let hash = T::Hashing::hash(b"call");
		Pallet::<T>::do_approve(hash)?;
		frame_system::Pallet::<T>::set_block_number(Bounded::max_value());
		#[extrinsic_call]
		_(RawOrigin::Signed(caller), hash);
		assert!(!Verdicts::<T>::contains_key(hash));
		Ok(())
	}

	#[benchmark]
	fn dispatch(n: Linear<1, 10_000>) -> Result<(), BenchmarkError> {
		let origin = dispatcher::<T>()?;
		let (call, hash) = approved::<T>(n)?;
		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, Box::new(call));
		assert!(!Verdicts::<T>::contains_key(hash));
		Ok(())
	}

	// A few bytes are left for the remark's call and length.
	#[benchmark]
	fn dispatch_hash(
		n: Linear<1, { T::Preimages::MAX_LENGTH.saturating_sub(10) as u32 }>,
	) -> Result<(), BenchmarkError> {
		let origin = dispatcher::<T>()?;
		let (call, hash) = approved::<T>(n)?;
		let bytes = call.encode();
		let length = bytes.len() as u32;
		let weight = call.get_dispatch_info().call_weight;
		T::Preimages::note(bytes.into())?;
		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, hash, length, weight);
		assert!(!Verdicts::<T>::contains_key(hash));
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::externalities(), crate::mock::Test);
}
