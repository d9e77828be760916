//! Products with weights that are not quantised.
//!
//! Each result is one chain of fused multiply-adds over its inputs, from the first to the last,
//! beginning with zero. Sixteen outputs make a panel, whose weights lie input by input.

use super::{
	Arch, Floats, Isa, Kernel, Shared,
	element::{Element, Precision, with_element},
	lanes::Vector,
	quantised::LANES,
	storage::Bytes,
	update::{Update, View},
};

/// Rows that are multiplied at once: with sixteen outputs each, as many sums as AVX2 has room for.
const ROWS: usize = 6;
/// Inputs whose weights are kept in a first-level cache, while rows pass by.
const DEPTH: usize = 256;
/// Rows that are kept in a second-level cache, with as many inputs.
const AT_ONCE: usize = 96;

/// A matrix of weights, `[outputs, inputs]`, in panels of sixteen outputs.
#[derive(Debug, Clone)]
pub(crate) struct Panels {
	precision: Precision,
	outputs: usize,
	inputs: usize,
	data: Bytes,
}

impl Panels {
	/// Packs weights; `row` gives those of each output. They are rounded to the precision.
	pub(crate) fn pack(
		precision: Precision,
		outputs: usize,
		inputs: usize,
		row: impl Fn(usize) -> Vec<f32>,
	) -> Self {
		let size = inputs * LANES * precision.bytes();
		let mut data = Bytes::zeroed(outputs.div_ceil(LANES) * size);
		let (mut panel, mut bytes) = (vec![0.0; inputs * LANES], Vec::new());
		for (number, first) in (0..outputs).step_by(LANES).enumerate() {
			panel.fill(0.0);
			for lane in 0..LANES.min(outputs - first) {
				for (input, weight) in row(first + lane).into_iter().enumerate() {
					panel[input * LANES + lane] = weight;
				}
			}
			bytes.clear();
			precision.write(&panel, &mut bytes);
			data[number * size..][..size].copy_from_slice(&bytes);
		}
		Self { precision, outputs, inputs, data }
	}

	/// Number of outputs.
	pub(crate) fn outputs(&self) -> usize {
		self.outputs
	}

	/// Number of inputs.
	pub(crate) fn inputs(&self) -> usize {
		self.inputs
	}

	/// Number of panels.
	pub(crate) fn count(&self) -> usize {
		self.outputs.div_ceil(LANES)
	}

	/// The packed weights.
	pub(crate) fn data(&self) -> &[u8] {
		&self.data
	}

	fn panel(&self, index: usize) -> &[u8] {
		let size = self.inputs * LANES * self.precision.bytes();
		&self.data[index * size..][..size]
	}

	/// The products of some panels with the rows of `x`, into the same rows of `target`.
	///
	/// # Safety
	/// Nobody else may write the columns of these panels.
	pub(crate) unsafe fn multiply(
		&self,
		isa: Isa,
		panels: std::ops::Range<usize>,
		x: &[f32],
		target: Shared<'_, f32>,
	) {
		let rows = x.len() / self.inputs.max(1);
		if rows == 0 {
			return;
		}
		if rows > ROWS {
			// SAFETY: as the caller promises.
			return unsafe { self.multiply_many(isa, panels, x, target) };
		}
		for index in panels {
			let panel = self.panel(index);
			let lanes = LANES.min(self.outputs - index * LANES);
			let mut results = [[0.0; LANES]; ROWS];
			let precision = self.precision;
			isa.run(Multiply { precision, panel, x, results: &mut results[..rows] });
			for (row, results) in results[..rows].iter().enumerate() {
				let at = row * self.outputs + index * LANES;
				// SAFETY: the caller guarantees that the columns are ours.
				unsafe { target.slice(at, lanes) }.copy_from_slice(&results[..lanes]);
			}
		}
	}

