//! Numbers as they are kept in memory, read as single precision.

use super::{Arch, lanes::Vector, quantised::LANES};

/// How a number is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Precision {
	/// IEEE 754 binary32.
	F32,
	/// IEEE 754 binary16.
	F16,
	/// The upper half of a binary32.
	BF16,
}

impl Precision {
	/// Bytes of a number.
	pub(crate) const fn bytes(self) -> usize {
		match self {
			Self::F32 => 4,
			Self::F16 | Self::BF16 => 2,
		}
	}

	/// The numbers that bytes stand for.
	pub(crate) fn read(self, bytes: &[u8]) -> Vec<f32> {
		let halves = bytes.as_chunks::<2>().0.iter().map(|bytes| u16::from_le_bytes(*bytes));
		match self {
			Self::F32 => bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
			Self::F16 => halves.map(|bits| half::f16::from_bits(bits).to_f32()).collect(),
			Self::BF16 => halves.map(|bits| half::bf16::from_bits(bits).to_f32()).collect(),
		}
	}

	/// Appends numbers, rounded to the nearest where they do not fit, ties to even.
	pub(crate) fn write(self, values: &[f32], target: &mut Vec<u8>) {
		match self {
			Self::F32 => target.extend(values.iter().flat_map(|value| value.to_le_bytes())),
			Self::F16 => {
				let halves = values.iter().map(|value| half::f16::from_f32(*value));
				target.extend(halves.flat_map(half::f16::to_le_bytes));
			}
			Self::BF16 => {
				let halves = values.iter().map(|value| half::bf16::from_f32(*value));
				target.extend(halves.flat_map(half::bf16::to_le_bytes));
			}
		}
	}
}

/// A [`Precision`], known when a kernel is compiled.
pub(super) trait Element {
	/// Bytes of a number.
	const BYTES: usize;

	/// Eight numbers, exactly.
	fn eight<A: Arch>(bytes: &[u8]) -> [f32; 8];

	/// As [`Element::eight`], for sums in registers.
	#[inline(always)]
	fn short<A: Arch>(bytes: &[u8]) -> A::Eight {
		// SAFETY: an array of eight.
		unsafe { A::Eight::load(Self::eight::<A>(bytes).as_ptr()) }
	}

	/// As [`Element::load`], for sums in registers.
	#[inline(always)]
	fn long<A: Arch>(bytes: &[u8]) -> A::Sixteen {
		// SAFETY: an array of sixteen.
		unsafe { A::Sixteen::load(Self::load::<A>(bytes).as_ptr()) }
	}

	/// Sixteen numbers, exactly.
	#[inline(always)]
	fn load<A: Arch>(bytes: &[u8]) -> [f32; LANES] {
		let mut numbers = [0.0; LANES];
		let (first, second) = bytes.split_at(8 * Self::BYTES);
		numbers[..8].copy_from_slice(&Self::eight::<A>(first));
		numbers[8..].copy_from_slice(&Self::eight::<A>(second));
		numbers
	}
}

pub(super) struct Single;

impl Element for Single {
	const BYTES: usize = 4;

	#[inline(always)]
	fn eight<A: Arch>(bytes: &[u8]) -> [f32; 8] {
		let mut numbers = [0.0; 8];
		for (number, bytes) in numbers.iter_mut().zip(bytes.as_chunks::<4>().0) {
			*number = f32::from_le_bytes(*bytes);
		}
		numbers
	}
}

pub(super) struct Half;

impl Element for Half {
	const BYTES: usize = 2;

	#[inline(always)]
	fn eight<A: Arch>(bytes: &[u8]) -> [f32; 8] {
		let bytes = &bytes[..16];
		A::widen(&std::array::from_fn(|i| u16::from_le_bytes([bytes[2 * i], bytes[2 * i + 1]])))
	}
}

pub(super) struct Upper;

impl Element for Upper {
	const BYTES: usize = 2;

	#[inline(always)]
	fn eight<A: Arch>(bytes: &[u8]) -> [f32; 8] {
		let mut numbers = [0.0; 8];
		for (number, bytes) in numbers.iter_mut().zip(bytes.as_chunks::<2>().0) {
			*number = f32::from_bits(u32::from(u16::from_le_bytes(*bytes)) << 16);
		}
		numbers
	}
}

/// Calls a function that is generic over the element first.
macro_rules! with_element {
	($precision:expr, $function:ident, [$($generic:tt)*], $arguments:tt) => {{
		use $crate::kernels::element::{Half, Precision, Single, Upper};
		match $precision {
			Precision::F32 => $function::<Single, $($generic)*> $arguments,
			Precision::F16 => $function::<Half, $($generic)*> $arguments,
			Precision::BF16 => $function::<Upper, $($generic)*> $arguments,
		}
	}};
}

pub(super) use with_element;
