//! AdamW (Loshchilov & Hutter 2019) over one flat vector of parameters, and clipping.

/// Constants of the update rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct AdamW {
	/// Decay of the running mean of gradients, β₁.
	pub beta1: f64,
	/// Decay of the running mean of squared gradients, β₂.
	pub beta2: f64,
	/// Added to the root of the second moment, ε.
	pub epsilon: f64,
	/// Decoupled weight decay, λ.
	pub weight_decay: f64,
}

/// Running means of the gradient and of its square, one entry for each parameter.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Moments {
	/// First moment, m.
	pub first: Vec<f32>,
	/// Second moment, v.
	pub second: Vec<f32>,
}

impl Moments {
	pub(super) fn zeros(parameters: usize) -> Self {
		Self { first: vec![0.0; parameters], second: vec![0.0; parameters] }
	}
}

impl AdamW {
	/// Applies one update in place; `step` counts from 0.
	///
	/// With bias-corrected moments `m̂ = m / (1 − β₁ᵗ)` and `v̂ = v / (1 − β₂ᵗ)` at `t = step + 1`:
	/// `θ ← θ − rate · (m̂ / (√v̂ + ε) + λ θ)`.
	pub(super) fn update(
		&self,
		parameters: &mut [f32],
		moments: &mut Moments,
		gradient: &[f32],
		rate: f64,
		step: usize,
	) {
		let exponent = (step + 1) as f64;
		let first_scale = 1.0 / (1.0 - libm::pow(self.beta1, exponent));
		let second_scale = 1.0 / (1.0 - libm::pow(self.beta2, exponent));
		let moments = moments.first.iter_mut().zip(&mut moments.second);
		for ((parameter, gradient), (first, second)) in
			parameters.iter_mut().zip(gradient).zip(moments)
		{
			let (theta, g) = (f64::from(*parameter), f64::from(*gradient));
			let m = self.beta1 * f64::from(*first) + (1.0 - self.beta1) * g;
			let v = self.beta2 * f64::from(*second) + (1.0 - self.beta2) * g * g;
			let direction = m * first_scale / ((v * second_scale).sqrt() + self.epsilon);
			*parameter = (theta - rate * (direction + self.weight_decay * theta)) as f32;
			(*first, *second) = (m as f32, v as f32);
		}
	}
}

/// Scales the gradient down to a global Euclidean norm of at most `limit`; returns its norm before.
///
/// The norm is not finite when an element is not, and the gradient is then left as it is.
pub(super) fn clip(gradient: &mut [f32], limit: f64) -> f64 {
	let norm = gradient.iter().map(|g| f64::from(*g) * f64::from(*g)).sum::<f64>().sqrt();
	if norm.is_finite() && norm > limit {
		let scale = limit / norm;
		for g in gradient {
			*g = (f64::from(*g) * scale) as f32;
		}
	}
	norm
}

#[cfg(test)]
mod tests {
	use super::*;

	const RULE: AdamW = AdamW { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0 };

	fn norm(values: &[f32]) -> f64 {
		values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt()
	}

	#[test]
	fn update_moves_by_the_rate_against_the_sign_when_it_is_the_first() {
		let mut parameters = vec![1.0, -2.0, 3.0];
		let mut moments = Moments::zeros(3);
		RULE.update(&mut parameters, &mut moments, &[5.0, -0.001, 0.0], 0.1, 0);
		for (parameter, expected) in parameters.iter().zip([0.9, -1.9, 3.0]) {
			assert!((parameter - expected).abs() < 1e-5, "{parameter} {expected}");
		}
	}

	#[test]
	fn update_follows_the_published_recurrence_when_steps_follow_each_other() {
		let rule = AdamW { weight_decay: 0.1, ..RULE };
		let (mut parameters, mut moments) = (vec![0.5f32], Moments::zeros(1));
		let (mut theta, mut m, mut v) = (0.5f64, 0.0f64, 0.0f64);
		for (step, g) in [0.3, -0.7, 0.2, 0.9].into_iter().enumerate() {
			rule.update(&mut parameters, &mut moments, &[g as f32], 0.01, step);
			let t = step as i32 + 1;
			m = 0.9 * m + 0.1 * g;
			v = 0.999 * v + 0.001 * g * g;
			let (m_hat, v_hat) = (m / (1.0 - 0.9f64.powi(t)), v / (1.0 - 0.999f64.powi(t)));
			theta -= 0.01 * (m_hat / (v_hat.sqrt() + 1e-8) + 0.1 * theta);
		}
		assert!((f64::from(parameters[0]) - theta).abs() < 1e-6);
	}

	#[test]
	fn weight_decay_shrinks_a_parameter_when_its_gradient_is_zero() {
		let rule = AdamW { weight_decay: 0.5, ..RULE };
		let mut parameters = vec![2.0f32];
		rule.update(&mut parameters, &mut Moments::zeros(1), &[0.0], 0.1, 0);
		assert!((parameters[0] - 1.9).abs() < 1e-6);
	}

	#[test]
	fn gradient_has_the_limit_as_norm_when_it_was_longer() {
		let mut gradient = vec![3.0, 4.0, 12.0];
		assert_eq!(clip(&mut gradient, 1.0), 13.0);
		assert!((norm(&gradient) - 1.0).abs() < 1e-6);
		assert!((gradient[2] / gradient[0] - 4.0).abs() < 1e-5);
	}

	#[test]
	fn gradient_is_untouched_when_within_the_limit_or_not_finite() {
		let mut short = vec![0.3, -0.4];
		assert!((clip(&mut short, 1.0) - 0.5).abs() < 1e-6);
		assert_eq!(short, [0.3, -0.4]);
		let mut broken = vec![1.0, f32::NAN];
		assert!(!clip(&mut broken, 0.5).is_finite());
		assert_eq!(broken[0], 1.0);
	}
}
