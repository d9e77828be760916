//! A tiny base made from a seed, and the files that describe it, for tests of this and other
//! crates.

mod gguf_writer;
mod kinds;
#[cfg(test)]
pub(crate) mod reference;

use std::{
	collections::BTreeMap,
	fs,
	path::{Path, PathBuf},
	sync::Arc,
};

use candle_core::{Device, Tensor};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;

pub use gguf_writer::{Encoding, GgufWriter, MetadataValue};
pub use kinds::tiny_kinds;

use crate::{
	adapter::{Adapter, AdapterWeights, Lora, Module, PeftConfig, Target},
	architecture::Architecture,
	base::Base,
	config::Config,
	gguf, hf,
	rope::RopeScaling,
	weights::Slot,
};

/// Ids of the tiny base's special tokens, in their order in the vocabulary.
pub const SPECIAL: [&str; 3] = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];
/// The tiny base's chat template: SmolLM2's without the default system message.
pub const CHAT_TEMPLATE: &str = "{% for message in messages %}{{'<|im_start|>' + message['role'] \
	+ '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt \
	%}{{ '<|im_start|>assistant\n' }}{% endif %}";
/// Merges of the tiny tokenizer, most urgent first.
const MERGES: [(&str, &str); 8] = [
	("t", "h"),
	("th", "e"),
	("i", "n"),
	("\u{120}", "the"),
	("a", "n"),
	("e", "r"),
	("\u{120}", "a"),
	("o", "n"),
];

/// Two layers of width 64 with grouped heads, a byte-level vocabulary, context 128, tied.
pub fn tiny_config() -> Config {
	Config {
		architecture: Architecture::Llama,
		hidden: 64,
		intermediate: 96,
		layers: 2,
		heads: 4,
		kv_heads: 2,
		head_dim: 16,
		vocab: vocabulary().len(),
		context: 128,
		rope_theta: 10_000.0,
		rope_scaling: RopeScaling::None,
		window: None,
		rms_eps: 1e-5,
		tied: true,
	}
}

/// The tiny vocabulary: special tokens, one token for each byte, and the merges' results.
pub fn vocabulary() -> Vec<String> {
	let mut bytes: Vec<char> = ByteLevel::alphabet().into_iter().collect();
	bytes.sort_unstable();
	SPECIAL
		.iter()
		.map(|token| token.to_string())
		.chain(bytes.iter().map(char::to_string))
		.chain(MERGES.iter().map(|(left, right)| format!("{left}{right}")))
		.collect()
}

/// The tensors of a base of that shape under their Hugging Face names, drawn from `seed`:
/// projections uniform within ±√(3 / inputs), so that signals keep their size; norms around 1, biases
/// around 0, factors of rotary frequencies from 1 to 3.
pub fn weights(config: &Config, seed: u64) -> BTreeMap<String, Tensor> {
	let mut rng = ChaCha8Rng::seed_from_u64(seed);
	let mut tensors = BTreeMap::new();
	for slot in Slot::all(config) {
		let shape = slot.shape(config);
		let count: usize = shape.iter().product();
		let (centre, spread) = match slot {
			Slot::Norm | Slot::AttentionNorm(_) | Slot::FeedForwardNorm(_) | Slot::HeadNorm(..) => {
				(1.0, 0.2)
			}
			Slot::Bias(..) => (0.0, 0.5),
			Slot::RopeFactors => (2.0, 1.0),
			Slot::Embedding | Slot::Head | Slot::Projection(..) => {
				(0.0, (3.0 / shape[1] as f32).sqrt())
			}
		};
		let values: Vec<f32> =
			(0..count).map(|_| centre + rng.random_range(-spread..spread)).collect();
		let tensor = Tensor::from_vec(values, shape, &Device::Cpu).expect("counted above");
		tensors.insert(hf::tensor_name(slot), tensor);
	}
	tensors
}

/// A tiny base with weights from `seed`.
pub fn tiny_base(seed: u64) -> Arc<Base> {
	let folder = tempfile_dir();
	let path = write_gguf(&folder, &tiny_config(), seed, Encoding::F32);
	let base = Base::load(&path).expect("the file was just written");
	fs::remove_dir_all(&folder).expect("the folder was just made");
	base
}

