//! The node's JSON-RPC beyond what the SDK always serves.

use crate::service::FullClient;
use jsonrpsee::RpcModule;
use openledger_rpc::{OpenLedger, OpenLedgerApiServer, OperatorStatus};
use openledger_runtime::{AccountId, Balance, BlockNumber, Hash, Nonce, opaque::Block};
use pallet_transaction_payment_rpc::{TransactionPayment, TransactionPaymentApiServer};
use pallet_transaction_payment_rpc_runtime_api::RuntimeDispatchInfo;
use sc_consensus_babe::BabeWorkerHandle;
use sc_consensus_babe_rpc::{Babe, BabeApiServer};
use sc_consensus_grandpa::{
	FinalityProofProvider, GrandpaJustificationStream, SharedAuthoritySet, SharedVoterState,
};
use sc_consensus_grandpa_rpc::{Grandpa, GrandpaApiServer};
use sc_rpc::SubscriptionTaskExecutor;
use sp_keystore::KeystorePtr;
use std::sync::Arc;
use substrate_frame_rpc_system::{System, SystemApiServer};

/// What the methods stand on.
pub struct Deps<P, SC, B> {
	/// The client.
	pub client: Arc<FullClient>,
	/// The transaction pool.
	pub pool: Arc<P>,
	/// How the best chain is chosen.
	pub select_chain: SC,
	/// The keystore.
	pub keystore: KeystorePtr,
	/// BABE.
	pub babe_worker: BabeWorkerHandle<Block>,
	/// GRANDPA's voter.
	pub voter_state: SharedVoterState,
	/// GRANDPA's authorities.
	pub authority_set: SharedAuthoritySet<Hash, BlockNumber>,
	/// Justifications as they are made.
	pub justifications: GrandpaJustificationStream<Block>,
	/// Proofs that a block is final.
	pub finality_proofs: Arc<FinalityProofProvider<B, Block>>,
	/// Runs subscriptions.
	pub executor: SubscriptionTaskExecutor,
	/// This node's worker.
	pub operator: Option<Arc<dyn OperatorStatus>>,
}

/// All methods.
pub fn create<P, SC, B>(
	deps: Deps<P, SC, B>,
) -> Result<RpcModule<()>, jsonrpsee::core::RegisterMethodError>
where
	P: sc_transaction_pool_api::TransactionPool<Block = Block> + 'static,
	SC: sp_consensus::SelectChain<Block> + 'static,
	B: sc_client_api::Backend<Block> + 'static,
{
	let mut module = RpcModule::new(());
	module.merge(SystemApiServer::<Hash, AccountId, Nonce>::into_rpc(System::new(
		deps.client.clone(),
		deps.pool,
	)))?;
	module.merge(TransactionPaymentApiServer::<Hash, RuntimeDispatchInfo<Balance>>::into_rpc(
		TransactionPayment::<_, Block>::new(deps.client.clone()),
	))?;
	module.merge(
		Babe::new(deps.client.clone(), deps.babe_worker, deps.keystore, deps.select_chain)
			.into_rpc(),
	)?;
	module.merge(
		Grandpa::new(
			deps.executor,
			deps.authority_set,
			deps.voter_state,
			deps.justifications,
			deps.finality_proofs,
		)
		.into_rpc(),
	)?;
	module.merge(OpenLedger::<_, Block>::new(deps.client, deps.operator).into_rpc())?;
	Ok(module)
}
