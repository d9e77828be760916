//! A runtime in which inference, attribution, receipts and rewards work together: over a registry
//! with real trees, with real keys, and with lots that tests steer.

mod book;
mod registry;
#[cfg(feature = "runtime-benchmarks")]
mod stage;

pub use book::{
	Book, commit, dispatch, private_session, reveal, session, session_on, show_all, sign,
};
pub use registry::{Registered, claim, forgery, open, shown, silent};

use crate as pallet_receipts;
use codec::Encode;
use frame_support::{
	PalletId, derive_impl, parameter_types,
	traits::{
		ConstI32, ConstU32, ConstU128, Hooks, LinearStoragePrice,
		fungible::{HoldConsideration, InspectHold},
	},
	weights::Weight,
};
use frame_system::offchain::{
	AppCrypto, CreateSignedTransaction, CreateTransactionBase, SigningTypes,
};
use openledger_primitives_core::{
	BlockNumber, Hash, ModelId, RequestId, RoundId,
	draw::Routed,
	model::{Arithmetic, LATEST_ARITHMETIC, ModelStatus},
	settlement::FeeSplit,
	traits::{self, AnsweredRequest, Clearance, Lots},
};
use openledger_primitives_receipts::draw;
use sp_core::{Pair, crypto::AccountId32, sr25519};
use sp_runtime::{
	BuildStorage, MultiSignature, MultiSigner, Permill, generic::UncheckedExtrinsic,
	traits::IdentityLookup,
};
use std::collections::BTreeMap;

pub const ED: u128 = 10;
pub const BOND: u128 = 100_000;
pub const RICH: u128 = 1_000_000;
/// The model version that everything is about.
pub const MODEL: ModelId = 1;
/// Another one that the operators serve.
pub const OTHER: ModelId = 2;
/// How many they serve, from 1 on.
pub const VERSIONS: ModelId = 6;
/// The operator, and the agent that answers for it.
pub const OPERATOR: u8 = 1;
pub const AGENT: u8 = 21;
/// Another operator with its agent.
pub const RIVAL: u8 = 2;
pub const RIVALS_AGENT: u8 = 22;

frame_support::construct_runtime!(
	pub enum Test {
		System: frame_system,
		Balances: pallet_balances,
		Rewards: pallet_rewards,
		Inference: pallet_inference,
		Attribution: pallet_attribution,
		Receipts: pallet_receipts,
	}
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = frame_system::mocking::MockBlock<Test>;
	type AccountId = AccountId32;
	type Lookup = IdentityLookup<AccountId32>;
	type AccountData = pallet_balances::AccountData<u128>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type Balance = u128;
	type AccountStore = System;
	type ExistentialDeposit = ConstU128<ED>;
}

parameter_types! {
	pub const RewardsPalletId: PalletId = PalletId(*b"ol/rewrd");
	pub const Split: FeeSplit = FeeSplit {
		contributors: Permill::from_percent(50),
		owner: Permill::from_percent(20),
		operator: Permill::from_percent(20),
		verifiers: Permill::from_percent(5),
		validators: Permill::from_percent(2),
	};
	pub Treasury: AccountId32 = account(90);
	pub Verifiers: AccountId32 = account(91);
	pub Validators: AccountId32 = account(92);
	pub const MaxExposure: Permill = Permill::from_percent(50);
	pub const SessionReason: RuntimeHoldReason =
		RuntimeHoldReason::Receipts(pallet_receipts::HoldReason::SessionDeposit);
	pub const BatchReason: RuntimeHoldReason =
		RuntimeHoldReason::Receipts(pallet_receipts::HoldReason::BatchDeposit);
	pub static Draws: u8 = 4;
	pub static Open: bool = true;
	pub static MinDraw: u128 = 25;
	pub static PromptPrice: u128 = 1_000;
	pub static Status: ModelStatus = ModelStatus::Published;
	pub static Computed: Arithmetic = Arithmetic::Canonical(LATEST_ARITHMETIC);
	/// The position at which the models' index is forged.
	pub static Forged: Option<usize> = None;
	/// Of what was noted for audits, what is private.
	pub static Noted: BTreeMap<RequestId, bool> = BTreeMap::new();
	/// The round that is under way, and the seeds that are known.
	pub static Round: RoundId = 7;
	pub static Seeds: BTreeMap<RoundId, Hash> = BTreeMap::new();
	/// In how many blocks lots say that any seed will be known.
	pub static Ahead: BlockNumber = 2;
	pub static MaxDue: u32 = 2;
}

