//! The attribution index of a model version: what its commitment is over, and all that a claim is
//! built from.

mod builder;
mod check;
mod draft;
mod layout;
mod parts;
mod rows;
mod target;
mod view;

use crate::{
	cluster,
	error::{Error, Result},
	features,
	projection::{self, Projection},
	scan::Coarse,
	tree::Nodes,
};
use codec::Encode;
use draft::Draft;
use layout::Layout;
use memmap2::Mmap;
use openledger_primitives_attribution::IndexLeaf;
use openledger_primitives_core::{
	DatanetId, Hash,
	model::{IndexCommitment, Method},
	record::Snapshot,
};
use std::{
	fs::File,
	path::Path,
	sync::{Arc, OnceLock},
};

pub use builder::Builder;
pub(crate) use check::check_sketch;
pub use layout::VERSION;
pub use parts::{Header, Leaf, Parts};
pub use rows::{Contributors, Leaves, Records};
pub use view::{LeafRef, View};

/// Identifies the way the leaves of gradients are made, in the header: features, clusters and the
/// projection.
pub const GRADIENTS: u32 = projection::VERSION << 12 | cluster::VERSION << 8 | features::VERSION;

/// Where an index's bytes are.
#[derive(Debug)]
enum Storage {
	Memory(Vec<u8>),
	Mapped(Mmap),
}

impl Storage {
	fn bytes(&self) -> &[u8] {
		match self {
			Self::Memory(bytes) => bytes,
			Self::Mapped(map) => map,
		}
	}
}

/// An attribution index: one run of bytes, in memory or mapped from a file, with nothing held beside
/// it for each leaf. Copies share them.
///
/// Whatever it was read from, every leaf has the method's dimension, every head is a head, the
/// records give the snapshots' roots and the contributor leaves are the sums of their records; only
/// [`IndexFile::open_own`] and [`IndexFile::open_own_retrieval`] take this on trust.
#[derive(Debug, Clone)]
pub struct IndexFile {
	storage: Arc<Storage>,
	header: Header,
	layout: Layout,
	projection: OnceLock<Projection>,
	hash: OnceLock<Hash>,
	coarse: Arc<OnceLock<Coarse>>,
}

impl IndexFile {
	fn of(storage: Storage, header: Header, layout: Layout) -> Self {
		Self {
			storage: Arc::new(storage),
			header,
			layout,
			projection: OnceLock::new(),
			hash: OnceLock::new(),
			coarse: Arc::default(),
		}
	}

	/// Puts an index together in memory and checks it; [`Builder`] writes one that need not fit.
	///
	/// # Errors
	/// Typed, for whatever does not fit together.
	pub fn new(parts: Parts) -> Result<Self> {
		let Parts { header, leaves, records } = parts;
		let counted = header.check()?;
		if records.len() != counted as usize {
			return Err(Error::RecordCount { records: records.len(), counted: counted.into() });
		}
		let floor_ppm = header.floor_ppm;
		let record = |position: usize| records.get(position).cloned();
		let mut draft = Draft::begin(header, &record, None, |length| Ok(vec![0; length]))?;
		for leaf in leaves {
			draft.push(leaf)?;
		}
		draft.complete(None)?;
		let (bytes, header, layout) = draft.seal(floor_ppm)?;
		Ok(Self::of(Storage::Memory(bytes), header, layout))
	}

	/// Bytes of the file of an index over these snapshots, with leaves for so many contributors.
	///
	/// # Errors
	/// [`Error::Malformed`], for what there is no index of.
	pub fn length_of(
		method: Method,
		snapshots: &[(DatanetId, Snapshot)],
		contributors: u32,
	) -> Result<u64> {
		let header = Header {
			method,
			manifest: Hash::zero(),
			adapter: Hash::zero(),
			projection: Hash::zero(),
			features: GRADIENTS,
			floor_ppm: 0,
			nulls: Hash::zero(),
			snapshots: snapshots.to_vec(),
		};
		let layout = Layout::new(&header, header.encoded_size(), contributors as usize)?;
		Ok(layout.length() as u64)
	}

	/// The same index with another floor, in memory.
	///
	/// # Errors
	/// [`Error::Malformed`] for a floor above one million.
	pub fn with_floor(self, floor_ppm: u32) -> Result<Self> {
		let header = Header { floor_ppm, ..self.header };
		header.check()?;
		let mut bytes = match Arc::try_unwrap(self.storage) {
			Ok(Storage::Memory(bytes)) => bytes,
			Ok(mapped) => mapped.bytes().to_vec(),
			Err(shared) => shared.bytes().to_vec(),
		};
		let encoded = header.encode();
		let table = self.layout.table_with_header(&bytes, &encoded);
		let at = self.layout.range(layout::Section::Header);
		bytes[at].copy_from_slice(&encoded);
		bytes[..table.len()].copy_from_slice(&table);
		Ok(Self::of(Storage::Memory(bytes), header, self.layout))
	}

