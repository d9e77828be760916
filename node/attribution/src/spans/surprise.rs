//! How unlikely the base finds an answer's tokens.

use super::SpanError;

/// Thousandths in a nat.
const MILLINATS: f64 = 1_000.0;

/// What each token of an answer says that the base would not have said by itself: the negative
/// natural logarithm of its probability under the base without the adapter, given the prompt and the
/// answer before it. In thousandths of a nat, rounded to the nearest, halves away from zero, and at
/// most what a guess among all tokens of the vocabulary would have.
///
/// The limit keeps gibberish from counting for more than text: no token says more than which of the
/// vocabulary's it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surprise(Vec<u32>);

impl Surprise {
	/// From the log-probabilities that [`openlora::log_probs`] gives without an adapter.
	///
	/// # Errors
	/// [`SpanError::LogProbability`] for a value that is not finite or above zero.
	pub fn new(log_probs: &[f32], vocabulary: u32) -> Result<Self, SpanError> {
		let most = millinats(f64::from(vocabulary.max(1))).round() as u32;
		let token = |(place, log_prob): (usize, &f32)| {
			if !log_prob.is_finite() || *log_prob > 0.0 {
				return Err(SpanError::LogProbability(place));
			}
			let surprise = (-f64::from(*log_prob) * MILLINATS).round();
			// A float's cast saturates.
			Ok((surprise as u32).min(most))
		};
		log_probs.iter().enumerate().map(token).collect::<Result<_, _>>().map(Self)
	}

	/// Each token's, in thousandths of a nat.
	pub fn tokens(&self) -> &[u32] {
		&self.0
	}
}

/// The natural logarithm in thousandths of a nat, of a number of at least one.
pub(super) fn millinats(number: f64) -> f64 {
	libm::log(number) * MILLINATS
}
