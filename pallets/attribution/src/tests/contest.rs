use crate::{Challenge, Challenges, Contests, Error, Fault, Target, mock::*};
use frame_support::{assert_noop, assert_ok};
use openledger_primitives_attribution::forgery::Forgery;
use openledger_primitives_core::traits::{Contests as _, Models as _};

const INDEX: Target = Target::Model(RECORDS);
const GRACE: u64 = 5;

fn forged() -> Fault<sp_core::crypto::AccountId32> {
	Fault::Forgery(forgery(0))
}

fn is_contested() -> bool {
	Attribution::do_try_state().unwrap();
	Attribution::is_contested(RECORDS)
}

#[test]
fn demanded_version_is_contested_until_each_position_is_shown_or_concluded() {
	chain(|| {
		assert!(!is_contested());
		for position in [1, 2] {
			assert_ok!(Attribution::demand_position(signed(9), RECORDS, position));
		}
		assert!(is_contested() && !Attribution::is_contested(CONTRIBUTORS));
		let Forgery { leaf, proof, .. } = forgery(1);
		assert_ok!(Attribution::answer_demand(signed(3), RECORDS, Box::new(leaf), proof));
		assert!(is_contested());
		// Past its window it has to be concluded: whoever waits for that long can't escape.
		System::set_block_number(22);
		assert!(is_contested());
		assert_ok!(Attribution::conclude_demand(signed(7), RECORDS, 2));
		assert!(!is_contested());
		assert_eq!(Registered::condemned(RECORDS), Some(true));
	});
}

#[test]
fn challenged_version_is_contested_until_the_challenge_is_opened_or_withdrawn() {
	chain(|| {
		assert_ok!(commit(9, INDEX, &forged()));
		assert!(is_contested());
		assert_ok!(Attribution::withdraw_challenge(signed(9), INDEX));
		assert!(!is_contested());
		// One that shows nothing.
		challenge(9, INDEX, &forged());
		assert!(!is_contested());
		Forged::set(Some((0, 49)));
		assert_ok!(commit(9, INDEX, &forged()));
		go_to(System::block_number() + 1);
		assert!(is_contested());
		assert_ok!(reveal(9, INDEX, &forged()));
		assert!(!is_contested() && !Contests::<Test>::contains_key(RECORDS));
	});
}

#[test]
fn challenge_to_a_claim_leaves_the_version_alone() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[1, 2])).unwrap();
		assert_ok!(commit(9, Target::Claim(id), &forged()));
		assert!(!is_contested());
		assert_ok!(Attribution::withdraw_challenge(signed(9), Target::Claim(id)));
	});
}

#[test]
fn challenge_that_nobody_opens_keeps_no_version_for_longer_than_the_grace() {
	chain(|| {
		assert_ok!(commit(9, INDEX, &forged()));
		go_to(GRACE);
		assert!(is_contested());
		go_to(GRACE + 1);
		assert!(!is_contested());
		assert_noop!(commit(9, INDEX, &forged()), Error::<Test>::AlreadyChallenged);
		// Another's counts from its own block.
		assert_ok!(commit(10, INDEX, &forged()));
		assert!(is_contested());
		assert_ok!(Attribution::withdraw_challenge(signed(10), INDEX));
		assert!(is_contested(), "which of them is meant to be opened is not known");
		assert_ok!(Attribution::withdraw_challenge(signed(9), INDEX));
		assert!(!is_contested());
	});
}

#[test]
fn owner_that_challenges_its_own_index_and_withdraws_frees_nothing() {
	chain(|| {
		assert_ok!(commit(9, INDEX, &forged()));
		assert_ok!(commit(10, INDEX, &forged()));
		assert_ok!(Attribution::withdraw_challenge(signed(10), INDEX));
		assert!(is_contested());
	});
}

#[test]
fn challenge_from_before_they_were_counted_ends_without_being_counted() {
	chain(|| {
		go_to(3);
		let before = Challenge { commitment: Default::default(), at: 2, deposit: 0 };
		Challenges::<Test>::insert(INDEX, account(9), before);
		assert!(!is_contested());
		assert_ok!(commit(10, INDEX, &forged()));
		assert_ok!(Attribution::withdraw_challenge(signed(9), INDEX));
		assert!(is_contested());
		assert_ok!(Attribution::withdraw_challenge(signed(10), INDEX));
		assert!(!is_contested());
	});
}
