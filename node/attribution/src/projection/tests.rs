use super::*;

fn seed(byte: u8) -> Hash {
	Hash::repeat_byte(byte)
}

fn unit(columns: usize, at: usize) -> Vec<f32> {
	let mut feature = vec![0.0; columns];
	feature[at] = 1.0;
	feature
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
	a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

/// Numbers from −1 to 1 without a pattern.
fn noise(length: usize, seed: u8) -> Vec<f32> {
	let hashes = (0..length.div_ceil(32) as u32)
		.map(|at| blake2_256(&[&[seed][..], &at.to_le_bytes()].concat()));
	let bytes: Vec<u8> = hashes.flatten().take(length).collect();
	bytes.into_iter().map(|byte| f32::from(byte) / 127.5 - 1.0).collect()
}

#[test]
fn components_are_those_of_the_specified_matrix() {
	let (k, columns, width) = (37, 600, 1_024);
	let projection = Projection::new(&seed(7), k, columns);
	let mut order: Vec<usize> = (0..width).collect();
	for at in 0..k {
		let mut input = b"openledger/projection/rows".to_vec();
		input.extend_from_slice(&[7; 32]);
		input.extend_from_slice(&(at as u32 / 8).to_le_bytes());
		let words = blake2_256(&input);
		let word = &words[4 * (at % 8)..4 * (at % 8) + 4];
		let word = u32::from_le_bytes(word.try_into().unwrap());
		order.swap(at, at + (u128::from(word) * (width - at) as u128 / (1 << 32)) as usize);
	}
	order.truncate(k);
	order.sort();
	for column in [0usize, 1, 255, 256, 300, 599] {
		let mut input = b"openledger/projection/signs".to_vec();
		input.extend_from_slice(&[7; 32]);
		input.extend_from_slice(&(column as u32 / 256).to_le_bytes());
		let bit = column % 256;
		let turned = blake2_256(&input)[bit / 8] >> (bit % 8) & 1 == 1;
		let applied = projection.apply(&unit(columns, column));
		assert_eq!(applied.len(), k);
		for (row, value) in order.iter().zip(applied) {
			let is_negative = turned != ((row & column).count_ones() % 2 == 1);
			let expected = (if is_negative { -1.0 } else { 1.0 }) / (k as f64).sqrt();
			assert_eq!(value, expected as f32, "row {row}, column {column}");
		}
	}
}

#[test]
fn features_have_the_same_bits_together_as_alone() {
	let projection = Projection::new(&seed(6), 5, 300);
	for length in [299, 300, 303] {
		let features = noise(19 * length, 1);
		let alone: Vec<f32> =
			features.chunks(length).flat_map(|feature| projection.apply(feature)).collect();
		assert_eq!(projection.apply_all(&features, length), alone);
		assert_eq!(alone.len(), 5 * 19);
	}
	assert!(projection.apply_all(&[], 300).is_empty());
	assert_eq!(projection.apply(&[]), [0.0; 5]);
}

#[test]
fn nothing_is_lost_where_all_rows_are_kept() {
	let (a, b) = (noise(512, 2), noise(512, 3));
	let projection = Projection::new(&seed(1), 512, 512);
	let (pa, pb) = (projection.apply(&a), projection.apply(&b));
	for (kept, exact) in [(dot(&pa, &pb), dot(&a, &b)), (dot(&pa, &pa), dot(&a, &a))] {
		assert!((kept - exact).abs() < 1e-4, "{kept} {exact}");
	}
}

#[test]
fn rows_are_different_ones_and_none_is_preferred() {
	let (draws, kept, width) = (400u32, 16, 64);
	let mut counts = [0u32; 64];
	for number in 0..draws {
		let rows = chosen(&Hash::from_low_u64_le(number.into()), kept, width);
		assert_eq!(rows.len(), kept);
		assert!(rows.is_sorted_by(|one, next| one < next));
		rows.iter().for_each(|row| counts[*row as usize] += 1);
	}
	// A hundred times each on average, with a deviation of √75.
	assert!(counts.iter().all(|count| (55..=145).contains(count)), "{counts:?}");
}

#[test]
fn matrices_differ_when_seeds_differ() {
	let feature = noise(512, 4);
	let first = Projection::new(&seed(1), 16, 512).apply(&feature);
	assert_eq!(first, Projection::new(&seed(1), 16, 512).apply(&feature));
	assert_ne!(first, Projection::new(&seed(2), 16, 512).apply(&feature));
}

#[test]
fn projection_is_linear() {
	let columns = 4_096;
	let (a, b) = (noise(columns, 5), noise(columns, 6));
	let mixed: Vec<f32> = a.iter().zip(&b).map(|(a, b)| a + 2.0 * b).collect();
	let projection = Projection::new(&seed(3), 512, columns);
	let (pa, pb, pm) = (projection.apply(&a), projection.apply(&b), projection.apply(&mixed));
	for ((a, b), m) in pa.iter().zip(&pb).zip(&pm) {
		assert!((a + 2.0 * b - m).abs() < 1e-3);
	}
}

#[test]
fn inner_products_err_by_as_much_as_rows_are_missing() {
	let (columns, draws) = (1_024, 300);
	let (a, b) = (noise(columns, 7), noise(columns, 8));
	let lengths = dot(&a, &a) * dot(&b, &b);
	let exact = dot(&a, &b);
	for rows in [128, 512] {
		let errors = (0..draws).map(|number| {
			let projection = Projection::new(&Hash::from_low_u64_le(number), rows, columns);
			dot(&projection.apply(&a), &projection.apply(&b)) - exact
		});
		let variance = errors.map(|error| error * error / lengths).sum::<f64>() / draws as f64;
		let expected = (1.0 - rows as f64 / columns as f64) / rows as f64;
		// The deviation of a variance of so many draws is some 8 %.
		assert!((variance / expected - 1.0).abs() < 0.35, "{rows}: {variance} for {expected}");
	}
}

#[test]
#[should_panic(expected = "65 rows of 40 columns")]
fn more_rows_than_there_are_are_refused() {
	Projection::new(&seed(1), 65, 40);
}
