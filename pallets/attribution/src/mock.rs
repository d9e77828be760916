//! A runtime in which inference, attribution and rewards work together, over a registry whose
//! models have real trees.

pub mod finding;
mod index;
mod registry;

pub use index::*;
pub use registry::*;

use crate as pallet_attribution;
use crate::{Fault, Target};
use codec::Encode;
use frame_support::{
	PalletId, derive_impl, parameter_types,
	traits::{ConstI32, ConstU32, ConstU128, Hooks, fungible::InspectHold},
	weights::Weight,
};
use frame_system::offchain::{
	AppCrypto, CreateSignedTransaction, CreateTransactionBase, SigningTypes,
};
use openledger_primitives_attribution::{Claim, Refusal};
use openledger_primitives_core::{
	BlockNumber, Hash, ModelId, RequestId,
	model::{Arithmetic, LATEST_ARITHMETIC, ModelStatus, Usage},
	record::{RecordLeaf, RecordRef},
	settlement::FeeSplit,
	traits::{AnsweredRequest, Audits, Clearance, Records},
};
use sp_core::crypto::AccountId32;
use sp_runtime::{
	BuildStorage, DispatchError, DispatchResult, MultiSignature, MultiSigner, Permill,
	generic::UncheckedExtrinsic, traits::IdentityLookup,
};

pub const ED: u128 = 10;
pub const BOND: u128 = 100_000;
pub const RICH: u128 = 1_000_000;
pub const DEPOSIT: u128 = 500;
pub const DEMAND: u128 = 701;
/// What the models' owner loses where an index of its is forged, and the account that it pays from.
pub const STAKE: u128 = 3_001;
pub const PURSE: u8 = 12;
/// Pays records, two of them.
pub const RECORDS: ModelId = 1;
/// Pays contributors, two of them.
pub const CONTRIBUTORS: ModelId = 2;

