use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::{RopeScaling, testing};

fn folder() -> tempfile::TempDir {
	let folder = tempfile::tempdir().unwrap();
	testing::write_hf(folder.path(), &testing::tiny_config(), 1);
	folder
}

fn load(folder: &tempfile::TempDir) -> Result<Arc<Base>> {
	Base::load(folder.path())
}

/// The folder with one field of its configuration changed.
fn changed(field: &str, value: Value) -> tempfile::TempDir {
	let folder = folder();
	let mut fields = testing::hf_config(&testing::tiny_config());
	fields[field] = value;
	fs::write(folder.path().join("config.json"), fields.to_string()).unwrap();
	folder
}

fn with_config(field: &str, value: Value) -> Error {
	load(&changed(field, value)).unwrap_err()
}

/// Refusal after changing the bytes of the weights file.
fn with_weights(change: impl FnOnce(&mut Vec<u8>)) -> Error {
	let folder = folder();
	let path = folder.path().join("model.safetensors");
	let mut bytes = fs::read(&path).unwrap();
	change(&mut bytes);
	fs::write(&path, bytes).unwrap();
	load(&folder).unwrap_err()
}

/// Refusal after changing the tensors of the weights file.
fn with_tensors(change: impl FnOnce(&mut HashMap<String, candle_core::Tensor>)) -> Error {
	let folder = folder();
	let mut tensors = testing::weights(&testing::tiny_config(), 1).into_iter().collect();
	change(&mut tensors);
	candle_core::safetensors::save(&tensors, folder.path().join("model.safetensors")).unwrap();
	load(&folder).unwrap_err()
}

#[test]
fn base_is_the_one_described_when_loaded() {
	let base = load(&folder()).unwrap();
	assert_eq!(base.config, testing::tiny_config());
	assert_eq!(base.special.eos, Some(2));
	assert_eq!(base.special.bos, Some(1));
	assert_eq!(base.stop_tokens, [0, 2]);
	let down =
		base.tensors().unwrap().layers[0].projection(crate::Module::Down).to_vec2::<f32>().unwrap();
	let name = "model.layers.0.mlp.down_proj.weight";
	let original = testing::weights(&testing::tiny_config(), 1);
	assert_eq!(down, original[name].to_vec2::<f32>().unwrap());
}

#[test]
fn base_is_the_same_when_split_into_shards() {
	let (single, split) = (folder(), folder());
	let mut halves = [HashMap::new(), HashMap::new()];
	let mut map = serde_json::Map::new();
	for (i, (name, tensor)) in testing::weights(&testing::tiny_config(), 1).into_iter().enumerate()
	{
		map.insert(name.clone(), json!(format!("part-{}.safetensors", i % 2)));
		halves[i % 2].insert(name, tensor);
	}
	for (i, half) in halves.iter().enumerate() {
		let path = split.path().join(format!("part-{i}.safetensors"));
		candle_core::safetensors::save(half, path).unwrap();
	}
	fs::remove_file(split.path().join("model.safetensors")).unwrap();
	fs::write(split.path().join(INDEX), json!({ "weight_map": map }).to_string()).unwrap();
	let (single, joined) = (load(&single).unwrap(), load(&split).unwrap());
	let embedding = |base: &Base| base.tensors().unwrap().embedding.to_vec2::<f32>().unwrap();
	assert_eq!(embedding(&single), embedding(&joined));

	fs::remove_file(split.path().join("part-1.safetensors")).unwrap();
	assert!(matches!(load(&split), Err(Error::Io { .. })));
	let escape = json!({ "weight_map": { "model.norm.weight": "../elsewhere.safetensors" } });
	fs::write(split.path().join(INDEX), escape.to_string()).unwrap();
	assert!(matches!(load(&split), Err(Error::Malformed { .. })));
}

#[test]
fn weights_are_rounded_only_when_stored_in_half_precision() {
	let folder = folder();
	for dtype in [candle_core::DType::F16, candle_core::DType::BF16] {
		let tensors: HashMap<String, candle_core::Tensor> =
			testing::weights(&testing::tiny_config(), 1)
				.into_iter()
				.map(|(name, tensor)| (name, tensor.to_dtype(dtype).unwrap()))
				.collect();
		candle_core::safetensors::save(&tensors, folder.path().join("model.safetensors")).unwrap();
		let loaded = load(&folder).unwrap().weights.norm.clone();
		let expected = tensors["model.norm.weight"].to_dtype(candle_core::DType::F32).unwrap();
		assert_eq!(loaded, expected.to_vec1::<f32>().unwrap());
	}
}

