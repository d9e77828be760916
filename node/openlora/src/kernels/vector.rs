//! Operations on rows: norm, rotation, gated activation.

use super::exp::{exp, sigmoid};
use super::{Arch, Kernel, lanes::Vector};

/// Partial sums of a sum over a row.
const LANES: usize = 32;

/// `Σᵢ x[i] · y[i]`: element `i` is fused into partial sum `i mod 32`, and the partial sums are added
/// by halving.
#[inline(always)]
pub(super) fn dot<A: Arch>(x: &[f32], y: &[f32]) -> f32 {
	let mut lanes = [A::Sixteen::splat(0.0); 2];
	let (x_blocks, x_rest) = x.as_chunks::<LANES>();
	let (y_blocks, y_rest) = y.as_chunks::<LANES>();
	for (x, y) in x_blocks.iter().zip(y_blocks) {
		for (half, lanes) in lanes.iter_mut().enumerate() {
			let from = half * LANES / 2;
			// SAFETY: a block has two vectors.
			*lanes = unsafe {
				let (x, y) = (x.as_ptr().add(from), y.as_ptr().add(from));
				A::Sixteen::load(x).fma(A::Sixteen::load(y), *lanes)
			};
		}
	}
	let [low, high] = lanes;
	if x_rest.is_empty() || y_rest.is_empty() {
		return low.plus(high).sum();
	}
	let mut lanes = [0f32; LANES];
	// SAFETY: there is room for two vectors.
	unsafe {
		low.store(lanes.as_mut_ptr());
		high.store(lanes.as_mut_ptr().add(LANES / 2));
	}
	for ((x, y), lane) in x_rest.iter().zip(y_rest).zip(&mut lanes) {
		*lane = x.mul_add(*y, *lane);
	}
	halve(&mut lanes)
}

/// The sum of a power of two of numbers: the second half is added to the first, until one is left.
#[inline(always)]
pub(super) fn halve(lanes: &mut [f32]) -> f32 {
	let mut width = lanes.len() / 2;
	while width > 0 {
		let (low, high) = lanes.split_at_mut(width);
		for (low, high) in low.iter_mut().zip(&high[..width]) {
			*low += *high;
		}
		width /= 2;
	}
	lanes[0]
}

/// `1 / √(mean(x²) + eps)`, from the mean on in double precision.
#[inline(always)]
pub(super) fn norm_factor<A: Arch>(x: &[f32], eps: f64) -> f32 {
	let mean = f64::from(dot::<A>(x, x)) / x.len() as f64;
	(1.0 / (mean + eps).sqrt()) as f32
}

/// Root-mean-square norm (arXiv:1910.07467) of each row: `x · factor · weight`, multiplied from the
/// left, with the factor `1 / √(mean(x²) + eps)`.
pub(crate) struct Norm<'a> {
	/// Rows as long as the weight.
	pub(crate) x: &'a [f32],
	pub(crate) weight: &'a [f32],
	pub(crate) eps: f64,
	/// As `x`.
	pub(crate) target: &'a mut [f32],
}

impl Kernel for Norm<'_> {
	type Output = ();

	#[inline(always)]
	fn run<A: Arch>(self) {
		let width = self.weight.len();
		for (x, target) in self.x.chunks_exact(width).zip(self.target.chunks_exact_mut(width)) {
			let factor = norm_factor::<A>(x, self.eps);
			for ((target, x), weight) in target.iter_mut().zip(x).zip(self.weight) {
				*target = x * factor * weight;
			}
		}
	}
}

/// [`Norm`] in the place of its input.
pub(crate) struct NormInPlace<'a> {
	/// Rows as long as the weight.
	pub(crate) x: &'a mut [f32],
	pub(crate) weight: &'a [f32],
	pub(crate) eps: f64,
}

impl Kernel for NormInPlace<'_> {
	type Output = ();

	#[inline(always)]
	fn run<A: Arch>(self) {
		for x in self.x.chunks_exact_mut(self.weight.len()) {
			let factor = norm_factor::<A>(x, self.eps);
			for (x, weight) in x.iter_mut().zip(self.weight) {
				*x = *x * factor * weight;
			}
		}
	}
}

