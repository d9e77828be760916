//! Gradients of the operations on rows.

use super::{
	Arch, Kernel,
	exp::{exp, sigmoid},
	update::{Update, View},
	vector::{LogSumExp, dot, halve, largest, norm_factor},
};
use crate::objective::Objective;

/// Adds the gradient of [`super::vector::Norm`] with respect to its input.
///
/// With `r` the row's factor, `h = gradient · weight` and `d` the width, it is
/// `fma(r, h, −(Σ h·x · r³ / d · x))`.
pub(crate) struct NormGradient<'a> {
	pub(crate) x: &'a [f32],
	pub(crate) weight: &'a [f32],
	pub(crate) eps: f64,
	/// Of the result; its own values are lost.
	pub(crate) gradient: &'a mut [f32],
	pub(crate) target: &'a mut [f32],
}

impl Kernel for NormGradient<'_> {
	type Output = ();

	#[inline(always)]
	fn run<A: Arch>(self) {
		let width = self.weight.len();
		let rows = self.x.chunks_exact(width).zip(self.gradient.chunks_exact_mut(width));
		for ((x, h), target) in rows.zip(self.target.chunks_exact_mut(width)) {
			for (h, weight) in h.iter_mut().zip(self.weight) {
				*h *= weight;
			}
			let factor = norm_factor::<A>(x, self.eps);
			let along = dot::<A>(h, x) * factor * factor * factor / width as f32;
			for ((target, h), x) in target.iter_mut().zip(h).zip(x) {
				*target += factor.mul_add(*h, -(along * x));
			}
		}
	}
}

/// From the gradient of `silu(gate) · up` to those of `gate` and `up`, in their places.
///
/// With `σ = sigmoid(gate)`: `gradient · up · (σ · (1 + gate · (1 − σ)))`, and
/// `gradient · (gate · σ)`.
pub(crate) struct GateGradient<'a> {
	pub(crate) gradient: &'a [f32],
	pub(crate) gate: &'a mut [f32],
	pub(crate) up: &'a mut [f32],
}

impl Kernel for GateGradient<'_> {
	type Output = ();

	#[inline(always)]
	fn run<A: Arch>(self) {
		for ((g, gate), up) in self.gradient.iter().zip(self.gate).zip(self.up) {
			let (a, b, sigma) = (*gate, *up, sigmoid(*gate));
			*gate = g * b * (sigma * a.mul_add(1.0 - sigma, 1.0));
			*up = g * (a * sigma);
		}
	}
}

/// An objective of one position's target, and its gradient in the place of the logits.
pub(crate) struct LossGradient<'a> {
	/// `[vocab]`; becomes the gradient, times `weight`.
	pub(crate) logits: &'a mut [f32],
	pub(crate) target: usize,
	pub(crate) objective: Objective,
	pub(crate) weight: f32,
}

impl Kernel for LossGradient<'_> {
	/// The loss, without the weight; not a number when a logit is not finite.
	type Output = f64;

	#[inline(always)]
	fn run<A: Arch>(self) -> f64 {
		let Self { logits, target, objective, weight } = self;
		let parts = match objective.counts_target() {
			true => [&*logits, &[][..]],
			false => [&logits[..target], &logits[target + 1..]],
		};
		let normaliser = LogSumExp { parts }.run::<A>();
		let (loss, factor) = objective.of_odds(f64::from(logits[target]) - normaliser);
		let weight = weight * factor;
		let shift = normaliser as f32;
		for z in logits.iter_mut() {
			*z = weight * exp(*z - shift);
		}
		match objective.counts_target() {
			true => logits[target] -= weight,
			false => logits[target] = -weight,
		}
		loss
	}
}

/// Gradient of [`super::attention`] for one position and the query heads that share a key head.
///
/// Probabilities `p` are those of the keys by [`dot`]; with `g` the result's gradient,
/// `d = p · (g·v − Σ p · g·v)`, the gradients are `Σ scale · d · k` of the query, `scale · d · q` of
/// each key, and `p · g` of each value, position by position and head by head. Positions, counted from the
/// first that the query sees, are constant before `start`.
pub(crate) struct AttentionGradient<'a> {
	pub(crate) width: usize,
	/// `[heads, width]`.
	pub(crate) queries: &'a [f32],
	/// Of the results, as the queries.
	pub(crate) gradient: &'a [f32],
	/// `[positions, width]`, as many as the query sees.
	pub(crate) keys: &'a [f32],
	pub(crate) values: &'a [f32],
	pub(crate) scale: f32,
	pub(crate) start: usize,
	/// Added to, as the queries.
	pub(crate) of_queries: &'a mut [f32],
	/// Added to, `[positions from start on, width]`, possibly more.
	pub(crate) of_keys: &'a mut [f32],
	pub(crate) of_values: &'a mut [f32],
	/// Room for two numbers for each head and position.
	pub(crate) scratch: &'a mut Vec<f32>,
}

impl Kernel for AttentionGradient<'_> {
	type Output = ();

	#[inline(always)]
	fn run<A: Arch>(self) {
		let Self { width, queries, gradient, keys, values, scale, start, .. } = self;
		let (heads, positions) = (queries.len() / width, keys.len() / width);
		self.scratch.clear();
		self.scratch.resize(2 * heads * positions, 0.0);
		let (p, d) = self.scratch.split_at_mut(heads * positions);
		let each = p.chunks_exact_mut(positions).zip(d.chunks_exact_mut(positions));
		let each = each.zip(queries.chunks_exact(width).zip(gradient.chunks_exact(width)));
		for ((p, d), (query, gradient)) in each {
			for (p, key) in p.iter_mut().zip(keys.chunks_exact(width)) {
				*p = dot::<A>(query, key) * scale;
			}
			let top = largest(p);
			let mut lanes = [0f32; 16];
			for p in p.chunks_mut(16) {
				for (lane, p) in lanes.iter_mut().zip(p) {
					*p = exp(*p - top);
					*lane += *p;
				}
			}
			let factor = 1.0 / halve(&mut lanes);
			for ((p, d), value) in p.iter_mut().zip(&mut *d).zip(values.chunks_exact(width)) {
				*p *= factor;
				*d = dot::<A>(gradient, value);
			}
			let mean = dot::<A>(p, d);
			for (p, d) in p.iter().zip(d) {
				*d = scale * (p * (*d - mean));
			}
		}
		let (p, d) = (&*p, &*d);
		let of = |a, b, c| Update { a, b, b_step: width, c, c_step: width, columns: width };
		let all = View::rows(d, heads, positions, positions);
		Kernel::run::<A>(of(all, keys, self.of_queries));
		for (factors, b, c) in [(d, queries, self.of_keys), (p, gradient, self.of_values)] {
			let own = View::rows(&factors[start..], heads, positions - start, positions).t();
			Kernel::run::<A>(of(own, b, c));
		}
	}
}

/// `Σᵢ x[i] · y[i]` of `x` with every row of `y`, times a factor.
pub(crate) struct Dots<'a> {
	pub(crate) x: &'a [f32],
	/// Rows as long as `x`, `step` apart.
	pub(crate) rows: &'a [f32],
	pub(crate) step: usize,
	pub(crate) factor: f32,
	pub(crate) target: &'a mut [f32],
}

impl Kernel for Dots<'_> {
	type Output = ();

	#[inline(always)]
	fn run<A: Arch>(self) {
		for (row, target) in self.rows.chunks(self.step).zip(self.target) {
			*target = self.factor * dot::<A>(self.x, &row[..self.x.len()]);
		}
	}
}
