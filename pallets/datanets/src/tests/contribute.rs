use crate::{mock::*, types::Holder, *};
use frame_support::{assert_noop, assert_ok};
use openledger_primitives_core::{Hash, record::RecordEntry};
use sp_runtime::{BoundedVec, DispatchError, TokenError};

fn holder(net: u32, content: u8) -> Option<Holder> {
	Holders::<Test>::get(net, Hash::repeat_byte(content))
}

#[test]
fn commit_is_refused_when_datanet_is_missing_repeated_or_unpaid() {
	run(|| {
		assert_noop!(commit(ALICE, 0, &[1]), Error::<Test>::NotFound);
		let net = create(Policy::Open);
		assert_ok!(commit(ALICE, net, &[1]));
		assert_noop!(commit(ALICE, net, &[1]), Error::<Test>::AlreadyCommitted);
		assert_noop!(commit(POOR, net, &[1]), TokenError::FundsUnavailable);
	});
}

#[test]
fn commitment_copied_by_another_neither_blocks_nor_reveals() {
	run(|| {
		let net = create(Policy::Open);
		let copied = commitment(ALICE, &[1]);
		assert_ok!(Pallet::<Test>::commit(signed(BOB), net, copied));
		assert_ok!(Pallet::<Test>::commit(signed(ALICE), net, copied));
		advance(1);
		assert_noop!(reveal(BOB, net, &[1]), Error::<Test>::NotCommitted);
		assert_ok!(reveal(ALICE, net, &[1]));
	});
}

#[test]
fn reveal_is_refused_when_anything_differs_from_commitment() {
	run(|| {
		let net = create(Policy::Open);
		let other = create(Policy::Open);
		assert_ok!(commit(ALICE, net, &[1, 2]));
		advance(1);
		assert_noop!(reveal(ALICE, net, &[2, 1]), Error::<Test>::NotCommitted);
		assert_noop!(reveal(ALICE, net, &[1]), Error::<Test>::NotCommitted);
		assert_noop!(reveal(BOB, net, &[1, 2]), Error::<Test>::NotCommitted);
		assert_noop!(reveal(ALICE, other, &[1, 2]), Error::<Test>::NotCommitted);
		assert_noop!(reveal(ALICE, 7, &[1, 2]), Error::<Test>::NotFound);
		assert_noop!(
			Pallet::<Test>::reveal(signed(ALICE), net, batch(&[1, 2]), [2; 32]),
			Error::<Test>::NotCommitted
		);
		assert_ok!(reveal(ALICE, net, &[1, 2]));
		assert_noop!(reveal(ALICE, net, &[1, 2]), Error::<Test>::NotCommitted);
	});
}

#[test]
fn reveal_is_refused_when_too_early_or_expired() {
	run(|| {
		let net = create(Policy::Open);
		assert_ok!(commit(ALICE, net, &[1]));
		assert_noop!(reveal(ALICE, net, &[1]), Error::<Test>::RevealedTooEarly);
		advance(PERIOD);
		assert_noop!(reveal(ALICE, net, &[1]), Error::<Test>::CommitmentExpired);
		System::set_block_number(PERIOD);
		assert_ok!(reveal(ALICE, net, &[1]));
	});
}

#[test]
fn reveal_is_refused_when_records_are_malformed() {
	run(|| {
		let net = create(Policy::Open);
		let reveal = |records: Vec<RecordEntry>| {
			let records: BoundedVec<_, _> = records.try_into().unwrap();
			Pallet::<Test>::reveal(signed(ALICE), net, records, SALT)
		};
		let sized = |content, size| RecordEntry { content: Hash::repeat_byte(content), size };
		assert_noop!(reveal(vec![]), Error::<Test>::NoRecords);
		assert_noop!(reveal(vec![sized(1, 0)]), Error::<Test>::RecordSizeOutOfRange);
		assert_noop!(
			reveal(vec![sized(1, 1), sized(2, MAX_SIZE + 1)]),
			Error::<Test>::RecordSizeOutOfRange
		);
		// The content decides, whatever size is stated.
		assert_noop!(
			reveal(vec![sized(1, 1), sized(2, 1), sized(1, 2)]),
			Error::<Test>::DuplicateRecord
		);
		// At the limits nothing but the missing commitment is wrong.
		assert_noop!(reveal(vec![sized(1, 1), sized(2, MAX_SIZE)]), Error::<Test>::NotCommitted);
	});
}

#[test]
fn reveal_is_refused_when_deposit_is_not_there() {
	run(|| {
		let net = create(Policy::Open);
		assert_ok!(commit(ALICE, net, &[1]));
		advance(1);
		let all = pallet_balances::Pallet::<Test>::free_balance(ALICE) - 10;
		assert_ok!(Balances::transfer_allow_death(signed(ALICE), BOB, all));
		assert_noop!(reveal(ALICE, net, &[1]), TokenError::FundsUnavailable);
	});
}

#[test]
fn rewards_account_is_opened_by_the_first_reveal_and_stays_when_it_is_withdrawn() {
	run(|| {
		let net = create(Policy::Open);
		assert_ok!(commit(ALICE, net, &[1]));
		advance(1);
		assert!(Opened::get().is_empty(), "who commits may show nothing");
		assert_ok!(reveal(ALICE, net, &[1]));
		assert_ok!(Pallet::<Test>::withdraw(signed(ALICE), net, 0));
		contribute(ALICE, net, &[2]);
		assert_eq!(Opened::get(), [ALICE]);
	});
}

