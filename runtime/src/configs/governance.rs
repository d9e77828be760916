//! Governance: referenda in which OPEN votes, referenda in which contributors vote, the technical
//! committee with its whitelist, and the treasury.

use super::parameters::dynamic_params;
use super::tokens::{MICRO, MILLI, StorageDeposit, TreasuryAccount, TreasuryPalletId};
use crate::{
	AccountId, Balance, Balances, Bounties, ContributorReferenda, OPEN, Preimage, Referenda,
	Runtime, RuntimeCall, RuntimeEvent, RuntimeHoldReason, RuntimeOrigin, Scheduler, System,
	Treasury,
	governance::{
		AttributionAdmin, CancelOrigin, ContributorTracks, EnsureContributorApproved,
		EnsureContributors, KillOrigin, SpendOrigin, TechnicalCollective, TechnicalOrRoot, Tracks,
		VotingPower, WhitelistDispatch,
	},
};
use frame_support::{
	parameter_types,
	traits::{
		AsEnsureOriginWithArg, ConstU32, ConstU128,
		tokens::{UnityAssetBalanceConversion, currency::ActiveIssuanceOf, pay::PayFromAccount},
	},
	weights::Weight,
};
use frame_system::{EnsureRoot, EnsureSigned};
use pallet_calendar::{Days, Year};
use sp_runtime::{Permill, traits::IdentityLookup};

parameter_types! {
	pub const TechnicalHold: RuntimeHoldReason = RuntimeHoldReason::TechnicalCommittee(
		pallet_collective::HoldReason::ProposalSubmission,
	);
	pub MaxCommitteeWeight: Weight = super::system::BLOCK.div(2);
	pub const Burned: Permill = Permill::zero();
	pub const CuratorPart: Permill = Permill::from_percent(50);
	pub const CuratorMost: Option<Balance> = Some(10_000 * OPEN);
	pub const CuratorLeast: Option<Balance> = Some(OPEN);
}

impl pallet_conviction_voting::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = pallet_conviction_voting::weights::SubstrateWeight<Runtime>;
	type Currency = VotingPower;
	type Polls = Referenda;
	type MaxTurnout = ActiveIssuanceOf<Balances, AccountId>;
	type MaxVotes = ConstU32<256>;
	type VoteLockingPeriod = Days<Runtime, 7>;
	type BlockNumberProvider = System;
	type VotingHooks = ();
}

impl pallet_referenda::Config for Runtime {
	type RuntimeCall = RuntimeCall;
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = pallet_referenda::weights::SubstrateWeight<Runtime>;
	type Scheduler = Scheduler;
	type Currency = Balances;
	type SubmitOrigin = AsEnsureOriginWithArg<EnsureSigned<AccountId>>;
	type CancelOrigin = CancelOrigin;
	type KillOrigin = KillOrigin;
	type Slash = Treasury;
	type Votes = pallet_conviction_voting::VotesOf<Runtime>;
	type Tally = pallet_conviction_voting::TallyOf<Runtime>;
	type SubmissionDeposit = ConstU128<{ 100 * OPEN }>;
	type MaxQueued = ConstU32<100>;
	type UndecidingTimeout = Days<Runtime, 14>;
	type AlarmInterval = ConstU32<1>;
	type Tracks = Tracks;
	type Preimages = Preimage;
	type BlockNumberProvider = System;
}

parameter_types! {
	pub const VoteHold: RuntimeHoldReason = RuntimeHoldReason::Voice(pallet_voice::HoldReason::Vote);
}

impl pallet_voice::Config for Runtime {
	type Polls = ContributorReferenda;
	type VoteConsideration = StorageDeposit<VoteHold>;
	type ContributorsOrigin = EnsureContributors;
	type DispatchOrigin = AttributionAdmin;
	type ApprovedOrigin = EnsureContributorApproved;
	type Preimages = Preimage;
	type Year = Year<Runtime>;
	// A hundredth of what a short answer's fee sinks.
	type MinEarned = ConstU128<{ 10 * MICRO }>;
	type VetoMinimum = dynamic_params::voice::VetoMinimum;
	type VerdictPeriod = Days<Runtime, 60>;
	type MaxVotes = ConstU32<64>;
	type MaxVerdicts = ConstU32<256>;
	type WeightInfo = crate::weights::pallet_voice::WeightInfo<Runtime>;
}

