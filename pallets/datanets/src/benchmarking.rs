//! Benchmarks of the calls at their longest paths.

use super::*;
use crate::types::Commitment;
use frame_benchmarking::v2::*;
use frame_support::{
	pallet_prelude::BoundedVec,
	traits::{Consideration, EnsureOrigin, Get},
};
use frame_system::{RawOrigin, pallet_prelude::BlockNumberFor};
use openledger_primitives_core::{
	DatanetId, Hash, MAX_NAME, MAX_TEXT, Name, SnapshotId, Text,
	record::{RecordEntry, contribution_commitment},
};
use sp_runtime::traits::{BlakeTwo256, Hash as _, Saturating};

const SALT: [u8; 32] = [7; 32];

type Curators<T> = BoundedVec<<T as frame_system::Config>::AccountId, <T as Config>::MaxCurators>;
type Records<T> = BoundedVec<RecordEntry, <T as Config>::MaxRecords>;

fn text() -> Text {
	Text::truncate_from(alloc::vec![b'a'; MAX_TEXT as usize])
}

fn name() -> Name {
	Name::truncate_from(alloc::vec![b'a'; MAX_NAME as usize])
}

/// Makes room on `who` for one of each deposit at its largest.
fn fund<T: Config>(who: &T::AccountId) {
	let texts = text().len().saturating_mul(2).saturating_add(name().len());
	let curators = T::MaxCurators::get() as usize;
	let records = T::MaxRecords::get() as usize;
	T::DatanetConsideration::ensure_successful(who, Datanet::<T>::footprint(texts, curators));
	T::CommitmentConsideration::ensure_successful(who, Commitment::<T>::footprint());
	T::ContributionConsideration::ensure_successful(who, Contribution::<T>::footprint(records));
	T::SnapshotConsideration::ensure_successful(who, FrozenSnapshot::<T>::footprint());
}

fn curators<T: Config>(count: u32) -> Curators<T> {
	BoundedVec::truncate_from((0..count).map(|i| account("curator", i, 0)).collect())
}

fn records<T: Config>(count: u32) -> Records<T> {
	let entry = |i: u32| RecordEntry { content: BlakeTwo256::hash_of(&i), size: 1 };
	BoundedVec::truncate_from((0..count).map(entry).collect())
}

fn create_net<T: Config>(owner: &T::AccountId) -> Result<DatanetId, BenchmarkError> {
	fund::<T>(owner);
	let id = NextDatanet::<T>::get();
	Pallet::<T>::do_create(
		owner.clone(),
		name(),
		text(),
		Kind::Text,
		text(),
		Policy::Curators,
		curators::<T>(T::MaxCurators::get()),
	)?;
	Ok(id)
}

fn commit_batch<T: Config>(
	who: &T::AccountId,
	id: DatanetId,
	batch: &Records<T>,
) -> Result<Hash, BenchmarkError> {
	fund::<T>(who);
	let commitment = contribution_commitment(batch, who, &SALT);
	Pallet::<T>::do_commit(who.clone(), id, commitment)?;
	Ok(commitment)
}

fn advance<T: Config>(blocks: BlockNumberFor<T>) {
	let now = frame_system::Pallet::<T>::block_number();
	frame_system::Pallet::<T>::set_block_number(now.saturating_add(blocks));
}

