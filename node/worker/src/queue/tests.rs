use super::{entry::State, *};
use crate::{
	canaries::CanarySettings,
	testing::{EXAMINED, Held, Scripted, TRACES, examination, job, key, outcome, until},
};
use openledger_primitives_inference::{Progress, receipts::Pass};
use sp_core::Pair;
use std::sync::atomic::Ordering;

fn queue(answerer: &Arc<Scripted>, capacity: usize) -> Queue {
	queue_of(answerer, Shape { capacity, parallel: 1 })
}

fn queue_of(answerer: &Arc<Scripted>, shape: Shape) -> Queue {
	let metrics = Metrics::new(None).unwrap();
	Queue::start(answerer.clone(), Arc::new(Held::default()), Canaries::default(), shape, metrics)
		.unwrap()
}

/// A queue for drawn receipts, with whom it asks for what they were asked.
fn drawing(answerer: &Arc<Scripted>, capacity: usize) -> (Queue, Arc<Held>) {
	let (held, metrics) = (Arc::new(Held::default()), Metrics::new(None).unwrap());
	let shape = Shape { capacity, parallel: 1 };
	(
		Queue::start(answerer.clone(), held.clone(), Canaries::default(), shape, metrics).unwrap(),
		held,
	)
}

fn drawn(claim: RequestId) -> Drawn {
	let pair = key("Bob");
	let Job { model, payer, material, .. } = job(1);
	let signature = pair.sign(&Pass::payload(&Hash::zero(), claim)).into();
	let pass = Pass { agent: pair.public().into(), signature };
	Drawn { claim, model, payer, input: Hash::zero(), material, endpoint: Default::default(), pass }
}

fn executed(response: Response) -> Executed {
	match response {
		Response::Executed(executed) => executed,
		other => panic!("{other:?}"),
	}
}

/// What was asked, as the operator of a request would hand it out.
fn asked(request: RequestId) -> Result<(Salt, Question), Failure> {
	Ok(([3; 32], Question::try_from(&job(request)).unwrap()))
}

fn progress(response: Response) -> Progress {
	match response {
		Response::Progress(progress) => progress,
		other => panic!("{other:?}"),
	}
}

fn wait_for(queue: &Queue, request: RequestId, expected: &Progress) {
	until("the expected progress", || queue.poll(request) == Response::Progress(expected.clone()));
}

#[test]
fn job_is_answered_once_however_often_it_is_enqueued() {
	let answerer = Arc::new(Scripted::held());
	let queue = queue(&answerer, 4);
	for _ in 0..3 {
		queue.enqueue(job(1));
	}
	wait_for(&queue, 1, &Progress::Running);
	assert_eq!(progress(queue.enqueue(job(1))), Progress::Running);
	*answerer.hold.lock() = false;
	wait_for(&queue, 1, &Progress::Done(outcome(1)));
	for _ in 0..3 {
		assert_eq!(progress(queue.enqueue(job(1))), Progress::Done(outcome(1)));
		assert_eq!(progress(queue.poll(1)), Progress::Done(outcome(1)));
	}
	assert_eq!(*answerer.started.lock(), [1]);
}

#[test]
fn answers_become_canaries_and_executions_do_not() {
	let folder = tempfile::tempdir().unwrap();
	let settings = CanarySettings { file: folder.path().join("canaries"), part: 1.0 };
	let canaries = Canaries::open(&settings).unwrap();
	let answerer = Arc::new(Scripted::default());
	let shape = Shape { capacity: 4, parallel: 1 };
	let (held, metrics) = (Arc::new(Held::default()), Metrics::new(None).unwrap());
	let queue = Queue::start(answerer, held, canaries.clone(), shape, metrics.clone()).unwrap();
	queue.enqueue(job(1));
	let mut planted = outcome(1);
	assert!(canaries.plant(&job(1).seed.into(), &mut planted.claim));
	wait_for(&queue, 1, &Progress::Done(planted));
	let executed = || match queue.execute(job(1), None) {
		Response::Executed(executed) => executed,
		other => panic!("{other:?}"),
	};
	until("it is executed", || executed() == Executed::Done(outcome(1), TRACES));
	assert_eq!(metrics.canaries.get(), 1);
}

