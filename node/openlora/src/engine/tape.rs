//! What a pass keeps for the way back.

use super::{Observer, dropout::Dropped};
use crate::{adapter::Module, config::Config};

/// The values of one layer that its gradient is computed from; all others follow from them.
#[derive(Debug, Default)]
pub(crate) struct Kept {
	/// The residual stream before the attention, `[rows, hidden]`.
	pub(crate) x: Vec<f32>,
	/// Query heads before their norms, `[rows, heads · width]`; empty where they have none.
	pub(crate) queries_before: Vec<f32>,
	/// As the queries, `[rows, kv_heads · width]`.
	pub(crate) keys_before: Vec<f32>,
	/// Rotated queries, `[rows, heads · width]`.
	pub(crate) queries: Vec<f32>,
	/// The attention's result, as the queries.
	pub(crate) mixed: Vec<f32>,
	/// The residual stream before the feed-forward part.
	pub(crate) middle: Vec<f32>,
	/// `[rows, intermediate]`.
	pub(crate) gate: Vec<f32>,
	/// As the gate.
	pub(crate) up: Vec<f32>,
}

impl Kept {
	/// All values, in the order of [`widths`].
	fn columns(&mut self) -> [&mut Vec<f32>; 8] {
		let Self { x, queries_before, keys_before, queries, mixed, middle, gate, up } = self;
		[x, queries_before, keys_before, queries, mixed, middle, gate, up]
	}
}

/// The widths of a layer's values; zero of those that the architecture does not have.
fn widths(config: &Config) -> [usize; 8] {
	let (queries, keys) = (config.heads * config.head_dim, config.kv_heads * config.head_dim);
	let (queries_before, keys_before) =
		if config.architecture.facts().head_norms { (queries, keys) } else { (0, 0) };
	let (hidden, intermediate) = (config.hidden, config.intermediate);
	[hidden, queries_before, keys_before, queries, queries, hidden, intermediate, intermediate]
}

/// How much of a layer is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
	/// All of [`Kept`].
	All,
	/// What goes into the layer, from which the way back computes the rest once more (activation
	/// checkpointing: Chen et al. 2016, arXiv:1604.06174).
	Inputs,
}

/// The values of the layers from one on. Passes whose rows follow those of the pass before add to it.
#[derive(Debug)]
pub(crate) struct Tape<'a> {
	first: usize,
	keep: Keep,
	dropped: Option<Dropped<'a>>,
	layers: Vec<Kept>,
	/// The residual stream after the last layer.
	pub(crate) last: Vec<f32>,
}

impl<'a> Tape<'a> {
	/// Keeps nothing of the layers before `first`.
	pub(crate) fn new(first: usize, keep: Keep, dropped: Option<Dropped<'a>>) -> Self {
		Self { first, keep, dropped, layers: Vec::new(), last: Vec::new() }
	}

	/// Makes room for so many more rows: without it, what grows takes up to twice as much.
	pub(crate) fn reserve(&mut self, rows: usize, config: &Config) {
		let layers = config.layers.saturating_sub(self.first);
		self.layers.resize_with(layers, Kept::default);
		for kept in &mut self.layers {
			for (values, width) in kept.columns().into_iter().zip(widths(config)) {
				values.reserve_exact(rows.saturating_mul(width));
			}
		}
		self.last.reserve_exact(rows.saturating_mul(config.hidden));
	}

	/// Bytes of a row where all of the layers from `first` on is kept.
	pub(crate) fn row_bytes(first: usize, config: &Config) -> usize {
		let layer: usize = widths(config).into_iter().sum();
		let layers = config.layers.saturating_sub(first);
		size_of::<f32>() * (layers * layer + config.hidden)
	}

	/// Rows that have been through all layers.
	pub(crate) fn rows(&self, config: &Config) -> usize {
		self.last.len() / config.hidden
	}

	/// Forgets the rows from the `rows`-th on, and what there is of a pass that did not reach its end.
	pub(crate) fn truncate(&mut self, rows: usize, config: &Config) {
		for kept in &mut self.layers {
			for (values, width) in kept.columns().into_iter().zip(widths(config)) {
				values.truncate(rows.saturating_mul(width));
			}
		}
		self.last.truncate(rows.saturating_mul(config.hidden));
	}

	/// Gives room back that nothing was kept in.
	pub(crate) fn shrink_to_fit(&mut self) {
		for kept in &mut self.layers {
			kept.columns().into_iter().for_each(Vec::shrink_to_fit);
		}
		self.last.shrink_to_fit();
	}

	/// The first layer that is kept.
	pub(crate) fn first(&self) -> usize {
		self.first
	}

	/// How much is kept.
	pub(crate) fn keeps(&self) -> Keep {
		self.keep
	}

	/// What is left out of the updates' inputs.
	pub(crate) fn dropped(&self) -> Option<Dropped<'a>> {
		self.dropped
	}

	/// Takes the values of the last layer that is left.
	pub(crate) fn pop(&mut self) -> Option<Kept> {
		self.layers.pop()
	}

	fn keep(&mut self, layer: usize, put: impl FnOnce(&mut Kept)) {
		if layer >= self.first && self.keep == Keep::All {
			put(&mut self.layers[layer - self.first]);
		}
	}
}

impl Observer for Tape<'_> {
	fn before_attention(&mut self, layer: usize, x: &[f32]) {
		if let Some(place) = layer.checked_sub(self.first) {
			let layers = self.layers.len().max(place + 1);
			self.layers.resize_with(layers, Kept::default);
			self.layers[place].x.extend_from_slice(x);
		}
	}

	fn before_head_norms(&mut self, layer: usize, queries: &[f32], keys: &[f32]) {
		self.keep(layer, |kept| {
			kept.queries_before.extend_from_slice(queries);
			kept.keys_before.extend_from_slice(keys);
		});
	}

	fn attended(&mut self, layer: usize, queries: &[f32], mixed: &[f32]) {
		self.keep(layer, |kept| {
			kept.queries.extend_from_slice(queries);
			kept.mixed.extend_from_slice(mixed);
		});
	}

	fn before_feed_forward(&mut self, layer: usize, x: &[f32]) {
		self.keep(layer, |kept| kept.middle.extend_from_slice(x));
	}

	fn gated(&mut self, layer: usize, gate: &[f32], up: &[f32]) {
		self.keep(layer, |kept| {
			kept.gate.extend_from_slice(gate);
			kept.up.extend_from_slice(up);
		});
	}

	fn finished(&mut self, x: &[f32]) {
		self.last.extend_from_slice(x);
	}

	fn drop(&self, layer: usize, module: Module, row: usize, x: &[f32]) -> Option<Vec<f32>> {
		let dropped = self.dropped?;
		let mut left = x.to_vec();
		dropped.apply(layer, module, row, &mut left, x.len());
		Some(left)
	}
}
