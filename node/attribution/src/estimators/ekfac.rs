//! Kronecker-factored curvature with corrected eigenvalues (EK-FAC: George et al. 2018,
//! arXiv:1806.03884; for influence: Grosse et al. 2023, arXiv:2308.03296).
//!
//! A matrix's gradient is a sum over tokens of outer products `l·wᵀ`, of `v·xᵀ` for `A` and, transposed,
//! `u·δᵀ` for `B`. If l and w were independent, its second moment were the Kronecker product of
//! `E[l·lᵀ] = L·Λ_l·Lᵀ` and `E[w·wᵀ] = W·Λ_w·Wᵀ`, with eigenvectors `L ⊗ W`. These eigenvectors are taken,
//! and with each the second moment that the records' gradients G do have along it:
//! `Λᵢⱼ = mean over records of (Lᵀ·G·W)ᵢⱼ²`. Influence is `qᵀ·(F + λ)⁻¹·g`: with λ a part of the mean of
//! each matrix's Λ, the inner product of both sides' `(Lᵀ·G·W)ᵢⱼ / √(Λᵢⱼ + λ)`.

use super::{
	Item, consumed,
	covariance::Covariance,
	eigen,
	gradients::Gradients,
	layout::{Layout, Matrix, Side},
	sequences,
};
use crate::error::{Error, Result};
use openlora::{
	Adapter, Base, FactorOptions, Factors, GradientOptions, Labels, Module, Objective, Team,
	factored_gradients, matmul::Weights,
};
use rayon::prelude::*;

/// How the curvature of the loss is estimated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Curvature {
	/// Tokens drawn from the model give the Fisher information, which is the Hessian's positive part
	/// whether or not the model fits; the records' own give the empirical Fisher, which vanishes
	/// along with the loss of what has been learnt by heart, and most where most has been learnt.
	pub labels: Labels,
	/// What is added to every eigenvalue, as a part of the mean of its matrix's; positive.
	pub damping: f64,
}

impl Default for Curvature {
	/// The Fisher information, and a tenth (Grosse et al., section 4).
	fn default() -> Self {
		Self { labels: Labels::Sampled { seed: 0 }, damping: 0.1 }
	}
}

impl Curvature {
	pub(super) fn details(&self) -> Option<String> {
		let mut details = Vec::new();
		if self.labels == Labels::Given {
			details.push("empirical".to_owned());
		}
		if self.damping != Self::default().damping {
			details.push(format!("damping {}", self.damping));
		}
		(!details.is_empty()).then(|| details.join(", "))
	}
}

/// What a gradient is looked at in: each matrix's eigenvectors, and the eigenvalues with them.
pub(super) struct Basis {
	length: usize,
	rotations: Vec<Rotation>,
	/// `1 / √(Λ + λ)` of every component, zero where a matrix has no gradients at all.
	factors: Vec<f32>,
}

/// The eigenvectors of one matrix.
struct Rotation {
	matrix: Matrix,
	/// `[rank, rank]`, an eigenvector in each row.
	low: Vec<f32>,
	/// `[wide, wide]`, as well.
	wide: Weights,
}

