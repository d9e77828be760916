//! The bases that the worker answers with.

use std::{
	collections::{BTreeMap, BTreeSet},
	path::{Path, PathBuf},
	sync::Arc,
};

use openledger_primitives_core::Hash;
use openlora::Base;

use crate::{
	content::hash::{Hasher, of_file},
	error::StartError,
};

/// A base in memory.
pub struct LoadedBase {
	/// blake2b-256 of its weights, as the chain has it.
	pub hash: Hash,
	/// Where it was loaded from.
	pub path: PathBuf,
	/// The base.
	pub base: Arc<Base>,
}

impl LoadedBase {
	/// The name of the file or folder that it is from.
	pub fn name(&self) -> String {
		self.path.file_name().unwrap_or(self.path.as_os_str()).to_string_lossy().into_owned()
	}
}

/// Loads every base; one that is named twice is loaded once.
///
/// # Errors
/// [`StartError::Base`] naming the first that can't be.
pub fn load(paths: &[PathBuf]) -> Result<Vec<LoadedBase>, StartError> {
	let mut loaded: Vec<LoadedBase> = Vec::new();
	for path in paths {
		let failed = |reason: String| StartError::Base { path: path.clone(), reason };
		let hash = weights_hash(path).map_err(|error| failed(error.to_string()))?;
		if loaded.iter().any(|other| other.hash == hash) {
			log::warn!("the base {} is named twice", path.display());
			continue;
		}
		let base = Base::load(path).map_err(|error| failed(error.to_string()))?;
		loaded.push(LoadedBase { hash, path: path.clone(), base });
	}
	Ok(loaded)
}

/// The hash under which the chain knows a base: blake2b-256 of its weights file. Of a folder whose
/// `model.safetensors.index.json` names several files, blake2b-256 of their hashes one after the
/// other, in the order of their names: of the files that are loaded, and no others.
///
/// # Errors
/// When a file can't be read, or the index names none.
pub fn weights_hash(path: &Path) -> std::io::Result<Hash> {
	if !path.is_dir() {
		return of_file(path);
	}
	let index = path.join("model.safetensors.index.json");
	if !index.is_file() {
		return of_file(&path.join("model.safetensors"));
	}
	let invalid = |reason: String| std::io::Error::new(std::io::ErrorKind::InvalidData, reason);
	let index: ShardIndex = serde_json::from_slice(&std::fs::read(&index)?)
		.map_err(|error| invalid(format!("{}: {error}", index.display())))?;
	let names: BTreeSet<&String> = index.weight_map.values().collect();
	// A path would reach outside the folder.
	if let Some(name) =
		names.iter().find(|name| name.contains(['/', '\\']) || name.as_str() == "..")
	{
		return Err(invalid(format!("the index names {name:?}, which is no file of the folder")));
	}
	let hashes =
		names.iter().map(|name| of_file(&path.join(name))).collect::<std::io::Result<Vec<_>>>()?;
	match hashes.as_slice() {
		[] => Err(invalid("the index names no file".to_string())),
		[hash] => Ok(*hash),
		hashes => {
			let mut hasher = Hasher::default();
			hashes.iter().for_each(|hash| hasher.update(hash.as_bytes()));
			Ok(hasher.finish())
		}
	}
}

/// Which file of a folder holds which tensor.
#[derive(serde::Deserialize)]
struct ShardIndex {
	weight_map: BTreeMap<String, String>,
}

#[cfg(test)]
mod tests {
	use super::*;

	use openledger_primitives_core::record::content_hash as blake;

	#[test]
	fn hash_is_that_of_the_one_weights_file() {
		let folder = tempfile::tempdir().unwrap();
		let file = folder.path().join("model.safetensors");
		std::fs::write(&file, b"weights").unwrap();
		std::fs::write(folder.path().join("config.json"), b"{}").unwrap();
		assert_eq!(weights_hash(folder.path()).unwrap(), blake(b"weights"));
		assert_eq!(weights_hash(&file).unwrap(), blake(b"weights"));
	}

	fn split(folder: &Path, names: &[&str]) {
		let map: BTreeMap<String, &&str> =
			names.iter().enumerate().map(|(at, name)| (format!("tensor {at}"), name)).collect();
		let index = serde_json::json!({"weight_map": map}).to_string();
		std::fs::write(folder.join("model.safetensors.index.json"), index).unwrap();
	}

	#[test]
	fn hash_covers_the_parts_in_order_of_name_and_no_others_when_weights_are_split() {
		let folder = tempfile::tempdir().unwrap();
		for (name, bytes) in [("2.safetensors", b"b"), ("1.safetensors", b"a"), ("x", b"x")] {
			std::fs::write(folder.path().join(name), bytes).unwrap();
		}
		split(folder.path(), &["2.safetensors", "1.safetensors", "2.safetensors"]);
		let expected = blake(&[blake(b"a").0, blake(b"b").0].concat());
		assert_eq!(weights_hash(folder.path()).unwrap(), expected);
		split(folder.path(), &["2.safetensors"]);
		assert_eq!(weights_hash(folder.path()).unwrap(), blake(b"b"));
	}

	#[test]
	fn hash_is_refused_when_parts_are_missing_or_outside_the_folder() {
		let folder = tempfile::tempdir().unwrap();
		let names: [&[&str]; 4] = [&[], &["missing"], &["../x"], &[".."]];
		for names in names {
			split(folder.path(), names);
			assert!(weights_hash(folder.path()).is_err(), "{names:?}");
		}
	}

	#[test]
	fn base_is_refused_by_name_when_missing_empty_or_no_model() {
		let folder = tempfile::tempdir().unwrap();
		let broken = folder.path().join("broken.gguf");
		std::fs::write(&broken, b"GGUF and nothing behind it").unwrap();
		for path in [folder.path().join("none.gguf"), folder.path().to_path_buf(), broken] {
			match load(std::slice::from_ref(&path)) {
				Err(StartError::Base { path: named, reason }) => {
					assert_eq!(named, path);
					assert!(!reason.is_empty());
				}
				other => panic!("{}: {:?}", path.display(), other.map(|bases| bases.len())),
			}
		}
	}
}
