//! With a tiny base made from a seed, an adapter trained on six records, and the index over them.

use super::*;
use crate::{
	OperatorConfig,
	canaries::Canaries,
	content::ContentError,
	operator::Operator,
	question::AnsweredBy,
	queue::{Queue, Shape},
	status::{Reporter, StatusSource},
	testing::{
		Held, MODEL, config,
		model::{self, ALICE, BOB},
		put, until,
	},
};
use openledger_attribution::{format, query};
use openledger_primitives_inference::{Command, Job, Message, Outcome, Progress, Reply, Response};
use openlora::testing::tiny_config;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use url::Url;

/// A server with an empty store.
struct Fixture {
	server: Server,
	store: ContentStore,
	metrics: Metrics,
	runtime: Runtime,
	_folder: TempDir,
}

fn fixture() -> Fixture {
	fixture_over(&MODEL)
}

fn fixture_over(model: &model::Model) -> Fixture {
	let runtime = Runtime::new().unwrap();
	let folder = tempfile::tempdir().unwrap();
	let config = config(folder.path());
	let metrics = Metrics::new(None).unwrap();
	let store = ContentStore::open(&config, metrics.clone()).unwrap();
	let base = Base::load(&model.base).unwrap();
	let server = Server::new(
		BTreeMap::from([(model.job.material.base, base)]),
		store.clone(),
		runtime.handle().clone(),
		1 << 24,
		3,
		pool(1).unwrap(),
		metrics.clone(),
	)
	.unwrap();
	Fixture { server, store, metrics, runtime, _folder: folder }
}

impl Fixture {
	fn put(&self, bytes: &[u8]) -> Hash {
		put(&self.runtime, &self.store, bytes)
	}

	fn answer(&self, job: &Job) -> Result<Outcome, Failure> {
		self.done(job).map(|done| outcome(&done))
	}

	fn done(&self, job: &Job) -> Result<Done, Failure> {
		Ok(self.server.answer(&job.try_into()?, &CancellationToken::new())?)
	}
}

fn outcome(done: &Done) -> Outcome {
	let answer = done.text.clone().into_bytes().try_into().unwrap();
	Outcome { answer, usage: done.usage, claim: done.claim.clone() }
}

/// A store with adapter and index in it.
fn stocked() -> Fixture {
	let fixture = fixture();
	fixture.put(&MODEL.adapter);
	fixture.put(&MODEL.index);
	fixture
}

fn verified(
	job: &Job,
	outcome: &Outcome,
) -> openledger_primitives_attribution::Verified<AccountId32> {
	verify(&job.material.terms(), &job.payer, &outcome.claim).unwrap()
}

#[test]
fn claim_is_verified_and_follows_from_the_answers_text_alone() {
	let fixture = stocked();
	let job = &MODEL.job;
	let done = fixture.done(job).unwrap();
	let (outcome, traces) = (outcome(&done), done.traces);
	verified(job, &outcome);
	let base = Base::load(&MODEL.base).unwrap();
	let text = std::str::from_utf8(&outcome.answer).unwrap();
	let tokens = base.tokenizer.encode(text, false).unwrap();
	let prompt = format::prompt(&base, "Who is here?").unwrap();
	let index = openledger_attribution::IndexFile::from_bytes(&MODEL.index).unwrap();
	let adapter = Adapter::from_bytes(&MODEL.adapter).unwrap();
	let again = query(&base, &adapter, &index, &prompt, &tokens).unwrap();
	assert_eq!(outcome.claim.sketch, again.sketch);
	assert_eq!(outcome.claim.gain, again.gain);
	let subject = job.seed.into();
	assert_eq!(traces, again.traces(&subject, None));
	assert_eq!(outcome.claim.trace, sealed(&seals(&subject, &traces)));
	assert_eq!(outcome.usage.prompt as usize, prompt.len());
	assert_eq!(outcome.usage.output as usize, tokens.len());
	assert!((1..=job.max_tokens).contains(&outcome.usage.output));
	assert_eq!(fixture.metrics.prompt_tokens.get() as usize, prompt.len());
}

