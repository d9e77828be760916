//! System: block limits, accounts, hashes.

use crate::{
	AccountId, Balance, Block, BlockNumber, Hash, Nonce, PalletInfo, Runtime, RuntimeCall,
	RuntimeEvent, RuntimeOrigin, RuntimeTask, VERSION,
};
use frame_support::{
	derive_impl,
	dispatch::DispatchClass,
	parameter_types,
	weights::{
		Weight,
		constants::{
			BlockExecutionWeight, ExtrinsicBaseWeight, ParityDbWeight, WEIGHT_REF_TIME_PER_SECOND,
		},
	},
};
use frame_system::limits;
use sp_runtime::{
	Perbill,
	traits::{AccountIdLookup, BlakeTwo256},
};
use sp_version::RuntimeVersion;

/// What operational transactions leave for all others: three quarters of a block.
const NORMAL: Weight = Weight::from_parts(WEIGHT_REF_TIME_PER_SECOND / 4 * 3, u64::MAX / 4 * 3);
/// How much of the normal transactions' room may go to a transaction's own initialisation.
const INITIALISATION: Perbill = Perbill::from_percent(10);
/// One second of execution in each three-second block. A sovereign chain ships no proofs, so their
/// size is not limited.
pub const BLOCK: Weight = Weight::from_parts(WEIGHT_REF_TIME_PER_SECOND, u64::MAX);
/// The longest block, in bytes: room for the claims of ten batches beside other transactions, and half of what
/// nodes send in one response.
pub const LENGTH: u32 = 8 * 1024 * 1024;
/// Of which transactions that are not operational take this much.
const NORMAL_LENGTH: u32 = LENGTH / 4 * 3;

parameter_types! {
	pub const BlockHashCount: BlockNumber = 2_400;
	pub const Version: RuntimeVersion = VERSION;
	pub BlockLength: limits::BlockLength = limits::BlockLength::builder()
		.max_length(LENGTH)
		.modify_max_length_for_class(DispatchClass::Normal, |length| *length = NORMAL_LENGTH)
		.build();
	pub BlockWeights: limits::BlockWeights = limits::BlockWeights::builder()
		.base_block(BlockExecutionWeight::get())
		.for_class(DispatchClass::all(), |class| class.base_extrinsic = ExtrinsicBaseWeight::get())
		.for_class(DispatchClass::Normal, |class| class.max_total = Some(NORMAL))
		.for_class(DispatchClass::Operational, |class| {
			class.max_total = Some(BLOCK);
			// Room that normal transactions can't take, so that governance always gets through.
			class.reserved = Some(BLOCK.saturating_sub(NORMAL));
		})
		.avg_block_initialization(INITIALISATION)
		.build_or_panic();
	/// Addresses start with a 5, as on every chain without a registered prefix.
	pub const SS58Prefix: u16 = 42;
}

#[derive_impl(frame_system::config_preludes::SolochainDefaultConfig)]
impl frame_system::Config for Runtime {
	type RuntimeCall = RuntimeCall;
	type BaseCallFilter = super::emergency::Allowed;
	type RuntimeEvent = RuntimeEvent;
	type RuntimeOrigin = RuntimeOrigin;
	type RuntimeTask = RuntimeTask;
	type BlockWeights = BlockWeights;
	type BlockLength = BlockLength;
	type Nonce = Nonce;
	type Hash = Hash;
	type Hashing = BlakeTwo256;
	type AccountId = AccountId;
	type Lookup = AccountIdLookup<AccountId, ()>;
	type Block = Block;
	type BlockHashCount = BlockHashCount;
	type DbWeight = ParityDbWeight;
	type Version = Version;
	type PalletInfo = PalletInfo;
	type AccountData = pallet_balances::AccountData<Balance>;
	type SystemWeightInfo = frame_system::weights::SubstrateWeight<Runtime>;
	type ExtensionsWeightInfo = frame_system::SubstrateExtensionsWeight<Runtime>;
	type SS58Prefix = SS58Prefix;
	type OnSetCode = ();
	type MaxConsumers = frame_support::traits::ConstU32<64>;
	type SingleBlockMigrations = crate::migrations::All;
}

impl pallet_timestamp::Config for Runtime {
	type Moment = u64;
	type OnTimestampSet = crate::Babe;
	type MinimumPeriod = frame_support::traits::ConstU64<{ super::consensus::SLOT_MILLIS / 2 }>;
	type WeightInfo = pallet_timestamp::weights::SubstrateWeight<Runtime>;
}
