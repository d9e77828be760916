//! Answers on chain whose prompts quote records, which their operator may have alone.

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
fn answer_from_records_is_executed_with_where_its_operator_is_reached() {
	node(&truth(), true, |node| {
		quoting();
		node.engine.comes_to(&truth());
		node.run();
		assert_eq!(node.sent().len(), 1);
		let asked = node.engine.asked.lock().unwrap();
		assert_eq!(*asked, [Some(OPERATOR.as_bytes().to_vec())]);
	});
}

#[test]
fn answer_from_no_records_is_executed_as_it_always_was() {
	node(&truth(), true, |node| {
		node.engine.comes_to(&truth());
		node.run();
		assert_eq!(node.sent().len(), 1);
		assert_eq!(*node.engine.asked.lock().unwrap(), [None]);
	});
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
