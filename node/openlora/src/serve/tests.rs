mod trails;

use super::*;
use crate::{
	Adapter, Chosen, Constraint, Finish, Grammar, Isa, Module, PeftConfig, Sampling, generate,
	testing,
};
use std::{ops::ControlFlow, time::Duration};

fn base() -> Arc<Base> {
	testing::tiny_base(1)
}

fn adapters(base: &Base, count: u64) -> Vec<Arc<Adapter>> {
	let adapter = |seed| {
		let config = PeftConfig::new([2, 8, 20][seed as usize % 3], 8.0, Module::ALL).unwrap();
		Arc::new(testing::random_adapter(&base.config, config, seed))
	};
	(0..count).map(adapter).collect()
}

fn server(base: &Arc<Base>, limits: Limits) -> Server {
	let team = Arc::new(Team::new(2, Isa::best()).unwrap());
	Server::start(Arc::clone(base), team, limits).unwrap()
}

fn request(prompt: &[u32], max_tokens: usize) -> Request {
	let options = GenerateOptions::new(max_tokens, Sampling::GREEDY, vec![]);
	Request { prompt: prompt.to_vec(), adapters: vec![], options, payer: 0 }
}

fn prompt(length: usize, seed: usize) -> Vec<u32> {
	(0..length).map(|i| ((i * 31 + seed * 7 + 3) % 250) as u32).collect()
}

/// The load once nothing is under way.
fn idle(server: &Server) -> Load {
	loop {
		let load = server.load();
		if load.running + load.waiting == 0 {
			return load;
		}
		thread::yield_now();
	}
}

/// What the request is answered by itself.
fn alone(base: &Base, request: &Request) -> Vec<u32> {
	let adapter = request.adapters.first().map(|(adapter, _)| match adapter {
		Served::Memory(adapter) => &**adapter,
		Served::Stored(_) => panic!("not a stored one"),
	});
	let on = &mut |_| ControlFlow::Continue(());
	generate(base, adapter, &request.prompt, &request.options, on).unwrap().tokens
}

#[test]
fn answers_are_those_of_each_request_alone_when_many_run_together() {
	let base = base();
	let adapters = adapters(&base, 5);
	let limits = Limits { running: 7, chunk: 20, ..Limits::default() };
	let server = server(&base, limits);
	let requests: Vec<Request> = (0..40)
		.map(|i| {
			let mut one = request(&prompt(1 + i * 13 % 70, i), 1 + i * 7 % 30);
			one.payer = i as u64 % 3;
			if i % 4 > 0 {
				one.adapters = vec![(Arc::clone(&adapters[i % 5]).into(), 1.0)];
			}
			if i % 3 == 0 {
				one.options.sampling = Sampling { top_p: 0.9, ..Sampling::seeded(i as u64, 1.0) };
			}
			one
		})
		.collect();
	let answers: Vec<Answer> =
		requests.iter().map(|request| server.submit(request.clone()).unwrap()).collect();
	for (request, answer) in requests.iter().zip(answers) {
		let (tokens, finish) = answer.finish().unwrap();
		assert_eq!((tokens, finish), (alone(&base, request), Finish::Length));
	}
}

#[test]
fn beginning_is_run_once_when_prompts_share_it_and_the_answer_stays() {
	let base = base();
	let adapter = adapters(&base, 1).remove(0);
	let server = server(&base, Limits::default());
	let ask = |tail: u32, adapter: Option<&Arc<Adapter>>| {
		let mut one = request(&[prompt(50, 0), vec![tail]].concat(), 5);
		one.adapters =
			adapter.map(|adapter| (Arc::clone(adapter).into(), 1.0)).into_iter().collect();
		let expected = alone(&base, &one);
		assert_eq!(server.submit(one).unwrap().finish().unwrap().0, expected);
		server.load().reused_tokens
	};
	assert_eq!(ask(1, Some(&adapter)), 0);
	assert_eq!(ask(2, Some(&adapter)), 48);
	assert_eq!(ask(3, None), 48);
	assert_eq!(ask(4, None), 96);
}

#[test]
fn everything_is_free_when_answers_are_over_or_dropped() {
	let base = base();
	let server = server(&base, Limits { running: 3, ..Limits::default() });
	let answers: Vec<Answer> =
		(0..9).map(|i| server.submit(request(&prompt(20, i), 100)).unwrap()).collect();
	for (i, answer) in answers.into_iter().enumerate() {
		if i % 2 == 0 {
			assert!(matches!(answer.next(), Some(Event::Token(_))));
			drop(answer);
		} else {
			answer.finish().unwrap();
		}
	}
	assert_eq!(idle(&server).pages, 0);
}

