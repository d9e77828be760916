//! The architecture's definition in double precision: one token and one head at a time, no cache, no
//! rounding.

use std::collections::BTreeMap;

use super::weights;
use crate::{
	Config, Module, RopeScaling, adapter::AdapterWeights, hf, objective::Objective, weights::Slot,
};

type Rows = Vec<Vec<f64>>;

/// A base with its weights as rows.
#[derive(Clone)]
pub(crate) struct Reference {
	config: Config,
	weights: BTreeMap<String, Rows>,
}

impl Reference {
	/// The base that [`super::weights`] draws from the same seed.
	pub(crate) fn new(config: Config, seed: u64) -> Self {
		let weights = weights(&config, seed)
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

	/// With an adapter's products added, whose shape is `like`'s and whose parameters are `values`.
	pub(crate) fn adapted(&self, like: &AdapterWeights, values: &[f64]) -> Self {
		let mut adapted = self.clone();
		let mut rest = values;
		for (layer, module, lora) in like.iter() {
			let ((rank, inputs), outputs) = (lora.a.dims2().unwrap(), lora.b.dim(0).unwrap());
			let (a, after) = rest.split_at(rank * inputs);
			let (b, after) = after.split_at(outputs * rank);
			rest = after;
			let scale = like.scale(layer, module).unwrap();
			let name = hf::tensor_name(Slot::Projection(layer, module));
			let rows = adapted.weights.get_mut(&name).unwrap();
			for (row, b) in rows.iter_mut().zip(b.chunks(rank)) {
				for (of, b) in b.iter().enumerate() {
					for (weight, a) in row.iter_mut().zip(&a[of * inputs..]) {
						*weight += scale * b * a;
					}
				}
			}
		}
		adapted
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

	/// A projection with its bias, its heads normed, where the base has them.
	fn project(&self, layer: usize, module: Module, x: &[f64]) -> Vec<f64> {
		let name = |slot| hf::tensor_name(slot);
		let mut y = self.multiply(&name(Slot::Projection(layer, module)), x);
		if let Some(bias) = self.weights.get(&name(Slot::Bias(layer, module))) {
			y.iter_mut().zip(&bias[0]).for_each(|(y, bias)| *y += bias);
		}
		let norm = name(Slot::HeadNorm(layer, module));
		match self.weights.contains_key(&norm) {
			true => y.chunks(self.config.head_dim).flat_map(|y| self.norm(&norm, y)).collect(),
			false => y,
		}
	}

	fn rotate(&self, x: &mut [f64], position: usize) {
		let (width, half) = (self.config.head_dim, self.config.head_dim / 2);
		let factors = self.weights.get(&hf::tensor_name(Slot::RopeFactors));
		for head in x.chunks_mut(width) {
			for i in 0..half {
				let power = -2.0 * i as f64 / width as f64;
				let divisor = match self.config.rope_scaling {
					RopeScaling::None => 1.0,
					RopeScaling::Linear { factor } => factor,
					RopeScaling::Factors => factors.unwrap()[0][i],
					RopeScaling::Llama3 { .. } => panic!("the tests of rope.rs have this"),
				};
				let angle = position as f64 * self.config.rope_theta.powf(power) / divisor;
				let (a, b) = (head[i], head[i + half]);
				head[i] = a * angle.cos() - b * angle.sin();
				head[i + half] = b * angle.cos() + a * angle.sin();
			}
		}
	}

	/// Logits after every token, `[tokens, vocab]`.
	pub(crate) fn logits(&self, tokens: &[u32]) -> Rows {
		self.logits_after(self, 0, tokens)
	}

	/// Logits after every token, where the first `context` tokens run through `before` instead.
	pub(crate) fn logits_after(&self, before: &Self, context: usize, tokens: &[u32]) -> Rows {
		let width = self.config.head_dim;
		let group = self.config.heads / self.config.kv_heads;
		let of = |position: usize| if position < context { before } else { self };
		let embedding = &self.weights["model.embed_tokens.weight"];
		let mut states: Rows =
			tokens.iter().map(|&token| embedding[token as usize].clone()).collect();
		for layer in 0..self.config.layers {
			let name = |part: &str| format!("model.layers.{layer}.{part}.weight");
			let (mut keys, mut values, mut queries) = (Vec::new(), Vec::new(), Vec::new());
			for (position, state) in states.iter().enumerate() {
				let model = of(position);
				let x = model.norm(&name("input_layernorm"), state);
				let mut q = model.project(layer, Module::Q, &x);
				let mut k = model.project(layer, Module::K, &x);
				self.rotate(&mut q, position);
				self.rotate(&mut k, position);
				queries.push(q);
				keys.push(k);
				values.push(model.project(layer, Module::V, &x));
			}
			for (position, state) in states.iter_mut().enumerate() {
				let model = of(position);
				let window = self.config.window.unwrap_or(usize::MAX);
				let mut mixed = vec![0.0; self.config.heads * width];
				for head in 0..self.config.heads {
					let (own, shared) = (head * width, head / group * width);
					let scores: Vec<f64> = (0..=position)
						.map(|past| {
							let dot: f64 = (0..width)
								.map(|i| queries[position][own + i] * keys[past][shared + i])
								.sum();
							let seen = position - past < window;
							if seen { (dot / (width as f64).sqrt()).exp() } else { 0.0 }
						})
						.collect();
					let total: f64 = scores.iter().sum();
					for (past, score) in scores.iter().enumerate() {
						for i in 0..width {
							mixed[own + i] += score / total * values[past][shared + i];
						}
					}
				}
				for (s, v) in
					state.iter_mut().zip(model.multiply(&name("self_attn.o_proj"), &mixed))
				{
					*s += v;
				}
				let x = model.norm(&name("post_attention_layernorm"), state);
				let gate = model.multiply(&name("mlp.gate_proj"), &x);
				let up = model.multiply(&name("mlp.up_proj"), &x);
				let inner: Vec<f64> =
					gate.iter().zip(&up).map(|(g, u)| g / (1.0 + (-g).exp()) * u).collect();
				for (s, v) in state.iter_mut().zip(model.multiply(&name("mlp.down_proj"), &inner)) {
					*s += v;
				}
			}
		}
		let head = if self.config.tied { Slot::Embedding } else { Slot::Head };
		states
			.iter()
			.map(|state| self.norm("model.norm.weight", state))
			.map(|x| self.multiply(&hf::tensor_name(head), &x))
			.collect()
	}

	/// Mean objective of `tokens[answer..]`; the first `context` tokens run
	/// through `before`.
	pub(crate) fn loss(
		&self,
		before: &Self,
		context: usize,
		tokens: &[u32],
		answer: usize,
		objective: Objective,
	) -> f64 {
		let logits = self.logits_after(before, context, tokens);
		let of = |position: usize| {
			let (row, target) = (&logits[position - 1], tokens[position] as usize);
			let all: f64 = row.iter().map(|z| z.exp()).sum();
			let p = row[target].exp() / all;
			match objective {
				Objective::Likelihood => -p.ln(),
				Objective::Odds => -(p / (1.0 - p)).ln(),
				Objective::Root => 2.0 * (1.0 - p).sqrt().atanh(),
			}
		};
		(answer..tokens.len()).map(of).sum::<f64>() / (tokens.len() - answer) as f64
	}
}
