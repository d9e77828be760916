//! Sums of numbers with signs that are bits.
//!
//! The loop is the same for every instruction set: compiled for a wider one it adds more numbers at
//! once, and every sum keeps its order.

use super::BLOCK;
use openlora::Isa;

/// Rows that one number is added to, or subtracted from, at once.
pub(super) const ROWS: usize = 4;

/// For each byte of signs, the bits that turn the signs of eight numbers.
static TURNS: [[u64; 8]; 256] = {
	let mut turns = [[0; 8]; 256];
	let mut at = 0;
	while at < 8 * 256 {
		turns[at / 8][at % 8] = ((((at / 8) >> (at % 8)) & 1) as u64) << 63;
		at += 1;
	}
	turns
};

/// `Σᵢ ±feature[i]` of up to [`ROWS`] rows, a set bit being minus: eight partial sums, one for each bit of
/// a byte, added in order. Rows have one length, and what is beyond the shorter of them and the feature is
/// left out.
pub(super) fn sums(isa: Isa, rows: &[Vec<[u8; BLOCK / 8]>], feature: &[f64]) -> [f64; ROWS] {
	// Where there are fewer rows, the first is added up again.
	let row = |at: usize| rows.get(at).or(rows.first()).map_or(&[][..], |row| row.as_flattened());
	let signs: [&[u8]; ROWS] = std::array::from_fn(row);
	match isa {
		#[cfg(target_arch = "x86_64")]
		Isa::Avx512 => {
			assert!(isa.is_available(), "no AVX-512 here");
			// SAFETY: the processor has the features.
			unsafe { avx512(signs, feature) }
		}
		#[cfg(target_arch = "x86_64")]
		Isa::Avx2 => {
			assert!(isa.is_available(), "no AVX2 here");
			// SAFETY: the processor has the features.
			unsafe { avx2(signs, feature) }
		}
		_ => portable(signs, feature),
	}
}

#[inline(always)]
fn portable(signs: [&[u8]; ROWS], feature: &[f64]) -> [f64; ROWS] {
	let (values, _) = feature.as_chunks::<8>();
	let mut lanes = [[0f64; 8]; ROWS];
	let count = signs.iter().map(|signs| signs.len()).fold(values.len(), usize::min);
	let signs = signs.map(|signs| &signs[..count]);
	for (at, values) in values[..count].iter().enumerate() {
		for (lanes, signs) in lanes.iter_mut().zip(signs) {
			let turns = &TURNS[usize::from(signs[at])];
			for ((lane, value), turn) in lanes.iter_mut().zip(values).zip(turns) {
				*lane += f64::from_bits(value.to_bits() ^ turn);
			}
		}
	}
	lanes.map(|lanes| lanes.iter().sum())
}

/// # Safety
/// The processor must have these features.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn avx2(signs: [&[u8]; ROWS], feature: &[f64]) -> [f64; ROWS] {
	portable(signs, feature)
}

/// # Safety
/// The processor must have these features.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn avx512(signs: [&[u8]; ROWS], feature: &[f64]) -> [f64; ROWS] {
	portable(signs, feature)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn sums_have_the_same_bits_on_every_instruction_set() {
		let feature: Vec<f64> =
			(0..600).map(|i| f64::from(((i * 37) % 101) as f32 / 7.0)).collect();
		let block = |row: usize| std::array::from_fn(|byte| ((row * 91 + byte * 57) % 256) as u8);
		let rows: Vec<Vec<[u8; 32]>> = (0..ROWS).map(|row| vec![block(row); 3]).collect();
		for count in 1..=ROWS {
			let by_hand = |row: usize| {
				let signs = rows[row].as_flattened();
				let mut lanes = [0f64; 8];
				for (i, value) in feature.iter().enumerate() {
					let minus = signs[i / 8] >> (i % 8) & 1 == 1;
					lanes[i % 8] += if minus { -value } else { *value };
				}
				lanes.iter().sum::<f64>()
			};
			for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
				let found = sums(isa, &rows[..count], &feature);
				for row in 0..count {
					assert_eq!(found[row].to_bits(), by_hand(row).to_bits(), "{isa:?}");
				}
			}
		}
	}
}
