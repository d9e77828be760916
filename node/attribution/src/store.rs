//! Files that are whole or absent, and the cache of features.

use crate::{
	error::{Error, Result},
	features,
};
use openledger_primitives_core::Hash;
use sp_io::hashing::{blake2_128, blake2_256};
use std::{
	fs,
	io::Write,
	path::{Path, PathBuf},
	sync::atomic::{AtomicU64, Ordering},
};

/// Writes a file under a name of its own beside `path` and renames it, so that a reader, and a
/// process killed in between, never leave half a file at `path`.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
	replace_atomically(path, |file| file.write_all(bytes).map_err(Error::io(path)))
}

/// As [`write_atomically`], for what `write` puts into the file, and only if it succeeds.
pub(crate) fn replace_atomically<T>(
	path: &Path,
	write: impl FnOnce(&mut fs::File) -> Result<T>,
) -> Result<T> {
	static NEXT: AtomicU64 = AtomicU64::new(0);
	if let Some(folder) = path.parent() {
		fs::create_dir_all(folder).map_err(Error::io(folder))?;
	}
	let unique = NEXT.fetch_add(1, Ordering::Relaxed);
	let mut name = path.file_name().unwrap_or_default().to_os_string();
	name.push(format!(".{}.{unique}.tmp", std::process::id()));
	let temporary = path.with_file_name(name);
	let written = || {
		let mut options = fs::OpenOptions::new();
		let open = options.read(true).write(true).create(true).truncate(true).open(&temporary);
		let mut file = open.map_err(Error::io(path))?;
		let written = write(&mut file)?;
		file.sync_all().and_then(|()| fs::rename(&temporary, path)).map_err(Error::io(path))?;
		Ok(written)
	};
	written().inspect_err(|_| {
		// The error reported is the first one; the leftover is only untidy.
		let _ = fs::remove_file(&temporary);
	})
}

/// Features on disk: one file for each record, so that an interrupted build goes on where it was.
///
/// Features depend on base, adapter and record alone, so they survive whatever else a chain puts
/// into manifests and indexes: another chain's snapshots, another projection, another floor.
#[derive(Debug, Clone)]
pub struct FeatureCache {
	folder: PathBuf,
}

impl FeatureCache {
	/// The cache of one adapter on one base, below `root`.
	pub fn new(root: &Path, base: &Hash, adapter: &Hash) -> Self {
		let mut key = features::VERSION.to_le_bytes().to_vec();
		key.extend_from_slice(base.as_bytes());
		key.extend_from_slice(adapter.as_bytes());
		Self { folder: root.join("features").join(hex::encode(blake2_256(&key))) }
	}

	fn path(&self, content: &Hash) -> PathBuf {
		self.folder.join(hex::encode(content))
	}

	/// Whether there is a feature of the record with that content, damaged or not.
	pub fn has(&self, content: &Hash) -> bool {
		self.path(content).is_file()
	}

	/// The feature of the record with that content, if it is there and undamaged.
	pub fn get(&self, content: &Hash) -> Option<Vec<f32>> {
		let bytes = fs::read(self.path(content)).ok()?;
		let (values, checksum) = bytes.split_last_chunk::<16>()?;
		if values.len() != features::DIMENSION * 4 || blake2_128(values) != *checksum {
			log::warn!("damaged feature {content:?} in the cache: computing it again");
			return None;
		}
		Some(values.as_chunks::<4>().0.iter().map(|value| f32::from_le_bytes(*value)).collect())
	}

	/// Keeps a feature.
	///
	/// # Errors
	/// [`Error::Io`].
	pub fn put(&self, content: &Hash, feature: &[f32]) -> Result<()> {
		let mut bytes: Vec<u8> = feature.iter().flat_map(|value| value.to_le_bytes()).collect();
		let checksum = blake2_128(&bytes);
		bytes.extend_from_slice(&checksum);
		write_atomically(&self.path(content), &bytes)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn feature() -> Vec<f32> {
		(0..features::DIMENSION).map(|i| i as f32 * 0.5).collect()
	}

	fn cache(root: &Path) -> FeatureCache {
		FeatureCache::new(root, &Hash::repeat_byte(1), &Hash::repeat_byte(2))
	}

	#[test]
	fn feature_is_found_again_under_its_base_adapter_and_content_only() {
		let folder = tempfile::tempdir().unwrap();
		let content = Hash::repeat_byte(3);
		cache(folder.path()).put(&content, &feature()).unwrap();
		assert_eq!(cache(folder.path()).get(&content), Some(feature()));
		assert_eq!(cache(folder.path()).get(&Hash::repeat_byte(4)), None);
		for (base, adapter) in [(1, 9), (9, 2)] {
			let (base, adapter) = (Hash::repeat_byte(base), Hash::repeat_byte(adapter));
			assert_eq!(FeatureCache::new(folder.path(), &base, &adapter).get(&content), None);
		}
	}

	#[test]
	fn feature_is_computed_again_when_its_file_is_truncated_or_altered() {
		let folder = tempfile::tempdir().unwrap();
		let (cache, content) = (cache(folder.path()), Hash::repeat_byte(3));
		cache.put(&content, &feature()).unwrap();
		let whole = fs::read(cache.path(&content)).unwrap();
		let mut altered = whole.clone();
		altered[100] ^= 1;
		for bytes in [&whole[..whole.len() - 1], &whole[..4], &[], &altered] {
			fs::write(cache.path(&content), bytes).unwrap();
			assert_eq!(cache.get(&content), None);
		}
	}

	#[test]
	fn writing_leaves_no_other_file_and_replaces_the_old_one() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("below").join("file");
		write_atomically(&path, b"old").unwrap();
		write_atomically(&path, b"new").unwrap();
		assert_eq!(fs::read(&path).unwrap(), b"new");
		assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
	}

	#[test]
	fn writing_is_refused_when_the_folder_is_a_file() {
		let folder = tempfile::tempdir().unwrap();
		let file = folder.path().join("file");
		fs::write(&file, b"").unwrap();
		let refused = write_atomically(&file.join("below"), b"x");
		assert!(matches!(refused, Err(Error::Io { .. })));
	}
}
