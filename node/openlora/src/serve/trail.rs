//! What is kept of an answer while it grows, for its gradient.

use std::{
	mem,
	ops::Range,
	sync::{
		Arc,
		atomic::{AtomicUsize, Ordering},
		mpsc,
	},
};

use super::{Request, positions, prefix::Adapters};
use crate::{
	config::Config,
	engine::Observer,
	gradient::Trail,
	kernels::kv::{PAGE, Pool, Sequence, Shape},
};

/// A wish for the trail of an answer.
pub(super) struct Wish {
	/// The layer from which on keys and values are kept, and into which the residual stream is.
	pub(super) first: usize,
	pub(super) sender: mpsc::Sender<Trail>,
}

impl Wish {
	/// Pages that the trail's memory would make, at the most.
	pub(super) fn pages(&self, base: &Config, request: &Request) -> usize {
		let shape = Shape::new(base);
		let rows = request.options.max_tokens.saturating_mul(row_bytes(base));
		let copied = positions(request).div_ceil(PAGE) * shape.from(self.first).page_bytes();
		rows.saturating_add(copied).div_ceil(shape.page_bytes())
	}
}

/// Bytes of one position's residual stream.
fn row_bytes(base: &Config) -> usize {
	size_of::<f32>() * base.hidden
}

/// Memory that was taken from that of keys and values.
#[derive(Debug)]
pub(crate) struct Loan {
	pages: usize,
	ledger: Arc<Ledger>,
}

impl Loan {
	/// Gives back what is not needed.
	fn shrink(&mut self, pages: usize) {
		let rest = self.pages.saturating_sub(pages);
		self.pages -= rest;
		self.ledger.pages.fetch_sub(rest, Ordering::Relaxed);
	}
}

impl Drop for Loan {
	fn drop(&mut self) {
		self.ledger.pages.fetch_sub(self.pages, Ordering::Relaxed);
		// Somebody may wait for it.
		(self.ledger.watcher)();
	}
}

/// How much is lent.
pub(super) struct Ledger {
	pages: AtomicUsize,
	/// Called when something came back.
	watcher: Arc<dyn Fn() + Send + Sync>,
}

impl std::fmt::Debug for Ledger {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		write!(f, "Ledger({})", self.pages())
	}
}

impl Ledger {
	pub(super) fn new(watcher: Arc<dyn Fn() + Send + Sync>) -> Arc<Self> {
		Arc::new(Self { pages: AtomicUsize::new(0), watcher })
	}

	/// Pages that are lent.
	pub(super) fn pages(&self) -> usize {
		self.pages.load(Ordering::Relaxed)
	}

	pub(super) fn lend(self: &Arc<Self>, pages: usize) -> Loan {
		self.pages.fetch_add(pages, Ordering::Relaxed);
		Loan { pages, ledger: Arc::clone(self) }
	}
}

/// What is kept so far.
pub(super) struct Keeping {
	wish: Wish,
	/// The first position that is kept.
	from: usize,
	/// `[positions, hidden]`.
	inputs: Vec<f32>,
	loan: Loan,
}

impl Keeping {
	/// Nothing so far, with room for what the longest answer to a request leaves: growing would take more
	/// than is lent. The system gives memory once it is written to.
	pub(super) fn new(wish: Wish, base: &Config, request: &Request, loan: Loan) -> Self {
		let rows = request.options.max_tokens;
		let inputs = Vec::with_capacity(rows.saturating_mul(base.hidden));
		Self { wish, from: request.prompt.len().saturating_sub(1), inputs, loan }
	}

	/// What to take from a pass in which the positions `run` are the rows from `row` on.
	pub(super) fn wanted(&self, run: Range<usize>, row: usize) -> Option<(usize, Range<usize>)> {
		let skipped = self.from.saturating_sub(run.start);
		let rows = row + skipped.min(run.len())..row + run.len();
		(!rows.is_empty()).then_some((self.wish.first, rows))
	}

	/// Adds what was taken.
	pub(super) fn add(&mut self, inputs: &[f32]) {
		self.inputs.extend_from_slice(inputs);
	}

	/// Forgets all positions from `len` on.
	pub(super) fn truncate(&mut self, len: usize, base: &Config) {
		self.inputs.truncate(len.saturating_sub(self.from) * base.hidden);
	}

	/// Hands it over, if there is an answer and somebody who takes it.
	pub(super) fn finish(
		self,
		pool: &Pool,
		sequence: &Sequence,
		(tokens, prompt): (Vec<u32>, usize),
		adapters: Adapters,
	) {
		if tokens.len() <= prompt {
			return;
		}
		let Self { wish: Wish { first, sender }, mut inputs, mut loan, .. } = self;
		// What is kept is what is lent for it.
		inputs.shrink_to_fit();
		let page = pool.page_bytes();
		let (pool, sequence) = pool.copy(sequence, first);
		let bytes = size_of_val(&inputs[..]) + pool.page_bytes() * sequence.pages().len();
		loan.shrink(bytes.div_ceil(page));
		let trail = Trail { tokens, prompt, first, adapters, inputs, pool, sequence, _loan: loan };
		// Whoever asked may have gone.
		let _ = sender.send(trail);
	}
}

/// Takes rows that go into layers from a pass.
#[derive(Default)]
pub(super) struct Taking {
	hidden: usize,
	wanted: Vec<(usize, Range<usize>)>,
	taken: Vec<Vec<f32>>,
}

impl Taking {
	/// Takes some rows of one layer each.
	pub(super) fn new(hidden: usize, wanted: Vec<(usize, Range<usize>)>) -> Self {
		let taken = wanted.iter().map(|_| Vec::new()).collect();
		Self { hidden, wanted, taken }
	}

	/// What it has taken, in the order in which it was wanted.
	pub(super) fn taken(&mut self) -> impl Iterator<Item = Vec<f32>> {
		mem::take(&mut self.taken).into_iter()
	}
}

impl Observer for Taking {
	fn before_attention(&mut self, layer: usize, x: &[f32]) {
		let wanted = self.wanted.iter().zip(&mut self.taken);
		for ((_, rows), taken) in wanted.filter(|((of, _), _)| *of == layer) {
			*taken = x[rows.start * self.hidden..rows.end * self.hidden].to_vec();
		}
	}

	fn before_head_norms(&mut self, _: usize, _: &[f32], _: &[f32]) {}
	fn attended(&mut self, _: usize, _: &[f32], _: &[f32]) {}
	fn before_feed_forward(&mut self, _: usize, _: &[f32]) {}
	fn gated(&mut self, _: usize, _: &[f32], _: &[f32]) {}
	fn finished(&mut self, _: &[f32]) {}
}
