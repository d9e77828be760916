//! Adapters for comparison with PEFT, which `scripts/compare-peft` runs.
//!
//! `peft BASE train OUT < ids.json` reads a JSON list of token id lists, trains an adapter on them for two
//! epochs and saves it as a PEFT folder.
//!
//! `peft BASE save ADAPTER OUT` reads an adapter of PEFT's and saves it as a folder again.
//!
//! `peft BASE gguf ADAPTER OUT` writes the adapter as a GGUF file.
//!
//! `peft BASE logits ADAPTER OUT < ids.json` writes the logits after every token with the adapter, row after
//! row, as little-endian f32 to the file OUT: those of `autograd`, which keeps all numbers in single
//! precision, and after them those of the engine.

use std::{
	error::Error,
	fs::File,
	io::{BufWriter, Read, Write},
	ops::ControlFlow,
	path::Path,
};

use openlora::{
	Adapter, Base, Config, Example, Module, Precision, TrainOptions,
	autograd::{self, Cache},
	score::teacher_forced,
	train,
};

const USAGE: &str =
	"usage: peft BASE train OUT | save ADAPTER OUT | gguf ADAPTER OUT | logits ADAPTER OUT";

fn sequences() -> Result<Vec<Vec<u32>>, Box<dyn Error>> {
	let mut input = String::new();
	std::io::stdin().read_to_string(&mut input)?;
	Ok(serde_json::from_str(&input)?)
}

fn main() -> Result<(), Box<dyn Error>> {
	let arguments: Vec<String> = std::env::args().skip(1).collect();
	match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
		[base, "train", out] => {
			let base = Base::load(Path::new(base))?;
			let examples: Vec<Example> =
				sequences()?.into_iter().map(|tokens| Example::new(tokens, 1)).collect();
			let options = TrainOptions {
				rank: 4,
				epochs: 2,
				batch: 2,
				lr: 1e-2,
				targets: Module::ALL.to_vec(),
				..TrainOptions::default()
			};
			let adapter = train(&base, &examples, &options, &mut |_| ControlFlow::Continue(()))?;
			adapter.save_dir(Path::new(out))?;
		}
		[base, "save", adapter, out] => {
			let base = Base::load(Path::new(base))?;
			let adapter = Adapter::load_dir(Path::new(adapter))?;
			adapter.fits(&base.config)?;
			adapter.save_dir(Path::new(out))?;
		}
		[base, "gguf", adapter, out] => {
			let base = Config::load(Path::new(base))?;
			let exported =
				Adapter::load(Path::new(adapter), Some(&base))?.to_gguf(&base, Precision::F32)?;
			std::fs::write(out, exported.bytes)?;
		}
		[base, "logits", adapter, out] => {
			let base = Base::load(Path::new(base))?;
			let adapter = Adapter::load(Path::new(adapter), Some(&base.config))?;
			let (mut exact, mut served) = (Vec::new(), Vec::new());
			for tokens in sequences()? {
				let mut cache = Cache::new(&base.config);
				let hidden =
					autograd::forward(&base, Some(adapter.weights()), &tokens, &mut cache)?;
				exact.extend(autograd::logits(&base, &hidden)?.flatten_all()?.to_vec1::<f32>()?);
				// Nothing is asked of the token after the last, but that there is one.
				let followed = [&tokens[..], &[0]].concat();
				teacher_forced(&base, Some(&adapter), &followed, 0, &mut |_, logits| {
					served.extend_from_slice(logits);
					Ok(())
				})?;
			}
			let mut out = BufWriter::new(File::create(out)?);
			for value in exact.into_iter().chain(served) {
				out.write_all(&value.to_le_bytes())?;
			}
			out.flush()?;
		}
		_ => return Err(USAGE.into()),
	}
	Ok(())
}
