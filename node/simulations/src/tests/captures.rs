use super::tolerance;
use crate::{
	committee::Urn,
	lying::Lying,
	odds::*,
	rules::{Deposit, Rules},
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const DRAWS: usize = 60_000;

/// How often a majority of the seats falls to verifiers below `theirs`.
fn frequency(urn: &Urn, seats: usize, theirs: usize) -> f64 {
	let mut rng = ChaCha8Rng::seed_from_u64(9);
	let captured = (0..DRAWS).filter(|_| {
		let drawn = urn.draw(seats, &[], &mut rng);
		drawn.iter().filter(|verifier| **verifier < theirs).count() >= majority(seats)
	});
	captured.count() as f64 / DRAWS as f64
}

#[test]
fn committees_are_captured_as_often_as_the_hypergeometric_distribution_says() {
	for (seats, theirs, all) in [(3, 10, 30), (9, 10, 30), (9, 20, 30), (3, 2, 5)] {
		let urn = Urn::new((0..all).map(|verifier| (verifier, 7.0)));
		let derived = captured_without_replacement(seats, theirs, all);
		let drawn = frequency(&urn, seats, theirs);
		assert!((drawn - derived).abs() < tolerance(derived, DRAWS), "{drawn} {derived}");
	}
}

#[test]
fn committees_are_captured_by_bond_and_not_by_number() {
	// A tenth of the verifiers with half of the bond.
	let bonds = (0..1_000).map(|verifier| (verifier, if verifier < 100 { 9.0 } else { 1.0 }));
	let urn = Urn::new(bonds);
	for seats in [3, 9] {
		let derived = captured(seats, 0.5);
		let drawn = frequency(&urn, seats, 100);
		// Drawing without replacement takes a little from who has the larger bonds.
		assert!((drawn - derived).abs() < tolerance(derived, DRAWS) + 0.02, "{drawn} {derived}");
	}
}

#[test]
fn binomial_is_the_limit_of_the_hypergeometric_distribution() {
	for seats in [3, 9] {
		let difference = captured(seats, 0.3) - captured_without_replacement(seats, 3_000, 10_000);
		assert!(difference.abs() < 1e-3);
		assert!((captured(seats, 0.5) - 0.5).abs() < 1e-12);
	}
	assert!((captured(3, 1.0 / 3.0) - 7.0 / 27.0).abs() < 1e-12);
}

#[test]
fn nobody_is_drawn_twice_and_small_urns_are_emptied() {
	let mut rng = ChaCha8Rng::seed_from_u64(1);
	let urn = Urn::new((0..10).map(|verifier| (verifier, f64::from(verifier as u32 + 1))));
	for _ in 0..1_000 {
		let mut drawn = urn.draw(9, &[], &mut rng);
		drawn.sort_unstable();
		drawn.dedup();
		assert_eq!(drawn.len(), 9);
	}
	assert_eq!(urn.draw(11, &[], &mut rng).len(), 10);
	for _ in 0..200 {
		let drawn = urn.draw(3, &[2, 4, 6, 8], &mut rng);
		assert!(drawn.len() == 3 && drawn.iter().all(|verifier| ![2, 4, 6, 8].contains(verifier)));
	}
	assert_eq!(urn.draw(9, &[2, 4], &mut rng).len(), 8);
}

#[test]
fn least_probability_of_being_found_is_where_a_lie_returns_nothing() {
	let rules = Rules::default();
	for (gain, lost) in [(0.5, 0.0), (0.1, 0.1), (0.6, 0.1)] {
		// An appeal that costs nothing is never in vain.
		let rules = Rules { deposit: Deposit::Fees(0.0), ..rules.clone() };
		let lying = Lying { gain, lost, share: 0.0, watched: 0.5, outvoted: 0.7, fee: 2.0 };
		let broken = Lying { share: lying.pays_from(&rules), ..lying };
		assert!(broken.returns(&rules).abs() < 1e-9);
		assert!((broken.found(&rules) - lying.least_found(&rules, 0.0)).abs() < 1e-9);
	}
}

#[test]
fn liars_appeal_only_where_that_returns_more() {
	let rules = Rules::default();
	for share in [0.1, 0.25, 0.3, 0.35, 0.5] {
		let lying = Lying { gain: 0.5, lost: 0.0, share, watched: 0.5, outvoted: 1.0, fee: 2.0 };
		let returns = lying.returns(&rules);
		let last = captured(rules.appeal, share);
		let first = captured(rules.committee, share);
		let by_appealing =
			rules.audit * (1.0 - first) * (last * (lying.gain + 20.0) - (1.0 - last) * 3.0);
		let unseen = share.powi(3) * 0.5;
		let caught = rules.audit * (1.0 - first + (first - unseen) * (1.0 - last));
		let without = (1.0 - caught) * lying.gain - caught * 20.0;
		assert!((returns - (without + by_appealing.max(0.0))).abs() < 1e-12);
	}
}
