//! The chain under load: raw connections, extrinsics signed ahead of time, and what is in a block.

use super::{Chain, economics::Past};
use crate::commands::{economics_events, load_calls::Call};
use anyhow::{Context, Result};
use openledger_primitives_core::BlockNumber;
use serde::Deserialize;
use sp_core::{Blake2Hasher, Hasher};
use std::time::{Duration, Instant};
use subxt::{
	PolkadotConfig,
	client::OnlineClientAtBlock,
	config::DefaultExtrinsicParamsBuilder,
	dynamic::{At, Value},
	events::Phase,
	ext::scale_value::Composite,
	rpcs::{
		Error, RpcClient,
		client::{RpcSubscription, rpc_params},
	},
	utils::H256,
};
use subxt_signer::sr25519::Keypair;

/// For how many blocks what was signed ahead of time stays valid.
const MORTALITY: u64 = 2_048;
/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why the pool did not take an extrinsic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
	/// It has no room.
	Full,
	/// The same bytes were dropped before, and are refused for a while.
	Banned,
	/// It holds this extrinsic, or another one in its place.
	Known,
	/// A block holds the nonce already.
	Stale,
	/// The account can't pay.
	Poor,
	/// The node did not answer, or the connection broke.
	Silent,
	/// Anything else.
	Other(String),
}

impl Refusal {
	/// The reason in words.
	pub fn reason(&self) -> String {
		match self {
			Self::Full => "the pool is full".into(),
			Self::Banned => "dropped from the pool before, and refused for a while".into(),
			Self::Known => "in the pool already".into(),
			Self::Stale => "its nonce is in a block already".into(),
			Self::Poor => "the account can't pay the fee".into(),
			Self::Silent => "the node did not answer".into(),
			Self::Other(text) => text.clone(),
		}
	}

	/// The reason, by the node's code and what it said.
	fn read(code: i32, message: &str, data: &str) -> Self {
		match code {
			1016 => Self::Full,
			1012 => Self::Banned,
			1013 | 1014 => Self::Known,
			1010 if data.contains("outdated") => Self::Stale,
			1010 if data.contains("pay some fees") => Self::Poor,
			_ if data.is_empty() => Self::Other(message.into()),
			_ => Self::Other(format!("{message}: {data}")),
		}
	}
}

impl From<Error> for Refusal {
	fn from(error: Error) -> Self {
		match error {
			Error::User(said) => {
				let data = said.data.as_ref().map_or("", |data| data.get().trim_matches('"'));
				Self::read(said.code, &said.message, data)
			}
			_ => Self::Silent,
		}
	}
}

/// A block's header, as far as it says where the block is.
#[derive(Clone, Debug, Deserialize)]
pub struct Header {
	number: String,
}

impl Header {
	/// The block's number.
	pub fn number(&self) -> Option<BlockNumber> {
		u32::from_str_radix(self.number.trim_start_matches("0x"), 16).ok()
	}
}

/// The extrinsics of a block.
pub struct Body {
	/// Their hashes.
	pub hashes: Vec<[u8; 32]>,
	/// Their bytes in all.
	pub bytes: usize,
}

/// What a block's state says about it.
pub struct Weighed {
	/// The weight of its normal extrinsics.
	pub used: u64,
	/// The extrinsics that failed.
	pub failed: Vec<u32>,
}

/// A connection of its own.
#[derive(Clone)]
pub struct Wire(RpcClient);

impl Wire {
	/// To the node at `url`.
	pub async fn to(url: &str) -> Result<Self> {
		let client = RpcClient::from_insecure_url(url).await;
		Ok(Self(client.with_context(|| format!("no further connection to {url}"))?))
	}

	/// Submits an extrinsic, as hex.
	pub async fn submit(&self, extrinsic: &str) -> Result<(), Refusal> {
		let sent = self.0.request::<H256>("author_submitExtrinsic", rpc_params![extrinsic]);
		match tokio::time::timeout(PATIENCE, sent).await {
			Ok(answer) => answer.map(|_| ()).map_err(Refusal::from),
			Err(_) => Err(Refusal::Silent),
		}
	}

