//! What the node, its RPC and off-chain workers can ask of the runtime.

use crate::{
	AccountId, Attribution, Audits, Babe, Balance, Block, Datanets, Duplicates, Executive, Grandpa,
	Historical, Inference, InherentDataExt, Models, NominationPools, Nonce, Receipts, Rewards,
	Runtime, RuntimeCall, RuntimeGenesisConfig, SessionKeys, Staking, System, TransactionPayment,
	VERSION, configs::consensus::BABE_CONFIGURATION,
};
use alloc::vec::Vec;
use codec::Encode;
use frame_support::{
	genesis_builder_helper::{build_state, get_preset},
	traits::{Get, KeyOwnerProofSystem},
	weights::Weight,
};
use openledger_primitives_api::{
	AuditInfo, BaseInfo, BatchInfo, ChallengesInfo, ClaimInfo, ContributionInfo, DatanetInfo,
	DuplicateInfo, DuplicateTerms, FoundInfo, ModelInfo, OperatorInfo, Quote, RewardsInfo,
	SessionInfo, StandingInfo, Trace, VerifierInfo,
};
use openledger_primitives_attribution::challenge::Target;
use openledger_primitives_core::{
	BaseId, BatchId, ChallengeId, DatanetId, ModelId, RequestId, SessionId,
	model::{Retrieval, Usage},
	record::RecordLeaf,
};
use openledger_primitives_inference::Material;
use pallet_calendar::EpochSlots;
use pallet_grandpa::AuthorityId as GrandpaId;
use pallet_nomination_pools::PoolId;
use pallet_transaction_payment_rpc_runtime_api::{FeeDetails, RuntimeDispatchInfo};
use sp_api::impl_runtime_apis;
use sp_core::OpaqueMetadata;
use sp_genesis_builder::PresetId;
use sp_inherents::{CheckInherentsResult, InherentData};
use sp_runtime::{
	ApplyExtrinsicResult, ExtrinsicInclusionMode,
	traits::{Block as BlockT, NumberFor},
	transaction_validity::{TransactionSource, TransactionValidity},
};
use sp_session::OpaqueGeneratedSessionKeys;
use sp_staking::{EraIndex, Page};
use sp_version::RuntimeVersion;

