//! The batch, and one step of it.

mod admit;

use std::{
	mem,
	sync::{
		Arc,
		atomic::{AtomicBool, Ordering},
	},
};

use super::{
	Event, Limits, Load, Part, Request, Sink, Submitted,
	adapters::Held,
	draft::Drafter,
	fair::{Fair, Owner},
	positions,
	prefix::{Adapters, Prefixes},
	trail::{self, Keeping, Ledger, Taking},
};
use crate::{
	base::Base,
	choice::{Choice, Chosen},
	config::Config,
	engine::{self, Packed, Run, Workspace},
	error::{Error, Result},
	generate::Finish,
	kernels::{
		Team,
		kv::{PAGE, Pool, Sequence},
	},
};

/// Rows of a step up to which guesses are added: with more of them wrong guesses cost more than right
/// ones save.
const GUESSED_ROWS: usize = 5;

/// A request in the batch.
struct Active {
	owner: Owner,
	request: Request,
	/// What its keys and values depend on.
	adapters: Adapters,
	held: Held,
	/// The prompt and what was answered.
	tokens: Vec<u32>,
	/// Keys and values of the first of them.
	sequence: Sequence,
	/// Where the choice of its tokens stands.
	choice: Choice,
	drafter: Drafter,
	/// Guesses at the tokens that follow, which are run with the last one.
	guesses: Vec<u32>,
	/// What is kept for its gradient.
	keeping: Option<Keeping>,
	/// Held until the prompt has run.
	part: Option<Part>,
	sink: Sink,
	cancelled: Arc<AtomicBool>,
	/// Why it ends after this step.
	end: Option<Event>,
}

impl Active {
	/// Pages that it takes at most; the last token of an answer is not run.
	fn pages(request: &Request) -> usize {
		positions(request).div_ceil(PAGE)
	}

	/// Has nothing be kept of positions that were not run, or in vain.
	fn keep_as_run(&mut self, base: &Config) {
		if let Some(keeping) = &mut self.keeping {
			keeping.truncate(self.sequence.len(), base);
		}
	}

	/// Takes the next token.
	fn push(&mut self, chosen: Chosen) {
		let options = &self.request.options;
		if options.stop_tokens.contains(&chosen.token) {
			self.end = Some(Event::Done(Finish::Stop));
			return;
		}
		self.tokens.push(chosen.token);
		if (self.sink)(Event::Token(chosen)).is_break() {
			self.end = Some(Event::Done(Finish::Cancelled));
		} else if self.choice.is_over() {
			self.end = Some(Event::Done(Finish::Stop));
		} else if self.tokens.len() >= self.request.prompt.len() + options.max_tokens {
			self.end = Some(Event::Done(Finish::Length));
		}
	}
}

/// Everything that the thread works on.
pub(super) struct Batch {
	base: Arc<Base>,
	team: Arc<Team>,
	limits: Limits,
	pages: usize,
	/// Called when an adapter was read.
	watcher: Arc<dyn Fn() + Send + Sync>,
	pool: Pool,
	/// What trails have of it.
	lent: Arc<Ledger>,
	/// Pages that were withdrawn for them.
	withdrawn: usize,
	prefixes: Prefixes,
	waiting: Fair<Submitted>,
	active: Vec<Active>,
	/// Those who wait have been looked at, and nobody has left since.
	gathered: bool,
	workspace: Workspace,
	logits: Vec<f32>,
	tokens: u64,
	reused: u64,
	guessed: u64,
	right: u64,
}

impl Batch {
	pub(super) fn new(
		base: Arc<Base>,
		team: Arc<Team>,
		limits: Limits,
		pages: usize,
		watcher: Arc<dyn Fn() + Send + Sync>,
	) -> Self {
		let pool = Pool::new(&base.config, pages);
		let lent = Ledger::new(Arc::clone(&watcher));
		Self {
			base,
			team,
			limits,
			pages,
			watcher,
			pool,
			lent,
			withdrawn: 0,
			prefixes: Prefixes::default(),
			waiting: Fair::new(),
			active: Vec::new(),
			gathered: false,
			workspace: Workspace::default(),
			logits: Vec::new(),
			tokens: 0,
			reused: 0,
			guessed: 0,
			right: 0,
		}
	}

	/// Whether nothing can be run: nobody is here, or those who are wait for their adapters.
	pub(super) fn is_idle(&self) -> bool {
		self.active.is_empty() && (self.waiting.len() == 0 || self.gathered)
	}

	pub(super) fn load(&self) -> Load {
		let kept = self.prefixes.idle(&self.pool);
		Load {
			running: self.active.len(),
			waiting: self.waiting.len(),
			pages: self.pages - self.pool.available() - kept,
			kept_pages: kept,
			tokens: self.tokens,
			reused_tokens: self.reused,
			guessed_tokens: self.guessed,
			right_guesses: self.right,
		}
	}

