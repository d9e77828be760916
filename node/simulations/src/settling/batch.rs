//! A batch of answers of which every one is there.

use super::market::{Claims, Credit};
use openledger_primitives_core::{Balance, BatchId, Hash};
use openledger_primitives_receipts::draw::{share, unit};
use rand::Rng;

/// Answers in the order of a batch's units.
pub struct Batch {
	/// For each answer the unit behind its last one.
	ends: Vec<Balance>,
	/// As many credits for each answer as a claim has.
	credits: Vec<Credit>,
	each: usize,
}

/// What a contributor's shares of a batch come to, weighted by fees.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
	/// The mean share: its part of the batch, were every answer settled by itself.
	pub mean: f64,
	/// The mean squared share.
	pub square: f64,
}

impl Batch {
	/// A batch of `count` answers.
	pub fn new(claims: &Claims, count: usize, rng: &mut impl Rng) -> Self {
		let each = claims.market().credits;
		let mut batch = Self {
			ends: Vec::with_capacity(count),
			credits: Vec::with_capacity(count * each),
			each,
		};
		let mut end = 0;
		for _ in 0..count {
			end += claims.market().any_fee(rng);
			batch.ends.push(end);
			claims.push(&mut batch.credits, rng);
		}
		batch
	}

	/// Its fees, in the least unit.
	pub fn total(&self) -> Balance {
		self.ends.last().copied().unwrap_or(0)
	}

	/// How many answers it has.
	pub fn len(&self) -> usize {
		self.ends.len()
	}

	/// Whether it has none.
	pub fn is_empty(&self) -> bool {
		self.ends.is_empty()
	}

	/// The fee of each answer.
	pub fn fees(&self) -> impl Iterator<Item = Balance> + '_ {
		let starts = core::iter::once(0).chain(self.ends.iter().copied());
		self.ends.iter().zip(starts).map(|(end, start)| end - start)
	}

	/// The answer that a unit falls into.
	pub fn answer_at(&self, unit: Balance) -> usize {
		self.ends.partition_point(|end| *end <= unit)
	}

	/// The credits of an answer.
	pub fn credits(&self, answer: usize) -> &[Credit] {
		&self.credits[answer * self.each..(answer + 1) * self.each]
	}

	/// What every answer settled by itself would come to, for each of `contributors`.
	pub fn moments(&self, contributors: usize) -> Vec<Moments> {
		let mut moments = vec![Moments::default(); contributors];
		let total = self.total() as f64;
		for (answer, fee) in self.fees().enumerate() {
			let part = fee as f64 / total;
			for credit in self.credits(answer) {
				let (share, moments) =
					(f64::from(credit.share), &mut moments[credit.contributor as usize]);
				moments.mean += part * share;
				moments.square += part * share * share;
			}
		}
		moments
	}

	/// Adds to `paid` what the draws of the batch pay each contributor, in the least unit of the
	/// fees that they decide. The draws are the chain's, of the batch with this number.
	pub fn pay(&self, seed: &Hash, id: BatchId, draws: u8, paid: &mut [f64]) {
		let total = self.total();
		for draw in 0..draws {
			let Some(unit) = unit(seed, id, draw, total) else { return };
			let decides = share(total, draws, draw) as f64;
			for credit in self.credits(self.answer_at(unit)) {
				paid[credit.contributor as usize] += decides * f64::from(credit.share);
			}
		}
	}
}