#[test]
fn jobs_are_answered_in_order_of_arrival() {
	let answerer = Arc::new(Scripted::held());
	let queue = queue(&answerer, 4);
	for request in [7, 3, 5] {
		queue.enqueue(job(request));
	}
	*answerer.hold.lock() = false;
	wait_for(&queue, 5, &Progress::Done(outcome(5)));
	assert_eq!(*answerer.started.lock(), [7, 3, 5]);
}

#[test]
fn jobs_run_together_when_several_may_and_each_is_cancelled_by_itself() {
	let answerer = Arc::new(Scripted::held());
	let queue = queue_of(&answerer, Shape { capacity: 4, parallel: 2 });
	for request in [7, 3, 5] {
		queue.enqueue(job(request));
	}
	until("two run", || queue.load().running == [3, 7]);
	assert_eq!((queue.load().waiting, queue.free()), (1, 1));
	queue.forget(7);
	until("the third runs", || queue.load().running == [3, 5]);
	assert_eq!(answerer.cancelled.load(Ordering::SeqCst), 1);
	*answerer.hold.lock() = false;
	for request in [3, 5] {
		wait_for(&queue, request, &Progress::Done(outcome(request)));
	}
	assert_eq!(queue.poll(7), Response::Failed(Failure::Unknown));
	assert_eq!((queue.load().running.len(), queue.load().finished), (0, 2));
}

#[test]
fn job_is_refused_when_queue_is_full_and_taken_once_there_is_room() {
	let answerer = Arc::new(Scripted::held());
	let queue = queue(&answerer, 2);
	queue.enqueue(job(1));
	queue.enqueue(job(2));
	assert_eq!(queue.free(), 0);
	assert_eq!(queue.enqueue(job(3)), Response::Failed(Failure::Busy));
	assert_eq!(queue.poll(3), Response::Failed(Failure::Unknown));
	assert!(matches!(queue.enqueue(job(2)), Response::Progress(_)), "a known job needs no room");
	queue.forget(2);
	assert_eq!(progress(queue.enqueue(job(3))), Progress::Queued);
}

#[test]
fn job_is_unknown_when_never_enqueued_or_forgotten() {
	let answerer = Arc::new(Scripted::default());
	let queue = queue(&answerer, 2);
	assert_eq!(queue.poll(1), Response::Failed(Failure::Unknown));
	queue.enqueue(job(1));
	wait_for(&queue, 1, &Progress::Done(outcome(1)));
	queue.forget(1);
	queue.forget(1);
	assert_eq!(queue.poll(1), Response::Failed(Failure::Unknown));
}

#[test]
fn answer_is_cancelled_and_its_result_discarded_when_job_is_forgotten() {
	let answerer = Arc::new(Scripted::held());
	let queue = queue(&answerer, 2);
	queue.enqueue(job(1));
	wait_for(&queue, 1, &Progress::Running);
	queue.forget(1);
	until("cancelled", || answerer.cancelled.load(Ordering::SeqCst) == 1);
	assert_eq!(queue.poll(1), Response::Failed(Failure::Unknown));
	*answerer.hold.lock() = false;
	queue.enqueue(job(2));
	wait_for(&queue, 2, &Progress::Done(outcome(2)));
	assert_eq!(queue.poll(1), Response::Failed(Failure::Unknown));
	assert_eq!(queue.load().finished, 1);
}

#[test]
fn waiting_job_is_never_started_when_it_is_forgotten() {
	let answerer = Arc::new(Scripted::held());
	let queue = queue(&answerer, 4);
	for request in [1, 2, 3] {
		queue.enqueue(job(request));
	}
	queue.forget(2);
	*answerer.hold.lock() = false;
	wait_for(&queue, 3, &Progress::Done(outcome(3)));
	assert_eq!(*answerer.started.lock(), [1, 3]);
}

#[test]
fn job_replaces_the_other_when_number_is_the_same_and_content_differs() {
	let answerer = Arc::new(Scripted::held());
	let queue = queue(&answerer, 2);
	queue.enqueue(job(1));
	wait_for(&queue, 1, &Progress::Running);
	let mut other = job(1);
	other.prompt = b"After a re-organisation".to_vec().try_into().unwrap();
	assert_eq!(progress(queue.enqueue(other.clone())), Progress::Queued);
	until("the first is cancelled", || answerer.cancelled.load(Ordering::SeqCst) == 1);
	*answerer.hold.lock() = false;
	wait_for(&queue, 1, &Progress::Done(outcome(1)));
	assert_eq!(*answerer.started.lock(), [1, 1]);
	assert_eq!(progress(queue.enqueue(other)), Progress::Done(outcome(1)));
}

