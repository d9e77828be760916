//! The watcher's part: its flags, and what it needs of the node.

use crate::{
	operator::{Running, open},
	service::FullClient,
};
use openledger_primitives_api::{MAX_PAGE, OpenLedgerApi};
use openledger_primitives_core::{Balance, DatanetId, Hash};
use openledger_primitives_inference::{WATCHER_KEY_TYPE, host::Engine};
use openledger_runtime::AccountId;
use openledger_worker::{
	OperatorConfig, RecordLeaves, StartError, WatchEngine, WatchSettings, Watcher,
};
use sc_client_api::HeaderBackend;
use sc_service::{Configuration, error::Error as ServiceError};
use sp_api::ProvideRuntimeApi;
use sp_core::crypto::Ss58Codec;
use sp_keystore::KeystorePtr;
use std::{path::Path, sync::Arc};
use url::Url;

/// How a node watches.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Watcher")]
pub struct WatchParams {
	/// Watch: look at every claim while it can be challenged, and at every model version's index, and
	/// challenge what is wrong.
	///
	/// Challenges are signed with the keys of type `watc` in this node's keystore, and their deposits
	/// are held from those keys' accounts: fund them. No base is needed, and the node need not be an
	/// operator. The off-chain worker is switched on whatever --offchain-worker says, and claims are
	/// kept as they were submitted. An operator without it only shows demanded leaves of versions
	/// that it serves, signed by its agent.
	#[arg(long)]
	pub watch: bool,

	/// A worker's HTTP address, from which indexes are fetched. Give it once for each; they are asked in
	/// this order. On an operator, its own store and --operator-peer count.
	#[arg(long, value_name = "URL", requires = "watch", conflicts_with = "operator")]
	pub watch_peer: Vec<Url>,

	/// Leave omissions alone by which a contributor loses less than this, in OPEN: a challenge costs the
	/// fees of two transactions.
	#[arg(
		long,
		value_name = "OPEN",
		requires = "watch",
		default_value = "0",
		value_parser = open
	)]
	pub watch_least: Balance,
}

/// What to start, if anything.
pub type Plan = Option<Watch>;

/// A watcher to be started.
#[derive(Clone, Debug)]
pub struct Watch {
	settings: WatchSettings,
	/// Where content is kept and fetched from, on a node that is no operator.
	content: OperatorConfig,
}

impl WatchParams {
	/// The watcher's configuration for a node whose data lies under `base_path`.
	///
	/// # Errors
	/// What a flag says can't be.
	pub fn plan(&self, base_path: &Path) -> Result<Plan, StartError> {
		if !self.watch {
			return Ok(None);
		}
		let mut content = OperatorConfig::new(base_path);
		content.peers = self.watch_peer.clone();
		content.validate().map_err(|error| match error {
			StartError::Setting { setting: "--operator-peer", value, reason } => {
				StartError::Setting { setting: "--watch-peer", value, reason }
			}
			other => other,
		})?;
		let settings = WatchSettings { least: self.watch_least, ..WatchSettings::default() };
		Ok(Some(Watch { settings, content }))
	}
}

/// What starting a watcher takes.
pub struct Node<'a> {
	/// The node's configuration.
	pub config: &'a Configuration,
	/// The client.
	pub client: Arc<FullClient>,
	/// The keystore.
	pub keystore: KeystorePtr,
	/// The operator's worker, where the node has one.
	pub operator: Option<&'a Running>,
}

/// What off-chain workers talk to: with a watcher, where one is to be started. An operator that does not watch
/// shows what is demanded of versions that it serves.
pub fn start(plan: Plan, node: Node) -> Result<Option<Arc<dyn Engine>>, ServiceError> {
	let operator = node.operator.map(Running::engine);
	let watches = plan.is_some();
	let leaves: Arc<dyn RecordLeaves> = Arc::new(NodeRecords(node.client.clone()));
	let runtime = node.config.tokio_handle.clone();
	let watcher = match (node.operator, plan) {
		(Some(beside), plan) => {
			let showing = || WatchSettings { shows_only: true, ..WatchSettings::default() };
			let settings = plan.map_or_else(showing, |plan| plan.settings);
			Watcher::beside(beside.worker(), settings, leaves, runtime)
		}
		(None, None) => return Ok(None),
		(None, Some(Watch { settings, content })) => {
			if content.peers.is_empty() {
				log::warn!(
					"no --watch-peer is given: what this node has no content of it can't watch"
				);
			}
			let registry = node.config.prometheus_registry();
			Watcher::alone(&content, settings, leaves, runtime, registry)
		}
	};
	let watcher = watcher.map_err(|error| ServiceError::Application(error.into()))?;
	if watches {
		report(&node.keystore);
	}
	Ok(Some(Arc::new(WatchEngine::new(Arc::new(watcher), operator))))
}

