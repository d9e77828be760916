//! The routes.

use std::{path::PathBuf, sync::Arc, time::Duration};

use axum::{
	Json, Router,
	body::{Body, Bytes, to_bytes},
	extract::{Path, Request as HttpRequest, State},
	http::{
		HeaderMap, Method, StatusCode, Uri,
		header::{AUTHORIZATION, CONTENT_TYPE},
	},
	middleware::{Next, from_fn_with_state},
	response::{IntoResponse, Response},
	routing::{get, post},
};
use openlora::{
	Constraint,
	serve::{Request, Server},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;

use crate::{
	calls::Style,
	error::Refusal,
	models::{Models, now},
	request::{Body as Asking, Weighted},
	respond::{Answering, Asked, Shape},
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

/// `/v1/models` and each of them, `/v1/chat/completions`, `/v1/completions`, `/v1/load_lora_adapter`,
/// `/v1/unload_lora_adapter`, `/metrics` and `/health`.
pub fn router(service: Service) -> Router {
	let open = Router::new()
		.route("/v1/models", get(models))
		.route("/v1/models/{*name}", get(model))
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

async fn with_key(State(service): State<Service>, request: HttpRequest, next: Next) -> Response {
	match &service.key {
		Some(key) if !is_key(request.headers(), key) => Refusal::Key.into_response(),
		_ => next.run(request).await,
	}
}

async fn with_admin_key(
	State(service): State<Service>,
	request: HttpRequest,
	next: Next,
) -> Response {
	match &service.admin_key {
		None => Refusal::NotManaged.into_response(),
		Some(key) if !is_key(request.headers(), key) => Refusal::Key.into_response(),
		Some(_) => next.run(request).await,
	}
}

async fn health(State(service): State<Service>) -> Response {
	let (load, healthy) = (service.server.load(), service.server.is_running());
	let code = if healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
	let state = json!({
		"healthy": healthy,
		"running": load.running,
		"waiting": load.waiting,
		"guessed_tokens": load.guessed_tokens,
		"right_guesses": load.right_guesses,
	});
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

async fn model(
	State(service): State<Service>,
	Path(name): Path<String>,
) -> Result<Response, Refusal> {
	let all = service.models.list();
	match all.into_iter().find(|one| one.is(&name)) {
		Some(one) => Ok(Json(one).into_response()),
		None => Err(Refusal::NoModel(name)),
	}
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
	answer(service, body, Shape::Chat).await
}

async fn completion(State(service): State<Service>, body: Body) -> Result<Response, Refusal> {
	answer(service, body, Shape::Completion).await
}

async fn answer(service: Service, body: Body, shape: Shape) -> Result<Response, Refusal> {
	let body = read(body).await?;
	let asked = service.clone();
	let (asking, prepared) = aside(move || {
		let asking: Asking = parse(&body)?;
		let prepared = prepare(&asked, &asking, shape)?;
		Ok((asking, prepared))
	})
	.await?;
	let Prepared { request, answers, asked } = prepared;
	let answering = Answering::start(&service.server, request, answers, asked)?;
	match asking.is_stream() {
		true => Ok(answering.stream(asking.wants_usage())),
		false => answering.whole().await,
	}
}

/// A request that can be submitted.
struct Prepared {
	request: Request,
	answers: usize,
	asked: Asked,
}

fn prepare(service: &Service, asking: &Asking, shape: Shape) -> Result<Prepared, Refusal> {
	let (models, base) = (&service.models, service.models.base());
	asking.check()?;
	let mixture = asking.mixture(models.name())?;
	let found = |one: Weighted| Ok(models.find(&one.name)?.map(|adapter| (adapter, one.weight)));
	let adapters: Result<Vec<_>, Refusal> = mixture.into_iter().map(found).collect();
	let adapters: Vec<_> = adapters?.into_iter().flatten().collect();
	let mut grammar = asking.grammar()?;
	let mut tools = None;
	let (prompt, limit, echo) = match shape {
		Shape::Chat => {
			asking.check_chat()?;
			let (conversation, offer) = (asking.conversation()?, asking.offer()?);
			let mut text = conversation.render(base, offer.as_ref())?;
			if let Some(offer) = offer {
				let style = Style::of(base.chat_template());
				let forced = offer.grammar(style);
				if grammar.is_some() {
					let (parameter, reason) =
						("tools", "an answer calls tools or follows a grammar".into());
					return Err(Refusal::Parameter { parameter, reason });
				}
				if forced.is_some() {
					text.push_str(style.prefix());
				}
				tools = Some((style, offer.names(), forced.is_some()));
				grammar = forced;
			}
			let prompt = base.tokenizer.encode(&text, false)?;
			(prompt, asking.limit(Some(service.answer_tokens))?, String::new())
		}
		Shape::Completion => {
			asking.check_completion()?;
			let prompt = asking.prompt(base)?;
			let echo = asking.echo(base, &prompt)?;
			(prompt, asking.limit(None)?, echo)
		}
	};
	// No answer is longer than the context has room for.
	let room = (base.config.context + 1).saturating_sub(prompt.len());
	asking.check_told(shape, limit.min(room))?;
	let mut options = asking.options(shape, limit, base.stop_tokens.clone(), rand::random())?;
	if let Some(grammar) = grammar {
		options.constraint = Some(Arc::new(Constraint::new(base, grammar)?));
	}
	let prefix = if shape == Shape::Chat { "chatcmpl" } else { "cmpl" };
	let asked = Asked {
		base: Arc::clone(base),
		shape,
		id: format!("{prefix}-{:032x}", rand::random::<u128>()),
		created: now(),
		model: asking.model.clone(),
		prompt: prompt.len(),
		stops: asking.stops()?,
		echo,
		tells: options.log_probs.is_some(),
		tools,
	};
	let payer = asking.user.as_deref().map_or(0, payer);
	let request = Request { prompt, adapters, options, payer };
	Ok(Prepared { request, answers: asking.answers()?, asked })
}

/// A number for a payer's name.
fn payer(name: &str) -> u64 {
	use std::hash::{DefaultHasher, Hash, Hasher};
	let mut hasher = DefaultHasher::new();
	name.hash(&mut hasher);
	hasher.finish()
}
