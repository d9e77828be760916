//! Refusals, in the shape that OpenAI's clients read.

use openledger_primitives_inference::Failure;
use openledger_sessions::StoreError;

use super::{asked::BadBody, chain::ChainError};
use crate::question::Unanswered;

pub use openledger_sessions::protocol::Failure as Refused;

/// The store's refusal. Its faults are the operator's to read, in the log.
pub(super) fn of_store(error: StoreError) -> Refused {
	let refused = Refused::from(&error);
	if refused.status == 500 {
		log::error!("the store of receipts: {error}");
	}
	refused
}

pub(super) fn of_chain(error: ChainError) -> Refused {
	log::error!("{error}");
	Refused::new(503, "chain_unreadable", "the operator's node can't read the chain now".into())
}

pub(super) fn of_body(error: BadBody) -> Refused {
	Refused::new(400, error.code(), error.to_string())
}

pub(super) fn of_answer(error: Unanswered) -> Refused {
	let message = error.to_string();
	match error {
		Unanswered::NoPrompt(_) => Refused::new(400, "no_prompt", message),
		Unanswered::TooLong { .. } => Refused::new(400, "context_length_exceeded", message),
		Unanswered::Empty => Refused::new(422, "empty_answer", message),
		Unanswered::Failed(Failure::MissingBase(_)) => not_served(),
		Unanswered::Failed(failure) => {
			log::error!("a question was not answered: {failure:?}");
			Refused::new(503, "not_answered", "the operator could not compute an answer".into())
		}
	}
}

pub(super) fn not_served() -> Refused {
	let message = "the session's model version can't be served here now: ask again later";
	Refused::new(503, "model_not_served", message.into())
}

pub(super) fn lacking() -> Refused {
	let message = "the operator does not have every record yet that this model version puts into prompts: ask \
		 again later, or another operator";
	Refused::new(503, "records_missing", message.into())
}

pub(super) fn busy() -> Refused {
	let message = "as many questions wait as are let in: try again in a moment";
	Refused::new(503, "busy", message.into())
}

pub(super) fn stopping() -> Refused {
	Refused::new(503, "stopping", "the operator's node is stopping".into())
}

pub(super) fn fault(what: impl std::fmt::Display) -> Refused {
	log::error!("sessions: {what}");
	Refused::new(500, "operator_fault", "the operator's worker failed: see its log".into())
}
