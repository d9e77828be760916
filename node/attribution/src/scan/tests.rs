use super::*;
use crate::testing::{self, account};
use openledger_primitives_core::model::PayBy;
use proptest::prelude::*;

const DIMENSION: usize = 32;

fn probe(seed: u64) -> Probe {
	Probe::new(&testing::sketch(seed, DIMENSION)).unwrap()
}

/// All contributor leaves but the payer's, best first: by score, then position.
fn contributors(index: &IndexFile, query: &[i8], payer: Option<&AccountId32>) -> Vec<Ranked> {
	let (view, rows) = (index.view(), index.view().contributor_rows());
	let payer = payer.and_then(|payer| view.number_of(payer));
	let others = (0..rows.len()).into_par_iter().filter(|row| payer != Some(*row as u32));
	sort(others.map(|row| rank(&rows, query, row, view.header().floor_ppm)).collect())
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(48))]

	#[test]
	fn best_leaves_are_the_first_that_count_of_all_ranked(
		records_count in 1u32..200,
		count in 0usize..20,
		payer in proptest::option::of(0u8..6),
		floor_ppm in prop_oneof![Just(0u32), 0u32..400_000],
		seeds in proptest::collection::vec(any::<u64>(), 0..4),
	) {
		let index = testing::index(records_count, PayBy::Records, floor_ppm);
		let probes: Vec<Probe> = seeds.into_iter().map(probe).collect();
		let payer = payer.map(account);
		let payer = payer.as_ref();
		for search in [Search::Auto, Search::Exact, Search::TwoStage] {
			for wanted in [Wanted::Paid, Wanted::Positive, Wanted::Any] {
				let ask = Ask { payer, wanted, count, search };
				let counts = |leaf: &Ranked| match wanted {
					Wanted::Paid => leaf.is_paid(),
					Wanted::Positive => leaf.score > 0,
					Wanted::Any => true,
				};
				let by_record = best_records(&index, &probes, ask).unwrap();
				let by_contributor = best_contributors(&index, &probes, ask).unwrap();
				prop_assert_eq!((by_record.len(), by_contributor.len()), (probes.len(), probes.len()));
				for (which, probe) in probes.iter().enumerate() {
					let all = records(&index, probe.sketch(), payer);
					let expected: Vec<Ranked> = all.into_iter().filter(counts).take(count).collect();
					prop_assert_eq!(&by_record[which], &expected);
					let all = contributors(&index, probe.sketch(), payer);
					let expected: Vec<Ranked> = all.into_iter().filter(counts).take(count).collect();
					prop_assert_eq!(&by_contributor[which], &expected);
				}
			}
		}
	}

	#[test]
	fn best_of_a_contributor_is_its_first_among_all(
		records_count in 1u32..100,
		seed in any::<u64>(),
	) {
		let index = testing::index(records_count, PayBy::Contributors, 0);
		let probe = probe(seed);
		let all = records(&index, probe.sketch(), None);
		for (number, leaf) in index.contributors().iter().enumerate() {
			let expected = all.iter().copied().find(|ranked| {
				index.records().get(ranked.position as usize).unwrap().contributor == leaf.account
			});
			prop_assert_eq!(best_of(&index, &probe, number as u32), expected);
		}
		prop_assert_eq!(best_of(&index, &probe, index.contributors().len() as u32), None);
	}
}

#[test]
fn scan_is_refused_when_a_query_has_another_dimension() {
	let index = testing::index(20, PayBy::Records, 0);
	let probes = [Probe::new(&[1; 31]).unwrap()];
	let ask = Ask { payer: None, wanted: Wanted::Any, count: 1, search: Search::Auto };
	for refused in [
		best_records(&index, &probes, ask).map(drop),
		best_contributors(&index, &probes, ask).map(drop),
		strongest(Isa::best(), &index.view().rows(), &probes).map(drop),
	] {
		assert!(matches!(refused, Err(Error::Dimension { expected: 32, found: 31 })));
	}
}

#[test]
fn rows_are_refused_when_their_columns_differ_or_hold_minus_128() {
	let (scales, squares) = ([[1, 0]; 2], [[1, 0, 0, 0]; 2]);
	assert!(Rows::of_columns(&[1; 32], &scales, &squares, 16, 0).is_ok());
	for (sketches, first) in [(31, 0), (48, 0), (32, u32::MAX)] {
		let sketches = vec![1; sketches];
		let refused = Rows::of_columns(&sketches, &scales, &squares, 16, first);
		assert!(matches!(refused, Err(Error::Malformed { .. })), "{} {first}", sketches.len());
	}
	let mut sketches = [1i8; 32];
	sketches[20] = i8::MIN;
	let refused = Rows::of_columns(&sketches, &scales, &squares, 16, 100);
	assert!(matches!(refused, Err(Error::Asymmetric(101))));
}
