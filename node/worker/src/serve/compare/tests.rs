//! Two records, compared by engines that know nothing of each other.

use super::*;
use crate::{
	content::ContentStore,
	metrics::Metrics,
	queue::Answerer,
	serve::pool,
	testing::{config, put},
};
use openledger_primitives_core::{record::content_hash, subject::pair_id};
use std::collections::BTreeMap;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// An engine of its own without a base, with these contents.
struct Engine {
	server: Server,
	_runtime: Runtime,
	_folder: TempDir,
}

fn engine_with(contents: &[&[u8]]) -> Engine {
	let runtime = Runtime::new().unwrap();
	let folder = tempfile::tempdir().unwrap();
	let metrics = Metrics::new(None).unwrap();
	let store = ContentStore::open(&config(folder.path()), metrics.clone()).unwrap();
	contents.iter().for_each(|bytes| {
		put(&runtime, &store, bytes);
	});
	let handle = runtime.handle().clone();
	let server =
		Server::new(BTreeMap::new(), store, handle, 1 << 20, 1, pool(1).unwrap(), metrics).unwrap();
	Engine { server, _runtime: runtime, _folder: folder }
}

impl Engine {
	fn compare(&self, later: &[u8], earlier: &[u8]) -> Result<(Overlap, Traces), Failure> {
		self.entries(entry(later), entry(earlier))
	}

	fn entries(
		&self,
		later: RecordEntry,
		earlier: RecordEntry,
	) -> Result<(Overlap, Traces), Failure> {
		let seed = Hash::repeat_byte(5);
		let comparison = Comparison { audit: pair_id(1), seed, later, earlier };
		self.server.compare(&comparison, &CancellationToken::new())
	}
}

fn entry(content: &[u8]) -> RecordEntry {
	RecordEntry { content: content_hash(content), size: content.len() as u32 }
}

const ORIGINAL: &[u8] = br#"{"question": "Which weakness is it when a program copies input into a buffer of its own without looking at the size?", "answer": "A classic buffer overflow, which is CWE-120."}"#;
const COPY: &[u8] = br#"{"answer": "A classic buffer overflow, which is CWE-120!", "question": "Which weakness is it when a program copies input into a buffer of its own, without looking at the size?"}"#;
const OTHER: &[u8] = br#"{"question": "Which weakness is it when a program copies input into a buffer of its own without looking at the size?", "answer": "None at all."}"#;

#[test]
fn copy_in_other_bytes_is_found_by_two_engines_with_the_same_traces() {
	let (one, other) = (engine_with(&[ORIGINAL, COPY, OTHER]), engine_with(&[COPY, ORIGINAL]));
	let (overlap, traces) = one.compare(COPY, ORIGINAL).unwrap();
	assert!(overlap.is_duplicate());
	assert_eq!(other.compare(COPY, ORIGINAL), Ok((overlap, traces)));
	let (overlap, others) = one.compare(OTHER, ORIGINAL).unwrap();
	assert!(!overlap.is_duplicate());
	assert!(others.iter().all(|trace| !traces.contains(trace)));
}

#[test]
fn record_that_is_nowhere_is_named_the_later_one_first() {
	let missing = |content| Err(Failure::MissingContent(content_hash(content)));
	assert_eq!(engine_with(&[ORIGINAL]).compare(COPY, ORIGINAL), missing(COPY));
	assert_eq!(engine_with(&[COPY]).compare(COPY, ORIGINAL), missing(ORIGINAL));
	assert_eq!(engine_with(&[]).compare(COPY, ORIGINAL), missing(COPY));
}

#[test]
fn content_of_another_size_than_was_said_is_as_good_as_missing() {
	let engine = engine_with(&[ORIGINAL, COPY]);
	let missing = |content| Err(Failure::MissingContent(content_hash(content)));
	for size in [0, 1, entry(COPY).size - 1, entry(COPY).size + 1, u32::MAX] {
		let said = |content| RecordEntry { size, ..entry(content) };
		assert_eq!(engine.entries(said(COPY), entry(ORIGINAL)), missing(COPY));
		let size = entry(ORIGINAL).size.wrapping_add(size | 1);
		let said = RecordEntry { size, ..entry(ORIGINAL) };
		assert_eq!(engine.entries(entry(COPY), said), missing(ORIGINAL));
	}
}

#[test]
fn false_size_of_the_same_content_counts_against_the_record_that_says_it() {
	let engine = engine_with(&[ORIGINAL]);
	let (true_one, false_one) = (entry(ORIGINAL), RecordEntry { size: 1, ..entry(ORIGINAL) });
	assert_eq!(engine.entries(true_one, false_one), engine.compare(ORIGINAL, ORIGINAL));
	let missing = Err(Failure::MissingContent(true_one.content));
	assert_eq!(engine.entries(false_one, true_one), missing);
}

#[test]
fn content_that_is_no_record_duplicates_nothing() {
	let engine = engine_with(&[b"\xff\xfe", ORIGINAL]);
	let (overlap, _) = engine.compare(b"\xff\xfe", ORIGINAL).unwrap();
	assert_eq!(overlap.whole.common, 0);
	assert!(!overlap.is_duplicate());
}

#[test]
fn comparison_ends_early_when_nobody_waits_for_it() {
	let engine = engine_with(&[ORIGINAL, COPY]);
	let cancel = CancellationToken::new();
	cancel.cancel();
	let (later, earlier) = (entry(COPY), entry(ORIGINAL));
	let comparison = Comparison { audit: pair_id(1), seed: Hash::zero(), later, earlier };
	assert!(matches!(engine.server.compare(&comparison, &cancel), Err(Failure::Engine(_))));
}

#[test]
fn content_that_no_store_can_hold_is_as_good_as_missing() {
	let hash = Hash::repeat_byte(1);
	let bad = failure(&hash, Failure::BadContent("damaged".into()));
	assert_eq!(bad, Failure::MissingContent(hash));
	assert_eq!(failure(&hash, Failure::Busy), Failure::Busy);
}
