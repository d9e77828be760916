//! Leaves as a scan reads them: columns of an index, or of a shard of one.

use super::Probe;
use crate::error::{Error, Result};
use openledger_primitives_attribution::score;
use std::ops::Range;

/// The units of the sketches, little-endian as in the file.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Scales<'a> {
	/// Of records.
	Narrow(&'a [[u8; 2]]),
	/// Of contributors.
	Wide(&'a [[u8; 4]]),
}

impl Scales<'_> {
	fn range(self, range: Range<usize>) -> Option<Self> {
		Some(match self {
			Self::Narrow(scales) => Self::Narrow(scales.get(range)?),
			Self::Wide(scales) => Self::Wide(scales.get(range)?),
		})
	}
}

/// Leaves one after the other: their sketches, units and squared norms. A shard of an index is a range
/// of its rows; several files are as many rows, each with the position of its first.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
	sketches: &'a [i8],
	scales: Scales<'a>,
	squares: &'a [[u8; 4]],
	dimension: usize,
	first: u32,
}

impl<'a> Rows<'a> {
	/// The rows of a whole index, whose layout makes the columns fit each other.
	pub(crate) fn of_index(
		sketches: &'a [i8],
		scales: Scales<'a>,
		squares: &'a [[u8; 4]],
		dimension: usize,
	) -> Self {
		Self { sketches, scales, squares, dimension, first: 0 }
	}

	/// Rows of a shard's own columns, from `first` on in the whole index: `sketches` of `dimension`
	/// components each, `scales` as two and squared norms as four bytes, little-endian.
	///
	/// # Errors
	/// [`Error::Malformed`] where the columns are not as many, or positions pass `u32`;
	/// [`Error::Asymmetric`] for a component of −128.
	pub fn of_columns(
		sketches: &'a [i8],
		scales: &'a [[u8; 2]],
		squares: &'a [[u8; 4]],
		dimension: usize,
		first: u32,
	) -> Result<Self> {
		let count = scales.len();
		let fits = squares.len() == count
			&& dimension > 0
			&& sketches.len() == count.saturating_mul(dimension)
			&& u32::try_from(count).is_ok_and(|count| first.checked_add(count).is_some());
		if !fits {
			return Err(Error::malformed("rows", "their columns are not as many"));
		}
		if let Some(at) = sketches.iter().position(|component| *component == i8::MIN) {
			return Err(Error::Asymmetric(first + (at / dimension) as u32));
		}
		Ok(Self { sketches, scales: Scales::Narrow(scales), squares, dimension, first })
	}

	/// How many there are.
	pub fn len(&self) -> usize {
		self.squares.len()
	}

	/// Whether there are none.
	pub fn is_empty(&self) -> bool {
		self.squares.is_empty()
	}

	/// Components of a sketch.
	pub fn dimension(&self) -> usize {
		self.dimension
	}

	/// The position of the first row in the whole index.
	pub fn first(&self) -> u32 {
		self.first
	}

	/// The rows of a range, counted from the first here; `None` where it passes the last.
	pub fn shard(&self, range: Range<usize>) -> Option<Self> {
		let bytes =
			range.start.checked_mul(self.dimension)?..range.end.checked_mul(self.dimension)?;
		Some(Self {
			sketches: self.sketches.get(bytes)?,
			scales: self.scales.range(range.clone())?,
			squares: self.squares.get(range.clone())?,
			dimension: self.dimension,
			first: self.first + range.start as u32,
		})
	}

	/// The sketches of rows `from..from + count`, which must be there.
	#[inline]
	pub(super) fn sketches(&self, from: usize, count: usize) -> &'a [i8] {
		&self.sketches[from * self.dimension..(from + count) * self.dimension]
	}

	/// The sketch of one row; `None` beyond the last.
	pub fn sketch_of(&self, row: usize) -> Option<&'a [i8]> {
		(row < self.len()).then(|| self.sketch(row))
	}

	/// The sketch of one row, which must be there.
	pub(super) fn sketch(&self, row: usize) -> &'a [i8] {
		self.sketches(row, 1)
	}

	/// The unit of one row, which must be there.
	#[inline]
	pub(super) fn scale(&self, row: usize) -> u32 {
		match self.scales {
			Scales::Narrow(scales) => u16::from_le_bytes(scales[row]).into(),
			Scales::Wide(scales) => u32::from_le_bytes(scales[row]),
		}
	}

	/// The squared norm of one row's sketch, which must be there.
	#[inline]
	pub(crate) fn square(&self, row: usize) -> u32 {
		u32::from_le_bytes(self.squares[row])
	}

	/// The position of a row.
	#[inline]
	pub(super) fn position(&self, row: usize) -> u32 {
		self.first + row as u32
	}

	/// What a row has to exceed to be paid, by the rule.
	pub(super) fn floor(&self, probe: &Probe, row: usize, floor_ppm: u32) -> i64 {
		score::floor(probe.sketch(), self.scale(row), self.sketch(row), floor_ppm)
	}

	/// Whether a row is paid at a score. Most rows are told from an estimate that errs by less than
	/// its margin; the rule decides the others.
	#[inline]
	pub(super) fn is_paid(&self, probe: &Probe, row: usize, score: i64, floor_ppm: u32) -> bool {
		if score <= 0 {
			return false;
		}
		let least = (self.norms(probe, row) - 1.0)
			* f64::from(self.scale(row))
			* (f64::from(floor_ppm) / 1e6)
			* (1.0 - 1e-9);
		// The rule rounds the norms' product down by less than one, and the floor by less than one.
		score as f64 > least - 1.0
			&& score::excess(score, self.floor(probe, row, floor_ppm)).is_some()
	}

	/// |query|·|sketch|; the product under the root is below 2⁵³.
	#[inline]
	pub(super) fn norms(&self, probe: &Probe, row: usize) -> f64 {
		(probe.square() as f64 * f64::from(self.square(row))).sqrt()
	}
}
