//! An operator that picks, of many answers that it could give, the one that pays a friend most.

use crate::{
	Failure,
	market::{Pay, divided},
	service::{Cheat, Gains, Service},
	stats::mean,
};
use openledger_primitives_attribution::lift;
use openlora::Sampling;

/// Answers to choose from.
const ANSWERS: u64 = 8;
/// The temperature that they are drawn at.
const TEMPERATURE: f64 = 1.0;

/// What each of some drawn answers pays: `[answer][query][account]`.
pub struct Choice(Vec<Pay>);

impl Choice {
	/// Draws and divides.
	pub fn new(service: &Service<'_>) -> Result<Self, Failure> {
		let (ground, model) = (service.ground, service.model);
		let pay = |seed: u64| -> Result<Pay, Failure> {
			let sampling = Sampling::seeded(seed, TEMPERATURE);
			let answers = ground.data.sampled(&ground.base, &model.adapter, &sampling)?;
			let query = |text| service.index.query(&ground.base, &model.adapter, text);
			let queries = answers.iter().map(query).collect::<Result<Vec<_>, _>>()?;
			let earned = |gain| f64::from(lift::earned(gain, lift::FULL_GAIN).deconstruct()) / 1e6;
			let earned: Vec<f64> = queries.iter().map(|query| earned(query.gain)).collect();
			divided(&service.index, &queries, &earned)
		};
		(0..ANSWERS).map(pay).collect::<Result<_, _>>().map(Self)
	}
}

impl Cheat for Choice {
	fn name(&self) -> &'static str {
		"the best of eight answers"
	}

	fn defence(&self) -> &'static str {
		"the seed follows from the request and the payer's nonce (held to by re-execution, not built yet)"
	}

	fn switched_off(&self) -> &'static str {
		"seeds: the operator draws its own"
	}

	fn gains(&self, service: &Service<'_>, friend: usize) -> Result<Gains, Failure> {
		let mut gains = Gains::default();
		for query in 0..service.queries.len() {
			let of = |pay: &Pay| pay[query].get(friend).map_or(0.0, |part| 100.0 * part);
			let paid: Vec<f64> = self.0.iter().map(of).collect();
			let (usual, best) = (mean(&paid), paid.iter().fold(0f64, |best, of| best.max(*of)));
			// Requests have seeds of their own.
			gains.with.push(paid[query % paid.len()] - usual);
			gains.without.push(best - usual);
		}
		Ok(gains)
	}
}
