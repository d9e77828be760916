use crate::{
	agents::Verifier,
	odds,
	rules::{Market, Rules},
	scenarios::{Crowd, VERIFIERS, lived, over_honest_verifiers, seat_bond, verifiers_gain},
	stats::mean,
};

/// Honest operators, and some verifiers of each strategy.
fn lazy() -> Crowd {
	Crowd { honest: 800, of_each: 0, verifiers: 500, verifiers_of_each: 25, ..Crowd::default() }
}

#[test]
fn executing_pays_and_laziness_loses() {
	let world = lived(&Rules::default(), &Market::default(), &lazy(), 6);
	assert!(mean(&verifiers_gain(&world, Verifier::Honest)).low > 0.0);
	for (name, does) in VERIFIERS.into_iter().filter(|(_, does)| does.lazy()) {
		let over = over_honest_verifiers(&world, does);
		assert!(over.high < 0.0, "{name}: {over:?}");
	}
}

#[test]
fn laziness_pays_where_nothing_is_lost_by_it() {
	let rules = Rules { minority_loss: 0.0, strikes: u32::MAX, ..Rules::default() };
	// A seat costs more than it is paid.
	let market = Market { cost: 0.19, ..Market::default() };
	let world = lived(&rules, &market, &lazy(), 6);
	assert!(over_honest_verifiers(&world, Verifier::Abstaining).low > 0.0);
}

#[test]
fn canaries_make_any_bribe_a_loss_and_nobody_who_calculates_takes_one() {
	let with = lived(&Rules::default(), &Market::default(), &lazy(), 6);
	assert!(over_honest_verifiers(&with, Verifier::Greedy).high < 0.0);
	assert!(over_honest_verifiers(&with, Verifier::Calculating).low <= 0.0);
	assert!(over_honest_verifiers(&with, Verifier::Calculating).high >= 0.0);
	let rules = Rules { canary: 0.0, ..Rules::default() };
	let without = lived(&rules, &Market::default(), &lazy(), 6);
	assert!(over_honest_verifiers(&without, Verifier::Greedy).high >= 0.0);
}

#[test]
fn accusing_a_third_strong_pays_only_from_the_derived_fee_on() {
	let rules = Rules { strikes: u32::MAX, ..Rules::default() };
	let ring = 1.0 / 3.0;
	let crowd = Crowd {
		honest: 1_500,
		of_each: 0,
		verifiers: 900,
		ring,
		accuses: true,
		..Crowd::default()
	};
	let at = |high_fee: f64| {
		// Bonds that outlast what is taken, so that every accusation is worth as much as the first.
		let market =
			Market { high_fee, high_part: 1.0, operator_bond: 1e6, epochs: 3, ..Market::default() };
		over_honest_verifiers(&lived(&rules, &market, &crowd, 7), Verifier::Accusing)
	};
	let from = odds::accusation_pays_from(&rules, ring, seat_bond(&Market::default()));
	let (below, above) = (at(from / 5.0), at(from * 5.0));
	assert!(below.high < 0.0, "{from} {below:?}");
	assert!(above.low > 0.0, "{from} {above:?}");
}
