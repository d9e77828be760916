//! Answers on chain: who is asked for what executing them takes, and what comes of those that can't be executed.

use super::*;
use openledger_primitives_core::model::Retrieval;
use sp_runtime::Permill;

const OPERATOR: &str = "http://operator";

/// The claim is on an answer from records.
fn quoting() {
	let mut job = job();
	let index = job.material.index;
	let part = Permill::from_percent(30);
	let retrieval = Retrieval { most: 2, dimension: 16, part, lens: Hash::zero(), index };
	job.material.retrieval = Some(retrieval);
	JobOf::set(Some(job));
}

#[test]
fn answer_is_executed_with_where_its_operator_is_reached_whether_or_not_it_quotes() {
	for quotes in [false, true] {
		node(&truth(), true, |node| {
			if quotes {
				quoting();
			}
			node.engine.comes_to(&truth());
			node.run();
			assert_eq!(node.sent().len(), 1);
			let asked = node.engine.asked.lock().unwrap();
			assert_eq!(*asked, [Some(OPERATOR.as_bytes().to_vec())]);
		});
	}
}

/// What a verifier finds at the last chance where executing the answer fails so.
fn found_of(failure: Failure) -> Option<Finding> {
	let mut found = None;
	node(&truth(), true, |node| {
		*node.engine.executed.lock().unwrap() = Some(Executed::Failed(failure));
		node.run();
		assert!(node.sent().is_empty(), "it may go right yet");
		wait(7);
		node.run();
		found = node.memory().found.pop().map(|found| found.finding);
		assert_eq!(node.sent().len(), usize::from(found.is_some()));
	});
	found
}

#[test]
fn answer_that_nobody_can_have_given_is_withheld() {
	assert_eq!(found_of(Failure::BadContent("no room".into())), Some(Finding::Withheld));
}

#[test]
fn engine_that_can_not_execute_an_answer_finds_nothing() {
	for failure in [
		Failure::Busy,
		Failure::Unavailable,
		Failure::MissingBase(Hash::zero()),
		Failure::Engine("no memory".into()),
		Failure::PromptTooLong,
	] {
		assert_eq!(found_of(failure.clone()), None, "{failure:?}");
	}
}

#[test]
fn record_that_its_operator_does_not_hand_out_either_is_withheld_by_it() {
	node(&truth(), true, |node| {
		quoting();
		let failed = Executed::Failed(Failure::MissingContent(Hash::repeat_byte(5)));
		*node.engine.executed.lock().unwrap() = Some(failed);
		node.run();
		assert!(node.sent().is_empty(), "it may be handed out yet");
		wait(7);
		node.run();
		assert_eq!(node.memory().found[0].finding, Finding::Withheld);
	});
}
