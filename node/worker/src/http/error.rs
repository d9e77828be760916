//! Refusals, as status code and JSON: `{"error": {"code": "…", "message": "…"}}`.

use axum::{
	Json,
	http::StatusCode,
	response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::{content::ContentError, metrics::Metrics};

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
	/// There is nothing under that path.
	#[error("{0} is not served: see /v1/chat/completions, /content/<hash>, /health and /status")]
	NoRoute(String),
	/// The path does not take that method.
	#[error("{path} does not take {method}")]
	WrongMethod {
		/// The method.
		method: String,
		/// The path.
		path: String,
	},
	/// An upload without a length.
	#[error("an upload needs its Content-Length")]
	NoLength,
	/// A header that signs an upload is missing.
	#[error("an upload needs the header {0}")]
	Unsigned(&'static str),
	/// The account is none.
	#[error("the account is neither an SS58 address nor a public key in hexadecimal: {0}")]
	BadAccount(String),
	/// The signature is not that account's over this content.
	#[error(
		"the signature is not the account's over blake2b-256(\"openledger/content\" ‖ hash ‖ size \
		 as 8 bytes, little-endian)"
	)]
	BadSignature,
	/// The content store refuses it.
	#[error(transparent)]
	Content(#[from] ContentError),
}

#[derive(Serialize)]
struct Body<'a> {
	error: Detail<'a>,
}

#[derive(Serialize)]
struct Detail<'a> {
	code: &'a str,
	message: String,
}

impl Refusal {
	/// The HTTP status, and the code under which clients can tell refusals apart.
	pub fn code(&self) -> (StatusCode, &'static str) {
		use ContentError as C;
		match self {
			Self::NoRoute(_) => (StatusCode::NOT_FOUND, "no_route"),
			Self::WrongMethod { .. } => (StatusCode::METHOD_NOT_ALLOWED, "wrong_method"),
			Self::NoLength => (StatusCode::LENGTH_REQUIRED, "no_length"),
			Self::Unsigned(_) => (StatusCode::UNAUTHORIZED, "unsigned"),
			Self::BadAccount(_) => (StatusCode::UNAUTHORIZED, "bad_account"),
			Self::BadSignature => (StatusCode::UNAUTHORIZED, "bad_signature"),
			Self::Content(error) => match error {
				C::BadName(_) => (StatusCode::BAD_REQUEST, "bad_hash"),
				C::NotFound(_) => (StatusCode::NOT_FOUND, "not_found"),
				C::Empty => (StatusCode::BAD_REQUEST, "empty"),
				C::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
				C::WrongSize { .. } => (StatusCode::BAD_REQUEST, "wrong_size"),
				C::WrongHash { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "wrong_hash"),
				C::TooSlow { .. } => (StatusCode::REQUEST_TIMEOUT, "too_slow"),
				C::Interrupted(_) => (StatusCode::BAD_REQUEST, "interrupted"),
				C::QuotaExceeded { .. } => (StatusCode::FORBIDDEN, "quota_exceeded"),
				C::Full { .. } => (StatusCode::INSUFFICIENT_STORAGE, "full"),
				C::Busy | C::Stopped => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
				C::Damaged(_)
				| C::Peer { .. }
				| C::Client(_)
				| C::Location { .. }
				| C::Io { .. }
				| C::Store(_)
				| C::Ledger(_)
				| C::Transfer(_) => (StatusCode::INTERNAL_SERVER_ERROR, "store_failed"),
			},
		}
	}

	/// The response; counted.
	pub(super) fn respond(self, metrics: &Metrics) -> Response {
		let (status, code) = self.code();
		metrics.refusals.with_label_values(&[code]).inc();
		let message = if status == StatusCode::INTERNAL_SERVER_ERROR {
			// Paths and addresses of this machine are nobody else's business.
			log::error!("a request failed: {self}");
			"the worker's store failed: see its log".to_string()
		} else {
			self.to_string()
		};
		(status, Json(Body { error: Detail { code, message } })).into_response()
	}
}
