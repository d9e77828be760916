use super::*;
use crate::testing::{index, trained};
use openledger_primitives_core::model::PayBy;

#[test]
fn query_is_the_same_when_asked_again_and_another_for_another_answer() {
	let trained = trained();
	let index = index(8, PayBy::Records, 0);
	let ask = |prompt: &[u32], answer: &[u32]| {
		query(&trained.base, &trained.adapter, &index, prompt, answer).unwrap()
	};
	let first = ask(&[5, 6, 7], &[8, 9]);
	assert_eq!(first, ask(&[5, 6, 7], &[8, 9]));
	assert_eq!(first.sketch.len(), index.dimension());
	// Where the prompt ends is part of what was executed.
	for other in [ask(&[5, 6, 7], &[8, 10]), ask(&[5, 6], &[7, 8, 9])] {
		assert_ne!(first.sketch, other.sketch);
		assert_ne!(first.traces, other.traces);
	}
}

#[test]
fn gain_is_zero_when_the_adapter_changes_nothing() {
	let trained = trained();
	let peft = trained.adapter.config().clone();
	let fresh = Adapter::init(&trained.base.config, peft, 3).unwrap();
	let found =
		query(&trained.base, &fresh, &index(8, PayBy::Records, 0), &[5, 6, 7], &[8, 9]).unwrap();
	assert_eq!(found.gain, 0);
}

#[test]
fn query_is_refused_when_prompt_or_answer_is_empty_or_too_long() {
	let trained = trained();
	let index = index(8, PayBy::Records, 0);
	let ask = |prompt: &[u32], answer: &[u32]| {
		query(&trained.base, &trained.adapter, &index, prompt, answer)
	};
	assert!(matches!(ask(&[5], &[]), Err(Error::EmptyAnswer)));
	assert!(matches!(ask(&[], &[5]), Err(Error::Engine(_))));
	assert!(matches!(ask(&[5; 100], &[6; 29]), Err(Error::Engine(_))));
	assert!(matches!(ask(&[5], &[u32::MAX]), Err(Error::Engine(_))));
}
