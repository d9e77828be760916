//! Watching: claims and indexes are looked at for what can be challenged, behind the host function, on
//! threads of their own.
//!
//! It takes the models' content, and no base: what a claim leaves out shows in its query sketch and the
//! committed index. What was looked at is remembered by what the chain said of it, so that a claim which
//! was corrected since is looked at again.

mod book;
mod look;
mod pauses;
#[cfg(test)]
mod tests;

use std::{
	panic::{AssertUnwindSafe, catch_unwind},
	sync::Arc,
	thread::JoinHandle,
	time::{Duration, Instant},
};

use openledger_primitives_attribution::found;
use openledger_primitives_core::{Balance, DatanetId, Hash, Sketch};
use openledger_primitives_inference::{
	Command, Failure, Message, Reply, Response,
	host::Engine,
	watch::{Deed, Sighting, Watched, WatchedClaim},
};
use parking_lot::{Condvar, Mutex};
use substrate_prometheus_endpoint::Registry;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use self::{book::Book, look::Looker};
use crate::{
	config::OperatorConfig,
	content::ContentStore,
	error::StartError,
	metrics::{Metrics, kind},
	operator::Operator,
};

/// Looks at once: fetching for one model version does not hold up all others.
const THREADS: usize = 2;

/// Where the leaves of a Datanet's records are to be had.
pub trait RecordLeaves: Send + Sync + 'static {
	/// The hashes of the first `count` record leaves of a Datanet, in the tree's order; `None` where
	/// some of them are known no more.
	fn leaves(&self, datanet: DatanetId, count: u32) -> Option<Vec<Hash>>;
}

/// The first pause before what failed is tried again: two blocks, since windows are short.
const FIRST_PAUSE: Duration = Duration::from_secs(6);

/// How a node watches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchSettings {
	/// Omissions by which a contributor loses less than this are left alone, in the smallest unit of OPEN.
	pub least: Balance,
	/// The first pause before what failed is tried again. Each following one is twice as long, up to
	/// five minutes.
	pub pause: Duration,
	/// Leaves that are demanded are looked for alone: what operators do that do not watch.
	pub shows_only: bool,
}

impl Default for WatchSettings {
	fn default() -> Self {
		Self { least: 0, pause: FIRST_PAUSE, shows_only: false }
	}
}

/// The sketch of what was asked, where the claim that came with the answer is known and has it: the chain keeps
/// its hash.
fn question(claim: &WatchedClaim) -> Option<&Sketch> {
	let (found, submitted) = (claim.found.as_ref()?, claim.submitted.as_ref()?);
	let sketch = &submitted.found.as_ref()?.sketch;
	(found::question(sketch) == found.question).then_some(sketch)
}

/// A running watcher. It stops when dropped.
pub struct Watcher {
	shared: Arc<Shared>,
	threads: Mutex<Vec<JoinHandle<()>>>,
}

struct Shared {
	book: Mutex<Book>,
	wake: Condvar,
	cancel: CancellationToken,
	metrics: Metrics,
	shows_only: bool,
}

impl Watcher {
	/// Watches beside an operator's worker, with its content.
	///
	/// # Errors
	/// [`StartError::Thread`] when the system gives no thread.
	pub fn beside(
		operator: &Operator,
		settings: WatchSettings,
		leaves: Arc<dyn RecordLeaves>,
		runtime: Handle,
	) -> Result<Self, StartError> {
		let (store, metrics) = (operator.content().clone(), operator.metrics().clone());
		Self::start(settings, store, leaves, runtime, metrics)
	}

	/// Watches on a node that is no operator. Of `config`, what says where content is kept and fetched
	/// from counts; nothing is served.
	///
	/// # Errors
	/// [`StartError`], naming what to change.
	pub fn alone(
		config: &OperatorConfig,
		settings: WatchSettings,
		leaves: Arc<dyn RecordLeaves>,
		runtime: Handle,
		registry: Option<&Registry>,
	) -> Result<Self, StartError> {
		config.validate()?;
		let metrics = Metrics::new(registry)?;
		let store = ContentStore::open(config, metrics.clone())?;
		Self::start(settings, store, leaves, runtime, metrics)
	}

	fn start(
		settings: WatchSettings,
		store: ContentStore,
		leaves: Arc<dyn RecordLeaves>,
		runtime: Handle,
		metrics: Metrics,
	) -> Result<Self, StartError> {
		let book = Mutex::new(Book::new(settings.pause));
		let shows_only = settings.shows_only;
		let looker = Arc::new(Looker::new(store, leaves, runtime, settings));
		let shared = Arc::new(Shared {
			book,
			wake: Condvar::new(),
			cancel: CancellationToken::new(),
			metrics,
			shows_only,
		});
		let watcher = Self { shared, threads: Mutex::default() };
		for _ in 0..THREADS {
			let (shared, looker) = (watcher.shared.clone(), looker.clone());
			let thread = std::thread::Builder::new().name("openledger-watch".into());
			let thread = thread.spawn(move || shared.work(&looker));
			let thread = thread.map_err(|error| StartError::Thread(error.to_string()))?;
			watcher.threads.lock().push(thread);
		}
		Ok(watcher)
	}

