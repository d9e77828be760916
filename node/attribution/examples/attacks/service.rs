//! What an honest model is served with, for those who cheat at answering and asking rather than contributing.

use crate::{
	Failure,
	attack::{Attacker, OUTSIDER},
	market::{Ground, METHOD, Model, Pay, corpus, divided},
	measure::estimate,
	paid::Paid,
};
use openledger_attribution::Query;
use serde_json::{Value, json};

/// A model trained on honest records, with its index and the queries of its answers.
pub struct Service<'a> {
	/// Base and data.
	pub ground: &'a Ground,
	/// The model.
	pub model: &'a Model,
	/// Its index.
	pub index: Paid,
	/// What honest claims say of its answers.
	pub queries: Vec<Query>,
	/// What honest claims pay.
	pub pay: Pay,
}

/// Gains in points of the pool, by query.
#[derive(Debug, Clone, Default)]
pub struct Gains {
	/// With the defence.
	pub with: Vec<f64>,
	/// Without.
	pub without: Vec<f64>,
}

/// A way to cheat.
pub trait Cheat {
	/// What the table calls it.
	fn name(&self) -> &'static str;

	/// What is to answer it.
	fn defence(&self) -> &'static str;

	/// What is switched off in the comparison.
	fn switched_off(&self) -> &'static str;

	/// What an account gains.
	fn gains(&self, service: &Service<'_>, account: usize) -> Result<Gains, Failure>;
}

impl<'a> Service<'a> {
	/// Builds the index.
	pub fn new(ground: &'a Ground, model: &'a Model) -> Result<Self, Failure> {
		let corpus = corpus(&ground.honest());
		let index = Paid::over(&ground.base, &model.adapter, &corpus, METHOD)?;
		let queries = ground.queries(model, &index)?;
		let pay = divided(&index, &queries, &model.earned)?;
		Ok(Self { ground, model, index, queries, pay })
	}

	/// What an account has of an answer when all are honest, in points.
	pub fn honest(&self, query: usize, account: usize) -> f64 {
		100.0 * self.pay[query].get(account).copied().unwrap_or(0.0)
	}

	/// The row of a way to cheat, for contributors and for somebody without records.
	pub fn row(&self, cheat: &dyn Cheat, owners: &[usize]) -> Result<Value, Failure> {
		eprintln!("{}", cheat.name());
		let side = |accounts: &[usize]| -> Result<Value, Failure> {
			let gains = accounts
				.iter()
				.map(|account| cheat.gains(self, *account))
				.collect::<Result<Vec<_>, _>>()?;
			let of = |values: fn(&Gains) -> &Vec<f64>| {
				estimate(&gains.iter().map(|gains| values(gains).clone()).collect::<Vec<_>>())
			};
			Ok(json!({ "with": of(|gains| &gains.with), "without": of(|gains| &gains.without) }))
		};
		let accounts: Vec<usize> =
			owners.iter().map(|number| Attacker::Owner(*number).account()).collect();
		Ok(json!({
			"name": cheat.name(),
			"defence": cheat.defence(),
			"switched_off": [cheat.switched_off()],
			"owner": side(&accounts)?,
			"outsider": side(&[OUTSIDER])?,
		}))
	}
}
