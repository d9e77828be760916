//! From features to sketches: a randomised Hadamard transform drawn from the chain's seed.
//!
//! A feature's components get signs, all of them are mixed by a Hadamard matrix, and some of the results
//! are kept: rows of an orthogonal matrix, which Ailon and Chazelle (2009, doi:10.1137/060673096) and
//! Tropp (2011, arXiv:1011.1595) show to keep inner products as independent signs do. What is kept has
//! no direction twice, so that of `d` components `k` lose `1 − k/d` of the variance that `k` rows of
//! independent signs would. It takes `d·log₂ d` additions rather than `k·d`, and no memory for a matrix.
//!
//! `d` is the number of columns, rounded up to a power of two. The sign of column `i` is bit `i mod 256`
//! of `blake2b-256("openledger/projection/signs" ‖ seed ‖ ⌊i / 256⌋)`, a set bit being −1. Rows are the
//! first `k` of a shuffle of `0..d` (Fisher and Yates; Durstenfeld 1964, doi:10.1145/364520.364540), in
//! ascending order: step `i` exchanges `i` and `i + ⌊w·(d − i) / 2³²⌋`, where `w` is word `i mod 8` of
//! `blake2b-256("openledger/projection/rows" ‖ seed ‖ ⌊i / 8⌋)`. Numbers are little-endian u32. Row `r` of
//! the Hadamard matrix has −1 in column `i` where `r & i` has an odd number of bits. All are integers,
//! so that every machine draws the same matrix; sums are of f64 in one order, and so the same too.

use openledger_primitives_core::Hash;
use rayon::prelude::*;
use sp_io::hashing::blake2_256;

/// Identifies the matrices that seeds stand for; changes with every change of them. Below 16, for its place
/// among the numbers of index files.
pub const VERSION: u32 = 2;

const SIGNS: &[u8] = b"openledger/projection/signs";
const ROWS: &[u8] = b"openledger/projection/rows";
/// Signs in one hash.
const BLOCK: usize = 256;

/// `rows × columns` of an orthogonal matrix of ±1, over `√rows`.
#[derive(Clone)]
pub struct Projection {
	columns: usize,
	/// A bit for each column: a set one is −1.
	signs: Vec<[u8; BLOCK / 8]>,
	/// The rows of the Hadamard matrix that are kept, in ascending order.
	rows: Vec<u32>,
}

impl std::fmt::Debug for Projection {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		write!(f, "Projection({} × {})", self.rows.len(), self.columns)
	}
}

/// The hash of a domain, a seed and a number.
fn drawn(domain: &[u8], seed: &Hash, number: usize) -> [u8; 32] {
	blake2_256(&[domain, seed.as_bytes(), &(number as u32).to_le_bytes()].concat())
}

/// The first `count` of a shuffle of `0..of`, in ascending order.
fn chosen(seed: &Hash, count: usize, of: usize) -> Vec<u32> {
	let mut all: Vec<u32> = (0..of as u32).collect();
	let words = (0..).flat_map(|block| drawn(ROWS, seed, block).as_chunks::<4>().0.to_vec());
	for (at, word) in (0..count).zip(words) {
		// No more than of / 2³² from even: a shuffle needs no better.
		let further = (u64::from(u32::from_le_bytes(word)) * (of - at) as u64) >> 32;
		all.swap(at, at + further as usize);
	}
	all.truncate(count);
	all.sort_unstable();
	all
}

/// Multiplies by the Hadamard matrix of as many rows, in place; their number is a power of two.
fn hadamard(values: &mut [f64]) {
	let mut half = 1;
	while half < values.len() {
		for pair in values.chunks_exact_mut(2 * half) {
			let (low, high) = pair.split_at_mut(half);
			for (low, high) in low.iter_mut().zip(high) {
				(*low, *high) = (*low + *high, *low - *high);
			}
		}
		half *= 2;
	}
}

impl Projection {
	/// The matrix of `seed`.
	///
	/// # Panics
	/// Where there are more rows than columns, rounded up to a power of two: no more are orthogonal.
	pub fn new(seed: &Hash, rows: usize, columns: usize) -> Self {
		let width = columns.next_power_of_two();
		assert!(rows <= width, "{rows} rows of {columns} columns");
		let signs = (0..columns.div_ceil(BLOCK)).map(|block| drawn(SIGNS, seed, block));
		Self { columns, signs: signs.collect(), rows: chosen(seed, rows, width) }
	}

	/// The projection of `feature`, whose length is the number of columns; columns beyond the
	/// shorter of the two count as zero.
	pub fn apply(&self, feature: &[f32]) -> Vec<f32> {
		let mut wide: Vec<f64> = self.signed(feature).collect();
		wide.resize(self.columns.next_power_of_two(), 0.0);
		hadamard(&mut wide);
		let norm = 1.0 / (self.rows.len().max(1) as f64).sqrt();
		self.rows.iter().map(|row| (wide[*row as usize] * norm) as f32).collect()
	}

	/// The projection of every one of `features`, `[features, length]`: `[features, rows]`, with the
	/// bits of [`Projection::apply`].
	pub fn apply_all(&self, features: &[f32], length: usize) -> Vec<f32> {
		let features = features.par_chunks(length.max(1));
		features.flat_map_iter(|feature| self.apply(feature)).collect()
	}

	/// The feature's components, with their signs.
	fn signed(&self, feature: &[f32]) -> impl Iterator<Item = f64> {
		let signs = self
			.signs
			.as_flattened()
			.iter()
			.flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1));
		let signed = |(value, sign): (&f32, u8)| if sign == 0 { *value } else { -*value };
		feature.iter().take(self.columns).zip(signs).map(signed).map(f64::from)
	}
}

#[cfg(test)]
mod tests;
