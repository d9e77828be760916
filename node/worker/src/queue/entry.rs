//! What the queue knows of each job: bookkeeping without threads.

use std::{
	collections::{BTreeSet, HashMap, VecDeque},
	time::{Duration, Instant},
};

use codec::Encode;
use openledger_primitives_core::{Hash, RequestId, record::content_hash};
use openledger_primitives_inference::{
	Failure, Job, Progress, comparison::Comparison, examination::Examination, job::Executed,
	receipts::Drawn,
};
use openledger_primitives_receipts::commitment::Salt;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{
	endpoint,
	question::{AnsweredBy, Question},
};

/// After how long without being asked for an examination is nobody's any more. A chain that stands still for
/// some minutes shall not lose what has taken long.
const ABANDONED: Duration = Duration::from_secs(300);

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

/// Which threads do something: what takes minutes must not hold up answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
	/// Those that answer and execute.
	Answers,
	/// The one that examines model versions.
	Examinations,
}

/// What is to be computed.
pub(super) enum Work {
	/// For an on-chain request.
	Job(Box<Job>),
	/// For an on-chain request that another has answered, with its worker where that is known.
	Answered(Box<Job>, Option<Url>),
	/// For a drawn receipt, with the salt of its commitments.
	Question(Box<Question>, Salt),
	/// Of a model version.
	Examination(Box<Examination>),
	/// Of two records.
	Comparison(Comparison),
}

struct Entry {
	/// blake2b-256 of what was enqueued, by which it is recognised.
	digest: Hash,
	/// Different for each time that a number was enqueued.
	turn: u64,
	stage: Stage,
	/// When it was last asked for, where nobody asking for it any more ends it.
	asked: Option<Instant>,
}

enum Stage {
	/// What was asked is being fetched.
	Fetching(CancellationToken),
	Waiting(Work),
	Running(CancellationToken),
	/// Done or failed.
	Finished(Box<Executed>),
}

impl Stage {
	/// How far an answer is.
	fn progress(&self) -> Progress {
		match self.executed() {
			Executed::Queued => Progress::Queued,
			Executed::Running => Progress::Running,
			Executed::Done(outcome, _) => Progress::Done(outcome),
			Executed::Failed(failure) => Progress::Failed(failure),
			// Receipts are executed, versions examined and records compared, and never answered for a
			// request.
			Executed::Drawn(..) | Executed::Examined(..) | Executed::Compared(..) => {
				Progress::Failed(Failure::Unknown)
			}
		}
	}

	/// How far an execution is.
	fn executed(&self) -> Executed {
		match self {
			Self::Fetching(_) | Self::Waiting(_) => Executed::Queued,
			Self::Running(_) => Executed::Running,
			Self::Finished(executed) => executed.as_ref().clone(),
		}
	}
}