	/// Runs some tokens of every request in the batch.
	pub(super) fn step(&mut self) {
		self.gathered &= self.active.is_empty();
		let shares = self.shares();
		let chosen: Vec<usize> = (0..self.active.len()).filter(|at| shares[*at] > 0).collect();
		if chosen.is_empty() {
			return;
		}
		self.guess(&shares);
		if self.run(&chosen, &shares).is_err() {
			// One that fails must not take the others with it, nor a wrong guess its own request.
			self.active.iter_mut().for_each(|active| active.guesses.clear());
			for at in chosen {
				if let Err(error) = self.run(&[at], &shares) {
					self.active[at].end = Some(Event::Failed(error));
				}
			}
		}
		self.leave();
	}

	/// How many tokens of each request are run: the last of those that answer, and of prompts as many
	/// as fit the chunk, those that came first before the others.
	fn shares(&self) -> Vec<usize> {
		let mut left = self.limits.chunk;
		let share = |active: &Active| {
			let rest = active.tokens.len() - active.sequence.len();
			if active.end.is_some() {
				return 0;
			}
			if rest == 1 {
				return 1;
			}
			let share = rest.min(left);
			left -= share;
			share
		};
		self.active.iter().map(share).collect()
	}

	/// Guesses how answers go on, as long as the step does not get much longer by it.
	fn guess(&mut self, shares: &[usize]) {
		let mut left = GUESSED_ROWS.saturating_sub(shares.iter().sum());
		for (active, share) in self.active.iter_mut().zip(shares) {
			active.guesses.clear();
			let end = active.request.prompt.len() + active.request.options.max_tokens;
			// The last token of an answer is not run.
			let room = end.saturating_sub(active.tokens.len() + 1).min(left);
			if *share == 1 && active.sequence.len() + 1 == active.tokens.len() {
				active.guesses = active.drafter.guess(&active.tokens, room);
				left -= active.guesses.len();
			}
		}
	}

	/// Runs the shares of some requests and their guesses, and chooses the next tokens of those that
	/// are at their end.
	///
	/// # Errors
	/// What one of them fails with; none is any further then.
	fn run(&mut self, chosen: &[usize], shares: &[usize]) -> Result<()> {
		for &at in chosen {
			let Active { sequence, guesses, .. } = &mut self.active[at];
			let count = shares[at] + guesses.len();
			let pages = (sequence.len() + count).div_ceil(PAGE);
			let needed = pages.saturating_sub(sequence.pages().len());
			let missing = needed.saturating_sub(self.pool.available());
			self.prefixes.evict(&mut self.pool, missing);
			self.pool.reserve(sequence, count)?;
			let end = sequence.len() + count;
			self.lend(at, end);
		}
		let count = |at: usize, guesses: &[u32]| shares[at] + guesses.len();
		let rows = chosen.iter().map(|at| count(*at, &self.active[*at].guesses)).sum();
		let (mut parts, mut row) = (Vec::with_capacity(chosen.len()), 0);
		let mut taking = Taking::new(rows);
		for (at, active) in self.active.iter_mut().enumerate().filter(|(at, _)| chosen.contains(at))
		{
			let Active { sequence, tokens, guesses, held, keeping, .. } = active;
			let (from, count) = (sequence.len(), count(at, guesses));
			if let Some(keeping) = keeping {
				taking.add(keeping, from..from + count, row);
			}
			row += count;
			let packed = held.packed.iter().map(|(packed, factor)| (&**packed, *factor));
			let packed: Vec<(&Packed, f32)> = packed.collect();
			let rows = [&tokens[from..from + shares[at]], guesses.as_slice()].concat();
			parts.push((rows, sequence, packed));
		}
		let mut runs: Vec<Run<'_>> = parts
			.iter_mut()
			.map(|(tokens, sequence, adapters)| Run { tokens, sequence, adapters })
			.collect();
		let (base, team, workspace) = (&*self.base, &*self.team, &mut self.workspace);
		let hidden = base.config.hidden;
		let passed = engine::forward(base, team, &mut self.pool, &mut runs, workspace, &mut taking);
		let states = match passed {
			Ok(states) => states,
			Err(error) => {
				for &at in chosen {
					self.active[at].keep_as_run(&base.config);
				}
				return Err(error);
			}
		};

		let (mut row, mut last, mut ready) = (0, Vec::new(), Vec::new());
		for &at in chosen {
			let active = &self.active[at];
			let guesses = active.guesses.len();
			row += shares[at] + guesses;
			if active.sequence.len() == active.tokens.len() + guesses {
				last.extend_from_slice(&states[(row - 1 - guesses) * hidden..row * hidden]);
				ready.push(at);
			}
			self.tokens += shares[at] as u64;
			self.waiting.served(active.owner, shares[at]);
		}
		if ready.is_empty() {
			return Ok(());
		}
		// The sequences have grown: from here on a request fails by itself.
		let mut failed: Vec<Option<Error>> = Vec::new();
		if engine::logits(base, team, &last, &mut self.logits).is_err() {
			self.logits.clear();
			for last in last.chunks_exact(hidden) {
				let mut own = Vec::new();
				failed.push(engine::logits(base, team, last, &mut own).err());
				own.resize(base.config.vocab, 0.0);
				self.logits.append(&mut own);
			}
		}
		let logits = std::mem::take(&mut self.logits);
		let rows: Vec<&[f32]> = logits.chunks_exact(base.config.vocab).collect();
		failed.resize_with(rows.len(), || None);
		let mut from = 0;
		for at in ready {
			let count = 1 + self.active[at].guesses.len();
			let (rows, failed) = (&rows[from..from + count], &mut failed[from..from + count]);
			self.choose(at, rows.iter().copied().zip(failed.iter_mut().map(Option::take)));
			from += count;
		}
		self.logits = logits;
		Ok(())
	}

