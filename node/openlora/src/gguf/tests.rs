use std::sync::Arc;

use candle_core::{Device, Tensor, quantized::GgmlDType};

use super::*;
use crate::{
	Architecture, RopeScaling,
	autograd::{self, Cache},
	testing::{self, Encoding, GgufWriter, MetadataValue},
};

fn load(writer: &GgufWriter) -> Result<Arc<Base>> {
	let folder = tempfile::tempdir().unwrap();
	let path = folder.path().join("base.gguf");
	std::fs::write(&path, writer.finish()).unwrap();
	Base::load(&path)
}

fn writer() -> GgufWriter {
	testing::gguf_writer(&testing::tiny_config(), 1, Encoding::F32)
}

fn refusal(change: impl FnOnce(&mut GgufWriter)) -> Error {
	let mut writer = writer();
	change(&mut writer);
	load(&writer).unwrap_err()
}

fn logits(base: &Base) -> Vec<f32> {
	let mut cache = Cache::new(&base.config);
	let hidden = autograd::forward(base, None, &[5, 70, 9, 33, 120, 6], &mut cache).unwrap();
	autograd::logits(base, &hidden).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

#[test]
fn base_is_the_one_described_when_loaded() {
	let base = load(&writer()).unwrap();
	assert_eq!(base.config.rms_eps as f32, 1e-5);
	let expected = Config { rms_eps: base.config.rms_eps, ..testing::tiny_config() };
	assert_eq!(base.config, expected);
	assert_eq!(base.special, SpecialTokens { bos: Some(1), eos: Some(2), pad: Some(0) });
	assert_eq!(base.stop_tokens, [0, 2]);
}

#[test]
fn logits_are_those_of_the_hugging_face_folder_when_weights_are_the_same() {
	for tied in [true, false] {
		let config = Config { tied, ..testing::tiny_config() };
		let folder = tempfile::tempdir().unwrap();
		testing::write_hf(folder.path(), &config, 3);
		let from_folder = Base::load(folder.path()).unwrap();
		let from_file = load(&testing::gguf_writer(&config, 3, Encoding::F32)).unwrap();
		assert_eq!(from_file.config.tied, tied);
		// Constants of GGUF are f32, so the norms' epsilon differs in its last bits.
		for (a, b) in logits(&from_file).iter().zip(logits(&from_folder)) {
			assert!((a - b).abs() < 1e-5, "{a} and {b}");
		}
	}
}

#[test]
fn base_is_that_of_the_hugging_face_folder_whatever_its_architecture() {
	for (kind, config) in testing::tiny_kinds() {
		if config.rope_scaling == RopeScaling::Factors {
			continue;
		}
		let folder = tempfile::tempdir().unwrap();
		testing::write_hf(folder.path(), &config, 3);
		let from_folder = Base::load(folder.path()).unwrap();
		let from_file = load(&testing::gguf_writer(&config, 3, Encoding::F32)).unwrap();
		assert_eq!(from_folder.config, config, "{kind}");
		assert_eq!(from_file.config, Config { rms_eps: from_file.config.rms_eps, ..config });
		assert_eq!(from_file.weights.parts(), from_folder.weights.parts(), "{kind}");
	}
}

#[test]
fn factors_of_rotary_frequencies_are_loaded_and_count_as_part_of_the_base() {
	let config = Config { rope_scaling: RopeScaling::Factors, ..testing::tiny_config() };
	let writer = testing::gguf_writer(&config, 1, Encoding::F32);
	let base = load(&writer).unwrap();
	let factors = base.weights.rope_factors.clone().unwrap();
	assert_eq!(factors.len(), config.head_dim / 2);
	let bytes: Vec<u8> = factors.iter().flat_map(|factor| factor.to_le_bytes()).collect();
	assert!(base.weights.parts().contains(&bytes.into()));
}

#[test]
fn factors_of_rotary_frequencies_are_refused_when_they_are_not_usable() {
	let config = Config { rope_scaling: RopeScaling::Factors, ..testing::tiny_config() };
	let refusal = |change: &dyn Fn(&mut GgufWriter)| {
		let mut writer = testing::gguf_writer(&config, 1, Encoding::F32);
		change(&mut writer);
		load(&writer).unwrap_err()
	};
	const NAME: &str = "rope_freqs.weight";
	let zero = refusal(&|w| w.data(NAME)[4..8].fill(0));
	assert!(matches!(zero, Error::InvalidConfig(_)), "{zero:?}");
	let nan = refusal(&|w| w.data(NAME)[4..8].copy_from_slice(&f32::NAN.to_le_bytes()));
	assert!(matches!(nan, Error::NonFinite { index: 1, .. }), "{nan:?}");
	let short = refusal(&|w| {
		w.reshape(NAME, &[4]);
	});
	assert!(matches!(short, Error::WrongShape { .. }), "{short:?}");
	let twice = refusal(&|w| {
		w.set("llama.rope.scaling.factor", MetadataValue::F32(2.0));
	});
	assert!(matches!(twice, Error::UnsupportedBase(_)), "{twice:?}");
}

#[test]
fn base_is_refused_when_a_tensor_of_its_architecture_is_missing_or_damaged() {
	use crate::Architecture::{Qwen2, Qwen3};
	for (architecture, name) in [
		(Qwen2, "blk.1.attn_q.bias"),
		(Qwen2, "blk.0.attn_k.bias"),
		(Qwen2, "blk.0.attn_v.bias"),
		(Qwen3, "blk.1.attn_q_norm.weight"),
		(Qwen3, "blk.0.attn_k_norm.weight"),
	] {
		let config = Config { architecture, ..testing::tiny_config() };
		let refusal = |change: &dyn Fn(&mut GgufWriter)| {
			let mut writer = testing::gguf_writer(&config, 1, Encoding::F32);
			change(&mut writer);
			load(&writer).unwrap_err()
		};
		let missing = refusal(&|w| {
			w.remove(name);
		});
		assert!(matches!(&missing, Error::MissingTensor(found) if found == name), "{missing:?}");
		let long = refusal(&|w| {
			w.reshape(name, &[8]);
		});
		assert!(matches!(&long, Error::WrongShape { name: found, .. } if found == name));
		let nan = refusal(&|w| w.data(name)[..4].copy_from_slice(&f32::NAN.to_le_bytes()));
		assert!(matches!(&nan, Error::NonFinite { name: found, index: 0 } if found == name));
	}
}

#[test]
fn base_is_refused_when_it_has_a_tensor_of_another_architecture() {
	use crate::Architecture::{Llama, Qwen2, Qwen3};
	for (architecture, name) in [
		(Llama, "blk.0.attn_k_norm.weight"),
		(Llama, "blk.0.attn_v.bias"),
		(Qwen2, "blk.0.attn_q_norm.weight"),
		(Qwen2, "blk.0.attn_output.bias"),
		(Qwen3, "blk.0.attn_q.bias"),
	] {
		let config = Config { architecture, ..testing::tiny_config() };
		let mut writer = testing::gguf_writer(&config, 1, Encoding::F32);
		let ones = Tensor::ones(16, candle_core::DType::F32, &Device::Cpu).unwrap();
		writer.tensor(name.into(), &ones, Encoding::F32);
		let error = load(&writer).unwrap_err();
		assert!(matches!(&error, Error::UnexpectedTensor(found) if found == name), "{error:?}");
	}
}

#[test]
fn window_is_read_when_every_layer_has_it_and_refused_when_layers_may_differ() {
	use MetadataValue::U32;
	let with = |architecture: Architecture, window: u32| {
		let config = Config { architecture, ..testing::tiny_config() };
		let key = format!("{}.attention.sliding_window", architecture.facts().gguf);
		load(testing::gguf_writer(&config, 1, Encoding::F32).set(&key, U32(window)))
	};
	let window = |architecture, window| with(architecture, window).unwrap().config.window;
	assert_eq!(window(Architecture::Llama, 50), Some(50));
	// As long as the context, it changes nothing.
	assert_eq!(window(Architecture::Llama, 128), None);
	assert_eq!(window(Architecture::Qwen2, 128), None);
	assert_eq!(window(Architecture::Qwen2, 0), None);
	for architecture in [Architecture::Qwen2, Architecture::Qwen3] {
		assert!(matches!(with(architecture, 50), Err(Error::UnsupportedBase(_))));
	}
}

#[test]
fn rotary_scaling_is_linear_when_only_a_factor_is_named() {
	use MetadataValue::{F32, Text};
	let scaling = |entries: &[(&str, MetadataValue)]| {
		let mut writer = writer();
		for (key, value) in entries {
			writer.set(&format!("llama.rope.{key}"), value.clone());
		}
		load(&writer).map(|base| base.config.rope_scaling)
	};
	let linear = RopeScaling::Linear { factor: 4.0 };
	assert_eq!(scaling(&[("scaling.factor", F32(4.0))]).unwrap(), linear);
	assert_eq!(scaling(&[("scale_linear", F32(4.0))]).unwrap(), linear);
	let none = [("scaling.type", Text("none".into())), ("scaling.factor", F32(4.0))];
	assert_eq!(scaling(&none).unwrap(), RopeScaling::None);
	assert!(matches!(scaling(&[("scaling.factor", F32(-1.0))]), Err(Error::InvalidConfig(_))));
	assert!(matches!(scaling(&[("scaling.factor", F32(f32::NAN))]), Err(Error::InvalidConfig(_))));
	let text = scaling(&[("scaling.factor", Text("4".into()))]);
	assert!(matches!(text, Err(Error::Malformed { .. })));
}

#[test]
fn query_rows_are_in_hugging_face_order_when_loaded() {
	let base = load(&writer()).unwrap();
	let original = testing::weights(&testing::tiny_config(), 1);
	for module in [Module::Q, Module::K] {
		let name = format!("model.layers.1.{}.weight", module.path());
		let loaded = base.tensors().unwrap().layers[1].projection(module).to_vec2::<f32>().unwrap();
		assert_eq!(loaded, original[&name].to_vec2::<f32>().unwrap());
		let slot = Slot::Projection(1, module);
		let stored = permute(slot, &original[&name], &base.config).to_vec2::<f32>().unwrap();
		assert_ne!(loaded, stored);
	}
}

#[test]
fn logits_stay_close_when_weights_are_stored_in_fewer_bits() {
	let exact = logits(&load(&writer()).unwrap());
	let size = (exact.iter().map(|l| l * l).sum::<f32>() / exact.len() as f32).sqrt();
	let encodings = [
		(Encoding::F16, 0.01),
		(Encoding::Bf16, 0.05),
		(Encoding::Blocks(GgmlDType::Q8_0), 0.05),
		(Encoding::Blocks(GgmlDType::Q4_1), 0.35),
	];
	for (encoding, bound) in encodings {
		let writer = testing::gguf_writer(&testing::tiny_config(), 1, encoding);
		let rounded = logits(&load(&writer).unwrap());
		let error: f32 = exact.iter().zip(&rounded).map(|(a, b)| (a - b).powi(2)).sum();
		let relative = (error / exact.len() as f32).sqrt() / size;
		assert!(relative > 0.0 && relative < bound, "{encoding:?} is off by {relative}");
	}
}

#[test]
fn base_is_refused_when_a_weight_is_not_finite() {
	for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
		for name in ["blk.1.ffn_down.weight", "token_embd.weight", "blk.0.attn_norm.weight"] {
			let error = refusal(|w| w.data(name)[40..44].copy_from_slice(&bad.to_le_bytes()));
			match error {
				Error::NonFinite { name: found, index: 10 } => assert_eq!(found, name),
				other => panic!("{name} gave {other:?}"),
			}
		}
	}
}

