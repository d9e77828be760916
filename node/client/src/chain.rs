//! The chain, seen from the client: typed reads through the runtime APIs, and signed extrinsics
//! whose arguments are encoded by the metadata of the runtime that receives them.

pub mod canary;
pub mod challenge;
pub mod economics;
pub mod load;
pub mod retrieval;
mod state;

pub use state::{AsOf, Kept, kept};

use crate::keys::Signer;
use anyhow::{Context, Result, bail};
use codec::{Decode, DecodeAll, Encode};
use openledger_primitives_core::{BlockNumber, Hash};
use sp_core::crypto::AccountId32;
use subxt::{
	OnlineClient, PolkadotConfig,
	config::DefaultExtrinsicParamsBuilder,
	config::polkadot::PolkadotConfigBuilder,
	dynamic::{At, Value},
	ext::scale_value::{Composite, ValueDef},
	rpcs::{RpcClient, client::rpc_params},
	tx::TransactionStatus,
};

/// For how many blocks a signed extrinsic stays valid.
const MORTALITY: u64 = 64;

/// A connection to a node.
pub struct Chain {
	client: OnlineClient<PolkadotConfig>,
	rpc: RpcClient,
	url: String,
}

/// An event that a submitted extrinsic caused.
pub struct Event {
	/// The pallet.
	pub pallet: String,
	/// The event's name.
	pub name: String,
	/// The event's fields.
	pub fields: Composite<()>,
}

impl Event {
	/// A field that is a whole number.
	pub fn number(&self, field: &str) -> Option<u128> {
		self.fields.at(field).and_then(|value| value.as_u128())
	}
}

impl Chain {
	/// Connects to the node at `url`.
	pub async fn connect(url: &str) -> Result<Self> {
		let rpc = RpcClient::from_insecure_url(url).await.with_context(|| {
			format!(
				"no node answers at {url}: start one with scripts/dev, or name yours with --url"
			)
		})?;
		let config = PolkadotConfigBuilder::new().use_historic_types(false).build();
		let client =
			OnlineClient::from_rpc_client_with_config(config, rpc.clone()).await.with_context(
				|| format!("the node at {url} is no Substrate node that openledger knows"),
			)?;
		Ok(Self { client, rpc, url: url.into() })
	}

	/// The chain's genesis hash.
	pub fn genesis_hash(&self) -> Hash {
		Hash::from(self.client.genesis_hash().0)
	}

	/// The chain's genesis hash, in hex without prefix.
	pub fn genesis(&self) -> String {
		hex::encode(self.client.genesis_hash())
	}

	/// One JSON-RPC request without typed parameters of our own.
	async fn request<T: serde::de::DeserializeOwned>(
		&self,
		method: &str,
		params: subxt::rpcs::client::RpcParams,
	) -> Result<T> {
		self.rpc
			.request(method, params)
			.await
			.with_context(|| format!("{method} failed at {}", self.url))
	}

	/// The best block's number.
	pub async fn best(&self) -> Result<BlockNumber> {
		#[derive(serde::Deserialize)]
		struct Header {
			number: String,
		}
		let header: Header = self.request("chain_getHeader", rpc_params![]).await?;
		u32::from_str_radix(header.number.trim_start_matches("0x"), 16)
			.context("the node's header has no number")
	}

	/// Waits until the best block is at least `block`.
	pub async fn wait_for(&self, block: BlockNumber) -> Result<()> {
		while self.best().await? < block {
			tokio::time::sleep(std::time::Duration::from_millis(500)).await;
		}
		Ok(())
	}

	/// Calls a function of the OpenLedger runtime API at the best block.
	pub async fn api<T: Decode>(&self, function: &str, arguments: impl Encode) -> Result<T> {
		self.call(function, arguments, None).await
	}

	async fn call<T: Decode>(
		&self,
		function: &str,
		arguments: impl Encode,
		block: Option<Hash>,
	) -> Result<T> {
		let arguments = format!("0x{}", hex::encode(arguments.encode()));
		let method = format!("OpenLedgerApi_{function}");
		let params = match block {
			Some(block) => rpc_params![method, arguments, block],
			None => rpc_params![method, arguments],
		};
		let result: String = self.request("state_call", params).await?;
		let bytes =
			hex::decode(result.trim_start_matches("0x")).context("the node's reply is no hex")?;
		T::decode_all(&mut &bytes[..]).with_context(|| {
			format!(
				"the runtime's {function} returns another type than this client knows: update one of the two"
			)
		})
	}

	/// A constant of a pallet that is a whole number.
	pub async fn constant(&self, pallet: &str, name: &str) -> Result<u128> {
		let at = self.client.at_current_block().await?;
		let address = subxt::dynamic::constant::<Value>(pallet, name);
		let value = at
			.constants()
			.entry(address)
			.with_context(|| format!("the runtime has no constant {pallet}.{name}"))?;
		value.as_u128().with_context(|| format!("{pallet}.{name} is no number"))
	}

	/// An account's free balance and the part of it on hold.
	pub async fn balance(&self, account: &AccountId32) -> Result<(u128, u128)> {
		let bytes: &[u8; 32] = account.as_ref();
		let at = self.client.at_block(self.best_hash().await?).await?;
		let address = subxt::dynamic::storage::<([u8; 32],), Value>("System", "Account");
		let Some(stored) = at.storage().try_fetch(address, (*bytes,)).await? else {
			return Ok((0, 0));
		};
		let value = stored.decode()?;
		let part = |name: &str| {
			value.at("data").and_then(|data| data.at(name)).and_then(|v| v.as_u128()).unwrap_or(0)
		};
		Ok((part("free"), part("reserved")))
	}