	/// Lends memory for the tape of a request whose positions up to `end` are run, where it may grow.
	fn lend(&mut self, at: usize, end: usize) {
		let config = &self.base.config;
		let keeping = self.active[at].keeping.as_ref();
		let Some(more) = keeping.and_then(|of| of.lacking(end, config)) else { return };
		let taken: usize = self.active.iter().map(|one| Active::pages(&one.request)).sum();
		let free = self.pages.saturating_sub(self.withdrawn + taken);
		let (_, pages) = more;
		if !trail::may_grow(self.pages, self.withdrawn, free, pages) || !self.withdraw(pages) {
			return;
		}
		if let Some(keeping) = &mut self.active[at].keeping {
			keeping.grow(more, &self.base.config);
		}
	}

	/// Takes pages from the pool for a trail, from prompts' beginnings that are kept if need be. Returns whether
	/// there were as many.
	fn withdraw(&mut self, pages: usize) -> bool {
		let missing = pages.saturating_sub(self.pool.available());
		self.prefixes.evict(&mut self.pool, missing);
		let withdrawn = self.pool.withdraw(pages).is_ok();
		self.withdrawn += if withdrawn { pages } else { 0 };
		withdrawn
	}

	/// Takes the next token of a request, and the ones after it as long as they were guessed, from
	/// the scores after its last token and each guess, of which some could not be computed.
	fn choose<'a>(&mut self, at: usize, rows: impl Iterator<Item = (&'a [f32], Option<Error>)>) {
		let active = &mut self.active[at];
		let prompt = active.request.prompt.len();
		if active.part.take().is_some() {
			let (tokens, pages) = (&active.tokens, active.sequence.pages());
			self.prefixes.keep(&mut self.pool, &active.adapters, tokens, pages);
		}
		let guesses = mem::take(&mut active.guesses);
		let mut right = 0;
		for (index, (logits, failed)) in rows.enumerate() {
			let (options, tokens) = (&active.request.options, &active.tokens);
			let chosen = match failed {
				Some(error) => Err(error),
				None => active.choice.next(logits, options, tokens, prompt),
			};
			match chosen {
				Ok(chosen) => {
					let is_right = guesses.get(index) == Some(&chosen.token);
					active.push(chosen);
					if !is_right || active.end.is_some() {
						break;
					}
					right += 1;
				}
				Err(error) => {
					active.end = Some(Event::Failed(error));
					break;
				}
			}
		}
		if !guesses.is_empty() {
			active.drafter.learn(guesses.len(), right);
			self.pool.truncate(&mut active.sequence, active.tokens.len() - 1);
			active.keep_as_run(&self.base.config);
			self.waiting.served(active.owner, right);
			self.tokens += right as u64;
			self.guessed += guesses.len() as u64;
			self.right += right as u64;
		}
	}

	/// Removes what has ended, and frees what it held.
	fn leave(&mut self) {
		let (ended, stay) =
			mem::take(&mut self.active).into_iter().partition::<Vec<_>, _>(|one| one.end.is_some());
		self.active = stay;
		for mut one in ended {
			let left = one.cancelled.load(Ordering::Relaxed);
			if let (Some(keeping), Some(Event::Done(_)), false) =
				(one.keeping.take(), &one.end, left)
			{
				let tokens = (mem::take(&mut one.tokens), one.request.prompt.len());
				let (base, adapters) = (&self.base.config, mem::take(&mut one.adapters));
				keeping.finish(base, &self.pool, &one.sequence, tokens, adapters);
			}
			self.pool.truncate(&mut one.sequence, 0);
			self.waiting.done(one.owner);
			if let Some(end) = one.end {
				// Whoever asked may listen no more.
				let _ = (one.sink)(end);
			}
		}
	}
}
