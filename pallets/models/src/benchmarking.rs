//! Benchmarks of the calls at their longest paths.

use super::*;
use frame_benchmarking::v2::*;
use frame_support::{
	pallet_prelude::BoundedVec,
	traits::{
		Consideration, Get,
		fungible::{Inspect, Mutate},
	},
};
use frame_system::RawOrigin;
use openledger_primitives_core::{
	BaseId, Hash, MAX_NAME, MAX_SNAPSHOTS, ModelId, Name,
	model::{
		Arithmetic, Assurance, IndexCommitment, LATEST_ARITHMETIC, Method, ModelSpec, ModelStatus,
		PayBy, Price, Retrieval,
	},
	traits::{Snapshots, Versions},
};
use sp_runtime::Permill;

const PRICE: Price = Price { prompt: 1, output: 1 };

fn name() -> Name {
	Name::truncate_from(alloc::vec![b'a'; MAX_NAME as usize])
}

/// Makes room on `who` for the fee and one of each deposit, and opens the treasury.
fn fund<T: Config>(who: &T::AccountId) -> Result<(), BenchmarkError> {
	let least = T::Currency::minimum_balance();
	T::Currency::mint_into(&T::TreasuryAccount::get(), least)?;
	let costs = T::DeploymentFee::get().saturating_add(T::Bond::get());
	T::Currency::mint_into(who, least.saturating_add(costs))?;
	T::BaseConsideration::ensure_successful(who, Base::<T>::footprint());
	let footprint = Model::<T>::footprint(MAX_SNAPSHOTS as usize);
	T::ModelConsideration::ensure_successful(who, footprint);
	Ok(())
}

fn add_base<T: Config>(who: &T::AccountId) -> Result<BaseId, BenchmarkError> {
	fund::<T>(who)?;
	let id = NextBase::<T>::get();
	let hash = Hash::repeat_byte(1);
	Pallet::<T>::do_register_base(who.clone(), name(), name(), hash, hash, Permill::zero())?;
	Ok(id)
}

fn spec<T: Config>(base: BaseId, parent: Option<ModelId>, snapshots: u32) -> ModelSpec {
	ModelSpec {
		base,
		parent,
		adapter: Hash::repeat_byte(2),
		rank: 8,
		manifest: Hash::repeat_byte(3),
		snapshots: BoundedVec::truncate_from(
			(0..snapshots).map(|_| T::BenchmarkHelper::snapshot()).collect(),
		),
		method: Method { pay_by: PayBy::Contributors, credits: 12, dimension: 512 },
		arithmetic: Arithmetic::Canonical(LATEST_ARITHMETIC),
	}
}

/// A draft that continues another one.
fn draft<T: Config>(who: &T::AccountId, snapshots: u32) -> Result<ModelId, BenchmarkError> {
	let base = add_base::<T>(who)?;
	let parent = NextModel::<T>::get();
	Pallet::<T>::do_register(who.clone(), name(), spec::<T>(base, None, 1), PRICE)?;
	fund::<T>(who)?;
	let id = NextModel::<T>::get();
	let continued = spec::<T>(base, Some(parent), snapshots);
	Pallet::<T>::do_register(who.clone(), name(), continued, PRICE)?;
	Pallet::<T>::do_commit_training(who, id, Hash::repeat_byte(7))?;
	Ok(id)
}

fn index<T: Config>(id: ModelId) -> Result<IndexCommitment, BenchmarkError> {
	let model = Models::<T>::get(id).ok_or(BenchmarkError::Stop("no version"))?;
	let counts = model.spec.snapshots.iter().filter_map(|one| T::Snapshots::snapshot(*one));
	let records = counts.fold(0u32, |sum, snapshot| sum.saturating_add(snapshot.count));
	Ok(IndexCommitment {
		records_root: Hash::repeat_byte(4),
		records,
		contributors_root: Hash::repeat_byte(5),
		contributors: 1,
		floor_ppm: 0,
		file: Hash::repeat_byte(6),
	})
}