/// An adapter for a base of that shape with both factors drawn from `seed`, so that it changes
/// what the base says.
pub fn random_adapter(base: &Config, config: PeftConfig, seed: u64) -> Adapter {
	let mut rng = ChaCha8Rng::seed_from_u64(seed);
	let mut matrix = |rows: usize, columns: usize| {
		let bound = 1.0 / (columns as f32).sqrt();
		let values = (0..rows * columns).map(|_| rng.random_range(-bound..bound)).collect();
		Tensor::from_vec::<_, f32>(values, (rows, columns), &Device::Cpu).expect("counted")
	};
	let mut weights = AdapterWeights::new(base.layers, 1.0);
	for layer in 0..base.layers {
		for module in Module::ALL {
			let Some(Target { rank, .. }) = config.target(layer, module) else { continue };
			let (inputs, outputs) = base.dimensions(module);
			let lora = Lora { a: matrix(rank, inputs), b: matrix(outputs, rank) };
			weights.insert(layer, module, lora);
		}
	}
	Adapter::new(config, weights).expect("every target has its matrices")
}

/// A configuration whose ranks and scales differ between projections of the tiny base, some of which it
/// leaves as they are, all of the first layer's feed-forward part among them.
pub fn mixed_config() -> PeftConfig {
	PeftConfig::from_json(
		r#"{
			"peft_type": "LORA", "r": 4, "lora_alpha": 8, "use_rslora": true,
			"target_modules": ["q_proj", "v_proj", "o_proj", "model.layers.1.mlp.down_proj"],
			"exclude_modules": ["1.self_attn.o_proj"],
			"rank_pattern": {"layers\\.1\\..*": 9, "v_proj": 1},
			"alpha_pattern": {"q_proj": 3.5, "0.self_attn.v_proj": 2}
		}"#,
	)
	.expect("a configuration of PEFT's")
}

/// Writes a base as one GGUF file in `folder` and returns its path.
pub fn write_gguf(folder: &Path, config: &Config, seed: u64, encoding: Encoding) -> PathBuf {
	let path = folder.join("tiny.gguf");
	fs::write(&path, gguf_writer(config, seed, encoding).finish()).expect("folder is writable");
	path
}

/// The GGUF file of a base, still open to changes.
pub fn gguf_writer(config: &Config, seed: u64, encoding: Encoding) -> GgufWriter {
	use MetadataValue as V;
	let mut file = GgufWriter::default();
	let name = config.architecture.facts().gguf;
	file.set("general.architecture", V::Text(name.into()));
	let mut set = |key: &str, value| {
		file.set(&format!("{name}.{key}"), value);
	};
	for (name, value) in [
		("block_count", config.layers),
		("context_length", config.context),
		("embedding_length", config.hidden),
		("feed_forward_length", config.intermediate),
		("attention.head_count", config.heads),
		("attention.head_count_kv", config.kv_heads),
		("attention.key_length", config.head_dim),
		("attention.value_length", config.head_dim),
		("rope.dimension_count", config.head_dim),
	] {
		set(name, V::U32(value as u32));
	}
	set("rope.freq_base", V::F32(config.rope_theta as f32));
	set("attention.layer_norm_rms_epsilon", V::F32(config.rms_eps as f32));
	if let Some(window) = config.window {
		set("attention.sliding_window", V::U32(window as u32));
	}
	match config.rope_scaling {
		RopeScaling::None | RopeScaling::Factors => {}
		RopeScaling::Linear { factor } => {
			set("rope.scaling.type", V::Text("linear".into()));
			set("rope.scaling.factor", V::F32(factor as f32));
		}
		RopeScaling::Llama3 { .. } => panic!("GGUF files have Llama 3's scaling as factors"),
	}
	let tokens = vocabulary();
	let kinds = tokens.iter().map(|token| if SPECIAL.contains(&token.as_str()) { 3 } else { 1 });
	let merges = MERGES.iter().map(|(left, right)| format!("{left} {right}"));
	file.set("tokenizer.ggml.model", V::Text("gpt2".into()));
	file.set("tokenizer.ggml.pre", V::Text("smollm".into()));
	file.set("tokenizer.ggml.token_type", V::I32s(kinds.collect()));
	file.set("tokenizer.ggml.tokens", V::Texts(tokens.clone()));
	file.set("tokenizer.ggml.merges", V::Texts(merges.collect()));
	file.set("tokenizer.ggml.bos_token_id", V::U32(1));
	file.set("tokenizer.ggml.eos_token_id", V::U32(2));
	file.set("tokenizer.ggml.padding_token_id", V::U32(0));
	file.set("tokenizer.ggml.add_bos_token", V::Bool(false));
	file.set("tokenizer.chat_template", V::Text(CHAT_TEMPLATE.into()));
	let tensors = weights(config, seed);
	for slot in Slot::all(config) {
		let tensor = &tensors[&hf::tensor_name(slot)];
		file.tensor(gguf::tensor_name(slot), &gguf::permute(slot, tensor, config), encoding);
	}
	file
}

