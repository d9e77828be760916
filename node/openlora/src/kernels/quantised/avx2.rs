//! The product of a panel with AVX2.
#![expect(clippy::needless_range_loop, reason = "an index names the same row in several registers")]

use std::arch::x86_64::*;

use super::{
	layout::{BLOCK, GROUP, GROUPS, LANES, Layout},
	rows::Row,
};

/// Outputs that fit a register.
const HALF: usize = LANES / 2;

/// Scales or minima of eight outputs.
///
/// # Safety
/// The processor must have the features, and `bytes` eight numbers from `at` on.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn numbers<L: Layout>(bytes: *const u8) -> __m256 {
	// SAFETY: the caller guarantees that the bytes are there.
	unsafe {
		if L::WIDE {
			_mm256_loadu_ps(bytes.cast())
		} else {
			_mm256_cvtph_ps(_mm_loadu_si128(bytes.cast()))
		}
	}
}

/// How far ahead of the arithmetic weights are fetched, in bytes.
const AHEAD: usize = 2048;

/// As [`super::portable::product`].
///
/// Bytes are multiplied in pairs, unsigned by signed, into 16 bits: two products of a nibble are at
/// most 2 · 15 · 127, so that those of a whole block fit; two of a byte at most 2 · 128 · 127, which
/// fits too, also for −128, since activations are never −128.
///
/// # Safety
/// The processor must have the features.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) unsafe fn product<L: Layout, const R: usize>(
	panel: &[u8],
	rows: [Row<'_>; R],
) -> [[f32; LANES]; R] {
	let blocks = panel.len() / L::BYTES;
	for row in &rows {
		assert!(row.values.len() >= blocks * BLOCK);
		assert!(row.scales.len() >= blocks && row.sums.len() >= blocks);
	}
	let mut results = [[0f32; LANES]; R];
	// SAFETY: the processor has the features, and the rows are as long as was asserted.
	unsafe {
		// Of few rows, all sixteen outputs fit the registers.
		if R <= 2 {
			part::<L, R, 2>(panel, &rows, 0, &mut results);
		} else {
			part::<L, R, 1>(panel, &rows, 0, &mut results);
			part::<L, R, 1>(panel, &rows, 1, &mut results);
		}
	}
	results
}

/// The products of `H` halves of the panel's outputs from `first` on.
///
/// # Safety
/// The processor must have the features, and every row the panel's blocks.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn part<L: Layout, const R: usize, const H: usize>(
	panel: &[u8],
	rows: &[Row<'_>; R],
	first: usize,
	results: &mut [[f32; LANES]; R],
) {
	let (low, ones) = (_mm256_set1_epi8(15), _mm256_set1_epi16(1));
	let mut sums = [[_mm256_setzero_ps(); H]; R];
	for at in 0..panel.len() / L::BYTES {
		// SAFETY: the block lies within the panel, its parts within the block as the layout says; what
		// is fetched ahead is not accessed.
		unsafe {
			let block = panel.as_ptr().add(at * L::BYTES);
			if first == 0 {
				for line in 0..L::BYTES.div_ceil(64) {
					_mm_prefetch::<_MM_HINT_T0>(block.wrapping_add(AHEAD + 64 * line).cast());
				}
			}
			let weights = |group: usize, half: usize| {
				let at = block.add(group * LANES * GROUP + (first + half) * HALF * GROUP);
				_mm256_loadu_si256(at.cast())
			};
			let numbers_at = |from: usize, half: usize| {
				numbers::<L>(block.add(from + (first + half) * L::NUMBERS / 2))
			};
			let x = |row: usize, group: usize| {
				let x = rows[row].values.as_ptr().add(at * BLOCK + group * GROUP);
				_mm256_set1_epi32(x.cast::<i32>().read_unaligned())
			};
			let mut add = |row: usize, half: usize, scales: __m256, whole: __m256i| {
				let scale =
					_mm256_mul_ps(scales, _mm256_set1_ps(*rows[row].scales.get_unchecked(at)));
				sums[row][half] =
					_mm256_fmadd_ps(scale, _mm256_cvtepi32_ps(whole), sums[row][half]);
			};
			if L::NIBBLES {
				let mut products = [[_mm256_setzero_si256(); H]; R];
				for group in 0..GROUPS / 2 {
					let both: [__m256i; H] = std::array::from_fn(|half| weights(group, half));
					for row in 0..R {
						let (one, two) = (x(row, group), x(row, group + GROUPS / 2));
						for half in 0..H {
							let first = _mm256_and_si256(both[half], low);
							let second = _mm256_and_si256(_mm256_srli_epi16(both[half], 4), low);
							let pairs = _mm256_add_epi16(
								_mm256_maddubs_epi16(first, one),
								_mm256_maddubs_epi16(second, two),
							);
							products[row][half] = _mm256_add_epi16(products[row][half], pairs);
						}
					}
				}
				for half in 0..H {
					let scales = numbers_at(L::WEIGHTS, half);
					for row in 0..R {
						add(row, half, scales, _mm256_madd_epi16(products[row][half], ones));
					}
				}
			} else {
				for part in 0..L::PARTS {
					let each = GROUPS / L::PARTS;
					let mut products = [[_mm256_setzero_si256(); H]; R];
					for group in part * each..(part + 1) * each {
						let signed: [__m256i; H] = std::array::from_fn(|half| weights(group, half));
						for row in 0..R {
							let x = x(row, group);
							for half in 0..H {
								let magnitude = _mm256_abs_epi8(signed[half]);
								let x = _mm256_sign_epi8(x, signed[half]);
								let pairs = _mm256_maddubs_epi16(magnitude, x);
								let fours = _mm256_madd_epi16(pairs, ones);
								products[row][half] = _mm256_add_epi32(products[row][half], fours);
							}
						}
					}
					for half in 0..H {
						let scales = numbers_at(L::WEIGHTS + part * L::NUMBERS, half);
						for row in 0..R {
							add(row, half, scales, products[row][half]);
						}
					}
				}
			}
			if L::MINIMA {
				for half in 0..H {
					let minima = numbers_at(L::MINIMA_AT, half);
					for row in 0..R {
						let sum = _mm256_set1_ps(*rows[row].sums.get_unchecked(at));
						sums[row][half] = _mm256_fmadd_ps(minima, sum, sums[row][half]);
					}
				}
			}
		}
	}
	for (sums, result) in sums.into_iter().zip(results) {
		for (half, sum) in sums.into_iter().enumerate() {
			let lanes = &mut result[(first + half) * HALF..][..HALF];
			// SAFETY: they are eight numbers.
			unsafe { _mm256_storeu_ps(lanes.as_mut_ptr(), sum) };
		}
	}
}
