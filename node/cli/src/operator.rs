//! The operator's part: its flags, and the worker behind the off-chain worker's host function.

use openledger_primitives_core::Balance;
use openledger_primitives_inference::{
	OPERATOR_KEY_TYPE,
	host::{Engine, EngineExt},
};
use openledger_rpc::OperatorStatus;
use openledger_runtime::AccountId;
use openledger_sessions::store::Agent;
use openledger_worker::{
	Operator, OperatorConfig, StartError, StatusSource, StoreLocation, sessions::chain::Chain,
};
use sc_service::{Configuration, error::Error as ServiceError};
use sp_externalities::Extension;
use sp_keystore::KeystorePtr;
use std::{
	net::SocketAddr,
	path::{Path, PathBuf},
	sync::Arc,
};
use url::Url;

/// The secret of the development operator's agent key, which the development preset endows.
pub const DEV_AGENT: &str = "//Alice//operator";

/// How a node becomes an operator.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Operator")]
pub struct OperatorParams {
	/// Answer requests: run the worker beside the node.
	///
	/// The worker answers what the chain assigns to operators whose agent key is in this node's
	/// keystore. It takes on jobs through the off-chain worker, which is switched on whatever
	/// --offchain-worker says, and serves content over HTTP. Register the operator with
	/// `openledger operator register`.
	#[arg(long)]
	pub operator: bool,

	/// A base to serve: a GGUF file, or a Hugging Face folder. Give it once for each base.
	///
	/// Without any, the worker stores content and answers nothing.
	#[arg(long, value_name = "PATH", requires = "operator")]
	pub operator_base: Vec<PathBuf>,

	/// Where adapters, indexes and records are kept: a folder, or the URL of an object store
	/// (s3://, gs://, az://) with its credentials in the usual environment variables.
	///
	/// Without it, the folder `content` in the base path.
	#[arg(long, value_name = "PATH_OR_URL", requires = "operator")]
	pub operator_store: Option<String>,

	/// The address on which the worker serves content, answers in sessions and its status over HTTP.
	///
	/// Uploads are signed, and questions are paid for; open it beyond this machine where others should
	/// fetch from here, ask here, or execute drawn receipts of this operator.
	#[arg(long, value_name = "ADDRESS", requires = "operator", default_value = "127.0.0.1:9955")]
	pub operator_listen: SocketAddr,

	/// The most jobs that wait or run at once; further ones are refused until there is room.
	#[arg(long, value_name = "COUNT", requires = "operator", default_value_t = 64)]
	pub operator_queue: usize,

	/// The most jobs that are answered at once, in one batch: together they take less time than one
	/// after the other, and each takes longer.
	#[arg(long, value_name = "COUNT", requires = "operator", default_value_t = 4)]
	pub operator_parallel: usize,

	/// Another worker's HTTP address, from which missing content is fetched. Give it once for
	/// each; they are asked in this order.
	#[arg(long, value_name = "URL", requires = "operator")]
	pub operator_peer: Vec<Url>,

	/// Threads to compute with. Without it, all processors but one.
	#[arg(long, value_name = "COUNT", requires = "operator")]
	pub operator_threads: Option<usize>,

	/// The part of claims to make canaries of, such as 0.02: sealed falsely on purpose, and true in all else.
	///
	/// Where one is audited, this node unveils it once the committee has revealed: you are paid as a seat
	/// is, and have half of what verifiers lose who passed it without executing. What canaries follow from
	/// lies in `canaries` in the base path. Keep that file, or those that wait count as false claims; what
	/// a verifier would have to be offered, `openledger audit bait` says.
	#[arg(long, value_name = "PART", requires = "operator", default_value_t = 0.0)]
	pub operator_canaries: f64,

	/// The agent whose key signs receipts of answers over HTTP, where the keystore has several.
	#[arg(long, value_name = "ADDRESS", requires = "operator")]
	pub operator_agent: Option<AccountId>,

