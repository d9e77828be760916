//! From a projected gradient to what a leaf holds: a direction of signed bytes and a clipped size.

use crate::error::{Error, Result};
use openledger_primitives_core::{MAX_SKETCH, Sketch};

/// Steps of a leaf's size at the smallest possible norm of a direction: with it, a scale stays
/// below 2¹⁶ for every dimension up to [`MAX_SKETCH`], and sizes differ by at most one part in a
/// thousand from what they round to.
const STEPS: f64 = 1_024.0;

/// The direction of `vector` in −127…127, the largest component in magnitude being ±127, halves
/// away from zero; all zeros for a zero vector.
///
/// # Errors
/// [`Error::NonFinite`], or [`Error::Dimension`] beyond [`MAX_SKETCH`] components.
pub fn direction(vector: &[f32]) -> Result<Sketch> {
	if vector.iter().any(|value| !value.is_finite()) {
		return Err(Error::NonFinite { what: "a projected gradient".into() });
	}
	let most = vector.iter().fold(0f32, |most, value| most.max(value.abs()));
	let bytes: Vec<i8> = if most == 0.0 {
		vec![0; vector.len()]
	} else {
		vector.iter().map(|v| (f64::from(*v) / f64::from(most) * 127.0).round() as i8).collect()
	};
	let found = bytes.len();
	Sketch::try_from(bytes).map_err(|_| Error::Dimension { expected: MAX_SKETCH as usize, found })
}

/// The scale that gives `direction` the length of `size` clip radii, `size` being clipped to 0…1:
/// `round(STEPS · 127 · √k · size / |direction|)`. Zero for a zero direction.
pub fn scale(direction: &[i8], size: f32) -> u16 {
	let squares: i64 = direction.iter().map(|c| i64::from(*c) * i64::from(*c)).sum();
	if squares == 0 || size.is_nan() {
		return 0;
	}
	let size = f64::from(size.clamp(0.0, 1.0));
	let length = STEPS * 127.0 * (direction.len() as f64).sqrt();
	// The norm of a non-zero direction made above is at least 127, and a float's cast saturates.
	(length * size / (squares as f64).sqrt()).round() as u16
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn direction_spans_the_bytes_and_never_reaches_minus_128() {
		let sketch = direction(&[-2.0, 1.0, 0.5, 0.0]).unwrap();
		assert_eq!(sketch.to_vec(), [-127, 64, 32, 0]);
		assert_eq!(direction(&[f32::MIN, f32::MAX]).unwrap().to_vec(), [-127, 127]);
		assert_eq!(direction(&[1e-44, -1e-44]).unwrap().to_vec(), [127, -127]);
	}

	#[test]
	fn direction_is_zero_when_vector_is() {
		assert_eq!(direction(&[0.0, -0.0]).unwrap().to_vec(), [0, 0]);
		assert_eq!(scale(&[0, 0], 1.0), 0);
	}

	#[test]
	fn direction_is_refused_when_not_finite_or_too_long() {
		for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
			assert!(matches!(direction(&[1.0, bad]), Err(Error::NonFinite { .. })));
		}
		assert!(matches!(direction(&[1.0; 2_049]), Err(Error::Dimension { found: 2_049, .. })));
	}

	#[test]
	fn negated_vectors_have_negated_directions() {
		let vector: Vec<f32> = (0..100).map(|i| ((i * 37 % 101) as f32 - 50.0) / 7.0).collect();
		let negated: Vec<f32> = vector.iter().map(|v| -v).collect();
		let (plus, minus) = (direction(&vector).unwrap(), direction(&negated).unwrap());
		assert!(plus.iter().zip(&minus).all(|(p, m)| *p == -*m));
	}

	#[test]
	fn leaves_of_one_size_have_one_length_whatever_their_direction() {
		let flat = direction(&[1.0; 64]).unwrap();
		let peaked = direction(&[&[1.0f32][..], &[0.01; 63][..]].concat()).unwrap();
		let length = |sketch: &[i8]| {
			let squares: f64 = sketch.iter().map(|c| f64::from(*c).powi(2)).sum();
			f64::from(scale(sketch, 0.7)) * squares.sqrt()
		};
		let (flat, peaked) = (length(&flat), length(&peaked));
		assert!((flat / peaked - 1.0).abs() < 2e-3, "{flat} {peaked}");
	}

	#[test]
	fn scale_is_clipped_and_fits_at_the_largest_dimension() {
		let mut peaked = vec![0i8; MAX_SKETCH as usize];
		peaked[0] = 127;
		assert_eq!(scale(&peaked, 1.0), 46_341);
		assert_eq!(scale(&peaked, 1e9), 46_341);
		assert_eq!(scale(&peaked, -1.0), 0);
		assert_eq!(scale(&peaked, f32::NAN), 0);
	}
}
