//! An adapter's file: its matrices as the kernels read them, to be read in one stretch.
//!
//! Little-endian. A header of 32 bytes: the magic number, version, layers of the base, number of pairs
//! (u32 each), bytes of the data (u64), CRC-32 of the table, CRC-32 of the data. Then the table, 20 bytes
//! for each pair in the order of layers and modules: layer and module (u16), rank, inputs and outputs
//! (u32), scale (f32). Then the data, in half precision, one pair after the other.

use std::{
	fs::File,
	io::{Read, Write},
	path::Path,
};

use crate::{
	adapter::{MAX_RANK, Module},
	config::{Config, MAX_LAYERS},
	engine::Packed,
	error::{Error, Result},
	kernels::{Precision, lora::Shape},
};

const MAGIC: [u8; 4] = *b"OLRA";
const VERSION: u32 = 1;
const HEADER: usize = 32;
const ROW: usize = 20;
const FORMAT: &str = "packed adapter";

/// What a file says of itself before its data.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Table {
	pub(super) layers: usize,
	pub(super) pairs: Vec<(usize, Module, Shape)>,
	/// CRC-32 of the data.
	checksum: u32,
}

impl Table {
	/// Bytes of the data.
	pub(super) fn data_bytes(&self) -> u64 {
		self.pairs.iter().map(|(_, _, shape)| shape.bytes() as u64).sum()
	}

	/// Checks that the adapter was made for that base.
	///
	/// # Errors
	/// [`Error::AdapterLayers`] or [`Error::AdapterShape`].
	pub(super) fn fits(&self, base: &Config) -> Result<()> {
		if self.layers != base.layers {
			return Err(Error::AdapterLayers { expected: base.layers, found: self.layers });
		}
		for &(layer, module, Shape { inputs, outputs, .. }) in &self.pairs {
			let (expected, found) = (base.dimensions(module), (inputs, outputs));
			if found != expected {
				return Err(Error::AdapterShape { layer, module, expected, found });
			}
		}
		Ok(())
	}

	fn to_bytes(&self) -> Vec<u8> {
		let mut rows = Vec::with_capacity(self.pairs.len() * ROW);
		for (layer, module, shape) in &self.pairs {
			// Layers and dimensions are bounded far below.
			rows.extend((*layer as u16).to_le_bytes());
			rows.extend((*module as u16).to_le_bytes());
			for number in [shape.rank, shape.inputs, shape.outputs] {
				rows.extend((number as u32).to_le_bytes());
			}
			rows.extend(shape.scale.to_le_bytes());
		}
		let mut bytes = MAGIC.to_vec();
		for number in [VERSION, self.layers as u32, self.pairs.len() as u32] {
			bytes.extend(number.to_le_bytes());
		}
		bytes.extend(self.data_bytes().to_le_bytes());
		bytes.extend(crc32fast::hash(&rows).to_le_bytes());
		bytes.extend(self.checksum.to_le_bytes());
		bytes.extend(rows);
		bytes
	}

	/// Reads the header and the table, and leaves the file where the data begin.
	fn read(file: &mut File, path: &Path) -> Result<Self> {
		let length = file.metadata().map_err(Error::io(path))?.len();
		let short = |what: &str, offset: usize, needed: usize| Error::Truncated {
			what: what.into(),
			offset: offset as u64,
			needed: needed as u64,
			available: length.saturating_sub(offset as u64),
		};
		let mut header = [0; HEADER];
		if length < HEADER as u64 {
			return Err(short("the header", 0, HEADER));
		}
		file.read_exact(&mut header).map_err(Error::io(path))?;
		let word = |at: usize| u32::from_le_bytes(std::array::from_fn(|i| header[at + i]));
		let found = std::array::from_fn(|i| header[i]);
		if found != MAGIC {
			return Err(Error::BadMagic { format: FORMAT, found });
		}
		if word(4) != VERSION {
			return Err(Error::malformed(FORMAT, format!("version {} is not known", word(4))));
		}
		let (layers, pairs) = (word(8) as usize, word(12) as usize);
		let bounds = [("layers", layers, MAX_LAYERS), ("pairs", pairs, layers * Module::ALL.len())];
		for (what, found, limit) in bounds {
			if found > limit {
				let (found, limit) = (found as u64, limit as u64);
				return Err(Error::OversizedHeader { what, found, limit });
			}
		}
		if length < (HEADER + pairs * ROW) as u64 {
			return Err(short("the table", HEADER, pairs * ROW));
		}
		let mut rows = vec![0; pairs * ROW];
		file.read_exact(&mut rows).map_err(Error::io(path))?;
		if crc32fast::hash(&rows) != word(24) {
			return Err(Error::malformed(FORMAT, "its table is damaged"));
		}
		let pairs = rows.chunks_exact(ROW).map(|row| self::row(row, layers));
		let table = Self { layers, pairs: pairs.collect::<Result<_>>()?, checksum: word(28) };
		let order = |(layer, module, _): &(usize, Module, Shape)| (*layer, *module);
		if !table.pairs.is_sorted_by(|one, next| order(one) < order(next)) {
			return Err(Error::malformed(FORMAT, "its pairs are not in order"));
		}
		let data = u64::from_le_bytes(std::array::from_fn(|i| header[16 + i]));
		let offset = HEADER + rows.len();
		if data != table.data_bytes() || length != offset as u64 + data {
			return Err(short("the data", offset, table.data_bytes() as usize));
		}
		Ok(table)
	}
}

