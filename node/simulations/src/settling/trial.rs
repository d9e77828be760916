//! The error of draws, simulated.

use super::{
	batch::{Batch, Moments},
	closed,
	market::{Claims, Market},
};
use openledger_primitives_core::Hash;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

/// Some batches, with what settling every answer would pay.
pub struct Batches {
	batches: Vec<Batch>,
	moments: Vec<Vec<Moments>>,
	contributors: usize,
	rng: ChaCha8Rng,
}

/// How far pay was from what it should have been.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Error {
	/// Batches settled.
	pub batches: usize,
	/// Draws of each.
	pub draws: u8,
	/// The contributor's rank by what it should have been paid, from 1.
	pub rank: usize,
	/// The root of the mean squared relative error, over some seeds.
	pub simulated: f64,
	/// The same, derived from these batches' answers.
	pub derived: f64,
	/// The same, derived from the market alone.
	pub expected: f64,
}

impl Batches {
	/// `count` batches of `answers` answers.
	pub fn new(market: Market, count: usize, answers: usize, seed: u64) -> Self {
		let mut rng = ChaCha8Rng::seed_from_u64(seed);
		let claims = Claims::new(market);
		let batches: Vec<Batch> =
			(0..count).map(|_| Batch::new(&claims, answers, &mut rng)).collect();
		let moments = batches.iter().map(|batch| batch.moments(market.contributors)).collect();
		Self { batches, moments, contributors: market.contributors, rng }
	}

	/// What a contributor should be paid of the first `count` batches, in the least unit of fees.
	pub fn exact(&self, contributor: usize, count: usize) -> f64 {
		self.of(contributor, count).map(|(total, moments)| total * moments.mean).sum()
	}

	fn of(&self, contributor: usize, count: usize) -> impl Iterator<Item = (f64, Moments)> + '_ {
		let batches = self.batches.iter().zip(&self.moments).take(count);
		batches.map(move |(batch, moments)| (batch.total() as f64, moments[contributor]))
	}

	/// Contributors by what they should be paid of the first `count` batches, the most first.
	pub fn ranked(&self, count: usize) -> Vec<usize> {
		let exact: Vec<f64> = (0..self.contributors).map(|who| self.exact(who, count)).collect();
		let mut ranked: Vec<usize> = (0..self.contributors).collect();
		ranked.sort_by(|a, b| exact[*b].total_cmp(&exact[*a]));
		ranked
	}

	/// What each contributor is paid of the first `counts` batches, one row for each of these, which
	/// ascend; with seeds that were not drawn with before.
	pub fn pay(&mut self, draws: u8, counts: &[usize]) -> Vec<Vec<f64>> {
		let mut paid = vec![0.0; self.contributors];
		let mut rows = Vec::new();
		let most = counts.iter().copied().max().unwrap_or(0);
		for (id, batch) in (0u32..).zip(&self.batches[..most]) {
			batch.pay(&Hash::from(self.rng.random::<[u8; 32]>()), id, draws, &mut paid);
			if counts.contains(&(id as usize + 1)) {
				rows.push(paid.clone());
			}
		}
		rows
	}

	/// The relative error of the contributor of each rank after each of `counts` batches, over
	/// `trials` seeds.
	pub fn errors(
		&mut self,
		market: &Market,
		draws: u8,
		counts: &[usize],
		ranks: &[usize],
		trials: usize,
	) -> Vec<Error> {
		let ranked: Vec<Vec<usize>> = counts.iter().map(|count| self.ranked(*count)).collect();
		let mut squares = vec![vec![0.0; ranks.len()]; counts.len()];
		for _ in 0..trials {
			let rows = self.pay(draws, counts);
			for (at, (count, paid)) in counts.iter().zip(rows).enumerate() {
				for (of, rank) in ranks.iter().enumerate() {
					let who = ranked[at][rank - 1];
					let exact = self.exact(who, *count);
					squares[at][of] += ((paid[who] - exact) / exact).powi(2) / trials as f64;
				}
			}
		}
		let claims = Claims::new(*market);
		let row = |at: usize, of: usize| {
			let (count, rank) = (counts[at], ranks[of]);
			Error {
				batches: count,
				draws,
				rank,
				simulated: f64::sqrt(squares[at][of]),
				derived: closed::of_batches(self.of(ranked[at][rank - 1], count), draws),
				expected: closed::expected(
					market,
					claims.probability(rank - 1),
					draws,
					count as f64,
				),
			}
		};
		(0..counts.len())
			.flat_map(|at| (0..ranks.len()).map(move |of| (at, of)))
			.map(|(at, of)| row(at, of))
			.collect()
	}
}

/// The relative error, without its sign, of what the contributor of a rank is paid of some batches,
/// each time for other answers and other seeds.
pub fn each_time(
	market: Market,
	(batches, answers): (usize, usize),
	draws: u8,
	rank: usize,
	seeds: impl Iterator<Item = u64>,
) -> Vec<f64> {
	seeds
		.map(|seed| {
			let mut made = Batches::new(market, batches, answers, seed);
			let who = made.ranked(batches)[rank - 1];
			let exact = made.exact(who, batches);
			let paid = made.pay(draws, &[batches]).pop().map_or(0.0, |paid| paid[who]);
			((paid - exact) / exact).abs()
		})
		.collect()
}
