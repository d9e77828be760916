//! The same bits everywhere: every instruction set that this processor has, threads, batches, and ways
//! to cut a prompt, against each other and against the hashes that other machines found.

use std::ops::ControlFlow;

use crate::{
	Adapter, Base, Config, Decay, Example, GradientOptions, Isa, Module, Objective, PeftConfig,
	Sampling, Team, TrainOptions,
	engine::{self, Packed, Run, Single, Trained, Workspace},
	gradient::{Sequence, loss_and_gradient},
	kernels::kv::{self, Pool},
	parameters,
	sample::{self, Adjust},
	testing::{self, Encoding},
	train,
	train::{Data, fit},
};
use candle_core::quantized::GgmlDType;

const ENCODINGS: [(&str, Encoding); 6] = [
	("F32", Encoding::F32),
	("F16", Encoding::F16),
	("BF16", Encoding::Bf16),
	("Q4_1", Encoding::Blocks(GgmlDType::Q4_1)),
	("Q5_1", Encoding::Blocks(GgmlDType::Q5_1)),
	("Q8_0", Encoding::Blocks(GgmlDType::Q8_0)),
];

/// FNV-1a (Fowler, Noll, Vo) over the bytes of numbers.
fn hash(bits: impl IntoIterator<Item = u32>) -> u64 {
	let bytes = bits.into_iter().flat_map(u32::to_le_bytes);
	bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
		(hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
	})
}

fn bits(values: &[f32]) -> Vec<u32> {
	values.iter().map(|value| value.to_bits()).collect()
}

fn base(encoding: Encoding) -> std::sync::Arc<Base> {
	base_of(&testing::tiny_config(), encoding)
}

fn base_of(config: &Config, encoding: Encoding) -> std::sync::Arc<Base> {
	let folder = tempfile::tempdir().unwrap();
	let path = testing::write_gguf(folder.path(), config, 1, encoding);
	Base::load(&path).unwrap()
}

/// The tiny base in every encoding, and then every other kind of base in some.
fn bases() -> Vec<(String, std::sync::Arc<Base>)> {
	let encodings = ENCODINGS.map(|(name, encoding)| (name.to_string(), base(encoding)));
	let kinds = testing::tiny_kinds().into_iter().flat_map(|(kind, config)| {
		[ENCODINGS[0], ENCODINGS[3]]
			.map(|(name, encoding)| (format!("{kind}-{name}"), base_of(&config, encoding)))
	});
	encodings.into_iter().chain(kinds).collect()
}

fn adapter(base: &Base, rank: usize, seed: u64) -> Adapter {
	let config = PeftConfig::new(rank, 2.0 * rank as f64, Module::ALL).unwrap();
	testing::random_adapter(&base.config, config, seed)
}

fn tokens(count: usize, seed: usize) -> Vec<u32> {
	(0..count).map(|i| ((i * 37 + seed * 11 + 5) % 250) as u32).collect()
}

/// Every instruction set here with one and with two threads.
fn teams() -> Vec<Team> {
	let isas = Isa::ALL.into_iter().filter(|isa| isa.is_available());
	isas.flat_map(|isa| [1, 2].map(|threads| Team::new(threads, isa).unwrap())).collect()
}

/// Logits after every token of a sequence that is run in chunks.
fn logits(base: &Base, team: &Team, adapter: &Packed, tokens: &[u32], chunk: usize) -> Vec<u32> {
	let adapters = [(adapter, 1.0)];
	let mut single = Single::new(base, team, &adapters);
	let (mut all, mut scores) = (Vec::new(), Vec::new());
	for chunk in tokens.chunks(chunk) {
		let states = single.extend(chunk, &mut ()).unwrap();
		engine::logits(base, team, states, &mut scores).unwrap();
		all.extend(bits(&scores));
	}
	all
}

/// As [`logits`] of the first of `count` sequences of different lengths and adapters that run together,
/// cut in two.
fn logits_among(
	base: &Base,
	team: &Team,
	adapters: &[Adapter],
	first: &[u32],
	count: usize,
) -> Vec<u32> {
	let mut pool = Pool::new(&base.config, 1000);
	let sequences: Vec<Vec<u32>> = (0..count)
		.map(
			|number| if number == 0 { first.to_vec() } else { tokens(3 + 5 * number % 40, number) },
		)
		.collect();
	let mut pages: Vec<kv::Sequence> = sequences.iter().map(|_| Default::default()).collect();
	let applied: Vec<Vec<(&Packed, f32)>> = (0..count)
		.map(|number| vec![(adapters[number % adapters.len()].packed().unwrap(), 1.0)])
		.collect();
	let (mut all, mut scores, mut workspace) = (Vec::new(), Vec::new(), Workspace::default());
	for half in 0..2 {
		let mut runs = Vec::new();
		let own = pages.iter_mut().zip(&sequences).zip(&applied);
		for ((sequence, tokens), adapters) in own {
			let (start, end) = tokens.split_at(tokens.len() / 2);
			let tokens = if half == 0 { start } else { end };
			pool.reserve(sequence, tokens.len()).unwrap();
			runs.push(Run { tokens, sequence, adapters });
		}
		let rows = runs[0].tokens.len();
		let states = engine::forward(base, team, &mut pool, &mut runs, &mut workspace, &mut ());
		let states = &states.unwrap()[..rows * base.config.hidden];
		engine::logits(base, team, states, &mut scores).unwrap();
		all.extend(bits(&scores));
	}
	all
}

