use super::{super::trail::may_grow, *};
use crate::{GradientOptions, Objective, Trail, engine::Tape, gradient::scored_gradient};

const FIRST: usize = 1;
const OPTIONS: GradientOptions = GradientOptions { objective: Objective::Root, first_layer: FIRST };

fn half(base: &Base, seed: u64) -> Arc<Adapter> {
	let config = PeftConfig::new(4, 8.0, Module::ALL).unwrap();
	let adapter = testing::random_adapter(&base.config, config, seed);
	Arc::new(adapter.to_half().unwrap())
}

fn adapted(prompt: &[u32], max_tokens: usize, adapter: &Arc<Adapter>) -> Request {
	Request { adapters: vec![(Arc::clone(adapter).into(), 1.0)], ..request(prompt, max_tokens) }
}

fn bits(of: &[f32]) -> Vec<u32> {
	of.iter().map(|value| value.to_bits()).collect()
}

/// Whether a trail's gradient is that of the whole text, read once more.
fn check(base: &Base, adapter: &Adapter, prompt: &[u32], answer: &[u32], trail: Trail) {
	assert_eq!(trail.tokens(), (prompt, answer));
	let whole = [prompt, answer].concat();
	let expected = crate::gradient(base, adapter, &whole, prompt.len(), OPTIONS).unwrap();
	assert!(expected.iter().any(|value| *value != 0.0));
	let found = trail.gradient(base, adapter, answer.len(), OPTIONS).unwrap();
	assert_eq!(bits(&found.gradient), bits(&expected));
	let scores = crate::log_probs(base, Some(adapter), &whole, prompt.len()).unwrap();
	assert_eq!(bits(&found.log_probs), bits(&scores));
}

fn kept(server: &Server, request: Request) -> (Vec<u32>, Trail) {
	let (answer, trail) = server.submit_keeping(request, FIRST).unwrap();
	let (tokens, _) = answer.finish().unwrap();
	(tokens, trail.recv().unwrap())
}

/// Waits until no page is used.
fn until_free(server: &Server) {
	while server.load().pages > 0 {
		thread::yield_now();
	}
}

#[test]
fn gradients_of_trails_have_the_bits_of_reading_once_more_whatever_runs_beside() {
	let base = base();
	let adapters = [half(&base, 1), half(&base, 2)];
	// With the last not all rows have a tape.
	for (chunk, guesses, cache_bytes) in
		[(256, 0, 512 << 20), (7, 0, 512 << 20), (20, 4, 512 << 20), (20, 4, 400 << 10)]
	{
		let limits = Limits { running: 5, chunk, guesses, cache_bytes, ..Limits::default() };
		let server = server(&base, limits);
		let asked: Vec<_> = (0..12)
			.map(|i| {
				let adapter = &adapters[i % 2];
				// What repeats is guessed, and beginnings that are alike share pages.
				let words = prompt(20, i % 3).into_iter().cycle();
				let prompt: Vec<u32> = words.take(20 + 5 * i).collect();
				let mut one = adapted(&prompt, 1 + i * 5 % 23, adapter);
				if i % 3 == 0 {
					one.options.sampling = Sampling::seeded(i as u64, 1.0);
				}
				let beside = server.submit(request(&prompt, 9)).unwrap();
				(adapter, prompt, server.submit_keeping(one, FIRST).unwrap(), beside)
			})
			.collect();
		for (adapter, prompt, (answer, trail), _beside) in asked {
			let (tokens, _) = answer.finish().unwrap();
			check(&base, adapter, &prompt, &tokens, trail.recv().unwrap());
		}
		let load = idle(&server);
		assert!(load.reused_tokens > 0 || cache_bytes < 512 << 20);
		assert_eq!(load.guessed_tokens > 0, guesses > 0);
	}
}

#[test]
fn rows_that_there_was_no_room_for_are_computed_once_more() {
	let base = base();
	let adapter = half(&base, 1);
	let prompt = prompt(20, 2);
	let mut taped = Vec::new();
	for cache_bytes in (2..=30).map(|times| times * (25 << 10)) {
		let server = server(&base, Limits { cache_bytes, ..Limits::default() });
		for count in [20, 4] {
			let (tokens, trail) = kept(&server, adapted(&prompt, 20, &adapter));
			let rows = trail.tape.rows(&base.config);
			assert_eq!(trail.inputs.len(), (tokens.len() - rows) * base.config.hidden);
			taped.push(rows);
			let whole = [&prompt[..], &tokens[..count]].concat();
			let expected = scored_gradient(&base, &adapter, &whole, prompt.len(), OPTIONS);
			let found = trail.gradient(&base, &adapter, count, OPTIONS);
			assert_eq!(found.unwrap(), expected.unwrap(), "{rows} of {}", tokens.len());
			until_free(&server);
		}
	}
	assert!(taped.is_sorted(), "{taped:?}");
	let some = |rows: &usize| (1..20).contains(rows);
	assert!(taped.contains(&0) && taped.contains(&20) && taped.iter().any(some), "{taped:?}");
}

