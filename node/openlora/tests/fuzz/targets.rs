//! The readers, and valid files for them.

use std::{fs, path::PathBuf};

use arbitrary::{Result, Unstructured};
use candle_core::quantized::GgmlDType;
use openlora::{
	Adapter, Base, Config, Module, PeftConfig, Precision,
	testing::{self, Encoding},
};

use crate::{bytes, json};

/// What a reader made of a file.
pub enum Outcome {
	Accepted,
	Refused,
	/// It took it, and contradicts itself.
	Wrong(String),
}

/// A reader with a valid file.
pub struct Target {
	kind: Kind,
	original: Vec<u8>,
	fields: Vec<bytes::Field>,
	base: Config,
	folder: tempfile::TempDir,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
	GgufBase,
	QuantisedGgufBase,
	GgufAdapter,
	SafetensorsBase,
	ConfigOfBase,
	SafetensorsAdapter,
	PeftConfig,
}

impl Target {
	/// All of them.
	pub fn all() -> Vec<Self> {
		[
			Kind::GgufBase,
			Kind::QuantisedGgufBase,
			Kind::GgufAdapter,
			Kind::SafetensorsBase,
			Kind::ConfigOfBase,
			Kind::SafetensorsAdapter,
			Kind::PeftConfig,
		]
		.map(Self::new)
		.into()
	}

	fn new(kind: Kind) -> Self {
		let base = testing::tiny_config();
		let folder = tempfile::tempdir().expect("the temporary folder is writable");
		let adapter = || {
			let config = PeftConfig::new(2, 4.0, [Module::Q, Module::Down]).expect("within range");
			testing::random_adapter(&base, config, 1)
		};
		let original = match kind {
			Kind::GgufBase => testing::gguf_writer(&base, 1, Encoding::F32).finish(),
			Kind::QuantisedGgufBase => {
				testing::gguf_writer(&base, 1, Encoding::Blocks(GgmlDType::Q4_1)).finish()
			}
			Kind::GgufAdapter => {
				adapter().to_gguf(&base, Precision::F16).expect("it fits the base").bytes
			}
			Kind::SafetensorsBase | Kind::ConfigOfBase => {
				testing::write_hf(folder.path(), &base, 1);
				fs::read(folder.path().join(Self::hf_file(kind))).expect("it was just written")
			}
			Kind::SafetensorsAdapter => adapter().to_bytes().expect("it can be written"),
			Kind::PeftConfig => testing::mixed_config().to_json().into_bytes(),
		};
		let fields = match kind {
			Kind::GgufBase | Kind::QuantisedGgufBase | Kind::GgufAdapter => {
				bytes::gguf_fields(&original)
			}
			_ => Vec::new(),
		};
		Self { kind, original, fields, base, folder }
	}

