//! Causal grouped-query attention (arXiv:2305.13245) over paged keys and values.

use std::ops::Range;

use super::{
	Arch, Isa, Kernel,
	exp::exp,
	kv::{PAGE, View},
	lanes::Vector,
	vector::{halve, largest},
};

/// Query heads that are scored at once: with sixteen positions each, as many sums as fit AVX2.
const HEADS: usize = 4;

/// The result of one position for the query heads that share a key head.
///
/// With `s(t) = scale · Σ q·k(t)`, the sum one chain over the head's elements, and `m` the largest
/// score of positions `first` to `at`: `e(t) = exp(s(t) − m)`; the normaliser adds `e(t)` into partial sum
/// `t mod 16`, and the partial sums by halving; the result is `Σ e(t) · v(t)`, one chain over the
/// positions from the first to the last, times the normaliser's reciprocal. Other positions are not
/// part of any sum.
pub(crate) struct Attend<'a> {
	/// Rotated queries, one row of the head's width for each.
	pub(crate) queries: &'a [f32],
	pub(crate) view: View<'a>,
	/// The first position that the queries see.
	pub(crate) first: usize,
	/// The position of the queries.
	pub(crate) at: usize,
	/// Room for scores, of any length.
	pub(crate) scratch: &'a mut Vec<f32>,
	/// As the queries.
	pub(crate) target: &'a mut [f32],
}

/// `1 / √width`.
pub(crate) fn scale(width: usize) -> f32 {
	(1.0 / (width as f64).sqrt()) as f32
}

impl Attend<'_> {
	/// Computes it.
	pub(crate) fn run(self, isa: Isa) {
		isa.run(self);
	}
}

impl Kernel for Attend<'_> {
	type Output = ();

	#[inline(always)]
	fn run<A: Arch>(self) {
		let width = self.view.width();
		let (chunk, seen) = (HEADS * width, self.first..self.at + 1);
		for (queries, target) in self.queries.chunks(chunk).zip(self.target.chunks_mut(chunk)) {
			match queries.len() / width {
				4 => attend::<A, 4>(queries, self.view, seen.clone(), self.scratch, target),
				3 => attend::<A, 3>(queries, self.view, seen.clone(), self.scratch, target),
				2 => attend::<A, 2>(queries, self.view, seen.clone(), self.scratch, target),
				_ => attend::<A, 1>(queries, self.view, seen.clone(), self.scratch, target),
			}
		}
	}
}

#[inline(always)]
fn attend<A: Arch, const H: usize>(
	queries: &[f32],
	view: View<'_>,
	seen: Range<usize>,
	scratch: &mut Vec<f32>,
	target: &mut [f32],
) {
	let width = view.width();
	let pages = seen.start / PAGE..seen.end.div_ceil(PAGE);
	// Positions are counted from the first page that is looked at.
	let (begin, end) = (seen.start % PAGE, seen.end - pages.start * PAGE);
	let room = pages.len() * PAGE;
	scratch.clear();
	scratch.resize(H * room, 0.0);
	let queries: [&[f32]; H] = std::array::from_fn(|head| &queries[head * width..][..width]);

	let scale = scale(width);
	for (number, page) in pages.clone().enumerate() {
		let (keys, _) = view.page(page);
		let mut sums = [A::Sixteen::splat(0.0); H];
		for (element, keys) in keys.as_chunks::<PAGE>().0.iter().take(width).enumerate() {
			let keys = halves::<A>(keys);
			for (sum, query) in sums.iter_mut().zip(&queries) {
				*sum = A::Sixteen::splat(query[element]).fma(keys, *sum);
			}
		}
		for (head, sum) in sums.into_iter().enumerate() {
			let scores = &mut scratch[head * room + number * PAGE..][..PAGE];
			// SAFETY: a page has as many positions as the vector numbers.
			unsafe { sum.store(scores.as_mut_ptr()) };
			scores.iter_mut().for_each(|score| *score *= scale);
		}
	}

	let mut factors = [0f32; H];
	for (scores, factor) in scratch.chunks_exact_mut(room).zip(&mut factors) {
		let scores = &mut scores[..end];
		let largest = largest(&scores[begin..]);
		for score in scores[begin..].iter_mut() {
			*score = exp(*score - largest);
		}
		// Added to a sum that is zero, nothing before the first position changes its bits.
		scores[..begin].fill(0.0);
		let mut lanes = [0f32; PAGE];
		for scores in scores.chunks(PAGE) {
			for (lane, score) in lanes.iter_mut().zip(scores) {
				*lane += score;
			}
		}
		*factor = 1.0 / halve(&mut lanes);
	}

	for from in (0..width).step_by(PAGE) {
		let mut sums = [A::Sixteen::splat(0.0); H];
		for (number, page) in pages.clone().enumerate() {
			let (_, values) = view.page(page);
			let count = PAGE.min(end - number * PAGE);
			for (slot, values) in values.chunks_exact(view.padded()).take(count).enumerate() {
				let Some(values) = values[from..].first_chunk::<PAGE>() else { break };
				let values = halves::<A>(values);
				for (head, sum) in sums.iter_mut().enumerate() {
					let share = scratch[head * room + number * PAGE + slot];
					*sum = A::Sixteen::splat(share).fma(values, *sum);
				}
			}
		}
		let count = PAGE.min(width - from);
		for (head, (sum, factor)) in sums.into_iter().zip(factors).enumerate() {
			let mut sums = [0f32; PAGE];
			// SAFETY: an array of sixteen.
			unsafe { sum.store(sums.as_mut_ptr()) };
			let target = &mut target[head * width + from..][..count];
			for (target, sum) in target.iter_mut().zip(sums) {
				*target = sum * factor;
			}
		}
	}
}

#[inline(always)]
fn halves<A: Arch>(halves: &[u16; PAGE]) -> A::Sixteen {
	let mut numbers = [0.0; PAGE];
	for (numbers, halves) in
		numbers.as_chunks_mut::<8>().0.iter_mut().zip(halves.as_chunks::<8>().0)
	{
		*numbers = A::widen(halves);
	}
	// SAFETY: an array of sixteen.
	unsafe { A::Sixteen::load(numbers.as_ptr()) }
}