#[test]
fn answer_is_the_same_for_the_same_job_and_another_for_another_seed() {
	let fixture = stocked();
	let outcome = fixture.answer(&MODEL.job).unwrap();
	assert_eq!(fixture.answer(&MODEL.job).unwrap(), outcome);
	let other = Job { seed: [5; 32], ..MODEL.job.clone() };
	assert_ne!(fixture.answer(&other).unwrap().answer, outcome.answer);
	// The number of a request is in its seed, and counts by that alone.
	let other = Job { request: 2, ..MODEL.job.clone() };
	assert_eq!(fixture.answer(&other).unwrap(), outcome);
}

#[test]
fn answers_are_the_same_when_several_jobs_run_at_once() {
	let fixture = stocked();
	let job = |seed: u8| Job { seed: [seed; 32], ..MODEL.job.clone() };
	let alone: Vec<_> = (0..6).map(|seed| fixture.answer(&job(seed)).unwrap()).collect();
	std::thread::scope(|scope| {
		let fixture = &fixture;
		let together: Vec<_> =
			(0..6).map(|seed| scope.spawn(move || fixture.answer(&job(seed)))).collect();
		for (alone, together) in alone.into_iter().zip(together) {
			assert_eq!(together.join().unwrap(), Ok(alone));
		}
	});
}

#[test]
fn payer_is_not_credited_when_its_own_records_moved_the_answer() {
	let fixture = stocked();
	for payer in [ALICE, BOB] {
		let job = Job { payer: payer.clone(), ..MODEL.job.clone() };
		let outcome = fixture.answer(&job).unwrap();
		assert!(verified(&job, &outcome).paid.iter().all(|credit| credit.account != payer));
	}
}

#[test]
fn job_is_refused_when_base_adapter_or_index_are_missing() {
	let fixture = fixture();
	let job = &MODEL.job;
	assert_eq!(fixture.answer(job), Err(Failure::MissingContent(job.material.adapter)));
	fixture.put(&MODEL.adapter);
	assert_eq!(fixture.answer(job), Err(Failure::MissingContent(job.material.index.file)));
	fixture.put(&MODEL.index);
	assert!(fixture.answer(job).is_ok());
	let base = Hash::repeat_byte(1);
	let mut other = job.clone();
	other.material.base = base;
	assert_eq!(fixture.answer(&other), Err(Failure::MissingBase(base)));
}

#[test]
fn job_is_refused_when_adapter_was_damaged_on_disk() {
	let fixture = stocked();
	let path = fixture.runtime.block_on(fixture.store.path(&MODEL.job.material.adapter)).unwrap();
	let mut bytes = MODEL.adapter.clone();
	*bytes.last_mut().unwrap() ^= 1;
	std::fs::write(&path, bytes).unwrap();
	assert!(matches!(fixture.answer(&MODEL.job), Err(Failure::BadContent(_))));
	let gone = fixture.runtime.block_on(fixture.store.get(&MODEL.job.material.adapter));
	assert!(matches!(gone, Err(ContentError::NotFound(_))));
	fixture.put(&MODEL.adapter);
	assert!(fixture.answer(&MODEL.job).is_ok());
}

#[test]
fn job_is_refused_when_its_adapter_is_no_adapter_or_of_another_base() {
	let fixture = stocked();
	let refused = |bytes: &[u8]| {
		let mut job = MODEL.job.clone();
		job.material.adapter = fixture.put(bytes);
		match fixture.answer(&job) {
			Err(Failure::BadContent(reason)) => assert!(reason.starts_with("adapter"), "{reason}"),
			other => panic!("{other:?}"),
		}
	};
	refused(b"not a safetensors file");
	refused(&MODEL.adapter[..MODEL.adapter.len() / 2]);
	refused(&MODEL.index);
	let mut larger = tiny_config();
	larger.layers += 1;
	let peft = Adapter::from_bytes(&MODEL.adapter).unwrap().config().clone();
	refused(&Adapter::init(&larger, peft, 1).unwrap().to_bytes().unwrap());
}