#[test]
fn answers_are_the_same_when_there_is_room_for_few() {
	let base = base();
	let page = Shape::new(&base.config).page_bytes();
	let limits = Limits { cache_bytes: 6 * page, ..Limits::default() };
	let server = server(&base, limits);
	let requests: Vec<Request> = (0..12).map(|i| request(&prompt(40, i % 4), 20)).collect();
	let answers: Vec<Answer> =
		requests.iter().map(|request| server.submit(request.clone()).unwrap()).collect();
	for (request, answer) in requests.iter().zip(answers) {
		assert_eq!(answer.finish().unwrap().0, alone(&base, request));
		assert!(server.load().running <= 1);
	}
	let large = server.submit(request(&prompt(90, 0), 20));
	assert!(matches!(large, Err(Error::CacheFull { positions: 109, available: 96, .. })));
}

#[test]
fn request_is_refused_when_too_many_wait_and_taken_later() {
	let base = base();
	let server = server(&base, Limits { running: 1, waiting: 2, ..Limits::default() });
	let mut answers = Vec::new();
	let refused = (0..100).find_map(|i| match server.submit(request(&prompt(60, i), 60)) {
		Ok(answer) => {
			answers.push(answer);
			None
		}
		Err(error) => Some(error),
	});
	assert!(matches!(refused, Some(Error::Busy { waiting: 2 })));
	answers.into_iter().for_each(|answer| drop(answer.finish().unwrap()));
	server.submit(request(&prompt(5, 0), 1)).unwrap().finish().unwrap();
}

#[test]
fn damaged_adapter_fails_its_own_request_alone() {
	let base = base();
	let config = PeftConfig::new(2, 4.0, Module::ALL).unwrap();
	let shape = testing::random_adapter(&base.config, config.clone(), 1);
	let huge = vec![6e4; crate::parameter_count(&shape)];
	let weights = crate::parameters::constants(shape.weights(), &huge).unwrap();
	let damaged = Arc::new(Adapter::new(config, weights).unwrap());
	let server = server(&base, Limits::default());
	let good = request(&prompt(20, 1), 20);
	let mut bad = request(&prompt(20, 2), 20);
	bad.adapters = vec![(damaged.into(), 1e30)];
	let (first, failing) = (server.submit(good.clone()).unwrap(), server.submit(bad).unwrap());
	let second = server.submit(good.clone()).unwrap();
	assert!(matches!(failing.finish(), Err(Error::NonFiniteActivation { .. })));
	for answer in [first, second] {
		assert_eq!(answer.finish().unwrap().0, alone(&base, &good));
	}
}

#[test]
fn request_fails_by_itself_when_only_its_last_layer_is_damaged() {
	let folder = tempfile::tempdir().unwrap();
	let encoding = testing::Encoding::Blocks(candle_core::quantized::GgmlDType::Q8_0);
	let path = testing::write_gguf(folder.path(), &testing::tiny_config(), 1, encoding);
	let base = Base::load(&path).unwrap();
	// The residual stream is beyond range after the last layer alone, where the head meets it.
	let config = PeftConfig::new(1, 1.0, [Module::Down]).unwrap();
	let fresh = Adapter::init(&base.config, config.clone(), 1).unwrap();
	let mut values = crate::parameters::flatten(fresh.weights()).unwrap();
	let (inputs, outputs) = base.config.dimensions(Module::Down);
	let last = values.len() - outputs;
	values[last - inputs..].fill(6e4);
	let weights = crate::parameters::constants(fresh.weights(), &values).unwrap();
	let damaged = Arc::new(Adapter::new(config, weights).unwrap());
	let server = server(&base, Limits { chunk: 8, ..Limits::default() });
	let mut bad = request(&prompt(5, 2), 20);
	bad.adapters = vec![(damaged.into(), 3e30)];
	let good = request(&prompt(30, 1), 20);
	let first = server.submit(good.clone()).unwrap();
	let failing = server.submit(bad).unwrap();
	let second = server.submit(good.clone()).unwrap();
	let layer = base.config.layers;
	assert!(
		matches!(failing.finish(), Err(Error::NonFiniteActivation { layer: at }) if at == layer)
	);
	for answer in [first, second] {
		assert_eq!(answer.finish().unwrap().0, alone(&base, &good));
	}
	assert!(server.is_running());
}

