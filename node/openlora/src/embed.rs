//! What a base makes of texts half-way: the residual stream that enters one of its layers.

use crate::{
	base::Base,
	engine::{self, Run, Workspace, check_tokens},
	error::{Error, Result},
	kernels::{
		Team,
		kv::{self, PAGE, Pool},
	},
	parallel,
};
use std::ops::Range;

/// Rows of a pass: enough to read weights rarely.
const ROWS: usize = 256;

/// The residual stream that enters `layer`, `[tokens, hidden]`, of each sequence, handed to `consume` in
/// their order. Layers from there on are not run, so that the first costs nothing but looking up
/// embeddings.
///
/// The bits are the same whatever else is asked for at once, on any number of threads and any machine.
///
/// # Errors
/// [`Error::NoSuchLayer`], [`Error::EmptyPrompt`], [`Error::UnknownToken`], [`Error::ContextExceeded`] or
/// [`Error::NonFiniteActivation`] of the first sequence that has one; whatever `consume` returns, which
/// ends the work.
pub fn residuals(
	base: &Base,
	sequences: &[&[u32]],
	layer: usize,
	mut consume: impl FnMut(usize, Vec<f32>) -> Result<()>,
) -> Result<()> {
	let (layers, context) = (base.config.layers, base.config.context);
	if layer > layers {
		return Err(Error::NoSuchLayer { layer, layers });
	}
	for (at, sequence) in sequences.iter().enumerate() {
		check_tokens(sequence, base.config.vocab).map_err(Error::in_example(at))?;
		let tokens = sequence.len();
		if tokens > context {
			return Err(Error::in_example(at)(Error::ContextExceeded { tokens, context }));
		}
	}
	let cores = parallel::cores();
	parallel::map_in_order(
		&packs(sequences, cores),
		cores,
		|pack| {
			let (team, pack) = (Team::alone(), pack.clone());
			let states = pass(base, &team, &sequences[pack.clone()], layer);
			let states = states.map_err(|error| {
				// Which of them it was, each says alone.
				let alone =
					|at: usize| Some((at, pass(base, &team, &sequences[at..=at], layer).err()?));
				let first = pack.clone().find_map(alone);
				let (at, error) = first.unwrap_or((pack.start, error));
				Error::in_example(at)(error)
			});
			Ok((pack, states?))
		},
		|_, (pack, states)| {
			let mut rest = &states[..];
			for at in pack {
				let (own, after) = rest.split_at(sequences[at].len() * base.config.hidden);
				rest = after;
				consume(at, own.to_vec())?;
			}
			Ok(())
		},
	)
}

/// Cuts sequences into stretches for one pass each, for every thread about as many rows.
fn packs(sequences: &[&[u32]], threads: usize) -> Vec<Range<usize>> {
	let all: usize = sequences.iter().map(|sequence| sequence.len()).sum();
	let most = all.div_ceil(threads.max(1)).min(ROWS);
	let (mut packs, mut start, mut taken) = (Vec::new(), 0, 0);
	for (at, sequence) in sequences.iter().enumerate() {
		if at > start && taken + sequence.len() > most {
			packs.push(start..at);
			(start, taken) = (at, 0);
		}
		taken += sequence.len();
	}
	if start < sequences.len() {
		packs.push(start..sequences.len());
	}
	packs
}

fn pass(base: &Base, team: &Team, sequences: &[&[u32]], layer: usize) -> Result<Vec<f32>> {
	let pages = sequences.iter().map(|sequence| sequence.len().div_ceil(PAGE)).sum();
	let mut pool = Pool::new(&base.config, pages);
	let mut kept: Vec<kv::Sequence> = sequences.iter().map(|_| Default::default()).collect();
	let runs = sequences.iter().zip(&mut kept).map(|(tokens, sequence)| {
		pool.reserve(sequence, tokens.len())?;
		Ok(Run { tokens, sequence, adapters: &[] })
	});
	let mut runs: Vec<Run<'_>> = runs.collect::<Result<_>>()?;
	let mut workspace = Workspace::default();
	let states = engine::below(base, team, &mut pool, &mut runs, layer, &mut workspace)?;
	Ok(states.to_vec())
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{kernels::Isa, testing::tiny_base};

	fn of(base: &Base, sequences: &[&[u32]], layer: usize) -> Result<Vec<Vec<f32>>> {
		let mut found = Vec::new();
		residuals(base, sequences, layer, |at, states| {
			assert_eq!(at, found.len());
			found.push(states);
			Ok(())
		})?;
		Ok(found)
	}

	#[test]
	fn states_are_the_same_when_sequences_run_together_and_alone() {
		let base = tiny_base(3);
		let long: Vec<u32> = (0..90).map(|at| at * 7 % 40).collect();
		let sequences: Vec<&[u32]> = vec![&[5, 9, 2], &long, &[7], &long[3..80], &long];
		for layer in 0..=base.config.layers {
			let together = of(&base, &sequences, layer).unwrap();
			for (sequence, found) in sequences.iter().zip(&together) {
				assert_eq!(found.len(), sequence.len() * base.config.hidden);
				assert_eq!(&of(&base, &[sequence], layer).unwrap()[0], found, "{layer}");
			}
		}
	}

	#[test]
	fn states_are_the_same_with_every_instruction_set() {
		let base = tiny_base(3);
		let sequence: Vec<u32> = (0..70).map(|at| at * 11 % 40).collect();
		let expected = of(&base, &[&sequence], 2).unwrap();
		for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
			let found = pass(&base, &Team::alone_with(isa), &[&sequence], 2).unwrap();
			assert_eq!(found, expected[0], "{}", isa.name());
		}
	}

	#[test]
	fn states_are_the_embeddings_when_no_layer_is_run() {
		let base = tiny_base(3);
		let found = of(&base, &[&[4, 11]], 0).unwrap();
		let expected = [base.embedding(4).unwrap(), base.embedding(11).unwrap()].concat();
		assert_eq!(found[0], expected);
		assert_ne!(of(&base, &[&[4, 11]], 1).unwrap()[0], expected);
	}

	#[test]
	fn states_of_a_beginning_do_not_depend_on_what_follows() {
		let base = tiny_base(3);
		let layer = base.config.layers;
		let (short, long) =
			(of(&base, &[&[1, 2]], layer).unwrap(), of(&base, &[&[1, 2, 3]], layer).unwrap());
		assert_eq!(short[0][..], long[0][..short[0].len()]);
	}

	#[test]
	fn sequences_are_refused_with_their_number() {
		let base = tiny_base(3);
		let context = base.config.context;
		let long = vec![1; context + 1];
		for (bad, expected) in [
			(&[][..], "EmptyPrompt"),
			(&[u32::MAX][..], "UnknownToken"),
			(&long[..], "ContextExceeded"),
		] {
			let error = of(&base, &[&[1], bad], 1).unwrap_err();
			let said = format!("{error:?}");
			assert!(said.contains(expected) && said.contains('1'), "{said}");
		}
		let layers = base.config.layers;
		let refused = of(&base, &[&[1]], layers + 1);
		assert!(matches!(refused, Err(Error::NoSuchLayer { .. })), "{refused:?}");
		assert!(of(&base, &[], 0).unwrap().is_empty());
	}
}
