//! The content store: blobs named by their hash, behind `object_store`.
//!
//! A blob becomes visible only once all its bytes have come and hash to its name, whether a client
//! uploads it or a peer sends it. Uploads count against their account's quota; what the worker
//! fetches for its own jobs does not.
//!
//! Whatever is to be read by the engines lies on this machine: in the store itself where that is a
//! local folder, else as a copy of bounded total size.

mod backend;
mod copies;
mod error;
pub mod hash;
mod intake;
mod last;
mod ledger;
mod peers;
#[cfg(test)]
mod tests;

use std::{path::PathBuf, sync::Arc};

use bytes::Bytes;
use futures::{Stream, stream::BoxStream};
use openledger_primitives_core::Hash;
use sp_core::crypto::AccountId32;
use tempfile::NamedTempFile;
use tokio::sync::Semaphore;
use url::Url;

pub use error::ContentError;
pub use last::Last;

use self::{
	backend::Backend,
	intake::{Due, receive},
	last::Transfers,
	ledger::{Ledger, Reservation},
	peers::Peers,
};
use crate::{
	config::{Limits, OperatorConfig},
	metrics::Metrics,
};

/// Content that is wanted here.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
	/// Its name.
	pub hash: &'a Hash,
	/// The most bytes of it that are taken from others.
	pub most: u64,
	/// A worker that is asked where no peer has it.
	pub last: Option<&'a Last>,
}

/// A blob as it leaves the store.
pub struct Blob {
	/// Its size in bytes.
	pub size: u64,
	/// Its bytes, in order.
	pub bytes: BoxStream<'static, Result<Bytes, object_store::Error>>,
}

/// What became of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
	/// It is new.
	Created,
	/// It was here already.
	Existed,
}

/// The content store. Clones share it.
#[derive(Clone)]
pub struct ContentStore(Arc<Inner>);

struct Inner {
	backend: Backend,
	incoming: PathBuf,
	ledger: Ledger,
	peers: Peers,
	transfers: Transfers,
	limits: Limits,
	uploads: Semaphore,
	metrics: Metrics,
}

impl ContentStore {
	/// Opens the store that the configuration names, and clears what a crash left unfinished.
	///
	/// # Errors
	/// When a folder can't be made, the ledger can't be read, or the URL is not understood.
	pub fn open(config: &OperatorConfig, metrics: Metrics) -> Result<Self, ContentError> {
		let backend = Backend::open(config)?;
		let ledger = config.folder.join("ledger.redb");
		std::fs::create_dir_all(&config.folder).map_err(ContentError::io(&config.folder))?;
		// Only one worker can open the ledger: what lies in `incoming` is nobody's from here on.
		let ledger = Ledger::open(&ledger, config.limits.quota, config.limits.capacity)?;
		let incoming = backend.folder().join("incoming");
		if incoming.exists() {
			std::fs::remove_dir_all(&incoming).map_err(ContentError::io(&incoming))?;
		}
		std::fs::create_dir_all(&incoming).map_err(ContentError::io(&incoming))?;
		Ok(Self(Arc::new(Inner {
			backend,
			incoming,
			ledger,
			peers: Peers::new(&config.peers, config.limits.clone())?,
			transfers: Transfers::new(config.limits.audited),
			limits: config.limits.clone(),
			uploads: Semaphore::new(config.limits.uploads),
			metrics,
		})))
	}

	/// The limits that it keeps to.
	pub fn limits(&self) -> &Limits {
		&self.0.limits
	}

	/// How many blobs were uploaded, and the bytes that they count as.
	///
	/// # Errors
	/// When the ledger can't be read.
	pub fn totals(&self) -> Result<(u64, u64), ContentError> {
		self.0.ledger.totals()
	}

	/// The size of a blob in bytes, if it is here. Peers are not asked.
	///
	/// # Errors
	/// When the store fails.
	pub async fn size(&self, hash: &Hash) -> Result<Option<u64>, ContentError> {
		self.0.backend.size(hash).await
	}

	/// A blob as a stream. Peers are not asked.
	///
	/// # Errors
	/// [`ContentError::NotFound`], or when the store fails.
	pub async fn get(&self, hash: &Hash) -> Result<Blob, ContentError> {
		self.0.backend.get(hash).await
	}

