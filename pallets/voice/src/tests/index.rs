use super::*;
use crate::index::Index;
use proptest::prelude::*;

/// Blocks of a year where one takes three seconds, and where it takes six.
const LONG_YEARS: [u128; 2] = [10_519_200, 5_259_600];

#[test]
fn index_doubles_with_each_year_and_rises_evenly_in_between() {
	let weights: Vec<Balance> = [0, 250, 500, 1_000, 1_500, 2_000, 10_000]
		.map(|block| Index::at(block, 1_000).unwrap().weight(8_000))
		.to_vec();
	let unit = |thousandths: u128| UNIT * thousandths / 1_000;
	assert_eq!(weights[..4], [unit(8_000), unit(6_400), UNIT * 8_000 / 1_500, unit(4_000)]);
	assert_eq!(weights[4..], [UNIT * 8_000 / 3_000, unit(2_000), UNIT * 8 / 1_024]);
}

#[test]
fn index_is_none_when_it_no_longer_fits() {
	assert_eq!(Index::at(127, 1), Some(Index::at(0, 1 << 127).unwrap()));
	assert_eq!(Index::at(128, 1), None);
	assert_eq!(Index::at(127 * 2, 2), None);
	assert_eq!(Index::at(127 * 2 - 1, 2).map(|index| index.weight(u128::MAX)), Some(4 * UNIT / 3));
	assert_eq!(Index::at(u128::MAX, 1), None);
}

#[test]
fn year_counts_as_one_block_when_it_is_zero() {
	assert_eq!(Index::at(5, 0), Index::at(5, 1));
	chain(|| {
		YearLength::set(0);
		earn(ALICE, 8 * OPEN);
		advance(1);
		assert_eq!(Voice::weight_of(&ALICE), 4 * OPEN);
	});
}

#[test]
fn points_fit_for_half_a_century_when_a_billion_open_is_sunk_each_year() {
	let units = 1_000_000_000 * OPEN / UNIT;
	for year in LONG_YEARS {
		let mut total = 0u128;
		let mut years = 0u128;
		// All of it at the year's last block, where it makes the most points.
		while let Some(sum) = Index::at((years + 1) * year - 1, year)
			.and_then(|index| index.points(units))
			.and_then(|points| total.checked_add(points))
		{
			total = sum;
			years += 1;
		}
		assert!((52..=55).contains(&years), "{years}");
	}
}

#[test]
fn nothing_is_credited_and_all_fades_when_points_no_longer_fit() {
	chain(|| {
		YearLength::set(1);
		System::set_block_number(100);
		earn(ALICE, 1_000 * OPEN);
		earn(BOB, OPEN);
		assert_eq!(points(ALICE), 0);
		assert_eq!(Voice::weight_of(&BOB), OPEN);
		System::set_block_number(1_000);
		earn(CAROL, OPEN);
		assert_eq!((Voice::total_weight(), points(CAROL)), (0, 0));
		assert!(!Voice::veto_active());
		assert_ok!(Voice::forget(signed(ALICE), BOB));
	});
}

#[test]
fn index_is_at_most_six_percent_off_an_even_doubling() {
	let start = Index::at(0, 1_000_000).unwrap().weight(1_000_000_000_000) as f64;
	for block in (0..=1_000_000u128).step_by(1_000) {
		let now = Index::at(block, 1_000_000).unwrap().weight(1_000_000_000_000) as f64;
		let even = start / 2f64.powf(block as f64 / 1e6);
		assert!(now <= even * 1.000_001 && now >= even / 1.062, "{block}");
	}
}

proptest! {
	#[test]
	fn index_never_falls_and_doubles_over_any_year(
		year in 1u128..20_000_000,
		years in 0u128..60,
		within in any::<u128>(),
		later in 0u128..1_000_000_000,
	) {
		let block = years * year + within % year;
		let index = Index::at(block, year).unwrap();
		prop_assert!(Index::at(block + later, year).is_none_or(|later| later >= index));
		let weight = index.weight(1 << 100);
		let doubled = Index::at(block + year, year).unwrap();
		prop_assert_eq!(doubled.weight(1 << 100), weight / 2);
		prop_assert_eq!(index.points(1).unwrap() * 2, doubled.points(1).unwrap());
	}

	#[test]
	fn weight_is_what_was_earned_when_no_block_has_gone_by(
		year in 1u128..20_000_000,
		block in 0u128..400_000_000,
		units in 1u128..1_000_000_000_000_000,
	) {
		if let Some(index) = Index::at(block, year)
			&& let Some(points) = index.points(units)
		{
			prop_assert_eq!(index.weight(points), units * UNIT);
		}
	}
}
