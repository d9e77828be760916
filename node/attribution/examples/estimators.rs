//! The estimators, for comparison with others and for the clock.
//!
//! `estimators export OUT` makes a tiny base and an adapter in the folder OUT, with the gradients of some
//! sequences, their factors, and what the estimators make of them, for `scripts/compare-dattri`.
//! Numbers are little-endian f32; `export.json` says what is in which file.
//!
//! `estimators speed [RECORDS] [QUERIES]` prints one JSON object: the seconds that each estimator takes
//! for so many records and queries, 1,000 and 100 unless told, of at most 48 tokens over a base of a
//! million parameters with an adapter of rank 8 on every projection.

use openledger_attribution::estimators::{
	self, Curvature, DataInf, Estimator, Gradient, Item, Trained,
};
use openlora::{
	Adapter, Base, Config, Example, FactorOptions, Factors, GradientOptions, Labels, Module,
	PeftConfig, TrainOptions, factored_gradients, gradients, parameter_count, testing, train,
};
use serde_json::{Value, json};
use std::{fs, ops::ControlFlow, path::Path, time::Instant};

const USAGE: &str = "usage: estimators export OUT | speed [RECORDS] [QUERIES]";

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
	let arguments: Vec<String> = std::env::args().skip(1).collect();
	let number = |at: usize, default| match arguments.get(at) {
		Some(text) => text.parse::<usize>(),
		None => Ok(default),
	};
	match arguments.first().map(String::as_str) {
		Some("export") if arguments.len() == 2 => export(Path::new(&arguments[1]))?,
		Some("speed") if arguments.len() <= 3 => {
			println!("{}", speed(number(1, 1_000)?, number(2, 100)?)?);
		}
		_ => {
			eprintln!("{USAGE}");
			std::process::exit(2);
		}
	}
	Ok(())
}

