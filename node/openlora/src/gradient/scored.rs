//! The gradient of an answer together with how likely it was.

use super::{
	GradientOptions, answer, check, finite,
	head::{Head, Scores},
	pack::{PassOptions, Sequence, fold},
};
use crate::{
	adapter::Adapter,
	base::Base,
	engine::{self, Backward, Dense, Run, Tape, Trained},
	error::{Error, Result},
	kernels::{
		Team,
		kv::{self, Pool},
	},
	parameters,
	score::log_probs,
	serve::Loan,
};

/// An answer's gradient, and how likely each of its tokens was.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoredGradient {
	/// As [`gradient`](crate::gradient())'s.
	pub gradient: Vec<f32>,
	/// As [`log_probs`](crate::log_probs)' under the adapter.
	pub log_probs: Vec<f32>,
}

/// [`gradient`](crate::gradient()) and [`log_probs`](crate::log_probs) at once: in one pass where the
/// adapter [is in half precision](Adapter::is_half), since only then both have the same logits.
///
/// # Errors
/// Those of both.
pub fn scored_gradient(
	base: &Base,
	adapter: &Adapter,
	tokens: &[u32],
	answer_start: usize,
	options: GradientOptions,
) -> Result<ScoredGradient> {
	let is_half = adapter.is_half();
	adapter.fits(&base.config)?;
	let values = parameters::flatten(adapter.weights())?;
	let trained = Trained::of(adapter, &values)?;
	let pass = PassOptions { gradient: options, log_probs: is_half, ..PassOptions::default() };
	let sink = |_| Dense(vec![vec![0.0; length(&trained, options)]]);
	let sequence = answer(tokens, answer_start);
	let found = fold(base, Team::shared()?, &trained, &[sequence], pass, sink);
	let (scores, Dense(gradients)) = found.map_err(|(_, error)| error)?;
	let mut found = only(scores, gradients)?;
	if !is_half {
		found.log_probs = log_probs(base, Some(adapter), tokens, answer_start)?;
	}
	Ok(found)
}

fn length(trained: &Trained<'_>, options: GradientOptions) -> usize {
	trained.values.len() - trained.offset(options.first_layer)
}

/// Those of the one sequence of a pass.
fn only(scores: Vec<Scores>, gradients: Vec<Vec<f32>>) -> Result<ScoredGradient> {
	let (scores, gradient) = scores.into_iter().zip(gradients).next().ok_or(Error::EmptyPrompt)?;
	Ok(ScoredGradient { gradient: finite(gradient)?, log_probs: scores.log_probs })
}

/// What generating an answer left behind: all that its gradient needs of the pass that the answer came
/// from, so that nothing below the first differentiated layer, and nothing of the prompt, is read again.
///
/// For each position that predicts a token of the answer it has the activations from the first layer on or,
/// where there was no room for them, the residual stream that went into that layer, from which they are
/// computed once more; and of all positions the keys and values from that layer on.
#[derive(Debug)]
pub struct Trail {
	/// The prompt and the answer.
	pub(crate) tokens: Vec<u32>,
	/// Of the prompt.
	pub(crate) prompt: usize,
	/// The layer.
	pub(crate) first: usize,
	/// The adapters' generations, and the bits of their factors.
	pub(crate) adapters: Vec<(u64, u32)>,
	/// Of the positions from the prompt's last on.
	pub(crate) tape: Tape<'static>,
	/// `[positions, hidden]`, of those that follow the tape's.
	pub(crate) inputs: Vec<f32>,
	/// Keys and values.
	pub(crate) pool: Pool,
	/// Where they are in it.
	pub(crate) sequence: kv::Sequence,
	/// The memory that it takes, given back with it.
	pub(crate) _loan: Loan,
}

impl Trail {
	/// The tokens of the prompt, and those of the answer.
	pub fn tokens(&self) -> (&[u32], &[u32]) {
		self.tokens.split_at(self.prompt)
	}

	/// [`scored_gradient`] of the answer's first `count` tokens, with the same bits.
	///
	/// # Errors
	/// [`Error::AnswerOutOfRange`] when the answer does not have as many, or `count` is zero;
	/// [`Error::OtherTrail`] unless it was answered by this adapter alone, which
	/// [is in half precision](Adapter::is_half), and kept from the options' first layer on; else those of
	/// [`gradient`](crate::gradient()).
	pub fn gradient(
		self,
		base: &Base,
		adapter: &Adapter,
		count: usize,
		options: GradientOptions,
	) -> Result<ScoredGradient> {
		self.gradient_by(Team::shared()?, base, adapter, count, options)
	}

	pub(crate) fn gradient_by(
		mut self,
		team: &Team,
		base: &Base,
		adapter: &Adapter,
		count: usize,
		options: GradientOptions,
	) -> Result<ScoredGradient> {
		if self.adapters != [(adapter.generation(), 1f32.to_bits())] {
			return Err(Error::OtherTrail("it was answered by other adapters"));
		}
		if !adapter.is_half() {
			return Err(Error::OtherTrail("the adapter was rounded to be run"));
		}
		if self.first != options.first_layer {
			return Err(Error::OtherTrail("it was kept from another layer on"));
		}
		let (prompt, end) = (self.prompt, self.prompt.saturating_add(count));
		if end > self.tokens.len() {
			let tokens = self.tokens.len();
			return Err(Error::AnswerOutOfRange { answer_start: prompt, tokens });
		}
		let tokens = &self.tokens[..end];
		check(base, tokens, prompt)?;
		let values = parameters::flatten(adapter.weights())?;
		let trained = Trained::of(adapter, &values)?;
		let sequence = answer(tokens, prompt);
		let Sequence { context, .. } = sequence;
		// What came after them is not looked at.
		self.pool.truncate(&mut self.sequence, end - 1);
		let (adapters, config) = ([(&*trained.packed, 1.0)], &base.config);
		let (mut of, mut tape) = (self.sequence, self.tape);
		tape.truncate(end - 1 - context, config);
		let from = context + tape.rows(config);
		if from < end - 1 {
			tape.reserve(end - 1 - from, config);
			let tokens = &tokens[from..end - 1];
			let runs = [Run { tokens, sequence: &mut of, adapters: &adapters }];
			let inputs = (self.first, &self.inputs[..tokens.len() * config.hidden]);
			engine::onward(base, team, &mut self.pool, &runs, inputs, &mut tape)?;
		}
		let tokens = &tokens[context..end - 1];
		let runs = [Run { tokens, sequence: &mut of, adapters: &adapters }];
		let backward = Backward { base, team, trained: &trained, runs: &runs };
		let (sequences, labels, objective) = ([sequence], super::Labels::Given, options.objective);
		let head = Head { base, team, sequences: &sequences, objective, labels, log_probs: true };
		let (scores, of_states) = head.run_back(&backward.states(&tape))?;
		let mut sink = Dense(vec![vec![0.0; length(&trained, options)]]);
		backward.run(&mut self.pool, tape, of_states, &mut sink)?;
		only(scores, sink.0)
	}
}
