use super::*;
use crate::{
	config::OperatorConfig,
	operator::Operator,
	testing::{Scripted, config, eventually, files, key, signed},
};
use openledger_primitives_core::{Hash, record::content_hash};
use reqwest::Client;
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio::{
	io::{AsyncReadExt, AsyncWriteExt},
	net::TcpStream,
	runtime::Handle,
};

struct Worker {
	operator: Operator,
	folder: TempDir,
	client: Client,
}

fn worker(change: impl FnOnce(&mut OperatorConfig)) -> Worker {
	let folder = tempfile::tempdir().unwrap();
	let mut config = config(folder.path());
	change(&mut config);
	let answerer = Arc::new(Scripted::default());
	let operator = Operator::start_with(config, Handle::current(), None, answerer).unwrap();
	let client = Client::builder().no_proxy().build().unwrap();
	Worker { operator, folder, client }
}

impl Worker {
	fn url(&self, path: &str) -> String {
		format!("http://{}{path}", self.operator.address())
	}

	fn content(&self, hash: &Hash) -> String {
		self.url(&format!("/content/{}", hex::encode(hash)))
	}

	async fn put(&self, bytes: &[u8]) -> (u16, Value) {
		let hash = content_hash(bytes);
		self.put_as(&hash, bytes, &signed(&key("Alice"), &hash, bytes.len() as u64)).await
	}

	async fn put_as(&self, hash: &Hash, bytes: &[u8], headers: &[(&str, String)]) -> (u16, Value) {
		let mut request = self.client.put(self.content(hash)).body(bytes.to_vec());
		for (name, value) in headers {
			request = request.header(*name, value);
		}
		let response = request.send().await.unwrap();
		(response.status().as_u16(), response.json().await.unwrap())
	}

	/// Sends the head of an upload and `body`, and returns the connection.
	async fn begin(&self, hash: &Hash, length: u64, body: &[u8]) -> TcpStream {
		let mut stream = TcpStream::connect(self.operator.address()).await.unwrap();
		let [account, signature] = signed(&key("Alice"), hash, length);
		let head = format!(
			"PUT /content/{} HTTP/1.1\r\nhost: worker\r\ncontent-length: {length}\r\n{}: {}\r\n{}: {}\r\n\r\n",
			hex::encode(hash),
			account.0,
			account.1,
			signature.0,
			signature.1,
		);
		stream.write_all(head.as_bytes()).await.unwrap();
		stream.write_all(body).await.unwrap();
		stream
	}

	fn files(&self) -> usize {
		files(self.folder.path()).len()
	}
}

async fn response(mut stream: TcpStream) -> String {
	let mut text = String::new();
	let reading = stream.read_to_string(&mut text);
	// A reset after the response is as good as its end.
	let _ = tokio::time::timeout(Duration::from_secs(20), reading).await.expect("a response");
	text
}

fn code(body: &Value) -> &str {
	body["error"]["code"].as_str().unwrap_or("no error")
}

