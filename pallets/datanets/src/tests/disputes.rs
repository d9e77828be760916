use crate::{Contribution, Disputes, Error, Event, Policy, mock::*};
use frame_support::{
	assert_noop, assert_ok,
	traits::{LockableCurrency, WithdrawReasons, fungible::Inspect},
};
use openledger_primitives_core::{record::RecordRef, traits::Records as _};
use proptest::prelude::*;
use sp_runtime::{DispatchError, traits::Convert};

type E = Error<Test>;

const OTHER: u64 = 5;

fn at(datanet: u32, index: u32) -> RecordRef {
	RecordRef { datanet, index }
}

fn excluded(record: RecordRef, rewarded: Option<u64>) -> Result<u128, DispatchError> {
	frame_support::storage::with_storage_layer(|| Datanets::exclude(record, rewarded.as_ref()))
}

/// What one record less is deposited for, the first time and each time after it.
fn lost(records: usize, before: usize) -> u128 {
	let price = |excluded| Price::convert(Contribution::<Test>::covered(records, excluded));
	price(before) - price(before + 1)
}

#[test]
fn excluded_record_loses_its_part_of_the_deposit_half_of_it_to_who_is_rewarded() {
	run(|| {
		let net = create(Policy::Owner);
		accepted(ALICE, net, &[1, 2, 3]);
		let (all, had) = (Balances::total_issuance(), Balances::total_balance(&OTHER));
		assert_ok!(Datanets::dispute(at(net, 1)));
		let part = lost(3, 0);
		assert_eq!(part % 2, 1, "rounding matters");
		assert_eq!(excluded(at(net, 1), Some(OTHER)), Ok(part - part / 2));
		assert_eq!(Balances::total_balance(&OTHER), had + part / 2);
		assert_eq!(Balances::total_balance(&ALICE), 1_000_000 - part);
		assert_eq!(Balances::total_issuance(), all - (part - part / 2));
		let excluded: Vec<_> = (0..3).map(|index| Datanets::is_excluded(at(net, index))).collect();
		assert_eq!(excluded, [false, true, false]);
		assert!(!Datanets::is_excluded(at(net + 1, 1)));
		assert_eq!(Datanets::excluded(net, 0, 9), [1]);
		assert!(Datanets::excluded(net, 2, 9).is_empty());
		System::assert_last_event(
			Event::RecordExcluded {
				datanet: net,
				index: 1,
				contributor: ALICE,
				rewarded: Some(OTHER),
				reward: part / 2,
				burned: part - part / 2,
			}
			.into(),
		);
	});
}

#[test]
fn all_of_it_is_burned_when_nobody_is_rewarded() {
	run(|| {
		let net = create(Policy::Owner);
		accepted(ALICE, net, &[1, 2, 3]);
		let all = Balances::total_issuance();
		assert_eq!(excluded(at(net, 0), None), Ok(lost(3, 0)));
		assert_eq!(excluded(at(net, 1), None), Ok(lost(3, 1)));
		assert_eq!(Balances::total_issuance(), all - lost(3, 0) - lost(3, 1));
	});
}

#[test]
fn deposit_is_lost_though_the_account_has_locked_its_balance() {
	run(|| {
		let net = create(Policy::Owner);
		accepted(ALICE, net, &[1]);
		Balances::set_lock(*b"evasion!", &ALICE, u128::MAX, WithdrawReasons::all());
		assert_eq!(excluded(at(net, 0), None), Ok(lost(1, 0)));
		assert_eq!(Balances::total_balance(&ALICE), 1_000_000 - lost(1, 0));
	});
}

#[test]
fn challenge_shields_a_record_from_no_other_challenge() {
	run(|| {
		let net = create(Policy::Owner);
		let number = accepted(ALICE, net, &[1, 2]);
		let open = || Disputes::<Test>::get(net, number).open;
		// More than the contribution has records, and than one could have.
		for _ in 0..20 {
			assert_ok!(Datanets::dispute(at(net, 0)));
		}
		assert_ok!(Datanets::dispute(at(net, 1)));
		Datanets::settle(at(net, 0));
		assert_eq!(open(), 20);
		assert_eq!(excluded(at(net, 0), None), Ok(lost(2, 0)));
		assert_eq!(open(), 19);
		assert_noop!(Datanets::dispute(at(net, 0)), E::RecordExcluded);
	});
}

#[test]
fn record_that_is_excluded_already_loses_nothing_more() {
	run(|| {
		let net = create(Policy::Owner);
		let number = accepted(ALICE, net, &[1, 2]);
		for _ in 0..3 {
			assert_ok!(Datanets::dispute(at(net, 0)));
		}
		excluded(at(net, 0), Some(OTHER)).unwrap();
		let (all, had) = (Balances::total_issuance(), Balances::total_balance(&BOB));
		assert_eq!(excluded(at(net, 0), Some(BOB)), Ok(0));
		assert_eq!((Balances::total_issuance(), Balances::total_balance(&BOB)), (all, had));
		// The last of them may come to nothing, and changes nothing either.
		Datanets::settle(at(net, 0));
		let dispute = Disputes::<Test>::get(net, number);
		assert_eq!((dispute.open, dispute.excluded.into_inner()), (0, vec![0]));
		assert!(Datanets::is_excluded(at(net, 0)));
	});
}

