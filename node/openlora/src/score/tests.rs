use super::*;
use crate::{
	Config, Module, PeftConfig,
	autograd::{self, Cache},
	testing,
};

/// What keys and values in half precision change at most.
const KEPT: f64 = 5e-3;

fn tokens(n: usize) -> Vec<u32> {
	(0..n as u32).map(|i| (i * 37 + 11) % 250).collect()
}

/// Log-probabilities from one pass over everything, in f64.
fn expected(base: &Base, adapter: Option<&Adapter>, tokens: &[u32]) -> Vec<f64> {
	let mut cache = Cache::new(&base.config);
	let weights = adapter.map(Adapter::weights);
	let hidden = autograd::forward(base, weights, tokens, &mut cache).unwrap();
	let logits = autograd::logits(base, &hidden).unwrap().to_vec2::<f32>().unwrap();
	let mut scores = Vec::new();
	for (row, &next) in logits.iter().zip(&tokens[1..]) {
		let total: f64 = row.iter().map(|&l| f64::from(l).exp()).sum();
		scores.push(f64::from(row[next as usize]) - total.ln());
	}
	scores
}

fn assert_close(found: &[f32], expected: &[f64]) {
	assert_eq!(found.len(), expected.len());
	for (found, expected) in found.iter().zip(expected) {
		assert!((f64::from(*found) - expected).abs() < KEPT, "{found} and {expected}");
	}
}

#[test]
fn scores_are_those_of_the_softmax_when_the_answer_starts_anywhere() {
	let base = testing::tiny_base(1);
	let tokens = tokens(100);
	let all = expected(&base, None, &tokens);
	for start in [1, 2, 50, 64, 65, 99] {
		assert_close(&log_probs(&base, None, &tokens, start).unwrap(), &all[start - 1..]);
	}
}

#[test]
fn scores_change_when_an_adapter_is_added() {
	let base = testing::tiny_base(1);
	let tokens = tokens(20);
	for config in [PeftConfig::new(4, 8.0, Module::ALL).unwrap(), testing::mixed_config()] {
		let adapter = testing::random_adapter(&base.config, config, 2);
		let adapted = log_probs(&base, Some(&adapter), &tokens, 5).unwrap();
		assert_close(&adapted, &expected(&base, Some(&adapter), &tokens)[4..]);
		assert_ne!(adapted, log_probs(&base, None, &tokens, 5).unwrap());
	}
}

#[test]
fn scores_are_the_same_when_the_sequence_takes_several_stretches() {
	let folder = tempfile::tempdir().unwrap();
	let config = Config { context: 1200, layers: 1, ..testing::tiny_config() };
	let path = testing::write_gguf(folder.path(), &config, 1, testing::Encoding::F32);
	let base = Base::load(&path).unwrap();
	let tokens = tokens(1100);
	let all = expected(&base, None, &tokens);
	for start in [1, 500, 513, 1030] {
		assert_close(&log_probs(&base, None, &tokens, start).unwrap(), &all[start - 1..]);
	}
}

#[test]
fn probabilities_of_all_tokens_add_up_when_each_is_scored() {
	let base = testing::tiny_base(1);
	let total: f64 = (0..base.config.vocab as u32)
		.map(|last| log_probs(&base, None, &[5, 70, last], 2).unwrap()[0])
		.map(|score| f64::from(score).exp())
		.sum();
	assert!((total - 1.0).abs() < 1e-4);
}

#[test]
fn sequence_is_refused_when_there_is_no_answer_or_nothing_before_it() {
	let base = testing::tiny_base(1);
	for (tokens, start) in [(tokens(5), 0), (tokens(5), 5), (tokens(5), 9), (vec![], 0)] {
		let result = log_probs(&base, None, &tokens, start);
		assert!(matches!(result, Err(Error::AnswerOutOfRange { .. })));
	}
}

#[test]
fn sequence_is_refused_when_it_does_not_fit() {
	let base = testing::tiny_base(1);
	let context = base.config.context;
	assert_eq!(log_probs(&base, None, &tokens(context), context - 1).unwrap().len(), 1);
	let long = log_probs(&base, None, &tokens(context + 1), 1);
	assert!(matches!(long, Err(Error::ContextExceeded { tokens: 129, context: 128 })));
	let unknown = log_probs(&base, None, &[1, 2, 99_999], 1);
	assert!(matches!(unknown, Err(Error::UnknownToken { token: 99_999, .. })));
}
