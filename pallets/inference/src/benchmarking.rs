//! Benchmarks, and the stage that they need from the runtime.

use super::*;
use alloc::{boxed::Box, vec, vec::Vec};
use frame_benchmarking::v2::*;
use frame_support::{
	BoundedVec,
	traits::{
		Get,
		fungible::{Inspect, Unbalanced},
	},
};
use frame_system::{Pallet as System, RawOrigin};
use openledger_primitives_attribution::Claim;
use openledger_primitives_core::{
	Answer, Balance, Endpoint, MAX_ANSWER, MAX_CREDITS, MAX_PROMPT, ModelId, Prompt, RequestId,
	model::Usage, traits::Settlement as _,
};
use sp_runtime::{Permill, SaturatedConversion};

/// What the runtime sets up for these benchmarks.
pub trait Helper<AccountId> {
	/// A new published model version that pays records, with the most credits and the longest
	/// sketches that a method allows, whose longest answer costs at most a thousand times the least
	/// fee.
	fn published() -> ModelId;
	/// A claim with `credits` entries that verifies on an answer of `model` that `payer` pays for.
	fn claim(model: ModelId, payer: &AccountId, credits: u32) -> Claim<AccountId>;
	/// Makes the claim of an answered request final, which settles the request.
	fn finalize(request: RequestId);
}

fn rich<T: Config>(name: &'static str, index: u32) -> Result<T::AccountId, BenchmarkError> {
	let who: T::AccountId = account(name, index, 0);
	let balance = T::MinBond::get()
		.saturating_mul(1_000)
		.saturating_add(T::Currency::minimum_balance().saturating_mul(1_000_000_000));
	T::Currency::write_balance(&who, balance)?;
	T::Currency::set_total_issuance(T::Currency::total_issuance().saturating_add(balance));
	Ok(who)
}

fn endpoint() -> Endpoint {
	BoundedVec::truncate_from(b"http://operator.example:9955".to_vec())
}

fn operator<T: Config>(index: u32) -> Result<T::AccountId, BenchmarkError> {
	let who = rich::<T>("operator", index)?;
	Pallet::<T>::do_register(
		who.clone(),
		account("agent", index, 0),
		T::MinBond::get(),
		endpoint(),
		T::MaxCapacity::get(),
	)?;
	Ok(who)
}

fn serving<T: Config>(index: u32, model: ModelId) -> Result<T::AccountId, BenchmarkError> {
	let who = operator::<T>(index)?;
	Pallet::<T>::do_serve(who.clone(), BoundedVec::truncate_from(vec![model]))?;
	Ok(who)
}

fn highest_fee<T: Config>() -> Balance {
	T::MinFee::get().saturating_add(T::Currency::minimum_balance()).saturating_mul(1_000)
}

fn pending<T: Config>(model: ModelId, p: u32) -> Result<(RequestId, T::AccountId), BenchmarkError> {
	let payer = rich::<T>("payer", 0)?;
	let id = NextRequest::<T>::get();
	let order = requests::Order {
		model,
		operator: None,
		prompt: Prompt::truncate_from(vec![b'?'; p as usize]),
		max_tokens: T::MaxTokens::get(),
		max_fee: highest_fee::<T>(),
		temperature: 0,
		nonce: [0; 32],
		deadline: T::MinDeadline::get(),
	};
	Pallet::<T>::do_request(payer.clone(), order)?;
	Ok((id, payer))
}

fn answered<T: Config>(credits: u32) -> Result<(RequestId, T::AccountId), BenchmarkError> {
	let model = T::BenchmarkHelper::published();
	serving::<T>(0, model)?;
	let (id, payer) = pending::<T>(model, 64)?;
	let claim = T::BenchmarkHelper::claim(model, &payer, credits);
	Pallet::<T>::do_answer(
		account("agent", 0, 0),
		id,
		Answer::truncate_from(vec![b'!'; 64]),
		// A fee of which everyone has a part.
		Usage { prompt: 1, output: T::MaxTokens::get() },
		claim,
	)?;
	Ok((id, payer))
}