impl Basis {
	/// The basis of the gradients of `records`.
	///
	/// # Errors
	/// The engine's, or [`Error::NonFinite`].
	pub(super) fn fit(
		curvature: Curvature,
		(base, adapter, layout): (&Base, &Adapter, &Layout),
		records: &[Item<'_>],
	) -> Result<Self> {
		let rotations = rotations(curvature, (base, adapter, layout), records)?;
		let (length, factors) = (layout.length, Vec::new());
		let mut basis = Self { length, rotations, factors };
		let of = (base, adapter, layout);
		let mut squares = vec![0f64; length];
		Gradients::new(of, records, Objective::Likelihood, curvature.labels).once(
			&mut |_, mut rows| {
				basis.rotate(&mut rows)?;
				for row in rows.chunks_exact(length.max(1)) {
					for (sum, value) in squares.iter_mut().zip(row) {
						*sum += f64::from(*value) * f64::from(*value);
					}
				}
				Ok(())
			},
		)?;
		basis.correct(&squares, records.len(), curvature.damping)?;
		Ok(basis)
	}

	/// Takes the sums of so many rotated gradients' squares for eigenvalues.
	fn correct(&mut self, squares: &[f64], count: usize, damping: f64) -> Result<()> {
		if squares.iter().any(|sum| !sum.is_finite()) {
			return Err(Error::NonFinite { what: "a curvature".into() });
		}
		let count = count.max(1) as f64;
		self.factors = vec![0.0; self.length];
		for Rotation { matrix, .. } in &self.rotations {
			let of = &squares[matrix.range.clone()];
			let mean = of.iter().sum::<f64>() / count / of.len().max(1) as f64;
			if mean > 0.0 {
				for (factor, sum) in self.factors[matrix.range.clone()].iter_mut().zip(of) {
					*factor = (1.0 / (sum / count + damping * mean).sqrt()) as f32;
				}
			}
		}
		super::check_finite("a curvature", &self.factors)
	}

	/// Brings `rows` of gradients, `[rows, parameters]`, to the eigenvectors: each matrix's part becomes
	/// its components, `[rank, wide]`.
	pub(super) fn rotate(&self, rows: &mut [f32]) -> Result<()> {
		let length = self.length.max(1);
		let count = rows.len() / length;
		for Rotation { matrix, low, wide } in &self.rotations {
			let size = matrix.range.len();
			let mut stacked = Vec::with_capacity(count * size);
			for row in rows.chunks_exact(length) {
				short_rows(matrix, &row[matrix.range.clone()], &mut stacked);
			}
			let mut turned = vec![0.0; stacked.len()];
			wide.multiply(Team::shared()?, &stacked, &mut turned)?;
			rows.par_chunks_mut(length).zip(turned.par_chunks(size.max(1))).for_each(
				|(row, turned)| {
					let target = &mut row[matrix.range.clone()];
					combine(low, turned, matrix.wide, target);
				},
			);
		}
		Ok(())
	}

	/// Divides rotated gradients by the roots of their damped eigenvalues.
	pub(super) fn whiten(&self, rows: &mut [f32]) {
		rows.par_chunks_mut(self.length.max(1)).for_each(|row| {
			row.iter_mut().zip(&self.factors).for_each(|(value, factor)| *value *= factor);
		});
	}
}

/// Appends a matrix's gradient as `[rank, wide]`, which that of `B` is not in the engine's order.
fn short_rows(matrix: &Matrix, gradient: &[f32], target: &mut Vec<f32>) {
	match matrix.side {
		Side::A => target.extend_from_slice(gradient),
		Side::B => {
			for of in 0..matrix.rank {
				target.extend(gradient.iter().skip(of).step_by(matrix.rank));
			}
		}
	}
}

/// `target[e] = Σₐ low[e][a] · rows[a]` for rows of `width`, one chain over the ranks.
fn combine(low: &[f32], rows: &[f32], width: usize, target: &mut [f32]) {
	let rank = rows.len() / width.max(1);
	target.fill(0.0);
	for (target, low) in target.chunks_exact_mut(width.max(1)).zip(low.chunks_exact(rank.max(1))) {
		for (weight, row) in low.iter().zip(rows.chunks_exact(width.max(1))) {
			target.iter_mut().zip(row).for_each(|(sum, value)| *sum += weight * value);
		}
	}
}

/// Covariances of the factors of all matrices.
struct Covariances {
	sums: Vec<Covariance>,
	/// For each projection, which are those of `v`, `x`, `u` and `δ`.
	of: Vec<[usize; 4]>,
}

impl Covariances {
	/// None of anything yet.
	fn new(layout: &Layout) -> Self {
		let mut sums = Vec::new();
		let mut add = |width| {
			sums.push(Covariance::new(width));
			sums.len() - 1
		};
		let mut of: Vec<[usize; 4]> = Vec::new();
		let mut inputs: Vec<(usize, Module, usize)> = Vec::new();
		for pair in layout.matrices.chunks_exact(2) {
			let (a, b) = (&pair[0], &pair[1]);
			// Projections of one layer with the same input have the same covariance of it.
			let key = (a.layer, input(a.module));
			let known = inputs.iter().find(|(layer, module, _)| (*layer, *module) == key);
			let x = known.map(|(.., x)| *x).unwrap_or_else(|| add(a.wide));
			inputs.push((key.0, key.1, x));
			of.push([add(a.rank), x, add(b.rank), add(b.wide)]);
		}
		Self { sums, of }
	}
}

/// The first module that has the same input as this one.
fn input(module: Module) -> Module {
	match module {
		Module::K | Module::V => Module::Q,
		Module::Up => Module::Gate,
		other => other,
	}
}

/// The eigenvectors of the covariances of the records' factors.
fn rotations(
	curvature: Curvature,
	(base, adapter, layout): (&Base, &Adapter, &Layout),
	records: &[Item<'_>],
) -> Result<Vec<Rotation>> {
	let Covariances { mut sums, of } = Covariances::new(layout);
	let gradient = GradientOptions { first_layer: layout.first_layer, ..Default::default() };
	let options = FactorOptions { gradient, labels: curvature.labels };
	let starts: Vec<usize> = layout.matrices.iter().step_by(2).map(|a| a.range.start).collect();
	let keep = |kept: &mut Vec<(usize, Vec<f32>)>, factors: &Factors<'_>| {
		let Ok(at) = starts.binary_search(&factors.offset) else { return };
		let rows = [factors.v, factors.x, factors.u, factors.delta];
		for (of, rows) in of[at].into_iter().zip(rows) {
			if kept.iter().all(|(other, _)| *other != of) {
				kept.push((of, rows.to_vec()));
			}
		}
	};
	let add = |_, kept: Vec<(usize, Vec<f32>)>| {
		kept.into_iter().try_for_each(|(of, rows)| sums[of].add(&rows))
	};
	consumed(add, |add| {
		let sequences = sequences(records);
		factored_gradients(base, adapter, &sequences, options, |_| Vec::new(), keep, add)
	})?;
	let vectors = |sum: Covariance| {
		let width = sum.width();
		eigen::symmetric(&sum.finish()?, width).map(|found| found.vectors)
	};
	let vectors: Vec<Vec<f32>> = sums.into_par_iter().map(vectors).collect::<Result<Vec<_>>>()?;
	let matrices = layout.matrices.iter().enumerate();
	let rotation = |(at, matrix): (usize, &Matrix)| {
		let [v, x, u, delta] = of[at / 2];
		let (low, wide) = match matrix.side {
			Side::A => (v, x),
			Side::B => (u, delta),
		};
		let wide = Weights::pack(matrix.wide, matrix.wide, &vectors[wide])?;
		Ok(Rotation { matrix: matrix.clone(), low: vectors[low].clone(), wide })
	};
	matrices.map(rotation).collect()
}

#[cfg(test)]
mod tests;
