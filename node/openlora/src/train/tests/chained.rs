//! Validation, early stopping, the chain of checkpoints, and repeating it.

use super::*;

fn validation() -> Vec<Example> {
	(0..2u32).map(|i| Example::new((0..8).map(|j| (i * 11 + j * 3) % 40).collect(), 2)).collect()
}

fn run(options: &TrainOptions, validation: &[Example]) -> Result<Outcome> {
	let base = testing::tiny_base(1);
	let examples = examples();
	let data = Data { examples: &examples, validation };
	fit(&base, data, options, &mut |_| ControlFlow::Continue(()))
}

fn every(steps: usize) -> TrainOptions {
	TrainOptions { checkpoint_every: 2, evaluate_every: steps, ..options() }
}

fn steps(links: &[Link]) -> Vec<(u64, bool)> {
	links.iter().map(|link| (link.step, link.loss.is_some())).collect()
}

fn again(options: &TrainOptions, links: &[Link], from: Option<State>, to: u64) -> Result<Verdict> {
	again_with(&validation(), options, links, from, to)
}

fn again_with(
	validation: &[Example],
	options: &TrainOptions,
	links: &[Link],
	from: Option<State>,
	to: u64,
) -> Result<Verdict> {
	let base = testing::tiny_base(1);
	let examples = examples();
	let data = Data { examples: &examples, validation };
	replay(&base, data, options, links, from, to, &mut |_| ControlFlow::Continue(()))
}

#[test]
fn chain_has_the_beginning_every_checkpoint_every_evaluation_and_the_end() {
	let outcome = run(&every(3), &validation()).unwrap();
	let expected = [(0, true), (2, false), (3, true), (4, false), (6, true), (8, false), (9, true)];
	assert_eq!(steps(&outcome.links), expected);
	chain::check(Digest::default(), &outcome.links).unwrap();
	assert_eq!((outcome.steps, outcome.stopped_early), (9, false));
	let without = run(&every(3), &[]).unwrap();
	let expected = [(0, false), (2, false), (4, false), (6, false), (8, false), (9, false)];
	assert_eq!(steps(&without.links), expected);
	assert_eq!(without.step, 9);
	let other = TrainOptions { genesis: Digest([1; 32]), ..every(3) };
	let other = run(&other, &[]).unwrap();
	assert_eq!(other.links[3].state, without.links[3].state);
	assert_ne!(other.links[3].hash, without.links[3].hash);
}

#[test]
fn validation_does_not_change_what_is_trained() {
	let with = run(&every(3), &validation()).unwrap();
	let without = run(&every(3), &[]).unwrap();
	let at = |outcome: &Outcome, step| {
		outcome.links.iter().find(|link| link.step == step).map(|link| link.state)
	};
	for step in [0, 2, 4, 6, 8, 9] {
		assert_eq!(at(&with, step), at(&without, step));
	}
}

#[test]
fn adapter_is_that_of_the_lowest_loss_when_there_is_validation() {
	let options = TrainOptions { lr: 5e-2, epochs: 20, ..every(4) };
	let outcome = run(&options, &validation()).unwrap();
	assert_eq!(outcome.step, chain::chosen(&outcome.links));
	let lowest = outcome.links.iter().find(|link| link.step == outcome.step).unwrap().loss.unwrap();
	assert!(outcome.links[1..].iter().all(|link| link.loss.is_none_or(|loss| loss >= lowest)));
	let base = testing::tiny_base(1);
	let mean = |adapter: &Adapter| {
		let losses = validation().into_iter().map(|example| {
			let start = example.answer_start;
			let scores = crate::log_probs(&base, Some(adapter), &example.tokens, start).unwrap();
			-scores.iter().sum::<f32>() / scores.len() as f32
		});
		losses.sum::<f32>() / 2.0
	};
	// Served adapters are rounded to half precision.
	assert!((mean(&outcome.adapter) - lowest).abs() < 2e-2);
}

#[test]
fn training_stops_when_patience_ends() {
	let options = TrainOptions { lr: 0.5, epochs: 40, patience: Some(2), ..every(2) };
	let outcome = run(&options, &validation()).unwrap();
	assert!(outcome.stopped_early && outcome.steps < 120, "{}", outcome.steps);
	assert_eq!(chain::without_progress(&outcome.links), 2);
	assert_eq!(outcome.steps, outcome.step + 4);
	let Verdict::Same { adapter, links } =
		again(&options, &outcome.links, None, outcome.steps).unwrap()
	else {
		panic!("it is the same run")
	};
	assert_eq!(links, outcome.links.len());
	assert_eq!(bytes(*adapter.unwrap()), bytes(outcome.adapter));
}

#[test]
fn patience_is_refused_when_there_is_no_validation() {
	let options = TrainOptions { patience: Some(2), ..options() };
	let refused = run(&options, &[]);
	assert!(matches!(refused, Err(Error::InvalidOption { option: "patience", .. })));
}

