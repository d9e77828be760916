//! What is committed in a block is decided by later outputs, by all of them, and by nothing else.

use crate::mock::*;
use openledger_primitives_core::{Hash, traits::Lots as _};
use proptest::prelude::*;

/// How far the chains of this test go at most.
const BLOCKS: u64 = 40;

/// The round that a commitment in `block` is part of, the first block that knows the seed which
/// decides it, and that seed. Rounds have the given lengths, the last over and over.
fn decide(block: u64, lengths: &[u64], unusual: Option<u64>) -> (u32, u64, Hash) {
	let mut decided = None;
	chain(|| {
		Unusual::set(unusual.map(|block| (block, Some(Hash::zero()))).into_iter().collect());
		let mut round = 0;
		for now in 1.. {
			let upcoming = if now == 1 { 0 } else { Lots::round() as usize + 1 };
			Length::set(lengths[upcoming.min(lengths.len() - 1)]);
			go_to(now);
			if now == block {
				round = Lots::round();
			}
			if now >= block
				&& let Some(seed) = Lots::seed(round)
			{
				decided = Some((round, now, seed));
				break;
			}
		}
	});
	decided.unwrap()
}

proptest! {
	#[test]
	fn only_and_all_outputs_after_the_commitments_round_decide(
		lengths in prop::collection::vec(1u64..7, 1..8),
		block in 1..BLOCKS / 2,
		other in 1..BLOCKS,
	) {
		let first = lengths[0];
		let (round, known, seed) = decide(block, &lengths, None);
		prop_assert!(known > block + 1, "no output lies between commitment and seed");
		let length_of = |round: u32| lengths[(round as usize).min(lengths.len() - 1)];
		let deciding = known - length_of(round + 1)..known;
		prop_assert!(deciding.start > block);
		prop_assert!(round > 0 || block <= first);
		let (_, _, changed) = decide(block, &lengths, Some(other));
		prop_assert_eq!(deciding.contains(&other), changed != seed);
	}
}

#[test]
fn last_block_of_a_round_and_first_of_the_next_are_decided_by_different_seeds() {
	let (last, known, _) = decide(USUAL_LENGTH, &[USUAL_LENGTH], None);
	assert_eq!((last, known), (0, 2 * USUAL_LENGTH + 1));
	let (first, known, _) = decide(USUAL_LENGTH + 1, &[USUAL_LENGTH], None);
	assert_eq!((first, known), (1, 3 * USUAL_LENGTH + 1));
}

#[test]
fn own_output_of_the_committing_block_is_no_part_of_the_seed() {
	let (_, _, seed) = decide(USUAL_LENGTH, &[USUAL_LENGTH], None);
	assert_eq!(decide(USUAL_LENGTH, &[USUAL_LENGTH], Some(USUAL_LENGTH)).2, seed);
	assert_ne!(decide(USUAL_LENGTH, &[USUAL_LENGTH], Some(USUAL_LENGTH + 1)).2, seed);
	assert_ne!(decide(USUAL_LENGTH, &[USUAL_LENGTH], Some(2 * USUAL_LENGTH)).2, seed);
	assert_eq!(decide(USUAL_LENGTH, &[USUAL_LENGTH], Some(2 * USUAL_LENGTH + 1)).2, seed);
}