/// The referenda in which contributors vote, with the voice they have earned.
type ContributorsInstance = pallet_referenda::Instance2;

impl pallet_referenda::Config<ContributorsInstance> for Runtime {
	type RuntimeCall = RuntimeCall;
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = pallet_referenda::weights::SubstrateWeight<Runtime>;
	type Scheduler = Scheduler;
	type Currency = Balances;
	type SubmitOrigin = AsEnsureOriginWithArg<EnsureSigned<AccountId>>;
	type CancelOrigin = CancelOrigin;
	type KillOrigin = KillOrigin;
	type Slash = Treasury;
	type Votes = u128;
	type Tally = pallet_voice::Tally<Runtime>;
	type SubmissionDeposit = ConstU128<{ 10 * OPEN }>;
	type MaxQueued = ConstU32<100>;
	type UndecidingTimeout = Days<Runtime, 14>;
	type AlarmInterval = ConstU32<1>;
	type Tracks = ContributorTracks;
	type Preimages = Preimage;
	type BlockNumberProvider = System;
}

impl pallet_collective::Config<TechnicalCollective> for Runtime {
	type RuntimeOrigin = RuntimeOrigin;
	type Proposal = RuntimeCall;
	type RuntimeEvent = RuntimeEvent;
	type MotionDuration = Days<Runtime, 3>;
	type MaxProposals = ConstU32<20>;
	type MaxMembers = ConstU32<21>;
	// A member who does not vote has not agreed.
	type DefaultVote = pallet_collective::MoreThanMajorityThenPrimeDefaultVote;
	type WeightInfo = pallet_collective::weights::SubstrateWeight<Runtime>;
	type SetMembersOrigin = EnsureRoot<AccountId>;
	type MaxProposalWeight = MaxCommitteeWeight;
	type DisapproveOrigin = EnsureRoot<AccountId>;
	type KillOrigin = EnsureRoot<AccountId>;
	type Consideration = ();
}

impl pallet_whitelist::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeCall = RuntimeCall;
	type WhitelistOrigin = TechnicalOrRoot;
	type DispatchWhitelistedOrigin = WhitelistDispatch;
	type Preimages = Preimage;
	type DeferredDispatchExpiration = Days<Runtime, 7>;
	type BlockNumberProvider = System;
	type WeightInfo = pallet_whitelist::weights::SubstrateWeight<Runtime>;
}

impl pallet_treasury::Config for Runtime {
	type Currency = Balances;
	type RejectOrigin = EnsureRoot<AccountId>;
	type RuntimeEvent = RuntimeEvent;
	type SpendPeriod = Days<Runtime, 1>;
	type Burn = Burned;
	type PalletId = TreasuryPalletId;
	type BurnDestination = ();
	type WeightInfo = pallet_treasury::weights::SubstrateWeight<Runtime>;
	type SpendFunds = Bounties;
	type MaxApprovals = ConstU32<100>;
	type SpendOrigin = SpendOrigin;
	type AssetKind = ();
	type Beneficiary = AccountId;
	type BeneficiaryLookup = IdentityLookup<AccountId>;
	type Paymaster = PayFromAccount<Balances, TreasuryAccount>;
	type BalanceConverter = UnityAssetBalanceConversion;
	type PayoutPeriod = Days<Runtime, 30>;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = crate::benchmarks::TreasuryArguments;
	type BlockNumberProvider = System;
}

impl pallet_bounties::Config for Runtime {
	type BountyDepositBase = ConstU128<{ 10 * OPEN }>;
	type BountyDepositPayoutDelay = Days<Runtime, 4>;
	type BountyUpdatePeriod = Days<Runtime, 90>;
	type CuratorDepositMultiplier = CuratorPart;
	type CuratorDepositMax = CuratorMost;
	type CuratorDepositMin = CuratorLeast;
	type BountyValueMinimum = ConstU128<{ 100 * OPEN }>;
	type DataDepositPerByte = ConstU128<{ 10 * MILLI }>;
	type RuntimeEvent = RuntimeEvent;
	type MaximumReasonLength = ConstU32<1_024>;
	type WeightInfo = pallet_bounties::weights::SubstrateWeight<Runtime>;
	type ChildBountyManager = ();
	type OnSlash = Treasury;
	type TransferAllAssets = pallet_bounties::TransferFungible<AccountId, Balances>;
}
