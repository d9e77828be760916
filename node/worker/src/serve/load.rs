//! Adapters and indexes for a question: from memory, the store or a peer, and only those that the model
//! version committed to.

use std::{path::PathBuf, sync::Arc};

use openledger_attribution::IndexFile;
use openledger_primitives_core::{Hash, model::IndexCommitment};
use openledger_primitives_inference::{Failure, Material};
use openlora::{Adapter, Base};
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::engine;
use crate::{
	cache::Cache,
	content::{ContentError, ContentStore},
};

/// What an index takes in memory, as a multiple of its file: bytes, leaves and trees.
const INDEX_OVERHEAD: u64 = 3;

/// An index with its commitment.
pub(crate) type Loaded = (IndexFile, IndexCommitment);

pub(crate) struct Loader {
	store: ContentStore,
	runtime: Handle,
	adapters: Mutex<Cache<Adapter>>,
	indexes: Mutex<Cache<Loaded>>,
}

impl Loader {
	pub(crate) fn new(store: ContentStore, runtime: Handle, limit: u64) -> Self {
		let (adapters, indexes) = (Mutex::new(Cache::new(limit)), Mutex::new(Cache::new(limit)));
		Self { store, runtime, adapters, indexes }
	}

	/// The adapter that the model version names, checked against the base.
	pub(super) fn adapter(
		&self,
		material: &Material,
		base: &Base,
		cancel: &CancellationToken,
	) -> Result<Arc<Adapter>, Failure> {
		let known = self.adapters.lock().get(&material.adapter);
		let adapter = match known {
			Some(adapter) => adapter,
			None => {
				let path = self.file(&material.adapter, cancel)?;
				let bytes = std::fs::read(&path).map_err(engine)?;
				let adapter = Arc::new(Adapter::from_bytes(&bytes).map_err(bad("adapter"))?);
				let size = bytes.len() as u64;
				self.adapters.lock().insert(material.adapter, adapter.clone(), size);
				adapter
			}
		};
		adapter.fits(&base.config).map_err(bad("adapter"))?;
		Ok(adapter)
	}

	/// The index that the model version names, checked against everything that the chain says of it.
	pub(crate) fn index(
		&self,
		material: &Material,
		cancel: &CancellationToken,
	) -> Result<Arc<Loaded>, Failure> {
		let known = self.indexes.lock().get(&material.index.file);
		let index = match known {
			Some(index) => index,
			None => {
				let path = self.file(&material.index.file, cancel)?;
				let index = IndexFile::open(&path).map_err(bad("index"))?;
				let size = (index.to_bytes().len() as u64).saturating_mul(INDEX_OVERHEAD);
				let commitment = index.commitment();
				let index = Arc::new((index, commitment));
				self.indexes.lock().insert(material.index.file, index.clone(), size);
				index
			}
		};
		let (file, commitment) = index.as_ref();
		let header = file.header();
		let differing = if *commitment != material.index {
			Some("its roots or floor are not the committed ones")
		} else if header.adapter != material.adapter {
			Some("it was built for another adapter")
		} else if header.projection != material.projection {
			Some("it was projected with another seed than the chain drew")
		} else if header.snapshots != material.snapshots {
			Some("it covers other snapshots")
		} else if header.method != material.method {
			Some("it was built for another method")
		} else {
			None
		};
		match differing {
			Some(reason) => Err(bad("index")(reason)),
			None => Ok(index),
		}
	}

	/// Content whose bytes hash to its name.
	pub(super) fn bytes(
		&self,
		hash: &Hash,
		cancel: &CancellationToken,
	) -> Result<Vec<u8>, Failure> {
		std::fs::read(self.file(hash, cancel)?).map_err(engine)
	}

	/// The path of content whose bytes hash to its name.
	pub(crate) fn file(&self, hash: &Hash, cancel: &CancellationToken) -> Result<PathBuf, Failure> {
		let found = self.runtime.block_on(async {
			tokio::select! {
				() = cancel.cancelled() => None,
				found = self.store.checked_path(hash) => Some(found),
			}
		});
		match found {
			None => Err(engine("the job was dropped")),
			Some(Ok(path)) => Ok(path),
			Some(Err(ContentError::NotFound(hash))) => Err(Failure::MissingContent(hash)),
			Some(Err(error @ (ContentError::Damaged(_) | ContentError::TooLarge { .. }))) => {
				Err(Failure::BadContent(error.to_string()))
			}
			Some(Err(error)) => Err(engine(error)),
		}
	}
}

pub(super) fn bad<E: std::fmt::Display>(what: &'static str) -> impl FnOnce(E) -> Failure {
	move |reason| Failure::BadContent(format!("{what}: {reason}"))
}