#[test]
fn last_state_alone_is_rounded_and_is_the_adapter_when_stretches_are_repeated() {
	let folder = tempfile::tempdir().unwrap();
	let states = |half, name: &str| {
		let checkpoint_dir = Some(folder.path().join(name));
		let options = TrainOptions { half, checkpoint_dir, keep_states: true, ..every(3) };
		(run(&options, &[]).unwrap(), options)
	};
	let ((rounded, options), (single, _)) = (states(true, "half"), states(false, "single"));
	let (last, before) = rounded.links.split_last().unwrap();
	assert_eq!(last.step, 9);
	assert_eq!(before, &single.links[..before.len()]);
	assert_ne!(last.state, single.links[before.len()].state);
	let values = rounded.adapter.values().unwrap();
	let state = |step| {
		let folder = options.checkpoint_dir.as_ref().unwrap();
		State::load(folder, step, values.len()).unwrap().unwrap()
	};
	assert_eq!((state(9).values(), state(9).hash()), (&values[..], last.state));
	for links in rounded.links[1..].windows(2) {
		let [from, to] = [links[0].step, links[1].step];
		let repeated = |options: &TrainOptions| {
			again_with(&[], options, &rounded.links, Some(state(from)), to).unwrap()
		};
		match repeated(&every(3)) {
			Verdict::Same { links: 2, adapter } => {
				let adapter = adapter.map(|adapter| bytes(*adapter));
				assert_eq!(adapter, (to == 9).then(|| bytes(rounded.adapter.clone())));
			}
			other => panic!("{other:?}"),
		}
		if to == 9 {
			let found = repeated(&TrainOptions { half: false, ..every(3) });
			assert!(matches!(found, Verdict::Differs { step: 9, .. }), "{found:?}");
		}
	}
}

#[test]
fn adapter_of_the_lowest_loss_is_rounded_when_it_is_not_the_last() {
	let options = TrainOptions { lr: 0.5, epochs: 40, patience: Some(2), ..every(2) };
	let outcome = run(&options, &validation()).unwrap();
	assert!(outcome.step < outcome.steps && outcome.adapter.is_half());
	let chosen = |of: &[Link]| of.iter().find(|link| link.step == outcome.step).copied().unwrap();
	let single = run(&TrainOptions { half: false, ..options.clone() }, &validation()).unwrap();
	assert_eq!(chosen(&outcome.links).state, chosen(&single.links).state);
	match again(&options, &outcome.links, None, outcome.steps).unwrap() {
		Verdict::Same { adapter: Some(adapter), .. } => {
			assert_eq!(bytes(*adapter), bytes(outcome.adapter));
		}
		other => panic!("{other:?}"),
	}
}

#[test]
fn validation_example_is_refused_when_faulty() {
	let refused = run(&options(), &[Example::new(vec![1, 2], 2)]);
	assert!(matches!(refused, Err(Error::Example { index: 0, .. })));
}

#[test]
fn chain_and_adapter_are_the_same_when_training_was_cancelled_at_every_step() {
	let options = TrainOptions { dropout: 0.2, accumulate: 2, epochs: 4, ..every(3) };
	let whole = run(&options, &validation()).unwrap();
	let folder = tempfile::tempdir().unwrap();
	let options = TrainOptions { checkpoint_dir: Some(folder.path().into()), ..options };
	let base = testing::tiny_base(1);
	let (examples, validation) = (examples(), validation());
	let data = Data { examples: &examples, validation: &validation };
	let mut cancelled = 0;
	let resumed = loop {
		let result = fit(&base, data, &options, &mut |event| match event {
			Event::Step(_) => ControlFlow::Break(()),
			Event::Link(_) => ControlFlow::Continue(()),
		});
		match result {
			Err(Error::Cancelled) => cancelled += 1,
			other => break other.unwrap(),
		}
	};
	assert!(cancelled >= 8);
	assert_eq!(resumed.links, whole.links);
	assert_eq!(bytes(resumed.adapter), bytes(whole.adapter));
}

#[test]
fn run_is_the_same_when_repeated_whole_or_between_two_kept_states() {
	let folder = tempfile::tempdir().unwrap();
	let kept = TrainOptions {
		checkpoint_dir: Some(folder.path().into()),
		keep_states: true,
		dropout: 0.1,
		..every(3)
	};
	let outcome = run(&kept, &validation()).unwrap();
	let options = TrainOptions { dropout: 0.1, threads: 1, recompute: true, ..every(3) };
	match again(&options, &outcome.links, None, 9).unwrap() {
		Verdict::Same { links: 7, adapter: Some(adapter) } => {
			assert_eq!(bytes(*adapter), bytes(outcome.adapter.clone()));
		}
		other => panic!("{other:?}"),
	}
	let count = outcome.adapter.parameter_count();
	let state = |step| State::load(folder.path(), step, count).unwrap();
	for (from, to, compared) in [(2, 6, 4), (0, 3, 3), (8, 9, 2), (4, 4, 1)] {
		match again(&options, &outcome.links, state(from), to).unwrap() {
			Verdict::Same { links, .. } => assert_eq!(links, compared),
			other => panic!("{from} {to}: {other:?}"),
		}
	}
	assert!(state(5).is_none());
}

