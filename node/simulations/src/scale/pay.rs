//! What contributors are paid, against what every answer settled by itself would pay them.

use crate::settling::{
	closed,
	market::{Claims, Market},
};
use serde::Serialize;

/// All contributors of all model versions.
pub struct Pay {
	/// Paid, by model version and contributor, in the least unit of fees.
	paid: Vec<f64>,
	/// Fees of each model version's batches.
	fees: Vec<f64>,
	/// The sum of their squares.
	squares: Vec<f64>,
	contributors: usize,
}

/// Errors of the contributors within some ranks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Band {
	/// The first rank, by what they should be paid, from 1.
	pub from: usize,
	/// The last.
	pub to: usize,
	/// The root of their mean squared relative error.
	pub error: f64,
	/// The same, derived.
	pub derived: f64,
	/// What the last of them should be paid of all fees, as a part of them.
	pub least_part: f64,
}

impl Pay {
	/// Nothing paid yet.
	pub fn new(models: usize, contributors: usize) -> Self {
		Self {
			paid: vec![0.0; models * contributors],
			fees: vec![0.0; models],
			squares: vec![0.0; models],
			contributors,
		}
	}

	/// A batch of a model version with so many fees.
	pub fn settled(&mut self, model: u32, fees: f64) {
		self.fees[model as usize] += fees;
		self.squares[model as usize] += fees * fees;
	}

	/// Part of a batch's fees, for a contributor of its model version.
	pub fn pay(&mut self, model: u32, contributor: u32, amount: f64) {
		self.paid[model as usize * self.contributors + contributor as usize] += amount;
	}

	/// Errors by rank, in bands of a factor of ten. What a contributor should be paid is its part of
	/// all answers there could be, times the fees that there were.
	pub fn bands(&self, claims: &Claims, market: &Market, draws: u8) -> Vec<Band> {
		let total: f64 = self.fees.iter().sum();
		let mut all = Vec::with_capacity(self.paid.len());
		for (model, (fees, squares)) in self.fees.iter().zip(&self.squares).enumerate() {
			if *fees == 0.0 {
				continue;
			}
			for contributor in 0..self.contributors {
				let p = claims.probability(contributor);
				let paid = self.paid[model * self.contributors + contributor];
				// As many batches of equal fees as would err as much as these.
				let batches = fees * fees / squares;
				let derived = closed::expected(market, p, draws, batches);
				all.push((fees * p, (paid / (fees * p) - 1.0).powi(2), derived * derived));
			}
		}
		all.sort_by(|a, b| b.0.total_cmp(&a.0));
		let mut bands = Vec::new();
		let mut from = 0;
		while from < all.len() {
			let to = (from.max(1) * 10).min(all.len());
			let band = &all[from..to];
			let mean = |of: fn(&(f64, f64, f64)) -> f64| {
				(band.iter().map(of).sum::<f64>() / band.len() as f64).sqrt()
			};
			bands.push(Band {
				from: from + 1,
				to,
				error: mean(|one| one.1),
				derived: mean(|one| one.2),
				least_part: band.last().map_or(0.0, |last| last.0 / total),
			});
			from = to;
		}
		bands
	}
}
