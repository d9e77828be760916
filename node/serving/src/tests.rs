use std::{sync::Arc, time::Duration};

use openlora::{
	Base, Isa, Module, PeftConfig, Team,
	serve::{Limits, Server},
	store::Store,
	testing,
};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{Connections, Models, Service, bind, router, serve};

mod abuse;
mod adapters;
mod format;
mod told;
mod tools;

/// A server of the tiny base and two adapters on a port of its own.
struct Site {
	client: Client,
	/// Where adapters are kept.
	folder: tempfile::TempDir,
	url: String,
	shutdown: CancellationToken,
	server: Arc<Server>,
}

fn adapter(base: &Base, seed: u64) -> openlora::Adapter {
	let config = PeftConfig::new(4, 8.0, Module::ALL).unwrap();
	testing::random_adapter(&base.config, config, seed)
}

impl Site {
	async fn start(limits: Limits, key: Option<&str>) -> Self {
		Self::of(testing::tiny_base(1), limits, key).await
	}

	async fn of(base: Arc<Base>, limits: Limits, key: Option<&str>) -> Self {
		// Room for one of the adapters.
		Self::with_room(base, limits, key, 40_000).await
	}

	async fn with_room(base: Arc<Base>, limits: Limits, key: Option<&str>, room: u64) -> Self {
		let team = Arc::new(Team::new(1, Isa::best()).unwrap());
		let server = Arc::new(Server::start(Arc::clone(&base), team, limits).unwrap());
		let folder = tempfile::tempdir().unwrap();
		let adapters = [1, 2].map(|seed| adapter(&base, seed));
		let store = Store::open(folder.path(), &base.config, room).unwrap();
		let models = Models::new(Arc::clone(&base), "tiny".into(), store, 4).unwrap();
		models.insert("first", &adapters[0]).unwrap();
		models.insert("second", &adapters[1]).unwrap();
		let service = Service {
			server: Arc::clone(&server),
			models: Arc::new(models),
			key: key.map(Arc::from),
			admin_key: Some("manage".into()),
			answer_tokens: 20,
		};
		let listener = bind(([127, 0, 0, 1], 0).into()).unwrap();
		let url = format!("http://{}", listener.local_addr().unwrap());
		let shutdown = CancellationToken::new();
		tokio::spawn(serve(listener, router(service), Connections::default(), shutdown.clone()));
		Self { client: Client::new(), folder, url, shutdown, server }
	}

	async fn usual() -> Self {
		Self::start(Limits::default(), None).await
	}

	async fn post(&self, path: &str, body: &Value) -> Response {
		let request = self.client.post(format!("{}{path}", self.url)).bearer_auth("manage");
		request.body(body.to_string()).send().await.unwrap()
	}

	async fn json(&self, path: &str, body: Value) -> Value {
		let response = self.post(path, &body).await;
		assert_eq!(response.status(), StatusCode::OK, "{body}");
		serde_json::from_str(&response.text().await.unwrap()).unwrap()
	}

	/// The refusal of a request, which has to have OpenAI's shape.
	async fn refusal(&self, path: &str, body: Value) -> (u16, String) {
		let response = self.post(path, &body).await;
		let status = response.status().as_u16();
		let error: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
		let error = &error["error"];
		assert!(error["type"].is_string() && error.get("code").is_some(), "{error}");
		(status, error["message"].as_str().unwrap().to_string())
	}

	/// The events of a stream.
	async fn stream(&self, path: &str, body: Value) -> Vec<Value> {
		Self::events(self.post(path, &body).await).await
	}

	async fn events(response: Response) -> Vec<Value> {
		assert_eq!(response.headers()["content-type"], "text/event-stream");
		let text = response.text().await.unwrap();
		let mut events: Vec<&str> =
			text.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
		assert_eq!(events.pop(), Some("[DONE]"));
		events.into_iter().map(|event| serde_json::from_str(event).unwrap()).collect()
	}
}

impl Drop for Site {
	fn drop(&mut self) {
		self.shutdown.cancel();
	}
}

fn chat(model: &str) -> Value {
	let messages = json!([{ "role": "user", "content": "the one and another" }]);
	json!({ "model": model, "messages": messages, "temperature": 0, "max_tokens": 12 })
}

fn with(mut body: Value, name: &str, value: Value) -> Value {
	body[name] = value;
	body
}

/// A tool as OpenAI describes it.
fn tools() -> Value {
	json!([{ "type": "function", "function": {
		"name": "look_up",
		"description": "Looks a word up.",
		"parameters": {
			"type": "object",
			"properties": { "word": { "enum": ["lien", "tort"] }, "exact": { "type": "boolean" } },
			"required": ["word", "exact"],
			"additionalProperties": false,
		},
	} }])
}

const CHAT: &str = "/v1/chat/completions";
const COMPLETION: &str = "/v1/completions";

