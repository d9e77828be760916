//! Rotary position embedding (arXiv:2104.09864) in the half-split order of Hugging Face.

use candle_core::{Device, Tensor};

use crate::{config::Config, error::Result, ops};

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

	/// The rotations of `n` positions from `start` on.
	pub(crate) fn at(&self, start: usize, n: usize) -> Result<Rotations> {
		let angles = || {
			(start..start + n).flat_map(|position| {
				self.frequencies.iter().map(move |frequency| position as f64 * frequency)
			})
		};
		let shape = (n, self.frequencies.len());
		let cos: Vec<f32> = angles().map(|angle| libm::cos(angle) as f32).collect();
		let sin: Vec<f32> = angles().map(|angle| libm::sin(angle) as f32).collect();
		Ok(Rotations {
			cos: Tensor::from_vec(cos, shape, &Device::Cpu)?,
			sin: Tensor::from_vec(sin, shape, &Device::Cpu)?,
		})
	}
}

/// Cosines and sines for some positions, both `[n, head_dim / 2]`.
pub(crate) struct Rotations {
	cos: Tensor,
	sin: Tensor,
}

impl Rotations {
	/// Splits `x`, `[n, heads · head_dim]`, into heads and turns each: `[heads, n, head_dim]`.
	pub(crate) fn apply(&self, x: &Tensor, heads: usize) -> Result<Tensor> {
		Ok(ops::rotate_heads(x, heads, &self.cos, &self.sin)?)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::testing;

	#[test]
	fn rotation_follows_the_definition_when_positions_start_late() {
		let config = testing::tiny_config();
		let half = config.head_dim / 2;
		let x: Vec<f32> = (0..2 * config.head_dim).map(|i| (i as f32).sin()).collect();
		let input = Tensor::from_vec(x.clone(), (2, config.head_dim), &Device::Cpu).unwrap();
		let turned = Rope::new(&config).at(5, 2).unwrap().apply(&input, 1).unwrap();
		let turned: Vec<f32> = turned.flatten_all().unwrap().to_vec1().unwrap();
		for row in 0..2 {
			for pair in 0..half {
				let angle = (5 + row) as f64
					* config.rope_theta.powf(-2.0 * pair as f64 / config.head_dim as f64);
				let at = row * config.head_dim + pair;
				let (a, b) = (f64::from(x[at]), f64::from(x[at + half]));
				let expected =
					(a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin());
				assert!((f64::from(turned[at]) - expected.0).abs() < 1e-6);
				assert!((f64::from(turned[at + half]) - expected.1).abs() < 1e-6);
			}
		}
	}
}
