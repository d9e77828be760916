//! HTTP: content for other workers and clients, answers in sessions, health and status.

mod auth;
mod content;
mod error;
mod sessions;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::{
	Json, Router,
	extract::State,
	http::{Method, StatusCode, Uri},
	response::{IntoResponse, Response},
	routing::{get, post},
};
use serde::Serialize;

pub use auth::{ACCOUNT_HEADER, SIGNATURE_HEADER};
pub use error::Refusal;
pub use openlora_http::{bind, serve};

use openledger_sessions::protocol::{
	RECEIPTS_PATH, VOUCHER_PATH, audit::AUDITS_PATH, stock::STOCK_PATH,
};

use crate::{content::ContentStore, metrics::Metrics, sessions::Desk, status::StatusSource};

/// What the handlers share.
#[derive(Clone)]
pub struct Services {
	/// The content store.
	pub store: ContentStore,
	/// What `/health` and `/status` report.
	pub status: Arc<dyn StatusSource>,
	/// Where sessions are, once they are open.
	pub desk: Desk,
	/// What is counted.
	pub metrics: Metrics,
}

/// The routes.
pub fn router(services: Services) -> Router {
	Router::new()
		.route("/content/{hash}", get(content::get).head(content::head).put(content::put))
		.route("/v1/chat/completions", post(sessions::chat))
		.route(VOUCHER_PATH, post(sessions::voucher))
		.route(RECEIPTS_PATH, post(sessions::receipts))
		.route(&format!("{AUDITS_PATH}{{claim}}"), get(sessions::audit))
		.route(&format!("{STOCK_PATH}{{model}}"), post(sessions::stock))
		.route("/health", get(health))
		.route("/status", get(status))
		.method_not_allowed_fallback(wrong_method)
		.fallback(no_route)
		.with_state(services)
}

#[derive(Serialize)]
struct Health {
	healthy: bool,
}

async fn health(State(services): State<Services>) -> Response {
	let healthy = services.status.healthy();
	let code = if healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
	(code, Json(Health { healthy })).into_response()
}

async fn status(State(services): State<Services>) -> Response {
	Json(services.status.status()).into_response()
}

async fn wrong_method(State(services): State<Services>, method: Method, uri: Uri) -> Response {
	let refusal = Refusal::WrongMethod { method: shown(method.as_str()), path: shown(uri.path()) };
	refusal.respond(&services.metrics)
}

async fn no_route(State(services): State<Services>, uri: Uri) -> Response {
	Refusal::NoRoute(shown(uri.path())).respond(&services.metrics)
}

/// As much of what was asked for as an error repeats.
fn shown(text: &str) -> String {
	text.chars().take(80).collect()
}
