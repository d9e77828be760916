use crate::{
	Model, Models,
	migrations::{AddRetrieval, First, NameArithmetic, Old, Second},
	mock::{Test, draft, published, run},
	pallet::Pallet,
};
use frame_support::{
	storage::unhashed,
	traits::{GetStorageVersion, OnRuntimeUpgrade, StorageVersion},
};
use openledger_primitives_core::model::{Arithmetic, ModelSpec, v1};

/// A version as it was written before, with what was registered as `spec` makes it.
fn before<Spec>(model: Model<Test>, spec: impl FnOnce(ModelSpec) -> Spec) -> Old<Test, Spec> {
	Old {
		owner: model.owner,
		offered: model.offered,
		name: model.name,
		spec: spec(model.spec),
		status: model.status,
		price: model.price,
		projection: model.projection,
		projection_fixed_at: model.projection_fixed_at,
		registered_at: model.registered_at,
		index: model.index,
		children: model.children,
		ticket: model.ticket,
	}
}

/// Puts a version back to what it was before it named its arithmetic, which was the first.
fn first(id: u32) -> Model<Test> {
	let mut model = Models::<Test>::get(id).unwrap();
	model.spec.arithmetic = Arithmetic::Canonical(1);
	let old: First<Test> = before(model.clone(), |spec| v1::ModelSpec {
		base: spec.base,
		parent: spec.parent,
		adapter: spec.adapter,
		rank: spec.rank,
		manifest: spec.manifest,
		snapshots: spec.snapshots,
		method: spec.method,
	});
	unhashed::put(&Models::<Test>::hashed_key_for(id), &old);
	model
}

/// Puts a version back to what it was before it could have a retrieval.
fn second(id: u32) -> Model<Test> {
	let model = Models::<Test>::get(id).unwrap();
	let old: Second<Test> = before(model.clone(), |spec| spec);
	unhashed::put(&Models::<Test>::hashed_key_for(id), &old);
	model
}

fn version() -> StorageVersion {
	Pallet::<Test>::on_chain_storage_version()
}

#[test]
fn versions_name_their_arithmetic_and_keep_the_rest_when_migrated() {
	run(|| {
		let ids = [published(), draft()];
		let expected = ids.map(first);
		StorageVersion::new(1).put::<Pallet<Test>>();
		NameArithmetic::<Test>::on_runtime_upgrade();
		assert_eq!(version(), StorageVersion::new(2));
		// The second time it finds nothing to do.
		NameArithmetic::<Test>::on_runtime_upgrade();
		AddRetrieval::<Test>::on_runtime_upgrade();
		assert_eq!(version(), StorageVersion::new(3));
		for (id, expected) in ids.into_iter().zip(expected) {
			let migrated = Models::<Test>::get(id).unwrap();
			assert_eq!(migrated.spec.arithmetic, Arithmetic::Canonical(1));
			assert_eq!(migrated, expected);
		}
	});
}

#[test]
fn versions_have_no_retrieval_and_keep_the_rest_when_migrated() {
	run(|| {
		let ids = [published(), draft()];
		let expected = ids.map(second);
		StorageVersion::new(2).put::<Pallet<Test>>();
		NameArithmetic::<Test>::on_runtime_upgrade();
		assert_eq!(version(), StorageVersion::new(2));
		for _ in 0..2 {
			AddRetrieval::<Test>::on_runtime_upgrade();
			assert_eq!(version(), StorageVersion::new(3));
			for (id, expected) in ids.into_iter().zip(&expected) {
				assert_eq!(Models::<Test>::get(id).as_ref(), Some(expected));
			}
		}
	});
}
