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
		assert_ne!(first.execution, other.execution);
	}
}

#[test]
fn traces_differ_when_one_bit_of_the_feature_does_and_are_not_those_of_log_probabilities_alone() {
	let trained = trained();
	let (base, adapter) = (&trained.base, &trained.adapter);
	let index = index(60, PayBy::Records, 0);
	let (prompt, answer) = ([5, 6, 7], [8, 9]);
	let found = query(base, adapter, &index, &prompt, &answer).unwrap();
	let Scored { feature, log_probs: with } =
		Scored::read(base, adapter, &[5, 6, 7, 8, 9], prompt.len()).unwrap();
	let without = log_probs(base, None, &[5, 6, 7, 8, 9], prompt.len()).unwrap();
	let projected = estimator::projected(index.projection(), &feature).unwrap();
	let true_ones = [&with[..], &without, &feature, &projected];
	let subject = Hash::repeat_byte(7);
	let traces_of = |values: [&[f32]; 4], sketch: &[i8]| {
		let execution = execution(&index, [&prompt, &answer], values, sketch).unwrap();
		Query { execution, ..found.clone() }.traces(&subject, None)
	};
	let traces = found.traces(&subject, None);
	assert_eq!(traces_of(true_ones, &found.sketch), traces);
	// Another sketch has other best leaves.
	let other = crate::testing::sketch(1, index.dimension());
	let mut others = vec![
		traces_of(true_ones, &other),
		found.traces(&subject, Some(Hash::zero())),
		found.traces(&Hash::zero(), None),
	];
	for which in 0..4 {
		let last = true_ones[which].len() - 1;
		for at in [0, last / 2, last] {
			let mut changed = true_ones[which].to_vec();
			changed[at] = f32::from_bits(changed[at].to_bits() ^ 1);
			if which == 2 {
				// The claim shows nothing of it.
				let sketch = estimator::sketch(index.projection(), &changed).unwrap();
				assert_eq!(sketch, found.sketch);
			}
			let mut values = true_ones;
			values[which] = &changed;
			others.push(traces_of(values, &found.sketch));
		}
		let mut values = true_ones;
		values[which] = &[];
		others.push(traces_of(values, &found.sketch));
	}
	// What was hashed before features were: all that generating the answer shows.
	let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<u32>>();
	others.push(audit::traces(&(&prompt[..], &answer[..], bits(&with), bits(&without))));
	for other in others {
		assert!(other.iter().all(|trace| !traces.contains(trace)));
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

/// What a batch leaves behind of an answer.
fn generated(
	server: &openlora::serve::Server,
	adapter: &std::sync::Arc<Adapter>,
	prompt: &[u32],
) -> Generated {
	use openlora::{
		GenerateOptions, Sampling,
		serve::{Event, Request},
	};
	let mut options = GenerateOptions::new(12, Sampling::seeded(3, 0.8), vec![]);
	options.log_probs = Some(0);
	let adapters = vec![(adapter.clone().into(), 1.0)];
	let request = Request { prompt: prompt.to_vec(), adapters, options, payer: 0 };
	let first = estimator::first_layer(adapter);
	let (answer, trail) = server.submit_keeping(request, first).unwrap();
	let mut found = Generated::default();
	while let Some(event) = answer.next() {
		match event {
			Event::Token(chosen) => {
				found.tokens.push(chosen.token);
				found.log_probs.extend(chosen.log_probs.map(|of| of.chosen));
			}
			Event::Done(_) => found.trail = trail.try_recv().ok(),
			Event::Failed(error) => panic!("{error}"),
		}
	}
	assert_eq!(found.log_probs.len(), found.tokens.len());
	found
}

#[test]
fn query_is_the_same_whatever_is_known_from_generating_the_answer() {
	use openlora::{
		Team,
		serve::{Limits, Server},
	};
	let trained = trained();
	let index = index(8, PayBy::Records, 0);
	let (base, prompt) = (&trained.base, [5, 6, 7, 40, 41]);
	let values: Vec<f32> = trained.adapter.values().unwrap();
	let finer: Vec<f32> = values.iter().map(|value| value * 1.0001).collect();
	let finer = trained.adapter.with_values(&finer).unwrap();
	assert!(trained.adapter.is_half() && !finer.is_half());
	let server =
		Server::start(base.clone(), std::sync::Arc::new(Team::alone()), Limits::default()).unwrap();
	for adapter in [trained.adapter.clone(), finer].map(std::sync::Arc::new) {
		let known = || generated(&server, &adapter, &prompt);
		let answer = known().tokens;
		let other = [&answer[..3], &[answer[3] ^ 1, 9]].concat();
		for answer in [&answer[..], &answer[..4], &other] {
			let expected = query(base, &adapter, &index, &prompt, answer).unwrap();
			let ask =
				|known| query_generated(base, &adapter, &index, &prompt, answer, known).unwrap();
			assert_eq!(ask(Generated { trail: None, ..known() }), expected);
			assert_eq!(ask(Generated { trail: None, log_probs: vec![], ..known() }), expected);
			if adapter.is_half() {
				assert_eq!(ask(known()), expected);
			}
		}
	}
}

#[test]
fn query_is_refused_when_the_trail_is_of_another_adapter() {
	use openlora::{
		Team,
		serve::{Limits, Server},
	};
	let trained = trained();
	let base = &trained.base;
	let of = |adapter: &Adapter| std::sync::Arc::new(adapter.to_half().unwrap());
	let (adapter, other) = (of(&trained.adapter), of(&trained.adapter));
	let team = std::sync::Arc::new(Team::alone());
	let server = Server::start(base.clone(), team, Limits::default()).unwrap();
	let prompt = [5, 6, 7];
	let known = generated(&server, &adapter, &prompt);
	let answer = known.tokens.clone();
	let index = index(8, PayBy::Records, 0);
	let refused = query_generated(base, &other, &index, &prompt, &answer, known);
	assert!(matches!(refused, Err(Error::Engine(openlora::Error::OtherTrail(_)))));
}
