//! What the queue knows of each job: bookkeeping without threads.

use std::collections::{BTreeSet, HashMap, VecDeque};

use codec::Encode;
use openledger_primitives_core::{Hash, RequestId, record::content_hash};
use openledger_primitives_inference::{Failure, Job, Outcome, Progress};
use tokio_util::sync::CancellationToken;

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
	Done(Box<Outcome>),
	Failed(Failure),
}

impl Stage {
	fn progress(&self) -> Progress {
		match self {
			Self::Waiting(_) => Progress::Queued,
			Self::Running(_) => Progress::Running,
			Self::Done(outcome) => Progress::Done((**outcome).clone()),
			Self::Failed(failure) => Progress::Failed(failure.clone()),
		}
	}
}

/// The state of a queue.
///
/// Every entry is named in exactly one of `waiting`, `running` and `finished`.
pub(super) struct State {
	entries: HashMap<RequestId, Entry>,
	waiting: VecDeque<RequestId>,
	running: BTreeSet<RequestId>,
	/// Oldest first.
	finished: VecDeque<RequestId>,
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

	pub(super) fn running(&self) -> &BTreeSet<RequestId> {
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
		self.entries.get(&request).map(|entry| entry.stage.progress())
	}

	pub(super) fn enqueue(&mut self, job: Job) -> Result<Progress, Failure> {
		if self.stopping {
			return Err(Failure::Unavailable);
		}
		let request = job.request;
		let digest = job.using_encoded(content_hash);
		match self.entries.get(&request) {
			Some(known) if known.digest == digest => return Ok(known.stage.progress()),
			Some(_) => self.forget(request),
			None => {}
		}
		if self.free() == 0 {
			return Err(Failure::Busy);
		}
		self.turns += 1;
		let stage = Stage::Waiting(Box::new(job));
		self.entries.insert(request, Entry { digest, turn: self.turns, stage });
		self.waiting.push_back(request);
		Ok(Progress::Queued)
	}

	pub(super) fn forget(&mut self, request: RequestId) {
		let Some(entry) = self.entries.remove(&request) else { return };
		match entry.stage {
			Stage::Waiting(_) => self.waiting.retain(|other| *other != request),
			Stage::Running(cancel) => {
				cancel.cancel();
				self.running.remove(&request);
			}
			Stage::Done(_) | Stage::Failed(_) => self.finished.retain(|other| *other != request),
		}
	}

	/// The next job, from now on running.
	pub(super) fn next(&mut self) -> Option<(RequestId, u64, Box<Job>, CancellationToken)> {
		let request = self.waiting.pop_front()?;
		let entry = self.entries.get_mut(&request)?;
		let cancel = CancellationToken::new();
		let running = Stage::Running(cancel.clone());
		let Stage::Waiting(job) = std::mem::replace(&mut entry.stage, running) else { return None };
		self.running.insert(request);
		Some((request, entry.turn, job, cancel))
	}

	/// Keeps a result; false where its job has been forgotten or replaced since.
	pub(super) fn finish(
		&mut self,
		request: RequestId,
		turn: u64,
		result: Result<Outcome, Failure>,
	) -> bool {
		let Some(entry) = self.entries.get_mut(&request).filter(|entry| entry.turn == turn) else {
			return false;
		};
		entry.stage = match result {
			Ok(outcome) => Stage::Done(Box::new(outcome)),
			Err(failure) => Stage::Failed(failure),
		};
		self.running.remove(&request);
		self.finished.push_back(request);
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
