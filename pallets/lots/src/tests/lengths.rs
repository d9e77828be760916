//! Rounds whose length changes.

use crate::mock::*;
use openledger_primitives_core::traits::Lots as _;

/// The first blocks of the rounds that begin on the way to `block`.
fn beginnings(block: u64) -> Vec<u64> {
	let mut begun = Vec::new();
	while System::block_number() < block {
		let before = Lots::round();
		go_to(System::block_number() + 1);
		if Lots::round() != before {
			begun.push(System::block_number());
		}
	}
	begun
}

#[test]
fn shorter_length_binds_from_the_next_round_on() {
	chain(|| {
		go_to(2);
		Length::set(2);
		assert_eq!(beginnings(10), [5, 7, 9]);
	});
}

#[test]
fn longer_length_binds_from_the_next_round_on() {
	chain(|| {
		go_to(4);
		Length::set(6);
		assert_eq!(beginnings(18), [5, 11, 17]);
	});
}

#[test]
fn length_read_when_a_round_begins_is_its_length() {
	chain(|| {
		go_to(4);
		Length::set(2);
		go_to(5);
		Length::set(6);
		assert_eq!(beginnings(13), [7, 13]);
	});
}

#[test]
fn length_of_zero_counts_as_one() {
	chain(|| {
		Length::set(0);
		assert_eq!(beginnings(4), [2, 3, 4]);
		assert!(Lots::seed(1).is_some());
		assert_eq!(Lots::seed(2), None);
	});
}
