//! The product of a panel with AVX-512 and its integer dot products (VNNI).
#![expect(clippy::needless_range_loop, reason = "an index names the same row in several registers")]

use std::arch::x86_64::*;

use super::{
	layout::{BLOCK, GROUP, GROUPS, LANES, Layout},
	rows::Row,
};

/// Scales or minima of sixteen outputs.
///
/// # Safety
/// The processor must have the features, and the bytes be there.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn numbers<L: Layout>(bytes: *const u8) -> __m512 {
	// SAFETY: the caller guarantees that the bytes are there.
	unsafe {
		if L::WIDE {
			_mm512_loadu_ps(bytes.cast())
		} else {
			_mm512_cvtph_ps(_mm256_loadu_si256(bytes.cast()))
		}
	}
}

/// As [`super::portable::product`].
///
/// Four products, unsigned by signed, are added to 32 bits without an intermediate that could
/// saturate. Where weights are signed, 128 is added to each, and 128 times the activations' sum taken
/// off again.
///
/// # Safety
/// The processor must have the features.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) unsafe fn product<L: Layout, const R: usize>(
	panel: &[u8],
	rows: [Row<'_>; R],
) -> [[f32; LANES]; R] {
	let blocks = panel.len() / L::BYTES;
	for row in &rows {
		assert!(row.values.len() >= blocks * BLOCK);
		assert!(row.scales.len() >= blocks && row.sums.len() >= blocks);
		assert!(row.totals.len() >= blocks);
	}
	let (low, sign) = (_mm512_set1_epi8(15), _mm512_set1_epi8(-128));
	let mut sums = [_mm512_setzero_ps(); R];
	for at in 0..blocks {
		// SAFETY: the block lies within the panel, its parts within the block as the layout says, and
		// the rows are as long as was asserted.
		unsafe {
			let block = panel.as_ptr().add(at * L::BYTES);
			let x = |row: usize, group: usize| {
				let x = rows[row].values.as_ptr().add(at * BLOCK + group * GROUP);
				_mm512_set1_epi32(x.cast::<i32>().read_unaligned())
			};
			let group_at =
				|group: usize| _mm512_loadu_si512(block.add(group * LANES * GROUP).cast());
			for part in 0..L::PARTS {
				let mut products = [_mm512_setzero_si512(); R];
				if L::NIBBLES {
					for group in 0..GROUPS / 2 {
						let both = group_at(group);
						let first = _mm512_and_si512(both, low);
						let second = _mm512_and_si512(_mm512_srli_epi16(both, 4), low);
						for row in 0..R {
							let one = _mm512_dpbusd_epi32(products[row], first, x(row, group));
							products[row] =
								_mm512_dpbusd_epi32(one, second, x(row, group + GROUPS / 2));
						}
					}
				} else {
					for row in 0..R {
						let [first, second] = *rows[row].totals.get_unchecked(at);
						let total = match (L::PARTS, part) {
							(1, _) => i32::from(first) + i32::from(second),
							(_, 0) => i32::from(first),
							_ => i32::from(second),
						};
						products[row] = _mm512_set1_epi32(-128 * total);
					}
					let each = GROUPS / L::PARTS;
					for group in part * each..(part + 1) * each {
						let weights = _mm512_xor_si512(group_at(group), sign);
						for row in 0..R {
							products[row] =
								_mm512_dpbusd_epi32(products[row], weights, x(row, group));
						}
					}
				}
				let scales = numbers::<L>(block.add(L::WEIGHTS + part * L::NUMBERS));
				for row in 0..R {
					let whole = _mm512_cvtepi32_ps(products[row]);
					let scale =
						_mm512_mul_ps(scales, _mm512_set1_ps(*rows[row].scales.get_unchecked(at)));
					sums[row] = _mm512_fmadd_ps(scale, whole, sums[row]);
				}
			}
			if L::MINIMA {
				let minima = numbers::<L>(block.add(L::MINIMA_AT));
				for row in 0..R {
					let sum = _mm512_set1_ps(*rows[row].sums.get_unchecked(at));
					sums[row] = _mm512_fmadd_ps(minima, sum, sums[row]);
				}
			}
		}
	}
	let mut results = [[0f32; LANES]; R];
	for (sum, result) in sums.into_iter().zip(&mut results) {
		// SAFETY: a result is sixteen numbers.
		unsafe { _mm512_storeu_ps(result.as_mut_ptr(), sum) };
	}
	results
}