#[test]
fn tapes_have_a_quarter_of_the_memory_and_leave_one_to_requests() {
	assert!(may_grow(100, 0, 100, 25) && !may_grow(100, 0, 100, 26));
	assert!(may_grow(100, 15, 85, 10) && !may_grow(100, 16, 84, 10));
	assert!(may_grow(100, 0, 35, 10) && !may_grow(100, 0, 34, 10));
}

#[test]
fn passes_that_fail_leave_nothing_in_a_trail() {
	let base = base();
	// Its keys are beyond range in the last layer alone, where half of the pass has been kept.
	let config = PeftConfig::new(1, 1.0, [Module::K]).unwrap();
	let fresh = Adapter::init(&base.config, config.clone(), 1).unwrap();
	let mut values = crate::parameters::flatten(fresh.weights()).unwrap();
	let last = values.len() - base.config.dimensions(Module::K).1;
	values[last..].fill(6e4);
	let weights = crate::parameters::constants(fresh.weights(), &values).unwrap();
	let damaged = Arc::new(Adapter::new(config, weights).unwrap());
	let mut bad = request(&prompt(5, 2), 20);
	bad.adapters = vec![(damaged.into(), 1e30)];
	let (adapter, prompt) = (half(&base, 1), prompt(20, 1));
	let server = server(&base, Limits::default());
	// Whether it fails while the other is answered is up to the system's threads.
	let beside = (0..200).any(|_| {
		let (answer, trail) =
			server.submit_keeping(adapted(&prompt, 100, &adapter), FIRST).unwrap();
		let Some(Event::Token(first)) = answer.next() else { panic!("there is no token") };
		let failed = server.submit(bad.clone()).unwrap().finish();
		assert!(matches!(failed, Err(Error::NonFiniteActivation { layer: 1 })));
		let early = trail.try_recv();
		let (rest, _) = answer.finish().unwrap();
		let tokens = [&[first.token], &rest[..]].concat();
		let is_beside = early.is_err();
		check(&base, &adapter, &prompt, &tokens, early.or_else(|_| trail.recv()).unwrap());
		is_beside
	});
	assert!(beside, "it never failed beside the other");
}

#[test]
fn gradients_of_trails_are_the_same_on_every_instruction_set_and_with_any_threads() {
	let base = base();
	let adapter = half(&base, 3);
	let prompt = prompt(21, 4);
	let mut first = None;
	for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
		for threads in [1, 2] {
			let team = Arc::new(Team::new(threads, isa).unwrap());
			let server = Server::start(Arc::clone(&base), Arc::clone(&team), Limits::default());
			let (answer, trail) = kept(&server.unwrap(), adapted(&prompt, 6, &adapter));
			let found = trail.gradient_by(&team, &base, &adapter, 6, OPTIONS).unwrap();
			let found = (answer, bits(&found.gradient), bits(&found.log_probs));
			assert_eq!(&found, first.get_or_insert(found.clone()), "{isa:?} {threads}");
		}
	}
}

#[test]
fn trail_gives_the_gradient_of_an_answers_beginning_too() {
	let base = base();
	let adapter = half(&base, 1);
	let prompt = prompt(30, 1);
	let server = server(&base, Limits::default());
	let (answer, trail) = kept(&server, adapted(&prompt, 20, &adapter));
	assert_eq!(answer.len(), 20);
	let found = trail.gradient(&base, &adapter, 5, OPTIONS).unwrap();
	let whole = [&prompt[..], &answer[..5]].concat();
	assert_eq!(found, scored_gradient(&base, &adapter, &whole, 30, OPTIONS).unwrap());
}

#[test]
fn score_comes_with_the_gradient_whether_or_not_the_adapter_is_rounded_to_run() {
	let base = base();
	let tokens = prompt(30, 5);
	let exact = half(&base, 2);
	let rounded = &adapters(&base, 1)[0];
	assert!(exact.is_half() && !rounded.is_half());
	for adapter in [&exact, rounded] {
		let found = scored_gradient(&base, adapter, &tokens, 20, OPTIONS).unwrap();
		let alone = crate::gradient(&base, adapter, &tokens, 20, OPTIONS).unwrap();
		assert_eq!(bits(&found.gradient), bits(&alone));
		let scores = crate::log_probs(&base, Some(adapter), &tokens, 20).unwrap();
		assert_eq!(bits(&found.log_probs), bits(&scores));
	}
}

