//! Jobs in order of arrival, some of them answered at once, each on a thread of its own.
//!
//! A job is known from [`Queue::enqueue`] until [`Queue::forget`]: enqueuing it again changes
//! nothing, and its result stays the same however often it is asked for. Nothing is kept on disk.
//! After a restart every job is unknown, and whoever wants it answered enqueues it again; the
//! chain takes one answer to a request at most.

mod entry;
#[cfg(test)]
mod tests;

use std::{
	panic::{AssertUnwindSafe, catch_unwind},
	sync::Arc,
	thread::JoinHandle,
	time::{Duration, Instant},
};

use openledger_primitives_attribution::{Claim, audit::Traces, duplicate::Overlap};
use openledger_primitives_core::{Answer, Hash, RequestId, model::Usage};
use openledger_primitives_inference::{
	Failure, Job, Material, Outcome, Response,
	comparison::Comparison,
	examination::{Examination, Examined},
	job::Executed,
	receipts::{Drawn, Recomputed},
};
use openledger_primitives_receipts::commitment::{self, Salt};
use parking_lot::{Condvar, Mutex, MutexGuard};
use sp_core::crypto::AccountId32;
use tokio_util::sync::CancellationToken;
use url::Url;

use self::entry::{Lane, State, Task, Work};
use crate::{
	canaries::Canaries,
	error::StartError,
	metrics::{Metrics, kind},
	question::{AnsweredBy, Question, Unanswered},
	stock::Held,
};

/// The longest text in a failure, in bytes.
const MAX_REASON: usize = 256;

/// How often threads without work look for examinations that nobody waits for.
const LOOK_ROUND: Duration = Duration::from_secs(20);

/// A question answered: what is told, and what shows that the model was run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
	/// The answer.
	pub text: String,
	/// The tokens it took.
	pub usage: Usage,
	/// Which records moved it.
	pub claim: Claim<AccountId32>,
	/// The traces of the execution, which the claim has sealed.
	pub traces: Traces,
	/// Whether the model ended the answer, and not a bound on its length.
	pub complete: bool,
}

impl Done {
	/// As the chain is told.
	fn outcome(self) -> Result<Executed, Failure> {
		let Self { text, usage, claim, traces, .. } = self;
		let answer = Answer::try_from(text.into_bytes())
			.map_err(|_| Failure::Engine("the answer is too long".into()))?;
		Ok(Executed::Done(Outcome { answer, usage, claim }, traces))
	}

	/// As the chain is told where the answer stays off chain.
	fn recomputed(self, salt: &Salt) -> Executed {
		let Self { text, usage, claim, traces, .. } = self;
		let answer = commitment::output(salt, text.as_bytes());
		Executed::Drawn(Recomputed { answer, usage, claim }, traces)
	}
}

/// What answers a question.
pub trait Answerer: Send + Sync + 'static {
	/// blake2b-256 of each base's weights file.
	fn bases(&self) -> Vec<Hash>;

	/// Less than which no answer to the question can be bounded to, found without looking for records: with
	/// none in its prompt, or with as many as fill the context. What [`Answerer::most`] says costs no less than
	/// the cheaper of the two, whatever the price.
	///
	/// # Errors
	/// What keeps it from being answered, with records or without.
	fn least(&self, question: &Question) -> Result<[Usage; 2], Unanswered>;

	/// The most tokens that the question's answer can take. Returns early, with any failure, once `cancel` says
	/// so: what the prompt is made of may have to be fetched.
	///
	/// # Errors
	/// What keeps it from being answered.
	fn most(&self, question: &Question, cancel: &CancellationToken) -> Result<Usage, Unanswered>;

	/// Answers and attributes one question. Returns early, with any failure, once `cancel` says so:
	/// nobody waits for the result then.
	///
	/// # Errors
	/// What kept it from being answered.
	fn answer(&self, question: &Question, cancel: &CancellationToken) -> Result<Done, Unanswered>;

	/// Fetches every record that can be put into a prompt of a model version and is not here, which takes
	/// minutes. `told` hears how far it is. Returns early, with any failure, once `cancel` says so.
	///
	/// # Errors
	/// What keeps the version's records from being known: [`Failure::MissingContent`] and
	/// [`Failure::BadContent`] of its retrieval. A record that is nowhere is in what is returned.
	fn stock(
		&self,
		material: &Material,
		told: &mut dyn FnMut(&Held),
		cancel: &CancellationToken,
	) -> Result<Held, Failure>;

	/// Computes drawn parts of a model version again, which takes minutes. Returns early, with any failure,
	/// once `cancel` says so.
	///
	/// # Errors
	/// What kept it from being computed: [`Failure::MissingContent`] and [`Failure::BadContent`] where its
	/// owner does not hand out what that takes.
	fn examine(
		&self,
		examination: &Examination,
		cancel: &CancellationToken,
	) -> Result<(Examined, Traces), Failure>;

	/// Compares two records.
	///
	/// # Errors
	/// What kept them from being compared: [`Failure::MissingContent`] of the one that is nowhere to be had,
	/// or not as it should be.
	fn compare(
		&self,
		comparison: &Comparison,
		cancel: &CancellationToken,
	) -> Result<(Overlap, Traces), Failure>;
}

