//! Says why a node has no peers. Nodes of other chains share no protocol with this one, which the
//! network takes for ordinary peers to leave alone, and says nothing about.

use futures::FutureExt;
use sc_network::{NetworkStatus, NetworkStatusProvider};
use sc_service::{Configuration, TaskManager};
use sp_core::H256;
use std::{sync::Arc, time::Duration};

/// How long a node has for finding a peer, before it warns and before it warns again.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whether the command line or the specification names nodes to connect to.
pub fn are_expected(config: &Configuration) -> bool {
	let network = &config.network;
	!network.boot_nodes.is_empty() || !network.default_peers_set.reserved_nodes.is_empty()
}

/// Warns for as long as there are no peers.
pub fn watch<N>(network: Arc<N>, genesis: H256, task_manager: &TaskManager)
where
	N: NetworkStatusProvider + Send + Sync + ?Sized + 'static,
{
	let watching = async move {
		let mut received = 0;
		loop {
			tokio::time::sleep(PATIENCE).await;
			let Ok(status) = network.status().await else { return };
			if let Some(warning) = warning(&status, received, genesis) {
				log::warn!("{warning}");
			}
			received = status.total_bytes_inbound;
		}
	};
	task_manager.spawn_handle().spawn("peer-watch", "networking", watching.boxed());
}

fn warning(status: &NetworkStatus, received: u64, genesis: H256) -> Option<String> {
	if status.num_connected_peers > 0 {
		return None;
	}
	Some(if status.total_bytes_inbound > received {
		format!(
			"No peers: other nodes answer, but none of them is on this chain, whose genesis is \
			 {genesis:?}. Boot nodes and reserved nodes have to be of the same chain, and the \
			 specification given with --chain the same as theirs: compare the genesis with their \
			 chain_getBlockHash [0]."
		)
	} else {
		"No peers: no boot node or reserved node answers. Are their addresses right, are they running, \
		 and does a firewall let this node through?"
			.into()
	})
}

#[cfg(test)]
mod tests {
	use super::*;

	fn told(num_connected_peers: usize, total_bytes_inbound: u64) -> Option<String> {
		let status =
			NetworkStatus { num_connected_peers, total_bytes_inbound, total_bytes_outbound: 0 };
		warning(&status, 100, H256::repeat_byte(7))
	}

	#[test]
	fn warning_is_none_when_there_are_peers() {
		assert_eq!(told(1, 1_000), None);
	}

	#[test]
	fn warning_names_the_genesis_when_nodes_of_another_chain_answer() {
		assert!(told(0, 101).unwrap().contains("0x0707"));
	}

	#[test]
	fn warning_asks_for_the_addresses_when_nobody_answers() {
		assert!(told(0, 100).unwrap().contains("addresses"));
	}
}
