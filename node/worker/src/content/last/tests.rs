use super::*;
use crate::{
	content::{ContentError, ContentStore},
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
		Last::with_patience(self.url.clone(), patience)
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
	let folder = tempfile::tempdir().unwrap();
	let config = config(folder.path());
	assert!(config.peers.is_empty());
	(ContentStore::open(&config, Metrics::new(None).unwrap()).unwrap(), folder)
}

async fn find(store: &ContentStore, bytes: &[u8], last: &Last) -> Result<PathBuf, ContentError> {
	let hash = content_hash(bytes);
	store.checked(Wanted { hash: &hash, most: 100_000, last: Some(last) }).await
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
	let over = || store.0.transfers.0.lock().is_empty();
	eventually("nothing is under way", over).await;
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
	let waited = Arc::new(Mutex::new(Instant::now()));
	let (begun, watched, pause) = (Instant::now(), waited.clone(), 4 * SOON);
	let ends = tokio::spawn(async move { given_up(&watched, pause).await });
	tokio::time::sleep(pause / 2).await;
	*waited.lock() = Instant::now();
	ends.await.unwrap();
	assert!(begun.elapsed() >= pause + pause / 2);
}