/// Writes a base as a Hugging Face folder.
pub fn write_hf(folder: &Path, config: &Config, seed: u64) {
	fs::create_dir_all(folder).expect("folder is writable");
	let write = |name: &str, value: Value| {
		fs::write(folder.join(name), value.to_string()).expect("folder is writable");
	};
	write("config.json", hf_config(config));
	write("tokenizer.json", tokenizer_json());
	write(
		"tokenizer_config.json",
		json!({
			"bos_token": SPECIAL[1],
			"eos_token": { "content": SPECIAL[2] },
			"chat_template": CHAT_TEMPLATE,
		}),
	);
	let tensors: std::collections::HashMap<String, Tensor> =
		weights(config, seed).into_iter().collect();
	candle_core::safetensors::save(&tensors, folder.join("model.safetensors"))
		.expect("folder is writable");
}

/// `config.json` for a base of that shape.
pub fn hf_config(config: &Config) -> Value {
	let model_type = match (config.architecture, config.window) {
		(Architecture::Llama, None) => "llama",
		(Architecture::Llama, Some(_)) => "mistral",
		(Architecture::Qwen2, _) => "qwen2",
		(Architecture::Qwen3, _) => "qwen3",
	};
	let rope_scaling = match config.rope_scaling {
		RopeScaling::None => Value::Null,
		RopeScaling::Linear { factor } => json!({ "type": "linear", "factor": factor }),
		RopeScaling::Llama3 { factor, low, high, original } => json!({
			"rope_type": "llama3",
			"factor": factor,
			"low_freq_factor": low,
			"high_freq_factor": high,
			"original_max_position_embeddings": original,
		}),
		RopeScaling::Factors => panic!("folders have no factors of rotary frequencies"),
	};
	json!({
		"model_type": model_type,
		"hidden_act": "silu",
		"hidden_size": config.hidden,
		"intermediate_size": config.intermediate,
		"num_hidden_layers": config.layers,
		"num_attention_heads": config.heads,
		"num_key_value_heads": config.kv_heads,
		"head_dim": config.head_dim,
		"vocab_size": config.vocab,
		"max_position_embeddings": config.context,
		"rope_theta": config.rope_theta,
		"rope_scaling": rope_scaling,
		"sliding_window": config.window,
		"rms_norm_eps": config.rms_eps,
		"tie_word_embeddings": config.tied,
		"eos_token_id": 2,
	})
}

fn tokenizer_json() -> Value {
	let vocab: serde_json::Map<String, Value> =
		vocabulary().into_iter().zip(0..).map(|(token, id)| (token, Value::from(id))).collect();
	let added: Vec<Value> = SPECIAL
		.iter()
		.enumerate()
		.map(|(id, content)| {
			json!({
				"id": id, "content": content, "single_word": false, "lstrip": false,
				"rstrip": false, "normalized": false, "special": true,
			})
		})
		.collect();
	let byte_level = json!({
		"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true,
	});
	json!({
		"version": "1.0",
		"truncation": null,
		"padding": null,
		"added_tokens": added,
		"normalizer": null,
		"pre_tokenizer": {
			"type": "Sequence",
			"pretokenizers": [{ "type": "Digits", "individual_digits": true }, byte_level],
		},
		"post_processor": null,
		"decoder": byte_level,
		"model": {
			"type": "BPE",
			"vocab": vocab,
			"merges": MERGES.map(|(left, right)| [left, right]),
		},
	})
}

/// A fresh folder of this process alone.
fn tempfile_dir() -> PathBuf {
	use std::sync::atomic::{AtomicUsize, Ordering};
	static COUNT: AtomicUsize = AtomicUsize::new(0);
	let name = format!(
		"openlora-testing-{}-{}",
		std::process::id(),
		COUNT.fetch_add(1, Ordering::Relaxed)
	);
	let folder = std::env::temp_dir().join(name);
	fs::create_dir_all(&folder).expect("the temporary folder is writable");
	folder
}
