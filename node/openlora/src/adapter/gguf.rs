//! Adapters as llama.cpp keeps them: a GGUF file with `adapter.lora.alpha` and pairs of tensors.
//!
//! llama.cpp scales the product of a pair by alpha over the pair's own rank, or not at all where alpha is
//! absent. One alpha holds for all of the file; what a projection's scale is beyond that has to be in
//! its `B`. Rows of `B` stand in the order of the base's in such files, which is llama.cpp's own for queries
//! and keys of some architectures.

use std::{
	collections::{BTreeMap, HashMap},
	fs,
	path::Path,
};

use candle_core::{Device, Tensor};
use serde_json::json;

use super::{
	Adapter, Module, PeftConfig,
	peft::{MAX_RANK, module_name},
	store::{self, MAX_BYTES},
};
use crate::{
	config::{Config, MAX_LAYERS},
	error::{Error, Result},
	gguf::{
		self,
		reader::Gguf,
		writer::{self, ALIGNMENT, Metadata, TensorEntry},
	},
	kernels::{Isa, Precision},
	weights::{Matrix, Numbers, Slot},
};

const ALPHA: &str = "adapter.lora.alpha";
/// Entries under `adapter.` that do not change what is computed.
const WITHOUT_EFFECT: [&str; 2] = ["adapter.lora.task_name", "adapter.lora.prompt_prefix"];

/// An adapter as a GGUF file, and what the format could not take as it was.
#[derive(Debug)]
pub struct ExportedGguf {
	/// The file.
	pub bytes: Vec<u8>,
	/// Its one alpha.
	pub alpha: f32,
	/// Projections whose scale went into `B` by a power of two, which changes no digit.
	pub folded_exactly: usize,
	/// Projections whose scale went into `B`, every value of it rounded to the nearest once.
	pub folded_with_rounding: usize,
	/// Projections whose scale is that of alpha rounded to single precision.
	pub scales_rounded: usize,
	/// Values that half precision does not have, which were rounded to the nearest.
	pub values_rounded: usize,
}

impl ExportedGguf {
	/// Whether the file says the same as the adapter, to the last digit.
	pub fn is_exact(&self) -> bool {
		self.folded_with_rounding + self.scales_rounded + self.values_rounded == 0
	}
}

impl Adapter {
	/// Reads an adapter of llama.cpp's that was made for a base of that shape.
	///
	/// # Errors
	/// What is malformed, not finite or of another shape, by name; [`Error::UnsupportedAdapter`] for
	/// other architectures and kinds of adapters; [`Error::UnexpectedTensor`] for what is not a
	/// projection of a layer.
	pub fn load_gguf(path: &Path, base: &Config) -> Result<Self> {
		let size = fs::metadata(path).map_err(Error::io(path))?.len();
		if size > MAX_BYTES {
			return Err(store::too_large(size, MAX_BYTES));
		}
		let mut file = Gguf::open(path)?;
		check_kind(&file, base)?;
		let mut found: HashMap<(usize, Module), [Option<Tensor>; 2]> = HashMap::new();
		let mut names: Vec<String> = file.tensor_names().map(str::to_string).collect();
		names.sort_unstable();
		for name in names {
			let (layer, module, of_b) =
				parse_name(&name).ok_or_else(|| Error::UnexpectedTensor(name.clone()))?;
			let matrix = matrix(&mut file, &name)?;
			let matrix = match gguf::interleaved_heads(Slot::Projection(layer, module), base) {
				Some(heads) if of_b => {
					let (rows, rank) = matrix.dims2()?;
					let order = gguf::interleaved_rows(rows, heads).ok_or_else(|| {
						let expected = vec![base.dimensions(module).1, rank];
						Error::WrongShape { name, expected, found: vec![rows, rank] }
					})?;
					let order: Vec<u32> = order.into_iter().map(|row| row as u32).collect();
					matrix.index_select(&Tensor::new(order, &Device::Cpu)?, 0)?
				}
				_ => matrix,
			};
			found.entry((layer, module)).or_default()[usize::from(of_b)] = Some(matrix);
		}
		let alpha = match file.get(ALPHA) {
			None => 0.0,
			Some(value) => value.float(ALPHA)?,
		};
		let adapter = store::assemble(describe(&found, alpha, base)?, found)?;
		adapter.fits(base)?;
		Ok(adapter)
	}

