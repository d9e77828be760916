//! The GGUF container: header, metadata and where the tensors lie.
//!
//! Format: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>. Lengths are checked against
//! the file before anything is allocated.

use std::{
	collections::HashMap,
	fs::File,
	io::{BufReader, Read, Seek, SeekFrom},
	path::Path,
};

use candle_core::{
	Device,
	quantized::{GgmlDType, ggml_file::qtensor_from_ggml},
};
use safetensors::Dtype;

use super::{
	value::Value,
	writer::{ALIGNMENT, Metadata},
};
use crate::{
	error::{Error, Result},
	kernels::{Precision, quantised::BlockFormat},
	weights::{self, Numbers, Stored},
};

const MAGIC: &[u8; 4] = b"GGUF";
/// Versions with 64-bit lengths.
const VERSIONS: std::ops::RangeInclusive<u32> = 2..=3;
const MAX_ENTRIES: u64 = 1 << 16;
const MAX_STRING: u64 = 1 << 24;
const MAX_ARRAY: u64 = 1 << 24;
const MAX_DIMENSIONS: u32 = 4;
const MAX_NESTING: u32 = 2;

/// An open GGUF file whose header has been read.
#[derive(Debug)]
pub(crate) struct Gguf {
	source: Source,
	metadata: HashMap<String, Value>,
	/// Where each entry begins and ends, in the file's order.
	spans: Vec<(String, std::ops::Range<u64>)>,
	tensors: HashMap<String, TensorInfo>,
}

#[derive(Debug)]
struct TensorInfo {
	encoding: Encoding,
	/// Outermost dimension first, as candle orders them; the file has them the other way round.
	shape: Vec<usize>,
	/// Bytes from the start of the file.
	offset: u64,
	size: u64,
}

/// How a tensor's elements are stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Encoding {
	Plain(Dtype),
	Blocks(GgmlDType),
}

impl Encoding {
	fn from_id(id: u32) -> Option<Self> {
		Some(match id {
			0 => Self::Plain(Dtype::F32),
			1 => Self::Plain(Dtype::F16),
			30 => Self::Plain(Dtype::BF16),
			2 => Self::Blocks(GgmlDType::Q4_0),
			3 => Self::Blocks(GgmlDType::Q4_1),
			6 => Self::Blocks(GgmlDType::Q5_0),
			7 => Self::Blocks(GgmlDType::Q5_1),
			8 => Self::Blocks(GgmlDType::Q8_0),
			10 => Self::Blocks(GgmlDType::Q2K),
			11 => Self::Blocks(GgmlDType::Q3K),
			12 => Self::Blocks(GgmlDType::Q4K),
			13 => Self::Blocks(GgmlDType::Q5K),
			14 => Self::Blocks(GgmlDType::Q6K),
			_ => return None,
		})
	}

	/// The type's number in a file.
	pub(crate) fn id(self) -> u32 {
		(0..=30)
			.find(|&id| Self::from_id(id) == Some(self))
			.expect("a tensor has the type of its number")
	}

	/// Numbers by themselves.
	pub(crate) fn plain(precision: Precision) -> Self {
		Self::Plain(match precision {
			Precision::F32 => Dtype::F32,
			Precision::F16 => Dtype::F16,
			Precision::BF16 => Dtype::BF16,
		})
	}

	/// Bytes of so many elements, in whole blocks.
	pub(crate) fn bytes(self, elements: usize) -> u64 {
		let (block, bytes) = self.block();
		(elements / block * bytes) as u64
	}

	/// (elements, bytes) of the smallest piece that is stored together.
	fn block(self) -> (usize, usize) {
		match self {
			Self::Plain(dtype) => (1, dtype.bitsize() / 8),
			Self::Blocks(dtype) => (dtype.block_size(), dtype.type_size()),
		}
	}
}

