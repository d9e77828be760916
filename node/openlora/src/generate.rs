//! Answering a prompt.

use std::{ops::ControlFlow, sync::Arc};

use crate::{
	adapter::Adapter,
	base::Base,
	choice::{Choice, LogProbs},
	constrain::Constraint,
	engine::{self, Single},
	error::Result,
	kernels::Team,
	sample::Sampling,
};

/// What to generate.
#[derive(Debug, Clone, PartialEq)]
pub struct GenerateOptions {
	/// Most tokens to generate. The context may end an answer earlier.
	pub max_tokens: usize,
	/// How tokens are chosen.
	pub sampling: Sampling,
	/// Ids that end the answer; they are not part of it. [`Base::stop_tokens`] are the usual ones.
	pub stop_tokens: Vec<u32>,
	/// Added to the scores of tokens, from −100 to 100.
	pub bias: Vec<(u32, f32)>,
	/// What the answer has to follow; it ends where nothing can follow.
	pub constraint: Option<Arc<Constraint>>,
	/// Whether it is told how likely each token was, and how many alternatives.
	pub log_probs: Option<usize>,
}

impl GenerateOptions {
	/// Greedy, with the base's own stop tokens.
	pub fn greedy(base: &Base, max_tokens: usize) -> Self {
		Self::new(max_tokens, Sampling::GREEDY, base.stop_tokens.clone())
	}

	/// With nothing that changes the scores or the tokens besides the sampling.
	pub fn new(max_tokens: usize, sampling: Sampling, stop_tokens: Vec<u32>) -> Self {
		let (bias, constraint, log_probs) = (Vec::new(), None, None);
		Self { max_tokens, sampling, stop_tokens, bias, constraint, log_probs }
	}
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
	/// A stop token was chosen, or nothing could follow.
	Stop,
	/// The most tokens allowed, or the context, was reached.
	Length,
	/// The caller asked to end it.
	Cancelled,
}

/// A generated answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Generation {
	/// The answer's ids, without the prompt and the stop token.
	pub tokens: Vec<u32>,
	/// Number of tokens in the prompt.
	pub prompt_tokens: usize,
	/// Why it ended.
	pub finish: Finish,
	/// How likely each token was, where that was asked for.
	pub log_probs: Vec<LogProbs>,
}

/// Generates an answer to `prompt`, calling `on_token` with each token of it.
///
/// The prompt is run in one pass (in stretches of 256 tokens when it is longer), then one token at
/// a time. When `on_token` breaks, that token is the answer's last.
///
/// # Errors
/// [`EmptyPrompt`](crate::Error::EmptyPrompt), [`UnknownToken`](crate::Error::UnknownToken),
/// [`ContextExceeded`](crate::Error::ContextExceeded) when the prompt
/// alone does not fit, [`InvalidOption`](crate::Error::InvalidOption), or that the adapter was made for
/// another base.
pub fn generate(
	base: &Base,
	adapter: Option<&Adapter>,
	prompt: &[u32],
	options: &GenerateOptions,
	on_token: &mut dyn FnMut(u32) -> ControlFlow<()>,
) -> Result<Generation> {
	options.validate(base)?;
	engine::check_tokens(prompt, base.config.vocab)?;
	if let Some(adapter) = adapter {
		adapter.fits(&base.config)?;
	}
	let adapters: Vec<_> =
		adapter.map(Adapter::packed).transpose()?.map(|p| (p, 1.0)).into_iter().collect();
	answer(&mut Single::new(base, Team::shared()?, &adapters), prompt, options, on_token)
}

/// What knows the scores of every token after a sequence that grows.
pub(crate) trait Logits {
	/// Refuses `count` more tokens when the context cannot hold them.
	fn check_room(&self, count: usize) -> Result<()>;

	/// Adds tokens, and returns the scores after the last, `[vocab]`.
	fn after(&mut self, tokens: &[u32]) -> Result<Vec<f32>>;
}

impl Logits for Single<'_> {
	fn check_room(&self, count: usize) -> Result<()> {
		self.check_room(count)
	}

	fn after(&mut self, tokens: &[u32]) -> Result<Vec<f32>> {
		self.prefill(tokens)
	}
}

/// Generates an answer with what an empty sequence knows.
pub(crate) fn answer(
	sequence: &mut dyn Logits,
	prompt: &[u32],
	options: &GenerateOptions,
	on_token: &mut dyn FnMut(u32) -> ControlFlow<()>,
) -> Result<Generation> {
	sequence.check_room(prompt.len())?;
	let mut so_far = prompt.to_vec();
	let mut choice = Choice::new(options);
	let (mut tokens, mut log_probs) = (Vec::new(), Vec::new());
	let prompt_tokens = prompt.len();
	if options.max_tokens == 0 {
		return Ok(Generation { tokens, prompt_tokens, finish: Finish::Length, log_probs });
	}
	let mut logits = sequence.after(prompt)?;
	let finish = loop {
		let chosen = choice.next(&logits, options, &so_far, prompt_tokens)?;
		let token = chosen.token;
		if options.stop_tokens.contains(&token) {
			break Finish::Stop;
		}
		tokens.push(token);
		so_far.push(token);
		log_probs.extend(chosen.log_probs.map(|log_probs| *log_probs));
		if on_token(token).is_break() {
			break Finish::Cancelled;
		}
		if choice.is_over() {
			break Finish::Stop;
		}
		if tokens.len() >= options.max_tokens || sequence.check_room(1).is_err() {
			break Finish::Length;
		}
		logits = sequence.after(&[token])?;
	};
	Ok(Generation { tokens, prompt_tokens, finish, log_probs })
}

#[cfg(test)]
mod tests;
