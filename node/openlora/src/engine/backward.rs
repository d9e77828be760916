//! The way back through a pass: from the gradient of its hidden states to that of an adapter.
//!
//! Frozen weights get none. Quantised ones are passed straight through: the gradient is that of the
//! product with the expanded weights, as if activations had not been rounded.

mod attention;
mod lora;
mod product;

use super::{Tape, Trained, tape::Kept};
use crate::{
	adapter::Module,
	base::Base,
	kernels::{
		Team,
		gradient::{GateGradient, NormGradient},
		kv::{Pool, Sequence},
		vector::{Gate, Norm, Rotate},
	},
};
pub(crate) use product::add_product;

/// What the way back goes through.
pub(crate) struct Backward<'a> {
	pub(crate) base: &'a Base,
	pub(crate) team: &'a Team,
	pub(crate) trained: &'a Trained<'a>,
	/// Keys and values; what came before the tape's rows is constant.
	pub(crate) cache: (&'a Pool, &'a Sequence),
	/// The position of the tape's first row.
	pub(crate) start: usize,
}

impl Backward<'_> {
	/// The gradient of the adapter's parameters from the tape's first layer on, in their order, for the
	/// gradient of the hidden states after the last norm, `[rows, hidden]`.
	pub(crate) fn run(&self, mut tape: Tape, mut of_hidden: Vec<f32>) -> Vec<f32> {
		let first = tape.first();
		let begin = self.trained.offset(first);
		let mut result = vec![0.0; self.trained.values.len() - begin];
		let mut of_x = vec![0.0; of_hidden.len()];
		self.norm(&tape.last, &self.base.weights.norm, &mut of_hidden, &mut of_x);
		let layers = (first..self.base.config.layers).rev();
		for layer in layers {
			let Some(kept) = tape.pop() else { break };
			let one = Layer { way: self, layer, of: &mut result, begin, is_first: layer == first };
			one.run(kept, &mut of_x);
		}
		result
	}

	/// Adds the gradient through a norm to `target`; that of its result is lost.
	fn norm(&self, x: &[f32], weight: &[f32], gradient: &mut [f32], target: &mut [f32]) {
		let eps = self.base.config.rms_eps;
		self.team.isa().run(NormGradient { x, weight, eps, gradient, target });
	}

	/// The result of a norm once more.
	fn normed(&self, x: &[f32], weight: &[f32]) -> Vec<f32> {
		let (eps, mut target) = (self.base.config.rms_eps, vec![0.0; x.len()]);
		self.team.isa().run(Norm { x, weight, eps, target: &mut target });
		target
	}
}

struct Layer<'a> {
	way: &'a Backward<'a>,
	layer: usize,
	/// The gradient of the parameters from `begin` on.
	of: &'a mut [f32],
	begin: usize,
	/// Nothing before this layer's adapted projections is wanted.
	is_first: bool,
}

impl Layer<'_> {
	/// `of_x` is the gradient of the layer's result, and becomes that of what goes into it.
	fn run(mut self, mut kept: Kept, of_x: &mut [f32]) {
		self.feed_forward(&mut kept, of_x);
		self.attention(&kept, of_x);
	}

	fn feed_forward(&mut self, kept: &mut Kept, of_x: &mut [f32]) {
		let weights = &self.way.base.weights.layers[self.layer];
		let isa = self.way.team.isa();
		let mut gated = kept.gate.clone();
		isa.run(Gate { gate: &mut gated, up: &kept.up });
		let mut of_gated = vec![0.0; gated.len()];
		self.projection(Module::Down, &gated, of_x, &mut of_gated);
		isa.run(GateGradient { gradient: &of_gated, gate: &mut kept.gate, up: &mut kept.up });
		let normed = self.way.normed(&kept.middle, &weights.feed_forward_norm);
		let mut of_normed = vec![0.0; normed.len()];
		self.projection(Module::Gate, &normed, &kept.gate, &mut of_normed);
		self.projection(Module::Up, &normed, &kept.up, &mut of_normed);
		self.way.norm(&kept.middle, &weights.feed_forward_norm, &mut of_normed, of_x);
	}

	fn attention(&mut self, kept: &Kept, of_x: &mut [f32]) {
		let way = self.way;
		let (config, weights) = (&way.base.config, &way.base.weights.layers[self.layer]);
		let mut of_mixed = vec![0.0; kept.mixed.len()];
		self.projection(Module::O, &kept.mixed, of_x, &mut of_mixed);
		let mut of = attention::gradients(way, self.layer, &kept.queries, &of_mixed);
		let rows = of_x.len() / config.hidden;
		let (cos, sin) = way.base.rope.angles(way.start..way.start + rows);
		let back: Vec<f32> = sin.iter().map(|sin| -sin).collect();
		let half = config.head_dim / 2;
		for heads in [&mut of.queries, &mut of.keys] {
			let width = heads.len() / rows;
			for (row, heads) in heads.chunks_exact_mut(width).enumerate() {
				let (cos, sin) = (&cos[row * half..][..half], &back[row * half..][..half]);
				way.team.isa().run(Rotate { heads, cos, sin });
			}
		}
		if let Some([of_queries, of_keys]) = &weights.head_norms {
			for (x, weight, gradient) in [
				(&kept.queries_before, of_queries, &mut of.queries),
				(&kept.keys_before, of_keys, &mut of.keys),
			] {
				let mut target = vec![0.0; x.len()];
				way.norm(x, weight, gradient, &mut target);
				*gradient = target;
			}
		}
		let normed = way.normed(&kept.x, &weights.attention_norm);
		let mut of_normed = vec![0.0; normed.len()];
		for (module, gradient) in
			[(Module::Q, &of.queries), (Module::K, &of.keys), (Module::V, &of.values)]
		{
			self.projection(module, &normed, gradient, &mut of_normed);
		}
		if !self.is_first {
			way.norm(&kept.x, &weights.attention_norm, &mut of_normed, of_x);
		}
	}

	/// Writes the gradient of a projection's parameters, and adds that of its input to `target`.
	fn projection(&mut self, module: Module, input: &[f32], gradient: &[f32], target: &mut [f32]) {
		let needs_input = !(self.is_first && matches!(module, Module::Q | Module::K | Module::V));
		if needs_input {
			let matrix = self.way.base.weights.layers[self.layer].projection(module);
			add_product(self.way.team, matrix, gradient, target);
		}
		let trained = self.way.trained;
		let pair = trained.packed.get(self.layer, module);
		if let (Some(part), Some(pair)) = (trained.part(self.layer, module), pair) {
			let size = part.rank * (part.inputs + part.outputs);
			let a = &trained.values[part.offset..][..part.rank * part.inputs];
			let of = &mut self.of[part.offset - self.begin..][..size];
			let update = lora::Update { isa: self.way.team.isa(), pair, a, input, gradient };
			update.gradients(of, needs_input.then_some(target));
		}
	}
}
