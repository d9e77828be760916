//! From an answer to a feature, and from a feature to a sketch: the one estimator that leaves, queries
//! and null queries share.
//!
//! The gradient is that of [`OBJECTIVE`], the mean over the answer's tokens, with respect to the adapter's
//! matrices in the upper half of the layers, of unit length. `docs/attribution-report` has what it was
//! chosen from and by what.

use crate::{
	error::{Error, Result},
	estimators::consumed,
	features,
	index::Leaf,
	projection::Projection,
	quantize,
};
use openledger_primitives_core::Sketch;
use openlora::{Adapter, Base, GradientOptions, Objective, ScoredGradient, Trail, scored_gradient};

/// What is differentiated. An adapter is nearly certain of what it has learnt, so that the gradient of the
/// likelihood is that of the words which it is still unsure of; that of the log-odds weighs both alike. What
/// retraining shows lies between.
pub const OBJECTIVE: Objective = Objective::Root;

/// The gradient that features are made of. Lower layers add little, and without them the backward pass ends
/// half-way.
fn options(adapter: &Adapter) -> GradientOptions {
	GradientOptions { objective: OBJECTIVE, first_layer: first_layer(adapter) }
}

/// The lowest layer that is differentiated, from which on a [`Trail`] has to be kept.
pub fn first_layer(adapter: &Adapter) -> usize {
	adapter.weights().layers() / 2
}

/// Values in a gradient.
fn length(adapter: &Adapter) -> usize {
	let first = options(adapter).first_layer;
	let upper = adapter.weights().iter().filter(|(layer, ..)| *layer >= first);
	upper.map(|(_, _, lora)| lora.a.elem_count() + lora.b.elem_count()).sum()
}

/// The features of sequences of tokens, each with the start of its answer, handed to `consume` in
/// order: the count-sketch of the gradient, of unit length.
///
/// # Errors
/// The engine's; [`Error::NonFinite`]; whatever `consume` returns, which ends the work.
pub fn compute(
	base: &Base,
	adapter: &Adapter,
	sequences: &[(&[u32], usize)],
	mut consume: impl FnMut(usize, Vec<f32>) -> Result<()>,
) -> Result<()> {
	let expected = length(adapter);
	let each = |at, gradient: Vec<f32>| consume(at, from_gradient(&gradient, expected)?);
	consumed(each, |each| openlora::gradients(base, adapter, sequences, options(adapter), each))
}

/// An answer's feature, and how likely each of its tokens was.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
	/// As [`compute`] has it.
	pub feature: Vec<f32>,
	/// Natural logarithms of the probabilities under the adapter, as it is run.
	pub log_probs: Vec<f32>,
}

impl Scored {
	fn new(adapter: &Adapter, found: ScoredGradient) -> Result<Self> {
		let feature = from_gradient(&found.gradient, length(adapter))?;
		Ok(Self { feature, log_probs: found.log_probs })
	}

	/// Of `tokens` from `answer_start` on.
	///
	/// # Errors
	/// As [`compute`].
	pub fn read(
		base: &Base,
		adapter: &Adapter,
		tokens: &[u32],
		answer_start: usize,
	) -> Result<Self> {
		let found = scored_gradient(base, adapter, tokens, answer_start, options(adapter))?;
		Self::new(adapter, found)
	}

	/// Of the first `count` tokens of the answer that left a trail from [`first_layer`] on: the same as
	/// if prompt and answer were read.
	///
	/// # Errors
	/// As [`compute`], and those of [`Trail::gradient`].
	pub fn of_trail(base: &Base, adapter: &Adapter, trail: Trail, count: usize) -> Result<Self> {
		Self::new(adapter, trail.gradient(base, adapter, count, options(adapter))?)
	}
}

/// The feature of one gradient, which has so many values.
fn from_gradient(gradient: &[f32], expected: usize) -> Result<Vec<f32>> {
	if gradient.len() != expected {
		return Err(Error::GradientLength { expected, found: gradient.len() });
	}
	let mut feature = features::count_sketch(gradient)?;
	features::normalize(&mut feature);
	Ok(feature)
}

/// The sketch of a feature.
///
/// # Errors
/// [`Error::NonFinite`], or [`Error::Dimension`] for a feature of another length.
pub fn sketch(projection: &Projection, feature: &[f32]) -> Result<Sketch> {
	quantize::direction(&projected(projection, feature)?)
}

