//! What the queue knows of each job: bookkeeping without threads.

use std::collections::{BTreeSet, HashMap, VecDeque};

use codec::Encode;
use openledger_primitives_core::{Hash, RequestId, record::content_hash};
use openledger_primitives_inference::{Failure, Job, Progress, job::Executed};
use tokio_util::sync::CancellationToken;

use super::Done;

/// What a job is done for: the same request can be answered here and executed for an audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Task {
	Answer(RequestId),
	Execution(RequestId),
}

impl Task {
	/// The request.
	pub(super) fn request(self) -> RequestId {
		match self {
			Self::Answer(request) | Self::Execution(request) => request,
		}
	}
}

struct Entry {
	/// blake2b-256 of the encoded job, by which it is recognised.
	digest: Hash,
	/// Different for each time that a number was enqueued.
	turn: u64,
	stage: Stage,
}

enum Stage {
	Waiting(Box<Job>),
	Running(CancellationToken),
	Done(Box<Done>),
	Failed(Failure),
}

impl Stage {
	/// How far an answer is.
	fn progress(&self) -> Progress {
		match self {
			Self::Waiting(_) => Progress::Queued,
			Self::Running(_) => Progress::Running,
			Self::Done(done) => Progress::Done(done.outcome.clone()),
			Self::Failed(failure) => Progress::Failed(failure.clone()),
		}
	}

	/// How far an execution is.
	fn executed(&self) -> Executed {
		match self {
			Self::Waiting(_) => Executed::Queued,
			Self::Running(_) => Executed::Running,
			Self::Done(done) => Executed::Done(done.outcome.clone(), done.traces),
			Self::Failed(failure) => Executed::Failed(failure.clone()),
		}
	}
}

/// The state of a queue.
///
/// Every entry is named in exactly one of `waiting`, `running` and `finished`.
pub(super) struct State {
	entries: HashMap<Task, Entry>,
	waiting: VecDeque<Task>,
	running: BTreeSet<Task>,
	/// Oldest first.
	finished: VecDeque<Task>,
	capacity: usize,
	results: usize,
	turns: u64,
	stopping: bool,
}

impl State {
	pub(super) fn new(capacity: usize, results: usize) -> Self {
		Self {
			entries: HashMap::new(),
			waiting: VecDeque::new(),
			running: BTreeSet::new(),
			finished: VecDeque::new(),
			capacity,
			results,
			turns: 0,
			stopping: false,
		}
	}

	pub(super) fn capacity(&self) -> usize {
		self.capacity
	}

	pub(super) fn waiting(&self) -> usize {
		self.waiting.len()
	}

	pub(super) fn running(&self) -> &BTreeSet<Task> {
		&self.running
	}

	pub(super) fn finished(&self) -> usize {
		self.finished.len()
	}

	pub(super) fn is_stopping(&self) -> bool {
		self.stopping
	}

	pub(super) fn free(&self) -> usize {
		let taken = self.waiting.len() + self.running.len();
		if self.stopping { 0 } else { self.capacity.saturating_sub(taken) }
	}

	pub(super) fn progress(&self, request: RequestId) -> Option<Progress> {
		self.entries.get(&Task::Answer(request)).map(|entry| entry.stage.progress())
	}

	pub(super) fn enqueue(&mut self, job: Job) -> Result<Progress, Failure> {
		let task = Task::Answer(job.request);
		self.take_on(task, job).map(|stage| stage.progress())
	}

	pub(super) fn execute(&mut self, job: Job) -> Result<Executed, Failure> {
		let task = Task::Execution(job.request);
		self.take_on(task, job).map(|stage| stage.executed())
	}

	fn take_on(&mut self, task: Task, job: Job) -> Result<&Stage, Failure> {
		if self.stopping {
			return Err(Failure::Unavailable);
		}
		let digest = job.using_encoded(content_hash);
		let known = self.entries.get(&task).is_some_and(|known| known.digest == digest);
		if !known {
			self.forget(task);
			if self.free() == 0 {
				return Err(Failure::Busy);
			}
			self.turns += 1;
			let stage = Stage::Waiting(Box::new(job));
			self.entries.insert(task, Entry { digest, turn: self.turns, stage });
			self.waiting.push_back(task);
		}
		self.entries.get(&task).map(|entry| &entry.stage).ok_or(Failure::Unknown)
	}

	pub(super) fn forget(&mut self, task: Task) {
		let Some(entry) = self.entries.remove(&task) else { return };
		match entry.stage {
			Stage::Waiting(_) => self.waiting.retain(|other| *other != task),
			Stage::Running(cancel) => {
				cancel.cancel();
				self.running.remove(&task);
			}
			Stage::Done(_) | Stage::Failed(_) => self.finished.retain(|other| *other != task),
		}
	}

	/// The next job, from now on running.
	pub(super) fn next(&mut self) -> Option<(Task, u64, Box<Job>, CancellationToken)> {
		let task = self.waiting.pop_front()?;
		let entry = self.entries.get_mut(&task)?;
		let cancel = CancellationToken::new();
		let running = Stage::Running(cancel.clone());
		let Stage::Waiting(job) = std::mem::replace(&mut entry.stage, running) else { return None };
		self.running.insert(task);
		Some((task, entry.turn, job, cancel))
	}

	/// Keeps a result; false where its job has been forgotten or replaced since.
	pub(super) fn finish(&mut self, task: Task, turn: u64, result: Result<Done, Failure>) -> bool {
		let Some(entry) = self.entries.get_mut(&task).filter(|entry| entry.turn == turn) else {
			return false;
		};
		entry.stage = match result {
			Ok(done) => Stage::Done(Box::new(done)),
			Err(failure) => Stage::Failed(failure),
		};
		self.running.remove(&task);
		self.finished.push_back(task);
		while self.finished.len() > self.results {
			if let Some(oldest) = self.finished.pop_front() {
				self.entries.remove(&oldest);
			}
		}
		true
	}

	/// Cancels what runs and drops everything; nothing is taken on from now on.
	pub(super) fn stop(&mut self) {
		self.stopping = true;
		for (_, entry) in self.entries.drain() {
			if let Stage::Running(cancel) = entry.stage {
				cancel.cancel();
			}
		}
		self.waiting.clear();
		self.finished.clear();
		self.running.clear();
	}
}
