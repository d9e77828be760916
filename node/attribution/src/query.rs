//! The query: an answer's sketch, its gain and a digest of how they came about.

use crate::{
	error::{Error, Result},
	estimator,
	index::IndexFile,
};
use openledger_primitives_attribution::{
	audit::{self, Traces},
	lift,
};
use openledger_primitives_core::Sketch;
use openlora::{Adapter, Base, log_probs};

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
	if answer.is_empty() {
		return Err(Error::EmptyAnswer);
	}
	let tokens = [prompt, answer].concat();
	let with = log_probs(base, Some(adapter), &tokens, prompt.len())?;
	let without = log_probs(base, None, &tokens, prompt.len())?;
	let mut sketch = Sketch::default();
	estimator::compute(base, adapter, &[(&tokens, prompt.len())], |_, feature| {
		sketch = estimator::sketch(index.projection(), &feature)?;
		Ok(())
	})?;
	let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<u32>>();
	let execution = (prompt, answer, bits(&with), bits(&without));
	Ok(Query { sketch, gain: lift::gain(&with, &without), traces: audit::traces(&execution) })
}

#[cfg(test)]
mod tests;
