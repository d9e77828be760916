//! Many requests at once: they join and leave the batch at any token.
//!
//! One thread runs steps. A step takes the next token of every answer under way, and fills up with
//! parts of the prompts of those that have just begun, so that a long prompt does not hold up the
//! others. What a request is answered does not depend on what else runs.

mod adapters;
mod answer;
mod draft;
mod fair;
mod prefix;
mod step;
#[cfg(test)]
mod tests;
mod trail;

use std::{
	mem,
	path::Path,
	sync::{
		Arc, Condvar, Mutex, MutexGuard,
		atomic::{AtomicBool, Ordering},
		mpsc,
	},
	thread::{self, JoinHandle},
};

use crate::{
	base::Base,
	config::Config,
	engine,
	error::{Error, Result},
	generate::GenerateOptions,
	gradient::Trail,
	kernels::{
		Team,
		kv::{PAGE, Shape},
	},
	lock,
};
use adapters::Loading;
pub use adapters::Served;
pub use answer::{Answer, Event, Sink, Ticket, sink};
use step::Batch;
pub(crate) use trail::Loan;
use trail::Wish;

/// The most tokens that can be guessed at once.
const MAX_GUESSES: usize = 64;

/// How much is taken on at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
	/// Requests in the batch.
	pub running: usize,
	/// Requests that wait for a place in it; more are refused.
	pub waiting: usize,
	/// Bytes of keys and values.
	pub cache_bytes: usize,
	/// Tokens of prompts in one step.
	pub chunk: usize,
	/// Tokens of an answer that are guessed from what was said before, and run at once; 0 for none.
	/// Answers are the same.
	pub guesses: usize,
}

impl Default for Limits {
	/// 16 running and 256 waiting, 512 MiB, 256 tokens, no guesses.
	fn default() -> Self {
		Self { running: 16, waiting: 256, cache_bytes: 512 << 20, chunk: 256, guesses: 0 }
	}
}

/// What is asked.
#[derive(Debug, Clone)]
pub struct Request {
	/// The prompt's tokens.
	pub prompt: Vec<u32>,
	/// Adapters, each with a factor on what it adds; none for the base itself.
	pub adapters: Vec<(Served, f32)>,
	/// How it is answered.
	pub options: GenerateOptions,
	/// Who asks: payers get equal shares.
	pub payer: u64,
}

/// How much is under way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Load {
	/// Requests in the batch.
	pub running: usize,
	/// Requests that wait.
	pub waiting: usize,
	/// Pages of keys and values that requests use.
	pub pages: usize,
	/// Pages that are kept for prompts that begin alike.
	pub kept_pages: usize,
	/// Tokens run since the start.
	pub tokens: u64,
	/// Tokens of prompts that were taken from kept pages instead.
	pub reused_tokens: u64,
	/// Tokens of answers that were guessed.
	pub guessed_tokens: u64,
	/// Those of them that were right.
	pub right_guesses: u64,
}

/// Bytes of the keys and values of one position.
pub fn position_bytes(base: &Config) -> usize {
	Shape::new(base).page_bytes().div_ceil(PAGE)
}

/// Positions whose keys and values a request takes at most: the last token of its answer is not run.
fn positions(request: &Request) -> usize {
	(request.prompt.len() + request.options.max_tokens).saturating_sub(1)
}

/// A request on its way into the batch.
struct Submitted {
	request: Request,
	sink: Sink,
	cancelled: Arc<AtomicBool>,
	loading: Loading,
	/// Who wants its trail.
	wish: Option<Wish>,
	/// Of several answers to a request the first runs the prompt for all.
	part: Part,
}

impl Submitted {
	/// Whether it can be taken into the batch.
	fn is_ready(&self) -> bool {
		self.loading.is_over() && self.part.is_ready()
	}
}

/// Its part among several answers to one request.
enum Part {
	/// Opens the way for the others when the prompt has run, or it is gone.
	First { _opens: Opening },
	/// Waits until the way is open.
	Other(Arc<AtomicBool>),
}

impl Part {
	fn is_ready(&self) -> bool {
		match self {
			Self::First { .. } => true,
			Self::Other(open) => open.load(Ordering::Relaxed),
		}
	}
}

/// Opens when it is dropped.
struct Opening(Arc<AtomicBool>);

impl Drop for Opening {
	fn drop(&mut self) {
		self.0.store(true, Ordering::Relaxed);
	}
}

#[derive(Default)]
struct Inbox {
	submitted: Vec<Submitted>,
	/// An adapter was read that somebody may wait for.
	read: bool,
	load: Load,
	stop: bool,
	/// The thread has ended, by itself or by a panic.
	closed: bool,
}