#[test]
fn base_is_refused_when_a_block_scale_is_not_finite() {
	let mut writer =
		testing::gguf_writer(&testing::tiny_config(), 1, Encoding::Blocks(GgmlDType::Q4_1));
	let scale = half::f16::INFINITY.to_le_bytes();
	writer.data("blk.0.ffn_up.weight")[..2].copy_from_slice(&scale);
	assert!(matches!(load(&writer), Err(Error::NonFinite { .. })));
}

#[test]
fn base_is_refused_when_a_tensor_is_missing() {
	for name in ["token_embd.weight", "output_norm.weight", "blk.1.attn_q.weight"] {
		match refusal(|w| {
			w.remove(name);
		}) {
			Error::MissingTensor(found) => assert_eq!(found, name),
			other => panic!("without {name} gave {other:?}"),
		}
	}
}

#[test]
fn base_is_refused_when_a_tensor_has_another_shape() {
	for (name, shape) in [
		("blk.0.attn_k.weight", vec![64, 32]),
		("blk.0.attn_v.weight", vec![16, 64]),
		("blk.1.ffn_gate.weight", vec![64, 96]),
		("output_norm.weight", vec![32]),
		("blk.0.attn_norm.weight", vec![8, 8]),
	] {
		match refusal(|w| {
			w.reshape(name, &shape);
		}) {
			Error::WrongShape { name: found, .. } => assert_eq!(found, name),
			other => panic!("{name} as {shape:?} gave {other:?}"),
		}
	}
}

