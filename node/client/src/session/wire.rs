//! What travels to the operator and back.

use anyhow::{Context, Result, ensure};
use codec::Encode;
use openledger_primitives_receipts::SignedVoucher;
use openledger_sessions::{
	Access,
	protocol::{
		ACCESS, Again, Asking, Failure, Missing, Owing, Payment, RECEIPTS_PATH, Resent,
		VOUCHER_PATH,
	},
};
use reqwest::{RequestBuilder, header::CONTENT_TYPE, redirect::Policy};
use serde::{Serialize, de::DeserializeOwned};
use std::{net::IpAddr, time::Duration};
use url::{Host, Url};

/// Where questions are asked.
pub const CHAT_PATH: &str = "/v1/chat/completions";
/// The most bytes of a reply: all receipts that are sent again at once have room in it.
const MOST_BYTES: usize = 16 << 20;
/// How long is waited for a connection, and for what takes no answering.
const SHORTLY: Duration = Duration::from_secs(20);

/// Why the operator did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
	/// It was not reached: it knows nothing of what was sent.
	#[error(
		"no operator answers at {0}: is its node running, and its endpoint reachable from here?"
	)]
	Unreached(String),
	/// The connection was lost: the operator may have done it.
	#[error("the connection to {url} was lost: {reason}")]
	Lost {
		/// The operator's endpoint.
		url: String,
		/// Why.
		reason: String,
	},
	/// It refused, before it did anything.
	#[error("the operator refused: {} ({}, HTTP {})", .0.error.message, .0.error.code, .0.status)]
	Refused(Failure),
	/// It failed: it may have done a part of it.
	#[error("the operator failed: {} ({}, HTTP {})", .0.error.message, .0.error.code, .0.status)]
	Failing(Failure),
	/// It is none: it knows nothing of what was sent.
	#[error("{url} is no operator of sessions: it answers HTTP {status} without a reason")]
	Foreign {
		/// The operator's endpoint.
		url: String,
		/// What it answers.
		status: u16,
	},
	/// It said what no operator says, and may have done what it was asked.
	#[error("{url} does not answer as an operator of sessions does: {reason}")]
	Rubbish {
		/// The operator's endpoint.
		url: String,
		/// What is wrong with it.
		reason: String,
	},
}

impl Failed {
	/// Which refusal it is, for those that say so.
	pub fn code(&self) -> &str {
		match self {
			Self::Refused(failure) | Self::Failing(failure) => &failure.error.code,
			_ => "",
		}
	}
}

/// An operator's server.
pub struct Operator {
	http: reqwest::Client,
	url: String,
	exposed: bool,
}

/// Whether what is sent to `url` can be read on its way.
fn is_exposed(url: &Url) -> bool {
	let here = match url.host() {
		Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
		Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
		Some(Host::Domain(name)) => name == "localhost",
		None => false,
	};
	url.scheme() != "https" && !here
}

impl Operator {
	/// The server at an endpoint that an operator registered. `answer` bounds the wait for an answer.
	///
	/// # Errors
	/// Where the endpoint is no HTTP address.
	pub fn at(endpoint: &str, answer: Duration) -> Result<Self> {
		let url = Url::parse(endpoint).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
		let url = url.with_context(|| {
			format!("the operator's endpoint, {endpoint:?}, is no HTTP address: choose another one")
		})?;
		ensure!(
			url.username().is_empty() && url.password().is_none(),
			"the operator's endpoint names a password: choose another operator"
		);
		// Whoever is redirected to would be handed the access.
		let http = reqwest::Client::builder()
			.connect_timeout(SHORTLY)
			.timeout(answer)
			.redirect(Policy::none())
			.build()?;
		let exposed = is_exposed(&url);
		Ok(Self { http, url: endpoint.trim_end_matches('/').into(), exposed })
	}

	/// Whether others on the way can read questions and answers, and take the access for themselves.
	pub fn is_exposed(&self) -> bool {
		self.exposed
	}