/// What is called once with what was asked behind a drawn receipt.
pub type Fetched = Box<dyn FnOnce(Result<(Salt, Question), Failure>) + Send>;

/// What gets from an operator what was asked behind a drawn receipt.
pub trait Handouts: Send + Sync + 'static {
	/// Begins to fetch, and returns. `then` is called from any thread, with what was asked where the
	/// receipt commits to it; not at all where `cancel` says so before.
	fn fetch(&self, drawn: Drawn, cancel: CancellationToken, then: Fetched);
}

/// How many jobs there are.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Load {
	/// Jobs that may wait or run.
	pub capacity: usize,
	/// Jobs waiting for their turn.
	pub waiting: usize,
	/// The jobs being answered.
	pub running: Vec<RequestId>,
	/// Results kept until they are forgotten.
	pub finished: usize,
	/// Whether the threads that answer are there.
	pub alive: bool,
}

/// The queue with its threads.
pub struct Queue {
	shared: Arc<Shared>,
	handouts: Arc<dyn Handouts>,
	threads: Mutex<Vec<JoinHandle<()>>>,
}

/// How much a queue does.
pub struct Shape {
	/// Jobs that may wait or run.
	pub capacity: usize,
	/// Jobs that are answered at once.
	pub parallel: usize,
}

struct Shared {
	state: Mutex<State>,
	canaries: Canaries,
	/// Threads of both lanes wait for it: whoever adds work wakes all.
	wake: Condvar,
	metrics: Metrics,
}

impl Queue {
	/// Starts the threads that answer. Four times as many results are kept as jobs may wait or run; the
	/// oldest result makes room, and its job is unknown from then on. Claims on answers, and not on what is executed
	/// again, become `canaries`.
	///
	/// # Errors
	/// [`StartError::Thread`] when the system gives no thread.
	pub fn start(
		answerer: Arc<dyn Answerer>,
		handouts: Arc<dyn Handouts>,
		canaries: Canaries,
		shape: Shape,
		metrics: Metrics,
	) -> Result<Self, StartError> {
		let Shape { capacity, parallel } = shape;
		let results = capacity.saturating_mul(4);
		let shared = Arc::new(Shared {
			state: Mutex::new(State::new(capacity, results)),
			canaries,
			wake: Condvar::new(),
			metrics,
		});
		let queue = Self { shared, handouts, threads: Mutex::default() };
		let answers = (0..parallel).map(|_| (Lane::Answers, "openledger-answers"));
		let lanes = answers.chain([(Lane::Examinations, "openledger-examines")]);
		for (lane, name) in lanes {
			let (shared, answerer) = (queue.shared.clone(), answerer.clone());
			let thread = std::thread::Builder::new().name(name.into());
			let thread = thread.spawn(move || {
				while let Some((task, turn, work, cancel)) = shared.next(lane) {
					let result = shared.attempt(answerer.as_ref(), &work, &cancel);
					shared.finish(task, turn, result);
				}
			});
			let thread = thread.map_err(|error| StartError::Thread(error.to_string()))?;
			queue.threads.lock().push(thread);
		}
		Ok(queue)
	}

	/// Takes on a job. A job that is known changes nothing; one of the same number that differs, as
	/// after a re-organisation of the chain, replaces the other.
	pub fn enqueue(&self, job: Job) -> Response {
		let response = self.shared.state.lock().enqueue(job);
		self.shared.wake.notify_all();
		self.shared.count();
		match response {
			Ok(progress) => Response::Progress(progress),
			Err(failure) => Response::Failed(failure),
		}
	}

