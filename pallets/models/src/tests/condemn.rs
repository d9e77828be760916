use crate::{mock::*, *};
use frame_support::{
	assert_noop, assert_ok,
	traits::{
		LockableCurrency, WithdrawReasons,
		fungible::{Inspect, InspectHold},
	},
};
use openledger_primitives_core::{model::ModelStatus, traits::Models as _};
use sp_runtime::{Permill, TokenError};

fn bonded(who: u64) -> u128 {
	Balances::balance_on_hold(&HoldReason::Bond.into(), &who)
}

#[test]
fn bond_stands_behind_an_index_until_the_version_is_removed() {
	run(|| {
		let model = draft();
		assert_eq!(bonded(OWNER), 0);
		assert_ok!(Pallet::<Test>::commit_index(signed(OWNER), model, index()));
		assert_eq!((bonded(OWNER), Bonds::<Test>::get(model)), (BOND, Some(BOND)));
		assert_eq!(
			last_event(),
			Event::<Test>::IndexCommitted { model, index: index(), bond: BOND }.into()
		);
		assert_ok!(Pallet::<Test>::retire(signed(OWNER), model));
		assert_eq!(bonded(OWNER), BOND);
		// Whatever bonds are by then.
		IndexBond::set(1);
		assert_ok!(Pallet::<Test>::remove(signed(OWNER), model));
		assert_eq!((bonded(OWNER), Bonds::<Test>::get(model)), (0, None));
	});
}

#[test]
fn index_is_refused_when_its_owner_cannot_stand_behind_it() {
	run(|| {
		let model = draft();
		IndexBond::set(10_000_000);
		assert_noop!(
			Pallet::<Test>::commit_index(signed(OWNER), model, index()),
			TokenError::FundsUnavailable
		);
		IndexBond::set(0);
		assert_ok!(Pallet::<Test>::commit_index(signed(OWNER), model, index()));
		assert_eq!(Bonds::<Test>::get(model), None);
		assert_eq!(Pallet::<Test>::condemn(model, &ALICE), Ok(0));
	});
}

#[test]
fn condemned_version_loses_its_bond_to_challenger_and_treasury() {
	run(|| {
		let model = published();
		let issued = Balances::total_issuance();
		let free = [ALICE, TREASURY].map(Balances::free_balance);
		assert_eq!(Pallet::<Test>::condemned(model), Some(false));
		assert_eq!(Pallet::<Test>::condemn(model, &ALICE), Ok(BOND));
		assert_eq!(Pallet::<Test>::condemned(model), Some(true));
		// Half of an odd bond, rounded down.
		assert_eq!(Balances::free_balance(ALICE), free[0] + 3_500);
		assert_eq!(Balances::free_balance(TREASURY), free[1] + 3_501);
		assert_eq!((bonded(OWNER), Bonds::<Test>::get(model)), (0, None));
		assert_eq!(Balances::total_issuance(), issued);
		assert_eq!(
			last_event(),
			Event::<Test>::Condemned { model, challenger: ALICE, taken: BOND, rewarded: 3_500 }
				.into()
		);
		assert_noop!(Pallet::<Test>::condemn(model, &BOB), Error::<Test>::AlreadyCondemned);
	});
}

#[test]
fn owner_that_challenges_itself_is_not_rewarded() {
	run(|| {
		let model = published();
		let (free, treasury) = (Balances::free_balance(OWNER), Balances::free_balance(TREASURY));
		assert_eq!(Pallet::<Test>::condemn(model, &OWNER), Ok(BOND));
		assert_eq!(Balances::free_balance(OWNER), free);
		assert_eq!(Balances::free_balance(TREASURY), treasury + BOND);
	});
}

#[test]
fn reward_that_cannot_be_received_is_the_treasurys() {
	run(|| {
		let model = published();
		// An account that does not exist, and a reward below the existential deposit.
		IndexBond::set(18);
		let small = indexed();
		let treasury = Balances::free_balance(TREASURY);
		assert_eq!(Pallet::<Test>::condemn(small, &77), Ok(18));
		assert_eq!(Balances::free_balance(TREASURY), treasury + 18);
		assert_eq!(Bonds::<Test>::get(model), Some(BOND));
	});
}

