use super::*;
use crate::{
	config::StoreLocation,
	testing::{config, files},
};
use futures::{StreamExt, TryStreamExt, stream};
use openledger_primitives_core::record::content_hash;
use std::{convert::Infallible, path::Path};
use url::Url;

const ALICE: AccountId32 = AccountId32::new([1; 32]);

fn open(config: &OperatorConfig) -> ContentStore {
	ContentStore::open(config, Metrics::new(None).unwrap()).unwrap()
}

fn pieces(bytes: &[u8]) -> impl Stream<Item = Result<Bytes, Infallible>> + Unpin + use<> {
	let pieces: Vec<_> = bytes.chunks(999).map(|p| Ok(Bytes::copy_from_slice(p))).collect();
	stream::iter(pieces)
}

async fn put(store: &ContentStore, bytes: &[u8]) -> Result<Stored, ContentError> {
	store.put(content_hash(bytes), bytes.len() as u64, &ALICE, pieces(bytes)).await
}

async fn read(store: &ContentStore, hash: &Hash) -> Vec<u8> {
	let blob = store.get(hash).await.unwrap();
	let bytes: Vec<Bytes> = blob.bytes.try_collect().await.unwrap();
	assert_eq!(bytes.iter().map(Bytes::len).sum::<usize>() as u64, blob.size);
	bytes.concat()
}

/// A store on a remote object store, which for this test is in memory.
fn remote(folder: &Path) -> OperatorConfig {
	let mut config = config(folder);
	config.store = StoreLocation::Remote(Url::parse("memory:///models/here").unwrap());
	config
}

#[tokio::test]
async fn content_is_read_back_as_it_was_put_in_a_folder_and_remotely() {
	let bytes: Vec<u8> = (0..300_000u32).map(|i| (i * 31) as u8).collect();
	for remotely in [false, true] {
		let folder = tempfile::tempdir().unwrap();
		let config = if remotely { remote(folder.path()) } else { config(folder.path()) };
		let store = open(&config);
		assert_eq!(store.size(&content_hash(&bytes)).await.unwrap(), None);
		assert_eq!(put(&store, &bytes).await.unwrap(), Stored::Created);
		assert_eq!(put(&store, &bytes).await.unwrap(), Stored::Existed);
		assert_eq!(store.size(&content_hash(&bytes)).await.unwrap(), Some(300_000));
		assert_eq!(read(&store, &content_hash(&bytes)).await, bytes);
		let path = store.checked_path(&content_hash(&bytes)).await.unwrap();
		assert_eq!(std::fs::read(&path).unwrap(), bytes);
		assert_eq!(store.totals().unwrap(), (1, 300_000));
		// The copy of remote content can be made again.
		if remotely {
			std::fs::remove_file(&path).unwrap();
			assert_eq!(store.path(&content_hash(&bytes)).await.unwrap(), path);
			assert_eq!(std::fs::read(&path).unwrap(), bytes);
		}
		assert_eq!(files(folder.path()), [path]);
		store.remove(&content_hash(&bytes)).await.unwrap();
		store.remove(&content_hash(&bytes)).await.unwrap();
		assert!(matches!(store.get(&content_hash(&bytes)).await, Err(ContentError::NotFound(_))));
		assert_eq!(store.totals().unwrap(), (0, 0));
		assert!(files(folder.path()).is_empty());
	}
}

#[tokio::test]
async fn content_survives_reopening_and_leftovers_of_a_crash_do_not() {
	let folder = tempfile::tempdir().unwrap();
	let config = config(folder.path());
	put(&open(&config), b"kept").await.unwrap();
	let leftover = folder.path().join("content/incoming/.tmpleft");
	std::fs::write(&leftover, b"half").unwrap();
	let store = open(&config);
	assert!(!leftover.exists());
	assert_eq!(read(&store, &content_hash(b"kept")).await, b"kept");
	assert_eq!(store.totals().unwrap().0, 1);
}

#[tokio::test]
async fn nothing_stays_when_an_upload_is_refused() {
	let folder = tempfile::tempdir().unwrap();
	let store = open(&config(folder.path()));
	let bytes = [3u8; 5_000];
	let hash = content_hash(&bytes);
	let limit = store.limits().blob;
	let large = store.put(hash, limit + 1, &ALICE, pieces(&bytes)).await;
	assert!(matches!(large, Err(ContentError::TooLarge { .. })));
	let empty = store.put(content_hash(b""), 0, &ALICE, pieces(b"")).await;
	assert!(matches!(empty, Err(ContentError::Empty)));
	let short = store.put(hash, 5_001, &ALICE, pieces(&bytes)).await;
	assert!(matches!(short, Err(ContentError::WrongSize { expected: 5_001, found: 5_000 })));
	let long = store.put(hash, 4_999, &ALICE, pieces(&bytes)).await;
	assert!(matches!(long, Err(ContentError::WrongSize { .. })));
	let other = store.put(Hash::zero(), 5_000, &ALICE, pieces(&bytes)).await;
	assert!(matches!(other, Err(ContentError::WrongHash { .. })));
	let start = stream::iter([Ok::<_, Infallible>(Bytes::from_static(&[3; 10]))]);
	let silent = store.put(hash, 5_000, &ALICE, start.chain(stream::pending())).await;
	assert!(matches!(silent, Err(ContentError::TooSlow { .. })));
	assert!(files(folder.path()).is_empty());
	assert_eq!(store.totals().unwrap(), (0, 0));
	assert!(matches!(store.get(&hash).await, Err(ContentError::NotFound(_))));
}

