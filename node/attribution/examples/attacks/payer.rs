//! Asking one's own records, and what a fee brings back at best.

use crate::{
	Failure,
	paid::{POOL, account},
	service::{Cheat, Gains, Service},
};
use openledger_primitives_core::settlement::FeeSplit;
use serde_json::{Value, json};
use sp_runtime::Permill;

/// How a fee is divided unless governance has said otherwise: `DEFAULT_SPLIT` of the runtime.
pub const SPLIT: FeeSplit = FeeSplit {
	contributors: Permill::from_percent(50),
	owner: Permill::from_percent(20),
	operator: Permill::from_percent(20),
	verifiers: Permill::from_percent(5),
	validators: Permill::from_percent(2),
};

/// Questions by the account that contributes.
pub struct OwnQuestions;

impl Cheat for OwnQuestions {
	fn name(&self) -> &'static str {
		"questions of one's own"
	}

	fn defence(&self) -> &'static str {
		"a payer's records earn nothing from its questions; by another account they do, at a loss"
	}

	fn switched_off(&self) -> &'static str {
		"the payer's records count, as they do when it asks by another account"
	}

	fn gains(&self, service: &Service<'_>, own: usize) -> Result<Gains, Failure> {
		let mut gains = Gains::default();
		for (at, (query, earned)) in service.queries.iter().zip(&service.model.earned).enumerate() {
			let shares = service.index.shares_but(query, &account(own))?;
			let paid = shares.get(own).copied().unwrap_or(0);
			gains.with.push(100.0 * earned * paid as f64 / POOL as f64);
			gains.without.push(service.honest(at, own));
		}
		Ok(gains)
	}
}

/// What percentage of a fee comes back to whoever has one role more each time and asks by another account the
/// question that pays its records most.
pub fn returned(service: &Service<'_>, owners: &[usize]) -> Value {
	let best = (0..service.queries.len())
		.flat_map(|query| owners.iter().map(move |own| service.honest(query, *own)))
		.fold(0f64, f64::max);
	let percent = |part: Permill| f64::from(part.deconstruct()) / 1e4;
	let contributor = percent(SPLIT.contributors) * best / 100.0;
	let owner = contributor + percent(SPLIT.owner);
	let operator = owner + percent(SPLIT.operator);
	let everybody = percent(SPLIT.contributors) + percent(SPLIT.owner) + percent(SPLIT.operator);
	json!({
		"best_share_of_pool": best,
		"contributor": contributor,
		"and_owner_of_model_and_base": owner,
		"and_operator": operator,
		"and_every_contributor": everybody,
		"and_every_verifier": everybody + percent(SPLIT.verifiers),
	})
}