	/// Takes on the execution of what another operator has answered, as [`Queue::enqueue`] takes on
	/// a job, apart from those. Where the other's worker is known, it is asked for what nobody else has of the
	/// content that executing it takes. One that has begun goes on with the worker that it began with. What
	/// nobody can have answered is [`Failure::BadContent`].
	pub fn execute(&self, job: Job, answered_by: Option<Url>) -> Response {
		let response = self.shared.state.lock().execute(job, answered_by);
		self.shared.wake.notify_all();
		self.shared.count();
		match response {
			Ok(executed) => Response::Executed(executed),
			Err(failure) => Response::Failed(failure),
		}
	}

	/// As [`Queue::execute`], of a receipt that lots have drawn. What was asked is fetched first, which
	/// holds up no thread that answers.
	pub fn execute_drawn(&self, drawn: Drawn) -> Response {
		let task = Task::Execution(drawn.claim);
		let response = self.shared.state.lock().execute_drawn(&drawn);
		self.shared.count();
		match response {
			Ok((executed, begun)) => {
				if let Some((turn, cancel)) = begun {
					let shared = self.shared.clone();
					let then = move |found| shared.fetched(task, turn, found);
					self.handouts.fetch(drawn, cancel, Box::new(then));
				}
				Response::Executed(executed)
			}
			Err(failure) => Response::Failed(failure),
		}
	}

	/// Takes on the examination of a model version, as [`Queue::execute`] takes on an execution. One at a
	/// time is under way, beside answers and executions. One that nobody asks for again is dropped after some
	/// minutes.
	pub fn examine(&self, examination: Examination) -> Response {
		let response = self.shared.state.lock().examine(examination, Instant::now());
		self.shared.wake.notify_all();
		self.shared.count();
		match response {
			Ok(executed) => Response::Executed(executed),
			Err(failure) => Response::Failed(failure),
		}
	}

	/// Takes on the comparison of two records, as [`Queue::execute`] takes on an execution.
	pub fn compare(&self, comparison: Comparison) -> Response {
		let response = self.shared.state.lock().compare(comparison);
		self.shared.wake.notify_all();
		self.shared.count();
		match response {
			Ok(executed) => Response::Executed(executed),
			Err(failure) => Response::Failed(failure),
		}
	}

	/// What makes canaries of claims.
	pub fn canaries(&self) -> &Canaries {
		&self.shared.canaries
	}

	/// How far a job is.
	pub fn poll(&self, request: RequestId) -> Response {
		match self.shared.state.lock().progress(request) {
			Some(progress) => Response::Progress(progress),
			None => Response::Failed(Failure::Unknown),
		}
	}

	/// Drops a job and its result; where it is being answered, that stops.
	pub fn forget(&self, request: RequestId) {
		self.shared.state.lock().forget(Task::Answer(request));
		self.shared.count();
	}

	/// Drops an execution and its result; where it is under way, that stops.
	pub fn forget_execution(&self, request: RequestId) {
		self.shared.state.lock().forget(Task::Execution(request));
		self.shared.count();
	}

	/// Jobs that still fit.
	pub fn free(&self) -> usize {
		self.shared.state.lock().free()
	}

	/// How many jobs there are.
	pub fn load(&self) -> Load {
		let threads = self.threads.lock();
		let alive = !threads.is_empty() && threads.iter().all(|thread| !thread.is_finished());
		drop(threads);
		let state = self.shared.state.lock();
		Load {
			capacity: state.capacity(),
			waiting: state.waiting(),
			running: state.running().iter().map(|task| task.request()).collect(),
			finished: state.finished(),
			alive,
		}
	}

	/// Stops the jobs being answered, drops all others, and waits for the threads to end.
	pub fn stop(&self) {
		self.shared.state.lock().stop();
		self.shared.wake.notify_all();
		let threads = std::mem::take(&mut *self.threads.lock());
		for thread in threads {
			if thread.join().is_err() {
				log::error!("a thread that answers ended by a panic");
			}
		}
		self.shared.count();
	}
}

impl Drop for Queue {
	fn drop(&mut self) {
		self.stop();
	}
}