#[tokio::test]
async fn upload_is_refused_when_quota_is_used_up_or_too_many_are_under_way() {
	let folder = tempfile::tempdir().unwrap();
	let mut config = config(folder.path());
	config.limits.quota = 100_000;
	config.limits.uploads = 1;
	config.limits.silence = std::time::Duration::from_secs(60);
	let store = open(&config);
	put(&store, &[1; 60_000]).await.unwrap();
	let refused = put(&store, &[2; 60_000]).await;
	assert!(matches!(refused, Err(ContentError::QuotaExceeded { used: 60_000, .. })));
	let hanging = tokio::spawn({
		let store = store.clone();
		let silent = stream::pending::<Result<Bytes, Infallible>>();
		async move { store.put(content_hash(b"never"), 5, &ALICE, silent).await }
	});
	crate::testing::eventually("one upload", || {
		!files(folder.path().join("content/incoming").as_path()).is_empty()
	})
	.await;
	assert!(matches!(put(&store, b"second").await, Err(ContentError::Busy)));
	hanging.abort();
	let _ = hanging.await;
	put(&store, b"second").await.unwrap();
	assert_eq!(store.totals().unwrap(), (2, 60_000 + ledger::SMALLEST));
}

#[tokio::test]
async fn damaged_content_is_removed_and_reported() {
	let folder = tempfile::tempdir().unwrap();
	let store = open(&config(folder.path()));
	put(&store, b"sound").await.unwrap();
	let hash = content_hash(b"sound");
	let path = store.path(&hash).await.unwrap();
	std::fs::write(&path, b"s0und").unwrap();
	assert!(matches!(store.checked_path(&hash).await, Err(ContentError::Damaged(_))));
	assert!(!path.exists());
	assert!(matches!(store.path(&hash).await, Err(ContentError::NotFound(_))));
	assert_eq!(put(&store, b"sound").await.unwrap(), Stored::Created);
	assert!(store.checked_path(&hash).await.is_ok());
}

#[tokio::test]
async fn least_recently_used_copy_of_remote_content_is_fetched_again() {
	let folder = tempfile::tempdir().unwrap();
	let mut config = remote(folder.path());
	config.limits.copies = 150_000;
	let store = open(&config);
	let blobs = [vec![1u8; 100_000], vec![2u8; 100_000]];
	for blob in &blobs {
		put(&store, blob).await.unwrap();
	}
	assert_eq!(files(folder.path()).len(), 1);
	for blob in &blobs {
		let path = store.checked_path(&content_hash(blob)).await.unwrap();
		assert_eq!(&std::fs::read(path).unwrap(), blob);
		assert_eq!(files(folder.path()).len(), 1);
	}
}

#[test]
fn store_is_refused_when_its_url_is_of_no_known_kind_or_its_folder_is_a_file() {
	let folder = tempfile::tempdir().unwrap();
	let mut config = config(folder.path());
	let open = |config: &OperatorConfig| {
		ContentStore::open(config, Metrics::new(None).unwrap()).map(|_| ()).unwrap_err()
	};
	config.store = StoreLocation::Remote(Url::parse("gopher://user:secret@host/x").unwrap());
	let error = open(&config);
	assert!(
		matches!(&error, ContentError::Location { location, .. } if location == "gopher://host/x")
	);
	let file = folder.path().join("file");
	std::fs::write(&file, b"").unwrap();
	config.store = StoreLocation::Folder(file);
	assert!(matches!(open(&config), ContentError::Io { .. }));
}

#[tokio::test]
async fn store_is_refused_when_another_worker_has_it_and_its_uploads_are_left_alone() {
	let folder = tempfile::tempdir().unwrap();
	let config = config(folder.path());
	let store = open(&config);
	let under_way = folder.path().join("content/incoming/.tmp1");
	std::fs::write(&under_way, b"half").unwrap();
	let second = ContentStore::open(&config, Metrics::new(None).unwrap());
	assert!(matches!(second.map(|_| ()), Err(ContentError::Ledger(_))));
	assert!(under_way.exists());
	drop(store);
	open(&config);
	assert!(!under_way.exists());
}
