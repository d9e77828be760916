//! Answering a prompt.

use std::ops::ControlFlow;

use crate::{
	adapter::Adapter,
	base::Base,
	engine::{self, Single},
	error::Result,
	kernels::Team,
	sample::{self, Sampling},
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
}

impl GenerateOptions {
	/// Greedy, with the base's own stop tokens.
	pub fn greedy(base: &Base, max_tokens: usize) -> Self {
		let stop_tokens = base.stop_tokens.clone();
		Self { max_tokens, sampling: Sampling::GREEDY, stop_tokens }
	}
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
	/// A stop token was chosen.
	Stop,
	/// The most tokens allowed, or the context, was reached.
	Length,
	/// The caller asked to end it.
	Cancelled,
}

/// A generated answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generation {
	/// The answer's ids, without the prompt and the stop token.
	pub tokens: Vec<u32>,
	/// Number of tokens in the prompt.
	pub prompt_tokens: usize,
	/// Why it ended.
	pub finish: Finish,
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
	options.sampling.validate()?;
	engine::check_tokens(prompt, base.config.vocab)?;
	if let Some(adapter) = adapter {
		adapter.fits(&base.config)?;
	}
	let adapters: Vec<_> =
		adapter.map(Adapter::packed).transpose()?.map(|p| (p, 1.0)).into_iter().collect();
	let mut sequence = Single::new(base, Team::shared()?, &adapters);
	sequence.check_room(prompt.len())?;
	let mut so_far = prompt.to_vec();
	let mut tokens = Vec::new();
	let done = |tokens, finish| Ok(Generation { tokens, prompt_tokens: prompt.len(), finish });
	if options.max_tokens == 0 {
		return done(tokens, Finish::Length);
	}
	let mut logits = sequence.prefill(prompt)?;
	loop {
		let token = sample::choose(&logits, &options.sampling, &so_far, prompt.len())?;
		if options.stop_tokens.contains(&token) {
			return done(tokens, Finish::Stop);
		}
		tokens.push(token);
		so_far.push(token);
		if on_token(token).is_break() {
			return done(tokens, Finish::Cancelled);
		}
		if tokens.len() >= options.max_tokens || sequence.check_room(1).is_err() {
			return done(tokens, Finish::Length);
		}
		logits = sequence.prefill(&[token])?;
	}
}

#[cfg(test)]
mod tests;
