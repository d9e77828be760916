use crate::{Challenges, Error, Event, mock::*};
use openledger_primitives_core::{
	record::Compared,
	traits::{Pairs as _, Records as _},
};

/// What the committee's members are paid, one after the other.
fn paid(challenge: u32, verifiers: &[u64]) {
	for verifier in verifiers {
		Duplicates::pay(challenge, verifier).unwrap();
	}
}

#[test]
fn proven_duplicate_is_excluded_and_the_challenger_rewarded() {
	run(|| {
		let challenge = challenged(CAROL, pair());
		assert!(Duplicates::is_open(challenge));
		let burned = Duplicates::settle(challenge, Compared::Duplicate).unwrap();
		assert_eq!(burned, PART - PART / 2);
		assert_eq!(Excluded::get()[&pair().later], Some(CAROL));
		assert_eq!((held(CAROL), free(CAROL), free(ALICE)), (0, 1_000, 1_000));
		assert!(!Duplicates::is_open(challenge) && Duplicates::records(challenge).is_none());
		let found = Compared::Duplicate;
		System::assert_last_event(
			Event::Decided { challenge, found, returned: DEPOSIT, compensated: 0, forfeited: 0 }
				.into(),
		);
	});
}

#[test]
fn second_proof_of_a_duplicate_has_its_deposit_back_and_nothing_else() {
	for found in [Compared::Duplicate, Compared::Withheld] {
		run(|| {
			let (first, second) = (challenged(CAROL, pair()), challenged(4, pair()));
			Duplicates::settle(first, Compared::Duplicate).unwrap();
			assert_eq!(Duplicates::settle(second, found), Ok(0));
			assert_eq!(Excluded::get()[&pair().later], Some(CAROL));
			assert_eq!([held(4), free(4), free(ALICE)], [0, 1_000, 1_000]);
		});
	}
}

#[test]
fn withheld_record_is_excluded_and_nobody_rewarded() {
	run(|| {
		let challenge = challenged(CAROL, pair());
		assert_eq!(Duplicates::settle(challenge, Compared::Withheld), Ok(PART));
		assert_eq!(Excluded::get()[&pair().later], None);
		assert_eq!((held(CAROL), free(CAROL)), (0, 1_000));
	});
}

#[test]
fn wrong_challenge_pays_the_committee_and_the_challenged() {
	run(|| {
		let challenge = challenged(CAROL, pair());
		paid(challenge, &[5, 6, 7]);
		assert_eq!(Duplicates::settle(challenge, Compared::Distinct), Ok(0));
		assert_eq!(free(ALICE), 1_000 + DEPOSIT - 3 * SEAT);
		assert_eq!(free(CAROL), 1_000 - DEPOSIT);
		assert_eq!([5, 6, 7].map(free), [1_000 + SEAT; 3]);
		assert!(!Listed::is_excluded(pair().later));
	});
}

#[test]
fn who_does_not_show_the_earlier_record_pays_the_treasury_and_not_the_challenged() {
	run(|| {
		let challenge = challenged(CAROL, pair());
		assert_eq!(Duplicates::settle(challenge, Compared::Unshown), Ok(0));
		assert_eq!([free(ALICE), free(CAROL)], [1_000, 1_000 - DEPOSIT]);
		assert_eq!(free(TREASURY), 1_000 + DEPOSIT);
		assert!(!Listed::is_excluded(pair().later));
		let (found, returned, compensated) = (Compared::Unshown, 0, 0);
		System::assert_last_event(
			Event::Decided { challenge, found, returned, compensated, forfeited: DEPOSIT }.into(),
		);
	});
}

#[test]
fn what_the_treasury_can_not_hold_goes_back() {
	run(|| {
		Balances::transfer_all(signed(TREASURY), 8, false).unwrap();
		let challenge = challenged(CAROL, pair());
		Challenges::<Test>::mutate(challenge, |one| one.as_mut().unwrap().seat = DEPOSIT - 1);
		paid(challenge, &[5]);
		assert_eq!(Duplicates::settle(challenge, Compared::Unshown), Ok(0));
		assert_eq!((free(TREASURY), free(CAROL)), (0, 1_000 - DEPOSIT + 1));
	});
}

#[test]
fn harassing_a_contributor_costs_the_deposit_each_time_and_most_of_it_goes_to_the_harassed() {
	run(|| {
		for round in 1..=3u128 {
			let challenge = challenged(CAROL, pair());
			paid(challenge, &[5, 6, 7]);
			Duplicates::settle(challenge, Compared::Distinct).unwrap();
			assert_eq!(free(CAROL), 1_000 - round * DEPOSIT);
			assert_eq!(free(ALICE), 1_000 + round * (DEPOSIT - 3 * SEAT));
		}
	});
}

#[test]
fn seats_are_paid_as_far_as_the_deposit_goes() {
	run(|| {
		let challenge = challenged(CAROL, pair());
		paid(challenge, &[4, 5, 6, 7, 8, BOB]);
		assert_eq!(free(8), 1_000 + SEAT);
		assert_eq!(free(BOB), 1_000 + DEPOSIT - 5 * SEAT);
		paid(challenge, &[BOB]);
		assert_eq!(held(CAROL), 0);
		assert_eq!(Duplicates::settle(challenge, Compared::Distinct), Ok(0));
		assert_eq!(free(ALICE), 1_000);
	});
}

#[test]
fn what_the_challenged_can_not_hold_goes_back() {
	run(|| {
		let poor = openledger_primitives_core::record::Pair { later: record(77, 20), ..pair() };
		let challenge = challenged(CAROL, poor);
		// All but a unit is spent, and an account takes ten to be.
		Challenges::<Test>::mutate(challenge, |one| one.as_mut().unwrap().seat = DEPOSIT - 1);
		paid(challenge, &[5]);
		assert_eq!(Duplicates::settle(challenge, Compared::Distinct), Ok(0));
		assert_eq!((free(77), free(CAROL)), (0, 1_000 - DEPOSIT + 1));
	});
}

#[test]
fn challenge_without_verifiers_is_over_at_no_cost() {
	run(|| {
		let challenge = challenged(CAROL, pair());
		Duplicates::abandon(challenge).unwrap();
		assert_eq!((held(CAROL), free(CAROL)), (0, 1_000));
		System::assert_last_event(Event::Abandoned { challenge }.into());
		assert_eq!(challenged(CAROL, pair()), challenge + 1);
	});
}

#[test]
fn what_is_over_is_not_settled_again() {
	run(|| {
		let challenge = challenged(CAROL, pair());
		Duplicates::settle(challenge, Compared::Distinct).unwrap();
		let unknown = Error::<Test>::UnknownChallenge.into();
		assert_eq!(Duplicates::settle(challenge, Compared::Duplicate), Err(unknown));
		assert_eq!(Duplicates::abandon(challenge), Err(unknown));
		assert_eq!(Duplicates::pay(challenge, &5), Ok(()));
		assert_eq!(free(5), 1_000);
	});
}
