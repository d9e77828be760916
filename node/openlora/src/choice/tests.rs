use super::*;
use crate::{Base, Error, Sampling, generate, log_probs, testing};
use std::ops::ControlFlow;

const PROMPT: [u32; 4] = [5, 70, 9, 33];

fn run(base: &Base, options: &GenerateOptions) -> Result<crate::Generation> {
	generate(base, None, &PROMPT, options, &mut |_| ControlFlow::Continue(()))
}

#[test]
fn log_probabilities_are_those_of_the_score_when_an_answer_is_generated() {
	let base = testing::tiny_base(1);
	let penalised = Sampling { presence_penalty: 1.5, ..Sampling::seeded(3, 1.7) };
	for sampling in [Sampling::GREEDY, penalised] {
		let plain = GenerateOptions::new(30, sampling.clone(), vec![]);
		let options = GenerateOptions { log_probs: Some(5), ..plain.clone() };
		let answer = run(&base, &options).unwrap();
		assert_eq!(answer.tokens, run(&base, &plain).unwrap().tokens);
		let sequence = [&PROMPT, answer.tokens.as_slice()].concat();
		let scores = log_probs(&base, None, &sequence, PROMPT.len()).unwrap();
		assert_eq!(answer.log_probs.len(), 30);
		for ((told, token), score) in answer.log_probs.iter().zip(&answer.tokens).zip(scores) {
			assert_eq!(told.chosen.to_bits(), score.to_bits());
			assert_eq!(told.alternatives.len(), 5);
			assert!(told.alternatives.windows(2).all(|pair| pair[0].1 >= pair[1].1));
			if sampling == Sampling::GREEDY {
				assert_eq!(told.alternatives[0], (*token, told.chosen));
			}
		}
	}
}

#[test]
fn alternatives_are_the_largest_the_lowest_id_of_equals_first() {
	let logits = [1.0, 3.0, 2.0, 3.0, -1.0];
	let ids = |count| {
		let told = LogProbs::new(&logits, 4, count).unwrap();
		told.alternatives.iter().map(|(id, _)| *id).collect::<Vec<_>>()
	};
	assert_eq!((ids(0), ids(1), ids(3)), (vec![], vec![1], vec![1, 3, 2]));
	assert_eq!(ids(20), [1, 3, 2, 0, 4]);
	let all = LogProbs::new(&logits, 4, 20).unwrap();
	let sum: f64 = all.alternatives.iter().map(|(_, log)| f64::from(*log).exp()).sum();
	assert!((sum - 1.0).abs() < 1e-6);
	assert!(LogProbs::new(&[0.0, f32::NAN], 0, 1).is_err());
}

#[test]
fn biased_token_is_chosen_and_its_probability_told_without_the_bias() {
	let base = testing::tiny_base(1);
	let plain =
		GenerateOptions { log_probs: Some(0), ..GenerateOptions::new(1, Sampling::GREEDY, vec![]) };
	let biased = GenerateOptions { bias: vec![(77, 100.0)], ..plain.clone() };
	let answer = run(&base, &biased).unwrap();
	assert_eq!(answer.tokens, [77]);
	let score = log_probs(&base, None, &[&PROMPT[..], &[77]].concat(), PROMPT.len()).unwrap();
	assert_eq!(answer.log_probs[0].chosen, score[0]);
	let first = run(&base, &plain).unwrap().tokens[0];
	let banned = GenerateOptions { bias: vec![(first, -100.0)], ..plain };
	assert_ne!(run(&base, &banned).unwrap().tokens, [first]);
}

#[test]
fn options_are_refused_when_they_are_out_of_range() {
	let base = testing::tiny_base(1);
	let options = GenerateOptions::new(1, Sampling::GREEDY, vec![]);
	for bias in [100.1, -100.1, f32::NAN, f32::INFINITY] {
		let odd = GenerateOptions { bias: vec![(1, bias)], ..options.clone() };
		let refused = run(&base, &odd);
		assert!(matches!(refused, Err(Error::InvalidOption { option: "logit_bias", .. })));
	}
	let many = vec![(1, 0.0); MAX_BIASES + 1];
	for odd in [
		GenerateOptions { bias: many, ..options.clone() },
		GenerateOptions { log_probs: Some(21), ..options.clone() },
	] {
		assert!(matches!(run(&base, &odd), Err(Error::InvalidOption { .. })));
	}
	let unknown = GenerateOptions { bias: vec![(9_999, 1.0)], ..options };
	assert!(matches!(run(&base, &unknown), Err(Error::UnknownToken { token: 9_999, .. })));
}