	/// Takes an upload of `size` bytes. Where the blob is here already, the stream is not read.
	///
	/// # Errors
	/// When size, quota or hash are refused, the sender fails, or the store does. Nothing of a
	/// refused upload stays.
	pub async fn put<S, E>(
		&self,
		hash: Hash,
		size: u64,
		account: &AccountId32,
		stream: S,
	) -> Result<Stored, ContentError>
	where
		S: Stream<Item = Result<Bytes, E>> + Unpin,
		E: std::fmt::Display,
	{
		let limit = self.0.limits.blob;
		if size == 0 {
			return Err(ContentError::Empty);
		}
		if size > limit {
			return Err(ContentError::TooLarge { size, limit });
		}
		if self.size(&hash).await?.is_some() {
			return Ok(Stored::Existed);
		}
		let room = self.0.ledger.reserve(account, size)?;
		let _slot = self.0.uploads.try_acquire().map_err(|_| ContentError::Busy)?;
		let file = receive(&self.0.incoming, self.0.due(hash, size), stream).await?;
		self.0.metrics.content_received.inc_by(size);
		self.0.clone().publish(hash, file, Some(room)).await?;
		Ok(Stored::Created)
	}

	/// The path of a file of this machine that holds the blob, fetched from a peer if need be. Its
	/// bytes have been checked when it came here, not now.
	///
	/// # Errors
	/// [`ContentError::NotFound`] where no peer has it either, or when a store fails.
	pub async fn path(&self, hash: &Hash) -> Result<PathBuf, ContentError> {
		self.find(self.any(hash)).await
	}

	/// As [`ContentStore::path`], with the file's bytes checked now. A damaged copy is removed, and
	/// replaced where a peer has a good one.
	///
	/// # Errors
	/// [`ContentError::Damaged`] where it can't be replaced, and as [`ContentStore::path`].
	pub async fn checked_path(&self, hash: &Hash) -> Result<PathBuf, ContentError> {
		self.checked(self.any(hash)).await
	}

	/// As [`ContentStore::checked_path`], of no more bytes than are wanted, and with one more worker to ask.
	/// What is here already may have more.
	///
	/// # Errors
	/// As [`ContentStore::checked_path`].
	pub async fn checked(&self, wanted: Wanted<'_>) -> Result<PathBuf, ContentError> {
		let hash = wanted.hash;
		let path = self.find(wanted).await?;
		if self.0.is_sound(hash, &path).await? {
			return Ok(path);
		}
		log::warn!("content {} does not hash to its name: removing it", hash::name(hash));
		self.remove(hash).await?;
		match self.find(wanted).await {
			Err(ContentError::NotFound(_)) => Err(ContentError::Damaged(*hash)),
			other => other,
		}
	}

	/// Fetches what is not in the store, which hands it out from then on. Makes no copy of what a remote store
	/// has.
	///
	/// # Errors
	/// [`ContentError::TooLarge`] where it has more bytes than are wanted, [`ContentError::NotFound`] where nobody
	/// who is asked has it, or when a store fails.
	pub async fn keep(&self, wanted: Wanted<'_>) -> Result<(), ContentError> {
		match self.has(wanted).await? {
			false => self.0.fetch(wanted).await.map(drop),
			true => Ok(()),
		}
	}

	/// Whether the store has it. Nobody else is asked.
	///
	/// # Errors
	/// [`ContentError::TooLarge`] where it has more bytes than are wanted, or when the store fails.
	pub async fn has(&self, wanted: Wanted<'_>) -> Result<bool, ContentError> {
		match self.size(wanted.hash).await? {
			Some(size) if size > wanted.most => {
				Err(ContentError::TooLarge { size, limit: wanted.most })
			}
			size => Ok(size.is_some()),
		}
	}

	fn any<'a>(&self, hash: &'a Hash) -> Wanted<'a> {
		Wanted { hash, most: self.0.limits.blob, last: None }
	}

	async fn find(&self, wanted: Wanted<'_>) -> Result<PathBuf, ContentError> {
		if let Some(path) = self.0.backend.local(wanted.hash) {
			return Ok(path);
		}
		match self.get(wanted.hash).await {
			Ok(blob) => self.0.take(wanted, blob, Source::Backend).await,
			Err(ContentError::NotFound(_)) => self.0.fetch(wanted).await,
			Err(error) => Err(error),
		}
	}

	/// Removes a blob and its copies from this worker; nothing happens where there is none.
	///
	/// # Errors
	/// When the store fails.
	pub async fn remove(&self, hash: &Hash) -> Result<(), ContentError> {
		self.0.backend.remove(hash).await?;
		let (inner, hash) = (self.0.clone(), *hash);
		run(move || inner.ledger.strike(&hash)).await
	}
}

