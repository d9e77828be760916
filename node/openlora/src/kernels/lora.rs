//! Low-rank updates: `y += weight · scale · B·(A·x)`, for rows that may have different adapters.

use super::{
	Arch, Isa, Kernel,
	element::{Element, Precision, with_element},
	lanes::Vector,
	quantised::LANES,
	storage::LINE,
};

/// Chains of each sum over inputs.
const CHAINS: usize = 4;
/// Ranks that are computed together.
const RANKS: usize = 8;
/// How far ahead memory is asked for, in bytes. What is read is short and lies elsewhere for every row:
/// it is over before the processor has seen that it goes on.
const AHEAD: usize = 1 << 10;

/// Dimensions of the two matrices of one adapted projection, and how they are kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Shape {
	pub(crate) precision: Precision,
	/// At least 1.
	pub(crate) rank: usize,
	pub(crate) inputs: usize,
	pub(crate) outputs: usize,
	/// Factor on the update.
	pub(crate) scale: f32,
}

impl Shape {
	/// Ranks of `A`, filled up.
	fn stride(&self) -> usize {
		self.rank.next_multiple_of(RANKS)
	}

	/// Bytes of each matrix.
	fn sizes(&self) -> (usize, usize) {
		let a = self.inputs * self.stride() * self.precision.bytes();
		(a, self.outputs.next_multiple_of(LANES) * self.rank * self.precision.bytes())
	}

	/// Bytes of both matrices, whole cache lines.
	pub(crate) fn bytes(&self) -> usize {
		let (a, b) = self.sizes();
		a.next_multiple_of(LINE) + b.next_multiple_of(LINE)
	}

	/// Packs `a`, `[rank, inputs]`, and `b`, `[outputs, rank]`, both row-major, into as many bytes as
	/// [`Shape::bytes`], all zero, rounding them to the precision.
	///
	/// # Panics
	/// When there are not that many values or bytes.
	pub(crate) fn pack(&self, a: &[f32], b: &[f32], target: &mut [u8]) {
		let Self { precision, rank, inputs, outputs, .. } = *self;
		assert!(
			a.len() == rank * inputs && b.len() == outputs * rank && target.len() == self.bytes()
		);
		let (for_a, for_b) = target.split_at_mut(self.sizes().0.next_multiple_of(LINE));
		let mut bytes = Vec::new();
		let mut write = |values: &[f32], target: &mut [u8]| {
			bytes.clear();
			precision.write(values, &mut bytes);
			target.copy_from_slice(&bytes);
		};
		let mut values = vec![0.0; self.stride()];
		for (input, target) in
			(0..inputs).zip(for_a.chunks_exact_mut(values.len() * precision.bytes()))
		{
			let column = a.iter().skip(input).step_by(inputs);
			values.iter_mut().zip(column).for_each(|(value, of)| *value = *of);
			write(&values, target);
		}
		let mut panel = vec![0.0; rank * LANES];
		let targets = for_b.chunks_exact_mut(panel.len() * precision.bytes());
		for (rows, target) in b.chunks(rank * LANES).zip(targets) {
			panel.fill(0.0);
			for (lane, row) in rows.chunks_exact(rank).enumerate() {
				for (of, value) in row.iter().enumerate() {
					panel[of * LANES + lane] = *value;
				}
			}
			write(&panel, target);
		}
	}
}

/// The two matrices of one adapted projection, as the kernels read them.
///
/// `A` lies input by input, filled up with zeros to a multiple of eight ranks, and then `B` in panels of
/// sixteen outputs, rank by rank.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair<'a> {
	shape: Shape,
	a: &'a [u8],
	b: &'a [u8],
}

impl<'a> Pair<'a> {
	/// What [`Shape::pack`] wrote.
	///
	/// # Panics
	/// When there are not as many bytes as the shape asks for.
	pub(crate) fn new(shape: Shape, bytes: &'a [u8]) -> Self {
		assert_eq!(bytes.len(), shape.bytes());
		let (a, b) = shape.sizes();
		let second = a.next_multiple_of(LINE);
		Self { shape, a: &bytes[..a], b: &bytes[second..second + b] }
	}

	/// Rank.
	pub(crate) fn rank(&self) -> usize {
		self.shape.rank
	}

	/// Factor on the update.
	pub(crate) fn scale(&self) -> f32 {
		self.shape.scale
	}

	/// (inputs, outputs).
	pub(crate) fn dimensions(&self) -> (usize, usize) {
		(self.shape.inputs, self.shape.outputs)
	}

	/// `B` transposed, `[rank, outputs]`, in single precision.
	pub(crate) fn b_rows(&self) -> Vec<f32> {
		let Shape { precision, rank, outputs, .. } = self.shape;
		let mut rows = vec![0.0; rank * outputs];
		for (panel, bytes) in self.b.chunks_exact(rank * LANES * precision.bytes()).enumerate() {
			let first = panel * LANES;
			let lanes = LANES.min(outputs.saturating_sub(first));
			for (of, values) in precision.read(bytes).chunks_exact(LANES).enumerate() {
				rows[of * outputs + first..][..lanes].copy_from_slice(&values[..lanes]);
			}
		}
		rows
	}

	/// `A·x` of one row into the `rank` values of `target`.
	///
	/// Input `i` is fused into chain `i mod 4`, and the chains are added by halving.
	pub(crate) fn down(&self, isa: Isa, x: &[f32], target: &mut [f32]) {
		isa.run(Down { pair: self, x, target });
	}

	/// Adds `factor · B·low` to the outputs `y` of one row.
	///
	/// With `u = factor · low[r]` rounded, every output becomes `fma(u, B[output][r], output)` for one
	/// rank after the other.
	pub(crate) fn up(&self, isa: Isa, low: &[f32], factor: f32, y: &mut [f32]) {
		debug_assert!(y.len() == self.shape.outputs && low.len() == self.shape.rank);
		isa.run(Up { pair: self, low, factor, y });
	}
}

