//! Content, by hash, at an operator's worker.

use crate::keys::Signer;
use anyhow::{Context, Result, bail};
use openledger_primitives_core::{
	Hash,
	record::{content_hash, upload_message},
};
use std::time::Duration;

/// How long one transfer may take.
const TRANSFER: Duration = Duration::from_secs(600);

/// A worker's content store.
pub struct Content {
	http: reqwest::Client,
	url: String,
}

impl Content {
	/// The store at the worker's `url`.
	pub fn at(url: &str) -> Result<Self> {
		let http = reqwest::Client::builder()
			.connect_timeout(Duration::from_secs(10))
			.timeout(TRANSFER)
			.build()?;
		Ok(Self { http, url: url.trim_end_matches('/').into() })
	}

	fn path(&self, hash: &Hash) -> String {
		format!("{}/content/{}", self.url, hex::encode(hash))
	}

	/// Whether the worker holds the content.
	pub async fn has(&self, hash: &Hash) -> Result<bool> {
		let response =
			self.http.head(self.path(hash)).send().await.with_context(|| self.silent())?;
		match response.status().as_u16() {
			200 => Ok(true),
			404 => Ok(false),
			status => bail!("the worker at {} answered {status} for {hash:?}", self.url),
		}
	}

	/// Uploads the content, unless the worker holds it already. Returns its hash.
	pub async fn put(&self, signer: &Signer, bytes: Vec<u8>) -> Result<Hash> {
		let hash = content_hash(&bytes);
		if self.has(&hash).await? {
			return Ok(hash);
		}
		let signature = signer.sign(&upload_message(&hash, bytes.len() as u64));
		let response = self
			.http
			.put(self.path(&hash))
			.header("x-openledger-account", signer.address())
			.header("x-openledger-signature", hex::encode(signature))
			.body(bytes)
			.send()
			.await
			.with_context(|| self.silent())?;
		if !response.status().is_success() {
			let status = response.status();
			let text = response.text().await.unwrap_or_default();
			bail!("the worker at {} refused the content ({status}): {text}", self.url);
		}
		Ok(hash)
	}

	/// Downloads the content, and checks that it is what was asked for.
	pub async fn get(&self, wanted: &Hash) -> Result<Vec<u8>> {
		let response =
			self.http.get(self.path(wanted)).send().await.with_context(|| self.silent())?;
		if !response.status().is_success() {
			bail!(
				"the worker at {} does not hold {wanted:?} ({}): ask another with --worker",
				self.url,
				response.status()
			);
		}
		let bytes = response.bytes().await?.to_vec();
		if content_hash(&bytes) != *wanted {
			bail!("the worker at {} sent other content than {wanted:?}", self.url);
		}
		Ok(bytes)
	}

	fn silent(&self) -> String {
		format!(
			"no worker answers at {}: start a node with --operator, or name one with --worker",
			self.url
		)
	}
}
