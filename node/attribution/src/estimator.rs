//! From an answer to a feature, and from a feature to a sketch: the one estimator that leaves, queries
//! and null queries share.
//!
//! The gradient is that of the answer's mean log-odds ([`Objective::Odds`]) with respect to the
//! adapter's matrices in the upper half of the layers, each matrix's part brought to unit length
//! before they are joined (as TrackStar does with its optimiser's second moments: Chang et al. 2024,
//! arXiv:2410.17413). A trained adapter is nearly certain of what it has learnt, so that the
//! gradient of the likelihood shows what a record failed to teach; the log-odds show what it taught.

use crate::{
	error::{Error, Result},
	estimators::consumed,
	features,
	index::Leaf,
	projection::Projection,
	quantize,
};
use openledger_primitives_core::Sketch;
use openlora::{Adapter, Base, GradientOptions, Objective};

/// The gradient that features are made of. Lower layers say least about a record's subject, and
/// without them the backward pass ends half-way.
fn options(adapter: &Adapter) -> GradientOptions {
	GradientOptions { objective: Objective::Odds, first_layer: adapter.weights().layers() / 2 }
}

/// Values of each matrix in a gradient, in its order.
fn matrices(adapter: &Adapter) -> Vec<usize> {
	let first = options(adapter).first_layer;
	adapter
		.weights()
		.iter()
		.filter(|(layer, ..)| *layer >= first)
		.flat_map(|(_, _, lora)| [lora.a.elem_count(), lora.b.elem_count()])
		.collect()
}

/// The features of sequences of tokens, each with the start of its answer, handed to `consume` in
/// order: the count-sketch of the balanced gradient, of unit length.
///
/// # Errors
/// The engine's; [`Error::NonFinite`]; whatever `consume` returns, which ends the work.
pub fn compute(
	base: &Base,
	adapter: &Adapter,
	sequences: &[(&[u32], usize)],
	mut consume: impl FnMut(usize, Vec<f32>) -> Result<()>,
) -> Result<()> {
	let matrices = matrices(adapter);
	let each = |at, gradient| consume(at, from_gradient(gradient, &matrices)?);
	consumed(each, |each| openlora::gradients(base, adapter, sequences, options(adapter), each))
}

/// The feature of one gradient, which holds matrices of these lengths.
fn from_gradient(mut gradient: Vec<f32>, matrices: &[usize]) -> Result<Vec<f32>> {
	let expected = matrices.iter().sum();
	if gradient.len() != expected {
		return Err(Error::GradientLength { expected, found: gradient.len() });
	}
	let mut rest = &mut gradient[..];
	for length in matrices {
		let (matrix, after) = rest.split_at_mut(*length);
		features::normalize(matrix);
		rest = after;
	}
	let mut feature = features::count_sketch(&gradient)?;
	features::normalize(&mut feature);
	Ok(feature)
}

/// The sketch of a feature.
///
/// # Errors
/// [`Error::NonFinite`], or [`Error::Dimension`] for a feature of another length.
pub fn sketch(projection: &Projection, feature: &[f32]) -> Result<Sketch> {
	if feature.len() != features::DIMENSION {
		return Err(Error::Dimension { expected: features::DIMENSION, found: feature.len() });
	}
	quantize::direction(&projection.apply(feature))
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
	use openledger_primitives_core::Hash;

	fn wave(length: usize, step: usize) -> Vec<f32> {
		(0..length).map(|i| (i * step % 101) as f32 - 50.0).collect()
	}

	fn dot(a: &[f32], b: &[f32]) -> f32 {
		a.iter().zip(b).map(|(a, b)| a * b).sum()
	}

	#[test]
	fn gradient_is_refused_when_not_finite_or_of_another_length() {
		let refused = |gradient: &[f32]| from_gradient(gradient.to_vec(), &[1, 1]).unwrap_err();
		assert!(matches!(refused(&[1.0, f32::NAN]), Error::NonFinite { .. }));
		assert!(matches!(refused(&[1.0, f32::INFINITY]), Error::NonFinite { .. }));
		assert!(matches!(refused(&[1.0]), Error::GradientLength { expected: 2, found: 1 }));
	}

	#[test]
	fn features_have_unit_length_whatever_the_gradient_s() {
		for size in [1e-6, 1.0, 1e9] {
			let gradient: Vec<f32> = wave(5_000, 7).iter().map(|v| v * size).collect();
			let feature = from_gradient(gradient, &[2_000, 3_000]).unwrap();
			assert!((features::norm(&feature) - 1.0).abs() < 1e-5);
		}
		let zero = from_gradient(vec![0.0; 10], &[4, 6]).unwrap();
		assert!(zero.iter().all(|v| *v == 0.0));
	}

	#[test]
	fn matrices_count_alike_when_one_has_a_larger_gradient() {
		let (small, large) = (wave(2_000, 7), wave(2_000, 13));
		let joined = |factor: f32| {
			let large = large.iter().map(|v| v * factor);
			let gradient = small.iter().copied().chain(large).collect();
			from_gradient(gradient, &[2_000, 2_000]).unwrap()
		};
		assert!(dot(&joined(1.0), &joined(1e4)) > 0.999);
	}

	#[test]
	fn layers_below_the_middle_are_left_out() {
		let trained = crate::testing::trained();
		let all = openlora::parameter_count(&trained.adapter);
		let layers = trained.adapter.weights().layers();
		let counted: usize = matrices(&trained.adapter).iter().sum();
		assert_eq!(counted * layers, all * (layers - layers / 2));
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
