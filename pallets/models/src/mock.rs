//! A runtime of this pallet and balances, with snapshots and seeds from memory.

use crate as pallet_models;
use crate::{HoldReason, *};
use frame_support::{
	derive_impl, parameter_types,
	traits::{
		ConstU128, Footprint, LinearStoragePrice,
		fungible::{HoldConsideration, InspectHold},
	},
};
use openledger_primitives_core::{
	Balance, BlockNumber, DatanetId, Hash, ModelId,
	model::{
		Arithmetic, IndexCommitment, LATEST_ARITHMETIC, Method, ModelSpec, PayBy, Price, Unaudited,
	},
	record::{Snapshot, SnapshotRef},
	traits::{CommittedVersion, Contests, Examinations, Seeds, Snapshots},
};
use sp_runtime::{
	BoundedVec, BuildStorage, DispatchError, DispatchResult, Permill, traits::Convert,
};
use std::collections::BTreeMap;

type Block = frame_system::mocking::MockBlock<Test>;

frame_support::construct_runtime!(
	pub enum Test {
		System: frame_system,
		Balances: pallet_balances,
		Models: pallet_models,
	}
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = Block;
	type AccountData = pallet_balances::AccountData<Balance>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type Balance = Balance;
	type ExistentialDeposit = ConstU128<10>;
	type AccountStore = System;
}

pub type StoragePrice = LinearStoragePrice<ConstU128<1_000>, ConstU128<1>, Balance>;
type Held<Reason> = HoldConsideration<u64, Balances, Reason, StoragePrice>;

parameter_types! {
	pub const BaseReason: RuntimeHoldReason = RuntimeHoldReason::Models(HoldReason::Base);
	pub const ModelReason: RuntimeHoldReason = RuntimeHoldReason::Models(HoldReason::Model);
	pub const MaxRoyalty: Permill = Permill::from_percent(50);
	pub const TreasuryAccount: u64 = TREASURY;
	pub static IndexBond: Balance = BOND;
	/// Why no version is audited.
	pub static Hindrance: Option<Unaudited> = Some(Unaudited::TooFewVerifiers);
	/// What an audit costs, or why its fee can't be held.
	pub static AuditFee: Result<Balance, DispatchError> = Ok(1);
	/// What was asked for, with how many times the fee.
	pub static Asked: Vec<(CommittedVersion<u64>, u32)> = Vec::new();
	/// Versions whose audits were forgotten.
	pub static Forgotten: Vec<ModelId> = Vec::new();
	/// Versions whose indexes are demanded or challenged.
	pub static Contested: Vec<ModelId> = Vec::new();
	/// Users of each snapshot that exists; all have ten records.
	pub storage Users: BTreeMap<SnapshotRef, u32> = BTreeMap::new();
}

/// Snapshots kept in [`Users`].
pub struct Frozen;

impl Snapshots<u64> for Frozen {
	fn snapshot(reference: SnapshotRef) -> Option<Snapshot> {
		Users::get().contains_key(&reference).then(|| Snapshot {
			root: Hash::repeat_byte(reference.datanet as u8),
			// The last one is too large for any other to stand beside it.
			count: if reference.datanet == HUGE { u32::MAX } else { RECORDS },
			frozen_at: 1,
		})
	}

	fn acquire(reference: SnapshotRef) -> DispatchResult {
		let mut users = Users::get();
		*users.get_mut(&reference).ok_or(DispatchError::CannotLookup)? += 1;
		Users::set(&users);
		Ok(())
	}

	fn release(reference: SnapshotRef) {
		let mut users = Users::get();
		*users.get_mut(&reference).unwrap() -= 1;
		Users::set(&users);
	}

	fn owner(_: DatanetId) -> Option<u64> {
		Some(OWNER)
	}
}

/// The hash of the subject, fixed at block one.
pub struct Hashed;

impl Seeds for Hashed {
	fn seed(subject: &[u8]) -> (Hash, BlockNumber) {
		(sp_io::hashing::blake2_256(subject).into(), 1)
	}
}

/// Audits as [`Hindrance`] says, kept in [`Asked`].
pub struct Committees;

impl Examinations<u64> for Committees {
	fn hindrance() -> Option<Unaudited> {
		Hindrance::get()
	}

