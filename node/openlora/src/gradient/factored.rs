//! Gradients of many sequences, never formed: what their rows are folded into is the caller's choice.

use super::{
	GradientOptions, answer,
	pack::{PassOptions, Sequence, fold, packs},
	team,
};
use crate::{
	adapter::Adapter,
	base::Base,
	engine::{Factors, Sink, Trained},
	error::{Error, Result},
	parallel, parameters,
};

/// Of which tokens the objective is asked, at the positions of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Labels {
	/// The answer's own.
	#[default]
	Given,
	/// Tokens drawn from the model's own distribution there, given the answer before: the second moment
	/// of the likelihood's gradient is the Fisher information then, not what is called the empirical
	/// Fisher (Kunstner, Balles and Hennig 2019, arXiv:1905.12558).
	Sampled {
		/// What draws depend on, beside the sequence's number and the position.
		seed: u64,
	},
}

/// Of what factored gradients are.
#[derive(Debug, Clone, Copy, Default)]
pub struct FactorOptions {
	/// The objective, and the first layer that is differentiated.
	pub gradient: GradientOptions,
	/// Of which tokens the objective is asked.
	pub labels: Labels,
}

/// Folds the factors of each sequence's gradient, and hands the results to `consume` in the sequences'
/// order.
///
/// `sequences` holds tokens and the index of the first answer token, and what is differentiated is what
/// [`gradients`](crate::gradients) differentiates, in the same passes of several sequences. `start`
/// makes the fold's first value for the sequence of that number, and `each` gets it with the
/// factors of one adapted projection after the other, from the last layer to the first. Factors live for
/// as long as that call: whoever wants the gradient forms it by [`Factors::gradient`].
///
/// # Errors
/// As [`gradients`](crate::gradients), with [`Error::NonFiniteGradient`] where a factor is not finite.
pub fn factored_gradients<T: Send>(
	base: &Base,
	adapter: &Adapter,
	sequences: &[(&[u32], usize)],
	options: FactorOptions,
	start: impl Fn(usize) -> T + Sync,
	each: impl Fn(&mut T, &Factors<'_>) + Sync,
	mut consume: impl FnMut(usize, T) -> Result<()>,
) -> Result<()> {
	adapter.fits(&base.config)?;
	let values = parameters::flatten(adapter.weights())?;
	let trained = Trained::of(adapter, &values)?;
	let sequences: Vec<Sequence<'_>> = (0..)
		.zip(sequences)
		.map(|(record, (tokens, start))| Sequence { record, ..answer(tokens, *start) })
		.collect();
	let FactorOptions { gradient, labels } = options;
	let pass = PassOptions { gradient, labels, ..PassOptions::default() };
	let cores = parallel::cores();
	let packs = packs(&sequences, cores);
	let team = team(packs.len())?;
	parallel::map_in_order(
		&packs,
		cores,
		|pack| {
			let of = &sequences[pack.clone()];
			let sink = |count| {
				let states = (pack.start..pack.start + count).map(&start).collect();
				Fold { states, finite: vec![true; count], each: &each }
			};
			let found = fold(base, &team, &trained, of, pass, sink);
			let named = |at: usize| Error::in_example(pack.start + at);
			let (_, fold) = found.map_err(|(at, error)| named(at)(error))?;
			match fold.finite.iter().position(|finite| !finite) {
				Some(at) => Err(named(at)(Error::NonFiniteGradient)),
				None => Ok((pack.start, fold.states)),
			}
		},
		|_, (first, states)| (first..).zip(states).try_for_each(|(at, state)| consume(at, state)),
	)
}

/// Each sequence's state.
struct Fold<'a, T, E> {
	states: Vec<T>,
	/// Whether all factors so far are.
	finite: Vec<bool>,
	each: &'a E,
}

impl<T, E: Fn(&mut T, &Factors<'_>)> Sink for Fold<'_, T, E> {
	fn take(&mut self, run: usize, factors: &Factors<'_>) {
		self.finite[run] &= factors.is_finite();
		(self.each)(&mut self.states[run], factors);
	}
}