/// Rotary embedding (arXiv:2104.09864) of one position in the half-split order of Hugging Face:
/// `(a, b) ↦ (a·cos − b·sin, b·cos + a·sin)` for elements `i` and `i + width / 2` of each head, the
/// second product rounded, the first fused.
pub(crate) struct Rotate<'a> {
	/// Heads, one after the other, each twice as long as the angles' cosines.
	pub(crate) heads: &'a mut [f32],
	pub(crate) cos: &'a [f32],
	/// Negated to turn back.
	pub(crate) sin: &'a [f32],
}

impl Kernel for Rotate<'_> {
	type Output = ();

	#[inline(always)]
	fn run<A: Arch>(self) {
		let half = self.cos.len();
		for head in self.heads.chunks_exact_mut(2 * half) {
			let (first, second) = head.split_at_mut(half);
			let pairs = first.iter_mut().zip(second).zip(self.cos.iter().zip(self.sin));
			for ((a, b), (cos, sin)) in pairs {
				let turned = (a.mul_add(*cos, -(*b * sin)), b.mul_add(*cos, *a * sin));
				(*a, *b) = turned;
			}
		}
	}
}

/// `silu(gate) · up` (arXiv:2002.05202) in the place of `gate`: `gate · sigmoid(gate) · up`,
/// multiplied from the left.
pub(crate) struct Gate<'a> {
	pub(crate) gate: &'a mut [f32],
	pub(crate) up: &'a [f32],
}

impl Kernel for Gate<'_> {
	type Output = ();

	#[inline(always)]
	fn run<A: Arch>(self) {
		for (gate, up) in self.gate.iter_mut().zip(self.up) {
			*gate = *gate * sigmoid(*gate) * up;
		}
	}
}

/// Adds `y` to `x`.
pub(crate) struct Add<'a> {
	pub(crate) x: &'a mut [f32],
	pub(crate) y: &'a [f32],
}

impl Kernel for Add<'_> {
	type Output = ();

	#[inline(always)]
	fn run<A: Arch>(self) {
		for (x, y) in self.x.iter_mut().zip(self.y) {
			*x += y;
		}
	}
}

/// The largest of the numbers, whatever is not a number left out; minus infinity if there is none.
#[inline(always)]
pub(super) fn largest(values: &[f32]) -> f32 {
	let mut lanes = [f32::NEG_INFINITY; LANES];
	for values in values.chunks(LANES) {
		for (lane, value) in lanes.iter_mut().zip(values) {
			*lane = if *value > *lane { *value } else { *lane };
		}
	}
	lanes.into_iter().fold(f32::NEG_INFINITY, f32::max)
}

/// The largest number; None when one is not finite, or there is none.
pub(crate) struct Largest<'a> {
	pub(crate) values: &'a [f32],
}

impl Kernel for Largest<'_> {
	type Output = Option<f32>;

	#[inline(always)]
	fn run<A: Arch>(self) -> Option<f32> {
		// Without their signs, floats are ordered as their bits are, with infinity and NaN on top.
		let mut lanes = [0i32; LANES];
		for values in self.values.chunks(LANES) {
			for (lane, value) in lanes.iter_mut().zip(values) {
				*lane = (*lane).max((value.to_bits() & 0x7fff_ffff) as i32);
			}
		}
		let magnitude = lanes.into_iter().max().unwrap_or_default();
		let finite = f32::from_bits(magnitude as u32).is_finite() && !self.values.is_empty();
		finite.then(|| largest(self.values))
	}
}

/// Numbers whose exponentials are computed together.
const POWERS: usize = 256;
/// Partial sums of a sum of exponentials.
const SUMS: usize = 16;

/// `ln Σⱼ exp(zⱼ)` over both parts; not a number when a logit is not finite.
///
/// The largest logit is subtracted first. Exponential `j`, counted through both parts, is added in
/// double precision to partial sum `j mod 16`, and the partial sums by halving.
pub(crate) struct LogSumExp<'a> {
	pub(crate) parts: [&'a [f32]; 2],
}

