//! A whole model version, examined by engines that know nothing of each other.

use super::*;
use crate::{
	content::ContentStore,
	metrics::Metrics,
	queue::Answerer,
	serve::pool,
	testing::{
		MODEL, config,
		model::Model,
		put,
		retrieval::{RETRIEVING, files, material, parts},
	},
};
use openledger_attribution::{
	IndexFile,
	index::{Header, Leaf, LeafRef, Parts},
	retrieval::RetrievalIndex,
};
use openledger_primitives_core::{Sketch, record::content_hash};
use openlora::{
	Base, TrainOptions,
	train::{Digest, Link},
};
use std::collections::BTreeMap;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// An engine of its own, with these contents.
struct Engine {
	server: Server,
	_runtime: Runtime,
	_folder: TempDir,
}

fn engine_with(contents: &[Vec<u8>], threads: usize) -> Engine {
	engine_of(&MODEL, contents, threads)
}

fn engine_of(model: &Model, contents: &[Vec<u8>], threads: usize) -> Engine {
	let runtime = Runtime::new().unwrap();
	let folder = tempfile::tempdir().unwrap();
	let metrics = Metrics::new(None).unwrap();
	let store = ContentStore::open(&config(folder.path()), metrics.clone()).unwrap();
	contents.iter().for_each(|bytes| {
		put(&runtime, &store, bytes);
	});
	let base = Base::load(&model.base).unwrap();
	let bases = BTreeMap::from([(model.job.material.base, base)]);
	let handle = runtime.handle().clone();
	let server =
		Server::new(bases, store, handle, 1 << 24, 1, pool(threads).unwrap(), metrics).unwrap();
	Engine { server, _runtime: runtime, _folder: folder }
}

impl Engine {
	fn examine(&self, examination: &Examination) -> Result<(Examined, Traces), Failure> {
		self.server.examine(examination, &CancellationToken::new())
	}
}

#[test]
fn honest_version_is_found_sound_by_two_engines_with_the_same_traces() {
	let (one, other) = (engine_with(&MODEL.contents(), 1), engine_with(&MODEL.contents(), 3));
	let (examined, traces) = one.examine(&MODEL.examination(1, 4)).unwrap();
	assert!(examined.sound);
	assert_eq!(other.examine(&MODEL.examination(1, 4)).unwrap(), (examined, traces));
	let (_, again) = one.examine(&MODEL.examination(2, 4)).unwrap();
	assert_ne!(again, traces, "another audit has other traces");
}

#[test]
fn version_is_withheld_when_anything_that_it_is_made_of_is_nowhere() {
	let contents = MODEL.contents();
	for missing in [0, 1, 2, 3, contents.len() - 1] {
		let mut left = contents.clone();
		left.remove(missing);
		let engine = engine_with(&left, 1);
		let hash = content_hash(&contents[missing]);
		let found = engine.examine(&MODEL.examination(1, 4));
		assert_eq!(found, Err(Failure::MissingContent(hash)), "{missing}");
	}
}

#[test]
fn version_is_withheld_when_its_content_is_not_what_it_should_be() {
	let mut contents = MODEL.contents();
	contents.push(b"no list".to_vec());
	let engine = engine_with(&contents, 1);
	let mut other = MODEL.examination(1, 4);
	other.training = content_hash(b"no list");
	assert!(matches!(engine.examine(&other), Err(Failure::BadContent(_))));
	let mut other = MODEL.examination(1, 4);
	other.manifest = other.training;
	assert!(matches!(engine.examine(&other), Err(Failure::BadContent(_))));
	let mut other = MODEL.examination(1, 4);
	other.material.base = Hash::zero();
	assert_eq!(engine.examine(&other), Err(Failure::MissingBase(Hash::zero())));
}

/// An engine that has other content besides, and the examination by `changed`.
fn with_content(bytes: Vec<u8>, changed: impl FnOnce(&mut Examination, Hash)) -> Failure {
	let hash = content_hash(&bytes);
	let mut contents = MODEL.contents();
	contents.push(bytes);
	let mut examination = MODEL.examination(1, 2);
	changed(&mut examination, hash);
	engine_with(&contents, 1).examine(&examination).unwrap_err()
}

/// A file of JSON with another value in the place of one that it has.
fn edited(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
	let text = std::str::from_utf8(bytes).unwrap();
	assert_eq!(text.matches(from).count(), 1, "{from} in {text}");
	text.replace(from, to).into_bytes()
}

#[test]
fn version_is_withheld_when_its_manifest_names_a_learning_rate_that_none_can_train_with() {
	let lr = format!("\"lr\":{:?}", TrainOptions::default().lr);
	let wild = edited(&MODEL.manifest, &lr, "\"lr\":5.0");
	let found = with_content(wild, |examination, hash| examination.manifest = hash);
	assert!(matches!(&found, Failure::BadContent(reason) if reason.contains("lr")), "{found:?}");
}