impl pallet_rewards::Config for Test {
	type Currency = Balances;
	type PalletId = RewardsPalletId;
	type Split = Split;
	type TreasuryAccount = Treasury;
	type VerifiersAccount = Verifiers;
	type ValidatorsAccount = Validators;
	type Voice = ();
	type PayeeConsideration = ();
	type AccountConsideration = ();
	type WeightInfo = pallet_rewards::weights::SubstrateWeight<Test>;
}

impl pallet_inference::Config for Test {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type OperatorConsideration = ();
	type RequestConsideration = ();
	type Models = Registered;
	type Attribution = Attribution;
	type Rewards = Rewards;
	type AuthorityId = pallet_inference::crypto::AuthorityId;
	type TreasuryAccount = Treasury;
	type MaxExposure = MaxExposure;
	type MinBond = ConstU128<100>;
	type UnbondingPeriod = ConstU32<20>;
	type MinFee = ConstU128<5>;
	type MinDeadline = ConstU32<3>;
	type MaxDeadline = ConstU32<50>;
	type MaxMissed = ConstU32<2>;
	type MissPenalty = ConstU128<1_000>;
	type MaxTokens = ConstU32<256>;
	type MaxTemplate = ConstU32<100>;
	type MaxCapacity = ConstU32<32>;
	type MaxOperatorsPerModel = ConstU32<3>;
	type MaxModelsPerOperator = ConstU32<VERSIONS>;
	type MaxExpiries = ConstU32<64>;
	type SubmissionPeriod = ConstU32<5>;
	type WeightInfo = pallet_inference::weights::SubstrateWeight<Test>;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = Registered;
}

impl pallet_attribution::Config for Test {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Models = Registered;
	type Settlement = Routed<Inference, Receipts>;
	type Audits = Ear;
	type Records = ();
	type TreasuryAccount = Treasury;
	type ChallengeDeposit = ConstU128<500>;
	type ChallengeWindow = ConstU32<10>;
	type RevealGrace = ConstU32<5>;
	type FullGain = ConstI32<200>;
	type DemandDeposit = ConstU128<500>;
	type DemandWindow = ConstU32<20>;
	type MaxDemands = ConstU32<2>;
	type MaxDue = ConstU32<64>;
	type WatcherId = pallet_attribution::crypto::WatcherId;
	type AuthorityId = pallet_inference::crypto::AuthorityId;
	type Operators = Inference;
	type NextModel = ConstU32<3>;
	type SubmissionPeriod = ConstU32<5>;
	type WeightInfo = pallet_attribution::weights::SubstrateWeight<Test>;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = Registered;
}

/// What would audit.
pub struct Ear;

impl traits::Audits<AccountId32> for Ear {
	fn note(answer: &AnsweredRequest<AccountId32>, _: Hash, _: Hash) -> BlockNumber {
		Noted::mutate(|noted| noted.insert(answer.request, answer.private));
		0
	}

	fn clearance(_: RequestId) -> Clearance {
		Clearance::Clear
	}

	fn weight() -> Weight {
		Weight::zero()
	}

	fn weight_of_clear() -> Weight {
		Weight::zero()
	}

	fn forget(_: RequestId) {}

	fn footprint() -> u32 {
		0
	}
}

