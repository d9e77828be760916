//! Nominated proof of stake: every use of `pallet-staking` and what belongs to it. Consensus knows
//! it only as [`EraStakers`], a session manager; `docs/validators.md` says what would replace it.

use super::{
	parameters::dynamic_params,
	tokens::{MILLI, OPEN, TreasuryAccount, ValidatorsAccount},
};
use crate::{
	AccountId, Balance, Balances, DelegatedStaking, NominationPools, Runtime, RuntimeEvent,
	RuntimeFreezeReason, RuntimeHoldReason, Session, Staking, System, Timestamp, VoterList,
	configs::consensus::SLOT_MILLIS, governance::StakingAdmin,
};
use alloc::vec::Vec;
use frame_election_provider_support::{
	SequentialPhragmen,
	bounds::{ElectionBounds, ElectionBoundsBuilder},
	onchain,
};
use frame_support::{
	PalletId, parameter_types,
	traits::{
		ConstBool, ConstU8, ConstU32, Contains, Get,
		fungible::{Inspect, Mutate},
		tokens::{Fortitude, Precision, Preservation, imbalance::ResolveTo},
	},
};
use pallet_calendar::{BondingEras, EpochSlots, MAX_BONDING_ERAS, SessionsPerEra, SlashDeferEras};
use pallet_nomination_pools::adapter::DelegateStake;
use pallet_session::{NextKeys, historical};
use sp_core::U256;
use sp_runtime::{FixedU128, Perbill, traits::Convert};
use sp_staking::{SessionIndex, currency_to_vote::U128CurrencyToVote};

/// The most validators that an era can have.
pub const MAX_VALIDATORS: u32 = 100;
/// The most accounts that can stand for election. Their number is limited at genesis too, so that
/// nobody can stop elections by filling the list.
pub const MAX_CANDIDATES: u32 = 200;
/// The most nominators, those with the largest stakes, that an election counts. The election runs
/// within one block, and this bounds its time; holders of less take part through a pool, which is
/// one nominator.
const MAX_VOTERS: u32 = 400;
/// Candidates that one nominator can name.
const MAX_NOMINATIONS: u32 = 16;
/// Nominators paid by one call of `payout_stakers`.
pub const MAX_EXPOSURE_PAGE: u32 = 64;
/// Eras within which a payout can be claimed.
const HISTORY: u32 = 84;
/// The most that governance can let the supply grow by in a year.
pub const MAX_EMISSION: Perbill = Perbill::from_percent(5);
/// A year of 365 days, in milliseconds.
const YEAR_MILLIS: u64 = 365 * 24 * 60 * 60 * 1_000;

/// Who validates in the next session, as the session pallet asks it: those that the stakes elected
/// and that have session keys, or the same as before where none of the elected has any. An empty
/// set would leave BABE without a next epoch, and a session would then begin in every block.
pub struct EraStakers;

impl EraStakers {
	fn with_keys<Identification>(
		elected: Option<Vec<(AccountId, Identification)>>,
	) -> Option<Vec<(AccountId, Identification)>> {
		let mut elected = elected?;
		elected.retain(|(validator, _)| NextKeys::<Runtime>::contains_key(validator));
		(!elected.is_empty()).then_some(elected)
	}
}

impl pallet_session::SessionManager<AccountId> for EraStakers {
	fn new_session(index: SessionIndex) -> Option<Vec<AccountId>> {
		let elected = <Self as historical::SessionManager<_, ()>>::new_session(index)?;
		Some(elected.into_iter().map(|(validator, ())| validator).collect())
	}
	fn new_session_genesis(index: SessionIndex) -> Option<Vec<AccountId>> {
		let elected = <Self as historical::SessionManager<_, ()>>::new_session_genesis(index)?;
		Some(elected.into_iter().map(|(validator, ())| validator).collect())
	}
	fn start_session(index: SessionIndex) {
		<Staking as pallet_session::SessionManager<_>>::start_session(index)
	}
	fn end_session(index: SessionIndex) {
		<Staking as pallet_session::SessionManager<_>>::end_session(index)
	}
}

impl historical::SessionManager<AccountId, ()> for EraStakers {
	fn new_session(index: SessionIndex) -> Option<Vec<(AccountId, ())>> {
		Self::with_keys(<Staking as historical::SessionManager<_, _>>::new_session(index))
	}
	fn new_session_genesis(index: SessionIndex) -> Option<Vec<(AccountId, ())>> {
		Self::with_keys(<Staking as historical::SessionManager<_, _>>::new_session_genesis(index))
	}
	fn start_session(index: SessionIndex) {
		<Staking as historical::SessionManager<_, ()>>::start_session(index)
	}
	fn end_session(index: SessionIndex) {
		<Staking as historical::SessionManager<_, ()>>::end_session(index)
	}
}

