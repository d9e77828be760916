use crate::mock::*;
use openledger_primitives_api::RequestState;
use openledger_primitives_core::model::{ModelStatus, Usage};

#[test]
fn operators_are_listed_with_what_they_serve() {
	chain(|| {
		operate(1, 2);
		operate(2, 3);
		ask(5).unwrap();
		let listed = Inference::operators(1);
		assert_eq!(listed.len(), 2);
		assert_eq!((listed[0].open, listed[0].models.clone()), (1, vec![1]));
		assert_eq!(listed[1].agent, account(22));
		assert!(Inference::operators(2).is_empty());
		assert_eq!(Inference::operator(account(9)), None);
	});
}

#[test]
fn quote_names_operators_with_room_the_least_busy_first() {
	chain(|| {
		operate(1, 1);
		operate(2, 2);
		operate(3, 2);
		ask(5).unwrap();
		ask(5).unwrap();
		let quote = Inference::quote(1, Usage { prompt: 10, output: 5 }).unwrap();
		assert_eq!((quote.fee, quote.operators), (60, vec![account(3), account(2)]));
	});
}

#[test]
fn quote_is_none_when_model_does_not_answer() {
	chain(|| {
		let usage = Usage { prompt: 1, output: 1 };
		assert_eq!(Inference::quote(9, usage), None);
		Registry::mutate(|all| all.insert(1, model(ModelStatus::Retired)));
		assert_eq!(Inference::quote(1, usage), None);
	});
}

#[test]
fn trace_follows_a_request() {
	chain(|| {
		operate(1, 1);
		assert_eq!(Inference::trace(0), None);
		let id = ask(5).unwrap();
		let trace = Inference::trace(id).unwrap();
		assert_eq!((trace.state, trace.fee, trace.answer), (RequestState::Pending, 2_000, None));
		reply(1, id).unwrap();
		let trace = Inference::trace(id).unwrap();
		assert_eq!((trace.state, trace.fee), (RequestState::Answered, 320));
		assert_eq!(trace.answer.as_deref(), Some("It scatters."));
		assert_eq!((trace.requested_at, trace.deadline, trace.answered_at), (1, 11, Some(1)));
	});
}