	/// Asks. Returns the body of the reply.
	///
	/// # Errors
	/// [`Failed`].
	pub async fn ask(&self, body: Vec<u8>, asking: &Asking) -> Result<Vec<u8>, Failed> {
		let mut request = self.http.post(format!("{}{CHAT_PATH}", self.url));
		for (name, value) in asking.headers() {
			request = request.header(name, value);
		}
		self.send(request.header(CONTENT_TYPE, "application/json").body(body)).await
	}

	/// Sends a voucher.
	///
	/// # Errors
	/// [`Failed`].
	pub async fn pay(&self, access: &Access, voucher: SignedVoucher) -> Result<Owing, Failed> {
		self.post(VOUCHER_PATH, access, &Payment { voucher }).await
	}

	/// Receipts from position `after` on.
	///
	/// # Errors
	/// [`Failed`].
	pub async fn missing(&self, access: &Access, after: u32) -> Result<Vec<Again>, Failed> {
		let resent: Resent = self.post(RECEIPTS_PATH, access, &Missing { after }).await?;
		Ok(resent.receipts)
	}

	async fn post<T: DeserializeOwned>(
		&self,
		path: &str,
		access: &Access,
		body: &impl Serialize,
	) -> Result<T, Failed> {
		let request = self
			.http
			.post(format!("{}{path}", self.url))
			.timeout(SHORTLY)
			.header(ACCESS, hex::encode(access.encode()))
			.json(body);
		let bytes = self.send(request).await?;
		serde_json::from_slice(&bytes).map_err(|error| self.rubbish(error))
	}

	/// What an operator does not say.
	pub fn rubbish(&self, reason: impl ToString) -> Failed {
		Failed::Rubbish { url: self.url.clone(), reason: reason.to_string() }
	}

	async fn send(&self, request: RequestBuilder) -> Result<Vec<u8>, Failed> {
		let lost = |error: reqwest::Error| match error.is_connect() {
			true => Failed::Unreached(self.url.clone()),
			false => Failed::Lost { url: self.url.clone(), reason: reason(error) },
		};
		let mut response = request.send().await.map_err(lost)?;
		let status = response.status().as_u16();
		let mut bytes = Vec::new();
		while let Some(part) = response.chunk().await.map_err(lost)? {
			if bytes.len() + part.len() > MOST_BYTES {
				return Err(self.rubbish(format!("more than {MOST_BYTES} bytes")));
			}
			bytes.extend_from_slice(&part);
		}
		if (200..300).contains(&status) {
			return Ok(bytes);
		}
		match serde_json::from_slice::<Failure>(&bytes) {
			Ok(failure) if status >= 500 => Err(Failed::Failing(Failure { status, ..failure })),
			Ok(failure) if status >= 400 => Err(Failed::Refused(Failure { status, ..failure })),
			// Of a proxy whose operator is away, most likely.
			_ if status >= 500 => Err(Failed::Lost {
				url: self.url.clone(),
				reason: format!("HTTP {status} without a reason"),
			}),
			_ => Err(Failed::Foreign { url: self.url.clone(), status }),
		}
	}
}

/// The innermost reason, without the address that is told beside it.
fn reason(error: reqwest::Error) -> String {
	let error = error.without_url();
	let mut cause: &dyn std::error::Error = &error;
	while let Some(next) = cause.source() {
		cause = next;
	}
	cause.to_string()
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn endpoints_are_refused_when_they_are_no_http_or_carry_a_password() {
		for endpoint in ["", "ftp://host", "nonsense", "http://", "http://user:word@host"] {
			assert!(Operator::at(endpoint, SHORTLY).is_err(), "{endpoint}");
		}
	}

	#[test]
	fn plain_http_is_exposed_unless_it_stays_on_this_machine() {
		for (endpoint, exposed) in [
			("http://127.0.0.1:9955", false),
			("http://[::1]:9955/", false),
			("http://localhost", false),
			("https://operator.example", false),
			("http://operator.example", true),
			("http://10.0.0.1", true),
			("http://localhost.example", true),
		] {
			assert_eq!(
				Operator::at(endpoint, SHORTLY).unwrap().is_exposed(),
				exposed,
				"{endpoint}"
			);
		}
	}
}