struct Down<'a> {
	pair: &'a Pair<'a>,
	x: &'a [f32],
	target: &'a mut [f32],
}

impl Kernel for Down<'_> {
	type Output = ();

	#[inline(always)]
	fn run<A: Arch>(self) {
		with_element!(self.pair.shape.precision, down, [A], (self.pair, self.x, self.target));
	}
}

#[inline(always)]
fn down<E: Element, A: Arch>(pair: &Pair<'_>, x: &[f32], target: &mut [f32]) {
	let stride = pair.shape.stride() * E::BYTES;
	for (part, target) in target.chunks_mut(RANKS).enumerate() {
		let at = part * RANKS * E::BYTES;
		let mut chains = [A::Eight::splat(0.0); CHAINS];
		let load = |row: &[u8]| E::short::<A>(&row[at..at + RANKS * E::BYTES]);
		let mut inputs = x.chunks_exact(CHAINS);
		let mut rows = pair.a.chunks_exact(CHAINS * stride);
		for (x, rows) in (&mut inputs).zip(&mut rows) {
			if part == 0 {
				prefetch::<A>(rows);
			}
			for (chain, sums) in chains.iter_mut().enumerate() {
				let weights = load(&rows[chain * stride..][..stride]);
				*sums = A::Eight::splat(x[chain]).fma(weights, *sums);
			}
		}
		let left = inputs.remainder().iter().zip(rows.remainder().chunks_exact(stride));
		for ((x, row), sums) in left.zip(&mut chains) {
			*sums = A::Eight::splat(*x).fma(load(row), *sums);
		}
		let [first, second, third, fourth] = chains;
		let mut sums = [0f32; RANKS];
		// SAFETY: there is room for eight.
		unsafe { first.plus(third).plus(second.plus(fourth)).store(sums.as_mut_ptr()) };
		target.copy_from_slice(&sums[..target.len()]);
	}
}

/// Asks for what lies as far behind these bytes as [`AHEAD`].
#[inline(always)]
fn prefetch<A: Arch>(bytes: &[u8]) {
	for line in bytes.chunks(LINE) {
		A::prefetch(line.as_ptr().wrapping_add(AHEAD));
	}
}

struct Up<'a> {
	pair: &'a Pair<'a>,
	low: &'a [f32],
	factor: f32,
	y: &'a mut [f32],
}

impl Kernel for Up<'_> {
	type Output = ();

	#[inline(always)]
	fn run<A: Arch>(self) {
		let Self { pair, low, factor, y } = self;
		with_element!(pair.shape.precision, up, [A], (pair, low, factor, y));
	}
}

#[inline(always)]
fn up<E: Element, A: Arch>(pair: &Pair<'_>, low: &[f32], factor: f32, y: &mut [f32]) {
	let panels = pair.b.chunks_exact(pair.shape.rank * LANES * E::BYTES);
	for (y, panel) in y.chunks_mut(LANES).zip(panels) {
		prefetch::<A>(panel);
		let mut filled = [0f32; LANES];
		filled[..y.len()].copy_from_slice(y);
		// SAFETY: an array of sixteen.
		let mut sums = unsafe { A::Sixteen::load(filled.as_ptr()) };
		for (low, row) in low.iter().zip(panel.chunks_exact(LANES * E::BYTES)) {
			sums = A::Sixteen::splat(low * factor).fma(E::long::<A>(row), sums);
		}
		// SAFETY: as above.
		unsafe { sums.store(filled.as_mut_ptr()) };
		y.copy_from_slice(&filled[..y.len()]);
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

	fn packed(shape: Shape, a: &[f32], b: &[f32]) -> Vec<u8> {
		let mut bytes = vec![0; shape.bytes()];
		shape.pack(a, b, &mut bytes);
		bytes
	}

	#[test]
	fn update_has_the_same_bits_on_every_instruction_set_and_agrees_with_double_precision() {
		for (rank, inputs, outputs) in
			[(1, 3, 5), (8, 64, 48), (16, 75, 33), (20, 33, 64), (64, 40, 17)]
		{
			let (a, b) = (uniform(rank * inputs, 1), uniform(outputs * rank, 2));
			let (x, y) = (uniform(inputs, 3), uniform(outputs, 4));
			let shape = Shape { precision: Precision::F32, rank, inputs, outputs, scale: 2.0 };
			let bytes = packed(shape, &a, &b);
			let pair = Pair::new(shape, &bytes);
			let run = |isa: Isa| {
				let (mut low, mut y) = (vec![0.0; rank], y.clone());
				pair.down(isa, &x, &mut low);
				pair.up(isa, &low, pair.scale(), &mut y);
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
			let rows = pair.b_rows();
			for (at, value) in b.iter().enumerate() {
				assert_eq!(rows[at % rank * outputs + at / rank], *value);
			}
		}
	}

	#[test]
	fn matrices_are_rounded_when_kept_in_half_precision() {
		let shape = Shape { precision: Precision::F16, rank: 1, inputs: 1, outputs: 1, scale: 1.0 };
		let bytes = packed(shape, &[0.1], &[0.3]);
		let pair = Pair::new(shape, &bytes);
		let (mut low, mut y) = ([0.0], [0.0]);
		pair.down(Isa::best(), &[1.0], &mut low);
		pair.up(Isa::best(), &low, 1.0, &mut y);
		let half = |value: f32| half::f16::from_f32(value).to_f32();
		assert_eq!(low, [half(0.1)]);
		assert_eq!(y, [half(0.1) * half(0.3)]);
	}
}