#[test]
fn failure_stays_until_forgotten_and_its_text_is_cut() {
	let answerer = Arc::new(Scripted::default());
	*answerer.failure.lock() = Some(Failure::Engine("ß".repeat(1_000)));
	let queue = queue(&answerer, 2);
	queue.enqueue(job(1));
	let cut = Failure::Engine("ß".repeat(MAX_REASON / 2));
	wait_for(&queue, 1, &Progress::Failed(cut.clone()));
	assert_eq!(progress(queue.enqueue(job(1))), Progress::Failed(cut));
	*answerer.failure.lock() = None;
	queue.forget(1);
	queue.enqueue(job(1));
	wait_for(&queue, 1, &Progress::Done(outcome(1)));
}

#[test]
fn panic_fails_its_job_and_spares_the_next() {
	let answerer = Arc::new(Scripted::default());
	*answerer.panic.lock() = true;
	let queue = queue(&answerer, 2);
	queue.enqueue(job(1));
	until("failed", || {
		matches!(
			queue.poll(1),
			Response::Progress(Progress::Failed(Failure::Engine(text))) if text.contains("told to")
		)
	});
	*answerer.panic.lock() = false;
	queue.enqueue(job(2));
	wait_for(&queue, 2, &Progress::Done(outcome(2)));
	assert!(queue.load().alive);
}

#[test]
fn oldest_result_is_dropped_when_there_are_too_many() {
	let answerer = Arc::new(Scripted::default());
	let queue = queue(&answerer, 1);
	for request in 1..=5 {
		until("room", || queue.free() == 1);
		queue.enqueue(job(request));
		wait_for(&queue, request, &Progress::Done(outcome(request)));
	}
	assert_eq!(queue.poll(1), Response::Failed(Failure::Unknown));
	assert_eq!(progress(queue.poll(2)), Progress::Done(outcome(2)));
	assert_eq!(queue.load().finished, 4);
}

#[test]
fn job_is_unknown_after_a_restart_and_answered_when_enqueued_again() {
	let answerer = Arc::new(Scripted::held());
	let first = queue(&answerer, 2);
	first.enqueue(job(1));
	first.enqueue(job(2));
	wait_for(&first, 1, &Progress::Running);
	first.stop();
	assert_eq!(answerer.cancelled.load(Ordering::SeqCst), 1);
	assert_eq!(first.enqueue(job(3)), Response::Failed(Failure::Unavailable));
	assert!(!first.load().alive);
	drop(first);
	*answerer.hold.lock() = false;
	let second = queue(&answerer, 2);
	assert_eq!(second.poll(1), Response::Failed(Failure::Unknown));
	assert_eq!(progress(second.enqueue(job(1))), Progress::Queued);
	wait_for(&second, 1, &Progress::Done(outcome(1)));
}

#[test]
fn drawn_receipt_is_fetched_once_and_executed_whatever_pass_it_is_asked_with() {
	let answerer = Arc::new(Scripted::default());
	let (queue, held) = drawing(&answerer, 2);
	for _ in 0..3 {
		// The pass is signed anew each time, and that makes another signature.
		assert_eq!(executed(queue.execute_drawn(drawn(9))), Executed::Queued);
	}
	let [(_, then)] = std::mem::take(&mut *held.0.lock()).try_into().ok().unwrap();
	assert!(answerer.started.lock().is_empty());
	then(asked(5));
	let Outcome { answer, usage, claim } = outcome(5);
	let answer = commitment::output(&[3; 32], &answer);
	let done = Executed::Drawn(Recomputed { answer, usage, claim }, TRACES);
	until("done", || executed(queue.execute_drawn(drawn(9))) == done);
	assert!(held.0.lock().is_empty());
	queue.forget_execution(9);
	assert_eq!(executed(queue.execute_drawn(drawn(9))), Executed::Queued);
	assert_eq!(held.0.lock().len(), 1);
}

