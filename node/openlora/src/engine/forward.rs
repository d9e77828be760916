//! One pass of a transformer of the llama family over rows of tokens.

use std::{cell::RefCell, ops::Range};

use super::{
	Packed,
	product::{Input, Target, multiply},
};
use crate::{
	adapter::Module,
	base::Base,
	error::{Error, Result},
	kernels::{
		Shared, Team,
		attention::Attend,
		kv::{Pool, Sequence},
		quantised::{LANES, Rows},
		vector::{Add, Gate, Norm, NormInPlace, Rotate},
	},
};

/// Tokens that follow those of a sequence, with the adapters that change the base for them.
pub(crate) struct Run<'a> {
	/// At least one, all within the vocabulary.
	pub(crate) tokens: &'a [u32],
	/// Where their keys and values go; it has as many tokens as came before.
	pub(crate) sequence: &'a mut Sequence,
	/// Each with a factor on its updates, added one after the other.
	pub(crate) adapters: &'a [(&'a Packed, f32)],
}

/// Memory that is used by one pass after the other.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
	x: Vec<f32>,
	normed: Vec<f32>,
	queries: Vec<f32>,
	keys: Vec<f32>,
	values: Vec<f32>,
	mixed: Vec<f32>,
	gate: Vec<f32>,
	up: Vec<f32>,
	update: Vec<f32>,
	cos: Vec<f32>,
	sin: Vec<f32>,
	rounded: Rows,
}

/// What a pass looks like half-way through a layer, for the way back.
pub(crate) trait Observer: Sync {
	/// The residual stream before a layer's attention, `[rows, hidden]`.
	fn before_attention(&mut self, layer: usize, x: &[f32]);
	/// Query and key heads before their norms, where they have some, `[rows, heads · width]` and
	/// `[rows, kv_heads · width]`.
	fn before_head_norms(&mut self, layer: usize, queries: &[f32], keys: &[f32]);
	/// Rotated queries and the attention's result, both `[rows, heads · width]`.
	fn attended(&mut self, layer: usize, queries: &[f32], mixed: &[f32]);
	/// The residual stream before a layer's feed-forward part.
	fn before_feed_forward(&mut self, layer: usize, x: &[f32]);
	/// Gate and up-projection, both `[rows, intermediate]`.
	fn gated(&mut self, layer: usize, gate: &[f32], up: &[f32]);
	/// The residual stream after the last layer.
	fn finished(&mut self, x: &[f32]);
	/// What is left of a row of an adapter's input; none where all of it is.
	fn drop(&self, _: usize, _: Module, _: usize, _: &[f32]) -> Option<Vec<f32>> {
		None
	}
}

/// Sees nothing.
impl Observer for () {
	fn before_attention(&mut self, _: usize, _: &[f32]) {}
	fn before_head_norms(&mut self, _: usize, _: &[f32], _: &[f32]) {}
	fn attended(&mut self, _: usize, _: &[f32], _: &[f32]) {}
	fn before_feed_forward(&mut self, _: usize, _: &[f32]) {}
	fn gated(&mut self, _: usize, _: &[f32], _: &[f32]) {}
	fn finished(&mut self, _: &[f32]) {}
}

/// Where a row belongs.
#[derive(Clone, Copy)]
struct Place {
	run: usize,
	/// Its position in the sequence.
	at: usize,
}

/// Runs all tokens of all `runs` and adds them to their sequences, for which `pool` has to have
/// reserved room.
///
/// Returns the hidden states after the last norm, `[rows, hidden]`, one run's rows after the other's.
/// They do not depend on what else runs.
///
/// # Errors
/// [`Error::EmptyPrompt`], [`Error::UnknownToken`], or [`Error::NonFiniteActivation`]. No sequence is
/// any longer then.
pub(crate) fn forward<'w>(
	base: &Base,
	team: &Team,
	pool: &mut Pool,
	runs: &mut [Run<'_>],
	workspace: &'w mut Workspace,
	observer: &mut impl Observer,
) -> Result<&'w [f32]> {
	let places = fresh(base, runs)?;
	let mut pass = Pass { of: Batch { base, team, places: &places, runs }, workspace };
	pass.begin();
	pass.embed();
	pass.stretch(0..base.config.layers, pool, observer)?;
	observer.finished(&pass.workspace.x);
	pass.norm(&base.weights.norm);
	for run in runs {
		run.sequence.advance(run.tokens.len());
	}
	Ok(&workspace.normed)
}

