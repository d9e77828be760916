//! Benchmarks, and the stage that they need from the runtime.

use super::*;
use alloc::{boxed::Box, vec::Vec};
use frame_benchmarking::v2::*;
use frame_support::traits::{
	Get,
	fungible::{Inspect, Unbalanced},
};
use frame_system::{Pallet as System, RawOrigin};
use openledger_primitives_attribution::{forgery::Forgery, omission::Omission};
use openledger_primitives_core::{Hash, ModelId, RequestId, traits::Models};
use sp_runtime::SaturatedConversion;

/// What the runtime sets up for these benchmarks.
pub trait Helper<AccountId> {
	/// An answered request with a fee in escrow, whose claim credits as many records as a claim
	/// can but one; and the record that it left out.
	fn challenged_with_most_credits() -> (RequestId, Omission<AccountId>);

	/// The same with the longest sketches, which leave room for fewer credits.
	fn challenged_with_longest_sketches() -> (RequestId, Omission<AccountId>);

	/// `count` answered requests of one payer to one model version and operator, with fees in escrow,
	/// whose claims credit the same records of `contributors` accounts.
	fn claimed(count: u32, contributors: u32) -> Vec<RequestId>;

	/// Has no audit be in the way of a claim.
	fn clear(_: RequestId) {}

	/// A request whose claim is made from a forged index, with the longest sketches, and a forged leaf
	/// of it.
	fn claimed_from_a_forged_index() -> (RequestId, Forgery);
}

const SALT: [u8; 32] = [7; 32];

fn challenger<T: Config>() -> Result<T::AccountId, BenchmarkError> {
	funded::<T>(whitelisted_caller())
}

/// Another account than the caller: what is read and written of that one counts for nothing.
fn demander<T: Config>() -> Result<T::AccountId, BenchmarkError> {
	funded::<T>(account("demander", 0, 0))
}

fn funded<T: Config>(who: T::AccountId) -> Result<T::AccountId, BenchmarkError> {
	let balance = T::ChallengeDeposit::get()
		.saturating_add(T::DemandDeposit::get())
		.saturating_add(T::Currency::minimum_balance())
		.saturating_mul(10);
	T::Currency::write_balance(&who, balance)?;
	T::Currency::set_total_issuance(T::Currency::total_issuance().saturating_add(balance));
	Ok(who)
}

fn commit<T: Config>(
	who: &T::AccountId,
	target: Target,
	commitment: Hash,
) -> Result<(), BenchmarkError> {
	Pallet::<T>::do_commit(who.clone(), target, commitment, Pallet::<T>::now())?;
	Ok(())
}

