//! Low-rank updates: `y += weight · scale · B·(A·x)`, for rows that may have different adapters.

use super::{
	Arch, Isa, Kernel,
	element::{Element, Precision, with_element},
	quantised::LANES,
	storage::Bytes,
};

/// Chains of each sum over inputs.
const CHAINS: usize = 4;
/// Ranks that are computed together.
const RANKS: usize = 8;

/// The two matrices of one adapted projection, as the kernels read them.
///
/// `A` lies input by input, filled up with zeros to a multiple of eight ranks, and `B` rank by rank, to a
/// multiple of sixteen outputs.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
	precision: Precision,
	rank: usize,
	inputs: usize,
	outputs: usize,
	scale: f32,
	a: Bytes,
	b: Bytes,
}

impl Pair {
	/// Packs `a`, `[rank, inputs]`, and `b`, `[outputs, rank]`, both row-major, rounding them to the
	/// precision.
	///
	/// # Panics
	/// When there are not that many values.
	pub(crate) fn pack(
		precision: Precision,
		rank: usize,
		scale: f32,
		a: &[f32],
		b: &[f32],
	) -> Self {
		assert!(rank > 0 && a.len().is_multiple_of(rank) && b.len().is_multiple_of(rank));
		let (inputs, outputs) = (a.len() / rank, b.len() / rank);
		let pack = |rows: usize, columns: usize, value: &dyn Fn(usize, usize) -> f32| {
			let mut bytes = Bytes::with_capacity(rows * columns * precision.bytes());
			let (mut row, mut written) = (vec![0.0; columns], Vec::new());
			for at in 0..rows {
				row.iter_mut().enumerate().for_each(|(column, target)| *target = value(at, column));
				written.clear();
				precision.write(&row, &mut written);
				bytes.extend(&written);
			}
			bytes
		};
		let a = pack(inputs, rank.next_multiple_of(RANKS), &|input, of| match of < rank {
			true => a[of * inputs + input],
			false => 0.0,
		});
		let b = pack(rank, outputs.next_multiple_of(LANES), &|of, output| match output < outputs {
			true => b[output * rank + of],
			false => 0.0,
		});
		Self { precision, rank, inputs, outputs, scale, a, b }
	}

	/// Rank.
	pub(crate) fn rank(&self) -> usize {
		self.rank
	}

	/// Factor on the update.
	pub(crate) fn scale(&self) -> f32 {
		self.scale
	}

	/// (inputs, outputs).
	pub(crate) fn dimensions(&self) -> (usize, usize) {
		(self.inputs, self.outputs)
	}

	/// `B` transposed, `[rank, outputs]`, in single precision.
	pub(crate) fn b_rows(&self) -> Vec<f32> {
		let stride = self.outputs.next_multiple_of(LANES) * self.precision.bytes();
		let rows = self.b.chunks_exact(stride);
		rows.flat_map(|row| self.precision.read(&row[..self.outputs * self.precision.bytes()]))
			.collect()
	}

	/// `A·x` of one row into the `rank` values of `target`.
	///
	/// Input `i` is fused into chain `i mod 4`, and the chains are added by halving.
	pub(crate) fn down(&self, isa: Isa, x: &[f32], target: &mut [f32]) {
		isa.run(Down { pair: self, x, target });
	}

	/// Adds `factor · B·low` to the outputs `from..from + y.len()` of one row; `from` is a multiple of
	/// sixteen.
	///
	/// With `u = factor · low[r]` rounded, every output becomes `fma(u, B[output][r], output)` for one
	/// rank after the other.
	pub(crate) fn up(&self, isa: Isa, low: &[f32], factor: f32, from: usize, y: &mut [f32]) {
		debug_assert!(from.is_multiple_of(LANES) && from + y.len() <= self.outputs);
		isa.run(Up { pair: self, low, factor, from, y });
	}
}

struct Down<'a> {
	pair: &'a Pair,
	x: &'a [f32],
	target: &'a mut [f32],
}

impl Kernel for Down<'_> {
	type Output = ();

	#[inline(always)]
	fn run<A: Arch>(self) {
		with_element!(self.pair.precision, down, [A], (self.pair, self.x, self.target));
	}
}

