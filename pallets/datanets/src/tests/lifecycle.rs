use crate::{mock::*, *};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::TokenError;

fn create_as(name: &str, policy: Policy, curators: Vec<u64>) -> sp_runtime::DispatchResult {
	Pallet::<Test>::create(
		signed(OWNER),
		text(name),
		text(""),
		Kind::Row,
		text(""),
		policy,
		curators.try_into().unwrap(),
	)
}

#[test]
fn create_stores_datanet_and_holds_its_deposit() {
	run(|| {
		assert_ok!(create_as("rows", Policy::Curators, vec![CURATOR, ALICE]));
		let net = crate::Datanets::<Test>::get(0).unwrap();
		assert_eq!((net.owner, net.kind, net.closed), (OWNER, Kind::Row, false));
		assert!(held(OWNER) > 1_000);
		assert_eq!(last_event(), Event::<Test>::Created { datanet: 0, owner: OWNER }.into());
		assert_ok!(create_as("more", Policy::Open, vec![]));
		assert_eq!(NextDatanet::<Test>::get(), 2);
	});
}

#[test]
fn create_is_refused_when_texts_are_no_text() {
	run(|| {
		for name in ["", "   \n"] {
			assert_noop!(create_as(name, Policy::Open, vec![]), Error::<Test>::NotText);
		}
		let create = |name: &[u8], description: &[u8], terms: &[u8]| {
			Pallet::<Test>::create(
				signed(OWNER),
				name.to_vec().try_into().unwrap(),
				description.to_vec().try_into().unwrap(),
				Kind::Text,
				terms.to_vec().try_into().unwrap(),
				Policy::Open,
				Default::default(),
			)
		};
		let bad = [0xff, 0xfe];
		assert_noop!(create(&bad, b"", b""), Error::<Test>::NotText);
		assert_noop!(create(b"a", &bad, b""), Error::<Test>::NotText);
		assert_noop!(create(b"a", b"", &bad), Error::<Test>::NotText);
	});
}

#[test]
fn create_is_refused_when_curators_and_policy_dont_fit() {
	run(|| {
		let refused = [
			(Policy::Curators, vec![], Error::<Test>::NoCurators),
			(Policy::Open, vec![ALICE], Error::UnusedCurators),
			(Policy::Owner, vec![ALICE], Error::UnusedCurators),
			(Policy::Curators, vec![ALICE, BOB, ALICE], Error::DuplicateCurator),
		];
		for (policy, curators, error) in refused {
			assert_noop!(create_as("a", policy, curators), error);
		}
	});
}

#[test]
fn create_is_refused_when_deposit_is_not_there() {
	run(|| {
		assert_noop!(
			Pallet::<Test>::create(
				signed(POOR),
				text("a"),
				text(""),
				Kind::Text,
				text(""),
				Policy::Open,
				Default::default(),
			),
			TokenError::FundsUnavailable
		);
	});
}

#[test]
fn create_is_refused_when_numbers_are_exhausted() {
	externalities().execute_with(|| {
		NextDatanet::<Test>::put(u32::MAX);
		assert_noop!(create_as("a", Policy::Open, vec![]), Error::<Test>::NumbersExhausted);
	});
}

#[test]
fn calls_are_refused_when_unsigned() {
	run(|| {
		create(Policy::Open);
		let none = RuntimeOrigin::none;
		let bad = sp_runtime::DispatchError::BadOrigin;
		assert_noop!(Pallet::<Test>::close(none(), 0), bad);
		assert_noop!(Pallet::<Test>::commit(RuntimeOrigin::root(), 0, Default::default()), bad);
		assert_noop!(Pallet::<Test>::snapshot(none(), 0), bad);
	});
}

#[test]
fn set_policy_adjusts_deposit_to_curators() {
	run(|| {
		let net = create(Policy::Open);
		let before = held(OWNER);
		let curators = vec![CURATOR, ALICE, BOB].try_into().unwrap();
		assert_ok!(Pallet::<Test>::set_policy(signed(OWNER), net, Policy::Curators, curators));
		assert_eq!(held(OWNER), before + 3 * 8);
		assert_ok!(Pallet::<Test>::set_policy(
			signed(OWNER),
			net,
			Policy::Owner,
			Default::default()
		));
		assert_eq!(held(OWNER), before);
	});
}

#[test]
fn set_policy_is_refused_when_not_owner_or_unfitting() {
	run(|| {
		let net = create(Policy::Curators);
		let set = |who, net, policy, curators: Vec<u64>| {
			Pallet::<Test>::set_policy(signed(who), net, policy, curators.try_into().unwrap())
		};
		assert_noop!(set(CURATOR, net, Policy::Open, vec![]), Error::<Test>::NotOwner);
		assert_noop!(set(OWNER, 7, Policy::Open, vec![]), Error::<Test>::NotFound);
		assert_noop!(set(OWNER, net, Policy::Curators, vec![]), Error::<Test>::NoCurators);
		assert_noop!(set(OWNER, net, Policy::Open, vec![BOB]), Error::<Test>::UnusedCurators);
	});
}

