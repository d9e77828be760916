//! When a seed will be there.

use crate::mock::*;
use openledger_primitives_core::traits::Lots as _;

#[test]
fn seed_is_there_from_the_block_on_that_was_named_where_lengths_stay() {
	chain(|| {
		go_to(1);
		for _ in 0..3 * USUAL_LENGTH {
			go_to(System::block_number() + 1);
			let now = System::block_number();
			for round in 0..Lots::round() + 3 {
				let from = u64::from(Lots::known_from(round));
				assert_eq!(Lots::seed(round).is_some(), from <= now, "round {round} in {now}");
			}
			let round = Lots::round();
			let from = u64::from(Lots::known_from(round));
			assert!((USUAL_LENGTH + 1..=2 * USUAL_LENGTH).contains(&(from - now)));
		}
	});
}

#[test]
fn block_named_in_time_is_the_first_that_knows_the_seed() {
	chain(|| {
		go_to(USUAL_LENGTH + 2);
		let round = Lots::round();
		let from = Lots::known_from(round);
		go_to(u64::from(from) - 1);
		assert_eq!(Lots::seed(round), None);
		go_to(u64::from(from));
		assert!(Lots::seed(round).is_some());
	});
}

#[test]
fn lengths_that_change_move_the_block_that_is_named() {
	chain(|| {
		go_to(2);
		let named = Lots::known_from(0);
		Length::set(2 * USUAL_LENGTH);
		assert_eq!(u64::from(Lots::known_from(0)), u64::from(named) + USUAL_LENGTH);
		Length::set(0);
		assert_eq!(u64::from(Lots::known_from(0)), u64::from(named) + 1 - USUAL_LENGTH);
	});
}

#[test]
fn before_the_first_round_a_block_is_named_that_may_be_late_but_never_early() {
	chain(|| {
		let from = u64::from(Lots::known_from(0));
		go_to(from - 1);
		assert_eq!(Lots::seed(0), None);
		go_to(from);
		assert!(Lots::seed(0).is_some());
	});
}