impl Gguf {
	/// Reads the header of the file at `path`.
	pub(crate) fn open(path: &Path) -> Result<Self> {
		let file = File::open(path).map_err(Error::io(path))?;
		let len = file.metadata().map_err(Error::io(path))?.len();
		let mut source =
			Source { reader: BufReader::new(file), path: path.to_path_buf(), position: 0, len };
		let magic: [u8; 4] = source.array("magic number")?;
		if &magic != MAGIC {
			return Err(Error::BadMagic { format: "GGUF", found: magic });
		}
		let version = source.u32("version")?;
		if !VERSIONS.contains(&version) {
			return Err(Error::UnsupportedVersion { format: "GGUF", found: version });
		}
		let tensor_count = source.limited("tensor count", MAX_ENTRIES)?;
		let entry_count = source.limited("metadata entry count", MAX_ENTRIES)?;
		let (mut metadata, mut spans) = (HashMap::new(), Vec::new());
		for _ in 0..entry_count {
			let start = source.position;
			let key = source.string("metadata key")?;
			let kind = source.u32(&key)?;
			let value = source.value(&key, kind, 0)?;
			spans.push((key.clone(), start..source.position));
			if metadata.insert(key.clone(), value).is_some() {
				return Err(Error::malformed("GGUF metadata", format!("{key:?} appears twice")));
			}
		}
		let mut tensors = HashMap::new();
		for _ in 0..tensor_count {
			let name = source.string("tensor name")?;
			let info = source.tensor_info(&name)?;
			if tensors.insert(name.clone(), info).is_some() {
				return Err(Error::malformed("GGUF header", format!("{name:?} appears twice")));
			}
		}
		let mut gguf = Self { source, metadata, spans, tensors };
		gguf.place_tensors()?;
		Ok(gguf)
	}

	/// Turns offsets within the tensor data into offsets within the file, and checks them.
	fn place_tensors(&mut self) -> Result<()> {
		let alignment = self.alignment()? as u64;
		let data = self.source.position.next_multiple_of(alignment);
		for (name, info) in &mut self.tensors {
			if !info.offset.is_multiple_of(alignment) {
				return Err(Error::malformed(name, "its data is not aligned"));
			}
			info.offset = data.saturating_add(info.offset);
			let available = self.source.len.saturating_sub(info.offset);
			if info.size > available {
				return Err(Error::Truncated {
					what: name.clone(),
					offset: info.offset,
					needed: info.size,
					available,
				});
			}
		}
		Ok(())
	}

	/// The multiple of bytes at which tensors begin.
	pub(crate) fn alignment(&self) -> Result<usize> {
		match self.metadata.get("general.alignment") {
			None => Ok(ALIGNMENT),
			Some(value) => value
				.as_u64()
				.and_then(|alignment| usize::try_from(alignment).ok())
				.filter(|alignment| alignment.is_power_of_two() && *alignment <= 1 << 16)
				.ok_or_else(|| Error::malformed("general.alignment", "not a power of two")),
		}
	}

	/// The metadata as the file has it, without some entries.
	pub(crate) fn raw_metadata(&mut self, without: &[&str]) -> Result<Metadata> {
		let (mut bytes, mut count) = (Vec::new(), 0);
		for (key, span) in &self.spans {
			if !without.contains(&key.as_str()) {
				self.source.seek(span.start)?;
				bytes.extend(self.source.bytes(key, span.end - span.start)?);
				count += 1;
			}
		}
		Ok(Metadata::copied(bytes, count))
	}

	/// Every tensor with how it is stored, as they follow each other.
	pub(crate) fn tensors_in_order(&self) -> Vec<(String, Encoding)> {
		let mut tensors: Vec<_> = self.tensors.iter().collect();
		tensors.sort_unstable_by_key(|(name, info)| (info.offset, *name));
		tensors.into_iter().map(|(name, info)| (name.clone(), info.encoding)).collect()
	}

	/// How a tensor is stored.
	pub(crate) fn encoding(&self, name: &str) -> Result<Encoding> {
		let info = self.tensors.get(name).ok_or_else(|| Error::MissingTensor(name.to_string()))?;
		Ok(info.encoding)
	}

	/// A tensor's bytes.
	pub(crate) fn raw(&mut self, name: &str) -> Result<Vec<u8>> {
		let info = self.tensors.get(name).ok_or_else(|| Error::MissingTensor(name.to_string()))?;
		self.source.seek(info.offset)?;
		self.source.bytes(name, info.size)
	}

	/// A metadata entry, if present.
	pub(crate) fn get(&self, key: &str) -> Option<&Value> {
		self.metadata.get(key)
	}

