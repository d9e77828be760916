//! Sums over the set bits of masks, by tables of what each byte of a mask sums to.

use super::{Probe, WORD};

/// Components that share a byte of a mask.
const BYTE: usize = 8;

/// For each eight components of a query, the sum over the set bits of every byte.
pub(super) struct Tables {
	sums: Vec<[i16; 256]>,
}

impl Tables {
	pub(super) fn new(probe: &Probe) -> Self {
		let (bytes, _) = probe.padded().as_chunks::<BYTE>();
		let table = |components: &[i8; BYTE]| {
			let mut sums = [0i16; 256];
			for mask in 1..256usize {
				// The lowest bit, and what is left without it.
				let lowest = components[mask.trailing_zeros() as usize];
				sums[mask] = sums[mask & (mask - 1)] + i16::from(lowest);
			}
			sums
		};
		Self { sums: bytes.iter().map(table).collect() }
	}

	/// As in `avx512`.
	pub(super) fn sums(&self, masks: &[[u64; 2]], sums: &mut [i32]) {
		let words = self.sums.len() / (WORD / BYTE);
		for (masks, sum) in masks.chunks_exact(words).zip(sums) {
			let mut total = 0;
			for ([a, b], tables) in masks.iter().zip(self.sums.as_chunks::<{ WORD / BYTE }>().0) {
				for ((a, b), table) in a.to_le_bytes().iter().zip(b.to_le_bytes()).zip(tables) {
					let (a, b) = (table[usize::from(*a)], table[usize::from(b)]);
					total += 4 * i32::from(a) + 2 * i32::from(b);
				}
			}
			*sum = total;
		}
	}
}