#[test]
fn base_is_refused_when_a_tensor_would_be_ignored() {
	let bias = Tensor::ones(64, candle_core::DType::F32, &Device::Cpu).unwrap();
	for name in ["blk.0.attn_q.bias", "rope_factors_long.weight", "blk.7.attn_q.weight"] {
		match refusal(|w| {
			w.tensor(name.into(), &bias, Encoding::F32);
		}) {
			Error::UnexpectedTensor(found) => assert_eq!(found, name),
			other => panic!("with {name} gave {other:?}"),
		}
	}
}

#[test]
fn base_is_refused_when_it_is_of_another_kind() {
	use MetadataValue::{F32, Text, U32};
	for (key, value) in [
		("general.architecture", Text("gemma3".into())),
		("general.architecture", Text("qwen2moe".into())),
		("llama.expert_count", U32(8)),
		("llama.rope.scaling.type", Text("yarn".into())),
		("llama.rope.scaling.attn_factor", F32(1.2)),
		("llama.rope.dimension_count", U32(8)),
		("llama.attention.value_length", U32(8)),
	] {
		let error = refusal(|w| {
			w.set(key, value);
		});
		assert!(matches!(error, Error::UnsupportedBase(_)), "{key} gave {error:?}");
	}
}

#[test]
fn base_is_refused_when_metadata_is_missing_or_out_of_range() {
	for key in [
		"general.architecture",
		"llama.block_count",
		"llama.context_length",
		"llama.attention.layer_norm_rms_epsilon",
		"tokenizer.ggml.model",
		"tokenizer.ggml.pre",
		"tokenizer.ggml.tokens",
		"tokenizer.ggml.merges",
		"tokenizer.ggml.token_type",
	] {
		match refusal(|w| {
			w.unset(key);
		}) {
			Error::MissingMetadata(found) => assert_eq!(found, key),
			other => panic!("without {key} gave {other:?}"),
		}
	}
	let no_heads = refusal(|w| {
		w.set("llama.attention.head_count", MetadataValue::U32(0));
	});
	assert!(matches!(no_heads, Error::InvalidConfig(_)));
	let uneven = refusal(|w| {
		w.set("llama.attention.head_count_kv", MetadataValue::U32(3));
	});
	assert!(matches!(uneven, Error::InvalidConfig(_)));
	let layers = refusal(|w| {
		w.set("llama.block_count", MetadataValue::U32(u32::MAX));
	});
	assert!(matches!(layers, Error::InvalidConfig(_)));
	let text = refusal(|w| {
		w.set("llama.block_count", MetadataValue::Text("2".into()));
	});
	assert!(matches!(text, Error::Malformed { .. }));
}

