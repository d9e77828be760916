use candle_core::{DType, Var};

use super::*;
use crate::testing;

fn config() -> PeftConfig {
	PeftConfig::new(4, 8.0, [Module::Q, Module::V, Module::Down]).unwrap()
}

/// An adapter whose both factors are random.
fn adapter() -> Adapter {
	testing::random_adapter(&testing::tiny_config(), config(), 5)
}

fn values(adapter: &Adapter) -> Vec<f32> {
	let read = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
	adapter
		.weights()
		.iter()
		.flat_map(|(_, _, lora)| [read(&lora.a), read(&lora.b)].concat())
		.collect()
}

/// The blob with its tensors changed.
fn blob(
	change: impl FnOnce(&mut std::collections::HashMap<String, Tensor>),
	config: &PeftConfig,
) -> Vec<u8> {
	let mut tensors = std::collections::HashMap::new();
	for (layer, module, lora) in adapter().weights().iter() {
		tensors.insert(store::tensor_name(layer, module, 'A'), lora.a.clone());
		tensors.insert(store::tensor_name(layer, module, 'B'), lora.b.clone());
	}
	change(&mut tensors);
	let metadata = [("adapter_config".to_string(), config.to_json())].into();
	safetensors::serialize(tensors, Some(metadata)).unwrap()
}

#[test]
fn bytes_are_the_same_when_written_again_and_after_reading() {
	let bytes = adapter().to_bytes().unwrap();
	assert_eq!(bytes, adapter().to_bytes().unwrap());
	let read = Adapter::from_bytes(&bytes).unwrap();
	assert_eq!(read.config(), adapter().config());
	assert_eq!(values(&read), values(&adapter()));
	assert_eq!(read.to_bytes().unwrap(), bytes);
}

#[test]
fn folder_holds_the_same_adapter_when_saved_and_loaded() {
	let folder = tempfile::tempdir().unwrap();
	let inner = folder.path().join("new");
	adapter().save_dir(&inner).unwrap();
	let read = Adapter::load_dir(&inner).unwrap();
	assert_eq!(values(&read), values(&adapter()));
	let file = std::fs::read(inner.join("adapter_model.safetensors")).unwrap();
	assert_eq!(file, adapter().to_bytes().unwrap());
}

#[test]
fn values_are_widened_when_stored_in_half_precision() {
	for dtype in [DType::F16, DType::BF16] {
		let halve = |tensors: &mut std::collections::HashMap<String, Tensor>| {
			for tensor in tensors.values_mut() {
				*tensor = tensor.to_dtype(dtype).unwrap();
			}
		};
		let read = values(&Adapter::from_bytes(&blob(halve, &config())).unwrap());
		for (wide, half) in values(&adapter()).iter().zip(&read) {
			assert!((wide - half).abs() < 0.01);
		}
		assert_ne!(values(&adapter()), read);
	}
}

#[test]
fn fresh_adapter_has_zero_outputs_and_bounded_inputs_when_drawn_from_a_seed() {
	let base = testing::tiny_config();
	let fresh = Adapter::init(&base, config(), 9).unwrap();
	assert_eq!(values(&fresh), values(&Adapter::init(&base, config(), 9).unwrap()));
	assert_ne!(values(&fresh), values(&Adapter::init(&base, config(), 10).unwrap()));
	for (_, module, lora) in fresh.weights().iter() {
		let (inputs, outputs) = base.dimensions(module);
		assert_eq!((lora.a.dims(), lora.b.dims()), (&[4, inputs][..], &[outputs, 4][..]));
		let bound = 1.0 / (inputs as f32).sqrt();
		let a = lora.a.flatten_all().unwrap().to_vec1::<f32>().unwrap();
		assert!(a.iter().all(|value| value.abs() <= bound));
		assert!(a.iter().any(|value| value.abs() > bound / 2.0));
		assert!(lora.b.flatten_all().unwrap().to_vec1::<f32>().unwrap().iter().all(|&b| b == 0.0));
	}
	let per_layer: usize = [Module::Q, Module::V, Module::Down]
		.iter()
		.map(|&module| base.dimensions(module))
		.map(|(inputs, outputs)| 4 * (inputs + outputs))
		.sum();
	assert_eq!(fresh.parameter_count(), 2 * per_layer);
}