#[inline(always)]
fn down<E: Element, A: Arch>(pair: &Pair, x: &[f32], target: &mut [f32]) {
	let stride = pair.rank.next_multiple_of(RANKS) * E::BYTES;
	for (part, target) in target.chunks_mut(RANKS).enumerate() {
		let at = part * RANKS * E::BYTES;
		let mut chains = [[0f32; RANKS]; CHAINS];
		let load = |row: &[u8]| E::eight::<A>(&row[at..at + RANKS * E::BYTES]);
		let mut inputs = x.chunks_exact(CHAINS);
		let mut rows = pair.a.chunks_exact(CHAINS * stride);
		for (x, rows) in (&mut inputs).zip(&mut rows) {
			for (chain, sums) in chains.iter_mut().enumerate() {
				let weights = load(&rows[chain * stride..][..stride]);
				for (sum, weight) in sums.iter_mut().zip(weights) {
					*sum = x[chain].mul_add(weight, *sum);
				}
			}
		}
		let left = inputs.remainder().iter().zip(rows.remainder().chunks_exact(stride));
		for ((x, row), sums) in left.zip(&mut chains) {
			for (sum, weight) in sums.iter_mut().zip(load(row)) {
				*sum = x.mul_add(weight, *sum);
			}
		}
		let [first, second, third, fourth] = chains;
		for (lane, target) in target.iter_mut().enumerate() {
			*target = (first[lane] + third[lane]) + (second[lane] + fourth[lane]);
		}
	}
}

struct Up<'a> {
	pair: &'a Pair,
	low: &'a [f32],
	factor: f32,
	from: usize,
	y: &'a mut [f32],
}

impl Kernel for Up<'_> {
	type Output = ();

	#[inline(always)]
	fn run<A: Arch>(self) {
		let Self { pair, low, factor, from, y } = self;
		with_element!(pair.precision, up, [A], (pair, low, factor, from, y));
	}
}

#[inline(always)]
fn up<E: Element, A: Arch>(pair: &Pair, low: &[f32], factor: f32, from: usize, y: &mut [f32]) {
	let stride = pair.outputs.next_multiple_of(LANES) * E::BYTES;
	for (part, y) in y.chunks_mut(LANES).enumerate() {
		let at = (from + part * LANES) * E::BYTES;
		let mut sums = [0f32; LANES];
		sums[..y.len()].copy_from_slice(y);
		for (low, row) in low.iter().zip(pair.b.chunks_exact(stride)) {
			let update = low * factor;
			let weights = E::load::<A>(&row[at..at + LANES * E::BYTES]);
			for (sum, weight) in sums.iter_mut().zip(weights) {
				*sum = update.mul_add(weight, *sum);
			}
		}
		y.copy_from_slice(&sums[..y.len()]);
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use rand::{Rng, SeedableRng};
	use rand_chacha::ChaCha8Rng;

	fn uniform(count: usize, seed: u64) -> Vec<f32> {
		let mut rng = ChaCha8Rng::seed_from_u64(seed);
		(0..count).map(|_| rng.random_range(-1.0..1.0)).collect()
	}

	#[test]
	fn update_has_the_same_bits_on_every_instruction_set_and_agrees_with_double_precision() {
		for (rank, inputs, outputs) in
			[(1, 3, 5), (8, 64, 48), (16, 75, 33), (20, 33, 64), (64, 40, 17)]
		{
			let (a, b) = (uniform(rank * inputs, 1), uniform(outputs * rank, 2));
			let (x, y) = (uniform(inputs, 3), uniform(outputs, 4));
			let pair = Pair::pack(Precision::F32, rank, 2.0, &a, &b);
			let run = |isa: Isa| {
				let (mut low, mut y) = (vec![0.0; rank], y.clone());
				pair.down(isa, &x, &mut low);
				let split = (outputs / 2).next_multiple_of(LANES).min(outputs);
				let (first, second) = y.split_at_mut(split);
				pair.up(isa, &low, pair.scale(), 0, first);
				if !second.is_empty() {
					pair.up(isa, &low, pair.scale(), split, second);
				}
				y
			};
			let expected = run(Isa::Portable);
			for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
				assert_eq!(run(isa), expected, "rank {rank} by {isa:?}");
			}
			for (output, result) in expected.iter().enumerate() {
				let low = |of: usize| -> f64 {
					(0..inputs).map(|i| f64::from(a[of * inputs + i]) * f64::from(x[i])).sum()
				};
				let update: f64 =
					(0..rank).map(|of| low(of) * f64::from(b[output * rank + of])).sum();
				assert!((f64::from(*result) - f64::from(y[output]) - 2.0 * update).abs() < 1e-4);
			}
		}
	}

	#[test]
	fn matrices_are_rounded_when_kept_in_half_precision() {
		let pair = Pair::pack(Precision::F16, 1, 1.0, &[0.1], &[0.3]);
		let (mut low, mut y) = ([0.0], [0.0]);
		pair.down(Isa::best(), &[1.0], &mut low);
		pair.up(Isa::best(), &low, 1.0, 0, &mut y);
		let half = |value: f32| half::f16::from_f32(value).to_f32();
		assert_eq!(low, [half(0.1)]);
		assert_eq!(y, [half(0.1) * half(0.3)]);
	}
}
