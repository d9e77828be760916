//! An index file written leaf by leaf, which a killed build goes on with.

use super::{Header, IndexFile, Leaf, Storage, View, draft::Draft, target::Partial};
use crate::{
	error::{Error, Result},
	store::write_atomically,
};
use codec::Encode;
use openledger_primitives_core::record::RecordLeaf;
use sp_core::crypto::AccountId32;
use sp_io::hashing::blake2_256;
use std::{
	fs,
	path::{Path, PathBuf},
};

/// Leaves after which what is written is made to last.
const JOURNALLED: usize = 1 << 14;

/// Writes an index file: `NAME.partial` as long as the whole, and `NAME.journal`, which says how many
/// leaves are in it for good. Memory is bounded by the number of contributors, not of records.
///
/// The journal holds the blake2b-256 of what is built, the number of leaves (u64, little-endian) and
/// the blake2b-256 of both. A build of something else begins anew.
#[derive(Debug)]
pub struct Builder {
	draft: Draft<Partial>,
	path: PathBuf,
	identity: [u8; 32],
	journalled: usize,
	old: Option<IndexFile>,
}

impl Builder {
	/// Begins the index file at `path` over `records`, in manifest order, or goes on with it where an
	/// earlier build of the same was ended. The header's floor is of no account.
	///
	/// # Errors
	/// Typed: a header out of range, records that are not the snapshots', or [`Error::Io`].
	pub fn open(path: &Path, header: Header, records: &[RecordLeaf<AccountId32>]) -> Result<Self> {
		Self::start(path, header, records, None)
	}

	/// Begins an index file that begins as `old` does: `records` are those that the header's snapshots
	/// have more. Nothing that is in `old` is computed or hashed again; the file is the one that a
	/// build from the start would write. Leaves of `old` stay as they are, so that where a new record
	/// becomes the head of an old cluster, the index has to be built from the start.
	///
	/// # Errors
	/// [`Error::NotAnExtension`] where the header is not of an index that begins with `old`; as
	/// [`Builder::open`].
	pub fn append(
		path: &Path,
		old: &IndexFile,
		header: Header,
		records: &[RecordLeaf<AccountId32>],
	) -> Result<Self> {
		extends(old.header(), &header)?;
		Self::start(path, header, records, Some(old.clone()))
	}

	fn start(
		path: &Path,
		mut header: Header,
		records: &[RecordLeaf<AccountId32>],
		old: Option<IndexFile>,
	) -> Result<Self> {
		header.floor_ppm = 0;
		let counted = header.check()?;
		let before = old.as_ref().map_or(0, IndexFile::len);
		if before + records.len() != counted as usize {
			let found = before + records.len();
			return Err(Error::RecordCount { records: found, counted: counted.into() });
		}
		let from = old.as_ref().map(|old| old.commitment().encode());
		let identity = blake2_256(&(super::VERSION, &header, from).encode());
		let journalled = read_journal(path, &identity);
		let view = old.as_ref().map(IndexFile::view);
		let record = |position: usize| match &view {
			Some(old) if position < before => old.record(position),
			_ => records.get(position - before).cloned(),
		};
		let mut kept = false;
		let mut draft = Draft::begin(header, &record, view, |length| {
			let keep = journalled.is_some() && Partial::is_there(path, length);
			if !keep {
				// What it counts is about to be overwritten, and a later start must not trust it.
				forget_journal(path)?;
			}
			let (partial, found) = Partial::open(path, length, keep)?;
			kept = found;
			Ok(partial)
		})?;
		if let Some(count) = journalled.filter(|_| kept) {
			draft.go_on_at(count.max(draft.len()));
		}
		let journalled = draft.len();
		Ok(Self { draft, path: path.to_path_buf(), identity, journalled, old })
	}

	/// Leaves that there are: the next one pushed has this position.
	pub fn len(&self) -> usize {
		self.draft.len()
	}

	/// Whether there are no leaves yet.
	pub fn is_empty(&self) -> bool {
		self.len() == 0
	}

	/// Adds the leaf of the next position.
	///
	/// # Errors
	/// [`Error::Dimension`], [`Error::Asymmetric`], [`Error::RecordCount`] for one too many, or
	/// [`Error::Io`].
	pub fn push(&mut self, leaf: Leaf) -> Result<()> {
		self.draft.push(leaf)?;
		if self.len() >= self.journalled + JOURNALLED {
			self.keep()?;
		}
		Ok(())
	}

	/// Makes the leaves pushed so far last, as is done by itself after every 16,384.
	///
	/// # Errors
	/// [`Error::Io`].
	pub fn keep(&mut self) -> Result<()> {
		self.draft.flush()?;
		self.draft.target().sync()?;
		let mut journal = self.identity.to_vec();
		journal.extend_from_slice(&(self.len() as u64).to_le_bytes());
		let hash = blake2_256(&journal);
		journal.extend_from_slice(&hash);
		write_atomically(&Partial::path_of(&self.path, ".journal"), &journal)?;
		self.journalled = self.len();
		Ok(())
	}

	/// Ends the file with the floor that `floor` finds for it, and opens it.
	///
	/// # Errors
	/// Typed: leaves missing, clusters that are none, what `floor` returns, or [`Error::Io`].
	pub fn finish(mut self, floor: impl FnOnce(&View) -> Result<u32>) -> Result<IndexFile> {
		self.draft.complete(self.old.as_ref().map(IndexFile::view))?;
		let floor_ppm = floor(&self.draft.view())?;
		let (target, header, layout) = self.draft.seal(floor_ppm)?;
		let storage = Storage::Mapped(target.rename(&self.path)?);
		// The file is whole, and a journal without a partial file is forgotten by the next start.
		let _ = forget_journal(&self.path);
		Ok(IndexFile::of(storage, header, layout))
	}
}

/// Whether an index with the header `new` begins with one that has `old`.
pub(super) fn extends(old: &Header, new: &Header) -> Result<()> {
	let differing = if new.method != old.method {
		Some("method")
	} else if new.adapter != old.adapter {
		Some("adapter")
	} else if new.projection != old.projection {
		Some("projection")
	} else if new.features != old.features {
		Some("version of features")
	} else {
		let last = old.snapshots.len().saturating_sub(1);
		let kept = old.snapshots.iter().enumerate().all(|(at, (datanet, before))| {
			new.snapshots.get(at).is_some_and(|(other, after)| {
				let same = after.count == before.count && after.root == before.root;
				other == datanet && (same || at == last && after.count > before.count)
			})
		});
		(!kept).then_some("snapshots")
	};
	differing.map_or(Ok(()), |what| Err(Error::NotAnExtension(what)))
}

/// Removes the journal for good.
fn forget_journal(path: &Path) -> Result<()> {
	let journal = Partial::path_of(path, ".journal");
	match fs::remove_file(&journal) {
		Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
			Err(Error::io(&journal)(error))
		}
		Err(_) => Ok(()),
		Ok(()) => {
			let folder = journal.parent().filter(|folder| !folder.as_os_str().is_empty());
			let folder = folder.unwrap_or(Path::new("."));
			fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::io(folder))
		}
	}
}

/// How many leaves an interrupted build of the same left; `None` where there is none.
fn read_journal(path: &Path, identity: &[u8; 32]) -> Option<usize> {
	let journal = fs::read(Partial::path_of(path, ".journal")).ok()?;
	let (content, hash) = journal.split_last_chunk::<32>()?;
	let (of, count) = content.split_first_chunk::<32>()?;
	if blake2_256(content) != *hash || of != identity {
		return None;
	}
	usize::try_from(u64::from_le_bytes(*count.first_chunk()?)).ok()
}
