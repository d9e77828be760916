//! Whether a fault is one.

use crate::{ClaimRecord, Fault};
use codec::Encode;
use openledger_primitives_attribution::{
	Refusal, Terms,
	forgery::{Forgery, expose},
	found,
	omission::{Omission, Replaced, replace},
};

/// What a fault shows.
pub(crate) enum Shown<AccountId> {
	/// A leaf that the claim left out.
	Omitted(Replaced<AccountId>),
	/// A record that was left out of the prompt.
	Relevant(Replaced<AccountId>),
	/// That the leaf at this position of one of the version's indexes is forged.
	Forged(u32),
}

/// What `fault` shows of a model version with these terms, or of the claim on it that it is against.
pub(crate) fn judge<AccountId: Encode + Clone + PartialEq>(
	terms: &Terms,
	claim: Option<&ClaimRecord<AccountId>>,
	fault: &Fault<AccountId>,
) -> Result<Shown<AccountId>, Refusal> {
	let retrieving = || terms.retrieving().ok_or(Refusal::Retrieval);
	let forged = |forgery: &Forgery, terms: &Terms| {
		expose(terms, forgery).map(|()| Shown::Forged(forgery.leaf.position))
	};
	match (fault, claim) {
		(Fault::Forgery(forgery), _) => forged(forgery, terms),
		(Fault::ForgedRelevance(forgery), _) => forged(forgery, &retrieving()?),
		(Fault::Omission(omission), Some(claim)) => {
			replace(terms, &claim.payer, &claim.sketch, &claim.paid, omission).map(Shown::Omitted)
		}
		(Fault::Relevance { question, shown }, Some(claim)) => {
			let prompted = claim.found.as_ref().ok_or(Refusal::Retrieval)?;
			if found::question(question) != prompted.question {
				return Err(Refusal::OtherQuestion);
			}
			let omission = Omission::Record(shown.clone());
			replace(&retrieving()?, &claim.payer, question, &prompted.paid, &omission)
				.map(Shown::Relevant)
		}
		(Fault::Omission(_) | Fault::Relevance { .. }, None) => Err(Refusal::WrongMethod),
	}
}
