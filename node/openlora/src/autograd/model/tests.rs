use candle_core::{DType, Var};

use super::*;
use crate::{
	Adapter, Config, Error, Lora, PeftConfig,
	testing::{self, reference::Reference},
};

const TOKENS: [u32; 9] = [5, 70, 9, 33, 120, 6, 70, 70, 201];

fn rows(tensor: &Tensor) -> Vec<Vec<f32>> {
	tensor.to_vec2().unwrap()
}

fn run(base: &Base, adapter: Option<&AdapterWeights>, chunks: &[&[u32]]) -> Vec<Vec<f32>> {
	let mut cache = Cache::new(&base.config);
	let hidden: Vec<Tensor> =
		chunks.iter().map(|chunk| forward(base, adapter, chunk, &mut cache).unwrap()).collect();
	rows(&logits(base, &Tensor::cat(&hidden, 0).unwrap()).unwrap())
}

fn assert_close(a: &[Vec<f32>], b: &[Vec<f32>], bound: f32) {
	assert_eq!(a.len(), b.len());
	for (row, (a, b)) in a.iter().zip(b).enumerate() {
		for (x, y) in a.iter().zip(b) {
			assert!((x - y).abs() <= bound, "row {row}: {x} and {y}");
		}
	}
}

fn adapter(modules: impl IntoIterator<Item = Module>) -> Adapter {
	let config = PeftConfig::new(3, 6.0, modules).unwrap();
	testing::random_adapter(&testing::tiny_config(), config, 4)
}

#[test]
fn logits_are_those_of_the_definition_when_computed_in_f64() {
	for seed in [1, 2] {
		let base = testing::tiny_base(seed);
		let expected = Reference::new(testing::tiny_config(), seed).logits(&TOKENS);
		let expected: Vec<Vec<f32>> =
			expected.iter().map(|row| row.iter().map(|z| *z as f32).collect()).collect();
		assert_close(&run(&base, None, &[&TOKENS]), &expected, 1e-4);
	}
}

#[test]
fn logits_are_the_same_when_the_sequence_is_run_in_pieces() {
	let base = testing::tiny_base(1);
	let whole = run(&base, None, &[&TOKENS]);
	let single: Vec<&[u32]> = TOKENS.chunks(1).collect();
	assert_close(&whole, &run(&base, None, &single), 1e-4);
	assert_close(&whole, &run(&base, None, &[&TOKENS[..4], &TOKENS[4..]]), 1e-4);
}

#[test]
fn logits_do_not_depend_on_later_tokens_when_run_at_once() {
	let base = testing::tiny_base(1);
	let mut other = TOKENS;
	other[6] = 8;
	let (first, second) = (run(&base, None, &[&TOKENS]), run(&base, None, &[&other]));
	assert_close(&first[..6], &second[..6], 0.0);
	assert_ne!(first[6], second[6]);
}

#[test]
fn adapter_equals_a_base_with_its_product_added_when_run() {
	let base = testing::tiny_base(1);
	let mixed = testing::random_adapter(&base.config, testing::mixed_config(), 4);
	let modules = [Module::ALL.to_vec(), vec![Module::Q], vec![Module::K, Module::Down]];
	for adapter in modules.into_iter().map(adapter).chain([mixed]) {
		let mut merged = std::sync::Arc::try_unwrap(testing::tiny_base(1)).unwrap();
		for (layer, module, lora) in adapter.weights().iter() {
			let product = lora.b.matmul(&lora.a).unwrap();
			let update = (product * adapter.weights().scale(layer, module).unwrap()).unwrap();
			let weight = base.tensors().unwrap().layers[layer].projection(module);
			let merged = &mut merged.tensors_mut().layers[layer];
			*merged.projection_mut(module) = (weight + update).unwrap();
		}
		let adapted = run(&base, Some(adapter.weights()), &[&TOKENS]);
		assert_close(&adapted, &run(&merged, None, &[&TOKENS]), 2e-4);
		assert_ne!(adapted, run(&base, None, &[&TOKENS]));
	}
}

#[test]
fn fresh_adapter_changes_nothing_when_its_outputs_are_zero() {
	let base = testing::tiny_base(1);
	let config = PeftConfig::new(4, 8.0, Module::ALL).unwrap();
	let fresh = Adapter::init(&base.config, config, 1).unwrap();
	assert_eq!(run(&base, Some(fresh.weights()), &[&TOKENS]), run(&base, None, &[&TOKENS]));
}

#[test]
fn sequence_is_refused_when_it_is_empty_or_has_an_unknown_token() {
	let base = testing::tiny_base(1);
	let mut cache = Cache::new(&base.config);
	assert!(matches!(forward(&base, None, &[], &mut cache), Err(Error::EmptyPrompt)));
	let beyond = base.config.vocab as u32;
	let result = forward(&base, None, &[1, beyond], &mut cache);
	assert!(matches!(result, Err(Error::UnknownToken { token, .. }) if token == beyond));
	assert!(cache.is_empty());
}

