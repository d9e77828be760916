//! What a base with an adapter makes of sequences before it predicts their tokens.

use super::{
	answer,
	pack::{Sequence, packs, states},
};
use crate::{
	adapter::Adapter,
	base::Base,
	engine::Trained,
	error::{Error, Result},
	kernels::Team,
	parallel, parameters,
};

/// The hidden states after the last norm at the positions that predict `tokens[answer_start..]`,
/// `[answer tokens, hidden]`, of each sequence, handed to `consume` in their order.
///
/// `sequences` holds tokens and the index of the first answer token.
///
/// # Errors
/// As [`gradients`](crate::gradients), where there are no gradients to be not finite.
pub fn hidden_states(
	base: &Base,
	adapter: &Adapter,
	sequences: &[(&[u32], usize)],
	mut consume: impl FnMut(usize, Vec<f32>) -> Result<()>,
) -> Result<()> {
	adapter.fits(&base.config)?;
	let values = parameters::flatten(adapter.weights())?;
	let trained = Trained::of(adapter, &values)?;
	// All rows are run at once, the prompt's among them.
	let sequences: Vec<Sequence<'_>> = sequences
		.iter()
		.map(|(tokens, start)| Sequence { context: 0, ..answer(tokens, *start) })
		.collect();
	let hidden = base.config.hidden;
	let of = |sequences: &[Sequence<'_>], states: &[f32]| {
		let mut rest = states;
		let each = sequences.iter().map(|sequence| {
			let (own, after) = rest.split_at((sequence.tokens.len() - 1) * hidden);
			rest = after;
			own[(sequence.answer_start - 1) * hidden..].to_vec()
		});
		Ok(each.collect())
	};
	let cores = parallel::cores();
	parallel::map_in_order(
		&packs(&sequences, cores),
		cores,
		|pack| {
			let found = states(base, &Team::alone(), &trained, &sequences[pack.clone()], &of);
			let found = found.map_err(|(at, error)| Error::in_example(pack.start + at)(error))?;
			Ok((pack.start, found))
		},
		|_, (first, found)| (first..).zip(found).try_for_each(|(at, of)| consume(at, of)),
	)
}
