use crate::{mock::*, *};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::TokenError;

#[test]
fn ownership_moves_deposit_when_accepted() {
	run(|| {
		let net = create(Policy::Open);
		let deposit = held(OWNER);
		assert_ok!(Pallet::<Test>::offer_ownership(signed(OWNER), net, ALICE));
		assert_eq!((held(OWNER), held(ALICE)), (deposit, 0));
		assert_ok!(Pallet::<Test>::accept_ownership(signed(ALICE), net));
		assert_eq!((held(OWNER), held(ALICE)), (0, deposit));
		assert_noop!(Pallet::<Test>::close(signed(OWNER), net), Error::<Test>::NotOwner);
		assert_ok!(Pallet::<Test>::close(signed(ALICE), net));
	});
}

#[test]
fn offer_is_refused_when_not_owner() {
	run(|| {
		let net = create(Policy::Curators);
		let offer = |who, net| Pallet::<Test>::offer_ownership(signed(who), net, BOB);
		assert_noop!(offer(CURATOR, net), Error::<Test>::NotOwner);
		assert_noop!(offer(OWNER, 7), Error::<Test>::NotFound);
	});
}

#[test]
fn ownership_is_refused_when_not_offered_replaced_or_taken_back() {
	run(|| {
		let net = create(Policy::Open);
		let accept = |who| Pallet::<Test>::accept_ownership(signed(who), net);
		assert_noop!(accept(ALICE), Error::<Test>::NotOffered);
		assert_noop!(accept(OWNER), Error::<Test>::NotOffered);
		assert_ok!(Pallet::<Test>::offer_ownership(signed(OWNER), net, ALICE));
		assert_noop!(accept(BOB), Error::<Test>::NotOffered);
		assert_ok!(Pallet::<Test>::offer_ownership(signed(OWNER), net, BOB));
		assert_noop!(accept(ALICE), Error::<Test>::NotOffered);
		assert_ok!(Pallet::<Test>::offer_ownership(signed(OWNER), net, OWNER));
		assert_noop!(accept(BOB), Error::<Test>::NotOffered);
		assert_noop!(accept(OWNER), Error::<Test>::NotOffered);
		assert_noop!(Pallet::<Test>::accept_ownership(signed(ALICE), 7), Error::<Test>::NotFound);
	});
}

#[test]
fn ownership_stays_when_new_owner_cant_pay() {
	run(|| {
		let net = create(Policy::Open);
		assert_ok!(Pallet::<Test>::offer_ownership(signed(OWNER), net, POOR));
		assert_noop!(
			Pallet::<Test>::accept_ownership(signed(POOR), net),
			TokenError::FundsUnavailable
		);
		assert_eq!(crate::Datanets::<Test>::get(net).unwrap().owner, OWNER);
	});
}
