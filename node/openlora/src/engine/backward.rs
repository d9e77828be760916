//! The way back through a pass: from the gradient of its hidden states to that of an adapter.
//!
//! Frozen weights get none. Quantised ones are passed straight through: the gradient is that of the
//! product with the expanded weights, as if activations had not been rounded.

mod attention;
mod factors;
mod lora;
mod product;

use super::{
	Keep, Run, Tape, Trained, Workspace, again, dropout::Dropped, tape::Kept, trained::Part,
};
use crate::{
	adapter::Module,
	base::Base,
	error::Result,
	kernels::{
		Shared, Team,
		gradient::{GateGradient, NormGradient},
		kv::Pool,
		vector::{Gate, Norm, Rotate},
	},
};
pub use factors::Factors;
pub(crate) use factors::{Dense, Sink};
pub(crate) use product::add_product;

/// Rows that are worth another thread.
const ROWS: usize = 8;

/// What the way back goes through: the runs of one pass, each of which gets a gradient of its own.
pub(crate) struct Backward<'a> {
	pub(crate) base: &'a Base,
	pub(crate) team: &'a Team,
	pub(crate) trained: &'a Trained<'a>,
	/// In the order of the tape's rows. They have been added to their sequences, and what came before
	/// them there is constant.
	pub(crate) runs: &'a [Run<'a>],
}

impl Backward<'_> {
	/// Hands the gradients of the adapter's parameters from the tape's first layer on to `sink`, for the
	/// gradient of the hidden states after the last norm, `[rows, hidden]`: one for each run.
	///
	/// # Errors
	/// [`Error::NonFiniteActivation`](crate::Error::NonFiniteActivation) where the tape has the layers'
	/// inputs alone, as the pass would have had it.
	pub(crate) fn run(
		&self,
		pool: &mut Pool,
		mut tape: Tape<'_>,
		mut of_hidden: Vec<f32>,
		sink: &mut dyn Sink,
	) -> Result<()> {
		let first = tape.first();
		let begin = self.trained.offset(first);
		let mut of_x = vec![0.0; of_hidden.len()];
		self.norm(&tape.last, &self.base.weights.norm, &mut of_hidden, &mut of_x);
		drop(of_hidden);
		let dropped = tape.dropped();
		let mut workspace = Workspace::default();
		for layer in (first..self.base.config.layers).rev() {
			let Some(mut kept) = tape.pop() else { break };
			if tape.keeps() == Keep::Inputs {
				let mut whole = Tape::new(layer, Keep::All, dropped);
				let from = (layer, &kept.x[..]);
				again(self.base, self.team, pool, self.runs, from, &mut workspace, &mut whole)?;
				let Some(values) = whole.pop() else { break };
				kept = values;
			}
			let is_first = layer == first;
			let one = Layer { way: self, pool, layer, dropped, sink: &mut *sink, begin, is_first };
			one.run(kept, &mut of_x);
		}
		Ok(())
	}

	/// The hidden states after the last norm, `[rows, hidden]`, of the rows on a tape.
	pub(crate) fn states(&self, tape: &Tape<'_>) -> Vec<f32> {
		self.normed(&tape.last, &self.base.weights.norm)
	}

	/// Each run's rows among all.
	fn stretches(&self) -> impl Iterator<Item = std::ops::Range<usize>> {
		self.runs.iter().scan(0, |end, run| {
			let start = *end;
			*end += run.tokens.len();
			Some(start..*end)
		})
	}

	/// The positions of all rows.
	fn positions(&self) -> impl Iterator<Item = usize> {
		self.runs.iter().flat_map(|run| {
			let end = run.sequence.len();
			end - run.tokens.len()..end
		})
	}

	/// Adds the gradient through a norm to `target`; that of its result is lost.
	fn norm(&self, x: &[f32], weight: &[f32], gradient: &mut [f32], target: &mut [f32]) {
		let (eps, isa, chunk) = (self.base.config.rms_eps, self.team.isa(), ROWS * weight.len());
		let shared = Shared::new(gradient);
		self.team.for_each_chunk(target, chunk, &|number, target| {
			let (from, len) = (number * chunk, target.len());
			// SAFETY: every task has rows of its own.
			let gradient = unsafe { shared.slice(from, len) };
			isa.run(NormGradient { x: &x[from..][..len], weight, eps, gradient, target });
		});
	}

	/// The result of a norm once more.
	fn normed(&self, x: &[f32], weight: &[f32]) -> Vec<f32> {
		let (eps, mut target) = (self.base.config.rms_eps, vec![0.0; x.len()]);
		let (isa, chunk) = (self.team.isa(), ROWS * weight.len());
		self.team.for_each_chunk(&mut target, chunk, &|number, target| {
			let x = &x[number * chunk..][..target.len()];
			isa.run(Norm { x, weight, eps, target });
		});
		target
	}
}

