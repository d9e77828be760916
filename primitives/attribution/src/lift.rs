//! The lift: how much of the contributors' pool an answer earned (specification: The rule, 5).

use sp_runtime::{PerThing, Permill};

/// The gain from which on all of the pool is earned, in thousandths of a nat a token, where voters have
/// set no other.
pub const FULL_GAIN: i32 = 250;

/// The share of the pool that is paid for a mean gain of `gain` thousandths of a nat a token:
/// nothing where the adapter made the answer no likelier, all of it from `full` on, in proportion
/// between. A `full` of zero or less pays all for any gain above zero.
pub fn earned(gain: i32, full: i32) -> Permill {
	match (u32::try_from(gain), u32::try_from(full)) {
		(Err(_) | Ok(0), _) => Permill::zero(),
		(Ok(_), Err(_) | Ok(0)) => Permill::one(),
		(Ok(gain), Ok(full)) => {
			Permill::from_rational_with_rounding(gain.min(full), full, sp_runtime::Rounding::Down)
				.unwrap_or(Permill::one())
		}
	}
}

/// The gain from the log-probabilities of the answer's tokens under adapter and base, as the claim
/// carries it: the mean difference in thousandths of a nat, rounded to nearest. Zero without tokens
/// or where a value is not finite.
#[cfg(feature = "std")]
pub fn gain(adapter: &[f32], base: &[f32]) -> i32 {
	let tokens = adapter.len().min(base.len());
	if tokens == 0 {
		return 0;
	}
	let sum: f64 = adapter.iter().zip(base).map(|(a, b)| f64::from(*a) - f64::from(*b)).sum();
	let gain = (sum / tokens as f64 * 1_000.0).round();
	// A float's cast saturates, and maps what is not a number to zero.
	if gain.is_finite() { gain as i32 } else { 0 }
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn nothing_is_earned_when_adapter_changed_nothing() {
		assert_eq!(earned(0, 250), Permill::zero());
		assert_eq!(earned(-400, 250), Permill::zero());
		assert_eq!(earned(i32::MIN, 0), Permill::zero());
	}

	#[test]
	fn earned_rises_to_whole_and_stays() {
		assert_eq!(earned(125, 250), Permill::from_percent(50));
		assert_eq!(earned(250, 250), Permill::one());
		assert_eq!(earned(i32::MAX, 250), Permill::one());
		assert_eq!(earned(1, 0), Permill::one());
	}

	#[test]
	fn gain_is_mean_in_thousandths() {
		assert_eq!(gain(&[-1.0, -2.0], &[-1.5, -2.1]), 300);
		assert_eq!(gain(&[], &[]), 0);
		assert_eq!(gain(&[f32::NEG_INFINITY], &[-1.0]), 0);
	}
}
