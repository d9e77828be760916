//! What a pass keeps for the way back.

use super::{Observer, dropout::Dropped};
use crate::adapter::Module;

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

/// How much of a layer is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
	/// All of [`Kept`].
	All,
	/// What goes into the layer, from which the way back computes the rest once more (activation
	/// checkpointing: Chen et al. 2016, arXiv:1604.06174).
	Inputs,
}

/// The values of the layers from one on.
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
		if layer >= self.first {
			self.layers.push(Kept { x: x.to_vec(), ..Kept::default() });
		}
	}

	fn before_head_norms(&mut self, layer: usize, queries: &[f32], keys: &[f32]) {
		self.keep(layer, |kept| {
			(kept.queries_before, kept.keys_before) = (queries.to_vec(), keys.to_vec());
		});
	}

	fn attended(&mut self, layer: usize, queries: &[f32], mixed: &[f32]) {
		self.keep(layer, |kept| (kept.queries, kept.mixed) = (queries.to_vec(), mixed.to_vec()));
	}

	fn before_feed_forward(&mut self, layer: usize, x: &[f32]) {
		self.keep(layer, |kept| kept.middle = x.to_vec());
	}

	fn gated(&mut self, layer: usize, gate: &[f32], up: &[f32]) {
		self.keep(layer, |kept| (kept.gate, kept.up) = (gate.to_vec(), up.to_vec()));
	}

	fn finished(&mut self, x: &[f32]) {
		self.last = x.to_vec();
	}

	fn drop(&self, layer: usize, module: Module, row: usize, x: &[f32]) -> Option<Vec<f32>> {
		let dropped = self.dropped?;
		let mut left = x.to_vec();
		dropped.apply(layer, module, row, &mut left, x.len());
		Some(left)
	}
}
