//! The one thread that writes: many changes in each commit.
//!
//! A commit waits for the disk for milliseconds, whatever it holds. So changes queue up while the
//! last commit is under way, and the next takes all of them at once, in the order in which they came.
//! What nobody waits for, as the voucher that comes with a question, goes with the next that somebody
//! does, or by itself after [`PATIENCE`].

use super::{
	StoreError,
	error::disk,
	tables::{BATCHES, CONTENTS, NODES, PART, RECEIPTS, SESSIONS},
};
use futures::{channel::oneshot, executor::block_on};
use openledger_primitives_core::{BatchId, SessionId};
use openledger_primitives_receipts::SumNode;
use parking_lot::{Condvar, Mutex};
use redb::{Database, WriteTransaction};
use std::{
	io, mem,
	pin::Pin,
	sync::Arc,
	task::{Context, Poll, ready},
	thread::{self, JoinHandle},
	time::{Duration, Instant},
};

/// The most changes that wait. At 24 KiB for an answer, they take 24 MiB of memory.
const WAITING: usize = 1024;

/// How long a change waits for one that somebody waits for. Answers take longer than that, so that a
/// voucher seldom has a commit of its own on a busy operator, and is lost in a crash no later than
/// soon after it came.
const PATIENCE: Duration = Duration::from_millis(100);

/// One change to the file.
#[derive(Debug)]
pub(super) enum Write {
	Session(SessionId, Vec<u8>),
	/// All of a session that is left once its receipts are pruned.
	Forget(SessionId),
	Node(SessionId, u32, u32, SumNode),
	Receipt(SessionId, u32, Vec<u8>),
	Contents(SessionId, u32, Vec<u8>),
	Batch(BatchId, Vec<u8>),
	Final(BatchId),
	/// Receipts and contents of these positions, and the subtrees that no later proof needs.
	Prune {
		session: SessionId,
		from: u32,
		to: u32,
	},
}

/// A result that stands once it is on disk. A future for async callers; for others, [`Pending::wait`].
/// Dropping it changes nothing: what was begun is written all the same.
#[must_use = "nothing is known to be on disk before this is waited for"]
#[derive(Debug)]
pub struct Pending<T> {
	value: Option<T>,
	written: Option<Written>,
}

/// What tells that a change is on disk.
#[derive(Debug)]
struct Written {
	told: oneshot::Receiver<Result<(), StoreError>>,
	/// Until it is said that somebody waits.
	queued: Option<Arc<Shared>>,
}

impl<T> Pending<T> {
	/// What stands already.
	pub(super) fn done(value: T) -> Self {
		Self { value: Some(value), written: None }
	}

	/// Blocks the thread until it is on disk. Async callers await it instead: a thread that runs tasks
	/// is none to block, and one of `futures`' own executors panics.
	///
	/// # Errors
	/// [`StoreError::Disk`] or [`StoreError::Stopped`]: it may be on disk or not, and the store has to
	/// be opened again.
	pub fn wait(self) -> Result<T, StoreError>
	where
		T: Unpin,
	{
		block_on(self)
	}
}

impl<T: Unpin> Future for Pending<T> {
	type Output = Result<T, StoreError>;

	fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
		if let Some(written) = &mut self.written {
			if let Some(shared) = written.queued.take() {
				shared.hurry();
			}
			let outcome = ready!(Pin::new(&mut written.told).poll(context));
			self.written = None;
			if let Err(error) = outcome.unwrap_or(Err(StoreError::Stopped)) {
				self.value = None;
				return Poll::Ready(Err(error));
			}
		}
		Poll::Ready(self.value.take().ok_or(StoreError::Stopped))
	}
}

#[derive(Debug)]
struct Job {
	writes: Vec<Write>,
	done: oneshot::Sender<Result<(), StoreError>>,
}

#[derive(Debug, Default)]
struct Queue {
	jobs: Vec<Job>,
	/// When the first of them came.
	since: Option<Instant>,
	/// Whether one of them is waited for. The one that was meant may be written already: then these are
	/// early, which does no harm.
	awaited: bool,
	closing: bool,
	failed: Option<StoreError>,
}

impl Queue {
	/// When what is there is to be written; `None` while there is nothing.
	fn due(&self) -> Option<Instant> {
		let since = self.since?;
		let is_due = self.awaited || self.closing;
		// A clock that ends before then is not waited for.
		Some(since.checked_add(PATIENCE).filter(|_| !is_due).unwrap_or(since))
	}

	fn take(&mut self) -> Vec<Job> {
		(self.since, self.awaited) = (None, false);
		mem::take(&mut self.jobs)
	}
}

#[derive(Debug, Default)]
struct Shared {
	queue: Mutex<Queue>,
	ready: Condvar,
}

impl Shared {
	/// Has what is queued written at once.
	fn hurry(&self) {
		let mut queue = self.queue.lock();
		if queue.since.is_some() {
			queue.awaited = true;
			drop(queue);
			self.ready.notify_one();
		}
	}

	/// Ends all writing: what waits is answered with why.
	fn fail(&self, error: StoreError) {
		let mut queue = self.queue.lock();
		let error = queue.failed.get_or_insert(error).clone();
		for job in queue.jobs.drain(..) {
			let _ = job.done.send(Err(error.clone()));
		}
	}
}

/// Fails the queue when the thread ends, however it ends.
struct Ending(Arc<Shared>);

impl Drop for Ending {
	fn drop(&mut self) {
		self.0.fail(StoreError::Stopped);
	}
}