#[test]
fn base_is_refused_when_its_tokenizer_is_not_supported() {
	use MetadataValue::Text;
	for (key, value) in [
		("tokenizer.ggml.model", Text("t5".into())),
		("tokenizer.ggml.model", Text("bert".into())),
		("tokenizer.ggml.pre", Text("deepseek-llm".into())),
		("tokenizer.ggml.pre", Text("default".into())),
	] {
		let error = refusal(|w| {
			w.set(key, value);
		});
		assert!(matches!(error, Error::UnsupportedTokenizer(_)), "{key} gave {error:?}");
	}
}

/// What joins to "the", and bytes.
fn pieces() -> Vec<String> {
	let mut tokens: Vec<String> = ["<unk>", "<s>", "</s>"].map(String::from).into();
	tokens.extend((0..=u8::MAX).map(|byte| format!("<0x{byte:02X}>")));
	tokens.extend(["th", "the", "t", "h", "e", "\u{2581}"].map(String::from));
	tokens
}

/// The tiny base with a SentencePiece vocabulary.
fn with_sentencepiece() -> GgufWriter {
	use MetadataValue::{F32s, I32s, Text, Texts};
	let tokens = pieces();
	let kinds = [vec![2, 3, 3], vec![6; 256], vec![1; 6]].concat();
	let scores: Vec<f32> = (0..tokens.len()).map(|id| -(id as f32)).collect();
	let mut writer = writer();
	writer.set("tokenizer.ggml.model", Text("llama".into()));
	writer.set("tokenizer.ggml.tokens", Texts(tokens));
	writer.set("tokenizer.ggml.token_type", I32s(kinds));
	writer.set("tokenizer.ggml.scores", F32s(scores));
	for key in ["pre", "merges", "add_bos_token", "padding_token_id"] {
		writer.unset(&format!("tokenizer.ggml.{key}"));
	}
	writer
}

