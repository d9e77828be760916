//! What is committed to of records in prompts, from files.

use super::*;
use clap::Parser;
use openledger_attribution::{Manifest, SourceRecord, TrainedSnapshot, tree::Tree};
use openledger_primitives_core::{
	DatanetId,
	model::PayBy,
	record::{RecordLeaf, Snapshot, SnapshotRef},
};
use openlora::{
	TrainOptions,
	testing::{self, Encoding},
};
use std::{path::Path, sync::Arc};
use tempfile::TempDir;

#[derive(Parser)]
struct Line {
	#[command(flatten)]
	retrieved: Retrieved,
}

const QUIET: Output = Output { json: true };

fn asked(folder: &Path, more: &str) -> Retrieved {
	let path = folder.join("tree.retrieval");
	let words = more.split_whitespace().map(str::to_owned);
	let line = ["x".into(), "--retrieval".into(), path.display().to_string()];
	Line::try_parse_from(line.into_iter().chain(words)).unwrap().retrieved
}

fn method(credits: u8, dimension: u16) -> Method {
	Method { pay_by: PayBy::Records, credits, dimension }
}

/// What an adapter would have been trained on.
struct Trained {
	base: Arc<Base>,
	manifest: Manifest,
	snapshots: Vec<(DatanetId, Snapshot)>,
	records: Vec<SourceRecord>,
}

fn trained(folder: &Path, texts: &[&str]) -> Trained {
	let file = testing::write_gguf(folder, &testing::tiny_config(), 5, Encoding::F32);
	let (weights, tokenizer) = super::super::sources::base_hashes(&file).unwrap();
	let record = |(index, text): (usize, &&str)| {
		let content = serde_json::json!({ "text": text }).to_string().into_bytes();
		let leaf = RecordLeaf {
			datanet: 7,
			index: index as u32,
			contributor: AccountId32::new([index as u8 + 1; 32]),
			content: content_hash(&content),
			size: content.len() as u32,
			committed_at: 50,
		};
		(leaf, content)
	};
	let records: Vec<SourceRecord> = texts.iter().enumerate().map(record).collect();
	let tree = Tree::new(records.iter().map(|(leaf, _)| leaf.hash()).collect());
	let snapshot = Snapshot { root: tree.root(), count: tree.len() as u32, frozen_at: 90 };
	let reference = SnapshotRef { datanet: 7, snapshot: 0 };
	let training = openledger_attribution::Training::from(&TrainOptions::default());
	let manifest = Manifest {
		version: training.version(),
		base: weights,
		tokenizer,
		snapshots: vec![TrainedSnapshot::new(reference, &snapshot)],
		records: records.iter().map(|(leaf, _)| leaf.content).collect(),
		record_tokens: 64,
		training,
	};
	let base = Base::load(&file).unwrap();
	Trained { base, manifest, snapshots: vec![(7, snapshot)], records }
}

impl Trained {
	fn drawn(&self, seed: u8) -> Drawn<'_> {
		let Self { manifest, snapshots, records, .. } = self;
		Drawn { sources: Sources { manifest, snapshots, records }, seed: Hash::repeat_byte(seed) }
	}
}

const TEXTS: [&str; 3] =
	["The oak has acorns in autumn.", "A heap is a tree in an array.", "First in, first out."];

fn folder() -> TempDir {
	tempfile::tempdir().unwrap()
}

#[test]
fn nothing_is_put_into_prompts_when_no_retrieval_is_asked_for() {
	let none = Line::try_parse_from(["x"]).unwrap().retrieved;
	assert!(none.plan(&method(8, 2_048)).unwrap().is_none());
	for lonely in ["--retrieved-part", "--retrieved-most"] {
		assert!(Line::try_parse_from(["x", lonely, "2"]).is_err(), "{lonely}");
	}
}

#[test]
fn records_have_a_third_of_the_pay_nearly_when_nothing_is_said() {
	let folder = folder();
	let plan = asked(folder.path(), "").plan(&method(4, 2_048)).unwrap().unwrap();
	assert_eq!((plan.most, plan.dimension, plan.part), (4, 2_048, Permill::from_percent(30)));
}

#[test]
fn both_kinds_have_room_in_a_claim_or_it_is_said_how() {
	let folder = folder();
	let refused = |more: &str, method: &Method| match asked(folder.path(), more).plan(method) {
		Ok(_) => panic!("{more} was taken"),
		Err(error) => error.to_string(),
	};
	// As models are published when nothing is said of either.
	let told = refused("", &method(8, 2_048));
	assert!(told.contains("--credits 4 has room") && told.contains("16384"), "{told}");
	let told = refused("--retrieved-dimension 1024", &method(13, 64));
	assert!(told.contains("--credits 12 has room"), "{told}");
	for (more, method) in [
		("", method(4, 2_048)),
		("--retrieved-dimension 1024", method(12, 1_024)),
		("--retrieved-most 1 --retrieved-dimension 1024", method(15, 1_024)),
	] {
		assert!(asked(folder.path(), more).plan(&method).is_ok(), "{more}");
	}
	for more in ["--retrieved-most 5", "--retrieved-part 0", "--retrieved-dimension 15"] {
		let line = format!("x --retrieval f {more}");
		assert!(Line::try_parse_from(line.split(' ')).is_err(), "{more}");
	}
}

