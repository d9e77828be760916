//! Where an index is written to: memory, or a file beside the one that it becomes.

use crate::error::{Error, Result};
use memmap2::Mmap;
use std::{
	fs::{self, File},
	os::unix::fs::FileExt,
	path::{Path, PathBuf},
};

/// Bytes of a length that is known before the first is written.
pub(super) trait Target {
	/// All of them; zeros where nothing was written yet.
	fn bytes(&self) -> &[u8];

	/// Writes at a place.
	///
	/// # Errors
	/// [`Error::Io`].
	fn write_at(&mut self, at: usize, bytes: &[u8]) -> Result<()>;
}

impl Target for Vec<u8> {
	fn bytes(&self) -> &[u8] {
		self
	}

	fn write_at(&mut self, at: usize, bytes: &[u8]) -> Result<()> {
		self[at..at + bytes.len()].copy_from_slice(bytes);
		Ok(())
	}
}

/// Maps a file that nobody changes while it is mapped.
///
/// # Errors
/// [`Error::Io`].
pub(super) fn map(path: &Path, file: &File) -> Result<Mmap> {
	// SAFETY: index files are written once, under another name, and renamed; the folders that they are
	// in are the operator's own, so that nobody else truncates or changes them. Removing one leaves
	// the mapping whole. A file that is being written is locked by the one that writes it, which reads
	// through `&self` and writes through `&mut self`.
	unsafe { Mmap::map(file) }.map_err(Error::io(path))
}

/// A file that is being written. It is read through a mapping, and written with calls that say when
/// the disk is full, which writing through a mapping could not.
#[derive(Debug)]
pub(super) struct Partial {
	path: PathBuf,
	file: File,
	map: Mmap,
}

impl Partial {
	/// The partial file that becomes `path`.
	pub(super) fn path_of(path: &Path, ending: &str) -> PathBuf {
		let mut name = path.file_name().unwrap_or_default().to_os_string();
		name.push(ending);
		path.with_file_name(name)
	}

	/// Whether a file of that length was left to go on with.
	pub(super) fn is_there(path: &Path, length: usize) -> bool {
		let found = fs::metadata(Self::path_of(path, ".partial"));
		found.is_ok_and(|found| found.len() == length as u64)
	}

	/// Opens the file, `length` bytes long, which nobody else may have open. With `keep`, what it holds is
	/// left in it; that is given back too.
	///
	/// # Errors
	/// [`Error::Io`].
	pub(super) fn open(path: &Path, length: usize, keep: bool) -> Result<(Self, bool)> {
		let path = Self::path_of(path, ".partial");
		if let Some(folder) = path.parent() {
			fs::create_dir_all(folder).map_err(Error::io(folder))?;
		}
		let mut options = fs::OpenOptions::new();
		options.read(true).write(true).create(true).truncate(false);
		let file = options.open(&path).map_err(Error::io(&path))?;
		// Cutting it off under another builder's mapping would end that one.
		file.try_lock().map_err(|error| Error::io(&path)(error.into()))?;
		if !keep {
			file.set_len(0).map_err(Error::io(&path))?;
		}
		file.set_len(length as u64).map_err(Error::io(&path))?;
		let map = map(&path, &file)?;
		Ok((Self { path, file, map }, keep))
	}

	/// Waits until all that was written is on the disk.
	///
	/// # Errors
	/// [`Error::Io`].
	pub(super) fn sync(&self) -> Result<()> {
		self.file.sync_all().map_err(Error::io(&self.path))
	}

	/// Renames the file to what it becomes, and gives its mapping.
	///
	/// # Errors
	/// [`Error::Io`].
	pub(super) fn rename(self, path: &Path) -> Result<Mmap> {
		self.sync()?;
		fs::rename(&self.path, path).map_err(Error::io(path))?;
		Ok(self.map)
	}
}

impl Target for Partial {
	fn bytes(&self) -> &[u8] {
		&self.map
	}

	fn write_at(&mut self, at: usize, bytes: &[u8]) -> Result<()> {
		self.file.write_all_at(bytes, at as u64).map_err(Error::io(&self.path))
	}
}
