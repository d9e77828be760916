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
	// the mapping whole.
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

	/// Creates the file, `length` bytes long. With `keep`, what an earlier one of that length holds is
	/// left in it; whether there is one is given back too.
	///
	/// # Errors
	/// [`Error::Io`].
	pub(super) fn open(path: &Path, length: usize, keep: bool) -> Result<(Self, bool)> {
		let path = Self::path_of(path, ".partial");
		if let Some(folder) = path.parent() {
			fs::create_dir_all(folder).map_err(Error::io(folder))?;
		}
		let keep = keep && fs::metadata(&path).is_ok_and(|found| found.len() == length as u64);
		let mut options = fs::OpenOptions::new();
		options.read(true).write(true).create(true).truncate(!keep);
		let file = options.open(&path).map_err(Error::io(&path))?;
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
