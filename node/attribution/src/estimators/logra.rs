//! LoGra (Choe et al. 2024, arXiv:2405.13954): gradients projected by their factors, never formed.
//!
//! A matrix's gradient is a sum over tokens of `l·wᵀ`, of `v·xᵀ` for `A` and, transposed, `u·δᵀ` for `B`.
//! With a projection for each side it becomes `Σ (P_l·l)·(P_w·w)ᵀ`, so that a token takes the products of its vectors with
//! a few rows instead of an outer product. The projected gradients p of all matrices, k components
//! together, are preconditioned by their own damped second moment: `p_qᵀ·(F + λ)⁻¹·p_g`, with
//! `F = mean of p·pᵀ` over the records and λ a part of its mean eigenvalue.

use super::{
	Curvature, Estimator, Item, Rounding, Trained, consumed,
	covariance::Covariance,
	eigen,
	layout::{Layout, Matrix, Side},
	products::{Packed, Scores, stretches},
	sequences,
};
use crate::{error::Result, projection::Projection};
use openledger_primitives_core::Hash;
use openlora::{
	FactorOptions, Factors, GradientOptions, Labels, Objective, Team, factored_gradients,
	matmul::Weights,
};
use sp_io::hashing::blake2_256;

/// Inner products of gradients that are projected factor by factor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LoGra {
	/// What a query's gradient is of.
	pub query: Objective,
	/// What a record's gradient is of.
	pub record: Objective,
	/// The most components of all matrices together, unless there are more matrices.
	pub dimension: usize,
	/// What both sides are preconditioned by, each by its inverse root.
	pub curvature: Option<Curvature>,
	/// What the projections' signs are drawn from.
	pub seed: Hash,
	/// In which numbers vectors are compared.
	pub rounding: Rounding,
}

impl Default for LoGra {
	fn default() -> Self {
		Self {
			query: Objective::Likelihood,
			record: Objective::Likelihood,
			dimension: 512,
			curvature: Some(Curvature::default()),
			seed: Hash::zero(),
			rounding: Rounding::None,
		}
	}
}

impl Estimator for LoGra {
	fn name(&self) -> String {
		let of = super::Gradient {
			query: self.query,
			record: self.record,
			curvature: self.curvature,
			..Default::default()
		};
		let plain = if self.curvature.is_none() { ", without preconditioner" } else { "" };
		let (dimension, rounding) = (self.dimension, self.rounding.suffix());
		format!("LoGra {dimension}{rounding}{plain}{}", of.details())
	}

