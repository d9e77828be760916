//! How voice halves without anything being touched.

use openledger_primitives_core::Balance;
use sp_runtime::{Rounding, helpers_128bit::multiply_by_rational_with_rounding};

/// What voice is counted in, a millionth of an OPEN. The smallest unit of OPEN would leave the
/// index room for fourteen years only.
pub const UNIT: Balance = 1_000_000_000_000;

/// What one unit of voice earned at a block is multiplied by: `2^y · (Year + r)` at `r` blocks into
/// the `y`th year.
///
/// It is the length of a year times `2^y · (1 + r / Year)`, which keeps it a whole number, so that
/// points are never rounded. It doubles over every span of one year, wherever that begins; within
/// such a span it is nowhere more than 6.2 percent off an even doubling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Index(u128);

impl Index {
	/// The index at `block`, where a year has `year` blocks, zero counting as one. `None` once it
	/// is more than fits.
	pub fn at(block: u128, year: u128) -> Option<Self> {
		let year = year.max(1);
		let years = u32::try_from(block.checked_div(year)?).ok()?;
		let within = year.checked_add(block.checked_rem(year)?)?;
		2u128.checked_pow(years)?.checked_mul(within).map(Self)
	}

	/// The points of `units` earned now.
	pub fn points(self, units: u128) -> Option<u128> {
		units.checked_mul(self.0)
	}

	/// What `points` weigh now, in the smallest unit of OPEN and rounded down.
	pub fn weight(self, points: u128) -> Balance {
		multiply_by_rational_with_rounding(points, UNIT, self.0, Rounding::Down)
			.unwrap_or(Balance::MAX)
	}
}
