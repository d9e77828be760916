mod evidence;
mod files;
mod order;
mod searching;

use super::{Builder, SpanIndex};
use openledger_primitives_core::Hash;
use std::{fs, path::PathBuf};
use tempfile::TempDir;

/// A vocabulary that fits two bytes, and one that takes three.
const VOCABULARIES: [u32; 2] = [50_000, 150_000];

/// An index over records, with the folder that its file is in.
fn saved(records: &[Vec<u32>], vocabulary: u32) -> (SpanIndex, TempDir) {
	let folder = tempfile::tempdir().unwrap();
	let mut builder = Builder::new(Hash::repeat_byte(7), vocabulary).unwrap();
	records.iter().for_each(|record| builder.push(record).unwrap());
	let index = builder.save(&folder.path().join("spans")).unwrap();
	(index, folder)
}

fn index(records: &[Vec<u32>], vocabulary: u32) -> SpanIndex {
	saved(records, vocabulary).0
}

/// The bytes of the index over records.
fn bytes(records: &[Vec<u32>], vocabulary: u32) -> Vec<u8> {
	let (_, folder) = saved(records, vocabulary);
	fs::read(folder.path().join("spans")).unwrap()
}

/// A file of these bytes.
fn file(bytes: &[u8]) -> (PathBuf, TempDir) {
	let folder = tempfile::tempdir().unwrap();
	let path = folder.path().join("spans");
	fs::write(&path, bytes).unwrap();
	(path, folder)
}