/// The writing thread. Dropping it waits until all that was queued is written.
pub(super) struct Writer {
	shared: Arc<Shared>,
	thread: Option<JoinHandle<()>>,
}

impl Writer {
	pub(super) fn start(database: Arc<Database>) -> io::Result<Self> {
		let shared = Arc::new(Shared::default());
		let ending = Ending(shared.clone());
		let thread = thread::Builder::new()
			.name("receipts".into())
			.spawn(move || write_all(&database, &ending.0))?;
		Ok(Self { shared, thread: Some(thread) })
	}

	/// Whether the store still works.
	///
	/// # Errors
	/// Why it does not: what is in memory may then be ahead of what is on disk, and nothing may be
	/// told from it.
	pub(super) fn check(&self) -> Result<(), StoreError> {
		self.shared.queue.lock().failed.clone().map_or(Ok(()), Err)
	}

	/// Queues changes that are written together or not at all, after all that were queued before.
	///
	/// # Errors
	/// [`StoreError::Busy`], or why the store has stopped; nothing is queued then.
	pub(super) fn push<T>(&self, writes: Vec<Write>, value: T) -> Result<Pending<T>, StoreError> {
		let mut queue = self.shared.queue.lock();
		if let Some(error) = &queue.failed {
			return Err(error.clone());
		}
		if queue.jobs.len() >= WAITING {
			return Err(StoreError::Busy);
		}
		let (done, written) = oneshot::channel();
		queue.jobs.push(Job { writes, done });
		let is_first = queue.since.is_none();
		queue.since.get_or_insert_with(Instant::now);
		drop(queue);
		if is_first {
			self.shared.ready.notify_one();
		}
		let written = Written { told: written, queued: Some(self.shared.clone()) };
		Ok(Pending { value: Some(value), written: Some(written) })
	}
}

impl Drop for Writer {
	fn drop(&mut self) {
		self.shared.queue.lock().closing = true;
		self.shared.ready.notify_one();
		if let Some(thread) = self.thread.take() {
			// It answered all that waited, also where it panicked.
			let _ = thread.join();
		}
	}
}

fn write_all(database: &Database, shared: &Shared) {
	loop {
		let jobs = {
			let mut queue = shared.queue.lock();
			loop {
				match queue.due() {
					Some(due) if due <= Instant::now() => break queue.take(),
					Some(due) => drop(shared.ready.wait_until(&mut queue, due)),
					None if queue.closing => return,
					None => shared.ready.wait(&mut queue),
				}
			}
		};
		let outcome = commit(database, &jobs);
		if let Err(error) = &outcome {
			log::error!("receipts cannot be written: {error}");
			shared.fail(error.clone());
		}
		for job in jobs {
			let _ = job.done.send(outcome.clone());
		}
		if outcome.is_err() {
			return;
		}
	}
}

fn commit(database: &Database, jobs: &[Job]) -> Result<(), StoreError> {
	let transaction = database.begin_write().map_err(disk)?;
	apply(&transaction, jobs).map_err(disk)?;
	transaction.commit().map_err(disk)
}

fn apply(transaction: &WriteTransaction, jobs: &[Job]) -> Result<(), redb::Error> {
	let mut sessions = transaction.open_table(SESSIONS)?;
	let mut nodes = transaction.open_table(NODES)?;
	let mut receipts = transaction.open_table(RECEIPTS)?;
	let mut contents = transaction.open_table(CONTENTS)?;
	let mut batches = transaction.open_table(BATCHES)?;
	for write in jobs.iter().flat_map(|job| &job.writes) {
		match write {
			Write::Session(session, record) => {
				sessions.insert(session, record.as_slice())?;
			}
			Write::Forget(session) => {
				sessions.remove(session)?;
				let all = (*session, 0, 0)..=(*session, u32::MAX, u32::MAX);
				nodes.retain_in(all, |_, _| false)?;
			}
			Write::Node(session, level, index, node) => {
				nodes.insert((*session, *level, *index), (node.hash.0, node.sum))?;
			}
			Write::Receipt(session, position, receipt) => {
				receipts.insert((*session, *position), receipt.as_slice())?;
			}
			Write::Contents(session, position, sealed) => {
				for (part, bytes) in (0..).zip(sealed.chunks(PART)) {
					contents.insert((*session, *position, part), bytes)?;
				}
			}
			Write::Batch(batch, record) => {
				batches.insert(batch, record.as_slice())?;
			}
			Write::Final(batch) => {
				batches.remove(batch)?;
			}
			Write::Prune { session, from, to } => {
				receipts.retain_in((*session, *from)..(*session, *to), |_, _| false)?;
				contents.retain_in((*session, *from, 0)..(*session, *to, 0), |_, _| false)?;
				for (level, range) in needless(*from, *to) {
					for index in range {
						nodes.remove((*session, level, index))?;
					}
				}
			}
		}
	}
	Ok(())
}

/// The subtrees that no proof for a leaf from `to` on needs, other than those that none from `from`
/// on needs: all within the first `to` leaves but the largest ones, which are siblings of later paths.
fn needless(from: u32, to: u32) -> impl Iterator<Item = (u32, std::ops::Range<u32>)> {
	// Of each level all but the last are within a larger one, and so is the last, unless the number
	// of leaves has this power of two in it.
	let within = |leaves: u32, level: u32| {
		let all = leaves.checked_shr(level).unwrap_or(0);
		all.saturating_sub(all & 1)
	};
	(0..u32::BITS).map(move |level| (level, within(from, level)..within(to, level)))
}
