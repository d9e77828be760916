//! Files that hold secrets, and files that are replaced as a whole.

use std::{
	fs::{self, File, OpenOptions, TryLockError},
	io::{self, Write},
	path::{Path, PathBuf},
};

/// `path` with `suffix` after its name.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
	let mut name = path.as_os_str().to_owned();
	name.push(suffix);
	PathBuf::from(name)
}

/// Replaces the file at `path`: after a crash at any point, it is the old one or the new one. Only
/// its owner can read it. Waits for the disk.
///
/// # Errors
/// Those of the file system.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
	let draft = beside(path, ".new");
	// One left by a crash may have been made by another user's mask.
	match fs::remove_file(&draft) {
		Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
		_ => {}
	}
	let mut options = OpenOptions::new();
	options.write(true).create_new(true);
	#[cfg(unix)]
	std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
	let mut file = options.open(&draft)?;
	file.write_all(bytes)?;
	file.sync_all()?;
	drop(file);
	fs::rename(&draft, path)?;
	sync_folder(path)
}

/// A lock that is held.
pub(crate) struct Lock(File);

impl Drop for Lock {
	fn drop(&mut self) {
		// Closing it would not do: a process that is being started has a copy of the file for a moment,
		// and holds the lock with it.
		let _ = self.0.unlock();
	}
}

/// Holds `path.lock` until what is returned is dropped; `None` where another process holds it. A file
/// that is replaced can't be locked itself.
pub(crate) fn lock(path: &Path) -> io::Result<Option<Lock>> {
	let mut options = OpenOptions::new();
	let file = options.write(true).create(true).truncate(false).open(beside(path, ".lock"))?;
	match file.try_lock() {
		Ok(()) => Ok(Some(Lock(file))),
		Err(TryLockError::WouldBlock) => Ok(None),
		Err(TryLockError::Error(error)) => Err(error),
	}
}

/// Makes a rename or a new name in the folder of `path` last.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
	let folder = match path.parent() {
		Some(folder) if !folder.as_os_str().is_empty() => folder,
		_ => Path::new("."),
	};
	if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Whether others than its owner may read or write the file.
///
/// # Errors
/// Those of the file system.
pub fn is_shared(path: &Path) -> io::Result<bool> {
	#[cfg(unix)]
	{
		use std::os::unix::fs::PermissionsExt;
		Ok(fs::metadata(path)?.permissions().mode() & 0o077 != 0)
	}
	#[cfg(not(unix))]
	{
		fs::metadata(path).map(|_| false)
	}
}