#[test]
fn trail_is_refused_for_what_it_was_not_kept_for() {
	let base = base();
	let server = server(&base, Limits::default());
	let adapter = half(&base, 1);
	let trail = || kept(&server, adapted(&prompt(10, 1), 4, &adapter)).1;
	let refused = |found: Result<_>| assert!(matches!(found, Err(Error::OtherTrail(_))));
	refused(trail().gradient(&base, &half(&base, 1), 4, OPTIONS));
	let lower = GradientOptions { first_layer: 0, ..OPTIONS };
	refused(trail().gradient(&base, &adapter, 4, lower));
	for count in [0, 5, usize::MAX] {
		let found = trail().gradient(&base, &adapter, count, OPTIONS);
		assert!(matches!(found, Err(Error::AnswerOutOfRange { .. })), "{count}");
	}
	let rounded = &adapters(&base, 1)[0];
	let (_, trail) = kept(&server, adapted(&prompt(10, 1), 4, rounded));
	refused(trail.gradient(&base, rounded, 4, OPTIONS));
	let none = server.submit_keeping(request(&[1], 1), base.config.layers);
	assert!(matches!(none, Err(Error::InvalidOption { .. })));
}

#[test]
fn trails_have_their_memory_from_that_of_keys_and_values_and_give_it_back() {
	let base = base();
	let adapter = half(&base, 1);
	let prompt = prompt(20, 1);
	let one = || adapted(&prompt, 20, &adapter);
	let shape = Shape::new(&base.config);
	let own = positions(&one()).div_ceil(PAGE);
	let lent = {
		let (sender, _) = mpsc::channel();
		Wish { first: FIRST, sender }.pages(&base.config, &one())
	};
	assert!(lent > 0);
	// Room for one with its trail.
	let limits = Limits { cache_bytes: (own + lent) * shape.page_bytes(), ..Limits::default() };
	let server = server(&base, limits);
	let longer = adapted(&prompt, 20 + PAGE, &adapter);
	assert!(matches!(server.submit_keeping(longer.clone(), FIRST), Err(Error::CacheFull { .. })));
	server.submit(longer).unwrap().finish().unwrap();
	let (_, trail) = kept(&server, one());
	assert_eq!(trail.inputs.capacity(), trail.inputs.len());
	let held = idle(&server).pages;
	assert!((1..=lent).contains(&held), "{held} of {lent}");
	let (answer, other) = server.submit_keeping(one(), FIRST).unwrap();
	assert!(answer.next_within(Duration::from_millis(50)).is_err(), "there was no room");
	drop(trail);
	answer.finish().unwrap();
	drop(other.recv().unwrap());
	until_free(&server);
	// One that nobody waits for leaves nothing behind.
	let (answer, trail) = server.submit_keeping(one(), FIRST).unwrap();
	assert!(answer.next().is_some());
	drop(answer);
	drop(trail);
	until_free(&server);
	kept(&server, one());
}

#[test]
fn answer_that_is_ended_before_its_time_leaves_a_trail() {
	let base = base();
	let adapter = half(&base, 1);
	let server = server(&base, Limits::default());
	let prompt = prompt(10, 1);
	let (answer, trail) = server.submit_keeping(adapted(&prompt, 90, &adapter), FIRST).unwrap();
	let Some(Event::Token(first)) = answer.next() else { panic!("there is no token") };
	let ticket = answer.end();
	let trail = trail.recv().unwrap();
	drop(ticket);
	assert_eq!(trail.tokens().1[0], first.token);
	let found = trail.gradient(&base, &adapter, 1, OPTIONS).unwrap();
	let whole = [&prompt[..], &[first.token]].concat();
	assert_eq!(found, scored_gradient(&base, &adapter, &whole, 10, OPTIONS).unwrap());
	until_free(&server);
}

#[test]
fn trail_of_an_answer_that_stops_by_itself_has_no_more_than_is_lent() {
	let base = base();
	let adapter = half(&base, 1);
	let server = server(&base, Limits::default());
	let prompt = prompt(10, 1);
	let (whole, trail) = kept(&server, adapted(&prompt, 20, &adapter));
	drop(trail);
	let mut one = adapted(&prompt, 20, &adapter);
	one.options.stop_tokens = vec![whole[7]];
	let (tokens, trail) = kept(&server, one);
	assert!(tokens.len() < 20);
	let page = Shape::new(&base.config).page_bytes();
	let tape = trail.tape.rows(&base.config) * Tape::row_bytes(FIRST, &base.config);
	let kept = tape + trail.pool.page_bytes() * trail.sequence.pages().len();
	// What is given back is taken when somebody asks for something.
	server.submit(request(&prompt, 1)).unwrap().finish().unwrap();
	assert_eq!(idle(&server).pages, kept.div_ceil(page));
	check(&base, &adapter, &prompt, &tokens, trail);
}

#[test]
fn answer_without_tokens_leaves_no_trail() {
	let base = base();
	let adapter = half(&base, 1);
	let server = server(&base, Limits::default());
	let (answer, trail) = server.submit_keeping(adapted(&[1, 2], 0, &adapter), FIRST).unwrap();
	assert!(answer.finish().unwrap().0.is_empty());
	assert!(trail.recv().is_err());
}
