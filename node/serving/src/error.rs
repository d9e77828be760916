//! Refusals, in the shape that OpenAI's clients read.

use axum::{
	Json,
	http::StatusCode,
	response::{IntoResponse, Response},
};
use openlora::Error;
use serde_json::json;

/// Why a request is not answered.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
	/// The request is not what the interface describes.
	#[error("{0}")]
	Invalid(String),
	/// A parameter that is not understood as asked.
	#[error("{parameter}: {reason}")]
	Parameter {
		/// Its name.
		parameter: &'static str,
		/// What is wrong with it.
		reason: String,
	},
	/// More log-probabilities than are told at once.
	#[error(
		"n · max_tokens · (alternatives + 1) is {asked}, at most {most} log-probabilities are told for a \
		 request: lower n, max_tokens or the alternatives, top_logprobs of a chat and logprobs of a \
		 completion"
	)]
	TooManyLogProbs {
		/// The product.
		asked: usize,
		/// The largest that is taken.
		most: usize,
	},
	/// The body is larger than is taken.
	#[error("the body has more than {0} bytes")]
	TooLarge(usize),
	/// The body did not come in time.
	#[error("the body did not come within {0} seconds")]
	TooSlow(u64),
	/// There is no such model.
	#[error("there is no model {0:?}; GET /v1/models lists them")]
	NoModel(String),
	/// There is no such route, or not with this method.
	#[error("there is no {method} {path}")]
	NoRoute {
		/// The method.
		method: String,
		/// The path.
		path: String,
	},
	/// The key is missing or wrong.
	#[error("the request needs a key: Authorization: Bearer KEY")]
	Key,
	/// Managing adapters is off.
	#[error("adapters are not managed over HTTP here: no key for it was set")]
	NotManaged,
	/// The name is taken.
	#[error("a model of the name {0:?} is loaded; unload it first, or choose another name")]
	Taken(String),
	/// An adapter cannot be kept.
	#[error("the adapter cannot be written to the server's store: {0}")]
	Store(std::io::ErrorKind),
	/// What the engine says.
	#[error(transparent)]
	Engine(#[from] Error),
}

impl Refusal {
	fn status(&self) -> StatusCode {
		match self {
			Self::Invalid(_) | Self::Parameter { .. } | Self::TooManyLogProbs { .. } => {
				StatusCode::BAD_REQUEST
			}
			Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
			Self::TooSlow(_) => StatusCode::REQUEST_TIMEOUT,
			Self::NoModel(_) | Self::NoRoute { .. } => StatusCode::NOT_FOUND,
			Self::Key => StatusCode::UNAUTHORIZED,
			Self::NotManaged => StatusCode::FORBIDDEN,
			Self::Taken(_) => StatusCode::CONFLICT,
			Self::Engine(Error::Busy { .. }) => StatusCode::TOO_MANY_REQUESTS,
			Self::Engine(Error::Stopped) => StatusCode::SERVICE_UNAVAILABLE,
			Self::Store(_) => StatusCode::INTERNAL_SERVER_ERROR,
			Self::Engine(
				Error::NonFiniteActivation { .. }
				| Error::NonFiniteLogits
				| Error::AdapterUnreadable(_)
				| Error::Candle(_),
			) => StatusCode::INTERNAL_SERVER_ERROR,
			Self::Engine(_) => StatusCode::BAD_REQUEST,
		}
	}

	/// The error as JSON.
	pub(crate) fn body(&self) -> serde_json::Value {
		let status = self.status();
		let kind = match status {
			StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "authentication_error",
			StatusCode::TOO_MANY_REQUESTS => "rate_limit_error",
			_ if status.is_server_error() => "server_error",
			_ => "invalid_request_error",
		};
		let code = match self {
			Self::NoModel(_) => Some("model_not_found"),
			Self::Key => Some("invalid_api_key"),
			Self::Engine(Error::ContextExceeded { .. } | Error::CacheFull { .. }) => {
				Some("context_length_exceeded")
			}
			_ => None,
		};
		let parameter = match self {
			Self::Parameter { parameter, .. } => Some(*parameter),
			Self::TooManyLogProbs { .. } => Some("logprobs"),
			Self::NoModel(_) => Some("model"),
			_ => None,
		};
		let message = self.to_string();
		json!({ "error": { "message": message, "type": kind, "param": parameter, "code": code } })
	}
}

impl IntoResponse for Refusal {
	fn into_response(self) -> Response {
		let status = self.status();
		let mut response = (status, Json(self.body())).into_response();
		if status == StatusCode::TOO_MANY_REQUESTS {
			response.headers_mut().insert("retry-after", axum::http::HeaderValue::from_static("1"));
		}
		response
	}
}
