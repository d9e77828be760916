//! From GGUF's blocks to panels.
//!
//! The blocks are those of ggml (<https://github.com/ggml-org/ggml>, `ggml-common.h`).

use super::{
	Kind,
	layout::{BLOCK, GROUP, GROUPS, LANES},
};

/// A format of blocks that has exact products of whole numbers here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BlockFormat {
	/// Four bits around zero.
	Q4_0,
	/// Four bits and a minimum.
	Q4_1,
	/// Five bits around zero.
	Q5_0,
	/// Five bits and a minimum.
	Q5_1,
	/// Eight bits.
	Q8_0,
	/// Four bits with scales of scales.
	Q4K,
	/// Five bits with scales of scales.
	Q5K,
	/// Six bits with scales of scales.
	Q6K,
}

impl BlockFormat {
	/// The layout that holds it without loss.
	pub(super) fn kind(self) -> Kind {
		match self {
			Self::Q4_0 | Self::Q4_1 => Kind::Four,
			Self::Q4K => Kind::FourWide,
			Self::Q5_0 | Self::Q8_0 => Kind::Eight,
			Self::Q5_1 | Self::Q5K => Kind::EightWide,
			Self::Q6K => Kind::EightSplit,
		}
	}

	/// (elements, bytes) of a block.
	fn size(self) -> (usize, usize) {
		match self {
			Self::Q4_0 => (32, 18),
			Self::Q4_1 => (32, 20),
			Self::Q5_0 => (32, 22),
			Self::Q5_1 => (32, 24),
			Self::Q8_0 => (32, 34),
			Self::Q4K => (256, 144),
			Self::Q5K => (256, 176),
			Self::Q6K => (256, 210),
		}
	}

	/// Bytes of a row of so many elements, if it is made of whole blocks.
	pub(crate) fn row_bytes(self, elements: usize) -> Option<usize> {
		let (each, bytes) = self.size();
		elements.is_multiple_of(each).then(|| elements / each * bytes)
	}

	/// The 32 weights number `at` of a row.
	fn weights(self, row: &[u8], at: usize) -> Weights {
		let (elements, bytes) = self.size();
		let each = elements / BLOCK;
		let block = &row[at / each * bytes..][..bytes];
		let half = |from: usize| half::f16::from_le_bytes([block[from], block[from + 1]]).to_f32();
		let nibble = |from: usize, i: usize| {
			let byte = block[from + i % 16];
			if i < 16 { byte & 15 } else { byte >> 4 }
		};
		let bit = |from: usize, i: usize| block[from + i / 8] >> (i % 8) & 1;
		let made = |q: &dyn Fn(usize) -> i32, scales, minimum| {
			// All of them fit: they have at most eight bits.
			Weights { q: std::array::from_fn(|i| q(i) as i8), scales, minimum }
		};
		let both = |scale: f32| [scale, scale];
		match self {
			Self::Q4_0 => made(&|i| nibble(2, i).into(), both(half(0)), -8.0 * half(0)),
			Self::Q4_1 => made(&|i| nibble(4, i).into(), both(half(0)), half(2)),
			Self::Q5_0 => {
				let q = |i| i32::from(nibble(6, i) | bit(2, i) << 4) - 16;
				made(&q, both(half(0)), 0.0)
			}
			Self::Q5_1 => {
				let q = |i| i32::from(nibble(8, i) | bit(4, i) << 4);
				made(&q, both(half(0)), half(2))
			}
			Self::Q8_0 => made(&|i| i32::from(block[2 + i] as i8), both(half(0)), 0.0),
			Self::Q4K | Self::Q5K => {
				let part = at % each;
				let (scale, minimum) = six_bits(&block[4..16], part);
				let (scale, minimum) = (half(0) * scale, -(half(2) * minimum));
				let weights = if self == Self::Q4K { 16 } else { 48 };
				let q = |i: usize| {
					let byte = block[weights + part / 2 * BLOCK + i];
					let low = if part.is_multiple_of(2) { byte & 15 } else { byte >> 4 };
					let high = if self == Self::Q4K { 0 } else { block[16 + i] >> part & 1 };
					i32::from(low | high << 4)
				};
				made(&q, both(scale), minimum)
			}
			Self::Q6K => {
				let (side, quarter) = (at % each / 4, at % 4);
				let q = |i: usize| {
					let byte = block[side * 64 + quarter % 2 * BLOCK + i];
					let low = if quarter < 2 { byte & 15 } else { byte >> 4 };
					let high = block[128 + side * BLOCK + i] >> (2 * quarter) & 3;
					i32::from(low | high << 4) - 32
				};
				let scale = |of: usize| f32::from(block[192 + side * 8 + quarter * 2 + of] as i8);
				made(&q, [half(208) * scale(0), half(208) * scale(1)], 0.0)
			}
		}
	}
}

/// Scale and minimum number `part` of the eight that K-quants pack into twelve bytes.
fn six_bits(packed: &[u8], part: usize) -> (f32, f32) {
	let (scale, minimum) = if part < 4 {
		(packed[part] & 63, packed[part + 4] & 63)
	} else {
		let low = packed[part + 4];
		(low & 15 | packed[part - 4] >> 6 << 4, low >> 4 | packed[part] >> 6 << 4)
	};
	(scale.into(), minimum.into())
}

/// 32 weights of one output: `scale · q + minimum`, with a scale for each half.
struct Weights {
	q: [i8; BLOCK],
	scales: [f32; 2],
	minimum: f32,
}

/// Writes the panel of sixteen rows, None where there is no such output, into `target`. False when a
/// scale or a minimum is not finite in the layout's precision; the panel is of no use then.
pub(super) fn panel(
	format: BlockFormat,
	rows: &[Option<&[u8]>; LANES],
	blocks: usize,
	target: &mut Vec<u8>,
) -> bool {
	let kind = format.kind();
	let wide = !matches!(kind, Kind::Four | Kind::Eight);
	let mut finite = true;
	let mut number = |target: &mut Vec<u8>, value: f32| match wide {
		true => {
			finite &= value.is_finite();
			target.extend(value.to_le_bytes());
		}
		// Exact where it is finite: halves and their multiples by eight are what the blocks hold.
		false => {
			let half = half::f16::from_f32(value);
			finite &= half.is_finite();
			target.extend(half.to_le_bytes());
		}
	};
	for at in 0..blocks {
		let nothing = || Weights { q: [0; BLOCK], scales: [0.0; 2], minimum: 0.0 };
		let weights = rows.map(|row| row.map_or_else(nothing, |row| format.weights(row, at)));
		let q = |lane: usize, group: usize, i: usize| weights[lane].q[group * GROUP + i] as u8;
		if matches!(kind, Kind::Four | Kind::FourWide) {
			for group in 0..GROUPS / 2 {
				for lane in 0..LANES {
					target.extend(
						(0..GROUP).map(|i| q(lane, group, i) | q(lane, group + GROUPS / 2, i) << 4),
					);
				}
			}
		} else {
			for group in 0..GROUPS {
				for lane in 0..LANES {
					target.extend((0..GROUP).map(|i| q(lane, group, i)));
				}
			}
		}
		let parts = if kind == Kind::EightSplit { 2 } else { 1 };
		for part in 0..parts {
			weights.iter().for_each(|weights| number(target, weights.scales[part]));
		}
		if !matches!(kind, Kind::Eight | Kind::EightSplit) {
			weights.iter().for_each(|weights| number(target, weights.minimum));
		}
	}
	finite
}