#[test]
fn base_is_refused_when_its_configuration_asks_for_more() {
	for (field, value) in [
		("model_type", json!("gemma3")),
		("model_type", json!(null)),
		("partial_rotary_factor", json!(0.5)),
		("layer_types", json!(["full_attention", "sliding_attention"])),
		("hidden_act", json!("gelu")),
		("attention_bias", json!(true)),
		("mlp_bias", json!(true)),
		("rope_scaling", json!({ "rope_type": "dynamic", "factor": 2.0 })),
		("rope_scaling", json!({ "factor": 2.0 })),
		("rope_parameters", json!({ "rope_type": "default", "partial_rotary_factor": 0.25 })),
		("rope_parameters", json!({ "rope_type": "yarn", "rope_theta": 10000.0 })),
		("quantization_config", json!({ "quant_method": "gptq" })),
	] {
		match with_config(field, value.clone()) {
			Error::UnsupportedBase(reason) => assert!(reason.starts_with(field), "{reason}"),
			other => panic!("{field} = {value} gave {other:?}"),
		}
	}
}

#[test]
fn rotary_scaling_is_that_of_the_configuration_under_both_of_its_names() {
	let llama3 = json!({
		"rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
		"original_max_position_embeddings": 64, "rope_theta": 10000.0,
	});
	let expected = RopeScaling::Llama3 { factor: 32.0, low: 1.0, high: 4.0, original: 64.0 };
	for (name, value, expected) in [
		("rope_scaling", llama3.clone(), expected),
		("rope_parameters", llama3.clone(), expected),
		(
			"rope_scaling",
			json!({ "type": "linear", "factor": 2 }),
			RopeScaling::Linear { factor: 2.0 },
		),
		("rope_parameters", json!({ "rope_type": "default" }), RopeScaling::None),
	] {
		let base = load(&changed(name, value)).unwrap();
		assert_eq!(base.config.rope_scaling, expected);
	}
	let without = |field: &str| {
		let mut value = llama3.clone();
		value.as_object_mut().unwrap().remove(field);
		with_config("rope_scaling", value)
	};
	for field in ["factor", "low_freq_factor", "original_max_position_embeddings"] {
		assert!(matches!(without(field), Error::Malformed { .. }), "{field}");
	}
	let zero = json!({ "type": "linear", "factor": 0.0 });
	assert!(matches!(with_config("rope_scaling", zero), Error::InvalidConfig(_)));
	let text = json!({ "type": "linear", "factor": "2" });
	assert!(matches!(with_config("rope_scaling", text), Error::Malformed { .. }));
}

#[test]
fn window_is_that_of_the_configuration_only_where_the_model_uses_it() {
	let load = |fields: Value| {
		let folder = folder();
		let mut config = testing::tiny_config();
		if fields["model_type"] == "qwen2" {
			config.architecture = crate::Architecture::Qwen2;
			testing::write_hf(folder.path(), &config, 1);
		}
		let mut all = testing::hf_config(&config);
		for (name, value) in fields.as_object().unwrap() {
			all[name] = value.clone();
		}
		fs::write(folder.path().join("config.json"), all.to_string()).unwrap();
		load(&folder)
	};
	let window = |fields| load(fields).unwrap().config.window;
	let mistral = |window| json!({ "model_type": "mistral", "sliding_window": window });
	assert_eq!(window(mistral(json!(40))), Some(40));
	assert_eq!(window(mistral(json!(4096))), None);
	assert_eq!(window(mistral(json!(null))), None);
	assert!(matches!(load(mistral(json!("40"))), Err(Error::Malformed { .. })));
	assert!(matches!(load(mistral(json!(0))), Err(Error::InvalidConfig(_))));
	assert_eq!(window(json!({ "model_type": "llama", "sliding_window": 40 })), None);
	let qwen = |used: bool, first: usize| {
		json!({
			"model_type": "qwen2", "sliding_window": 40, "use_sliding_window": used,
			"max_window_layers": first,
		})
	};
	assert_eq!(window(qwen(false, 1)), None);
	assert_eq!(window(qwen(true, 2)), None);
	match load(qwen(true, 1)) {
		Err(Error::UnsupportedBase(reason)) => assert!(reason.contains("sliding_window")),
		other => panic!("{other:?}"),
	}
}

#[test]
fn base_is_refused_when_a_bias_is_missing_or_in_the_way() {
	let folder = folder();
	let config = Config { architecture: crate::Architecture::Qwen2, ..testing::tiny_config() };
	let name = "model.layers.1.self_attn.v_proj.bias";
	testing::write_hf(folder.path(), &config, 1);
	load(&folder).unwrap();
	let mut tensors: HashMap<String, candle_core::Tensor> =
		testing::weights(&config, 1).into_iter().collect();
	tensors.remove(name);
	candle_core::safetensors::save(&tensors, folder.path().join(SINGLE)).unwrap();
	assert!(matches!(load(&folder), Err(Error::MissingTensor(found)) if found == name));
	testing::write_hf(folder.path(), &config, 1);
	let llama = testing::hf_config(&testing::tiny_config());
	fs::write(folder.path().join(CONFIG), llama.to_string()).unwrap();
	assert!(
		matches!(load(&folder), Err(Error::UnexpectedTensor(found)) if found.ends_with("bias"))
	);
}

