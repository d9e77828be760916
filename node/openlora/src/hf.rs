//! Bases from Hugging Face folders: `config.json`, `*.safetensors` and `tokenizer.json`.

mod settings;
pub(crate) mod shard;

use std::{
	collections::{HashMap, HashSet},
	fs,
	path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
	base::{Base, SpecialTokens},
	chat::{ChatTemplate, SpecialTexts},
	config::Config,
	error::{Error, Result},
	tokenizer::Tokenizer,
	weights::{Slot, Stored, Weights},
};
use settings::Settings;
use shard::Shard;

/// Largest JSON file that is read into memory; the tokenizers of today take a tenth.
const MAX_JSON: u64 = 1 << 28;
pub(crate) const CONFIG: &str = "config.json";
pub(crate) const INDEX: &str = "model.safetensors.index.json";
const SINGLE: &str = "model.safetensors";

/// Loads a base from the folder.
pub(crate) fn load(folder: &Path) -> Result<Base> {
	if !folder.join(CONFIG).is_file() {
		return Err(Error::NotABase(folder.to_path_buf()));
	}
	let settings = Settings::new(read_json(&folder.join(CONFIG))?)?;
	let config = settings.config()?;
	let tokenizer = Tokenizer::from_json(&read(&folder.join("tokenizer.json"))?)?;
	let texts = TokenizerConfig::read(folder)?;
	let id = |text: &str| tokenizer.id(text).filter(|_| !text.is_empty());
	let mut stop_tokens = settings.tokens("eos_token_id")?;
	let generation = folder.join("generation_config.json");
	if generation.is_file() {
		stop_tokens.extend(settings::tokens(&read_json(&generation)?, "eos_token_id")?);
	}
	let special = SpecialTokens {
		bos: id(&texts.special.bos).or(settings.tokens("bos_token_id")?.first().copied()),
		eos: id(&texts.special.eos).or(stop_tokens.first().copied()),
		pad: id(&texts.pad).or(settings.tokens("pad_token_id")?.first().copied()),
	};
	let chat = match texts.template {
		Some(template) => Some(ChatTemplate::new(&template, texts.special)?),
		None => None,
	};
	let mut shards = Shards::open(folder)?;
	shards.check_names(&config)?;
	let weights = Weights::collect(&config, |slot| shards.tensor(&tensor_name(slot)))?;
	Base::new(config, weights, tokenizer, chat, special, stop_tokens)
}

/// The shape of the base in the folder, without its weights.
pub(crate) fn load_config(folder: &Path) -> Result<Config> {
	if !folder.join(CONFIG).is_file() {
		return Err(Error::NotABase(folder.to_path_buf()));
	}
	Settings::new(read_json(&folder.join(CONFIG))?)?.config()
}

/// The name that `LlamaForCausalLM` and its relatives give a tensor.
pub(crate) fn tensor_name(slot: Slot) -> String {
	match slot {
		Slot::Embedding => "model.embed_tokens.weight".into(),
		Slot::Norm => "model.norm.weight".into(),
		Slot::Head => "lm_head.weight".into(),
		Slot::AttentionNorm(layer) => format!("model.layers.{layer}.input_layernorm.weight"),
		Slot::FeedForwardNorm(layer) => {
			format!("model.layers.{layer}.post_attention_layernorm.weight")
		}
		Slot::Projection(layer, module) => {
			format!("model.layers.{layer}.{}.weight", module.path())
		}
		Slot::Bias(layer, module) => format!("model.layers.{layer}.{}.bias", module.path()),
		Slot::HeadNorm(layer, module) => {
			let path = module.path().trim_end_matches("_proj");
			format!("model.layers.{layer}.{path}_norm.weight")
		}
		// Folders have numbers in config.json instead, from which the factors follow.
		Slot::RopeFactors => "model.rotary_emb.factors".into(),
	}
}

/// The safetensors files of a folder, and which tensor is in which.
pub(crate) struct Shards {
	files: Vec<Shard>,
	places: HashMap<String, usize>,
}

