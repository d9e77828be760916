//! A runtime of balances, rewards and inference, with a model registry and an attribution of its
//! own that tests can steer.

use crate as pallet_inference;
use codec::{Decode, Encode};
use frame_support::{
	PalletId, derive_impl, parameter_types,
	storage::unhashed,
	traits::{
		ConstU32, ConstU128, Hooks, LinearStoragePrice,
		fungible::{HoldConsideration, Inspect},
	},
	weights::Weight,
};
use frame_system::offchain::{
	AppCrypto, CreateSignedTransaction, CreateTransactionBase, SigningTypes,
};
use openledger_primitives_attribution::Claim;
use openledger_primitives_core::{
	Endpoint, Hash, ModelId, Prompt, RequestId, Sketch,
	model::{
		Arithmetic, IndexCommitment, LATEST_ARITHMETIC, Method, ModelStatus, PayBy, Price, Usage,
	},
	record::Snapshot,
	settlement::{Distribution, FeeSplit},
	traits::{AnsweredRequest, Attribution, Models, ServedModel},
};
use sp_core::crypto::AccountId32;
use sp_runtime::{
	BuildStorage, DispatchError, DispatchResult, MultiSignature, MultiSigner, Permill,
	generic::UncheckedExtrinsic, traits::IdentityLookup,
};
use std::collections::BTreeMap;

pub const ED: u128 = 10;
pub const BOND: u128 = 10_000;
pub const RICH: u128 = 1_000_000;

frame_support::construct_runtime!(
	pub enum Test {
		System: frame_system,
		Balances: pallet_balances,
		Rewards: pallet_rewards,
		Inference: pallet_inference,
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
	pub const OperatorReason: RuntimeHoldReason =
		RuntimeHoldReason::Inference(pallet_inference::HoldReason::OperatorDeposit);
	pub const RequestReason: RuntimeHoldReason =
		RuntimeHoldReason::Inference(pallet_inference::HoldReason::RequestDeposit);
	/// Model versions, by number.
	pub static Registry: BTreeMap<ModelId, ServedModel<AccountId32>> =
		BTreeMap::from([(1, model(ModelStatus::Published)), (2, model(ModelStatus::Deprecated))]);
	/// Whether claims are refused.
	pub static Refuse: bool = false;
	pub static MaxMissed: u32 = 2;
	pub static MaxExposure: Permill = Permill::one();
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
	type OperatorConsideration = HoldConsideration<
		AccountId32,
		Balances,
		OperatorReason,
		LinearStoragePrice<ConstU128<10>, ConstU128<1>, u128>,
	>;
	type RequestConsideration = HoldConsideration<
		AccountId32,
		Balances,
		RequestReason,
		LinearStoragePrice<ConstU128<10>, ConstU128<1>, u128>,
	>;
	type Models = Registered;
	type Attribution = Claims;
	type Rewards = Rewards;
	type AuthorityId = pallet_inference::crypto::AuthorityId;
	type TreasuryAccount = Treasury;
	type MaxExposure = MaxExposure;
	type MinBond = ConstU128<BOND>;
	type UnbondingPeriod = ConstU32<20>;
	type MinFee = ConstU128<5>;
	type MinDeadline = ConstU32<3>;
	type MaxDeadline = ConstU32<50>;
	type MaxMissed = MaxMissed;
	type MissPenalty = ConstU128<1_000>;
	type MaxTokens = ConstU32<256>;
	type MaxTemplate = ConstU32<100>;
	type MaxCapacity = ConstU32<4>;
	type MaxOperatorsPerModel = ConstU32<3>;
	type MaxModelsPerOperator = ConstU32<2>;
	type MaxExpiries = ConstU32<3>;
	type SubmissionPeriod = ConstU32<5>;
	type WeightInfo = pallet_inference::weights::SubstrateWeight<Test>;
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
		let extension = frame_system::CheckNonce::from(nonce);
		Some(Extrinsic::new_signed(call, account, signature, extension))
	}
}