struct Layer<'a> {
	way: &'a Backward<'a>,
	/// The keys and values of all runs.
	pool: &'a Pool,
	layer: usize,
	dropped: Option<Dropped<'a>>,
	sink: &'a mut dyn Sink,
	/// Where the parameters that gradients are wanted of begin.
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
		let (team, chunk) = (self.way.team, ROWS * self.way.base.config.intermediate);
		let mut gated = kept.gate.clone();
		team.for_each_chunk(&mut gated, chunk, &|number, gate| {
			let up = &kept.up[number * chunk..][..gate.len()];
			isa.run(Gate { gate, up });
		});
		let mut of_gated = vec![0.0; gated.len()];
		self.projection(Module::Down, &gated, of_x, &mut of_gated);
		let shared = Shared::new(&mut kept.up);
		team.for_each_chunk(&mut kept.gate, chunk, &|number, gate| {
			let (from, len) = (number * chunk, gate.len());
			// SAFETY: every task has rows of its own.
			let up = unsafe { shared.slice(from, len) };
			isa.run(GateGradient { gradient: &of_gated[from..][..len], gate, up });
		});
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
		let mut of = attention::gradients(way, self.pool, self.layer, &kept.queries, &of_mixed);
		let rows = of_x.len() / config.hidden;
		let (cos, sin) = way.base.rope.angles(way.positions());
		let back: Vec<f32> = sin.iter().map(|sin| -sin).collect();
		let half = config.head_dim / 2;
		for heads in [&mut of.queries, &mut of.keys] {
			let width = heads.len() / rows;
			way.team.for_each_chunk(heads, width, &|row, heads| {
				let (cos, sin) = (&cos[row * half..][..half], &back[row * half..][..half]);
				way.team.isa().run(Rotate { heads, cos, sin });
			});
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

	/// Hands on the gradients of a projection's parameters, and adds that of its input to `target`.
	fn projection(&mut self, module: Module, input: &[f32], gradient: &[f32], target: &mut [f32]) {
		let needs_input = !(self.is_first && matches!(module, Module::Q | Module::K | Module::V));
		if needs_input {
			let matrix = self.way.base.weights.layers[self.layer].projection(module);
			add_product(self.way.team, matrix, gradient, target);
		}
		let (team, trained) = (self.way.team, self.way.trained);
		let pair = trained.packed.get(self.layer, module);
		let (Some(part), Some(pair)) = (trained.part(self.layer, module), pair) else { return };
		let Part { rank, inputs, outputs, .. } = *part;
		let a = &trained.values[part.offset..][..rank * inputs];
		let (layer, offset) = (self.layer, part.offset - self.begin);
		for (run, rows) in self.way.stretches().enumerate() {
			let of_rows = rows.start * inputs..rows.end * inputs;
			let delta = &gradient[rows.start * outputs..rows.end * outputs];
			let mut left = None;
			if let Some(dropped) = self.dropped {
				let left = left.insert(input[of_rows.clone()].to_vec());
				dropped.apply(layer, module, rows.start, left, inputs);
			}
			let x = left.as_deref().unwrap_or(&input[of_rows.clone()]);
			let update = lora::Update { team, pair, a, input: x, gradient: delta };
			let (u, v) = update.low();
			let (u, v) = (&u[..], &v[..]);
			let factors =
				Factors { layer, module, rank, inputs, outputs, offset, x, u, delta, v, team };
			self.sink.take(run, &factors);
			if !needs_input {
				continue;
			}
			let target = &mut target[of_rows];
			let Some(dropped) = self.dropped else {
				update.add_of_input(v, target);
				continue;
			};
			let mut of_left = vec![0.0; x.len()];
			update.add_of_input(v, &mut of_left);
			dropped.apply(layer, module, rows.start, &mut of_left, inputs);
			target.iter_mut().zip(of_left).for_each(|(target, of)| *target += of);
		}
	}
}
