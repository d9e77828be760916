use crate::{Challenge, Challenges, Error, Event, NextChallenge, Seals, mock::*};
use frame_support::{assert_noop, assert_ok, traits::fungible::Inspect};
use openledger_primitives_core::{
	record::{Compared, Pair},
	traits::{Pairs as _, Records as _},
};

type E = Error<Test>;

#[test]
fn challenge_is_committed_then_opened_and_compared() {
	run(|| {
		assert_ok!(commit(CAROL, pair()));
		assert_eq!(held(CAROL), DEPOSIT);
		advance();
		assert_ok!(open(CAROL, pair()));
		let stored = Challenges::<Test>::get(0).unwrap();
		let expected = Challenge {
			challenger: CAROL,
			deposit: DEPOSIT,
			seat: SEAT,
			later: Listed::record(pair().later).unwrap(),
			earlier: Listed::record(pair().earlier).unwrap(),
		};
		assert_eq!((&stored, stored.pair()), (&expected, pair()));
		assert_eq!(Duplicates::records(0), Some([expected.later, expected.earlier]));
		let asked = Asked::get().pop().unwrap();
		assert_eq!((asked.challenge, asked.challenger, asked.contributor), (0, CAROL, ALICE));
		assert_eq!(asked.deposit, DEPOSIT);
		assert_eq!((held(CAROL), NextChallenge::<Test>::get()), (DEPOSIT, 1));
		assert_eq!(Seals::<Test>::iter().count(), 0);
		let (challenger, contributor) = (CAROL, ALICE);
		System::assert_last_event(
			Event::Opened { challenge: 0, challenger, contributor, pair: pair() }.into(),
		);
		assert_eq!(Duplicates::challenges(0, 9)[0].pair, pair());
		assert!(Duplicates::challenges(1, 9).is_empty());
	});
}

#[test]
fn opening_needs_the_commitment_and_a_later_block() {
	run(|| {
		assert_noop!(open(CAROL, pair()), E::NotCommitted);
		assert_ok!(commit(CAROL, pair()));
		assert_noop!(commit(CAROL, pair()), E::AlreadyCommitted);
		assert_noop!(open(CAROL, pair()), E::OpenedTooEarly);
		advance();
		let other = Pair { earlier: record(BOB, 11), ..pair() };
		assert_noop!(open(CAROL, other), E::NotCommitted);
		assert_noop!(Duplicates::open(signed(CAROL), pair(), [2; 32]), E::NotCommitted);
		assert_eq!(Duplicates::terms(CAROL).sealed.len(), 1);
		assert_eq!(Duplicates::terms(BOB).sealed.len(), 0);
	});
}

#[test]
fn copied_commitment_opens_nothing() {
	run(|| {
		assert_ok!(commit(CAROL, pair()));
		let copied = pair().commitment(&CAROL, &SALT);
		assert_ok!(Duplicates::commit(signed(4), copied));
		advance();
		assert_noop!(open(4, pair()), E::NotCommitted);
		assert_ok!(open(CAROL, pair()));
		assert_ok!(Duplicates::withdraw(signed(4), copied));
	});
}

#[test]
fn who_sees_a_challenge_opened_comes_too_late_to_have_committed() {
	run(|| {
		assert_ok!(commit(CAROL, pair()));
		advance();
		// The opening is in the pool, for everybody to read.
		assert_ok!(commit(4, pair()));
		assert_noop!(open(4, pair()), E::OpenedTooEarly);
		assert_ok!(open(CAROL, pair()));
		advance();
		assert_eq!(Challenges::<Test>::get(0).unwrap().challenger, CAROL);
		Duplicates::settle(0, Compared::Duplicate).unwrap();
		assert!(open(4, pair()).is_err());
		let commitment = pair().commitment(&4u64, &SALT);
		assert_ok!(Duplicates::withdraw(signed(4), commitment));
		assert_eq!(held(4), 0);
	});
}

#[test]
fn earlier_record_is_not_challenged_by_a_later_one_nor_one_of_the_same_block() {
	run(|| {
		let swapped = Pair { later: pair().earlier, earlier: pair().later };
		let same = Pair { later: record(ALICE, 20), earlier: record(BOB, 20) };
		for wrong in [swapped, same] {
			assert_ok!(commit(CAROL, wrong));
			advance();
			assert_noop!(open(CAROL, wrong), E::NotLater);
		}
	});
}

