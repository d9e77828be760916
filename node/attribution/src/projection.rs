//! From features to sketches: a projection with signs drawn from the chain's seed.
//!
//! Row `j` of the projection is `±1` in every column, the sign of column `i` being bit `i mod 256`
//! of `blake2b-256("openledger/projection" ‖ seed ‖ j ‖ ⌊i / 256⌋)`, numbers as little-endian u32:
//! integers alone, so that every machine draws the same matrix. By Johnson and Lindenstrauss
//! (Achlioptas 2003, doi:10.1016/S0022-0000(03)00025-4) inner products survive it up to an error
//! that falls with the root of the number of rows.

mod signed;

use openledger_primitives_core::Hash;
use openlora::Isa;
use rayon::prelude::*;
use sp_io::hashing::blake2_256;

const DOMAIN: &[u8] = b"openledger/projection";
/// Signs in one hash.
const BLOCK: usize = 256;
/// Features that each row is applied to before the next: few enough for a second-level cache.
const TOGETHER: usize = 16;

/// A `rows × columns` matrix of signs over `√rows`.
#[derive(Clone)]
pub struct Projection {
	columns: usize,
	/// For each row, one bit a column: a set bit is −1.
	rows: Vec<Vec<[u8; BLOCK / 8]>>,
}

impl std::fmt::Debug for Projection {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		write!(f, "Projection({} × {})", self.rows.len(), self.columns)
	}
}

impl Projection {
	/// The matrix of `seed`.
	pub fn new(seed: &Hash, rows: usize, columns: usize) -> Self {
		let draw = |row: usize| {
			(0..columns.div_ceil(BLOCK))
				.map(|block| {
					let mut input = DOMAIN.to_vec();
					input.extend_from_slice(seed.as_bytes());
					input.extend_from_slice(&(row as u32).to_le_bytes());
					input.extend_from_slice(&(block as u32).to_le_bytes());
					blake2_256(&input)
				})
				.collect()
		};
		Self { columns, rows: (0..rows).into_par_iter().map(draw).collect() }
	}

	/// The projection of `feature`, whose length is the number of columns; columns beyond the
	/// shorter of the two count as zero.
	///
	/// Each row is summed in one fixed order in f64, whatever the number of threads.
	pub fn apply(&self, feature: &[f32]) -> Vec<f32> {
		match feature {
			[] => vec![0.0; self.rows.len()],
			_ => self.apply_all(feature, feature.len()),
		}
	}

	/// The projection of every one of `features`, `[features, length]`: `[features, rows]`, with the
	/// bits of [`Projection::apply`].
	pub fn apply_all(&self, features: &[f32], length: usize) -> Vec<f32> {
		let norm = 1.0 / (self.rows.len().max(1) as f64).sqrt();
		let (length, rows) = (length.max(1), self.rows.len());
		let mut projected = Vec::with_capacity(features.len() / length * rows);
		for features in features.chunks(TOGETHER * length) {
			let wide: Vec<Vec<f64>> = features.chunks(length).map(widened).collect();
			let isa = Isa::best();
			let sums = self.rows.par_chunks(signed::ROWS).flat_map_iter(|rows| {
				let sums = wide.iter().map(|feature| signed::sums(isa, rows, feature));
				let sums = sums.collect::<Vec<_>>();
				(0..rows.len()).map(move |row| sums.iter().map(|of| of[row] * norm).collect())
			});
			let sums: Vec<Vec<f64>> = sums.collect();
			for at in 0..features.len() / length {
				projected.extend(sums.iter().map(|of| of[at] as f32));
			}
		}
		projected
	}

	/// The matrix written out, `[rows, columns]`.
	pub fn dense(&self) -> Vec<f32> {
		let norm = (1.0 / (self.rows.len().max(1) as f64).sqrt()) as f32;
		let of = |row: &Vec<[u8; BLOCK / 8]>| {
			let signs = row.as_flattened().iter().flat_map(|byte| signs(*byte));
			signs.take(self.columns).map(|sign| sign * norm).collect::<Vec<_>>()
		};
		self.rows.iter().flat_map(of).collect()
	}
}

/// ±1 for each bit of a byte, the lowest first; a set bit is −1.
fn signs(byte: u8) -> [f32; 8] {
	std::array::from_fn(|bit| if byte >> bit & 1 == 0 { 1.0 } else { -1.0 })
}

