//! Products with AVX-512's dot product of unsigned by signed bytes (VNNI).
//!
//! A row's component s becomes the unsigned s + 128 by flipping its highest bit; Σ(s + 128)·q exceeds
//! the product by 128·Σq, which is subtracted at the end. The instruction adds four products of a
//! 32-bit lane without saturation.

use super::{Probe, WIDTH};
use std::arch::x86_64::*;

/// Rows taken together, which share the loads of the query.
const ROWS: usize = 4;
/// Bytes ahead of the rows at which memory is asked for.
const AHEAD: usize = 4096;

/// As [`super::dots`].
///
/// # Safety
/// The processor must have the features, and `rows` be as many as `dots`.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) unsafe fn dots(probe: &Probe, rows: &[i8], dots: &mut [i32]) {
	let dimension = probe.dimension;
	let mut groups = dots.chunks_exact_mut(ROWS);
	let mut at = 0;
	for group in &mut groups {
		// SAFETY: the caller guarantees that all rows are there.
		unsafe { several::<ROWS>(probe, rows.as_ptr().add(at), group) };
		at += ROWS * dimension;
	}
	for dot in groups.into_remainder() {
		// SAFETY: as above.
		unsafe { several::<1>(probe, rows.as_ptr().add(at), std::slice::from_mut(dot)) };
		at += dimension;
	}
}

/// The products with `N` rows.
///
/// # Safety
/// The processor must have the features, and `N` rows be at `rows`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn several<const N: usize>(probe: &Probe, rows: *const i8, dots: &mut [i32]) {
	let dimension = probe.dimension;
	let highest = _mm512_set1_epi8(i8::MIN);
	let mut sums = [_mm512_setzero_si512(); N];
	let whole = dimension / WIDTH * WIDTH;
	// SAFETY: a row has `dimension` components, of which the mask leaves those beyond unread; the
	// query is filled up to whole widths. Addresses that are prefetched need not be anybody's.
	unsafe {
		for from in (0..whole).step_by(WIDTH) {
			let query = _mm512_loadu_si512(probe.padded.as_ptr().add(from).cast());
			for (row, sum) in sums.iter_mut().enumerate() {
				let at = rows.add(row * dimension + from);
				_mm_prefetch::<_MM_HINT_T0>(at.wrapping_add(AHEAD));
				let values = _mm512_xor_si512(_mm512_loadu_si512(at.cast()), highest);
				*sum = _mm512_dpbusd_epi32(*sum, values, query);
			}
		}
		if whole < dimension {
			let mask = (1u64 << (dimension - whole)) - 1;
			let query = _mm512_loadu_si512(probe.padded.as_ptr().add(whole).cast());
			for (row, sum) in sums.iter_mut().enumerate() {
				let at = rows.add(row * dimension + whole);
				let values = _mm512_xor_si512(_mm512_maskz_loadu_epi8(mask, at), highest);
				*sum = _mm512_dpbusd_epi32(*sum, values, query);
			}
		}
	}
	for (dot, sum) in dots.iter_mut().zip(sums) {
		*dot = _mm512_reduce_add_epi32(sum) - 128 * probe.sum;
	}
}