#[test]
fn request_is_refused_when_it_makes_no_sense() {
	let base = base();
	let server = server(&base, Limits::default());
	let refused = |request| server.submit(request).unwrap_err();
	assert!(matches!(refused(request(&[], 5)), Error::EmptyPrompt));
	assert!(matches!(refused(request(&[9999], 5)), Error::UnknownToken { .. }));
	assert!(matches!(refused(request(&prompt(129, 0), 5)), Error::ContextExceeded { .. }));
	let mut odd = request(&[1], 5);
	odd.options.sampling = Sampling::seeded(1, -1.0);
	assert!(matches!(refused(odd), Error::InvalidOption { option: "temperature", .. }));
	let mut odd = request(&[1], 5);
	odd.adapters = vec![(adapters(&base, 1).remove(0).into(), f32::NAN)];
	assert!(matches!(refused(odd), Error::InvalidOption { .. }));
	let other = crate::Config { layers: 1, ..testing::tiny_config() };
	let config = PeftConfig::new(2, 4.0, [Module::Q]).unwrap();
	let mut foreign = request(&[1], 5);
	foreign.adapters = vec![(Arc::new(testing::random_adapter(&other, config, 1)).into(), 1.0)];
	assert!(matches!(refused(foreign), Error::AdapterLayers { .. }));
	assert!(server.submit(request(&[1], 0)).unwrap().finish().unwrap().0.is_empty());
	let whole = server.submit(request(&prompt(120, 0), 500)).unwrap().finish().unwrap();
	assert_eq!((whole.0.len(), whole.1), (9, Finish::Length));
}

#[test]
fn answers_end_when_the_server_does() {
	let base = base();
	let server = server(&base, Limits::default());
	let answer = server.submit(request(&prompt(100, 0), 28)).unwrap();
	drop(server);
	let end = answer.finish();
	assert!(matches!(end, Err(Error::Stopped) | Ok((_, Finish::Length))));
}

#[test]
fn server_does_not_start_when_a_limit_makes_no_sense() {
	let base = base();
	for limits in [
		Limits { running: 0, ..Limits::default() },
		Limits { waiting: 0, ..Limits::default() },
		Limits { chunk: 0, ..Limits::default() },
		Limits { guesses: 65, ..Limits::default() },
		Limits { cache_bytes: 100, ..Limits::default() },
	] {
		let team = Arc::new(Team::alone());
		let refused = Server::start(Arc::clone(&base), team, limits);
		assert!(matches!(refused.err(), Some(Error::InvalidOption { .. })));
	}
}

/// Tokens and their log-probabilities.
fn whole(answer: Answer) -> (Vec<Chosen>, Option<Finish>) {
	let mut all = Vec::new();
	loop {
		match answer.next() {
			Some(Event::Token(chosen)) => all.push(chosen),
			Some(Event::Done(finish)) => return (all, Some(finish)),
			Some(Event::Failed(_)) | None => return (all, None),
		}
	}
}

/// Requests of every kind, some to prompts that repeat themselves.
fn kinds(base: &Arc<Base>) -> Vec<Request> {
	let adapters = adapters(base, 3);
	let schema = serde_json::json!({ "type": "array", "items": { "enum": ["one", "other"] } });
	let constraint = Constraint::new(base, Grammar::JsonSchema(schema)).unwrap();
	let constraint = Arc::new(constraint);
	(0..24usize)
		.map(|i| {
			let repeated = prompt(5 + i, i % 4).repeat(2);
			let mut one = request(&repeated, 1 + i * 11 % 60);
			if i % 2 == 0 {
				one.adapters = vec![(Arc::clone(&adapters[i % 3]).into(), 1.0)];
			}
			let options = &mut one.options;
			if i % 3 == 0 {
				options.sampling = Sampling::seeded(i as u64, 0.4);
			}
			if i % 4 == 1 {
				options.sampling.frequency_penalty = 0.2;
				options.bias = vec![(20, 3.0)];
			}
			if i % 5 == 2 {
				options.constraint = Some(Arc::clone(&constraint));
				options.stop_tokens = base.stop_tokens.clone();
			}
			options.log_probs = (i % 2 == 1).then_some(i % 7);
			one
		})
		.collect()
}

#[test]
fn answers_are_the_same_to_the_bit_when_tokens_are_guessed() {
	let base = base();
	let mut requests = kinds(&base);
	let plain = server(&base, Limits::default());
	let answers = |server: &Server, requests: &[Request]| {
		let submitted: Vec<Answer> =
			requests.iter().map(|one| server.submit(one.clone()).unwrap()).collect();
		submitted.into_iter().map(whole).collect::<Vec<_>>()
	};
	let first = answers(&plain, &requests);
	// Some end by a token in the middle of what is guessed.
	for (request, (tokens, _)) in
		requests.iter_mut().zip(&first).filter(|(one, _)| one.options.constraint.is_none())
	{
		if tokens.len() > 9 && request.options.max_tokens % 2 == 0 {
			request.options.stop_tokens = vec![tokens[9].token];
		}
	}
	let expected = answers(&plain, &requests);
	assert!(expected != first);
	for (guesses, running, chunk) in [(1, 3, 256), (4, 1, 8), (7, 2, 16), (16, 4, 256)] {
		let limits = Limits { guesses, running, chunk, ..Limits::default() };
		let server = server(&base, limits);
		let found = answers(&server, &requests);
		assert!(found == expected, "{guesses} guesses at once");
		let load = idle(&server);
		assert!(load.right_guesses > 20 && load.right_guesses < load.guessed_tokens, "{load:?}");
		assert_eq!(load.pages, 0);
	}
}