	fn hf_file(kind: Kind) -> &'static str {
		if kind == Kind::ConfigOfBase { "config.json" } else { "model.safetensors" }
	}

	pub fn name(&self) -> &'static str {
		match self.kind {
			Kind::GgufBase => "gguf-base",
			Kind::QuantisedGgufBase => "gguf-base-quantised",
			Kind::GgufAdapter => "gguf-adapter",
			Kind::SafetensorsBase => "safetensors-base",
			Kind::ConfigOfBase => "config-of-base",
			Kind::SafetensorsAdapter => "safetensors-adapter",
			Kind::PeftConfig => "peft-config",
		}
	}

	/// A changed file; when the decisions run out, what there is by then.
	pub fn input(&self, u: &mut Unstructured) -> Vec<u8> {
		self.change(u).unwrap_or_else(|_| self.original.clone())
	}

	fn change(&self, u: &mut Unstructured) -> Result<Vec<u8>> {
		let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("JSON is UTF-8");
		match self.kind {
			Kind::GgufBase | Kind::QuantisedGgufBase | Kind::GgufAdapter => {
				bytes::change(u, self.original.clone(), &self.fields)
			}
			Kind::ConfigOfBase | Kind::PeftConfig => json::change(u, &text(&self.original)),
			Kind::SafetensorsBase | Kind::SafetensorsAdapter => {
				let (len, rest) = self.original.split_at(8);
				let len = u64::from_le_bytes(len.try_into().expect("eight bytes")) as usize;
				let (header, data) = rest.split_at(len);
				let header = json::change(u, text(header).trim_end())?;
				let mut len = header.len() as u64;
				if u.ratio(1, 12)? {
					len = len.wrapping_add(*u.choose(&[
						1,
						8,
						1 << 20,
						1 << 40,
						u64::MAX,
						1 << 63,
					])?);
				}
				let mut file = [&len.to_le_bytes()[..], &header, data].concat();
				match u.int_in_range(0..=19)? {
					0 => file.truncate(u.choose_index(file.len() + 1)?),
					1 => file.extend(u.bytes(9)?),
					2 => {
						let at = file.len() - 1 - u.choose_index(data.len())?;
						file[at] = 0xff;
					}
					_ => {}
				}
				Ok(file)
			}
		}
	}

	/// Lets the reader have it.
	pub fn read(&self, input: &mut Vec<u8>) -> Outcome {
		let path = |name: &str| -> PathBuf {
			let path = self.folder.path().join(name);
			fs::write(&path, &*input).expect("the temporary folder is writable");
			path
		};
		match self.kind {
			Kind::GgufBase | Kind::QuantisedGgufBase => taken(Base::load(&path("base.gguf"))),
			Kind::SafetensorsBase | Kind::ConfigOfBase => {
				path(Self::hf_file(self.kind));
				taken(Base::load(self.folder.path()))
			}
			Kind::GgufAdapter => match Adapter::load_gguf(&path("adapter.gguf"), &self.base) {
				Ok(adapter) => check(&adapter),
				Err(error) => refused(&error),
			},
			Kind::SafetensorsAdapter => match Adapter::from_bytes(input) {
				Ok(adapter) => check(&adapter),
				Err(error) => refused(&error),
			},
			Kind::PeftConfig => {
				let Ok(text) = std::str::from_utf8(input) else { return Outcome::Refused };
				match PeftConfig::from_json(text) {
					Ok(config) => check_config(&config),
					Err(error) => refused(&error),
				}
			}
		}
	}

	pub fn takes_the_original(&self) -> bool {
		matches!(self.read(&mut self.original.clone()), Outcome::Accepted)
	}
}

fn taken<T>(result: openlora::Result<T>) -> Outcome {
	match result {
		Ok(_) => Outcome::Accepted,
		Err(error) => refused(&error),
	}
}

/// A refusal has to be short enough to be read.
fn refused(error: &openlora::Error) -> Outcome {
	match error.to_string().len() {
		1..=4000 => Outcome::Refused,
		len => Outcome::Wrong(format!("a message of {len} bytes")),
	}
}

/// What was read is the same when written and read again.
fn check(adapter: &Adapter) -> Outcome {
	let again = adapter.to_bytes().and_then(|bytes| Ok((Adapter::from_bytes(&bytes)?, bytes)));
	match again {
		Ok((read, bytes)) if read.to_bytes().is_ok_and(|again| again == bytes) => {
			adapter.prepare().ok();
			check_config(adapter.config())
		}
		Ok(_) => Outcome::Wrong("other bytes when written again".into()),
		Err(error) => Outcome::Wrong(format!("its own bytes are refused: {error}")),
	}
}

fn check_config(config: &PeftConfig) -> Outcome {
	let again = match PeftConfig::from_json(&config.to_json()) {
		Ok(again) => again,
		Err(error) => return Outcome::Wrong(format!("its own JSON is refused: {error}")),
	};
	let targets = |config: &PeftConfig| {
		(0..40).flat_map(|layer| Module::ALL.map(|module| config.target(layer, module))).collect()
	};
	let (before, after): (Vec<_>, Vec<_>) = (targets(config), targets(&again));
	match again == *config && before == after {
		true => Outcome::Accepted,
		false => Outcome::Wrong("another configuration when written and read".into()),
	}
}