#[test]
fn tokenizer_is_sentencepiece_when_the_file_has_pieces_and_scores() {
	use MetadataValue::Bool;
	let mut writer = with_sentencepiece();
	let tokenizer = |writer: &GgufWriter| Arc::try_unwrap(load(writer).unwrap()).unwrap().tokenizer;
	let plain = tokenizer(&writer);
	let [space, the] = ["\u{2581}", "the"].map(|piece| plain.id(piece).unwrap());
	assert_eq!(plain.encode("the", true).unwrap(), [1, space, the]);
	assert_eq!(plain.encode("</s>", false).unwrap(), [2]);
	writer.set("tokenizer.ggml.add_space_prefix", Bool(false));
	writer.set("tokenizer.ggml.add_bos_token", Bool(false));
	writer.set("tokenizer.ggml.add_eos_token", Bool(true));
	assert_eq!(tokenizer(&writer).encode("the", true).unwrap(), [the, 2]);
}

#[test]
fn base_is_refused_when_its_pieces_are_inconsistent() {
	use MetadataValue::{Bool, F32s, I32s, Text, Texts};
	let refusal = |change: &dyn Fn(&mut GgufWriter)| {
		let mut writer = with_sentencepiece();
		change(&mut writer);
		load(&writer).unwrap_err()
	};
	let set = |key: &str, value: MetadataValue| {
		refusal(&|w| {
			w.set(&format!("tokenizer.ggml.{key}"), value.clone());
		})
	};
	for key in ["scores", "token_type", "tokens", "bos_token_id"] {
		let key = format!("tokenizer.ggml.{key}");
		let missing = refusal(&|w| {
			w.unset(&key);
		});
		assert!(matches!(&missing, Error::MissingMetadata(found) if *found == key), "{missing:?}");
	}
	assert!(matches!(set("scores", F32s(vec![0.0; 3])), Error::Malformed { .. }));
	assert!(matches!(set("scores", I32s(vec![0; 265])), Error::Malformed { .. }));
	assert!(matches!(set("scores", F32s(vec![0.0; 265])), Error::UnsupportedTokenizer(_)));
	assert!(matches!(set("add_space_prefix", Text("no".into())), Error::Malformed { .. }));
	let end = refusal(&|w| {
		w.set("tokenizer.ggml.add_eos_token", Bool(true)).unset("tokenizer.ggml.eos_token_id");
	});
	assert!(matches!(end, Error::MissingMetadata(_)), "{end:?}");
	let tokens = |change: &dyn Fn(&mut Vec<String>)| {
		let mut tokens = pieces();
		change(&mut tokens);
		set("tokens", Texts(tokens))
	};
	let byte = tokens(&|tokens| tokens[3] = "other".into());
	assert!(
		matches!(&byte, Error::UnsupportedTokenizer(why) if why.contains("<0x00>")),
		"{byte:?}"
	);
	let long = tokens(&|tokens| tokens[264] = "x".repeat(1000));
	assert!(matches!(long, Error::UnsupportedTokenizer(_)), "{long:?}");
	let twice = tokens(&|tokens| tokens[264] = "the".into());
	assert!(matches!(twice, Error::Tokenizer(_)), "{twice:?}");
	let few = set("tokens", Texts(vec!["<unk>".into(), "<s>".into(), "</s>".into()]));
	assert!(matches!(few, Error::Malformed { .. }), "{few:?}");
}

