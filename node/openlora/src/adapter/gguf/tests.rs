use super::*;
use crate::testing::{self, Encoding, GgufWriter, MetadataValue as V};

fn config() -> PeftConfig {
	PeftConfig::new(4, 8.0, Module::ALL).unwrap()
}

fn adapter(config: PeftConfig) -> Adapter {
	testing::random_adapter(&testing::tiny_config(), config, 5)
}

fn read(bytes: &[u8]) -> Result<Adapter> {
	let file = tempfile::NamedTempFile::new().unwrap();
	fs::write(file.path(), bytes).unwrap();
	Adapter::load_gguf(file.path(), &testing::tiny_config())
}

/// Every pair with its scale.
type Pairs = Vec<(usize, Module, Vec<f32>, Vec<f32>, f64)>;

fn pairs(adapter: &Adapter) -> Pairs {
	let values = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
	let weights = adapter.weights();
	weights
		.iter()
		.map(|(at, of, lora)| {
			(at, of, values(&lora.a), values(&lora.b), weights.scale(at, of).unwrap())
		})
		.collect()
}

/// A file of llama.cpp's with pairs of zeros for the queries of both layers, open to changes.
fn file() -> GgufWriter {
	let mut file = GgufWriter::default();
	file.set("general.architecture", V::Text("llama".into()));
	file.set("general.type", V::Text("adapter".into()));
	file.set("adapter.type", V::Text("lora".into()));
	file.set("adapter.lora.alpha", V::F32(8.0));
	for layer in 0..2 {
		pair(&mut file, &format!("blk.{layer}.attn_q.weight"), 4, (64, 64));
	}
	file
}

fn pair(file: &mut GgufWriter, name: &str, rank: usize, (inputs, outputs): (usize, usize)) {
	let zeros = |rows: usize, columns: usize| {
		Tensor::zeros((rows, columns), candle_core::DType::F32, &Device::Cpu).unwrap()
	};
	file.tensor(format!("{name}.lora_a"), &zeros(rank, inputs), Encoding::F32);
	file.tensor(format!("{name}.lora_b"), &zeros(outputs, rank), Encoding::F32);
}

fn refused(change: impl FnOnce(&mut GgufWriter)) -> Error {
	let mut file = file();
	change(&mut file);
	read(&file.finish()).unwrap_err()
}

#[test]
fn adapter_is_the_same_when_written_and_read() {
	let mut patterned = config();
	let ranks = vec![("q_proj".to_string(), 2), (r"1\.mlp\.up_proj".to_string(), 6)];
	patterned.rank_pattern = super::super::PatternMap::new("rank_pattern", ranks).unwrap();
	let some = PeftConfig::from_json(
		r#"{"peft_type":"LORA","r":3,"lora_alpha":5,"target_modules":["k_proj","model.layers.0.mlp.gate_proj"]}"#,
	);
	for config in [config(), patterned, some.unwrap()] {
		let adapter = adapter(config);
		let exported = adapter.to_gguf(&testing::tiny_config(), Precision::F32).unwrap();
		assert!(exported.is_exact() && exported.folded_exactly == 0, "{:?}", adapter.config());
		let again = read(&exported.bytes).unwrap();
		assert_eq!(pairs(&again), pairs(&adapter));
		let twice = again.to_gguf(&testing::tiny_config(), Precision::F32).unwrap();
		assert_eq!(twice.bytes, exported.bytes);
	}
}

#[test]
fn adapter_of_every_kind_is_read_from_where_it_is() {
	let (root, base) = (tempfile::tempdir().unwrap(), testing::tiny_config());
	let adapter = adapter(config());
	let path = |name: &str| root.path().join(name);
	adapter.save_dir(&path("folder")).unwrap();
	fs::write(path("blob"), adapter.to_bytes().unwrap()).unwrap();
	fs::write(path("gguf"), adapter.to_gguf(&base, Precision::F32).unwrap().bytes).unwrap();
	for name in ["folder", "blob", "gguf"] {
		assert_eq!(pairs(&Adapter::load(&path(name), Some(&base)).unwrap()), pairs(&adapter));
	}
	let refused = Adapter::load(&path("gguf"), None);
	assert!(matches!(refused, Err(Error::InvalidOption { option: "base", .. })));
	assert!(matches!(Adapter::load(&path("none"), None), Err(Error::Io { .. })));
}