	/// The adapter as a file for llama.cpp, in single or half precision.
	///
	/// # Errors
	/// That the adapter is for a base of another shape, [`Error::NonFinite`] when a value is beyond the
	/// precision, and [`Error::InvalidOption`] for a precision that is neither.
	pub fn to_gguf(&self, base: &Config, precision: Precision) -> Result<ExportedGguf> {
		self.fits(base)?;
		let id = match precision {
			Precision::F32 => 0,
			Precision::F16 => 1,
			Precision::BF16 => {
				let reason = "llama.cpp's adapters are written in f32 or f16";
				let (option, value) = ("precision", "bf16".into());
				return Err(Error::InvalidOption { option, value, reason });
			}
		};
		let alpha = self.most_common_alpha()?;
		let mut metadata = Metadata::default();
		metadata.text("general.architecture", base.architecture.facts().gguf);
		metadata.text("general.type", "adapter");
		metadata.text("adapter.type", "lora");
		metadata.float(ALPHA, alpha);
		let mut exported = ExportedGguf {
			bytes: Vec::new(),
			alpha,
			folded_exactly: 0,
			folded_with_rounding: 0,
			scales_rounded: 0,
			values_rounded: 0,
		};
		let (mut tensors, mut data) = (Vec::new(), Vec::new());
		for (layer, module, lora) in self.weights.iter() {
			let own = self.own_alpha(layer, module);
			let a: Vec<f32> = lora.a.flatten_all()?.to_vec1()?;
			let mut b: Vec<f32> = lora.b.flatten_all()?.to_vec1()?;
			exported.fold(&mut b, own);
			let rank = lora.a.dim(0)?;
			if let Some(heads) = gguf::interleaved_heads(Slot::Projection(layer, module), base) {
				b = interleave(&b, rank, heads);
			}
			for (letter, shape, values) in [('a', lora.a.dims(), a), ('b', lora.b.dims(), b)] {
				let name = tensor_name(layer, module, letter);
				let mut bytes = Vec::with_capacity(values.len() * precision.bytes());
				precision.write(&values, &mut bytes);
				for (index, (stored, value)) in
					precision.read(&bytes).into_iter().zip(&values).enumerate()
				{
					if !stored.is_finite() {
						return Err(Error::NonFinite { name, index });
					}
					exported.values_rounded += usize::from(stored != *value);
				}
				let size = bytes.len() as u64;
				tensors.push(TensorEntry { name, shape: shape.to_vec(), id, size });
				data.push(bytes);
			}
		}
		exported.bytes = writer::header(&metadata, &tensors, ALIGNMENT);
		for bytes in data {
			let start = exported.bytes.len().next_multiple_of(ALIGNMENT);
			exported.bytes.resize(start, 0);
			exported.bytes.extend(bytes);
		}
		let end = exported.bytes.len().next_multiple_of(ALIGNMENT);
		exported.bytes.resize(end, 0);
		Ok(exported)
	}

	/// What alpha would have to be for this projection's scale, which is over its rank.
	fn own_alpha(&self, layer: usize, module: Module) -> f64 {
		let Some(target) = self.config.target(layer, module) else { return 0.0 };
		// Not by way of the scale, whose division rounds.
		target.alpha * if self.config.rslora { (target.rank as f64).sqrt() } else { 1.0 }
	}

	/// The alpha that suits most projections; of equally many the smallest.
	fn most_common_alpha(&self) -> Result<f32> {
		let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
		for (layer, module, _) in self.weights.iter() {
			let own = self.own_alpha(layer, module) as f32;
			if own.is_finite() && own > 0.0 {
				*counts.entry(own.to_bits()).or_default() += 1;
			}
		}
		let most = counts.into_iter().rev().max_by_key(|(_, count)| *count);
		most.map(|(bits, _)| f32::from_bits(bits)).ok_or_else(|| Error::InvalidOption {
			option: "lora_alpha",
			value: self.config.alpha.to_string(),
			reason: "it is beyond single precision, which GGUF has",
		})
	}
}

impl ExportedGguf {
	/// Puts into `B` what alpha leaves of the scale.
	fn fold(&mut self, b: &mut [f32], own: f64) {
		if own as f32 == self.alpha {
			self.scales_rounded += usize::from(own != f64::from(self.alpha));
			return;
		}
		let factor = own / f64::from(self.alpha);
		// A power of two changes no digit, unless the value leaves the normal range.
		let mut exact = factor.to_bits() & ((1 << 52) - 1) == 0;
		for value in b {
			let product = f64::from(*value) * factor;
			*value = product as f32;
			exact &= f64::from(*value) == product;
		}
		match exact {
			true => self.folded_exactly += 1,
			false => self.folded_with_rounding += 1,
		}
	}
}

/// Rows of so many values in llama.cpp's order.
fn interleave(values: &[f32], columns: usize, heads: usize) -> Vec<f32> {
	let rows = values.len() / columns;
	let places = gguf::interleaved_rows(rows, heads).unwrap_or_else(|| (0..rows).collect());
	let mut target = vec![0.0; values.len()];
	for (row, place) in values.chunks_exact(columns).zip(places) {
		target[place * columns..][..columns].copy_from_slice(row);
	}
	target
}

fn tensor_name(layer: usize, module: Module, letter: char) -> String {
	format!("{}.lora_{letter}", gguf::tensor_name(Slot::Projection(layer, module)))
}

