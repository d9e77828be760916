//! `POST` of questions, vouchers and missed receipts, and `GET` of what drawn receipts were asked for.

use std::{
	sync::Arc,
	time::{SystemTime, UNIX_EPOCH},
};

use axum::{
	Json,
	body::Body,
	extract::{Path, State, rejection::PathRejection},
	http::{HeaderMap, HeaderValue, StatusCode, header},
	response::{IntoResponse, Response},
};
use futures::StreamExt;
use openledger_primitives_core::{ModelId, RequestId, SessionId};
use openledger_primitives_inference::receipts::Pass;
use openledger_sessions::{
	Access,
	protocol::{self, Asking, BadHeader, Given, audit},
};
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::{Instant, timeout_at};

use super::{Services, auth, content::drain};
use crate::sessions::{Answered, Refused, Sessions, asked::MOST_BYTES};

/// The largest body beside a question's, in bytes: a voucher, or a number.
const MOST_SMALL: usize = 4 << 10;
/// When to ask again, in seconds: about a block later.
const RETRY_AFTER: &str = "3";

/// An answer in OpenAI's shape. What is not theirs is under [`protocol::FIELD`].
#[derive(Serialize)]
struct Completion {
	id: String,
	object: &'static str,
	created: u64,
	model: String,
	choices: [Choice; 1],
	usage: Tokens,
	openledger: Given,
}

#[derive(Serialize)]
struct Choice {
	index: u32,
	message: Said,
	finish_reason: &'static str,
}

#[derive(Serialize)]
struct Said {
	role: &'static str,
	content: String,
}

#[derive(Serialize)]
struct Tokens {
	prompt_tokens: u32,
	completion_tokens: u32,
	total_tokens: u32,
}

impl From<Answered> for Completion {
	fn from(answered: Answered) -> Self {
		let Answered { text, usage, complete, given } = answered;
		let receipt = &given.signed.receipt;
		let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
		Self {
			id: format!("chatcmpl-{}", hex::encode(receipt.input)),
			object: "chat.completion",
			created: now.as_secs(),
			model: receipt.model.to_string(),
			choices: [Choice {
				index: 0,
				message: Said { role: "assistant", content: text },
				finish_reason: if complete { "stop" } else { "length" },
			}],
			usage: Tokens {
				prompt_tokens: usage.prompt,
				completion_tokens: usage.output,
				total_tokens: usage.prompt.saturating_add(usage.output),
			},
			openledger: given,
		}
	}
}

pub(super) async fn chat(
	State(services): State<Services>,
	headers: HeaderMap,
	body: Body,
) -> Response {
	let answered = async {
		let asking = |headers: &HeaderMap| Asking::read(|name| text(headers, name));
		let (sessions, asking, body) =
			enter(&services, &headers, body, MOST_BYTES, asking, |asking| &asking.access).await?;
		Ok(Completion::from(sessions.ask(asking, body).await?))
	};
	respond(&services, answered.await)
}

pub(super) async fn voucher(
	State(services): State<Services>,
	headers: HeaderMap,
	body: Body,
) -> Response {
	let paid = async {
		let (sessions, session, payment) = small(&services, &headers, body).await?;
		sessions.pay(session, payment).await
	};
	respond(&services, paid.await)
}

pub(super) async fn receipts(
	State(services): State<Services>,
	headers: HeaderMap,
	body: Body,
) -> Response {
	let resent = async {
		let (sessions, session, missing) = small(&services, &headers, body).await?;
		sessions.resend(session, missing).await
	};
	respond(&services, resent.await)
}

pub(super) async fn audit(
	State(services): State<Services>,
	claim: Result<Path<RequestId>, PathRejection>,
	headers: HeaderMap,
) -> Response {
	let content = async {
		let Path(claim) = claim.map_err(|_| {
			Refused::new(400, "bad_claim", "a claim is named by its number, in decimal".into())
		})?;
		let (agent, signature) =
			audit::read(|name| text(&headers, name)).map_err(|error| match error {
				BadHeader::Missing(_) => Refused::new(401, "pass_needed", error.to_string()),
				BadHeader::Malformed(_) => Refused::from(&error),
			})?;
		open(&services)?.hand_out(claim, Pass { agent, signature }).await
	};
	respond(&services, content.await)
}

