//! What is kept of an answer while it grows, for its gradient.

use std::{
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
	engine::{Keep, Observer, Tape},
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

/// Rows for which a tape grows at once.
const GROWTH: usize = 16;
/// The part of all memory up to which trails grow tapes, and which is left to requests all the same: what there
/// is no tape of is computed once more.
const TAPES: usize = 4;

/// Whether a tape may take `more` of `all` pages, of which `lent` are trails' and `free` nobody's: neither lent
/// nor any that requests may come to need.
pub(super) fn may_grow(all: usize, lent: usize, free: usize, more: usize) -> bool {
	let part = all / TAPES;
	lent + more <= part && free >= more + part
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
	/// Counts so many more pages.
	fn grow(&mut self, pages: usize) {
		self.pages += pages;
		self.ledger.pages.fetch_add(pages, Ordering::Relaxed);
	}

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

/// What is kept so far: of the first rows everything that the way back takes, as far as memory was lent for
/// it, and of the others what went into the first layer, from which the rest is computed once more.
pub(super) struct Keeping {
	wish: Wish,
	/// The first position that is kept.
	from: usize,
	/// Rows that there is a tape for.
	taped: usize,
	tape: Tape<'static>,
	/// `[positions, hidden]`, of those after the tape's.
	inputs: Vec<f32>,
	loan: Loan,
}

impl Keeping {
	/// Nothing so far, with room for the inputs that the longest answer to a request leaves: growing would
	/// take more than is lent. The system gives memory once it is written to.
	pub(super) fn new(wish: Wish, base: &Config, request: &Request, loan: Loan) -> Self {
		let rows = request.options.max_tokens;
		let inputs = Vec::with_capacity(rows.saturating_mul(base.hidden));
		let tape = Tape::new(wish.first, Keep::All, None);
		let from = request.prompt.len().saturating_sub(1);
		Self { wish, from, taped: 0, tape, inputs, loan }
	}

	/// Rows that the tape lacks for the positions up to `end`, by [`GROWTH`], and the pages that they would
	/// make. None once a row has its inputs alone.
	pub(super) fn lacking(&self, end: usize, base: &Config) -> Option<(usize, usize)> {
		let rows =
			end.saturating_sub(self.from).checked_sub(self.taped).filter(|rows| *rows > 0)?;
		if !self.inputs.is_empty() {
			return None;
		}
		let rows = rows.next_multiple_of(GROWTH);
		let bytes = rows.saturating_mul(Tape::row_bytes(self.wish.first, base));
		Some((rows, bytes.div_ceil(Shape::new(base).page_bytes())))
	}

	/// Has so many more rows be kept whole, for which there are so many more pages.
	pub(super) fn grow(&mut self, (rows, pages): (usize, usize), base: &Config) {
		self.taped += rows;
		self.tape.reserve(rows, base);
		self.loan.grow(pages);
	}

	/// Forgets all positions from `len` on.
	pub(super) fn truncate(&mut self, len: usize, base: &Config) {
		let rows = len.saturating_sub(self.from);
		self.inputs.truncate(rows.saturating_sub(self.taped) * base.hidden);
		self.tape.truncate(rows, base);
	}

	/// Hands it over, if there is an answer and somebody who takes it.
	pub(super) fn finish(
		self,
		base: &Config,
		pool: &Pool,
		sequence: &Sequence,
		(tokens, prompt): (Vec<u32>, usize),
		adapters: Adapters,
	) {
		if tokens.len() <= prompt {
			return;
		}
		let Self { wish: Wish { first, sender }, mut tape, mut inputs, mut loan, .. } = self;
		// What is kept is what is lent for it.
		inputs.shrink_to_fit();
		tape.shrink_to_fit();
		let taped = tape.rows(base) * Tape::row_bytes(first, base);
		let page = pool.page_bytes();
		let (pool, sequence) = pool.copy(sequence, first);
		let bytes = taped + size_of_val(&inputs[..]) + pool.page_bytes() * sequence.pages().len();
		loan.shrink(bytes.div_ceil(page));
		let trail =
			Trail { tokens, prompt, first, adapters, tape, inputs, pool, sequence, _loan: loan };
		// Whoever asked may have gone.
		let _ = sender.send(trail);
	}
}

/// Keeps rows of a pass for those who want them.
pub(super) struct Taking<'a> {
	/// Rows of the pass.
	rows: usize,
	wanted: Vec<Wanted<'a>>,
}

/// Rows of a pass that one of its requests keeps.
struct Wanted<'a> {
	keeping: &'a mut Keeping,
	taped: Range<usize>,
	/// Those that follow, of which the inputs are kept alone.
	inputs: Range<usize>,
}