fn report(keystore: &KeystorePtr) {
	let keys = keystore.sr25519_public_keys(WATCHER_KEY_TYPE);
	if keys.is_empty() {
		log::warn!(
			"there is no key of type watc in the keystore: until there is, nothing is looked at"
		);
	}
	for key in keys {
		log::info!("challenges are signed by {}", AccountId::from(key).to_ss58check());
	}
}

/// The records that the chain lists.
struct NodeRecords(Arc<FullClient>);

impl RecordLeaves for NodeRecords {
	fn leaves(&self, datanet: DatanetId, count: u32) -> Option<Vec<Hash>> {
		// All pages of one block.
		let block = self.0.info().best_hash;
		let api = self.0.runtime_api();
		pages(count, |start, limit| {
			let page = api.records(block, datanet, start, limit);
			let page = page.inspect_err(|error| {
				log::warn!("the records of Datanet {datanet} can't be read: {error}");
			});
			let leaves = page.ok()?.into_iter();
			Some(leaves.map(|leaf| (leaf.index, leaf.hash())).collect())
		})
	}
}

/// The first `count` leaves, page by page; `None` where one is missing.
fn pages(count: u32, page: impl Fn(u32, u32) -> Option<Vec<(u32, Hash)>>) -> Option<Vec<Hash>> {
	let mut found: Vec<Hash> = Vec::new();
	loop {
		let start = u32::try_from(found.len()).ok()?;
		let left = count.checked_sub(start)?;
		if left == 0 {
			return Some(found);
		}
		let listed = page(start, left.min(MAX_PAGE))?;
		// Those of archived contributions are left out of the listing.
		let in_order = listed.iter().zip(start..).all(|((index, _), at)| *index == at);
		if listed.is_empty() || !in_order {
			return None;
		}
		found.extend(listed.into_iter().map(|(_, leaf)| leaf));
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::cli::Cli;
	use clap::Parser;

	fn parse(args: &[&str]) -> Result<WatchParams, clap::Error> {
		Cli::try_parse_from([&["openledger-node"], args].concat()).map(|cli| cli.watch)
	}

	#[test]
	fn plan_is_none_when_node_does_not_watch() {
		assert!(parse(&["--dev"]).unwrap().plan(Path::new("data")).unwrap().is_none());
	}

	#[test]
	fn plan_says_where_indexes_come_from_and_what_is_worth_a_challenge() {
		let args = [
			"--watch",
			"--watch-peer",
			"http://a:1",
			"--watch-peer",
			"http://b",
			"--watch-least",
			"0.5",
		];
		let plan = parse(&args).unwrap().plan(Path::new("data")).unwrap().unwrap();
		let peers: Vec<&str> = plan.content.peers.iter().map(Url::as_str).collect();
		assert_eq!(peers, ["http://a:1/", "http://b/"]);
		assert_eq!(plan.settings.least, 500_000_000_000_000_000);
		assert_eq!(plan.content.folder, Path::new("data/content"));
	}

	#[test]
	fn flags_are_refused_when_node_does_not_watch_or_is_an_operator() {
		for flag in [["--watch-peer", "http://peer"], ["--watch-least", "1"]] {
			let error = parse(&flag).unwrap_err();
			assert_eq!(error.kind(), clap::error::ErrorKind::MissingRequiredArgument, "{flag:?}");
		}
		assert!(parse(&["--watch", "--operator"]).is_ok());
		let both = parse(&["--watch", "--operator", "--watch-peer", "http://peer"]);
		assert_eq!(both.unwrap_err().kind(), clap::error::ErrorKind::ArgumentConflict);
	}

	#[test]
	fn plan_is_refused_when_a_peer_speaks_no_http() {
		let params = parse(&["--watch", "--watch-peer", "ftp://peer"]).unwrap();
		let Err(StartError::Setting { setting, .. }) = params.plan(Path::new("data")) else {
			panic!("it was taken");
		};
		assert_eq!(setting, "--watch-peer");
	}

	#[test]
	fn leaves_are_read_page_by_page_and_all_or_none() {
		let leaf = |index: u32| (index, Hash::from_low_u64_be(index.into()));
		let chain = |listed: Vec<u32>| {
			move |start: u32, limit: u32| {
				let from = listed.iter().filter(move |index| **index >= start);
				Some(from.take(limit as usize).map(|index| leaf(*index)).collect())
			}
		};
		let all: Vec<Hash> = (0..600).map(|index| leaf(index).1).collect();
		assert_eq!(pages(600, chain((0..700).collect())), Some(all));
		assert_eq!(pages(0, chain(Vec::new())), Some(Vec::new()));
		assert_eq!(pages(600, chain((0..599).collect())), None, "too few");
		let archived = (0..256).chain(300..700).collect();
		assert_eq!(pages(600, chain(archived)), None, "some are missing");
		assert_eq!(pages(1, |_, _| None), None);
	}
}
