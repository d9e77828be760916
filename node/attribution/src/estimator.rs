//! From a feature to a sketch: the one estimator that leaves, queries and null queries share.

use crate::{
	error::{Error, Result},
	features,
	index::{Artefacts, Leaf},
	projection::Projection,
	quantize,
};
use openlora::{Adapter, Base};

/// The features of sequences of tokens, each with the start of its answer, handed to `consume` in
/// order: the count-sketch of the gradient of the answer's mean loss, of unit length.
///
/// # Errors
/// The engine's; [`Error::NonFinite`]; whatever `consume` returns, which ends the work.
pub fn compute(
	base: &Base,
	adapter: &Adapter,
	sequences: &[(&[u32], usize)],
	mut consume: impl FnMut(usize, Vec<f32>) -> Result<()>,
) -> Result<()> {
	let expected = adapter.parameter_count();
	let mut failed = None;
	let done = openlora::gradients(base, adapter, sequences, |at, gradient| {
		let consumed = from_gradient(&gradient, expected).and_then(|feature| consume(at, feature));
		consumed.map_err(|error| {
			failed = Some(error);
			openlora::Error::Cancelled
		})
	});
	match failed {
		Some(error) => Err(error),
		None => Ok(done?),
	}
}

/// The feature of one gradient.
fn from_gradient(gradient: &[f32], expected: usize) -> Result<Vec<f32>> {
	if gradient.len() != expected {
		return Err(Error::GradientLength { expected, found: gradient.len() });
	}
	let mut feature = features::count_sketch(gradient)?;
	features::normalize(&mut feature);
	Ok(feature)
}

impl Artefacts {
	/// The artefacts of the features that an index is made of.
	///
	/// The mean counts one zero feature more than there are, so that the only record of a Datanet
	/// is not its own mean and thereby nothing.
	pub fn of<'a>(features: impl IntoIterator<Item = &'a [f32]>) -> Self {
		let mut sums = vec![0f64; features::DIMENSION];
		let mut count = 0usize;
		for feature in features {
			count += 1;
			for (sum, value) in sums.iter_mut().zip(feature) {
				*sum += f64::from(*value);
			}
		}
		let count = (count + 1) as f64;
		Self { mean: sums.into_iter().map(|sum| (sum / count) as f32).collect() }
	}

	/// What a feature is projected as: its difference from the mean, of unit length.
	pub fn centre(&self, feature: &[f32]) -> Vec<f32> {
		let mut centred: Vec<f32> =
			feature.iter().zip(&self.mean).map(|(value, mean)| value - mean).collect();
		features::normalize(&mut centred);
		centred
	}

	/// The sketch of a feature.
	///
	/// # Errors
	/// [`Error::NonFinite`], or [`Error::Dimension`] for a feature of another length.
	pub fn sketch(
		&self,
		projection: &Projection,
		feature: &[f32],
	) -> Result<openledger_primitives_core::Sketch> {
		if feature.len() != self.mean.len() {
			return Err(Error::Dimension { expected: self.mean.len(), found: feature.len() });
		}
		quantize::direction(&projection.apply(&self.centre(feature)))
	}

	/// The leaf of a cluster head at `position`: all heads have one length, so that nothing is
	/// gained by a gradient made large.
	///
	/// # Errors
	/// As [`Artefacts::sketch`].
	pub fn leaf(&self, projection: &Projection, feature: &[f32], position: u32) -> Result<Leaf> {
		let sketch = self.sketch(projection, feature)?;
		Ok(Leaf { head: position, scale: quantize::scale(&sketch, 1.0), sketch })
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use openledger_primitives_core::Hash;

	fn wave(step: usize) -> Vec<f32> {
		(0..features::DIMENSION).map(|i| (i * step % 101) as f32 - 50.0).collect()
	}

	fn cosine(a: &[i8], b: &[i8]) -> f64 {
		let dot = openledger_primitives_attribution::score::dot;
		dot(a, b) as f64 / ((dot(a, a) * dot(b, b)) as f64).sqrt()
	}

	#[test]
	fn gradient_is_refused_when_not_finite_or_of_another_length() {
		assert!(matches!(from_gradient(&[1.0, f32::NAN], 2), Err(Error::NonFinite { .. })));
		assert!(matches!(
			from_gradient(&[1.0], 2),
			Err(Error::GradientLength { expected: 2, found: 1 })
		));
	}

	#[test]
	fn features_have_unit_length_whatever_the_gradient_s() {
		let small: Vec<f32> = (0..5_000).map(|i| (i % 7) as f32 * 1e-6).collect();
		let large: Vec<f32> = small.iter().map(|v| v * 1e9).collect();
		for gradient in [small, large] {
			let feature = from_gradient(&gradient, 5_000).unwrap();
			assert!((features::norm(&feature) - 1.0).abs() < 1e-5);
		}
		let zero = from_gradient(&[0.0; 10], 10).unwrap();
		assert!(zero.iter().all(|v| *v == 0.0));
	}

	#[test]
	fn what_all_features_share_is_not_seen_in_sketches() {
		let projection = Projection::new(&Hash::zero(), 64, features::DIMENSION);
		let shared: Vec<f32> = wave(1).iter().map(|v| v * 10.0).collect();
		let add = |a: &[f32], b: &[f32], sign: f32| -> Vec<f32> {
			a.iter().zip(b).map(|(a, b)| a + sign * b).collect()
		};
		let (one, other) = (add(&shared, &wave(17), 1.0), add(&shared, &wave(17), -1.0));
		let artefacts = Artefacts::of([&one[..], &other[..]].into_iter().cycle().take(200));
		let (one, other) = (
			artefacts.sketch(&projection, &one).unwrap(),
			artefacts.sketch(&projection, &other).unwrap(),
		);
		assert!(cosine(&one, &other) < -0.95);
	}

	#[test]
	fn only_record_of_an_index_has_a_sketch() {
		let projection = Projection::new(&Hash::zero(), 64, features::DIMENSION);
		let only = wave(9);
		let leaf = Artefacts::of([&only[..]]).leaf(&projection, &only, 0).unwrap();
		assert!(leaf.scale > 0 && leaf.sketch.iter().any(|component| *component != 0));
	}

	#[test]
	fn sketch_is_refused_when_the_feature_has_another_length_or_is_not_finite() {
		let projection = Projection::new(&Hash::zero(), 16, features::DIMENSION);
		let artefacts = Artefacts::of([]);
		assert!(matches!(
			artefacts.sketch(&projection, &[1.0; 8]),
			Err(Error::Dimension { found: 8, .. })
		));
		let mut feature = wave(3);
		feature[9] = f32::NAN;
		assert!(matches!(artefacts.sketch(&projection, &feature), Err(Error::NonFinite { .. })));
	}
}