#[test]
fn adapter_in_half_precision_is_the_same_when_written_and_read_again() {
	let exported = adapter(config()).to_gguf(&testing::tiny_config(), Precision::F16).unwrap();
	assert!(exported.values_rounded > 0 && !exported.is_exact());
	let halved = read(&exported.bytes).unwrap();
	let again = halved.to_gguf(&testing::tiny_config(), Precision::F16).unwrap();
	assert!(again.is_exact());
	assert_eq!(again.bytes, exported.bytes);
}

#[test]
fn rows_of_queries_and_keys_are_those_of_llama_cpp_when_written() {
	// Four heads of sixteen rows: rows 0 and 8 of Hugging Face's are one rotated pair.
	let adapter = adapter(config());
	let bytes = adapter.to_gguf(&testing::tiny_config(), Precision::F32).unwrap().bytes;
	let file = tempfile::NamedTempFile::new().unwrap();
	fs::write(file.path(), bytes).unwrap();
	let mut gguf = Gguf::open(file.path()).unwrap();
	for (module, part, swapped) in [(Module::Q, "attn_q", true), (Module::V, "attn_v", false)] {
		let stored = matrix(&mut gguf, &format!("blk.1.{part}.weight.lora_b")).unwrap();
		let stored: Vec<Vec<f32>> = stored.to_vec2().unwrap();
		let own: Vec<Vec<f32>> = adapter.weights().get(1, module).unwrap().b.to_vec2().unwrap();
		assert_eq!(stored[0], own[0]);
		assert_eq!(stored[1], own[if swapped { 8 } else { 1 }]);
		assert_eq!(stored[17], own[if swapped { 24 } else { 17 }]);
	}
}

#[test]
fn file_is_of_the_base_s_architecture_and_keeps_its_order_of_rows() {
	let llama = adapter(config()).to_gguf(&testing::tiny_config(), Precision::F32).unwrap();
	for (name, base) in testing::tiny_kinds() {
		let adapter = testing::random_adapter(&base, config(), 5);
		let bytes = adapter.to_gguf(&base, Precision::F32).unwrap().bytes;
		let file = tempfile::NamedTempFile::new().unwrap();
		fs::write(file.path(), bytes).unwrap();
		let mut gguf = Gguf::open(file.path()).unwrap();
		let facts = base.architecture.facts();
		let key = "general.architecture";
		assert_eq!(gguf.require(key).unwrap().text(key).unwrap(), facts.gguf);
		let stored = matrix(&mut gguf, "blk.1.attn_k.weight.lora_b").unwrap();
		let stored: Vec<Vec<f32>> = stored.to_vec2().unwrap();
		let own: Vec<Vec<f32>> = adapter.weights().get(1, Module::K).unwrap().b.to_vec2().unwrap();
		assert_eq!(stored[1], own[if facts.interleaved { base.head_dim / 2 } else { 1 }], "{name}");
		let again = Adapter::load_gguf(file.path(), &base).unwrap();
		assert_eq!(pairs(&again), pairs(&adapter), "{name}");
		// One for llama is none for the others.
		fs::write(file.path(), &llama.bytes).unwrap();
		let of_llama = Adapter::load_gguf(file.path(), &base);
		match of_llama {
			Err(Error::UnsupportedAdapter { field, value }) => {
				assert_eq!(
					(field.as_str(), value.as_str(), facts.interleaved),
					(key, "llama", false)
				);
			}
			other => assert!(facts.interleaved && other.is_ok(), "{name}: {other:?}"),
		}
	}
}

