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
	let is_kept = |limit: u64| {
		let loader = Loader::new(store.clone(), runtime.handle().clone(), limit);
		let retrieval = material.retrieval.as_ref().unwrap();
		let cancel = CancellationToken::new();
		let load = || loader.retrieval(&material, retrieval, &base, (&cancel).into());
		Arc::ptr_eq(&load().unwrap(), &load().unwrap())
	};
	let (index, lens) = (file.len() as u64 * INDEX_OVERHEAD, lens.len() as u64 * LENS_OVERHEAD);
	assert!(is_kept(index + lens));
	assert!(!is_kept(index + lens - 1), "both are in memory");
}
