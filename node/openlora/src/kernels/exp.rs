//! The exponential function, in plain arithmetic that compilers turn into vector instructions.
//!
//! No fused operation and no instruction of one processor family is used, so every machine gets
//! the same bits.

/// `eˣ` to within two units in the last place; NaN stays NaN, and the ends go to 0 and infinity.
///
/// With `n` the integer nearest to `x / ln 2` and `r = x − n·ln 2`, `eˣ = 2ⁿ·eʳ`, and Taylor's
/// series to the seventh power is exact to 6·10⁻⁹ where `|r| ≤ ln 2 / 2`.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
	// Adding 1.5 · 2²³ leaves the nearest integer in the low bits.
	const ROUND: f32 = 12_582_912.0;
	// ln 2 in two parts, the first with so few bits that its multiples by n are exact.
	const LN_2_HIGH: f32 = 0.693_359_4;
	const LN_2_LOW: f32 = -2.121_944_4e-4;
	// Beyond these the result is 0 or infinite in any case, and n still fits two factors.
	let bounded = x.clamp(-104.0, 89.0);
	let shifted = bounded * std::f32::consts::LOG2_E + ROUND;
	let n = shifted - ROUND;
	let r = (bounded - n * LN_2_HIGH) - n * LN_2_LOW;
	let series = 1.0 / 720.0 + r * (1.0 / 5040.0);
	let series = 1.0 / 24.0 + r * (1.0 / 120.0 + r * series);
	let series = 1.0 + r * (1.0 + r * (0.5 + r * (1.0 / 6.0 + r * series)));
	let n = shifted.to_bits() as i32 - ROUND.to_bits() as i32;
	// 2ⁿ itself may lie outside the normal numbers where the result does not.
	let half = n >> 1;
	let power = |n: i32| f32::from_bits(((n + 127) << 23) as u32);
	let result = series * power(half) * power(n - half);
	if x.is_nan() { x } else { result }
}

/// Replaces every value by its exponential and returns their sum.
pub(crate) fn exp_all(values: &mut [f32]) -> f64 {
	// Apart from the sum, whose order must stay, the loop is free of dependencies.
	for value in values.iter_mut() {
		*value = exp(*value);
	}
	values.iter().map(|value| f64::from(*value)).sum()
}

/// `1 / (1 + e⁻ˣ)`.
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
	1.0 / (1.0 + exp(-x))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn exponential_is_within_two_units_when_compared_with_double_precision() {
		for step in 0..2_000_000 {
			let x = -87.0 + 175.5 * (step as f32 / 2e6);
			let exact = f64::from(x).exp();
			let unit = f64::from(f32::EPSILON) * exact;
			let error = (f64::from(exp(x)) - exact).abs();
			assert!(error <= 2.0 * unit, "exp({x}) is off by {} units", error / unit);
		}
	}

	#[test]
	fn exponential_is_right_when_inputs_are_special() {
		assert_eq!(exp(0.0), 1.0);
		assert_eq!(exp(f32::NEG_INFINITY), 0.0);
		assert_eq!(exp(-200.0), 0.0);
		assert_eq!(exp(f32::INFINITY), f32::INFINITY);
		assert_eq!(exp(88.8), f32::INFINITY);
		assert!(exp(f32::NAN).is_nan());
		let tiny = f64::from(exp(-95.0));
		assert!((tiny / (-95f64).exp() - 1.0).abs() < 1e-2);
	}

	#[test]
	fn sum_is_of_the_exponentials_when_taken_together() {
		let mut values = [0.0, 1.0, -1.0];
		let sum = exp_all(&mut values);
		assert!((sum - 4.086_161_3).abs() < 1e-6);
		assert_eq!(values, [exp(0.0), exp(1.0), exp(-1.0)]);
	}
}