#[test]
fn replay_says_where_a_run_first_differs() {
	let outcome = run(&every(3), &validation()).unwrap();
	let relinked = |change: &dyn Fn(&mut Link)| {
		let mut before = Digest::default();
		let links = outcome.links.iter().map(|link| {
			let mut link = *link;
			change(&mut link);
			let link = Link::after(before, link.step, link.state, link.loss);
			before = link.hash;
			link
		});
		links.collect::<Vec<_>>()
	};
	let forged = relinked(&|link| link.state.0[0] ^= u8::from(link.step == 6));
	match again(&every(3), &forged, None, 9).unwrap() {
		Verdict::Differs { after: 4, step: 6, what: Mismatch::State { .. }, state } => {
			assert_eq!(state.hash(), outcome.links[4].state);
		}
		other => panic!("{other:?}"),
	}
	let forged = relinked(&|link| {
		if link.step == 3 {
			link.loss = link.loss.map(|loss| f32::from_bits(loss.to_bits() + 1));
		}
	});
	let found = again(&every(3), &forged, None, 9).unwrap();
	assert!(matches!(found, Verdict::Differs { step: 3, what: Mismatch::Loss { .. }, .. }));
	// Trained with other options than it says.
	let other = TrainOptions { lr: 4e-3, ..every(3) };
	let found = again(&other, &outcome.links, None, 9).unwrap();
	assert!(matches!(found, Verdict::Differs { after: 0, step: 2, .. }), "{found:?}");
	let other = TrainOptions { checkpoint_every: 5, ..every(3) };
	let found = again(&other, &outcome.links, None, 9).unwrap();
	assert!(matches!(found, Verdict::Differs { what: Mismatch::Steps, .. }), "{found:?}");
	// Links that end before the run does.
	let short = &outcome.links[..outcome.links.len() - 1];
	let found = again(&every(3), short, None, 8).unwrap();
	assert!(matches!(found, Verdict::Differs { step: 8, what: Mismatch::Steps, .. }), "{found:?}");
}

#[test]
fn replay_is_refused_when_links_are_broken_or_steps_have_none() {
	let outcome = run(&every(3), &validation()).unwrap();
	let mut broken = outcome.links.clone();
	broken[2].hash.0[0] ^= 1;
	assert!(matches!(again(&every(3), &broken, None, 9), Err(Error::BrokenChain { step: 3, .. })));
	let other = TrainOptions { genesis: Digest([1; 32]), ..every(3) };
	let refused = again(&other, &outcome.links, None, 9);
	assert!(matches!(refused, Err(Error::BrokenChain { step: 0, .. })));
	for to in [1, 5, 10, u64::MAX] {
		let refused = again(&every(3), &outcome.links, None, to);
		assert!(matches!(refused, Err(Error::NoLink { .. })), "{to}");
	}
}

#[test]
fn adapter_with_dropout_is_the_same_whatever_the_threads_and_the_memory() {
	let options = TrainOptions { dropout: 0.5, ..options() };
	let first = bytes(run(&options, &[]).unwrap().adapter);
	for (threads, recompute) in [(1, false), (3, true)] {
		let options = TrainOptions { threads, recompute, ..options.clone() };
		assert_eq!(bytes(run(&options, &[]).unwrap().adapter), first);
	}
	let other = TrainOptions { dropout: 0.4, ..options };
	assert_ne!(bytes(run(&other, &[]).unwrap().adapter), first);
}

#[test]
fn accumulated_batches_are_one_step_of_the_same_examples() {
	let folder = |accumulate, batch| {
		let options = TrainOptions { accumulate, batch, epochs: 1, ..options() };
		let outcome = run(&options, &[]).unwrap();
		(outcome.steps, parameters(&outcome.adapter))
	};
	let (steps, apart) = folder(2, 2);
	let (together_steps, together) = folder(1, 4);
	assert_eq!((steps, together_steps), (2, 2));
	// The order of the sum differs, and nothing else.
	let furthest = apart.iter().zip(&together).map(|(a, b)| (a - b).abs()).fold(0f32, f32::max);
	assert!(furthest < 1e-3, "{furthest}");
}

fn parameters(adapter: &Adapter) -> Vec<f32> {
	crate::parameters::flatten(adapter.weights()).unwrap()
}

#[test]
fn trained_adapter_says_how_it_is_scaled_when_rank_stabilised() {
	let options = TrainOptions { rslora: true, ..options() };
	let adapter = run(&options, &[]).unwrap().adapter;
	assert!(adapter.config().rslora);
	for (layer, module, _) in adapter.weights().iter() {
		assert_eq!(adapter.weights().scale(layer, module), Some(8.0 / 2.0));
	}
}
