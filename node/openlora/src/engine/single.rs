//! One sequence by itself.

use super::{Observer, Packed, Run, Workspace, forward, logits};
use crate::{
	base::Base,
	error::{Error, Result},
	kernels::{
		Team,
		kv::{PAGE, Pool, Sequence},
	},
};

/// Tokens of a prompt that are run at once: enough for every thread, few enough for the cache.
pub(crate) const CHUNK: usize = 256;

/// A sequence that grows, with the adapters that it is run with.
pub(crate) struct Single<'a> {
	base: &'a Base,
	team: &'a Team,
	adapters: &'a [(&'a Packed, f32)],
	pool: Pool,
	sequence: Sequence,
	workspace: Workspace,
}

impl<'a> Single<'a> {
	/// An empty one.
	pub(crate) fn new(base: &'a Base, team: &'a Team, adapters: &'a [(&'a Packed, f32)]) -> Self {
		let pool = Pool::new(&base.config, base.config.context.div_ceil(PAGE));
		let (sequence, workspace) = (Sequence::default(), Workspace::default());
		Self { base, team, adapters, pool, sequence, workspace }
	}

	/// Number of tokens.
	pub(crate) fn len(&self) -> usize {
		self.sequence.len()
	}

	/// Refuses `count` more tokens when the context cannot hold them.
	pub(crate) fn check_room(&self, count: usize) -> Result<()> {
		let (tokens, context) = (self.len().saturating_add(count), self.base.config.context);
		if tokens > context {
			return Err(Error::ContextExceeded { tokens, context });
		}
		Ok(())
	}

	/// Runs `tokens`, which follow the ones before, and returns their hidden states, `[tokens, hidden]`.
	///
	/// # Errors
	/// [`Error::EmptyPrompt`], [`Error::UnknownToken`], [`Error::ContextExceeded`] or
	/// [`Error::NonFiniteActivation`]; the sequence is no longer than before then.
	pub(crate) fn extend(
		&mut self,
		tokens: &[u32],
		observer: &mut impl Observer,
	) -> Result<&[f32]> {
		self.check_room(tokens.len())?;
		self.pool.reserve(&mut self.sequence, tokens.len())?;
		let run = Run { tokens, sequence: &mut self.sequence, adapters: self.adapters };
		let (team, workspace) = (self.team, &mut self.workspace);
		forward(self.base, team, &mut self.pool, &mut [run], workspace, observer)
	}

	/// Runs `tokens` in chunks and returns the logits after the last, `[vocab]`.
	///
	/// # Errors
	/// As [`Single::extend`].
	pub(crate) fn prefill(&mut self, tokens: &[u32]) -> Result<Vec<f32>> {
		let (base, team, hidden) = (self.base, self.team, self.base.config.hidden);
		self.check_room(tokens.len())?;
		let mut scores = Vec::new();
		let chunks = tokens.chunks(CHUNK);
		let last = chunks.len().checked_sub(1).ok_or(Error::EmptyPrompt)?;
		for (number, chunk) in chunks.enumerate() {
			let states = self.extend(chunk, &mut ())?;
			if number == last {
				logits(base, team, &states[states.len() - hidden..], &mut scores)?;
			}
		}
		Ok(scores)
	}
}
