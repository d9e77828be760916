//! A runtime of balances and audits, with lots, claims, operators and payments of its own that tests
//! steer and look at.

mod draws;
mod findings;
mod records;

pub use draws::*;
pub use findings::*;
pub use records::*;

use crate as pallet_audits;
use crate::{Audits, Stage};
use codec::Encode;
use frame_support::{
	derive_impl, parameter_types,
	traits::{
		ConstU32, ConstU128, Hooks, LinearStoragePrice,
		fungible::{HoldConsideration, InspectHold},
	},
	weights::Weight,
};
use frame_system::{
	EnsureRoot,
	offchain::{AppCrypto, CreateSignedTransaction, CreateTransactionBase, SigningTypes},
};
use openledger_primitives_attribution::{
	Claim,
	audit::{self, Level, Traces},
};
use openledger_primitives_core::{
	Balance, BlockNumber, Hash, ModelId, RequestId, RoundId, Sketch,
	model::{Assurance, Usage},
	subject::version_id,
	traits::{self, AnsweredRequest, CommittedVersion, Versions as _},
};
use openledger_primitives_inference::job::Job;
use sp_core::crypto::AccountId32;
use sp_runtime::{
	BuildStorage, DispatchResult, MultiSignature, MultiSigner, Permill,
	generic::UncheckedExtrinsic, traits::IdentityLookup,
};
use std::collections::BTreeMap;

pub const BOND: Balance = 1_000;
pub const RICH: Balance = 1_000_000;
/// The claim, its operator, the weights and the amount.
pub type Restoration = (RequestId, AccountId32, Vec<(AccountId32, u64)>, Balance);
/// What an appeal holds: thrice the fee.
pub const DEPOSIT: Balance = 3 * FEE;
pub const FEE: Balance = 40;
/// What a dispute holds: more than an appeal, and an odd number.
pub const DISPUTE: Balance = 501;
pub const COMMIT: u32 = 10;
pub const REVEAL: u32 = 5;
pub const WINDOW: u32 = 8;
/// The claim that most tests audit.
pub const CLAIM: RequestId = 7;
/// The model version that most tests audit, and the number of its audit.
pub const MODEL: ModelId = 3;
pub const VERSION: RequestId = version_id(MODEL);
/// Who owns it.
pub const OWNER: u8 = 2;
/// What stands behind it.
pub const INDEX_BOND: Balance = 5_000;
/// What a seat is paid.
pub const SEAT: Balance = 3;
pub const EXAMINE: u32 = 25;
/// The first of the accounts that verify.
pub const FIRST: u8 = 10;

frame_support::construct_runtime!(
	pub enum Test {
		System: frame_system,
		Balances: pallet_balances,
		Verification: pallet_audits,
		Datanets: pallet_datanets,
		Duplicates: pallet_duplicates,
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
	type ExistentialDeposit = ConstU128<10>;
}

/// How far a claim is that is not this pallet's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
	Open,
	Replaced(Claim<AccountId32>),
	Discredited,
	Rejected,
}

parameter_types! {
	pub Treasury: AccountId32 = account(90);
	pub const VerifierReason: RuntimeHoldReason =
		RuntimeHoldReason::Verification(pallet_audits::HoldReason::VerifierDeposit);
	pub static Rate: Permill = Permill::one();
	pub static DisputeDeposit: Balance = DISPUTE;
	pub static ModelsRate: Permill = Permill::one();
	/// What is known of versions.
	pub static Assured: BTreeMap<ModelId, Assurance> = BTreeMap::new();
	/// Which were found false, and who was rewarded with how much at most.
	pub static Condemned: Vec<(ModelId, Vec<AccountId32>, Balance)> = Vec::new();
	pub const Fine: Permill = Permill::from_percent(2);
	pub const CanaryLoss: Permill = Permill::from_percent(10);
	pub static Round: RoundId = 4;
	pub static Seeds: BTreeMap<RoundId, Hash> = BTreeMap::new();
	/// In how many blocks lots say that any seed will be known.
	pub static Ahead: BlockNumber = 2;
	pub static States: BTreeMap<RequestId, State> = BTreeMap::new();
	/// What was taken from operators, and who was rewarded.
	pub static Slashed: Vec<(AccountId32, Balance, Vec<AccountId32>)> = Vec::new();
	/// Whom operators' bonds compensated, by which weights, and with how much.
	pub static Restored: Vec<Restoration> = Vec::new();
	/// What verifiers were paid.
	pub static Paid: BTreeMap<AccountId32, Balance> = BTreeMap::new();
	/// Who answers for the operator 1.
	pub static OperatorsAgent: AccountId32 = account(30);
	pub static JobOf: Option<Job> = None;
}

