//! The routes.

use std::{convert::Infallible, ops::ControlFlow, path::PathBuf, sync::Arc, time::Duration};

use axum::{
	Json, Router,
	body::{Body, Bytes, to_bytes},
	extract::{Request, State},
	http::{
		HeaderMap, Method, StatusCode, Uri,
		header::{AUTHORIZATION, CONTENT_TYPE},
	},
	middleware::{Next, from_fn_with_state},
	response::{
		IntoResponse, Response,
		sse::{Event as Sse, Sse as Stream},
	},
	routing::{get, post},
};
use futures::stream;
use openlora::{
	Finish, GenerateOptions,
	serve::{Event, Request as Asked, Server, Ticket},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::{
	answer::Text,
	error::Refusal,
	models::{Models, now},
	request::{Body as Asking, Prompt},
};

/// Largest body of a request, in bytes.
const MAX_BODY: usize = 4 << 20;
/// The longest that a body may take to come.
const BODY_TIME: Duration = Duration::from_secs(30);

/// What the routes share.
#[derive(Clone)]
pub struct Service {
	/// Runs the requests.
	pub server: Arc<Server>,
	/// What there is to ask.
	pub models: Arc<Models>,
	/// What every request has to bring, if anything.
	pub key: Option<Arc<str>>,
	/// What loading and unloading adapters takes; without it they are refused.
	pub admin_key: Option<Arc<str>>,
	/// Tokens of a chat's answer unless the request says otherwise.
	pub answer_tokens: usize,
}

/// `/v1/models`, `/v1/chat/completions`, `/v1/completions`, `/v1/load_lora_adapter`,
/// `/v1/unload_lora_adapter`, `/metrics` and `/health`.
pub fn router(service: Service) -> Router {
	let open = Router::new()
		.route("/v1/models", get(models))
		.route("/v1/chat/completions", post(chat))
		.route("/v1/completions", post(completion))
		.route("/metrics", get(metrics))
		.layer(from_fn_with_state(service.clone(), with_key));
	let managed = Router::new()
		.route("/v1/load_lora_adapter", post(load))
		.route("/v1/unload_lora_adapter", post(unload))
		.layer(from_fn_with_state(service.clone(), with_admin_key));
	Router::new()
		.merge(open)
		.merge(managed)
		.route("/health", get(health))
		.method_not_allowed_fallback(no_route)
		.fallback(no_route)
		.with_state(service)
}

async fn no_route(method: Method, uri: Uri) -> Refusal {
	Refusal::NoRoute { method: method.to_string(), path: uri.path().to_string() }
}

/// Compares in a time that does not tell how much is right. An empty key is no key.
fn is_key(headers: &HeaderMap, key: &str) -> bool {
	let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
	let Some(given) = given.and_then(|value| value.strip_prefix("Bearer ")) else { return false };
	let differences =
		given.bytes().zip(key.bytes()).map(|(a, b)| a ^ b).fold(0, |all, one| all | one);
	!key.is_empty() && given.len() == key.len() && differences == 0
}

/// The body, as long as it is neither too large nor too slow.
async fn read(body: Body) -> Result<Bytes, Refusal> {
	match tokio::time::timeout(BODY_TIME, to_bytes(body, MAX_BODY)).await {
		Err(_) => Err(Refusal::TooSlow(BODY_TIME.as_secs())),
		Ok(Err(_)) => Err(Refusal::TooLarge(MAX_BODY)),
		Ok(Ok(bytes)) => Ok(bytes),
	}
}

/// Runs what takes a while where it holds up no other connection.
async fn aside<T: Send + 'static>(
	work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
	let ended = tokio::task::spawn_blocking(work).await;
	ended.map_err(|e| Refusal::Invalid(format!("the request broke off: {e}")))?
}

async fn with_key(State(service): State<Service>, request: Request, next: Next) -> Response {
	match &service.key {
		Some(key) if !is_key(request.headers(), key) => Refusal::Key.into_response(),
		_ => next.run(request).await,
	}
}

async fn with_admin_key(State(service): State<Service>, request: Request, next: Next) -> Response {
	match &service.admin_key {
		None => Refusal::NotManaged.into_response(),
		Some(key) if !is_key(request.headers(), key) => Refusal::Key.into_response(),
		Some(_) => next.run(request).await,
	}
}

async fn health(State(service): State<Service>) -> Response {
	let (load, healthy) = (service.server.load(), service.server.is_running());
	let code = if healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
	let state = json!({ "healthy": healthy, "running": load.running, "waiting": load.waiting });
	(code, Json(state)).into_response()
}

