use super::steady;
use crate::{
	agents::{Operator, Verifier},
	rules::{Market, Rules},
	scenarios::{Crowd, VERIFIERS, lived, over_honest_verifiers, verifiers_gain},
	stats::mean,
	world::World,
};

/// Honest operators, and some verifiers of each strategy.
fn lazy() -> Crowd {
	Crowd { honest: 800, of_each: 0, verifiers: 500, verifiers_of_each: 25, ..Crowd::default() }
}

#[test]
fn laziness_loses_and_executing_pays_as_long_as_seats_are_paid() {
	let market = Market::default();
	let default = Rules::default();
	let unpaid = Rules { seat_reward: 0.0, ..default.clone() };
	for rules in [&default, &unpaid] {
		let world = lived(rules, &market, &lazy(), 6);
		for (name, does) in VERIFIERS.into_iter().filter(|(_, does)| does.lazy()) {
			let over = over_honest_verifiers(&world, does);
			assert!(over.high < 0.0, "{name}: {over:?}");
		}
	}
	let gain = |rules| mean(&verifiers_gain(&lived(rules, &market, &lazy(), 6), Verifier::Honest));
	assert!(gain(&default).low > 0.0 && gain(&unpaid).high < 0.0);
}

#[test]
fn laziness_pays_where_nothing_is_lost_by_it() {
	let rules = Rules { seat_reward: 0.0, ..steady() };
	let world = lived(&rules, &Market::default(), &lazy(), 6);
	assert!(over_honest_verifiers(&world, Verifier::Abstaining).low > 0.0);
}

#[test]
fn nobody_is_fined_where_nobody_reveals_and_idleness_loses_as_soon_as_one_does() {
	let lived = |executing: usize| {
		let operators = vec![Operator::Honest; 200];
		let verifiers = (0..20)
			.map(|number| {
				let does = if number < executing { Verifier::Honest } else { Verifier::Abstaining };
				(does, 2_000.0)
			})
			.collect();
		let mut world = World::new(Rules::default(), Market::default(), operators, verifiers, 4);
		world.run();
		world
	};
	let idle = lived(0);
	assert!(idle.counts.audited > 1_000 && idle.counts.wronged == 0);
	assert!(idle.fines.iter().chain(&idle.strikes).all(|count| *count == 0));
	let one = lived(1);
	assert!(one.strikes[0] == 0 && one.fines[0] == 0);
	assert!(over_honest_verifiers(&one, Verifier::Abstaining).mean < 0.0);
	// Governance decides all of them: fines, and no strikes.
	assert!(one.fines.iter().filter(|fines| **fines >= 3).count() > 10);
	assert!(one.strikes.iter().all(|strikes| *strikes == 0));
}

#[test]
fn neglect_costs_places_and_disagreeing_does_not() {
	let world = lived(&Rules::default(), &Market::default(), &lazy(), 6);
	let strikes = |does: Verifier| -> Vec<u32> {
		let those = (0..world.verifiers.len()).filter(|i| world.verifiers[*i] == does);
		those.map(|i| world.strikes[i]).collect()
	};
	assert!(strikes(Verifier::Abstaining).iter().all(|struck| *struck >= 3));
	assert!(strikes(Verifier::Denying).iter().all(|struck| *struck == 0));
	let fined = (0..world.verifiers.len())
		.filter(|i| world.verifiers[*i] == Verifier::Denying)
		.all(|i| world.fines[i] > 3);
	assert!(fined);
}

#[test]
fn canaries_make_any_bribe_a_loss_and_nobody_who_calculates_takes_one() {
	let rules = Rules { canary: 0.05, ..Rules::default() };
	let with = lived(&rules, &Market::default(), &lazy(), 6);
	assert!(over_honest_verifiers(&with, Verifier::Greedy).high < 0.0);
	for rules in [rules, Rules::default()] {
		let crowd = Crowd { of_each: 40, ..lazy() };
		let world = lived(&rules, &Market::default(), &crowd, 6);
		assert!(over_honest_verifiers(&world, Verifier::Calculating).high > -0.001);
	}
	let without = lived(&Rules::default(), &Market::default(), &lazy(), 6);
	assert!(over_honest_verifiers(&without, Verifier::Greedy).high >= 0.0);
}

#[test]
fn nobody_who_calculates_takes_a_bribe_where_telling_brings_more() {
	// Without rewards, or canaries, only the offer counts. Few others err, so that few fines have
	// another cause.
	let taken = |cap: f64| {
		let rules = Rules { cap, ..Rules::default() };
		let crowd = Crowd { honest: 50, of_each: 60, verifiers_of_each: 10, ..lazy() };
		let world = lived(&rules, &Market::default(), &crowd, 6);
		let those = (0..world.verifiers.len())
			.filter(|i| world.verifiers[*i] == Verifier::Calculating)
			.map(|i| world.fines[i]);
		those.sum::<u32>()
	};
	let (with, without) = (taken(Rules::default().cap), taken(0.0));
	assert!(without > 20 && with * 10 < without, "{with} {without}");
}