	/// How long an unrelated request takes; none where it is not answered.
	pub async fn round_trip(&self) -> Option<Duration> {
		let start = Instant::now();
		let asked = self.0.request::<serde_json::Value>("system_health", rpc_params![]);
		tokio::time::timeout(PATIENCE, asked).await.ok()?.ok()?;
		Some(start.elapsed())
	}

	/// How many extrinsics the node lists as ready; none where the list is too long to be sent.
	pub async fn pending(&self) -> Option<usize> {
		let asked = self.0.request::<Vec<String>>("author_pendingExtrinsics", rpc_params![]);
		Some(tokio::time::timeout(PATIENCE, asked).await.ok()?.ok()?.len())
	}

	/// The nonce that an account's next extrinsic has, counting those in the pool.
	pub async fn next_nonce(&self, address: &str) -> Option<u64> {
		let asked = self.0.request("system_accountNextIndex", rpc_params![address]);
		tokio::time::timeout(PATIENCE, asked).await.ok()?.ok()
	}

	/// New best blocks.
	pub async fn heads(&self) -> Result<RpcSubscription<Header>> {
		let params = rpc_params![];
		let heads =
			self.0.subscribe("chain_subscribeNewHeads", params, "chain_unsubscribeNewHeads").await;
		heads.context("the node tells no new blocks")
	}

	/// The next best block's header; none once the subscription has ended.
	pub async fn next(heads: &mut RpcSubscription<Header>) -> Option<Header> {
		heads.next().await?.ok()
	}

	/// The hash of the block with this number.
	pub async fn hash(&self, number: BlockNumber) -> Option<H256> {
		self.0.request("chain_getBlockHash", rpc_params![number]).await.ok()?
	}

	/// A block's extrinsics.
	pub async fn body(&self, hash: H256) -> Option<Body> {
		#[derive(Deserialize)]
		struct Signed {
			block: Block,
		}
		#[derive(Deserialize)]
		struct Block {
			extrinsics: Vec<String>,
		}
		let signed: Option<Signed> =
			self.0.request("chain_getBlock", rpc_params![hash]).await.ok()?;
		let mut bytes = 0;
		let hashes = signed?
			.block
			.extrinsics
			.iter()
			.map(|text| {
				let extrinsic = hex::decode(text.trim_start_matches("0x")).ok()?;
				bytes += extrinsic.len();
				Some(Blake2Hasher::hash(&extrinsic).0)
			})
			.collect::<Option<_>>()?;
		Some(Body { hashes, bytes })
	}
}

/// A signed extrinsic.
pub struct Ready {
	/// As hex.
	pub text: String,
	/// Its hash.
	pub hash: [u8; 32],
}

/// Signs without asking the node.
#[derive(Clone)]
pub struct Signing(OnlineClientAtBlock<PolkadotConfig>);

impl Signing {
	/// Whether the runtime has this call.
	pub fn knows(&self, pallet: &str, call: &str) -> bool {
		let pallet = self.0.metadata_ref().pallet_by_name(pallet);
		pallet.is_some_and(|pallet| pallet.call_variant_by_name(call).is_some())
	}

	fn signed(&self, key: &Keypair, nonce: u64, tip: u128, call: Call) -> Result<Vec<u8>> {
		let payload = subxt::dynamic::tx(call.pallet, call.name, call.arguments);
		let params = DefaultExtrinsicParamsBuilder::<PolkadotConfig>::new()
			.mortal_from_unchecked(MORTALITY, self.0.block_number(), self.0.block_hash())
			.nonce(nonce)
			.tip(tip)
			.build();
		let transactions = self.0.transactions();
		let mut unsigned = transactions
			.create_signable_offline(&payload, params)
			.with_context(|| format!("{}.{} can't be encoded", call.pallet, call.name))?;
		Ok(unsigned.sign(key)?.into_encoded())
	}

	/// Signs a call.
	pub fn sign(&self, key: &Keypair, nonce: u64, tip: u128, call: Call) -> Result<Ready> {
		let bytes = self.signed(key, nonce, tip, call)?;
		Ok(Ready { hash: Blake2Hasher::hash(&bytes).0, text: format!("0x{}", hex::encode(bytes)) })
	}

