use crate::{mock::*, *};
use frame_support::{assert_noop, assert_ok};
use openledger_primitives_core::{model::Assurance, traits::Versions};
use sp_runtime::TokenError;

#[test]
fn ownership_moves_deposit_when_accepted() {
	run(|| {
		let model = published();
		let both = held(OWNER);
		assert_ok!(Pallet::<Test>::offer_ownership(signed(OWNER), model, ALICE));
		assert_eq!(held(ALICE), 0);
		assert_ok!(Pallet::<Test>::accept_ownership(signed(ALICE), model));
		assert_eq!(held(OWNER) + held(ALICE), both);
		assert_noop!(Pallet::<Test>::retire(signed(OWNER), model), Error::<Test>::NotOwner);
		assert_ok!(Pallet::<Test>::retire(signed(ALICE), model));
		assert_ok!(Pallet::<Test>::remove(signed(ALICE), model));
		assert_eq!(held(ALICE), 0);
	});
}

#[test]
fn ownership_is_refused_when_not_offered_replaced_or_taken_back() {
	run(|| {
		let model = draft();
		let offer = |who, to| Pallet::<Test>::offer_ownership(signed(who), model, to);
		let accept = |who| Pallet::<Test>::accept_ownership(signed(who), model);
		assert_noop!(offer(ALICE, ALICE), Error::<Test>::NotOwner);
		assert_noop!(accept(ALICE), Error::<Test>::NotOffered);
		assert_ok!(offer(OWNER, ALICE));
		assert_noop!(accept(BOB), Error::<Test>::NotOffered);
		assert_ok!(offer(OWNER, BOB));
		assert_noop!(accept(ALICE), Error::<Test>::NotOffered);
		assert_ok!(offer(OWNER, OWNER));
		assert_noop!(accept(BOB), Error::<Test>::NotOffered);
		assert_noop!(accept(OWNER), Error::<Test>::NotOffered);
		assert_noop!(Pallet::<Test>::accept_ownership(signed(ALICE), 7), Error::<Test>::NotFound);
	});
}

#[test]
fn ownership_stays_when_new_owner_cant_pay() {
	run(|| {
		let model = draft();
		assert_ok!(Pallet::<Test>::offer_ownership(signed(OWNER), model, POOR));
		assert_noop!(
			Pallet::<Test>::accept_ownership(signed(POOR), model),
			TokenError::FundsUnavailable
		);
		assert_eq!(crate::Models::<Test>::get(model).unwrap().owner, OWNER);
	});
}

#[test]
fn ownership_stays_while_the_version_is_audited() {
	run(|| {
		let model = audited_later();
		assert_ok!(Pallet::<Test>::offer_ownership(signed(OWNER), model, ALICE));
		let accept = || Pallet::<Test>::accept_ownership(signed(ALICE), model);
		assert_noop!(accept(), Error::<Test>::AuditPending);
		Pallet::<Test>::assure(model, Assurance::Audited);
		assert_ok!(accept());
		assert_eq!(crate::Models::<Test>::get(model).unwrap().owner, ALICE);
	});
}
