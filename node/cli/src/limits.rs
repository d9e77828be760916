//! The RPC's limits that the SDK leaves open by default.

use sc_service::config::{RpcBatchRequestConfig, RpcEndpoint};
use std::num::NonZeroU32;

/// The most requests in a batch.
const BATCH: u32 = 64;
/// The most calls a minute over a connection from another machine.
const CALLS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(6_000).unwrap();

/// Limits what no flag limits. A port that is taken stays an error, unless the endpoint was written
/// out with `--experimental-rpc-endpoint` and says otherwise.
pub fn apply(endpoints: &mut [RpcEndpoint], written_out: bool) {
	for endpoint in endpoints {
		if let RpcBatchRequestConfig::Unlimited = endpoint.batch_config {
			endpoint.batch_config = RpcBatchRequestConfig::Limit(BATCH);
		}
		if !endpoint.listen_addr.ip().is_loopback() {
			endpoint.rate_limit.get_or_insert(CALLS_PER_MINUTE);
		}
		endpoint.retry_random_port &= written_out;
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::cli::Cli;
	use clap::Parser;
	use sc_cli::CliConfiguration;

	fn endpoints(args: &[&str]) -> Vec<RpcEndpoint> {
		let cli = Cli::try_parse_from([&["openledger-node"], args].concat()).unwrap();
		let endpoints = cli.run.rpc_addr(9944).unwrap().unwrap();
		let mut endpoints: Vec<RpcEndpoint> = endpoints.into_iter().map(Into::into).collect();
		let written_out = !cli.run.rpc_params.experimental_rpc_endpoint.is_empty();
		apply(&mut endpoints, written_out);
		endpoints
	}

	fn batch(endpoint: &RpcEndpoint) -> Option<u32> {
		match endpoint.batch_config {
			RpcBatchRequestConfig::Unlimited => None,
			RpcBatchRequestConfig::Disabled => Some(0),
			RpcBatchRequestConfig::Limit(limit) => Some(limit),
		}
	}

	#[test]
	fn batches_are_limited_when_no_flag_is_given() {
		for endpoint in endpoints(&["--dev"]) {
			assert_eq!(batch(&endpoint), Some(64));
			assert_eq!(endpoint.rate_limit, None);
			assert!(!endpoint.retry_random_port);
			assert!(endpoint.listen_addr.ip().is_loopback());
		}
	}

	#[test]
	fn flags_are_kept_when_they_are_given() {
		for endpoint in endpoints(&["--dev", "--rpc-max-batch-request-len", "1000"]) {
			assert_eq!(batch(&endpoint), Some(1_000));
		}
		for endpoint in endpoints(&["--dev", "--rpc-disable-batch-requests"]) {
			assert_eq!(batch(&endpoint), Some(0));
		}
		for endpoint in endpoints(&["--dev", "--rpc-external", "--rpc-rate-limit", "10"]) {
			assert_eq!(endpoint.rate_limit, NonZeroU32::new(10));
		}
	}

	#[test]
	fn calls_are_limited_when_other_machines_reach_the_rpc() {
		for endpoint in endpoints(&["--dev", "--rpc-external"]) {
			assert_eq!(endpoint.rate_limit, Some(CALLS_PER_MINUTE));
		}
	}

	#[test]
	fn endpoint_is_limited_when_it_is_written_out() {
		let given = "listen-addr=127.0.0.1:9944,retry-random-port=true";
		let [endpoint] = &endpoints(&["--dev", "--experimental-rpc-endpoint", given])[..] else {
			panic!("one endpoint was written out");
		};
		assert_eq!(batch(endpoint), Some(64));
		assert!(endpoint.retry_random_port);
	}
}
