//! Adapters, indexes and lenses for a question: from memory, the store, a peer or whoever has answered it, and
//! only those that the model version committed to.

use std::{
	future::Future,
	path::{Path, PathBuf},
	sync::Arc,
};

use futures::{StreamExt, future::try_join_all, stream};
use openledger_attribution::{
	IndexFile, index,
	retrieval::{self, Lens, RetrievalIndex},
};
use openledger_primitives_core::{
	Hash,
	model::{IndexCommitment, Method, Retrieval},
	record::RecordLeaf,
};
use openledger_primitives_inference::{Failure, Material};
use openlora::{Adapter, Base};
use parking_lot::Mutex;
use sp_core::crypto::AccountId32;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::engine;
use crate::{
	cache::Cache,
	content::{ContentError, ContentStore, Last, Wanted, hash::name},
	stock::Held,
};

/// What an index takes in memory, as a multiple of its file: bytes, leaves and trees.
const INDEX_OVERHEAD: u64 = 3;
/// What a lens takes, as a multiple of its file, in which words have less room.
const LENS_OVERHEAD: u64 = 2;
/// Records that are fetched at once.
const AT_ONCE: usize = 8;
/// After so many records that are nowhere no more are looked for: each may have waited for peers that are away.
const MOST_MISSING: usize = 8;

/// An index with its commitment.
pub(crate) type Loaded = (IndexFile, IndexCommitment);

pub(crate) struct Loader {
	store: ContentStore,
	runtime: Handle,
	adapters: Mutex<Cache<Adapter>>,
	indexes: Mutex<Cache<Loaded>>,
	retrievals: Mutex<Cache<RetrievalIndex>>,
	/// Held while records are fetched: one version at a time.
	turn: tokio::sync::Mutex<()>,
}

/// How content is looked for.
#[derive(Clone, Copy)]
pub(crate) struct Search<'a> {
	/// A worker that is asked where neither this machine nor a peer has it.
	pub last: Option<&'a Last>,
	/// Says that nobody waits for it any more.
	pub cancel: &'a CancellationToken,
}

impl<'a> From<&'a CancellationToken> for Search<'a> {
	fn from(cancel: &'a CancellationToken) -> Self {
		Self { last: None, cancel }
	}
}

/// What an index has to be.
struct Expected<'a> {
	what: &'static str,
	open: fn(&Path) -> openledger_attribution::Result<IndexFile>,
	/// The kind of its sketches.
	features: u32,
	committed: &'a IndexCommitment,
	/// The hash of adapter or lens, and what is said of an index that was made with another.
	made_with: (Hash, &'static str),
	method: Method,
}

impl Loader {
	pub(crate) fn new(store: ContentStore, runtime: Handle, limit: u64) -> Self {
		let (adapters, indexes) = (Mutex::new(Cache::new(limit)), Mutex::new(Cache::new(limit)));
		let retrievals = Mutex::new(Cache::new(limit));
		Self { store, runtime, adapters, indexes, retrievals, turn: Default::default() }
	}