	async fn best_hash(&self) -> Result<subxt::utils::H256> {
		self.request("chain_getBlockHash", rpc_params![]).await
	}

	/// Signs and submits a call, waits for the block that includes it, and returns its events.
	///
	/// A call that the runtime refuses is an error with the pallet's own reason.
	pub async fn submit(
		&self,
		signer: &Signer,
		pallet: &str,
		call: &str,
		arguments: Vec<(&str, Value)>,
	) -> Result<Vec<Event>> {
		let arguments: Vec<(String, Value)> =
			arguments.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
		self.send(signer, pallet, call, Composite::Named(arguments)).await
	}

	/// Submits calls in one extrinsic, which takes effect as a whole or not at all.
	pub async fn submit_all(&self, signer: &Signer, calls: Vec<Value>) -> Result<Vec<Event>> {
		let calls = Composite::Named(vec![("calls".to_owned(), list(calls))]);
		self.send(signer, "Utility", "batch_all", calls).await
	}

	async fn send(
		&self,
		signer: &Signer,
		pallet: &str,
		call: &str,
		arguments: Composite<()>,
	) -> Result<Vec<Event>> {
		if signer.well_known && !self.is_development().await? {
			bail!(
				"{} is a key that everybody knows: it signs on development chains alone",
				signer.address()
			);
		}
		let payload = subxt::dynamic::tx(pallet, call, arguments);
		// The pool's view of the nonce counts extrinsics that no block holds yet.
		let nonce: u64 =
			self.request("system_accountNextIndex", rpc_params![signer.address()]).await?;
		let at = self.client.at_current_block().await?;
		let params = DefaultExtrinsicParamsBuilder::new().mortal(MORTALITY).nonce(nonce).build();
		let mut progress = at
			.transactions()
			.sign_and_submit_then_watch(&payload, &signer.keypair, params)
			.await
			.with_context(|| format!("{pallet}.{call} was not accepted by the node"))?;
		while let Some(status) = progress.next().await {
			match status? {
				TransactionStatus::InBestBlock(block)
				| TransactionStatus::InFinalizedBlock(block) => {
					let events = block
						.wait_for_success()
						.await
						.with_context(|| format!("{pallet}.{call} was refused by the runtime"))?;
					return events
						.iter()
						.map(|event| {
							let event = event?;
							Ok(Event {
								pallet: event.pallet_name().into(),
								name: event.event_name().into(),
								fields: event.decode_fields_unchecked_as::<Composite<()>>()?,
							})
						})
						.collect();
				}
				TransactionStatus::Error { message }
				| TransactionStatus::Invalid { message }
				| TransactionStatus::Dropped { message } => {
					bail!("{pallet}.{call} did not make it into a block: {message}")
				}
				_ => continue,
			}
		}
		bail!(
			"{pallet}.{call}: the node ended the subscription before the extrinsic was in a block"
		)
	}

	async fn is_development(&self) -> Result<bool> {
		let kind: serde_json::Value = self.request("system_chainType", rpc_params![]).await?;
		Ok(matches!(kind.as_str(), Some("Development" | "Local")))
	}
}

/// The event `name` of `pallet` among `events`.
pub fn find<'a>(events: &'a [Event], pallet: &str, name: &str) -> Result<&'a Event> {
	events
		.iter()
		.find(|event| event.pallet == pallet && event.name == name)
		.with_context(|| format!("the block holds no event {pallet}.{name} for the extrinsic"))
}

/// Whether a submission failed with this error of this pallet.
pub fn is_refused_as(error: &anyhow::Error, pallet: &str, name: &str) -> bool {
	let reason = format!("{pallet}::{name}");
	error.chain().any(|cause| cause.to_string().contains(&reason))
}

/// A call as an argument of another.
pub fn call<const N: usize>(pallet: &str, call: &str, arguments: [(&str, Value); N]) -> Value {
	Value::unnamed_variant(pallet, [Value::named_variant(call, arguments)])
}

/// An account as an argument where an address is expected.
pub fn address(account: &AccountId32) -> Value {
	let raw: &[u8; 32] = account.as_ref();
	Value::unnamed_variant("Id", [bytes(raw)])
}

/// An account as an argument.
pub fn account(account: &AccountId32) -> Value {
	let raw: &[u8; 32] = account.as_ref();
	bytes(raw)
}

/// Bytes as an argument.
pub fn bytes(bytes: impl AsRef<[u8]>) -> Value {
	Value::from_bytes(bytes)
}

/// A whole number as an argument.
pub fn number(number: impl Into<u128>) -> Value {
	Value::u128(number.into())
}

/// An optional argument.
pub fn option(value: Option<Value>) -> Value {
	match value {
		Some(value) => Value::unnamed_variant("Some", [value]),
		None => Value::unnamed_variant("None", []),
	}
}

/// A variant without fields as an argument.
pub fn variant(name: &str) -> Value {
	Value::unnamed_variant(name, [])
}

/// A list as an argument.
pub fn list(values: impl IntoIterator<Item = Value>) -> Value {
	Value::unnamed_composite(values)
}

/// A struct as an argument.
pub fn record<const N: usize>(fields: [(&str, Value); N]) -> Value {
	Value {
		value: ValueDef::Composite(Composite::Named(
			fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
		)),
		context: (),
	}
}
