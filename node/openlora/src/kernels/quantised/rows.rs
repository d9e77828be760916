//! Activations rounded to eight bits, block by block.

use super::layout::BLOCK;
use crate::kernels::{Arch, Kernel, Shared, Team};

/// Below this a block counts as zero: dividing 127 by it could overflow.
const SMALLEST: f32 = f32::from_bits((127 - 100) << 23);

/// Numbers of this size have no fraction, and those near it follow each other as their bits do.
const SHIFT: f32 = (3 << 22) as f32;

/// Rows of activations, rounded: `x ≈ scale · q` with `q` within −127 to 127.
#[derive(Debug, Default)]
pub(crate) struct Rows {
	count: usize,
	/// Blocks of a row; the last is filled up with zeros.
	blocks: usize,
	values: Vec<i8>,
	scales: Vec<f32>,
	/// `scale · Σ q` of each block.
	sums: Vec<f32>,
	/// `Σ q` of the halves of each block.
	totals: Vec<[i16; 2]>,
}

/// One of them.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
	pub(super) values: &'a [i8],
	pub(super) scales: &'a [f32],
	pub(super) sums: &'a [f32],
	/// Only AVX-512 takes halves of blocks by themselves.
	#[cfg_attr(not(any(target_arch = "x86_64", test)), expect(dead_code))]
	pub(super) totals: &'a [[i16; 2]],
}

impl Rows {
	/// Number of rows.
	pub(crate) fn count(&self) -> usize {
		self.count
	}

	/// Blocks of 32 in each.
	pub(super) fn blocks(&self) -> usize {
		self.blocks
	}

	/// Row `index`.
	pub(super) fn row(&self, index: usize) -> Row<'_> {
		let from = index * self.blocks;
		Row {
			values: &self.values[from * BLOCK..][..self.blocks * BLOCK],
			scales: &self.scales[from..][..self.blocks],
			sums: &self.sums[from..][..self.blocks],
			totals: &self.totals[from..][..self.blocks],
		}
	}

	/// Takes the place of what was there: `x` has rows of `width`.
	///
	/// For each block of 32, with `m` the largest magnitude, `scale = m / 127` and
	/// `q = round(x · (127 / m))`, ties to even; a block whose `m` is below 2⁻¹⁰⁰ is zero. False when
	/// a value is not finite; the rows are of no use then.
	pub(crate) fn assign(&mut self, team: &Team, x: &[f32], width: usize) -> bool {
		let (count, blocks) = (x.len() / width.max(1), width.div_ceil(BLOCK));
		(self.count, self.blocks) = (count, blocks);
		self.values.resize(count * blocks * BLOCK, 0);
		self.scales.resize(count * blocks, 0.0);
		self.sums.resize(count * blocks, 0.0);
		self.totals.resize(count * blocks, [0; 2]);
		let values = Shared::new(&mut self.values);
		let (scales, sums) = (Shared::new(&mut self.scales), Shared::new(&mut self.sums));
		let totals = Shared::new(&mut self.totals);
		let bad = std::sync::atomic::AtomicBool::new(false);
		// Some thousand values are done before another thread has noticed.
		let at_once = (4096 / width.max(1)).max(1);
		team.for_each(count.div_ceil(at_once), &|task| {
			let first = task * at_once;
			let rows = at_once.min(count - first);
			// SAFETY: each task has rows of its own.
			let kernel = unsafe {
				Quantise {
					x: &x[first * width..][..rows * width],
					width,
					values: values.slice(first * blocks * BLOCK, rows * blocks * BLOCK),
					scales: scales.slice(first * blocks, rows * blocks),
					sums: sums.slice(first * blocks, rows * blocks),
					totals: totals.slice(first * blocks, rows * blocks),
				}
			};
			if !team.isa().run(kernel) {
				bad.store(true, std::sync::atomic::Ordering::Relaxed);
			}
		});
		!bad.into_inner()
	}
}

struct Quantise<'a> {
	x: &'a [f32],
	width: usize,
	values: &'a mut [i8],
	scales: &'a mut [f32],
	sums: &'a mut [f32],
	totals: &'a mut [[i16; 2]],
}

impl Kernel for Quantise<'_> {
	type Output = bool;

	#[inline(always)]
	fn run<A: Arch>(self) -> bool {
		let blocks = self.width.div_ceil(BLOCK);
		let mut finite = true;
		let rows = self.x.chunks_exact(self.width);
		let targets = self.values.chunks_exact_mut(blocks * BLOCK);
		let numbers = self.scales.chunks_exact_mut(blocks).zip(self.sums.chunks_exact_mut(blocks));
		let numbers = numbers.zip(self.totals.chunks_exact_mut(blocks));
		for ((x, values), ((scales, sums), totals)) in rows.zip(targets).zip(numbers) {
			let (whole, rest) = x.as_chunks::<BLOCK>();
			let (targets, _) = values.as_chunks_mut::<BLOCK>();
			for (at, target) in targets.iter_mut().enumerate() {
				let mut filled = [0.0; BLOCK];
				let block = whole.get(at).unwrap_or_else(|| {
					filled[..rest.len()].copy_from_slice(rest);
					&filled
				});
				let Some((scale, total)) = quantise(block, target) else {
					finite = false;
					continue;
				};
				scales[at] = scale;
				sums[at] = scale * total.iter().sum::<i32>() as f32;
				totals[at] = total.map(|half| half as i16);
			}
		}
		finite
	}
}