/// A worker of the operator whose answer is executed.
fn at(port: u16) -> Option<Url> {
	Some(format!("http://host:{port}/").parse().unwrap())
}

#[test]
fn execution_goes_on_when_the_operator_moves_its_worker_and_asks_the_new_one_once_it_failed() {
	let answerer = Arc::new(Scripted::held());
	let queue = queue(&answerer, 2);
	queue.execute(job(1), at(1));
	until("it runs", || queue.load().running == [1]);
	for worker in [at(2), at(3), None] {
		assert_eq!(executed(queue.execute(job(1), worker)), Executed::Running);
	}
	let missing = Failure::MissingContent(Hash::zero());
	*answerer.failure.lock() = Some(missing.clone());
	*answerer.hold.lock() = false;
	let failed = Executed::Failed(missing);
	until("it fails", || executed(queue.execute(job(1), at(4))) == failed);
	assert_eq!((answerer.cancelled.load(Ordering::SeqCst), answerer.started.lock().len()), (0, 1));
	*answerer.failure.lock() = None;
	queue.forget_execution(1);
	let done = Executed::Done(outcome(1), TRACES);
	until("it is done", || executed(queue.execute(job(1), at(5))) == done);
	assert_eq!(*answerer.answered_by.lock(), [at(1), at(5)]);
}

#[test]
fn execution_that_waits_asks_the_worker_that_there_is_when_it_begins() {
	let answerer = Arc::new(Scripted::held());
	let queue = queue(&answerer, 2);
	queue.execute(job(1), at(1));
	until("it runs", || queue.load().running == [1]);
	for worker in [at(2), at(3), None] {
		assert_eq!(executed(queue.execute(job(2), worker)), Executed::Queued);
	}
	*answerer.hold.lock() = false;
	let done = Executed::Done(outcome(2), TRACES);
	until("it is done", || executed(queue.execute(job(2), None)) == done);
	assert_eq!(answerer.answered_by.lock()[..2], [at(1), at(3)]);
}

#[test]
fn drawn_receipt_is_fetched_once_however_often_the_operator_moves_its_worker() {
	let answerer = Arc::new(Scripted::held());
	let (queue, held) = drawing(&answerer, 2);
	let at = |port: u16| {
		let endpoint = format!("http://host:{port}").into_bytes().try_into().unwrap();
		Drawn { endpoint, ..drawn(9) }
	};
	for port in 1..4 {
		assert_eq!(executed(queue.execute_drawn(at(port))), Executed::Queued);
	}
	let [(cancel, then)] = std::mem::take(&mut *held.0.lock()).try_into().ok().unwrap();
	assert!(!cancel.is_cancelled());
	then(asked(5));
	until("it runs", || queue.load().running == [9]);
	assert_eq!(executed(queue.execute_drawn(at(4))), Executed::Running);
	assert!(held.0.lock().is_empty());
	assert_eq!(answerer.cancelled.load(Ordering::SeqCst), 0);
	*answerer.hold.lock() = false;
	until("done", || matches!(executed(queue.execute_drawn(at(5))), Executed::Drawn(..)));
	assert_eq!(*answerer.started.lock(), [5]);
}

#[test]
fn fetching_takes_a_place_and_no_thread_and_stops_when_it_is_forgotten() {
	let answerer = Arc::new(Scripted::default());
	let (queue, held) = drawing(&answerer, 2);
	queue.execute_drawn(drawn(9));
	assert_eq!((queue.free(), queue.load().waiting), (1, 1));
	queue.enqueue(job(1));
	wait_for(&queue, 1, &Progress::Done(outcome(1)));
	queue.execute_drawn(drawn(10));
	assert_eq!(queue.execute_drawn(drawn(11)), Response::Failed(Failure::Busy));
	queue.forget_execution(9);
	let mut fetching = std::mem::take(&mut *held.0.lock()).into_iter();
	let (cancel, then) = fetching.next().unwrap();
	assert!(cancel.is_cancelled());
	// What comes too late is not executed, neither for nobody nor for who asked again.
	queue.execute_drawn(drawn(9));
	then(asked(5));
	assert_eq!(executed(queue.execute_drawn(drawn(9))), Executed::Queued);
	assert_eq!(*answerer.started.lock(), [1]);
	queue.stop();
	assert!(fetching.next().unwrap().0.is_cancelled());
	assert!(held.0.lock().pop().unwrap().0.is_cancelled());
}

