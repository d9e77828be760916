use super::crowd;
use crate::{
	books::Account,
	report::report,
	rules::{Market, Rules},
	scenarios::{Crowd, lived},
};

#[test]
fn what_one_account_gains_others_lose() {
	for accuses in [false, true] {
		let crowd = Crowd { verifiers_of_each: 20, accuses, ..crowd(0.3) };
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
fn verifiers_part_pays_for_the_first_committees() {
	let crowd = Crowd { of_each: 0, ..Crowd::default() };
	let market = Market { high_part: 0.0, ..Market::default() };
	let mut world = lived(&Rules::default(), &market, &crowd, 2);
	let earned = -world.books.gained(Account::Payers) * Rules::default().verifiers;
	assert!(world.books.gained(Account::Fund).abs() < 0.05 * earned);
	assert!(world.books.verifiers.iter().sum::<f64>() > 0.0);
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