impl pallet_audits::Config for Test {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type VerifierConsideration = HoldConsideration<
		AccountId32,
		Balances,
		VerifierReason,
		LinearStoragePrice<ConstU128<10>, ConstU128<1>, u128>,
	>;
	type Lots = Draws;
	type Operators = Draws;
	type Claims = Draws;
	type Versions = Draws;
	type Pairs = Duplicates;
	type Settlement = Draws;
	type Rewards = Draws;
	type Jobs = Draws;
	type AuthorityId = Key;
	type TreasuryAccount = Treasury;
	type ResolveOrigin = EnsureRoot<AccountId32>;
	type Rate = Rate;
	type ModelsRate = ModelsRate;
	type Leaves = ConstU32<8>;
	type ExaminePeriod = ConstU32<EXAMINE>;
	type MinBond = ConstU128<100>;
	type UnbondingPeriod = ConstU32<20>;
	type CommitPeriod = ConstU32<COMMIT>;
	type RevealPeriod = ConstU32<REVEAL>;
	type AppealWindow = ConstU32<WINDOW>;
	type CorrectionPeriod = ConstU32<6>;
	type AppealFactor = ConstU32<3>;
	type DisputeDeposit = DisputeDeposit;
	type SeatReward = ConstU128<SEAT>;
	type Fine = Fine;
	type CanaryLoss = CanaryLoss;
	type PenaltyFactor = ConstU32<20>;
	type MinPenalty = ConstU128<100>;
	type LookAgain = ConstU32<2>;
	type MaxVerifiers = ConstU32<16>;
	type MaxDuties = ConstU32<6>;
	type MaxDue = ConstU32<2>;
	type SubmissionPeriod = ConstU32<5>;
	type WeightInfo = pallet_audits::weights::SubstrateWeight<Test>;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = Draws;
}

/// The key of the off-chain worker.
pub struct Key;

mod app {
	use openledger_primitives_inference::OPERATOR_KEY_TYPE;
	use sp_runtime::app_crypto::{app_crypto, sr25519};

	app_crypto!(sr25519, OPERATOR_KEY_TYPE);
}