/// In double precision, filled up with zeros to whole bytes of signs.
fn widened(feature: &[f32]) -> Vec<f64> {
	let mut wide: Vec<f64> = feature.iter().copied().map(f64::from).collect();
	wide.resize(feature.len().next_multiple_of(8), 0.0);
	wide
}

#[cfg(test)]
mod tests {
	use super::*;

	fn seed(byte: u8) -> Hash {
		Hash::repeat_byte(byte)
	}

	fn unit(columns: usize, at: usize) -> Vec<f32> {
		let mut feature = vec![0.0; columns];
		feature[at] = 1.0;
		feature
	}

	#[test]
	fn signs_are_the_bits_of_the_specified_hash() {
		let projection = Projection::new(&seed(7), 3, 600);
		for (row, column) in [(0u32, 0usize), (1, 255), (2, 256), (2, 599)] {
			let mut input = b"openledger/projection".to_vec();
			input.extend_from_slice(&[7; 32]);
			input.extend_from_slice(&row.to_le_bytes());
			input.extend_from_slice(&((column / 256) as u32).to_le_bytes());
			let bit = column % 256;
			let negative = blake2_256(&input)[bit / 8] >> (bit % 8) & 1 == 1;
			let value = projection.apply(&unit(600, column))[row as usize];
			assert_eq!(value < 0.0, negative, "row {row}, column {column}");
			assert!((value.abs() - 1.0 / 3f32.sqrt()).abs() < 1e-6);
		}
	}

	#[test]
	fn features_have_the_same_bits_together_as_alone() {
		let projection = Projection::new(&seed(6), 5, 300);
		for length in [299, 300, 303] {
			let number = |i: usize| ((i * 7_919) % 1_013) as f32 / 507.0 - 1.0;
			let features: Vec<f32> = (0..(TOGETHER + 3) * length).map(number).collect();
			let alone: Vec<f32> =
				features.chunks(length).flat_map(|feature| projection.apply(feature)).collect();
			assert_eq!(projection.apply_all(&features, length), alone);
			assert_eq!(alone.len(), 5 * (TOGETHER + 3));
		}
		assert!(projection.apply_all(&[], 300).is_empty());
	}

	#[test]
	fn matrix_written_out_is_the_one_applied() {
		let projection = Projection::new(&seed(5), 3, 300);
		let dense = projection.dense();
		assert_eq!(dense.len(), 3 * 300);
		for column in [0, 7, 255, 256, 299] {
			let applied = projection.apply(&unit(300, column));
			for (row, applied) in dense.chunks(300).zip(applied) {
				assert_eq!(row[column], applied);
			}
		}
	}

	#[test]
	fn matrices_differ_when_seeds_differ() {
		let feature: Vec<f32> = (0..512).map(|i| i as f32 - 200.0).collect();
		let first = Projection::new(&seed(1), 16, 512).apply(&feature);
		assert_eq!(first, Projection::new(&seed(1), 16, 512).apply(&feature));
		assert_ne!(first, Projection::new(&seed(2), 16, 512).apply(&feature));
	}

	#[test]
	fn projection_is_linear_and_keeps_angles_approximately() {
		let columns = 4_096;
		let wave = |step: usize| -> Vec<f32> {
			(0..columns).map(|i| ((i * step % 97) as f32 - 48.0) / 48.0).collect()
		};
		let (a, b) = (wave(13), wave(31));
		let mixed: Vec<f32> = a.iter().zip(&b).map(|(a, b)| a + 2.0 * b).collect();
		let projection = Projection::new(&seed(3), 512, columns);
		let (pa, pb, pm) = (projection.apply(&a), projection.apply(&b), projection.apply(&mixed));
		for ((a, b), m) in pa.iter().zip(&pb).zip(&pm) {
			assert!((a + 2.0 * b - m).abs() < 1e-3);
		}
		let cosine = |a: &[f32], b: &[f32]| {
			let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
			dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
		};
		for (x, y, px, py) in [(&a, &b, &pa, &pb), (&a, &mixed, &pa, &pm)] {
			assert!((cosine(x, y) - cosine(px, py)).abs() < 0.15);
		}
	}
}
