//! The services of a node, wired together.

use crate::{
	chain_spec,
	failure::{Failure, Kind},
	keys, operator, peers, rpc, sessions, watch,
};
use futures::FutureExt;
use openledger_runtime::{apis::RuntimeApi, configs::system::LENGTH, opaque::Block};
use sc_client_api::{Backend, BlockBackend};
use sc_consensus_babe::{BabeLink, BabeWorkerHandle, SlotProportion};
use sc_consensus_grandpa::SharedVoterState;
use sc_executor::WasmExecutor;
use sc_network::NetworkBackend;
use sc_service::{
	BuildGenesisBlock, Configuration, GenesisBlockBuilder, TaskManager, WarpSyncConfig,
	error::Error as ServiceError,
};
use sc_telemetry::{Telemetry, TelemetryWorker};
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sp_blockchain::HeaderBackend;
use sp_core::storage::Storage;
use sp_inherents::CreateInherentDataProviders;
use sp_runtime::traits::Block as BlockT;
use std::{sync::Arc, time::Duration};

/// What the runtime can call on every node: the SDK's host functions and the engine's.
pub type HostFunctions =
	(sp_io::SubstrateHostFunctions, openledger_primitives_inference::host::HostFunctions);
/// The client of a full node.
pub type FullClient = sc_service::TFullClient<Block, RuntimeApi, WasmExecutor<HostFunctions>>;
type FullBackend = sc_service::TFullBackend<Block>;
type FullSelectChain = sc_consensus::LongestChain<FullBackend, Block>;
type FullPool = sc_transaction_pool::TransactionPoolHandle<Block, FullClient>;
type GrandpaBlockImport =
	sc_consensus_grandpa::GrandpaBlockImport<FullBackend, Block, FullClient, FullSelectChain>;
type GrandpaLink = sc_consensus_grandpa::LinkHalf<Block, FullClient, FullSelectChain>;
type InherentProviders = Arc<
	dyn CreateInherentDataProviders<
			Block,
			(),
			InherentDataProviders = (
				sp_consensus_babe::inherents::InherentDataProvider,
				sp_timestamp::InherentDataProvider,
			),
		>,
>;
type BabeBlockImport = sc_consensus_babe::BabeBlockImport<
	Block,
	FullClient,
	GrandpaBlockImport,
	InherentProviders,
	FullSelectChain,
>;

/// GRANDPA keeps a justification at least every so many blocks, which is what warp sync follows.
const JUSTIFICATION_PERIOD: u32 = 512;

/// What is ready before the network is up.
pub struct Parts {
	block_import: BabeBlockImport,
	grandpa_link: GrandpaLink,
	babe_link: BabeLink<Block>,
	babe_worker: BabeWorkerHandle<Block>,
	inherent_providers: InherentProviders,
	telemetry: Option<Telemetry>,
}

type PartialComponents = sc_service::PartialComponents<
	FullClient,
	FullBackend,
	FullSelectChain,
	sc_consensus::DefaultImportQueue<Block>,
	FullPool,
	Parts,
>;

