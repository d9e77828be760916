use std::{collections::HashMap, fs, path::PathBuf};

use candle_core::{Tensor, quantized::GgmlDType};

use super::*;
use crate::{
	Base, Config, PeftConfig, RopeScaling,
	autograd::{self, Cache},
	testing::{self, Encoding},
};

const TOKENS: [u32; 9] = [5, 90, 14, 200, 31, 31, 77, 120, 9];

fn adapter() -> Adapter {
	testing::random_adapter(&testing::tiny_config(), testing::mixed_config(), 5)
}

fn go(_: MergeProgress) -> ControlFlow<()> {
	ControlFlow::Continue(())
}

fn plain_numbers(precision: Precision) -> MergeOptions {
	MergeOptions { numbers: MergedNumbers::Plain(precision), replace: false }
}

/// Logits of every position, in single precision throughout.
fn logits(base: &Base, adapter: Option<&Adapter>) -> Vec<f32> {
	let mut cache = Cache::new(&base.config);
	let weights = adapter.map(Adapter::weights);
	let hidden = autograd::forward(base, weights, &TOKENS, &mut cache).unwrap();
	autograd::logits(base, &hidden).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

fn assert_close(found: &[f32], expected: &[f32], bound: f32) {
	assert_eq!(found.len(), expected.len());
	let largest = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
	assert!(largest <= bound, "{largest} apart");
}

fn gguf(folder: &Path, encoding: Encoding) -> PathBuf {
	testing::write_gguf(folder, &testing::tiny_config(), 1, encoding)
}

#[test]
fn merged_file_answers_as_base_and_adapter_do() {
	let root = tempfile::tempdir().unwrap();
	let base = gguf(root.path(), Encoding::F32);
	let folder = root.path().join("hf");
	testing::write_hf(&folder, &testing::tiny_config(), 1);
	let expected = logits(&Base::load(&base).unwrap(), Some(&adapter()));
	assert_ne!(expected, logits(&Base::load(&base).unwrap(), None));
	for (number, base) in [base, folder].iter().enumerate() {
		let target = root.path().join(format!("merged{number}"));
		let merged = merge(base, &adapter(), &target, MergeOptions::default(), &mut go).unwrap();
		assert_eq!((merged.changed, merged.requantised, merged.tensors), (6, 0, 20));
		assert_close(&logits(&Base::load(&target).unwrap(), None), &expected, 2e-4);
	}
}

#[test]
fn merged_file_answers_as_base_and_adapter_do_for_every_kind_of_base() {
	for (name, config) in testing::tiny_kinds() {
		let root = tempfile::tempdir().unwrap();
		let mut bases = vec![testing::write_gguf(root.path(), &config, 1, Encoding::F32)];
		// Folders have numbers instead of factors.
		if config.rope_scaling != RopeScaling::Factors {
			let folder = root.path().join("hf");
			testing::write_hf(&folder, &config, 1);
			bases.push(folder);
		}
		let adapter = testing::random_adapter(&config, testing::mixed_config(), 5);
		for (number, base) in bases.iter().enumerate() {
			let target = root.path().join(format!("merged{number}"));
			let merged = merge(base, &adapter, &target, MergeOptions::default(), &mut go).unwrap();
			assert_eq!((merged.changed, merged.tensors), (6, Slot::all(&config).len()), "{name}");
			let (before, after) = (Base::load(base).unwrap(), Base::load(&target).unwrap());
			assert_eq!(after.config, before.config);
			assert_close(&logits(&after, None), &logits(&before, Some(&adapter)), 2e-4);
			for (before, after) in before.weights.layers.iter().zip(&after.weights.layers) {
				assert_eq!(before.biases, after.biases, "{name}");
				assert_eq!(before.head_norms, after.head_norms, "{name}");
			}
			assert_eq!(before.weights.rope_factors, after.weights.rope_factors, "{name}");
		}
	}
}

#[test]
fn merged_weights_are_those_of_the_stated_order() {
	let root = tempfile::tempdir().unwrap();
	let (base, target) = (root.path().join("base"), root.path().join("merged"));
	testing::write_hf(&base, &testing::tiny_config(), 1);
	merge(&base, &adapter(), &target, MergeOptions::default(), &mut go).unwrap();
	let read = |folder: &Path| -> HashMap<String, Tensor> {
		let path = folder.join("model.safetensors");
		candle_core::safetensors::load(path, &candle_core::Device::Cpu).unwrap()
	};
	let (before, after) = (read(&base), read(&target));
	let adapter = adapter();
	let scale = adapter.weights().scale(1, Module::Q).unwrap() as f32;
	let lora = adapter.weights().get(1, Module::Q).unwrap();
	let (a, b) = (lora.a.to_vec2::<f32>().unwrap(), lora.b.to_vec2::<f32>().unwrap());
	let name = "model.layers.1.self_attn.q_proj.weight";
	let mut expected = before[name].to_vec2::<f32>().unwrap();
	for (row, b) in expected.iter_mut().zip(&b) {
		for (column, weight) in row.iter_mut().enumerate() {
			for (a, b) in a.iter().zip(b) {
				*weight = (scale * b).mul_add(a[column], *weight);
			}
		}
	}
	assert_eq!(after[name].to_vec2::<f32>().unwrap(), expected);
	for (name, tensor) in &before {
		let module = |text: &str| name.contains(text);
		let changed = ["q_proj", "v_proj", "0.self_attn.o_proj", "1.mlp.down_proj"];
		let same = after[name].flatten_all().unwrap().to_vec1::<f32>().unwrap()
			== tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
		assert_eq!(same, !changed.iter().any(|text| module(text)), "{name}");
	}
	// Everything else of the folder is there.
	for file in ["tokenizer.json", "tokenizer_config.json"] {
		assert_eq!(fs::read(base.join(file)).unwrap(), fs::read(target.join(file)).unwrap());
	}
}

#[test]
fn untouched_tensors_keep_their_bytes_when_the_base_is_quantised() {
	let root = tempfile::tempdir().unwrap();
	for dtype in [GgmlDType::Q4_1, GgmlDType::Q8_0] {
		let base = gguf(root.path(), Encoding::Blocks(dtype));
		let target = root.path().join(format!("{dtype:?}.gguf"));
		let merged = merge(&base, &adapter(), &target, MergeOptions::default(), &mut go).unwrap();
		assert_eq!((merged.changed, merged.requantised), (6, 6));
		let sizes = [&base, &target].map(|path| fs::metadata(path).unwrap().len());
		assert!(sizes[0].abs_diff(sizes[1]) < 32, "{sizes:?}");
		let mut files = [&base, &target].map(|path| crate::gguf::reader::Gguf::open(path).unwrap());
		let mut raw = |name: &str| [0, 1].map(|of| files[of].raw(name).unwrap());
		let [before, after] = raw("blk.0.ffn_up.weight");
		assert_eq!(before, after);
		let [before, after] = raw("blk.0.attn_q.weight");
		assert_ne!(before, after);
		let expected = logits(&Base::load(&base).unwrap(), Some(&adapter()));
		let found = logits(&Base::load(&target).unwrap(), None);
		let near = |bound: f32| {
			let errors = found.iter().zip(&expected).map(|(a, b)| (a - b).powi(2)).sum::<f32>();
			assert!((errors / found.len() as f32).sqrt() < bound, "{dtype:?}: {errors}");
		};
		near(if dtype == GgmlDType::Q8_0 { 0.02 } else { 0.3 });
	}
}

#[test]
fn numbers_are_of_the_type_that_was_asked_for() {
	let root = tempfile::tempdir().unwrap();
	let quantised = gguf(root.path(), Encoding::Blocks(GgmlDType::Q4_1));
	let folder = root.path().join("hf");
	testing::write_hf(&folder, &testing::tiny_config(), 1);
	for base in [quantised, folder] {
		let expected = logits(&Base::load(&base).unwrap(), Some(&adapter()));
		for (precision, bound) in
			[(Precision::F32, 2e-4), (Precision::F16, 2e-2), (Precision::BF16, 2e-1)]
		{
			let target = root.path().join(format!("{precision:?}-{}", base.is_dir()));
			let options = plain_numbers(precision);
			merge(&base, &adapter(), &target, options, &mut go).unwrap();
			let merged = Base::load(&target).unwrap();
			assert_close(&logits(&merged, None), &expected, bound);
			if target.is_dir() {
				let config = fs::read_to_string(target.join("config.json")).unwrap();
				let name = ["float32", "float16", "bfloat16"];
				let name = name[[4, 2, 2].iter().position(|&b| b == precision.bytes()).unwrap()];
				assert!(precision != Precision::F32 || config.contains(name), "{config}");
			}
		}
	}
}

#[test]
fn shards_stay_as_they_are_divided() {
	let root = tempfile::tempdir().unwrap();
	let (base, target) = (root.path().join("base"), root.path().join("merged"));
	testing::write_hf(&base, &testing::tiny_config(), 1);
	let expected = logits(&Base::load(&base).unwrap(), Some(&adapter()));
	let device = candle_core::Device::Cpu;
	let all = candle_core::safetensors::load(base.join("model.safetensors"), &device).unwrap();
	fs::remove_file(base.join("model.safetensors")).unwrap();
	let (mut map, mut parts) = (serde_json::Map::new(), [HashMap::new(), HashMap::new()]);
	for (name, tensor) in all {
		let part = usize::from(name.contains("layers.1"));
		map.insert(name.clone(), format!("part{part}.safetensors").into());
		parts[part].insert(name, tensor);
	}
	for (part, tensors) in parts.iter().enumerate() {
		let path = base.join(format!("part{part}.safetensors"));
		candle_core::safetensors::save(tensors, path).unwrap();
	}
	let index = serde_json::json!({ "metadata": { "total_size": 1 }, "weight_map": map });
	fs::write(base.join("model.safetensors.index.json"), index.to_string()).unwrap();
	let merged = merge(&base, &adapter(), &target, MergeOptions::default(), &mut go).unwrap();
	assert_close(&logits(&Base::load(&target).unwrap(), None), &expected, 2e-4);
	let index = fs::read_to_string(target.join("model.safetensors.index.json")).unwrap();
	assert!(index.contains(&format!("\"total_size\": {}", merged.bytes)), "{index}");
}

#[test]
fn nothing_is_written_when_merging_is_refused_or_ended() {
	let root = tempfile::tempdir().unwrap();
	let folder = root.path().join("hf");
	testing::write_hf(&folder, &testing::tiny_config(), 1);
	let file = gguf(root.path(), Encoding::F32);
	let entries = || fs::read_dir(root.path()).unwrap().count();
	let before = entries();
	for base in [&folder, &file] {
		let into = |adapter: &Adapter, target: &Path, stop: usize| {
			merge(base, adapter, target, MergeOptions::default(), &mut |at| match at.done {
				done if done == stop => ControlFlow::Break(()),
				_ => ControlFlow::Continue(()),
			})
		};
		let target = root.path().join("merged");
		assert!(matches!(into(&adapter(), &target, 7), Err(Error::Cancelled)));
		let other = Config { layers: 3, ..testing::tiny_config() };
		let config = PeftConfig::new(2, 4.0, [Module::Q]).unwrap();
		let other = testing::random_adapter(&other, config.clone(), 1);
		assert!(matches!(into(&other, &target, 99), Err(Error::AdapterLayers { .. })));
		for taken in [&folder, &file] {
			assert!(matches!(into(&adapter(), taken, 99), Err(Error::Exists(_))));
		}
		let mut replaced = MergeOptions { replace: true, ..MergeOptions::default() };
		let itself = merge(base, &adapter(), base, replaced, &mut go);
		assert!(matches!(itself, Err(Error::Exists(_))));
		// Beyond half precision.
		let huge = adapter()
			.weights()
			.map(|lora| Ok(crate::Lora { a: (&lora.a * 1e4)?, b: (&lora.b * 1e4)? }));
		let huge = Adapter::new(testing::mixed_config(), huge.unwrap()).unwrap();
		replaced.numbers = MergedNumbers::Plain(Precision::F16);
		let refused = merge(base, &huge, &target, replaced, &mut go);
		assert!(matches!(refused, Err(Error::NonFinite { .. })), "{refused:?}");
		assert_eq!(entries(), before);
	}
	let missing = root.path().join("missing");
	let refused = merge(&missing, &adapter(), &file, MergeOptions::default(), &mut go);
	assert!(matches!(refused, Err(Error::Io { .. })));
}
