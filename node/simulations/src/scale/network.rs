//! Who answers how much about what, and how it is settled.

use crate::settling::market::{Market, Places};
use rand::Rng;
use serde::Serialize;

/// Blocks in a day, at one for each slot of three seconds.
pub const DAY: u32 = 28_800;

/// A network, and the runtime's parameters that matter (`runtime/src/configs/parameters.rs`).
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Network {
	/// Operators.
	pub operators: usize,
	/// The exponent of Zipf's law over them, by answers.
	pub operator_exponent: f64,
	/// Answers a day, of all together.
	pub answers: f64,
	/// Model versions.
	pub models: usize,
	/// The exponent of Zipf's law over them, by the operators that serve them.
	pub model_exponent: f64,
	/// Model versions that an operator serves, with as many answers about each.
	pub served: usize,
	/// Fees, and the contributors of a model version.
	pub market: Market,
	/// Sessions that an operator has about a model version at once, all of the same size. A batch
	/// can have 64.
	pub sessions: u32,
	/// Days that a session lasts; at most 30.
	pub session_days: f64,
	/// Answers that an operator commits as one batch.
	pub batch: f64,
	/// Blocks after which it commits fewer.
	pub batch_period: u32,
	/// `receipts.Draws`.
	pub draws: u8,
	/// Receipts that an operator shows in one transaction, at most `receipts.MAX_SHOWN`.
	pub together: u32,
	/// The audits' `LookAgain`.
	pub look_again: u32,
	/// `receipts.RevealPeriod`.
	pub reveal_period: u32,
	/// `audits.RoundLength`.
	pub round: u32,
	/// `attribution.ChallengeWindow`.
	pub window: u32,
	/// The most claims that are looked at in one block, `attribution.MaxDue`.
	pub most_due: u32,
	/// `audits.Rate`. The chain audits no draws yet: zero is the chain as it is.
	pub audit_rate: f64,
	/// Seats of a committee.
	pub committee: u32,
	/// `audits.CommitPeriod` and `audits.AppealWindow`.
	pub commit_period: u32,
	/// Blocks within which a verdict can be appealed.
	pub appeal_window: u32,
	/// Verifiers; there can be 256.
	pub verifiers: u32,
	/// Blocks until a verifier has executed an answer (assumed), of which it executes one at a time.
	pub execution: u32,
	/// Days that are simulated.
	pub days: u32,
	/// What everything is drawn from.
	pub seed: u64,
}

impl Default for Network {
	fn default() -> Self {
		Self {
			operators: 10_000,
			operator_exponent: 0.8,
			answers: 1e9,
			models: 200,
			model_exponent: 1.0,
			served: 2,
			market: Market::default(),
			sessions: 16,
			session_days: 30.0,
			batch: 50_000.0,
			batch_period: DAY,
			draws: 32,
			together: 8,
			look_again: 5,
			reveal_period: 100,
			round: 10,
			window: 10,
			most_due: 256,
			audit_rate: 0.1,
			committee: 3,
			commit_period: 40,
			appeal_window: 20,
			verifiers: 256,
			execution: 4,
			days: 7,
			seed: 1,
		}
	}
}

/// An operator's work on one model version.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Served {
	/// The model version.
	pub model: u32,
	/// Answers of a batch.
	pub answers: f64,
	/// Blocks between two batches, which need not be whole.
	pub every: f64,
	/// The block of the first.
	pub first: f64,
}

impl Network {
	/// All operators' work.
	pub fn served(&self, rng: &mut impl Rng) -> Vec<Served> {
		let operators = Places::zipf(self.operators, self.operator_exponent);
		let models = Places::zipf(self.models, self.model_exponent);
		let mut all = Vec::with_capacity(self.operators * self.served);
		for operator in 0..self.operators {
			let a_day = self.answers * operators.probability(operator) / self.served as f64;
			let a_block = a_day / f64::from(DAY);
			let every = (self.batch / a_block).min(self.batch_period.into());
			for _ in 0..self.served {
				let (model, first) = (models.draw(rng) as u32, every * rng.random::<f64>());
				all.push(Served { model, answers: a_block * every, every, first });
			}
		}
		all
	}

	/// The block from which on what is in a round at `block` can be drawn: when the next round is
	/// over.
	pub fn drawn_from(&self, block: u32) -> u32 {
		(block / self.round + 2) * self.round
	}
}
