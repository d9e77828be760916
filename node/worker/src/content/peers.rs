//! Fetching from other workers what is missing here.

use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use reqwest::{Client, StatusCode, redirect};
use url::Url;

use super::{Blob, ContentError, Wanted, hash::name};
use crate::{config::Limits, endpoint};

/// The longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(5);

pub(super) struct Peers {
	peers: Vec<Url>,
	client: Client,
	limits: Limits,
}

impl Peers {
	pub(super) fn new(peers: &[Url], limits: Limits) -> Result<Self, ContentError> {
		// A peer may not send this worker on to addresses of its own network.
		let client = Client::builder()
			.connect_timeout(CONNECT)
			.read_timeout(limits.silence)
			.redirect(redirect::Policy::none())
			.build()
			.map_err(|error| ContentError::Client(error.to_string()))?;
		Ok(Self { peers: peers.to_vec(), client, limits })
	}

	/// The peers, in the order in which they are asked.
	pub(super) fn iter(&self) -> impl Iterator<Item = &Url> {
		self.peers.iter()
	}

	/// What a worker has of what is wanted; `None` where it has nothing. The bytes have not been checked.
	///
	/// # Errors
	/// [`ContentError::TooLarge`], or [`ContentError::Peer`] for every other answer.
	pub(super) async fn ask(
		&self,
		peer: &Url,
		wanted: Wanted<'_>,
	) -> Result<Option<Blob>, ContentError> {
		let failed = |reason: String| ContentError::Peer { peer: peer.to_string(), reason };
		let url = endpoint::below(peer, &format!("/content/{}", name(wanted.hash)));
		let response =
			self.client.get(url).send().await.map_err(|error| failed(error.to_string()))?;
		match response.status() {
			StatusCode::OK => {}
			StatusCode::NOT_FOUND => return Ok(None),
			status => return Err(failed(format!("it answered {status}"))),
		}
		let size =
			response.content_length().ok_or_else(|| failed("it names no length".to_string()))?;
		let limit = wanted.most.min(self.limits.blob);
		if size > limit {
			return Err(ContentError::TooLarge { size, limit });
		}
		let broken = |error: reqwest::Error| object_store::Error::Generic {
			store: "peer",
			source: Box::new(error),
		};
		Ok(Some(Blob { size, bytes: response.bytes_stream().map_err(broken).boxed() }))
	}
}