pub(super) async fn stock(
	State(services): State<Services>,
	model: Result<Path<ModelId>, PathRejection>,
	headers: HeaderMap,
) -> Response {
	let standing = async {
		let Path(model) = model.map_err(|_| {
			let message = "a model version is named by its number, in decimal";
			Refused::new(400, "bad_model", message.into())
		})?;
		let (operator, signature) = auth::signed(&headers).map_err(|_| {
			let message =
				"this is for the worker's operator, who signs for it: see docs/sessions.md";
			Refused::new(401, "unsigned", message.into())
		})?;
		open(&services)?.stock(model, operator, signature).await
	};
	respond(&services, standing.await)
}

/// A header's text. One that is none is as good as missing.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
	headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

fn open(services: &Services) -> Result<&Arc<Sessions>, Refused> {
	services.desk.sessions().ok_or_else(|| {
		let message = "this worker gives no receipts: its node has no agent's key, or just started";
		Refused::new(503, "no_sessions", message.into())
	})
}

/// Lets a request into its session by its headers, and only then keeps its body in memory.
async fn enter<T>(
	services: &Services,
	headers: &HeaderMap,
	body: Body,
	most: usize,
	read: impl FnOnce(&HeaderMap) -> Result<Option<T>, BadHeader>,
	access: impl FnOnce(&T) -> &Access,
) -> Result<(Arc<Sessions>, T, Vec<u8>), Refused> {
	let entered = async {
		let found = read(headers).map_err(|error| Refused::from(&error))?;
		let found = found.ok_or_else(|| {
			let message = format!(
				"open a session with this operator on chain, and send {} and what else a session \
				 needs beside the request: see docs/sessions.md",
				protocol::ACCESS
			);
			Refused::new(401, "session_needed", message)
		})?;
		let sessions = open(services)?.clone();
		let (authorising, access) = (sessions.clone(), access(&found).clone());
		crate::sessions::blocking(move || authorising.authorise(&access)).await?;
		Ok((sessions, found))
	};
	let limits = services.store.limits();
	match entered.await {
		Ok((sessions, found)) => Ok((sessions, found, receive(services, body, most).await?)),
		Err(refused) => {
			// Many clients look for the response only after sending all.
			let patience = limits.patience(most as u64);
			drain(body.into_data_stream(), limits.silence, patience).await;
			Err(refused)
		}
	}
}

/// As [`enter`], for requests with a small body of JSON.
async fn small<T: DeserializeOwned>(
	services: &Services,
	headers: &HeaderMap,
	body: Body,
) -> Result<(Arc<Sessions>, SessionId, T), Refused> {
	let read = |headers: &HeaderMap| protocol::access(|name| text(headers, name));
	let (sessions, access, body) =
		enter(services, headers, body, MOST_SMALL, read, |access| access).await?;
	let value = serde_json::from_slice(&body)
		.map_err(|error| Refused::new(400, "not_json", format!("the body: {error}")))?;
	Ok((sessions, access.session, value))
}

/// A body of at most `most` bytes.
async fn receive(services: &Services, body: Body, most: usize) -> Result<Vec<u8>, Refused> {
	let limits = services.store.limits();
	let deadline = Instant::now() + limits.patience(most as u64);
	let mut stream = body.into_data_stream();
	let mut bytes = Vec::new();
	loop {
		let next = deadline.min(Instant::now() + limits.silence);
		match timeout_at(next, stream.next()).await {
			Err(_) => {
				let message = "the body did not come in time";
				return Err(Refused::new(408, "too_slow", message.into()));
			}
			Ok(None) => return Ok(bytes),
			Ok(Some(Err(error))) => {
				let message = format!("the body broke off: {error}");
				return Err(Refused::new(400, "interrupted", message));
			}
			Ok(Some(Ok(chunk))) if bytes.len().saturating_add(chunk.len()) > most => {
				drop(chunk);
				let left = deadline.saturating_duration_since(Instant::now());
				drain(stream, limits.silence, left).await;
				let message = format!("the body has more than {most} bytes");
				return Err(Refused::new(413, "too_large", message));
			}
			Ok(Some(Ok(chunk))) => bytes.extend_from_slice(&chunk),
		}
	}
}

/// The response; refusals are counted.
fn respond<T: Serialize>(services: &Services, result: Result<T, Refused>) -> Response {
	let refused = match result {
		Ok(value) => return Json(value).into_response(),
		Err(refused) => refused,
	};
	services.metrics.session_refusals.with_label_values(&[&refused.error.code]).inc();
	let status = StatusCode::from_u16(refused.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
	let later = matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS);
	let mut response = (status, Json(refused)).into_response();
	if later {
		let seconds = HeaderValue::from_static(RETRY_AFTER);
		response.headers_mut().insert(header::RETRY_AFTER, seconds);
	}
	response
}
