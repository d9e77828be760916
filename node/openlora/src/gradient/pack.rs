//! Losses and gradients of several sequences in one pass there and back.
//!
//! Frozen weights are read, and on the way back expanded, once for all rows of a pass; short
//! sequences alone would spend as long on that as on their own products. Each sequence is a run of its
//! own: none sees another, and its bits are those that it has alone.

use std::ops::Range;

use super::{
	GradientOptions, Labels, check,
	head::{Head, Scores},
};
use crate::{
	base::Base,
	engine::{
		self, Backward, CHUNK, Dense, Keep, Packed, Run, Sink, Tape, Trained, Workspace,
		dropout::{Dropout, Dropped, Row},
	},
	error::{Error, Result},
	kernels::{
		Team,
		kv::{self, PAGE, Pool},
	},
	objective::Objective,
};

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
	pub(super) fn learnt(&self) -> impl Iterator<Item = usize> {
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
	/// Whether log-probabilities are asked for.
	pub(crate) log_probs: bool,
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
	let (scores, Dense(gradients)) = fold(base, team, trained, sequences, options, sink)?;
	Ok(scores.into_iter().map(|scores| scores.loss).zip(gradients).collect())
}

/// The scores of each sequence's answer, and the sink that got the gradients; `sink` makes one
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
) -> Result<(Vec<Scores>, S), (usize, Error)> {
	for (at, sequence) in sequences.iter().enumerate() {
		check(base, sequence.tokens, sequence.answer_start).map_err(|error| (at, error))?;
	}
	let of = |sequences: &[Sequence<'_>]| {
		let mut sink = sink(sequences.len());
		let scores = pass(base, team, trained, sequences, options, &mut sink)?;
		Ok((scores, sink))
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
		let head = Head { base, team, sequences, objective, labels, log_probs: false };
		Ok(head.run(states)?.into_iter().map(|scores| scores.loss).collect())
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
		let adapters = [(&*trained.packed, 1.0)];
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
) -> Result<Vec<Scores>> {
	let (mut pool, mut kept) = pages(base, sequences);
	let adapters = [(&*trained.packed, 1.0)];
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
	let PassOptions { gradient: GradientOptions { objective, .. }, labels, log_probs, .. } =
		options;
	let (scores, of_states) =
		Head { base, team, sequences, objective, labels, log_probs }.run_back(states)?;
	drop(workspace);
	Backward { base, team, trained, runs: &runs }.run(&mut pool, tape, of_states, sink)?;
	Ok(scores)
}
