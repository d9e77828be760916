//! Clients that misbehave.

use super::*;
use std::time::Duration;
use tokio::{
	io::{AsyncReadExt, AsyncWriteExt},
	net::TcpStream,
};

impl Site {
	/// Waits until nothing is under way any more.
	pub(super) async fn until_idle(&self) {
		for _ in 0..2_000 {
			let load = self.server.load();
			if load.running + load.waiting == 0 {
				assert_eq!(load.pages, 0);
				return;
			}
			tokio::time::sleep(Duration::from_millis(10)).await;
		}
		panic!("requests stayed: {:?}", self.server.load());
	}

	fn address(&self) -> &str {
		self.url.strip_prefix("http://").unwrap()
	}

	/// A request by hand, on a connection of its own.
	async fn raw(&self, body: &str) -> TcpStream {
		let mut stream = TcpStream::connect(self.address()).await.unwrap();
		let head =
			format!("POST {CHAT} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", body.len());
		stream.write_all(head.as_bytes()).await.unwrap();
		stream.write_all(body.as_bytes()).await.unwrap();
		stream
	}
}

#[tokio::test]
async fn server_stays_within_its_bounds_when_hundreds_ask_and_leave() {
	let limits = Limits { running: 4, waiting: 8, ..Limits::default() };
	let site = Arc::new(Site::start(limits, None).await);
	let mut tasks = tokio::task::JoinSet::new();
	for number in 0..200 {
		let site = Arc::clone(&site);
		tasks.spawn(async move {
			let body = with(
				with(chat("first"), "max_tokens", json!(60)),
				"stream",
				json!(number % 2 == 0),
			);
			let response = site.post(CHAT, &body).await;
			let status = response.status().as_u16();
			if number % 3 == 0 {
				// Leaves without reading.
				drop(response);
			} else {
				response.text().await.unwrap();
			}
			status
		});
	}
	let (mut answered, mut refused) = (0, 0);
	while let Some(status) = tasks.join_next().await {
		match status.unwrap() {
			200 => answered += 1,
			429 => refused += 1,
			other => panic!("{other}"),
		}
	}
	assert!(answered >= 12 && refused > 0, "{answered} answered, {refused} refused");
	site.until_idle().await;
}

#[tokio::test]
async fn request_ends_when_its_connection_is_dropped_in_the_middle_of_a_stream() {
	let site = Site::usual().await;
	let body = with(with(chat("first"), "max_tokens", json!(100)), "stream", json!(true));
	for n in [1, 3] {
		let mut streams = Vec::new();
		for _ in 0..8 {
			streams.push(site.raw(&with(body.clone(), "n", json!(n)).to_string()).await);
		}
		for stream in &mut streams {
			let mut first = [0; 200];
			stream.read_exact(&mut first).await.unwrap();
			assert!(first.starts_with(b"HTTP/1.1 200"));
		}
		drop(streams);
		site.until_idle().await;
	}
	let answer = site.json(CHAT, chat("first")).await;
	assert_eq!(answer["usage"]["completion_tokens"], 12);
}

#[tokio::test]
async fn others_are_answered_while_readers_do_not_read() {
	let site = Site::usual().await;
	let body = with(with(chat("first"), "max_tokens", json!(100)), "stream", json!(true));
	let mut slow = Vec::new();
	for _ in 0..20 {
		slow.push(site.raw(&body.to_string()).await);
	}
	for _ in 0..5 {
		site.json(CHAT, chat("second")).await;
	}
	// Their answers wait for them in whole.
	site.until_idle().await;
	for stream in &mut slow {
		let mut text = String::new();
		while !text.contains("data: [DONE]") {
			let mut bytes = [0; 1024];
			let count = stream.read(&mut bytes).await.unwrap();
			assert!(count > 0, "{text}");
			text.push_str(&String::from_utf8_lossy(&bytes[..count]));
		}
		assert!(text.contains("\"finish_reason\":\"length\""));
	}
}

#[tokio::test]
async fn thousand_connections_are_served_when_they_come_at_once() {
	let limits = Limits { waiting: 2_000, ..Limits::default() };
	let site = Arc::new(Site::start(limits, None).await);
	let mut tasks = tokio::task::JoinSet::new();
	for number in 0..1_000 {
		let site = Arc::clone(&site);
		tasks.spawn(async move {
			let body = with(chat("first"), "max_tokens", json!(1 + number % 3)).to_string();
			let mut stream = site.raw(&body).await;
			let mut text = Vec::new();
			while !text.ends_with(b"}") {
				let mut bytes = [0; 4096];
				let count = stream.read(&mut bytes).await.unwrap();
				assert!(count > 0, "{}", String::from_utf8_lossy(&text));
				text.extend_from_slice(&bytes[..count]);
			}
			assert!(text.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&text));
		});
	}
	while let Some(done) = tasks.join_next().await {
		done.unwrap();
	}
	site.until_idle().await;
}

#[tokio::test]
async fn body_is_refused_when_it_is_no_json_or_has_wrong_types() {
	let site = Site::usual().await;
	let deep = "[".repeat(100_000);
	for body in ["", "{", "null", "\u{0}", "{\"model\": \"tiny\", \"messages\": 5}", deep.as_str()]
	{
		let url = format!("{}{CHAT}", site.url);
		let response = site.client.post(url).body(body.to_string()).send().await.unwrap();
		assert_eq!(response.status(), 400);
		let error: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
		assert_eq!(error["error"]["type"], "invalid_request_error");
	}
	for (name, value) in [
		("max_tokens", json!(-5)),
		("max_tokens", json!(1.5)),
		("max_completion_tokens", json!("many")),
		("n", json!(-1)),
		("top_logprobs", json!(-1)),
		("stream", json!("yes")),
		("temperature", json!("hot")),
		("tools", json!({})),
		("adapters", json!([{ "weight": 1 }])),
	] {
		assert_eq!(site.refusal(CHAT, with(chat("tiny"), name, value)).await.0, 400, "{name}");
	}
}

#[tokio::test]
async fn refusal_has_its_code_when_the_prompt_or_the_model_cannot_be_had() {
	let site = Site::usual().await;
	let code = async |body: Value| {
		let response = site.post(COMPLETION, &body).await;
		let status = response.status().as_u16();
		let error: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
		(status, error["error"]["code"].as_str().map(str::to_string))
	};
	let long = json!({ "model": "tiny", "prompt": "x ".repeat(500) });
	assert_eq!(code(long).await, (400, Some("context_length_exceeded".into())));
	let unknown = json!({ "model": "none", "prompt": "x" });
	assert_eq!(code(unknown).await, (404, Some("model_not_found".into())));
	let mixed = json!({ "model": "tiny", "prompt": "x", "adapters": [{ "name": "none" }] });
	assert_eq!(code(mixed).await, (404, Some("model_not_found".into())));
}
