use crate::{
	Model, Models,
	migrations::{NameArithmetic, Old},
	mock::{Test, draft, published, run},
	pallet::Pallet,
};
use frame_support::{
	storage::unhashed,
	traits::{GetStorageVersion, OnRuntimeUpgrade, StorageVersion},
};
use openledger_primitives_core::model::{Arithmetic, v1};

/// Puts a version back to what it was before it named its arithmetic.
fn age(id: u32) -> Model<Test> {
	let model = Models::<Test>::get(id).unwrap();
	let copy = model.clone();
	let spec = copy.spec;
	let old = Old::<Test> {
		owner: copy.owner,
		offered: copy.offered,
		name: copy.name,
		spec: v1::ModelSpec {
			base: spec.base,
			parent: spec.parent,
			adapter: spec.adapter,
			rank: spec.rank,
			manifest: spec.manifest,
			snapshots: spec.snapshots,
			method: spec.method,
		},
		status: copy.status,
		price: copy.price,
		projection: copy.projection,
		projection_fixed_at: copy.projection_fixed_at,
		registered_at: copy.registered_at,
		index: copy.index,
		children: copy.children,
		ticket: copy.ticket,
	};
	unhashed::put(&Models::<Test>::hashed_key_for(id), &old);
	model
}

#[test]
fn versions_name_their_arithmetic_and_keep_the_rest_when_migrated() {
	run(|| {
		let (first, second) = (published(), draft());
		let expected = [first, second].map(age);
		StorageVersion::new(1).put::<Pallet<Test>>();
		NameArithmetic::<Test>::on_runtime_upgrade();
		assert_eq!(Pallet::<Test>::on_chain_storage_version(), StorageVersion::new(2));
		for (id, expected) in [first, second].into_iter().zip(expected) {
			let migrated = Models::<Test>::get(id).unwrap();
			assert_eq!(migrated.spec.arithmetic, Arithmetic::Canonical(1));
			assert_eq!(migrated, expected);
		}
		// The second time it finds nothing to do.
		let before = Models::<Test>::get(first);
		NameArithmetic::<Test>::on_runtime_upgrade();
		assert_eq!(Models::<Test>::get(first), before);
	});
}