impl Shards {
	pub(crate) fn open(folder: &Path) -> Result<Self> {
		let index = folder.join(INDEX);
		let names: Vec<PathBuf> = if index.is_file() {
			let map = read_json(&index)?;
			let map = map
				.get("weight_map")
				.and_then(Value::as_object)
				.ok_or_else(|| Error::malformed(INDEX, "there is no weight_map in it"))?;
			let mut names = HashSet::new();
			for name in map.values() {
				// A path would reach outside the folder.
				let name = name.as_str().filter(|name| {
					!name.is_empty() && !name.contains(['/', '\\']) && *name != ".."
				});
				names.insert(name.ok_or_else(|| Error::malformed(INDEX, "not a file name"))?);
			}
			let mut names: Vec<_> = names.into_iter().map(|name| folder.join(name)).collect();
			names.sort();
			names
		} else {
			vec![folder.join(SINGLE)]
		};
		let mut shards = Self { files: Vec::new(), places: HashMap::new() };
		for path in names {
			let shard = Shard::open(&path)?;
			for name in shard.names() {
				if shards.places.insert(name.clone(), shards.files.len()).is_some() {
					return Err(Error::malformed(name, "it is in two files"));
				}
			}
			shards.files.push(shard);
		}
		Ok(shards)
	}

	/// Refuses tensors that the forward pass would leave out.
	pub(crate) fn check_names(&self, config: &Config) -> Result<()> {
		let known: HashSet<String> = Slot::all(config).into_iter().map(tensor_name).collect();
		let harmless = |name: &str| {
			// A tied head stored once more, and the frequencies that old exports kept.
			(config.tied && name == tensor_name(Slot::Head))
				|| name.ends_with("rotary_emb.inv_freq")
		};
		let mut unknown: Vec<&String> =
			self.places.keys().filter(|name| !known.contains(*name) && !harmless(name)).collect();
		unknown.sort_unstable();
		match unknown.first() {
			Some(&name) => Err(Error::UnexpectedTensor(name.clone())),
			None => Ok(()),
		}
	}

	/// Refuses another shape.
	pub(crate) fn check_shape(&self, name: &str, expected: &[usize]) -> Result<()> {
		let place = self.places.get(name);
		let shard = place.and_then(|&place| self.files.get(place));
		let shard = shard.ok_or_else(|| Error::MissingTensor(name.to_string()))?;
		let (_, found) = shard.info(name)?;
		if found != expected {
			let (name, expected) = (name.to_string(), expected.to_vec());
			return Err(Error::WrongShape { name, expected, found: found.to_vec() });
		}
		Ok(())
	}

	/// The files.
	pub(crate) fn files(&mut self) -> impl ExactSizeIterator<Item = &mut Shard> {
		self.files.iter_mut()
	}

	fn tensor(&mut self, name: &str) -> Result<Stored> {
		let place = self.places.get(name);
		match place.and_then(|&place| self.files.get_mut(place)) {
			Some(shard) => shard.tensor(name),
			None => Err(Error::MissingTensor(name.to_string())),
		}
	}
}

/// What `tokenizer_config.json` and `chat_template.jinja` say.
#[derive(Default)]
struct TokenizerConfig {
	special: SpecialTexts,
	pad: String,
	template: Option<String>,
}

impl TokenizerConfig {
	fn read(folder: &Path) -> Result<Self> {
		let mut result = Self::default();
		let path = folder.join("tokenizer_config.json");
		if path.is_file() {
			let fields = read_json(&path)?;
			let text = |name: &str| {
				let field = fields.get(name);
				field.and_then(|field| field.get("content").unwrap_or(field).as_str())
			};
			result.special.bos = text("bos_token").unwrap_or_default().to_string();
			result.special.eos = text("eos_token").unwrap_or_default().to_string();
			result.pad = text("pad_token").unwrap_or_default().to_string();
			result.template = match fields.get("chat_template") {
				Some(Value::String(template)) => Some(template.clone()),
				Some(Value::Array(named)) => named
					.iter()
					.find(|entry| entry.get("name").is_some_and(|name| name == "default"))
					.and_then(|entry| entry.get("template")?.as_str())
					.map(str::to_string),
				_ => None,
			};
		}
		let own = folder.join("chat_template.jinja");
		if own.is_file() {
			let text = String::from_utf8(read(&own)?);
			result.template = Some(text.map_err(|e| Error::malformed("chat_template.jinja", e))?);
		}
		Ok(result)
	}
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
	let found = fs::metadata(path).map_err(Error::io(path))?.len();
	if found > MAX_JSON {
		let what = "size of a JSON file in bytes";
		return Err(Error::OversizedHeader { what, found, limit: MAX_JSON });
	}
	fs::read(path).map_err(Error::io(path))
}

pub(crate) fn read_json(path: &Path) -> Result<Value> {
	serde_json::from_slice(&read(path)?)
		.map_err(|e| Error::malformed(path.file_name().unwrap_or_default().to_string_lossy(), e))
}

#[cfg(test)]
mod tests;