	/// As [`Panels::multiply`], for so many rows that weights are worth keeping near: the chains are
	/// continued stretch by stretch of the inputs.
	///
	/// # Safety
	/// As there.
	unsafe fn multiply_many(
		&self,
		isa: Isa,
		panels: std::ops::Range<usize>,
		x: &[f32],
		target: Shared<'_, f32>,
	) {
		let rows = x.len() / self.inputs;
		let widens = self.precision != Precision::F32 || cfg!(target_endian = "big");
		let mut weights = Floats::zeroed(if widens { DEPTH * LANES } else { 0 });
		let mut sums = Floats::zeroed(AT_ONCE.min(rows) * LANES);
		for index in panels {
			let panel = self.panel(index);
			let lanes = LANES.min(self.outputs - index * LANES);
			for (chunk, x) in x.chunks(AT_ONCE * self.inputs).enumerate() {
				let count = x.len() / self.inputs;
				let sums = &mut sums[..count * LANES];
				sums.fill(0.0);
				for (stretch, bytes) in
					panel.chunks(DEPTH * LANES * self.precision.bytes()).enumerate()
				{
					let depth = bytes.len() / (LANES * self.precision.bytes());
					let b = if widens {
						let target = &mut weights[..depth * LANES];
						isa.run(Widen { precision: self.precision, bytes, target });
						target
					} else {
						// SAFETY: any four bytes are a number.
						let (before, numbers, after) = unsafe { bytes.align_to::<f32>() };
						debug_assert!(before.is_empty() && after.is_empty(), "lines are aligned");
						numbers
					};
					let a = View::rows(&x[stretch * DEPTH..], count, depth, self.inputs);
					let (b_step, c, c_step) = (LANES, &mut *sums, LANES);
					Update { a, b, b_step, c, c_step, columns: LANES }.run(isa);
				}
				for (row, sums) in (chunk * AT_ONCE..).zip(sums.chunks_exact(LANES)) {
					let at = row * self.outputs + index * LANES;
					// SAFETY: the caller guarantees that the columns are ours.
					unsafe { target.slice(at, lanes) }.copy_from_slice(&sums[..lanes]);
				}
			}
		}
	}

	/// The weights of a panel for some inputs in single precision: a row of `stride` for each of its
	/// sixteen outputs.
	pub(crate) fn expand(
		&self,
		isa: Isa,
		panel: usize,
		inputs: std::ops::Range<usize>,
		target: &mut [f32],
		stride: usize,
	) {
		let each = LANES * self.precision.bytes();
		let weights = &self.panel(panel)[inputs.start * each..inputs.end * each];
		isa.run(Expand { precision: self.precision, weights, target, stride });
	}
}

struct Multiply<'a> {
	precision: Precision,
	panel: &'a [u8],
	/// As many rows as there are results, at most [`ROWS`].
	x: &'a [f32],
	results: &'a mut [[f32; LANES]],
}

impl Kernel for Multiply<'_> {
	type Output = ();

	#[inline(always)]
	fn run<A: Arch>(self) {
		let Self { precision, panel, x, results } = self;
		match results.len() {
			ROWS => with_element!(precision, multiply, [A, ROWS], (panel, x, results)),
			4 => with_element!(precision, multiply, [A, 4], (panel, x, results)),
			2 => with_element!(precision, multiply, [A, 2], (panel, x, results)),
			1 => with_element!(precision, multiply, [A, 1], (panel, x, results)),
			count => {
				let inputs = x.len() / count.max(1);
				for (x, results) in x.chunks_exact(inputs).zip(results.chunks_exact_mut(1)) {
					with_element!(precision, multiply, [A, 1], (panel, x, results));
				}
			}
		}
	}
}

#[inline(always)]
fn multiply<E: Element, A: Arch, const R: usize>(
	panel: &[u8],
	x: &[f32],
	results: &mut [[f32; LANES]],
) {
	let inputs = panel.len() / (LANES * E::BYTES);
	let mut rows = x.chunks_exact(inputs);
	let rows: [&[f32]; R] = std::array::from_fn(|_| &rows.next().unwrap_or_default()[..inputs]);
	let mut sums = [A::Sixteen::splat(0.0); R];
	for (at, weights) in panel.chunks_exact(LANES * E::BYTES).enumerate() {
		let weights = E::long::<A>(weights);
		for (sum, row) in sums.iter_mut().zip(&rows) {
			*sum = A::Sixteen::splat(row[at]).fma(weights, *sum);
		}
	}
	for (sum, result) in sums.into_iter().zip(results) {
		// SAFETY: an array of sixteen.
		unsafe { sum.store(result.as_mut_ptr()) };
	}
}