/// Tokens with the start of their answer, from a counter.
fn sequences(
	count: usize,
	shortest: usize,
	longest: usize,
	vocab: usize,
) -> Vec<(Vec<u32>, usize)> {
	let word = |sequence: usize, at: usize| {
		let mixed = (sequence as u64 * 1_000 + at as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
		(mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 33
	};
	(0..count)
		.map(|sequence| {
			let length = shortest + word(sequence, 0) as usize % (longest - shortest + 1);
			let token = |at| (word(sequence, at + 1) % vocab as u64) as u32;
			((0..length).map(token).collect(), length / 3)
		})
		.collect()
}

/// As the engine takes them.
fn tokens(sequences: &[(Vec<u32>, usize)]) -> Vec<(&[u32], usize)> {
	sequences.iter().map(|(tokens, start)| (&tokens[..], *start)).collect()
}

fn items(sequences: &[(Vec<u32>, usize)]) -> Vec<Item<'_>> {
	sequences
		.iter()
		.map(|(tokens, answer_start)| Item { tokens, answer_start: *answer_start, text: "" })
		.collect()
}

fn export(out: &Path) -> Result<(), Failure> {
	let config = testing::tiny_config();
	testing::write_hf(&out.join("base"), &config, 1);
	let base = Base::load(&out.join("base"))?;
	let (records, queries) = (sequences(24, 6, 24, config.vocab), 6);
	let examples: Vec<Example> = records
		.iter()
		.map(|(tokens, answer_start)| Example::new(tokens.clone(), *answer_start))
		.collect();
	let options = TrainOptions {
		rank: 4,
		alpha: 8.0,
		epochs: 2,
		batch: 2,
		lr: 1e-2,
		targets: Module::ALL.to_vec(),
		half: false,
		..TrainOptions::default()
	};
	let adapter = train(&base, &examples, &options, &mut |_| ControlFlow::Continue(()))?;
	adapter.save_dir(&out.join("adapter"))?;
	// Not among the records: what a record says of itself would hide the rest.
	let all = sequences(24 + queries, 6, 24, config.vocab);
	let queries = &all[24..];

	let mut flat = Vec::new();
	let options = GradientOptions::default();
	gradients(&base, &adapter, &tokens(&all), options, |_, gradient| {
		flat.extend(gradient);
		Ok(())
	})?;
	write(&out.join("gradients.f32"), &flat)?;
	let matrices = write_factors(out, &base, &adapter, &records)?;

	let trained = Trained { base: &base, adapter: &adapter, checkpoints: &[] };
	let empirical = Curvature { labels: Labels::Given, ..Curvature::default() };
	let ekfac = Gradient { curvature: Some(empirical), ..Gradient::default() };
	let estimators: [(&str, &dyn Estimator); 4] = [
		("dot", &Gradient::dot()),
		("cosine", &Gradient::cosine()),
		("datainf", &DataInf::default()),
		("ekfac", &ekfac),
	];
	for (name, estimator) in estimators {
		let scores = estimator.scores(&trained, &items(&records), &items(queries))?;
		write(&out.join(format!("{name}.f32")), &scores.concat())?;
	}
	let index = json!({
		"records": records.len(),
		"queries": queries.len(),
		"parameters": parameter_count(&adapter),
		"sequences": all.iter().map(|(tokens, start)| json!([tokens, start])).collect::<Vec<_>>(),
		"matrices": matrices,
		"damping": DataInf::default().damping,
	});
	fs::write(out.join("export.json"), serde_json::to_vec(&index)?)?;
	Ok(())
}

/// Writes, for each matrix, the rows of both factors of all records' gradients: each record's in turn.
fn write_factors(
	out: &Path,
	base: &Base,
	adapter: &Adapter,
	records: &[(Vec<u32>, usize)],
) -> Result<Vec<Value>, Failure> {
	type Kept = Vec<(usize, [Vec<f32>; 4])>;
	let keep = |kept: &mut Kept, factors: &Factors<'_>| {
		let rows = [factors.v, factors.x, factors.u, factors.delta].map(<[f32]>::to_vec);
		kept.push((factors.offset, rows));
	};
	let mut all: Vec<Kept> = Vec::new();
	let options = FactorOptions::default();
	factored_gradients(
		base,
		adapter,
		&tokens(records),
		options,
		|_| Kept::new(),
		keep,
		|_, kept| {
			all.push(kept);
			Ok(())
		},
	)?;
	let (mut matrices, mut offset) = (Vec::new(), 0);
	for (layer, module, lora) in adapter.weights().iter() {
		let begin = offset;
		let sides = [("A", lora.a.dims()), ("B", lora.b.dims())];
		for (side, (name, shape)) in sides.into_iter().enumerate() {
			let file = |factor: &str| format!("{layer}.{module}.{name}.{factor}.f32");
			let (mut low, mut wide) = (Vec::new(), Vec::new());
			for kept in &all {
				let of = kept.iter().find(|(at, _)| *at == begin);
				let (_, rows) = of.ok_or("a projection without a gradient")?;
				low.extend_from_slice(&rows[2 * side]);
				wide.extend_from_slice(&rows[2 * side + 1]);
			}
			write(&out.join(file("low")), &low)?;
			write(&out.join(file("wide")), &wide)?;
			matrices.push(json!({
				"name": format!(
					"base_model.model.model.layers.{layer}.{}.lora_{name}.default.weight",
					module.path()
				),
				"side": name, "offset": offset, "shape": shape,
				"low": file("low"), "wide": file("wide"),
			}));
			offset += shape.iter().product::<usize>();
		}
	}
	Ok(matrices)
}

fn write(path: &Path, values: &[f32]) -> Result<(), Failure> {
	let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
	Ok(fs::write(path, bytes)?)
}

fn speed(records: usize, queries: usize) -> Result<Value, Failure> {
	let config = Config {
		hidden: 128,
		intermediate: 384,
		layers: 4,
		heads: 8,
		kv_heads: 4,
		head_dim: 16,
		..testing::tiny_config()
	};
	let folder = tempfile::tempdir()?;
	let path = testing::write_gguf(folder.path(), &config, 1, testing::Encoding::F32);
	let base = Base::load(&path)?;
	let peft = PeftConfig::new(8, 16.0, Module::ALL)?;
	let adapter = testing::random_adapter(&base.config, peft, 2);
	let checkpoints = [(adapter.clone(), 1.0)];
	let trained = Trained { base: &base, adapter: &adapter, checkpoints: &checkpoints };
	let all = sequences(records + queries, 24, 48, config.vocab);
	let (of_records, of_queries) = all.split_at(records);
	let mut seconds = serde_json::Map::new();
	for estimator in estimators::all() {
		let started = Instant::now();
		estimator.scores(&trained, &items(of_records), &items(of_queries))?;
		let (name, taken) = (estimator.name(), started.elapsed().as_secs_f64());
		eprintln!("{taken:8.1} s {name}");
		seconds.insert(name, taken.into());
	}
	Ok(json!({
		"records": records,
		"queries": queries,
		"parameters": parameter_count(&adapter),
		"threads": rayon::current_num_threads(),
		"seconds": seconds,
	}))
}