impl pallet_receipts::Config for Test {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type SessionConsideration = HoldConsideration<
		AccountId32,
		Balances,
		SessionReason,
		LinearStoragePrice<ConstU128<10>, ConstU128<1>, u128>,
	>;
	type BatchConsideration = HoldConsideration<
		AccountId32,
		Balances,
		BatchReason,
		LinearStoragePrice<ConstU128<10>, ConstU128<1>, u128>,
	>;
	type Models = Registered;
	type Operators = Inference;
	type Lots = Drum;
	type Attribution = Attribution;
	type Rewards = Rewards;
	type Bonds = Inference;
	type AuthorityId = pallet_inference::crypto::AuthorityId;
	type TreasuryAccount = Treasury;
	type MinDraw = MinDraw;
	type Draws = Draws;
	type Open = Open;
	type RevealPeriod = ConstU32<10>;
	type ClosePeriod = ConstU32<5>;
	type BatchPeriod = ConstU32<20>;
	type SubmissionPeriod = ConstU32<5>;
	type MaxDuration = ConstU32<1_000>;
	type MissPenalty = ConstU128<50>;
	type MissFactor = ConstU32<3>;
	type MaxVouchers = ConstU32<4>;
	type MaxDue = MaxDue;
	type WeightInfo = pallet_receipts::weights::SubstrateWeight<Test>;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = Registered;
}

pub type Extrinsic =
	UncheckedExtrinsic<AccountId32, RuntimeCall, MultiSignature, frame_system::CheckNonce<Test>>;

impl SigningTypes for Test {
	type Public = MultiSigner;
	type Signature = MultiSignature;
}

impl<LocalCall> CreateTransactionBase<LocalCall> for Test
where
	RuntimeCall: From<LocalCall>,
{
	type Extrinsic = Extrinsic;
	type RuntimeCall = RuntimeCall;
}

impl<LocalCall> CreateSignedTransaction<LocalCall> for Test
where
	RuntimeCall: From<LocalCall>,
{
	fn create_signed_transaction<C: AppCrypto<MultiSigner, MultiSignature>>(
		call: RuntimeCall,
		public: MultiSigner,
		account: AccountId32,
		nonce: u32,
	) -> Option<Extrinsic> {
		let signature = C::sign(&(&call, nonce).encode(), public)?;
		Some(Extrinsic::new_signed(call, account, signature, frame_system::CheckNonce::from(nonce)))
	}
}

/// Lots that tests turn.
pub struct Drum;

impl Lots for Drum {
	fn round() -> RoundId {
		Round::get()
	}

	fn seed(round: RoundId) -> Option<Hash> {
		Seeds::get().get(&round).copied()
	}

	fn known_from(_: RoundId) -> BlockNumber {
		(System::block_number() as BlockNumber).saturating_add(Ahead::get())
	}

	fn kept() -> RoundId {
		8
	}
}

/// Ends the round under way and the next, with this seed for what was committed in the first.
pub fn spin(seed: Hash) {
	let round = Round::get();
	Seeds::mutate(|seeds| seeds.insert(round, seed));
	Round::set(round + 2);
}

/// A seed by which draw 0 of the next batch takes `unit` of `total`.
pub fn seed_for(unit: u128, total: u128) -> Hash {
	let batch = crate::NextBatch::<Test>::get();
	(0..)
		.map(Hash::from_low_u64_be)
		.find(|seed| draw::unit(seed, batch, 0, total) == Some(unit))
		.unwrap()
}

pub fn pair(n: u8) -> sr25519::Pair {
	sr25519::Pair::from_seed(&[n; 32])
}

pub fn account(n: u8) -> AccountId32 {
	pair(n).public().into()
}

pub fn signed(n: u8) -> RuntimeOrigin {
	RuntimeOrigin::signed(account(n))
}

/// What is in escrow or unsettled of an account.
pub fn held(n: u8) -> u128 {
	Balances::balance_on_hold(&crate::HoldReason::Escrow.into(), &account(n))
}

pub fn deposit(reason: crate::HoldReason, n: u8) -> u128 {
	Balances::balance_on_hold(&reason.into(), &account(n))
}

pub fn free(n: u8) -> u128 {
	Balances::free_balance(account(n))
}

pub fn bond(n: u8) -> u128 {
	pallet_inference::Operators::<Test>::get(account(n)).unwrap().operator.bond
}