/// What callers and the thread share.
struct Desk {
	inbox: Mutex<Inbox>,
	arrived: Condvar,
}

impl Desk {
	fn lock(&self) -> MutexGuard<'_, Inbox> {
		lock::lock(&self.inbox)
	}
}

/// A base that serves requests.
pub struct Server {
	base: Arc<Base>,
	limits: Limits,
	/// Pages that the limits allow.
	pages: usize,
	desk: Arc<Desk>,
	thread: Option<JoinHandle<()>>,
}

impl Server {
	/// Starts the thread, which uses the threads of `team`.
	///
	/// # Errors
	/// [`Error::InvalidOption`] when a limit is zero or not even one page fits, [`Error::Io`] when the
	/// system has no thread to spare.
	pub fn start(base: Arc<Base>, team: Arc<Team>, limits: Limits) -> Result<Self> {
		let refuse = |option, value: usize, reason| {
			Err(Error::InvalidOption { option, value: value.to_string(), reason })
		};
		if limits.guesses > MAX_GUESSES {
			return refuse("guesses", limits.guesses, "at most 64 tokens can be guessed at once");
		}
		for (name, value) in
			[("running", limits.running), ("waiting", limits.waiting), ("chunk", limits.chunk)]
		{
			if value == 0 {
				return refuse(name, value, "it has to be at least 1");
			}
		}
		let pages = limits.cache_bytes / Shape::new(&base.config).page_bytes();
		if pages == 0 {
			return refuse("cache_bytes", limits.cache_bytes, "not one page of 16 tokens fits");
		}
		let desk = Arc::new(Desk { inbox: Mutex::default(), arrived: Condvar::new() });
		let watching = Arc::downgrade(&desk);
		let watcher = Arc::new(move || {
			if let Some(desk) = watching.upgrade() {
				desk.lock().read = true;
				desk.arrived.notify_one();
			}
		});
		let batch = Batch::new(Arc::clone(&base), team, limits, pages, watcher);
		let shared = Arc::clone(&desk);
		let thread = thread::Builder::new().name("openlora-serve".into());
		let thread = thread.spawn(move || run(batch, &shared));
		let thread = Some(thread.map_err(Error::io(Path::new("a thread")))?);
		Ok(Self { base, limits, pages, desk, thread })
	}

	/// Adds a request, whose answer can be waited for.
	///
	/// # Errors
	/// As [`Server::submit_to`].
	pub fn submit(&self, request: Request) -> Result<Answer> {
		self.answer(request, None)
	}

	/// As [`Server::submit`], with the answer's [`Trail`] for its gradient from the layer `first` on.
	///
	/// The trail comes before the answer's end. There is none of an answer that fails, is cancelled or
	/// has no token. Its memory is taken from that of keys and values until it is dropped; what it may
	/// take is kept free from the request's beginning on.
	///
	/// # Errors
	/// As [`Server::submit_to`]; [`Error::InvalidOption`] when there is no such layer.
	pub fn submit_keeping(
		&self,
		request: Request,
		first: usize,
	) -> Result<(Answer, mpsc::Receiver<Trail>)> {
		if first >= self.base.config.layers {
			let (option, value) = ("first", first.to_string());
			return Err(Error::InvalidOption { option, value, reason: "there is no such layer" });
		}
		let (sender, trail) = mpsc::channel();
		Ok((self.answer(request, Some(Wish { first, sender }))?, trail))
	}

	fn answer(&self, request: Request, wish: Option<Wish>) -> Result<Answer> {
		let (sender, events) = mpsc::channel();
		let sink = sink(move |event| sender.send(event).is_ok());
		let mut tickets = self.take(request, vec![sink], wish)?;
		Ok(Answer { events, ticket: tickets.pop().ok_or(Error::Stopped)? })
	}

	/// Adds a request whose events go to `sink`.
	///
	/// # Errors
	/// [`Error::Busy`] when too many wait; what is wrong with the prompt, the options or an adapter;
	/// [`Error::CacheFull`] when it would not fit even by itself.
	pub fn submit_to(&self, request: Request, sink: Sink) -> Result<Ticket> {
		let mut tickets = self.submit_all(request, vec![sink])?;
		tickets.pop().ok_or(Error::Stopped)
	}