#[test]
fn scales_go_into_b_when_one_alpha_cannot_say_them() {
	let mut doubled = config();
	let alphas = vec![("v_proj".to_string(), 32.0), ("0.mlp.up_proj".to_string(), 11.0)];
	doubled.alpha_pattern = super::super::PatternMap::new("alpha_pattern", alphas).unwrap();
	let adapter = adapter(doubled);
	let exported = adapter.to_gguf(&testing::tiny_config(), Precision::F32).unwrap();
	assert_eq!(exported.alpha, 8.0);
	assert_eq!((exported.folded_exactly, exported.folded_with_rounding), (2, 1));
	assert!(!exported.is_exact());
	let again = read(&exported.bytes).unwrap();
	for (found, own) in pairs(&again).into_iter().zip(pairs(&adapter)) {
		assert_eq!((found.0, found.1, &found.2), (own.0, own.1, &own.2));
		for (found, b) in found.3.iter().zip(own.3) {
			let (found, expected) = (f64::from(*found) * 2.0, f64::from(b) * own.4);
			assert!((found - expected).abs() <= expected.abs() * f64::from(f32::EPSILON) / 2.0);
		}
	}
}

#[test]
fn stabilised_scale_is_an_alpha_that_is_rounded_when_its_root_is() {
	for (rank, exact) in [(4, true), (3, false)] {
		let mut config = PeftConfig::new(rank, 8.0, [Module::Q]).unwrap();
		config.rslora = true;
		let adapter = adapter(config);
		let exported = adapter.to_gguf(&testing::tiny_config(), Precision::F32).unwrap();
		assert_eq!(
			(exported.is_exact(), exported.scales_rounded),
			(exact, if exact { 0 } else { 2 })
		);
		let again = read(&exported.bytes).unwrap();
		let (found, own) = (pairs(&again)[0].4, pairs(&adapter)[0].4);
		assert!((found - own).abs() <= own * f64::from(f32::EPSILON));
	}
}

#[test]
fn nothing_is_scaled_when_the_file_has_no_alpha() {
	let mut file = file();
	file.unset("adapter.lora.alpha");
	pair(&mut file, "blk.0.ffn_up.weight", 2, (64, 96));
	let adapter = read(&file.finish()).unwrap();
	let scales: Vec<f64> = pairs(&adapter).into_iter().map(|pair| pair.4).collect();
	assert_eq!(scales, [1.0; 3]);
}

#[test]
fn quantised_pairs_are_expanded_when_read() {
	let blocks = Encoding::Blocks(candle_core::quantized::GgmlDType::Q8_0);
	let mut file = file();
	let values: Vec<f32> = (0..4 * 64).map(|i| (i as f32 * 0.37).sin()).collect();
	let a = Tensor::from_vec(values.clone(), (4, 64), &Device::Cpu).unwrap();
	file.tensor("blk.0.attn_q.weight.lora_a".into(), &a, blocks);
	let adapter = read(&file.finish()).unwrap();
	for (found, expected) in pairs(&adapter)[0].2.iter().zip(values) {
		assert!((found - expected).abs() < 1e-2);
	}
}

#[test]
fn file_is_refused_when_it_is_not_a_lora_of_this_architecture() {
	for (key, value) in [
		("general.type", "model"),
		("general.architecture", "gemma"),
		("adapter.type", "control_vector"),
	] {
		let error = refused(|file| {
			file.set(key, V::Text(value.into()));
		});
		assert!(matches!(error, Error::UnsupportedAdapter { field, .. } if field == key));
		let error = refused(|file| {
			file.unset(key);
		});
		assert!(matches!(error, Error::MissingMetadata(found) if found == key));
	}
	let tokens = "adapter.alora.invocation_tokens";
	let error = refused(|file| {
		file.set(tokens, V::I32s(vec![1]));
	});
	assert!(matches!(error, Error::UnsupportedAdapter { field, .. } if field == tokens));
	let error = refused(|file| {
		file.set(ALPHA, V::Text("8".into()));
	});
	assert!(matches!(error, Error::Malformed { .. }));
	for alpha in [-8.0, f32::NAN, f32::INFINITY] {
		let error = refused(|file| {
			file.set(ALPHA, V::F32(alpha));
		});
		assert!(matches!(error, Error::InvalidOption { .. } | Error::Malformed { .. }), "{error}");
	}
}

