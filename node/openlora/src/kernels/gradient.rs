//! Gradients of the operations on rows.

use super::{
	Arch, Kernel,
	exp::{exp, sigmoid},
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

/// Gradient of [`super::attention`] for one position and one query head.
///
/// Probabilities `p` are those of the keys by [`dot`]; with `g` the result's gradient,
/// `d = p · (g·v − Σ p · g·v)`, the gradients are `Σ scale · d · k` of the query, `scale · d · q` of
/// each key, and `p · g` of each value, position by position. Positions, counted from the first that
/// the query sees, are constant before `start`.
pub(crate) struct AttentionGradient<'a> {
	pub(crate) query: &'a [f32],
	/// Of the result.
	pub(crate) gradient: &'a [f32],
	/// `[positions, width]`, as many as the query sees.
	pub(crate) keys: &'a [f32],
	pub(crate) values: &'a [f32],
	pub(crate) scale: f32,
	pub(crate) start: usize,
	/// Added to, `[width]`.
	pub(crate) of_query: &'a mut [f32],
	/// Added to, `[positions from start on, width]`, possibly more.
	pub(crate) of_keys: &'a mut [f32],
	pub(crate) of_values: &'a mut [f32],
	/// Room for two numbers for each position.
	pub(crate) scratch: &'a mut Vec<f32>,
}

impl Kernel for AttentionGradient<'_> {
	type Output = ();

	#[inline(always)]
	fn run<A: Arch>(self) {
		let width = self.query.len();
		let positions = self.keys.len() / width;
		self.scratch.clear();
		self.scratch.resize(2 * positions, 0.0);
		let (p, d) = self.scratch.split_at_mut(positions);
		for (p, key) in p.iter_mut().zip(self.keys.chunks_exact(width)) {
			*p = dot::<A>(self.query, key) * self.scale;
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
		for ((p, d), value) in p.iter_mut().zip(&mut *d).zip(self.values.chunks_exact(width)) {
			*p *= factor;
			*d = dot::<A>(self.gradient, value);
		}
		let mean = dot::<A>(p, d);
		for (p, d) in p.iter().zip(&mut *d) {
			*d = self.scale * (p * (*d - mean));
		}
		for (d, key) in d.iter().zip(self.keys.chunks_exact(width)) {
			for (target, key) in self.of_query.iter_mut().zip(key) {
				*target = d.mul_add(*key, *target);
			}
		}
		let own = p.iter().zip(&*d).skip(self.start);
		let targets =
			self.of_keys.chunks_exact_mut(width).zip(self.of_values.chunks_exact_mut(width));
		for ((p, d), (of_key, of_value)) in own.zip(targets) {
			for (target, query) in of_key.iter_mut().zip(self.query) {
				*target = d.mul_add(*query, *target);
			}
			for (target, g) in of_value.iter_mut().zip(self.gradient) {
				*target = p.mul_add(*g, *target);
			}
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