impl Shared {
	/// Waits for the next job of a lane; `None` once the queue stops.
	fn next(&self, lane: Lane) -> Option<(Task, u64, Work, CancellationToken)> {
		let mut state = self.state.lock();
		loop {
			if state.is_stopping() {
				return None;
			}
			if let Some(next) = state.next(lane) {
				drop(state);
				self.count();
				return Some(next);
			}
			self.wake.wait_for(&mut state, LOOK_ROUND);
			if state.drop_abandoned(Instant::now()) {
				MutexGuard::unlocked(&mut state, || self.count());
			}
		}
	}

	/// What was fetched for a drawn receipt waits for its turn from now on, or has failed.
	fn fetched(&self, task: Task, turn: u64, found: Result<(Salt, Question), Failure>) {
		match found {
			Ok((salt, question)) => {
				let work = Work::Question(Box::new(question), salt);
				self.state.lock().fetched(task, turn, work);
				self.wake.notify_all();
				self.count();
			}
			Err(failure) => self.finish(task, turn, Err(failure)),
		}
	}

	fn finish(&self, task: Task, turn: u64, result: Result<Executed, Failure>) {
		let result = result.map_err(shorten);
		let counted = match &result {
			Ok(_) => Ok(()),
			Err(failure) => Err((kind(failure), format!("{failure:?}"))),
		};
		if self.state.lock().finish(task, turn, result) {
			match counted {
				Ok(()) => match task {
					Task::Answer(_) => self.metrics.answers.inc(),
					Task::Execution(_) => self.metrics.executions.inc(),
				},
				Err((kind, failure)) => {
					log::warn!("{task:?} failed: {failure}");
					self.metrics.failures.with_label_values(&[kind]).inc();
				}
			}
		}
		self.count();
	}

	fn count(&self) {
		let state = self.state.lock();
		self.metrics.waiting.set(state.waiting() as u64);
		self.metrics.running.set(state.running().len() as u64);
		self.metrics.finished.set(state.finished() as u64);
	}

	/// Does what is asked; a panic of the answerer is that job's failure and nobody else's.
	fn attempt(
		&self,
		answerer: &dyn Answerer,
		work: &Work,
		cancel: &CancellationToken,
	) -> Result<Executed, Failure> {
		let work = || match work {
			Work::Job(job) => {
				let mut done = answerer.answer(&Question::try_from(job.as_ref())?, cancel)?;
				if self.canaries.plant(&job.seed.into(), &mut done.claim) {
					self.metrics.canaries.inc();
				}
				done.outcome()
			}
			Work::Answered(job, answered_by) => {
				let question = Question::try_from(job.as_ref()).map_err(of_answered)?;
				let audit = job.request;
				let answered_by = answered_by.clone().map(|worker| AnsweredBy { worker, audit });
				let question = Question { answered_by, ..question };
				answerer.answer(&question, cancel).map_err(of_answered)?.outcome()
			}
			Work::Question(question, salt) => {
				let done = answerer.answer(question, cancel).map_err(of_answered)?;
				Ok(done.recomputed(salt))
			}
			Work::Examination(examination) => answerer
				.examine(examination, cancel)
				.map(|(examined, traces)| Executed::Examined(examined, traces)),
			Work::Comparison(comparison) => answerer
				.compare(comparison, cancel)
				.map(|(overlap, traces)| Executed::Compared(overlap, traces)),
		};
		catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
			let text = panic
				.downcast_ref::<String>()
				.map(String::as_str)
				.or_else(|| panic.downcast_ref::<&str>().copied())
				.unwrap_or("no reason given");
			Err(Failure::Engine(format!("the engine panicked: {text}")))
		})
	}
}

/// Why there is no answer where somebody says that they gave one: where there can be none, they made it up.
fn of_answered(unanswered: Unanswered) -> Failure {
	match unanswered.is_certain() {
		true => Failure::BadContent(unanswered.to_string()),
		false => unanswered.into(),
	}
}

/// Cuts the text of a failure, which the runtime reads into its own memory.
fn shorten(failure: Failure) -> Failure {
	let cut = |mut text: String| {
		text.truncate(text.floor_char_boundary(MAX_REASON));
		text
	};
	match failure {
		Failure::BadContent(text) => Failure::BadContent(cut(text)),
		Failure::Engine(text) => Failure::Engine(cut(text)),
		other => other,
	}
}