/// The registry: terms from [`Registry`], open requests and earnings in the chain's state.
pub struct Registered;

pub fn open(model: ModelId) -> u32 {
	unhashed::get_or_default(&(b"open", model).encode())
}

pub fn fees(model: ModelId) -> u128 {
	unhashed::get_or_default(&(b"fees", model).encode())
}

impl Models<AccountId32> for Registered {
	fn served(model: ModelId) -> Option<ServedModel<AccountId32>> {
		Registry::get().get(&model).cloned()
	}

	fn acquire(model: ModelId) -> DispatchResult {
		unhashed::put(&(b"open", model).encode(), &(open(model) + 1));
		Ok(())
	}

	fn release(model: ModelId) {
		unhashed::put(&(b"open", model).encode(), &(open(model) - 1));
	}

	fn is_in_use(model: ModelId) -> bool {
		open(model) > 0
	}

	fn condemned(model: ModelId) -> Option<bool> {
		Registry::get().get(&model).map(|served| served.status == ModelStatus::Condemned)
	}

	fn condemn(_: ModelId, _: &AccountId32) -> Result<u128, DispatchError> {
		Err(DispatchError::Other("nobody challenges here"))
	}

	fn earned(model: ModelId, distribution: &Distribution<AccountId32>) {
		unhashed::put(&(b"fees", model).encode(), &(fees(model) + distribution.fee));
	}
}

#[cfg(feature = "runtime-benchmarks")]
impl pallet_inference::benchmarking::Helper<AccountId32> for Registered {
	fn published() -> ModelId {
		let next = Registry::get().len() as u32 + 1;
		Registry::mutate(|all| all.insert(next, model(ModelStatus::Published)));
		next
	}

	fn claim(_: ModelId, _: &AccountId32, _: u32) -> Claim<AccountId32> {
		claim()
	}

	fn finalize(request: RequestId) {
		use openledger_primitives_core::traits::Settlement;
		Inference::settle(request, &[], Permill::one()).unwrap();
	}
}

/// An attribution that keeps what it is given, and refuses all when told to.
pub struct Claims;

pub fn submitted(request: RequestId) -> Option<(u128, AccountId32)> {
	unhashed::get(&(b"claim", request).encode())
}

impl Attribution<AccountId32> for Claims {
	type Claim = Claim<AccountId32>;

	fn submit(answer: AnsweredRequest<AccountId32>, _: Self::Claim) -> DispatchResult {
		if Refuse::get() {
			return Err(DispatchError::Other("refused"));
		}
		unhashed::put(&(b"claim", answer.request).encode(), &(answer.fee, answer.payer));
		Ok(())
	}

	fn footprint() -> u32 {
		100
	}

	fn forget(request: RequestId) {
		unhashed::kill(&(b"claim", request).encode());
	}
}

pub fn model(status: ModelStatus) -> ServedModel<AccountId32> {
	ServedModel {
		owner: account(80),
		status,
		// One unit for a token of prompt, ten for one of output.
		price: Price { prompt: 1_000, output: 10_000 },
		method: Method { pay_by: PayBy::Records, credits: 4, dimension: 16 },
		arithmetic: Arithmetic::Canonical(LATEST_ARITHMETIC),
		snapshots: vec![(0, Snapshot { root: Hash::repeat_byte(1), count: 1, frozen_at: 1 })],
		index: Some(IndexCommitment {
			records_root: Hash::repeat_byte(2),
			records: 1,
			contributors_root: Hash::zero(),
			contributors: 0,
			floor_ppm: 0,
			file: Hash::repeat_byte(3),
		}),
		base_owner: account(81),
		royalty: Permill::from_percent(10),
		base: Hash::repeat_byte(4),
		adapter: Hash::repeat_byte(5),
		retrieval: None,
		projection: Hash::repeat_byte(6),
	}
}

/// A published version that engines compute no more.
pub fn outdated() -> ServedModel<AccountId32> {
	let arithmetic = Arithmetic::Canonical(LATEST_ARITHMETIC - 1);
	ServedModel { arithmetic, ..model(ModelStatus::Published) }
}

