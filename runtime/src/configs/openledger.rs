//! OpenLedger's own pallets: limits that only an upgrade changes, and how the pallets see one
//! another. What governance tunes is in [`super::parameters`].

use super::{
	consensus::VrfSeeds,
	parameters::{HOUR, ValidSplit, dynamic_params},
	tokens::{StorageDeposit, TreasuryAccount, ValidatorsAccount, VerifiersAccount},
};
use crate::{
	Attribution, Audits, Balances, BlockNumber, Datanets, Duplicates, Inference, Lots, Models,
	Receipts, Rewards, Runtime, RuntimeHoldReason, Voice, governance::DisputeOrigin,
	offchain::OFFCHAIN_LONGEVITY,
};
use frame_support::{
	PalletId, parameter_types,
	traits::{ConstU32, Get},
};
use openledger_primitives_core::{MAX_OUTPUT, ModelId, draw::Routed};
use sp_runtime::Permill;

parameter_types! {
	pub const DatanetHold: RuntimeHoldReason =
		RuntimeHoldReason::Datanets(pallet_datanets::HoldReason::Datanet);
	pub const CommitmentHold: RuntimeHoldReason =
		RuntimeHoldReason::Datanets(pallet_datanets::HoldReason::Commitment);
	pub const ContributionHold: RuntimeHoldReason =
		RuntimeHoldReason::Datanets(pallet_datanets::HoldReason::Contribution);
	pub const SnapshotHold: RuntimeHoldReason =
		RuntimeHoldReason::Datanets(pallet_datanets::HoldReason::Snapshot);
}

impl pallet_datanets::Config for Runtime {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type DatanetConsideration = StorageDeposit<DatanetHold>;
	type CommitmentConsideration = StorageDeposit<CommitmentHold>;
	type ContributionConsideration = StorageDeposit<ContributionHold>;
	type SnapshotConsideration = StorageDeposit<SnapshotHold>;
	type Accounts = Rewards;
	type DisputeOrigin = DisputeOrigin;
	type RevealPeriod = dynamic_params::datanets::RevealPeriod;
	type UnusedPeriod = ConstU32<{ 30 * 24 * HOUR }>;
	type MaxCurators = ConstU32<16>;
	type MaxRecords = ConstU32<256>;
	type MaxRecordSize = ConstU32<{ 1024 * 1024 }>;
	type WeightInfo = crate::weights::pallet_datanets::WeightInfo<Runtime>;
}

parameter_types! {
	pub const BaseHold: RuntimeHoldReason =
		RuntimeHoldReason::Models(pallet_models::HoldReason::Base);
	pub const ModelHold: RuntimeHoldReason =
		RuntimeHoldReason::Models(pallet_models::HoldReason::Model);
	/// A base takes at most half of what its models' owners earn.
	pub const MaxRoyalty: Permill = Permill::from_percent(50);
}

impl pallet_models::Config for Runtime {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type BaseConsideration = StorageDeposit<BaseHold>;
	type ModelConsideration = StorageDeposit<ModelHold>;
	type Snapshots = Datanets;
	type Seeds = VrfSeeds;
	type Examinations = Audits;
	type Contests = Attribution;
	type DeploymentFee = dynamic_params::models::DeploymentFee;
	type Bond = dynamic_params::models::Bond;
	type TreasuryAccount = TreasuryAccount;
	type MaxRoyalty = MaxRoyalty;
	type WeightInfo = crate::weights::pallet_models::WeightInfo<Runtime>;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = crate::benchmarks::Stage;
}

parameter_types! {
	pub const OperatorHold: RuntimeHoldReason =
		RuntimeHoldReason::Inference(pallet_inference::HoldReason::OperatorDeposit);
	pub const RequestHold: RuntimeHoldReason =
		RuntimeHoldReason::Inference(pallet_inference::HoldReason::RequestDeposit);
	pub const SubmissionPeriod: BlockNumber = OFFCHAIN_LONGEVITY;
}