	/// How far the look at something is; one that is not known begins.
	pub fn look(&self, watched: Watched) -> Response {
		if self.shared.shows_only && watched.show.is_none() {
			return Response::Failed(Failure::Unavailable);
		}
		let now = Instant::now();
		let mut book = self.shared.book.lock();
		let told = book.ask(watched, now);
		// What is over is asked for no more, and is noted by nobody.
		self.shared.metrics.watch_missing.set(book.missing(now) as u64);
		drop(book);
		self.shared.wake.notify_one();
		told.map_or(Response::Failed(Failure::Busy), Response::Sighted)
	}

	/// Counts what became of a challenge.
	pub fn count(&self, deed: Deed) {
		let label = match deed {
			Deed::Committed => "committed",
			Deed::Won => "won",
			Deed::Lost => "lost",
			Deed::Withdrawn => "withdrawn",
			Deed::Shown => "shown",
		};
		self.shared.metrics.challenges.with_label_values(&[label]).inc();
	}
}

impl Drop for Watcher {
	fn drop(&mut self) {
		let book = self.shared.book.lock();
		self.shared.cancel.cancel();
		drop(book);
		self.shared.wake.notify_all();
		for thread in std::mem::take(&mut *self.threads.lock()) {
			if thread.join().is_err() {
				log::error!("a thread that watches ended by a panic");
			}
		}
	}
}

impl Shared {
	/// Looks at one thing after the other until the watcher stops.
	fn work(&self, looker: &Looker) {
		while let Some((watched, turn)) = self.next() {
			let look = || looker.look(&watched, &self.cancel);
			// Content is others': what it can do to a look ends that one alone.
			let seen = catch_unwind(AssertUnwindSafe(look)).unwrap_or_else(|_| {
				Sighting::Failed(Failure::Engine("looking at it panicked".into()))
			});
			if self.cancel.is_cancelled() {
				return;
			}
			self.tell(&watched, &seen);
			let mut book = self.book.lock();
			let now = Instant::now();
			book.note(&watched, turn, seen, now);
			self.metrics.watch_missing.set(book.missing(now) as u64);
		}
	}

	fn next(&self) -> Option<(Watched, u64)> {
		let mut book = self.book.lock();
		loop {
			if self.cancel.is_cancelled() {
				return None;
			}
			if let Some(next) = book.next() {
				return Some(next);
			}
			self.wake.wait(&mut book);
		}
	}

	fn tell(&self, watched: &Watched, seen: &Sighting) {
		let what = match &watched.claim {
			Some(claim) => format!("claim {}", claim.request),
			None => format!("model version {}", watched.model),
		};
		match seen {
			Sighting::Failed(failure) => {
				log::warn!("{what} can't be looked at: {failure:?}");
				self.metrics.watch_failures.with_label_values(&[kind(failure)]).inc();
				return;
			}
			Sighting::Found(_) => log::info!("{what}: there is something to challenge"),
			Sighting::Leaf(leaf, _) => {
				log::info!("{what}: position {} can be shown", leaf.position);
				return;
			}
			Sighting::Clean | Sighting::Looking => log::debug!("{what}: nothing to challenge"),
		}
		match watched.claim {
			Some(_) => self.metrics.watched_claims.inc(),
			None => self.metrics.watched_indexes.inc(),
		}
	}
}

/// What off-chain workers talk to on a node that watches: an operator's engine, where there is one, for
/// all but watching.
pub struct WatchEngine {
	watcher: Arc<Watcher>,
	operator: Option<Arc<dyn Engine>>,
}

impl WatchEngine {
	/// An engine that watches, beside `operator`.
	pub fn new(watcher: Arc<Watcher>, operator: Option<Arc<dyn Engine>>) -> Self {
		Self { watcher, operator }
	}
}

impl Engine for WatchEngine {
	fn exchange(&self, message: Message) -> Reply {
		match (message, &self.operator) {
			(Message::V3(Command::Look(watched)), _) => Reply::V3(self.watcher.look(watched)),
			(Message::V3(Command::Count(deed)), _) => {
				self.watcher.count(deed);
				Reply::V3(Response::Noted)
			}
			(message, Some(operator)) => operator.exchange(message),
			(Message::V3(_), None) => Reply::V3(Response::Failed(Failure::Unavailable)),
		}
	}
}
