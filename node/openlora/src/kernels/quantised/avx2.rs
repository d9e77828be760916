//! The product of a panel with AVX2.

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
	let mut results = [[0f32; LANES]; R];
	let blocks = panel.len() / L::BYTES;
	for row in &rows {
		assert!(row.values.len() >= blocks * BLOCK);
		assert!(row.scales.len() >= blocks && row.sums.len() >= blocks);
	}
	let (low, ones) = (_mm256_set1_epi8(15), _mm256_set1_epi16(1));
	for half in 0..2 {
		let mut sums = [_mm256_setzero_ps(); R];
		for at in 0..blocks {
			// SAFETY: the block lies within the panel, its parts within the block as the layout says,
			// and the rows are as long as was asserted.
			unsafe {
				let block = panel.as_ptr().add(at * L::BYTES);
				let weights = block.add(half * HALF * GROUP);
				let numbers_at =
					|from: usize| numbers::<L>(block.add(from + half * L::NUMBERS / 2));
				let x = |row: usize, group: usize| {
					let x = rows[row].values.as_ptr().add(at * BLOCK + group * GROUP);
					_mm256_set1_epi32(x.cast::<i32>().read_unaligned())
				};
				if L::NIBBLES {
					let mut products = [_mm256_setzero_si256(); R];
					for group in 0..GROUPS / 2 {
						let both = _mm256_loadu_si256(weights.add(group * LANES * GROUP).cast());
						let first = _mm256_and_si256(both, low);
						let second = _mm256_and_si256(_mm256_srli_epi16(both, 4), low);
						for row in 0..R {
							let one = _mm256_maddubs_epi16(first, x(row, group));
							let two = _mm256_maddubs_epi16(second, x(row, group + GROUPS / 2));
							products[row] =
								_mm256_add_epi16(products[row], _mm256_add_epi16(one, two));
						}
					}
					let scales = numbers_at(L::WEIGHTS);
					for row in 0..R {
						let whole = _mm256_cvtepi32_ps(_mm256_madd_epi16(products[row], ones));
						let scale = _mm256_mul_ps(scales, _mm256_set1_ps(rows[row].scales[at]));
						sums[row] = _mm256_fmadd_ps(scale, whole, sums[row]);
					}
				} else {
					for part in 0..L::PARTS {
						let each = GROUPS / L::PARTS;
						let mut products = [_mm256_setzero_si256(); R];
						for group in part * each..(part + 1) * each {
							let signed =
								_mm256_loadu_si256(weights.add(group * LANES * GROUP).cast());
							let magnitude = _mm256_abs_epi8(signed);
							for row in 0..R {
								let x = _mm256_sign_epi8(x(row, group), signed);
								let pairs = _mm256_maddubs_epi16(magnitude, x);
								products[row] =
									_mm256_add_epi32(products[row], _mm256_madd_epi16(pairs, ones));
							}
						}
						let scales = numbers_at(L::WEIGHTS + part * L::NUMBERS);
						for row in 0..R {
							let whole = _mm256_cvtepi32_ps(products[row]);
							let scale = _mm256_mul_ps(scales, _mm256_set1_ps(rows[row].scales[at]));
							sums[row] = _mm256_fmadd_ps(scale, whole, sums[row]);
						}
					}
				}
				if L::MINIMA {
					let minima = numbers_at(L::MINIMA_AT);
					for row in 0..R {
						let sum = _mm256_set1_ps(rows[row].sums[at]);
						sums[row] = _mm256_fmadd_ps(minima, sum, sums[row]);
					}
				}
			}
		}
		for (sum, result) in sums.into_iter().zip(&mut results) {
			// SAFETY: half of a result is eight numbers.
			unsafe { _mm256_storeu_ps(result.as_mut_ptr().add(half * HALF), sum) };
		}
	}
	results
}