#[test]
fn records_of_one_contributor_and_ones_own_are_not_challenged() {
	run(|| {
		let own = Pair { later: record(ALICE, 20), earlier: record(ALICE, 10) };
		assert_ok!(commit(CAROL, own));
		assert_ok!(commit(ALICE, pair()));
		advance();
		assert_noop!(open(CAROL, own), E::SameContributor);
		assert_noop!(open(ALICE, pair()), E::OwnRecord);
		// Whose record was copied may challenge.
		assert_eq!(challenged(BOB, pair()), 0);
	});
}

#[test]
fn record_has_to_be_older_than_the_challenge_and_there() {
	run(|| {
		let young = Pair { later: record(ALICE, 50), earlier: record(BOB, 10) };
		let gone = Pair { later: record(ALICE, 100), earlier: record(BOB, 10) };
		let never = Pair { later: record(ALICE, 20), earlier: record(BOB, 100) };
		for (wrong, why) in
			[(young, E::NotOlder), (gone, E::RecordNotFound), (never, E::RecordNotFound)]
		{
			System::set_block_number(50);
			assert_ok!(commit(CAROL, wrong));
			advance();
			assert_noop!(open(CAROL, wrong), why);
		}
		assert_ok!(Duplicates::commit(signed(CAROL), young.commitment(&CAROL, &[3; 32])));
		advance();
		assert_ok!(Duplicates::open(signed(CAROL), young, [3; 32]));
	});
}

#[test]
fn copyist_does_not_shield_its_record_by_challenging_it() {
	run(|| {
		// With another account, by a record that it is no duplicate of, and over and over.
		let shield = Pair { earlier: record(BOB, 11), ..pair() };
		let shields: Vec<_> = (4..8).map(|friend| challenged(friend, shield)).collect();
		let proof = challenged(CAROL, pair());
		for shield in shields {
			Duplicates::settle(shield, Compared::Distinct).unwrap();
		}
		Duplicates::settle(proof, Compared::Duplicate).unwrap();
		assert_eq!(Excluded::get()[&pair().later], Some(CAROL));
		assert_eq!(free(CAROL), 1_000);
	});
}

#[test]
fn excluded_record_is_not_challenged_again() {
	run(|| {
		let first = challenged(CAROL, pair());
		assert_ok!(commit(4, pair()));
		advance();
		Duplicates::settle(first, Compared::Duplicate).unwrap();
		assert!(open(4, pair()).is_err());
		assert_ok!(Duplicates::withdraw(signed(4), pair().commitment(&4u64, &SALT)));
	});
}

#[test]
fn nothing_is_opened_without_verifiers_or_while_it_is_switched_off() {
	run(|| {
		assert_ok!(commit(CAROL, pair()));
		advance();
		Verifiers::set(false);
		assert_noop!(open(CAROL, pair()), E::TooFewVerifiers);
		Verifiers::set(true);
		Enabled::set(false);
		assert_noop!(open(CAROL, pair()), E::Disabled);
		assert_noop!(commit(4, pair()), E::Disabled);
		// What is committed can be taken back.
		assert_ok!(Duplicates::withdraw(signed(CAROL), pair().commitment(&CAROL, &SALT)));
		assert_eq!((held(CAROL), Balances::total_balance(&CAROL)), (0, 1_000));
		assert!(!Duplicates::terms(CAROL).is_enabled);
	});
}

#[test]
fn deposit_is_needed_and_only_its_owner_takes_it_back() {
	run(|| {
		assert!(commit(99, pair()).is_err());
		assert_ok!(commit(CAROL, pair()));
		let commitment = pair().commitment(&CAROL, &SALT);
		assert_noop!(Duplicates::withdraw(signed(4), commitment), E::NotCommitted);
		assert_ok!(Duplicates::withdraw(signed(CAROL), commitment));
		assert_noop!(Duplicates::withdraw(signed(CAROL), commitment), E::NotCommitted);
	});
}
