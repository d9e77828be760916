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
}
