//! Losses and gradients of several sequences in one pass there and back.
//!
//! Frozen weights are read, and on the way back expanded, once for all rows of a pass; short
//! sequences alone would spend as long on that as on their own products. Each sequence is a run of its
//! own: none sees another, and its bits are those that it has alone.

use std::ops::Range;

use super::{GradientOptions, Labels, check};
use crate::{
	base::Base,
	engine::{
		self, Backward, CHUNK, Dense, Keep, Packed, Run, Sink, Tape, Trained, Workspace,
		add_product,
		dropout::{Dropout, Dropped, Row},
	},
	error::{Error, Result},
	kernels::{
		Team,
		gradient::LossGradient,
		kv::{self, PAGE, Pool},
	},
	objective::Objective,
	sample::{self, Sampling},
};

/// Rows of logits held at once.
const ROWS: usize = 64;
/// Rows of a pass: enough to read weights rarely, few enough for the values kept on the way, which
/// take half a megabyte each with the demonstration's base.
const MOST: usize = 256;

/// Tokens to differentiate.
#[derive(Clone, Copy, Default)]
pub(crate) struct Sequence<'a> {
	pub(crate) tokens: &'a [u32],
	/// The first token that the objective is asked of.
	pub(crate) answer_start: usize,
	/// Tokens after it that the objective is not asked of: stretches in order, apart from each other.
	pub(crate) given: &'a [Range<usize>],
	/// Tokens whose keys and values count as constant, fewer than `answer_start`.
	pub(crate) context: usize,
	/// Its number in the training set, by which dropout and labels are drawn.
	pub(crate) record: u64,
}

impl Sequence<'_> {
	/// Positions of the tokens that the objective is asked of, ascending.
	fn learnt(&self) -> impl Iterator<Item = usize> {
		let given = |at: &usize| self.given.iter().any(|stretch| stretch.contains(at));
		(self.answer_start..self.tokens.len()).filter(move |at| !given(at))
	}
}

/// How a pass is run.
#[derive(Clone, Copy, Default)]
pub(crate) struct PassOptions {
	pub(crate) gradient: GradientOptions,
	/// Of which tokens the objective is asked.
	pub(crate) labels: Labels,
	/// What is left out of the updates' inputs.
	pub(crate) dropout: Option<Dropout>,
	/// Keep the layers' inputs alone, and compute the rest once more on the way back.
	pub(crate) recompute: bool,
}