#[tokio::test]
async fn models_are_the_base_and_its_adapters() {
	let site = Site::usual().await;
	let list = site.client.get(format!("{}/v1/models", site.url)).send().await.unwrap();
	let list: Value = serde_json::from_str(&list.text().await.unwrap()).unwrap();
	let models = list["data"].as_array().unwrap();
	let names: Vec<&str> = models.iter().map(|model| model["id"].as_str().unwrap()).collect();
	assert_eq!(names, ["tiny", "first", "second"]);
	assert_eq!(models[1]["parent"], "tiny");
	let one = |name: &str| site.client.get(format!("{}/v1/models/{name}", site.url)).send();
	let second: Value =
		serde_json::from_str(&one("second").await.unwrap().text().await.unwrap()).unwrap();
	assert_eq!(second, models[2]);
	for unknown in ["third", "a/b"] {
		assert_eq!(one(unknown).await.unwrap().status(), 404);
	}
}

#[tokio::test]
async fn chat_is_answered_by_the_model_that_is_named() {
	let site = Site::usual().await;
	let mut answers = Vec::new();
	for model in ["tiny", "first", "second"] {
		let answer = site.json(CHAT, chat(model)).await;
		assert_eq!(
			(&answer["object"], &answer["model"]),
			(&json!("chat.completion"), &json!(model))
		);
		let choice = &answer["choices"][0];
		assert_eq!(choice["message"]["role"], "assistant");
		assert!(["length", "stop"].contains(&choice["finish_reason"].as_str().unwrap()));
		let usage = &answer["usage"];
		let sum =
			usage["prompt_tokens"].as_u64().unwrap() + usage["completion_tokens"].as_u64().unwrap();
		assert_eq!(usage["total_tokens"], sum);
		answers.push(choice["message"]["content"].as_str().unwrap().to_string());
	}
	assert!(answers[0] != answers[1] && answers[1] != answers[2]);
	assert_eq!(
		site.json(CHAT, chat("first")).await["choices"][0]["message"]["content"],
		answers[1]
	);
}

#[tokio::test]
async fn stream_has_the_text_of_the_whole_answer() {
	let site = Site::usual().await;
	for model in ["tiny", "second"] {
		let whole = site.json(CHAT, chat(model)).await;
		let body = with(chat(model), "stream", json!(true));
		let body = with(body, "stream_options", json!({ "include_usage": true }));
		let mut events = site.stream(CHAT, body).await;
		let usage = events.pop().unwrap();
		assert_eq!((&usage["choices"], &usage["usage"]), (&json!([]), &whole["usage"]));
		let last = events.last().unwrap();
		assert_eq!(last["choices"][0]["finish_reason"], whole["choices"][0]["finish_reason"]);
		assert_eq!(events[0]["choices"][0]["delta"]["role"], "assistant");
		let text: String = events
			.iter()
			.filter_map(|event| event["choices"][0]["delta"]["content"].as_str())
			.collect();
		assert_eq!(whole["choices"][0]["message"]["content"], text);
	}
}

#[tokio::test]
async fn completion_goes_on_from_text_or_tokens() {
	let site = Site::usual().await;
	let ask = |prompt: Value| json!({ "model": "first", "prompt": prompt, "temperature": 0 });
	let text = site.json(COMPLETION, ask(json!("the one"))).await;
	assert_eq!(text["object"], "text_completion");
	assert_eq!(text["usage"]["completion_tokens"], 16);
	let ids = testing::tiny_base(1).tokenizer.encode("the one", true).unwrap();
	let tokens = site.json(COMPLETION, ask(json!(ids))).await;
	assert_eq!(text["choices"][0]["text"], tokens["choices"][0]["text"]);
	let events = site.stream(COMPLETION, with(ask(json!("the one")), "stream", json!(true))).await;
	let streamed: String =
		events.iter().filter_map(|event| event["choices"][0]["text"].as_str()).collect();
	assert_eq!(text["choices"][0]["text"], streamed);
}

#[tokio::test]
async fn answer_ends_before_a_stop() {
	let site = Site::usual().await;
	let whole = site.json(CHAT, chat("first")).await;
	let whole = whole["choices"][0]["message"]["content"].as_str().unwrap();
	let stop: String = whole.chars().skip(3).take(2).collect();
	let answer = site.json(CHAT, with(chat("first"), "stop", json!([stop, "unmet"]))).await;
	let (text, _) = whole.split_once(&stop).unwrap();
	assert_eq!(answer["choices"][0]["message"]["content"], text);
	assert_eq!(answer["choices"][0]["finish_reason"], "stop");
}

#[tokio::test]
async fn seed_repeats_an_answer() {
	let site = Site::usual().await;
	let ask = |seed: i64| with(with(chat("tiny"), "temperature", json!(1.5)), "seed", json!(seed));
	let text = |answer: Value| answer["choices"][0]["message"]["content"].clone();
	let (first, again) = (site.json(CHAT, ask(-7)).await, site.json(CHAT, ask(-7)).await);
	assert_eq!(text(first.clone()), text(again));
	assert_ne!(text(first), text(site.json(CHAT, ask(8)).await));
}