#[test]
fn version_is_withheld_when_there_are_no_steps_between_its_checkpoints() {
	let list = MODEL.training.to_bytes().unwrap();
	let still = edited(&list, "\"checkpoint_every\":4", "\"checkpoint_every\":0");
	let found = with_content(still, |examination, hash| examination.training = hash);
	assert!(matches!(found, Failure::BadContent(_)), "{found:?}");
}

#[test]
fn version_is_found_false_when_its_manifest_names_another_rank_than_its_adapter_has() {
	let mut manifest = Manifest::from_bytes(&MODEL.manifest).unwrap();
	manifest.training.rank = 4_096;
	let mut training = MODEL.training.clone();
	training.log.genesis = Digest(manifest.training_hash().unwrap().0);
	let mut before = training.log.genesis;
	for link in &mut training.log.links {
		*link = Link::after(before, link.step, link.state, link.loss);
		before = link.hash;
	}
	let index = IndexFile::from_bytes(&MODEL.index).unwrap();
	let header = Header { manifest: manifest.hash().unwrap(), ..index.header().clone() };
	let records = index.records().iter().collect();
	let index = IndexFile::new(Parts { header, leaves: leaves(&index), records }).unwrap();
	let mut contents = MODEL.contents();
	contents.push(manifest.to_bytes().unwrap());
	contents.push(training.to_bytes().unwrap());
	contents.push(index.to_bytes().to_vec());
	let engine = engine_with(&contents, 1);
	for seed in 1..5 {
		let mut examination = MODEL.examination(seed, 2);
		examination.manifest = manifest.hash().unwrap();
		examination.training = training.hash().unwrap();
		examination.material.index = index.commitment();
		let (examined, _) = engine.examine(&examination).unwrap();
		assert!(!examined.sound);
	}
}

#[test]
fn version_is_withheld_when_a_stretch_has_more_tokens_than_can_be_repeated() {
	let tokens = edited(&MODEL.manifest, "\"record_tokens\":96", "\"record_tokens\":96000000");
	let hash = content_hash(&tokens);
	let index = IndexFile::from_bytes(&MODEL.index).unwrap();
	let header = Header { manifest: hash, ..index.header().clone() };
	let records = index.records().iter().collect();
	let index = IndexFile::new(Parts { header, leaves: leaves(&index), records }).unwrap();
	let (_, mut examination) = with_index(&index, 1, 2);
	examination.manifest = hash;
	let mut contents = MODEL.contents();
	contents.extend([index.to_bytes().to_vec(), tokens]);
	let found = engine_with(&contents, 1).examine(&examination);
	assert!(
		matches!(&found, Err(Failure::BadContent(reason)) if reason.contains("tokens")),
		"{found:?}"
	);
}

#[test]
fn what_a_machine_lacks_is_no_fault_of_the_content() {
	let own = |error: openlora::Error| matches!(failure(error.into()), Failure::Engine(_));
	let io = || openlora::Error::Io {
		path: "f".into(),
		source: std::io::ErrorKind::PermissionDenied.into(),
	};
	assert!(own(io()) && own(openlora::Error::Stopped) && own(openlora::Error::Cancelled));
	assert!(own(openlora::Error::Example { index: 1, source: Box::new(io()) }));
	assert!(!own(openlora::Error::NoExamples));
	let source = Box::new(openlora::Error::EmptyPrompt);
	assert!(!own(openlora::Error::Example { index: 1, source }));
}

fn leaves(index: &IndexFile) -> Vec<Leaf> {
	let leaf = |leaf: LeafRef<'_>| Leaf {
		head: leaf.head,
		scale: leaf.scale,
		sketch: Sketch::try_from(leaf.sketch.to_vec()).unwrap(),
	};
	index.leaves().iter().map(leaf).collect()
}

/// An engine that has another index, and the examination of it.
fn with_index(index: &IndexFile, seed: u8, leaves: u32) -> (Engine, Examination) {
	let mut contents = MODEL.contents();
	contents.push(index.to_bytes().to_vec());
	let mut examination = MODEL.examination(seed, leaves);
	examination.material.index = index.commitment();
	(engine_with(&contents, 1), examination)
}

#[test]
fn forged_sketch_is_found_false_when_it_is_drawn() {
	let index = IndexFile::from_bytes(&MODEL.index).unwrap();
	let mut leaves = leaves(&index);
	// As large as the others, and nobody's.
	leaves[2].sketch.iter_mut().for_each(|value| *value = -*value);
	let parts =
		Parts { header: index.header().clone(), leaves, records: index.records().iter().collect() };
	let (engine, examination) = with_index(&IndexFile::new(parts).unwrap(), 1, 6);
	assert!(examination.positions().contains(&2));
	let (examined, _) = engine.examine(&examination).unwrap();
	assert!(!examined.sound);
	let (honest, _) = engine_with(&MODEL.contents(), 1).examine(&MODEL.examination(1, 6)).unwrap();
	assert_eq!(examined.found.leaves, honest.found.leaves, "what is true is known");
}

