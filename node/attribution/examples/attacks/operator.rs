//! An operator that favours a friend in what it claims of an answer.

use crate::{
	Failure,
	paid::{PAYER, POOL, account, amounts},
	service::{Cheat, Gains, Service},
};
use openledger_attribution::{claim, claim_on, shown_contributor, shown_record};
use openledger_primitives_attribution::{
	Claim, ContributorCredit, ContributorLeaf, RecordCredit,
	omission::{Omission, replace},
	shares, verify,
};
use openledger_primitives_core::Hash;
use sp_core::crypto::AccountId32;

/// An account's points of what is divided by weights, of an answer that earned a part of the pool.
fn points(weights: Vec<(AccountId32, u64)>, number: usize, earned: f64) -> f64 {
	let paid = amounts(weights).get(number).copied().unwrap_or(0);
	100.0 * earned * paid as f64 / POOL as f64
}

/// Claims with leaves, payees and an order that are not the index's.
pub struct Forged;

impl Forged {
	/// An honest claim, changed in each way.
	pub fn claims(
		service: &Service<'_>,
		honest: &Claim<AccountId32>,
		friend: usize,
	) -> Result<Vec<Claim<AccountId32>>, Failure> {
		let mut forged = Vec::new();
		let mut other_payee = honest.clone();
		if let Some(first) = other_payee.contributors.iter_mut().next() {
			first.leaf.account = account(friend);
			forged.push(other_payee);
		}
		let index = &service.index.index;
		let Claim { sketch, gain, trace, .. } = honest.clone();
		let real = claim_on(index, sketch, gain, trace, &[0], &[])?;
		let mut made_up = Claim {
			contributors: real.contributors,
			contributors_proof: real.contributors_proof,
			..honest.clone()
		};
		let leaf = ContributorLeaf {
			account: account(friend),
			scale: u32::MAX,
			sketch: honest.sketch.clone(),
		};
		for credit in &mut made_up.contributors {
			credit.leaf = leaf.clone();
		}
		forged.push(made_up);
		let is_friend = |of: &ContributorCredit<AccountId32>| of.leaf.account == account(friend);
		if let Some(at @ 1..) = honest.contributors.iter().position(is_friend) {
			let mut other_order = honest.clone();
			other_order.contributors.as_mut().swap(0, at);
			forged.push(other_order);
		}
		Ok(forged)
	}
}

impl Cheat for Forged {
	fn name(&self) -> &'static str {
		"forged claims"
	}

	fn defence(&self) -> &'static str {
		"the runtime verifies leaves, payees, scores and order"
	}

	fn switched_off(&self) -> &'static str {
		"verification: the claim is taken at its word"
	}

	fn gains(&self, service: &Service<'_>, friend: usize) -> Result<Gains, Failure> {
		let (terms, mut gains) = (service.index.terms(), Gains::default());
		for (at, (query, earned)) in service.queries.iter().zip(&service.model.earned).enumerate() {
			let honest = service.honest(at, friend);
			let claims = Self::claims(service, &service.index.claim(query, &PAYER)?, friend)?;
			// What is refused pays nobody until an honest claim comes.
			let mut best = 0f64;
			for claim in &claims {
				if let Ok(verified) = verify(&terms, &PAYER, claim) {
					best = best.max(points(verified.shares(), friend, *earned) - honest);
				}
			}
			gains.with.push(best);
			gains.without.push(100.0 * earned - honest);
		}
		Ok(gains)
	}
}

/// Claims that leave out everybody but the friend.
pub struct LeftOut;

impl LeftOut {
	/// The claim that credits an account alone, and a record that shows it contributed; none without one.
	fn claim(
		service: &Service<'_>,
		honest: &Claim<AccountId32>,
		friend: usize,
	) -> Result<Option<Claim<AccountId32>>, Failure> {
		let index = &service.index.index;
		let view = index.view();
		let Some(number) = view.number_of(&account(friend)) else { return Ok(None) };
		let mut records = view.members(number as usize).into_iter().flatten();
		let Some(head) = records.find(|at| view.is_head(*at as usize)) else { return Ok(None) };
		let Claim { sketch, gain, trace, .. } = honest.clone();
		Ok(Some(claim_on(index, sketch, gain, trace, &[number], &[head])?))
	}
}

impl Cheat for LeftOut {
	fn name(&self) -> &'static str {
		"claims that leave others out"
	}

	fn defence(&self) -> &'static str {
		"anyone shows what was left out, which replaces the claim"
	}

	fn switched_off(&self) -> &'static str {
		"challenges"
	}

	fn gains(&self, service: &Service<'_>, friend: usize) -> Result<Gains, Failure> {
		let (terms, mut gains) = (service.index.terms(), Gains::default());
		for (at, (query, earned)) in service.queries.iter().zip(&service.model.earned).enumerate() {
			let before = service.honest(at, friend);
			let honest = service.index.claim(query, &PAYER)?;
			let claim = Self::claim(service, &honest, friend)?;
			let verified = claim.and_then(|claim| verify(&terms, &PAYER, &claim).ok());
			let Some(verified) = verified else {
				gains.with.push(0.0);
				gains.without.push(0.0);
				continue;
			};
			gains.without.push(points(verified.shares(), friend, *earned) - before);
			let mut paid = verified.paid;
			for credit in &honest.contributors {
				let is_its =
					|of: &&RecordCredit<AccountId32>| of.record.contributor == credit.leaf.account;
				let Some(witness) = honest.records.iter().find(is_its) else { continue };
				let index = &service.index.index;
				let omission = Omission::Contributor(
					shown_contributor(index, credit.position)?,
					shown_record(index, witness.position)?,
				);
				if let Ok(replaced) = replace(&terms, &PAYER, &query.sketch, &paid, &omission) {
					paid = replaced.paid;
				}
			}
			gains.with.push(points(shares(&paid), friend, *earned) - before);
		}
		Ok(gains)
	}
}

/// Claims on the friend's own leaf in the place of the answer's sketch, with all of the lift.
pub struct OtherQuery;

impl Cheat for OtherQuery {
	fn name(&self) -> &'static str {
		"false query sketches"
	}

	fn defence(&self) -> &'static str {
		"none yet: re-execution by drawn verifiers is not built"
	}

	fn switched_off(&self) -> &'static str {
		"nothing"
	}

	fn gains(&self, service: &Service<'_>, friend: usize) -> Result<Gains, Failure> {
		let index = &service.index.index;
		let leaf = index.view().number_of(&account(friend));
		let leaf = leaf.and_then(|number| index.view().contributor(number as usize));
		let mut found = 0.0;
		if let Some(leaf) = leaf {
			let method = index.header().method;
			let claim = claim(index, leaf.sketch, i32::MAX, Hash::zero(), &PAYER, method)?;
			let verified = verify(&service.index.terms(), &PAYER, &claim)
				.map_err(|refusal| format!("refused: {refusal:?}"))?;
			found = points(verified.shares(), friend, 1.0);
		}
		let gain = |at: usize| if found > 0.0 { found - service.honest(at, friend) } else { 0.0 };
		let gains: Vec<f64> = (0..service.queries.len()).map(gain).collect();
		Ok(Gains { with: gains.clone(), without: gains })
	}
}
