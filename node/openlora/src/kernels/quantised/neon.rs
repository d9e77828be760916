//! The product of a panel with NEON.

use std::arch::aarch64::*;

use super::{
	layout::{BLOCK, GROUP, GROUPS, LANES, Layout},
	portable,
	rows::Row,
};

/// Outputs that fit a register.
const QUARTER: usize = LANES / 4;

/// As [`super::portable::product`].
pub(super) fn product<L: Layout, const R: usize>(
	panel: &[u8],
	rows: [Row<'_>; R],
) -> [[f32; LANES]; R] {
	let blocks = panel.len() / L::BYTES;
	for row in &rows {
		assert!(row.values.len() >= blocks * BLOCK);
	}
	let mut results = [[0f32; LANES]; R];
	for (at, block) in panel.chunks_exact(L::BYTES).enumerate() {
		let minima = portable::numbers::<L>(&block[L::MINIMA_AT.min(L::BYTES - L::NUMBERS)..]);
		for (row, results) in rows.iter().zip(&mut results) {
			for part in 0..L::PARTS {
				let scales = portable::numbers::<L>(&block[L::WEIGHTS + part * L::NUMBERS..]);
				let each = GROUPS / L::PARTS;
				for quarter in 0..4 {
					// SAFETY: NEON is part of the architecture; a group's bytes lie within the block, and
					// the rows are as long as was asserted.
					unsafe {
						let mut sums = vdupq_n_s32(0);
						for group in part * each..(part + 1) * each {
							let bytes = LANES * GROUP;
							let weights = if L::NIBBLES {
								let from = group % (GROUPS / 2) * bytes + quarter * 16;
								let both = vld1q_u8(block.as_ptr().add(from));
								let chosen = if group < GROUPS / 2 {
									vandq_u8(both, vdupq_n_u8(15))
								} else {
									vshrq_n_u8::<4>(both)
								};
								vreinterpretq_s8_u8(chosen)
							} else {
								vld1q_s8(block.as_ptr().add(group * bytes + quarter * 16).cast())
							};
							let x = row.values.as_ptr().add(at * BLOCK + group * GROUP);
							let x =
								vreinterpretq_s8_s32(vdupq_n_s32(x.cast::<i32>().read_unaligned()));
							let low = vpaddlq_s16(vmull_s8(vget_low_s8(weights), vget_low_s8(x)));
							let high = vpaddlq_s16(vmull_high_s8(weights, x));
							sums = vaddq_s32(sums, vpaddq_s32(low, high));
						}
						let lanes = quarter * QUARTER;
						let scale =
							vmulq_n_f32(vld1q_f32(scales.as_ptr().add(lanes)), row.scales[at]);
						let result = results.as_mut_ptr().add(lanes);
						vst1q_f32(result, vfmaq_f32(vld1q_f32(result), scale, vcvtq_f32_s32(sums)));
					}
				}
			}
			if L::MINIMA {
				for (result, minimum) in results.iter_mut().zip(minima) {
					*result = minimum.mul_add(row.sums[at], *result);
				}
			}
		}
	}
	results
}
