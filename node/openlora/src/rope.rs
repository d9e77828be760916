//! Rotary position embedding (arXiv:2104.09864) in the half-split order of Hugging Face.

use crate::config::Config;

/// Angle per position of every rotated pair: `theta^(−2i / head_dim)` for pair `i`.
#[derive(Debug, Clone)]
pub(crate) struct Rope {
	frequencies: Vec<f64>,
}

impl Rope {
	pub(crate) fn new(config: &Config) -> Self {
		let frequency =
			|pair: usize| libm::pow(config.rope_theta, -2.0 * pair as f64 / config.head_dim as f64);
		Self { frequencies: (0..config.head_dim / 2).map(frequency).collect() }
	}

	/// Cosines and sines of some positions, a row of half a head's width for each.
	pub(crate) fn angles(&self, positions: impl Iterator<Item = usize>) -> (Vec<f32>, Vec<f32>) {
		let angles = positions.flat_map(|position| {
			self.frequencies.iter().map(move |frequency| position as f64 * frequency)
		});
		angles.map(|angle| (libm::cos(angle) as f32, libm::sin(angle) as f32)).unzip()
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::testing;

	#[test]
	fn angles_follow_the_definition() {
		let config = testing::tiny_config();
		let half = config.head_dim / 2;
		let (cos, sin) = Rope::new(&config).angles([5, 120].into_iter());
		assert_eq!((cos.len(), sin.len()), (2 * half, 2 * half));
		for (row, position) in [5.0, 120.0].into_iter().enumerate() {
			for pair in 0..half {
				let power = -2.0 * pair as f64 / config.head_dim as f64;
				let angle = position * config.rope_theta.powf(power);
				assert!((f64::from(cos[row * half + pair]) - angle.cos()).abs() < 1e-6);
				assert!((f64::from(sin[row * half + pair]) - angle.sin()).abs() < 1e-6);
			}
		}
	}
}
