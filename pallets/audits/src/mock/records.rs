//! Real records and real challenges of them, whose contents a committee compares.

use super::*;
use frame_support::traits::ConstU64;
use openledger_primitives_attribution::{
	audit::Finding,
	duplicate::{Overlap, Shared},
};
use openledger_primitives_core::{
	record::{Pair, RecordEntry, RecordRef, contribution_commitment},
	subject::pair_id,
};

/// The audit of the first two records that are challenged; who contributed the later and the earlier of
/// them, and who challenges.
pub const PAIR: RequestId = pair_id(0);
pub const COPYIST: u8 = 3;
pub const AUTHOR: u8 = 4;
pub const CHALLENGER: u8 = 6;

parameter_types! {
	pub const ContributionReason: RuntimeHoldReason =
		RuntimeHoldReason::Datanets(pallet_datanets::HoldReason::Contribution);
	/// Whether records can be challenged.
	pub static Challengeable: bool = true;
	/// What excluded records have lost to nobody.
	pub static Burned: Balance = 0;
}

/// Dear, so that what a record loses is more than its rounding.
type RecordPrice = LinearStoragePrice<ConstU128<1_000>, ConstU128<10>, u128>;

impl pallet_datanets::Config for Test {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type DatanetConsideration = ();
	type CommitmentConsideration = ();
	type ContributionConsideration =
		HoldConsideration<AccountId32, Balances, ContributionReason, RecordPrice>;
	type SnapshotConsideration = ();
	type Accounts = ();
	type DisputeOrigin = EnsureRoot<AccountId32>;
	type RevealPeriod = ConstU64<2>;
	type UnusedPeriod = ConstU32<100>;
	type MaxCurators = ConstU32<2>;
	type MaxRecords = ConstU32<4>;
	type MaxRecordSize = ConstU32<100>;
	type WeightInfo = pallet_datanets::weights::SubstrateWeight<Test>;
}

/// What a challenge to a record puts at stake.
pub const CHALLENGE: Balance = 400;

impl pallet_duplicates::Config for Test {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Records = Datanets;
	type Comparisons = Verification;
	type Enabled = Challengeable;
	type Deposit = ConstU128<CHALLENGE>;
	type SeatReward = ConstU128<SEAT>;
	type TreasuryAccount = Treasury;
	type WeightInfo = pallet_duplicates::weights::SubstrateWeight<Test>;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = Draws;
}

#[cfg(feature = "runtime-benchmarks")]
impl pallet_duplicates::benchmarking::Helper<AccountId32> for Draws {
	fn records() -> Pair {
		contributed()
	}

	fn fund(who: &AccountId32, balance: Balance) {
		use frame_support::traits::fungible::Mutate;
		Balances::set_balance(who, balance);
	}
}

fn contribute(who: u8, datanet: u32, content: u8) {
	let records = vec![RecordEntry { content: Hash::repeat_byte(content), size: 3 }];
	let commitment = contribution_commitment(&records, &account(who), &[0; 32]);
	Datanets::commit(signed(who), datanet, commitment).unwrap();
	System::set_block_number(System::block_number() + 1);
	Datanets::reveal(signed(who), datanet, records.try_into().unwrap(), [0; 32]).unwrap();
	System::set_block_number(System::block_number() + 1);
	let number = pallet_datanets::Progresses::<Test>::get(datanet).unwrap().contributions - 1;
	Datanets::accept(signed(OWNER), datanet, number).unwrap();
}

/// The author's record, and in another Datanet the copyist's, two blocks later.
pub fn contributed() -> Pair {
	let text = |text: &str| text.as_bytes().to_vec();
	for (datanet, who, content) in [(0, AUTHOR, 0xa0), (1, COPYIST, 0xc0)] {
		Datanets::create(
			signed(OWNER),
			text("Weaknesses").try_into().unwrap(),
			Default::default(),
			pallet_datanets::Kind::Text,
			Default::default(),
			pallet_datanets::Policy::Owner,
			Default::default(),
		)
		.unwrap();
		contribute(who, datanet, content);
	}
	let at = |datanet| RecordRef { datanet, index: 0 };
	Pair { later: at(1), earlier: at(0) }
}

/// Commits to challenging a record and opens that in the next block.
pub fn challenge(who: u8, pair: Pair) -> DispatchResult {
	Duplicates::commit(signed(who), pair.commitment(&account(who), &[who; 32]))?;
	System::set_block_number(System::block_number() + 1);
	Duplicates::open(signed(who), pair, [who; 32])
}

/// Challenges the copyist's record and has the committee drawn; returns it.
pub fn compared() -> Vec<u8> {
	let pair = contributed();
	challenge(CHALLENGER, pair).unwrap();
	lots(1);
	Verification::advance(signed(9), PAIR).unwrap();
	sitting_in(PAIR)
}

/// What verifiers find who all compute that of a hundred shingles of each record so many are common.
pub fn common(common: u32) -> Finding {
	common_in(PAIR, common)
}

/// The same, of another challenge's records.
pub fn common_in(id: RequestId, common: u32) -> Finding {
	let shared = Shared { one: 100, other: 100, common };
	let overlap = Overlap { whole: shared, learnt: shared };
	let note = crate::Notes::<Test>::get(id).unwrap();
	let traces = audit::traces(&(note.subject, overlap));
	let seals = audit::seals(&note.subject, &traces);
	Finding::Compared { overlap, trace: traces[level_of(id) as usize], seals }
}