/// Cuts sequences into stretches for one pass each: for every thread about as many rows, and never more
/// than fit into a pass, unless one sequence has more.
pub(crate) fn packs(sequences: &[Sequence<'_>], threads: usize) -> Vec<Range<usize>> {
	let rows = |sequence: &Sequence<'_>| sequence.tokens.len().saturating_sub(sequence.context);
	let all: usize = sequences.iter().map(rows).sum();
	let most = all.div_ceil(threads.max(1)).min(MOST);
	let (mut packs, mut start, mut taken) = (Vec::new(), 0, 0);
	for (at, sequence) in sequences.iter().enumerate() {
		let more = rows(sequence);
		if at > start && taken + more > most {
			packs.push(start..at);
			(start, taken) = (at, 0);
		}
		taken += more;
	}
	if start < sequences.len() {
		packs.push(start..sequences.len());
	}
	packs
}

/// Of each sequence of a pass; or why there are none, with the position of the first at fault.
pub(crate) type Each<T> = Result<Vec<T>, (usize, Error)>;

/// The mean objective of each sequence's answer, and its gradient from the options' first layer on.
/// Neither need be finite.
///
/// # Errors
/// Of the first sequence that has one, with its position.
pub(crate) fn losses_and_gradients(
	base: &Base,
	team: &Team,
	trained: &Trained<'_>,
	sequences: &[Sequence<'_>],
	options: PassOptions,
) -> Each<(f32, Vec<f32>)> {
	let length = trained.values.len() - trained.offset(options.gradient.first_layer);
	let sink = |count| Dense(vec![vec![0.0; length]; count]);
	let (losses, Dense(gradients)) = fold(base, team, trained, sequences, options, sink)?;
	Ok(losses.into_iter().zip(gradients).collect())
}

/// The mean objective of each sequence's answer, and the sink that got the gradients; `sink` makes one
/// for so many sequences.
///
/// # Errors
/// As [`losses_and_gradients`].
pub(super) fn fold<S: Sink>(
	base: &Base,
	team: &Team,
	trained: &Trained<'_>,
	sequences: &[Sequence<'_>],
	options: PassOptions,
	sink: impl Fn(usize) -> S,
) -> Result<(Vec<f32>, S), (usize, Error)> {
	for (at, sequence) in sequences.iter().enumerate() {
		check(base, sequence.tokens, sequence.answer_start).map_err(|error| (at, error))?;
	}
	let of = |sequences: &[Sequence<'_>]| {
		let mut sink = sink(sequences.len());
		let losses = pass(base, team, trained, sequences, options, &mut sink)?;
		Ok((losses, sink))
	};
	of(sequences).map_err(|error| {
		// Which of them it was, each says alone.
		let alone = |at: usize| of(&sequences[at..at + 1]).err();
		let first = (0..sequences.len()).find_map(|at| Some((at, alone(at)?)));
		first.unwrap_or((0, error))
	})
}

/// The mean objective of each sequence's answer, which need not be finite; contexts make no difference.
///
/// # Errors
/// As [`losses_and_gradients`].
pub(crate) fn losses(
	base: &Base,
	team: &Team,
	trained: &Trained<'_>,
	sequences: &[Sequence<'_>],
	objective: Objective,
) -> Each<f32> {
	let labels = Labels::Given;
	states(base, team, trained, sequences, &|sequences, states| {
		Head { base, team, sequences, objective, labels }.run(states, &mut |_, _| ())
	})
}

/// What is made of sequences and the hidden states of their rows, one sequence's after the other's.
pub(super) type OfStates<'a, T> = dyn Fn(&[Sequence<'_>], &[f32]) -> Result<Vec<T>> + 'a;

/// What `of` makes of the hidden states after the last norm, `[rows, hidden]`, of the sequences' tokens
/// but their last ones; contexts make no difference.
///
/// # Errors
/// As [`losses_and_gradients`], or that of `of`.
pub(super) fn states<T>(
	base: &Base,
	team: &Team,
	trained: &Trained<'_>,
	sequences: &[Sequence<'_>],
	of: &OfStates<'_, T>,
) -> Each<T> {
	for (at, sequence) in sequences.iter().enumerate() {
		check(base, sequence.tokens, sequence.answer_start).map_err(|error| (at, error))?;
	}
	let mut sequences = sequences.to_vec();
	sequences.iter_mut().for_each(|sequence| sequence.context = 0);
	let run = |sequences: &[Sequence<'_>]| {
		let adapters = [(&trained.packed, 1.0)];
		let (mut pool, mut kept) = pages(base, sequences);
		let mut runs = runs(sequences, &mut pool, &mut kept, &adapters)?;
		let mut workspace = Workspace::default();
		let states = engine::forward(base, team, &mut pool, &mut runs, &mut workspace, &mut ())?;
		of(sequences, states)
	};
	run(&sequences).map_err(|error| {
		let alone = |at: usize| run(&sequences[at..at + 1]).err();
		let first = (0..sequences.len()).find_map(|at| Some((at, alone(at)?)));
		first.unwrap_or((0, error))
	})
}

/// Room for the keys and values of sequences, all of them empty.
fn pages(base: &Base, sequences: &[Sequence<'_>]) -> (Pool, Vec<kv::Sequence>) {
	let pages = sequences.iter().map(|sequence| sequence.tokens.len().div_ceil(PAGE)).sum();
	let kept = sequences.iter().map(|_| kv::Sequence::default()).collect();
	(Pool::new(&base.config, pages), kept)
}

/// The rows after each sequence's context.
fn runs<'a>(
	sequences: &[Sequence<'a>],
	pool: &mut Pool,
	kept: &'a mut [kv::Sequence],
	adapters: &'a [(&'a Packed, f32)],
) -> Result<Vec<Run<'a>>> {
	let each = sequences.iter().zip(kept).map(|(sequence, kept)| {
		let tokens = &sequence.tokens[sequence.context..sequence.tokens.len() - 1];
		pool.reserve(kept, tokens.len())?;
		Ok(Run { tokens, sequence: kept, adapters })
	});
	each.collect()
}

fn pass(
	base: &Base,
	team: &Team,
	trained: &Trained<'_>,
	sequences: &[Sequence<'_>],
	options: PassOptions,
	sink: &mut dyn Sink,
) -> Result<Vec<f32>> {
	let (mut pool, mut kept) = pages(base, sequences);
	let adapters = [(&trained.packed, 1.0)];
	let mut workspace = Workspace::default();
	for (sequence, kept) in sequences.iter().zip(&mut kept) {
		for tokens in sequence.tokens[..sequence.context].chunks(CHUNK) {
			pool.reserve(kept, tokens.len())?;
			let run = Run { tokens, sequence: kept, adapters: &adapters };
			engine::forward(base, team, &mut pool, &mut [run], &mut workspace, &mut ())?;
		}
	}
	let mut runs = runs(sequences, &mut pool, &mut kept, &adapters)?;
	let rows: Vec<Row> = sequences
		.iter()
		.flat_map(|sequence| {
			let positions = sequence.context..sequence.tokens.len() - 1;
			let record = sequence.record;
			positions.map(move |position| Row { record, position: position as u64 })
		})
		.collect();
	let dropped = options.dropout.map(|rule| Dropped { rule, rows: &rows });
	let keep = if options.recompute { Keep::Inputs } else { Keep::All };
	let mut tape = Tape::new(options.gradient.first_layer, keep, dropped);
	let states = engine::forward(base, team, &mut pool, &mut runs, &mut workspace, &mut tape)?;
	let hidden = base.config.hidden;
	let mut of_states = vec![0.0; states.len()];
	let PassOptions { gradient: GradientOptions { objective, .. }, labels, .. } = options;
	let head = Head { base, team, sequences, objective, labels };
	let losses = head.run(states, &mut |predictions, logits| {
		let mut of_inputs = vec![0.0; predictions.len() * hidden];
		add_product(team, base.weights.head(), logits, &mut of_inputs);
		for (of_input, prediction) in of_inputs.chunks_exact(hidden).zip(predictions) {
			of_states[prediction.row * hidden..][..hidden].copy_from_slice(of_input);
		}
	})?;
	drop(workspace);
	Backward { base, team, trained, runs: &runs }.run(&mut pool, tape, of_states, sink)?;
	Ok(losses)
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

/// From hidden states to losses.
struct Head<'a> {
	base: &'a Base,
	team: &'a Team,
	sequences: &'a [Sequence<'a>],
	objective: Objective,
	labels: Labels,
}

impl Head<'_> {
	/// The mean loss of each sequence for the hidden states of the rows after the contexts; `each` gets
	/// stretches of rows with the gradients of their logits.
	fn run(&self, states: &[f32], each: &mut dyn FnMut(&[Prediction], &[f32])) -> Result<Vec<f32>> {
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
		let (mut inputs, mut logits) = (Vec::new(), Vec::new());
		for predictions in predictions.chunks(ROWS) {
			inputs.clear();
			for prediction in predictions {
				inputs.extend_from_slice(&states[prediction.row * hidden..][..hidden]);
			}
			engine::logits(self.base, self.team, &inputs, &mut logits)?;
			for (logits, prediction) in logits.chunks_exact_mut(vocab).zip(predictions) {
				let (target, objective) = (self.target(prediction, logits)?, self.objective);
				let weight = weights[prediction.number];
				let of = LossGradient { logits, target, objective, weight };
				losses[prediction.number] += self.team.isa().run(of);
			}
			each(predictions, &logits);
		}
		let losses = losses.into_iter().zip(weights);
		Ok(losses.map(|(loss, weight)| (loss * f64::from(weight)) as f32).collect())
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
