//! How likely a base, with or without an adapter, finds an answer.

use crate::{
	adapter::Adapter,
	base::Base,
	cache::Cache,
	error::{Error, Result},
	model,
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
	model::check_tokens(tokens, base.config.vocab)?;
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
	let weights = adapter.map(Adapter::weights);
	let mut cache = Cache::new(&base.config);
	// The last token predicts nothing that is asked for, but has to fit and exist.
	cache.check_room(tokens.len())?;
	let inputs = &tokens[..tokens.len().saturating_sub(1)];
	for chunk in inputs.chunks(model::CHUNK) {
		let start = cache.len();
		let hidden = model::forward(base, weights, chunk, &mut cache)?;
		let first = from.saturating_sub(start);
		for row in (first..chunk.len()).step_by(ROWS) {
			let rows = ROWS.min(chunk.len() - row);
			let logits = model::logits(base, &hidden.narrow(0, row, rows)?)?.to_vec2::<f32>()?;
			for (offset, logits) in logits.iter().enumerate() {
				visit(start + row + offset, logits)?;
			}
		}
	}
	Ok(())
}

/// Log-probability of `index` under the softmax of `logits`, summed in f64.
fn log_softmax(logits: &[f32], index: usize) -> Result<f64> {
	let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
	let total: f64 = logits.iter().map(|&logit| libm::exp(f64::from(logit - largest))).sum();
	let score = f64::from(logits[index] - largest) - libm::log(total);
	if score.is_finite() { Ok(score) } else { Err(Error::NonFiniteLogits) }
}

#[cfg(test)]
mod tests;
