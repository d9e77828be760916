//! One token after the other of an answer, with what its request asks of them.

use crate::{
	base::Base,
	constrain::Progress,
	error::{Error, Result},
	generate::GenerateOptions,
	kernels::{Isa, vector::LogSumExp},
	sample::{self, Adjust},
};

/// The most alternatives whose log-probabilities are told for a token.
pub const MAX_ALTERNATIVES: usize = 20;
/// The most tokens with a bias.
pub const MAX_BIASES: usize = 1_024;
/// The largest bias, either way.
pub const MAX_BIAS: f32 = 100.0;

/// A token of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Chosen {
	/// Its id.
	pub token: u32,
	/// How likely it was, where that was asked for.
	pub log_probs: Option<Box<LogProbs>>,
}

/// How likely the model found a token, and others in its place: natural logarithms of the
/// probabilities before bias, constraint, penalties and temperature.
#[derive(Debug, Clone, PartialEq)]
pub struct LogProbs {
	/// That of the token that was chosen.
	pub chosen: f32,
	/// The likeliest tokens with theirs, the likeliest first, the lowest id of equals.
	pub alternatives: Vec<(u32, f32)>,
}

impl LogProbs {
	/// Log-softmax of `logits` at the chosen token and at the `count` largest.
	///
	/// # Errors
	/// [`Error::NonFiniteLogits`].
	fn new(logits: &[f32], chosen: u32, count: usize) -> Result<Box<Self>> {
		let total = Isa::best().run(LogSumExp { parts: [logits, &[]] });
		if !total.is_finite() {
			return Err(Error::NonFiniteLogits);
		}
		let of = |id: u32| (f64::from(logits[id as usize]) - total) as f32;
		let among = if count > 0 { logits.len() } else { 0 };
		let mut ids: Vec<u32> = (0..among as u32).collect();
		let before =
			|a: &u32, b: &u32| logits[*b as usize].total_cmp(&logits[*a as usize]).then(a.cmp(b));
		if count < ids.len() {
			ids.select_nth_unstable_by(count - 1, before);
			ids.truncate(count);
		}
		ids.sort_unstable_by(before);
		let alternatives = ids.into_iter().map(|id| (id, of(id))).collect();
		Ok(Box::new(Self { chosen: of(chosen), alternatives }))
	}
}

impl GenerateOptions {
	/// Refuses what is out of range for a base.
	///
	/// # Errors
	/// [`Error::InvalidOption`] or [`Error::UnknownToken`], naming the first.
	pub fn validate(&self, base: &Base) -> Result<()> {
		self.sampling.validate()?;
		let refuse =
			|option, value: String, reason| Err(Error::InvalidOption { option, value, reason });
		if self.bias.len() > MAX_BIASES {
			let count = self.bias.len().to_string();
			return refuse("logit_bias", count, "at most 1024 tokens can have one");
		}
		for (token, bias) in &self.bias {
			if !(-MAX_BIAS..=MAX_BIAS).contains(bias) {
				return refuse("logit_bias", bias.to_string(), "it has to be from -100 to 100");
			}
			let vocab = base.config.vocab;
			if *token as usize >= vocab {
				return Err(Error::UnknownToken { token: *token, vocab });
			}
		}
		match self.log_probs {
			Some(count) if count > MAX_ALTERNATIVES => {
				refuse("top_logprobs", count.to_string(), "it has to be from 0 to 20")
			}
			_ => Ok(()),
		}
	}
}

/// Where the choice of an answer's tokens stands.
pub(crate) struct Choice {
	progress: Option<Progress>,
}

impl Choice {
	/// Before the first token.
	pub(crate) fn new(options: &GenerateOptions) -> Self {
		Self { progress: options.constraint.as_deref().map(Progress::new) }
	}

	/// Chooses the token after `tokens`, of which the first `prompt` are the prompt, from the scores
	/// of the whole vocabulary.
	///
	/// # Errors
	/// [`Error::NonFiniteLogits`], or [`Error::Constraint`] when nothing can follow.
	pub(crate) fn next(
		&mut self,
		logits: &[f32],
		options: &GenerateOptions,
		tokens: &[u32],
		prompt: usize,
	) -> Result<Chosen> {
		let allowed = self.progress.as_mut().map(Progress::allowed).transpose()?;
		let adjust = Adjust { bias: &options.bias, allowed: allowed.as_deref() };
		let token = sample::choose(logits, &options.sampling, tokens, prompt, adjust)?;
		let count = options.log_probs;
		let log_probs = count.map(|count| LogProbs::new(logits, token, count)).transpose()?;
		if let Some(progress) = &mut self.progress
			&& !options.stop_tokens.contains(&token)
		{
			progress.push(token)?;
		}
		Ok(Chosen { token, log_probs })
	}

	/// Whether nothing can follow.
	pub(crate) fn is_over(&self) -> bool {
		self.progress.as_ref().is_some_and(Progress::is_over)
	}
}

#[cfg(test)]
mod tests;