#[test]
fn base_is_refused_when_its_configuration_is_malformed() {
	assert!(matches!(with_config("hidden_size", json!(null)), Error::MissingMetadata(_)));
	assert!(matches!(with_config("hidden_size", json!("64")), Error::Malformed { .. }));
	assert!(matches!(with_config("hidden_size", json!(-64)), Error::Malformed { .. }));
	assert!(matches!(with_config("rms_norm_eps", json!(null)), Error::Malformed { .. }));
	assert!(matches!(with_config("num_key_value_heads", json!(3)), Error::InvalidConfig(_)));
	assert!(matches!(with_config("eos_token_id", json!("2")), Error::Malformed { .. }));
	assert!(matches!(with_config("eos_token_id", json!(5_000)), Error::UnknownToken { .. }));
	assert!(matches!(with_config("intermediate_size", json!(97)), Error::WrongShape { .. }));
	assert!(matches!(with_config("num_hidden_layers", json!(3)), Error::MissingTensor(_)));
	assert!(matches!(with_config("num_hidden_layers", json!(1)), Error::UnexpectedTensor(_)));
	assert!(matches!(with_config("tie_word_embeddings", json!(false)), Error::MissingTensor(_)));
	let folder = folder();
	fs::write(folder.path().join("config.json"), "{").unwrap();
	assert!(matches!(load(&folder), Err(Error::Malformed { .. })));
	fs::write(folder.path().join("tokenizer.json"), "{}").unwrap();
	testing::write_hf(folder.path(), &testing::tiny_config(), 1);
	fs::write(folder.path().join("tokenizer.json"), "{}").unwrap();
	assert!(matches!(load(&folder), Err(Error::Tokenizer(_))));
}

#[test]
fn base_is_refused_when_the_weights_file_ends_early() {
	let len = fs::read(folder().path().join("model.safetensors")).unwrap().len();
	for cut in [0, 7, 8, 100, len / 2, len - 1] {
		let error = with_weights(|bytes| bytes.truncate(cut));
		assert!(matches!(error, Error::Truncated { .. }), "cut to {cut} gave {error:?}");
	}
}

#[test]
fn base_is_refused_when_the_weights_header_is_wrong() {
	let huge = with_weights(|bytes| bytes[..8].copy_from_slice(&u64::MAX.to_le_bytes()));
	assert!(matches!(huge, Error::OversizedHeader { .. }));
	let beyond = with_weights(|bytes| bytes[..8].copy_from_slice(&90_000_000u64.to_le_bytes()));
	assert!(matches!(beyond, Error::Truncated { .. }));
	let json = with_weights(|bytes| bytes[8] = b'[');
	assert!(matches!(json, Error::Malformed { .. }));
	let surplus = with_weights(|bytes| bytes.extend([0; 16]));
	assert!(matches!(surplus, Error::Malformed { .. }));
}

#[test]
fn base_is_refused_when_a_tensor_is_wrong() {
	use candle_core::{DType, Device, Tensor};
	let name = "model.layers.1.self_attn.v_proj.weight";
	assert!(matches!(with_tensors(|t| drop(t.remove(name))), Error::MissingTensor(n) if n == name));
	let zeros = |shape: (usize, usize)| Tensor::zeros(shape, DType::F32, &Device::Cpu).unwrap();
	let shape = with_tensors(|t| drop(t.insert(name.into(), zeros((64, 32)))));
	assert!(matches!(shape, Error::WrongShape { name: n, .. } if n == name));
	let bias = "model.layers.1.self_attn.v_proj.bias";
	let more = with_tensors(|t| drop(t.insert(bias.into(), zeros((1, 1)))));
	assert!(matches!(more, Error::UnexpectedTensor(n) if n == bias));
	let nan = (zeros((32, 64)) * f64::NAN).unwrap();
	let nan = with_tensors(|t| drop(t.insert(name.into(), nan)));
	assert!(matches!(nan, Error::NonFinite { name: n, index: 0 } if n == name));
	let whole = zeros((32, 64)).to_dtype(DType::I64).unwrap();
	let whole = with_tensors(|t| drop(t.insert(name.into(), whole)));
	assert!(matches!(whole, Error::UnsupportedDtype { name: n, .. } if n == name));
}

#[test]
fn template_comes_from_its_own_file_when_there_is_one() {
	let folder = folder();
	fs::write(folder.path().join("chat_template.jinja"), "own").unwrap();
	assert_eq!(load(&folder).unwrap().render_chat(&[], true).unwrap(), "own");
	fs::write(folder.path().join("chat_template.jinja"), [0xff]).unwrap();
	assert!(matches!(load(&folder), Err(Error::Malformed { .. })));
	fs::remove_file(folder.path().join("chat_template.jinja")).unwrap();
	fs::remove_file(folder.path().join("tokenizer_config.json")).unwrap();
	assert!(matches!(load(&folder).unwrap().render_chat(&[], true), Err(Error::NoChatTemplate)));
}
