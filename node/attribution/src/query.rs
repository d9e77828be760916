//! The query: an answer's sketch, its gain and a digest of how they came about.

use crate::{
	error::{Error, Result},
	estimator::{self, Scored},
	execution::Execution,
	index::{self, IndexFile, check_kind},
	quantize,
};
use openledger_primitives_attribution::{
	audit::{self, Traces},
	lift,
};
use openledger_primitives_core::{Hash, Sketch};
use openlora::{Adapter, Base, Trail, log_probs};

const EXECUTION: &[u8] = b"openledger/query/1";

/// What a claim says of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
	/// The answer's sketch.
	pub sketch: Sketch,
	/// Mean gain in log-probability under the adapter, in thousandths of a nat a token.
	pub gain: i32,
	/// What nobody knows who did not compute all of it: a hash over prompt, answer, the log-probability of each
	/// of its tokens under the adapter and under the base, the feature, its projection before it was rounded to
	/// the sketch, and the best leaves of the index with their scores.
	pub execution: Hash,
}

impl Query {
	/// The traces of answering `subject`, not sealed yet ([`audit::seals`]): what is asked again and answered the
	/// same has others, since audits make traces public. `sought` is what looking for the prompt's records showed
	/// ([`Sought::execution`](crate::retrieval::Sought)), where the version puts any there.
	pub fn traces(&self, subject: &Hash, sought: Option<Hash>) -> Traces {
		audit::traces(&(subject, self.execution, sought))
	}
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
	let projected = estimator::projected(index.projection(), &feature)?;
	let sketch = quantize::direction(&projected)?;
	let values = [&with[..], &without, &feature, &projected];
	let execution = execution(index, [prompt, answer], values, &sketch)?;
	Ok(Query { sketch, gain: lift::gain(&with, &without), execution })
}

/// Of log-probabilities alone no trace may follow: who generates has them, and could uphold a false sketch
/// without computing the true one.
fn execution(
	index: &IndexFile,
	tokens: [&[u32]; 2],
	values: [&[f32]; 4],
	sketch: &[i8],
) -> Result<Hash> {
	let mut execution = Execution::new(EXECUTION);
	tokens.into_iter().for_each(|tokens| execution.tokens(tokens));
	values.into_iter().for_each(|values| execution.values(values));
	execution.best(index, sketch)?;
	Ok(execution.finish())
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
