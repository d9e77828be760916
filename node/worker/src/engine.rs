//! The engine behind the host function: commands in, replies out, never waiting for inference.

use std::sync::Arc;

use openledger_primitives_inference::{
	Capabilities, Command, Failure, Message, Progress, Reply, Response, host::Engine,
};

use crate::{
	endpoint,
	queue::{Answerer, Queue},
	sessions::{Desk, Sessions},
	stock::Stock,
};

/// The queue and the sessions, as the off-chain worker talks to it.
pub struct QueueEngine {
	queue: Arc<Queue>,
	answerer: Arc<dyn Answerer>,
	desk: Desk,
	stock: Arc<Stock>,
}

impl QueueEngine {
	/// An engine that enqueues what `answerer` has the base for, asks the sessions at `desk` about receipts, and
	/// has all records fetched that versions with jobs put into prompts.
	pub fn new(
		queue: Arc<Queue>,
		answerer: Arc<dyn Answerer>,
		desk: Desk,
		stock: Arc<Stock>,
	) -> Self {
		Self { queue, answerer, desk, stock }
	}

	fn of_sessions(&self, ask: impl FnOnce(&Arc<Sessions>) -> Response) -> Response {
		self.desk.sessions().map_or(Response::Failed(Failure::Unavailable), ask)
	}

	fn carry_out(&self, command: Command) -> Response {
		match command {
			Command::Capabilities => Response::Capabilities(Capabilities {
				bases: self.answerer.bases(),
				free: u32::try_from(self.queue.free()).unwrap_or(u32::MAX),
			}),
			// A job that can't be answered here should not wait in line to be told so.
			Command::Enqueue(job) if !self.answerer.bases().contains(&job.material.base) => {
				Response::Failed(Failure::MissingBase(job.material.base))
			}
			Command::Enqueue(job) => {
				// The job at hand fetches what it needs by itself; the next one shall find it here.
				self.stock.ask(job.model, &job.material);
				let (model, material) = (job.model, job.material.clone());
				let response = self.queue.enqueue(job);
				if let Response::Progress(Progress::Failed(failure)) = &response {
					self.stock.lost(model, &material, failure);
				}
				response
			}
			Command::Execute(job) if !self.answerer.bases().contains(&job.material.base) => {
				Response::Failed(Failure::MissingBase(job.material.base))
			}
			Command::Execute(job) => self.queue.execute(job, None),
			Command::ExecuteFrom(job, _) if !self.answerer.bases().contains(&job.material.base) => {
				Response::Failed(Failure::MissingBase(job.material.base))
			}
			Command::ExecuteFrom(job, endpoint) => {
				let answered_by = endpoint::parse(&endpoint);
				if let Err(error) = &answered_by {
					log::warn!("request {}: {error}", job.request);
				}
				self.queue.execute(job, answered_by.ok())
			}
			Command::ExecuteDrawn(drawn)
				if !self.answerer.bases().contains(&drawn.material.base) =>
			{
				Response::Failed(Failure::MissingBase(drawn.material.base))
			}
			Command::ExecuteDrawn(drawn) => self.queue.execute_drawn(drawn),
			Command::Examine(examination)
				if !self.answerer.bases().contains(&examination.material.base) =>
			{
				Response::Failed(Failure::MissingBase(examination.material.base))
			}
			Command::Examine(examination) => self.queue.examine(examination),
			// Comparing takes no base.
			Command::Compare(comparison) => self.queue.compare(comparison),
			Command::ForgetExecution(request) => {
				self.queue.forget_execution(request);
				Response::Forgotten
			}
			Command::Canary(subject) => Response::Canary(self.queue.canaries().known(&subject)),
			Command::Poll(request) => self.queue.poll(request),
			Command::Forget(request) => {
				self.queue.forget(request);
				Response::Forgotten
			}
			Command::Owed(most) => self.of_sessions(|sessions| sessions.owed(most)),
			Command::Room(agent, room) => self.of_sessions(|sessions| sessions.mind(&agent, room)),
			Command::Committed(batch) => self.of_sessions(|sessions| sessions.note(batch)),
			Command::Show(batch, unit) => self.of_sessions(|sessions| sessions.show(batch, unit)),
			Command::Finalise(batch) => self.of_sessions(|sessions| sessions.finalise(batch)),
			// These are the watcher's, where there is one.
			Command::Look(_) | Command::Count(_) => Response::Failed(Failure::Unavailable),
		}
	}
}

