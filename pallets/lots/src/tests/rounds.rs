//! Which blocks and outputs a round has, and what ending it leaves.

use crate::{Event, Seeds, UnderWay, mock::*, rounds, weights::WeightInfo};
use frame_support::traits::{Hooks, Randomness};
use openledger_primitives_core::{Hash, traits::Lots as _};
use std::collections::BTreeMap;

/// The seed of `round`, computed from the outputs of `blocks` as their children read them.
fn seed(round: u32, blocks: core::ops::RangeInclusive<u64>) -> Hash {
	let before = System::block_number();
	let accumulator = blocks.fold(Hash::zero(), |accumulator, block| {
		System::set_block_number(block + 1);
		rounds::mix(accumulator, Outputs::random(b"openledger/lots/output").0)
	});
	System::set_block_number(before);
	rounds::seed_of(round, accumulator)
}

#[test]
fn rounds_follow_one_another_from_the_first_block() {
	chain(|| {
		assert_eq!(Lots::round(), 0);
		for (block, round) in [(1, 0), (4, 0), (5, 1), (8, 1), (9, 2), (12, 2), (13, 3)] {
			go_to(block);
			assert_eq!(Lots::round(), round, "at block {block}");
			Lots::do_try_state().unwrap();
		}
	});
}

#[test]
fn seed_is_mixed_from_all_outputs_of_the_rounds_own_blocks_in_order() {
	chain(|| {
		go_to(9);
		assert_eq!(Seeds::<Test>::get(0), Some(seed(0, 1..=4)));
		assert_eq!(Seeds::<Test>::get(1), Some(seed(1, 5..=8)));
		assert_ne!(seed(1, 5..=8), seed(2, 5..=8));
		assert_ne!(seed(1, 5..=8), seed(1, 5..=9));
		assert_ne!(seed(1, 5..=8), seed(1, 4..=8));
	});
}

#[test]
fn round_ends_with_an_event_when_its_last_output_is_read() {
	chain(|| {
		go_to(4);
		assert_eq!(System::events().len(), 0);
		go_to(5);
		System::assert_last_event(Event::RoundEnded { round: 0, seed: seed(0, 1..=4) }.into());
		go_to(8);
		assert_eq!(System::events().len(), 1);
		go_to(9);
		System::assert_last_event(Event::RoundEnded { round: 1, seed: seed(1, 5..=8) }.into());
		assert_eq!(System::events().len(), 2);
	});
}

#[test]
fn seed_answers_with_the_next_rounds_and_not_before_that_is_over() {
	chain(|| {
		for block in 1..=8 {
			go_to(block);
			for round in 0..4 {
				assert_eq!(Lots::seed(round), None, "round {round} at block {block}");
			}
		}
		go_to(9);
		assert_eq!(Lots::seed(0), Some(seed(1, 5..=8)));
		assert_eq!(Lots::seed(1), None);
		go_to(12);
		assert_eq!(Lots::seed(1), None);
		go_to(13);
		assert_eq!(Lots::seed(1), Some(seed(2, 9..=12)));
		assert_eq!(Lots::seed(u32::MAX), None);
	});
}

#[test]
fn block_without_an_output_is_mixed_in_as_one() {
	let decided_by = |unusual: BTreeMap<u64, Option<Hash>>| {
		let mut decided = None;
		chain(|| {
			Unusual::set(unusual);
			go_to(9);
			decided = Lots::seed(0);
		});
		decided.unwrap()
	};
	let without = decided_by([(6, None)].into());
	assert_ne!(without, decided_by(BTreeMap::new()));
	assert_ne!(without, decided_by([(7, None)].into()));
	assert_ne!(without, decided_by([(6, Some(Hash::zero()))].into()));
}

#[test]
fn first_round_begins_wherever_the_chain_is() {
	chain(|| {
		System::set_block_number(77);
		Lots::do_try_state().unwrap();
		go_to(78);
		assert_eq!(UnderWay::<Test>::get().unwrap().accumulator, Hash::zero());
		assert_eq!(UnderWay::<Test>::get().unwrap().next, 82);
		go_to(82);
		assert_eq!(Lots::round(), 1);
		assert_eq!(Seeds::<Test>::get(0), Some(seed(0, 78..=81)));
	});
}

#[test]
fn hook_weighs_more_where_it_ends_a_round() {
	chain(|| {
		type Weights = crate::weights::SubstrateWeight<Test>;
		for block in 1..=9 {
			System::set_block_number(block);
			let weight = Lots::on_initialize(block);
			let ends = block == 5 || block == 9;
			assert_eq!(weight, if ends { Weights::end_round() } else { Weights::mix() });
		}
		assert!(Weights::end_round().all_gt(Weights::mix()));
	});
}
