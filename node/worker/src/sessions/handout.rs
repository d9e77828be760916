//! Getting from an operator what was asked behind a drawn receipt.

use std::time::Duration;

use openledger_primitives_core::Hash;
use openledger_primitives_inference::{Failure, receipts::Drawn};
use openledger_primitives_receipts::commitment::{self, Salt};
use openledger_sessions::protocol::audit::{self, Content};
use reqwest::{Client, redirect};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::asked::{Asked, MOST_BYTES};
use crate::{
	endpoint,
	error::StartError,
	question::{AnsweredBy, Question},
	queue::{Fetched, Handouts},
};

/// The longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// The longest wait for everything, a body of the largest size over a slow line included. What is not handed out
/// is withheld where an execution says so in the last third of two minutes, into which one that fails has to fit.
const PATIENCE: Duration = Duration::from_secs(15);
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
	let url = endpoint::below(&endpoint::parse(&drawn.endpoint)?, &audit::path(drawn.claim));
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
	let worker = endpoint::parse(&drawn.endpoint).ok();
	let answered_by = worker.map(|worker| AnsweredBy { worker, audit: drawn.claim });
	let question = asked.question(drawn.payer, input, drawn.material);
	Ok((salt, Question { answered_by, ..question }))
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::testing::{job, key};
	use openledger_primitives_core::draw::draw_id;
	use openledger_primitives_inference::receipts::Pass;
	use openledger_primitives_receipts::{Receipt, SignedReceipt};
	use sp_core::{Pair, crypto::AccountId32};

	const SALT: Salt = [3; 32];

	fn drawn(endpoint: &str, asked: &[u8]) -> Drawn {
		let pair = key("Bob");
		Drawn {
			claim: draw_id(2, 1),
			model: 5,
			payer: AccountId32::new([9; 32]),
			input: commitment::input(&SALT, asked),
			material: job(1).material,
			endpoint: endpoint.as_bytes().to_vec().try_into().unwrap(),
			pass: Pass { agent: pair.public().into(), signature: pair.sign(b"").into() },
		}
	}

	fn content(asked: &[u8]) -> Content {
		let receipt = Receipt {
			session: 1,
			position: 0,
			model: 5,
			input: Hash::zero(),
			output: Hash::zero(),
			usage: Default::default(),
			fee: 1,
			claim: Hash::zero(),
		};
		let signature = key("Alice").sign(b"").into();
		Content { salt: SALT, asked: asked.to_vec(), receipt: SignedReceipt { receipt, signature } }
	}

	#[test]
	fn question_follows_from_the_body_that_the_receipt_commits_to() {
		let asked =
			br#"{"model":"5","messages":[{"role":"user","content":"Who?"}],"max_tokens":7}"#;
		let drawn = drawn("http://host:1", asked);
		let (salt, question) = super::question(content(asked), drawn.clone()).unwrap();
		let answered_by = question.answered_by.unwrap();
		let AnsweredBy { worker, audit } = answered_by;
		assert_eq!((Ok(worker), audit), (endpoint::parse(&drawn.endpoint), drawn.claim));
		assert_eq!((salt, question.max_tokens, question.longest), (SALT, 7, None));
		assert_eq!((question.seed, question.payer), (drawn.input.0, drawn.payer.clone()));
		let mut other = content(asked);
		other.salt = [4; 32];
		let refused = super::question(other, drawn.clone());
		assert!(matches!(refused, Err(Failure::BadContent(_))));
		assert!(matches!(super::question(content(b"{}"), drawn), Err(Failure::BadContent(_))));
	}

	#[test]
	fn question_is_read_though_it_asks_for_more_tokens_than_are_answered_now() {
		let asked =
			br#"{"model":"5","messages":[{"role":"user","content":"Who?"}],"max_tokens":2000}"#;
		let (_, question) = super::question(content(asked), drawn("", asked)).unwrap();
		assert_eq!(question.max_tokens, 2_000);
	}

	#[test]
	fn body_without_a_reading_is_bad_content_though_the_receipt_commits_to_it() {
		for asked in [
			&b"{}"[..],
			b"",
			br#"{"model":"6","messages":[{"role":"user","content":"Who?"}]}"#,
			br#"{"model":"5","messages":[{"role":"user","content":"Who?"}],"seed":1}"#,
		] {
			let refused = super::question(content(asked), drawn("", asked));
			assert!(matches!(refused, Err(Failure::BadContent(_))), "{refused:?}");
		}
	}
}
