mod chained;

use std::{fs, ops::ControlFlow, path::Path};

use super::*;
use crate::{Adapter, Base, Error, Module, Result, testing};

const FILE: &str = "checkpoint.safetensors";

fn examples() -> Vec<Example> {
	(0..5u32).map(|i| Example::new((0..6 + i).map(|j| (i * 7 + j * 5) % 40).collect(), 3)).collect()
}

fn options() -> TrainOptions {
	TrainOptions { rank: 4, alpha: 8.0, epochs: 3, batch: 2, lr: 5e-3, ..Default::default() }
}

fn quietly(base: &Base, examples: &[Example], options: &TrainOptions) -> Result<Adapter> {
	train(base, examples, options, &mut |_| ControlFlow::Continue(()))
}

fn bytes(adapter: Adapter) -> Vec<u8> {
	adapter.to_bytes().unwrap()
}

fn cancelled_after(step: usize, base: &Base, options: &TrainOptions) {
	let stopped = train(base, &examples(), options, &mut |progress| {
		if progress.step == step { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
	});
	assert!(matches!(stopped, Err(Error::Cancelled)));
}

fn with_folder(folder: &Path) -> TrainOptions {
	TrainOptions { checkpoint_dir: Some(folder.to_path_buf()), checkpoint_every: 2, ..options() }
}

#[test]
fn loss_falls_when_examples_are_repeated() {
	let base = testing::tiny_base(1);
	let options = TrainOptions { epochs: 60, lr: 2e-2, ..options() };
	let mut losses = Vec::new();
	train(&base, &examples(), &options, &mut |progress| {
		losses.push(progress.loss);
		ControlFlow::Continue(())
	})
	.unwrap();
	let mean = |losses: &[f32]| losses.iter().sum::<f32>() / losses.len() as f32;
	let (first, last) = (mean(&losses[..3]), mean(&losses[losses.len() - 3..]));
	assert!(last < 0.5 * first, "from {first} to {last}");
}

#[test]
fn trained_adapter_lowers_the_loss_of_its_examples_when_scored_by_itself() {
	let base = testing::tiny_base(1);
	let adapter = quietly(&base, &examples(), &TrainOptions { epochs: 30, lr: 2e-2, ..options() });
	let adapter = adapter.unwrap();
	for example in examples() {
		let score = |adapter| {
			let scores = crate::log_probs(&base, adapter, &example.tokens, example.answer_start);
			scores.unwrap().iter().sum::<f32>()
		};
		assert!(score(Some(&adapter)) > score(None) + 0.5);
	}
}

#[test]
fn adapter_has_the_same_bytes_only_when_seed_and_options_are_the_same() {
	let base = testing::tiny_base(1);
	let run = |options: TrainOptions| bytes(quietly(&base, &examples(), &options).unwrap());
	let first = run(options());
	assert_eq!(first, run(options()));
	assert_eq!(first, run(TrainOptions { threads: 1, ..options() }));
	assert_eq!(first, run(TrainOptions { threads: 3, ..options() }));
	assert_eq!(first, run(TrainOptions { recompute: true, threads: 2, ..options() }));
	assert_ne!(first, run(TrainOptions { rslora: true, ..options() }));
	assert_ne!(first, run(TrainOptions { accumulate: 2, ..options() }));
	assert_ne!(first, run(TrainOptions { seed: 1, ..options() }));
	assert_ne!(first, run(TrainOptions { clip: 1e-3, weight_decay: 0.5, ..options() }));
}

#[test]
fn adapter_is_rounded_to_half_precision_unless_it_is_to_stay_single() {
	let base = testing::tiny_base(1);
	let run = |half| quietly(&base, &examples(), &TrainOptions { half, ..options() }).unwrap();
	let (rounded, single) = (run(true), run(false));
	assert!(rounded.is_half() && !single.is_half());
	assert!(quietly(&base, &examples(), &options()).unwrap().is_half(), "unless told otherwise");
	// Nothing but the end of the last step differs, and so no answer does.
	assert_eq!(bytes(rounded), bytes(single.to_half().unwrap()));
}

#[test]
fn adapter_covers_the_targets_alone_when_some_are_chosen() {
	let base = testing::tiny_base(1);
	let targets = vec![Module::Up, Module::Q, Module::Up];
	let options = TrainOptions { targets, epochs: 1, ..options() };
	let adapter = quietly(&base, &examples(), &options).unwrap();
	assert_eq!(adapter.config().modules(2), [Module::Q, Module::Up]);
}

#[test]
fn progress_counts_steps_and_time_when_training() {
	let base = testing::tiny_base(1);
	let mut seen = Vec::new();
	train(&base, &examples(), &options(), &mut |progress| {
		seen.push(progress);
		ControlFlow::Continue(())
	})
	.unwrap();
	assert_eq!(seen.iter().map(|p| p.step).collect::<Vec<_>>(), (1..=9).collect::<Vec<_>>());
	assert_eq!(seen.iter().map(|p| p.epoch).collect::<Vec<_>>(), [1, 1, 1, 2, 2, 2, 3, 3, 3]);
	let schedule = options().schedule(5);
	for (index, progress) in seen.iter().enumerate() {
		assert_eq!((progress.steps, progress.lr), (9, schedule.rate(index)));
		assert!(progress.loss.is_finite() && progress.gradient_norm > 0.0);
		assert!(progress.tokens_per_s > 0.0);
	}
	assert!(!seen[0].eta.is_zero());
	assert!(seen[8].eta.is_zero());
}

#[test]
fn adapter_is_the_same_when_training_was_cancelled_and_resumed() {
	let base = testing::tiny_base(1);
	let uninterrupted = bytes(quietly(&base, &examples(), &options()).unwrap());
	let folder = tempfile::tempdir().unwrap();
	let options = with_folder(folder.path());
	for step in [1, 4, 5] {
		cancelled_after(step, &base, &options);
	}
	let mut steps = Vec::new();
	let resumed = train(&base, &examples(), &options, &mut |progress| {
		steps.push(progress.step);
		ControlFlow::Continue(())
	});
	assert_eq!(bytes(resumed.unwrap()), uninterrupted);
	assert_eq!(steps, [6, 7, 8, 9]);
}

#[test]
fn adapter_is_the_same_when_training_was_killed_between_checkpoints() {
	let base = testing::tiny_base(1);
	let folder = tempfile::tempdir().unwrap();
	let options = with_folder(folder.path());
	let file = folder.path().join(FILE);
	let mut at_five = Vec::new();
	let whole = train(&base, &examples(), &options, &mut |progress| {
		if progress.step == 5 {
			at_five = fs::read(&file).unwrap();
		}
		ControlFlow::Continue(())
	});
	fs::write(&file, at_five).unwrap();
	fs::write(folder.path().join("checkpoint.safetensors.partial"), b"half a file").unwrap();
	let mut steps = Vec::new();
	let resumed = train(&base, &examples(), &options, &mut |progress| {
		steps.push(progress.step);
		ControlFlow::Continue(())
	});
	assert_eq!(bytes(resumed.unwrap()), bytes(whole.unwrap()));
	assert_eq!(steps, [5, 6, 7, 8, 9]);
}

#[test]
fn adapter_is_given_at_once_when_the_run_was_finished() {
	let base = testing::tiny_base(1);
	let folder = tempfile::tempdir().unwrap();
	let options = with_folder(folder.path());
	let first = quietly(&base, &examples(), &options).unwrap();
	let again = train(&base, &examples(), &options, &mut |_| panic!("nothing is left to do"));
	assert_eq!(bytes(again.unwrap()), bytes(first));
}

#[test]
fn checkpoint_is_refused_by_name_when_it_is_of_another_run() {
	let base = testing::tiny_base(1);
	let folder = tempfile::tempdir().unwrap();
	let options = with_folder(folder.path());
	cancelled_after(3, &base, &options);

	let refusal = |base: &Base, examples: &[Example], options: &TrainOptions| match quietly(
		base, examples, options,
	) {
		Err(Error::Checkpoint(message)) => message,
		other => panic!("{other:?}"),
	};
	type Change = fn(&mut TrainOptions);
	let changes: [(&str, Change); 21] = [
		("half", |o| o.half = false),
		("alpha", |o| o.alpha = 9.0),
		("targets", |o| o.targets = vec![Module::K]),
		("rank", |o| o.rank = 5),
		("epochs", |o| o.epochs = 4),
		("batch", |o| o.batch = 3),
		("lr", |o| o.lr = 4e-3),
		("warmup", |o| o.warmup = 0.2),
		("decay", |o| o.decay = Decay::Linear),
		("clip", |o| o.clip = 2.0),
		("weight_decay", |o| o.weight_decay = 0.1),
		("beta1", |o| o.beta1 = 0.8),
		("epsilon", |o| o.epsilon = 1e-7),
		("seed", |o| o.seed = 1),
		("rslora", |o| o.rslora = true),
		("dropout", |o| o.dropout = 0.1),
		("accumulate", |o| o.accumulate = 2),
		("checkpoint_every", |o| o.checkpoint_every = 3),
		("evaluate_every", |o| o.evaluate_every = 3),
		("genesis", |o| o.genesis = Digest([1; 32])),
		("beta2", |o| o.beta2 = 0.9),
	];
	for (name, change) in changes {
		let mut other = options.clone();
		change(&mut other);
		let message = refusal(&base, &examples(), &other);
		// With a smaller adapter, the size of the file gives it away already.
		assert!(message.contains(name) || name == "targets", "{name}: {message}");
	}
	let mut other = examples();
	other[2].answer_start += 1;
	assert!(refusal(&base, &other, &options).contains("examples"));
	let other = testing::tiny_base(99);
	assert!(refusal(&other, &examples(), &options).contains("base"));
	// The refusals left it usable.
	quietly(&base, &examples(), &options).unwrap();
}

#[test]
fn checkpoint_is_refused_when_it_is_damaged() {
	let base = testing::tiny_base(1);
	let folder = tempfile::tempdir().unwrap();
	let options = with_folder(folder.path());
	cancelled_after(3, &base, &options);
	let file = folder.path().join(FILE);
	let whole = fs::read(&file).unwrap();

	let mut not_finite = whole.clone();
	let last = not_finite.len() - 4;
	not_finite[last..].copy_from_slice(&f32::NAN.to_le_bytes());
	let mut oversized = whole.clone();
	oversized.resize(whole.len() + (2 << 20), 0);
	let damaged = [
		Vec::new(),
		b"not a checkpoint".to_vec(),
		whole[..whole.len() / 2].to_vec(),
		whole[..whole.len() - 1].to_vec(),
		vec![0xff; 64],
		not_finite,
		oversized,
		bytes(Adapter::init(&base.config, options.adapter_config().unwrap(), 0).unwrap()),
	];
	for (index, content) in damaged.into_iter().enumerate() {
		fs::write(&file, content).unwrap();
		let refused = quietly(&base, &examples(), &options);
		assert!(matches!(refused, Err(Error::Checkpoint(_))), "{index}: {refused:?}");
	}
}

#[test]
fn checkpoint_stays_when_training_diverges() {
	let base = testing::tiny_base(1);
	let folder = tempfile::tempdir().unwrap();
	let options = TrainOptions {
		alpha: 1e30,
		lr: 1.0,
		warmup: 0.0,
		checkpoint_every: 1,
		..with_folder(folder.path())
	};
	let mut done = 0;
	let mut last_good = Vec::new();
	let result = train(&base, &examples(), &options, &mut |progress| {
		done = progress.step;
		ControlFlow::Continue(())
	});
	match result {
		Err(Error::Diverged { step, .. }) => assert_eq!(step, done),
		other => panic!("{other:?}"),
	}
	assert!(done > 0, "it has to go well for a step, or there is nothing to keep");
	last_good.extend(fs::read(folder.path().join(FILE)).unwrap());
	// Continuing fails at the same step and still leaves it.
	let again = quietly(&base, &examples(), &options);
	assert!(matches!(again, Err(Error::Diverged { step, .. }) if step == done));
	assert_eq!(fs::read(folder.path().join(FILE)).unwrap(), last_good);
}

#[test]
fn folder_is_refused_when_it_cannot_be_written() {
	let base = testing::tiny_base(1);
	let folder = tempfile::tempdir().unwrap();
	let file = folder.path().join("a file");
	fs::write(&file, b"").unwrap();
	assert!(matches!(quietly(&base, &examples(), &with_folder(&file)), Err(Error::Io { .. })));
}

#[test]
fn training_is_refused_when_there_are_no_examples() {
	let base = testing::tiny_base(1);
	assert!(matches!(quietly(&base, &[], &options()), Err(Error::NoExamples)));
}

#[test]
fn training_is_refused_when_an_option_is_out_of_range() {
	let base = testing::tiny_base(1);
	let options = TrainOptions { lr: f64::INFINITY, ..options() };
	let refused = quietly(&base, &examples(), &options);
	assert!(matches!(refused, Err(Error::InvalidOption { option: "lr", .. })));
}

#[test]
fn training_names_the_example_when_one_is_faulty() {
	let base = testing::tiny_base(1);
	let refusal = |example: Example| {
		let mut examples = examples();
		examples[3] = example;
		match quietly(&base, &examples, &options()) {
			Err(Error::Example { index: 3, source }) => *source,
			other => panic!("{other:?}"),
		}
	};
	let at = |answer_start| Example::new(vec![1, 2, 3], answer_start);
	for answer_start in [0, 3, usize::MAX] {
		assert!(matches!(refusal(at(answer_start)), Error::AnswerOutOfRange { .. }));
	}
	let empty = Example::new(vec![], 0);
	assert!(matches!(refusal(empty), Error::AnswerOutOfRange { tokens: 0, .. }));
	let long = Example::new(vec![1; base.config.context + 1], 1);
	assert!(matches!(refusal(long), Error::ContextExceeded { .. }));
	let unknown = Example::new(vec![1, u32::MAX], 1);
	assert!(matches!(refusal(unknown), Error::UnknownToken { token: u32::MAX, .. }));
}