#[test]
fn index_is_built_once_and_then_taken_from_its_file() {
	let folder = folder();
	let trained = trained(folder.path(), &TEXTS);
	let words = "--retrieved-dimension 64 --retrieved-most 2";
	let plan = asked(folder.path(), words).plan(&method(8, 64)).unwrap().unwrap();
	assert!(plan.made.is_none());
	let built = plan.index(&trained.base, &trained.drawn(3), QUIET).unwrap();
	let header = built.file().header();
	assert_eq!((header.projection, header.method.credits), (Hash::repeat_byte(3), 2));
	// An interrupted publication goes on with the file, whatever else is said of it or is not.
	for words in ["", words] {
		let plan = asked(folder.path(), words).plan(&method(8, 64)).unwrap().unwrap();
		assert_eq!((plan.most, plan.dimension), (2, 64));
		let again = plan.index(&trained.base, &trained.drawn(3), QUIET).unwrap();
		let commitment = plan.commitment(again.lens().hash(), again.file().commitment());
		assert_eq!(commitment.index, built.file().commitment());
		assert_eq!(commitment.lens, built.lens().hash());
		assert_eq!(commitment.check(&method(8, 64)), Ok(()));
	}
	let other = asked(folder.path(), "--retrieved-most 3").plan(&method(8, 64));
	assert!(other.err().unwrap().to_string().contains("2 records in a prompt"));
}

#[test]
fn index_of_something_else_is_refused_before_it_is_committed_to() {
	let folder = folder();
	let made = trained(folder.path(), &TEXTS);
	let words = "--retrieved-dimension 64";
	let plan = asked(folder.path(), words).plan(&method(8, 64)).unwrap().unwrap();
	plan.index(&made.base, &made.drawn(3), QUIET).unwrap();
	let plan = asked(folder.path(), "").plan(&method(8, 64)).unwrap().unwrap();
	let refused = |of: &Trained, seed| {
		plan.index(&of.base, &of.drawn(seed), QUIET).err().unwrap().to_string()
	};
	let told = refused(&made, 4);
	assert!(told.contains("another seed than the chain draws"), "{told}");
	let fewer = trained(folder.path(), &TEXTS[..2]);
	assert!(refused(&fewer, 3).contains("over other records"));
	let mut longer = trained(folder.path(), &TEXTS);
	longer.manifest.record_tokens += 1;
	assert!(refused(&longer, 3).contains("another training"));
	std::fs::write(lens_of(&folder.path().join("tree.retrieval")), b"none").unwrap();
	assert!(asked(folder.path(), "").plan(&method(8, 64)).is_err());
}

#[test]
fn file_is_refused_before_the_version_is_registered_unless_it_is_of_an_earlier_try() {
	let folder = folder();
	let made = trained(folder.path(), &TEXTS);
	let words = "--retrieved-dimension 64";
	let plan = asked(folder.path(), words).plan(&method(8, 64)).unwrap().unwrap();
	// Without a file there is nothing to refuse.
	plan.check_file(&made.drawn(3).sources, None).unwrap();
	plan.index(&made.base, &made.drawn(3), QUIET).unwrap();
	let plan = asked(folder.path(), "").plan(&method(8, 64)).unwrap().unwrap();
	let refused = |of: &Trained, seed: Option<u8>| {
		let seed = seed.map(Hash::repeat_byte);
		plan.check_file(&of.drawn(0).sources, seed).unwrap_err().to_string()
	};
	plan.check_file(&made.drawn(0).sources, Some(Hash::repeat_byte(3))).unwrap();
	for seed in [None, Some(4)] {
		let told = refused(&made, seed);
		assert!(told.contains("another seed") && told.contains("tree.retrieval"), "{told}");
	}
	let fewer = trained(folder.path(), &TEXTS[..2]);
	assert!(refused(&fewer, Some(3)).contains("over other records"));
	let mut others = trained(folder.path(), &TEXTS);
	others.records[0].0.contributor = AccountId32::new([9; 32]);
	assert!(refused(&others, Some(3)).contains("over other records"));
	let mut longer = trained(folder.path(), &TEXTS);
	longer.manifest.record_tokens += 1;
	assert!(refused(&longer, Some(3)).contains("another training"));
}
