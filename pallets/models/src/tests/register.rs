use crate::{mock::*, *};
use frame_support::{assert_noop, assert_ok};
use openledger_primitives_core::{
	Hash,
	model::{Arithmetic, LATEST_ARITHMETIC, Method, ModelSpec, ModelStatus, Price, Unaudited},
	record::SnapshotRef,
	traits::Models as _,
};
use sp_runtime::TokenError;

fn with_snapshots(snapshots: Vec<SnapshotRef>) -> ModelSpec {
	ModelSpec { snapshots: snapshots.try_into().unwrap(), ..spec() }
}

#[test]
fn register_takes_fee_and_deposit_and_draws_seed() {
	run(|| {
		assert_ok!(add_base(ALICE));
		assert_ok!(register(OWNER, with_snapshots(vec![snapshot(2), snapshot(0)])));
		let model = crate::Models::<Test>::get(0).unwrap();
		let seed: Hash = sp_io::hashing::blake2_256(spec().manifest.as_bytes()).into();
		assert_eq!((model.owner, model.status), (OWNER, ModelStatus::Draft));
		assert_eq!((model.projection, model.projection_fixed_at), (seed, 1));
		assert_eq!(Balances::free_balance(TREASURY), 10 + FEE);
		assert_eq!(Balances::free_balance(OWNER), 1_000_000 - FEE - held(OWNER));
		assert_eq!(Users::get()[&snapshot(2)], 1);
		assert_eq!(Bases::<Test>::get(0).unwrap().models, 1);
		let deposit = held(OWNER);
		assert_ok!(register(OWNER, spec()));
		assert!(held(OWNER) - deposit < deposit, "a shorter list costs less");
	});
}

#[test]
fn register_is_refused_when_base_is_missing_or_name_blank() {
	run(|| {
		assert_noop!(register(OWNER, spec()), Error::<Test>::BaseNotFound);
		assert_ok!(add_base(OWNER));
		assert_noop!(
			Pallet::<Test>::register(signed(OWNER), text("\t"), spec(), PRICE),
			Error::<Test>::NotText
		);
	});
}

#[test]
fn register_is_refused_when_snapshots_are_none_missing_doubled_or_too_many() {
	run(|| {
		assert_ok!(add_base(OWNER));
		let refused = |snapshots, error: Error<Test>| {
			assert_noop!(register(OWNER, with_snapshots(snapshots)), error);
		};
		refused(vec![], Error::NoSnapshots);
		refused(vec![snapshot(0), snapshot(7)], Error::SnapshotNotFound);
		refused(vec![snapshot(0), snapshot(1), snapshot(0)], Error::DuplicateDatanet);
		let later = SnapshotRef { datanet: 0, snapshot: 1 };
		refused(vec![snapshot(0), later], Error::DuplicateDatanet);
		refused(vec![snapshot(HUGE), snapshot(0)], Error::TooManyRecords);
	});
}

#[test]
fn register_is_refused_when_method_or_rank_is_out_of_range() {
	run(|| {
		assert_ok!(add_base(OWNER));
		assert_noop!(
			register(OWNER, ModelSpec { rank: 0, ..spec() }),
			Error::<Test>::RankOutOfRange
		);
		let of = |credits, dimension| ModelSpec {
			method: Method { credits, dimension, ..spec().method },
			..spec()
		};
		for (credits, dimension) in [(0, 512), (17, 512), (255, 512), (8, 0), (8, 15), (1, 2_049)] {
			assert_noop!(register(OWNER, of(credits, dimension)), Error::<Test>::MethodOutOfRange);
		}
		for (credits, dimension) in [(16, 1_025), (9, 2_048), (16, 2_048)] {
			assert_noop!(register(OWNER, of(credits, dimension)), Error::<Test>::ClaimsTooLong);
		}
		for (credits, dimension) in [(1, 16), (16, 1_024), (8, 2_048)] {
			assert_ok!(register(OWNER, of(credits, dimension)));
		}
	});
}

#[test]
fn register_is_refused_when_arithmetic_is_unknown() {
	run(|| {
		assert_ok!(add_base(OWNER));
		let of = |arithmetic| ModelSpec { arithmetic, ..spec() };
		for number in [0, LATEST_ARITHMETIC - 1, LATEST_ARITHMETIC + 1, u16::MAX] {
			assert_noop!(
				register(OWNER, of(Arithmetic::Canonical(number))),
				Error::<Test>::UnknownArithmetic
			);
		}
		// While there are no audits.
		Hindrance::set(Some(Unaudited::Off));
		for known in [Arithmetic::Canonical(LATEST_ARITHMETIC), Arithmetic::Tolerant] {
			let id = NextModel::<Test>::get();
			assert_ok!(register(OWNER, of(known)));
			assert_eq!(Pallet::<Test>::served(id).unwrap().arithmetic, known);
		}
	});
}

