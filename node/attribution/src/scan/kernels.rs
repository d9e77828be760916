//! Dot products of signed bytes, exact and therefore the same on every machine.
//!
//! All kernels take components of −127…127: [`Probe`] refuses a query with −128, and index files with
//! one are refused when they are read. With at most 2,048 components of at most 127 each, a product
//! stays below 2²⁵, so 32-bit sums never overflow and need no order.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;

use crate::error::{Error, Result};
use openledger_primitives_attribution::score;
use openledger_primitives_core::MAX_SKETCH;
use openlora::Isa;

/// The components that kernels take at once: a query is filled up with zeros to a multiple of it.
const WIDTH: usize = 64;

/// A query as kernels read it.
#[derive(Debug, Clone)]
pub struct Probe {
	/// Filled up with zeros to a multiple of [`WIDTH`].
	padded: Vec<i8>,
	dimension: usize,
	sum: i32,
	square: i64,
}

impl Probe {
	/// Prepares a query's sketch.
	///
	/// # Errors
	/// [`Error::Dimension`] for none or more than [`MAX_SKETCH`] components, [`Error::Asymmetric`] for
	/// a component of −128.
	pub fn new(sketch: &[i8]) -> Result<Self> {
		if sketch.is_empty() || sketch.len() > MAX_SKETCH as usize {
			return Err(Error::Dimension { expected: MAX_SKETCH as usize, found: sketch.len() });
		}
		if !score::is_symmetric(sketch) {
			return Err(Error::Asymmetric(0));
		}
		let mut padded = sketch.to_vec();
		padded.resize(sketch.len().next_multiple_of(WIDTH), 0);
		Ok(Self {
			padded,
			dimension: sketch.len(),
			sum: sketch.iter().map(|component| i32::from(*component)).sum(),
			square: score::dot(sketch, sketch),
		})
	}

	/// The components.
	pub fn sketch(&self) -> &[i8] {
		&self.padded[..self.dimension]
	}

	/// How many components there are.
	pub fn dimension(&self) -> usize {
		self.dimension
	}

	/// The components, filled up with zeros to a multiple of [`WIDTH`].
	pub(super) fn padded(&self) -> &[i8] {
		&self.padded
	}

	/// Their sum.
	pub(super) fn sum(&self) -> i32 {
		self.sum
	}

	/// The square of its norm.
	pub(super) fn square(&self) -> i64 {
		self.square
	}
}

/// The products of `probe` with each of `rows`, which lie one after the other, as
/// [`score::dot`] gives them.
///
/// # Panics
/// Where `rows` are not as many as `dots`, of the probe's dimension each, or `isa` is not available.
pub(super) fn dots(isa: Isa, probe: &Probe, rows: &[i8], dots: &mut [i32]) {
	assert_eq!(rows.len(), dots.len() * probe.dimension, "one product for each row");
	assert!(isa.is_available(), "this processor has no {}", isa.name());
	match isa {
		// SAFETY: the processor has the features, and rows and products are as many.
		#[cfg(target_arch = "x86_64")]
		Isa::Avx512 => unsafe { avx512::dots(probe, rows, dots) },
		// SAFETY: as above.
		#[cfg(target_arch = "x86_64")]
		Isa::Avx2 => unsafe { avx2::dots(probe, rows, dots) },
		#[cfg(target_arch = "aarch64")]
		Isa::Neon => neon::dots(probe, rows, dots),
		_ => portable::dots(probe, rows, dots),
	}
}

#[cfg(test)]
mod tests;
