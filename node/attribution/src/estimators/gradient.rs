//! Inner products of gradients, as they are or preconditioned.
//!
//! To first order, a step of gradient descent on a record's loss changes that of a query by minus the
//! step's size times `∇ℓ(query)·∇ℓ(record)`; where training has come to rest, leaving a record out
//! changes it by `∇ℓ(query)ᵀ·H⁻¹·∇ℓ(record)` (influence functions: Koh and Liang 2017,
//! arXiv:1703.04730), with the Fisher information for the Hessian H.

use super::{
	Estimator, Item, Trained,
	ekfac::{Basis, Curvature},
	gradients::Gradients,
	layout::Layout,
	products::{Packed, Scores},
};
use crate::{error::Result, estimator, features};
use openlora::{Adapter, Labels, Objective};
use rayon::prelude::*;

/// Which layers' matrices gradients are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Layers {
	/// All.
	#[default]
	All,
	/// The upper half.
	Upper,
}

/// What becomes of the lengths of vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Length {
	/// They are kept: inner products.
	#[default]
	Kept,
	/// Each vector is brought to unit length: cosines.
	Unit,
	/// Each matrix's part is brought to unit length, and then the vector.
	EachMatrix,
}

/// Inner products of a query's gradient with those of the records.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Gradient {
	/// What a query's gradient is of.
	pub query: Objective,
	/// What a record's gradient is of.
	pub record: Objective,
	/// With respect to which layers.
	pub layers: Layers,
	/// What becomes of their lengths, after the preconditioner.
	pub length: Length,
	/// What both are preconditioned by, each by its inverse root.
	pub curvature: Option<Curvature>,
}

impl Gradient {
	/// The inner product of the gradients of the likelihood.
	pub fn dot() -> Self {
		Self::default()
	}

	/// The cosine of the gradients of the likelihood.
	pub fn cosine() -> Self {
		Self { length: Length::Unit, ..Self::default() }
	}

	/// What [`crate::estimator`] makes sketches of.
	pub fn paid() -> Self {
		Self {
			query: estimator::OBJECTIVE,
			record: estimator::OBJECTIVE,
			layers: Layers::Upper,
			length: Length::Unit,
			curvature: None,
		}
	}

	/// The log-odds' gradient in the upper layers, each matrix's part of unit length, as TrackStar joins them
	/// (Chang et al. 2024, arXiv:2410.17413).
	pub fn by_matrix() -> Self {
		let (query, record) = (Objective::Odds, Objective::Odds);
		let (layers, length) = (Layers::Upper, Length::EachMatrix);
		Self { query, record, layers, length, curvature: None }
	}

	/// Influence by Kronecker-factored curvature with corrected eigenvalues.
	pub fn ekfac() -> Self {
		Self { curvature: Some(Curvature::default()), ..Self::default() }
	}

	/// The parameters that differ from the defaults, in words.
	pub(super) fn details(&self) -> String {
		let objective = |objective| match objective {
			Objective::Likelihood => "likelihood",
			Objective::Odds => "odds",
			Objective::Root => "root",
		};
		let mut details = Vec::new();
		if (self.query, self.record) != (Objective::Likelihood, Objective::Likelihood) {
			details.push(format!("{}·{}", objective(self.query), objective(self.record)));
		}
		if self.layers == Layers::Upper {
			details.push("upper layers".into());
		}
		if self.length == Length::EachMatrix {
			details.push("by matrix".into());
		}
		details.extend(self.curvature.and_then(|curvature| curvature.details()));
		if details.is_empty() { String::new() } else { format!(" ({})", details.join(", ")) }
	}
}

impl Estimator for Gradient {
	fn name(&self) -> String {
		let kind = match (self.curvature, self.length) {
			(None, Length::Kept) => "gradient dot",
			(None, _) => "gradient cosine",
			(Some(_), Length::Kept) => "EK-FAC",
			(Some(_), _) => "EK-FAC cosine",
		};
		format!("{kind}{}", self.details())
	}

	fn scores(
		&self,
		trained: &Trained<'_>,
		records: &[Item<'_>],
		queries: &[Item<'_>],
	) -> Result<Vec<Vec<f32>>> {
		let vectors = Vectors::new(*self, trained, records)?;
		let mut of_queries = Vec::new();
		vectors.each(queries, self.query, &mut |_, rows| {
			of_queries.extend(rows);
			Ok(())
		})?;
		let layout = &vectors.layout;
		let packed = Packed::new(&of_queries, layout.length, &layout.ranges())?;
		let mut scores = Scores::new(queries.len(), records.len());
		vectors.each(records, self.record, &mut |first, rows| {
			scores.put(first, &packed.products(&rows)?);
			Ok(())
		})?;
		scores.finish()
	}
}

/// What makes the vectors whose inner products are scores.
pub(super) struct Vectors<'a> {
	gradient: Gradient,
	trained: Trained<'a>,
	pub(super) layout: Layout,
	basis: Option<Basis>,
}

impl<'a> Vectors<'a> {
	/// Fits the curvature, if there is one, to the records.
	pub(super) fn new(
		gradient: Gradient,
		trained: &Trained<'a>,
		records: &[Item<'_>],
	) -> Result<Self> {
		let layout = Layout::new(trained.adapter, first_layer(gradient.layers, trained.adapter));
		let of = (trained.base, trained.adapter, &layout);
		let basis = gradient.curvature.map(|curvature| Basis::fit(curvature, of, records));
		Ok(Self { gradient, trained: *trained, basis: basis.transpose()?, layout })
	}

	/// Calls `consume` with the number of the first item of each block and the block's vectors,
	/// `[items, parameters]`.
	pub(super) fn each(
		&self,
		items: &[Item<'_>],
		objective: Objective,
		consume: &mut dyn FnMut(usize, Vec<f32>) -> Result<()>,
	) -> Result<()> {
		let of = (self.trained.base, self.trained.adapter, &self.layout);
		let length = self.layout.length.max(1);
		let ranges = self.layout.ranges();
		Gradients::new(of, items, objective, Labels::Given).once(&mut |first, mut rows| {
			if let Some(basis) = &self.basis {
				basis.rotate(&mut rows)?;
				basis.whiten(&mut rows);
			}
			rows.par_chunks_mut(length).for_each(|row| {
				if self.gradient.length == Length::EachMatrix {
					ranges.iter().for_each(|range| features::normalize(&mut row[range.clone()]));
				}
				if self.gradient.length != Length::Kept {
					features::normalize(row);
				}
			});
			consume(first, rows)
		})
	}
}

/// The first layer that counts.
pub(super) fn first_layer(layers: Layers, adapter: &Adapter) -> usize {
	match layers {
		Layers::All => 0,
		Layers::Upper => adapter.weights().layers() / 2,
	}
}