fn skip<T: Config>(blocks: u32) {
	let next = Pallet::<T>::now().saturating_add(blocks);
	System::<T>::set_block_number(next.saturated_into());
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn commit_challenge() -> Result<(), BenchmarkError> {
		let who = challenger::<T>()?;
		let (request, _) = T::BenchmarkHelper::challenged_with_most_credits();
		let target = Target::Claim(request);
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), target, Hash::zero());
		assert!(Challenges::<T>::contains_key(target, &who));
		Ok(())
	}

	#[benchmark]
	fn open_challenge() -> Result<(), BenchmarkError> {
		let who = challenger::<T>()?;
		// One leaf is hashed and scored: its length tells, and not how many others are credited.
		let (request, omission) = T::BenchmarkHelper::challenged_with_longest_sketches();
		let (target, fault) = (Target::Claim(request), Fault::Omission(omission));
		let commitment = commitment(target, &fault, &who, &SALT);
		commit::<T>(&who, target, commitment)?;
		skip::<T>(1);
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), target, Box::new(fault), SALT);
		let corrected = Claims::<T>::get(request).and_then(|claim| claim.correction);
		assert_eq!(corrected.map(|correction| correction.challenger), Some(who));
		Ok(())
	}

	#[benchmark]
	fn open_forgery() -> Result<(), BenchmarkError> {
		let who = challenger::<T>()?;
		let (request, forgery) = T::BenchmarkHelper::claimed_from_a_forged_index();
		let (target, fault) = (Target::Claim(request), Fault::Forgery(forgery));
		let commitment = commitment(target, &fault, &who, &SALT);
		commit::<T>(&who, target, commitment)?;
		skip::<T>(1);
		#[extrinsic_call]
		open_challenge(RawOrigin::Signed(who), target, Box::new(fault), SALT);
		let model = Claims::<T>::get(request).map(|claim| claim.model);
		assert_eq!(model.and_then(T::Models::condemned), Some(true));
		Ok(())
	}

	#[benchmark]
	fn withdraw_challenge() -> Result<(), BenchmarkError> {
		let who = challenger::<T>()?;
		let (request, _) = T::BenchmarkHelper::challenged_with_most_credits();
		let target = Target::Claim(request);
		commit::<T>(&who, target, Hash::zero())?;
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), target);
		assert!(!Challenges::<T>::contains_key(target, &who));
		Ok(())
	}

	/// A model version's index with the longest sketches and the deepest proofs, and a leaf of it.
	fn demandable<T: Config>() -> Result<(ModelId, Forgery), BenchmarkError> {
		let (request, leaf) = T::BenchmarkHelper::claimed_from_a_forged_index();
		let model = Claims::<T>::get(request).map(|claim| claim.model);
		Ok((model.ok_or(BenchmarkError::Stop("the claim was just made"))?, leaf))
	}

	/// As many demands as there can be, the last of them for `position`.
	fn demanded<T: Config>(
		who: &T::AccountId,
		model: ModelId,
		position: u32,
		count: u32,
	) -> Result<(), BenchmarkError> {
		for other in (0..=count).filter(|other| *other != position).take(count as usize) {
			Pallet::<T>::do_demand(who.clone(), model, other)?;
		}
		Ok(())
	}

	#[benchmark]
	fn demand_position() -> Result<(), BenchmarkError> {
		let who = challenger::<T>()?;
		let (model, shown) = demandable::<T>()?;
		let position = shown.leaf.position;
		demanded::<T>(&who, model, position, T::MaxDemands::get().saturating_sub(1))?;
		#[extrinsic_call]
		_(RawOrigin::Signed(who), model, position);
		assert!(Demands::<T>::get(model).iter().any(|demand| demand.position == position));
		Ok(())
	}

	#[benchmark]
	fn answer_demand() -> Result<(), BenchmarkError> {
		let (who, demander) = (challenger::<T>()?, demander::<T>()?);
		let (model, Forgery { leaf, proof, .. }) = demandable::<T>()?;
		let position = leaf.position;
		demanded::<T>(&demander, model, position, T::MaxDemands::get().saturating_sub(1))?;
		Pallet::<T>::do_demand(demander, model, position)?;
		#[extrinsic_call]
		_(RawOrigin::Signed(who), model, Box::new(leaf), proof);
		assert!(!Demands::<T>::get(model).iter().any(|demand| demand.position == position));
		Ok(())
	}

	#[benchmark]
	fn conclude_demand() -> Result<(), BenchmarkError> {
		let (who, demander) = (challenger::<T>()?, demander::<T>()?);
		let (model, shown) = demandable::<T>()?;
		let position = shown.leaf.position;
		demanded::<T>(&demander, model, position, T::MaxDemands::get().saturating_sub(1))?;
		Pallet::<T>::do_demand(demander, model, position)?;
		skip::<T>(T::DemandWindow::get());
		#[extrinsic_call]
		_(RawOrigin::Signed(who), model, position);
		assert_eq!(T::Models::condemned(model), Some(true));
		Ok(())
	}

	#[benchmark]
	fn finalize() -> Result<(), BenchmarkError> {
		let who = challenger::<T>()?;
		let (request, omission) = T::BenchmarkHelper::challenged_with_most_credits();
		// Corrected, a claim credits as many records as it can.
		let (target, fault) = (Target::Claim(request), Fault::Omission(omission));
		let commitment = commitment(target, &fault, &who, &SALT);
		commit::<T>(&who, target, commitment)?;
		skip::<T>(1);
		Pallet::<T>::do_open(who.clone(), target, fault, SALT, Pallet::<T>::now())?;
		let wait = Claims::<T>::get(request)
			.map_or(0, |claim| claim.final_at.saturating_sub(Pallet::<T>::now()));
		skip::<T>(wait);
		T::BenchmarkHelper::clear(request);
		#[extrinsic_call]
		_(RawOrigin::Signed(who), request);
		assert_eq!(Claims::<T>::get(request).map(|claim| claim.status), Some(Status::Final));
		Ok(())
	}

	#[benchmark]
	fn finalize_due(
		n: Linear<1, 8>,
		p: Linear<1, { openledger_primitives_core::MAX_CREDITS }>,
	) -> Result<(), BenchmarkError> {
		let requests = T::BenchmarkHelper::claimed(n, p);
		let ends = requests.iter().filter_map(Claims::<T>::get).map(|claim| claim.final_at).max();
		skip::<T>(ends.unwrap_or_default().saturating_sub(Pallet::<T>::now()));
		requests.iter().copied().for_each(T::BenchmarkHelper::clear);
		let mut touched = touched::Touched::<T>::default();
		#[block]
		{
			for request in &requests {
				Pallet::<T>::look_at(*request, &mut touched);
			}
		}
		let last = requests.last().and_then(Claims::<T>::get);
		assert_eq!(last.map(|claim| claim.status), Some(Status::Final));
		Ok(())
	}
}
