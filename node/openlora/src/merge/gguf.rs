//! Merged GGUF files: the base's metadata, its tensors in their order.

use std::{ops::ControlFlow, path::Path};

use super::{MergeOptions, MergeProgress, Merged, MergedNumbers, add, plain, projections};
use crate::{
	adapter::Adapter,
	error::{Error, Result},
	gguf::{
		self,
		reader::{Encoding, Gguf},
		tensor_name,
		writer::{self, Metadata, TensorEntry},
	},
	kernels::{Isa, Precision},
	output,
	weights::{Matrix, Numbers, Slot},
};

/// llama.cpp's number for how most of a file is stored.
const FILE_TYPE: &str = "general.file_type";

pub(super) fn merge(
	base: &Path,
	adapter: &Adapter,
	target: &Path,
	MergeOptions { numbers, replace }: MergeOptions,
	progress: &mut dyn FnMut(MergeProgress) -> ControlFlow<()>,
) -> Result<Merged> {
	let mut file = Gguf::open(base)?;
	let config = gguf::checked_config(&file)?;
	adapter.fits(&config)?;
	let projections = projections(&config, tensor_name);
	let metadata = metadata(&mut file, numbers)?;
	let mut tensors = Vec::new();
	for (name, encoding) in file.tensors_in_order() {
		let shape = file.shape(&name)?.to_vec();
		let (encoding, count) = (encoding_of(numbers, encoding, &shape), shape.iter().product());
		let size = encoding.bytes(count);
		tensors.push((TensorEntry { name, shape, id: encoding.id(), size }, encoding));
	}
	let mut merged = Merged { tensors: tensors.len(), ..Merged::default() };
	let alignment = file.alignment()?;
	let entries: Vec<TensorEntry> = tensors.iter().map(|(entry, _)| entry.clone()).collect();
	output::file(target, replace, |out| {
		let mut position = 0usize;
		let mut write = |bytes: &[u8]| -> Result<()> {
			position += bytes.len();
			out.write_all(bytes).map_err(Error::io(target))?;
			let padding = position.next_multiple_of(alignment) - position;
			position += padding;
			out.write_all(&vec![0; padding]).map_err(Error::io(target))
		};
		write(&writer::header(&metadata, &entries, alignment))?;
		for (done, (TensorEntry { name, shape, size, .. }, encoding)) in tensors.iter().enumerate()
		{
			if progress(MergeProgress { done, tensors: entries.len() }).is_break() {
				return Err(Error::Cancelled);
			}
			let place = projections.get(name).copied();
			let adapted = place.is_some_and(|(at, of)| adapter.weights().get(at, of).is_some());
			let bytes = match adapted || file.encoding(name)? != *encoding {
				false => file.raw(name)?,
				true => {
					let mut values = values(&mut file, name)?;
					if let Some((layer, module)) = place {
						let slot = Slot::Projection(layer, module);
						let heads = gguf::interleaved_heads(slot, &config);
						if add(adapter, (layer, module), &mut values, heads)? {
							merged.changed += 1;
							let blocks = matches!(encoding, Encoding::Blocks(_));
							merged.requantised += usize::from(blocks);
						}
					}
					encode(name, values, shape, *encoding)?
				}
			};
			debug_assert_eq!(bytes.len() as u64, *size);
			merged.bytes += bytes.len() as u64;
			write(&bytes)?;
		}
		Ok(())
	})?;
	Ok(merged)
}

fn metadata(file: &mut Gguf, numbers: MergedNumbers) -> Result<Metadata> {
	let id: u32 = match numbers {
		MergedNumbers::Own => return file.raw_metadata(&[]),
		MergedNumbers::Plain(Precision::F32) => 0,
		MergedNumbers::Plain(Precision::F16) => 1,
		MergedNumbers::Plain(Precision::BF16) => 32,
	};
	let mut metadata = file.raw_metadata(&[FILE_TYPE])?;
	metadata.entry(FILE_TYPE, 4, &id.to_le_bytes());
	Ok(metadata)
}

/// How a tensor is stored that was `own`.
fn encoding_of(numbers: MergedNumbers, own: Encoding, shape: &[usize]) -> Encoding {
	match numbers {
		MergedNumbers::Plain(precision) if shape.len() > 1 => Encoding::plain(precision),
		_ => own,
	}
}

/// A tensor in single precision, in the file's order.
fn values(file: &mut Gguf, name: &str) -> Result<Vec<f32>> {
	let stored = file.tensor(name)?;
	match stored.numbers {
		Numbers::Plain(_, values) => Ok(values),
		Numbers::Blocks(..) => Ok(Matrix::new(stored)?.values(Isa::best())),
	}
}

fn encode(name: &str, values: Vec<f32>, shape: &[usize], encoding: Encoding) -> Result<Vec<u8>> {
	match encoding {
		Encoding::Plain(dtype) => plain(name, &values, crate::weights::precision(name, dtype)?),
		Encoding::Blocks(dtype) => {
			if let Some(index) = values.iter().position(|value| !value.is_finite()) {
				return Err(Error::NonFinite { name: name.to_string(), index });
			}
			let device = candle_core::Device::Cpu;
			let tensor = candle_core::Tensor::from_vec(values, shape, &device)?;
			let blocks = candle_core::quantized::QTensor::quantize(&tensor, dtype)?;
			Ok(blocks.data()?.to_vec())
		}
	}
}
