//! From hidden states to losses, and back to the gradient of hidden states.

use super::{Labels, pack::Sequence};
use crate::{
	base::Base,
	engine::{self, add_product},
	error::{Error, Result},
	kernels::{Shared, Team, gradient::LossGradient, vector::LogSumExp},
	objective::Objective,
	sample::{self, Sampling},
};

/// Rows of logits held at once.
const ROWS: usize = 64;

/// What the model says of a sequence's learnt tokens.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scores {
	/// The mean loss, which need not be finite.
	pub(crate) loss: f32,
	/// The natural logarithm of each one's probability; none unless they were asked for.
	pub(crate) log_probs: Vec<f32>,
}

/// A row that predicts a learnt token.
struct Prediction {
	/// Of which sequence.
	number: usize,
	/// Among all rows of the pass.
	row: usize,
	/// The token's position.
	at: usize,
}

/// What is asked of the rows after the contexts.
pub(super) struct Head<'a> {
	pub(super) base: &'a Base,
	pub(super) team: &'a Team,
	pub(super) sequences: &'a [Sequence<'a>],
	pub(super) objective: Objective,
	pub(super) labels: Labels,
	/// Whether log-probabilities are asked for.
	pub(super) log_probs: bool,
}

impl Head<'_> {
	/// The scores of each sequence for its hidden states, and the gradient of their losses.
	pub(super) fn run_back(&self, states: &[f32]) -> Result<(Vec<Scores>, Vec<f32>)> {
		let hidden = self.base.config.hidden;
		let mut of_states = vec![0.0; states.len()];
		let scores = self.each(states, &mut |predictions, of_logits| {
			let mut of_inputs = vec![0.0; predictions.len() * hidden];
			add_product(self.team, self.base.weights.head(), of_logits, &mut of_inputs);
			for (of_input, prediction) in of_inputs.chunks_exact(hidden).zip(predictions) {
				of_states[prediction.row * hidden..][..hidden].copy_from_slice(of_input);
			}
		})?;
		Ok((scores, of_states))
	}

	/// The scores of each sequence for its hidden states.
	pub(super) fn run(&self, states: &[f32]) -> Result<Vec<Scores>> {
		self.each(states, &mut |_, _| ())
	}

	/// As [`Head::run`]; `each` gets stretches of rows with the gradients of their logits.
	fn each(
		&self,
		states: &[f32],
		each: &mut dyn FnMut(&[Prediction], &[f32]),
	) -> Result<Vec<Scores>> {
		let (hidden, vocab) = (self.base.config.hidden, self.base.config.vocab);
		let (mut predictions, mut weights, mut offset) = (Vec::new(), Vec::new(), 0);
		for (number, sequence) in self.sequences.iter().enumerate() {
			let before = predictions.len();
			predictions.extend(sequence.learnt().map(|at| {
				// The token before it predicts it.
				let row = offset + at - 1 - sequence.context;
				Prediction { number, row, at }
			}));
			weights.push(1.0 / (predictions.len() - before) as f32);
			offset += sequence.tokens.len() - 1 - sequence.context;
		}
		let mut losses = vec![0f64; self.sequences.len()];
		let mut log_probs = vec![Vec::new(); self.sequences.len()];
		let (mut inputs, mut logits) = (Vec::new(), Vec::new());
		for predictions in predictions.chunks(ROWS) {
			inputs.clear();
			for prediction in predictions {
				inputs.extend_from_slice(&states[prediction.row * hidden..][..hidden]);
			}
			engine::logits(self.base, self.team, &inputs, &mut logits)?;
			let targets = predictions.iter().zip(logits.chunks_exact(vocab));
			let targets = targets.map(|(prediction, logits)| self.target(prediction, logits));
			let targets = targets.collect::<Result<Vec<usize>>>()?;
			let mut found = vec![(0.0, 0.0); predictions.len()];
			let shared = Shared::new(&mut found);
			self.team.for_each_chunk(&mut logits, vocab, &|row, logits| {
				let (isa, target) = (self.team.isa(), targets[row]);
				// SAFETY: every task has a row of its own.
				let [(loss, log_prob)] = (unsafe { shared.slice(row, 1) }) else { return };
				if self.log_probs {
					let total = isa.run(LogSumExp { parts: [logits, &[]] });
					*log_prob = f64::from(logits[target]) - total;
				}
				let (objective, weight) = (self.objective, weights[predictions[row].number]);
				*loss = isa.run(LossGradient { logits, target, objective, weight });
			});
			for ((loss, log_prob), prediction) in found.into_iter().zip(predictions) {
				losses[prediction.number] += loss;
				if self.log_probs {
					if !f64::is_finite(log_prob) {
						return Err(Error::NonFiniteLogits);
					}
					log_probs[prediction.number].push(log_prob as f32);
				}
			}
			each(predictions, &logits);
		}
		let scores = losses.into_iter().zip(weights).zip(log_probs);
		let scores = scores.map(|((loss, weight), log_probs)| {
			let loss = (loss * f64::from(weight)) as f32;
			Scores { loss, log_probs }
		});
		Ok(scores.collect())
	}

	/// The token that the objective is asked of, for its position's logits.
	fn target(&self, prediction: &Prediction, logits: &[f32]) -> Result<usize> {
		let sequence = &self.sequences[prediction.number];
		let token = match self.labels {
			Labels::Given => sequence.tokens[prediction.at],
			Labels::Sampled { seed } => {
				let sampling = Sampling::seeded(seed, 1.0).of_answer(sequence.record as usize);
				let before = &sequence.tokens[..prediction.at];
				sample::choose(logits, &sampling, before, 0, sample::Adjust::default())?
			}
		};
		Ok(token as usize)
	}
}
