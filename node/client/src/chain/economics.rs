//! Past blocks, read event by event.
//!
//! The events of a block are encoded by the runtime that executed it. That is the runtime of its
//! parent's state, not its own where the block brought an upgrade; so versions are compared at both,
//! and where they differ the block's record of the last upgrade says which of them ran.

use super::Chain;
use crate::commands::{
	economics_books::{Account, Fact, Noted, Part},
	economics_events::{self, Said},
};
use anyhow::{Context, Result, anyhow, bail};
use codec::{Compact, Decode};
use openledger_primitives_core::BlockNumber;
use serde::Deserialize;
use std::{
	collections::{BTreeMap, BTreeSet, HashMap},
	sync::Arc,
};
use subxt::{
	PolkadotConfig,
	client::OnlineClientAtBlock,
	dynamic::Value,
	events::Phase,
	ext::scale_value::{Composite, scale::decode_as_type},
	rpcs::client::rpc_params,
	utils::H256,
};
use tokio::sync::Mutex;

/// The treasury of a chain without a treasury pallet: `PalletId(*b"open/try")`.
const TREASURY: [u8; 8] = *b"open/try";

/// A runtime, as far as it says how things are encoded.
type Runtime = OnlineClientAtBlock<PolkadotConfig>;

/// One block.
pub struct Block {
	/// What its events say about money.
	pub facts: Vec<Noted>,
	/// The pallets of the runtime that executed it.
	pub pallets: Arc<BTreeSet<String>>,
	/// Events of known names whose fields this client does not know.
	pub unread: BTreeMap<String, u64>,
}

/// The state after a block.
#[derive(Clone, Copy)]
struct State {
	number: BlockNumber,
	hash: H256,
	/// The version of the runtime in it.
	version: u32,
}

/// A runtime with what is asked of it for every block.
#[derive(Clone)]
struct Known {
	runtime: Runtime,
	pallets: Arc<BTreeSet<String>>,
}

/// Reads past blocks.
pub struct Past<'a> {
	chain: &'a Chain,
	runtimes: Mutex<HashMap<u32, Known>>,
}

impl<'a> Past<'a> {
	/// Of this chain.
	pub fn new(chain: &'a Chain) -> Self {
		Self { chain, runtimes: Mutex::default() }
	}

	/// The newest finalised block.
	pub async fn finalised(&self) -> Result<BlockNumber> {
		#[derive(Deserialize)]
		struct Header {
			number: String,
		}
		let head: H256 = self.chain.request("chain_getFinalizedHead", rpc_params![]).await?;
		let header: Header = self.chain.request("chain_getHeader", rpc_params![head]).await?;
		u32::from_str_radix(header.number.trim_start_matches("0x"), 16)
			.context("the node's header has no number")
	}

	/// What there is of the token after block `number`.
	pub async fn issuance(&self, number: BlockNumber) -> Result<u128> {
		let value = self.stored(number, "Balances", "TotalIssuance").await?;
		value.and_then(|value| value.as_u128()).context("the chain has no total issuance")
	}

	/// When block `number` was made, in milliseconds since 1970; none for the first.
	pub async fn time(&self, number: BlockNumber) -> Result<Option<u64>> {
		let value = self.stored(number, "Timestamp", "Now").await?;
		let time = value.and_then(|value| value.as_u128()).filter(|time| *time > 0);
		Ok(time.and_then(|time| time.try_into().ok()))
	}

	/// The treasury's accounts at block `number`.
	pub async fn treasuries(&self, number: BlockNumber) -> Result<Vec<Account>> {
		let mut found = vec![pallet_account(TREASURY)];
		let runtime = self.runtime(self.state(number).await?).await?.runtime;
		let pot = subxt::dynamic::constant::<Value>("Treasury", "pot_account");
		if let Ok(value) = runtime.constants().entry(pot) {
			found.extend(economics_events::account(&value));
		}
		Ok(found)
	}