impl<'a> Taking<'a> {
	/// Nothing yet, of a pass of so many rows.
	pub(super) fn new(rows: usize) -> Self {
		Self { rows, wanted: Vec::new() }
	}

	/// Has what `keeping` wants be kept of a pass in which its positions `run` are the rows from `row` on.
	pub(super) fn add(&mut self, keeping: &'a mut Keeping, run: Range<usize>, row: usize) {
		let number = |at: usize| row + at.clamp(run.start, run.end) - run.start;
		let (from, taped) = (keeping.from, keeping.from.saturating_add(keeping.taped));
		let (taped, inputs) = (number(from)..number(taped), number(taped)..number(run.end));
		if taped.start < inputs.end {
			self.wanted.push(Wanted { keeping, taped, inputs });
		}
	}

	/// The tapes that get rows of the pass, and which.
	fn tapes(&mut self) -> impl Iterator<Item = (&mut Tape<'static>, Part)> {
		let rows = self.rows;
		let wanted = self.wanted.iter_mut().filter(|wanted| !wanted.taped.is_empty());
		wanted.map(move |Wanted { keeping, taped, .. }| {
			(&mut keeping.tape, Part { taken: taped.clone(), rows })
		})
	}
}

/// Some of the rows of a pass.
struct Part {
	taken: Range<usize>,
	rows: usize,
}

impl Part {
	/// Theirs of all rows' values.
	fn of<'v>(&self, values: &'v [f32]) -> &'v [f32] {
		let width = values.len() / self.rows;
		&values[self.taken.start * width..self.taken.end * width]
	}
}

impl Observer for Taking<'_> {
	fn before_attention(&mut self, layer: usize, x: &[f32]) {
		for Wanted { keeping, inputs, .. } in &mut self.wanted {
			if layer == keeping.wish.first {
				let part = Part { taken: inputs.clone(), rows: self.rows };
				keeping.inputs.extend_from_slice(part.of(x));
			}
		}
		self.tapes().for_each(|(tape, part)| tape.before_attention(layer, part.of(x)));
	}

	fn before_head_norms(&mut self, layer: usize, queries: &[f32], keys: &[f32]) {
		self.tapes().for_each(|(tape, part)| {
			tape.before_head_norms(layer, part.of(queries), part.of(keys));
		});
	}

	fn attended(&mut self, layer: usize, queries: &[f32], mixed: &[f32]) {
		self.tapes()
			.for_each(|(tape, part)| tape.attended(layer, part.of(queries), part.of(mixed)));
	}

	fn before_feed_forward(&mut self, layer: usize, x: &[f32]) {
		self.tapes().for_each(|(tape, part)| tape.before_feed_forward(layer, part.of(x)));
	}

	fn gated(&mut self, layer: usize, gate: &[f32], up: &[f32]) {
		self.tapes().for_each(|(tape, part)| tape.gated(layer, part.of(gate), part.of(up)));
	}

	fn finished(&mut self, x: &[f32]) {
		self.tapes().for_each(|(tape, part)| tape.finished(part.of(x)));
	}
}
