//! Writes GGUF files, whole or, for tests of refusals, wrong in one place.

use candle_core::{
	Tensor,
	quantized::{GgmlDType, QTensor},
};

use crate::gguf::writer::{self, ALIGNMENT, Metadata, TensorEntry};

/// A metadata value to write.
#[derive(Debug, Clone)]
pub enum MetadataValue {
	/// 32-bit unsigned.
	U32(u32),
	/// 32-bit float.
	F32(f32),
	/// True or false.
	Bool(bool),
	/// A string.
	Text(String),
	/// A list of strings.
	Texts(Vec<String>),
	/// A list of 32-bit signed integers.
	I32s(Vec<i32>),
	/// A list of 32-bit floats.
	F32s(Vec<f32>),
}

/// How matrices are stored; vectors are always f32, as llama.cpp keeps them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
	/// 32-bit floats.
	F32,
	/// 16-bit IEEE floats.
	F16,
	/// The upper halves of 32-bit floats.
	Bf16,
	/// One of GGML's block formats.
	Blocks(GgmlDType),
}

/// A GGUF file in the making.
#[derive(Debug, Clone, Default)]
pub struct GgufWriter {
	metadata: Vec<(String, MetadataValue)>,
	tensors: Vec<Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
	name: String,
	/// Outermost dimension first.
	dims: Vec<usize>,
	id: u32,
	data: Vec<u8>,
}

impl GgufWriter {
	/// Sets a metadata entry, replacing one of that name.
	pub fn set(&mut self, key: &str, value: MetadataValue) -> &mut Self {
		self.unset(key);
		self.metadata.push((key.to_string(), value));
		self
	}

	/// Removes a metadata entry.
	pub fn unset(&mut self, key: &str) -> &mut Self {
		self.metadata.retain(|(name, _)| name != key);
		self
	}

	/// Adds a tensor, replacing one of that name.
	pub fn tensor(&mut self, name: String, tensor: &Tensor, encoding: Encoding) -> &mut Self {
		let encoding = if tensor.rank() == 1 { Encoding::F32 } else { encoding };
		let values = || -> Vec<f32> {
			tensor.flatten_all().and_then(|t| t.to_vec1()).expect("a tensor of f32")
		};
		let (id, data) = match encoding {
			Encoding::F32 => (0, values().iter().flat_map(|v| v.to_le_bytes()).collect()),
			Encoding::F16 => {
				(1, values().iter().flat_map(|&v| half::f16::from_f32(v).to_le_bytes()).collect())
			}
			Encoding::Bf16 => {
				(30, values().iter().flat_map(|&v| half::bf16::from_f32(v).to_le_bytes()).collect())
			}
			Encoding::Blocks(dtype) => {
				let blocks = QTensor::quantize(tensor, dtype).expect("rows fit the blocks");
				(block_id(dtype), blocks.data().expect("on the CPU").to_vec())
			}
		};
		self.remove(&name);
		self.tensors.push(Entry { name, dims: tensor.dims().to_vec(), id, data });
		self
	}

	/// Removes a tensor.
	pub fn remove(&mut self, name: &str) -> &mut Self {
		self.tensors.retain(|entry| entry.name != name);
		self
	}

	/// The stored bytes of a tensor, to be spoilt.
	pub fn data(&mut self, name: &str) -> &mut Vec<u8> {
		let entry = self.tensors.iter_mut().find(|entry| entry.name == name);
		&mut entry.expect("a tensor of that name").data
	}

	/// Declares another shape for a tensor, leaving its bytes.
	pub fn reshape(&mut self, name: &str, dims: &[usize]) -> &mut Self {
		let entry = self.tensors.iter_mut().find(|entry| entry.name == name);
		entry.expect("a tensor of that name").dims = dims.to_vec();
		self
	}

	/// Declares another GGML type for a tensor, leaving its bytes.
	pub fn retype(&mut self, name: &str, id: u32) -> &mut Self {
		let entry = self.tensors.iter_mut().find(|entry| entry.name == name);
		entry.expect("a tensor of that name").id = id;
		self
	}

	/// The file's bytes.
	pub fn finish(&self) -> Vec<u8> {
		let mut metadata = Metadata::default();
		for (key, value) in &self.metadata {
			value.add(&mut metadata, key);
		}
		let described = self.tensors.iter().map(|entry| TensorEntry {
			name: entry.name.clone(),
			shape: entry.dims.clone(),
			id: entry.id,
			size: entry.data.len() as u64,
		});
		let mut out = writer::header(&metadata, &described.collect::<Vec<_>>(), ALIGNMENT);
		for entry in &self.tensors {
			out.resize(out.len().next_multiple_of(ALIGNMENT), 0);
			out.extend(&entry.data);
		}
		out
	}
}

impl MetadataValue {
	fn add(&self, metadata: &mut Metadata, key: &str) {
		match self {
			Self::U32(value) => metadata.entry(key, 4, &value.to_le_bytes()),
			Self::F32(value) => metadata.entry(key, 6, &value.to_le_bytes()),
			Self::Bool(value) => metadata.entry(key, 7, &[u8::from(*value)]),
			Self::Text(value) => metadata.text(key, value),
			Self::Texts(values) => {
				metadata.list(
					key,
					8,
					values.len(),
					&values.iter().flat_map(|v| writer::text(v)).collect::<Vec<_>>(),
				);
			}
			Self::F32s(values) => {
				metadata.list(
					key,
					6,
					values.len(),
					&values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>(),
				);
			}
			Self::I32s(values) => {
				metadata.list(
					key,
					5,
					values.len(),
					&values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>(),
				);
			}
		}
	}
}

fn block_id(dtype: GgmlDType) -> u32 {
	match dtype {
		GgmlDType::Q4_0 => 2,
		GgmlDType::Q4_1 => 3,
		GgmlDType::Q5_0 => 6,
		GgmlDType::Q5_1 => 7,
		GgmlDType::Q8_0 => 8,
		GgmlDType::Q2K => 10,
		GgmlDType::Q3K => 11,
		GgmlDType::Q4K => 12,
		GgmlDType::Q5K => 13,
		GgmlDType::Q6K => 14,
		other => panic!("{other:?} is not a block format of GGUF files"),
	}
}