impl pallet_inference::Config for Runtime {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type OperatorConsideration = StorageDeposit<OperatorHold>;
	type RequestConsideration = StorageDeposit<RequestHold>;
	type Models = Models;
	type Attribution = Attribution;
	type Rewards = Rewards;
	type AuthorityId = pallet_inference::crypto::AuthorityId;
	type TreasuryAccount = TreasuryAccount;
	type MaxExposure = dynamic_params::inference::MaxExposure;
	type MinBond = dynamic_params::inference::MinBond;
	type UnbondingPeriod = dynamic_params::inference::UnbondingPeriod;
	type MinFee = dynamic_params::inference::MinFee;
	type MinDeadline = dynamic_params::inference::MinDeadline;
	type MaxDeadline = dynamic_params::inference::MaxDeadline;
	type MaxMissed = dynamic_params::inference::MaxMissed;
	type MissPenalty = dynamic_params::inference::MissPenalty;
	// About what the longest answer on chain holds, at four bytes a token.
	type MaxTokens = ConstU32<MAX_OUTPUT>;
	type MaxTemplate = ConstU32<256>;
	type MaxCapacity = ConstU32<64>;
	type MaxOperatorsPerModel = ConstU32<64>;
	type MaxModelsPerOperator = ConstU32<64>;
	type MaxExpiries = ConstU32<256>;
	type SubmissionPeriod = SubmissionPeriod;
	type WeightInfo = crate::weights::pallet_inference::WeightInfo<Runtime>;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = crate::benchmarks::Stage;
}

/// The number of the next model version.
pub struct NextModel;

impl Get<ModelId> for NextModel {
	fn get() -> ModelId {
		pallet_models::NextModel::<Runtime>::get()
	}
}

impl pallet_attribution::Config for Runtime {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Models = Models;
	type Settlement = Routed<Inference, Receipts>;
	type Audits = Audits;
	type Records = Datanets;
	type TreasuryAccount = TreasuryAccount;
	type ChallengeDeposit = dynamic_params::attribution::ChallengeDeposit;
	type ChallengeWindow = dynamic_params::attribution::ChallengeWindow;
	type RevealGrace = dynamic_params::attribution::RevealGrace;
	type FullGain = dynamic_params::attribution::FullGain;
	type DemandDeposit = dynamic_params::attribution::DemandDeposit;
	type DemandWindow = dynamic_params::attribution::DemandWindow;
	type MaxDemands = ConstU32<8>;
	type MaxDue = ConstU32<256>;
	type WatcherId = pallet_attribution::crypto::WatcherId;
	type AuthorityId = pallet_inference::crypto::AuthorityId;
	type Operators = Inference;
	type NextModel = NextModel;
	type SubmissionPeriod = SubmissionPeriod;
	type WeightInfo = crate::weights::pallet_attribution::WeightInfo<Runtime>;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = crate::benchmarks::Stage;
}

parameter_types! {
	pub const VerifierHold: RuntimeHoldReason =
		RuntimeHoldReason::Audits(pallet_audits::HoldReason::VerifierDeposit);
	/// How often lots that were not drawn yet are looked for.
	pub const LookAgain: BlockNumber = 5;
}

impl pallet_lots::Config for Runtime {
	type Source = pallet_babe::ParentBlockRandomness<Runtime>;
	type RoundLength = dynamic_params::audits::RoundLength;
	type Kept = ConstU32<1_024>;
	type WeightInfo = crate::weights::pallet_lots::WeightInfo<Runtime>;
}

