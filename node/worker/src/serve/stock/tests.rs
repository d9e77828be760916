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
use std::{collections::BTreeMap, sync::Arc, time::Duration};
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
	let here: Vec<u32> = told.iter().map(|held| held.here).collect();
	assert_eq!(here, [vec![0; 7], (1..=6).collect()].concat(), "they are looked for, then fetched");
	for bytes in records {
		assert!(shop.has(bytes).await);
	}
	assert_eq!(shop.stock().await.0, Ok(all));
	// They are here without the peer.
	shop.peer.stop().await;
	let store = shop.store.clone();
	assert!(store.checked_path(&content(&RETRIEVING.index, 0)).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_are_fetched_one_after_the_other_and_what_is_here_waits_for_none() {
	let records = &RETRIEVING.model.records;
	let shop = shop(records).await;
	shop.stock().await.0.unwrap();
	let fetching = shop.server.loader.turn().lock().await;
	let all = Held { records: 6, here: 6, missing: Vec::new() };
	let told = tokio::time::timeout(Duration::from_secs(20), shop.stock()).await;
	assert_eq!(told.expect("it waits for nothing").0, Ok(all.clone()));
	shop.store.remove(&content_hash(&records[3])).await.unwrap();
	let mut other = Box::pin(shop.stock());
	assert!(tokio::time::timeout(Duration::from_millis(200), &mut other).await.is_err());
	assert!(!shop.has(&records[3]).await);
	drop(fetching);
	let told = tokio::time::timeout(Duration::from_secs(20), other).await;
	assert_eq!(told.expect("it is its turn").0, Ok(all));
}

#[tokio::test(flavor = "multi_thread")]
async fn record_that_is_damaged_is_missing_from_then_on() {
	let records = &RETRIEVING.model.records;
	let shop = shop(&[]).await;
	for bytes in records {
		put_into(&shop.store, bytes).await;
	}
	let name = content_hash(&records[3]);
	std::fs::write(shop.store.path(&name).await.unwrap(), b"damaged").unwrap();
	let leaf = RETRIEVING.index.file().records().iter().find(|leaf| leaf.content == name).unwrap();
	let server = shop.server.clone();
	let read = move || server.loader.records(&[&leaf], (&CancellationToken::new()).into());
	let read = tokio::task::spawn_blocking(read).await.unwrap();
	assert_eq!(read, Err(Failure::MissingContent(name)));
	assert_eq!(shop.stock().await.0.unwrap().missing, [name]);
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
