//! The files that an explanation is made from, and whether they belong together.

use crate::{
	commands::{
		sources,
		train::{ADAPTER, MANIFEST},
	},
	input,
	output::Output,
};
use anyhow::{Context as _, Result, bail, ensure};
use openledger_attribution::{IndexFile, Manifest};
use openledger_primitives_core::{Hash, record::content_hash};
use openlora::{Adapter, Base};
use std::{
	collections::{HashMap, HashSet},
	path::{Path, PathBuf},
};

/// The most bytes of one record, those that a chain takes.
const MAX_RECORD: usize = 1 << 20;

/// An index, checked in full since it may come from anyone.
pub fn index(path: &Path, dimension: Option<u16>) -> Result<IndexFile> {
	ensure!(
		path.is_file(),
		"there is no index at {}: openledger attribute --help tells where it comes from",
		path.display()
	);
	let index =
		IndexFile::open(path).with_context(|| format!("can't use the index {}", path.display()))?;
	let found = index.header().method.dimension;
	if let Some(wanted) = dimension.filter(|wanted| *wanted != found) {
		bail!(
			"{} has sketches of {found} components, not {wanted}: it is another version's",
			path.display()
		);
	}
	Ok(index)
}

/// The adapter that an index was built for.
pub fn adapter(path: &Path, base_path: &Path, base: &Base, index: &IndexFile) -> Result<Adapter> {
	let folder = path.join(ADAPTER);
	let path = if folder.is_file() { folder.as_path() } else { path };
	let adapter = Adapter::load(path, Some(&base.config))
		.with_context(|| format!("can't use the adapter {}", path.display()))?;
	adapter.fits(&base.config)?;
	let (built_for, found) = (index.header().adapter, content_hash(&adapter.to_bytes()?));
	ensure!(
		built_for == found,
		"the index is another model's: it was built for the adapter {built_for:?}, {} is {found:?}",
		path.display()
	);
	check_base(path, base_path, index)?;
	Ok(adapter)
}

/// An adapter fits every base of the same shape. Which one it was trained on is in the manifest that
/// training leaves beside it.
fn check_base(adapter: &Path, base: &Path, index: &IndexFile) -> Result<()> {
	let beside = adapter.with_file_name(MANIFEST);
	let Ok(bytes) = std::fs::read(beside) else { return Ok(()) };
	if content_hash(&bytes) != index.header().manifest {
		return Ok(());
	}
	let manifest = Manifest::from_bytes(&bytes)?;
	ensure!(
		sources::base_hashes(base)? == (manifest.base, manifest.tokenizer),
		"{} is not the base that the adapter was trained on",
		base.display()
	);
	Ok(())
}

/// The contents of an index's records that are in files, by hash.
pub fn contents(
	paths: &[PathBuf],
	index: &IndexFile,
	output: Output,
) -> Result<HashMap<Hash, Vec<u8>>> {
	if paths.is_empty() {
		return Ok(HashMap::new());
	}
	let listed: HashSet<Hash> = index.records().iter().map(|record| record.content).collect();
	let read = input::read(paths, MAX_RECORD)?;
	let count = read.len();
	let hashed = read.into_iter().map(|record| (content_hash(&record.bytes), record.bytes));
	let found: HashMap<Hash, Vec<u8>> = hashed.filter(|(hash, _)| listed.contains(hash)).collect();
	ensure!(
		!found.is_empty(),
		"none of the {count} records given is among the {} of the index. Records are known by the hash \
		 of their line: give the files that were contributed, unchanged",
		listed.len()
	);
	if found.len() < listed.len() {
		output.say(format!(
			"{} of the index's {} records are in the files given",
			found.len(),
			listed.len()
		));
	}
	Ok(found)
}