#[test]
fn floor_that_is_too_low_is_found_false() {
	let index = IndexFile::from_bytes(&MODEL.index).unwrap();
	let floor = index.header().floor_ppm;
	let (engine, examination) = with_index(&index.with_floor(floor / 2).unwrap(), 1, 2);
	let (examined, _) = engine.examine(&examination).unwrap();
	assert!(!examined.sound);
	assert_eq!(examined.found.floor_ppm, floor);
}

#[test]
fn checkpoint_that_training_does_not_lead_to_is_found_false_when_it_is_drawn() {
	let mut training = MODEL.training.clone();
	// A state that was made up, with a chain and a list to go with it.
	let mut before = training.log.genesis;
	for (at, link) in training.log.links.iter_mut().enumerate() {
		link.state.0[0] ^= u8::from(at == 1);
		*link = Link::after(before, link.step, link.state, link.loss);
		before = link.hash;
	}
	let mut contents = MODEL.contents();
	contents.push(training.to_bytes().unwrap());
	let engine = engine_with(&contents, 1);
	let mut drawn = [0u32; 3];
	for seed in 1..20 {
		let mut examination = MODEL.examination(seed, 2);
		examination.training = training.hash().unwrap();
		let stretch = examination.stretch(3).unwrap();
		if drawn[stretch as usize] > 0 {
			continue;
		}
		drawn[stretch as usize] += 1;
		let (examined, _) = engine.examine(&examination).unwrap();
		// It is the end of the first stretch and the beginning of the second.
		assert_eq!(examined.sound, stretch == 2, "stretch {stretch}");
	}
	assert_eq!(drawn, [1; 3], "all are drawn by some seed");
}

#[test]
fn examination_ends_early_when_nobody_waits_for_it() {
	let engine = engine_with(&MODEL.contents(), 1);
	let cancel = CancellationToken::new();
	cancel.cancel();
	let found = engine.server.examine(&MODEL.examination(1, 4), &cancel);
	assert!(matches!(found, Err(Failure::Engine(_))));
}

/// The examination of a version that puts records into prompts, and all that it takes.
fn with_retrieval(index: &RetrievalIndex) -> (Examination, Vec<Vec<u8>>) {
	let model = &RETRIEVING.model;
	let mut examination = model.examination(1, 4);
	examination.material = material(model, index);
	(examination, [model.contents(), files(index).to_vec()].concat())
}

#[test]
fn retrieval_is_examined_as_a_whole() {
	let model = &RETRIEVING.model;
	let (examination, contents) = with_retrieval(&RETRIEVING.index);
	let one = engine_of(model, &contents, 1);
	let (examined, traces) = one.examine(&examination).unwrap();
	assert!(examined.sound);
	assert_eq!(
		engine_of(model, &contents, 3).examine(&examination),
		Ok((examined.clone(), traces))
	);
	let (without, _) = one.examine(&model.examination(1, 4)).unwrap();
	assert!(without.sound && without.found.leaves != examined.found.leaves);
	// A leaf that is not drawn is looked at all the same.
	let mut forged = parts(&RETRIEVING.index);
	let spared = (0..6).find(|at| !examination.positions().contains(at)).unwrap();
	forged.leaves[spared as usize].scale += 1;
	let lens = RETRIEVING.index.lens().clone();
	let forged = RetrievalIndex::new(IndexFile::new(forged).unwrap(), lens).unwrap();
	let (examination, contents) = with_retrieval(&forged);
	let (found, _) = engine_of(model, &contents, 1).examine(&examination).unwrap();
	assert!(!found.sound);
	assert_eq!(found.found, examined.found, "what is true is known");
}

#[test]
fn version_is_withheld_when_its_retrieval_is_nowhere_or_not_the_committed_one() {
	let model = &RETRIEVING.model;
	let (examination, contents) = with_retrieval(&RETRIEVING.index);
	for missing in contents.len() - 2..contents.len() {
		let mut left = contents.clone();
		let hash = content_hash(&left.remove(missing));
		let found = engine_of(model, &left, 1).examine(&examination);
		assert_eq!(found, Err(Failure::MissingContent(hash)));
	}
	let mut other = examination;
	other.material.retrieval.as_mut().unwrap().index.floor_ppm += 1;
	let found = engine_of(model, &contents, 1).examine(&other);
	assert!(matches!(found, Err(Failure::BadContent(_))), "{found:?}");
}
