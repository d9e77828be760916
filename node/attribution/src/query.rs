//! The query: an answer's sketch, its gain and a digest of how they came about.

use crate::{
	error::{Error, Result},
	estimator,
	index::IndexFile,
};
use codec::Encode;
use openledger_primitives_attribution::lift;
use openledger_primitives_core::{Hash, Sketch};
use openlora::{Adapter, Base, log_probs};
use sp_io::hashing::blake2_256;

/// What a claim says of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
	/// The answer's sketch.
	pub sketch: Sketch,
	/// Mean gain in log-probability under the adapter, in thousandths of a nat a token.
	pub gain: i32,
	/// blake2b-256 of SCALE(`"openledger/execution"`, prompt, answer, bits of each answer token's
	/// log-probability under the adapter, and under the base). Not salted yet.
	pub trace: Hash,
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
	let execution = (b"openledger/execution", prompt, answer, bits(&with), bits(&without));
	Ok(Query {
		sketch,
		gain: lift::gain(&with, &without),
		trace: execution.using_encoded(blake2_256).into(),
	})
}

#[cfg(test)]
mod tests;