#[test]
fn adapter_keeps_its_values_when_the_variables_it_was_made_of_change() {
	let mut weights = AdapterWeights::new(1, 1.0);
	let a = Var::ones((2, 3), DType::F32, &Device::Cpu).unwrap();
	let b = Tensor::ones((3, 2), DType::F32, &Device::Cpu).unwrap();
	weights.insert(0, Module::Q, Lora { a: a.as_tensor().clone(), b });
	let adapter = Adapter::new(PeftConfig::new(2, 2.0, [Module::Q]).unwrap(), weights).unwrap();
	a.set(&a.zeros_like().unwrap()).unwrap();
	assert!(values(&adapter).iter().all(|&value| value == 1.0));
	assert!(!adapter.weights().get(0, Module::Q).unwrap().a.is_variable());
}

#[test]
fn adapter_is_refused_when_the_base_has_another_shape() {
	let tiny = testing::tiny_config();
	adapter().fits(&tiny).unwrap();
	let deeper = Config { layers: 3, ..tiny.clone() };
	assert!(matches!(adapter().fits(&deeper), Err(Error::AdapterLayers { expected: 3, found: 2 })));
	let wider = Config { intermediate: 128, ..tiny.clone() };
	assert!(matches!(
		adapter().fits(&wider),
		Err(Error::AdapterShape { layer: 0, module: Module::Down, expected: (128, 64), .. })
	));
	let other_heads = Config { kv_heads: 4, ..tiny };
	assert!(matches!(
		adapter().fits(&other_heads),
		Err(Error::AdapterShape { module: Module::V, .. })
	));
}

#[test]
fn bytes_are_refused_when_cut_anywhere() {
	let bytes = adapter().to_bytes().unwrap();
	for len in (0..bytes.len()).step_by(211).chain([7, 8, 9, bytes.len() - 1]) {
		let result = Adapter::from_bytes(&bytes[..len]);
		assert!(matches!(result, Err(Error::Malformed { .. })), "cut to {len}: {result:?}");
	}
}

#[test]
fn bytes_are_refused_when_the_header_is_wrong() {
	let mut huge = adapter().to_bytes().unwrap();
	huge[..8].copy_from_slice(&u64::MAX.to_le_bytes());
	assert!(matches!(Adapter::from_bytes(&huge), Err(Error::Malformed { .. })));
	let mut surplus = adapter().to_bytes().unwrap();
	surplus.push(0);
	assert!(matches!(Adapter::from_bytes(&surplus), Err(Error::Malformed { .. })));
	let bare = safetensors::serialize(std::collections::HashMap::<String, Tensor>::new(), None);
	assert!(matches!(Adapter::from_bytes(&bare.unwrap()), Err(Error::MissingMetadata(_))));
	let none = blob(|tensors| tensors.clear(), &config());
	assert!(matches!(Adapter::from_bytes(&none), Err(Error::Malformed { .. })));
}

