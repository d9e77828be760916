//! Carries out the command line.

use crate::{
	chain_spec,
	cli::{Cli, Subcommand},
	failure::{self, Failure, Kind},
	limits, preflight, service,
};
use openledger_runtime::opaque::Block;
use sc_cli::{CliConfiguration, PurgeChainCmd, Runner, SubstrateCli};
use sc_network::config::NetworkBackendType;
use sc_service::{Configuration, PartialComponents, TaskManager};
use sc_storage_monitor::StorageMonitorService;
use sp_runtime::traits::Block as BlockT;
use std::{path::Path, sync::Arc, time::Duration};

impl SubstrateCli for Cli {
	fn impl_name() -> String {
		"OpenLedger Node".into()
	}

	fn impl_version() -> String {
		env!("SUBSTRATE_CLI_IMPL_VERSION").into()
	}

	fn description() -> String {
		"A node of OpenLedger, the chain on which a model's answers pay the people whose data shaped \
		 them.\n\nStart with `openledger-node --dev --tmp`."
			.into()
	}

	fn author() -> String {
		env!("CARGO_PKG_AUTHORS").into()
	}

	fn support_url() -> String {
		"the README and docs/ of the source tree".into()
	}

	fn copyright_start_year() -> i32 {
		2026
	}

	fn load_spec(&self, id: &str) -> std::result::Result<Box<dyn sc_service::ChainSpec>, String> {
		match chain_spec::load(id) {
			Ok(spec) => Ok(Box::new(spec)),
			Err(why) => {
				self.refused_spec.replace(Some(why.clone()));
				Err(why)
			}
		}
	}
}

/// Reads the command line and does what it says.
///
/// # Errors
/// Why it could not be done. What clap refuses ends the process with the code of [`Kind::Usage`].
pub fn run() -> Result<(), Failure> {
	let cli = Cli::from_args();
	match &cli.subcommand {
		None => run_node(cli),
		Some(command) => run_command(&cli, command).map_err(|error| cli.failure(error)),
	}
}

fn run_command(cli: &Cli, command: &Subcommand) -> sc_cli::Result<()> {
	match command {
		Subcommand::Key(cmd) => Ok(cmd.run(cli)?),
		Subcommand::PurgeChain(cmd) => purge(cli, cmd),
		#[allow(deprecated)]
		Subcommand::BuildSpec(cmd) => {
			cli.create_runner(cmd)?.sync_run(|config| cmd.run(config.chain_spec, config.network))
		}
		Subcommand::ExportChainSpec(cmd) => {
			let spec = cli.load_spec(&cmd.chain)?;
			cmd.run(spec)
		}
		Subcommand::CheckBlock(cmd) => runner(cli, cmd)?.async_run(|config| {
			let PartialComponents { client, task_manager, import_queue, .. } =
				service::new_partial(&config)?;
			Ok((cmd.run(client, import_queue), task_manager))
		}),
		Subcommand::ExportBlocks(cmd) => runner(cli, cmd)?.async_run(|config| {
			let PartialComponents { client, task_manager, .. } = service::new_partial(&config)?;
			Ok((cmd.run(client, config.database), task_manager))
		}),
		Subcommand::ExportState(cmd) => runner(cli, cmd)?.async_run(|config| {
			let PartialComponents { client, task_manager, .. } = service::new_partial(&config)?;
			Ok((cmd.run(client, config.chain_spec), task_manager))
		}),
		Subcommand::ImportBlocks(cmd) => runner(cli, cmd)?.async_run(|config| {
			let PartialComponents { client, task_manager, import_queue, .. } =
				service::new_partial(&config)?;
			Ok((cmd.run(client, import_queue), task_manager))
		}),
		Subcommand::Revert(cmd) => runner(cli, cmd)?.async_run(|config| {
			let PartialComponents { client, task_manager, backend, .. } =
				service::new_partial(&config)?;
			let revert = Box::new(|client, backend, blocks| {
				sc_consensus_babe::revert(Arc::clone(&client), backend, blocks)?;
				sc_consensus_grandpa::revert(client, blocks)?;
				Ok(())
			});
			Ok((cmd.run(client, backend, Some(revert)), task_manager))
		}),
		Subcommand::ChainInfo(cmd) => {
			runner(cli, cmd)?.sync_run(|config| cmd.run::<Block>(&config))
		}
	}
}

