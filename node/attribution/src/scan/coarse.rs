//! The first stage of a two-stage search: a quarter of the bytes, to tell which leaves to score.
//!
//! A sketch's components are kept in two bits: v ∈ {−3, −1, 1, 3} by sign and by whether the magnitude
//! exceeds the root mean square of the sketch, which is nearly the step of the uniform quantiser of
//! four levels that loses least of a normal distribution (0.9957 σ, a distortion of 0.1188: Max 1960,
//! doi:10.1109/TIT.1960.1057548). The query stays as it is, which halves what quantising loses. The
//! product with a normal sketch then correlates with the exact one by √(1 − 0.1188) = 0.94, one bit's
//! by √(2/π) = 0.80. The best sixteen of ten million unrelated leaves score 4.7 standard deviations
//! and more. With two bits they are 4.4 ± 0.34 coarsely, so that three in a hundred thousand are not
//! within the best sixteen thousand; with one bit, 3.7 ± 0.6, it would take half a million.
//!
//! v = 2a + b with a, b ∈ {−1, 1}, so that `query · v` = 4·Σ(q where a = 1) + 2·Σ(q where b = 1) − 3·Σq:
//! sums over the set bits of two masks. Coarse scores are integers, and exact as such: which leaves are
//! scored does not depend on the machine either.

use super::{
	Probe, Rows, Scored,
	top::{Pool, Top},
};
use openledger_primitives_attribution::score;
use openlora::Isa;
use rayon::prelude::*;

#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

/// Records above which a search is done in two stages unless it is asked to be exact: where an exact
/// one reads more than ten million sketches, 5 GB with 512 components, for every answer.
pub const COARSE_ABOVE: usize = 10_000_000;

/// Leaves that are scored for each one that is wanted.
pub const CANDIDATES: usize = 1024;

/// Components that share a word of each mask.
const WORD: usize = 64;
/// Rows that a thread takes at a time.
const TASK: usize = 1 << 13;
/// Rows whose sums are taken together.
const BLOCK: usize = 256;

/// All leaves in two bits a component: `dimension / 4` bytes a leaf, and 8 for its length.
#[derive(Debug, Clone)]
pub struct Coarse {
	/// For each row and each word of components, the two masks.
	masks: Vec<[u64; 2]>,
	/// `scale · ⌊|sketch|⌋` of each row.
	lengths: Vec<u64>,
	words: usize,
}

impl Coarse {
	/// Reads all rows once.
	pub fn new(rows: &Rows) -> Self {
		let words = rows.dimension().div_ceil(WORD);
		let masks = (0..rows.len())
			.into_par_iter()
			.flat_map_iter(|row| {
				let square = i64::from(rows.square(row));
				let sketch = rows.sketch(row);
				let dimension = sketch.len() as i64;
				sketch.chunks(WORD).map(move |components| {
					components.iter().enumerate().fold([0; 2], |[a, b], (at, component)| {
						let component = i64::from(*component);
						let large = component * component * dimension > square;
						let positive = component >= 0;
						[a | u64::from(positive) << at, b | u64::from(positive == large) << at]
					})
				})
			})
			.collect();
		let lengths = (0..rows.len())
			.into_par_iter()
			.map(|row| u64::from(rows.scale(row)) * u64::from(rows.square(row).isqrt()))
			.collect();
		Self { masks, lengths, words }
	}

	/// Whether it is of as many rows, as long ones.
	pub(super) fn is_of(&self, rows: &Rows) -> bool {
		self.lengths.len() == rows.len() && self.words == rows.dimension().div_ceil(WORD)
	}

	/// Bytes that it takes.
	pub fn bytes(&self) -> usize {
		size_of_val(&self.masks[..]) + size_of_val(&self.lengths[..])
	}
}

/// A query as the masks are summed over: as kernels of each set want it.
enum Summed<'a> {
	#[cfg(target_arch = "x86_64")]
	Wide(&'a Probe),
	Portable(portable::Tables, &'a Probe),
}

impl<'a> Summed<'a> {
	fn new(isa: Isa, probe: &'a Probe) -> Self {
		match isa {
			#[cfg(target_arch = "x86_64")]
			Isa::Avx512 => Self::Wide(probe),
			_ => Self::Portable(portable::Tables::new(probe), probe),
		}
	}

	/// `query · v` of each row.
	fn products(&self, masks: &[[u64; 2]], products: &mut [i32]) {
		let sum = match self {
			#[cfg(target_arch = "x86_64")]
			Self::Wide(probe) => {
				// SAFETY: it is only made where the processor has the features; there are as many masks
				// as `best` gives it for each product.
				unsafe { avx512::sums(probe, masks, products) };
				probe.sum()
			}
			Self::Portable(tables, probe) => {
				tables.sums(masks, products);
				probe.sum()
			}
		};
		products.iter_mut().for_each(|product| *product -= 3 * sum);
	}
}

/// For each query, the best `count` of `rows` that `keep` says yes to, best first, of the
/// [`CANDIDATES`] · `count` coarsely best that `candidate` says yes to.
pub(super) fn best(
	coarse: &Coarse,
	rows: &Rows,
	probes: &[Probe],
	count: usize,
	candidate: impl Fn(usize) -> bool + Sync + Send,
	keep: impl Fn(usize, usize, i64) -> bool + Sync + Send,
) -> Vec<Vec<Scored>> {
	let kept = count.saturating_mul(CANDIDATES).min(rows.len());
	let found = candidates(Isa::best(), coarse, probes, kept, candidate);
	found
		.into_iter()
		.enumerate()
		.map(|(which, found)| {
			let mut top = Top::new(count);
			for row in found.into_iter().map(|row| row as usize) {
				let score = score::score(probes[which].sketch(), rows.scale(row), rows.sketch(row));
				let scored = Scored { position: rows.position(row), score };
				if top.admits(scored) && keep(which, row, score) {
					top.push(scored);
				}
			}
			top.into_sorted()
		})
		.collect()
}

/// For each query, the rows with the best coarse scores, in ascending order.
fn candidates(
	isa: Isa,
	coarse: &Coarse,
	probes: &[Probe],
	count: usize,
	candidate: impl Fn(usize) -> bool + Sync + Send,
) -> Vec<Vec<u32>> {
	let summed: Vec<Summed> = probes.iter().map(|probe| Summed::new(isa, probe)).collect();
	let empty = || vec![Pool::new(count); probes.len()];
	let tops = coarse
		.lengths
		.par_chunks(TASK)
		.zip(coarse.masks.par_chunks(TASK * coarse.words))
		.enumerate()
		.fold(empty, |mut tops, (task, (lengths, masks))| {
			let mut products = [0; BLOCK];
			let blocks = lengths.chunks(BLOCK).zip(masks.chunks(BLOCK * coarse.words));
			for (block, (lengths, masks)) in blocks.enumerate() {
				let first = task * TASK + block * BLOCK;
				for (summed, top) in summed.iter().zip(&mut tops) {
					let products = &mut products[..lengths.len()];
					summed.products(masks, products);
					for ((row, length), product) in (first..).zip(lengths).zip(&*products) {
						// Of records, whose scales have 16 bits, below 2²⁹ · 2²⁰.
						let score = (*length as i64).saturating_mul(i64::from(*product));
						let scored = Scored { position: row as u32, score };
						if top.admits(scored) && candidate(row) {
							top.push(scored);
						}
					}
				}
			}
			tops
		})
		.reduce(empty, |a, b| a.into_iter().zip(b).map(|(a, b)| a.merge(b)).collect());
	tops.into_iter().map(Pool::into_positions).collect()
}

#[cfg(test)]
mod tests;
