//! Copies of remote content on this machine, of bounded total size: the least recently used goes
//! first.

use std::{
	collections::HashMap,
	path::{Path, PathBuf},
	time::SystemTime,
};

use openledger_primitives_core::Hash;
use parking_lot::Mutex;

use super::{ContentError, hash};

pub(super) struct Copies {
	limit: u64,
	state: Mutex<State>,
}

#[derive(Default)]
struct State {
	copies: HashMap<Hash, Entry>,
	total: u64,
	clock: u64,
}

struct Entry {
	path: PathBuf,
	size: u64,
	used: u64,
}

impl State {
	fn forget(&mut self, hash: &Hash) -> Option<Entry> {
		let entry = self.copies.remove(hash)?;
		self.total = self.total.saturating_sub(entry.size);
		Some(entry)
	}

	fn add(&mut self, hash: Hash, size: u64, path: PathBuf) {
		self.forget(&hash);
		self.clock += 1;
		self.total = self.total.saturating_add(size);
		self.copies.insert(hash, Entry { path, size, used: self.clock });
	}
}

impl Copies {
	/// Finds the copies that an earlier run left under `folder`.
	pub(super) fn open(folder: &Path, limit: u64) -> Result<Self, ContentError> {
		let mut found = Vec::new();
		for parent in std::fs::read_dir(folder).map_err(ContentError::io(folder))? {
			let parent = parent.map_err(ContentError::io(folder))?.path();
			if !parent.is_dir() {
				continue;
			}
			for file in std::fs::read_dir(&parent).map_err(ContentError::io(&parent))? {
				let file = file.map_err(ContentError::io(&parent))?;
				let path = file.path();
				let meta = file.metadata().map_err(ContentError::io(&path))?;
				if let Some(Ok(hash)) = file.file_name().to_str().map(hash::parse) {
					let time = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
					found.push((time, hash, meta.len(), path));
				}
			}
		}
		found.sort();
		let copies = Self { limit, state: Mutex::default() };
		for (_, hash, size, path) in found {
			copies.add(&hash, size, &path);
		}
		Ok(copies)
	}

	/// Notes a use.
	pub(super) fn used(&self, hash: &Hash) {
		let mut state = self.state.lock();
		state.clock += 1;
		let clock = state.clock;
		if let Some(entry) = state.copies.get_mut(hash) {
			entry.used = clock;
		}
	}

	/// Notes a new copy, and removes older ones until all fit. The new one stays in any case: it is
	/// about to be read.
	pub(super) fn add(&self, hash: &Hash, size: u64, path: &Path) {
		let mut state = self.state.lock();
		state.add(*hash, size, path.to_path_buf());
		while state.total > self.limit && state.copies.len() > 1 {
			let oldest = state.copies.iter().min_by_key(|(_, entry)| entry.used);
			let Some(oldest) = oldest.map(|(hash, _)| *hash) else { break };
			let Some(entry) = state.forget(&oldest) else { break };
			if let Err(error) = std::fs::remove_file(&entry.path) {
				log::warn!("{} could not be removed: {error}", entry.path.display());
			}
		}
	}

	/// Removes a copy.
	pub(super) fn remove(&self, hash: &Hash, path: &Path) -> Result<(), ContentError> {
		self.state.lock().forget(hash);
		match std::fs::remove_file(path) {
			Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
				Err(ContentError::io(path)(error))
			}
			_ => Ok(()),
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn put(folder: &Path, byte: u8, size: usize) -> (Hash, PathBuf) {
		let hash = Hash::repeat_byte(byte);
		let parent = folder.join(hex::encode([byte]));
		std::fs::create_dir_all(&parent).unwrap();
		let path = parent.join(hash::name(&hash));
		std::fs::write(&path, vec![byte; size]).unwrap();
		(hash, path)
	}

	#[test]
	fn least_recently_used_copy_goes_when_all_do_not_fit() {
		let folder = tempfile::tempdir().unwrap();
		let copies = Copies::open(folder.path(), 100).unwrap();
		let files: Vec<_> = (1..=3).map(|byte| put(folder.path(), byte, 40)).collect();
		copies.add(&files[0].0, 40, &files[0].1);
		copies.add(&files[1].0, 40, &files[1].1);
		copies.used(&files[0].0);
		copies.add(&files[2].0, 40, &files[2].1);
		let left: Vec<_> = files.iter().map(|(_, path)| path.exists()).collect();
		assert_eq!(left, [true, false, true]);
	}

	#[test]
	fn copies_of_an_earlier_run_count() {
		let folder = tempfile::tempdir().unwrap();
		let (_, old) = put(folder.path(), 1, 90);
		let copies = Copies::open(folder.path(), 100).unwrap();
		let (hash, new) = put(folder.path(), 2, 90);
		copies.add(&hash, 90, &new);
		assert_eq!((old.exists(), new.exists()), (false, true));
	}

	#[test]
	fn one_copy_stays_when_it_alone_is_too_large() {
		let folder = tempfile::tempdir().unwrap();
		let copies = Copies::open(folder.path(), 10).unwrap();
		let (hash, path) = put(folder.path(), 1, 90);
		copies.add(&hash, 90, &path);
		assert!(path.exists());
		copies.remove(&hash, &path).unwrap();
		copies.remove(&hash, &path).unwrap();
		assert!(!path.exists());
	}
}
