use crate::{
	agents::Verifier,
	rings::Ring,
	rules::{Deposit, Market, Rules},
	scenarios::{Crowd, ring_over_its_honesty, seat_bond},
	stats::Estimate,
};

const THIRD: f64 = 1.0 / 3.0;

/// A ring of a third with least bonds.
fn third(fee: f64, aside: f64) -> Ring {
	Ring { share: THIRD, bond: Market::default().verifier_bond, fee, aside }
}

fn uncapped() -> Rules {
	Rules { cap: f64::INFINITY, ..Rules::default() }
}

/// What a ring of a third gains by what it does where all fees are `fee`, and bonds outlast what is
/// taken from them, so that everything is worth as much as the first time.
fn gains(rules: &Rules, ring_does: Verifier, fee: f64, aside: f64) -> Estimate {
	let market = Market {
		high_fee: fee,
		high_part: 1.0,
		operator_bond: 1e8,
		epochs: 6,
		aside,
		..Market::default()
	};
	let crowd = Crowd {
		honest: 1_500,
		of_each: 0,
		verifiers: 900,
		ring: THIRD,
		ring_does,
		..Crowd::default()
	};
	ring_over_its_honesty(rules, &market, &crowd, 7).1
}

#[test]
fn accusing_pays_a_third_at_no_fee_with_the_cap_and_at_high_ones_without() {
	let rules = Rules::default();
	for fee in [0.01, 0.1, 1.0, 10.0, 1e3, 1e5] {
		assert!(third(fee, 0.0).accusing_returns(&rules) < 0.0, "{fee}");
	}
	assert_eq!(third(0.0, 0.0).accusing_pays_from_fee(&rules), None);
	for fee in [0.1, 5.0, 500.0] {
		let over = gains(&rules, Verifier::Accusing, fee, 0.0);
		assert!(over.high < 0.0, "{fee}: {over:?}");
	}
	let ring = Ring { bond: seat_bond(&Market::default()), ..third(0.0, 0.0) };
	let from = ring.accusing_pays_from_fee(&uncapped()).unwrap();
	let below = gains(&uncapped(), Verifier::Accusing, from / 5.0, 0.0);
	let above = gains(&uncapped(), Verifier::Accusing, from * 5.0, 0.0);
	assert!(below.high < 0.0 && above.low > 0.0, "{from}: {below:?} {above:?}");
}

#[test]
fn accusing_pays_a_third_that_has_its_fee_back_only_where_a_fine_takes_all_of_a_bond() {
	let rules = Rules::default();
	for fee in [0.01, 0.1, 1.0, 10.0, 100.0, 1e3, 9e3] {
		assert!(third(fee, 1.0).accusing_returns(&rules) < 0.0, "{fee}");
	}
	let from = third(0.0, 1.0).accusing_pays_from_fee(&rules).unwrap();
	assert!(from > Market::default().verifier_bond / rules.fine_in_fees, "{from}");
	// The same fee at which it would pay were fines of bonds alone.
	let alone = Rules { fine_in_fees: 0.0, ..rules.clone() };
	let ring = Ring { bond: seat_bond(&Market::default()), ..third(0.0, 1.0) };
	let from = ring.accusing_pays_from_fee(&alone).unwrap();
	let below = gains(&alone, Verifier::Accusing, from / 4.0, 1.0);
	let above = gains(&alone, Verifier::Accusing, from * 4.0, 1.0);
	assert!(below.high < 0.0 && above.low > 0.0, "{from}: {below:?} {above:?}");
	for fee in [0.1, 5.0, from * 4.0] {
		let over = gains(&rules, Verifier::Accusing, fee, 1.0);
		assert!(over.high < 0.0, "{fee}: {over:?}");
	}
}

#[test]
fn bare_majority_accuses_unless_it_is_likely_to_win() {
	let rules = Rules::default();
	assert_eq!(third(50.0, 1.0).accusers(&rules, 3), 2);
	assert_eq!(Ring { share: 0.7, ..third(50.0, 1.0) }.accusers(&rules, 3), 3);
}

#[test]
fn appealing_falsely_pays_a_third_at_no_fee() {
	let rules = Rules::default();
	for fee in [1e-3, 0.03, 0.3, 3.0, 30.0, 3e3] {
		let ring = third(fee, 1.0);
		assert!(ring.appealing_returns(&rules) < 0.0, "{fee}");
		assert!(rules.stake(fee) > ring.least_deposit(&rules), "{fee}");
	}
	for fee in [0.03, 0.3, 3.0] {
		let over = gains(&rules, Verifier::Appealing, fee, 1.0);
		assert!(over.high < 0.0, "{fee}: {over:?}");
	}
}

#[test]
fn appealing_falsely_pays_a_third_where_seats_are_paid_more_than_deposits_bear() {
	let most = third(0.0, 1.0).seat_reward_up_to(&Rules::default());
	assert!(most > Rules::default().seat_reward);
	let returns = |seat_reward: f64, fee: f64| {
		third(fee, 1.0).appealing_returns(&Rules { seat_reward, ..Rules::default() })
	};
	for fee in [0.01, 0.1, 0.3, 0.5, 0.7, 1.0, 10.0] {
		assert!(returns(0.99 * most, fee) < 0.0, "{fee}");
	}
	assert!(returns(1.01 * most, 0.5) > 0.0);
}

#[test]
fn appealing_falsely_pays_a_third_at_low_fees_where_deposits_are_fees_alone() {
	let rules = Rules { deposit: Deposit::Fees(3.0), ..Rules::default() };
	let up_to = third(0.0, 1.0).appealing_pays_up_to_fee(&rules).unwrap();
	assert!((0.2..0.5).contains(&up_to), "{up_to}");
	let below = gains(&rules, Verifier::Appealing, up_to / 10.0, 1.0);
	assert!(below.low > 0.0, "{up_to}: {below:?}");
	let above = gains(&rules, Verifier::Appealing, up_to * 3.0, 1.0);
	assert!(above.high < 0.0, "{up_to}: {above:?}");
}

#[test]
fn appealing_rightly_pays_an_outsider_at_common_fees_unless_the_deposit_is_constant() {
	let common = third(Market::default().common_fee, 0.0);
	let rules = Rules::default();
	assert!(common.appealing_rightly_returns(&rules, false) > 0.0);
	let constant = Rules { deposit: Deposit::Constant(10.0), ..Rules::default() };
	assert!(common.appealing_rightly_returns(&constant, false) < 0.0);
	// Rewards are capped and deposits are not.
	let up_to = common.appealing_rightly_pays_up_to_fee(&rules, false).unwrap();
	assert!((8.0..12.0).contains(&up_to), "{up_to}");
	assert!(common.appealing_rightly_pays_up_to_fee(&rules, true).unwrap() > 2.0 * up_to);
}
