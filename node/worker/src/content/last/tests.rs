use super::*;
use crate::{
	config::OperatorConfig,
	content::ContentStore,
	metrics::Metrics,
	testing::{config, eventually, files},
};
use openledger_primitives_core::record::content_hash;
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;
use tokio::{
	io::{AsyncReadExt, AsyncWriteExt},
	net::TcpListener,
	sync::Semaphore,
};

/// A worker that sends `parts` of a response, each once it is let: what it was asked for is counted.
struct Sender {
	url: Url,
	asked: Arc<AtomicUsize>,
	let_go: Arc<Semaphore>,
}

async fn sender(parts: Vec<Vec<u8>>) -> Sender {
	let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
	let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
	let (asked, let_go) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
	let (count, gate) = (asked.clone(), let_go.clone());
	tokio::spawn(async move {
		while let Ok((mut stream, _)) = listener.accept().await {
			let _ = stream.read(&mut [0; 2048]).await;
			count.fetch_add(1, Ordering::SeqCst);
			for part in &parts {
				gate.acquire().await.unwrap().forget();
				let _ = stream.write_all(part).await;
			}
		}
	});
	Sender { url, asked, let_go }
}

impl Sender {
	fn last(&self, patience: Duration) -> Last {
		self.audited(1, patience)
	}

	/// As the audit of another claim asks it.
	fn audited(&self, audit: RequestId, patience: Duration) -> Last {
		Last::with_patience(self.url.clone(), audit, patience)
	}

	fn asked(&self) -> usize {
		self.asked.load(Ordering::SeqCst)
	}
}

fn head(length: usize) -> Vec<u8> {
	format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n").into_bytes()
}

/// A store without peers.
fn store() -> (ContentStore, TempDir) {
	with(|_| ())
}

fn with(change: impl FnOnce(&mut OperatorConfig)) -> (ContentStore, TempDir) {
	let folder = tempfile::tempdir().unwrap();
	let mut config = config(folder.path());
	assert!(config.peers.is_empty());
	change(&mut config);
	(ContentStore::open(&config, Metrics::new(None).unwrap()).unwrap(), folder)
}

async fn find(store: &ContentStore, bytes: &[u8], last: &Last) -> Result<PathBuf, ContentError> {
	let hash = content_hash(bytes);
	store.checked(Wanted { hash: &hash, most: 100_000, last: Some(last) }).await
}

fn under_way(store: &ContentStore) -> usize {
	store.0.transfers.under_way.lock().len()
}

/// What has come of transfers that are under way.
fn incoming(folder: &TempDir) -> Vec<PathBuf> {
	files(&folder.path().join("content/incoming"))
}