/// As [`draft`], with its index and a bond.
fn indexed<T: Config>(who: &T::AccountId, snapshots: u32) -> Result<ModelId, BenchmarkError> {
	let id = draft::<T>(who, snapshots)?;
	Pallet::<T>::do_commit_index(who, id, index::<T>(id)?)?;
	Ok(id)
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn register_base() -> Result<(), BenchmarkError> {
		let who: T::AccountId = whitelisted_caller();
		fund::<T>(&who)?;
		let hash = Hash::repeat_byte(1);

		#[extrinsic_call]
		_(RawOrigin::Signed(who), name(), name(), hash, hash, Permill::zero());

		assert!(Bases::<T>::contains_key(0));
		Ok(())
	}

	#[benchmark]
	fn remove_base() -> Result<(), BenchmarkError> {
		let who: T::AccountId = whitelisted_caller();
		let base = add_base::<T>(&who)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(who), base);

		assert!(!Bases::<T>::contains_key(base));
		Ok(())
	}

	#[benchmark]
	fn register(s: Linear<1, MAX_SNAPSHOTS>) -> Result<(), BenchmarkError> {
		let who: T::AccountId = whitelisted_caller();
		let parent = draft::<T>(&who, 1)?;
		fund::<T>(&who)?;
		let base = Models::<T>::get(parent).map_or(0, |model| model.spec.base);
		let spec = spec::<T>(base, Some(parent), s);

		#[extrinsic_call]
		_(RawOrigin::Signed(who), name(), spec, PRICE);

		assert_eq!(Models::<T>::get(parent).map(|model| model.children), Some(1));
		Ok(())
	}

	#[benchmark]
	fn commit_index() -> Result<(), BenchmarkError> {
		let who: T::AccountId = whitelisted_caller();
		let id = draft::<T>(&who, MAX_SNAPSHOTS)?;
		let index = index::<T>(id)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(who), id, index);

		assert_eq!(Models::<T>::get(id).map(|model| model.status), Some(ModelStatus::Indexed));
		Ok(())
	}

	#[benchmark]
	fn set_status() -> Result<(), BenchmarkError> {
		let who: T::AccountId = whitelisted_caller();
		let id = indexed::<T>(&who, MAX_SNAPSHOTS)?;
		<Pallet<T> as Versions<_>>::assure(id, Assurance::Audited);

		#[extrinsic_call]
		publish(RawOrigin::Signed(who), id);

		assert_eq!(Models::<T>::get(id).map(|model| model.status), Some(ModelStatus::Published));
		Ok(())
	}

	#[benchmark]
	fn set_price() -> Result<(), BenchmarkError> {
		let who: T::AccountId = whitelisted_caller();
		let id = draft::<T>(&who, MAX_SNAPSHOTS)?;
		let price = Price { prompt: 7, output: 9 };

		#[extrinsic_call]
		_(RawOrigin::Signed(who), id, price);

		assert_eq!(Models::<T>::get(id).map(|model| model.price), Some(price));
		Ok(())
	}

	#[benchmark]
	fn offer_ownership() -> Result<(), BenchmarkError> {
		let who: T::AccountId = whitelisted_caller();
		let id = draft::<T>(&who, MAX_SNAPSHOTS)?;
		let to: T::AccountId = account("to", 0, 0);

		#[extrinsic_call]
		_(RawOrigin::Signed(who), id, to.clone());

		assert_eq!(Models::<T>::get(id).and_then(|model| model.offered), Some(to));
		Ok(())
	}

	#[benchmark]
	fn accept_ownership() -> Result<(), BenchmarkError> {
		let owner: T::AccountId = account("owner", 0, 0);
		let id = indexed::<T>(&owner, MAX_SNAPSHOTS)?;
		let to: T::AccountId = whitelisted_caller();
		fund::<T>(&to)?;
		<Pallet<T> as Versions<_>>::assure(id, Assurance::Audited);
		Pallet::<T>::do_offer_ownership(&owner, id, to.clone())?;

		#[extrinsic_call]
		_(RawOrigin::Signed(to.clone()), id);

		assert_eq!(Models::<T>::get(id).map(|model| model.owner), Some(to));
		Ok(())
	}

	#[benchmark]
	fn remove(s: Linear<1, MAX_SNAPSHOTS>) -> Result<(), BenchmarkError> {
		let who: T::AccountId = whitelisted_caller();
		let id = indexed::<T>(&who, s)?;
		// Its bond goes to the treasury, which is more than giving it back.
		<Pallet<T> as Versions<_>>::assure(id, Assurance::Withheld);
		Pallet::<T>::do_set_status(&who, id, ModelStatus::Retired)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(who), id);

		assert!(!Models::<T>::contains_key(id));
		Ok(())
	}

	#[benchmark]
	fn commit_training() -> Result<(), BenchmarkError> {
		let who: T::AccountId = whitelisted_caller();
		let id = draft::<T>(&who, MAX_SNAPSHOTS)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(who), id, Hash::repeat_byte(8));

		assert_eq!(Trainings::<T>::get(id), Some(Hash::repeat_byte(8)));
		Ok(())
	}

	#[benchmark]
	fn ask_audit() -> Result<(), BenchmarkError> {
		let who: T::AccountId = whitelisted_caller();
		let id = indexed::<T>(&who, MAX_SNAPSHOTS)?;
		<Pallet<T> as Versions<_>>::assure(id, Assurance::Withheld);
		T::BenchmarkHelper::verifiers();
		fund::<T>(&who)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(who), id);

		let assurance = Standings::<T>::get(id).map(|standing| standing.assurance);
		assert!(assurance.is_some_and(|assurance| assurance != Assurance::Withheld));
		Ok(())
	}

	#[benchmark]
	fn commit_retrieval() -> Result<(), BenchmarkError> {
		let who: T::AccountId = whitelisted_caller();
		let id = draft::<T>(&who, MAX_SNAPSHOTS)?;
		let retrieval = Retrieval {
			most: 4,
			dimension: 2_048,
			part: Permill::from_percent(30),
			lens: Hash::repeat_byte(9),
			index: index::<T>(id)?,
		};

		#[extrinsic_call]
		_(RawOrigin::Signed(who), id, Some(retrieval));

		assert_eq!(Models::<T>::get(id).and_then(|model| model.retrieval), Some(retrieval));
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::externalities(), crate::mock::Test);
}