/// Everything that a command needs that works on the chain's data without a network.
pub fn new_partial(config: &Configuration) -> Result<PartialComponents, ServiceError> {
	let telemetry = config
		.telemetry_endpoints
		.clone()
		.filter(|endpoints| !endpoints.is_empty())
		.map(|endpoints| -> Result<_, sc_telemetry::Error> {
			let worker = TelemetryWorker::new(16)?;
			let telemetry = worker.handle().new_telemetry(endpoints);
			Ok((worker, telemetry))
		})
		.transpose()?;

	let executor = sc_service::new_wasm_executor::<HostFunctions>(&config.executor);
	// Before the database, so that a specification that can't be leaves nothing behind.
	let genesis = chain_spec::genesis(&*config.chain_spec)?;
	let backend = sc_service::new_db_backend(config.db_config())?;
	check_genesis(&backend, genesis.clone(), executor.clone())?;
	let genesis_builder = GenesisBlockBuilder::new_with_storage(
		genesis,
		!config.no_genesis(),
		backend.clone(),
		executor.clone(),
	)?;
	let (client, backend, keystore_container, task_manager) =
		sc_service::new_full_parts_with_genesis_builder::<Block, RuntimeApi, _, _>(
			config,
			telemetry.as_ref().map(|(_, telemetry)| telemetry.handle()),
			executor,
			backend,
			genesis_builder,
			false,
		)?;
	let client = Arc::new(client);

	let telemetry = telemetry.map(|(worker, telemetry)| {
		task_manager.spawn_handle().spawn("telemetry", None, worker.run());
		telemetry
	});

	let select_chain = sc_consensus::LongestChain::new(backend.clone());
	let transaction_pool = Arc::from(
		sc_transaction_pool::Builder::new(
			task_manager.spawn_essential_handle(),
			client.clone(),
			config.role.is_authority().into(),
		)
		.with_options(config.transaction_pool.clone())
		.with_prometheus(config.prometheus_registry())
		.build(),
	);

	let (grandpa_block_import, grandpa_link) = sc_consensus_grandpa::block_import(
		client.clone(),
		JUSTIFICATION_PERIOD,
		&client,
		select_chain.clone(),
		telemetry.as_ref().map(|telemetry| telemetry.handle()),
	)?;
	let justification_import = grandpa_block_import.clone();

	let babe_config = sc_consensus_babe::configuration(&*client)?;
	let slot_duration = babe_config.slot_duration();
	let inherent_providers: InherentProviders = Arc::new(move |_, ()| async move {
		let timestamp = sp_timestamp::InherentDataProvider::from_system_time();
		let slot =
			sp_consensus_babe::inherents::InherentDataProvider::from_timestamp_and_slot_duration(
				*timestamp,
				slot_duration,
			);
		Ok((slot, timestamp))
	});
	let (block_import, babe_link) = sc_consensus_babe::block_import(
		babe_config,
		grandpa_block_import,
		client.clone(),
		inherent_providers.clone(),
		select_chain.clone(),
		OffchainTransactionPoolFactory::new(transaction_pool.clone()),
	)?;
	let (import_queue, babe_worker) =
		sc_consensus_babe::import_queue(sc_consensus_babe::ImportQueueParams {
			link: babe_link.clone(),
			block_import: block_import.clone(),
			justification_import: Some(Box::new(justification_import)),
			client: client.clone(),
			slot_duration,
			spawner: &task_manager.spawn_essential_handle(),
			registry: config.prometheus_registry(),
			telemetry: telemetry.as_ref().map(|telemetry| telemetry.handle()),
		})?;

	Ok(sc_service::PartialComponents {
		client,
		backend,
		task_manager,
		import_queue,
		keystore_container,
		select_chain,
		transaction_pool,
		other: Parts {
			block_import,
			grandpa_link,
			babe_link,
			babe_worker,
			inherent_providers,
			telemetry,
		},
	})
}

/// That the database, if it holds a chain, holds the one that begins with `genesis`. The SDK goes on
/// with whatever is there.
fn check_genesis(
	backend: &Arc<FullBackend>,
	genesis: Storage,
	executor: WasmExecutor<HostFunctions>,
) -> Result<(), ServiceError> {
	let found = backend.blockchain().info().genesis_hash;
	if found == Default::default() {
		return Ok(());
	}
	let builder = GenesisBlockBuilder::<Block, _, _>::new_with_storage(
		genesis,
		false,
		backend.clone(),
		executor,
	)?;
	let (block, _) = builder.build_genesis_block()?;
	let expected = block.hash();
	if found == expected {
		return Ok(());
	}
	Err(Failure::new(
		Kind::Database,
		format!(
			"the database is another chain's: it begins with {found:?}, and the chain that was chosen \
			 with {expected:?}. Choose the chain that the database was begun with, another folder \
			 with --base-path, or remove the database with `openledger-node purge-chain`. The \
			 built-in chains `dev` and `local` begin with the runtime of the binary: after building \
			 another one they are other chains"
		),
	)
	.into())
}

