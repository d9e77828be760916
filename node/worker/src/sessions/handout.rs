//! Getting from an operator what was asked behind a drawn receipt.

use std::time::Duration;

use openledger_primitives_core::Hash;
use openledger_primitives_inference::{Failure, receipts::Drawn};
use openledger_primitives_receipts::commitment::{self, Salt};
use openledger_sessions::protocol::audit::{self, Content};
use reqwest::{Client, redirect};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::asked::{Asked, MOST_BYTES};
use crate::{
	error::StartError,
	question::Question,
	queue::{Fetched, Handouts},
};

/// The longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// The longest wait for everything, a body of the largest size over a slow line included.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest response, in bytes: a body in hexadecimal, and what stands around it.
const MOST_RESPONSE: usize = 2 * MOST_BYTES + (64 << 10);

/// Asks operators over HTTP. Where they are is what they say of themselves on chain, so nothing of it is
/// trusted: neither where it leads nor what it sends.
pub struct Fetcher {
	client: Client,
	runtime: Handle,
}

impl Fetcher {
	/// A fetcher that works on `runtime`.
	///
	/// # Errors
	/// [`StartError::Client`] when no client can be made.
	pub fn new(runtime: Handle) -> Result<Self, StartError> {
		let client = Client::builder()
			.connect_timeout(CONNECT)
			.timeout(PATIENCE)
			.redirect(redirect::Policy::none())
			.build()
			.map_err(|error| StartError::Client(error.to_string()))?;
		Ok(Self { client, runtime })
	}
}

impl Handouts for Fetcher {
	fn fetch(&self, drawn: Drawn, cancel: CancellationToken, then: Fetched) {
		let client = self.client.clone();
		self.runtime.spawn(async move {
			let found = tokio::select! {
				() = cancel.cancelled() => return,
				found = fetch(&client, &drawn) => found,
			};
			let claim = drawn.claim;
			let question = match found {
				Ok(content) => question(content, drawn),
				Err(reason) => {
					log::warn!("claim {claim}: what was asked is not handed out: {reason}");
					Err(Failure::MissingContent(drawn.input))
				}
			};
			then(question);
		});
	}
}

/// What the operator sends, unchecked; or why it sends nothing that can be read.
async fn fetch(client: &Client, drawn: &Drawn) -> Result<Content, String> {
	let url = address(&drawn.endpoint, drawn)?;
	let mut request = client.get(url);
	for (name, value) in audit::headers(&drawn.pass.agent, &drawn.pass.signature) {
		request = request.header(name, value);
	}
	// Its address may carry credentials, which are nobody's business but the operator's.
	let broken = |error: reqwest::Error| error.without_url().to_string();
	let mut response = request.send().await.map_err(broken)?;
	let status = response.status();
	if !status.is_success() {
		return Err(format!("it answered {status}"));
	}
	let mut body = Vec::new();
	while let Some(chunk) = response.chunk().await.map_err(broken)? {
		if body.len().saturating_add(chunk.len()) > MOST_RESPONSE {
			return Err(format!("it sends more than {MOST_RESPONSE} bytes"));
		}
		body.extend_from_slice(&chunk);
	}
	serde_json::from_slice(&body).map_err(|error| error.to_string())
}

/// Where the operator's worker has the content.
fn address(endpoint: &[u8], drawn: &Drawn) -> Result<Url, String> {
	let text = std::str::from_utf8(endpoint).map_err(|error| error.to_string())?;
	let mut url = Url::parse(text).map_err(|error| error.to_string())?;
	if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
		return Err("its endpoint is no http or https address".into());
	}
	let path = format!("{}{}", url.path().trim_end_matches('/'), audit::path(drawn.claim));
	url.set_path(&path);
	url.set_query(None);
	url.set_fragment(None);
	Ok(url)
}

/// The question that the content asks, where the receipt commits to it. A body that has no reading has
/// a receipt all the same only where its operator made one up.
fn question(content: Content, drawn: Drawn) -> Result<(Salt, Question), Failure> {
	let Content { salt, asked, receipt: _ } = content;
	let input: Hash = commitment::input(&salt, &asked);
	if input != drawn.input {
		return Err(Failure::BadContent(
			"the receipt does not commit to what is handed out".into(),
		));
	}
	let asked = Asked::read(&asked, drawn.model)
		.map_err(|error| Failure::BadContent(format!("nobody could have answered it: {error}")))?;
	Ok((salt, asked.question(drawn.payer, input, drawn.material)))
}