const SOON: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn content_that_only_such_a_worker_has_is_taken_once_its_bytes_are_the_named_ones() {
	let bytes = vec![7u8; 80_000];
	let (store, folder) = store();
	for wrong in [
		[head(80_000), vec![8; 80_000]].concat(),
		[head(100_001), vec![7; 100_001]].concat(),
		[head(80_000), vec![7; 40_000]].concat(),
		b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_vec(),
		b"HTTP/1.1 500 Oh\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_vec(),
		b"none of it".to_vec(),
	] {
		let sender = sender(vec![wrong]).await;
		sender.let_go.add_permits(1);
		let missing = find(&store, &bytes, &sender.last(LONG)).await;
		assert!(matches!(missing, Err(ContentError::NotFound(_))), "{missing:?}");
		assert!(files(folder.path()).is_empty());
	}
	let sender = sender(vec![[head(80_000), bytes.clone()].concat()]).await;
	sender.let_go.add_permits(1);
	let path = find(&store, &bytes, &sender.last(LONG)).await.unwrap();
	assert_eq!(std::fs::read(path).unwrap(), bytes);
	assert!(find(&store, &bytes, &sender.last(LONG)).await.is_ok());
	assert_eq!(sender.asked(), 1, "it is here from then on");
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_can_t_send_this_one_on_to_others() {
	let bytes = vec![7u8; 1_000];
	let other = sender(vec![[head(1_000), bytes.clone()].concat()]).await;
	other.let_go.add_permits(9);
	let moved =
		format!("HTTP/1.1 302 Found\r\nlocation: {}x\r\ncontent-length: 0\r\n\r\n", other.url);
	let sender = sender(vec![moved.into_bytes()]).await;
	sender.let_go.add_permits(9);
	let missing = find(&store().0, &bytes, &sender.last(LONG)).await;
	assert!(matches!(missing, Err(ContentError::NotFound(_))), "{missing:?}");
	assert_eq!((sender.asked(), other.asked()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_transfer_holds_nobody_up_and_goes_on_until_the_next_time() {
	let bytes = vec![7u8; 80_000];
	let (store, _folder) = store();
	let parts = vec![[head(80_000), bytes[..40_000].to_vec()].concat(), bytes[40_000..].to_vec()];
	let sender = sender(parts).await;
	sender.let_go.add_permits(1);
	let begun = Instant::now();
	for _ in 0..2 {
		let missing = find(&store, &bytes, &sender.last(SOON)).await;
		assert!(matches!(missing, Err(ContentError::NotFound(_))), "{missing:?}");
	}
	assert!(begun.elapsed() < LONG / 4);
	sender.let_go.add_permits(1);
	let path = find(&store, &bytes, &sender.last(LONG)).await.unwrap();
	assert_eq!(std::fs::read(path).unwrap(), bytes);
	assert_eq!(sender.asked(), 1);
	eventually("nothing is under way", || under_way(&store) == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_has_one_patience_for_all_that_it_is_asked_and_keeps_nothing_from_another() {
	let (store, _folder) = store();
	let bytes = vec![7u8; 1_000];
	let (silent, good) = (
		sender(vec![head(1_000)]).await,
		sender(vec![[head(1_000), bytes.clone()].concat()]).await,
	);
	good.let_go.add_permits(1);
	let (begun, last) = (Instant::now(), silent.last(4 * SOON));
	for byte in 0..9 {
		assert!(find(&store, &[byte; 1_000], &last).await.is_err());
	}
	assert!(begun.elapsed() < 9 * 4 * SOON, "{:?}", begun.elapsed());
	assert!(find(&store, &bytes, &last).await.is_err());
	assert!(find(&store, &bytes, &good.last(LONG)).await.is_ok());
}

#[tokio::test]
async fn transfer_is_given_up_once_nobody_has_waited_for_long() {
	let waited = Arc::new(Mutex::new(HashMap::from([(1, Instant::now())])));
	let (begun, watched, pause) = (Instant::now(), waited.clone(), 4 * SOON);
	let ends = tokio::spawn(async move { given_up(&watched, pause).await });
	tokio::time::sleep(pause / 2).await;
	waited.lock().insert(2, Instant::now());
	ends.await.unwrap();
	assert!(begun.elapsed() >= pause + pause / 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn own_fault_is_told_as_such_and_not_as_what_nobody_has() {
	let bytes = vec![7u8; 1_000];
	let parts = vec![[head(1_000), bytes.clone()].concat()];
	let (good, peer) = (sender(parts.clone()).await, sender(parts).await);
	good.let_go.add_permits(9);
	peer.let_go.add_permits(9);
	let (store, folder) = store();
	let (peered, peered_folder) = with(|config| config.peers = vec![peer.url.clone()]);
	for folder in [&folder, &peered_folder] {
		std::fs::remove_dir(folder.path().join("content/incoming")).unwrap();
	}
	let (one, other) = (good.last(LONG), good.audited(2, LONG));
	let both = futures::join!(find(&store, &bytes, &one), find(&store, &bytes, &other));
	for failed in [both.0, both.1] {
		let Err(ContentError::Transfer(error)) = failed else { panic!("{failed:?}") };
		assert!(matches!(*error, ContentError::Io { .. }), "{error:?}");
	}
	let failed = find(&peered, &bytes, &good.last(LONG)).await;
	assert!(matches!(failed, Err(ContentError::Io { .. })), "{failed:?}");
	for folder in [&folder, &peered_folder] {
		std::fs::create_dir(folder.path().join("content/incoming")).unwrap();
	}
	// The folder that its name lies in is a file.
	let name = crate::content::hash::name(&content_hash(&bytes));
	std::fs::write(folder.path().join("content/blobs").join(&name[..2]), b"").unwrap();
	let Err(error) = find(&store, &bytes, &good.last(LONG)).await else { panic!("no error") };
	assert!(matches!(error, ContentError::Transfer(_) | ContentError::Store(_)), "{error:?}");
	assert!(incoming(&folder).is_empty());
	assert!(find(&peered, &bytes, &good.last(LONG)).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn operator_that_moves_its_worker_has_one_transfer_of_a_content_for_each_audit() {
	let bytes = vec![7u8; 80_000];
	let (store, folder) = store();
	let mut half = Vec::new();
	let parts = [[head(80_000), bytes[..40_000].to_vec()].concat(), bytes[40_000..].to_vec()];
	for _ in 0..5 {
		let slow = sender(parts.to_vec()).await;
		slow.let_go.add_permits(1);
		assert!(find(&store, &bytes, &slow.last(SOON)).await.is_err());
		assert_eq!(under_way(&store), 1);
		eventually("it is asked", || slow.asked() == 1).await;
		eventually("only what it sends is here", || incoming(&folder).len() == 1).await;
		half.push(slow);
	}
	// That of another audit is its own, and stays when the first one moves once more.
	assert!(find(&store, &bytes, &half[4].audited(2, SOON)).await.is_err());
	assert_eq!(under_way(&store), 1);
	// Back where it began, it begins anew: the sender is done with the connection that was given up.
	half[0].let_go.add_permits(2);
	assert!(find(&store, &bytes, &half[0].last(SOON)).await.is_err());
	assert_eq!((under_way(&store), half[4].asked()), (2, 1));
	eventually("it is asked again", || half[0].asked() == 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn transfer_without_room_is_this_worker_s_to_answer_for_until_others_have_ended() {
	let (store, folder) = with(|config| config.limits.audited = 100 << 10);
	let (one, other) = (vec![7u8; 80_000], vec![8u8; 80_000]);
	let slow = sender(vec![head(80_000), one.clone()]).await;
	slow.let_go.add_permits(1);
	assert!(find(&store, &one, &slow.last(SOON)).await.is_err());
	eventually("it has begun", || incoming(&folder).len() == 1).await;
	let good = sender(vec![[head(80_000), other.clone()].concat()]).await;
	good.let_go.add_permits(9);
	let refused = find(&store, &other, &good.audited(2, LONG)).await;
	let Err(ContentError::Transfer(error)) = refused else { panic!("{refused:?}") };
	assert!(matches!(*error, ContentError::Busy), "{error:?}");
	slow.let_go.add_permits(1);
	assert!(find(&store, &one, &slow.last(LONG)).await.is_ok());
	eventually("nothing is under way", || under_way(&store) == 0).await;
	assert!(find(&store, &other, &good.audited(2, LONG)).await.is_ok());
}

#[test]
fn what_is_larger_than_all_room_comes_by_itself() {
	let transfers = Transfers::new(10 * UNIT);
	let whole = transfers.reserve(1 << 40).unwrap();
	assert!(matches!(transfers.reserve(1), Err(ContentError::Busy)));
	drop(whole);
	let _part = transfers.reserve(9 * UNIT + 1).unwrap();
	assert!(transfers.reserve(1).is_err());
	assert!(transfers.reserve(0).is_ok());
}