	/// The blocks `first..=last`, in order.
	pub async fn blocks(&self, first: BlockNumber, last: BlockNumber) -> Result<Vec<Block>> {
		let before = first.checked_sub(1).context("the first block has no parent")?;
		let mut parent = self.state(before).await?;
		let mut blocks = Vec::new();
		for number in first..=last {
			let state = self.state(number).await?;
			let executed_by = self.executed_by(parent, state).await?;
			blocks.push(self.block(state, executed_by).await?);
			parent = state;
		}
		Ok(blocks)
	}

	async fn block(&self, state: State, known: Known) -> Result<Block> {
		let Known { runtime, pallets } = known;
		let key = runtime.storage().entry(plain("System", "Events"))?.key_prefix();
		let bytes = self.raw(state, &key).await?.unwrap_or_default();
		let events = runtime.events().from_bytes(bytes);
		let mut facts = Vec::new();
		let mut unread = BTreeMap::new();
		for event in events.iter() {
			let event = event.with_context(|| {
				format!("block {} holds an event that its runtime can't decode", state.number)
			})?;
			let (pallet, name) = (event.pallet_name(), event.event_name());
			let extrinsic = match event.phase() {
				Phase::ApplyExtrinsic(index) => Some(index),
				Phase::Initialization | Phase::Finalization => None,
			};
			let said = if economics_events::matters(pallet, name) {
				let fields = event.decode_fields_unchecked_as::<Composite<()>>()?;
				economics_events::read(pallet, name, &fields).unwrap_or_else(|| {
					*unread.entry(format!("{pallet}.{name}")).or_default() += 1;
					Said::Fact(Fact::Other)
				})
			} else {
				economics_events::passed_over(pallet, name)
			};
			match said {
				Said::Nothing => {}
				Said::Fact(fact) => facts.push((extrinsic, fact)),
				Said::Divided { request, fee, contributors } => {
					let parts = self.settlement(state, &runtime, request).await?;
					facts.push((extrinsic, Fact::Settled { fee, contributors, parts }));
				}
			}
		}
		Ok(Block { facts, pallets, unread })
	}

	/// How the fee of `request` was divided, as the state after the block has it.
	async fn settlement(
		&self,
		state: State,
		runtime: &Runtime,
		request: u64,
	) -> Result<Option<Vec<Part>>> {
		let address = subxt::dynamic::storage::<(u64,), Value>("Rewards", "Settlements");
		let Ok(entry) = runtime.storage().entry(address) else { return Ok(None) };
		let key = entry.fetch_key((request,))?;
		let Some(bytes) = self.raw(state, &key).await? else { return Ok(None) };
		let value = decode(runtime, "Rewards", "Settlements", &bytes)?;
		Ok(Some(economics_events::parts(&value)))
	}

	/// The runtime that made `state` out of `parent`.
	async fn executed_by(&self, parent: State, state: State) -> Result<Known> {
		let before = self.runtime(parent).await?;
		if parent.version == state.version {
			return Ok(before);
		}
		let key = before.runtime.storage().entry(plain("System", "LastRuntimeUpgrade"))?;
		let upgraded = self.raw(state, &key.key_prefix()).await?;
		let ran = upgraded.and_then(|bytes| Compact::<u32>::decode(&mut &bytes[..]).ok());
		match ran {
			Some(Compact(version)) if version == state.version => self.runtime(state).await,
			_ => Ok(before),
		}
	}

	async fn runtime(&self, state: State) -> Result<Known> {
		// Held while the metadata is on its way, so that it is fetched once.
		let mut runtimes = self.runtimes.lock().await;
		if let Some(known) = runtimes.get(&state.version) {
			return Ok(known.clone());
		}
		let runtime = self.chain.client.at_block(state.hash).await?;
		let pallets = runtime.metadata_ref().pallets().map(|one| one.name().to_owned()).collect();
		let known = Known { runtime, pallets: Arc::new(pallets) };
		runtimes.insert(state.version, known.clone());
		Ok(known)
	}

