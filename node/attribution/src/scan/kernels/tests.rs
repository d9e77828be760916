use super::*;
use proptest::prelude::*;

fn available() -> impl Iterator<Item = Isa> {
	Isa::ALL.into_iter().filter(|isa| isa.is_available())
}

fn bytes(seed: u64, count: usize) -> Vec<i8> {
	let mut state = seed;
	(0..count)
		.map(|_| {
			state = state
				.wrapping_mul(6_364_136_223_846_793_005)
				.wrapping_add(1_442_695_040_888_963_407);
			((state >> 33) % 255) as u8 as i8
		})
		.map(|byte| if byte == i8::MIN { 127 } else { byte })
		.collect()
}

fn expected(probe: &Probe, rows: &[i8]) -> Vec<i32> {
	rows.chunks_exact(probe.dimension())
		.map(|row| i32::try_from(score::dot(probe.sketch(), row)).unwrap())
		.collect()
}

#[test]
fn every_kernel_agrees_with_the_rule_at_every_dimension() {
	for dimension in 16..=MAX_SKETCH as usize {
		let probe = Probe::new(&bytes(dimension as u64, dimension)).unwrap();
		let rows = bytes(!(dimension as u64), 7 * dimension);
		let expected = expected(&probe, &rows);
		for isa in available() {
			let mut found = vec![0; 7];
			dots(isa, &probe, &rows, &mut found);
			assert_eq!(found, expected, "{} at {dimension}", isa.name());
		}
	}
}

#[test]
fn every_kernel_agrees_with_the_rule_for_every_pair_of_components() {
	// Each row repeats one value, so that what could saturate meets itself.
	for query in -127i8..=127 {
		let probe = Probe::new(&[query; 100]).unwrap();
		let rows: Vec<i8> = (-127i8..=127).flat_map(|value| [value; 100]).collect();
		let expected = expected(&probe, &rows);
		for isa in available() {
			let mut found = vec![0; 255];
			dots(isa, &probe, &rows, &mut found);
			assert_eq!(found, expected, "{} of {query}", isa.name());
		}
	}
}

#[test]
fn probe_is_refused_when_a_component_is_minus_128_or_its_length_out_of_range() {
	assert!(matches!(Probe::new(&[1, i8::MIN]), Err(Error::Asymmetric(0))));
	assert!(matches!(Probe::new(&[]), Err(Error::Dimension { found: 0, .. })));
	assert!(matches!(Probe::new(&[1; 2_049]), Err(Error::Dimension { found: 2_049, .. })));
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(64))]

	#[test]
	fn every_kernel_agrees_with_the_rule(
		dimension in 16usize..=MAX_SKETCH as usize,
		count in 0usize..12,
		seed in any::<u64>(),
		extreme in any::<bool>(),
	) {
		let of = |seed, count| -> Vec<i8> {
			let values = bytes(seed, count);
			if !extreme {
				return values;
			}
			values.into_iter().map(|value| if value < 0 { -127 } else { 127 }).collect()
		};
		let probe = Probe::new(&of(seed, dimension)).unwrap();
		let rows = of(!seed, count * dimension);
		let expected = expected(&probe, &rows);
		for isa in available() {
			let mut found = vec![0; count];
			dots(isa, &probe, &rows, &mut found);
			prop_assert_eq!(&found, &expected, "{}", isa.name());
		}
	}
}
