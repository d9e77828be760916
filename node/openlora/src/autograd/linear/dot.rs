//! Products of a few rows with a weight matrix, reading every weight once.
//!
//! Every product is summed in one order, whatever the instruction set, the number of rows and the
//! number of threads: element `i` is fused into partial sum `i mod 32`, and the partial sums are
//! added by halving. The same inputs therefore give the same bits everywhere.

use rayon::prelude::*;

/// Independent partial sums of one product: four vectors of eight, enough to hide the latency of
/// a fused multiply-add.
const LANES: usize = 32;

/// Below this many weights, waking a second thread costs more than it saves.
const PARALLEL_WEIGHTS: usize = 1 << 16;

/// `y[m][n] = Σₖ x[m][k] · w[n][k]`, with `x` of `m × k` and `w` of `n × k` elements, both row-major.
///
/// Returns `y` row-major. Rows of `w` are shared out between the threads of the current pool.
pub(super) fn rows_by_weights(x: &[f32], w: &[f32], m: usize, n: usize, k: usize) -> Vec<f32> {
	debug_assert_eq!(x.len(), m * k);
	debug_assert_eq!(w.len(), n * k);
	if k == 0 {
		return vec![0.0; m * n];
	}
	// Each weight row yields `m` neighbouring values, so threads write to disjoint slices.
	let mut by_weight = vec![0f32; n * m];
	let threads = rayon::current_num_threads();
	if threads == 1 || n * k < PARALLEL_WEIGHTS {
		dots(x, w, &mut by_weight, m, k);
	} else {
		let block = n.div_ceil(threads * 4).max(1);
		by_weight
			.par_chunks_mut(block * m)
			.zip(w.par_chunks(block * k))
			.for_each(|(y, w)| dots(x, w, y, m, k));
	}
	if m == 1 {
		return by_weight;
	}
	let mut y = vec![0f32; m * n];
	for (column, values) in by_weight.chunks_exact(m).enumerate() {
		for (row, value) in values.iter().enumerate() {
			y[row * n + column] = *value;
		}
	}
	y
}

/// `Σᵢ x[i] · w[i]` over the shorter of the two, in the order of every product here.
pub(crate) fn inner_product(x: &[f32], w: &[f32]) -> f32 {
	let k = x.len().min(w.len());
	if k == 0 {
		return 0.0;
	}
	let mut result = [0.0];
	dots(&x[..k], &w[..k], &mut result, 1, k);
	result[0]
}

fn dots(x: &[f32], w: &[f32], y: &mut [f32], m: usize, k: usize) {
	#[cfg(target_arch = "x86_64")]
	if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
		// SAFETY: the processor has both features that the function is compiled for.
		return unsafe { dots_avx2(x, w, y, m, k) };
	}
	dots_portable(x, w, y, m, k);
}

/// The portable loop compiled for AVX2 and FMA, where its lanes become vector registers.
///
/// # Safety
/// The processor must have AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn dots_avx2(x: &[f32], w: &[f32], y: &mut [f32], m: usize, k: usize) {
	dots_portable(x, w, y, m, k);
}

#[inline(always)]
fn dots_portable(x: &[f32], w: &[f32], y: &mut [f32], m: usize, k: usize) {
	for (w, y) in w.chunks_exact(k).zip(y.chunks_exact_mut(m)) {
		for (x, y) in x.chunks_exact(k).zip(y) {
			*y = dot(x, w);
		}
	}
}

#[inline(always)]
fn dot(x: &[f32], w: &[f32]) -> f32 {
	let mut lanes = [0f32; LANES];
	let (x_blocks, x_rest) = x.as_chunks::<LANES>();
	let (w_blocks, w_rest) = w.as_chunks::<LANES>();
	for (x, w) in x_blocks.iter().zip(w_blocks) {
		for lane in 0..LANES {
			lanes[lane] = x[lane].mul_add(w[lane], lanes[lane]);
		}
	}
	for ((x, w), lane) in x_rest.iter().zip(w_rest).zip(&mut lanes) {
		*lane = x.mul_add(*w, *lane);
	}
	let mut width = LANES / 2;
	while width > 0 {
		let (low, high) = lanes.split_at_mut(width);
		for (low, high) in low.iter_mut().zip(&high[..width]) {
			*low += *high;
		}
		width /= 2;
	}
	lanes[0]
}

#[cfg(test)]
mod tests {
	use super::*;
	use rand::{Rng, SeedableRng};

	fn uniform(len: usize, seed: u64) -> Vec<f32> {
		let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
		(0..len).map(|_| rng.random_range(-1.0..1.0)).collect()
	}

	#[test]
	fn product_agrees_with_double_precision_when_lengths_leave_a_remainder() {
		for k in [1, 31, 32, 33, 576, 1000] {
			let (x, w) = (uniform(3 * k, 1), uniform(5 * k, 2));
			let y = rows_by_weights(&x, &w, 3, 5, k);
			for row in 0..3 {
				for column in 0..5 {
					let exact: f64 = (0..k)
						.map(|i| f64::from(x[row * k + i]) * f64::from(w[column * k + i]))
						.sum();
					let error = (f64::from(y[row * 5 + column]) - exact).abs();
					assert!(error < 1e-6 * (k as f64).sqrt().max(1.0), "k {k}: error {error}");
				}
			}
		}
	}

	#[test]
	fn product_has_the_same_bits_when_computed_by_the_portable_loop_or_by_threads() {
		let (m, n, k) = (2, 300, 577);
		let (x, w) = (uniform(m * k, 3), uniform(n * k, 4));
		let threaded = rows_by_weights(&x, &w, m, n, k);
		let mut portable = vec![0f32; n * m];
		dots_portable(&x, &w, &mut portable, m, k);
		for row in 0..m {
			for column in 0..n {
				assert_eq!(
					threaded[row * n + column].to_bits(),
					portable[column * m + row].to_bits()
				);
			}
		}
	}

	#[test]
	fn product_is_zero_when_rows_are_empty() {
		assert_eq!(rows_by_weights(&[], &[], 2, 3, 0), vec![0.0; 6]);
	}
}