pub fn accrued(n: u8) -> u128 {
	Rewards::rewards(&account(n)).accrued
}

/// Goes to block `block`, with all the weight in the world for idle work at its end.
pub fn go_to(block: u64) {
	while System::block_number() < block {
		System::set_block_number(System::block_number() + 1);
		Inference::on_idle(System::block_number(), Weight::MAX);
		Attribution::on_idle(System::block_number(), Weight::MAX);
		Receipts::on_idle(System::block_number(), Weight::MAX);
	}
}

pub fn skip(blocks: u64) {
	go_to(System::block_number() + blocks);
}

/// Whether no unit came or went, and every invariant holds.
pub fn check() {
	Receipts::do_try_state().unwrap();
	Attribution::do_try_state().unwrap();
	Inference::do_try_state().unwrap();
	Rewards::do_try_state().unwrap();
	let accrued = pallet_rewards::TotalAccrued::<Test>::get();
	assert_eq!(Balances::free_balance(Rewards::account()), ED + accrued);
	assert_eq!(Balances::total_issuance(), 10 * RICH + 2 * ED);
	// What unsettled batches stand for is what bonds stand behind.
	for n in [OPERATOR, RIVAL] {
		let unsettled: u128 = crate::Batches::<Test>::iter_values()
			.filter(|batch| batch.operator == account(n) && !batch.concluded)
			.map(|batch| batch.total)
			.sum();
		assert_eq!(pallet_inference::Exposed::<Test>::get(account(n)), unsettled);
	}
	let in_use: u32 = (1..=VERSIONS).map(open).sum();
	assert_eq!(crate::Sessions::<Test>::iter().count() as u32, in_use);
}

/// Both operators bond, and serve both model versions.
pub fn operate() {
	for (operator, agent) in [(OPERATOR, AGENT), (RIVAL, RIVALS_AGENT)] {
		let endpoint = b"http://127.0.0.1:9955".to_vec().try_into().unwrap();
		Inference::register_operator(signed(operator), account(agent), BOND, endpoint, 32).unwrap();
		let versions = (1..=VERSIONS).collect::<Vec<_>>().try_into().unwrap();
		Inference::serve(signed(operator), versions).unwrap();
	}
}

/// Both operators serve both model versions; the accounts 1 to 7, the agents and the treasury are
/// rich.
pub fn unchecked() -> sp_io::TestExternalities {
	let mut storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
	let rich = (1..=7).chain([AGENT, RIVALS_AGENT, 90]);
	pallet_balances::GenesisConfig::<Test> {
		balances: rich.map(|n| (account(n), RICH)).collect(),
		..Default::default()
	}
	.assimilate_storage(&mut storage)
	.unwrap();
	pallet_rewards::GenesisConfig::<Test>::default().assimilate_storage(&mut storage).unwrap();
	let mut ext = sp_io::TestExternalities::new(storage);
	let keystore = sp_keystore::testing::MemoryKeystore::new();
	ext.register_extension(sp_keystore::KeystoreExt::new(keystore));
	ext.execute_with(|| {
		frame_system::BlockHash::<Test>::insert(0, Hash::repeat_byte(0xab));
		System::set_block_number(1);
		operate();
	});
	ext
}

pub fn chain(test: impl FnOnce()) {
	chain_of(4, 25, test);
}

/// The state that [`chain_of`] begins with.
pub fn start(draws: u8, least: u128) -> sp_io::TestExternalities {
	Draws::set(draws);
	MinDraw::set(least);
	Round::set(7);
	Ahead::set(2);
	MaxDue::set(2);
	Seeds::set(BTreeMap::new());
	Status::set(ModelStatus::Published);
	Forged::set(None);
	Noted::set(BTreeMap::new());
	PromptPrice::set(1_000);
	unchecked()
}

/// A chain on which a batch has so many draws at most, each of which decides at least so much.
pub fn chain_of(draws: u8, least: u128, test: impl FnOnce()) {
	start(draws, least).execute_with(|| {
		test();
		check();
	});
}
