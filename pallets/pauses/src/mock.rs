//! A runtime of balances, scheduler and pauses.

use crate as pallet_pauses;
use frame_support::{
	derive_impl, parameter_types,
	traits::{
		ConstU32, ConstU64, Contains, EitherOf, EqualPrivilegeOnly, MapSuccess, OnInitialize,
	},
	weights::Weight,
};
use frame_system::{EnsureRoot, EnsureRootWithSuccess, EnsureSignedBy};
use pallet_tx_pause::RuntimeCallNameOf;
use sp_runtime::{BuildStorage, traits::Replace};

/// Who may pause for a while, but not prolong.
pub const COMMITTEE: u64 = 7;
/// The most blocks that the committee, and anyone, may pause for.
pub const COMMITTEES: u64 = 10;
pub const LONGEST: u64 = 100;

frame_support::construct_runtime!(
	pub enum Test {
		System: frame_system,
		Balances: pallet_balances,
		Preimage: pallet_preimage,
		Scheduler: pallet_scheduler,
		TxPause: pallet_tx_pause,
		Pauses: pallet_pauses,
	}
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type BaseCallFilter = TxPause;
	type Block = frame_system::mocking::MockBlock<Test>;
	type AccountData = pallet_balances::AccountData<u64>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type AccountStore = System;
}

impl pallet_preimage::Config for Test {
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = ();
	type Currency = Balances;
	type ManagerOrigin = EnsureRoot<u64>;
	type Consideration = ();
}

parameter_types! {
	pub const AgendaWeight: Weight = Weight::from_parts(1_000_000_000_000, u64::MAX);
}

impl pallet_scheduler::Config for Test {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeOrigin = RuntimeOrigin;
	type PalletsOrigin = OriginCaller;
	type RuntimeCall = RuntimeCall;
	type MaximumWeight = AgendaWeight;
	type ScheduleOrigin = EnsureRoot<u64>;
	type OriginPrivilegeCmp = EqualPrivilegeOnly;
	type MaxScheduledPerBlock = ConstU32<8>;
	type WeightInfo = ();
	type Preimages = Preimage;
	type BlockNumberProvider = System;
}

/// The scheduler's calls, which no pause stops.
pub struct Unpausable;

impl Contains<RuntimeCallNameOf<Test>> for Unpausable {
	fn contains((pallet, _): &RuntimeCallNameOf<Test>) -> bool {
		pallet.as_slice() == b"Scheduler"
	}
}

impl pallet_tx_pause::Config for Test {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeCall = RuntimeCall;
	type PauseOrigin = frame_system::EnsureNever<()>;
	type UnpauseOrigin = EnsureRoot<u64>;
	type WhitelistedCalls = Unpausable;
	type MaxNameLen = ConstU32<64>;
	type WeightInfo = ();
}

frame_support::ord_parameter_types! {
	pub const Committee: u64 = COMMITTEE;
}

type EnsureCommittee = MapSuccess<EnsureSignedBy<Committee, u64>, Replace<ConstU64<COMMITTEES>>>;
type EnsureVote = EnsureRootWithSuccess<u64, ConstU64<LONGEST>>;

impl pallet_pauses::Config for Test {
	type PauseOrigin = EitherOf<EnsureVote, EnsureCommittee>;
	type ProlongOrigin = EnsureVote;
	type ResumeOrigin = EitherOf<EnsureVote, EnsureCommittee>;
	type LongestPause = ConstU64<LONGEST>;
	type PalletsOrigin = OriginCaller;
	type Scheduler = Scheduler;
	type Preimages = Preimage;
	type WeightInfo = pallet_pauses::weights::SubstrateWeight<Test>;
}

/// The chain at block 1, before anyone paused anything.
pub fn unchecked() -> sp_io::TestExternalities {
	let storage = RuntimeGenesisConfig::default().build_storage().unwrap();
	let mut ext = sp_io::TestExternalities::new(storage);
	ext.execute_with(|| System::set_block_number(1));
	ext
}

/// Runs `test` on that chain, and checks what always holds afterwards.
pub fn chain(test: impl FnOnce()) {
	unchecked().execute_with(|| {
		test();
		Pauses::do_try_state().unwrap();
	});
}

/// Goes on to a block, and has the scheduler do what is due on the way.
pub fn go_to(block: u64) {
	while System::block_number() < block {
		System::set_block_number(System::block_number() + 1);
		Scheduler::on_initialize(System::block_number());
	}
}