	/// The adapter that the model version names, checked against the base.
	pub(super) fn adapter(
		&self,
		material: &Material,
		base: &Base,
		search: Search<'_>,
	) -> Result<Arc<Adapter>, Failure> {
		let known = self.adapters.lock().get(&material.adapter);
		let adapter = match known {
			Some(adapter) => adapter,
			None => {
				let path = self.file(&material.adapter, search)?;
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
		search: Search<'_>,
	) -> Result<Arc<Loaded>, Failure> {
		let Material { method, index: committed, adapter, .. } = material;
		let expected = Expected {
			what: "index",
			open: IndexFile::open,
			features: index::GRADIENTS,
			committed,
			made_with: (*adapter, "it was built for another adapter"),
			method: *method,
		};
		self.committed(material, expected, search)
	}

	/// The index that the model version finds records for prompts in, checked against everything that the
	/// chain says of it.
	pub(crate) fn retrieval_file(
		&self,
		material: &Material,
		retrieval: &Retrieval,
		search: Search<'_>,
	) -> Result<Arc<Loaded>, Failure> {
		let expected = Expected {
			what: "retrieval index",
			open: IndexFile::open_retrieval,
			features: retrieval::VERSION,
			committed: &retrieval.index,
			made_with: (retrieval.lens, "it was built with another lens"),
			method: retrieval.method(),
		};
		self.committed(material, expected, search)
	}

	/// The same with its lens, checked against the base.
	pub(super) fn retrieval(
		&self,
		material: &Material,
		retrieval: &Retrieval,
		base: &Base,
		search: Search<'_>,
	) -> Result<Arc<RetrievalIndex>, Failure> {
		let loaded = self.retrieval_file(material, retrieval, search)?;
		// Its header names the lens, so that there is one for each file.
		let known = self.retrievals.lock().get(&retrieval.index.file);
		let index = match known {
			Some(index) => index,
			None => {
				let bytes = self.bytes(&retrieval.lens, search)?;
				let lens = Lens::from_bytes(&bytes).map_err(bad("lens"))?;
				let index = RetrievalIndex::new(loaded.0.clone(), lens).map_err(bad("lens"))?;
				let size = retrieval_size(&index, bytes.len() as u64);
				let index = Arc::new(index);
				self.retrievals.lock().insert(retrieval.index.file, index.clone(), size);
				index
			}
		};
		if index.lens().base() != material.base {
			return Err(bad("lens")("it was learnt with another base"));
		}
		index.lens().fits(base).map_err(bad("lens"))?;
		Ok(index)
	}

	fn committed(
		&self,
		material: &Material,
		expected: Expected<'_>,
		search: Search<'_>,
	) -> Result<Arc<Loaded>, Failure> {
		let Expected { what, open, features, committed, made_with, method } = expected;
		let known = self.indexes.lock().get(&committed.file);
		let index = match known {
			Some(index) => index,
			None => {
				// What is longer than the chain says can't be it, however well it hashes.
				let length =
					IndexFile::length_of(method, &material.snapshots, committed.contributors)
						.map_err(bad(what))?;
				let path = self.file_within(&committed.file, length, search)?;
				let index = open(&path).map_err(bad(what))?;
				let size = index_size(&index);
				let commitment = index.commitment();
				let index = Arc::new((index, commitment));
				self.indexes.lock().insert(committed.file, index.clone(), size);
				index
			}
		};
		let (file, commitment) = index.as_ref();
		let header = file.header();
		let differing = if header.features != features {
			Some("it is an index of another kind")
		} else if commitment != committed {
			Some("its roots or floor are not the committed ones")
		} else if header.adapter != made_with.0 {
			Some(made_with.1)
		} else if header.projection != material.projection {
			Some("it was projected with another seed than the chain drew")
		} else if header.snapshots != material.snapshots {
			Some("it covers other snapshots")
		} else if header.method != method {
			Some("it was built for another method")
		} else {
			None
		};
		match differing {
			Some(reason) => Err(bad(what)(reason)),
			None => Ok(index),
		}
	}

	/// Content whose bytes hash to its name.
	pub(super) fn bytes(&self, hash: &Hash, search: Search<'_>) -> Result<Vec<u8>, Failure> {
		std::fs::read(self.file(hash, search)?).map_err(engine)
	}

	/// The path of content whose bytes hash to its name.
	pub(crate) fn file(&self, hash: &Hash, search: Search<'_>) -> Result<PathBuf, Failure> {
		self.file_within(hash, self.store.limits().blob, search)
	}

	/// The same, of no more bytes than so many where it has to be fetched.
	fn file_within(&self, hash: &Hash, most: u64, search: Search<'_>) -> Result<PathBuf, Failure> {
		let wanted = Wanted { hash, most, last: search.last };
		self.wait(self.store.checked(wanted), search.cancel)?.map_err(failure)
	}

	/// The paths of records, in their order, which are looked for all at once. One that was damaged here is
	/// removed, and missing from then on.
	pub(super) fn records(
		&self,
		records: &[&RecordLeaf<AccountId32>],
		search: Search<'_>,
	) -> Result<Vec<PathBuf>, Failure> {
		let found = records.iter().map(|leaf| self.store.checked(wanted(leaf, search.last)));
		self.wait(try_join_all(found), search.cancel)?.map_err(|error| match error {
			ContentError::Damaged(hash) => Failure::MissingContent(hash),
			other => failure(other),
		})
	}

	/// Held while records are fetched.
	#[cfg(test)]
	pub(super) fn turn(&self) -> &tokio::sync::Mutex<()> {
		&self.turn
	}

	/// Fetches the records that are not here, and tells how far that is.
	pub(super) fn keep(
		&self,
		records: &[RecordLeaf<AccountId32>],
		told: &mut dyn FnMut(&Held),
		cancel: &CancellationToken,
	) -> Result<Held, Failure> {
		let count = u32::try_from(records.len()).map_err(engine)?;
		let mut held = Held { records: count, ..Held::default() };
		let has = |leaf| async move { (leaf, self.store.has(wanted(leaf, None)).await) };
		let keep = |leaf| async move { (leaf, self.store.keep(wanted(leaf, None)).await) };
		let keeping = async {
			let mut absent = Vec::new();
			told(&held);
			let mut looked = stream::iter(records).map(has).buffered(AT_ONCE);
			while let Some((leaf, result)) = looked.next().await {
				match result.map_err(of_record(leaf))? {
					true => held.here = held.here.saturating_add(1),
					false => absent.push(leaf),
				}
				told(&held);
			}
			if absent.is_empty() {
				return Ok(held);
			}
			// A version of which all is here does not wait for one that is fetched.
			let _turn = self.turn.lock().await;
			let mut kept = stream::iter(absent).map(keep).buffer_unordered(AT_ONCE);
			while let Some((leaf, result)) = kept.next().await {
				match result.map_err(of_record(leaf)) {
					Ok(()) => held.here = held.here.saturating_add(1),
					Err(Failure::MissingContent(hash)) => held.missing.push(hash),
					Err(other) => return Err(other),
				}
				told(&held);
				if held.missing.len() >= MOST_MISSING {
					break;
				}
			}
			Ok(held)
		};
		self.wait(keeping, cancel)?
	}

	/// What comes of waiting for the network, unless nobody waits for that any more.
	fn wait<T>(
		&self,
		work: impl Future<Output = T>,
		cancel: &CancellationToken,
	) -> Result<T, Failure> {
		self.runtime.block_on(async {
			tokio::select! {
				// What nobody waits for is not begun, however soon it would be done.
				biased;
				() = cancel.cancelled() => Err(engine("the job was dropped")),
				done = work => Ok(done),
			}
		})
	}
}

/// What an index takes in memory.
fn index_size(index: &IndexFile) -> u64 {
	(index.to_bytes().len() as u64).saturating_mul(INDEX_OVERHEAD)
}

/// What a retrieval takes in memory with a lens of so many bytes: its index too, which it keeps there when those
/// that are kept by themselves have let go of it.
fn retrieval_size(index: &RetrievalIndex, lens: u64) -> u64 {
	index_size(index.file()).saturating_add(lens.saturating_mul(LENS_OVERHEAD))
}

/// What keeps a record from being had.
fn of_record(leaf: &RecordLeaf<AccountId32>) -> impl FnOnce(ContentError) -> Failure {
	|error| match failure(error) {
		Failure::BadContent(_) => {
			let name = name(&leaf.content);
			bad("record")(format!("{name} has more bytes than its leaf says"))
		}
		other => other,
	}
}

/// A record, in no more bytes than its leaf says.
fn wanted<'a>(leaf: &'a RecordLeaf<AccountId32>, last: Option<&'a Last>) -> Wanted<'a> {
	Wanted { hash: &leaf.content, most: leaf.size.into(), last }
}

fn failure(error: ContentError) -> Failure {
	match error {
		ContentError::NotFound(hash) => Failure::MissingContent(hash),
		ContentError::Damaged(_) | ContentError::TooLarge { .. } => {
			Failure::BadContent(error.to_string())
		}
		error => engine(error),
	}
}

pub(super) fn bad<E: std::fmt::Display>(what: &'static str) -> impl FnOnce(E) -> Failure {
	move |reason| Failure::BadContent(format!("{what}: {reason}"))
}

#[cfg(test)]
mod tests;