frame_support::construct_runtime!(
	pub enum Test {
		System: frame_system,
		Balances: pallet_balances,
		Rewards: pallet_rewards,
		Inference: pallet_inference,
		Attribution: pallet_attribution,
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
	pub static Split: FeeSplit = FeeSplit {
		contributors: Permill::from_percent(50),
		owner: Permill::from_percent(20),
		operator: Permill::from_percent(20),
		verifiers: Permill::from_percent(5),
		validators: Permill::from_percent(2),
	};
	pub Treasury: AccountId32 = account(90);
	pub Verifiers: AccountId32 = account(91);
	pub Validators: AccountId32 = account(92);
	pub const MaxExposure: Permill = Permill::one();
	/// The block until which claims are not cleared.
	pub static ClearFrom: u32 = 0;
	/// Before which block audits say that asking for clearance brings nothing.
	pub static NotedUntil: BlockNumber = 0;
	/// How models compute.
	pub static Computed: Arithmetic = Arithmetic::Canonical(LATEST_ARITHMETIC);
	/// The claims that audits were told of, and not told to forget.
	pub static Noted: std::collections::BTreeMap<RequestId, (Hash, Hash)> = Default::default();
	/// The position at which the index is forged, and whom it names.
	pub static Forged: Option<(usize, u8)> = None;
	/// Whether the registry has no index to show.
	pub static Unindexed: bool = false;
	/// The status of models that are not condemned.
	pub static Uncondemned: ModelStatus = ModelStatus::Published;
	/// The number of the next model version; those after the first two pay records too.
	pub static Versions: ModelId = 3;
	/// The most claims that become final in one block.
	pub static DueEach: u32 = 2;
	/// Records that earn nothing.
	pub static Excluded: Vec<RecordRef> = Vec::new();
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
	type MaxModelsPerOperator = ConstU32<2>;
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
	type Settlement = Inference;
	type Audits = Gate;
	type Records = Listed;
	type TreasuryAccount = Treasury;
	type ChallengeDeposit = ConstU128<DEPOSIT>;
	type ChallengeWindow = ConstU32<10>;
	type RevealGrace = ConstU32<5>;
	type FullGain = ConstI32<200>;
	type DemandDeposit = ConstU128<DEMAND>;
	type DemandWindow = ConstU32<20>;
	type MaxDemands = ConstU32<2>;
	type MaxDue = DueEach;
	type WatcherId = pallet_attribution::crypto::WatcherId;
	type AuthorityId = pallet_inference::crypto::AuthorityId;
	type Operators = Inference;
	type NextModel = Versions;
	type SubmissionPeriod = ConstU32<5>;
	type WeightInfo = pallet_attribution::weights::SubstrateWeight<Test>;
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

/// Audits that clear every claim at a block that tests choose.
pub struct Gate;

impl Audits<AccountId32> for Gate {
	fn note(answer: &AnsweredRequest<AccountId32>, claim: Hash, trace: Hash) -> BlockNumber {
		Noted::mutate(|noted| noted.insert(answer.request, (claim, trace)));
		NotedUntil::get()
	}

	fn clearance(_: RequestId) -> Clearance {
		match ClearFrom::get() {
			block if System::block_number() < u64::from(block) => Clearance::Until(block),
			_ => Clearance::Clear,
		}
	}

	fn weight() -> Weight {
		Weight::from_parts(1, 0)
	}

	fn weight_of_clear() -> Weight {
		Self::weight()
	}

	fn forget(claim: RequestId) {
		Noted::mutate(|noted| noted.remove(&claim));
	}

	fn footprint() -> u32 {
		7
	}
}

/// Records of which tests exclude some, by Datanet and place.
pub struct Listed;

impl Records<AccountId32> for Listed {
	fn record(_: RecordRef) -> Option<RecordLeaf<AccountId32>> {
		None
	}

	fn is_excluded(at: RecordRef) -> bool {
		Excluded::get().contains(&at)
	}

	fn dispute(_: RecordRef) -> DispatchResult {
		Err(DispatchError::Unavailable)
	}

	fn settle(_: RecordRef) {}

	fn exclude(_: RecordRef, _: Option<&AccountId32>) -> Result<u128, DispatchError> {
		Err(DispatchError::Unavailable)
	}
}

/// Excludes the record at a position of the index.
pub fn exclude(position: usize) {
	let RecordLeaf { datanet, index, .. } = record(position);
	Excluded::mutate(|all| all.push(RecordRef { datanet, index }));
}

pub fn account(n: u8) -> AccountId32 {
	AccountId32::new([n; 32])
}

pub fn signed(n: u8) -> RuntimeOrigin {
	RuntimeOrigin::signed(account(n))
}

/// A request of `model` by account 5.
pub fn ask(model: ModelId) -> RequestId {
	let id = pallet_inference::NextRequest::<Test>::get();
	let prompt = b"Why is the sky blue?".to_vec().try_into().unwrap();
	Inference::request(signed(5), model, None, prompt, 100, 2_000, 0, [7; 32], 10).unwrap();
	id
}

/// An answer with `claim`: 20 tokens of prompt, 98 of output, 1,000 units, 500 for contributors.
pub fn answer(id: RequestId, claim: Claim<AccountId32>) -> DispatchResult {
	let usage = Usage { prompt: 20, output: 98 };
	let text = b"It scatters.".to_vec().try_into().unwrap();
	frame_support::storage::with_storage_layer(|| {
		Inference::answer(signed(21), id, text, usage, Box::new(claim))
			.map(|_| ())
			.map_err(|refused| refused.error)
	})
}

/// A request answered with `claim`.
pub fn answered(model: ModelId, claim: Claim<AccountId32>) -> Result<RequestId, DispatchError> {
	let id = ask(model);
	answer(id, claim).map(|()| id)
}

const SALT: [u8; 32] = [9; 32];

/// Commits to a challenge of account `n`.
pub fn commit(n: u8, target: Target, fault: &Fault<AccountId32>) -> DispatchResult {
	let commitment = crate::commitment(target, fault, &account(n), &SALT);
	Attribution::commit_challenge(signed(n), target, commitment)
}

/// Opens it.
pub fn reveal(n: u8, target: Target, fault: &Fault<AccountId32>) -> DispatchResult {
	frame_support::storage::with_storage_layer(|| {
		Attribution::open_challenge(signed(n), target, Box::new(fault.clone()), SALT)
	})
}

/// Commits now and opens a block later.
pub fn challenge(n: u8, target: Target, fault: &Fault<AccountId32>) {
	commit(n, target, fault).unwrap();
	go_to(System::block_number() + 1);
	reveal(n, target, fault).unwrap();
}

/// Whether the last thing that happened is that the challenge of account `n` lost its deposit.
pub fn failed(n: u8, target: Target, reason: Refusal) {
	let challenger = account(n);
	System::assert_last_event(
		crate::Event::ChallengeFailed { target, challenger, deposit: DEPOSIT, reason }.into(),
	);
}

pub fn held(n: u8) -> u128 {
	Balances::balance_on_hold(&crate::HoldReason::Challenge.into(), &account(n))
}

pub fn demanded(n: u8) -> u128 {
	Balances::balance_on_hold(&crate::HoldReason::Demand.into(), &account(n))
}

pub fn bond() -> u128 {
	pallet_inference::Operators::<Test>::get(account(1)).unwrap().operator.bond
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
	}
}

/// Whether no unit came or went, and every invariant holds.
pub fn check() {
	Attribution::do_try_state().unwrap();
	Rewards::do_try_state().unwrap();
	let accrued = pallet_rewards::TotalAccrued::<Test>::get();
	assert_eq!(Balances::free_balance(Rewards::account()), ED + accrued);
	assert_eq!(Balances::total_issuance(), 14 * RICH + 2 * ED);
}

/// Operator 1 serves both models with the agent 21; accounts 1 to 12, 21 and the treasury are rich.
pub fn stage() -> sp_io::TestExternalities {
	let mut storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
	pallet_balances::GenesisConfig::<Test> {
		balances: (1..=12).chain([21, 90]).map(|n| (account(n), RICH)).collect(),
		..Default::default()
	}
	.assimilate_storage(&mut storage)
	.unwrap();
	pallet_rewards::GenesisConfig::<Test>::default().assimilate_storage(&mut storage).unwrap();
	let mut ext = sp_io::TestExternalities::new(storage);
	ext.execute_with(|| {
		System::set_block_number(1);
		let endpoint = b"http://127.0.0.1:9955".to_vec().try_into().unwrap();
		Inference::register_operator(signed(1), account(21), BOND, endpoint, 32).unwrap();
		Inference::serve(signed(1), vec![RECORDS, CONTRIBUTORS].try_into().unwrap()).unwrap();
	});
	ext
}

/// A test on that stage.
pub fn chain(test: impl FnOnce()) {
	stage().execute_with(|| {
		test();
		check();
	});
}