#[test]
fn job_is_refused_when_its_index_is_not_the_model_versions() {
	let fixture = stocked();
	let refused = |job: Job, expected: &str| match fixture.answer(&job) {
		Err(Failure::BadContent(reason)) => {
			assert!(reason.contains(expected), "{reason}, not {expected}");
		}
		other => panic!("{expected}: {other:?}"),
	};
	let good = || MODEL.job.clone();
	let with = |change: &dyn Fn(&mut Job)| {
		let mut job = good();
		change(&mut job);
		job
	};
	refused(with(&|job| job.material.index.file = fixture.put(b"no index")), "index");
	let cut = fixture.put(&MODEL.index[..MODEL.index.len() - 1]);
	refused(with(&|job| job.material.index.file = cut), "index");
	refused(with(&|job| job.material.index.records_root = Hash::zero()), "roots");
	refused(with(&|job| job.material.index.floor_ppm += 1), "roots");
	refused(with(&|job| job.material.projection = Hash::zero()), "seed");
	refused(with(&|job| job.material.snapshots[0].0 = 4), "snapshots");
	refused(with(&|job| job.material.method.credits = 3), "method");
	let mut adapter = Adapter::from_bytes(&MODEL.adapter).unwrap().config().clone();
	adapter.alpha += 1.0;
	let other = Adapter::init(&tiny_config(), adapter, 1).unwrap().to_bytes().unwrap();
	let other = fixture.put(&other);
	refused(with(&|job| job.material.adapter = other), "another adapter");
	assert!(fixture.answer(&good()).is_ok());
}

#[test]
fn job_is_refused_when_its_prompt_is_too_long_or_not_utf8() {
	let fixture = stocked();
	let job = |prompt: Vec<u8>| Job { prompt: prompt.try_into().unwrap(), ..MODEL.job.clone() };
	assert_eq!(fixture.answer(&job(vec![b'x'; 500])), Err(Failure::PromptTooLong));
	assert!(matches!(fixture.answer(&job(vec![0xff, 0xfe])), Err(Failure::Engine(_))));
}

#[test]
fn answer_ends_with_the_context_when_more_tokens_are_allowed() {
	let fixture = stocked();
	let job = Job { max_tokens: u32::MAX, ..MODEL.job.clone() };
	let outcome = fixture.answer(&job).unwrap();
	let context = tiny_config().context as u32;
	assert!(outcome.usage.prompt + outcome.usage.output <= context);
	verified(&job, &outcome);
}

#[test]
fn answer_has_no_more_tokens_than_any_may_and_is_the_same_where_its_question_allows_more() {
	let model = model::model(&Config { context: 2_048, ..tiny_config() }, model::SEED);
	let fixture = fixture_over(&model);
	fixture.put(&model.adapter);
	fixture.put(&model.index);
	let (mut ended, mut cut) = (0, 0);
	for seed in 0..8 {
		let longest = |max_tokens| {
			let job = Job { max_tokens, seed: [seed; 32], ..model.job.clone() };
			let question = Question { longest: None, ..Question::try_from(&job).unwrap() };
			let before = fixture.metrics.answer_tokens.get();
			let done = fixture.server.answer(&question, &CancellationToken::new()).unwrap();
			(done, fixture.metrics.answer_tokens.get() - before)
		};
		let ((usual, _), (more, generated)) = (longest(MAX_OUTPUT), longest(1_900));
		assert!(more.usage.output <= MAX_OUTPUT && generated < 1_200, "{generated}");
		match more.complete {
			true => ended += 1,
			false => cut += 1,
		}
		if usual.complete {
			assert_eq!(usual, more);
		}
	}
	assert!(ended > 0 && cut > 0, "{ended} ended, {cut} cut");
}

#[test]
fn execution_fails_by_this_worker_s_own_fault_where_it_can_t_keep_what_it_is_given() {
	let (fixture, whole) = (fixture(), tempfile::tempdir().unwrap());
	let config = config(whole.path());
	let store = ContentStore::open(&config, Metrics::new(None).unwrap()).unwrap();
	for bytes in [&MODEL.adapter, &MODEL.index] {
		put(&fixture.runtime, &store, bytes);
	}
	drop(store);
	let theirs = Operator::start(config, fixture.runtime.handle().clone(), None).unwrap();
	let worker: Url = format!("http://{}", theirs.address()).parse().unwrap();
	let execute = || {
		let answered_by = Some(AnsweredBy { worker: worker.clone(), audit: 1 });
		let question = Question { answered_by, ..Question::try_from(&MODEL.job).unwrap() };
		fixture.server.answer(&question, &CancellationToken::new()).map_err(Failure::from)
	};
	let incoming = fixture._folder.path().join("content/incoming");
	std::fs::remove_dir(&incoming).unwrap();
	assert!(matches!(execute(), Err(Failure::Engine(_))));
	std::fs::create_dir(&incoming).unwrap();
	assert!(execute().is_ok());
}

