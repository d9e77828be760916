//! Rotary position embedding (arXiv:2104.09864) in the half-split order of Hugging Face.

use crate::{
	config::Config,
	error::{Error, Result},
};

/// How the frequencies of rotary embedding are changed for a longer context.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RopeScaling {
	/// Not at all.
	None,
	/// All are divided by the factor (arXiv:2306.15595).
	Linear {
		/// At least 1.
		factor: f64,
	},
	/// Llama 3.1's: long wavelengths are stretched by the factor, short ones stay, those between
	/// change smoothly. With `turns = original · frequency / 2π`, how often a pair turns within the
	/// original context, and `s = (turns − low) / (high − low)` cut to 0 to 1, the frequency becomes
	/// `(1 − s) · frequency / factor + s · frequency`
	/// (`_compute_llama3_parameters` of Hugging Face's transformers).
	Llama3 {
		/// At least 1.
		factor: f64,
		/// Turns up to which a pair is stretched in full (`low_freq_factor`).
		low: f64,
		/// Turns from which on a pair stays as it is (`high_freq_factor`), more than `low`.
		high: f64,
		/// The context before the change (`original_max_position_embeddings`), in tokens.
		original: f64,
	},
	/// Each is divided by a factor of its own, which the base has as a tensor.
	Factors,
}

impl RopeScaling {
	/// Checks that the numbers are in range.
	pub(crate) fn validate(&self) -> Result<()> {
		let fits = match *self {
			Self::None | Self::Factors => true,
			Self::Linear { factor } => factor.is_finite() && factor >= 1.0,
			Self::Llama3 { factor, low, high, original } => {
				[factor, low, high, original].iter().all(|value| value.is_finite())
					&& factor >= 1.0
					&& low > 0.0 && high > low
					&& original >= 1.0
			}
		};
		match fits {
			true => Ok(()),
			false => Err(Error::InvalidConfig(format!("rotary scaling {self:?}"))),
		}
	}

	/// The changed frequency of a pair.
	fn apply(&self, frequency: f64) -> f64 {
		match *self {
			Self::None | Self::Factors => frequency,
			Self::Linear { factor } => frequency / factor,
			Self::Llama3 { factor, low, high, original } => {
				let turns = original * frequency / (2.0 * std::f64::consts::PI);
				let s = ((turns - low) / (high - low)).clamp(0.0, 1.0);
				(1.0 - s) * frequency / factor + s * frequency
			}
		}
	}
}

/// Angle per position of every rotated pair: `theta^(−2i / head_dim)` for pair `i`, changed by the
/// scaling.
#[derive(Debug, Clone)]
pub(crate) struct Rope {
	frequencies: Vec<f64>,
}

impl Rope {
	/// The frequencies of that shape; `factors`, one for each pair, are those of
	/// [`RopeScaling::Factors`].
	///
	/// # Errors
	/// [`Error::InvalidConfig`] when a factor is not positive.
	pub(crate) fn new(config: &Config, factors: Option<&[f32]>) -> Result<Self> {
		let frequency = |pair: usize| {
			let power = libm::pow(config.rope_theta, -2.0 * pair as f64 / config.head_dim as f64);
			config.rope_scaling.apply(power)
		};
		let mut frequencies: Vec<f64> = (0..config.head_dim / 2).map(frequency).collect();
		for (pair, (frequency, factor)) in
			frequencies.iter_mut().zip(factors.unwrap_or_default()).enumerate()
		{
			if *factor <= 0.0 {
				let reason = format!("the frequency of rotated pair {pair} is divided by {factor}");
				return Err(Error::InvalidConfig(reason));
			}
			*frequency /= f64::from(*factor);
		}
		Ok(Self { frequencies })
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
		let (cos, sin) = Rope::new(&config, None).unwrap().angles([5, 120].into_iter());
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

	/// What scaling makes of each frequency of the tiny base.
	fn ratios(rope_scaling: RopeScaling, factors: Option<&[f32]>) -> Vec<f64> {
		let plain = Rope::new(&testing::tiny_config(), None).unwrap().frequencies;
		let config = Config { rope_scaling, ..testing::tiny_config() };
		let scaled = Rope::new(&config, factors).unwrap().frequencies;
		scaled.iter().zip(plain).map(|(scaled, plain)| scaled / plain).collect()
	}

	#[test]
	fn frequencies_are_divided_by_one_factor_or_by_one_each() {
		let all = ratios(RopeScaling::Linear { factor: 4.0 }, None);
		assert!(all.iter().all(|ratio| (ratio - 0.25).abs() < 1e-12));
		let factors: Vec<f32> = (1..=8).map(|i| i as f32).collect();
		let each = ratios(RopeScaling::Factors, Some(&factors));
		for (ratio, factor) in each.iter().zip(&factors) {
			assert!((ratio * f64::from(*factor) - 1.0).abs() < 1e-12);
		}
	}

	#[test]
	fn long_wavelengths_alone_are_stretched_when_scaled_as_llama_3() {
		// Of the eight pairs, with frequencies 10^(−i/2), the first turns 1000 / 2π = 159 times within
		// the original context, the fifth 1.59 times and the last 0.05 times.
		let scaling = RopeScaling::Llama3 { factor: 8.0, low: 1.0, high: 4.0, original: 1000.0 };
		let ratios = ratios(scaling, None);
		let expected = |i: usize| {
			let wavelength = 2.0 * std::f64::consts::PI * 10f64.powf(i as f64 / 2.0);
			if wavelength < 1000.0 / 4.0 {
				return 1.0;
			}
			if wavelength > 1000.0 {
				return 1.0 / 8.0;
			}
			let smooth = (1000.0 / wavelength - 1.0) / (4.0 - 1.0);
			(1.0 - smooth) / 8.0 + smooth
		};
		for (i, ratio) in ratios.iter().enumerate() {
			assert!((ratio - expected(i)).abs() < 1e-12, "{i}: {ratio}");
		}
		assert!(ratios.iter().any(|&ratio| ratio > 0.13 && ratio < 0.9));
	}

	#[test]
	fn scaling_is_refused_when_a_number_is_out_of_range() {
		let llama3 = |factor, low, high, original| {
			RopeScaling::Llama3 { factor, low, high, original }.validate()
		};
		llama3(8.0, 1.0, 4.0, 8192.0).unwrap();
		for refused in [
			llama3(0.5, 1.0, 4.0, 8192.0),
			llama3(f64::NAN, 1.0, 4.0, 8192.0),
			llama3(8.0, 0.0, 4.0, 8192.0),
			llama3(8.0, 4.0, 4.0, 8192.0),
			llama3(8.0, 1.0, f64::INFINITY, 8192.0),
			llama3(8.0, 1.0, 4.0, 0.0),
			RopeScaling::Linear { factor: -2.0 }.validate(),
			RopeScaling::Linear { factor: f64::INFINITY }.validate(),
		] {
			assert!(matches!(refused, Err(Error::InvalidConfig(_))));
		}
		let config = Config { rope_scaling: RopeScaling::Factors, ..testing::tiny_config() };
		for bad in [0.0, -1.0] {
			let factors = [1.0, 1.0, 1.0, bad, 1.0, 1.0, 1.0, 1.0];
			assert!(matches!(Rope::new(&config, Some(&factors)), Err(Error::InvalidConfig(_))));
		}
	}
}