#[test]
fn sequence_is_refused_when_it_is_longer_than_the_context() {
	let base = testing::tiny_base(1);
	let mut cache = Cache::new(&base.config);
	forward(&base, None, &[7; 120], &mut cache).unwrap();
	let result = forward(&base, None, &[7; 9], &mut cache);
	assert!(matches!(result, Err(Error::ContextExceeded { tokens: 129, context: 128 })));
	assert_eq!(cache.len(), 120);
	forward(&base, None, &[7; 8], &mut cache).unwrap();
	assert!(forward(&base, None, &[7], &mut cache).is_err());
}

#[test]
fn adapter_is_refused_when_it_was_made_for_another_base() {
	let base = testing::tiny_base(1);
	let config = PeftConfig::new(2, 2.0, [Module::Q]).unwrap();
	let other = Config { layers: 3, ..testing::tiny_config() };
	let other = testing::random_adapter(&other, config, 1);
	let mut cache = Cache::new(&base.config);
	let result = forward(&base, Some(other.weights()), &TOKENS, &mut cache);
	assert!(matches!(result, Err(Error::AdapterLayers { expected: 2, found: 3 })));
	assert!(cache.is_empty());
}

#[test]
fn cache_continues_from_an_earlier_token_when_truncated() {
	let base = testing::tiny_base(1);
	let mut cache = Cache::new(&base.config);
	forward(&base, None, &TOKENS[..4], &mut cache).unwrap();
	forward(&base, None, &[50, 51, 52], &mut cache).unwrap();
	cache.truncate(4);
	let hidden = forward(&base, None, &TOKENS[4..], &mut cache).unwrap();
	let expected = run(&base, None, &[&TOKENS]);
	assert_close(&rows(&logits(&base, &hidden).unwrap()), &expected[4..], 1e-4);
}

#[test]
fn gradients_stop_at_cached_tokens_only_when_detached() {
	let base = testing::tiny_base(1);
	let fixed = adapter([Module::K]);
	let lora = fixed.weights().get(0, Module::K).unwrap();
	let var = Var::from_tensor(&lora.a).unwrap();
	let mut weights = fixed.weights().clone();
	weights.insert(0, Module::K, Lora { a: var.as_tensor().clone(), b: lora.b.clone() });

	let answer = |prompt: &AdapterWeights, rest: &AdapterWeights, detach: bool| {
		let mut cache = Cache::new(&base.config);
		forward(&base, Some(prompt), &TOKENS[..5], &mut cache).unwrap();
		if detach {
			cache.detach();
		}
		forward(&base, Some(rest), &TOKENS[5..], &mut cache)
			.unwrap()
			.sqr()
			.unwrap()
			.mean_all()
			.unwrap()
	};
	let gradient = |prompt: &AdapterWeights, detach: bool| {
		let gradients = answer(prompt, &weights, detach).backward().unwrap();
		gradients.get(&var).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap()
	};
	let through = gradient(&weights, false);
	let stopped = gradient(&weights, true);
	assert_eq!(stopped, gradient(fixed.weights(), false));
	assert_ne!(through, stopped);

	let at = (0..through.len()).max_by(|&a, &b| through[a].abs().total_cmp(&through[b].abs()));
	let at = at.unwrap();
	let step = 2e-2;
	let shifted = |sign: f32| {
		let mut values = lora.a.flatten_all().unwrap().to_vec1::<f32>().unwrap();
		values[at] += sign * step;
		let a = Tensor::from_vec(values, lora.a.shape(), &Device::Cpu).unwrap();
		let mut weights = fixed.weights().clone();
		weights.insert(0, Module::K, Lora { a, b: lora.b.clone() });
		weights
	};
	let (more, less) = (shifted(1.0), shifted(-1.0));
	let loss = |prompt: &AdapterWeights, rest: &AdapterWeights| {
		answer(prompt, rest, false).to_dtype(DType::F64).unwrap().to_scalar::<f64>().unwrap()
	};
	let slope = |high: f64, low: f64| ((high - low) / f64::from(2.0 * step)) as f32;
	let whole = slope(loss(&more, &more), loss(&less, &less));
	let rest = slope(loss(fixed.weights(), &more), loss(fixed.weights(), &less));
	assert!((whole - through[at]).abs() < 0.05 * through[at].abs() + 1e-4, "{whole} {through:?}");
	assert!((rest - stopped[at]).abs() < 0.05 * through[at].abs() + 1e-4, "{rest}");
}
