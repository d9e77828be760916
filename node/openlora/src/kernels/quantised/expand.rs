//! Quantised weights in single precision.

use super::Kind;
use super::layout::{BLOCK, GROUP, GROUPS, LANES, Layout, with_layout};
use crate::kernels::{Arch, Kernel};

/// Weights of a panel, `fma(scale, q, minimum)`, as rows of `target`, one for each output.
pub(super) struct Expand<'a> {
	pub(super) kind: Kind,
	/// Its blocks, or some that follow each other.
	pub(super) blocks: &'a [u8],
	/// `LANES` rows of `stride`.
	pub(super) target: &'a mut [f32],
	pub(super) stride: usize,
}

impl Kernel for Expand<'_> {
	type Output = ();

	#[inline(always)]
	fn run<A: Arch>(self) {
		with_layout!(self.kind, expand, [A], (self.blocks, self.target, self.stride));
	}
}

#[inline(always)]
fn expand<L: Layout, A: Arch>(blocks: &[u8], target: &mut [f32], stride: usize) {
	for (at, block) in blocks.chunks_exact(L::BYTES).enumerate() {
		let minima = match L::MINIMA {
			true => spread(&numbers::<L, A>(&block[L::MINIMA_AT..])),
			false => [0.0; LANES * GROUP],
		};
		for part in 0..L::PARTS {
			let scales = spread(&numbers::<L, A>(&block[L::WEIGHTS + part * L::NUMBERS..]));
			let each = GROUPS / L::PARTS;
			for group in part * each..(part + 1) * each {
				let bytes = if L::NIBBLES { group % (GROUPS / 2) } else { group };
				let bytes = &block[bytes * LANES * GROUP..][..LANES * GROUP];
				let mut weights = [0.0; LANES * GROUP];
				let numbers = scales.iter().zip(&minima);
				for ((weight, byte), (scale, minimum)) in weights.iter_mut().zip(bytes).zip(numbers)
				{
					let q = match L::NIBBLES {
						true if group < GROUPS / 2 => i32::from(byte & 15),
						true => i32::from(byte >> 4),
						false => i32::from(*byte as i8),
					};
					*weight = scale.mul_add(q as f32, *minimum);
				}
				let from = at * BLOCK + group * GROUP;
				for (lane, weights) in weights.as_chunks::<GROUP>().0.iter().enumerate() {
					target[lane * stride + from..][..GROUP].copy_from_slice(weights);
				}
			}
		}
	}
}

/// Each number four times, as the weights of a group lie.
#[inline(always)]
fn spread(numbers: &[f32; LANES]) -> [f32; LANES * GROUP] {
	std::array::from_fn(|i| numbers[i / GROUP])
}

/// Scales or minima of sixteen outputs.
#[inline(always)]
fn numbers<L: Layout, A: Arch>(bytes: &[u8]) -> [f32; LANES] {
	let mut numbers = [0.0; LANES];
	if L::WIDE {
		for (number, bytes) in numbers.iter_mut().zip(bytes.as_chunks::<4>().0) {
			*number = f32::from_le_bytes(*bytes);
		}
	} else {
		for (numbers, bytes) in
			numbers.as_chunks_mut::<8>().0.iter_mut().zip(bytes.as_chunks::<16>().0)
		{
			let halves =
				std::array::from_fn(|i| u16::from_le_bytes([bytes[2 * i], bytes[2 * i + 1]]));
			*numbers = A::widen(&halves);
		}
	}
	numbers
}
