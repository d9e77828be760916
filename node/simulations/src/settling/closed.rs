//! The error of draws, derived.
//!
//! A draw takes a unit of fee; let `w` be a contributor's share of the answer that the unit lies in.
//! Over all units the mean of `w` is `m`, its part of the batch, so the pay of `s` draws, each of them
//! a part 1/s of the batch's fees T, is T·m on average. Draws are independent, so its variance is
//! T²·(E w² − m²)/s, and that of several batches the sum of theirs.

use super::{batch::Moments, market::Market};

/// The standard deviation of what a contributor is paid of some batches, over what it should be:
/// √(Σ T²·(E w² − m²)/s) ÷ Σ T·m. `batches` have their fees T, in any unit, and the moments of the
/// contributor's shares.
pub fn of_batches(batches: impl Iterator<Item = (f64, Moments)>, draws: u8) -> f64 {
	let (variance, exact) = batches.fold((0.0, 0.0), |(variance, exact), (total, of)| {
		let spread = (of.square - of.mean * of.mean) / f64::from(draws);
		(variance + total * total * spread, exact + total * of.mean)
	});
	variance.sqrt() / exact
}

/// The same from the market alone, for `batches` batches of equal fees, and a contributor with the
/// part `p` of all credits: √(c·(1 − p) ÷ (p·s·batches)), c being the sum of a claim's squared shares
/// ([`Market::concentration`]). For `K` shares x of independent contributors,
/// E w² = p·E Σx² + p²·(1 − E Σx²).
pub fn expected(market: &Market, p: f64, draws: u8, batches: f64) -> f64 {
	(market.concentration() * (1.0 - p) / (p * f64::from(draws) * batches)).sqrt()
}

/// How many draws it takes, over all batches together, for that standard deviation to be `error`.
pub fn draws_for(market: &Market, p: f64, error: f64) -> f64 {
	market.concentration() * (1.0 - p) / (p * error * error)
}