parameter_types! {
	pub Bounds: ElectionBounds = ElectionBoundsBuilder::default()
		.voters_count(MAX_VOTERS.into())
		.targets_count(MAX_CANDIDATES.into())
		.build();
	pub const BagThresholds: &'static [u64] = &BAGS;
	pub const PoolsPalletId: PalletId = PalletId(*b"open/npl");
	pub const DelegationPalletId: PalletId = PalletId(*b"open/dlg");
	/// Of a slashed delegation, the part that goes to whoever applies the slash.
	pub const SlashReward: Perbill = Perbill::from_percent(1);
}

/// The lower ends of the bags that keep nominators sorted by stake: each bag is twice as wide as
/// the one before.
static BAGS: [u64; 64] = {
	let mut bags = [1; 64];
	let mut bag: usize = 1;
	#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "at compile time")]
	while bag < bags.len() {
		bags[bag] = bags[bag - 1] * 2;
		bag += 1;
	}
	bags
};

/// The election: sequential Phragmén (Brill et al., "Phragmén's voting methods and justified
/// representation", 2017), run on chain over a bounded number of voters and candidates.
pub struct BoundedElection;

impl onchain::Config for BoundedElection {
	type Sort = ConstBool<true>;
	type System = Runtime;
	type Solver = SequentialPhragmen<AccountId, Perbill>;
	type MaxBackersPerWinner = ConstU32<MAX_VOTERS>;
	type MaxWinnersPerPage = ConstU32<MAX_VALIDATORS>;
	type DataProvider = Staking;
	type WeightInfo = crate::weights::Elections<Runtime>;
	type Bounds = Bounds;
}

impl pallet_staking::Config for Runtime {
	type OldCurrency = Balances;
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type CurrencyBalance = Balance;
	type UnixTime = Timestamp;
	type CurrencyToVote = U128CurrencyToVote;
	type ElectionProvider = onchain::OnChainExecution<BoundedElection>;
	type GenesisElectionProvider = Self::ElectionProvider;
	type NominationsQuota = pallet_staking::FixedNominationsQuota<MAX_NOMINATIONS>;
	type HistoryDepth = ConstU32<HISTORY>;
	type RewardRemainder = ResolveTo<TreasuryAccount, Balances>;
	type RuntimeEvent = RuntimeEvent;
	type Slash = ResolveTo<TreasuryAccount, Balances>;
	// Minted by the payout; what validators earned of fees was burned when the era ended.
	type Reward = ();
	type SessionsPerEra = SessionsPerEra<Runtime>;
	type BondingDuration = BondingEras<Runtime>;
	type SlashDeferDuration = SlashDeferEras<Runtime>;
	type AdminOrigin = StakingAdmin;
	type SessionInterface = Self;
	type EraPayout = EarnedAndEmitted;
	type NextNewSession = Session;
	type MaxExposurePageSize = ConstU32<MAX_EXPOSURE_PAGE>;
	type MaxValidatorSet = ConstU32<MAX_VALIDATORS>;
	type VoterList = VoterList;
	type TargetList = pallet_staking::UseValidatorsMap<Self>;
	type MaxUnlockingChunks = ConstU32<32>;
	type MaxControllersInDeprecationBatch = ConstU32<1>;
	type EventListeners = (NominationPools, DelegatedStaking);
	type Filter = PoolMembers;
	type BenchmarkingConfig = BenchmarkSizes;
	type WeightInfo = pallet_staking::weights::SubstrateWeight<Runtime>;
}

/// How large the staking pallet's own benchmarks are.
pub struct BenchmarkSizes;

impl pallet_staking::BenchmarkingConfig for BenchmarkSizes {
	type MaxValidators = ConstU32<MAX_VALIDATORS>;
	type MaxNominators = ConstU32<MAX_VOTERS>;
}

/// Members of a pool, whose money is staked through it and can't be staked twice.
pub struct PoolMembers;

impl Contains<AccountId> for PoolMembers {
	fn contains(who: &AccountId) -> bool {
		pallet_nomination_pools::PoolMembers::<Runtime>::contains_key(who)
	}
}