	fn scores(
		&self,
		trained: &Trained<'_>,
		records: &[Item<'_>],
		queries: &[Item<'_>],
	) -> Result<Vec<Vec<f32>>> {
		let layout = Layout::new(trained.adapter, 0);
		let projections = Projections::new(&layout, self.dimension, &self.seed);
		let width = projections.width;
		let root = match self.curvature {
			Some(curvature) => {
				let mut sum = Covariance::new(width);
				let labels = curvature.labels;
				let add = |_, row: Vec<f32>| sum.add(&row);
				projections.each(trained, records, (Objective::Likelihood, labels), add)?;
				Some(inverse_root(&sum.finish()?, (width, records.len()), curvature.damping)?)
			}
			None => None,
		};
		let side = |items: &[Item<'_>], objective| {
			let mut rows = Vec::new();
			projections.each(trained, items, (objective, Labels::Given), |_, row| {
				rows.extend(row);
				Ok(())
			})?;
			if let Some(root) = &root {
				let mut whitened = vec![0.0; rows.len()];
				root.multiply(Team::shared()?, &rows, &mut whitened)?;
				rows = whitened;
			}
			self.rounding.apply(&mut rows, width)?;
			Ok::<_, crate::Error>(rows)
		};
		let packed = Packed::new(&side(queries, self.query)?, width, &stretches(width))?;
		let mut scores = Scores::new(queries.len(), records.len());
		scores.put(0, &packed.products(&side(records, self.record)?)?);
		scores.finish()
	}
}

/// `(F + λ)^(−½)`, `[width, width]`, for the sum of so many outer products; zero for a sum of zeros.
fn inverse_root(sum: &[f64], (width, count): (usize, usize), damping: f64) -> Result<Weights> {
	let eigen = eigen::symmetric(sum, width)?;
	let count = count.max(1) as f64;
	// Rounding can leave the least ones below zero.
	let values: Vec<f64> = eigen.values.iter().map(|value| value.max(0.0) / count).collect();
	let lambda = damping * values.iter().sum::<f64>() / width.max(1) as f64;
	let mut root = vec![0f64; width * width];
	for (value, vector) in values.iter().zip(eigen.vectors.chunks(width.max(1))) {
		let factor = if lambda > 0.0 { 1.0 / (value + lambda).sqrt() } else { 0.0 };
		for (row, of) in root.chunks_mut(width.max(1)).zip(vector) {
			let weight = factor * f64::from(*of);
			row.iter_mut().zip(vector).for_each(|(sum, of)| *sum += weight * f64::from(*of));
		}
	}
	let root: Vec<f32> = root.into_iter().map(|value| value as f32).collect();
	super::check_finite("a curvature", &root)?;
	Ok(Weights::pack(width, width, &root)?)
}

/// The projections of all matrices.
struct Projections {
	matrices: Vec<Projected>,
	/// Components together.
	width: usize,
}

/// Those of one matrix.
struct Projected {
	/// Where its components begin.
	at: usize,
	low: Signs,
	wide: Signs,
}

/// A projection of the vectors of one side, or none where there are few components anyway.
struct Signs {
	inputs: usize,
	outputs: usize,
	projection: Option<Projection>,
}

impl Signs {
	fn new(seed: &Hash, (matrix, side): (usize, u8), inputs: usize, outputs: usize) -> Self {
		if outputs >= inputs {
			return Self { inputs, outputs: inputs, projection: None };
		}
		let place = (matrix as u64).to_le_bytes();
		let seed = blake2_256(&[seed.as_bytes(), &place, &[side]].concat());
		Self { inputs, outputs, projection: Some(Projection::new(&Hash(seed), outputs, inputs)) }
	}

	/// Every row of `x`, `[rows, inputs]`, projected: `[rows, outputs]`.
	fn apply(&self, x: &[f32]) -> Vec<f32> {
		match &self.projection {
			None => x.to_vec(),
			Some(projection) => {
				x.chunks_exact(self.inputs).flat_map(|row| projection.apply(row)).collect()
			}
		}
	}
}

impl Projections {
	/// Each matrix gets as many components as the others, about as many of each side where the rank
	/// allows it.
	fn new(layout: &Layout, dimension: usize, seed: &Hash) -> Self {
		let each = dimension / layout.matrices.len().max(1);
		let (mut matrices, mut width) = (Vec::new(), 0);
		for (number, Matrix { rank, wide, .. }) in layout.matrices.iter().enumerate() {
			let low = Signs::new(seed, (number, 0), *rank, each.isqrt().max(1));
			let for_wide = (each / low.outputs.max(1)).max(1);
			let wide = Signs::new(seed, (number, 1), *wide, for_wide);
			let projected = Projected { at: width, low, wide };
			width += projected.low.outputs * projected.wide.outputs;
			matrices.push(projected);
		}
		Self { matrices, width }
	}

	/// Adds the projected gradients of both matrices of a projection.
	fn add(&self, first: usize, factors: &Factors<'_>, target: &mut [f32]) {
		let sides = [(factors.v, factors.x), (factors.u, factors.delta)];
		for (projected, (low, wide)) in self.matrices[first..].iter().zip(sides) {
			let (low, wide) = (projected.low.apply(low), projected.wide.apply(wide));
			let (rank, width) = (projected.low.outputs, projected.wide.outputs);
			let target = &mut target[projected.at..][..rank * width];
			for (low, wide) in low.chunks_exact(rank).zip(wide.chunks_exact(width)) {
				for (target, low) in target.chunks_exact_mut(width).zip(low) {
					target.iter_mut().zip(wide).for_each(|(sum, wide)| *sum += low * wide);
				}
			}
		}
	}

	/// Hands each item's projected gradient, `[width]`, to `consume`, in order.
	fn each(
		&self,
		trained: &Trained<'_>,
		items: &[Item<'_>],
		(objective, labels): (Objective, Labels),
		consume: impl FnMut(usize, Vec<f32>) -> Result<()>,
	) -> Result<()> {
		let layout = Layout::new(trained.adapter, 0);
		let of_a = layout.matrices.iter().filter(|matrix| matrix.side == Side::A);
		let starts: Vec<usize> = of_a.map(|matrix| matrix.range.start).collect();
		let gradient = GradientOptions { objective, first_layer: 0 };
		let options = FactorOptions { gradient, labels };
		let add = |target: &mut Vec<f32>, factors: &Factors<'_>| {
			if let Ok(at) = starts.binary_search(&factors.offset) {
				self.add(2 * at, factors, target);
			}
		};
		let start = |_| vec![0.0; self.width];
		consumed(consume, |consume| {
			let (base, adapter) = (trained.base, trained.adapter);
			factored_gradients(base, adapter, &sequences(items), options, start, add, consume)
		})
	}
}

#[cfg(test)]
mod tests;
