//! A base and an adapter as one model of the ecosystem's: the low-rank products added into the weights.
//!
//! A merged model is another model than base and adapter together, with other bits: the engine keeps the
//! two apart, rounds the adapter to half precision, and multiplies a base's blocks as they are. Here, with
//! all numbers in single precision and `u = scale · B[row][r]` rounded, every weight of an adapted
//! projection becomes `fma(u, A[r][column], weight)` for one rank after the other, and is rounded once to
//! the type that it is stored in.

mod gguf;
mod hf;

use std::{collections::HashMap, ops::ControlFlow, path::Path};

use rayon::prelude::*;

use crate::{
	adapter::{Adapter, Module},
	config::Config,
	error::{Error, Result},
	gguf::interleaved_rows,
	kernels::{Isa, Precision, merge::AddLowRank},
	weights::Slot,
};

/// Weights that one task adds to.
const TASK: usize = 1 << 16;

/// In which numbers a merged model is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MergedNumbers {
	/// Each tensor in the base's own type; what is quantised is quantised again.
	#[default]
	Own,
	/// Every matrix in that precision; vectors of GGUF files stay in single precision.
	Plain(Precision),
}

/// How a model is merged.
#[derive(Debug, Clone, Copy, Default)]
pub struct MergeOptions {
	/// How its numbers are stored.
	pub numbers: MergedNumbers,
	/// Whether what is at the target may be replaced.
	pub replace: bool,
}

/// How far merging is.
#[derive(Debug, Clone, Copy)]
pub struct MergeProgress {
	/// Tensors written.
	pub done: usize,
	/// Tensors in all.
	pub tensors: usize,
}

/// What merging did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Merged {
	/// Projections that the adapter changed.
	pub changed: usize,
	/// Of those, the ones that were quantised again.
	pub requantised: usize,
	/// Tensors in all.
	pub tensors: usize,
	/// Bytes of all tensors.
	pub bytes: u64,
}

/// Merges the adapter into the base at `base` and writes the model to `target`: a GGUF file from a GGUF
/// file, a Hugging Face folder from a folder, with everything but the weights copied. One tensor at a time
/// is in memory. `target` appears when it is whole; `progress` can end the work before.
///
/// # Errors
/// What [`crate::Base::load`] refuses about names and shapes; that the adapter was made for another base;
/// [`Error::NonFinite`] for a weight beyond the type; [`Error::Exists`]; [`Error::Cancelled`].
pub fn merge(
	base: &Path,
	adapter: &Adapter,
	target: &Path,
	options: MergeOptions,
	progress: &mut dyn FnMut(MergeProgress) -> ControlFlow<()>,
) -> Result<Merged> {
	let metadata = std::fs::metadata(base).map_err(Error::io(base))?;
	let same = |other: &Path| match (other.canonicalize(), base.canonicalize()) {
		(Ok(other), Ok(base)) => other == base,
		_ => false,
	};
	if same(target) {
		// It is read while the other is written.
		return Err(Error::Exists(target.to_path_buf()));
	}
	match metadata.is_dir() {
		true => hf::merge(base, adapter, target, options, progress),
		false => gguf::merge(base, adapter, target, options, progress),
	}
}

/// Adds the adapter's product to a projection's weights, `[outputs, inputs]`; false when it changes none.
/// `heads` are those by which rows are in llama.cpp's order, if they are.
fn add(
	adapter: &Adapter,
	(layer, module): (usize, Module),
	weights: &mut [f32],
	heads: Option<usize>,
) -> Result<bool> {
	let of = adapter.weights();
	let (Some(lora), Some(scale)) = (of.get(layer, module), of.scale(layer, module)) else {
		return Ok(false);
	};
	let (rank, inputs) = lora.a.dims2()?;
	let a: Vec<f32> = lora.a.flatten_all()?.to_vec1()?;
	let mut b: Vec<f32> = lora.b.flatten_all()?.to_vec1()?;
	if let Some(places) = heads.and_then(|heads| interleaved_rows(b.len() / rank, heads)) {
		let rows = b.clone();
		for (row, place) in rows.chunks_exact(rank).zip(places) {
			b[place * rank..][..rank].copy_from_slice(row);
		}
	}
	let rows = (TASK / inputs).max(1);
	let (isa, scale) = (Isa::best(), scale as f32);
	weights
		.par_chunks_mut(rows * inputs)
		.zip(b.par_chunks(rows * rank))
		.for_each(|(weights, b)| isa.run(AddLowRank { weights, a: &a, b, inputs, scale }));
	Ok(true)
}

/// Numbers in a precision, little-endian.
///
/// # Errors
/// [`Error::NonFinite`] when it does not reach one.
fn plain(name: &str, values: &[f32], precision: Precision) -> Result<Vec<u8>> {
	let mut bytes = Vec::with_capacity(values.len() * precision.bytes());
	precision.write(values, &mut bytes);
	match precision.read(&bytes).iter().position(|value| !value.is_finite()) {
		Some(index) => Err(Error::NonFinite { name: name.to_string(), index }),
		None => Ok(bytes),
	}
}

/// The projections of a base by the names of their tensors in files of a kind.
fn projections(config: &Config, name: fn(Slot) -> String) -> HashMap<String, (usize, Module)> {
	let places = (0..config.layers).flat_map(|layer| Module::ALL.map(|module| (layer, module)));
	places.map(|(layer, module)| (name(Slot::Projection(layer, module)), (layer, module))).collect()
}

#[cfg(test)]
mod tests;