	/// Names of all metadata entries.
	pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
		self.metadata.keys().map(String::as_str)
	}

	/// A metadata entry that has to be present.
	pub(crate) fn require(&self, key: &str) -> Result<&Value> {
		self.get(key).ok_or_else(|| Error::MissingMetadata(key.to_string()))
	}

	/// Names of all tensors.
	pub(crate) fn tensor_names(&self) -> impl Iterator<Item = &str> {
		self.tensors.keys().map(String::as_str)
	}

	/// Shape of a tensor, outermost dimension first.
	pub(crate) fn shape(&self, name: &str) -> Result<&[usize]> {
		let info = self.tensors.get(name).ok_or_else(|| Error::MissingTensor(name.to_string()))?;
		Ok(&info.shape)
	}

	/// Reads a tensor.
	pub(crate) fn tensor(&mut self, name: &str) -> Result<Stored> {
		let (encoding, shape) = (self.encoding(name)?, self.shape(name)?.to_vec());
		let data = self.raw(name)?;
		let numbers = match encoding {
			Encoding::Plain(dtype) => {
				let values = weights::to_f32(name, dtype, &data)?;
				Numbers::Plain(weights::precision(name, dtype)?, values)
			}
			Encoding::Blocks(dtype) => match block_format(dtype) {
				Some(format) => Numbers::Blocks(format, data),
				None => {
					let blocks = qtensor_from_ggml(dtype, &data, shape.clone(), &Device::Cpu)?;
					let values = blocks.dequantize(&Device::Cpu)?.flatten_all()?.to_vec1()?;
					Numbers::Plain(Precision::F32, values)
				}
			},
		};
		Ok(Stored { name: name.to_string(), shape, numbers, order: None })
	}
}

/// The format whose blocks the kernels multiply; the others are expanded.
fn block_format(dtype: GgmlDType) -> Option<BlockFormat> {
	Some(match dtype {
		GgmlDType::Q4_0 => BlockFormat::Q4_0,
		GgmlDType::Q4_1 => BlockFormat::Q4_1,
		GgmlDType::Q5_0 => BlockFormat::Q5_0,
		GgmlDType::Q5_1 => BlockFormat::Q5_1,
		GgmlDType::Q8_0 => BlockFormat::Q8_0,
		GgmlDType::Q4K => BlockFormat::Q4K,
		GgmlDType::Q5K => BlockFormat::Q5K,
		GgmlDType::Q6K => BlockFormat::Q6K,
		_ => return None,
	})
}

/// The file, with its length for checks before reading.
#[derive(Debug)]
struct Source {
	reader: BufReader<File>,
	path: std::path::PathBuf,
	position: u64,
	len: u64,
}

impl Source {
	fn seek(&mut self, position: u64) -> Result<()> {
		self.reader.seek(SeekFrom::Start(position)).map_err(Error::io(&self.path))?;
		self.position = position;
		Ok(())
	}

	fn check(&self, what: &str, needed: u64) -> Result<()> {
		let available = self.len.saturating_sub(self.position);
		if needed > available {
			let (what, offset) = (what.to_string(), self.position);
			return Err(Error::Truncated { what, offset, needed, available });
		}
		Ok(())
	}

	fn fill(&mut self, what: &str, target: &mut [u8]) -> Result<()> {
		self.check(what, target.len() as u64)?;
		self.reader.read_exact(target).map_err(Error::io(&self.path))?;
		self.position += target.len() as u64;
		Ok(())
	}

	fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N]> {
		let mut bytes = [0; N];
		self.fill(what, &mut bytes)?;
		Ok(bytes)
	}

	fn bytes(&mut self, what: &str, len: u64) -> Result<Vec<u8>> {
		self.check(what, len)?;
		let len = usize::try_from(len).map_err(|e| Error::malformed(what, e))?;
		let mut bytes = vec![0; len];
		self.fill(what, &mut bytes)?;
		Ok(bytes)
	}

	fn u32(&mut self, what: &str) -> Result<u32> {
		Ok(u32::from_le_bytes(self.array(what)?))
	}

	fn u64(&mut self, what: &str) -> Result<u64> {
		Ok(u64::from_le_bytes(self.array(what)?))
	}

	fn limited(&mut self, what: &'static str, limit: u64) -> Result<u64> {
		let found = self.u64(what)?;
		if found > limit {
			return Err(Error::OversizedHeader { what, found, limit });
		}
		Ok(found)
	}

	fn string(&mut self, what: &str) -> Result<String> {
		let len = self.limited("string length", MAX_STRING)?;
		let bytes = self.bytes(what, len)?;
		String::from_utf8(bytes).map_err(|e| Error::malformed(what, e))
	}

	fn value(&mut self, key: &str, kind: u32, nesting: u32) -> Result<Value> {
		Ok(match kind {
			0 => Value::Unsigned(u8::from_le_bytes(self.array(key)?).into()),
			1 => Value::Signed(i8::from_le_bytes(self.array(key)?).into()),
			2 => Value::Unsigned(u16::from_le_bytes(self.array(key)?).into()),
			3 => Value::Signed(i16::from_le_bytes(self.array(key)?).into()),
			4 => Value::Unsigned(self.u32(key)?.into()),
			5 => Value::Signed(i32::from_le_bytes(self.array(key)?).into()),
			6 => Value::Float(f32::from_le_bytes(self.array(key)?).into()),
			7 => match self.array::<1>(key)? {
				[0] => Value::Bool(false),
				[1] => Value::Bool(true),
				[other] => return Err(Error::malformed(key, format!("{other} as true or false"))),
			},
			8 => Value::Text(self.string(key)?),
			9 if nesting < MAX_NESTING => {
				let kind = self.u32(key)?;
				let len = self.limited("array length", MAX_ARRAY)?;
				// Every element takes at least a byte, which bounds the work for a forged length.
				self.check(key, len)?;
				self.list(key, kind, len, nesting + 1)?
			}
			10 => Value::Unsigned(self.u64(key)?),
			11 => Value::Signed(i64::from_le_bytes(self.array(key)?)),
			12 => Value::Float(f64::from_le_bytes(self.array(key)?)),
			other => {
				return Err(Error::malformed(key, format!("value type {other} is not known here")));
			}
		})
	}

	fn list(&mut self, key: &str, kind: u32, len: u64, nesting: u32) -> Result<Value> {
		let mut values = (0..len).map(|_| self.value(key, kind, nesting));
		let odd = || Error::malformed(key, "a number beyond 63 bits");
		Ok(match kind {
			0..=5 | 7 | 10 | 11 => {
				let whole = values.map(|value| match value? {
					Value::Unsigned(value) => i64::try_from(value).map_err(|_| odd()),
					Value::Signed(value) => Ok(value),
					Value::Bool(value) => Ok(value.into()),
					_ => Err(odd()),
				});
				Value::Whole(whole.collect::<Result<_>>()?)
			}
			6 | 12 => {
				let floats = values.map(|value| value?.float(key));
				Value::Floats(floats.collect::<Result<_>>()?)
			}
			_ => Value::Array(values.by_ref().collect::<Result<_>>()?),
		})
	}

	fn tensor_info(&mut self, name: &str) -> Result<TensorInfo> {
		let dimensions = self.u32(name)?;
		if dimensions == 0 || dimensions > MAX_DIMENSIONS {
			return Err(Error::malformed(name, format!("it has {dimensions} dimensions")));
		}
		let mut shape = Vec::new();
		for _ in 0..dimensions {
			let dimension = self.u64(name)?;
			shape.push(usize::try_from(dimension).map_err(|e| Error::malformed(name, e))?);
		}
		let id = self.u32(name)?;
		let encoding = Encoding::from_id(id).ok_or_else(|| Error::UnsupportedDtype {
			name: name.to_string(),
			dtype: format!("GGML type {id}"),
		})?;
		let offset = self.u64(name)?;
		let (elements, bytes) = encoding.block();
		// Blocks run along the innermost dimension, which the file names first.
		if !shape[0].is_multiple_of(elements) {
			let reason = format!("rows of {} elements in blocks of {elements}", shape[0]);
			return Err(Error::malformed(name, reason));
		}
		let size = shape
			.iter()
			.try_fold(1usize, |product, &dimension| product.checked_mul(dimension))
			.and_then(|count| (count / elements).checked_mul(bytes))
			.ok_or_else(|| Error::malformed(name, "its size overflows"))? as u64;
		shape.reverse();
		Ok(TensorInfo { encoding, shape, offset, size })
	}
}

#[cfg(test)]
mod tests;