/// What one machine found has to be what every other finds.
#[track_caller]
fn are_golden(found: impl IntoIterator<Item = (String, u64)>) {
	let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/golden.txt");
	let file = std::fs::read_to_string(path).unwrap();
	let lines = found.into_iter().map(|(name, hash)| format!("{name} {hash:016x}"));
	let unknown: Vec<_> = lines.filter(|line| !file.lines().any(|known| known == line)).collect();
	assert!(unknown.is_empty(), "golden.txt does not have:\n{}", unknown.join("\n"));
}

#[test]
fn logits_have_the_same_bits_however_they_are_computed() {
	let mut found = Vec::new();
	for (name, base) in bases() {
		let adapters: Vec<_> = (0..3).map(|i| adapter(&base, [3, 8, 17][i], i as u64)).collect();
		let tokens = tokens(45, 0);
		let packed = adapters[0].packed().unwrap();
		let expected = logits(&base, &Team::alone_with(Isa::Portable), packed, &tokens, 45);
		for team in teams() {
			for chunk in [1, 7, 16, 44, 45] {
				assert_eq!(
					logits(&base, &team, packed, &tokens, chunk),
					expected,
					"{name} {chunk}"
				);
			}
			for count in [1, 7, 16] {
				let among = logits_among(&base, &team, &adapters, &tokens, count);
				assert_eq!(among, expected, "{name} among {count}");
			}
		}
		found.push((format!("logits-{name}"), hash(expected)));
	}
	are_golden(found);
}

#[test]
fn tokens_are_the_same_on_every_instruction_set() {
	let base = base(Encoding::Blocks(GgmlDType::Q4_1));
	let adapter = adapter(&base, 8, 1);
	let adapters = [(adapter.packed().unwrap(), 1.0)];
	let sampling = Sampling { top_p: 0.9, ..Sampling::seeded(7, 1.1) };
	let mut found = Vec::new();
	for team in teams() {
		let mut single = Single::new(&base, &team, &adapters);
		let mut sequence = tokens(20, 3);
		let mut logits = single.prefill(&sequence).unwrap();
		for _ in 20..60 {
			let token =
				sample::choose(&logits, &sampling, &sequence, 20, Adjust::default()).unwrap();
			sequence.push(token);
			logits = single.prefill(&[token]).unwrap();
		}
		found.push(sequence);
	}
	assert!(found.iter().all(|sequence| *sequence == found[0]));
	are_golden([("tokens".into(), hash(found.swap_remove(0)))]);
}

#[test]
fn gradients_have_the_same_bits_on_every_instruction_set() {
	let mut found = Vec::new();
	for (name, base) in bases() {
		let adapter = adapter(&base, 8, 1);
		let values = parameters::flatten(adapter.weights()).unwrap();
		let trained = Trained::new(adapter.weights(), &values).unwrap();
		let tokens = tokens(37, 2);
		let sequence =
			Sequence { tokens: &tokens, answer_start: 20, context: 19, ..Sequence::default() };
		let options = GradientOptions { objective: Objective::Odds, first_layer: 0 };
		let of = |team: &Team| {
			let (loss, gradient) =
				loss_and_gradient(&base, team, &trained, sequence, options).unwrap();
			[bits(&[loss]), bits(&gradient)].concat()
		};
		let expected = of(&Team::alone_with(Isa::Portable));
		for team in teams() {
			assert_eq!(of(&team), expected, "{name} by {:?}", team.isa());
		}
		found.push((format!("gradient-{name}"), hash(expected)));
	}
	are_golden(found);
}

#[test]
fn training_gives_the_known_adapter() {
	let base = base(Encoding::Blocks(GgmlDType::Q4_1));
	let examples: Vec<Example> =
		(0..5).map(|i| Example::new(tokens(12 + 3 * i, i), 4 + i)).collect();
	let options = TrainOptions {
		rank: 4,
		epochs: 2,
		batch: 2,
		lr: 1e-2,
		decay: Decay::Cosine,
		seed: 3,
		half: false,
		..TrainOptions::default()
	};
	let trained = |threads| {
		let options = TrainOptions { threads, ..options.clone() };
		let adapter = train(&base, &examples, &options, &mut |_| ControlFlow::Continue(()));
		bits(&parameters::flatten(adapter.unwrap().weights()).unwrap())
	};
	assert_eq!(trained(1), trained(2));
	are_golden([("training".into(), hash(trained(1)))]);
}

#[test]
fn training_with_dropout_gives_the_known_states() {
	let base = base(Encoding::Blocks(GgmlDType::Q4_1));
	let examples: Vec<Example> =
		(0..6).map(|i| Example::new(tokens(12 + 3 * i, i), 4 + i)).collect();
	let (examples, validation) = examples.split_at(4);
	let found = |threads, recompute| {
		let options = TrainOptions {
			rank: 4,
			epochs: 2,
			accumulate: 2,
			batch: 1,
			lr: 1e-2,
			dropout: 0.25,
			rslora: true,
			evaluate_every: 2,
			seed: 3,
			half: false,
			threads,
			recompute,
			..TrainOptions::default()
		};
		let data = Data { examples, validation };
		let outcome = fit(&base, data, &options, &mut |_| ControlFlow::Continue(())).unwrap();
		let links = outcome.links.iter().flat_map(|link| link.hash.0);
		links.map(u32::from).collect::<Vec<_>>()
	};
	assert_eq!(found(1, false), found(2, true));
	are_golden([("training-chain".into(), hash(found(1, false)))]);
}
