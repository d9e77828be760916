use crate::{mock::*, *};
use frame_support::{assert_noop, assert_ok};
use openledger_primitives_core::{
	record::{Snapshot, SnapshotRef},
	traits::{self, Snapshots as _},
};
use sp_runtime::TokenError;

fn frozen(reference: SnapshotRef) -> Option<Snapshot> {
	<Pallet<Test> as traits::Snapshots<u64>>::snapshot(reference)
}

fn snapshot(who: u64, net: u32) -> sp_runtime::DispatchResult {
	Pallet::<Test>::snapshot(signed(who), net)
}

fn remove(who: u64, net: u32, number: u32) -> sp_runtime::DispatchResult {
	Pallet::<Test>::remove_snapshot(signed(who), net, number)
}

#[test]
fn snapshot_freezes_tree_as_it_stands() {
	run(|| {
		let net = create(Policy::Open);
		accepted(ALICE, net, &[1, 2]);
		assert_ok!(snapshot(OWNER, net));
		let tree = Progresses::<Test>::get(net).unwrap().tree;
		accepted(ALICE, net, &[3]);
		let reference = SnapshotRef { datanet: net, snapshot: 0 };
		let frozen = frozen(reference).unwrap();
		assert_eq!((frozen.root, frozen.count, frozen.frozen_at), (tree.root(), 2, 12));
		assert_ok!(snapshot(OWNER, net));
		assert_eq!(Snapshots::<Test>::get(net, 1).unwrap().snapshot.count, 3);
	});
}

#[test]
fn snapshot_is_refused_when_nothing_is_new() {
	run(|| {
		let net = create(Policy::Open);
		assert_noop!(snapshot(OWNER, net), Error::<Test>::NothingNew);
		accepted(ALICE, net, &[1]);
		assert_ok!(snapshot(OWNER, net));
		contribute(ALICE, net, &[2]);
		assert_noop!(snapshot(OWNER, net), Error::<Test>::NothingNew);
		// Once the last one is gone, the same tree can be frozen again.
		assert_ok!(remove(OWNER, net, 0));
		assert_ok!(snapshot(OWNER, net));
		assert!(Snapshots::<Test>::contains_key(net, 1));
	});
}

#[test]
fn snapshot_is_refused_when_not_curator_missing_or_unpaid() {
	run(|| {
		let net = create(Policy::Open);
		accepted(ALICE, net, &[1]);
		assert_noop!(snapshot(ALICE, net), Error::<Test>::NotCurator);
		assert_noop!(snapshot(OWNER, 7), Error::<Test>::NotFound);
		let curators = vec![POOR].try_into().unwrap();
		assert_ok!(Pallet::<Test>::set_policy(signed(OWNER), net, Policy::Curators, curators));
		assert_noop!(snapshot(POOR, net), TokenError::FundsUnavailable);
	});
}

#[test]
fn remove_snapshot_is_refused_when_used_anothers_or_missing() {
	run(|| {
		let net = create(Policy::Curators);
		accepted(ALICE, net, &[1]);
		assert_ok!(snapshot(CURATOR, net));
		let reference = SnapshotRef { datanet: net, snapshot: 0 };
		assert_ok!(Pallet::<Test>::acquire(reference));
		assert_ok!(Pallet::<Test>::acquire(reference));
		assert_noop!(remove(ALICE, net, 0), Error::<Test>::NotOwner);
		assert_noop!(remove(OWNER, net, 1), Error::<Test>::SnapshotNotFound);
		assert_noop!(remove(OWNER, 7, 0), Error::<Test>::NotFound);
		assert_noop!(remove(OWNER, net, 0), Error::<Test>::SnapshotInUse);
		Pallet::<Test>::release(reference);
		assert_noop!(remove(CURATOR, net, 0), Error::<Test>::SnapshotInUse);
		Pallet::<Test>::release(reference);
		assert_ok!(remove(OWNER, net, 0));
		assert_eq!(held(CURATOR), 0);
	});
}

#[test]
fn anyone_removes_what_nobody_uses_of_a_closed_datanet_once_it_is_old() {
	run(|| {
		let net = create(Policy::Open);
		let number = accepted(ALICE, net, &[1]);
		assert_ok!(snapshot(OWNER, net));
		let paid = held(OWNER);
		advance(u64::from(UNUSED));
		assert_noop!(remove(ALICE, net, 0), Error::<Test>::NotOwner);
		assert_ok!(Pallet::<Test>::close(signed(OWNER), net));
		let reference = SnapshotRef { datanet: net, snapshot: 0 };
		assert_ok!(Pallet::<Test>::acquire(reference));
		assert_noop!(remove(ALICE, net, 0), Error::<Test>::SnapshotInUse);
		Pallet::<Test>::release(reference);
		assert_ok!(remove(BOB, net, 0));
		assert!(held(OWNER) < paid, "its deposit goes back to who paid it");
		assert_ok!(Pallet::<Test>::archive(signed(ALICE), net, number));
		assert_eq!(held(ALICE), 0);
	});
}

#[test]
fn closing_leaves_time_to_register_a_model_on_the_last_snapshot() {
	run(|| {
		let net = create(Policy::Open);
		accepted(ALICE, net, &[1]);
		assert_ok!(snapshot(OWNER, net));
		assert_ok!(Pallet::<Test>::close(signed(OWNER), net));
		advance(u64::from(UNUSED) - 1);
		assert_noop!(remove(ALICE, net, 0), Error::<Test>::NotOwner);
		advance(1);
		assert_ok!(remove(ALICE, net, 0));
	});
}

#[test]
fn acquire_is_refused_when_snapshot_is_missing() {
	run(|| {
		let net = create(Policy::Open);
		let reference = SnapshotRef { datanet: net, snapshot: 0 };
		assert_noop!(Pallet::<Test>::acquire(reference), Error::<Test>::SnapshotNotFound);
		assert_eq!(frozen(reference), None);
		Pallet::<Test>::release(reference);
		assert_eq!(Pallet::<Test>::owner(net), Some(OWNER));
		assert_eq!(Pallet::<Test>::owner(7), None);
	});
}
