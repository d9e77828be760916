use super::{crowd, even_fees, steady};
use crate::{
	agents::{Lie, Operator},
	rules::{Market, Rules},
	scenarios::{OPERATORS, lived, over_honest_operators},
};

const THIRD: f64 = 1.0 / 3.0;
const SKETCHES: Operator = Operator::Always(Lie::Sketch);

#[test]
fn every_lie_loses_by_default_up_to_a_third_colluding() {
	for ring in [0.0, 0.2, THIRD] {
		let world = lived(&Rules::default(), &Market::default(), &crowd(ring), 3);
		for (name, does) in OPERATORS {
			let over = over_honest_operators(&world, does);
			assert!(over.high < 0.0, "{name} at {ring}: {over:?}");
		}
	}
}

#[test]
fn lies_pay_where_two_thirds_collude() {
	let world = lived(&Rules::default(), &Market::default(), &crowd(2.0 / 3.0), 3);
	let over = over_honest_operators(&world, SKETCHES);
	assert!(over.low > 0.0, "{over:?}");
}

#[test]
fn lies_pay_where_penalties_are_too_low() {
	let rules = Rules { margin: 0.25, ..Rules::default() };
	let over = over_honest_operators(&lived(&rules, &Market::default(), &crowd(0.0), 3), SKETCHES);
	assert!(over.low > 0.0, "{over:?}");
}

#[test]
fn lies_are_found_and_return_as_derived() {
	let rules = steady();
	for (ring, watched) in [(0.0, 0.0), (THIRD, 0.0), (THIRD, 1.0), (0.5, 0.5)] {
		let market = Market { watched, ..even_fees() };
		let world = lived(&rules, &market, &crowd(ring), 8);
		let found = world.lying(Lie::Sketch).found(&rules);
		let simulated = world.counts.found as f64 / world.counts.false_audited as f64;
		let count = world.counts.false_audited as usize;
		// Committees are drawn without replacement from 900, which the closed form leaves out.
		let tolerance = super::tolerance(found, count) + 0.01;
		assert!((simulated - found).abs() < tolerance, "{ring} {watched}: {simulated} {found}");
		for lie in [Lie::Sketch, Lie::Answer, Lie::Both] {
			let over = over_honest_operators(&world, Operator::Always(lie));
			let derived = world.lying(lie).returns(&rules);
			let half = (over.high - over.low) * 1.5 + 0.02;
			assert!((over.mean - derived).abs() < half, "{lie:?} {ring}: {over:?} {derived}");
		}
	}
}

#[test]
fn honest_operators_lose_nothing_where_nobody_accuses() {
	let world = lived(&Rules::default(), &Market::default(), &crowd(THIRD), 3);
	assert_eq!(world.counts.wronged, 0);
	assert!(world.counts.audited > 1_000);
}