/// Weights in single precision, in their order.
struct Widen<'a> {
	precision: Precision,
	bytes: &'a [u8],
	target: &'a mut [f32],
}

impl Kernel for Widen<'_> {
	type Output = ();

	#[inline(always)]
	fn run<A: Arch>(self) {
		with_element!(self.precision, widen, [A], (self.bytes, self.target));
	}
}

#[inline(always)]
fn widen<E: Element, A: Arch>(bytes: &[u8], target: &mut [f32]) {
	let targets = target.as_chunks_mut::<LANES>().0;
	for (bytes, target) in bytes.chunks_exact(LANES * E::BYTES).zip(targets) {
		*target = E::load::<A>(bytes);
	}
}

struct Expand<'a> {
	precision: Precision,
	weights: &'a [u8],
	target: &'a mut [f32],
	stride: usize,
}

impl Kernel for Expand<'_> {
	type Output = ();

	#[inline(always)]
	fn run<A: Arch>(self) {
		with_element!(self.precision, expand, [A], (self.weights, self.target, self.stride));
	}
}

#[inline(always)]
fn expand<E: Element, A: Arch>(weights: &[u8], target: &mut [f32], stride: usize) {
	for (input, weights) in weights.chunks_exact(LANES * E::BYTES).enumerate() {
		for (lane, weight) in E::load::<A>(weights).into_iter().enumerate() {
			target[lane * stride + input] = weight;
		}
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

	fn product(panels: &Panels, isa: Isa, x: &[f32]) -> Vec<f32> {
		let mut target = vec![f32::NAN; x.len() / panels.inputs() * panels.outputs()];
		// SAFETY: nobody else writes.
		unsafe { panels.multiply(isa, 0..panels.count(), x, Shared::new(&mut target)) };
		target
	}

	#[test]
	fn each_product_is_one_chain_on_every_instruction_set_and_for_every_number_of_rows() {
		let (outputs, inputs) = (35, 300);
		let weights = uniform(outputs * inputs, 1);
		let x = uniform(100 * inputs, 2);
		for precision in [Precision::F32, Precision::F16, Precision::BF16] {
			let row = |output: usize| weights[output * inputs..][..inputs].to_vec();
			let panels = Panels::pack(precision, outputs, inputs, row);
			for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
				let mut expanded = vec![0.0; panels.count() * LANES * inputs];
				for (panel, target) in expanded.chunks_mut(LANES * inputs).enumerate() {
					panels.expand(isa, panel, 0..inputs, target, inputs);
				}
				for rows in (1..=13).chain([100]) {
					let y = product(&panels, isa, &x[..rows * inputs]);
					for (at, y) in y.iter().enumerate() {
						let (row, output) = (at / outputs, at % outputs);
						let weights = &expanded[output * inputs..][..inputs];
						let chain = x[row * inputs..].iter().zip(weights);
						let expected = chain.fold(0f32, |sum, (x, weight)| x.mul_add(*weight, sum));
						assert_eq!(y.to_bits(), expected.to_bits(), "{precision:?} {isa:?} {rows}");
					}
				}
			}
		}
	}

	#[test]
	fn weights_are_rounded_to_the_nearest_when_packed() {
		let panels = Panels::pack(Precision::F16, 1, 2, |_| vec![0.1, -1.0]);
		let mut target = [0.0; 2 * LANES];
		panels.expand(Isa::best(), 0, 0..2, &mut target, 2);
		assert_eq!(target[..2], [half::f16::from_f32(0.1).to_f32(), -1.0]);
	}
}
