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

#[test]
fn dispute_takes_a_datanet_out_of_its_owners_hands() {
	run(|| {
		let net = create(Policy::Open);
		let deposit = held(OWNER);
		assert_ok!(Pallet::<Test>::award(RuntimeOrigin::root(), net, ALICE));
		for refused in [
			Pallet::<Test>::close(signed(OWNER), net),
			Pallet::<Test>::snapshot(signed(OWNER), net),
			Pallet::<Test>::offer_ownership(signed(OWNER), net, OWNER),
			Pallet::<Test>::offer_ownership(signed(OWNER), net, BOB),
		] {
			assert!(refused.is_err());
		}
		assert_noop!(Pallet::<Test>::accept_ownership(signed(BOB), net), Error::<Test>::NotOffered);
		assert_ok!(Pallet::<Test>::accept_ownership(signed(ALICE), net));
		assert_eq!((held(OWNER), held(ALICE)), (0, deposit));
		assert_ok!(Pallet::<Test>::close(signed(ALICE), net));
	});
}

#[test]
fn owner_of_an_awarded_datanet_removes_nothing_of_others() {
	run(|| {
		let net = create(Policy::Curators);
		let contribution = accepted(BOB, net, &[1]);
		assert_ok!(Pallet::<Test>::snapshot(signed(CURATOR), net));
		assert_ok!(Pallet::<Test>::close(RuntimeOrigin::root(), net));
		assert_ok!(Pallet::<Test>::award(RuntimeOrigin::root(), net, ALICE));
		let remove = |who| Pallet::<Test>::remove_snapshot(signed(who), net, 0);
		let archive = |who| Pallet::<Test>::archive(signed(who), net, contribution);
		assert_noop!(remove(OWNER), Error::<Test>::Awarded);
		assert_ok!(remove(CURATOR));
		assert_noop!(archive(OWNER), Error::<Test>::Awarded);
		assert_ok!(Pallet::<Test>::accept_ownership(signed(ALICE), net));
		assert_ok!(archive(ALICE));
	});
}

#[test]
fn dispute_leaves_a_datanet_to_its_owner_when_awarded_to_it() {
	run(|| {
		let net = create(Policy::Open);
		assert_ok!(Pallet::<Test>::award(RuntimeOrigin::root(), net, ALICE));
		assert_ok!(Pallet::<Test>::award(RuntimeOrigin::root(), net, OWNER));
		assert_noop!(
			Pallet::<Test>::accept_ownership(signed(ALICE), net),
			Error::<Test>::NotOffered
		);
		assert_ok!(Pallet::<Test>::offer_ownership(signed(OWNER), net, BOB));
	});
}

#[test]
fn dispute_is_decided_by_its_origin_alone() {
	run(|| {
		let net = create(Policy::Open);
		let refused = sp_runtime::DispatchError::BadOrigin;
		assert_noop!(Pallet::<Test>::award(signed(OWNER), net, ALICE), refused);
		assert_noop!(
			Pallet::<Test>::award(RuntimeOrigin::root(), 7, ALICE),
			Error::<Test>::NotFound
		);
		assert_noop!(Pallet::<Test>::close(signed(ALICE), net), Error::<Test>::NotOwner);
		assert_ok!(Pallet::<Test>::close(RuntimeOrigin::root(), net));
	});
}