#[tokio::test(flavor = "multi_thread")]
async fn content_is_served_when_it_was_put() {
	let worker = worker(|_| ());
	let bytes: Vec<u8> = (0..700_000u32).map(|i| (i * 13) as u8).collect();
	let hash = content_hash(&bytes);
	let (status, receipt) = worker.put(&bytes).await;
	assert_eq!((status, receipt["size"].as_u64()), (201, Some(700_000)));
	assert_eq!(receipt["hash"], hex::encode(hash));
	assert_eq!(worker.put(&bytes).await.0, 200);
	let response = worker.client.get(worker.content(&hash)).send().await.unwrap();
	assert_eq!(response.content_length(), Some(700_000));
	assert_eq!(response.bytes().await.unwrap(), bytes);
	let head = worker.client.head(worker.content(&hash)).send().await.unwrap();
	assert_eq!(head.headers()["content-length"], "700000");
	let status = worker.operator.status();
	assert_eq!((status.content.blobs, status.content.received), (1, 700_000));
	assert_eq!(status.content.sent, 700_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn path_is_refused_when_it_names_no_hash() {
	let worker = worker(|_| ());
	let upper = "A".repeat(64);
	for name in ["1234", upper.as_str(), "..%2f..%2fetc%2fpasswd", "%ff", "0x"] {
		let response =
			worker.client.get(worker.url(&format!("/content/{name}"))).send().await.unwrap();
		assert_eq!(response.status(), 400, "{name}");
		assert_eq!(code(&response.json().await.unwrap()), "bad_hash", "{name}");
	}
	for path in ["/", "/content", "/content/", "/status/x"] {
		let response = worker.client.get(worker.url(path)).send().await.unwrap();
		assert_eq!(response.status(), 404, "{path}");
		assert_eq!(code(&response.json().await.unwrap()), "no_route", "{path}");
	}
	let response = worker.client.delete(worker.content(&Hash::zero())).send().await.unwrap();
	assert_eq!(response.status(), 405);
	assert_eq!(code(&response.json().await.unwrap()), "wrong_method");
}

#[tokio::test(flavor = "multi_thread")]
async fn content_is_not_found_when_nobody_put_it() {
	let worker = worker(|_| ());
	let response = worker.client.get(worker.content(&Hash::zero())).send().await.unwrap();
	assert_eq!(response.status(), 404);
	assert_eq!(code(&response.json().await.unwrap()), "not_found");
	let response = worker.client.head(worker.content(&Hash::zero())).send().await.unwrap();
	assert_eq!(response.status(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn upload_is_refused_when_signature_hash_or_size_are_wrong() {
	let worker = worker(|_| ());
	let (bytes, other) = (b"some bytes", b"same size!");
	let (hash, size) = (content_hash(bytes), bytes.len() as u64);
	let alice = key("Alice");
	let good = signed(&alice, &hash, size);
	let mut another = good.clone();
	another[0] = signed(&key("Bob"), &hash, size)[0].clone();
	let mut nobody = good.clone();
	nobody[0].1 = "5nobody".into();
	type Headers<'a> = &'a [(&'a str, String)];
	let cases: [(Headers<'_>, &[u8], u16, &str); 7] = [
		(&[], bytes, 401, "unsigned"),
		(&good[..1], bytes, 401, "unsigned"),
		(&nobody, bytes, 401, "bad_account"),
		(&another, bytes, 401, "bad_signature"),
		(&signed(&alice, &hash, size + 1), bytes, 401, "bad_signature"),
		(&signed(&alice, &content_hash(other), size), bytes, 401, "bad_signature"),
		(&good, other, 422, "wrong_hash"),
	];
	for (headers, body, status, expected) in cases {
		let (found, body) = worker.put_as(&hash, body, headers).await;
		assert_eq!((found, code(&body)), (status, expected));
	}
	assert_eq!(worker.files(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn large_upload_is_refused_before_its_body_is_sent() {
	let worker = worker(|_| ());
	let hash = content_hash(b"1 GB");
	let answer = response(worker.begin(&hash, 1_000_000_000, b"").await).await;
	assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("too_large"), "{answer}");
	let mut stream = TcpStream::connect(worker.operator.address()).await.unwrap();
	let head = format!(
		"PUT /content/{} HTTP/1.1\r\nhost: worker\r\ntransfer-encoding: chunked\r\n\r\n",
		hex::encode(hash)
	);
	stream.write_all(head.as_bytes()).await.unwrap();
	let answer = response(stream).await;
	assert!(answer.starts_with("HTTP/1.1 411") && answer.contains("no_length"), "{answer}");
	assert_eq!(worker.files(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn gigabyte_is_refused_when_it_is_streamed_in_spite_of_the_limit() {
	let worker = worker(|_| ());
	let hash = content_hash(b"1 GB");
	let mut stream = worker.begin(&hash, 1_000_000_000, b"").await;
	let chunk = vec![0u8; 1 << 16];
	let mut sent = 0u64;
	while sent < 1_000_000_000 {
		match stream.write(&chunk).await {
			Ok(count) => sent += count as u64,
			Err(_) => break,
		}
	}
	// What was sent before the connection broke sat in the system's buffers, not in the worker.
	assert!(sent < 100_000_000, "{sent} bytes were taken");
	assert_eq!(worker.files(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_when_an_upload_breaks_off_or_falls_silent() {
	let worker = worker(|_| ());
	let bytes = vec![7u8; 100_000];
	let hash = content_hash(&bytes);
	let stream = worker.begin(&hash, 100_000, &bytes[..50_000]).await;
	eventually("the upload has begun", || worker.files() == 1).await;
	drop(stream);
	eventually("it is gone", || worker.files() == 0).await;
	let silent = worker.begin(&hash, 100_000, &bytes[..50_000]).await;
	let answer = response(silent).await;
	assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("too_slow"), "{answer}");
	eventually("it is gone", || worker.files() == 0).await;
	assert_eq!(worker.operator.status().content.bytes, 0);
	assert_eq!(worker.put(&bytes).await.0, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn upload_is_refused_when_quota_or_store_is_full() {
	let worker = worker(|config| {
		config.limits.quota = 150_000;
		config.limits.capacity = 250_000;
	});
	assert_eq!(worker.put(&[1; 100_000]).await.0, 201);
	let (status, body) = worker.put(&[2; 1_000_000]).await;
	assert_eq!((status, code(&body)), (403, "quota_exceeded"));
	let bytes = [3; 140_000];
	let hash = content_hash(&bytes);
	let bob = signed(&key("Bob"), &hash, 140_000);
	assert_eq!(worker.put_as(&hash, &bytes, &bob).await.0, 201);
	let bytes = [4; 100_000];
	let hash = content_hash(&bytes);
	let charlie = signed(&key("Charlie"), &hash, 100_000);
	let (status, body) = worker.put_as(&hash, &bytes, &charlie).await;
	assert_eq!((status, code(&body)), (507, "full"));
}

#[tokio::test(flavor = "multi_thread")]
async fn health_and_status_tell_how_the_worker_is() {
	let worker = worker(|_| ());
	let health = worker.client.get(worker.url("/health")).send().await.unwrap();
	assert_eq!(health.status(), 200);
	let status: Value =
		worker.client.get(worker.url("/status")).send().await.unwrap().json().await.unwrap();
	assert_eq!(status["queue"]["capacity"], 4);
	assert_eq!(status["queue"]["alive"], true);
	assert_eq!(status["content"]["blob"], 1 << 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_content_is_fetched_from_the_peer_that_has_it_whole() {
	let bytes = vec![9u8; 80_000];
	let hash = content_hash(&bytes);
	let good = worker(|_| ());
	good.put(&bytes).await;
	let empty = worker(|_| ());
	let lying = worker(|_| ());
	lying.put(&bytes).await;
	let damaged = files(lying.folder.path()).pop().unwrap();
	std::fs::write(damaged, vec![8u8; 80_000]).unwrap();
	let peers = [&empty, &lying, &good].map(|peer| peer.url("").parse().unwrap());
	let asking = worker(|config| {
		config.peers = peers.to_vec();
		config.peers.insert(0, "http://127.0.0.1:1".parse().unwrap());
	});
	let store = ContentStore::open(
		&{
			let mut config = config(asking.folder.path().join("own").as_path());
			config.peers = peers.to_vec();
			config
		},
		Metrics::new(None).unwrap(),
	)
	.unwrap();
	let path = store.checked_path(&hash).await.unwrap();
	assert_eq!(std::fs::read(path).unwrap(), bytes);
	assert!(store.path(&content_hash(b"nobody has this")).await.is_err());
	// A worker asked over HTTP does not ask its own peers: peers could ask each other forever.
	let response = asking.client.get(asking.content(&hash)).send().await.unwrap();
	assert_eq!(response.status(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn content_of_a_peer_is_refused_when_it_is_too_large() {
	let peer = worker(|_| ());
	let bytes = vec![9u8; 80_000];
	peer.put(&bytes).await;
	let folder = tempfile::tempdir().unwrap();
	let mut config = config(folder.path());
	config.peers = vec![peer.url("/").parse().unwrap()];
	config.limits.blob = 79_999;
	let store = ContentStore::open(&config, Metrics::new(None).unwrap()).unwrap();
	assert!(store.path(&content_hash(&bytes)).await.is_err());
	assert!(files(folder.path()).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn request_under_way_is_finished_when_the_worker_stops_and_later_ones_are_refused() {
	let worker = worker(|config| config.limits.silence = Duration::from_secs(30));
	let bytes = vec![7u8; 100_000];
	let hash = content_hash(&bytes);
	let mut stream = worker.begin(&hash, 100_000, &bytes[..50_000]).await;
	eventually("the upload has begun", || worker.files() == 1).await;
	let address = worker.operator.address();
	let stopping = tokio::spawn(worker.operator.stop());
	tokio::time::sleep(Duration::from_millis(100)).await;
	stream.write_all(&bytes[50_000..]).await.unwrap();
	let answer = response(stream).await;
	assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
	stopping.await.unwrap();
	assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_does_not_start_when_its_port_is_taken() {
	let first = worker(|_| ());
	let folder = tempfile::tempdir().unwrap();
	let mut config = config(folder.path());
	config.listen = first.operator.address();
	let answerer = Arc::new(Scripted::default());
	let result = Operator::start_with(config, Handle::current(), None, answerer);
	assert!(matches!(result, Err(crate::StartError::Listen { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn crowd_waits_in_the_queue_when_all_connections_are_taken() {
	let worker = worker(|config| {
		config.limits.connections = 1;
		config.limits.silence = Duration::from_secs(30);
	});
	let mut crowd = tokio::task::JoinSet::new();
	for _ in 0..300 {
		crowd.spawn(TcpStream::connect(worker.operator.address()));
	}
	// One that finds no room is tried again after seconds, and for as long as there is none.
	let mut inside = Vec::new();
	let coming = async {
		while let Some(stream) = crowd.join_next().await {
			inside.push(stream.unwrap().unwrap());
		}
	};
	let _ = tokio::time::timeout(Duration::from_secs(20), coming).await;
	assert_eq!(inside.len(), 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn connection_is_closed_when_the_head_of_a_request_does_not_come() {
	let worker = worker(|config| config.limits.silence = Duration::from_millis(200));
	let mut stream = TcpStream::connect(worker.operator.address()).await.unwrap();
	stream.write_all(b"GET /health HTTP/1.1\r\nhost: wor").await.unwrap();
	let answer = response(stream).await;
	assert!(!answer.contains("200 OK"), "{answer}");
}
