//! What is asked of the tokens of an answer.

/// What an adapter is differentiated for, of each token of an answer; natural logarithms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Objective {
	/// The negative log-likelihood `−ln p`, which training descends. Its gradient vanishes on a
	/// token that the adapter has learnt by heart.
	#[default]
	Likelihood,
	/// The negative log-odds `−ln (p / (1 − p))`, whose gradient is `1 / (1 − p)` times as long, so
	/// that every token counts about as much (TRAK: Park et al. 2023, arXiv:2303.14186, section 3).
	Odds,
	/// `2·artanh √(1 − p)`, whose gradient is `1 / √(1 − p)` times that of the likelihood, the geometric
	/// mean of the other two: a token that is nearly certain counts for less than one that is not, yet for
	/// something.
	Root,
}

impl Objective {
	/// For an objective that holds the target against the other tokens: its value, and what the gradient
	/// of the log-odds is to be multiplied by, given the target's log-odds.
	pub(crate) fn of_odds(self, log_odds: f64) -> (f64, f32) {
		match self {
			Self::Likelihood | Self::Odds => (-log_odds, 1.0),
			Self::Root => {
				let root = libm::sqrt(1.0 / (1.0 + libm::exp(log_odds)));
				// −ln p from the side on which the exponential is small.
				let surprise = (-log_odds).max(0.0) + libm::log1p(libm::exp(-log_odds.abs()));
				// artanh √u = ½·ln((1 + √u)² / (1 − u)).
				(2.0 * libm::log1p(root) + surprise, root as f32)
			}
		}
	}

	/// Whether the target is held against all tokens, itself among them.
	pub(crate) fn counts_target(self) -> bool {
		self == Self::Likelihood
	}
}
