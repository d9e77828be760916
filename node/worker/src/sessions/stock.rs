//! Records that go into prompts: their operator has them fetched before it says that it serves a version, and no
//! question in a session is answered without all of them.

use std::{sync::Arc, time::Duration};

use openledger_primitives_core::ModelId;
use openledger_primitives_inference::Material;
use openledger_sessions::protocol::stock::{Progress, Standing as Told, payload};
use sp_core::{Pair, crypto::AccountId32, sr25519};

use super::{
	Sessions,
	ask::blocking,
	refusal::{self, Refused, of_answer, of_chain},
};
use crate::{
	question::Unanswered,
	stock::{Held, Standing},
};

/// The longest that a question waits to know that all records are here: to look is enough, once a process.
const PATIENCE: Duration = Duration::from_secs(3);

impl Sessions {
	/// Refuses a question of a version that not all records are here of, though it may take none of those that are
	/// not: which ones it takes is known only once it is paid for in work.
	pub(super) fn stocked(&self, model: ModelId, material: &Material) -> Result<(), Refused> {
		match self.means.stock.wait(model, material, PATIENCE) {
			Standing::Complete(_) => Ok(()),
			Standing::Fetching(_) | Standing::Lacking(_) => Err(refusal::lacking()),
			Standing::Failed(failure) => Err(of_answer(failure.into())),
		}
	}

	/// Why a question of this version is not answered. Where a record is gone that was here, no other question is
	/// begun until all are here again.
	pub(super) fn unanswered(
		&self,
		model: ModelId,
		material: &Material,
		error: Unanswered,
	) -> Refused {
		match &error {
			Unanswered::Failed(failure) if self.means.stock.lost(model, material, failure) => {
				refusal::lacking()
			}
			_ => of_answer(error),
		}
	}

	/// Has the records of a version fetched for the operator that this worker belongs to, and says how far that is.
	///
	/// # Errors
	/// [`Refused`].
	pub async fn stock(
		self: &Arc<Self>,
		model: ModelId,
		operator: AccountId32,
		signature: sr25519::Signature,
	) -> Result<Told, Refused> {
		let this = self.clone();
		blocking(move || this.fetch_for(model, &operator, &signature)).await
	}

	fn fetch_for(
		&self,
		model: ModelId,
		operator: &AccountId32,
		signature: &sr25519::Signature,
	) -> Result<Told, Refused> {
		let chain = &self.means.chain;
		let public = sr25519::Public::from_raw(operator.clone().into());
		if !sr25519::Pair::verify(signature, payload(&chain.genesis(), model), &public) {
			let message = "the signature is not the account's for this model version on this chain";
			return Err(Refused::new(401, "bad_signature", message.into()));
		}
		if chain.agent(operator).map_err(of_chain)?.as_ref() != Some(&self.means.agent) {
			let message = "the account is not the operator that this worker's agent is of";
			return Err(Refused::new(403, "other_operator", message.into()));
		}
		let material = chain.material(model).map_err(of_chain)?;
		let material = material.ok_or_else(refusal::not_served)?;
		let told = |progress, held: Held| {
			let Held { records, here, missing } = held;
			Told { progress, records, here, missing }
		};
		match self.means.stock.ask(model, &material) {
			Standing::Fetching(held) => Ok(told(Progress::Fetching, held)),
			Standing::Complete(held) => Ok(told(Progress::Complete, held)),
			Standing::Lacking(held) => Ok(told(Progress::Lacking, held)),
			// It is its own operator who asks, and has to be told why.
			Standing::Failed(failure) => {
				let message = format!("the records can't be looked for: {failure:?}");
				Err(Refused::new(422, "not_stocked", message))
			}
		}
	}
}