#[test]
fn pending_and_unknown_records_are_not_found() {
	run(|| {
		let net = create(Policy::Owner);
		contribute(ALICE, net, &[1]);
		assert_eq!(Datanets::record(at(net, 0)), None);
		assert_noop!(Datanets::dispute(at(net, 0)), E::RecordNotFound);
		accepted(BOB, net, &[2, 3]);
		assert_eq!(Datanets::record(at(net, 1)).unwrap().content, record(3).content);
		for missing in [at(net, 2), at(net, u32::MAX), at(net + 1, 0)] {
			assert_eq!(Datanets::record(missing), None);
			assert_noop!(Datanets::dispute(missing), E::RecordNotFound);
			assert_eq!(excluded(missing, None), Err(E::RecordNotFound.into()));
		}
	});
}

#[test]
fn contribution_is_not_archived_while_a_record_of_it_is_challenged() {
	run(|| {
		let net = create(Policy::Owner);
		let number = accepted(ALICE, net, &[1, 2]);
		assert_ok!(Datanets::close(signed(OWNER), net));
		assert_ok!(Datanets::dispute(at(net, 1)));
		assert_ok!(Datanets::dispute(at(net, 1)));
		Datanets::settle(at(net, 1));
		assert_noop!(Datanets::archive(signed(ALICE), net, number), E::RecordDisputed);
		Datanets::settle(at(net, 1));
		assert!(!Disputes::<Test>::contains_key(net, number));
		assert_ok!(Datanets::archive(signed(ALICE), net, number));
		assert_eq!(held(ALICE), 0);
	});
}

#[test]
fn exclusion_is_not_forgotten_while_a_model_could_pay_for_the_record() {
	run(|| {
		let net = create(Policy::Owner);
		let number = accepted(ALICE, net, &[1, 2]);
		assert_ok!(Datanets::snapshot(signed(OWNER), net));
		assert_ok!(Datanets::close(signed(OWNER), net));
		excluded(at(net, 1), None).unwrap();
		assert_noop!(Datanets::archive(signed(ALICE), net, number), E::HasSnapshots);
		assert_ok!(Datanets::remove_snapshot(signed(OWNER), net, 0));
		assert_ok!(Datanets::archive(signed(ALICE), net, number));
		assert_eq!(held(ALICE), 0);
		assert!(!Disputes::<Test>::contains_key(net, number));
		assert!(!Datanets::is_excluded(at(net, 1)));
		assert_ok!(Datanets::remove(signed(OWNER), net));
	});
}

#[test]
fn archived_records_are_not_frozen_for_models_to_pay_for() {
	run(|| {
		let net = create(Policy::Owner);
		let number = accepted(ALICE, net, &[1, 2]);
		assert_ok!(Datanets::close(signed(OWNER), net));
		// Neither before it is archived, nor after.
		assert_noop!(Datanets::snapshot(signed(OWNER), net), E::Closed);
		assert_ok!(Datanets::archive(signed(ALICE), net, number));
		assert_noop!(Datanets::snapshot(signed(OWNER), net), E::Closed);
	});
}

#[test]
fn exclusion_is_not_shed_by_archiving_between_two_snapshots() {
	run(|| {
		let net = create(Policy::Owner);
		let number = accepted(ALICE, net, &[1, 2]);
		assert_ok!(Datanets::snapshot(signed(OWNER), net));
		excluded(at(net, 1), None).unwrap();
		assert_ok!(Datanets::remove_snapshot(signed(OWNER), net, 0));
		// While it is open it is frozen again, and stays listed.
		assert_noop!(Datanets::archive(signed(ALICE), net, number), E::NotClosed);
		assert_ok!(Datanets::snapshot(signed(OWNER), net));
		assert_ok!(Datanets::remove_snapshot(signed(OWNER), net, 1));
		assert_ok!(Datanets::close(signed(OWNER), net));
		assert_ok!(Datanets::archive(signed(ALICE), net, number));
		assert!(!Datanets::is_excluded(at(net, 1)));
		assert_noop!(Datanets::snapshot(signed(OWNER), net), E::Closed);
	});
}

#[test]
fn snapshot_over_archived_leaves_is_noticed() {
	externalities().execute_with(|| {
		let net = create(Policy::Owner);
		accepted(ALICE, net, &[1]);
		let number = accepted(BOB, net, &[2]);
		assert_ok!(Datanets::close(signed(OWNER), net));
		assert_ok!(Datanets::archive(signed(BOB), net, number));
		check();
		let closed = |is| {
			crate::Datanets::<Test>::mutate(net, |net| net.as_mut().unwrap().closed = is);
		};
		closed(false);
		Datanets::do_snapshot(OWNER, net).unwrap();
		closed(true);
		let found = "models can be trained on records that nobody can challenge";
		assert_eq!(Datanets::do_try_state(), Err(found.into()));
	});
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(64))]

	#[test]
	fn what_excluded_records_lose_is_rewarded_or_burned(
		steps in proptest::collection::vec((0u32..9, 0u8..3, any::<bool>()), 1..40),
	) {
		run(|| {
			let net = create(Policy::Owner);
			accepted(ALICE, net, &[1, 2, 3, 4]);
			accepted(BOB, net, &[5, 6, 7]);
			for (index, kind, rewarded) in steps {
				let wealth = |who: u64| Balances::total_balance(&who);
				let (all, before) = (Balances::total_issuance(), wealth(ALICE) + wealth(BOB));
				let had = wealth(OTHER);
				match kind {
					0 => drop(Datanets::dispute(at(net, index))),
					1 => Datanets::settle(at(net, index)),
					_ => {
						let burned = excluded(at(net, index), rewarded.then_some(OTHER));
						let gone = before - wealth(ALICE) - wealth(BOB);
						assert_eq!(gone, burned.unwrap_or(0) + wealth(OTHER) - had);
						assert_eq!(Balances::total_issuance(), all - burned.unwrap_or(0));
					}
				}
				check();
			}
		});
	}
}