fn skip<T: Config>(blocks: u32) {
	let next = Pallet::<T>::now().saturating_add(blocks);
	System::<T>::set_block_number(next.saturated_into());
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn register_operator() -> Result<(), BenchmarkError> {
		let who = rich::<T>("operator", 0)?;
		let agent: T::AccountId = account("agent", 0, 0);
		#[extrinsic_call]
		_(
			RawOrigin::Signed(who.clone()),
			agent,
			T::MinBond::get(),
			endpoint(),
			T::MaxCapacity::get(),
		);
		assert!(Operators::<T>::contains_key(&who));
		Ok(())
	}

	#[benchmark]
	fn update_operator() -> Result<(), BenchmarkError> {
		let who = operator::<T>(0)?;
		let agent: T::AccountId = account("agent", 1, 0);
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), endpoint(), 1, agent.clone());
		assert_eq!(AgentOf::<T>::get(&agent), Some(who));
		Ok(())
	}

	#[benchmark]
	fn bond_extra() -> Result<(), BenchmarkError> {
		let who = operator::<T>(0)?;
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), T::MinBond::get());
		let bond = Operators::<T>::get(&who).map(|registration| registration.operator.bond);
		assert_eq!(bond, Some(T::MinBond::get().saturating_mul(2)));
		Ok(())
	}

	#[benchmark]
	fn serve(m: Linear<1, { T::MaxModelsPerOperator::get() }>) -> Result<(), BenchmarkError> {
		let who = operator::<T>(0)?;
		let models: Vec<ModelId> = (0..m).map(|_| T::BenchmarkHelper::published()).collect();
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), BoundedVec::truncate_from(models));
		assert_eq!(ServedBy::<T>::get(&who).len(), m as usize);
		Ok(())
	}

	#[benchmark]
	fn unserve() -> Result<(), BenchmarkError> {
		let model = T::BenchmarkHelper::published();
		let who = serving::<T>(0, model)?;
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), model);
		assert!(ServedBy::<T>::get(&who).is_empty());
		Ok(())
	}

	#[benchmark]
	fn leave(m: Linear<1, { T::MaxModelsPerOperator::get() }>) -> Result<(), BenchmarkError> {
		let who = operator::<T>(0)?;
		let models: Vec<ModelId> = (0..m).map(|_| T::BenchmarkHelper::published()).collect();
		Pallet::<T>::do_serve(who.clone(), BoundedVec::truncate_from(models))?;
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()));
		assert!(Pallet::<T>::staying(&who).is_err());
		Ok(())
	}

	#[benchmark]
	fn withdraw_bond() -> Result<(), BenchmarkError> {
		let who = operator::<T>(0)?;
		Pallet::<T>::do_leave(who.clone())?;
		skip::<T>(T::UnbondingPeriod::get());
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()));
		assert!(!Operators::<T>::contains_key(&who));
		Ok(())
	}

	#[benchmark]
	fn request(
		p: Linear<1, { MAX_PROMPT }>,
		o: Linear<1, { T::MaxOperatorsPerModel::get() }>,
	) -> Result<(), BenchmarkError> {
		let model = T::BenchmarkHelper::published();
		for index in 0..o {
			serving::<T>(index, model)?;
		}
		let payer = rich::<T>("payer", 0)?;
		#[extrinsic_call]
		_(
			RawOrigin::Signed(payer),
			model,
			None,
			Prompt::truncate_from(vec![b'?'; p as usize]),
			T::MaxTokens::get(),
			highest_fee::<T>(),
			0,
			[0; 32],
			T::MinDeadline::get(),
		);
		assert_eq!(NextRequest::<T>::get(), 1);
		Ok(())
	}

	#[benchmark]
	fn answer(
		a: Linear<1, { MAX_ANSWER }>,
		c: Linear<0, { MAX_CREDITS }>,
	) -> Result<(), BenchmarkError> {
		let model = T::BenchmarkHelper::published();
		serving::<T>(0, model)?;
		let (id, payer) = pending::<T>(model, MAX_PROMPT)?;
		let claim = Box::new(T::BenchmarkHelper::claim(model, &payer, c));
		let agent: T::AccountId = account("agent", 0, 0);
		let text = Answer::truncate_from(vec![b'!'; a as usize]);
		#[extrinsic_call]
		_(RawOrigin::Signed(agent), id, text, Usage { prompt: 1, output: 1 }, claim);
		let status = Requests::<T>::get(id).map(|found| found.status);
		assert_eq!(status, Some(Status::Answered));
		Ok(())
	}

	#[benchmark]
	fn expire() -> Result<(), BenchmarkError> {
		let model = T::BenchmarkHelper::published();
		let who = serving::<T>(0, model)?;
		let (id, payer) = pending::<T>(model, MAX_PROMPT)?;
		// One more miss costs a penalty.
		Operators::<T>::mutate(&who, |registration| {
			if let Some(registration) = registration {
				registration.operator.missed = T::MaxMissed::get().saturating_sub(1);
			}
		});
		skip::<T>(T::MinDeadline::get().saturating_add(1));
		#[extrinsic_call]
		_(RawOrigin::Signed(payer), id);
		let status = Requests::<T>::get(id).map(|found| found.status);
		assert_eq!(status, Some(Status::Refunded));
		Ok(())
	}

	#[benchmark]
	fn prune() -> Result<(), BenchmarkError> {
		let (id, payer) = answered::<T>(MAX_CREDITS)?;
		T::BenchmarkHelper::finalize(id);
		#[extrinsic_call]
		_(RawOrigin::Signed(payer), id);
		assert!(!Requests::<T>::contains_key(id));
		Ok(())
	}

	#[benchmark]
	fn settle(s: Linear<0, { MAX_CREDITS }>) -> Result<(), BenchmarkError> {
		let (id, _) = answered::<T>(0)?;
		let shares: Vec<(T::AccountId, u64)> = (0..s)
			.map(|i| (account("contributor", i, 0), u64::from(i).saturating_add(1)))
			.collect();
		#[block]
		{
			Pallet::<T>::settle(id, &shares, Permill::one())?;
		}
		let status = Requests::<T>::get(id).map(|found| found.status);
		assert_eq!(status, Some(Status::Settled));
		Ok(())
	}
}