fn row(row: &[u8], layers: usize) -> Result<(usize, Module, Shape)> {
	let bad = |what: &str| Error::malformed(FORMAT, format!("{what} of a pair is out of range"));
	let number = |at: usize| -> u32 { u32::from_le_bytes(std::array::from_fn(|i| row[at + i])) };
	let layer = usize::from(u16::from_le_bytes([row[0], row[1]]));
	let module = Module::ALL.get(usize::from(u16::from_le_bytes([row[2], row[3]])));
	let module = *module.ok_or_else(|| bad("the module"))?;
	if layer >= layers {
		return Err(bad("the layer"));
	}
	let rank = number(4) as usize;
	if rank == 0 || rank > MAX_RANK {
		return Err(bad("the rank"));
	}
	let (inputs, outputs) = (number(8) as usize, number(12) as usize);
	let scale = f32::from_bits(number(16));
	if !scale.is_finite() {
		return Err(bad("the scale"));
	}
	Ok((layer, module, Shape { precision: Precision::F16, rank, inputs, outputs, scale }))
}

/// Opens a file that is not a link to another.
pub(super) fn open(path: &Path) -> Result<File> {
	let kind = path.symlink_metadata().map_err(Error::io(path))?.file_type();
	if !kind.is_file() {
		return Err(Error::malformed(FORMAT, "it is not a regular file"));
	}
	File::open(path).map_err(Error::io(path))
}

/// Reads the table alone.
pub(super) fn table(path: &Path) -> Result<Table> {
	Table::read(&mut open(path)?, path)
}

/// Writes the file of an adapter for a base of so many layers, which appears at once and whole. The adapter
/// may have matrices for fewer.
pub(super) fn write(path: &Path, packed: &Packed, layers: usize) -> Result<Table> {
	let pairs = packed.pairs().collect();
	let checksum = crc32fast::hash(packed.bytes());
	let table = Table { layers, pairs, checksum };
	let folder = path.parent().unwrap_or(Path::new("."));
	let mut file = tempfile::NamedTempFile::new_in(folder).map_err(Error::io(folder))?;
	file.write_all(&table.to_bytes()).map_err(Error::io(path))?;
	file.write_all(packed.bytes()).map_err(Error::io(path))?;
	file.as_file().sync_data().map_err(Error::io(path))?;
	file.persist(path).map_err(|error| Error::io(path)(error.error))?;
	Ok(table)
}

/// Reads an adapter whose table is known.
pub(super) fn read(path: &Path, expected: &Table) -> Result<Packed> {
	let mut file = open(path)?;
	let table = Table::read(&mut file, path)?;
	if table != *expected {
		return Err(Error::malformed(FORMAT, "it is not the file any more that it was"));
	}
	let mut packed = Packed::empty(table.layers, table.pairs);
	file.read_exact(packed.bytes_mut()).map_err(Error::io(path))?;
	if crc32fast::hash(packed.bytes()) != table.checksum {
		return Err(Error::malformed(FORMAT, "its data are damaged"));
	}
	Ok(packed)
}