#[test]
fn generation_stops_at_the_next_token_when_it_is_cancelled() {
	let fixture = stocked();
	let served = &fixture.server.bases[&MODEL.job.material.base];
	let adapter = Arc::new(Adapter::from_bytes(&MODEL.adapter).unwrap());
	let prompt = format::prompt(&served.base, "Who is here?").unwrap();
	let cancel = CancellationToken::new();
	cancel.cancel();
	let question = Question::try_from(&MODEL.job).unwrap();
	let result = fixture.server.generate(&question, served, &adapter, &prompt, &cancel);
	let is_dropped = |result| matches!(result, Err(Unanswered::Failed(Failure::Engine(_))));
	assert!(is_dropped(result.map(drop)));
	assert!(fixture.metrics.answer_tokens.get() <= 1);
	assert!(is_dropped(fixture.server.answer(&question, &cancel).map(drop)));
	assert_eq!(fixture.metrics.answer_tokens.get(), 1, "it did not even begin");
}

#[test]
fn query_of_what_generating_left_is_that_of_reading_the_answer_once_more() {
	let fixture = stocked();
	let served = &fixture.server.bases[&MODEL.job.material.base];
	let trained = Adapter::from_bytes(&MODEL.adapter).unwrap();
	let finer: Vec<f32> = trained.values().unwrap().iter().map(|value| value * 1.0001).collect();
	let finer = trained.with_values(&finer).unwrap();
	let prompt = format::prompt(&served.base, "Who is here?").unwrap();
	let index = openledger_attribution::IndexFile::from_bytes(&MODEL.index).unwrap();
	let question = Question::try_from(&MODEL.job).unwrap();
	for (adapter, leaves_trail) in [(Arc::new(finer), false), (Arc::new(trained), true)] {
		let cancel = CancellationToken::new();
		let answered = fixture.server.generate(&question, served, &adapter, &prompt, &cancel);
		let Ok(Answered { tokens, generated, .. }) = answered else { panic!("no answer") };
		assert_eq!(generated.trail.is_some(), leaves_trail);
		let known = if leaves_trail { 0 } else { generated.tokens.len() };
		assert_eq!(generated.log_probs.len(), known);
		let expected = query(&served.base, &adapter, &index, &prompt, &tokens).unwrap();
		let found = query_generated(&served.base, &adapter, &index, &prompt, &tokens, generated);
		assert_eq!(found.unwrap(), expected);
	}
}

#[test]
fn cut_answer_keeps_the_trail_and_ends_with_a_token() {
	let fixture = stocked();
	let served = &fixture.server.bases[&MODEL.job.material.base];
	let adapter = Arc::new(Adapter::from_bytes(&MODEL.adapter).unwrap());
	let prompt = format::prompt(&served.base, "Who is here?").unwrap();
	let index = openledger_attribution::IndexFile::from_bytes(&MODEL.index).unwrap();
	let mut question = Question::try_from(&MODEL.job).unwrap();
	(question.max_tokens, question.longest) = (90, Some(20));
	for seed in 0..8 {
		question.seed = [seed; 32];
		let cancel = CancellationToken::new();
		let answered = fixture.server.generate(&question, served, &adapter, &prompt, &cancel);
		let Ok(Answered { text, tokens, complete, generated, .. }) = answered else {
			panic!("no answer")
		};
		assert!(text.len() <= 20 && !complete, "{text:?}");
		let (_, whole) = generated.trail.as_ref().unwrap().tokens();
		let begins = |count: usize| {
			let text_of = served.base.tokenizer.decode(&whole[..count]).unwrap();
			text_of.trim_end_matches(char::REPLACEMENT_CHARACTER) == text
		};
		assert!((1..whole.len()).any(begins), "{text:?} does not end where a token does");
		let expected = query(&served.base, &adapter, &index, &prompt, &tokens).unwrap();
		let found = query_generated(&served.base, &adapter, &index, &prompt, &tokens, generated);
		assert_eq!(found.unwrap(), expected);
	}
}

