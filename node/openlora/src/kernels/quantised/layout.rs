//! How quantised weights lie in memory.
//!
//! Sixteen outputs make a panel, which holds blocks of 32 inputs one after the other. A block first
//! has the quantised weights: for each group of four inputs, the four of the first output, the four
//! of the second, and so on, so that one instruction meets four inputs of many outputs. Where a
//! weight has four bits, groups 0 to 3 are the low and groups 4 to 7 the high halves of the bytes.
//! Then come the scales of the sixteen outputs, and their minima where the layout has them.

/// Outputs of a panel.
pub(crate) const LANES: usize = 16;
/// Inputs of a block.
pub(crate) const BLOCK: usize = 32;
/// Inputs of one output that lie beside each other.
pub(crate) const GROUP: usize = 4;
/// Groups of a block.
pub(crate) const GROUPS: usize = BLOCK / GROUP;

/// A layout, known when a kernel is compiled. A weight is `scale · q + minimum`.
pub(super) trait Layout {
	/// Four bits for each `q`, 0 to 15; else eight, −128 to 127.
	const NIBBLES: bool;
	/// Scales and minima in single precision; else in half.
	const WIDE: bool;
	/// Minima are stored; else they are zero.
	const MINIMA: bool;
	/// Scales of a block for each output: one, or one for each half.
	const PARTS: usize;

	/// Bytes of a block's weights.
	const WEIGHTS: usize = if Self::NIBBLES { LANES * BLOCK / 2 } else { LANES * BLOCK };
	/// Bytes of a number for each output.
	const NUMBERS: usize = if Self::WIDE { 4 * LANES } else { 2 * LANES };
	/// Where the minima begin.
	const MINIMA_AT: usize = Self::WEIGHTS + Self::PARTS * Self::NUMBERS;
	/// Bytes of a block.
	const BYTES: usize = Self::MINIMA_AT + if Self::MINIMA { Self::NUMBERS } else { 0 };
}

/// Four bits, as in Q4_0 and Q4_1.
pub(super) struct Four;

impl Layout for Four {
	const NIBBLES: bool = true;
	const WIDE: bool = false;
	const MINIMA: bool = true;
	const PARTS: usize = 1;
}

/// Four bits whose scales are products, as in Q4_K.
pub(super) struct FourWide;

impl Layout for FourWide {
	const NIBBLES: bool = true;
	const WIDE: bool = true;
	const MINIMA: bool = true;
	const PARTS: usize = 1;
}

/// Eight bits, as in Q8_0, and Q5_0 with room to spare.
pub(super) struct Eight;

impl Layout for Eight {
	const NIBBLES: bool = false;
	const WIDE: bool = false;
	const MINIMA: bool = false;
	const PARTS: usize = 1;
}

/// Eight bits with minima, for Q5_1 and Q5_K.
pub(super) struct EightWide;

impl Layout for EightWide {
	const NIBBLES: bool = false;
	const WIDE: bool = true;
	const MINIMA: bool = true;
	const PARTS: usize = 1;
}

/// Eight bits with a scale for 16 weights, for Q6_K.
pub(super) struct EightSplit;

impl Layout for EightSplit {
	const NIBBLES: bool = false;
	const WIDE: bool = true;
	const MINIMA: bool = false;
	const PARTS: usize = 2;
}

/// The layouts that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
	/// [`Four`].
	Four,
	/// [`FourWide`].
	FourWide,
	/// [`Eight`].
	Eight,
	/// [`EightWide`].
	EightWide,
	/// [`EightSplit`].
	EightSplit,
}

/// Calls a function that is generic over the layout first.
macro_rules! with_layout {
	($kind:expr, $function:ident, [$($generic:tt)*], $arguments:tt) => {{
		use $crate::kernels::quantised::layout::{self, Kind};
		match $kind {
			Kind::Four => $function::<layout::Four, $($generic)*> $arguments,
			Kind::FourWide => $function::<layout::FourWide, $($generic)*> $arguments,
			Kind::Eight => $function::<layout::Eight, $($generic)*> $arguments,
			Kind::EightWide => $function::<layout::EightWide, $($generic)*> $arguments,
			Kind::EightSplit => $function::<layout::EightSplit, $($generic)*> $arguments,
		}
	}};
}

pub(super) use with_layout;
