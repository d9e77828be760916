//! Gradients of many items, a block at a time.

use super::{Item, consumed, layout::Layout, sequences};
use crate::error::Result;
use openlora::{
	Adapter, Base, FactorOptions, Factors, GradientOptions, Labels, Objective, factored_gradients,
};

/// Numbers in a block.
const BLOCK: usize = 1 << 23;
/// Gradients of a block.
const COUNT: usize = 64;
/// Numbers that are kept for another look; beyond, gradients are computed again.
const KEPT: usize = 1 << 28;

/// The gradients of items with respect to one adapter.
pub(super) struct Gradients<'a> {
	base: &'a Base,
	adapter: &'a Adapter,
	sequences: Vec<(&'a [u32], usize)>,
	layout: &'a Layout,
	objective: Objective,
	labels: Labels,
	/// All blocks, once they have been computed, if there is room.
	kept: Vec<Vec<f32>>,
}

impl<'a> Gradients<'a> {
	pub(super) fn new(
		(base, adapter, layout): (&'a Base, &'a Adapter, &'a Layout),
		items: &[Item<'a>],
		objective: Objective,
		labels: Labels,
	) -> Self {
		let (sequences, kept) = (sequences(items), Vec::new());
		Self { base, adapter, sequences, layout, objective, labels, kept }
	}

	/// All of them, `[items, parameters]`.
	pub(super) fn all(&self) -> Result<Vec<f32>> {
		let mut all = Vec::new();
		self.once(&mut |_, rows| {
			all.extend(rows);
			Ok(())
		})?;
		Ok(all)
	}

	/// Calls `consume` with the number of the first item of each block and the block's gradients,
	/// `[items, parameters]`.
	pub(super) fn once(
		&self,
		consume: &mut dyn FnMut(usize, Vec<f32>) -> Result<()>,
	) -> Result<()> {
		let Self { base, adapter, sequences, layout, .. } = self;
		let most = (BLOCK / layout.length.max(1)).clamp(1, COUNT);
		let gradient =
			GradientOptions { objective: self.objective, first_layer: layout.first_layer };
		let options = FactorOptions { gradient, labels: self.labels };
		let write = |row: &mut Vec<f32>, factors: &Factors<'_>| {
			let of = factors.gradient();
			row[factors.offset..][..of.len()].copy_from_slice(&of);
		};
		let (mut block, mut first) = (Vec::new(), 0);
		let collect = |at: usize, row: Vec<f32>| {
			block.extend(row);
			let count = at + 1 - first;
			if count == most || at + 1 == sequences.len() {
				consume(first, std::mem::take(&mut block))?;
				first = at + 1;
			}
			Ok(())
		};
		consumed(collect, |collect| {
			let start = |_| vec![0.0; layout.length];
			factored_gradients(base, adapter, sequences, options, start, write, collect)
		})
	}

	/// As [`Gradients::once`], for those that look several times.
	pub(super) fn again(
		&mut self,
		consume: &mut dyn FnMut(usize, &[f32]) -> Result<()>,
	) -> Result<()> {
		if self.sequences.len().saturating_mul(self.layout.length) > KEPT {
			return self.once(&mut |first, rows| consume(first, &rows));
		}
		if self.kept.is_empty() {
			let mut kept = Vec::new();
			self.once(&mut |_, rows| {
				kept.push(rows);
				Ok(())
			})?;
			self.kept = kept;
		}
		let mut first = 0;
		for rows in &self.kept {
			consume(first, rows)?;
			first += rows.len() / self.layout.length.max(1);
		}
		Ok(())
	}
}
