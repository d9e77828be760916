use super::*;
use crate::testing;
use proptest::prelude::*;

struct Columns {
	sketches: Vec<i8>,
	scales: Vec<[u8; 2]>,
	squares: Vec<[u8; 4]>,
	dimension: usize,
}

impl Columns {
	fn new(sketches: Vec<i8>, dimension: usize) -> Self {
		let rows = || sketches.chunks_exact(dimension);
		let squares = rows().map(|row| (score::dot(row, row) as u32).to_le_bytes()).collect();
		let scales = rows().map(|row| crate::quantize::scale(row, 1.0).to_le_bytes()).collect();
		Self { scales, squares, dimension, sketches }
	}

	fn rows(&self) -> Rows<'_> {
		let Self { sketches, scales, squares, dimension } = self;
		Rows::of_columns(sketches, scales, squares, *dimension, 0).unwrap()
	}
}

/// Sums of twelve even numbers, which is nearly normal, as projected gradients are.
fn normal(seed: u64, count: usize, dimension: usize) -> Vec<i8> {
	let mut state = seed;
	let mut next = || {
		state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
		(state >> 40) as f32 / (1u32 << 24) as f32 - 0.5
	};
	(0..count)
		.flat_map(|_| {
			let row: Vec<f32> =
				(0..dimension).map(|_| (0..12).map(|_| next()).sum::<f32>()).collect();
			crate::quantize::direction(&row).unwrap().into_inner()
		})
		.collect()
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(48))]

	#[test]
	fn products_are_those_with_the_four_levels_whatever_the_instructions(
		dimension in 16usize..300,
		count in 1usize..20,
		seed in 0u64..1_000,
	) {
		let sketches = (0..count as u64)
			.flat_map(|row| testing::sketch(seed + row, dimension).into_inner())
			.collect();
		let columns = Columns::new(sketches, dimension);
		let rows = columns.rows();
		let coarse = Coarse::new(&rows);
		let probe = Probe::new(&testing::sketch(seed + 7_777, dimension)).unwrap();
		let expected: Vec<i32> = (0..count)
			.map(|row| {
				let square = i64::from(rows.square(row));
				let level = |component: i8| {
					let magnitude = i64::from(component).pow(2) * dimension as i64;
					let magnitude = if magnitude > square { 3 } else { 1 };
					if component >= 0 { magnitude } else { -magnitude }
				};
				let pairs = probe.sketch().iter().zip(rows.sketch(row));
				pairs.map(|(query, component)| i32::from(*query) * level(*component)).sum()
			})
			.collect();
		for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
			let mut found = vec![0; count];
			Summed::new(isa, &probe).products(&coarse.masks, &mut found);
			prop_assert_eq!(&found, &expected, "{}", isa.name());
		}
	}
}

#[test]
fn search_in_two_stages_is_exact_when_everything_is_a_candidate() {
	let columns = Columns::new(normal(1, 2_000, 64), 64);
	let rows = columns.rows();
	let coarse = Coarse::new(&rows);
	let probes: Vec<Probe> =
		(0..3).map(|seed| Probe::new(&normal(50 + seed, 1, 64)).unwrap()).collect();
	let keep = |which: usize, row: usize, score: i64| row % 5 != which && score > 0;
	let exact = super::super::sweep::best(Isa::best(), &rows, &probes, 8, keep);
	assert_eq!(best(&coarse, &rows, &probes, 8, |_| true, keep), exact);
}

#[test]
fn best_leaves_are_among_the_candidates() {
	// Of 20,000 leaves 1,024 are scored for the one that is wanted.
	let columns = Columns::new(normal(3, 20_000, 256), 256);
	let rows = columns.rows();
	let coarse = Coarse::new(&rows);
	let probes: Vec<Probe> =
		(0..200).map(|seed| Probe::new(&normal(900 + seed, 1, 256)).unwrap()).collect();
	let keep = |_, _, _| true;
	let exact = super::super::sweep::best(Isa::best(), &rows, &probes, 1, keep);
	let found = best(&coarse, &rows, &probes, 1, |_| true, keep);
	let missed = exact.iter().zip(&found).filter(|(exact, found)| exact != found).count();
	assert_eq!(missed, 0);
}

#[test]
fn rows_that_are_no_candidates_are_never_found() {
	let columns = Columns::new(normal(5, 500, 32), 32);
	let rows = columns.rows();
	let probes = [Probe::new(rows.sketch(7)).unwrap()];
	let found = best(&Coarse::new(&rows), &rows, &probes, 4, |row| row != 7, |_, _, _| true);
	assert_eq!(found[0].len(), 4);
	assert!(found[0].iter().all(|scored| scored.position != 7));
}