#[test]
fn adapter_is_refused_when_a_tensor_is_missing_or_unexpected() {
	let name = store::tensor_name(1, Module::V, 'B');
	let missing = Adapter::from_bytes(&blob(|t| drop(t.remove(&name)), &config()));
	assert!(matches!(missing, Err(Error::MissingTensor(found)) if found == name));
	let fewer = PeftConfig::new(4, 8.0, [Module::Q, Module::V]).unwrap();
	assert!(matches!(Adapter::from_bytes(&blob(|_| {}, &fewer)), Err(Error::UnexpectedTensor(_))));
	let more = PeftConfig::new(4, 8.0, Module::ALL).unwrap();
	assert!(matches!(Adapter::from_bytes(&blob(|_| {}, &more)), Err(Error::MissingTensor(_))));
	for stranger in [
		"base_model.model.lm_head.lora_A.weight",
		"base_model.model.model.layers.0.self_attn.q_proj.lora_magnitude_vector",
		"base_model.model.model.layers.0.self_attn.q_proj.lora_C.weight",
		"base_model.model.model.layers.01.self_attn.q_proj.lora_A.weight",
		"base_model.model.model.layers.99999.self_attn.q_proj.lora_A.weight",
	] {
		let zeros = Tensor::zeros((4, 64), DType::F32, &Device::Cpu).unwrap();
		let result =
			Adapter::from_bytes(&blob(|t| drop(t.insert(stranger.into(), zeros)), &config()));
		assert!(matches!(result, Err(Error::UnexpectedTensor(_))), "{stranger}: {result:?}");
	}
}

#[test]
fn adapter_is_refused_when_a_tensor_is_wrong() {
	let name = store::tensor_name(0, Module::Q, 'A');
	let with = |tensor: Tensor| {
		Adapter::from_bytes(&blob(|t| drop(t.insert(name.clone(), tensor)), &config()))
	};
	let zeros = |shape: &[usize]| Tensor::zeros(shape, DType::F32, &Device::Cpu).unwrap();
	assert!(matches!(with(zeros(&[5, 64])), Err(Error::WrongShape { .. })));
	assert!(matches!(with(zeros(&[256])), Err(Error::WrongShape { .. })));
	let whole = zeros(&[4, 64]).to_dtype(DType::I64).unwrap();
	assert!(matches!(with(whole), Err(Error::UnsupportedDtype { .. })));
	for bad in [f64::NAN, f64::INFINITY] {
		let spoilt = (zeros(&[4, 64]) + bad).unwrap();
		assert!(matches!(with(spoilt), Err(Error::NonFinite { index: 0, .. })));
	}
}

#[test]
fn folder_is_refused_when_a_file_is_absent_or_not_text() {
	let folder = tempfile::tempdir().unwrap();
	assert!(matches!(Adapter::load_dir(folder.path()), Err(Error::Io { .. })));
	adapter().save_dir(folder.path()).unwrap();
	std::fs::write(folder.path().join("adapter_config.json"), [0xff, 0xfe]).unwrap();
	assert!(matches!(Adapter::load_dir(folder.path()), Err(Error::Malformed { .. })));
	adapter().save_dir(folder.path()).unwrap();
	std::fs::write(folder.path().join("adapter_model.safetensors"), []).unwrap();
	assert!(matches!(Adapter::load_dir(folder.path()), Err(Error::Malformed { .. })));
	std::fs::remove_file(folder.path().join("adapter_model.safetensors")).unwrap();
	assert!(matches!(Adapter::load_dir(folder.path()), Err(Error::Io { .. })));
}

#[test]
fn ranks_and_scales_differ_when_the_configuration_says_so() {
	let base = testing::tiny_config();
	let adapter = testing::random_adapter(&base, testing::mixed_config(), 5);
	let found: Vec<_> = adapter
		.weights()
		.iter()
		.map(|(layer, module, lora)| {
			(layer, module, lora.a.dims()[0], adapter.weights().scale(layer, module).unwrap())
		})
		.collect();
	let expected = [
		(0, Module::Q, 4, 3.5 / 2.0),
		(0, Module::V, 1, 2.0),
		(0, Module::O, 4, 8.0 / 2.0),
		(1, Module::Q, 9, 3.5 / 3.0),
		(1, Module::V, 9, 8.0 / 3.0),
		(1, Module::Down, 9, 8.0 / 3.0),
	];
	assert_eq!(found, expected);
	assert_eq!(adapter.rank(), 9);
	let read = Adapter::from_bytes(&adapter.to_bytes().unwrap()).unwrap();
	assert_eq!(values(&read), values(&adapter));
	assert_eq!(read.to_bytes().unwrap(), adapter.to_bytes().unwrap());
	let fresh = Adapter::init(&base, testing::mixed_config(), 1).unwrap();
	assert_eq!(fresh.parameter_count(), adapter.parameter_count());
}