impl Kernel for LogSumExp<'_> {
	type Output = f64;

	#[inline(always)]
	fn run<A: Arch>(self) -> f64 {
		let [first, second] = self.parts.map(largest);
		let largest = first.max(second);
		if !largest.is_finite() {
			return f64::NAN;
		}
		let mut powers = [0f32; POWERS];
		let mut sums = [0f64; SUMS];
		let mut count = 0;
		for part in self.parts {
			for logits in part.chunks(POWERS) {
				let powers = &mut powers[..logits.len()];
				for (power, z) in powers.iter_mut().zip(logits) {
					*power = exp(z - largest);
				}
				// Aligned to the partial sums, the loop is a vector's.
				let (head, rest) = powers.split_at((SUMS - count % SUMS).min(powers.len()));
				for (power, at) in head.iter().zip(count..) {
					sums[at % SUMS] += f64::from(*power);
				}
				for powers in rest.chunks(SUMS) {
					for (sum, power) in sums.iter_mut().zip(powers) {
						*sum += f64::from(*power);
					}
				}
				count += logits.len();
			}
		}
		f64::from(largest) + libm::log(halve_double(&mut sums))
	}
}

/// Weights `exp((z − largest) / temperature)` and their sum, in double precision by lanes of sixteen.
pub(crate) struct Weights<'a> {
	pub(crate) logits: &'a [f32],
	pub(crate) largest: f32,
	pub(crate) temperature: f32,
	/// As long as the logits.
	pub(crate) target: &'a mut [f32],
}

impl Kernel for Weights<'_> {
	type Output = f64;

	#[inline(always)]
	fn run<A: Arch>(self) -> f64 {
		let mut sums = [0f64; SUMS];
		for (logits, target) in self.logits.chunks(SUMS).zip(self.target.chunks_mut(SUMS)) {
			for ((z, target), sum) in logits.iter().zip(target).zip(&mut sums) {
				*target = exp((z - self.largest) / self.temperature);
				*sum += f64::from(*target);
			}
		}
		halve_double(&mut sums)
	}
}

