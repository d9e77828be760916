//! Sketches of preconditioned gradients: what can be committed to, record by record.
//!
//! `(F + λ)⁻¹` is taken apart into its roots, `(F + λ)^(−½)·(F + λ)^(−½)`, one for each side, so that a
//! record's vector depends on the record and the curvature alone and a query's on the query; both go
//! through [`features`]' count-sketch and a [`Projection`] to signed bytes, and the inner
//! product of two sketches estimates the influence of one on the other.

use super::{Estimator, Gradient, Item, Length, Trained, gradient::Vectors, products};
use crate::{error::Result, features, projection::Projection, quantize};
use openledger_primitives_core::Hash;
use products::{Packed, Scores, stretches};
use rayon::prelude::*;

/// In which numbers vectors are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rounding {
	/// In single precision.
	#[default]
	None,
	/// In directions of signed bytes, times the length that was kept beside them.
	Bytes,
}

impl Rounding {
	/// Each row, `[rows, length]`, as what is left of it once rounded.
	///
	/// # Errors
	/// [`Error::NonFinite`](crate::Error::NonFinite), or
	/// [`Error::Dimension`](crate::Error::Dimension) for rows longer than a sketch.
	pub(super) fn apply(self, rows: &mut [f32], length: usize) -> Result<()> {
		if self == Self::None {
			return super::check_finite("a sketch", rows);
		}
		rows.par_chunks_mut(length.max(1)).try_for_each(|row| {
			let norm = f64::from(features::norm(row));
			let bytes = quantize::direction(row)?;
			let squares: f64 = bytes.iter().map(|byte| f64::from(*byte) * f64::from(*byte)).sum();
			let factor = if squares > 0.0 { norm / squares.sqrt() } else { 0.0 };
			for (value, byte) in row.iter_mut().zip(bytes.iter()) {
				*value = (f64::from(*byte) * factor) as f32;
			}
			Ok(())
		})
	}

	/// What it adds to a name.
	pub(super) fn suffix(self) -> &'static str {
		match self {
			Self::None => "",
			Self::Bytes => ", int8",
		}
	}
}

/// Inner products of sketches of what [`Gradient`] compares in full.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sketch {
	/// What is sketched.
	pub of: Gradient,
	/// Components of a sketch.
	pub dimension: usize,
	/// The projection's seed.
	pub seed: Hash,
	/// In which numbers sketches are compared.
	pub rounding: Rounding,
}

impl Sketch {
	/// Of so many components, which are rounded to signed bytes.
	pub fn new(of: Gradient, dimension: usize) -> Self {
		Self { of, dimension, seed: Hash::zero(), rounding: Rounding::Bytes }
	}

	fn sketches(self, projection: &Projection, rows: &[f32], length: usize) -> Result<Vec<f32>> {
		let features: Vec<Vec<f32>> =
			rows.par_chunks(length.max(1)).map(features::count_sketch).collect::<Result<_>>()?;
		let mut sketches = projection.apply_all(&features.concat(), features::DIMENSION);
		self.rounding.apply(&mut sketches, self.dimension)?;
		Ok(sketches)
	}
}

impl Estimator for Sketch {
	fn name(&self) -> String {
		let kind = match (self.of.curvature, self.of.length) {
			(None, Length::Kept) => "dot sketch",
			(None, _) => "cosine sketch",
			(Some(_), Length::Kept) => "EK-FAC sketch",
			(Some(_), _) => "EK-FAC cosine sketch",
		};
		let (dimension, rounding) = (self.dimension, self.rounding.suffix());
		format!("{kind} {dimension}{rounding}{}", self.of.details())
	}

	fn scores(
		&self,
		trained: &Trained<'_>,
		records: &[Item<'_>],
		queries: &[Item<'_>],
	) -> Result<Vec<Vec<f32>>> {
		let vectors = Vectors::new(self.of, trained, records)?;
		let projection = Projection::new(&self.seed, self.dimension, features::DIMENSION);
		let length = vectors.layout.length;
		let mut of_queries = Vec::new();
		vectors.each(queries, self.of.query, &mut |_, rows| {
			of_queries.extend(self.sketches(&projection, &rows, length)?);
			Ok(())
		})?;
		let packed = Packed::new(&of_queries, self.dimension, &stretches(self.dimension))?;
		let mut scores = Scores::new(queries.len(), records.len());
		vectors.each(records, self.of.record, &mut |first, rows| {
			let sketches = self.sketches(&projection, &rows, length)?;
			scores.put(first, &packed.products(&sketches)?);
			Ok(())
		})?;
		scores.finish()
	}
}