	/// Adds as many answers to one request as there are sinks, or none of them. The prompt is run once;
	/// answers are drawn as [`Sampling::of_answer`](crate::Sampling::of_answer) says.
	///
	/// # Errors
	/// As [`Server::submit_to`]; [`Error::InvalidOption`] for no sinks, or more than may ever wait.
	pub fn submit_all(&self, request: Request, sinks: Vec<Sink>) -> Result<Vec<Ticket>> {
		self.take(request, sinks, None)
	}

	/// The first answer is the one whose trail may be wanted.
	fn take(
		&self,
		mut request: Request,
		sinks: Vec<Sink>,
		mut wish: Option<Wish>,
	) -> Result<Vec<Ticket>> {
		let count = sinks.len();
		if count == 0 || count > self.limits.waiting {
			let (option, value) = ("n", count.to_string());
			let reason = "there has to be an answer, and no more than may wait";
			return Err(Error::InvalidOption { option, value, reason });
		}
		request.options.validate(&self.base)?;
		engine::check_tokens(&request.prompt, self.base.config.vocab)?;
		let (length, context) = (request.prompt.len(), self.base.config.context);
		if length > context {
			return Err(Error::ContextExceeded { tokens: length, context });
		}
		adapters::check(&request.adapters, &self.base.config)?;
		request.options.max_tokens = request.options.max_tokens.min(context - length + 1);
		let positions = positions(&request);
		let more = wish.as_ref().map_or(0, |wish| wish.pages(&self.base.config, &request));
		if positions.div_ceil(PAGE).saturating_add(more) > self.pages {
			let bytes = Shape::new(&self.base.config).page_bytes() / PAGE;
			return Err(Error::CacheFull { positions, available: self.pages * PAGE, bytes });
		}
		let open = Arc::new(AtomicBool::new(false));
		let each = sinks.into_iter().enumerate().map(|(index, sink)| {
			let mut request = request.clone();
			request.options.sampling = request.options.sampling.of_answer(index);
			let part = match index {
				0 => Part::First { _opens: Opening(Arc::clone(&open)) },
				_ => Part::Other(Arc::clone(&open)),
			};
			let cancelled = Arc::new(AtomicBool::new(false));
			let (loading, wish) = (Loading::Wanted, wish.take());
			Submitted { request, sink, cancelled, loading, wish, part }
		});
		let submitted: Vec<Submitted> = each.collect();
		let tickets = submitted.iter().map(|one| Ticket(Arc::clone(&one.cancelled))).collect();
		let mut inbox = self.desk.lock();
		if inbox.closed {
			return Err(Error::Stopped);
		}
		let waiting = inbox.load.waiting + inbox.submitted.len();
		if waiting + count > self.limits.waiting {
			return Err(Error::Busy { waiting });
		}
		inbox.submitted.extend(submitted);
		drop(inbox);
		self.desk.arrived.notify_one();
		Ok(tickets)
	}

	/// Whether requests are taken: not after the thread has ended.
	pub fn is_running(&self) -> bool {
		!self.desk.lock().closed
	}

	/// How much is under way.
	pub fn load(&self) -> Load {
		let inbox = self.desk.lock();
		Load { waiting: inbox.load.waiting + inbox.submitted.len(), ..inbox.load }
	}
}

impl Drop for Server {
	fn drop(&mut self) {
		self.desk.lock().stop = true;
		self.desk.arrived.notify_one();
		if let Some(thread) = self.thread.take() {
			// A panic of the thread has been printed, and every answer has ended.
			let _ = thread.join();
		}
	}
}

/// Closes the desk however the thread ends, so that nobody waits for it.
struct Closing<'a>(&'a Desk);

impl Drop for Closing<'_> {
	fn drop(&mut self) {
		let mut inbox = self.0.lock();
		inbox.closed = true;
		let left = mem::take(&mut inbox.submitted);
		// Files of adapters may go with them, for which nobody who asks should wait.
		drop(inbox);
		drop(left);
	}
}

fn run(mut batch: Batch, desk: &Desk) {
	let _closing = Closing(desk);
	loop {
		let mut inbox = desk.lock();
		while inbox.submitted.is_empty() && !inbox.read && batch.is_idle() && !inbox.stop {
			inbox = lock::wait(&desk.arrived, inbox);
		}
		if inbox.stop {
			return;
		}
		inbox.read = false;
		let submitted = mem::take(&mut inbox.submitted);
		// They are not forgotten until the batch counts them.
		inbox.load.waiting += submitted.len();
		// Sinks are called from here on, grammars copied and files removed: nobody waits for that who
		// submits a request, or asks how much is under way.
		drop(inbox);
		batch.take(submitted);
		batch.gather();
		desk.lock().load = batch.load();
		batch.step();
		desk.lock().load = batch.load();
	}
}