	/// The most receipts of one session that are unpaid or under way: so many answers a payer is
	/// trusted with.
	#[arg(long, value_name = "COUNT", requires = "operator", default_value_t = 16)]
	pub operator_unpaid_receipts: u32,

	/// The most that they may cost together, in OPEN.
	#[arg(
		long,
		value_name = "OPEN",
		requires = "operator",
		default_value = "1",
		value_parser = open
	)]
	pub operator_unpaid_amount: Balance,
}

/// Reads an amount of OPEN in decimals into its smallest unit.
pub(crate) fn open(text: &str) -> Result<Balance, String> {
	const DECIMALS: usize = 18;
	let wrong =
		|| "an amount of OPEN is decimal digits, 18 of them at most after a point".to_string();
	let (whole, part) = text.split_once('.').unwrap_or((text, ""));
	let digits = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
	if whole.is_empty() || !digits(whole) || !digits(part) || part.len() > DECIMALS {
		return Err(wrong());
	}
	format!("{whole}{part:0<DECIMALS$}").parse().map_err(|_| wrong())
}

/// What to start, if anything.
pub type Plan = Option<OperatorConfig>;

impl OperatorParams {
	/// The worker's configuration for a node whose data lies under `base_path`.
	///
	/// # Errors
	/// What a flag says can't be.
	pub fn plan(&self, base_path: &std::path::Path) -> Result<Plan, StartError> {
		if !self.operator {
			return Ok(None);
		}
		let mut config = OperatorConfig::new(base_path);
		config.bases = self.operator_base.clone();
		if let Some(store) = &self.operator_store {
			config.store = StoreLocation::parse(store)?;
		}
		config.listen = self.operator_listen;
		config.queue = self.operator_queue;
		config.parallel = self.operator_parallel;
		config.peers = self.operator_peer.clone();
		if let Some(threads) = self.operator_threads {
			config.threads = threads;
		}
		config.canaries.part = self.operator_canaries;
		config.agent = self.operator_agent.clone();
		config.trust.receipts = self.operator_unpaid_receipts;
		config.trust.amount = self.operator_unpaid_amount;
		config.validate()?;
		Ok(Some(config))
	}
}

/// A worker that runs; clones share it.
#[derive(Clone)]
pub struct Running(Arc<Operator>);

impl Running {
	/// What off-chain workers talk to.
	pub fn engine(&self) -> Arc<dyn Engine> {
		self.0.engine()
	}

	/// The worker.
	pub(crate) fn worker(&self) -> &Operator {
		&self.0
	}

	/// The agent that was named.
	pub fn agent(&self) -> Option<&AccountId> {
		self.0.agent()
	}

	/// Gives receipts from now on.
	///
	/// # Errors
	/// What keeps the store of receipts from being opened.
	pub fn open_sessions(
		&self,
		path: &Path,
		chain: Arc<dyn Chain>,
		account: AccountId,
		agent: impl Agent + 'static,
	) -> Result<(), StartError> {
		self.0.open_sessions(path, chain, account, agent)
	}

	/// What the RPC asks.
	pub fn status(&self) -> Arc<dyn OperatorStatus> {
		Arc::new(Status(self.0.reporter()))
	}
}

struct Status(Arc<dyn StatusSource>);

impl OperatorStatus for Status {
	fn status(&self) -> Result<serde_json::Value, String> {
		serde_json::to_value(self.0.status()).map_err(|error| error.to_string())
	}
}

/// Starts the worker, if there is one to start.
pub fn start(plan: Plan, config: &Configuration) -> Result<Option<Running>, ServiceError> {
	let Some(plan) = plan else { return Ok(None) };
	let operator = Operator::start(plan, config.tokio_handle.clone(), config.prometheus_registry())
		.map_err(|error| ServiceError::Application(error.into()))?;
	Ok(Some(Running(Arc::new(operator))))
}

/// Puts the development operator's agent key into the keystore.
pub fn insert_dev_agent(keystore: &KeystorePtr) -> Result<(), ServiceError> {
	keystore
		.sr25519_generate_new(OPERATOR_KEY_TYPE, Some(DEV_AGENT))
		.map(drop)
		.map_err(|error| ServiceError::Application(error.into()))
}