/// Where a blob comes from that is wanted on this machine.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
	/// The store itself, which is remote: only a copy is made.
	Backend,
	/// A peer: it is stored.
	Peer,
}

impl Inner {
	fn due(&self, hash: Hash, size: u64) -> Due {
		Due { hash, size, silence: self.limits.silence, patience: self.limits.patience(size) }
	}

	/// Asks one peer after the other until one gives bytes that hash to the name, and then whom else there is
	/// to ask.
	async fn fetch(self: &Arc<Self>, wanted: Wanted<'_>) -> Result<PathBuf, ContentError> {
		for peer in self.peers.iter() {
			if let Some(path) = Self::taken(peer, wanted, self.fetch_from(peer, wanted).await)? {
				return Ok(path);
			}
		}
		if let Some(last) = wanted.last
			&& let Some(path) = self.fetch_last(last, wanted).await?
		{
			return Ok(path);
		}
		Err(ContentError::NotFound(*wanted.hash))
	}

	/// What a worker gave, where it is what is wanted.
	///
	/// # Errors
	/// What is this worker's own fault.
	fn taken(
		worker: &Url,
		wanted: Wanted<'_>,
		taken: Result<Option<PathBuf>, ContentError>,
	) -> Result<Option<PathBuf>, ContentError> {
		taken.or_else(|error| {
			let host = worker.host_str().unwrap_or_default();
			log::warn!("content {} from {host}: {error}", hash::name(wanted.hash));
			if error.is_of_sender() { Ok(None) } else { Err(error) }
		})
	}

	/// Stores what a peer has under the name; `None` where it has nothing.
	async fn fetch_from(
		self: &Arc<Self>,
		peer: &Url,
		wanted: Wanted<'_>,
	) -> Result<Option<PathBuf>, ContentError> {
		match self.peers.ask(peer, wanted).await? {
			Some(blob) => self.fetched(wanted, blob).await.map(Some),
			None => Ok(None),
		}
	}

	/// Stores what another worker sends.
	async fn fetched(
		self: &Arc<Self>,
		wanted: Wanted<'_>,
		blob: Blob,
	) -> Result<PathBuf, ContentError> {
		let size = blob.size;
		let path = self.take(wanted, blob, Source::Peer).await?;
		self.metrics.content_fetched.inc_by(size);
		Ok(path)
	}

	/// Receives a blob from the store or a peer and returns its file.
	async fn take(
		self: &Arc<Self>,
		wanted: Wanted<'_>,
		blob: Blob,
		source: Source,
	) -> Result<PathBuf, ContentError> {
		let (hash, limit) = (*wanted.hash, wanted.most.min(self.limits.blob));
		if blob.size > limit {
			return Err(ContentError::TooLarge { size: blob.size, limit });
		}
		let file = receive(&self.incoming, self.due(hash, blob.size), blob.bytes).await?;
		match source {
			Source::Backend => self.backend.keep_copy(&hash, file),
			Source::Peer => self.clone().publish(hash, file, None).await,
		}
	}

	/// Makes a received file visible, in a task of its own, so that it is not left half done when
	/// the client goes away.
	async fn publish(
		self: Arc<Self>,
		hash: Hash,
		file: NamedTempFile,
		room: Option<Reservation>,
	) -> Result<PathBuf, ContentError> {
		let task = tokio::spawn(async move {
			let charged = room.is_some();
			if let Some(room) = room {
				let inner = self.clone();
				run(move || inner.ledger.enter(&hash, room)).await?;
			}
			let published = self.backend.publish(&hash, file).await;
			if published.is_err() && charged {
				run(move || self.ledger.strike(&hash)).await?;
			}
			published
		});
		task.await.map_err(|_| ContentError::Stopped)?
	}

	async fn is_sound(&self, hash: &Hash, path: &std::path::Path) -> Result<bool, ContentError> {
		let (hash, path) = (*hash, path.to_path_buf());
		run(move || {
			let found = hash::of_file(&path).map_err(ContentError::io(&path))?;
			Ok(found == hash)
		})
		.await
	}
}

/// Runs what waits for the disk away from the threads that serve others.
async fn run<T: Send + 'static>(
	work: impl FnOnce() -> Result<T, ContentError> + Send + 'static,
) -> Result<T, ContentError> {
	tokio::task::spawn_blocking(work).await.map_err(|_| ContentError::Stopped)?
}
