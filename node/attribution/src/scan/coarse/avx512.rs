//! Sums over the set bits of masks with AVX-512, whose registers of masks they are.

use super::{Probe, WORD};
use std::arch::x86_64::*;

/// Rows taken together: each addition waits for the one before in its own register.
const ROWS: usize = 4;

/// For each row, four times the sum of the query's components that the first mask has, and twice that
/// of those that the second has.
///
/// # Safety
/// The processor must have the features, and `masks` be as many words as the query has, for each of
/// `sums`.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) unsafe fn sums(probe: &Probe, masks: &[[u64; 2]], sums: &mut [i32]) {
	let (queries, _) = probe.padded().as_chunks::<WORD>();
	let words = queries.len();
	let mut groups = sums.chunks_exact_mut(ROWS);
	let mut masks = masks.chunks_exact(words * ROWS);
	for (group, masks) in (&mut groups).zip(&mut masks) {
		// SAFETY: the processor has the features.
		unsafe { several::<ROWS>(queries, masks, group) };
	}
	let rest = masks.remainder().chunks_exact(words);
	for (sum, masks) in groups.into_remainder().iter_mut().zip(rest) {
		// SAFETY: as above.
		unsafe { several::<1>(queries, masks, std::slice::from_mut(sum)) };
	}
}

/// The sums of `N` rows.
///
/// # Safety
/// The processor must have the features.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn several<const N: usize>(queries: &[[i8; WORD]], masks: &[[u64; 2]], sums: &mut [i32]) {
	let (two, one) = (_mm512_set1_epi8(2), _mm512_set1_epi8(1));
	let mut lanes = [[_mm512_setzero_si512(); 2]; N];
	for (at, query) in queries.iter().enumerate() {
		// SAFETY: the array is as long as what is loaded.
		let query = unsafe { _mm512_loadu_si512(query.as_ptr().cast()) };
		for (row, [a, b]) in lanes.iter_mut().enumerate() {
			let [first, second] = masks[row * queries.len() + at];
			*a = _mm512_dpbusd_epi32(*a, two, _mm512_maskz_mov_epi8(first, query));
			*b = _mm512_dpbusd_epi32(*b, one, _mm512_maskz_mov_epi8(second, query));
		}
	}
	for (sum, [a, b]) in sums.iter_mut().zip(lanes) {
		*sum = 2 * _mm512_reduce_add_epi32(_mm512_add_epi32(a, b));
	}
}
