use super::tolerance;
use crate::bias::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const ROUNDS: usize = 200_000;
const AUDIT: f64 = 0.1;
const THIRD: f64 = 1.0 / 3.0;

fn frequency(mut audited: impl FnMut(&mut ChaCha8Rng) -> bool) -> f64 {
	let mut rng = ChaCha8Rng::seed_from_u64(5);
	(0..ROUNDS).filter(|_| audited(&mut rng)).count() as f64 / ROUNDS as f64
}

#[test]
fn withholding_the_last_block_is_as_likely_to_help_as_derived() {
	for (coalition, audit) in [(THIRD, AUDIT), (0.1, 0.5), (0.6, 0.3)] {
		let play = Steering::new(audit, coalition, 1);
		let derived = last_block(audit, coalition);
		assert!((play.audited() - derived).abs() < 1e-9);
		let played = frequency(|rng| play.play(rng));
		assert!((played - derived).abs() < tolerance(derived, ROUNDS), "{played} {derived}");
	}
}

#[test]
fn best_play_is_as_likely_to_help_as_computed_and_helps_more_than_the_last_block_alone() {
	for coalition in [0.1, THIRD, 0.5] {
		let play = Steering::new(AUDIT, coalition, 10);
		let played = frequency(|rng| play.play(rng));
		assert!((played - play.audited()).abs() < tolerance(played, ROUNDS));
		assert!(play.audited() < last_block(AUDIT, coalition));
	}
}

#[test]
fn coalition_of_none_biases_nothing() {
	assert!((Steering::new(AUDIT, 0.0, 10).audited() - AUDIT).abs() < 1e-12);
	assert_eq!(last_block(AUDIT, 0.0), AUDIT);
	assert_eq!(last_block_babe(AUDIT, 0.0, 0.25), AUDIT);
	assert_eq!(slot_is_foreseen(0.0, 0.25), 0.0);
}

#[test]
fn primaries_and_secondaries_give_as_much_choice_as_derived() {
	for (members, audit) in [(30, AUDIT), (60, 0.5)] {
		let coalition = members as f64 / 90.0;
		let derived = last_block_babe(audit, coalition, 0.25);
		let played = frequency(|rng| play_babe(audit, members, 90, 0.25, rng));
		// The closed form has infinitely many validators, which makes a small difference with 90.
		assert!((played - derived).abs() < tolerance(derived, ROUNDS) + 1e-3, "{played} {derived}");
	}
}