/// A runner for a command that opens the database.
fn runner<C: CliConfiguration>(cli: &Cli, command: &C) -> sc_cli::Result<Runner<Cli>> {
	let runner = cli.create_runner(command)?;
	failure::report_database_panics();
	preflight::database(runner.config())?;
	Ok(runner)
}

fn purge(cli: &Cli, command: &PurgeChainCmd) -> sc_cli::Result<()> {
	let runner = cli.create_runner(command)?;
	let database = runner.config().database.clone();
	runner.sync_run(|config| command.run(config.database))?;
	match database.path() {
		Some(path) if path.exists() => {
			let advice = "nothing was removed: answer `y`, or give -y where nobody can answer";
			Err(Failure::new(Kind::Other, advice).into())
		}
		_ => Ok(()),
	}
}

/// How often a running node tries whether it can still write.
const PROBE_PERIOD: Duration = Duration::from_secs(10);
/// How long a node that failed while starting has for ending its tasks.
const SHUTDOWN: Duration = Duration::from_secs(10);

fn run_node(cli: Cli) -> Result<(), Failure> {
	if let Some(file) = &cli.run.keystore_params.password_filename {
		std::fs::read_to_string(file).map_err(|error| {
			let why =
				format!("can't read the keystore's password from {}: {error}", file.display());
			Failure::new(Kind::Keys, why)
		})?;
	}
	let mut runner = cli.create_runner(&cli.run).map_err(|error| cli.failure(error))?;
	failure::report_database_panics();
	let written_out = !cli.run.rpc_params.experimental_rpc_endpoint.is_empty();
	limits::apply(runner.config_mut().rpc.addr.as_deref_mut().unwrap_or_default(), written_out);
	let min_free_mib = cli.storage.threshold;
	preflight::check(runner.config(), min_free_mib)?;

	let folders = preflight::Folders::of(runner.config());
	let ended = runner.run_node_until_exit(|config| async move {
		start(config, &cli).inspect_err(|failure| failure::end_within(SHUTDOWN, failure))
	});
	ended.map_err(|failure| failure::explain(failure, || folders.check(min_free_mib)))
}

fn start(mut config: Configuration, cli: &Cli) -> Result<TaskManager, Failure> {
	let folders = preflight::Folders::of(&config);
	let dev_agent = cli.run.shared_params.is_dev();
	let plan = cli
		.operator
		.plan(config.base_path.path())
		.map_err(|error| sc_cli::Error::Application(error.into()))?;
	let watch = cli
		.watch
		.plan(config.base_path.path())
		.map_err(|error| sc_cli::Error::Application(error.into()))?;
	// Jobs reach the engine through the off-chain worker and no other way.
	config.offchain_worker.enabled |= plan.is_some() || watch.is_some();
	// What the runtime writes for watchers: claims as they were submitted.
	config.offchain_worker.indexing_enabled |= watch.is_some();
	let database = config.database.path().map(Path::to_path_buf);
	let tasks = match config.network.network_backend {
		NetworkBackendType::Libp2p => service::new_full::<
			sc_network::NetworkWorker<Block, <Block as BlockT>::Hash>,
		>(config, plan, watch, dev_agent),
		NetworkBackendType::Litep2p => {
			service::new_full::<sc_network::Litep2pNetworkBackend>(config, plan, watch, dev_agent)
		}
	}?;
	if let Some(path) = database {
		let spawner = tasks.spawn_essential_handle();
		StorageMonitorService::try_spawn(cli.storage.clone(), path, &spawner)
			.map_err(|error| Failure::new(Kind::Storage, error.to_string()))?;
	}
	// A database that can't write any more does not always say so: some of its callers go on.
	tasks.spawn_essential_handle().spawn("storage-probe", None, async move {
		while folders.check(0).is_ok() {
			tokio::time::sleep(PROBE_PERIOD).await;
		}
	});
	Ok(tasks)
}