/// Layer, module, and whether it is `B`.
fn parse_name(name: &str) -> Option<(usize, Module, bool)> {
	let (layer, _) = name.strip_prefix("blk.")?.split_once('.')?;
	let layer = layer.parse().ok().filter(|&layer| layer < MAX_LAYERS)?;
	Module::ALL
		.into_iter()
		.flat_map(|module| [('a', false), ('b', true)].map(|(letter, of_b)| (module, letter, of_b)))
		.find(|&(module, letter, _)| tensor_name(layer, module, letter) == name)
		.map(|(module, _, of_b)| (layer, module, of_b))
}

fn check_kind(file: &Gguf, base: &Config) -> Result<()> {
	for (key, expected) in [
		("general.type", "adapter"),
		("general.architecture", base.architecture.facts().gguf),
		("adapter.type", "lora"),
	] {
		let found = file.require(key)?.text(key)?;
		if found != expected {
			let value = found.chars().take(200).collect();
			return Err(Error::UnsupportedAdapter { field: key.into(), value });
		}
	}
	let known = |key: &str| {
		!key.starts_with("adapter.")
			|| ["adapter.type", ALPHA].contains(&key)
			|| WITHOUT_EFFECT.contains(&key)
	};
	match file.keys().filter(|key| !known(key)).min() {
		Some(key) => {
			Err(Error::UnsupportedAdapter { field: key.to_string(), value: "present".into() })
		}
		None => Ok(()),
	}
}

/// One matrix in single precision; blocks of quantised ones are expanded.
fn matrix(file: &mut Gguf, name: &str) -> Result<Tensor> {
	let stored = file.tensor(name)?;
	let &[rows, columns] = stored.shape.as_slice() else {
		let (name, found) = (name.to_string(), stored.shape);
		return Err(Error::WrongShape { name, expected: vec![0, 0], found });
	};
	let values = match stored.numbers {
		Numbers::Plain(_, values) => values,
		Numbers::Blocks(..) => Matrix::new(stored)?.values(Isa::Portable),
	};
	Ok(Tensor::from_vec(values, (rows, columns), &Device::Cpu)?)
}

/// The configuration that says what the pairs are: names of modules where all layers have them, else of
/// each projection; the rank that most have, and the others by pattern.
fn describe(
	found: &HashMap<(usize, Module), [Option<Tensor>; 2]>,
	alpha: f64,
	base: &Config,
) -> Result<PeftConfig> {
	let mut ranks: BTreeMap<(usize, Module), usize> = BTreeMap::new();
	for (&(layer, module), [a, _]) in found {
		let name = || tensor_name(layer, module, 'a');
		let rank = a.as_ref().ok_or_else(|| Error::MissingTensor(name()))?.dim(0)?;
		if rank == 0 || rank > MAX_RANK {
			let (option, value) = ("r", rank.to_string());
			let reason = "the rank has to be within 1..=4096";
			return Err(Error::InvalidOption { option, value, reason });
		}
		ranks.insert((layer, module), rank);
	}
	let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
	ranks.values().for_each(|rank| *counts.entry(*rank).or_default() += 1);
	let most = counts.into_iter().rev().max_by_key(|(_, count)| *count);
	let (common, _) = most.ok_or_else(|| Error::malformed("adapter", "it has no tensors"))?;
	let everywhere = |module: Module| (0..base.layers).all(|at| ranks.contains_key(&(at, module)));
	let (mut targets, mut odd) = (Vec::new(), Vec::new());
	for module in Module::ALL {
		let own: Vec<_> = ranks.iter().filter(|((_, of), _)| *of == module).collect();
		let first = own.first().map(|(_, rank)| **rank);
		let alike = own.iter().all(|(_, rank)| Some(**rank) == first);
		if everywhere(module) {
			targets.push(module.name().to_string());
		} else {
			targets.extend(own.iter().map(|((layer, _), _)| module_name(*layer, module)));
		}
		match first {
			Some(rank) if alike && rank != common => odd.push((module.name().to_string(), rank)),
			Some(_) if !alike => odd.extend(own.iter().filter(|(_, rank)| **rank != common).map(
				|((layer, _), rank)| (module_name(*layer, module).replace('.', r"\."), **rank),
			)),
			_ => {}
		}
	}
	let rank_pattern: serde_json::Map<_, _> =
		odd.iter().map(|(pattern, rank)| (pattern.clone(), json!(rank))).collect();
	// Without an alpha, nothing is scaled.
	let alphas = if alpha == 0.0 { rank_pattern.clone() } else { serde_json::Map::new() };
	let config = json!({
		"peft_type": "LORA",
		"r": common,
		"lora_alpha": if alpha == 0.0 { common as f64 } else { alpha },
		"target_modules": targets,
		"rank_pattern": rank_pattern,
		"alpha_pattern": alphas,
	});
	PeftConfig::from_json(&config.to_string())
}

#[cfg(test)]
mod tests;