/// A feature before it is rounded to its sketch.
///
/// # Errors
/// [`Error::Dimension`] for a feature of another length.
pub(crate) fn projected(projection: &Projection, feature: &[f32]) -> Result<Vec<f32>> {
	match feature.len() {
		features::DIMENSION => Ok(projection.apply(feature)),
		found => Err(Error::Dimension { expected: features::DIMENSION, found }),
	}
}

/// The leaf of a cluster head at `position`: all heads have one length, so that nothing is gained by
/// a gradient made large.
///
/// # Errors
/// As [`sketch`].
pub fn leaf(projection: &Projection, feature: &[f32], position: u32) -> Result<Leaf> {
	let sketch = sketch(projection, feature)?;
	Ok(Leaf { head: position, scale: quantize::scale(&sketch, 1.0), sketch })
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::estimators::{self, Estimator, Gradient, Item};
	use openledger_primitives_attribution::score;
	use openledger_primitives_core::{Hash, MAX_SKETCH};

	fn wave(length: usize, step: usize) -> Vec<f32> {
		(0..length).map(|i| (i * step % 101) as f32 - 50.0).collect()
	}

	#[test]
	fn gradient_is_refused_when_not_finite_or_of_another_length() {
		let refused = |gradient: &[f32]| from_gradient(gradient, 2).unwrap_err();
		assert!(matches!(refused(&[1.0, f32::NAN]), Error::NonFinite { .. }));
		assert!(matches!(refused(&[1.0, f32::INFINITY]), Error::NonFinite { .. }));
		assert!(matches!(refused(&[1.0]), Error::GradientLength { expected: 2, found: 1 }));
	}

	#[test]
	fn features_have_unit_length_whatever_the_gradient_s() {
		for size in [1e-6, 1.0, 1e9] {
			let gradient: Vec<f32> = wave(5_000, 7).iter().map(|v| v * size).collect();
			let feature = from_gradient(&gradient, 5_000).unwrap();
			assert!((features::norm(&feature) - 1.0).abs() < 1e-5);
		}
		let zero = from_gradient(&[0.0; 10], 10).unwrap();
		assert!(zero.iter().all(|v| *v == 0.0));
	}

	#[test]
	fn layers_below_the_middle_are_left_out() {
		let trained = crate::testing::trained();
		let all = openlora::parameter_count(&trained.adapter);
		let layers = trained.adapter.weights().layers();
		assert_eq!(length(&trained.adapter) * layers, all * (layers - layers / 2));
	}

	#[test]
	fn sketches_order_records_as_the_estimator_that_is_judged_does() {
		let trained = crate::testing::trained();
		let examples = crate::training_set(&trained.base, &trained.sources()).unwrap();
		let items: Vec<Item<'_>> = examples
			.iter()
			.map(|of| Item { tokens: &of.tokens, answer_start: of.answer_start, text: "" })
			.collect();
		let judged = estimators::Trained {
			base: &trained.base,
			adapter: &trained.adapter,
			checkpoints: &[],
		};
		let dimension = MAX_SKETCH as usize;
		let scores = estimators::Sketch::new(Gradient::paid(), dimension)
			.scores(&judged, &items, &items[..1])
			.unwrap();
		let projection = Projection::new(&Hash::zero(), dimension, features::DIMENSION);
		let sequences: Vec<(&[u32], usize)> =
			examples.iter().map(|of| (&of.tokens[..], of.answer_start)).collect();
		let mut leaves = Vec::new();
		compute(&trained.base, &trained.adapter, &sequences, |at, feature| {
			leaves.push(leaf(&projection, &feature, at as u32)?);
			Ok(())
		})
		.unwrap();
		let query = leaves[0].sketch.clone();
		for (leaf, score) in leaves.iter().zip(&scores[0]) {
			let of = |leaf: &Leaf| score::score(&query, u32::from(leaf.scale), &leaf.sketch) as f64;
			let (paid, judged) = (of(leaf) / of(&leaves[0]), score / scores[0][0]);
			// The judged one keeps the lengths that projecting leaves, which vary by about √(2/k).
			assert!((paid - f64::from(judged)).abs() < 0.1, "{paid} {judged}");
		}
	}

	#[test]
	fn sketch_is_refused_when_the_feature_has_another_length_or_is_not_finite() {
		let projection = Projection::new(&Hash::zero(), 16, features::DIMENSION);
		assert!(matches!(sketch(&projection, &[1.0; 8]), Err(Error::Dimension { found: 8, .. })));
		let mut feature = wave(features::DIMENSION, 3);
		feature[9] = f32::NAN;
		assert!(matches!(sketch(&projection, &feature), Err(Error::NonFinite { .. })));
	}
}
