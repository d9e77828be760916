//! A runtime of balances and this pallet, with records and a committee that tests steer and look at.

use crate as pallet_duplicates;
use crate::{HoldReason, *};
use frame_support::{
	derive_impl, parameter_types,
	traits::{ConstU64, ConstU128, fungible::InspectHold},
};
use openledger_primitives_core::{
	Balance, ChallengeId, Hash,
	record::{Pair, RecordLeaf, RecordRef},
	traits,
};
use sp_runtime::{BuildStorage, DispatchError, DispatchResult, Weight};
use std::collections::BTreeMap;

frame_support::construct_runtime!(
	pub enum Test {
		System: frame_system,
		Balances: pallet_balances,
		Duplicates: pallet_duplicates,
	}
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = frame_system::mocking::MockBlock<Test>;
	type AccountData = pallet_balances::AccountData<Balance>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type Balance = Balance;
	type ExistentialDeposit = ConstU128<10>;
	type AccountStore = System;
}

pub const DEPOSIT: Balance = 101;
pub const SEAT: Balance = 20;
/// What a record loses that is excluded.
pub const PART: Balance = 61;

pub const ALICE: u64 = 1;
pub const BOB: u64 = 2;
pub const CAROL: u64 = 3;
pub const TREASURY: u64 = 90;
pub const SALT: [u8; 32] = [1; 32];

parameter_types! {
	pub static Enabled: bool = true;
	/// Whether there are verifiers.
	pub static Verifiers: bool = true;
	/// How often records are challenged, and which are excluded, and who had something for it.
	pub static Disputed: BTreeMap<RecordRef, u32> = BTreeMap::new();
	pub static Excluded: BTreeMap<RecordRef, Option<u64>> = BTreeMap::new();
	/// What was to be compared.
	pub static Asked: Vec<traits::Comparison<u64>> = Vec::new();
}

impl Config for Test {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Records = Listed;
	type Comparisons = Listed;
	type Enabled = Enabled;
	type Deposit = ConstU128<DEPOSIT>;
	type SeatReward = ConstU128<SEAT>;
	type TreasuryAccount = ConstU64<TREASURY>;
	type WeightInfo = weights::SubstrateWeight<Test>;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = Listed;
}

/// Records, and who compares them.
pub struct Listed;

/// A record that `contributor` committed at a block, by which it is found: in the Datanet of its number.
pub const fn record(contributor: u64, committed_at: u32) -> RecordRef {
	RecordRef { datanet: contributor as u32, index: committed_at }
}

impl traits::Records<u64> for Listed {
	fn record(record: RecordRef) -> Option<RecordLeaf<u64>> {
		(record.index < 100).then(|| RecordLeaf {
			datanet: record.datanet,
			index: record.index,
			contributor: record.datanet.into(),
			content: Hash::from_low_u64_be(record.index.into()),
			size: 3,
			committed_at: record.index,
		})
	}

	fn is_excluded(record: RecordRef) -> bool {
		Excluded::get().contains_key(&record)
	}

	fn dispute(record: RecordRef) -> DispatchResult {
		if Excluded::get().contains_key(&record) {
			return Err(DispatchError::Other("excluded"));
		}
		Disputed::mutate(|all| *all.entry(record).or_default() += 1);
		Ok(())
	}

	fn settle(record: RecordRef) {
		Disputed::mutate(|all| {
			let left = all.remove(&record).unwrap() - 1;
			all.extend((left > 0).then_some((record, left)));
		});
	}

	fn exclude(record: RecordRef, rewarded: Option<&u64>) -> Result<Balance, DispatchError> {
		Self::settle(record);
		if Self::is_excluded(record) {
			return Ok(0);
		}
		Excluded::mutate(|all| all.insert(record, rewarded.copied()));
		Ok(if rewarded.is_some() { PART - PART / 2 } else { PART })
	}
}

impl traits::Comparisons<u64> for Listed {
	fn is_possible() -> bool {
		Verifiers::get()
	}

	fn ask(comparison: traits::Comparison<u64>) -> DispatchResult {
		Asked::mutate(|all| all.push(comparison));
		Ok(())
	}

	fn weight() -> Weight {
		Weight::from_parts(1, 1)
	}
}

#[cfg(feature = "runtime-benchmarks")]
impl pallet_duplicates::benchmarking::Helper<u64> for Listed {
	fn records() -> Pair {
		Pair { later: record(ALICE, 1), earlier: record(BOB, 0) }
	}

	fn fund(who: &u64, balance: Balance) {
		use frame_support::traits::fungible::Mutate;
		Balances::set_balance(who, balance);
	}
}

pub fn externalities() -> sp_io::TestExternalities {
	let mut storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
	pallet_balances::GenesisConfig::<Test> {
		balances: (1..=8).map(|who| (who, 1_000)).chain([(TREASURY, 1_000)]).collect(),
		..Default::default()
	}
	.assimilate_storage(&mut storage)
	.unwrap();
	let mut externalities = sp_io::TestExternalities::from(storage);
	externalities.execute_with(|| System::set_block_number(50));
	Enabled::set(true);
	Verifiers::set(true);
	Disputed::set(BTreeMap::new());
	Excluded::set(BTreeMap::new());
	Asked::set(Vec::new());
	externalities
}

/// Runs `test`, then checks what always holds and that nothing was made or lost.
pub fn run(test: impl FnOnce()) {
	externalities().execute_with(|| {
		test();
		check();
	});
}

pub fn check() {
	Duplicates::do_try_state().unwrap();
	assert_eq!(Balances::total_issuance(), 9_000);
	let mut challenged = BTreeMap::new();
	for one in Challenges::<Test>::iter_values() {
		*challenged.entry(one.pair().later).or_default() += 1;
	}
	assert_eq!(challenged, Disputed::get(), "what is challenged is noted, and nothing else");
}

pub fn signed(who: u64) -> RuntimeOrigin {
	RuntimeOrigin::signed(who)
}

pub fn held(who: u64) -> Balance {
	Balances::balance_on_hold(&HoldReason::Challenge.into(), &who)
}

pub fn free(who: u64) -> Balance {
	Balances::free_balance(who)
}

/// Alice's record, committed at block 20, and Bob's of block 10.
pub fn pair() -> Pair {
	Pair { later: record(ALICE, 20), earlier: record(BOB, 10) }
}

pub fn commit(who: u64, pair: Pair) -> DispatchResult {
	Duplicates::commit(signed(who), pair.commitment(&who, &SALT))
}

pub fn open(who: u64, pair: Pair) -> DispatchResult {
	frame_support::storage::with_storage_layer(|| Duplicates::open(signed(who), pair, SALT))
}

pub fn advance() {
	System::set_block_number(System::block_number() + 1);
}

/// Commits and opens; returns the challenge's number.
pub fn challenged(who: u64, pair: Pair) -> ChallengeId {
	commit(who, pair).unwrap();
	advance();
	let number = NextChallenge::<Test>::get();
	open(who, pair).unwrap();
	number
}