/// Runs all tokens of all `runs` through the layers below `end`, and no more. Returns the residual stream
/// that enters layer `end`, `[rows, hidden]`. The runs are not added to their sequences, whose upper
/// layers would have no keys and values.
///
/// # Errors
/// As [`forward`].
pub(crate) fn below<'w>(
	base: &Base,
	team: &Team,
	pool: &mut Pool,
	runs: &mut [Run<'_>],
	end: usize,
	workspace: &'w mut Workspace,
) -> Result<&'w [f32]> {
	let places = fresh(base, runs)?;
	let mut pass = Pass { of: Batch { base, team, places: &places, runs }, workspace };
	pass.begin();
	pass.embed();
	pass.stretch(0..end, pool, &mut ())?;
	Ok(&workspace.x)
}

/// Where the rows of runs belong that follow their sequences.
fn fresh(base: &Base, runs: &[Run<'_>]) -> Result<Vec<Place>> {
	let mut places = Vec::new();
	for (run, one) in runs.iter().enumerate() {
		check_tokens(one.tokens, base.config.vocab)?;
		let from = one.sequence.len();
		places.extend((from..from + one.tokens.len()).map(|at| Place { run, at }));
	}
	Ok(places)
}

/// Runs one layer of a pass that is done once more, for `observer`, from what went into it, `[rows,
/// hidden]`: the runs have been added to their sequences.
///
/// # Errors
/// [`Error::NonFiniteActivation`], as the pass had it then.
pub(crate) fn again(
	base: &Base,
	team: &Team,
	pool: &mut Pool,
	runs: &[Run<'_>],
	(layer, x): (usize, &[f32]),
	workspace: &mut Workspace,
	observer: &mut impl Observer,
) -> Result<()> {
	let places = places(runs);
	let mut pass = Pass { of: Batch { base, team, places: &places, runs }, workspace };
	pass.begin();
	pass.workspace.x.copy_from_slice(x);
	match pass.attention(layer, pool, observer) && pass.feed_forward(layer, observer) {
		true => Ok(()),
		false => Err(Error::NonFiniteActivation { layer }),
	}
}

/// Runs the layers from one on of a pass that is done once more, from what went into that layer, `[rows,
/// hidden]`: the runs have been added to their sequences, whose keys and values in lower layers are not
/// looked at.
///
/// # Errors
/// [`Error::NonFiniteActivation`], as the pass had it then.
pub(crate) fn onward(
	base: &Base,
	team: &Team,
	pool: &mut Pool,
	runs: &[Run<'_>],
	(first, x): (usize, &[f32]),
	observer: &mut impl Observer,
) -> Result<()> {
	let (places, mut workspace) = (places(runs), Workspace::default());
	let workspace = &mut workspace;
	let mut pass = Pass { of: Batch { base, team, places: &places, runs }, workspace };
	pass.begin();
	pass.workspace.x.copy_from_slice(x);
	pass.stretch(first..base.config.layers, pool, observer)?;
	observer.finished(&pass.workspace.x);
	Ok(())
}

/// Where the rows of runs belong that have been added to their sequences.
fn places(runs: &[Run<'_>]) -> Vec<Place> {
	let of = |(run, one): (usize, &Run<'_>)| {
		let end = one.sequence.len();
		(end - one.tokens.len()..end).map(move |at| Place { run, at })
	};
	runs.iter().enumerate().flat_map(of).collect()
}

/// Scores of every token of the vocabulary, `[rows, vocab]`, for hidden states `[rows, hidden]`.
///
/// # Errors
/// [`Error::NonFiniteActivation`] of the layer after the last.
pub(crate) fn logits(
	base: &Base,
	team: &Team,
	hidden: &[f32],
	target: &mut Vec<f32>,
) -> Result<()> {
	let head = base.weights.head();
	let mut rounded = Rows::default();
	let input = Input::new(team, hidden, &mut rounded, &[head]);
	let input = input.ok_or(Error::NonFiniteActivation { layer: base.config.layers })?;
	resize(target, hidden.len() / base.config.hidden * base.config.vocab);
	multiply(team, &input, &mut [(head, target)]);
	Ok(())
}

/// Makes room for so many values, whatever they are.
fn resize(values: &mut Vec<f32>, len: usize) {
	values.truncate(len);
	values.resize(len, 0.0);
}

/// What a pass works on.
#[derive(Clone, Copy)]
struct Batch<'a, 'r> {
	base: &'a Base,
	team: &'a Team,
	places: &'a [Place],
	runs: &'a [Run<'r>],
}

/// Refuses no tokens at all, and those beyond the vocabulary.
pub(crate) fn check_tokens(tokens: &[u32], vocab: usize) -> Result<()> {
	if tokens.is_empty() {
		return Err(Error::EmptyPrompt);
	}
	match tokens.iter().find(|&&token| token as usize >= vocab) {
		Some(&token) => Err(Error::UnknownToken { token, vocab }),
		None => Ok(()),
	}
}

struct Pass<'a, 'r> {
	of: Batch<'a, 'r>,
	workspace: &'a mut Workspace,
}

impl Pass<'_, '_> {
	/// Makes room, and looks up angles.
	fn begin(&mut self) {
		let (config, rows) = (&self.of.base.config, self.of.places.len());
		let (hidden, heads) = (config.hidden, config.heads * config.head_dim);
		let w = &mut *self.workspace;
		for (buffer, width) in [
			(&mut w.x, hidden),
			(&mut w.normed, hidden),
			(&mut w.update, hidden),
			(&mut w.queries, heads),
			(&mut w.mixed, heads),
			(&mut w.keys, config.kv_heads * config.head_dim),
			(&mut w.values, config.kv_heads * config.head_dim),
			(&mut w.gate, config.intermediate),
			(&mut w.up, config.intermediate),
		] {
			resize(buffer, rows * width);
		}
		(w.cos, w.sin) = self.of.base.rope.angles(self.of.places.iter().map(|place| place.at));
	}

	/// Looks up embeddings.
	fn embed(&mut self) {
		let hidden = self.of.base.config.hidden;
		let w = &mut *self.workspace;
		let tokens: Vec<u32> = self.of.runs.iter().flat_map(|run| run.tokens).copied().collect();
		let (embedding, isa) = (&self.of.base.weights.embedding, self.of.team.isa());
		self.of.team.for_each_chunk(&mut w.x, hidden, &|row, x| {
			let token = tokens[row] as usize;
			let mut panel = vec![0.0; LANES * hidden];
			embedding.expand(isa, token / LANES, 0..hidden, &mut panel, hidden);
			x.copy_from_slice(&panel[token % LANES * hidden..][..hidden]);
		});
	}

	/// Runs some layers and nothing after them.
	fn stretch(
		&mut self,
		layers: Range<usize>,
		pool: &mut Pool,
		observer: &mut impl Observer,
	) -> Result<()> {
		for layer in layers {
			if !(self.attention(layer, pool, observer) && self.feed_forward(layer, observer)) {
				return Err(Error::NonFiniteActivation { layer });
			}
		}
		Ok(())
	}

	fn norm(&mut self, weight: &[f32]) {
		let (eps, isa) = (self.of.base.config.rms_eps, self.of.team.isa());
		let Workspace { x, normed, .. } = &mut *self.workspace;
		let (width, x) = (weight.len(), &x[..]);
		// A few rows at once are worth another thread.
		let chunk = 8 * width;
		self.of.team.for_each_chunk(normed, chunk, &|number, target| {
			let x = &x[number * chunk..][..target.len()];
			isa.run(Norm { x, weight, eps, target });
		});
	}

	fn attention(&mut self, layer: usize, pool: &mut Pool, observer: &mut impl Observer) -> bool {
		let weights = &self.of.base.weights.layers[layer];
		observer.before_attention(layer, &self.workspace.x);
		self.norm(&weights.attention_norm);
		let [q, k, v] = [Module::Q, Module::K, Module::V].map(|module| weights.projection(module));
		{
			let w = &mut *self.workspace;
			let Some(input) = Input::new(self.of.team, &w.normed, &mut w.rounded, &[q, k, v])
			else {
				return false;
			};
			let (queries, keys, values) = (&mut w.queries, &mut w.keys, &mut w.values);
			multiply(self.of.team, &input, &mut [(q, queries), (k, keys), (v, values)]);
			if let Some(biases) = &weights.biases {
				for (bias, target) in biases.iter().zip([&mut *queries, keys, values]) {
					self.of.add_bias(bias, target);
				}
			}
			let targets: &mut [(Module, &mut [f32])] =
				&mut [(Module::Q, queries), (Module::K, keys), (Module::V, values)];
			self.of.adapt(layer, &w.normed, targets, observer);
		}
		if weights.head_norms.is_some() {
			observer.before_head_norms(layer, &self.workspace.queries, &self.workspace.keys);
		}
		if !self.cache(layer, pool) {
			return false;
		}
		self.attend(layer, pool);
		let w = &mut *self.workspace;
		observer.attended(layer, &w.queries, &w.mixed);
		self.residual(layer, Module::O, observer)
	}

	fn feed_forward(&mut self, layer: usize, observer: &mut impl Observer) -> bool {
		let weights = &self.of.base.weights.layers[layer];
		observer.before_feed_forward(layer, &self.workspace.x);
		self.norm(&weights.feed_forward_norm);
		let [gate, up] = [Module::Gate, Module::Up].map(|module| weights.projection(module));
		let w = &mut *self.workspace;
		let Some(input) = Input::new(self.of.team, &w.normed, &mut w.rounded, &[gate, up]) else {
			return false;
		};
		let targets: &mut [Target<'_>] = &mut [(gate, &mut w.gate), (up, &mut w.up)];
		multiply(self.of.team, &input, targets);
		let targets: &mut [(Module, &mut [f32])] =
			&mut [(Module::Gate, &mut w.gate), (Module::Up, &mut w.up)];
		self.of.adapt(layer, &w.normed, targets, observer);
		observer.gated(layer, &self.workspace.gate, &self.workspace.up);
		let w = &mut *self.workspace;
		let (isa, up, width) = (self.of.team.isa(), &w.up[..], self.of.base.config.intermediate);
		self.of.team.for_each_chunk(&mut w.gate, width, &|row, gate| {
			let up = &up[row * width..][..width];
			isa.run(Gate { gate, up });
		});
		self.residual(layer, Module::Down, observer)
	}

	/// Adds a projection of the attention's, or the gated, values to the residual stream.
	fn residual(&mut self, layer: usize, module: Module, observer: &impl Observer) -> bool {
		let matrix = self.of.base.weights.layers[layer].projection(module);
		let w = &mut *self.workspace;
		let input = if module == Module::O { &w.mixed } else { &w.gate };
		let Some(rounded) = Input::new(self.of.team, input, &mut w.rounded, &[matrix]) else {
			return false;
		};
		multiply(self.of.team, &rounded, &mut [(matrix, &mut w.update)]);
		self.of.adapt(layer, input, &mut [(module, &mut w.update)], observer);
		let (isa, update, hidden) = (self.of.team.isa(), &w.update[..], self.of.base.config.hidden);
		let chunk = 16 * hidden;
		self.of.team.for_each_chunk(&mut w.x, chunk, &|number, x| {
			let y = &update[number * chunk..][..x.len()];
			isa.run(Add { x, y });
		});
		true
	}

	/// Norms, where it is asked for, and rotates queries and keys, and puts keys and values into the sequences' pages.
	fn cache(&mut self, layer: usize, pool: &mut Pool) -> bool {
		let config = &self.of.base.config;
		let (half, isa) = (config.head_dim / 2, self.of.team.isa());
		let (wide, narrow) = (config.heads * config.head_dim, config.kv_heads * config.head_dim);
		let (norms, eps) = (&self.of.base.weights.layers[layer].head_norms, config.rms_eps);
		let Workspace { queries, keys, values, cos, sin, .. } = &mut *self.workspace;
		let (shared_keys, cos, sin) = (Shared::new(keys), &cos[..], &sin[..]);
		self.of.team.for_each_chunk(queries, wide, &|row, queries| {
			let (cos, sin) = (&cos[row * half..][..half], &sin[row * half..][..half]);
			// SAFETY: every task has a row of its own.
			let keys = unsafe { shared_keys.slice(row * narrow, narrow) };
			if let Some([of_queries, of_keys]) = norms {
				isa.run(NormInPlace { x: queries, weight: of_queries, eps });
				isa.run(NormInPlace { x: keys, weight: of_keys, eps });
			}
			isa.run(Rotate { heads: queries, cos, sin });
			isa.run(Rotate { heads: keys, cos, sin });
		});
		let rows = keys.chunks_exact(narrow).zip(values.chunks_exact(narrow));
		self.of.places.iter().zip(rows).all(|(place, (keys, values))| {
			pool.write(isa, self.of.runs[place.run].sequence, layer, place.at, keys, values)
		})
	}

	fn attend(&mut self, layer: usize, pool: &Pool) {
		thread_local! {
			static SCRATCH: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
		}
		let config = &self.of.base.config;
		let (isa, kv_heads) = (self.of.team.isa(), config.kv_heads);
		let chunk = config.heads / kv_heads * config.head_dim;
		let Workspace { queries, mixed, .. } = &mut *self.workspace;
		let (places, runs, queries) = (self.of.places, self.of.runs, &queries[..]);
		self.of.team.for_each_chunk(mixed, chunk, &|number, target| {
			let (place, head) = (places[number / kv_heads], number % kv_heads);
			let view = pool.view(runs[place.run].sequence, layer, head);
			let queries = &queries[number * chunk..][..chunk];
			SCRATCH.with_borrow_mut(|scratch| {
				let first = config.first_seen(place.at);
				Attend { queries, view, first, at: place.at, scratch, target }.run(isa);
			});
		});
	}
}

impl Batch<'_, '_> {
	/// Adds a bias to each row of a projection's result.
	fn add_bias(self, bias: &[f32], target: &mut [f32]) {
		let isa = self.team.isa();
		self.team.for_each_chunk(target, bias.len(), &|_, x| isa.run(Add { x, y: bias }));
	}

	/// Adds what the runs' adapters change to the projections of `input`, `[rows, inputs]`.
	fn adapt(
		self,
		layer: usize,
		input: &[f32],
		targets: &mut [(Module, &mut [f32])],
		observer: &impl Observer,
	) {
		if self.runs.iter().all(|run| run.adapters.is_empty()) {
			return;
		}
		let (isa, rows) = (self.team.isa(), self.places.len());
		let width = input.len() / rows;
		let targets: Vec<_> = targets
			.iter_mut()
			.map(|(module, target)| (*module, target.len() / rows, Shared::new(target)))
			.collect();
		self.team.for_each(rows * targets.len(), &|task| {
			let (row, (module, outputs, target)) =
				(task / targets.len(), targets[task % targets.len()]);
			// SAFETY: every task has a row of a target of its own.
			let y = unsafe { target.slice(row * outputs, outputs) };
			let x = &input[row * width..][..width];
			let left = observer.drop(layer, module, row, x);
			let x = left.as_deref().unwrap_or(x);
			for (adapter, factor) in self.runs[self.places[row].run].adapters {
				let Some(pair) = adapter.get(layer, module) else { continue };
				let mut low = vec![0.0; pair.rank()];
				pair.down(isa, x, &mut low);
				pair.up(isa, &low, factor * pair.scale(), y);
			}
		});
	}
}
