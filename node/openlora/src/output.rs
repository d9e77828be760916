//! Files and folders that appear as a whole or not at all.

use std::{
	fs::{self, File},
	io::{self, BufWriter, Write},
	path::{Path, PathBuf},
};

use crate::error::{Error, Result};

/// Writes a file beside its place and moves it there when `write` is done.
///
/// # Errors
/// [`Error::Exists`] when there is something already and `replace` is not set, [`Error::Io`], or what
/// `write` returns; nothing is left behind then.
pub fn file(
	path: &Path,
	replace: bool,
	write: impl FnOnce(&mut dyn Write) -> Result<()>,
) -> Result<()> {
	let partial = Partial::beside(path, replace)?;
	if path.is_dir() {
		return Err(Error::Exists(path.to_path_buf()));
	}
	let create = || File::create_new(&partial.path);
	let mut file = BufWriter::with_capacity(1 << 20, create().map_err(Error::io(path))?);
	write(&mut file)?;
	let finish = || {
		file.flush()?;
		// Renaming may reach the disk before the content does.
		file.get_ref().sync_all()?;
		fs::rename(&partial.path, path)
	};
	finish_with(finish, path)
}

/// Fills a folder beside its place and moves it there when `write` is done. What was there before is gone
/// only after that.
///
/// # Errors
/// As [`file`].
pub fn folder(path: &Path, replace: bool, write: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
	let partial = Partial::beside(path, replace)?;
	if path.is_file() {
		return Err(Error::Exists(path.to_path_buf()));
	}
	fs::create_dir(&partial.path).map_err(Error::io(path))?;
	write(&partial.path)?;
	let finish = || {
		if !path.exists() {
			return fs::rename(&partial.path, path);
		}
		let old = Partial::named(path, "old");
		fs::rename(path, &old.path)?;
		fs::rename(&partial.path, path).or_else(|error| {
			fs::rename(&old.path, path)?;
			Err(error)
		})
	};
	finish_with(finish, path)
}

/// Writes one file of a folder in the making.
pub(crate) fn part(path: &Path, bytes: &[u8]) -> Result<()> {
	let write = || {
		let mut file = File::create_new(path)?;
		file.write_all(bytes)?;
		file.sync_all()
	};
	write().map_err(Error::io(path))
}

fn finish_with(finish: impl FnOnce() -> io::Result<()>, path: &Path) -> Result<()> {
	finish().map_err(Error::io(path))
}

/// Something unfinished, removed when dropped unless it has been moved away.
struct Partial {
	path: PathBuf,
}

impl Partial {
	fn beside(path: &Path, replace: bool) -> Result<Self> {
		if !replace && path.symlink_metadata().is_ok() {
			return Err(Error::Exists(path.to_path_buf()));
		}
		if path.file_name().is_none() {
			return Err(Error::io(path)(io::ErrorKind::InvalidInput.into()));
		}
		if let Some(parent) = path.parent() {
			fs::create_dir_all(parent).map_err(Error::io(parent))?;
		}
		Ok(Self::named(path, "partial"))
	}

	/// On the same file system, under a name that no other process takes.
	fn named(path: &Path, end: &str) -> Self {
		let name = path.file_name().unwrap_or_default().to_string_lossy();
		let partial =
			Self { path: path.with_file_name(format!(".{name}.{}.{end}", std::process::id())) };
		// Of a process of that number that did not end well.
		partial.remove();
		partial
	}

	fn remove(&self) {
		if self.path.is_dir() {
			fs::remove_dir_all(&self.path).ok();
		} else {
			fs::remove_file(&self.path).ok();
		}
	}
}

impl Drop for Partial {
	fn drop(&mut self) {
		self.remove();
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn names(folder: &Path) -> Vec<String> {
		let entries = fs::read_dir(folder).unwrap();
		let mut names: Vec<_> =
			entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
		names.sort();
		names
	}

	fn writes(text: &'static str) -> impl FnOnce(&mut dyn Write) -> Result<()> {
		move |out| out.write_all(text.as_bytes()).map_err(Error::io(Path::new("out")))
	}

	#[test]
	fn file_is_the_old_one_when_writing_fails() {
		let root = tempfile::tempdir().unwrap();
		let path = root.path().join("new").join("file");
		file(&path, false, writes("one")).unwrap();
		assert!(matches!(file(&path, false, writes("two")), Err(Error::Exists(_))));
		let failed = file(&path, true, |out| {
			writes("tw")(out)?;
			Err(Error::Cancelled)
		});
		assert!(matches!(failed, Err(Error::Cancelled)));
		assert_eq!(fs::read_to_string(&path).unwrap(), "one");
		file(&path, true, writes("two")).unwrap();
		assert_eq!(fs::read_to_string(&path).unwrap(), "two");
		assert_eq!(names(path.parent().unwrap()), ["file"]);
	}

	#[test]
	fn folder_is_the_old_one_when_writing_fails() {
		let root = tempfile::tempdir().unwrap();
		let path = root.path().join("folder");
		folder(&path, false, |new| part(&new.join("a"), b"1")).unwrap();
		assert!(matches!(folder(&path, false, |_| Ok(())), Err(Error::Exists(_))));
		let failed = folder(&path, true, |new| {
			part(&new.join("b"), b"2")?;
			Err(Error::Cancelled)
		});
		assert!(matches!(failed, Err(Error::Cancelled)));
		assert_eq!(names(&path), ["a"]);
		folder(&path, true, |new| part(&new.join("b"), b"2")).unwrap();
		assert_eq!(names(&path), ["b"]);
		assert_eq!(names(root.path()), ["folder"]);
	}

	#[test]
	fn file_and_folder_do_not_take_each_others_place() {
		let root = tempfile::tempdir().unwrap();
		let (a, b) = (root.path().join("a"), root.path().join("b"));
		file(&a, false, writes("one")).unwrap();
		assert!(matches!(folder(&a, true, |_| Ok(())), Err(Error::Exists(_))));
		folder(&b, false, |_| Ok(())).unwrap();
		assert!(matches!(file(&b, true, writes("two")), Err(Error::Exists(_))));
		assert_eq!(names(root.path()), ["a", "b"]);
	}
}
