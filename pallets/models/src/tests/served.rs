use crate::{mock::*, *};
use frame_support::{assert_noop, assert_ok};
use openledger_primitives_core::{
	Hash,
	model::ModelStatus,
	settlement::{Distribution, Payment},
	traits::Models as _,
};
use sp_runtime::Permill;

fn distribution(fee: u128, contributed: u128) -> Distribution<u64> {
	let none = Payment { account: OWNER, amount: 0 };
	let paid = Payment { account: ALICE, amount: contributed };
	Distribution {
		fee,
		contributors: vec![paid].try_into().unwrap(),
		owner: none.clone(),
		royalty: none.clone(),
		operator: none,
		verifiers: 0,
		validators: 0,
		treasury: fee - contributed,
	}
}

#[test]
fn served_shows_terms_of_version_base_and_snapshots() {
	run(|| {
		let model = draft();
		assert_eq!(Pallet::<Test>::served(model).unwrap().index, None);
		assert_ok!(Pallet::<Test>::commit_index(signed(OWNER), model, index()));
		assert_ok!(Pallet::<Test>::publish(signed(OWNER), model));
		let served = Pallet::<Test>::served(model).unwrap();
		assert_eq!((served.owner, served.base_owner), (OWNER, OWNER));
		assert_eq!((served.status, served.price), (ModelStatus::Published, PRICE));
		assert_eq!((served.index, served.royalty), (Some(index()), Permill::from_percent(10)));
		assert_eq!((served.base, served.adapter), (Hash::repeat_byte(1), spec().adapter));
		assert_eq!(served.projection, crate::Models::<Test>::get(model).unwrap().projection);
		assert_eq!(served.snapshots.len(), 1);
		assert_eq!((served.snapshots[0].0, served.snapshots[0].1.count), (0, RECORDS));
		assert_eq!(Pallet::<Test>::pay_by(model), Some(served.method.pay_by));
		assert_eq!(Pallet::<Test>::served(model + 1), None);
		assert_eq!(Pallet::<Test>::pay_by(model + 1), None);
	});
}

#[test]
fn acquire_is_refused_when_version_answers_nothing() {
	run(|| {
		assert_noop!(Pallet::<Test>::acquire(0), Error::<Test>::NotFound);
		let model = draft();
		assert_noop!(Pallet::<Test>::acquire(model), Error::<Test>::NotAnswering);
		assert_ok!(Pallet::<Test>::commit_index(signed(OWNER), model, index()));
		assert_noop!(Pallet::<Test>::acquire(model), Error::<Test>::NotAnswering);
		assert_ok!(Pallet::<Test>::publish(signed(OWNER), model));
		assert_ok!(Pallet::<Test>::acquire(model));
		assert_ok!(Pallet::<Test>::deprecate(signed(OWNER), model));
		assert_ok!(Pallet::<Test>::acquire(model));
		assert_ok!(Pallet::<Test>::retire(signed(OWNER), model));
		assert_noop!(Pallet::<Test>::acquire(model), Error::<Test>::NotAnswering);
	});
}

#[test]
fn remove_is_refused_when_requests_are_open() {
	run(|| {
		let model = published();
		assert_ok!(Pallet::<Test>::acquire(model));
		assert_ok!(Pallet::<Test>::acquire(model));
		assert_ok!(Pallet::<Test>::retire(signed(OWNER), model));
		let remove = || Pallet::<Test>::remove(signed(OWNER), model);
		assert_noop!(remove(), Error::<Test>::HasOpenRequests);
		Pallet::<Test>::release(model);
		assert_noop!(remove(), Error::<Test>::HasOpenRequests);
		assert!(Pallet::<Test>::is_in_use(model));
		Pallet::<Test>::release(model);
		assert!(!Pallet::<Test>::is_in_use(model));
		assert_ok!(remove());
		assert!(!Pallet::<Test>::is_in_use(model));
	});
}

#[test]
fn earned_adds_up_and_is_shown() {
	run(|| {
		let model = published();
		Pallet::<Test>::earned(model, &distribution(100, 40));
		Pallet::<Test>::earned(model, &distribution(50, 0));
		// Nothing appears for a version that is not there.
		Pallet::<Test>::earned(model + 1, &distribution(50, 0));
		let info = Pallet::<Test>::model(model).unwrap();
		assert_eq!((info.answers, info.fees, info.to_contributors), (2, 150, 40));
		assert_eq!(Pallet::<Test>::model(model + 1), None);
	});
}

#[test]
fn models_page_skips_removed() {
	run(|| {
		for _ in 0..4 {
			draft();
		}
		assert_ok!(Pallet::<Test>::remove(signed(OWNER), 1));
		let page = |start, limit| -> Vec<u32> {
			Pallet::<Test>::models(start, limit).iter().map(|model| model.id).collect()
		};
		assert_eq!(page(0, 2), [0, 2]);
		assert_eq!(page(3, u32::MAX), [3]);
		assert_eq!(page(9, 1), [0u32; 0]);
		assert_eq!(page(0, 0), [0u32; 0]);
		assert_eq!(Pallet::<Test>::bases(2, 9).len(), 2);
	});
}
