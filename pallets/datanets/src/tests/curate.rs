use crate::{mock::*, *};
use frame_support::{assert_noop, assert_ok};
use openledger_primitives_core::merkle;

fn accept(
	who: u64,
	net: u32,
	number: u32,
) -> frame_support::pallet_prelude::DispatchResultWithPostInfo {
	Pallet::<Test>::accept(signed(who), net, number)
}

#[test]
fn accept_appends_leaves_in_order() {
	run(|| {
		let net = create(Policy::Owner);
		accepted(ALICE, net, &[1, 2]);
		accepted(BOB, net, &[3]);
		let leaves = Pallet::<Test>::records(net, 0, 10);
		let places: Vec<_> = leaves.iter().map(|leaf| (leaf.index, leaf.contributor)).collect();
		assert_eq!(places, [(0, ALICE), (1, ALICE), (2, BOB)]);
		let hashes: Vec<_> = leaves.iter().map(|leaf| leaf.hash()).collect();
		let root = merkle::root(&hashes);
		assert_eq!(
			last_event(),
			Event::<Test>::Accepted {
				datanet: net,
				contribution: 1,
				first_index: 2,
				records: 1,
				skipped: 0,
				root
			}
			.into()
		);
	});
}

#[test]
fn accept_is_refused_when_policy_names_others() {
	run(|| {
		let owners = create(Policy::Owner);
		let curated = create(Policy::Curators);
		let first = contribute(ALICE, owners, &[1]);
		let second = contribute(ALICE, curated, &[1]);
		for who in [ALICE, BOB, CURATOR] {
			assert_noop!(accept(who, owners, first), Error::<Test>::NotCurator);
		}
		for who in [ALICE, BOB] {
			assert_noop!(accept(who, curated, second), Error::<Test>::NotCurator);
		}
		assert_ok!(accept(OWNER, owners, first));
		assert_ok!(accept(CURATOR, curated, second));
		let third = contribute(ALICE, curated, &[2]);
		assert_ok!(accept(OWNER, curated, third));
	});
}

#[test]
fn accept_is_refused_when_policy_changed_since() {
	run(|| {
		let net = create(Policy::Curators);
		let number = contribute(ALICE, net, &[1]);
		assert_ok!(Pallet::<Test>::set_policy(
			signed(OWNER),
			net,
			Policy::Owner,
			Default::default()
		));
		assert_noop!(accept(CURATOR, net, number), Error::<Test>::NotCurator);
	});
}

#[test]
fn accept_is_refused_when_earlier_commitments_can_still_come() {
	run(|| {
		let net = create(Policy::Open);
		assert_ok!(commit(ALICE, net, &[1]));
		advance(1);
		assert_ok!(reveal(ALICE, net, &[1]));
		for _ in 0..PERIOD - 1 {
			assert_noop!(accept(OWNER, net, 0), Error::<Test>::NotYetAcceptable);
			advance(1);
		}
		assert_ok!(accept(BOB, net, 0));
	});
}

#[test]
fn accept_is_refused_when_missing_or_accepted() {
	run(|| {
		let net = create(Policy::Open);
		assert_noop!(accept(OWNER, 7, 0), Error::<Test>::NotFound);
		assert_noop!(accept(OWNER, net, 0), Error::<Test>::ContributionNotFound);
		let number = accepted(ALICE, net, &[1]);
		assert_noop!(accept(OWNER, net, number), Error::<Test>::AlreadyAccepted);
	});
}

#[test]
fn accept_is_refused_when_earlier_contribution_has_every_record() {
	run(|| {
		let net = create(Policy::Open);
		assert_ok!(commit(ALICE, net, &[1]));
		advance(1);
		assert_ok!(commit(BOB, net, &[1]));
		advance(1);
		assert_ok!(reveal(BOB, net, &[1]));
		assert_ok!(reveal(ALICE, net, &[1]));
		advance(PERIOD);
		assert_noop!(accept(OWNER, net, 0), Error::<Test>::NothingLeft);
		assert_ok!(accept(OWNER, net, 1));
		assert_noop!(accept(OWNER, net, 0), Error::<Test>::NothingLeft);
		assert_ok!(Pallet::<Test>::withdraw(signed(BOB), net, 0));
		// The record stays with who has it in the tree.
		assert!(Holders::<Test>::get(net, record(1).content).unwrap().accepted);
	});
}

#[test]
fn accept_takes_back_record_when_its_earlier_holder_left() {
	run(|| {
		let net = create(Policy::Open);
		assert_ok!(commit(ALICE, net, &[1]));
		advance(1);
		assert_ok!(commit(BOB, net, &[1, 2]));
		advance(1);
		assert_ok!(commit(CURATOR, net, &[1]));
		assert_ok!(reveal(BOB, net, &[1, 2]));
		assert_ok!(reveal(ALICE, net, &[1]));
		assert_ok!(Pallet::<Test>::withdraw(signed(ALICE), net, 1));
		advance(1);
		// The latest of the three takes the place left free, and loses it to the earlier again.
		assert_ok!(reveal(CURATOR, net, &[1]));
		advance(PERIOD);
		assert_ok!(accept(OWNER, net, 0));
		assert_eq!(Pallet::<Test>::records(net, 0, 9).len(), 2);
		assert_noop!(accept(OWNER, net, 2), Error::<Test>::NothingLeft);
	});
}

#[test]
fn accept_returns_deposit_of_skipped_records() {
	run(|| {
		let net = create(Policy::Open);
		assert_ok!(commit(ALICE, net, &[1]));
		advance(1);
		assert_ok!(commit(BOB, net, &[1, 2]));
		advance(1);
		assert_ok!(reveal(BOB, net, &[1, 2]));
		let before = held(BOB);
		assert_ok!(reveal(ALICE, net, &[1]));
		advance(PERIOD);
		assert_ok!(accept(OWNER, net, 0));
		assert!(held(BOB) < before);
		assert_eq!(Contributions::<Test>::get(net, 0).unwrap().records.to_vec(), [record(2)]);
	});
}

#[test]
fn reject_frees_deposit_and_states_reason() {
	run(|| {
		let net = create(Policy::Curators);
		let number = contribute(ALICE, net, &[1]);
		let reason = text("off topic");
		assert_ok!(Pallet::<Test>::reject(signed(CURATOR), net, number, text("off topic")));
		assert_eq!(held(ALICE), 0);
		assert_eq!(
			last_event(),
			Event::<Test>::Rejected { datanet: net, contribution: number, reason }.into()
		);
	});
}

#[test]
fn reject_is_refused_when_not_curator_without_reason_or_not_pending() {
	run(|| {
		let net = create(Policy::Open);
		let number = contribute(ALICE, net, &[1]);
		let reject = |who, net, number, reason: &[u8]| {
			Pallet::<Test>::reject(signed(who), net, number, reason.to_vec().try_into().unwrap())
		};
		assert_noop!(reject(BOB, net, number, b"spite"), Error::<Test>::NotCurator);
		assert_noop!(reject(ALICE, net, number, b"own"), Error::<Test>::NotCurator);
		for reason in [&b""[..], b"  ", &[0xff]] {
			assert_noop!(reject(OWNER, net, number, reason), Error::<Test>::NotText);
		}
		assert_noop!(reject(OWNER, 7, number, b"r"), Error::<Test>::NotFound);
		assert_noop!(reject(OWNER, net, 7, b"r"), Error::<Test>::ContributionNotFound);
		assert_ok!(accept(BOB, net, number));
		assert_noop!(reject(OWNER, net, number, b"r"), Error::<Test>::AlreadyAccepted);
	});
}