/// Scale of the block, and sums of the halves of its whole numbers; None when a value is not finite.
///
/// Every loop does one thing, so that compilers make vectors of it.
#[inline(always)]
fn quantise(x: &[f32; BLOCK], target: &mut [i8; BLOCK]) -> Option<(f32, [i32; 2])> {
	// Without their signs, floats are ordered as their bits are, with infinity and NaN on top.
	let mut largest = 0;
	for x in x {
		largest = largest.max((x.to_bits() & 0x7fff_ffff) as i32);
	}
	let largest = f32::from_bits(largest as u32);
	if !largest.is_finite() {
		return None;
	}
	if largest < SMALLEST {
		target.fill(0);
		return Some((0.0, [0; 2]));
	}
	let factor = 127.0 / largest;
	// The magnitude is at most 127 · (1 + 2⁻²²): the sum keeps whole numbers alone, ties to even.
	let mut rounded = [0; BLOCK];
	for (rounded, x) in rounded.iter_mut().zip(x) {
		*rounded = (x * factor + SHIFT).to_bits() as i32 - SHIFT.to_bits() as i32;
	}
	let mut totals = [0; 2];
	for (total, half) in totals.iter_mut().zip(rounded.as_chunks::<{ BLOCK / 2 }>().0) {
		for rounded in half {
			*total += rounded;
		}
	}
	for (target, rounded) in target.iter_mut().zip(rounded) {
		*target = rounded as i8;
	}
	Some((largest / 127.0, totals))
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::kernels::Isa;
	use rand::{Rng, SeedableRng};

	fn rows(x: &[f32], width: usize, isa: Isa) -> Option<Rows> {
		let mut rows = Rows::default();
		rows.assign(&Team::alone_with(isa), x, width).then_some(rows)
	}

	#[test]
	fn rows_follow_the_definition_on_every_instruction_set() {
		let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
		let width = 75;
		let x: Vec<f32> = (0..4 * width).map(|_| rng.random_range(-3.0f32..3.0).powi(5)).collect();
		for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
			let rows = rows(&x, width, isa).unwrap();
			for (index, x) in x.chunks(width).enumerate() {
				let row = rows.row(index);
				for (at, block) in x.chunks(BLOCK).enumerate() {
					let largest = block.iter().fold(0f32, |most, x| most.max(x.abs()));
					let q: Vec<f32> =
						block.iter().map(|x| (x * (127.0 / largest)).round_ties_even()).collect();
					let values = &row.values[at * BLOCK..][..block.len()];
					assert!(q.iter().zip(values).all(|(q, value)| *q == f32::from(*value)));
					assert_eq!(row.scales[at], largest / 127.0);
					assert_eq!(row.sums[at], largest / 127.0 * q.iter().sum::<f32>());
					let (first, second) = q.split_at(q.len().min(BLOCK / 2));
					let totals = [first, second].map(|half| half.iter().sum::<f32>());
					assert_eq!(row.totals[at].map(f32::from), totals);
				}
				assert!(row.values[width..].iter().all(|value| *value == 0));
			}
		}
	}

	#[test]
	fn largest_magnitude_becomes_127_and_ties_go_to_even() {
		let mut x = [0f32; BLOCK];
		x[..6].copy_from_slice(&[-127.0, 0.5, 1.5, 2.5, -0.5, -1.5]);
		let rows = rows(&x, BLOCK, Isa::best()).unwrap();
		assert_eq!(rows.row(0).values[..6], [-127, 0, 2, 2, 0, -2]);
	}

	#[test]
	fn block_is_zero_when_its_values_are_too_small_to_divide_by() {
		let x = [1e-38f32; BLOCK];
		let rows = rows(&x, BLOCK, Isa::best()).unwrap();
		assert_eq!(rows.row(0).values, [0; BLOCK]);
		assert_eq!((rows.row(0).scales[0], rows.row(0).sums[0]), (0.0, 0.0));
	}

	#[test]
	fn rows_are_refused_when_a_value_is_not_finite() {
		for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
			for at in [0, 31, 40, 63] {
				let mut x = [1f32; 64];
				x[at] = bad;
				for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
					assert!(rows(&x, 64, isa).is_none(), "{bad} at {at}");
				}
			}
		}
	}
}
