//! What is kept in memory.

use super::*;
use crate::{
	metrics::Metrics,
	testing::{config, put, retrieval::RETRIEVING},
};
use tokio::runtime::Runtime;

#[test]
fn retrieval_counts_as_its_index_and_its_lens() {
	let runtime = Runtime::new().unwrap();
	let folder = tempfile::tempdir().unwrap();
	let store = ContentStore::open(&config(folder.path()), Metrics::new(None).unwrap()).unwrap();
	let [lens, file] = RETRIEVING.files();
	for bytes in [&lens, &file] {
		put(&runtime, &store, bytes);
	}
	let base = Base::load(&RETRIEVING.model.base).unwrap();
	let material = RETRIEVING.material();
	let is_kept = |limit: usize| {
		let loader = Loader::new(store.clone(), runtime.handle().clone(), limit as u64);
		let retrieval = material.retrieval.as_ref().unwrap();
		let load = || loader.retrieval(&material, retrieval, &base, &CancellationToken::new());
		Arc::ptr_eq(&load().unwrap(), &load().unwrap())
	};
	assert!(is_kept(4 * (lens.len() + file.len())));
	assert!(!is_kept(lens.len() + file.len()), "it is in memory beside its lens");
}