#[test]
fn reveal_is_refused_when_rewards_account_cannot_be_opened() {
	run(|| {
		let net = create(Policy::Open);
		assert_ok!(commit(UNPAYABLE, net, &[1]));
		advance(1);
		assert_noop!(reveal(UNPAYABLE, net, &[1]), DispatchError::Other("no deposit for rewards"));
		assert!(Opened::get().is_empty());
	});
}

#[test]
fn reveal_is_refused_when_record_is_accepted_already() {
	run(|| {
		let net = create(Policy::Open);
		assert_ok!(commit(BOB, net, &[9, 1]));
		advance(1);
		accepted(ALICE, net, &[1]);
		System::set_block_number(3);
		// Even an earlier commitment can't take back what is in the tree.
		assert_noop!(reveal(BOB, net, &[9, 1]), Error::<Test>::RecordTaken);
		System::set_block_number(30);
		// Another Datanet is another tree.
		let other = create(Policy::Open);
		contribute(BOB, other, &[1]);
	});
}

#[test]
fn reveal_is_refused_when_record_is_pending_from_earlier_commitment() {
	run(|| {
		let net = create(Policy::Open);
		assert_ok!(commit(ALICE, net, &[1]));
		advance(1);
		assert_ok!(commit(BOB, net, &[2, 1]));
		assert_ok!(reveal(ALICE, net, &[1]));
		advance(1);
		assert_noop!(reveal(BOB, net, &[2, 1]), Error::<Test>::RecordTaken);
	});
}

#[test]
fn reveal_is_refused_when_record_is_pending_from_same_block() {
	run(|| {
		let net = create(Policy::Open);
		assert_ok!(commit(ALICE, net, &[1]));
		assert_ok!(commit(BOB, net, &[1]));
		advance(1);
		assert_ok!(reveal(BOB, net, &[1]));
		assert_noop!(reveal(ALICE, net, &[1]), Error::<Test>::RecordTaken);
	});
}

#[test]
fn earlier_commitment_takes_record_when_revealed_later() {
	run(|| {
		let net = create(Policy::Open);
		assert_ok!(commit(ALICE, net, &[1, 2]));
		advance(1);
		assert_ok!(commit(BOB, net, &[2, 3]));
		advance(1);
		assert_ok!(reveal(BOB, net, &[2, 3]));
		assert_ok!(reveal(ALICE, net, &[1, 2]));
		assert_eq!(holder(net, 2).unwrap().contribution, 1);
		System::assert_has_event(
			Event::<Test>::RecordSuperseded {
				datanet: net,
				content: Hash::repeat_byte(2),
				contribution: 0,
				by: 1,
			}
			.into(),
		);
		advance(PERIOD);
		// Bob's contribution comes first into the tree, and still without the record.
		assert_ok!(Pallet::<Test>::accept(signed(BOB), net, 0));
		assert_ok!(Pallet::<Test>::accept(signed(BOB), net, 1));
		let contributors: Vec<_> = Pallet::<Test>::records(net, 0, 9)
			.into_iter()
			.map(|leaf| (leaf.content.0[0], leaf.contributor, leaf.committed_at))
			.collect();
		assert_eq!(contributors, [(3, BOB, 2), (1, ALICE, 1), (2, ALICE, 1)]);
	});
}

#[test]
fn withdraw_frees_deposit_and_records() {
	run(|| {
		let net = create(Policy::Open);
		let number = contribute(ALICE, net, &[1, 2]);
		assert_ok!(Pallet::<Test>::withdraw(signed(ALICE), net, number));
		assert_eq!(held(ALICE), 0);
		assert_eq!(holder(net, 1), None);
		contribute(BOB, net, &[1]);
	});
}

#[test]
fn withdraw_is_refused_when_anothers_missing_or_accepted() {
	run(|| {
		let net = create(Policy::Open);
		let number = contribute(ALICE, net, &[1]);
		let withdraw = |who, number| Pallet::<Test>::withdraw(signed(who), net, number);
		assert_noop!(withdraw(OWNER, number), Error::<Test>::NotContributor);
		assert_noop!(withdraw(ALICE, 7), Error::<Test>::ContributionNotFound);
		assert_ok!(Pallet::<Test>::accept(signed(BOB), net, number));
		assert_noop!(withdraw(ALICE, number), Error::<Test>::AlreadyAccepted);
	});
}

#[test]
fn drop_commitment_is_refused_when_anothers_and_not_expired() {
	run(|| {
		let net = create(Policy::Open);
		let hash = commitment(ALICE, &[1]);
		let drop = |who, of| Pallet::<Test>::drop_commitment(signed(who), net, of, hash);
		assert_ok!(commit(ALICE, net, &[1]));
		assert_noop!(drop(BOB, ALICE), Error::<Test>::NotExpired);
		assert_noop!(drop(BOB, BOB), Error::<Test>::NotCommitted);
		advance(PERIOD - 1);
		assert_noop!(drop(OWNER, ALICE), Error::<Test>::NotExpired);
		advance(1);
		assert_ok!(drop(BOB, ALICE));
		assert_eq!((held(ALICE), held(BOB)), (0, 0));
		assert_noop!(drop(ALICE, ALICE), Error::<Test>::NotCommitted);
	});
}

#[test]
fn drop_commitment_frees_own_deposit_at_once() {
	run(|| {
		let net = create(Policy::Open);
		assert_ok!(commit(ALICE, net, &[1]));
		assert!(held(ALICE) > 0);
		let hash = commitment(ALICE, &[1]);
		assert_ok!(Pallet::<Test>::drop_commitment(signed(ALICE), net, ALICE, hash));
		assert_eq!(held(ALICE), 0);
		advance(1);
		assert_noop!(reveal(ALICE, net, &[1]), Error::<Test>::NotCommitted);
	});
}