	/// Reads an index and checks everything in it.
	///
	/// # Errors
	/// Typed, for bytes that are truncated, damaged, of another version or inconsistent.
	pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
		Self::checked(Storage::Memory(bytes.to_vec()), GRADIENTS)
	}

	/// Maps an index file and checks everything in it, which reads and hashes all of it once.
	///
	/// The file must not be changed while it is mapped: index files are written once, under another
	/// name, and renamed, in folders that are the operator's own. Removing or replacing one by
	/// renaming is no change of it.
	///
	/// # Errors
	/// [`Error::Io`], or as [`IndexFile::from_bytes`].
	pub fn open(path: &Path) -> Result<Self> {
		Self::checked(Self::map(path)?, GRADIENTS)
	}

	/// As [`IndexFile::open`], of a retrieval index, which that refuses.
	///
	/// # Errors
	/// As [`IndexFile::open`].
	pub fn open_retrieval(path: &Path) -> Result<Self> {
		Self::checked(Self::map(path)?, crate::retrieval::VERSION)
	}

	/// Maps an index file that this machine built or has checked before: table, header and lengths are
	/// checked, and the rest is taken on trust and read when it is asked for. Whatever it is, nothing
	/// asked of it panics; but a claim on what was damaged since can fail its verification.
	/// [`IndexFile::verify`] checks it all.
	///
	/// # Errors
	/// [`Error::Io`], or as [`IndexFile::from_bytes`] of table and header.
	pub fn open_own(path: &Path) -> Result<Self> {
		Self::trusted(path, GRADIENTS)
	}

	/// As [`IndexFile::open_own`], of a retrieval index, which that refuses.
	///
	/// # Errors
	/// As [`IndexFile::open_own`].
	pub fn open_own_retrieval(path: &Path) -> Result<Self> {
		Self::trusted(path, crate::retrieval::VERSION)
	}

	fn trusted(path: &Path, features: u32) -> Result<Self> {
		let storage = Self::map(path)?;
		let (_, header, layout) = check::outline(storage.bytes())?;
		check_kind(&header, features)?;
		Ok(Self::of(storage, header, layout))
	}

	fn map(path: &Path) -> Result<Storage> {
		let file = File::open(path).map_err(Error::io(path))?;
		Ok(Storage::Mapped(target::map(path, &file)?))
	}

	fn checked(storage: Storage, features: u32) -> Result<Self> {
		let (table, header, layout) = check::outline(storage.bytes())?;
		check_kind(&header, features)?;
		let index = Self::of(storage, header, layout);
		check::everything(&table, &index.view())?;
		Ok(index)
	}

	/// Checks everything, as opening an index of others does.
	///
	/// # Errors
	/// As [`IndexFile::from_bytes`].
	pub fn verify(&self) -> Result<()> {
		let (table, ..) = check::outline(self.to_bytes())?;
		check::everything(&table, &self.view())
	}

	/// Writes the index file; readers see the old file or the whole new one.
	///
	/// # Errors
	/// [`Error::Io`].
	pub fn save(&self, path: &Path) -> Result<()> {
		crate::store::write_atomically(path, self.to_bytes())
	}

	/// The index file's bytes, under whose blake2b-256 the content store has it.
	pub fn to_bytes(&self) -> &[u8] {
		self.storage.bytes()
	}

	/// What is committed to on chain. The first call hashes the whole file.
	pub fn commitment(&self) -> IndexCommitment {
		let root = |tree: Option<Nodes>| tree.map(|tree| tree.root()).unwrap_or_default();
		IndexCommitment {
			records_root: root(self.view().leaf_tree()),
			records: self.layout.records as u32,
			contributors_root: root(self.view().contributor_tree()),
			contributors: self.layout.contributors as u32,
			floor_ppm: self.header.floor_ppm,
			file: *self.hash.get_or_init(|| hash(self.to_bytes())),
		}
	}

	/// What the index was made from.
	pub fn header(&self) -> &Header {
		&self.header
	}

	/// The projection of the header's seed, drawn at the first call.
	pub fn projection(&self) -> &Projection {
		self.projection.get_or_init(|| {
			Projection::new(&self.header.projection, self.dimension(), features::DIMENSION)
		})
	}

	/// Components of a sketch.
	pub fn dimension(&self) -> usize {
		self.layout.dimension
	}

	/// How many records there are.
	pub fn len(&self) -> usize {
		self.layout.records
	}

	/// Whether there are no records; never so in a valid index.
	pub fn is_empty(&self) -> bool {
		self.len() == 0
	}

	/// All that is in the sections.
	pub fn view(&self) -> View<'_> {
		View { bytes: self.to_bytes(), layout: &self.layout, header: &self.header }
	}

	/// The leaves, in manifest order.
	pub fn leaves(&self) -> Leaves<'_> {
		Leaves(self.view())
	}

	/// The record leaves behind them.
	pub fn records(&self) -> Records<'_> {
		Records(self.view())
	}

	/// The contributor leaves, in ascending order of account.
	pub fn contributors(&self) -> Contributors<'_> {
		Contributors(self.view())
	}

	/// The leaf at `position` as it is hashed.
	pub fn leaf(&self, position: usize) -> Option<IndexLeaf> {
		self.view().index_leaf(position)
	}

	/// What the first stage of a two-stage search reads, made at the first call.
	pub(crate) fn coarse(&self) -> &Coarse {
		self.coarse.get_or_init(|| Coarse::new(&self.view().rows()))
	}
}

/// Refuses an index of another kind: one is of gradients, the other of texts.
///
/// # Errors
/// [`Error::Malformed`].
pub(crate) fn check_kind(header: &Header, features: u32) -> Result<()> {
	match header.features == features {
		true => Ok(()),
		false => Err(Error::malformed(
			"index header",
			"it is of another kind: one is of gradients, the other, a retrieval's, of texts",
		)),
	}
}

/// blake2b-256 of bytes that may not fit in memory.
fn hash(bytes: &[u8]) -> Hash {
	let mut hasher = blake2b_simd::Params::new().hash_length(32).to_state();
	hasher.update(bytes);
	Hash::from_slice(hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests;
