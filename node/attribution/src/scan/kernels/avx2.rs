//! Products with AVX2.
//!
//! The instruction multiplies unsigned by signed bytes and adds pairs of products in 16 bits, with
//! saturation. A row's signs move to the query, which leaves the row's magnitudes unsigned; a pair is
//! then at most 2·127·127 = 32,258, below where it saturates.

use super::Probe;
use std::arch::x86_64::*;

const BYTES: usize = 32;
/// Rows taken together, which share the loads of the query.
const ROWS: usize = 4;
/// Bytes ahead of the rows at which memory is asked for.
const AHEAD: usize = 4096;

/// As [`super::dots`].
///
/// # Safety
/// The processor must have AVX2, and `rows` be as many as `dots`.
#[target_feature(enable = "avx2")]
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

/// Adds the products of 32 components in eight lanes.
#[inline]
#[target_feature(enable = "avx2")]
fn add(sum: __m256i, row: __m256i, query: __m256i) -> __m256i {
	let pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(row), _mm256_sign_epi8(query, row));
	_mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
}

/// The products with `N` rows.
///
/// # Safety
/// The processor must have AVX2, and `N` rows be at `rows`.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn several<const N: usize>(probe: &Probe, rows: *const i8, dots: &mut [i32]) {
	let dimension = probe.dimension;
	let mut sums = [_mm256_setzero_si256(); N];
	let whole = dimension / BYTES * BYTES;
	// SAFETY: a row has `dimension` components; what is left after whole registers is copied into one
	// of zeros. The query is filled up to 64 components. Addresses that are prefetched need not be
	// anybody's.
	unsafe {
		for from in (0..whole).step_by(BYTES) {
			let query = _mm256_loadu_si256(probe.padded.as_ptr().add(from).cast());
			for (row, sum) in sums.iter_mut().enumerate() {
				let at = rows.add(row * dimension + from);
				_mm_prefetch::<_MM_HINT_T0>(at.wrapping_add(AHEAD));
				*sum = add(*sum, _mm256_loadu_si256(at.cast()), query);
			}
		}
		if whole < dimension {
			let query = _mm256_loadu_si256(probe.padded.as_ptr().add(whole).cast());
			for (row, sum) in sums.iter_mut().enumerate() {
				let mut rest = [0i8; BYTES];
				let at = rows.add(row * dimension + whole);
				at.copy_to_nonoverlapping(rest.as_mut_ptr(), dimension - whole);
				*sum = add(*sum, _mm256_loadu_si256(rest.as_ptr().cast()), query);
			}
		}
	}
	for (dot, sum) in dots.iter_mut().zip(sums) {
		let half = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256::<1>(sum));
		let quarter = _mm_add_epi32(half, _mm_shuffle_epi32::<0b01_00_11_10>(half));
		let eighth = _mm_add_epi32(quarter, _mm_shuffle_epi32::<0b10_11_00_01>(quarter));
		*dot = _mm_cvtsi128_si32(eighth);
	}
}