#[inline(always)]
fn halve_double(lanes: &mut [f64; SUMS]) -> f64 {
	let mut width = SUMS / 2;
	while width > 0 {
		for lane in 0..width {
			lanes[lane] += lanes[lane + width];
		}
		width /= 2;
	}
	lanes[0]
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::kernels::Isa;
	use rand::{Rng, SeedableRng};
	use rand_chacha::ChaCha8Rng;

	fn uniform(count: usize, seed: u64) -> Vec<f32> {
		let mut rng = ChaCha8Rng::seed_from_u64(seed);
		(0..count).map(|_| rng.random_range(-4.0..4.0)).collect()
	}

	/// Runs on every instruction set; the results' bits have to be the same.
	fn everywhere(run: impl Fn(Isa) -> Vec<f32>) -> Vec<f32> {
		let expected = run(Isa::Portable);
		for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
			let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
			assert_eq!(bits(&run(isa)), bits(&expected), "{isa:?}");
		}
		expected
	}

	struct Dot<'a> {
		x: &'a [f32],
		y: &'a [f32],
	}

	impl Kernel for Dot<'_> {
		type Output = f32;

		#[inline(always)]
		fn run<A: Arch>(self) -> f32 {
			dot::<A>(self.x, self.y)
		}
	}

	#[test]
	fn dot_product_agrees_with_double_precision() {
		for count in [1, 31, 32, 33, 576, 1000] {
			let (x, y) = (uniform(count, 1), uniform(count, 2));
			let sum = everywhere(|isa| vec![isa.run(Dot { x: &x, y: &y })])[0];
			let exact: f64 = x.iter().zip(&y).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum();
			assert!((f64::from(sum) - exact).abs() < 1e-4 * (count as f64).sqrt());
		}
	}

	#[test]
	fn norm_agrees_with_double_precision() {
		let (x, weight) = (uniform(3 * 75, 3), uniform(75, 4));
		let y = everywhere(|isa| {
			let mut target = vec![0.0; x.len()];
			isa.run(Norm { x: &x, weight: &weight, eps: 1e-5, target: &mut target });
			let mut in_place = x.clone();
			isa.run(NormInPlace { x: &mut in_place, weight: &weight, eps: 1e-5 });
			assert_eq!(in_place, target);
			target
		});
		for (x, y) in x.chunks(75).zip(y.chunks(75)) {
			let mean = x.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / 75.0;
			for ((x, y), weight) in x.iter().zip(y).zip(&weight) {
				let exact = f64::from(*x) / (mean + 1e-5).sqrt() * f64::from(*weight);
				assert!((f64::from(*y) - exact).abs() < 1e-5);
			}
		}
	}

	#[test]
	fn rotation_follows_its_definition_and_turns_back() {
		let (x, angles) = (uniform(3 * 20, 5), uniform(10, 6));
		let cos: Vec<f32> = angles.iter().map(|angle| angle.cos()).collect();
		let sin: Vec<f32> = angles.iter().map(|angle| angle.sin()).collect();
		let back: Vec<f32> = sin.iter().map(|sin| -sin).collect();
		let turned = everywhere(|isa| {
			let mut heads = x.clone();
			isa.run(Rotate { heads: &mut heads, cos: &cos, sin: &sin });
			heads
		});
		for (x, turned) in x.chunks(20).zip(turned.chunks(20)) {
			for i in 0..10 {
				assert!((turned[i] - (x[i] * cos[i] - x[i + 10] * sin[i])).abs() < 1e-5);
				assert!((turned[i + 10] - (x[i + 10] * cos[i] + x[i] * sin[i])).abs() < 1e-5);
			}
		}
		let mut heads = turned;
		Isa::best().run(Rotate { heads: &mut heads, cos: &cos, sin: &back });
		assert!(heads.iter().zip(&x).all(|(a, b)| (a - b).abs() < 1e-5));
	}

	#[test]
	fn logarithm_of_exponentials_agrees_with_double_precision_however_they_are_split() {
		let logits = uniform(1000, 9);
		let exact = logits.iter().map(|z| f64::from(*z).exp()).sum::<f64>().ln();
		for split in [0, 1, 16, 17, 255, 256, 500, 1000] {
			let (first, second) = logits.split_at(split);
			let run = |isa: Isa| isa.run(LogSumExp { parts: [first, second] });
			assert!((run(Isa::best()) - exact).abs() < 1e-6);
			for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
				assert_eq!(run(isa).to_bits(), run(Isa::Portable).to_bits());
				let whole = isa.run(LogSumExp { parts: [&logits, &[]] });
				assert_eq!(run(isa).to_bits(), whole.to_bits());
			}
		}
	}

	#[test]
	fn logarithm_of_exponentials_is_not_a_number_when_a_logit_is_not_finite() {
		for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
			let logits = [0.0, bad, 1.0];
			let sum = Isa::best().run(LogSumExp { parts: [&logits, &[]] });
			assert_eq!(sum.is_finite(), bad == f32::NEG_INFINITY, "{bad}: {sum}");
		}
	}

	#[test]
	fn largest_number_is_found_and_refused_when_one_is_not_finite() {
		let mut values = uniform(100, 10);
		values[77] = 4.5;
		for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
			assert_eq!(isa.run(Largest { values: &values }), Some(4.5));
			assert_eq!(isa.run(Largest { values: &[-3.0, -2.0] }), Some(-2.0));
			assert_eq!(isa.run(Largest { values: &[] }), None);
			for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
				let mut values = values.clone();
				values[40] = bad;
				assert_eq!(isa.run(Largest { values: &values }), None, "{bad}");
			}
		}
	}

	#[test]
	fn gate_agrees_with_double_precision() {
		let (gate, up) = (uniform(50, 7), uniform(50, 8));
		let y = everywhere(|isa| {
			let mut target = gate.clone();
			isa.run(Gate { gate: &mut target, up: &up });
			target
		});
		for ((gate, up), y) in gate.iter().zip(&up).zip(y) {
			let gate = f64::from(*gate);
			let exact = gate / (1.0 + (-gate).exp()) * f64::from(*up);
			assert!((f64::from(y) - exact).abs() < 1e-5);
		}
	}
}
