//! The OpenLedger runtime: composition only. Which pallets there are is in this file, how each is
//! configured in [`configs`], what the node can ask in [`apis`], and how a chain starts in
//! [`presets`].

#![cfg_attr(not(feature = "std"), no_std)]
// `construct_runtime!` recurses once for every part of every pallet.
#![recursion_limit = "512"]
#![cfg_attr(
	not(test),
	deny(
		clippy::unwrap_used,
		clippy::expect_used,
		clippy::panic,
		clippy::indexing_slicing,
		clippy::arithmetic_side_effects
	)
)]
// What the SDK's runtime macros generate carries no documentation.
#![allow(missing_docs)]

extern crate alloc;

#[cfg(feature = "std")]
include!(concat!(env!("OUT_DIR"), "/wasm_binary.rs"));

pub mod apis;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarks;
pub mod configs;
pub mod governance;
mod migrations;
mod offchain;
pub mod presets;
#[cfg(test)]
mod tests;
mod weights;

use alloc::{borrow::Cow, vec::Vec};
use sp_runtime::{
	MultiAddress, MultiSignature, generic, impl_opaque_keys,
	traits::{BlakeTwo256, IdentifyAccount, Verify},
};
use sp_version::RuntimeVersion;

pub use configs::{
	parameters::{RuntimeParameters, dynamic_params},
	system::BlockWeights,
	tokens::{
		EXISTENTIAL_DEPOSIT, MICRO, MILLI, OPEN, ReserveAccount, TreasuryAccount,
		ValidatorsAccount, VerifiersAccount,
	},
};
pub use openledger_primitives_core::{Balance, BlockNumber, Hash};

/// Alternatives of a signature: sr25519, ed25519 or ECDSA.
pub type Signature = MultiSignature;
/// 32 bytes that identify an account: a public key, or its hash.
pub type AccountId = <<Signature as Verify>::Signer as IdentifyAccount>::AccountId;
/// How a call names an account.
pub type Address = MultiAddress<AccountId, ()>;
/// How many transactions an account has sent.
pub type Nonce = u32;
/// A block's header.
pub type Header = generic::Header<BlockNumber, BlakeTwo256>;
/// A block.
pub type Block = generic::Block<Header, UncheckedExtrinsic>;

/// What a signed transaction carries beside its call.
pub type TxExtension = (
	frame_system::CheckNonZeroSender<Runtime>,
	frame_system::CheckSpecVersion<Runtime>,
	frame_system::CheckTxVersion<Runtime>,
	frame_system::CheckGenesis<Runtime>,
	frame_system::CheckMortality<Runtime>,
	frame_system::CheckNonce<Runtime>,
	frame_system::CheckWeight<Runtime>,
	pallet_transaction_payment::ChargeTransactionPayment<Runtime>,
	frame_metadata_hash_extension::CheckMetadataHash<Runtime>,
	frame_system::WeightReclaim<Runtime>,
);

/// A transaction as it arrives.
pub type UncheckedExtrinsic =
	generic::UncheckedExtrinsic<Address, RuntimeCall, Signature, TxExtension>;
/// What a transaction's signature covers.
pub type SignedPayload = generic::SignedPayload<RuntimeCall, TxExtension>;

/// Types for the node, which passes transactions on without reading them.
pub mod opaque {
	use super::{Header, generic};
	pub use sp_runtime::OpaqueExtrinsic;

	/// A block with its transactions as bytes.
	pub type Block = generic::Block<Header, OpaqueExtrinsic>;
}

/// Applies blocks to the state.
pub type Executive = frame_executive::Executive<
	Runtime,
	Block,
	frame_system::ChainContext<Runtime>,
	Runtime,
	AllPalletsWithSystem,
>;

impl_opaque_keys! {
	pub struct SessionKeys {
		pub babe: Babe,
		pub grandpa: Grandpa,
	}
}

/// The runtime's version. `spec_version` rises with every released change of behaviour,
/// `transaction_version` with every change of how calls are encoded.
#[sp_version::runtime_version]
pub const VERSION: RuntimeVersion = RuntimeVersion {
	spec_name: Cow::Borrowed("openledger"),
	impl_name: Cow::Borrowed("openledger"),
	authoring_version: 1,
	spec_version: 2,
	impl_version: 1,
	apis: apis::RUNTIME_API_VERSIONS,
	transaction_version: 2,
	system_version: 1,
};

// Indices are part of the encoding of calls, events and errors: append, never renumber. The order
// is that of genesis and of the hooks: balances before whoever stakes or vests them, staking
// before the sessions that ask it for validators.
frame_support::construct_runtime!(
	pub struct Runtime {
		System: frame_system = 0,
		Calendar: pallet_calendar = 8,
		// BABE before everything that reads the slot, so before the session pallet.
		Babe: pallet_babe = 1,
		// Before everything that commits to something in a hook.
		Lots: pallet_lots = 45,
		Timestamp: pallet_timestamp = 2,

		Balances: pallet_balances = 10,
		TransactionPayment: pallet_transaction_payment = 11,
		Vesting: pallet_vesting = 12,

		Authorship: pallet_authorship = 3,
		Staking: pallet_staking = 13,
		VoterList: pallet_bags_list::<Instance1> = 14,
		Offences: pallet_offences = 7,
		Historical: pallet_session::historical = 5,
		Session: pallet_session = 4,
		Grandpa: pallet_grandpa = 6,
		NominationPools: pallet_nomination_pools = 15,
		DelegatedStaking: pallet_delegated_staking = 16,

		Utility: pallet_utility = 20,
		Proxy: pallet_proxy = 21,
		Multisig: pallet_multisig = 22,
		Preimage: pallet_preimage = 23,
		Scheduler: pallet_scheduler = 24,
		Parameters: pallet_parameters = 25,
		Recovery: pallet_recovery = 26,

		// Without a key, which only the development preset sets, its calls are refused.
		Sudo: pallet_sudo = 30,
		Origins: governance::origins = 31,
		ConvictionVoting: pallet_conviction_voting = 32,
		Referenda: pallet_referenda = 33,
		Voice: pallet_voice = 34,
		ContributorReferenda: pallet_referenda::<Instance2> = 35,
		TechnicalCommittee: pallet_collective::<Instance1> = 36,
		Whitelist: pallet_whitelist = 37,
		Treasury: pallet_treasury = 38,
		Bounties: pallet_bounties = 39,

		Datanets: pallet_datanets = 40,
		Models: pallet_models = 41,
		Inference: pallet_inference = 42,
		Attribution: pallet_attribution = 43,
		Rewards: pallet_rewards = 44,
		Audits: pallet_audits = 46,
		Receipts: pallet_receipts = 47,
		Duplicates: pallet_duplicates = 48,

		SafeMode: pallet_safe_mode = 50,
		TxPause: pallet_tx_pause = 51,
		Pauses: pallet_pauses = 52,
	}
);