pub fn account(n: u8) -> AccountId32 {
	AccountId32::new([n; 32])
}

pub fn signed(n: u8) -> RuntimeOrigin {
	RuntimeOrigin::signed(account(n))
}

pub fn endpoint() -> Endpoint {
	Endpoint::truncate_from(b"http://127.0.0.1:9955".to_vec())
}

pub fn claim() -> Claim<AccountId32> {
	Claim {
		sketch: Sketch::truncate_from(vec![1; 16]),
		gain: 100,
		trace: Hash::zero(),
		contributors: Default::default(),
		contributors_proof: Default::default(),
		records: Default::default(),
		records_proof: Default::default(),
		found: None,
	}
}

/// Registers `n` with the agent `n + 20`, serving model 1.
pub fn operate(n: u8, capacity: u32) {
	Inference::register_operator(signed(n), account(n + 20), BOND, endpoint(), capacity).unwrap();
	Inference::serve(signed(n), vec![1].try_into().unwrap()).unwrap();
}

/// A request of model 1 by `payer`, of at most 100 tokens and 2,000 units, for 10 blocks.
pub fn ask(payer: u8) -> Result<RequestId, DispatchError> {
	let id = crate::NextRequest::<Test>::get();
	let prompt = Prompt::truncate_from(b"Why is the sky blue?".to_vec());
	Inference::request(signed(payer), 1, None, prompt, 100, 2_000, 0, [7; 32], 10)?;
	Ok(id)
}

/// An answer by the agent of the operator `n`: 20 tokens of prompt and 30 of output, 320 units.
pub fn reply(n: u8, request: RequestId) -> frame_support::dispatch::DispatchResultWithPostInfo {
	let usage = Usage { prompt: 20, output: 30 };
	let answer = b"It scatters.".to_vec().try_into().unwrap();
	Inference::answer(signed(n + 20), request, answer, usage, Box::new(claim()))
}

pub fn held(reason: pallet_inference::HoldReason, n: u8) -> u128 {
	use frame_support::traits::fungible::InspectHold;
	Balances::balance_on_hold(&reason.into(), &account(n))
}

/// Free and held.
pub fn total(n: u8) -> u128 {
	Balances::total_balance(&account(n))
}

/// Goes to block `block`, with all the weight in the world for idle work at its end.
pub fn go_to(block: u64) {
	while System::block_number() < block {
		System::set_block_number(System::block_number() + 1);
		Inference::on_idle(System::block_number(), Weight::MAX);
	}
}

/// Accounts 1 to 12, the agents 21 to 32 and the treasury are rich.
pub fn unchecked() -> sp_io::TestExternalities {
	let mut storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
	let rich = (1..=12).chain(21..=32).chain([90]);
	pallet_balances::GenesisConfig::<Test> {
		balances: rich.map(|n| (account(n), RICH)).collect(),
		..Default::default()
	}
	.assimilate_storage(&mut storage)
	.unwrap();
	pallet_rewards::GenesisConfig::<Test>::default().assimilate_storage(&mut storage).unwrap();
	let mut ext = sp_io::TestExternalities::new(storage);
	ext.execute_with(|| System::set_block_number(1));
	ext
}

/// What always holds: the pallets' own invariants, and that no unit came or went.
pub fn check() {
	Inference::do_try_state().unwrap();
	Rewards::do_try_state().unwrap();
	let accrued = pallet_rewards::TotalAccrued::<Test>::get();
	assert_eq!(Balances::free_balance(Rewards::account()), ED + accrued);
	assert_eq!(Balances::total_issuance(), 25 * RICH + 2 * ED);
}

pub fn chain(test: impl FnOnce()) {
	unchecked().execute_with(|| {
		test();
		check();
	});
}

/// A transaction, as the pool has it.
pub fn decoded(extrinsic: &[u8]) -> Extrinsic {
	Extrinsic::decode(&mut &extrinsic[..]).unwrap()
}
