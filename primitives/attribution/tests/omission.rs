//! Challenges: what was left out replaces what it displaces, and nothing else does.

mod common;

use common::{World, sketch};
use openledger_primitives_attribution::{
	Refusal,
	omission::{Omission, ShownRecord, replace},
	split::largest_remainder,
	verify,
};
use openledger_primitives_core::{Hash, model::PayBy};
use proptest::prelude::*;

const PAYER: u64 = 99;

#[test]
fn omitted_record_takes_its_place_and_the_last_drops_out() {
	let world = World::new(1, PayBy::Records, 3, &[12, 9]);
	let query = sketch(77, 32);
	let ranked = world.ranked_records(&query, PAYER);
	assert!(ranked.len() >= 5);
	let mut claim = world.claim(&query, PAYER);
	// The operator leaves the second best out and moves the fourth up.
	claim.records.remove(1);
	claim.records.try_push(world.record(ranked[3])).unwrap();
	world.prove(&mut claim);
	let paid = verify(&world.terms(), &PAYER, &claim).unwrap().paid;
	let omission = Omission::Record(world.shown_record(ranked[1]));
	let replaced = replace(&world.terms(), &PAYER, &claim.sketch, &paid, &omission).unwrap();
	let honest = verify(&world.terms(), &PAYER, &world.claim(&query, PAYER)).unwrap();
	assert_eq!(replaced.paid, honest.paid);
	assert_eq!(replaced.at, 1);
	assert_eq!(replaced.evidence.position as usize, ranked[1]);
	let weights: Vec<u64> = replaced.paid.iter().map(|credit| credit.weight).collect();
	assert_eq!(replaced.lost(1_000), largest_remainder(1_000, &weights)[1]);
	assert!(replaced.lost(1_000) > 0);
}

#[test]
fn omitted_contributor_is_restored_when_fewer_are_credited() {
	let world = World::new(1, PayBy::Contributors, 6, &[12, 9]);
	let query = (0..200)
		.map(|seed| sketch(seed, 32))
		.find(|query| world.ranked_contributors(query, PAYER).len() >= 3)
		.unwrap();
	let honest = world.claim(&query, PAYER);
	let mut claim = honest.clone();
	let left_out = world.shown_contributor(claim.contributors.remove(2).position as usize);
	world.prove(&mut claim);
	let account = left_out.credit.leaf.account;
	let shown = honest.records.iter().find(|credit| credit.record.contributor == account).unwrap();
	let shown = world.shown_record(shown.position as usize);
	let paid = verify(&world.terms(), &PAYER, &claim).unwrap().paid;
	let omission = Omission::Contributor(left_out.clone(), shown.clone());
	let replaced = replace(&world.terms(), &PAYER, &query, &paid, &omission).unwrap();
	assert_eq!(replaced.paid, verify(&world.terms(), &PAYER, &honest).unwrap().paid);
	// Once there, it can't be added again, nor shown with a stranger's record.
	let again = replace(&world.terms(), &PAYER, &query, &replaced.paid, &omission);
	assert_eq!(again, Err(Refusal::AlreadyCredited));
	let stranger =
		honest.records.iter().find(|credit| credit.record.contributor != account).unwrap();
	let stranger = world.shown_record(stranger.position as usize);
	let omission = Omission::Contributor(left_out, stranger);
	let refused = replace(&world.terms(), &PAYER, &query, &paid, &omission);
	assert_eq!(refused, Err(Refusal::NoWitness));
}

#[test]
fn challenge_is_refused_when_leaf_is_credited_worse_forged_or_the_payers() {
	let world = World::new(1, PayBy::Records, 3, &[12, 9]);
	let query = sketch(77, 32);
	let ranked = world.ranked_records(&query, PAYER);
	let paid = verify(&world.terms(), &PAYER, &world.claim(&query, PAYER)).unwrap().paid;
	let challenge = |omission: Omission<u64>| {
		replace(&world.terms(), &PAYER, &query, &paid, &omission).unwrap_err()
	};
	assert_eq!(
		challenge(Omission::Record(world.shown_record(ranked[0]))),
		Refusal::AlreadyCredited
	);
	assert_eq!(challenge(Omission::Record(world.shown_record(ranked[3]))), Refusal::NotBetter);
	let below = (0..world.leaves.len()).find(|at| !ranked.contains(at)).unwrap();
	assert_eq!(challenge(Omission::Record(world.shown_record(below))), Refusal::BelowFloor);
	let mut forged = world.shown_record(ranked[3]);
	forged.credit.scale = u16::MAX;
	assert_eq!(challenge(Omission::Record(forged)), Refusal::NotInIndex);
	let contributor =
		Omission::Contributor(world.shown_contributor(0), world.shown_record(ranked[3]));
	assert_eq!(challenge(contributor), Refusal::WrongMethod);
	let payer = world.records[ranked[3]].contributor;
	let omission = Omission::Record(world.shown_record(ranked[3]));
	let refused = replace(&world.terms(), &payer, &query, &paid, &omission);
	assert_eq!(refused, Err(Refusal::Payer));
}

#[test]
fn omission_is_refused_when_its_record_is_not_the_snapshots_own() {
	let mut world = World::new(1, PayBy::Records, 3, &[12, 9]);
	let query = sketch(77, 32);
	let best = world.ranked_records(&query, PAYER)[0];
	let mut unproven = world.shown_record(best);
	unproven.membership.siblings[0] = Hash::zero();
	let refused = |world: &World, shown| {
		replace(&world.terms(), &PAYER, &query, &[], &Omission::Record(shown)).unwrap_err()
	};
	assert_eq!(refused(&world, unproven), Refusal::NotInSnapshot);
	// An owner who commits to a forged index can't have operators pay for what they left out of it.
	let membership = world.shown_record(best).membership;
	world.forge(best, 5_000);
	let forged = ShownRecord { membership, ..world.shown_record(best) };
	assert_eq!(refused(&world, forged), Refusal::NotInSnapshot);
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(48))]

	#[test]
	fn repeated_challenges_reach_the_honest_claim_in_any_order(seed in 0u64..100_000, query in 0u64..100_000, credits in 1u8..=8, order in any::<u64>()) {
		let world = World::new(seed, PayBy::Records, credits, &[10, 14]);
		let query = sketch(query, 32);
		let mut candidates = world.ranked_records(&query, PAYER);
		let turn = order as usize % candidates.len().max(1);
		candidates.rotate_left(turn);
		let mut paid = Vec::new();
		for at in candidates {
			match replace(&world.terms(), &PAYER, &query, &paid, &Omission::Record(world.shown_record(at))) {
				Ok(replaced) => paid = replaced.paid,
				Err(refusal) => prop_assert_eq!(refusal, Refusal::NotBetter),
			}
		}
		let honest = verify(&world.terms(), &PAYER, &world.claim(&query, PAYER)).unwrap();
		prop_assert_eq!(paid, honest.paid);
	}
}
