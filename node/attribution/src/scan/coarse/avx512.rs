//! Sums over the set bits of masks with AVX-512, whose registers of masks they are.

use super::{Probe, WORD};
use std::arch::x86_64::*;

/// For each row, four times the sum of the query's components that the first mask has, and twice that
/// of those that the second has.
///
/// # Safety
/// The processor must have the features, and `masks` be as many words as the query has, for each of
/// `sums`.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) unsafe fn sums(probe: &Probe, masks: &[[u64; 2]], sums: &mut [i32]) {
	let (queries, _) = probe.padded().as_chunks::<WORD>();
	let (two, one) = (_mm512_set1_epi8(2), _mm512_set1_epi8(1));
	for (masks, sum) in masks.chunks_exact(queries.len()).zip(sums) {
		let mut lanes = _mm512_setzero_si512();
		for ([a, b], query) in masks.iter().zip(queries) {
			// SAFETY: the array is as long as what is loaded.
			let query = unsafe { _mm512_loadu_si512(query.as_ptr().cast()) };
			lanes = _mm512_dpbusd_epi32(lanes, two, _mm512_maskz_mov_epi8(*a, query));
			lanes = _mm512_dpbusd_epi32(lanes, one, _mm512_maskz_mov_epi8(*b, query));
		}
		*sum = 2 * _mm512_reduce_add_epi32(lanes);
	}
}
