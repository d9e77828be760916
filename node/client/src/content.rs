//! Content, by hash, at an operator's worker.

use crate::keys::Signer;
use anyhow::{Context, Result, bail};
use openledger_primitives_core::{
	Hash, ModelId,
	record::{content_hash, upload_message},
};
use openledger_sessions::protocol::{
	Failure,
	stock::{self, Standing},
};
use std::time::Duration;

/// How long one transfer may take.
const TRANSFER: Duration = Duration::from_secs(600);

/// What a worker says of the records that a model puts into prompts.
pub enum Stocking {
	/// How many it has.
	Stands(Standing),
	/// Why it can't say yet.
	Later(String),
}

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

	/// Has the worker hold every record that a model puts into prompts. It is the signer's, who is its operator.
	pub async fn stock(&self, signer: &Signer, genesis: &Hash, model: ModelId) -> Result<Stocking> {
		let signature = signer.sign(&stock::payload(genesis, model));
		let response = self
			.http
			.post(format!("{}{}", self.url, stock::path(model)))
			.header("x-openledger-account", signer.address())
			.header("x-openledger-signature", hex::encode(signature))
			.send()
			.await
			.with_context(|| self.silent())?;
		let status = response.status();
		if status.is_success() {
			return Ok(Stocking::Stands(response.json().await?));
		}
		let text = response.text().await.unwrap_or_default();
		let reason = serde_json::from_str::<Failure>(&text).map_or(text, |of| of.error.message);
		match status.as_u16() {
			503 => Ok(Stocking::Later(reason)),
			_ => bail!("the worker at {} refused ({status}): {reason}", self.url),
		}
	}

	fn silent(&self) -> String {
		format!(
			"no worker answers at {}: start a node with --operator, or name one with --worker",
			self.url
		)
	}
}