#[test]
fn longest_answer_fits_without_a_trail_and_others_with_one() {
	let base = Base::load(&MODEL.base).unwrap();
	let adapter = Arc::new(Adapter::from_bytes(&MODEL.adapter).unwrap());
	let long = Config { context: 1 << 22, ..base.config.clone() };
	let of_one = batch::position_bytes(&long);
	assert_eq!(limits(&long, 2).cache_bytes, of_one << 22, "no more than what is run takes");
	let cache_bytes = batch::position_bytes(&base.config) * base.config.context;
	let limits = Limits { cache_bytes, ..limits(&base.config, 2) };
	let batch = batch::Server::start(base.clone(), Arc::new(Team::alone()), limits).unwrap();
	for (max_tokens, leaves_trail) in [(base.config.context - 1, false), (4, true)] {
		let mut options = GenerateOptions::new(max_tokens, Sampling::GREEDY, vec![]);
		options.log_probs = Some(0);
		let adapters = vec![(Arc::clone(&adapter).into(), 1.0)];
		let request = Request { prompt: vec![1], adapters, options, payer: 0 };
		let (answer, trail) = submitted(&batch, &adapter, request).unwrap();
		let Some(Event::Token(first)) = answer.next() else { panic!("no token") };
		assert_eq!((trail.is_some(), first.log_probs.is_some()), (leaves_trail, !leaves_trail));
	}
}

#[test]
fn worker_is_not_healthy_and_names_the_base_when_the_batch_of_one_has_ended() {
	let Fixture { server, store, metrics, runtime: _runtime, _folder } = fixture();
	let server = Arc::new(server);
	let shape = Shape { capacity: 1, parallel: 1 };
	let handouts = Arc::new(Held::default());
	let queue = Queue::start(server.clone(), handouts, Canaries::default(), shape, metrics.clone())
		.unwrap();
	let base = MODEL.job.material.base;
	let reporter = Reporter {
		bases: vec![(base, "tiny".into())],
		answerer: server.clone(),
		queue: Arc::new(queue),
		store,
		metrics,
		started: Instant::now(),
	};
	assert!(reporter.healthy() && reporter.status().bases[0].answering);
	let options = GenerateOptions::new(5, Sampling::GREEDY, vec![]);
	let request = Request { prompt: vec![1], adapters: vec![], options, payer: 0 };
	let failing = batch::sink(|_| panic!("told to"));
	let _ticket = server.bases[&base].batch.submit_to(request, failing).unwrap();
	until("the batch has ended", || !reporter.healthy());
	let [status] = reporter.status().bases.try_into().unwrap();
	assert_eq!((status.name.as_str(), status.answering), ("tiny", false));
	assert!(reporter.status().queue.alive);
}

#[test]
fn worker_answers_the_same_after_a_restart_in_the_middle_of_a_job() {
	let runtime = Runtime::new().unwrap();
	let folder = tempfile::tempdir().unwrap();
	let config = OperatorConfig { bases: vec![MODEL.base.clone()], ..config(folder.path()) };
	let start = || Operator::start(config.clone(), runtime.handle().clone(), None).unwrap();
	let ask = |operator: &Operator, command| {
		let Reply::V3(response) = operator.engine().exchange(Message::V3(command));
		response
	};
	let store = ContentStore::open(&config, Metrics::new(None).unwrap()).unwrap();
	put(&runtime, &store, &MODEL.adapter);
	put(&runtime, &store, &MODEL.index);
	drop(store);
	let first = start();
	assert_eq!(first.status().bases.len(), 1);
	assert!(matches!(ask(&first, Command::Enqueue(MODEL.job.clone())), Response::Progress(_)));
	runtime.block_on(first.stop());
	let second = start();
	assert_eq!(ask(&second, Command::Poll(1)), Response::Failed(Failure::Unknown));
	ask(&second, Command::Enqueue(MODEL.job.clone()));
	let done = || match ask(&second, Command::Poll(1)) {
		Response::Progress(Progress::Done(outcome)) => Some(outcome),
		Response::Progress(Progress::Queued | Progress::Running) => None,
		other => panic!("{other:?}"),
	};
	until("done", || done().is_some());
	assert_eq!(done(), Some(stocked().answer(&MODEL.job).unwrap()));
	assert_eq!(second.status().work.answers, 1);
}