async fn metrics(State(service): State<Service>) -> Result<Response, Refusal> {
	let text = crate::metrics::text(service.server.load(), &service.models);
	let text = text.map_err(|e| Refusal::Invalid(format!("the metrics are at odds: {e}")))?;
	Ok(([(CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response())
}

async fn models(State(service): State<Service>) -> Response {
	Json(json!({ "object": "list", "data": service.models.list() })).into_response()
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
	serde_json::from_slice(body)
		.map_err(|e| Refusal::Invalid(format!("the body is not right: {e}")))
}

#[derive(Deserialize)]
struct Load {
	lora_name: String,
	lora_path: PathBuf,
}

async fn load(State(service): State<Service>, body: Body) -> Result<String, Refusal> {
	let Load { lora_name, lora_path } = parse(&read(body).await?)?;
	let (models, name) = (Arc::clone(&service.models), lora_name.clone());
	aside(move || models.load(&name, &lora_path)).await?;
	Ok(format!("Success: LoRA adapter '{lora_name}' added successfully."))
}

#[derive(Deserialize)]
struct Unload {
	lora_name: String,
}

async fn unload(State(service): State<Service>, body: Body) -> Result<String, Refusal> {
	let Unload { lora_name } = parse(&read(body).await?)?;
	service.models.unload(&lora_name)?;
	Ok(format!("Success: LoRA adapter '{lora_name}' removed successfully."))
}

async fn chat(State(service): State<Service>, body: Body) -> Result<Response, Refusal> {
	let body = read(body).await?;
	let (models, usual) = (Arc::clone(&service.models), service.answer_tokens);
	let (chat, prompt, limit) = aside(move || {
		let chat: Asking = parse(&body)?;
		chat.check()?;
		let text = models.base().render_chat(&chat.messages()?, true)?;
		let prompt = models.base().tokenizer.encode(&text, false)?;
		let limit = chat.limit(Some(usual))?;
		Ok((chat, prompt, limit))
	})
	.await?;
	Answering::start(&service, &chat, prompt, limit, Shape::Chat)?.respond(&chat).await
}

async fn completion(State(service): State<Service>, body: Body) -> Result<Response, Refusal> {
	let body = read(body).await?;
	let models = Arc::clone(&service.models);
	let (asking, prompt, limit) = aside(move || {
		let asking: Asking = parse(&body)?;
		asking.check()?;
		let prompt = match asking.prompt()? {
			Prompt::Text(text) => models.base().tokenizer.encode(&text, true)?,
			Prompt::Tokens(tokens) => tokens,
		};
		let limit = asking.limit(None)?;
		Ok((asking, prompt, limit))
	})
	.await?;
	Answering::start(&service, &asking, prompt, limit, Shape::Completion)?.respond(&asking).await
}

/// How answers are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
	Chat,
	Completion,
}

/// A request under way.
struct Answering {
	service: Service,
	events: mpsc::UnboundedReceiver<Event>,
	/// Ends the request when this is dropped, with the connection for one.
	_ticket: Ticket,
	shape: Shape,
	id: String,
	created: u64,
	model: String,
	prompt: usize,
	stops: Vec<String>,
}

impl Answering {
	fn start(
		service: &Service,
		common: &Asking,
		prompt: Vec<u32>,
		max_tokens: usize,
		shape: Shape,
	) -> Result<Self, Refusal> {
		let adapter = service.models.find(&common.model)?;
		let stop_tokens = service.models.base().stop_tokens.clone();
		let options =
			GenerateOptions::new(max_tokens, common.sampling(rand::random())?, stop_tokens);
		let stops = common.stops()?;
		let length = prompt.len();
		let adapters = adapter.into_iter().map(|adapter| (adapter, 1.0)).collect();
		let payer = common.user.as_deref().map_or(0, payer);
		// As many events as tokens at most: a slow reader holds no more than its own answer.
		let (sender, events) = mpsc::unbounded_channel();
		let sink = Box::new(move |event| match sender.send(event) {
			Ok(()) => ControlFlow::Continue(()),
			Err(_) => ControlFlow::Break(()),
		});
		let ticket = service.server.submit_to(Asked { prompt, adapters, options, payer }, sink)?;
		let prefix = if shape == Shape::Chat { "chatcmpl" } else { "cmpl" };
		Ok(Self {
			service: service.clone(),
			events,
			_ticket: ticket,
			shape,
			id: format!("{prefix}-{:032x}", rand::random::<u128>()),
			created: now(),
			model: common.model.clone(),
			prompt: length,
			stops,
		})
	}

	async fn respond(self, common: &Asking) -> Result<Response, Refusal> {
		if common.is_stream() { Ok(self.stream(common.wants_usage())) } else { self.whole().await }
	}

	async fn whole(mut self) -> Result<Response, Refusal> {
		let base = Arc::clone(self.service.models.base());
		let mut text = Text::new(&base.tokenizer, std::mem::take(&mut self.stops));
		let (mut answer, mut count) = (String::new(), 0);
		let reason = loop {
			match self.events.recv().await {
				Some(Event::Token(chosen)) => {
					count += 1;
					answer.push_str(&text.push(chosen.token)?);
					if text.is_over() {
						break "stop";
					}
				}
				Some(Event::Done(finish)) => break reason(finish),
				Some(Event::Failed(error)) => return Err(error.into()),
				None => return Err(openlora::Error::Stopped.into()),
			}
		};
		answer.push_str(&text.finish());
		let choice = match self.shape {
			Shape::Chat => json!({
				"index": 0,
				"message": { "role": "assistant", "content": answer, "refusal": null },
				"logprobs": null,
				"finish_reason": reason,
			}),
			Shape::Completion => {
				json!({ "index": 0, "text": answer, "logprobs": null, "finish_reason": reason })
			}
		};
		let object = match self.shape {
			Shape::Chat => "chat.completion",
			Shape::Completion => "text_completion",
		};
		let usage = usage(self.prompt, count);
		Ok(Json(json!({
			"id": self.id,
			"object": object,
			"created": self.created,
			"model": self.model,
			"choices": [choice],
			"usage": usage,
		}))
		.into_response())
	}

	/// One event for each piece of text, then the reason for the end, the usage where it is wanted, and
	/// `[DONE]`.
	fn stream(mut self, wants_usage: bool) -> Response {
		let (sender, pieces) = mpsc::unbounded_channel::<Value>();
		let base = Arc::clone(self.service.models.base());
		tokio::spawn(async move {
			let mut text = Text::new(&base.tokenizer, std::mem::take(&mut self.stops));
			let mut count = 0;
			let send = |value: Value| sender.send(value).is_ok();
			if self.shape == Shape::Chat
				&& !send(self.chunk(json!({ "role": "assistant", "content": "" }), None))
			{
				return;
			}
			let end = loop {
				let event = tokio::select! {
					event = self.events.recv() => event,
					// Nobody reads any more: the ticket goes with this task.
					() = sender.closed() => return,
				};
				match event {
					Some(Event::Token(chosen)) => {
						count += 1;
						let piece = match text.push(chosen.token) {
							Ok(piece) => piece,
							Err(error) => break Err(error),
						};
						if !piece.is_empty() && !send(self.piece(&piece)) {
							return;
						}
						if text.is_over() {
							break Ok("stop");
						}
					}
					Some(Event::Done(finish)) => break Ok(reason(finish)),
					Some(Event::Failed(error)) => break Err(error),
					None => break Err(openlora::Error::Stopped),
				}
			};
			match end.map(|reason| (reason, text.finish())) {
				Ok((reason, rest)) => {
					if !rest.is_empty() {
						send(self.piece(&rest));
					}
					send(self.chunk(json!({}), Some(reason)));
					if wants_usage {
						let mut last = self.chunk(json!({}), None);
						last["choices"] = json!([]);
						last["usage"] = usage(self.prompt, count);
						send(last);
					}
				}
				Err(error) => {
					send(Refusal::Engine(error).body());
				}
			}
		});
		let events = stream::unfold((pieces, false), |(mut pieces, ended)| async move {
			if ended {
				return None;
			}
			let (data, ended) = match pieces.recv().await {
				Some(value) => (value.to_string(), false),
				None => ("[DONE]".to_string(), true),
			};
			Some((Ok::<_, Infallible>(Sse::default().data(data)), (pieces, ended)))
		});
		Stream::new(events).into_response()
	}

	fn piece(&self, text: &str) -> Value {
		self.chunk(json!({ "content": text }), None)
	}

	/// One event of a stream; `delta` is what a chat's has, of which a completion's has the text.
	fn chunk(&self, delta: Value, reason: Option<&str>) -> Value {
		let (object, choice) = match self.shape {
			Shape::Chat => (
				"chat.completion.chunk",
				json!({ "index": 0, "delta": delta, "logprobs": null, "finish_reason": reason }),
			),
			Shape::Completion => {
				let text = delta.get("content").cloned().unwrap_or_else(|| json!(""));
				let choice = json!({
					"index": 0, "text": text, "logprobs": null, "finish_reason": reason,
				});
				("text_completion", choice)
			}
		};
		json!({
			"id": self.id,
			"object": object,
			"created": self.created,
			"model": self.model,
			"choices": [choice],
		})
	}
}

fn reason(finish: Finish) -> &'static str {
	match finish {
		Finish::Stop | Finish::Cancelled => "stop",
		Finish::Length => "length",
	}
}

fn usage(prompt: usize, completion: usize) -> Value {
	json!({
		"prompt_tokens": prompt,
		"completion_tokens": completion,
		"total_tokens": prompt + completion,
	})
}

/// A number for a payer's name.
fn payer(name: &str) -> u64 {
	use std::hash::{DefaultHasher, Hash, Hasher};
	let mut hasher = DefaultHasher::new();
	name.hash(&mut hasher);
	hasher.finish()
}
