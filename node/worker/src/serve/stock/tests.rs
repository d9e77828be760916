//! What of a version's records is fetched, with a peer that has some of them.

use super::*;
use crate::{
	content::ContentStore,
	metrics::Metrics,
	operator::Operator,
	queue::Answerer,
	serve::pool,
	testing::{
		Scripted, config,
		model::put_into,
		retrieval::{RETRIEVING, content, files, material, parts},
	},
};
use openledger_attribution::{IndexFile, retrieval::RetrievalIndex};
use openledger_primitives_core::{Hash, merkle, record::content_hash};
use openlora::Base;
use std::{collections::BTreeMap, sync::Arc};
use tempfile::TempDir;
use tokio::runtime::Handle;

struct Shop {
	server: Arc<Server>,
	store: ContentStore,
	peer: Operator,
	_folders: [TempDir; 2],
}

/// A server that has the version's retrieval and no record, and a peer that has these contents.
async fn shop(contents: &[Vec<u8>]) -> Shop {
	let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
	let handle = Handle::current();
	let scripted = Arc::new(Scripted::default());
	let peer =
		Operator::start_with(config(folders[0].path()), handle.clone(), None, scripted).unwrap();
	for bytes in contents {
		put_into(peer.content(), bytes).await;
	}
	let mut config = config(folders[1].path());
	config.peers = vec![format!("http://{}", peer.address()).parse().unwrap()];
	let metrics = Metrics::new(None).unwrap();
	let store = ContentStore::open(&config, metrics.clone()).unwrap();
	for bytes in RETRIEVING.files() {
		put_into(&store, &bytes).await;
	}
	let model = &RETRIEVING.model;
	let bases = BTreeMap::from([(model.job.material.base, Base::load(&model.base).unwrap())]);
	let server = Server::new(bases, store.clone(), handle, 1 << 24, 2, pool(1).unwrap(), metrics);
	Shop { server: Arc::new(server.unwrap()), store, peer, _folders: folders }
}

impl Shop {
	async fn stock_of(&self, material: Material) -> (Result<Held, Failure>, Vec<Held>) {
		let server = self.server.clone();
		let stock = move || {
			let mut told = Vec::new();
			let mut tell = |held: &Held| told.push(held.clone());
			let held = server.stock(&material, &mut tell, &CancellationToken::new());
			(held, told)
		};
		tokio::task::spawn_blocking(stock).await.unwrap()
	}

	async fn stock(&self) -> (Result<Held, Failure>, Vec<Held>) {
		self.stock_of(RETRIEVING.material()).await
	}

	async fn has(&self, bytes: &[u8]) -> bool {
		self.store.size(&content_hash(bytes)).await.unwrap().is_some()
	}
}

/// What a version computes with that commits to the retrieval.
fn committed(index: &RetrievalIndex) -> Material {
	let snapshots = index.file().header().snapshots.clone();
	Material { snapshots, ..material(&RETRIEVING.model, index) }
}

/// The retrieval with other leaves.
fn changed(change: impl FnOnce(&mut openledger_attribution::index::Parts)) -> RetrievalIndex {
	let mut parts = parts(&RETRIEVING.index);
	change(&mut parts);
	let hashes: Vec<Hash> = parts.records.iter().map(RecordLeaf::hash).collect();
	parts.header.snapshots[0].1.root = merkle::root(&hashes);
	let file = IndexFile::new(parts).unwrap();
	RetrievalIndex::new(file, RETRIEVING.index.lens().clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_record_that_can_be_found_is_here_afterwards_and_is_not_fetched_twice() {
	let records = &RETRIEVING.model.records;
	let shop = shop(records).await;
	let (held, told) = shop.stock().await;
	let all = Held { records: 6, here: 6, missing: Vec::new() };
	assert_eq!(held, Ok(all.clone()));
	assert_eq!((told.len(), told.last()), (7, Some(&all)));
	assert_eq!(told[0], Held { records: 6, ..Held::default() });
	for bytes in records {
		assert!(shop.has(bytes).await);
	}
	// A version of which all are here does not wait for one that is fetched.
	let _fetching = shop.server.loader.turn().try_lock().unwrap();
	assert_eq!(shop.stock().await, (Ok(all.clone()), vec![all]));
	// They are here without the peer.
	shop.peer.stop().await;
	let store = shop.store.clone();
	assert!(store.checked_path(&content(&RETRIEVING.index, 0)).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn record_that_nobody_has_is_named_and_all_others_are_fetched() {
	let records = &RETRIEVING.model.records;
	let shop = shop(&records[1..]).await;
	let nowhere = content(&RETRIEVING.index, 0);
	let held = Held { records: 6, here: 5, missing: vec![nowhere] };
	assert_eq!(shop.stock().await.0, Ok(held));
	put_into(&shop.store, &records[0]).await;
	assert_eq!(shop.stock().await.0.unwrap().missing, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn record_without_a_sketch_is_not_fetched_since_nothing_finds_it() {
	let records = &RETRIEVING.model.records;
	let shop = shop(records).await;
	let index = changed(|parts| {
		let leaf = &mut parts.leaves[2];
		let zero = vec![0; leaf.sketch.len()];
		(leaf.scale, leaf.sketch) = (0, zero.try_into().unwrap());
	});
	for bytes in files(&index) {
		put_into(&shop.store, &bytes).await;
	}
	let held = shop.stock_of(committed(&index)).await.0.unwrap();
	assert_eq!((held.records, held.here), (5, 5));
	assert!(!shop.has(&records[2]).await && shop.has(&records[3]).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_is_taken_of_a_record_than_its_leaf_says() {
	let records = &RETRIEVING.model.records;
	let shop = shop(records).await;
	let index = changed(|parts| parts.records[1].size -= 1);
	for bytes in files(&index) {
		put_into(&shop.store, &bytes).await;
	}
	let material = committed(&index);
	let held = shop.stock_of(material.clone()).await.0.unwrap();
	assert_eq!(held.missing, [content(&index, 1)]);
	assert!(!shop.has(&records[1]).await);
	// One that is here all the same can't be quoted by anybody.
	put_into(&shop.store, &records[1]).await;
	let refused = shop.stock_of(material).await.0;
	assert!(matches!(&refused, Err(Failure::BadContent(reason)) if reason.contains("leaf")));
}

#[tokio::test(flavor = "multi_thread")]
async fn version_with_more_than_an_audit_reads_is_not_fetched_at_all() {
	let shop = shop(&RETRIEVING.model.records).await;
	let index = changed(|parts| parts.records[1].size = u32::MAX);
	for bytes in files(&index) {
		put_into(&shop.store, &bytes).await;
	}
	let refused = shop.stock_of(committed(&index)).await.0;
	assert!(matches!(refused, Err(Failure::BadContent(_))), "{refused:?}");
	assert!(!shop.has(&RETRIEVING.model.records[0]).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn version_without_a_retrieval_needs_no_records_and_one_without_its_index_is_not_known() {
	let shop = shop(&[]).await;
	let plain = RETRIEVING.model.job.material.clone();
	assert_eq!(shop.stock_of(plain).await.0, Ok(Held::default()));
	let mut material = RETRIEVING.material();
	let nowhere = Hash::repeat_byte(3);
	material.retrieval.as_mut().unwrap().index.file = nowhere;
	assert_eq!(shop.stock_of(material).await.0, Err(Failure::MissingContent(nowhere)));
}
