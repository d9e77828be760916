//! The state at blocks that are not the best one, and what is on its way to it.

use super::{Chain, economics::is_pruned};
use anyhow::{Context, Result};
use codec::{Decode, DecodeAll, Encode};
use openledger_primitives_core::{BlockNumber, Hash};
use sp_core::crypto::{AccountId32, Ss58Codec};
use subxt::{dynamic::Value, rpcs::client::rpc_params};

/// What a node has of a state: nothing where it keeps that state no more, or never had it.
pub type Kept<T> = Option<T>;

/// What an answer about a past state comes to, where one that is not kept is no failure.
pub fn kept<T>(answer: Result<T>) -> Result<Kept<T>> {
	match answer {
		Err(error) if is_pruned(&error) => Ok(None),
		answer => answer.map(Some),
	}
}

/// The chain as of one block.
#[derive(Clone, Copy)]
pub struct AsOf<'a> {
	/// The chain.
	pub chain: &'a Chain,
	/// The block; the best one of the moment where none is named.
	pub block: Option<Hash>,
}

impl<'a> AsOf<'a> {
	/// As of the best block, whichever that is when something is asked.
	pub fn best(chain: &'a Chain) -> Self {
		Self { chain, block: None }
	}

	/// Calls a function of the OpenLedger runtime API.
	pub async fn api<T: Decode>(&self, function: &str, arguments: impl Encode) -> Result<T> {
		self.chain.call(function, arguments, self.block).await
	}
}

impl Chain {
	/// The newest finalised block.
	pub async fn final_block(&self) -> Result<Hash> {
		self.request("chain_getFinalizedHead", rpc_params![]).await
	}

	/// The block at a height of the best chain; `None` where there is none yet.
	pub async fn block_at(&self, number: BlockNumber) -> Result<Option<Hash>> {
		self.request("chain_getBlockHash", rpc_params![number]).await
	}

	/// Calls a function of the OpenLedger runtime API at a block.
	pub async fn api_at<T: Decode>(
		&self,
		block: Hash,
		function: &str,
		arguments: impl Encode,
	) -> Result<T> {
		self.call(function, arguments, Some(block)).await
	}

	/// The key of a storage value that has no keys of its own. It follows from the names, so it is the same in
	/// all runtimes.
	pub async fn key(&self, pallet: &str, name: &str) -> Result<Vec<u8>> {
		let at = self.client.at_current_block().await?;
		let address = subxt::dynamic::storage::<(), Value>(pallet, name);
		Ok(at.storage().entry(address)?.key_prefix().to_vec())
	}

	/// A storage value that counts up, as of a block; zero before the first.
	pub async fn counter_at<T: Decode + Default>(&self, block: Hash, key: &[u8]) -> Result<T> {
		let key = format!("0x{}", hex::encode(key));
		let stored: Option<String> =
			self.request("state_getStorage", rpc_params![key, block]).await?;
		let Some(stored) = stored else { return Ok(T::default()) };
		let bytes =
			hex::decode(stored.trim_start_matches("0x")).context("the node's reply is no hex")?;
		T::decode_all(&mut &bytes[..]).context("a counter is no number that this client knows")
	}

	/// Whether the pool holds extrinsics of the account that no block has.
	pub async fn has_pending(&self, account: &AccountId32) -> Result<bool> {
		let address = account.to_ss58check();
		let next: u64 = self.request("system_accountNextIndex", rpc_params![address]).await?;
		let arguments = format!("0x{}", hex::encode(account.encode()));
		let method = "AccountNonceApi_account_nonce";
		let reply: String = self.request("state_call", rpc_params![method, arguments]).await?;
		let bytes =
			hex::decode(reply.trim_start_matches("0x")).context("the node's reply is no hex")?;
		let included = u32::decode_all(&mut &bytes[..]).context("the account's nonce is no u32")?;
		Ok(next > u64::from(included))
	}

	/// A storage value that counts up, such as the next session's number; zero before the first.
	pub async fn counter(&self, pallet: &str, name: &str) -> Result<u64> {
		let at = self.client.at_block(self.best_hash().await?).await?;
		let address = subxt::dynamic::storage::<(), Value>(pallet, name);
		let Some(stored) = at.storage().try_fetch(address, ()).await? else { return Ok(0) };
		let value = stored.decode()?.as_u128().and_then(|value| u64::try_from(value).ok());
		value.with_context(|| format!("{pallet}.{name} is no number"))
	}
}