#[test]
fn bond_is_taken_though_its_owner_froze_its_balance() {
	run(|| {
		let model = published();
		let all = Balances::total_balance(&OWNER);
		Balances::set_lock(*b"stubborn", &OWNER, all, WithdrawReasons::all());
		assert_eq!(Pallet::<Test>::condemn(model, &ALICE), Ok(BOND));
	});
}

#[test]
fn condemning_is_refused_when_there_is_no_index() {
	run(|| {
		assert_noop!(Pallet::<Test>::condemn(7, &ALICE), Error::<Test>::NotFound);
		let model = draft();
		assert_noop!(Pallet::<Test>::condemn(model, &ALICE), Error::<Test>::WrongStatus);
		assert_eq!([7, model].map(Pallet::<Test>::condemned), [None, None]);
	});
}

#[test]
fn condemned_version_answers_nothing_and_pays_neither_owner_nor_base() {
	run(|| {
		let model = published();
		assert_ok!(Pallet::<Test>::acquire(model));
		assert_ok!(Pallet::<Test>::condemn(model, &ALICE));
		assert_noop!(Pallet::<Test>::acquire(model), Error::<Test>::NotAnswering);
		let served = Pallet::<Test>::served(model).unwrap();
		assert_eq!((served.owner, served.royalty), (TREASURY, Permill::zero()));
		assert_eq!(served.status, ModelStatus::Condemned);
		assert_noop!(
			Pallet::<Test>::set_price(signed(OWNER), model, PRICE),
			Error::<Test>::WrongStatus
		);
	});
}

#[test]
fn condemned_version_is_removed_by_anyone_once_nothing_is_open() {
	run(|| {
		let model = published();
		assert_ok!(Pallet::<Test>::acquire(model));
		assert_noop!(Pallet::<Test>::remove(signed(BOB), model), Error::<Test>::NotOwner);
		assert_ok!(Pallet::<Test>::condemn(model, &ALICE));
		assert_noop!(Pallet::<Test>::remove(signed(BOB), model), Error::<Test>::HasOpenRequests);
		Pallet::<Test>::release(model);
		let before = Balances::total_balance(&OWNER);
		assert_ok!(Pallet::<Test>::remove(signed(BOB), model));
		// The deposit is the owner's still.
		assert_eq!(Balances::total_balance(&OWNER), before);
		assert_noop!(Pallet::<Test>::condemn(model, &ALICE), Error::<Test>::NotFound);
	});
}

#[test]
fn bond_passes_to_a_new_owner_who_has_to_afford_it() {
	run(|| {
		let model = published();
		IndexBond::set(BOND * 2);
		let other = indexed();
		for model in [model, other] {
			assert_ok!(Pallet::<Test>::offer_ownership(signed(OWNER), model, ALICE));
		}
		// As much as was put up, whatever bonds are now.
		assert_ok!(Pallet::<Test>::accept_ownership(signed(ALICE), model));
		assert_eq!((bonded(OWNER), bonded(ALICE)), (2 * BOND, BOND));
		check();
		assert_eq!(Pallet::<Test>::condemn(model, &OWNER), Ok(BOND));
		assert_eq!((bonded(OWNER), bonded(ALICE)), (2 * BOND, 0));
		assert_ok!(Pallet::<Test>::accept_ownership(signed(ALICE), other));
		assert_eq!((bonded(OWNER), bonded(ALICE)), (0, 2 * BOND));
		IndexBond::set(600_000);
		let dear = indexed();
		assert_ok!(Pallet::<Test>::offer_ownership(signed(OWNER), dear, POOR));
		assert_noop!(
			Pallet::<Test>::accept_ownership(signed(POOR), dear),
			TokenError::FundsUnavailable
		);
	});
}
