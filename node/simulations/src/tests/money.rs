use super::crowd;
use crate::{
	agents::Verifier,
	books::Account,
	report::report,
	rules::{Market, Rules},
	scenarios::{Crowd, lived},
};

#[test]
fn what_one_account_gains_others_lose() {
	for ring_does in [Verifier::Colluding, Verifier::Accusing, Verifier::Appealing] {
		let crowd = Crowd { verifiers_of_each: 20, ring_does, ..crowd(0.3) };
		let mut world = lived(&Rules::default(), &Market::default(), &crowd, 2);
		let paid = -world.books.gained(Account::Payers);
		assert!(paid > 0.0);
		assert!(world.books.sum().abs() < 1e-9 * paid);
	}
}

#[test]
fn bonds_shrink_by_what_is_taken_from_them_and_never_below_zero() {
	let market = Market { operator_bond: 1_050.0, ..Market::default() };
	let world = lived(&Rules::default(), &market, &crowd(0.0), 2);
	assert!(world.operator_bonds.iter().all(|bond| *bond >= 0.0));
	assert!(world.operator_bonds.iter().any(|bond| *bond < market.least_bond));
	assert!(world.verifier_bonds.iter().zip(&world.bonded).all(|(now, then)| now <= then));
}

#[test]
fn verifiers_part_pays_seats_and_never_more_than_it_brought() {
	let crowd = Crowd { of_each: 0, ..Crowd::default() };
	let market = Market::default();
	let earned = |seat_reward: f64| {
		let rules = Rules { seat_reward, ..Rules::default() };
		let mut world = lived(&rules, &market, &crowd, 2);
		let part = -world.books.gained(Account::Payers) * rules.verifiers;
		(world.books.gained(Account::Fund) / part, world.books.verifiers.iter().sum::<f64>())
	};
	let lasting = Rules::default().seat_reward_that_lasts(market.mean_fee());
	let (left, gained) = earned(lasting);
	assert!(left.abs() < 0.05 && gained > 0.0, "{left} {gained}");
	for more in [Rules::default().seat_reward, 10.0 * lasting] {
		let (left, gained) = earned(more);
		assert!((0.0..0.05).contains(&left) && gained > 0.0, "{more}: {left} {gained}");
	}
	// A tenth of that is less than executing costs at these fees.
	let (left, gained) = earned(0.1 * lasting);
	assert!(left > 0.8 && gained < 0.0, "{left} {gained}");
}

#[test]
fn deposits_and_fines_follow_fees_between_their_least_and_the_bond() {
	let rules = Rules::default();
	for (fee, deposit, fine) in [(0.1, 1.5, 5.01), (0.5, 1.5, 5.05), (5.0, 15.0, 5.5)] {
		assert!((rules.stake(fee) - deposit).abs() < 1e-12, "{fee}");
		assert!((rules.fined(1_000.0, fee) - fine).abs() < 1e-12, "{fee}");
	}
	assert_eq!(rules.fined(1_000.0, 1e5), 1_000.0);
}

#[test]
fn rewards_are_equal_parts_of_half_the_penalty_up_to_the_cap() {
	let rules = Rules::default();
	assert_eq!((rules.penalty(0.1), rules.penalty(0.5), rules.penalty(5.0)), (10.0, 10.0, 100.0));
	assert_eq!(rules.reward(10.0, 2), 2.5);
	assert_eq!(rules.reward(100.0, 8), 5.0);
	assert!((rules.reward(100.0, 13) - 50.0 / 13.0).abs() < 1e-12);
}

#[test]
fn the_same_seed_reports_the_same_and_another_does_not() {
	let small = Crowd { honest: 50, of_each: 5, verifiers: 60, ..Crowd::default() };
	let lived = |seed| {
		let world = lived(&Rules::default(), &Market::default(), &small, seed);
		(world.books.operators, world.counts)
	};
	assert!(lived(4) == lived(4));
	assert!(lived(4) != lived(5));
}

#[test]
fn report_has_every_strategy_and_is_plotted() {
	let report = report(1);
	let rows = report["operators"][1]["over_honest"].as_object().unwrap();
	assert_eq!(rows.len(), crate::scenarios::OPERATORS.len());
	assert!(rows.values().all(|row| row["low"].as_f64() < row["high"].as_f64()));
	let tables = crate::tables::tables(&report);
	assert!(tables.contains("| lies and bribes |") && tables.contains("| abstains |"));
	assert!(!tables.contains("NaN") && !tables.contains("–"), "{tables}");
	let chart = crate::report::plot(&report);
	assert_eq!(chart.matches("<polyline").count(), 2);
	assert_eq!(chart.matches("<circle").count(), crate::report::SHARES.len());
}