impl AppCrypto<MultiSigner, MultiSignature> for Key {
	type RuntimeAppPublic = app::Public;
	type GenericPublic = sp_core::sr25519::Public;
	type GenericSignature = sp_core::sr25519::Signature;
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

pub fn account(n: u8) -> AccountId32 {
	AccountId32::new([n; 32])
}

pub fn signed(n: u8) -> RuntimeOrigin {
	RuntimeOrigin::signed(account(n))
}

/// The agent of the verifier `n`.
pub fn agent(n: u8) -> u8 {
	n + 100
}

pub fn register(n: u8, bond: Balance) {
	Verification::register_verifier(signed(n), account(agent(n)), bond).unwrap();
}

pub fn claim(gain: i32) -> Claim<AccountId32> {
	Claim {
		sketch: Sketch::truncate_from(vec![1; 16]),
		gain,
		trace: audit::sealed(&audit::seals(&subject(), &traces(gain))),
		contributors: Default::default(),
		contributors_proof: Default::default(),
		records: Default::default(),
		records_proof: Default::default(),
		found: None,
	}
}

/// The claim that execution comes to.
pub fn truth() -> Claim<AccountId32> {
	claim(100)
}

pub fn subject() -> Hash {
	Hash::repeat_byte(0x51)
}

pub fn traces(gain: i32) -> Traces {
	audit::traces(&gain)
}

pub fn answer(request: RequestId) -> AnsweredRequest<AccountId32> {
	AnsweredRequest {
		request,
		model: 1,
		payer: account(5),
		operator: account(1),
		usage: Usage { prompt: 3, output: 4 },
		answer: openledger_primitives_core::record::content_hash(b"It scatters."),
		subject: subject(),
		fee: FEE,
		private: false,
	}
}

pub fn open(request: RequestId) {
	States::mutate(|states| states.insert(request, State::Open));
}

/// An operator's claim on the request, noted.
pub fn noted(request: RequestId, claim: &Claim<AccountId32>) {
	open(request);
	let digest = audit::digest(claim);
	<Verification as traits::Audits<AccountId32>>::note(&answer(request), digest, claim.trace);
}

/// An operator's claim on the request in a private session, noted.
pub fn noted_privately(request: RequestId, claim: &Claim<AccountId32>) {
	open(request);
	let answer = AnsweredRequest { private: true, ..answer(request) };
	let digest = audit::digest(claim);
	<Verification as traits::Audits<AccountId32>>::note(&answer, digest, claim.trace);
}

/// Ends the round, with a seed made of `n`.
pub fn lots(n: u32) {
	let round = Round::get();
	Seeds::mutate(|seeds| seeds.insert(round, Hash(n.using_encoded(sp_io::hashing::blake2_256))));
	Round::set(round + 2);
}

pub fn clearance(request: RequestId) -> traits::Clearance {
	<Verification as traits::Audits<AccountId32>>::clearance(request)
}

/// Asks whether a claim is clear, and has the committee drawn that it is not clear for.
pub fn drawn(request: RequestId) -> DispatchResult {
	assert!(matches!(clearance(request), traits::Clearance::Until(_)));
	frame_support::storage::with_storage_layer(|| Verification::advance(signed(9), request))
}

/// Audits `CLAIM`, on which the operator claims `claimed`; returns the committee.
pub fn called(claimed: &Claim<AccountId32>) -> Vec<u8> {
	noted(CLAIM, claimed);
	lots(1);
	assert!(matches!(clearance(CLAIM), traits::Clearance::Until(_)));
	Verification::advance(signed(9), CLAIM).unwrap();
	sitting()
}

/// Asks for the audit of [`MODEL`], for `times` the fee.
pub fn ask(times: u32) -> DispatchResult {
	ask_of(MODEL, times)
}

/// Asks for the audit of a version, for `times` the fee.
pub fn ask_of(model: ModelId, times: u32) -> DispatchResult {
	let version = CommittedVersion { model, owner: account(OWNER), bond: INDEX_BOND };
	frame_support::storage::with_storage_layer(|| {
		<Verification as traits::Examinations<AccountId32>>::ask(version, times)?;
		Draws::assure(model, Assurance::Waiting);
		Ok(())
	})
}

/// Asks for the audit of [`MODEL`] and has its committee drawn; returns it.
pub fn examined(times: u32) -> Vec<u8> {
	ask(times).unwrap();
	lots(1);
	Verification::advance(signed(9), VERSION).unwrap();
	sitting_in(VERSION)
}

/// Who sits in the committee that sits now.
pub fn sitting() -> Vec<u8> {
	sitting_in(CLAIM)
}

pub fn sitting_in(id: RequestId) -> Vec<u8> {
	let audit = Audits::<Test>::get(id).unwrap();
	let seats = audit.seats.iter().filter(|seat| seat.level == audit.level);
	seats.map(|seat| AsRef::<[u8; 32]>::as_ref(&seat.verifier)[0]).collect()
}

pub fn level() -> Level {
	level_of(CLAIM)
}

pub fn level_of(id: RequestId) -> Level {
	Audits::<Test>::get(id).unwrap().level
}

pub fn stage() -> Stage {
	stage_of(CLAIM)
}

pub fn stage_of(id: RequestId) -> Stage {
	Audits::<Test>::get(id).unwrap().stage
}

pub fn held(reason: pallet_audits::HoldReason, n: u8) -> Balance {
	Balances::balance_on_hold(&reason.into(), &account(n))
}

pub fn bond(n: u8) -> Balance {
	crate::Verifiers::<Test>::get(account(n)).unwrap().bond
}

pub fn paid(n: u8) -> Balance {
	Paid::get().get(&account(n)).copied().unwrap_or(0)
}

pub fn state() -> State {
	States::get()[&CLAIM].clone()
}

/// Goes `blocks` on, with all the weight in the world for idle work at the end of each.
pub fn wait(blocks: u32) {
	for _ in 0..blocks {
		System::set_block_number(System::block_number() + 1);
		Verification::on_idle(System::block_number(), Weight::MAX);
	}
}

/// Whether no unit came or went but what was burned, and every invariant holds.
pub fn check() {
	Verification::do_try_state().unwrap();
	Duplicates::do_try_state().unwrap();
	Datanets::do_try_state().unwrap();
	assert_eq!(Balances::total_issuance(), 30 * RICH - Burned::get());
}

/// Externalities in which accounts 1 to 29 and the treasury are rich.
pub fn unchecked() -> sp_io::TestExternalities {
	let mut storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
	pallet_balances::GenesisConfig::<Test> {
		balances: (1..=29).chain([90]).map(|n| (account(n), RICH)).collect(),
		..Default::default()
	}
	.assimilate_storage(&mut storage)
	.unwrap();
	let mut ext = sp_io::TestExternalities::new(storage);
	ext.execute_with(|| System::set_block_number(1));
	Round::set(4);
	Ahead::set(2);
	Rate::set(Permill::one());
	DisputeDeposit::set(DISPUTE);
	ModelsRate::set(Permill::one());
	Assured::set(BTreeMap::new());
	Condemned::set(Vec::new());
	Seeds::set(BTreeMap::new());
	States::set(BTreeMap::new());
	Slashed::set(Vec::new());
	Restored::set(Vec::new());
	Paid::set(BTreeMap::new());
	JobOf::set(None);
	Challengeable::set(true);
	Burned::set(0);
	ext
}

/// A chain with `verifiers` of equal bonds, from [`FIRST`] on.
pub fn chain(verifiers: u8, test: impl FnOnce()) {
	unchecked().execute_with(|| {
		for n in FIRST..FIRST + verifiers {
			register(n, BOND);
		}
		test();
		check();
	});
}