/// What an off-chain worker's context has beyond the SDK's: the engine, on an operator or watcher.
pub fn extensions(engine: Option<&Arc<dyn Engine>>) -> Vec<Box<dyn Extension>> {
	engine
		.map(|engine| Box::new(EngineExt::new(engine.clone())) as Box<dyn Extension>)
		.into_iter()
		.collect()
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::cli::Cli;
	use clap::Parser;

	fn parse(args: &[&str]) -> Result<OperatorParams, clap::Error> {
		Cli::try_parse_from([&["openledger-node"], args].concat()).map(|cli| cli.operator)
	}

	#[test]
	fn plan_is_none_when_node_is_no_operator() {
		assert!(parse(&["--dev"]).unwrap().plan(Path::new("data")).unwrap().is_none());
	}

	#[test]
	fn plan_keeps_content_in_base_path_when_no_store_is_given() {
		let plan = parse(&["--operator"]).unwrap().plan(Path::new("data")).unwrap().unwrap();
		assert_eq!(plan.store, StoreLocation::Folder("data/content".into()));
		assert_eq!(plan.listen, "127.0.0.1:9955".parse().unwrap());
		assert_eq!(plan.queue, 64);
	}

	#[test]
	fn flags_are_refused_when_operator_is_missing() {
		for flag in [
			["--operator-base", "a.gguf"],
			["--operator-store", "s3://bucket"],
			["--operator-listen", "127.0.0.1:1"],
			["--operator-queue", "8"],
			["--operator-peer", "http://peer"],
			["--operator-threads", "2"],
			["--operator-agent", "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"],
			["--operator-unpaid-receipts", "1"],
			["--operator-unpaid-amount", "1"],
		] {
			let error = parse(&flag).unwrap_err();
			assert_eq!(error.kind(), clap::error::ErrorKind::MissingRequiredArgument, "{flag:?}");
		}
	}

	#[test]
	fn plan_is_refused_when_a_value_is_out_of_range() {
		for (flag, value) in [
			("--operator-queue", "0"),
			("--operator-threads", "0"),
			("--operator-unpaid-receipts", "0"),
			("--operator-peer", "ftp://peer"),
			("--operator-store", "s3://["),
		] {
			let params = parse(&["--operator", flag, value]).unwrap();
			let Err(StartError::Setting { setting, .. }) = params.plan(Path::new("data")) else {
				panic!("{flag} {value} was taken");
			};
			assert_eq!(setting, flag);
		}
	}

	#[test]
	fn payers_are_trusted_with_what_is_said_in_open() {
		let amount = |text| {
			let params = parse(&["--operator", "--operator-unpaid-amount", text]).ok()?;
			Some(params.plan(Path::new("data")).unwrap().unwrap().trust.amount)
		};
		assert_eq!(amount("2.5"), Some(2_500_000_000_000_000_000));
		assert_eq!(amount("0.000000000000000001"), Some(1));
		for text in ["", ".5", "-1", "1e3", "1,5", "0.0000000000000000001", "9".repeat(40).as_str()]
		{
			assert_eq!(amount(text), None, "{text}");
		}
		let usual = parse(&["--operator"]).unwrap().plan(Path::new("data")).unwrap().unwrap().trust;
		let expected = OperatorConfig::new(Path::new("data")).trust;
		assert_eq!((usual.receipts, usual.amount), (expected.receipts, expected.amount));
	}

	#[test]
	fn extensions_are_empty_when_node_has_no_engine() {
		assert!(extensions(None).is_empty());
	}

	#[test]
	fn dev_agent_is_the_account_that_preset_endows() {
		use sp_core::Pair;
		let pair = sp_core::sr25519::Pair::from_string(DEV_AGENT, None).unwrap();
		assert_eq!(pair.public().0, openledger_runtime::presets::DEV_AGENT);
	}
}
