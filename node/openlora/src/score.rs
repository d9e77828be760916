//! How likely a base, with or without an adapter, finds an answer.

use crate::{
	adapter::Adapter,
	base::Base,
	engine::{self, CHUNK, Single},
	error::{Error, Result},
	kernels::{Team, vector::LogSumExp},
};

/// Rows of logits held at once.
const ROWS: usize = 64;

/// Natural logarithm of the probability of each token from `answer_start` on, given all before it.
///
/// # Errors
/// [`Error::AnswerOutOfRange`] unless `1 <= answer_start < tokens.len()`, [`Error::UnknownToken`],
/// [`Error::ContextExceeded`], [`Error::NonFiniteLogits`], or that the adapter was made for another
/// base.
pub fn log_probs(
	base: &Base,
	adapter: Option<&Adapter>,
	tokens: &[u32],
	answer_start: usize,
) -> Result<Vec<f32>> {
	if answer_start == 0 || answer_start >= tokens.len() {
		return Err(Error::AnswerOutOfRange { answer_start, tokens: tokens.len() });
	}
	engine::check_tokens(tokens, base.config.vocab)?;
	let mut scores = Vec::with_capacity(tokens.len() - answer_start);
	teacher_forced(base, adapter, tokens, answer_start - 1, &mut |position, logits| {
		scores.push(log_softmax(logits, tokens[position + 1] as usize)? as f32);
		Ok(())
	})?;
	Ok(scores)
}

/// Calls `visit` with each position from `from` on and the logits over the vocabulary after the
/// token there, for every position that has a next token.
///
/// # Errors
/// As [`log_probs`], and whatever `visit` returns.
pub fn teacher_forced(
	base: &Base,
	adapter: Option<&Adapter>,
	tokens: &[u32],
	from: usize,
	visit: &mut dyn FnMut(usize, &[f32]) -> Result<()>,
) -> Result<()> {
	if let Some(adapter) = adapter {
		adapter.fits(&base.config)?;
	}
	let adapters: Vec<_> =
		adapter.map(Adapter::packed).transpose()?.map(|p| (p, 1.0)).into_iter().collect();
	let team = Team::shared()?;
	let (hidden, vocab) = (base.config.hidden, base.config.vocab);
	let mut sequence = Single::new(base, team, &adapters);
	// The last token predicts nothing that is asked for, but has to fit and exist.
	sequence.check_room(tokens.len())?;
	let inputs = &tokens[..tokens.len().saturating_sub(1)];
	let mut logits = Vec::new();
	for chunk in inputs.chunks(CHUNK) {
		let start = sequence.len();
		let states = sequence.extend(chunk, &mut ())?;
		let first = from.saturating_sub(start).min(chunk.len());
		let mut position = start + first;
		for states in states[first * hidden..].chunks(ROWS * hidden) {
			engine::logits(base, team, states, &mut logits)?;
			for logits in logits.chunks_exact(vocab) {
				visit(position, logits)?;
				position += 1;
			}
		}
	}
	Ok(())
}

/// Log-probability of `index` under the softmax of `logits`.
fn log_softmax(logits: &[f32], index: usize) -> Result<f64> {
	let total = Team::shared()?.isa().run(LogSumExp { parts: [logits, &[]] });
	let score = f64::from(logits[index]) - total;
	if score.is_finite() { Ok(score) } else { Err(Error::NonFiniteLogits) }
}

#[cfg(test)]
mod tests;