#[test]
fn answer_fits_its_pages_when_tokens_are_guessed() {
	let base = base();
	let page = Shape::new(&base.config).page_bytes();
	let limits = Limits { guesses: 16, cache_bytes: 4 * page, ..Limits::default() };
	let server = server(&base, limits);
	let one = request(&prompt(4, 0).repeat(8), 33);
	let answers: Vec<Answer> = (0..3).map(|_| server.submit(one.clone()).unwrap()).collect();
	let expected = alone(&base, &one);
	for answer in answers {
		assert_eq!(answer.finish().unwrap(), (expected.clone(), Finish::Length));
	}
}

#[test]
fn answers_to_one_request_differ_by_their_seeds_and_share_its_prompt() {
	let base = base();
	let server = server(&base, Limits::default());
	let mut one = request(&prompt(50, 3), 20);
	one.options.sampling = Sampling::seeded(11, 1.5);
	let channels: Vec<_> = (0..5).map(|_| mpsc::channel()).collect();
	let sinks = channels.iter().map(|(sender, _)| {
		let sender = sender.clone();
		sink(move |event| sender.send(event).is_ok())
	});
	let tickets = server.submit_all(one.clone(), sinks.collect()).unwrap();
	let mut seen = Vec::new();
	for ((_, events), (index, ticket)) in channels.into_iter().zip(tickets.into_iter().enumerate())
	{
		let answer = Answer { events, ticket };
		let mut alike = one.clone();
		alike.options.sampling = one.options.sampling.of_answer(index);
		let tokens = answer.finish().unwrap().0;
		assert_eq!(tokens, alone(&base, &alike));
		assert!(!seen.contains(&tokens));
		seen.push(tokens);
	}
	assert_eq!(seen[0], alone(&base, &one));
	// 48 of the 50 tokens, for each but the first.
	assert_eq!(idle(&server).reused_tokens, 4 * 48);
}

#[test]
fn other_answers_come_when_the_first_is_no_longer_wanted() {
	let base = base();
	let server = server(&base, Limits { running: 1, ..Limits::default() });
	let blocking = server.submit(request(&prompt(60, 9), 60)).unwrap();
	let (sender, events) = mpsc::channel();
	let gone = sink(|_| false);
	let other = sink(move |event| sender.send(event).is_ok());
	let one = request(&prompt(30, 1), 4);
	let mut tickets = server.submit_all(one.clone(), vec![gone, other]).unwrap();
	let ticket = tickets.pop().unwrap();
	drop(tickets);
	blocking.finish().unwrap();
	assert_eq!(Answer { events, ticket }.finish().unwrap().0, alone(&base, &one));
}

#[test]
fn several_answers_are_refused_together_when_they_cannot_all_wait() {
	let base = base();
	let server = server(&base, Limits { running: 1, waiting: 3, ..Limits::default() });
	let sinks = |count: usize| (0..count).map(|_| sink(|_| true)).collect::<Vec<Sink>>();
	for count in [0, 4] {
		let refused = server.submit_all(request(&prompt(5, 0), 5), sinks(count));
		assert!(matches!(refused, Err(Error::InvalidOption { option: "n", .. })), "{count}");
	}
	let _running = server.submit(request(&prompt(60, 0), 60)).unwrap();
	let _waiting = server.submit(request(&prompt(60, 1), 60)).unwrap();
	let refused = server.submit_all(request(&prompt(5, 0), 5), sinks(3));
	assert!(matches!(refused, Err(Error::Busy { .. })));
}

#[test]
fn callers_are_not_held_up_while_the_sink_of_one_who_left_takes_long() {
	let base = base();
	let server = server(&base, Limits { running: 1, ..Limits::default() });
	let _running = server.submit(request(&prompt(60, 0), 60)).unwrap();
	let (entered, has_entered) = mpsc::channel();
	let (release, is_released) = mpsc::channel::<()>();
	let slow = sink(move |_| entered.send(()).is_ok() && is_released.recv().is_ok());
	drop(server.submit_to(request(&prompt(5, 1), 5), slow).unwrap());
	has_entered.recv().unwrap();
	let (done, is_done) = mpsc::channel();
	thread::scope(|scope| {
		scope.spawn(|| {
			let answer = server.submit(request(&prompt(5, 2), 5)).unwrap();
			done.send((answer, server.load())).unwrap();
		});
		let found = is_done.recv_timeout(Duration::from_secs(10));
		drop(release);
		let (answer, load) = found.expect("callers wait for a sink");
		assert!(load.waiting >= 1);
		answer.finish().unwrap();
	});
}
