//! The query: an answer's sketch, its gain and a digest of how they came about.

use crate::{
	error::{Error, Result},
	estimator::{self, Scored},
	index::{self, IndexFile, check_kind},
};
use openledger_primitives_attribution::{
	audit::{self, Traces},
	lift,
};
use openledger_primitives_core::Sketch;
use openlora::{Adapter, Base, Trail, log_probs};

/// What a claim says of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
	/// The answer's sketch.
	pub sketch: Sketch,
	/// Mean gain in log-probability under the adapter, in thousandths of a nat a token.
	pub gain: i32,
	/// The traces of (prompt, answer, bits of each answer token's log-probability under the adapter,
	/// and under the base). Not sealed yet ([`audit::seals`]).
	pub traces: Traces,
}

/// What generating an answer has computed already. What is claimed on may be other tokens, since a text
/// can be spelled in several ways and be cut: what is known of other tokens is not used.
#[derive(Debug, Default)]
pub struct Generated {
	/// The answer's tokens, as they came from the prompt and the adapter.
	pub tokens: Vec<u32>,
	/// The natural logarithm of each one's probability before whatever changes it; none if it was not
	/// asked for.
	pub log_probs: Vec<f32>,
	/// What it left behind, kept from [`estimator::first_layer`] on.
	pub trail: Option<Trail>,
}

/// The query of an answer: answer positions only, with the gradient stopped at the prompt's keys and
/// values.
///
/// # Errors
/// [`Error::EmptyAnswer`], or the engine's: tokens that don't fit, an adapter of another base, values
/// that are not finite.
pub fn query(
	base: &Base,
	adapter: &Adapter,
	index: &IndexFile,
	prompt: &[u32],
	answer: &[u32],
) -> Result<Query> {
	query_generated(base, adapter, index, prompt, answer, Generated::default())
}

/// [`query()`] of an answer that was generated here: the same, without computing again what is known of
/// it.
///
/// # Errors
/// As [`query()`], and when the trail is of another adapter.
pub fn query_generated(
	base: &Base,
	adapter: &Adapter,
	index: &IndexFile,
	prompt: &[u32],
	answer: &[u32],
	generated: Generated,
) -> Result<Query> {
	if answer.is_empty() {
		return Err(Error::EmptyAnswer);
	}
	check_kind(index.header(), index::GRADIENTS)?;
	let tokens = [prompt, answer].concat();
	let Scored { feature, log_probs: with } = scored(base, adapter, &tokens, prompt, generated)?;
	let without = log_probs(base, None, &tokens, prompt.len())?;
	let sketch = estimator::sketch(index.projection(), &feature)?;
	let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<u32>>();
	let execution = (prompt, answer, bits(&with), bits(&without));
	Ok(Query { sketch, gain: lift::gain(&with, &without), traces: audit::traces(&execution) })
}

/// The feature of `tokens` after the prompt, and how likely they were.
fn scored(
	base: &Base,
	adapter: &Adapter,
	tokens: &[u32],
	prompt: &[u32],
	generated: Generated,
) -> Result<Scored> {
	let Generated { tokens: spelled, mut log_probs, trail } = generated;
	let answer = &tokens[prompt.len()..];
	if let Some(trail) = trail {
		let (asked, answered) = trail.tokens();
		if asked == prompt && answered.starts_with(answer) {
			return Scored::of_trail(base, adapter, trail, answer.len());
		}
	}
	if log_probs.len() != spelled.len() || !spelled.starts_with(answer) {
		return Scored::read(base, adapter, tokens, prompt.len());
	}
	log_probs.truncate(answer.len());
	let mut feature = Vec::new();
	estimator::compute(base, adapter, &[(tokens, prompt.len())], |_, found| {
		feature = found;
		Ok(())
	})?;
	Ok(Scored { feature, log_probs })
}

#[cfg(test)]
mod tests;
