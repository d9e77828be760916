//! Where published blobs lie: a local folder, or an object store with local copies.

use std::{
	path::{Path, PathBuf},
	sync::Arc,
};

use futures::{StreamExt, TryStreamExt};
use object_store::{
	ObjectStore, WriteMultipart, local::LocalFileSystem, parse_url_opts, path::Path as Key,
};
use openledger_primitives_core::Hash;
use tempfile::NamedTempFile;
use tokio::io::AsyncReadExt;

use super::{Blob, ContentError, copies::Copies, hash::name};
use crate::config::{OperatorConfig, StoreLocation};

/// Parts of an upload to an object store: S3 takes none below 5 MiB, and 10,000 at most.
const PART: usize = 8 << 20;
/// Parts under way at the same time.
const PARTS: usize = 4;
/// What the variables that hold an object store's credentials start with.
const CREDENTIALS: [&str; 3] = ["aws_", "google_", "azure_"];

pub(super) struct Backend {
	store: Arc<dyn ObjectStore>,
	prefix: Key,
	/// The folder of blobs: the store itself, or the copies.
	blobs: PathBuf,
	folder: PathBuf,
	/// Only where the store is remote.
	copies: Option<Copies>,
}

/// `ab/abcdef…`: folders of all blobs together would be slow to list.
fn relative(hash: &Hash) -> [String; 2] {
	let name = name(hash);
	[name[..2].to_string(), name]
}

impl Backend {
	pub(super) fn open(config: &OperatorConfig) -> Result<Self, ContentError> {
		let folder = match &config.store {
			StoreLocation::Folder(folder) => folder.clone(),
			StoreLocation::Remote(_) => config.folder.clone(),
		};
		let blobs = folder.join("blobs");
		std::fs::create_dir_all(&blobs).map_err(ContentError::io(&blobs))?;
		match &config.store {
			StoreLocation::Folder(_) => {
				let store = Arc::new(LocalFileSystem::new_with_prefix(&blobs)?);
				Ok(Self { store, prefix: Key::default(), blobs, folder, copies: None })
			}
			StoreLocation::Remote(url) => {
				let options = std::env::vars_os().filter_map(|(key, value)| {
					let key = key.to_str()?.to_ascii_lowercase();
					let known = CREDENTIALS.iter().any(|prefix| key.starts_with(prefix));
					known.then_some((key, value.to_str()?.to_string()))
				});
				let (store, prefix) =
					parse_url_opts(url, options).map_err(|error| ContentError::Location {
						location: config.store.to_string(),
						reason: error.to_string(),
					})?;
				let copies = Copies::open(&blobs, config.limits.copies)?;
				Ok(Self { store: store.into(), prefix, blobs, folder, copies: Some(copies) })
			}
		}
	}

	/// The folder of this machine that everything lies in; uploads have to be received there, since
	/// a rename does not cross file systems.
	pub(super) fn folder(&self) -> &Path {
		&self.folder
	}

	fn key(&self, hash: &Hash) -> Key {
		relative(hash).iter().fold(self.prefix.clone(), |key, part| key.child(part.as_str()))
	}

	fn file(&self, hash: &Hash) -> PathBuf {
		relative(hash).iter().fold(self.blobs.clone(), |path, part| path.join(part))
	}

	pub(super) async fn size(&self, hash: &Hash) -> Result<Option<u64>, ContentError> {
		match self.store.head(&self.key(hash)).await {
			Ok(meta) => Ok(Some(meta.size)),
			Err(object_store::Error::NotFound { .. }) => Ok(None),
			Err(error) => Err(error.into()),
		}
	}

	pub(super) async fn get(&self, hash: &Hash) -> Result<Blob, ContentError> {
		match self.store.get(&self.key(hash)).await {
			Ok(found) => Ok(Blob { size: found.meta.size, bytes: found.into_stream().boxed() }),
			Err(object_store::Error::NotFound { .. }) => Err(ContentError::NotFound(*hash)),
			Err(error) => Err(error.into()),
		}
	}

	/// The file of this machine that holds the blob, if there is one.
	pub(super) fn local(&self, hash: &Hash) -> Option<PathBuf> {
		let path = self.file(hash);
		if !path.is_file() {
			return None;
		}
		if let Some(copies) = &self.copies {
			copies.used(hash);
		}
		Some(path)
	}

	/// Makes a received file visible under its name, all at once, and returns where it lies here.
	pub(super) async fn publish(
		&self,
		hash: &Hash,
		file: NamedTempFile,
	) -> Result<PathBuf, ContentError> {
		if self.copies.is_some() {
			self.upload(hash, file.path()).await?;
		}
		self.keep_copy(hash, file)
	}

	/// Moves a received file to its name on this machine.
	pub(super) fn keep_copy(
		&self,
		hash: &Hash,
		file: NamedTempFile,
	) -> Result<PathBuf, ContentError> {
		let path = self.file(hash);
		if let Some(parent) = path.parent() {
			std::fs::create_dir_all(parent).map_err(ContentError::io(parent))?;
		}
		let size = file.as_file().metadata().map_err(ContentError::io(file.path()))?.len();
		file.persist(&path).map_err(|error| ContentError::io(&path)(error.error))?;
		if let Some(copies) = &self.copies {
			copies.add(hash, size, &path);
		}
		Ok(path)
	}

	/// Sends a file to the object store; it is visible there only once complete.
	async fn upload(&self, hash: &Hash, file: &Path) -> Result<(), ContentError> {
		let mut source = tokio::fs::File::open(file).await.map_err(ContentError::io(file))?;
		let upload = self.store.put_multipart(&self.key(hash)).await?;
		let mut upload = WriteMultipart::new_with_chunk_size(upload, PART);
		let mut buffer = vec![0; PART];
		let sent = async {
			loop {
				let count = source.read(&mut buffer).await.map_err(ContentError::io(file))?;
				if count == 0 {
					return Ok(());
				}
				upload.wait_for_capacity(PARTS).await?;
				upload.write(&buffer[..count]);
			}
		}
		.await;
		match sent {
			Ok(()) => upload.finish().await.map(|_| ()).map_err(ContentError::from),
			Err(error) => {
				if let Err(left) = upload.abort().await {
					log::warn!("an upload to the object store could not be taken back: {left}");
				}
				Err(error)
			}
		}
	}

	pub(super) async fn remove(&self, hash: &Hash) -> Result<(), ContentError> {
		if let Some(copies) = &self.copies {
			copies.remove(hash, &self.file(hash))?;
		}
		let keys = futures::stream::iter([Ok(self.key(hash))]).boxed();
		match self.store.delete_stream(keys).try_collect::<Vec<_>>().await {
			Ok(_) | Err(object_store::Error::NotFound { .. }) => Ok(()),
			Err(error) => Err(error.into()),
		}
	}
}
