use super::{crowd, even_fees, steady};
use crate::{
	agents::{Lie, Operator, Verifier},
	lying::Lying,
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
	let rules = Rules { margin: 0.25, least_penalty: 0.0, ..Rules::default() };
	let over = over_honest_operators(&lived(&rules, &Market::default(), &crowd(0.0), 3), SKETCHES);
	assert!(over.low > 0.0, "{over:?}");
}

#[test]
fn lies_are_found_and_return_as_derived() {
	let rules = steady();
	for (ring, watched, outvoted) in
		[(0.0, 0.0, 1.0), (THIRD, 0.0, 1.0), (THIRD, 1.0, 0.0), (THIRD, 0.0, 0.0), (0.5, 0.5, 0.5)]
	{
		let market = Market { watched, outvoted, ..even_fees() };
		let world = lived(&rules, &market, &crowd(ring), 8);
		let found = world.lying(Lie::Sketch, market.common_fee).found(&rules);
		let simulated = world.counts.found as f64 / world.counts.false_audited as f64;
		let count = world.counts.false_audited as usize;
		// Committees are drawn without replacement from 900, which the closed form leaves out.
		let tolerance = super::tolerance(found, count) + 0.01;
		assert!((simulated - found).abs() < tolerance, "{ring} {watched}: {simulated} {found}");
		for lie in [Lie::Sketch, Lie::Answer, Lie::Both] {
			let over = over_honest_operators(&world, Operator::Always(lie));
			let derived = world.lying(lie, market.common_fee).returns(&rules);
			let half = (over.high - over.low) * 1.5 + 0.02 * derived.abs().max(1.0);
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

#[test]
fn fines_fall_on_honest_verifiers_and_the_ring_as_derived() {
	for ring in [0.25, THIRD, 0.45] {
		let rules = steady();
		let world = lived(&rules, &even_fees(), &crowd(ring), 11);
		let lies = world.counts.false_audited as f64;
		let struck = |does: Verifier| {
			let of = |world: &crate::world::World| -> (f64, f64) {
				let those = (0..world.verifiers.len()).filter(|i| world.verifiers[*i] == does);
				those.fold((0.0, 0.0), |(fines, bonds), i| {
					(fines + f64::from(world.fines[i]), bonds + world.bonded[i])
				})
			};
			let (fines, bonds) = of(&world);
			fines / lies / (bonds / world.bonded.iter().sum::<f64>())
		};
		let (honest, rings) = world.lying(Lie::Sketch, 0.1).fines(&rules);
		for (does, derived) in [(Verifier::Honest, honest), (Verifier::Colluding, rings)] {
			let simulated = struck(does);
			assert!(
				(simulated - derived).abs() < 0.08 * derived + 0.01,
				"{does:?} {ring}: {simulated} {derived}"
			);
		}
	}
}

#[test]
fn ring_beyond_the_derived_share_drives_honest_verifiers_out_where_disagreeing_costs_places() {
	let rules = Rules { minority_strikes: true, ..Rules::default() };
	let out = |ring: f64, does: Verifier| {
		let world = lived(&rules, &even_fees(), &crowd(ring), 11);
		let those: Vec<usize> =
			(0..world.verifiers.len()).filter(|i| world.verifiers[*i] == does).collect();
		let gone = those.iter().filter(|i| world.strikes[**i] >= rules.strikes).count();
		gone as f64 / those.len() as f64
	};
	let from = Lying::of(&rules, &Market::default(), Lie::Sketch, 0.0, 0.1).fines_turn_at(&rules);
	assert!((0.3..0.4).contains(&from), "{from}");
	assert!(out(from - 0.06, Verifier::Colluding) > out(from - 0.06, Verifier::Honest));
	assert!(out(from + 0.06, Verifier::Colluding) < out(from + 0.06, Verifier::Honest));
}

#[test]
fn lies_lose_at_two_fifths_where_no_place_is_lost_and_pay_where_places_are() {
	let market = Market { common_fee: 0.5, ..even_fees() };
	let over = |minority_strikes: bool| {
		let rules = Rules { minority_strikes, ..Rules::default() };
		over_honest_operators(&lived(&rules, &market, &crowd(0.4), 3), SKETCHES)
	};
	assert!(over(false).high < 0.0);
	assert!(over(true).low > 0.0);
}

#[test]
fn lies_pay_from_the_derived_limit_on_and_not_below() {
	let rules = steady();
	// Fees at which the least penalty does not matter.
	let market = Market { common_fee: 0.5, ..even_fees() };
	let limit = Lying::of(&rules, &market, Lie::Sketch, 0.0, 0.5).pays_from(&rules);
	assert!((0.59..0.62).contains(&limit), "{limit}");
	let over = |ring| over_honest_operators(&lived(&rules, &market, &crowd(ring), 3), SKETCHES);
	let (below, above) = (over(limit - 0.08), over(limit + 0.08));
	assert!(below.high < 0.0 && above.low > 0.0, "{below:?} {above:?}");
}

#[test]
fn lies_lose_at_a_third_even_where_nobody_appeals_for_the_truth() {
	let market = Market { watched: 0.0, outvoted: 0.0, ..Market::default() };
	let world = lived(&Rules::default(), &market, &crowd(THIRD), 3);
	for (name, does) in OPERATORS {
		let over = over_honest_operators(&world, does);
		assert!(over.high < 0.0, "{name}: {over:?}");
	}
}
