//! A runtime of this pallet and balances alone.

use crate as pallet_datanets;
use crate::{HoldReason, types::Commitment, *};
use frame_support::{
	derive_impl, parameter_types,
	traits::{
		ConstU32, ConstU64, ConstU128, Footprint, LinearStoragePrice,
		fungible::{HoldConsideration, InspectHold},
	},
};
use openledger_primitives_core::{
	Balance, DatanetId, Hash,
	record::{RecordEntry, contribution_commitment},
	traits::RewardAccounts,
};
use sp_runtime::{BoundedVec, BuildStorage, DispatchError, DispatchResult, traits::Convert};
use std::collections::BTreeMap;

type Block = frame_system::mocking::MockBlock<Test>;

frame_support::construct_runtime!(
	pub enum Test {
		System: frame_system,
		Balances: pallet_balances,
		Datanets: pallet_datanets,
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

pub type Price = LinearStoragePrice<ConstU128<1_000>, ConstU128<1>, Balance>;
type Held<Reason> = HoldConsideration<u64, Balances, Reason, Price>;

parameter_types! {
	pub const DatanetReason: RuntimeHoldReason = RuntimeHoldReason::Datanets(HoldReason::Datanet);
	pub const CommitmentReason: RuntimeHoldReason =
		RuntimeHoldReason::Datanets(HoldReason::Commitment);
	pub const ContributionReason: RuntimeHoldReason =
		RuntimeHoldReason::Datanets(HoldReason::Contribution);
	pub const SnapshotReason: RuntimeHoldReason = RuntimeHoldReason::Datanets(HoldReason::Snapshot);
	/// Whose rewards accounts were opened, in the chain's state, so that a refused call opens none.
	pub storage Opened: Vec<u64> = Vec::new();
}

/// Rewards accounts that are opened once, of everybody but [`UNPAYABLE`].
pub struct Accounts;

impl RewardAccounts<u64> for Accounts {
	fn open(who: &u64) -> DispatchResult {
		if *who == UNPAYABLE {
			return Err(DispatchError::Other("no deposit for rewards"));
		}
		let mut opened = Opened::get();
		if !opened.contains(who) {
			opened.push(*who);
		}
		Opened::set(&opened);
		Ok(())
	}
}

pub const PERIOD: u64 = 10;
pub const UNUSED: u32 = 50;
pub const MAX_SIZE: u32 = 100;

impl Config for Test {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type DatanetConsideration = Held<DatanetReason>;
	type CommitmentConsideration = Held<CommitmentReason>;
	type ContributionConsideration = Held<ContributionReason>;
	type SnapshotConsideration = Held<SnapshotReason>;
	type Accounts = Accounts;
	type DisputeOrigin = frame_system::EnsureRoot<u64>;
	type RevealPeriod = ConstU64<PERIOD>;
	type UnusedPeriod = ConstU32<UNUSED>;
	type MaxCurators = ConstU32<4>;
	type MaxRecords = ConstU32<8>;
	type MaxRecordSize = ConstU32<MAX_SIZE>;
	type WeightInfo = weights::SubstrateWeight<Test>;
}

pub const OWNER: u64 = 1;
pub const ALICE: u64 = 2;
pub const BOB: u64 = 3;
pub const CURATOR: u64 = 4;
/// Has no rewards account and can't open one.
pub const UNPAYABLE: u64 = 8;
/// Has next to nothing.
pub const POOR: u64 = 9;
pub const SALT: [u8; 32] = [1; 32];

pub fn externalities() -> sp_io::TestExternalities {
	let mut storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
	pallet_balances::GenesisConfig::<Test> {
		balances: (1..=8).map(|who| (who, 1_000_000)).chain([(POOR, 50)]).collect(),
		..Default::default()
	}
	.assimilate_storage(&mut storage)
	.unwrap();
	let mut externalities = sp_io::TestExternalities::from(storage);
	externalities.execute_with(|| System::set_block_number(1));
	externalities
}

/// Runs `test`, then checks the pallet's invariants and that deposits are what is stored.
pub fn run(test: impl FnOnce()) {
	externalities().execute_with(|| {
		test();
		check();
	});
}

/// The pallet's invariants, and for each account and reason: held equals what the stored entries
/// cost.
pub fn check() {
	Pallet::<Test>::do_try_state().unwrap();
	let mut due: BTreeMap<(u64, u8), Balance> = BTreeMap::new();
	let mut owe = |who, reason, footprint: Footprint| {
		*due.entry((who, reason as u8)).or_default() += Price::convert(footprint);
	};
	for net in crate::Datanets::<Test>::iter_values() {
		let footprint = Datanet::<Test>::footprint(net.texts(), net.curators.len());
		owe(net.owner, HoldReason::Datanet, footprint);
	}
	for (_, who, _) in Commitments::<Test>::iter_keys() {
		owe(who, HoldReason::Commitment, Commitment::<Test>::footprint());
	}
	for (net, number, entry) in Contributions::<Test>::iter() {
		let excluded = Disputes::<Test>::get(net, number).excluded.len();
		let footprint = Contribution::<Test>::covered(entry.records.len(), excluded);
		owe(entry.contributor, HoldReason::Contribution, footprint);
	}
	for entry in Snapshots::<Test>::iter_values() {
		owe(entry.depositor, HoldReason::Snapshot, FrozenSnapshot::<Test>::footprint());
	}
	for who in 1..=POOR {
		for reason in [
			HoldReason::Datanet,
			HoldReason::Commitment,
			HoldReason::Contribution,
			HoldReason::Snapshot,
		] {
			assert_eq!(
				Balances::balance_on_hold(&RuntimeHoldReason::Datanets(reason), &who),
				due.get(&(who, reason as u8)).copied().unwrap_or_default(),
				"{who} {reason:?}"
			);
		}
	}
}

pub fn held(who: u64) -> Balance {
	Balances::total_balance_on_hold(&who)
}

pub fn signed(who: u64) -> RuntimeOrigin {
	RuntimeOrigin::signed(who)
}

pub fn advance(blocks: u64) {
	System::set_block_number(System::block_number() + blocks);
}

pub fn record(content: u8) -> RecordEntry {
	RecordEntry { content: Hash::repeat_byte(content), size: 3 }
}

pub fn batch(contents: &[u8]) -> BoundedVec<RecordEntry, ConstU32<8>> {
	contents.iter().copied().map(record).collect::<Vec<_>>().try_into().unwrap()
}

pub fn text<S: sp_core::Get<u32>>(text: &str) -> BoundedVec<u8, S> {
	text.as_bytes().to_vec().try_into().unwrap()
}

/// A Datanet of `OWNER`; the policy of curators comes with `CURATOR`.
pub fn create(policy: Policy) -> DatanetId {
	let id = NextDatanet::<Test>::get();
	let curators = if policy == Policy::Curators { vec![CURATOR] } else { vec![] };
	Pallet::<Test>::create(
		signed(OWNER),
		text("CWE"),
		text("Weaknesses of software"),
		Kind::Text,
		text("CC-BY-4.0"),
		policy,
		curators.try_into().unwrap(),
	)
	.unwrap();
	id
}

pub fn commitment(who: u64, contents: &[u8]) -> Hash {
	contribution_commitment(&batch(contents), &who, &SALT)
}

pub fn commit(who: u64, net: DatanetId, contents: &[u8]) -> DispatchResult {
	Pallet::<Test>::commit(signed(who), net, commitment(who, contents))
}

pub fn reveal(who: u64, net: DatanetId, contents: &[u8]) -> DispatchResult {
	Pallet::<Test>::reveal(signed(who), net, batch(contents), SALT)
}

/// Commits and reveals; ends with the reveal period over. Returns the contribution's number.
pub fn contribute(who: u64, net: DatanetId, contents: &[u8]) -> u32 {
	commit(who, net, contents).unwrap();
	advance(1);
	let number = Progresses::<Test>::get(net).unwrap().contributions;
	reveal(who, net, contents).unwrap();
	advance(PERIOD);
	number
}

/// A contribution that is in the tree.
pub fn accepted(who: u64, net: DatanetId, contents: &[u8]) -> u32 {
	let number = contribute(who, net, contents);
	Pallet::<Test>::accept(signed(OWNER), net, number).unwrap();
	number
}

/// The event that the last call ended with.
pub fn last_event() -> RuntimeEvent {
	System::events().pop().unwrap().event
}
