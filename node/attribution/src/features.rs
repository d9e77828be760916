//! From a gradient to a feature vector of fixed length: a count-sketch.
//!
//! Every parameter is added, with a sign, to one of [`DIMENSION`] buckets (Charikar, Chen and
//! Farach-Colton 2002, doi:10.1007/3-540-45465-9_59); inner products are kept in expectation. The
//! cost is one addition for each parameter. Buckets and signs come from a counter through
//! SplitMix64's finaliser (Steele, Lea and Flood 2014, doi:10.1145/2660193.2660195), one 64-bit
//! word for four parameters: from the lowest 16 bits up, 14 bits of bucket, then one of sign. They
//! are part of the specification and not drawn for a model, so that features can be computed before
//! the chain has drawn the projection.

use crate::error::{Error, Result};

/// Components of a feature vector.
pub const DIMENSION: usize = 16_384;

/// Identifies the way features are made, in caches and index files; changes with every change of it.
pub const VERSION: u32 = 3;

const STREAM: u64 = 0x6f70_656e_6c65_6467;

/// SplitMix64: the state after `counter` steps, mixed.
fn word(counter: u64) -> u64 {
	let mut z = STREAM.wrapping_add(counter.wrapping_mul(0x9e37_79b9_7f4a_7c15));
	z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
	z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
	z ^ (z >> 31)
}

/// The count-sketch of `gradient`, [`DIMENSION`] long.
///
/// # Errors
/// [`Error::NonFinite`] where a component is not, or the sums overflow.
pub fn count_sketch(gradient: &[f32]) -> Result<Vec<f32>> {
	let mut buckets = vec![0f32; DIMENSION];
	for (counter, values) in gradient.chunks(4).enumerate() {
		let mut bits = word(counter as u64);
		for value in values {
			let sign = ((bits >> 14) as u32 & 1) << 31;
			// The mask keeps the bucket below DIMENSION.
			buckets[bits as usize & (DIMENSION - 1)] += f32::from_bits(value.to_bits() ^ sign);
			bits >>= 16;
		}
	}
	match buckets.iter().all(|bucket| bucket.is_finite()) {
		true => Ok(buckets),
		false => Err(Error::NonFinite { what: "a gradient".into() }),
	}
}

/// The Euclidean norm, summed in f64 in order.
pub fn norm(vector: &[f32]) -> f32 {
	vector.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>().sqrt() as f32
}

/// Divides by the norm; a zero vector stays as it is.
pub fn normalize(vector: &mut [f32]) {
	let norm = norm(vector);
	if norm > 0.0 {
		vector.iter_mut().for_each(|value| *value /= norm);
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	fn noise(len: usize, seed: u64) -> Vec<f32> {
		(0..len as u64)
			.map(|i| (word(seed.wrapping_mul(0x1_0000_0001).wrapping_add(i)) >> 40) as f32)
			.map(|v| v / (1u64 << 23) as f32 - 1.0)
			.collect()
	}

	fn dot(a: &[f32], b: &[f32]) -> f64 {
		a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
	}

	#[test]
	fn sketch_keeps_the_norm_when_there_is_one_parameter() {
		for at in [0usize, 1, 2, 3, 4, 99_999] {
			let mut gradient = vec![0f32; 100_000];
			gradient[at] = -2.5;
			let sketch = count_sketch(&gradient).unwrap();
			assert_eq!(norm(&sketch), 2.5, "{at}");
		}
	}

	#[test]
	fn sketch_keeps_inner_products_approximately() {
		let (a, b) = (noise(300_000, 1), noise(300_000, 2));
		let mixed: Vec<f32> = a.iter().zip(&b).map(|(a, b)| 0.5 * a + b).collect();
		let (sa, sm) = (count_sketch(&a).unwrap(), count_sketch(&mixed).unwrap());
		let exact = dot(&a, &mixed) / (dot(&a, &a) * dot(&mixed, &mixed)).sqrt();
		let kept = dot(&sa, &sm) / (dot(&sa, &sa) * dot(&sm, &sm)).sqrt();
		assert!((exact - kept).abs() < 0.03, "{exact} {kept}");
	}

	#[test]
	fn buckets_and_signs_are_used_evenly() {
		let parameters = 1 << 20;
		let ones = vec![1f32; parameters];
		let sums = count_sketch(&ones).unwrap();
		// Signed sums of 64 a bucket: mean 0, variance 64.
		let mean = sums.iter().sum::<f32>() / DIMENSION as f32;
		let variance = dot(&sums, &sums) / DIMENSION as f64;
		assert!(mean.abs() < 0.3, "{mean}");
		assert!((variance / 64.0 - 1.0).abs() < 0.1, "{variance}");
	}

	#[test]
	fn sketch_is_refused_when_gradient_is_not_finite() {
		for bad in [f32::NAN, f32::INFINITY] {
			let mut gradient = noise(1_000, 3);
			gradient[500] = bad;
			assert!(matches!(count_sketch(&gradient), Err(Error::NonFinite { .. })));
		}
		assert!(matches!(count_sketch(&[f32::MAX; 1 << 18]), Err(Error::NonFinite { .. })));
	}

	#[test]
	fn zero_stays_zero_when_normalized() {
		let mut zero = vec![0f32; 4];
		normalize(&mut zero);
		assert_eq!(zero, [0.0; 4]);
	}

	proptest! {
		#[test]
		fn sketch_is_linear(a in proptest::collection::vec(-4i32..4, 1..300), factor in -3i32..3) {
			let b: Vec<i32> = a.iter().rev().copied().collect();
			let float = |v: &[i32]| v.iter().map(|v| *v as f32).collect::<Vec<_>>();
			let mixed: Vec<i32> = a.iter().zip(&b).map(|(a, b)| a + factor * b).collect();
			let (sa, sb) = (count_sketch(&float(&a)).unwrap(), count_sketch(&float(&b)).unwrap());
			let expected: Vec<f32> = sa.iter().zip(&sb).map(|(a, b)| a + factor as f32 * b).collect();
			prop_assert_eq!(count_sketch(&float(&mixed)).unwrap(), expected);
		}
	}
}