	fn ask(version: CommittedVersion<u64>, times: u32) -> Result<Balance, DispatchError> {
		let fee = AuditFee::get()?;
		Asked::mutate(|all| all.push((version, times)));
		Ok(fee)
	}

	fn weight() -> frame_support::weights::Weight {
		frame_support::weights::Weight::zero()
	}

	fn is_open(model: ModelId) -> bool {
		Asked::get().iter().any(|(version, _)| version.model == model)
	}

	fn forget(model: ModelId) {
		Forgotten::mutate(|all| all.push(model));
	}

	fn footprint() -> u32 {
		100
	}
}

/// Contests as [`Contested`] says.
pub struct Watchers;

impl Contests for Watchers {
	fn is_contested(model: ModelId) -> bool {
		Contested::get().contains(&model)
	}
}

impl Config for Test {
	type Examinations = Committees;
	type Contests = Watchers;
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Bond = IndexBond;
	type BaseConsideration = Held<BaseReason>;
	type ModelConsideration = Held<ModelReason>;
	type Snapshots = Frozen;
	type Seeds = Hashed;
	type DeploymentFee = ConstU128<FEE>;
	type TreasuryAccount = TreasuryAccount;
	type MaxRoyalty = MaxRoyalty;
	type WeightInfo = weights::SubstrateWeight<Test>;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = Frozen;
}

#[cfg(feature = "runtime-benchmarks")]
impl BenchmarkHelper for Frozen {
	fn snapshot() -> SnapshotRef {
		let mut users = Users::get();
		let reference = SnapshotRef { datanet: 100 + users.len() as u32, snapshot: 0 };
		users.insert(reference, 0);
		Users::set(&users);
		reference
	}

	fn verifiers() {}
}

pub const OWNER: u64 = 1;
pub const ALICE: u64 = 2;
pub const BOB: u64 = 3;
/// Has next to nothing.
pub const POOR: u64 = 5;
pub const TREASURY: u64 = 8;
pub const FEE: Balance = 500;
pub const BOND: Balance = 7_001;
/// Records of every snapshot.
pub const RECORDS: u32 = 10;
/// A Datanet with as many records as fit.
pub const HUGE: DatanetId = 9;
/// The hash of the list of checkpoints.
pub const TRAINING: Hash = Hash::repeat_byte(0x77);
pub const PRICE: Price = Price { prompt: 100, output: 400 };

pub fn externalities() -> sp_io::TestExternalities {
	let mut storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
	pallet_balances::GenesisConfig::<Test> {
		balances: vec![
			(OWNER, 1_000_000),
			(ALICE, 1_000_000),
			(BOB, 1_000_000),
			(POOR, 600),
			(TREASURY, 10),
		],
		..Default::default()
	}
	.assimilate_storage(&mut storage)
	.unwrap();
	let mut externalities = sp_io::TestExternalities::from(storage);
	externalities.execute_with(|| {
		System::set_block_number(1);
		Hindrance::set(Some(Unaudited::TooFewVerifiers));
		AuditFee::set(Ok(1));
		Asked::set(Vec::new());
		Forgotten::set(Vec::new());
		Contested::set(Vec::new());
		let refs = [snapshot(0), snapshot(1), snapshot(2), snapshot(HUGE)];
		let earlier = SnapshotRef { datanet: 0, snapshot: 1 };
		Users::set(&refs.into_iter().chain([earlier]).map(|one| (one, 0)).collect());
	});
	externalities
}

/// Runs `test`, then checks the pallet's invariants, deposits and snapshot users.
pub fn run(test: impl FnOnce()) {
	externalities().execute_with(|| {
		test();
		check();
	});
}