fn reveal_batch<T: Config>(
	who: &T::AccountId,
	id: DatanetId,
	count: u32,
) -> Result<(), BenchmarkError> {
	let batch = records::<T>(count);
	commit_batch::<T>(who, id, &batch)?;
	advance::<T>(1u32.into());
	Pallet::<T>::do_reveal(who.clone(), id, batch, SALT)?;
	advance::<T>(T::RevealPeriod::get());
	Ok(())
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn create(c: Linear<1, { T::MaxCurators::get() }>) {
		let owner: T::AccountId = whitelisted_caller();
		fund::<T>(&owner);
		let curators = curators::<T>(c);

		#[extrinsic_call]
		_(RawOrigin::Signed(owner), name(), text(), Kind::Text, text(), Policy::Curators, curators);

		assert_eq!(NextDatanet::<T>::get(), 1);
	}

	#[benchmark]
	fn set_policy(c: Linear<1, { T::MaxCurators::get() }>) -> Result<(), BenchmarkError> {
		let owner: T::AccountId = whitelisted_caller();
		let id = create_net::<T>(&owner)?;
		let curators = curators::<T>(c);

		#[extrinsic_call]
		_(RawOrigin::Signed(owner), id, Policy::Curators, curators);

		assert_eq!(Datanets::<T>::get(id).map(|net| net.curators.len() as u32), Some(c));
		Ok(())
	}

	#[benchmark]
	fn offer_ownership() -> Result<(), BenchmarkError> {
		let owner: T::AccountId = whitelisted_caller();
		let id = create_net::<T>(&owner)?;
		let to: T::AccountId = account("to", 0, 0);

		#[extrinsic_call]
		_(RawOrigin::Signed(owner), id, to.clone());

		assert_eq!(Datanets::<T>::get(id).and_then(|net| net.offered), Some(to));
		Ok(())
	}

	#[benchmark]
	fn accept_ownership() -> Result<(), BenchmarkError> {
		let owner: T::AccountId = account("owner", 0, 0);
		let id = create_net::<T>(&owner)?;
		let to: T::AccountId = whitelisted_caller();
		fund::<T>(&to);
		Pallet::<T>::do_offer_ownership(&owner, id, to.clone())?;

		#[extrinsic_call]
		_(RawOrigin::Signed(to.clone()), id);

		assert_eq!(Datanets::<T>::get(id).map(|net| net.owner), Some(to));
		Ok(())
	}

	#[benchmark]
	fn commit() -> Result<(), BenchmarkError> {
		let who: T::AccountId = whitelisted_caller();
		let id = create_net::<T>(&who)?;
		let commitment = Hash::repeat_byte(1);

		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), id, commitment);

		assert!(Commitments::<T>::contains_key((id, who, commitment)));
		Ok(())
	}

	#[benchmark]
	fn drop_commitment() -> Result<(), BenchmarkError> {
		let who: T::AccountId = whitelisted_caller();
		let contributor: T::AccountId = account("contributor", 0, 0);
		let id = create_net::<T>(&who)?;
		let commitment = commit_batch::<T>(&contributor, id, &records::<T>(1))?;
		advance::<T>(T::RevealPeriod::get());

		#[extrinsic_call]
		_(RawOrigin::Signed(who), id, contributor.clone(), commitment);

		assert!(!Commitments::<T>::contains_key((id, contributor, commitment)));
		Ok(())
	}

	#[benchmark]
	fn reveal(n: Linear<1, { T::MaxRecords::get() }>) -> Result<(), BenchmarkError> {
		// Nobody has contributed before, so revealing opens a rewards account too.
		let who: T::AccountId = whitelisted_caller();
		let id = create_net::<T>(&who)?;
		let batch = records::<T>(n);
		commit_batch::<T>(&who, id, &batch)?;
		advance::<T>(1u32.into());
		// Every record is taken from another contribution, which was committed later.
		let later: T::AccountId = account("later", 0, 0);
		commit_batch::<T>(&later, id, &batch)?;
		advance::<T>(1u32.into());
		Pallet::<T>::do_reveal(later, id, batch.clone(), SALT)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(who), id, batch, SALT);

		assert_eq!(Contributions::<T>::get(id, 1).map(|entry| entry.records.len() as u32), Some(n));
		Ok(())
	}

	#[benchmark]
	fn accept(n: Linear<1, { T::MaxRecords::get() }>) -> Result<(), BenchmarkError> {
		let who: T::AccountId = whitelisted_caller();
		let id = create_net::<T>(&who)?;
		reveal_batch::<T>(&who, id, n)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(who), id, 0);

		assert_eq!(Progresses::<T>::get(id).map(|progress| progress.tree.count()), Some(n));
		Ok(())
	}

	#[benchmark]
	fn reject(n: Linear<1, { T::MaxRecords::get() }>) -> Result<(), BenchmarkError> {
		let who: T::AccountId = whitelisted_caller();
		let id = create_net::<T>(&who)?;
		reveal_batch::<T>(&who, id, n)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(who), id, 0, text());

		assert!(!Contributions::<T>::contains_key(id, 0));
		Ok(())
	}

	#[benchmark]
	fn withdraw(n: Linear<1, { T::MaxRecords::get() }>) -> Result<(), BenchmarkError> {
		let who: T::AccountId = whitelisted_caller();
		let id = create_net::<T>(&who)?;
		reveal_batch::<T>(&who, id, n)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(who), id, 0);

		assert!(!Contributions::<T>::contains_key(id, 0));
		Ok(())
	}

	#[benchmark]
	fn snapshot() -> Result<(), BenchmarkError> {
		let who: T::AccountId = whitelisted_caller();
		let id = create_net::<T>(&who)?;
		reveal_batch::<T>(&who, id, 1)?;
		Pallet::<T>::do_accept(&who, id, 0)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(who), id);

		assert!(Snapshots::<T>::contains_key(id, 0));
		Ok(())
	}

	#[benchmark]
	fn remove_snapshot() -> Result<(), BenchmarkError> {
		let who: T::AccountId = whitelisted_caller();
		let id = create_net::<T>(&who)?;
		reveal_batch::<T>(&who, id, 1)?;
		Pallet::<T>::do_accept(&who, id, 0)?;
		Pallet::<T>::do_snapshot(who.clone(), id)?;
		let number: SnapshotId = 0;

		#[extrinsic_call]
		_(RawOrigin::Signed(who), id, number);

		assert!(!Snapshots::<T>::contains_key(id, number));
		Ok(())
	}

	#[benchmark]
	fn award() -> Result<(), BenchmarkError> {
		let owner: T::AccountId = account("owner", 0, 0);
		let id = create_net::<T>(&owner)?;
		let to: T::AccountId = account("to", 0, 0);
		let origin = T::DisputeOrigin::try_successful_origin()
			.map_err(|()| BenchmarkError::Stop("nobody decides disputes"))?;

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, id, to.clone());

		assert_eq!(Datanets::<T>::get(id).and_then(|net| net.offered), Some(to));
		Ok(())
	}

	#[benchmark]
	fn close() -> Result<(), BenchmarkError> {
		let who: T::AccountId = whitelisted_caller();
		let id = create_net::<T>(&who)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(who), id);

		assert_eq!(Datanets::<T>::get(id).map(|net| net.closed), Some(true));
		Ok(())
	}

	#[benchmark]
	fn archive(n: Linear<1, { T::MaxRecords::get() }>) -> Result<(), BenchmarkError> {
		let who: T::AccountId = whitelisted_caller();
		let id = create_net::<T>(&who)?;
		reveal_batch::<T>(&who, id, n)?;
		Pallet::<T>::do_accept(&who, id, 0)?;
		Pallet::<T>::do_close(Some(&who), id)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(who), id, 0);

		assert!(!Contributions::<T>::contains_key(id, 0));
		Ok(())
	}

	#[benchmark]
	fn remove() -> Result<(), BenchmarkError> {
		let who: T::AccountId = whitelisted_caller();
		let id = create_net::<T>(&who)?;
		Pallet::<T>::do_close(Some(&who), id)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(who), id);

		assert!(!Datanets::<T>::contains_key(id));
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::externalities(), crate::mock::Test);
}
