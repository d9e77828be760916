//! A runtime of lots alone, with outputs that a test can replace.

use crate::{self as pallet_lots, Seeds};
use frame_support::{derive_impl, parameter_types, traits::Randomness};
use openledger_primitives_core::Hash;
use sp_runtime::{BuildStorage, traits::Hash as _};
use std::collections::BTreeMap;

/// Blocks in a round, unless a test says otherwise.
pub const USUAL_LENGTH: u64 = 4;
/// How many seeds are kept, unless a test says otherwise.
pub const USUAL_KEPT: u32 = 3;

frame_support::construct_runtime!(
	pub enum Test {
		System: frame_system,
		Lots: pallet_lots,
	}
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = frame_system::mocking::MockBlock<Test>;
}

parameter_types! {
	pub static Length: u64 = USUAL_LENGTH;
	pub static Kept: u32 = USUAL_KEPT;
	/// The outputs of blocks that have another than [`usual`].
	pub static Unusual: BTreeMap<u64, Option<Hash>> = BTreeMap::new();
}

/// What a block's author puts out unless a test says otherwise; none for the first, which has no
/// author.
pub fn usual(block: u64) -> Option<Hash> {
	(block > 0).then(|| Hash::from_low_u64_be(1_000 + block))
}

/// The outputs of parents, by the number of the block that asks.
pub struct Outputs;

impl Randomness<Option<Hash>, u64> for Outputs {
	fn random(subject: &[u8]) -> (Option<Hash>, u64) {
		let parent = System::block_number() - 1;
		let output = Unusual::get().get(&parent).copied().unwrap_or_else(|| usual(parent));
		let hashed = output.map(|output| {
			sp_runtime::traits::BlakeTwo256::hash(&[subject, output.as_bytes()].concat())
		});
		(hashed, parent)
	}
}

impl pallet_lots::Config for Test {
	type Source = Outputs;
	type RoundLength = Length;
	type Kept = Kept;
	type WeightInfo = pallet_lots::weights::SubstrateWeight<Test>;
}

/// The chain before its first block.
pub fn unchecked() -> sp_io::TestExternalities {
	frame_system::GenesisConfig::<Test>::default().build_storage().unwrap().into()
}

/// Runs `test` on that chain with the usual lengths and outputs, and checks what always holds
/// afterwards.
pub fn chain(test: impl FnOnce()) {
	Length::set(USUAL_LENGTH);
	Kept::set(USUAL_KEPT);
	Unusual::set(BTreeMap::new());
	unchecked().execute_with(|| {
		test();
		Lots::do_try_state().unwrap();
	});
}

/// Goes on to a block, running the hook of every block on the way.
pub fn go_to(block: u64) {
	use frame_support::traits::Hooks;
	while System::block_number() < block {
		let now = System::block_number() + 1;
		System::set_block_number(now);
		Lots::on_initialize(now);
	}
}

/// The rounds whose seeds are kept.
pub fn kept() -> Vec<u32> {
	let mut rounds: Vec<u32> = Seeds::<Test>::iter_keys().collect();
	rounds.sort_unstable();
	rounds
}