#[test]
fn register_is_refused_when_price_overflows() {
	run(|| {
		assert_ok!(add_base(OWNER));
		for price in
			[Price { prompt: u128::MAX, output: 0 }, Price { prompt: 0, output: u128::MAX / 1_000 }]
		{
			assert_noop!(
				Pallet::<Test>::register(signed(OWNER), text("a"), spec(), price),
				Error::<Test>::PriceTooHigh
			);
		}
	});
}

#[test]
fn register_is_refused_when_fee_or_deposit_is_not_there() {
	run(|| {
		assert_ok!(add_base(OWNER));
		// Enough for the fee, not for the deposit.
		assert_noop!(register(POOR, spec()), TokenError::FundsUnavailable);
		assert_ok!(Balances::transfer_allow_death(signed(POOR), BOB, 95));
		// The fee would leave less than an account needs to live.
		assert_noop!(register(POOR, spec()), TokenError::NotExpendable);
		assert_noop!(register(77, spec()), TokenError::FundsUnavailable);
		assert_eq!(Balances::free_balance(TREASURY), 10);
	});
}

#[test]
fn register_is_refused_when_numbers_are_exhausted() {
	externalities().execute_with(|| {
		assert_ok!(add_base(OWNER));
		NextModel::<Test>::put(u32::MAX);
		assert_noop!(register(OWNER, spec()), Error::<Test>::NumbersExhausted);
	});
}

#[test]
fn register_is_refused_when_parent_is_missing_unpublished_or_on_other_base() {
	run(|| {
		let parent = indexed();
		let child = |parent| ModelSpec { parent: Some(parent), ..spec() };
		assert_noop!(register(OWNER, child(parent + 1)), Error::<Test>::ParentNotFound);
		assert_noop!(register(ALICE, child(parent)), Error::<Test>::ParentNotPublished);
		assert_ok!(add_base(ALICE));
		let elsewhere = ModelSpec { base: 1, ..child(parent) };
		assert_noop!(register(OWNER, elsewhere), Error::<Test>::ParentOnOtherBase);
		assert_ok!(register(OWNER, child(parent)));
		assert_ok!(Pallet::<Test>::publish(signed(OWNER), parent));
		assert_ok!(register(ALICE, child(parent)));
		assert_ok!(Pallet::<Test>::retire(signed(OWNER), parent));
		assert_noop!(register(ALICE, child(parent)), Error::<Test>::ParentNotPublished);
		assert_eq!(crate::Models::<Test>::get(parent).unwrap().children, 2);
	});
}

#[test]
fn remove_frees_deposit_and_snapshots_and_keeps_fee() {
	run(|| {
		let model = draft();
		let deposit = held(OWNER) - {
			assert_ok!(Pallet::<Test>::remove(signed(OWNER), model));
			held(OWNER)
		};
		assert!(deposit > 1_000);
		assert_eq!(Users::get()[&snapshot(0)], 0);
		assert_eq!(Balances::free_balance(TREASURY), 10 + FEE);
		assert_eq!(Activities::<Test>::iter().count(), 0);
		assert_ok!(register(OWNER, spec()));
		assert!(crate::Models::<Test>::contains_key(model + 1));
	});
}

#[test]
fn remove_is_refused_when_live_continued_anothers_or_missing() {
	run(|| {
		let model = indexed();
		let remove = |who, model| Pallet::<Test>::remove(signed(who), model);
		assert_noop!(remove(OWNER, 7), Error::<Test>::NotFound);
		assert_noop!(remove(ALICE, model), Error::<Test>::NotOwner);
		assert_noop!(remove(OWNER, model), Error::<Test>::WrongStatus);
		assert_ok!(Pallet::<Test>::publish(signed(OWNER), model));
		assert_noop!(remove(OWNER, model), Error::<Test>::WrongStatus);
		assert_ok!(register(ALICE, ModelSpec { parent: Some(model), ..spec() }));
		assert_ok!(Pallet::<Test>::deprecate(signed(OWNER), model));
		assert_noop!(remove(OWNER, model), Error::<Test>::WrongStatus);
		assert_ok!(Pallet::<Test>::retire(signed(OWNER), model));
		assert_noop!(remove(OWNER, model), Error::<Test>::HasChildren);
		assert_ok!(remove(ALICE, model + 1));
		assert_ok!(remove(OWNER, model));
	});
}

#[test]
fn remove_is_refused_while_the_index_is_contested_unless_the_version_is_condemned() {
	run(|| {
		let [escaping, condemned] = [published(), published()];
		let remove = |who, model| Pallet::<Test>::remove(signed(who), model);
		for model in [escaping, condemned] {
			assert_ok!(Pallet::<Test>::retire(signed(OWNER), model));
			Contested::mutate(|all| all.push(model));
			assert_noop!(remove(OWNER, model), Error::<Test>::Contested);
			assert_eq!(Bonds::<Test>::get(model), Some(BOND));
		}
		// What stands against it can take nothing more from it.
		assert_ok!(Pallet::<Test>::condemn(condemned, &ALICE));
		assert_ok!(remove(BOB, condemned));
		Contested::set(Vec::new());
		assert_ok!(remove(OWNER, escaping));
		assert_eq!(Bonds::<Test>::iter().count(), 0);
	});
}