/// The state of a queue.
///
/// Every entry is named in exactly one of `fetching`, `waiting`, `examinations`, `running` and `finished`.
pub(super) struct State {
	entries: HashMap<Task, Entry>,
	fetching: BTreeSet<Task>,
	waiting: VecDeque<Task>,
	/// Those that wait for the thread which examines.
	examinations: VecDeque<Task>,
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
			fetching: BTreeSet::new(),
			waiting: VecDeque::new(),
			examinations: VecDeque::new(),
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
		self.fetching.len() + self.waiting.len() + self.examinations.len()
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
		let taken = self.waiting() + self.running.len();
		if self.stopping { 0 } else { self.capacity.saturating_sub(taken) }
	}

	pub(super) fn progress(&self, request: RequestId) -> Option<Progress> {
		self.entries.get(&Task::Answer(request)).map(|entry| entry.stage.progress())
	}

	pub(super) fn enqueue(&mut self, job: Job) -> Result<Progress, Failure> {
		let task = Task::Answer(job.request);
		let digest = job.using_encoded(content_hash);
		if self.make_room(task, digest)? {
			self.enter(task, digest, Stage::Waiting(Work::Job(Box::new(job))));
			self.waiting.push_back(task);
		}
		self.stage(task).map(|stage| stage.progress())
	}

	pub(super) fn execute(
		&mut self,
		job: Job,
		answered_by: Option<Url>,
	) -> Result<Executed, Failure> {
		let task = Task::Execution(job.request);
		// Whoever is audited may say with every block that its worker is elsewhere.
		let digest = job.using_encoded(content_hash);
		if self.make_room(task, digest)? {
			let work = Work::Answered(Box::new(job), answered_by);
			self.enter(task, digest, Stage::Waiting(work));
			self.waiting.push_back(task);
		} else {
			self.moved(task, answered_by);
		}
		self.stage(task).map(|stage| stage.executed())
	}

	/// Takes on a drawn receipt. Where it is new, what was asked is fetched from now on: returned are
	/// its turn, and what says that nobody waits for it any more.
	pub(super) fn execute_drawn(
		&mut self,
		drawn: &Drawn,
	) -> Result<(Executed, Option<(u64, CancellationToken)>), Failure> {
		let task = Task::Execution(drawn.claim);
		let Drawn { claim, model, payer, input, material, endpoint, pass: _ } = drawn;
		// The pass has another signature each time. The operator may move its worker whenever it likes, which
		// must not begin anew what is under way: no execution of its answers would end.
		let digest = (claim, model, payer, input, material).using_encoded(content_hash);
		let begun = match self.make_room(task, digest)? {
			false => {
				self.moved(task, endpoint::parse(endpoint).ok());
				None
			}
			true => {
				let cancel = CancellationToken::new();
				let turn = self.enter(task, digest, Stage::Fetching(cancel.clone()));
				self.fetching.insert(task);
				Some((turn, cancel))
			}
		};
		self.stage(task).map(|stage| (stage.executed(), begun))
	}

	/// Takes on the examination of a model version, which was asked for `now`.
	pub(super) fn examine(
		&mut self,
		examination: Examination,
		now: Instant,
	) -> Result<Executed, Failure> {
		let task = Task::Execution(examination.audit);
		let digest = examination.using_encoded(content_hash);
		if self.make_room(task, digest)? {
			let work = Work::Examination(Box::new(examination));
			self.enter(task, digest, Stage::Waiting(work));
			self.examinations.push_back(task);
		}
		if let Some(entry) = self.entries.get_mut(&task) {
			entry.asked = Some(now);
		}
		self.stage(task).map(|stage| stage.executed())
	}

	/// Takes on the comparison of two records, which takes no longer than reading them.
	pub(super) fn compare(&mut self, comparison: Comparison) -> Result<Executed, Failure> {
		let task = Task::Execution(comparison.audit);
		let digest = comparison.using_encoded(content_hash);
		if self.make_room(task, digest)? {
			self.enter(task, digest, Stage::Waiting(Work::Comparison(comparison)));
			self.waiting.push_back(task);
		}
		self.stage(task).map(|stage| stage.executed())
	}

	/// What has not begun asks the worker that there is now.
	fn moved(&mut self, task: Task, answered_by: Option<Url>) {
		let Some(Entry { stage: Stage::Waiting(work), .. }) = self.entries.get_mut(&task) else {
			return;
		};
		match (work, answered_by) {
			(Work::Answered(_, last), Some(now)) => *last = Some(now),
			(Work::Question(question, _), Some(worker)) => {
				question.answered_by = Some(AnsweredBy { worker, audit: task.request() });
			}
			_ => {}
		}
	}

	/// Whether the task is to be entered: it is not known, and there is room for it now.
	fn make_room(&mut self, task: Task, digest: Hash) -> Result<bool, Failure> {
		if self.stopping {
			return Err(Failure::Unavailable);
		}
		if self.entries.get(&task).is_some_and(|known| known.digest == digest) {
			return Ok(false);
		}
		self.forget(task);
		if self.free() == 0 { Err(Failure::Busy) } else { Ok(true) }
	}

	fn enter(&mut self, task: Task, digest: Hash, stage: Stage) -> u64 {
		self.turns += 1;
		self.entries.insert(task, Entry { digest, turn: self.turns, stage, asked: None });
		self.turns
	}

	fn stage(&self, task: Task) -> Result<&Stage, Failure> {
		self.entries.get(&task).map(|entry| &entry.stage).ok_or(Failure::Unknown)
	}

	/// Puts in line what was fetched, unless it has been forgotten or replaced since.
	pub(super) fn fetched(&mut self, task: Task, turn: u64, work: Work) {
		let Some(entry) = self.entries.get_mut(&task).filter(|entry| entry.turn == turn) else {
			return;
		};
		if self.fetching.remove(&task) {
			entry.stage = Stage::Waiting(work);
			self.waiting.push_back(task);
		}
	}

	pub(super) fn forget(&mut self, task: Task) {
		let Some(entry) = self.entries.remove(&task) else { return };
		match entry.stage {
			Stage::Fetching(cancel) => {
				cancel.cancel();
				self.fetching.remove(&task);
			}
			Stage::Waiting(_) => {
				self.waiting.retain(|other| *other != task);
				self.examinations.retain(|other| *other != task);
			}
			Stage::Running(cancel) => {
				cancel.cancel();
				self.running.remove(&task);
			}
			Stage::Finished(_) => self.finished.retain(|other| *other != task),
		}
	}

	/// Drops the examinations under way that nobody has asked for since long before `now`. Whoever waits for
	/// one asks with every block: its audit has ended, or was on another branch of the chain.
	/// Returns whether there were any.
	pub(super) fn drop_abandoned(&mut self, now: Instant) -> bool {
		let abandoned = |(task, entry): (&Task, &Entry)| {
			let asked = entry.asked?;
			let over = matches!(entry.stage, Stage::Finished(_));
			(!over && now.saturating_duration_since(asked) > ABANDONED).then_some(*task)
		};
		let tasks: Vec<Task> = self.entries.iter().filter_map(abandoned).collect();
		let any = !tasks.is_empty();
		tasks.into_iter().for_each(|task| self.forget(task));
		any
	}

	/// The next job of a lane, from now on running.
	pub(super) fn next(&mut self, lane: Lane) -> Option<(Task, u64, Work, CancellationToken)> {
		let task = match lane {
			Lane::Answers => self.waiting.pop_front()?,
			Lane::Examinations => self.examinations.pop_front()?,
		};
		let entry = self.entries.get_mut(&task)?;
		let cancel = CancellationToken::new();
		let running = Stage::Running(cancel.clone());
		let Stage::Waiting(work) = std::mem::replace(&mut entry.stage, running) else {
			return None;
		};
		self.running.insert(task);
		Some((task, entry.turn, work, cancel))
	}

	/// Keeps a result; false where its job has been forgotten or replaced since.
	pub(super) fn finish(
		&mut self,
		task: Task,
		turn: u64,
		result: Result<Executed, Failure>,
	) -> bool {
		let Some(entry) = self.entries.get_mut(&task).filter(|entry| entry.turn == turn) else {
			return false;
		};
		entry.stage = Stage::Finished(Box::new(result.unwrap_or_else(Executed::Failed)));
		self.fetching.remove(&task);
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
			if let Stage::Fetching(cancel) | Stage::Running(cancel) = entry.stage {
				cancel.cancel();
			}
		}
		self.fetching.clear();
		self.waiting.clear();
		self.examinations.clear();
		self.finished.clear();
		self.running.clear();
	}
}