	async fn state(&self, number: BlockNumber) -> Result<State> {
		#[derive(Deserialize)]
		#[serde(rename_all = "camelCase")]
		struct Version {
			spec_version: u32,
		}
		let hash: Option<H256> =
			self.chain.request("chain_getBlockHash", rpc_params![number]).await?;
		let Some(hash) = hash else {
			let best = self.chain.best().await?;
			if number > best {
				bail!("block {number} is not there yet: the chain is at block {best}");
			}
			bail!("the node has no block {number}: it is still syncing, or ask an archive node");
		};
		let version: Version = self
			.chain
			.request("state_getRuntimeVersion", rpc_params![hash])
			.await
			.map_err(|error| explain(error, number))?;
		Ok(State { number, hash, version: version.spec_version })
	}

	/// A plain storage value after block `number`.
	async fn stored(
		&self,
		number: BlockNumber,
		pallet: &str,
		entry: &str,
	) -> Result<Option<Value>> {
		let state = self.state(number).await?;
		let runtime = self.runtime(state).await?.runtime;
		// A chain may have no such pallet.
		let Ok(stored) = runtime.storage().entry(plain(pallet, entry)) else { return Ok(None) };
		let key = stored.key_prefix();
		let Some(bytes) = self.raw(state, &key).await? else { return Ok(None) };
		decode(&runtime, pallet, entry, &bytes).map(Some)
	}

	async fn raw(&self, state: State, key: &[u8]) -> Result<Option<Vec<u8>>> {
		let key = format!("0x{}", hex::encode(key));
		let value: Option<String> = self
			.chain
			.request("state_getStorage", rpc_params![key, state.hash])
			.await
			.map_err(|error| explain(error, state.number))?;
		value
			.map(|text| hex::decode(text.trim_start_matches("0x")))
			.transpose()
			.context("the node's reply is no hex")
	}
}

/// The address of a storage value without keys.
fn plain(pallet: &str, entry: &str) -> subxt::storage::DynamicAddress<(), Value> {
	subxt::dynamic::storage(pallet, entry)
}

/// A storage value, by the runtime's own description of it.
fn decode(runtime: &Runtime, pallet: &str, entry: &str, bytes: &[u8]) -> Result<Value> {
	let metadata = runtime.metadata_ref();
	let described = metadata
		.pallet_by_name(pallet)
		.and_then(|pallet| pallet.storage())
		.and_then(|storage| storage.entry_by_name(entry))
		.with_context(|| format!("the runtime does not describe {pallet}.{entry}"))?;
	let value = decode_as_type(&mut &bytes[..], described.value_ty(), metadata.types())
		.with_context(|| format!("{pallet}.{entry} is not what the runtime says it is"))?;
	Ok(value.remove_context())
}

/// Whether the node said that it has forgotten the state.
pub fn is_pruned(error: &anyhow::Error) -> bool {
	let text = format!("{error:#}");
	text.contains("discarded") || text.contains("has pruned")
}

fn explain(error: anyhow::Error, number: BlockNumber) -> anyhow::Error {
	if is_pruned(&error) {
		anyhow!(
			"the node has pruned the state of block {number}: ask an archive node, one that runs with --state-pruning archive, by --url, or begin later"
		)
	} else {
		error
	}
}

/// The account that a pallet id stands for.
fn pallet_account(id: [u8; 8]) -> Account {
	let mut account = [0; 32];
	account[..4].copy_from_slice(b"modl");
	account[4..12].copy_from_slice(&id);
	account
}

#[cfg(test)]
mod tests {
	use super::*;
	use openledger_primitives_core::Hash;

	#[test]
	fn treasury_is_the_account_of_its_pallet_id() {
		let account = Hash::from(pallet_account(TREASURY));
		let hex = format!("{account:?}");
		assert!(hex.starts_with("0x6d6f646c6f70656e2f747279000000"), "{hex}");
	}

	#[test]
	fn pruned_state_is_told_from_other_errors() {
		let said = "Client error: Api called for an unknown Block: State already discarded for 0x1";
		let error = explain(anyhow!(said.to_owned()), 7);
		assert!(is_pruned(&error));
		assert!(error.to_string().contains("block 7"), "{error}");
		assert!(!is_pruned(&anyhow!("the connection was closed")));
	}
}