/// The pallet's invariants; for each account and reason, held equals what the stored entries cost;
/// each snapshot has as many users as versions name it.
pub fn check() {
	Pallet::<Test>::do_try_state().unwrap();
	let mut due: BTreeMap<(u64, u8), Balance> = BTreeMap::new();
	let mut users: BTreeMap<SnapshotRef, u32> =
		Users::get().into_keys().map(|reference| (reference, 0)).collect();
	let mut owe = |who, reason, amount: Balance| {
		*due.entry((who, reason as u8)).or_default() += amount;
	};
	let price = |footprint: Footprint| StoragePrice::convert(footprint);
	for base in Bases::<Test>::iter_values() {
		owe(base.owner, HoldReason::Base, price(Base::<Test>::footprint()));
	}
	for (id, model) in crate::Models::<Test>::iter() {
		let bond = Bonds::<Test>::get(id).unwrap_or_default();
		owe(model.owner, HoldReason::Bond, bond);
		let footprint = Model::<Test>::footprint(model.spec.snapshots.len());
		owe(model.owner, HoldReason::Model, price(footprint));
		for reference in model.spec.snapshots {
			*users.get_mut(&reference).unwrap() += 1;
		}
	}
	for who in [OWNER, ALICE, BOB, POOR, TREASURY] {
		for reason in [HoldReason::Base, HoldReason::Model, HoldReason::Bond] {
			assert_eq!(
				Balances::balance_on_hold(&RuntimeHoldReason::Models(reason), &who),
				due.get(&(who, reason as u8)).copied().unwrap_or_default(),
				"{who} {reason:?}"
			);
		}
	}
	assert_eq!(Users::get(), users);
}

pub fn held(who: u64) -> Balance {
	Balances::total_balance_on_hold(&who)
}

pub fn signed(who: u64) -> RuntimeOrigin {
	RuntimeOrigin::signed(who)
}

pub fn text<S: sp_core::Get<u32>>(text: &str) -> BoundedVec<u8, S> {
	text.as_bytes().to_vec().try_into().unwrap()
}

pub fn snapshot(datanet: DatanetId) -> SnapshotRef {
	SnapshotRef { datanet, snapshot: 0 }
}

pub fn add_base(who: u64) -> DispatchResult {
	Pallet::<Test>::register_base(
		signed(who),
		text("SmolLM2-135M"),
		text("llama"),
		Hash::repeat_byte(1),
		Hash::repeat_byte(2),
		Permill::from_percent(10),
	)
}

/// A version on base 0 and the snapshot of Datanet 0.
pub fn spec() -> ModelSpec {
	ModelSpec {
		base: 0,
		parent: None,
		adapter: Hash::repeat_byte(3),
		rank: 8,
		manifest: Hash::repeat_byte(4),
		snapshots: vec![snapshot(0)].try_into().unwrap(),
		method: Method { pay_by: PayBy::Contributors, credits: 8, dimension: 512 },
		arithmetic: Arithmetic::Canonical(LATEST_ARITHMETIC),
	}
}

pub fn register(who: u64, spec: ModelSpec) -> DispatchResult {
	Pallet::<Test>::register(signed(who), text("cwe"), spec, PRICE)
}

pub fn index() -> IndexCommitment {
	IndexCommitment {
		records_root: Hash::repeat_byte(5),
		records: RECORDS,
		contributors_root: Hash::repeat_byte(6),
		contributors: 3,
		floor_ppm: 50_000,
		file: Hash::repeat_byte(7),
	}
}

/// A published version of `OWNER` on a new base; returns its number.
pub fn published() -> ModelId {
	let id = indexed();
	Pallet::<Test>::publish(signed(OWNER), id).unwrap();
	id
}

/// An indexed version of `OWNER` on a new base; returns its number.
pub fn indexed() -> ModelId {
	let id = draft();
	Pallet::<Test>::commit_index(signed(OWNER), id, index()).unwrap();
	id
}

/// As [`indexed`], where versions are audited.
pub fn audited_later() -> ModelId {
	Hindrance::set(None);
	let id = draft();
	Pallet::<Test>::commit_training(signed(OWNER), id, TRAINING).unwrap();
	Pallet::<Test>::commit_index(signed(OWNER), id, index()).unwrap();
	id
}

/// A draft of `OWNER` on a new base; returns its number.
pub fn draft() -> ModelId {
	let base = NextBase::<Test>::get();
	add_base(OWNER).unwrap();
	let id = NextModel::<Test>::get();
	register(OWNER, ModelSpec { base, ..spec() }).unwrap();
	id
}

/// The event that the last call ended with.
pub fn last_event() -> RuntimeEvent {
	System::events().pop().unwrap().event
}
