//! Answers to settle: what they cost, and whom they credit.
//!
//! - Fees are log-normal: sizes of questions and answers are products of many small factors.
//! - A claim credits up to 16 records. Who contributed one is drawn by Zipf's law: contributor `r`
//!   of `n` is drawn in proportion to 1/rᵃ.
//! - What a record is credited with is its score above the floor. Above a high threshold, scores of
//!   all usual distributions exceed it by nearly exponential amounts (Pickands 1975,
//!   doi:10.1214/aos/1176343003), so the shares of a claim's `K` credits are those of `K` independent
//!   exponential variables: uniform over all ways to divide a whole in `K`.
//!
//! Fees do not depend on who is credited, nor answers on one another.

use openledger_primitives_core::Balance;
use rand::Rng;
use serde::Serialize;

/// The least unit of OPEN, of which an OPEN has 10¹⁸.
pub const OPEN: f64 = 1e18;

/// How answers are distributed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Market {
	/// Contributors of a model version.
	pub contributors: usize,
	/// The exponent of Zipf's law over them.
	pub exponent: f64,
	/// Records that a claim credits.
	pub credits: usize,
	/// The median fee, in OPEN.
	pub median_fee: f64,
	/// The standard deviation of a fee's natural logarithm.
	pub sigma: f64,
}

impl Default for Market {
	fn default() -> Self {
		Self { contributors: 1_000, exponent: 1.0, credits: 16, median_fee: 0.001, sigma: 1.0 }
	}
}

impl Market {
	/// The mean fee, in OPEN.
	pub fn mean_fee(&self) -> f64 {
		self.median_fee * (self.sigma * self.sigma / 2.0).exp()
	}

	/// The variance of a fee over its mean squared.
	pub fn fee_variation(&self) -> f64 {
		(self.sigma * self.sigma).exp() - 1.0
	}

	/// What a fee exceeding the median by `normal` standard deviations is, in the least unit; never
	/// zero, as on chain.
	fn fee(&self, normal: f64) -> Balance {
		((self.median_fee * OPEN * (self.sigma * normal).exp()) as Balance).max(1)
	}

	/// An answer's fee.
	pub fn any_fee(&self, rng: &mut impl Rng) -> Balance {
		self.fee(normal(rng))
	}

	/// The fee of the answer that a unit drawn from all fees falls into: an answer counts for as many
	/// units as it costs, which moves the logarithm's mean by its variance.
	pub fn drawn_fee(&self, rng: &mut impl Rng) -> Balance {
		self.fee(normal(rng) + self.sigma)
	}

	/// The mean of the sum of a claim's squared shares, 2 ÷ (K + 1) for `K` credits: one over the
	/// number of contributors who would make as much of a difference in equal parts.
	pub fn concentration(&self) -> f64 {
		2.0 / (self.credits as f64 + 1.0)
	}
}

/// A standard normal variable (Box and Muller 1958, doi:10.1214/aoms/1177706645).
pub fn normal(rng: &mut impl Rng) -> f64 {
	let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
	radius * (core::f64::consts::TAU * rng.random::<f64>()).cos()
}

/// A distribution over the places 0 to n − 1.
pub struct Places {
	/// For each place the probability of it and all before.
	until: Vec<f64>,
}

impl Places {
	/// Zipf's law: place `r`, from zero, in proportion to 1 ÷ (r + 1)ᵃ.
	pub fn zipf(count: usize, exponent: f64) -> Self {
		let mut until = Vec::with_capacity(count);
		let mut sum = 0.0;
		for place in 1..=count {
			sum += (place as f64).powf(-exponent);
			until.push(sum);
		}
		until.iter_mut().for_each(|at| *at /= sum);
		Self { until }
	}

	/// How many places there are.
	pub fn len(&self) -> usize {
		self.until.len()
	}

	/// Whether there are none.
	pub fn is_empty(&self) -> bool {
		self.until.is_empty()
	}

	/// How likely a place is.
	pub fn probability(&self, place: usize) -> f64 {
		self.until[place] - place.checked_sub(1).map_or(0.0, |before| self.until[before])
	}

	/// A place.
	pub fn draw(&self, rng: &mut impl Rng) -> usize {
		let at = rng.random::<f64>();
		self.until.partition_point(|until| *until <= at).min(self.until.len() - 1)
	}
}

/// Part of what an answer's contributors are paid, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Credit {
	/// The contributor's place.
	pub contributor: u32,
	/// Its share, of 1 for the whole answer.
	pub share: f32,
}

/// Makes up claims.
pub struct Claims {
	market: Market,
	contributors: Places,
}

impl Claims {
	/// Claims of a market.
	pub fn new(market: Market) -> Self {
		Self { market, contributors: Places::zipf(market.contributors, market.exponent) }
	}

	/// How answers are distributed.
	pub fn market(&self) -> &Market {
		&self.market
	}

	/// How likely a credit is a contributor's: the part of all fees that is its own on average.
	pub fn probability(&self, contributor: usize) -> f64 {
		self.contributors.probability(contributor)
	}

	/// Appends a claim's credits to `to`, each contributor once and those without a record left as
	/// shares of zero, so that every claim is as long.
	pub fn push(&self, to: &mut Vec<Credit>, rng: &mut impl Rng) {
		let start = to.len();
		let mut sum = 0.0;
		for _ in 0..self.market.credits {
			let share = -(1.0 - rng.random::<f64>()).ln();
			let contributor = self.contributors.draw(rng) as u32;
			sum += share;
			to.push(Credit { contributor, share: share as f32 });
		}
		let claim = &mut to[start..];
		for at in 0..claim.len() {
			let Credit { contributor, share } = claim[at];
			let (before, rest) = claim.split_at_mut(at);
			rest[0].share = share / sum as f32;
			if let Some(first) = before.iter_mut().find(|one| one.contributor == contributor) {
				first.share += rest[0].share;
				rest[0].share = 0.0;
			}
		}
	}
}
