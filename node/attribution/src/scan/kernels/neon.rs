//! Products with NEON: bytes to 16 bits, of which two products of at most 127·127 stay below 2¹⁵, then
//! pairwise to 32.

use super::Probe;
use std::arch::aarch64::*;

const BYTES: usize = 16;

/// As [`super::dots`].
pub(super) fn dots(probe: &Probe, rows: &[i8], dots: &mut [i32]) {
	for (row, dot) in rows.chunks_exact(probe.dimension).zip(dots) {
		let (whole, rest) = row.as_chunks::<BYTES>();
		let (queries, _) = probe.padded.as_chunks::<BYTES>();
		let mut last = [0i8; BYTES];
		last[..rest.len()].copy_from_slice(rest);
		// SAFETY: NEON is part of the architecture, and each load is of an array as long as it.
		unsafe {
			let mut sum = vdupq_n_s32(0);
			for (values, query) in whole.iter().chain([&last]).zip(queries) {
				let (values, query) = (vld1q_s8(values.as_ptr()), vld1q_s8(query.as_ptr()));
				let low = vmull_s8(vget_low_s8(values), vget_low_s8(query));
				sum = vpadalq_s16(sum, vmlal_high_s8(low, values, query));
			}
			*dot = vaddvq_s32(sum);
		}
	}
}