#[test]
fn file_is_refused_when_a_pair_is_incomplete_or_of_another_base() {
	let a = "blk.1.attn_q.weight.lora_a";
	let error = refused(|file| {
		file.remove(a);
	});
	assert!(matches!(error, Error::MissingTensor(_)), "{error}");
	let error = refused(|file| {
		file.remove("blk.1.attn_q.weight.lora_b");
	});
	assert!(matches!(error, Error::MissingTensor(_)), "{error}");
	for stranger in [
		"token_embd.weight",
		"blk.0.attn_norm.weight",
		"blk.00.attn_q.weight",
		"blk.9999.attn_q.weight",
		"blk.0.attn_qkv.weight",
	] {
		let error = refused(|file| pair(file, stranger, 4, (64, 64)));
		assert!(matches!(error, Error::UnexpectedTensor(_)), "{stranger}: {error}");
	}
	let error = refused(|file| pair(file, "blk.0.ffn_up.weight", 4, (64, 64)));
	assert!(matches!(error, Error::AdapterShape { module: Module::Up, .. }), "{error}");
	let error = refused(|file| pair(file, "blk.2.attn_q.weight", 4, (64, 64)));
	assert!(matches!(error, Error::AdapterLayers { .. }), "{error}");
	// A rank that the two disagree on.
	let error = refused(|file| {
		file.reshape(a, &[2, 128]);
	});
	assert!(matches!(error, Error::WrongShape { .. }), "{error}");
	let error = refused(|file| {
		file.reshape("blk.1.attn_q.weight.lora_b", &[7, 4]);
	});
	assert!(matches!(error, Error::WrongShape { .. }), "{error}");
	let error = refused(|file| {
		file.reshape(a, &[256]);
	});
	assert!(matches!(error, Error::WrongShape { .. }), "{error}");
}

#[test]
fn file_is_refused_when_a_rank_is_huge_or_a_value_not_finite() {
	let error = refused(|file| pair(file, "blk.0.attn_v.weight", 4097, (64, 32)));
	assert!(matches!(error, Error::InvalidOption { option: "r", .. }), "{error}");
	let error = refused(|file| {
		let data = file.data("blk.0.attn_q.weight.lora_a");
		data[8..12].copy_from_slice(&f32::NAN.to_le_bytes());
	});
	assert!(matches!(error, Error::NonFinite { index: 2, .. }), "{error}");
	let bytes = file().finish();
	for len in (0..bytes.len()).step_by(97) {
		assert!(read(&bytes[..len]).is_err(), "cut to {len}");
	}
	let mut file = file();
	file.remove("blk.0.attn_q.weight.lora_a").remove("blk.0.attn_q.weight.lora_b");
	file.remove("blk.1.attn_q.weight.lora_a").remove("blk.1.attn_q.weight.lora_b");
	assert!(matches!(read(&file.finish()), Err(Error::Malformed { .. })));
}

#[test]
fn adapter_is_not_written_when_the_base_differs_or_half_precision_does_not_reach() {
	let adapter = adapter(config());
	let other = Config { intermediate: 128, ..testing::tiny_config() };
	let refused = adapter.to_gguf(&other, Precision::F32);
	assert!(matches!(refused, Err(Error::AdapterShape { .. })));
	let refused = adapter.to_gguf(&testing::tiny_config(), Precision::BF16);
	assert!(matches!(refused, Err(Error::InvalidOption { option: "precision", .. })));
	let large = adapter
		.weights()
		.map(|lora| Ok(super::super::Lora { a: lora.a.clone(), b: (&lora.b * 1e8)? }))
		.unwrap();
	let large = Adapter::new(config(), large).unwrap();
	let refused = large.to_gguf(&testing::tiny_config(), Precision::F16);
	assert!(matches!(refused, Err(Error::NonFinite { .. })));
}
