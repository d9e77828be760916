use std::collections::BTreeMap;

use candle_core::{DType, Var};

use super::*;
use crate::{Adapter, Config, Lora, PeftConfig, testing};

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

/// The definition of the architecture in f64, one token and one head at a time, without a cache.
struct Reference {
	config: Config,
	weights: BTreeMap<String, Vec<Vec<f64>>>,
}

impl Reference {
	fn new(config: Config, seed: u64) -> Self {
		let weights = testing::weights(&config, seed)
			.into_iter()
			.map(|(name, tensor)| {
				let columns = tensor.dims()[tensor.rank() - 1];
				let flat = tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
				let flat: Vec<f64> = flat.into_iter().map(f64::from).collect();
				(name, flat.chunks(columns).map(<[f64]>::to_vec).collect())
			})
			.collect();
		Self { config, weights }
	}

	fn multiply(&self, name: &str, x: &[f64]) -> Vec<f64> {
		let dot = |row: &Vec<f64>| row.iter().zip(x).map(|(w, x)| w * x).sum();
		self.weights[name].iter().map(dot).collect()
	}

	fn norm(&self, name: &str, x: &[f64]) -> Vec<f64> {
		let mean = x.iter().map(|v| v * v).sum::<f64>() / x.len() as f64;
		let scale = 1.0 / (mean + self.config.rms_eps).sqrt();
		x.iter().zip(&self.weights[name][0]).map(|(v, w)| v * scale * w).collect()
	}

	fn rotate(&self, x: &mut [f64], position: usize) {
		let (width, half) = (self.config.head_dim, self.config.head_dim / 2);
		for head in x.chunks_mut(width) {
			for i in 0..half {
				let power = -2.0 * i as f64 / width as f64;
				let angle = position as f64 * self.config.rope_theta.powf(power);
				let (a, b) = (head[i], head[i + half]);
				head[i] = a * angle.cos() - b * angle.sin();
				head[i + half] = b * angle.cos() + a * angle.sin();
			}
		}
	}

	fn logits(&self, tokens: &[u32]) -> Vec<Vec<f32>> {
		let width = self.config.head_dim;
		let group = self.config.heads / self.config.kv_heads;
		let embedding = &self.weights["model.embed_tokens.weight"];
		let mut states: Vec<Vec<f64>> =
			tokens.iter().map(|&token| embedding[token as usize].clone()).collect();
		for layer in 0..self.config.layers {
			let name = |part: &str| format!("model.layers.{layer}.{part}.weight");
			let (mut keys, mut values, mut queries) = (Vec::new(), Vec::new(), Vec::new());
			for (position, state) in states.iter().enumerate() {
				let x = self.norm(&name("input_layernorm"), state);
				let mut q = self.multiply(&name("self_attn.q_proj"), &x);
				let mut k = self.multiply(&name("self_attn.k_proj"), &x);
				self.rotate(&mut q, position);
				self.rotate(&mut k, position);
				queries.push(q);
				keys.push(k);
				values.push(self.multiply(&name("self_attn.v_proj"), &x));
			}
			for (position, state) in states.iter_mut().enumerate() {
				let mut mixed = vec![0.0; self.config.heads * width];
				for head in 0..self.config.heads {
					let (own, shared) = (head * width, head / group * width);
					let scores: Vec<f64> = (0..=position)
						.map(|past| {
							let dot: f64 = (0..width)
								.map(|i| queries[position][own + i] * keys[past][shared + i])
								.sum();
							(dot / (width as f64).sqrt()).exp()
						})
						.collect();
					let total: f64 = scores.iter().sum();
					for (past, score) in scores.iter().enumerate() {
						for i in 0..width {
							mixed[own + i] += score / total * values[past][shared + i];
						}
					}
				}
				for (s, v) in state.iter_mut().zip(self.multiply(&name("self_attn.o_proj"), &mixed))
				{
					*s += v;
				}
				let x = self.norm(&name("post_attention_layernorm"), state);
				let gate = self.multiply(&name("mlp.gate_proj"), &x);
				let up = self.multiply(&name("mlp.up_proj"), &x);
				let inner: Vec<f64> =
					gate.iter().zip(&up).map(|(g, u)| g / (1.0 + (-g).exp()) * u).collect();
				for (s, v) in state.iter_mut().zip(self.multiply(&name("mlp.down_proj"), &inner)) {
					*s += v;
				}
			}
		}
		states
			.iter()
			.map(|state| self.norm("model.norm.weight", state))
			.map(|x| self.multiply("model.embed_tokens.weight", &x))
			.map(|row| row.into_iter().map(|value| value as f32).collect())
			.collect()
	}
}

#[test]
fn logits_are_those_of_the_definition_when_computed_in_f64() {
	for seed in [1, 2] {
		let base = testing::tiny_base(seed);
		let expected = Reference::new(testing::tiny_config(), seed).logits(&TOKENS);
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
	for modules in [Module::ALL.to_vec(), vec![Module::Q], vec![Module::K, Module::Down]] {
		let adapter = adapter(modules);
		let mut merged = std::sync::Arc::try_unwrap(testing::tiny_base(1)).unwrap();
		for (layer, module, lora) in adapter.weights().iter() {
			let product = lora.b.matmul(&lora.a).unwrap();
			let update = (product * adapter.weights().scale()).unwrap();
			let weight = base.weights.layers[layer].projection(module);
			*merged.weights.layers[layer].projection_mut(module) = (weight + update).unwrap();
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
	let other = Config { layers: 1, ..testing::tiny_config() };
	let other = testing::random_adapter(&other, config, 1);
	let mut cache = Cache::new(&base.config);
	let result = forward(&base, Some(other.weights()), &TOKENS, &mut cache);
	assert!(matches!(result, Err(Error::AdapterLayers { expected: 2, found: 1 })));
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