impl_runtime_apis! {
	impl sp_api::Core<Block> for Runtime {
		fn version() -> RuntimeVersion {
			VERSION
		}

		fn execute_block(block: <Block as BlockT>::LazyBlock) {
			Executive::execute_block(block);
		}

		fn initialize_block(header: &<Block as BlockT>::Header) -> ExtrinsicInclusionMode {
			Executive::initialize_block(header)
		}
	}

	impl sp_api::Metadata<Block> for Runtime {
		fn metadata() -> OpaqueMetadata {
			OpaqueMetadata::new(Runtime::metadata().into())
		}

		fn metadata_at_version(version: u32) -> Option<OpaqueMetadata> {
			Runtime::metadata_at_version(version)
		}

		fn metadata_versions() -> Vec<u32> {
			Runtime::metadata_versions()
		}
	}

	impl sp_block_builder::BlockBuilder<Block> for Runtime {
		fn apply_extrinsic(extrinsic: <Block as BlockT>::Extrinsic) -> ApplyExtrinsicResult {
			Executive::apply_extrinsic(extrinsic)
		}

		fn finalize_block() -> <Block as BlockT>::Header {
			Executive::finalize_block()
		}

		fn inherent_extrinsics(data: InherentData) -> Vec<<Block as BlockT>::Extrinsic> {
			data.create_extrinsics()
		}

		fn check_inherents(
			block: <Block as BlockT>::LazyBlock,
			data: InherentData,
		) -> CheckInherentsResult {
			data.check_extrinsics(&block)
		}
	}

	impl sp_transaction_pool::runtime_api::TaggedTransactionQueue<Block> for Runtime {
		fn validate_transaction(
			source: TransactionSource,
			tx: <Block as BlockT>::Extrinsic,
			block_hash: <Block as BlockT>::Hash,
		) -> TransactionValidity {
			Executive::validate_transaction(source, tx, block_hash)
		}
	}

	impl sp_offchain::OffchainWorkerApi<Block> for Runtime {
		fn offchain_worker(header: &<Block as BlockT>::Header) {
			Executive::offchain_worker(header)
		}
	}

	impl sp_session::SessionKeys<Block> for Runtime {
		fn generate_session_keys(
			owner: Vec<u8>,
			seed: Option<Vec<u8>>,
		) -> OpaqueGeneratedSessionKeys {
			SessionKeys::generate(&owner, seed).into()
		}

		fn decode_session_keys(
			encoded: Vec<u8>,
		) -> Option<Vec<(Vec<u8>, sp_core::crypto::KeyTypeId)>> {
			SessionKeys::decode_into_raw_public_keys(&encoded)
		}
	}

	impl sp_consensus_babe::BabeApi<Block> for Runtime {
		fn configuration() -> sp_consensus_babe::BabeConfiguration {
			let epoch = Babe::epoch_config().unwrap_or(BABE_CONFIGURATION);
			sp_consensus_babe::BabeConfiguration {
				slot_duration: Babe::slot_duration(),
				epoch_length: <EpochSlots<Runtime> as Get<u64>>::get(),
				c: epoch.c,
				authorities: Babe::authorities().to_vec(),
				randomness: Babe::randomness(),
				allowed_slots: epoch.allowed_slots,
			}
		}

		fn current_epoch_start() -> sp_consensus_babe::Slot {
			Babe::current_epoch_start()
		}

		fn current_epoch() -> sp_consensus_babe::Epoch {
			Babe::current_epoch()
		}

		fn next_epoch() -> sp_consensus_babe::Epoch {
			Babe::next_epoch()
		}

		fn generate_key_ownership_proof(
			_: sp_consensus_babe::Slot,
			authority: sp_consensus_babe::AuthorityId,
		) -> Option<sp_consensus_babe::OpaqueKeyOwnershipProof> {
			Historical::prove((sp_consensus_babe::KEY_TYPE, authority))
				.map(|proof| proof.encode())
				.map(sp_consensus_babe::OpaqueKeyOwnershipProof::new)
		}

		fn submit_report_equivocation_unsigned_extrinsic(
			equivocation: sp_consensus_babe::EquivocationProof<<Block as BlockT>::Header>,
			key_owner: sp_consensus_babe::OpaqueKeyOwnershipProof,
		) -> Option<()> {
			Babe::submit_unsigned_equivocation_report(equivocation, key_owner.decode()?)
		}
	}

	impl sp_consensus_grandpa::GrandpaApi<Block> for Runtime {
		fn grandpa_authorities() -> sp_consensus_grandpa::AuthorityList {
			Grandpa::grandpa_authorities()
		}

		fn current_set_id() -> sp_consensus_grandpa::SetId {
			pallet_grandpa::CurrentSetId::<Runtime>::get()
		}

		fn generate_key_ownership_proof(
			_: sp_consensus_grandpa::SetId,
			authority: GrandpaId,
		) -> Option<sp_consensus_grandpa::OpaqueKeyOwnershipProof> {
			Historical::prove((sp_consensus_grandpa::KEY_TYPE, authority))
				.map(|proof| proof.encode())
				.map(sp_consensus_grandpa::OpaqueKeyOwnershipProof::new)
		}

		fn submit_report_equivocation_unsigned_extrinsic(
			equivocation: sp_consensus_grandpa::EquivocationProof<
				<Block as BlockT>::Hash,
				NumberFor<Block>,
			>,
			key_owner: sp_consensus_grandpa::OpaqueKeyOwnershipProof,
		) -> Option<()> {
			Grandpa::submit_unsigned_equivocation_report(equivocation, key_owner.decode()?)
		}
	}

	impl frame_system_rpc_runtime_api::AccountNonceApi<Block, AccountId, Nonce> for Runtime {
		fn account_nonce(account: AccountId) -> Nonce {
			System::account_nonce(account)
		}
	}

	impl pallet_transaction_payment_rpc_runtime_api::TransactionPaymentApi<Block, Balance>
		for Runtime
	{
		fn query_info(uxt: <Block as BlockT>::Extrinsic, len: u32) -> RuntimeDispatchInfo<Balance> {
			TransactionPayment::query_info(uxt, len)
		}

		fn query_fee_details(uxt: <Block as BlockT>::Extrinsic, len: u32) -> FeeDetails<Balance> {
			TransactionPayment::query_fee_details(uxt, len)
		}

		fn query_weight_to_fee(weight: Weight) -> Balance {
			TransactionPayment::weight_to_fee(weight)
		}

		fn query_length_to_fee(length: u32) -> Balance {
			TransactionPayment::length_to_fee(length)
		}
	}

	impl pallet_transaction_payment_rpc_runtime_api::TransactionPaymentCallApi<
		Block,
		Balance,
		RuntimeCall,
	> for Runtime
	{
		fn query_call_info(call: RuntimeCall, len: u32) -> RuntimeDispatchInfo<Balance> {
			TransactionPayment::query_call_info(call, len)
		}

		fn query_call_fee_details(call: RuntimeCall, len: u32) -> FeeDetails<Balance> {
			TransactionPayment::query_call_fee_details(call, len)
		}

		fn query_weight_to_fee(weight: Weight) -> Balance {
			TransactionPayment::weight_to_fee(weight)
		}

		fn query_length_to_fee(length: u32) -> Balance {
			TransactionPayment::length_to_fee(length)
		}
	}

	impl pallet_staking_runtime_api::StakingApi<Block, Balance, AccountId> for Runtime {
		fn nominations_quota(balance: Balance) -> u32 {
			Staking::api_nominations_quota(balance)
		}

		fn eras_stakers_page_count(era: EraIndex, account: AccountId) -> Page {
			Staking::api_eras_stakers_page_count(era, account)
		}

		fn pending_rewards(era: EraIndex, account: AccountId) -> bool {
			Staking::api_pending_rewards(era, account)
		}
	}

	impl pallet_nomination_pools_runtime_api::NominationPoolsApi<Block, AccountId, Balance>
		for Runtime
	{
		fn pending_rewards(who: AccountId) -> Balance {
			NominationPools::api_pending_rewards(who).unwrap_or_default()
		}

		fn points_to_balance(pool: PoolId, points: Balance) -> Balance {
			NominationPools::api_points_to_balance(pool, points)
		}

		fn balance_to_points(pool: PoolId, funds: Balance) -> Balance {
			NominationPools::api_balance_to_points(pool, funds)
		}

		fn pool_pending_slash(pool: PoolId) -> Balance {
			NominationPools::api_pool_pending_slash(pool)
		}

		fn member_pending_slash(member: AccountId) -> Balance {
			NominationPools::api_member_pending_slash(member)
		}

		fn pool_needs_delegate_migration(pool: PoolId) -> bool {
			NominationPools::api_pool_needs_delegate_migration(pool)
		}

		fn member_needs_delegate_migration(member: AccountId) -> bool {
			NominationPools::api_member_needs_delegate_migration(member)
		}

		fn member_total_balance(member: AccountId) -> Balance {
			NominationPools::api_member_total_balance(member)
		}

		fn pool_balance(pool: PoolId) -> Balance {
			NominationPools::api_pool_balance(pool)
		}

		fn pool_accounts(pool: PoolId) -> (AccountId, AccountId) {
			NominationPools::api_pool_accounts(pool)
		}
	}

	#[api_version(5)]
	impl openledger_primitives_api::OpenLedgerApi<Block, AccountId> for Runtime {
		fn datanets(start: DatanetId, limit: u32) -> Vec<DatanetInfo<AccountId>> {
			Datanets::datanets(start, limit)
		}

		fn datanet(datanet: DatanetId) -> Option<DatanetInfo<AccountId>> {
			Datanets::datanet(datanet)
		}

		fn contributions(
			datanet: DatanetId,
			start: u32,
			limit: u32,
		) -> Vec<ContributionInfo<AccountId>> {
			Datanets::contributions(datanet, start, limit)
		}

		fn records(datanet: DatanetId, start: u32, limit: u32) -> Vec<RecordLeaf<AccountId>> {
			Datanets::records(datanet, start, limit)
		}

		fn bases(start: BaseId, limit: u32) -> Vec<BaseInfo<AccountId>> {
			Models::bases(start, limit)
		}

		fn models(start: ModelId, limit: u32) -> Vec<ModelInfo<AccountId>> {
			Models::models(start, limit)
		}

		fn model(model: ModelId) -> Option<ModelInfo<AccountId>> {
			Models::model(model)
		}

		fn operators(model: ModelId) -> Vec<OperatorInfo<AccountId>> {
			Inference::operators(model)
		}

		fn operator(operator: AccountId) -> Option<OperatorInfo<AccountId>> {
			Inference::operator(operator)
		}

		fn quote(model: ModelId, usage: Usage) -> Option<Quote<AccountId>> {
			Inference::quote(model, usage)
		}

		fn trace(request: RequestId) -> Option<Trace<AccountId>> {
			let mut trace = Inference::trace(request)?;
			Attribution::explain(&mut trace);
			trace.distribution = Rewards::settlement(request);
			Some(trace)
		}

		fn rewards(account: AccountId) -> RewardsInfo<AccountId> {
			Rewards::rewards(&account)
		}

		fn verifiers() -> Vec<VerifierInfo<AccountId>> {
			Audits::verifiers()
		}

		fn verifier(verifier: AccountId) -> Option<VerifierInfo<AccountId>> {
			Audits::verifier(verifier)
		}

		fn audit(claim: RequestId) -> Option<AuditInfo<AccountId>> {
			Audits::audit_of(claim)
		}

		fn claim(claim: RequestId) -> Option<ClaimInfo<AccountId>> {
			let mut found = Attribution::claim(claim)?;
			found.distribution = Rewards::settlement(claim);
			Some(found)
		}

		fn sessions(start: SessionId, limit: u32) -> Vec<SessionInfo<AccountId>> {
			Receipts::sessions(start, limit)
		}

		fn session(session: SessionId) -> Option<SessionInfo<AccountId>> {
			Receipts::session(session)
		}

		fn batches(start: BatchId, limit: u32) -> Vec<BatchInfo<AccountId>> {
			Receipts::batches(start, limit)
		}

		fn batch(batch: BatchId) -> Option<BatchInfo<AccountId>> {
			Receipts::batch(batch)
		}

		fn material(model: ModelId) -> Option<Material> {
			Inference::material(model)
		}

		fn challenges(target: Target) -> Option<ChallengesInfo<AccountId>> {
			Attribution::challenges(target)
		}

		fn standings(start: ModelId, limit: u32) -> Vec<StandingInfo> {
			Models::standings(start, limit)
		}

		fn standing(model: ModelId) -> Option<StandingInfo> {
			Models::standing(model)
		}

		fn duplicate_terms(challenger: AccountId) -> DuplicateTerms {
			Duplicates::terms(challenger)
		}

		fn duplicates(start: ChallengeId, limit: u32) -> Vec<DuplicateInfo<AccountId>> {
			Duplicates::challenges(start, limit)
		}

		fn excluded(datanet: DatanetId, start: u32, limit: u32) -> Vec<u32> {
			Datanets::excluded(datanet, start, limit)
		}

		fn retrieval(model: ModelId) -> Option<Retrieval> {
			Models::retrieval(model)
		}

		fn found(claim: RequestId) -> Option<FoundInfo<AccountId>> {
			Attribution::found(claim)
		}
	}

	impl sp_genesis_builder::GenesisBuilder<Block> for Runtime {
		fn build_state(config: Vec<u8>) -> sp_genesis_builder::Result {
			build_state::<RuntimeGenesisConfig>(config)
		}

		fn get_preset(id: &Option<PresetId>) -> Option<Vec<u8>> {
			get_preset::<RuntimeGenesisConfig>(id, crate::presets::get)
		}

		fn preset_names() -> Vec<PresetId> {
			crate::presets::names()
		}
	}

	#[cfg(feature = "runtime-benchmarks")]
	impl frame_benchmarking::Benchmark<Block> for Runtime {
		fn benchmark_metadata(
			extra: bool,
		) -> (Vec<frame_benchmarking::BenchmarkList>, Vec<frame_support::traits::StorageInfo>) {
			crate::benchmarks::metadata(extra)
		}

		fn dispatch_benchmark(
			config: frame_benchmarking::BenchmarkConfig,
		) -> Result<Vec<frame_benchmarking::BenchmarkBatch>, alloc::string::String> {
			crate::benchmarks::dispatch(config)
		}
	}

	#[cfg(feature = "try-runtime")]
	impl frame_try_runtime::TryRuntime<Block> for Runtime {
		fn on_runtime_upgrade(checks: frame_try_runtime::UpgradeCheckSelect) -> (Weight, Weight) {
			#[allow(clippy::expect_used, reason = "the tool that calls this wants the panic")]
			let weight = Executive::try_runtime_upgrade(checks).expect("the upgrade is sound");
			(weight, crate::BlockWeights::get().max_block)
		}

		fn execute_block(
			block: <Block as BlockT>::LazyBlock,
			state_root_check: bool,
			signature_check: bool,
			select: frame_try_runtime::TryStateSelect,
		) -> Weight {
			#[allow(clippy::expect_used, reason = "the tool that calls this wants the panic")]
			Executive::try_execute_block(block, state_root_check, signature_check, select)
				.expect("the block is sound")
		}
	}
}