/// Starts a full node, an authority, an operator or a watcher, as the configuration says. `dev_agent` puts the
/// development operator's agent key into the keystore.
pub fn new_full<N: NetworkBackend<Block, <Block as BlockT>::Hash>>(
	config: Configuration,
	operator: operator::Plan,
	watch: watch::Plan,
	dev_agent: bool,
) -> Result<TaskManager, ServiceError> {
	// First, so that a setting of the operator's that can't be is reported before anything else runs.
	let operator = operator::start(operator, &config)?;

	let sc_service::PartialComponents {
		client,
		backend,
		mut task_manager,
		import_queue,
		keystore_container,
		select_chain,
		transaction_pool,
		other:
			Parts {
				block_import,
				grandpa_link,
				babe_link,
				babe_worker,
				inherent_providers,
				mut telemetry,
			},
	} = new_partial(&config)?;

	if dev_agent {
		operator::insert_dev_agent(&keystore_container.keystore())?;
	}
	if let Some(operator) = &operator {
		let node = sessions::Node {
			client: client.clone(),
			keystore: keystore_container.keystore(),
			folder: config.base_path.config_dir(config.chain_spec.id()),
		};
		sessions::start(operator, node, &task_manager)?;
	}

	let watching = watch::Node {
		config: &config,
		client: client.clone(),
		keystore: keystore_container.keystore(),
		operator: operator.as_ref(),
	};
	let engine = watch::start(watch, watching)?;

	let metrics = N::register_notification_metrics(config.prometheus_registry());
	let mut net_config = sc_network::config::FullNetworkConfiguration::<_, _, N>::new(
		&config.network,
		config.prometheus_registry().cloned(),
	);
	let genesis = client
		.block_hash(0)?
		.ok_or_else(|| ServiceError::Other("the database has no genesis block".into()))?;
	let grandpa_protocol =
		sc_consensus_grandpa::protocol_standard_name(&genesis, &config.chain_spec);
	let (grandpa_notifications_config, grandpa_notifications) =
		sc_consensus_grandpa::grandpa_peers_set_config::<_, N>(
			grandpa_protocol.clone(),
			metrics.clone(),
			net_config.peer_store_handle(),
		);
	net_config.add_notification_protocol(grandpa_notifications_config);
	let warp_sync = Arc::new(sc_consensus_grandpa::warp_proof::NetworkProvider::new(
		backend.clone(),
		grandpa_link.shared_authority_set().clone(),
		Vec::new(),
	));

	let (network, system_rpc_tx, tx_handler_controller, sync_service, _bitswap) =
		sc_service::build_network(sc_service::BuildNetworkParams {
			config: &config,
			net_config,
			client: client.clone(),
			transaction_pool: transaction_pool.clone(),
			spawn_handle: task_manager.spawn_handle(),
			spawn_essential_handle: task_manager.spawn_essential_handle(),
			import_queue,
			block_announce_validator_builder: None,
			warp_sync_config: Some(WarpSyncConfig::WithProvider(warp_sync)),
			block_relay: None,
			metrics,
			gap_sync_body_policy: None,
		})?;

	if config.offchain_worker.enabled {
		let workers = sc_offchain::OffchainWorkers::new(sc_offchain::OffchainWorkerOptions {
			runtime_api_provider: client.clone(),
			keystore: Some(keystore_container.keystore()),
			offchain_db: backend.offchain_storage(),
			transaction_pool: Some(OffchainTransactionPoolFactory::new(transaction_pool.clone())),
			network_provider: Arc::new(network.clone()),
			is_validator: config.role.is_authority(),
			// The runtime's workers talk to the engine alone.
			enable_http_requests: false,
			custom_extensions: move |_| operator::extensions(engine.as_ref()),
		})?;
		task_manager.spawn_handle().spawn(
			"offchain-workers-runner",
			"offchain-worker",
			workers.run(client.clone(), task_manager.spawn_handle()).boxed(),
		);
	}

	let role = config.role;
	let force_authoring = config.force_authoring;
	let name = config.network.node_name.clone();
	let enable_grandpa = !config.disable_grandpa;
	let registry = config.prometheus_registry().cloned();
	let keystore = keystore_container.keystore();
	let shared_voter_state = SharedVoterState::empty();

	let rpc_builder = {
		let client = client.clone();
		let pool = transaction_pool.clone();
		let select_chain = select_chain.clone();
		let keystore = keystore.clone();
		let justifications = grandpa_link.justification_stream();
		let authority_set = grandpa_link.shared_authority_set().clone();
		let voter_state = shared_voter_state.clone();
		let finality_proofs = sc_consensus_grandpa::FinalityProofProvider::new_for_service(
			backend.clone(),
			Some(authority_set.clone()),
		);
		let status = operator.as_ref().map(operator::Running::status);
		Box::new(move |executor| {
			rpc::create(rpc::Deps {
				client: client.clone(),
				pool: pool.clone(),
				select_chain: select_chain.clone(),
				keystore: keystore.clone(),
				babe_worker: babe_worker.clone(),
				voter_state: voter_state.clone(),
				authority_set: authority_set.clone(),
				justifications: justifications.clone(),
				finality_proofs: finality_proofs.clone(),
				executor,
				operator: status.clone(),
			})
			.map_err(|error| ServiceError::Application(error.into()))
		})
	};

	if peers::are_expected(&config) {
		peers::watch(network.clone(), genesis, &task_manager);
	}

	let checked_keystore = Arc::new(keys::Checked::new(keystore.clone(), &config.keystore));
	sc_service::spawn_tasks(sc_service::SpawnTasksParams {
		config,
		client: client.clone(),
		backend,
		task_manager: &mut task_manager,
		keystore: checked_keystore,
		transaction_pool: transaction_pool.clone(),
		rpc_builder,
		network: network.clone(),
		system_rpc_tx,
		tx_handler_controller,
		sync_service: sync_service.clone(),
		telemetry: telemetry.as_mut(),
		tracing_execute_block: None,
	})?;

	if role.is_authority() {
		let mut env = sc_basic_authorship::ProposerFactory::new(
			task_manager.spawn_handle(),
			client.clone(),
			transaction_pool.clone(),
			registry.as_ref(),
			telemetry.as_ref().map(|telemetry| telemetry.handle()),
		);
		// Of its own, a proposer stops at half of what the runtime has room for.
		env.set_default_block_size_limit(LENGTH as usize);
		let babe = sc_consensus_babe::start_babe(sc_consensus_babe::BabeParams {
			keystore: keystore.clone(),
			client: client.clone(),
			select_chain,
			env,
			block_import,
			sync_oracle: sync_service.clone(),
			justification_sync_link: sync_service.clone(),
			create_inherent_data_providers: inherent_providers,
			force_authoring,
			backoff_authoring_blocks: Some(
				sc_consensus_slots::BackoffAuthoringOnFinalizedHeadLagging::default(),
			),
			babe_link,
			block_proposal_slot_portion: SlotProportion::new(0.5),
			max_block_proposal_slot_portion: None,
			telemetry: telemetry.as_ref().map(|telemetry| telemetry.handle()),
		})?;
		task_manager.spawn_essential_handle().spawn_blocking(
			"babe-proposer",
			Some("block-authoring"),
			babe,
		);
	}

	if enable_grandpa {
		let voter = sc_consensus_grandpa::run_grandpa_voter(sc_consensus_grandpa::GrandpaParams {
			config: sc_consensus_grandpa::Config {
				gossip_duration: Duration::from_millis(333),
				justification_generation_period: JUSTIFICATION_PERIOD,
				observer_enabled: false,
				local_role: role,
				name: Some(name),
				keystore: role.is_authority().then_some(keystore),
				telemetry: telemetry.as_ref().map(|telemetry| telemetry.handle()),
				protocol_name: grandpa_protocol,
			},
			link: grandpa_link,
			network,
			sync: sync_service,
			notification_service: grandpa_notifications,
			voting_rule: sc_consensus_grandpa::VotingRulesBuilder::default().build(),
			prometheus_registry: registry,
			shared_voter_state,
			telemetry: telemetry.as_ref().map(|telemetry| telemetry.handle()),
			offchain_tx_pool_factory: OffchainTransactionPoolFactory::new(transaction_pool),
		})?;
		task_manager.spawn_essential_handle().spawn_blocking("grandpa-voter", None, voter);
	}

	if let Some(operator) = operator {
		task_manager.keep_alive(operator);
	}
	Ok(task_manager)
}