#[test]
fn adapter_of_some_layers_fits_every_base_that_asks_for_no_more() {
	let json = |layers: &str| {
		let text = r#"{"peft_type":"LORA","r":2,"lora_alpha":2,"target_modules":["q_proj"],
			"layers_to_transform":LAYERS}"#;
		PeftConfig::from_json(&text.replace("LAYERS", layers)).unwrap()
	};
	let tiny = testing::tiny_config();
	let low = testing::random_adapter(&tiny, json("[0]"), 1);
	let low = Adapter::from_bytes(&low.to_bytes().unwrap()).unwrap();
	assert_eq!(low.weights().layers(), 1);
	low.fits(&tiny).unwrap();
	low.fits(&Config { layers: 40, ..tiny.clone() }).unwrap();
	let high = testing::random_adapter(&tiny, json("[0, 1, 7]"), 1);
	high.fits(&tiny).unwrap();
	let deeper = Config { layers: 8, ..tiny.clone() };
	assert!(matches!(high.fits(&deeper), Err(Error::AdapterLayers { expected: 8, found: 2 })));
	let none = Adapter::init(&tiny, json("[7]"), 1);
	assert!(matches!(none, Err(Error::Malformed { .. })));
	let shallower = Config { layers: 1, ..tiny };
	assert!(matches!(high.fits(&shallower), Err(Error::AdapterLayers { expected: 1, found: 2 })));
}

#[test]
fn adapter_is_refused_when_a_rank_is_not_its_pattern_or_a_dimension_is_zero() {
	let mut patterned = config();
	patterned.rank_pattern =
		PatternMap::new("rank_pattern", vec![("layers.1.*q_proj".into(), 5)]).unwrap();
	match Adapter::from_bytes(&blob(|_| {}, &patterned)) {
		Err(Error::WrongShape { name, expected, found }) => {
			assert_eq!(name, store::tensor_name(1, Module::Q, 'A'));
			assert_eq!((expected, found), (vec![5, 64], vec![4, 64]));
		}
		other => panic!("{other:?}"),
	}
	let empty = |tensors: &mut std::collections::HashMap<String, Tensor>| {
		let none = Tensor::zeros((4, 0), DType::F32, &Device::Cpu).unwrap();
		tensors.insert(store::tensor_name(0, Module::Q, 'A'), none);
	};
	let refused = Adapter::from_bytes(&blob(empty, &config()));
	assert!(matches!(refused, Err(Error::WrongShape { .. })));
}

#[cfg(unix)]
#[test]
fn folder_is_refused_when_a_link_leaves_it_or_is_no_file() {
	use std::os::unix::fs::symlink;
	let folder = tempfile::tempdir().unwrap();
	let inner = folder.path().join("inner");
	adapter().save_dir(&inner).unwrap();
	let weights = inner.join("adapter_model.safetensors");
	// A link within is followed.
	std::fs::rename(&weights, inner.join("other")).unwrap();
	symlink("other", &weights).unwrap();
	Adapter::load_dir(&inner).unwrap();
	std::fs::rename(inner.join("other"), folder.path().join("other")).unwrap();
	std::fs::remove_file(&weights).unwrap();
	symlink("../other", &weights).unwrap();
	assert!(
		matches!(Adapter::load_dir(&inner), Err(Error::OutsideFolder(path)) if path == weights)
	);
	std::fs::remove_file(&weights).unwrap();
	std::fs::create_dir(&weights).unwrap();
	assert!(matches!(Adapter::load_dir(&inner), Err(Error::OutsideFolder(_))));
}
