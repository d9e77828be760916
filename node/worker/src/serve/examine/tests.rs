//! A whole model version, examined by engines that know nothing of each other.

use super::*;
use crate::{
	content::ContentStore,
	metrics::Metrics,
	queue::Answerer,
	serve::pool,
	testing::{MODEL, config, put},
};
use openledger_attribution::{
	IndexFile,
	index::{Leaf, Parts},
};
use openledger_primitives_core::{Sketch, record::content_hash};
use openlora::{Base, train::Link};
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
	let runtime = Runtime::new().unwrap();
	let folder = tempfile::tempdir().unwrap();
	let metrics = Metrics::new(None).unwrap();
	let store = ContentStore::open(&config(folder.path()), metrics.clone()).unwrap();
	contents.iter().for_each(|bytes| {
		put(&runtime, &store, bytes);
	});
	let base = Base::load(&MODEL.base).unwrap();
	let bases = BTreeMap::from([(MODEL.job.material.base, base)]);
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
	let mut leaves: Vec<Leaf> = index
		.leaves()
		.iter()
		.map(|leaf| Leaf {
			head: leaf.head,
			scale: leaf.scale,
			sketch: Sketch::try_from(leaf.sketch.to_vec()).unwrap(),
		})
		.collect();
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
