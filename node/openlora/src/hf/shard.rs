//! One safetensors file, read tensor by tensor so that it is never in memory as a whole.

use std::{
	fs::File,
	io::{Read, Seek, SeekFrom},
	path::{Path, PathBuf},
};

use safetensors::tensor::Metadata;

use crate::{
	error::{Error, Result},
	kernels::Precision,
	weights::{self, Numbers, Stored},
};

/// The limit of the format itself.
const MAX_HEADER: u64 = 100_000_000;
/// Bytes of the header's length at the start of the file.
const PREFIX: u64 = 8;

/// An open safetensors file.
pub(crate) struct Shard {
	file: File,
	path: PathBuf,
	header: Metadata,
	/// Where tensor data starts.
	data: u64,
}

impl Shard {
	/// Opens the file and checks its header against its length.
	pub(crate) fn open(path: &Path) -> Result<Self> {
		let mut file = File::open(path).map_err(Error::io(path))?;
		let len = file.metadata().map_err(Error::io(path))?.len();
		let truncated = |what: &str, offset: u64, needed: u64| Error::Truncated {
			what: what.to_string(),
			offset,
			needed,
			available: len.saturating_sub(offset),
		};
		if len < PREFIX {
			return Err(truncated("header length", 0, PREFIX));
		}
		let mut prefix = [0; PREFIX as usize];
		file.read_exact(&mut prefix).map_err(Error::io(path))?;
		let header_len = u64::from_le_bytes(prefix);
		if header_len > MAX_HEADER {
			return Err(Error::OversizedHeader {
				what: "safetensors header length",
				found: header_len,
				limit: MAX_HEADER,
			});
		}
		if header_len > len - PREFIX {
			return Err(truncated("header", PREFIX, header_len));
		}
		let mut header = vec![0; header_len as usize];
		file.read_exact(&mut header).map_err(Error::io(path))?;
		let header: Metadata = serde_json::from_slice(&header)
			.map_err(|e| Error::malformed("safetensors header", e))?;
		let (data, needed) = (PREFIX + header_len, header.data_len() as u64);
		if needed > len - data {
			return Err(truncated("tensor data", data, needed));
		}
		if needed < len - data {
			let surplus = len - data - needed;
			let reason = format!("{surplus} bytes after the last tensor");
			return Err(Error::malformed("safetensors file", reason));
		}
		Ok(Self { file, path: path.to_path_buf(), header, data })
	}

	/// Names of the tensors in it.
	pub(crate) fn names(&self) -> Vec<String> {
		self.header.offset_keys()
	}

	/// Where it is.
	pub(crate) fn path(&self) -> &Path {
		&self.path
	}

	/// Precision and shape of a tensor.
	pub(crate) fn info(&self, name: &str) -> Result<(Precision, &[usize])> {
		let info = self.header.info(name).ok_or_else(|| Error::MissingTensor(name.to_string()))?;
		Ok((weights::precision(name, info.dtype)?, &info.shape))
	}

	/// Reads a tensor.
	pub(crate) fn tensor(&mut self, name: &str) -> Result<Stored> {
		let info = self.header.info(name).ok_or_else(|| Error::MissingTensor(name.to_string()))?;
		let (from, to) = info.data_offsets;
		let mut bytes = vec![0; to - from];
		self.file
			.seek(SeekFrom::Start(self.data + from as u64))
			.and_then(|_| self.file.read_exact(&mut bytes))
			.map_err(Error::io(&self.path))?;
		let values = weights::to_f32(name, info.dtype, &bytes)?;
		let numbers = Numbers::Plain(weights::precision(name, info.dtype)?, values);
		Ok(Stored { name: name.to_string(), shape: info.shape.clone(), numbers, order: None })
	}
}