#[test]
fn base_is_refused_when_its_vocabulary_is_inconsistent() {
	use MetadataValue::{I32s, Texts, U32};
	let merges = |merge: &str| Texts(vec![merge.to_string()]);
	let unknown = refusal(|w| {
		w.set("tokenizer.ggml.merges", merges("z zz"));
	});
	assert!(matches!(unknown, Error::Tokenizer(_)));
	let single = refusal(|w| {
		w.set("tokenizer.ggml.merges", merges("the"));
	});
	assert!(matches!(single, Error::Malformed { .. }));
	let types = refusal(|w| {
		w.set("tokenizer.ggml.token_type", I32s(vec![1, 3]));
	});
	assert!(matches!(types, Error::Malformed { .. }));
	let beyond = refusal(|w| {
		w.set("tokenizer.ggml.eos_token_id", U32(9_999));
	});
	assert!(matches!(beyond, Error::UnknownToken { token: 9_999, .. }));
	let mut tokens = testing::vocabulary();
	tokens.push("one more than rows".into());
	let kinds = I32s(vec![1; tokens.len()]);
	let longer = refusal(|w| {
		w.set("tokenizer.ggml.token_type", kinds).set("tokenizer.ggml.tokens", Texts(tokens));
	});
	assert!(matches!(longer, Error::InvalidConfig(_)));
	let mut tokens = testing::vocabulary();
	tokens[20] = tokens[21].clone();
	let twice = refusal(|w| {
		w.set("tokenizer.ggml.tokens", Texts(tokens));
	});
	assert!(matches!(twice, Error::Tokenizer(_)));
}

#[test]
fn base_is_refused_when_the_chat_template_does_not_parse() {
	let broken = MetadataValue::Text("{% for %}".into());
	let error = refusal(|w| {
		w.set("tokenizer.chat_template", broken);
	});
	assert!(matches!(error, Error::ChatTemplate(_)));
}

#[test]
fn path_is_refused_when_it_is_not_a_base() {
	let folder = tempfile::tempdir().unwrap();
	assert!(matches!(Base::load(folder.path()), Err(Error::NotABase(_))));
	assert!(matches!(Base::load(&folder.path().join("absent")), Err(Error::Io { .. })));
	let empty = folder.path().join("empty.gguf");
	std::fs::write(&empty, []).unwrap();
	assert!(matches!(Base::load(&empty), Err(Error::Truncated { .. })));
}