#[tokio::test]
async fn request_is_refused_when_it_asks_what_cannot_be_done() {
	let site = Site::usual().await;
	let odd = [
		("n", json!(0)),
		("n", json!(129)),
		("best_of", json!(2)),
		("logprobs", json!(3)),
		("top_logprobs", json!(3)),
		("min_tokens", json!(3)),
		("ignore_eos", json!(true)),
		("logit_bias", json!({ "5": 101 })),
		("logit_bias", json!({ "five": 1 })),
		("logit_bias", json!({ "5": 1, "05": 1 })),
		("logit_bias", json!([1])),
		("response_format", json!({ "type": "xml" })),
		("response_format", json!({ "type": "json_schema" })),
		("response_format", json!({ "type": "json_schema", "json_schema": { "schema": 5 } })),
		("guided_json", json!("{")),
		("tools", json!([{ "type": "function" }])),
		("tools", tools()),
		("tool_choice", json!("required")),
		("functions", json!([{ "name": "f" }])),
		("suffix", json!("end")),
		("echo", json!(true)),
		("prompt", json!("text")),
		("adapters", json!([{ "name": "first" }, { "name": "first" }])),
		("adapters", json!([{ "name": "tiny" }])),
		("max_tokens", json!(0)),
		("temperature", json!(-1)),
		("top_p", json!(0)),
		("top_k", json!(-5)),
		("min_p", json!(1)),
		("presence_penalty", json!(3)),
		("repetition_penalty", json!(0)),
		("stop", json!([""])),
		("stop", json!(5)),
		("messages", json!([])),
		("messages", json!([{ "role": "user", "content": null }])),
		("messages", json!([{ "role": "user", "content": [{ "type": "image_url" }] }])),
	];
	for (name, value) in odd {
		let (status, message) = site.refusal(CHAT, with(chat("tiny"), name, value)).await;
		assert_eq!(status, 400, "{name}");
		assert!(message.contains(name), "{name}: {message}");
	}
	for body in [json!({}), json!([]), json!({ "model": 5, "messages": [] })] {
		assert_eq!(site.refusal(CHAT, body).await.0, 400);
	}
	let (status, message) = site.refusal(CHAT, chat("third")).await;
	assert_eq!((status, message.contains("\"third\"")), (404, true));
	let long = "the one ".repeat(200);
	let (status, message) =
		site.refusal(COMPLETION, json!({ "model": "tiny", "prompt": long })).await;
	assert_eq!((status, message.contains("128")), (400, true), "{message}");
	let huge = json!({ "model": "tiny", "prompt": "x".repeat(5 << 20) });
	assert_eq!(site.refusal(COMPLETION, huge).await.0, 413);
	for prompt in [json!(["a", "b"]), json!([-1]), json!({}), json!([]), json!([99999])] {
		let body = json!({ "model": "tiny", "prompt": prompt });
		assert_eq!(site.refusal(COMPLETION, body).await.0, 400, "{prompt}");
	}
	assert_eq!(site.refusal("/v1/embeddings", json!({})).await.0, 404);
	let wrong = site.client.get(format!("{}{CHAT}", site.url)).send().await.unwrap();
	assert_eq!(wrong.status(), 404);
}

#[tokio::test]
async fn metrics_say_how_guesses_fare() {
	let site = Site::start(Limits { guesses: 4, ..Limits::default() }, None).await;
	let id = testing::tiny_base(1).tokenizer.encode("the", false).unwrap()[0];
	site.json(CHAT, with(chat("tiny"), "logit_bias", json!({ id.to_string(): 100 }))).await;
	// The last step is counted after the answer that it ended has left.
	for _ in 0..2_000 {
		if site.server.load().right_guesses > 0 {
			break;
		}
		tokio::time::sleep(Duration::from_millis(10)).await;
	}
	site.until_idle().await;
	let load = site.server.load();
	assert!(load.right_guesses > 0);
	let response = site.client.get(format!("{}/metrics", site.url)).send().await.unwrap();
	let text = response.text().await.unwrap();
	for line in [
		format!("openlora_guessed_tokens_total {}", load.guessed_tokens),
		format!("openlora_right_guesses_total {}", load.right_guesses),
	] {
		assert!(text.lines().any(|of| of == line), "{line} is not in\n{text}");
	}
}

#[tokio::test]
async fn keys_are_asked_for_when_they_were_set() {
	let site = Site::start(Limits::default(), Some("secret")).await;
	let ask = |key: Option<&str>, path: &str| {
		let request =
			site.client.post(format!("{}{path}", site.url)).body(chat("tiny").to_string());
		match key {
			Some(key) => request.bearer_auth(key),
			None => request,
		}
	};
	for key in [None, Some("wrong!"), Some("secret2"), Some("")] {
		assert_eq!(ask(key, CHAT).send().await.unwrap().status(), 401, "{key:?}");
	}
	assert_eq!(ask(Some("secret"), CHAT).send().await.unwrap().status(), 200);
	let metrics = site.client.get(format!("{}/metrics", site.url)).send().await.unwrap();
	assert_eq!(metrics.status(), 401);
	let unload = "/v1/unload_lora_adapter";
	assert_eq!(ask(Some("secret"), unload).send().await.unwrap().status(), 401);
	let health = site.client.get(format!("{}/health", site.url)).send().await.unwrap();
	assert_eq!(health.status(), 200);
}
