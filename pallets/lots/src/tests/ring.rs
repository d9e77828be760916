//! How long seeds are kept.

use crate::{Seeds, mock::*};
use frame_support::traits::Hooks;
use openledger_primitives_core::traits::Lots as _;

/// The first block of a round, where all have the usual length.
fn first_of(round: u32) -> u64 {
	u64::from(round) * USUAL_LENGTH + 1
}

#[test]
fn last_seeds_are_kept_and_older_ones_forgotten() {
	chain(|| {
		go_to(first_of(3));
		assert_eq!(kept(), [0, 1, 2]);
		go_to(first_of(4) - 1);
		assert_eq!(kept(), [0, 1, 2]);
		let second = Seeds::<Test>::get(1);
		go_to(first_of(4));
		assert_eq!(kept(), [1, 2, 3]);
		assert_eq!(Lots::seed(0), second);
		go_to(first_of(5));
		assert_eq!(kept(), [2, 3, 4]);
		assert_eq!(Lots::seed(0), None);
	});
}

#[test]
fn excess_wears_off_when_fewer_are_kept() {
	chain(|| {
		go_to(first_of(3));
		Kept::set(1);
		go_to(first_of(4));
		assert_eq!(kept(), [2, 3]);
		go_to(first_of(5));
		assert_eq!(kept(), [4]);
		go_to(first_of(6));
		assert_eq!(kept(), [5]);
	});
}

#[test]
fn nothing_is_forgotten_until_more_are_kept() {
	chain(|| {
		go_to(first_of(5));
		Kept::set(5);
		go_to(first_of(7));
		assert_eq!(kept(), [2, 3, 4, 5, 6]);
		go_to(first_of(8));
		assert_eq!(kept(), [3, 4, 5, 6, 7]);
	});
}

#[test]
#[should_panic(expected = "no seed would be kept")]
fn runtime_that_keeps_no_seed_is_refused() {
	Kept::set(0);
	Lots::integrity_test();
}