#[test]
fn close_is_refused_when_not_owner_or_closed() {
	run(|| {
		let net = create(Policy::Curators);
		assert_noop!(Pallet::<Test>::close(signed(CURATOR), net), Error::<Test>::NotOwner);
		assert_noop!(Pallet::<Test>::close(signed(OWNER), 7), Error::<Test>::NotFound);
		assert_ok!(Pallet::<Test>::close(signed(OWNER), net));
		assert_noop!(Pallet::<Test>::close(signed(OWNER), net), Error::<Test>::Closed);
	});
}

#[test]
fn closed_datanet_takes_nothing_and_lets_everything_out() {
	run(|| {
		let net = create(Policy::Open);
		let rejected = contribute(ALICE, net, &[1]);
		let withdrawn = contribute(BOB, net, &[2]);
		commit(ALICE, net, &[3]).unwrap();
		advance(1);
		assert_ok!(Pallet::<Test>::close(signed(OWNER), net));
		assert_noop!(commit(ALICE, net, &[4]), Error::<Test>::Closed);
		assert_noop!(reveal(ALICE, net, &[3]), Error::<Test>::Closed);
		assert_noop!(Pallet::<Test>::accept(signed(OWNER), net, rejected), Error::<Test>::Closed);
		assert_ok!(Pallet::<Test>::reject(signed(OWNER), net, rejected, text("closed")));
		assert_ok!(Pallet::<Test>::withdraw(signed(BOB), net, withdrawn));
		assert_ok!(Pallet::<Test>::remove(signed(OWNER), net));
		// The commitment outlives its Datanet, and can still leave.
		assert_ok!(Pallet::<Test>::drop_commitment(
			signed(ALICE),
			net,
			ALICE,
			commitment(ALICE, &[3])
		));
		for who in [OWNER, ALICE, BOB] {
			assert_eq!(held(who), 0);
		}
	});
}

#[test]
fn archive_is_refused_when_open_pending_missing_or_anothers() {
	run(|| {
		let net = create(Policy::Open);
		let done = accepted(ALICE, net, &[1, 2]);
		let pending = contribute(ALICE, net, &[3]);
		let archive = |who, net, number| Pallet::<Test>::archive(signed(who), net, number);
		assert_noop!(archive(ALICE, net, done), Error::<Test>::NotClosed);
		assert_ok!(Pallet::<Test>::snapshot(signed(OWNER), net));
		assert_ok!(Pallet::<Test>::close(signed(OWNER), net));
		assert_noop!(archive(ALICE, 7, done), Error::<Test>::NotFound);
		assert_noop!(archive(ALICE, net, 7), Error::<Test>::ContributionNotFound);
		assert_noop!(archive(ALICE, net, pending), Error::<Test>::StillPending);
		assert_noop!(archive(BOB, net, done), Error::<Test>::NotContributor);
		for who in [ALICE, OWNER] {
			assert_noop!(archive(who, net, done), Error::<Test>::HasSnapshots);
		}
		assert_ok!(Pallet::<Test>::remove_snapshot(signed(OWNER), net, 0));
		assert_noop!(archive(BOB, net, done), Error::<Test>::NotContributor);
		assert_ok!(archive(OWNER, net, done));
	});
}

#[test]
fn archive_frees_deposit_and_keeps_root() {
	run(|| {
		let net = create(Policy::Open);
		let number = accepted(ALICE, net, &[1, 2, 3]);
		assert_ok!(Pallet::<Test>::close(signed(OWNER), net));
		let before = Progresses::<Test>::get(net).unwrap().tree;
		assert_ok!(Pallet::<Test>::archive(signed(ALICE), net, number));
		assert_eq!(held(ALICE), 0);
		assert_eq!(Progresses::<Test>::get(net).unwrap().tree, before);
		assert_eq!(Holders::<Test>::iter().count(), 0);
		assert_eq!(Placements::<Test>::iter().count(), 0);
	});
}

#[test]
fn remove_is_refused_when_anything_stands() {
	run(|| {
		let net = create(Policy::Open);
		let remove = |who, net| Pallet::<Test>::remove(signed(who), net);
		let done = accepted(ALICE, net, &[1]);
		assert_ok!(Pallet::<Test>::snapshot(signed(OWNER), net));
		assert_noop!(remove(OWNER, 7), Error::<Test>::NotFound);
		assert_noop!(remove(OWNER, net), Error::<Test>::NotClosed);
		assert_ok!(Pallet::<Test>::close(signed(OWNER), net));
		assert_noop!(remove(ALICE, net), Error::<Test>::NotOwner);
		assert_noop!(remove(OWNER, net), Error::<Test>::HasSnapshots);
		assert_ok!(Pallet::<Test>::remove_snapshot(signed(OWNER), net, 0));
		assert_noop!(remove(OWNER, net), Error::<Test>::HasContributions);
		assert_ok!(Pallet::<Test>::archive(signed(ALICE), net, done));
		assert_ok!(remove(OWNER, net));
		assert_eq!((held(OWNER), held(ALICE)), (0, 0));
		assert_noop!(remove(OWNER, net), Error::<Test>::NotFound);
		// A number is never given twice.
		assert_eq!(create(Policy::Open), net + 1);
	});
}