	/// What a call costs now.
	pub async fn fee(&self, key: &Keypair, call: Call) -> Result<u128> {
		let bytes = self.signed(key, 0, 0, call)?;
		let fee = self.0.transactions().from_bytes(bytes).partial_fee_estimate().await;
		fee.context("the node can't say what a transaction costs")
	}
}

impl Chain {
	/// The chain's name, and whether it is one to test with.
	pub async fn kind(&self) -> Result<(String, bool)> {
		let name: String = self.request("system_chain", rpc_params![]).await?;
		Ok((name, self.is_development().await?))
	}

	/// Signs as the runtime of the newest finalised block wants it.
	pub async fn signing(&self) -> Result<Signing> {
		Ok(Signing(self.client.at_current_block().await?))
	}

	/// What the normal extrinsics of a block may weigh.
	pub async fn normal_weight(&self) -> Result<u64> {
		let at = self.client.at_current_block().await?;
		let address = subxt::dynamic::constant::<Value>("System", "BlockWeights");
		let limits = at.constants().entry(address)?;
		limits
			.at("per_class")
			.and_then(|classes| classes.at("normal"))
			.and_then(|normal| normal.at("max_total"))
			.and_then(|most| most.at(0))
			.and_then(|weight| weight.at("ref_time"))
			.and_then(|time| time.as_u128())
			.and_then(|time| time.try_into().ok())
			.context("the runtime sets no limit for normal extrinsics")
	}

	/// What the state after a block says about it.
	pub async fn weighed(&self, hash: H256) -> Result<Weighed> {
		let at = self.client.at_block(hash).await?;
		let address = subxt::dynamic::storage::<(), Value>("System", "BlockWeight");
		let weights = at.storage().fetch(address, ()).await?.decode()?;
		let used = weights
			.at("normal")
			.and_then(|weight| weight.at("ref_time"))
			.and_then(|time| time.as_u128())
			.and_then(|time| time.try_into().ok())
			.context("the block does not say what it weighs")?;
		let events = at.events().fetch().await?;
		let failed = events.iter().filter_map(|event| {
			let event = event.ok()?;
			match event.phase() {
				Phase::ApplyExtrinsic(index)
					if event.pallet_name() == "System"
						&& event.event_name() == "ExtrinsicFailed" =>
				{
					Some(index)
				}
				_ => None,
			}
		});
		Ok(Weighed { used, failed: failed.collect() })
	}

	/// The Datanets that a block created, with their owners.
	pub async fn created(&self, hash: H256) -> Result<Vec<([u8; 32], u32)>> {
		let events = self.client.at_block(hash).await?.events().fetch().await?;
		let mut found = Vec::new();
		for event in events.iter() {
			let event = event?;
			if (event.pallet_name(), event.event_name()) != ("Datanets", "Created") {
				continue;
			}
			let fields = event.decode_fields_unchecked_as::<Composite<()>>()?;
			let owner = fields.at("owner").and_then(economics_events::account);
			let datanet = fields.at("datanet").and_then(Value::as_u128);
			found.extend(owner.zip(datanet.and_then(|datanet| datanet.try_into().ok())));
		}
		Ok(found)
	}

	/// The newest finalised block.
	pub async fn finalised(&self) -> Result<BlockNumber> {
		Past::new(self).finalised().await
	}

	/// The node's address.
	pub fn url(&self) -> &str {
		&self.url
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn refusals_are_told_apart_by_code_and_reason() {
		for (code, data, refusal) in [
			(1016, "", Refusal::Full),
			(1012, "", Refusal::Banned),
			(1013, "", Refusal::Known),
			(1014, "", Refusal::Known),
			(1010, "Transaction is outdated", Refusal::Stale),
			(1010, "Inability to pay some fees (e.g. account balance too low)", Refusal::Poor),
			(
				1010,
				"Transaction has a bad signature",
				Refusal::Other("Invalid Transaction: Transaction has a bad signature".into()),
			),
			(-32000, "", Refusal::Other("Invalid Transaction".into())),
		] {
			assert_eq!(Refusal::read(code, "Invalid Transaction", data), refusal);
		}
	}

	#[test]
	fn header_has_a_number_unless_it_is_malformed() {
		let header = |number: &str| Header { number: number.into() };
		assert_eq!(header("0x1f").number(), Some(31));
		assert_eq!(header("x").number(), None);
	}
}