#[test]
fn drawn_receipt_fails_as_fetching_does_and_as_bad_content_when_nobody_can_answer_it() {
	let answerer = Arc::new(Scripted::default());
	let (queue, held) = drawing(&answerer, 2);
	let fails = |found: Result<(Salt, Question), Failure>, expected: &str| {
		queue.forget_execution(9);
		queue.execute_drawn(drawn(9));
		let (_, then) = held.0.lock().pop().unwrap();
		then(found);
		until("failed", || match executed(queue.execute_drawn(drawn(9))) {
			Executed::Failed(failure) => kind(&failure) == expected,
			_ => false,
		});
	};
	fails(Err(Failure::MissingContent(Hash::zero())), "missing_content");
	*answerer.empty.lock() = true;
	fails(asked(5), "bad_content");
	*answerer.empty.lock() = false;
	*answerer.failure.lock() = Some(Failure::MissingContent(Hash::zero()));
	fails(asked(5), "missing_content");
	*answerer.failure.lock() = Some(Failure::Engine("told to".into()));
	fails(asked(5), "engine");
}

#[test]
fn answer_on_chain_is_bad_content_to_who_executes_it_when_nobody_can_have_given_it() {
	let answerer = Arc::new(Scripted::default());
	let queue = queue(&answerer, 2);
	let fails = |job: &Job, expected: [&str; 2]| {
		queue.forget(job.request);
		queue.forget_execution(job.request);
		let [answering, executing] = expected;
		until("the answer failed", || match progress(queue.enqueue(job.clone())) {
			Progress::Failed(failure) => kind(&failure) == answering,
			_ => false,
		});
		until("the execution failed", || match executed(queue.execute(job.clone(), at(1))) {
			Executed::Failed(failure) => kind(&failure) == executing,
			_ => false,
		});
	};
	let unreadable = Job { prompt: vec![0xff].try_into().unwrap(), ..job(1) };
	fails(&unreadable, ["engine", "bad_content"]);
	*answerer.empty.lock() = true;
	fails(&job(1), ["engine", "bad_content"]);
	*answerer.empty.lock() = false;
	// What another engine may be able to do says nothing of who says that it did.
	for failure in [
		Failure::MissingBase(Hash::zero()),
		Failure::MissingContent(Hash::zero()),
		Failure::Busy,
		Failure::Engine("no memory".into()),
	] {
		*answerer.failure.lock() = Some(failure.clone());
		fails(&job(1), [kind(&failure); 2]);
	}
	*answerer.failure.lock() = None;
	*answerer.panic.lock() = true;
	fails(&job(1), ["engine"; 2]);
}

#[test]
fn examination_is_dropped_when_nobody_asks_for_it_any_more() {
	let mut state = State::new(4, 4);
	let begun = Instant::now();
	let after = |seconds| begun + Duration::from_secs(seconds);
	for model in [1, 2] {
		state.examine(examination(model), begun).unwrap();
	}
	let (_, _, _, cancel) = state.next(Lane::Examinations).unwrap();
	// A node asks with every block.
	state.examine(examination(1), after(200)).unwrap();
	state.drop_abandoned(after(301));
	assert!(!cancel.is_cancelled());
	assert_eq!((state.running().len(), state.waiting()), (1, 0), "the second is nobody's");
	state.drop_abandoned(after(501));
	assert!(cancel.is_cancelled());
	assert_eq!((state.running().len(), state.free()), (0, 4));
}

#[test]
fn result_of_an_examination_is_kept_however_long_nobody_asks_for_it() {
	let mut state = State::new(4, 4);
	let begun = Instant::now();
	state.examine(examination(1), begun).unwrap();
	let (task, turn, _, _) = state.next(Lane::Examinations).unwrap();
	assert!(state.finish(task, turn, Ok(Executed::Examined(EXAMINED, TRACES))));
	state.drop_abandoned(begun + Duration::from_secs(3_600));
	let again = state.examine(examination(1), begun + Duration::from_secs(3_600)).unwrap();
	assert_eq!(again, Executed::Examined(EXAMINED, TRACES));
}