impl pallet_audits::Config for Runtime {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type VerifierConsideration = StorageDeposit<VerifierHold>;
	type Lots = Lots;
	type Operators = Inference;
	type Claims = Attribution;
	type Versions = Models;
	type Pairs = Duplicates;
	type Settlement = Routed<Inference, Receipts>;
	type Rewards = Rewards;
	type Jobs = Inference;
	type AuthorityId = pallet_inference::crypto::AuthorityId;
	type TreasuryAccount = TreasuryAccount;
	type ResolveOrigin = DisputeOrigin;
	type Rate = dynamic_params::audits::Rate;
	type ModelsRate = dynamic_params::audits::ModelsRate;
	type Leaves = dynamic_params::audits::Leaves;
	type ExaminePeriod = dynamic_params::audits::ExaminePeriod;
	type MinBond = dynamic_params::audits::MinBond;
	type UnbondingPeriod = dynamic_params::inference::UnbondingPeriod;
	type CommitPeriod = dynamic_params::audits::CommitPeriod;
	type RevealPeriod = dynamic_params::audits::RevealPeriod;
	type AppealWindow = dynamic_params::audits::AppealWindow;
	type CorrectionPeriod = dynamic_params::audits::CorrectionPeriod;
	type AppealFactor = dynamic_params::audits::AppealFactor;
	type DisputeDeposit = dynamic_params::audits::DisputeDeposit;
	type SeatReward = dynamic_params::audits::SeatReward;
	type Fine = dynamic_params::audits::Fine;
	type CanaryLoss = dynamic_params::audits::CanaryLoss;
	type PenaltyFactor = dynamic_params::audits::PenaltyFactor;
	type MinPenalty = dynamic_params::audits::MinPenalty;
	type LookAgain = LookAgain;
	type MaxVerifiers = ConstU32<256>;
	type MaxDuties = ConstU32<16>;
	type MaxDue = ConstU32<64>;
	type SubmissionPeriod = SubmissionPeriod;
	type WeightInfo = crate::weights::pallet_audits::WeightInfo<Runtime>;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = crate::benchmarks::Stage;
}

impl pallet_duplicates::Config for Runtime {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Records = Datanets;
	type Comparisons = Audits;
	type Enabled = dynamic_params::duplicates::Enabled;
	type Deposit = dynamic_params::duplicates::Deposit;
	type SeatReward = dynamic_params::audits::SeatReward;
	type TreasuryAccount = TreasuryAccount;
	type WeightInfo = crate::weights::pallet_duplicates::WeightInfo<Runtime>;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = crate::benchmarks::Stage;
}

parameter_types! {
	pub const SessionHold: RuntimeHoldReason =
		RuntimeHoldReason::Receipts(pallet_receipts::HoldReason::SessionDeposit);
	pub const BatchHold: RuntimeHoldReason =
		RuntimeHoldReason::Receipts(pallet_receipts::HoldReason::BatchDeposit);
}

impl pallet_receipts::Config for Runtime {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type SessionConsideration = StorageDeposit<SessionHold>;
	type BatchConsideration = StorageDeposit<BatchHold>;
	type Models = Models;
	type Operators = Inference;
	type Lots = Lots;
	type Attribution = Attribution;
	type Rewards = Rewards;
	type Bonds = Inference;
	type AuthorityId = pallet_inference::crypto::AuthorityId;
	type TreasuryAccount = TreasuryAccount;
	type MinDraw = dynamic_params::receipts::MinDraw;
	type Open = dynamic_params::receipts::Open;
	type Draws = dynamic_params::receipts::Draws;
	type RevealPeriod = dynamic_params::receipts::RevealPeriod;
	type ClosePeriod = dynamic_params::receipts::ClosePeriod;
	type BatchPeriod = dynamic_params::receipts::BatchPeriod;
	type SubmissionPeriod = SubmissionPeriod;
	type MaxDuration = dynamic_params::receipts::MaxDuration;
	type MissPenalty = dynamic_params::receipts::MissPenalty;
	type MissFactor = dynamic_params::receipts::MissFactor;
	type MaxVouchers = ConstU32<64>;
	type MaxDue = ConstU32<64>;
	type WeightInfo = crate::weights::pallet_receipts::WeightInfo<Runtime>;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = crate::benchmarks::Stage;
}

parameter_types! {
	pub const RewardsPalletId: PalletId = PalletId(*b"open/rwd");
	pub const PayeeHold: RuntimeHoldReason =
		RuntimeHoldReason::Rewards(pallet_rewards::HoldReason::Payee);
	pub const AccountHold: RuntimeHoldReason =
		RuntimeHoldReason::Rewards(pallet_rewards::HoldReason::Account);
}

impl pallet_rewards::Config for Runtime {
	type Currency = Balances;
	type PalletId = RewardsPalletId;
	type Split = ValidSplit;
	type TreasuryAccount = TreasuryAccount;
	type VerifiersAccount = VerifiersAccount;
	type ValidatorsAccount = ValidatorsAccount;
	type Voice = Voice;
	type PayeeConsideration = StorageDeposit<PayeeHold>;
	type AccountConsideration = StorageDeposit<AccountHold>;
	type WeightInfo = crate::weights::pallet_rewards::WeightInfo<Runtime>;
}
