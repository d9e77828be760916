use super::*;
use crate::{Error, Module, PeftConfig, testing};

const PROMPT: [u32; 4] = [5, 70, 9, 33];

fn options(max_tokens: usize) -> GenerateOptions {
	GenerateOptions::new(max_tokens, Sampling::GREEDY, Vec::new())
}

fn seeded(seed: u64) -> GenerateOptions {
	let sampling = Sampling { top_p: 0.95, ..Sampling::seeded(seed, 0.9) };
	GenerateOptions { sampling, ..options(24) }
}

fn run(base: &Base, prompt: &[u32], options: &GenerateOptions) -> Result<Generation> {
	generate(base, None, prompt, options, &mut |_| ControlFlow::Continue(()))
}

#[test]
fn greedy_answer_is_the_best_token_each_time_when_run_from_the_start() {
	let base = testing::tiny_base(1);
	let answer = run(&base, &PROMPT, &options(12)).unwrap();
	assert_eq!((answer.tokens.len(), answer.finish), (12, Finish::Length));
	assert_eq!(answer.prompt_tokens, PROMPT.len());
	let mut sequence = PROMPT.to_vec();
	for &token in &answer.tokens {
		let logits = Single::new(&base, &Team::alone(), &[]).prefill(&sequence).unwrap();
		let best = (0..logits.len()).max_by(|&a, &b| logits[a].total_cmp(&logits[b])).unwrap();
		assert_eq!(token as usize, best);
		sequence.push(token);
	}
}

#[test]
fn answer_ends_before_a_stop_token_when_one_is_chosen() {
	let base = testing::tiny_base(1);
	let whole = run(&base, &PROMPT, &options(12)).unwrap().tokens;
	let at = 5;
	let first = whole.iter().position(|&token| token == whole[at]).unwrap();
	let stop = GenerateOptions { stop_tokens: vec![whole[at]], ..options(12) };
	let mut seen = Vec::new();
	let answer = generate(&base, None, &PROMPT, &stop, &mut |token| {
		seen.push(token);
		ControlFlow::Continue(())
	})
	.unwrap();
	assert_eq!((answer.tokens.as_slice(), answer.finish), (&whole[..first], Finish::Stop));
	assert_eq!(seen, answer.tokens);
}

#[test]
fn answer_ends_when_the_caller_breaks() {
	let base = testing::tiny_base(1);
	let mut left = 3;
	let answer = generate(&base, None, &PROMPT, &options(12), &mut |_| {
		left -= 1;
		if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
	})
	.unwrap();
	assert_eq!((answer.tokens.len(), answer.finish), (3, Finish::Cancelled));
}

#[test]
fn answer_fills_the_context_and_no_more_when_allowed_to() {
	let base = testing::tiny_base(1);
	let context = base.config.context;
	let answer = run(&base, &PROMPT, &options(10_000)).unwrap();
	// The last token needs no room of its own: nothing follows it.
	assert_eq!((answer.tokens.len(), answer.finish), (context - PROMPT.len() + 1, Finish::Length));
	let full = vec![7; context];
	assert_eq!(run(&base, &full, &options(5)).unwrap().tokens.len(), 1);
}

#[test]
fn answer_is_empty_when_no_token_is_allowed() {
	let answer = run(&testing::tiny_base(1), &PROMPT, &options(0)).unwrap();
	assert_eq!((answer.tokens.len(), answer.finish), (0, Finish::Length));
}

#[test]
fn seeded_answer_repeats_when_the_seed_is_the_same() {
	let base = testing::tiny_base(1);
	let answer = run(&base, &PROMPT, &seeded(1)).unwrap();
	assert_eq!(answer, run(&base, &PROMPT, &seeded(1)).unwrap());
	assert_ne!(answer, run(&base, &PROMPT, &seeded(2)).unwrap());
}

#[test]
fn seeded_answer_continues_unchanged_when_its_start_becomes_the_prompt() {
	let base = testing::tiny_base(1);
	let answer = run(&base, &PROMPT, &seeded(1)).unwrap().tokens;
	let longer = [&PROMPT, &answer[..6]].concat();
	assert_eq!(run(&base, &longer, &seeded(1)).unwrap().tokens[..18], answer[6..]);
}

#[test]
fn answer_changes_when_an_adapter_is_added() {
	let base = testing::tiny_base(1);
	let config = PeftConfig::new(4, 32.0, Module::ALL).unwrap();
	let adapter = testing::random_adapter(&base.config, config, 1);
	let adapted =
		generate(&base, Some(&adapter), &PROMPT, &options(12), &mut |_| ControlFlow::Continue(()));
	assert_ne!(adapted.unwrap().tokens, run(&base, &PROMPT, &options(12)).unwrap().tokens);
}

#[test]
fn prompt_is_refused_when_it_is_empty_unknown_or_too_long() {
	let base = testing::tiny_base(1);
	assert!(matches!(run(&base, &[], &options(1)), Err(Error::EmptyPrompt)));
	let unknown = run(&base, &[u32::MAX], &options(1));
	assert!(matches!(unknown, Err(Error::UnknownToken { token: u32::MAX, .. })));
	let long = run(&base, &vec![7; base.config.context + 1], &options(1));
	assert!(matches!(long, Err(Error::ContextExceeded { tokens: 129, context: 128 })));
}

#[test]
fn options_are_refused_when_out_of_range() {
	let base = testing::tiny_base(1);
	let bad = [-1.0, f64::NAN, f64::INFINITY];
	for temperature in bad.into_iter().chain([1e-9]) {
		let sampling = Sampling::seeded(1, temperature);
		let result = run(&base, &PROMPT, &GenerateOptions { sampling, ..options(1) });
		assert!(matches!(result, Err(Error::InvalidOption { option: "temperature", .. })));
	}
	for top_p in bad.into_iter().chain([0.0, 1.01]) {
		let sampling = Sampling { top_p, ..Sampling::seeded(1, 1.0) };
		let result = run(&base, &PROMPT, &GenerateOptions { sampling, ..options(1) });
		assert!(matches!(result, Err(Error::InvalidOption { option: "top_p", .. })));
	}
}

#[test]
fn adapter_is_refused_when_it_was_made_for_another_base() {
	let base = testing::tiny_base(1);
	let config = PeftConfig::new(2, 2.0, [Module::Gate]).unwrap();
	let other = crate::Config { intermediate: 32, ..testing::tiny_config() };
	let other = testing::random_adapter(&other, config, 1);
	let result = generate(&base, Some(&other), &PROMPT, &options(1), &mut |_| {
		panic!("nothing may be generated")
	});
	assert!(matches!(result, Err(Error::AdapterShape { module: Module::Gate, .. })));
}
