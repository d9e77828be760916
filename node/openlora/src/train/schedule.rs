//! The learning rate as a function of the step.

use serde::{Deserialize, Serialize};

/// How the learning rate falls after warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decay {
	/// It stays at its peak.
	Constant,
	/// It falls in a straight line.
	Linear,
	/// It falls along half a cosine (Loshchilov & Hutter 2017, without restarts).
	Cosine,
}

/// Linear warm-up to a peak, then decay towards zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Schedule {
	/// Learning rate at the end of warm-up.
	pub peak: f64,
	/// Steps of warm-up.
	pub warmup: usize,
	/// Steps in all.
	pub steps: usize,
	/// Shape of the decay.
	pub decay: Decay,
}

impl Schedule {
	/// Learning rate of `step`, counted from 0.
	///
	/// Warm-up's first step is already above zero and the last step still is, so no step of
	/// training is wasted.
	pub(super) fn rate(&self, step: usize) -> f64 {
		if step < self.warmup {
			return self.peak * (step + 1) as f64 / (self.warmup + 1) as f64;
		}
		let decaying = self.steps.saturating_sub(self.warmup).max(1);
		let passed = ((step - self.warmup) as f64 / decaying as f64).min(1.0);
		self.peak
			* match self.decay {
				Decay::Constant => 1.0,
				Decay::Linear => 1.0 - passed,
				Decay::Cosine => 0.5 * (1.0 + libm::cos(std::f64::consts::PI * passed)),
			}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn rates(decay: Decay) -> Vec<f64> {
		let schedule = Schedule { peak: 8.0, warmup: 3, steps: 7, decay };
		(0..8).map(|step| schedule.rate(step)).collect()
	}

	#[test]
	fn rate_rises_linearly_to_the_peak_when_warming_up() {
		for decay in [Decay::Constant, Decay::Linear, Decay::Cosine] {
			assert_eq!(rates(decay)[..4], [2.0, 4.0, 6.0, 8.0]);
		}
	}

	#[test]
	fn rate_follows_its_decay_when_warm() {
		assert_eq!(rates(Decay::Constant)[3..], [8.0; 5]);
		assert_eq!(rates(Decay::Linear)[3..], [8.0, 6.0, 4.0, 2.0, 0.0]);
		let half = std::f64::consts::FRAC_1_SQRT_2;
		let cosine = [8.0, 4.0 + 4.0 * half, 4.0, 4.0 - 4.0 * half, 0.0];
		for (rate, expected) in rates(Decay::Cosine)[3..].iter().zip(cosine) {
			assert!((rate - expected).abs() < 1e-12);
		}
	}

	#[test]
	fn rate_stays_above_zero_when_step_is_within_training() {
		for (warmup, steps) in [(0, 1), (1, 1), (5, 3), (2, 40)] {
			for decay in [Decay::Constant, Decay::Linear, Decay::Cosine] {
				let schedule = Schedule { peak: 1.0, warmup, steps, decay };
				assert!((0..steps).all(|step| schedule.rate(step) > 0.0), "{schedule:?}");
			}
		}
	}
}