/// Those who stake on their own, who can't join a pool with the same money.
pub struct OwnStakers;

impl Contains<AccountId> for OwnStakers {
	fn contains(who: &AccountId) -> bool {
		pallet_staking::Bonded::<Runtime>::contains_key(who)
	}
}

/// What an era pays to those who secured it: what their account collected of fees, and new OPEN at
/// the rate that governance set, which is bounded.
///
/// The collected part is burned here and minted again by each payout, so that fees paid to
/// validators leave the supply as it was. Payouts that nobody claims in time stay burned.
pub struct EarnedAndEmitted;

impl EarnedAndEmitted {
	/// New OPEN for an era of so many milliseconds. An era counts for no more than its nominal
	/// length: a chain that stood still has secured nothing meanwhile.
	fn emitted(issuance: Balance, millis: u64) -> Balance {
		let rate = dynamic_params::staking::AnnualEmission::get().min(MAX_EMISSION);
		let slots = <EpochSlots<Runtime> as Get<u64>>::get()
			.saturating_mul(<SessionsPerEra<Runtime> as Get<u32>>::get().into());
		let counted = millis.min(slots.saturating_mul(SLOT_MILLIS));
		sp_runtime::Perquintill::from_rational(counted, YEAR_MILLIS)
			.mul_floor(rate.mul_floor(issuance))
	}

	/// Takes what the validators' account collected.
	fn collect() -> Balance {
		let pot = ValidatorsAccount::get();
		let collected =
			Balances::reducible_balance(&pot, Preservation::Preserve, Fortitude::Polite);
		Balances::burn_from(
			&pot,
			collected,
			Preservation::Preserve,
			Precision::BestEffort,
			Fortitude::Polite,
		)
		.unwrap_or_default()
	}
}

impl sp_staking::EraPayout<Balance> for EarnedAndEmitted {
	fn era_payout(_: Balance, issuance: Balance, millis: u64) -> (Balance, Balance) {
		(Self::collect().saturating_add(Self::emitted(issuance, millis)), 0)
	}
}

type VoterBags = pallet_bags_list::Instance1;

impl pallet_bags_list::Config<VoterBags> for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = pallet_bags_list::weights::SubstrateWeight<Runtime>;
	type ScoreProvider = Staking;
	type BagThresholds = BagThresholds;
	type MaxAutoRebagPerBlock = ConstU32<0>;
	type Score = u64;
}

impl pallet_delegated_staking::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type PalletId = DelegationPalletId;
	type Currency = Balances;
	type OnSlash = ResolveTo<TreasuryAccount, Balances>;
	type SlashRewardFraction = SlashReward;
	type RuntimeHoldReason = RuntimeHoldReason;
	type CoreStaking = Staking;
}

impl pallet_nomination_pools::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = pallet_nomination_pools::weights::SubstrateWeight<Runtime>;
	type Currency = Balances;
	type RuntimeFreezeReason = RuntimeFreezeReason;
	type RewardCounter = FixedU128;
	type PalletId = PoolsPalletId;
	type MaxPointsToBalance = ConstU8<10>;
	type MaxUnbonding = ConstU32<8>;
	type BalanceToU256 = Widen;
	type U256ToBalance = Widen;
	type StakeAdapter = DelegateStake<Self, Staking, DelegatedStaking>;
	type MaxUnbondingPools = ConstU32<{ MAX_BONDING_ERAS + 1 }>;
	type MaxMetadataLen = ConstU32<256>;
	type AdminOrigin = StakingAdmin;
	type BlockNumberProvider = System;
	type Filter = OwnStakers;
}

/// Between balances and the wide numbers that pools multiply in; what is too large saturates.
pub struct Widen;

impl Convert<Balance, U256> for Widen {
	fn convert(amount: Balance) -> U256 {
		amount.into()
	}
}

impl Convert<U256, Balance> for Widen {
	fn convert(amount: U256) -> Balance {
		amount.try_into().unwrap_or(Balance::MAX)
	}
}

/// The least that stands behind a validator of its own, at genesis.
pub const MIN_VALIDATOR_BOND: Balance = 10_000 * OPEN;
/// The least that a nominator stakes on its own, at genesis.
pub const MIN_NOMINATOR_BOND: Balance = 100 * OPEN;
/// The least that opens a pool, at genesis.
pub const MIN_POOL_BOND: Balance = 100 * OPEN;
/// The least that joins one, at genesis.
pub const MIN_JOIN_BOND: Balance = 100 * MILLI;