impl Engine for QueueEngine {
	fn exchange(&self, message: Message) -> Reply {
		let Message::V3(command) = message;
		Reply::V3(self.carry_out(command))
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{
		canaries::Canaries,
		metrics::Metrics,
		queue::Shape,
		testing::{
			BASE, EXAMINED, Held, OVERLAP, Scripted, TRACES, comparison, examination, job, outcome,
			retrieval::RETRIEVING, until,
		},
	};
	use openledger_primitives_core::{Endpoint, Hash};
	use openledger_primitives_inference::job::Executed;
	use std::sync::{LazyLock, atomic::Ordering};
	use tokio::runtime::Runtime;
	use tokio_util::sync::CancellationToken;

	static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

	fn engine(answerer: Scripted) -> QueueEngine {
		engine_of(Arc::new(answerer))
	}

	fn engine_of(answerer: Arc<dyn Answerer>) -> QueueEngine {
		let metrics = Metrics::new(None).unwrap();
		let shape = Shape { capacity: 2, parallel: 1 };
		let handouts = Arc::new(Held::default());
		let queue =
			Queue::start(answerer.clone(), handouts, Canaries::default(), shape, metrics).unwrap();
		let (runtime, never) = (RUNTIME.handle().clone(), CancellationToken::new());
		let stock = Stock::new(answerer.clone(), runtime, never);
		QueueEngine::new(Arc::new(queue), answerer, Desk::default(), Arc::new(stock))
	}

	fn ask(engine: &QueueEngine, command: Command) -> Response {
		let Reply::V3(response) = engine.exchange(Message::V3(command));
		response
	}

	#[test]
	fn engine_answers_from_enqueue_to_forget() {
		let engine = engine(Scripted::default());
		let capabilities = Capabilities { bases: vec![BASE], free: 2 };
		assert_eq!(ask(&engine, Command::Capabilities), Response::Capabilities(capabilities));
		assert!(matches!(ask(&engine, Command::Enqueue(job(1))), Response::Progress(_)));
		let done = Response::Progress(Progress::Done(outcome(1)));
		until("done", || ask(&engine, Command::Poll(1)) == done);
		assert_eq!(ask(&engine, Command::Forget(1)), Response::Forgotten);
		assert_eq!(ask(&engine, Command::Poll(1)), Response::Failed(Failure::Unknown));
	}

	#[test]
	fn job_is_refused_at_once_when_its_base_is_not_loaded() {
		let engine = engine(Scripted::default());
		let base = Hash::repeat_byte(1);
		let mut other = job(1);
		other.material.base = base;
		let refused = Response::Failed(Failure::MissingBase(base));
		assert_eq!(ask(&engine, Command::Enqueue(other)), refused);
		assert_eq!(ask(&engine, Command::Poll(1)), Response::Failed(Failure::Unknown));
	}

	#[test]
	fn execution_is_apart_from_the_answer_of_the_same_request() {
		let engine = engine(Scripted::default());
		assert!(matches!(
			ask(&engine, Command::Execute(job(1))),
			Response::Executed(Executed::Queued | Executed::Running)
		));
		let done = Response::Executed(Executed::Done(outcome(1), TRACES));
		until("done", || ask(&engine, Command::Execute(job(1))) == done);
		assert_eq!(ask(&engine, Command::Poll(1)), Response::Failed(Failure::Unknown));
		assert_eq!(ask(&engine, Command::Forget(1)), Response::Forgotten);
		assert_eq!(ask(&engine, Command::Execute(job(1))), done);
		assert_eq!(ask(&engine, Command::ForgetExecution(1)), Response::Forgotten);
		let mut other = job(1);
		other.material.base = Hash::repeat_byte(1);
		let refused = Response::Failed(Failure::MissingBase(other.material.base));
		assert_eq!(ask(&engine, Command::Execute(other)), refused);
	}

	#[test]
	fn execution_knows_the_worker_that_answered_where_the_chain_does() {
		let answerer = Arc::new(Scripted::default());
		let engine = engine_of(answerer.clone());
		let done = |request| Response::Executed(Executed::Done(outcome(request), TRACES));
		for (request, endpoint) in [(1, "http://host:1/w"), (2, "nowhere")] {
			let endpoint: Endpoint = endpoint.as_bytes().to_vec().try_into().unwrap();
			let execute = || ask(&engine, Command::ExecuteFrom(job(request), endpoint.clone()));
			until("done", || execute() == done(request));
		}
		let known = Some("http://host:1/w".parse().unwrap());
		assert_eq!(*answerer.answered_by.lock(), [known, None]);
		let mut other = job(3);
		other.material.base = Hash::repeat_byte(1);
		let refused = Response::Failed(Failure::MissingBase(other.material.base));
		assert_eq!(ask(&engine, Command::ExecuteFrom(other, Endpoint::default())), refused);
	}

	#[test]
	fn records_are_looked_for_once_a_job_is_taken_on() {
		let answerer = Arc::new(Scripted::default());
		let engine = engine_of(answerer.clone());
		ask(&engine, Command::Enqueue(job(1)));
		let mut quoting = job(2);
		quoting.material.retrieval = RETRIEVING.material().retrieval;
		ask(&engine, Command::Enqueue(quoting));
		until("they are looked for", || answerer.looks.load(Ordering::SeqCst) == 1);
	}

	#[test]
	fn examination_goes_on_beside_answers_and_is_refused_without_its_base() {
		let engine = engine(Scripted::held());
		let examination = examination(9);
		// The one thread that answers is busy.
		ask(&engine, Command::Enqueue(job(1)));
		assert!(matches!(
			ask(&engine, Command::Examine(examination.clone())),
			Response::Executed(Executed::Queued | Executed::Running)
		));
		let done = Response::Executed(Executed::Examined(EXAMINED, TRACES));
		until("done", || ask(&engine, Command::Examine(examination.clone())) == done);
		let running = Response::Progress(Progress::Running);
		until("it is answered still", || ask(&engine, Command::Poll(1)) == running);
		assert_eq!(ask(&engine, Command::ForgetExecution(examination.audit)), Response::Forgotten);
		let mut other = examination;
		other.material.base = Hash::repeat_byte(1);
		let refused = Response::Failed(Failure::MissingBase(other.material.base));
		assert_eq!(ask(&engine, Command::Examine(other)), refused);
	}

	#[test]
	fn comparison_is_done_once_and_forgotten_with_its_audit() {
		let engine = engine(Scripted::default());
		let comparison = comparison(4);
		let asked = || ask(&engine, Command::Compare(comparison.clone()));
		assert!(matches!(asked(), Response::Executed(Executed::Queued | Executed::Running)));
		let done = Response::Executed(Executed::Compared(OVERLAP, TRACES));
		until("done", || asked() == done);
		assert_eq!(
			ask(&engine, Command::Poll(comparison.audit)),
			Response::Failed(Failure::Unknown)
		);
		assert_eq!(ask(&engine, Command::ForgetExecution(comparison.audit)), Response::Forgotten);
		assert_ne!(asked(), done, "it is compared anew");
	}

	#[test]
	fn capabilities_count_what_still_fits_and_forgetting_the_unknown_is_no_failure() {
		let engine = engine(Scripted::held());
		ask(&engine, Command::Enqueue(job(1)));
		let Response::Capabilities(capabilities) = ask(&engine, Command::Capabilities) else {
			panic!("no capabilities");
		};
		assert_eq!(capabilities.free, 1);
		ask(&engine, Command::Enqueue(job(2)));
		assert_eq!(ask(&engine, Command::Enqueue(job(3))), Response::Failed(Failure::Busy));
		assert_eq!(ask(&engine, Command::Forget(77)), Response::Forgotten);
	}
}
