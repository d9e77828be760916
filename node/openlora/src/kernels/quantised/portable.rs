//! The product of a panel in plain Rust: what the other instruction sets are held against.

use super::{
	layout::{BLOCK, GROUP, GROUPS, LANES, Layout},
	rows::Row,
};

/// Scales or minima of sixteen outputs.
pub(super) fn numbers<L: Layout>(bytes: &[u8]) -> [f32; LANES] {
	std::array::from_fn(|lane| {
		if L::WIDE {
			let bytes = &bytes[4 * lane..][..4];
			f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
		} else {
			half::f16::from_le_bytes([bytes[2 * lane], bytes[2 * lane + 1]]).to_f32()
		}
	})
}

/// The weights of a group, sixteen outputs of four inputs.
fn group<L: Layout>(weights: &[u8], group: usize) -> [i32; LANES * GROUP] {
	const BYTES: usize = LANES * GROUP;
	std::array::from_fn(|at| {
		if L::NIBBLES {
			let both = weights[group % (GROUPS / 2) * BYTES + at];
			i32::from(if group < GROUPS / 2 { both & 15 } else { both >> 4 })
		} else {
			i32::from(weights[group * BYTES + at] as i8)
		}
	})
}

/// `Σ weight · x` of each output of the panel for each row.
///
/// In each block, `Σ q·x` is computed exactly, in whole numbers. With `s` the row's scale and `t` its
/// sum, the result becomes `fma(scale · s, Σ q·x, result)`, then `fma(minimum, t, result)`.
pub(super) fn product<L: Layout, const R: usize>(
	panel: &[u8],
	rows: [Row<'_>; R],
) -> [[f32; LANES]; R] {
	let mut results = [[0f32; LANES]; R];
	for (at, block) in panel.chunks_exact(L::BYTES).enumerate() {
		let minima = L::MINIMA.then(|| numbers::<L>(&block[L::MINIMA_AT..]));
		for (row, results) in rows.iter().zip(&mut results) {
			let x = &row.values[at * BLOCK..][..BLOCK];
			for part in 0..L::PARTS {
				let scales = numbers::<L>(&block[L::WEIGHTS + part * L::NUMBERS..]);
				let mut sums = [0i32; LANES];
				let each = GROUPS / L::PARTS;
				for number in part * each..(part + 1) * each {
					let weights = group::<L>(block, number);
					let x = &x[number * GROUP..][..GROUP];
					for (sum, weights) in sums.iter_mut().zip(weights.chunks_exact(GROUP)) {
						*sum += weights.iter().zip(x).map(|(w, x)| w * i32::from(*x)).sum::<i32>();
					}
				}
				for ((result, scale), sum) in results.iter_mut().zip(scales).zip(sums) {
					*result = (scale * row.scales[at]).mul_add(sum as f32, *result);
				}
			}
			if let Some(minima) = minima {
				for (result, minimum) in results.iter_mut().zip(minima) {
					*result = minimum.mul_add(row.sums[at], *result);
				}
			}
		}
	}
	results
}
